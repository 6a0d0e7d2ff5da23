"""Names that would run somewhere, or stop something, go through a whole run as plain text."""

import csv
import json
import re
import xml.etree.ElementTree as ET

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trust_tools import call, state_of

from layout_planner.io.cells import plain_cell, replace_csv, write_csv
from tests.conftest import COUNTY

NAMES = [
    "=cmd|' /C calc'!A0", "<script>alert(1)</script>", "+1+1", "@SUM(A1)", "-2+3", "$\\frac{x$", "[/bold] [red]", "{0} %s",
    "＝1+1", "a\u202eb\u200bc", ":smile: & \"quoted\", 'so'", "</svg><img src=x onerror=alert(1)>",
]  # fmt: skip
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def risky(cell):
    return cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")) and not NUMBER.fullmatch(
        cell
    )


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """A run of the small county, every name of it hostile."""
    folder = tmp_path_factory.mktemp("县 数据") / "高 台"
    folder.mkdir()
    for path in COUNTY.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    for file, first in (("schools.geojson", 4), ("townships.geojson", 0)):
        layer = json.loads((folder / file).read_text(encoding="utf-8"))
        for number, feature in enumerate(layer["features"], start=first):
            feature["properties"]["name"] = NAMES[number]
            feature["properties"]["basis"] = feature["properties"]["=own column"] = NAMES[number]
        (folder / file).write_text(json.dumps(layer), encoding="utf-8")
    villages = pd.read_csv(folder / "villages.csv", dtype=str)
    villages["name"] = [NAMES[n % len(NAMES)] for n in range(len(villages))]
    villages.to_csv(folder / "villages.csv", index=False, encoding="gb18030", lineterminator="\r\n", errors="replace")
    settings = (folder / "county.toml").read_text(encoding="utf-8")
    (folder / "county.toml").write_text(settings.replace("测试县（模拟）", "=1+1<script>[/x]"), encoding="utf-8")
    (folder / "plans").mkdir()
    plan = 'name = "=plan"\ntitle = "@title <script>"\n[[decision]]\nschool_id = "2199000002"\nyear = 2026\naction = "merge"\n'
    plan += 'receivers = ["2199000001"]\nreason = "=cmd <script>"\n'
    (folder / "plans" / "=plan.toml").write_text(plan, encoding="utf-8")
    out = folder.parent / "结果 与 报告"
    done = call("run", folder, "--out", out, "--draws", "20", PYTHONIOENCODING="gb18030")
    assert done.returncode == 0, done.stderr.decode("gb18030")
    assert done.stderr == b""
    assert "结果：" in done.stdout.decode("gb18030")
    return out


def test_no_cell_of_a_table_starts_like_a_formula_unless_it_is_a_number(result):
    seen = set()
    for path in sorted((result / "tables").iterdir()):
        with path.open(encoding="utf-8-sig", newline="") as file:
            cells = {cell for line in csv.reader(file) for cell in line}
        assert {cell for cell in cells if risky(cell)} == set(), path.name
        seen |= cells
    assert {"'=cmd|' /C calc'!A0", "'+1+1", "<script>alert(1)</script>", "'@SUM(A1)", "abc"} <= seen
    assert state_of(result) == "whole"


def test_the_report_shows_the_names_and_runs_none_of_them(result):
    page = (result / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page.lower()
    assert "<img src=x" not in page
    assert "&lt;script&gt;" in page
    assert "=cmd|" in page


def test_the_figures_are_well_formed_and_hold_no_script(result):
    figures = sorted((result / "figures").glob("*.svg"))
    assert len(figures) > 4
    for path in figures:
        text = path.read_text(encoding="utf-8")
        tags = {element.tag.rpartition("}")[2].lower() for element in ET.fromstring(text).iter()}
        assert not tags & {"script", "img", "foreignobject"}
        assert not re.search(r"\son\w+=", text)


@given(st.text(max_size=30))
def test_no_text_becomes_the_start_of_a_formula_and_nothing_visible_is_lost(text):
    cell = plain_cell(text)
    assert not risky(cell)
    assert not any(c in cell for c in "\t\r\n\0")
    assert plain_cell(cell) == cell


def test_only_text_is_changed_and_headers_are_text_too(tmp_path):
    frame = pd.DataFrame({"=a": ["=1", "-5", "+1e3", None], "n": [-1.5, float("nan"), 2, 3]})
    for write in (write_csv, replace_csv):
        write(frame, tmp_path / "t.csv")
        text = (tmp_path / "t.csv").read_text(encoding="utf-8-sig")
        assert text == "'=a,n\n'=1,-1.5\n-5,\n+1e3,2\n,3\n"
    assert frame.columns.tolist() == ["=a", "n"]
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]
