"""report.html in a real browser (Chromium): it asks the network for nothing and prints on A4 with its text.

Run by ``make test-documents``; needs Debian's chromium and poppler-utils.
"""

import json
import re
import shutil
import subprocess

import pytest

from layout_planner.pipeline import RunOptions, run_county
from tests.conftest import COUNTY

pytestmark = pytest.mark.documents
QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
QUIET += ["--disable-background-networking", "--disable-component-update"]
OWN = re.compile(
    r"https?://(?:(?:clients[0-9]*|accounts|android\.clients)\.google\.com"
    r"|(?:update|optimizationguide-pa|content-autofill|safebrowsing[a-z]*)\.googleapis\.com|[a-z.]+\.gvt1\.com)/"
)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    out = tmp_path_factory.mktemp("browser") / "out"
    run_county(COUNTY, out, options=RunOptions(draws=50), on_stage=lambda _title, _seconds: None)
    return out / "report.html"


def browse(tmp_path, *words):
    chromium = shutil.which("chromium")
    assert chromium, "chromium is not installed: apt-get install chromium"
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    subprocess.run([chromium, *QUIET, profile, *words], check=True, capture_output=True, timeout=120)


def addresses(tmp_path, page):
    """Addresses that a page asks for; the browser's own business (updates, time) left out."""
    log = tmp_path / "net.json"
    browse(tmp_path, f"--log-net-log={log}", f"--screenshot={tmp_path / 'page.png'}", page.as_uri())
    events = json.loads(log.read_text(encoding="utf-8"))["events"]
    asked = {e["params"].get("url", "") for e in events if isinstance(e.get("params"), dict)}
    return {url for url in map(str, asked) if url.startswith("http") and not OWN.match(url)}


def test_the_report_asks_the_network_for_nothing(report, tmp_path):
    assert addresses(tmp_path, report) == set()
    assert (tmp_path / "page.png").stat().st_size > 10_000


def test_a_page_that_asks_for_a_picture_would_be_caught(tmp_path):
    page = tmp_path / "page.html"
    page.write_text('<img src="http://127.0.0.1:9/a.png">', encoding="utf-8")
    assert addresses(tmp_path, page) == {"http://127.0.0.1:9/a.png"}


def test_the_report_prints_with_its_words_and_says_simulated_on_every_page(report, tmp_path):
    pdf = tmp_path / "report.pdf"
    browse(tmp_path, f"--print-to-pdf={pdf}", report.as_uri())
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], check=True, capture_output=True).stdout.decode("utf-8")
    pages = text.split("\f")[:-1]
    assert len(pages) >= 5
    assert [number for number, page in enumerate(pages, start=1) if "模拟数据" not in page] == []
    assert "乙镇示例教学点" in text
    assert "保留往往是合适的答案" in re.sub(r"\s", "", text)
