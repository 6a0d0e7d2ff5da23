"""Any locale, any terminal, any line end, a path with spaces and Chinese: the same result, one clear line."""

import os
import shutil
import subprocess
import sys

import pytest
from trust_tools import call

from layout_planner.cli.language import set_language
from layout_planner.io.county import read_county
from tests.conftest import COUNTY

PLACES = {
    "C": {"LC_ALL": "C"},
    "POSIX without UTF-8": {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "a terminal of letters": {"PYTHONIOENCODING": "ascii:strict"},
    "a western terminal": {"PYTHONIOENCODING": "cp1252:strict"},
    "GBK": {"PYTHONIOENCODING": "gbk:strict"},
}


@pytest.fixture(scope="session")
def chinese_locale(tmp_path_factory):
    """``zh_CN.GB18030`` as Debian makes it, in a folder of its own."""
    folder = tmp_path_factory.mktemp("locales")
    if shutil.which("localedef") is None:
        pytest.skip("no localedef here")
    made = folder / "zh_CN.GB18030"
    subprocess.run(["localedef", "-i", "zh_CN", "-f", "GB18030", str(made)], check=False, capture_output=True)
    if not made.exists():
        pytest.skip("this system has no sources of the Chinese locale")
    return {"LOCPATH": str(folder), "LC_ALL": "zh_CN.GB18030"}


@pytest.fixture
def county_chinese(tmp_path):
    """The small county in a folder with spaces and Chinese."""
    return shutil.copytree(COUNTY, tmp_path / "我的 数据" / "高 台 县")


@pytest.mark.parametrize("place", PLACES)
def test_an_error_is_one_line_that_the_terminal_can_show(place):
    result = call("forecast", "--pupils", "没有 这里.csv", **PLACES[place])
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert b"Traceback" not in result.stderr
    says_english = "PYTHONIOENCODING" in PLACES[place] and place != "GBK"
    assert (b"Missing option" in result.stderr) == says_english or place.startswith("POSIX")
    if place == "C":
        assert "缺少选项 --origin" in result.stderr.decode("utf-8")


def test_on_old_machines_with_the_chinese_locale_paths_are_bytes_of_gb18030(chinese_locale, tmp_path):
    folder = os.fsencode(tmp_path) + "/县 数据".encode("gb18030")
    shutil.copytree(os.fsencode(COUNTY), folder)
    checked = call(
        "check", os.fsdecode(folder), "--out", os.fsdecode(folder + "，核对".encode("gb18030")), **chinese_locale
    )
    assert (checked.returncode, checked.stderr) == (0, b"")
    assert "测试县（模拟）" in checked.stdout.decode("gb18030")
    with open(folder + "，核对/tables/data_quality.csv".encode("gb18030"), encoding="utf-8-sig") as file:  # noqa: PTH123
        assert file.readline().startswith("severity,")


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_of_any_system_give_the_same_county(county_chinese, end):
    for path in county_chinese.iterdir():
        if path.suffix in {".csv", ".toml", ".geojson"} and not (path.suffix == ".toml" and end == "\r"):
            path.write_bytes(path.read_bytes().replace(b"\n", end.encode()))
    county, plain = read_county(county_chinese), read_county(COUNTY)
    assert county.problems == plain.problems
    for name in ("births", "enrolment", "villages", "schools"):
        assert getattr(county, name).equals(getattr(plain, name))


def test_nobody_who_chose_no_language_is_given_question_marks():
    assert set_language(["x"], {}, encoding="ascii") == "en"
    assert set_language(["x"], {}, encoding="gb2312") == "zh"
    assert set_language(["x", "--lang", "zh"], {}, encoding="ascii") == "zh"
    assert set_language(["x"], {"LAYOUT_PLANNER_LANG": "zh"}, encoding="ascii") == "zh"


def test_a_reader_of_the_output_that_leaves_early_gets_no_traceback():
    command = "import sys; sys.argv = ['layout-planner', '--help']; from layout_planner.cli import entry; entry()"
    process = subprocess.Popen([sys.executable, "-c", command], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.wait()
    process.stderr.close()
