"""check.html in a real browser: one A4 page, whatever was found, and nothing asked of the network."""

import subprocess

import pytest

from layout_planner.io.checks.registry import all_checks
from layout_planner.reports.check_page import CheckLine, CheckPage, Finding, render_check
from tests.documents.test_report_in_browser import addresses, browse

pytestmark = pytest.mark.documents


def page(found):
    """Worst case for space: every finding takes its two lines, the name is long."""
    counts = {"error": found, "warning": 0, "notice": 0}
    return CheckPage(
        county="积石山保安族东乡族撒拉族自治县（模拟）",
        code="622927",
        base_year=2024,
        synthetic=True,
        tables={
            "schools": 1234,
            "villages": 12345,
            "townships": 99,
            "enrolment": 123_456,
            "births": 12_345,
            "zones": 9,
        },
        lines=tuple(CheckLine(c.round, c.zh, True, counts) for c in all_checks()),
        findings=tuple(
            Finding("error", f"enrolment.csv 第 {n} 行：" + "长" * 200, "办" * 60, n + 1) for n in range(found * 40)
        ),
    )


@pytest.mark.parametrize("found", [0, 1, 5])
def test_the_summary_prints_on_one_page(tmp_path, found):
    path = tmp_path / "check.html"
    path.write_text(render_check(page(found)), encoding="utf-8")
    browse(tmp_path, "--no-pdf-header-footer", f"--print-to-pdf={tmp_path / 'check.pdf'}", path.as_uri())
    told = subprocess.run(
        ["pdfinfo", tmp_path / "check.pdf"], capture_output=True, text=True, encoding="utf-8", check=True
    )
    assert "Pages:           1" in told.stdout
    assert "A4" in told.stdout
    words = subprocess.run(
        ["pdftotext", tmp_path / "check.pdf", "-"], capture_output=True, text=True, encoding="utf-8", check=True
    )
    assert "模拟数据" in words.stdout


def test_the_summary_asks_the_network_for_nothing(tmp_path):
    path = tmp_path / "check.html"
    path.write_text(render_check(page(1)), encoding="utf-8")
    assert addresses(tmp_path, path) == set()
