"""The command: findings on the screen, as a table and as a page; exit codes; the docs page is current."""

import csv
import importlib.util
import json
import re
from dataclasses import replace

import pytest
from click.testing import CliRunner

from layout_planner.cli.main import main
from layout_planner.io.checks.registry import all_checks
from layout_planner.pipeline import check_county
from layout_planner.pipeline.check import page_of
from layout_planner.reports.check_page import Finding, shortened
from tests.checks.test_checks_planted import change
from tests.conftest import ROOT


def run(county, out, *words):
    return CliRunner().invoke(main, ["check", str(county), "--out", str(out), *words])


def rows_of(out):
    with (out / "tables" / "data_quality.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def spoil(county, count):
    path = county / "enrolment.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    bad = [",".join([*line.split(",")[:3], "-1", *line.split(",")[4:]]) for line in lines[1 : count + 1]]
    path.write_text("\n".join([lines[0], *bad, *lines[count + 1 :]]) + "\n", encoding="utf-8")


def warn(county):
    path = county / "zones.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")


def test_a_clean_county_exits_with_0_and_leaves_a_table_and_a_page(county, tmp_path):
    result = run(county, tmp_path / "out", "--strict")
    assert (result.exit_code, result.exception) == (0, None)
    assert {row["severity"] for row in rows_of(tmp_path / "out")} <= {"notice"}
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["checks"]["zone_gaps"] == 0
    assert {"county.toml", "zones.csv"} <= set(manifest["inputs"])


def test_warnings_exit_with_1_only_when_asked(county, tmp_path):
    warn(county)
    assert run(county, tmp_path / "out").exit_code == 0
    assert run(county, tmp_path / "out", "--strict").exit_code == 1


def test_errors_exit_with_2_and_the_table_holds_them_all_with_what_to_do(county, tmp_path):
    spoil(county, 25)
    warn(county)
    result = run(county, tmp_path / "out")
    assert result.exit_code == 2
    rows = rows_of(tmp_path / "out")
    errors = [row for row in rows if row["severity"] == "error"]
    assert [int(row["row"]) for row in errors] == list(range(2, 27))
    assert {
        (r["check_round"], r["check_name"], r["code"], r["file"], r["column_name"], r["found"], r["fix"])
        for r in errors
    } == {("file", "values", "value_bad", "enrolment.csv", "在校生 pupils", "-1", "请更正")}
    assert [line for line in result.output.splitlines() if "“-1”" in line] == [
        "  enrolment.csv 第 2 行“在校生 pupils”：实际为“-1”，应为不小于 0 的数；同类共 25 处，在第 2、3、4、5、6… 行；请更正。"
    ]
    assert [row["severity"] for row in rows] == sorted(
        (r["severity"] for r in rows), key=["error", "warning", "notice"].index
    )


def test_a_folder_that_cannot_be_read_at_all_still_gives_the_table(tmp_path):
    (tmp_path / "empty").mkdir()
    assert run(tmp_path / "empty", tmp_path / "out").exit_code == 2
    assert {row["code"] for row in rows_of(tmp_path / "out")} >= {"file_missing"}
    assert (tmp_path / "out" / "check.html").exists()


def test_the_messages_follow_the_language_and_the_page_stays_chinese(county, tmp_path):
    warn(county)
    (english,) = [m for m in check_county(county, "en").quality["message"] if "zone" in m]
    assert english.endswith("add it to zones.csv.")
    (chinese,) = [m for m in check_county(county).quality["message"] if "学区" in m]
    assert chinese.endswith("请在 zones.csv 补上。")
    assert [f.text for f in page_of(check_county(county, "en")).findings if "学区" in f.said] == [chinese]


def test_the_page_counts_what_the_table_holds(county):
    spoil(county, 30)
    (county / "teachers.csv").write_text("school_id\n", encoding="utf-8")
    checked = check_county(county)
    page = page_of(checked)
    assert page.counts[-1] == ("合计", [checked.count(s) for s in ("error", "warning", "notice")])
    assert [line.mark for line in page.lines if line.title == "教师数与学生数可能"] == ["—"]
    assert [line.mark for line in page.lines if line.title == "每格的类型和取值范围对"] == ["30"]
    assert page.more == 0
    assert sum(f.count for f in page.findings) == len(checked.quality)
    assert page.verdict[0] == "error"
    assert len(page.lines) == len(all_checks())


def finding(at, severity="error", count=1):
    said = f"enrolment.csv 第 {at} 行“在校生 pupils”：{'合计为 104090，' * 30}明细之和为 301608"
    return Finding(severity, said, "请核对", count)


def test_a_long_finding_is_never_cut_within_a_number():
    for places in range(10, 200):
        cut = shortened(finding(7).said, places)
        assert cut.endswith("…")
        assert set(re.findall(r"\d+", cut)) <= {"7", "104090"}


def test_the_page_shows_what_it_has_room_for_and_counts_the_rest(county):
    page = replace(page_of(check_county(county)), findings=[finding(n, count=3) for n in range(90)])
    assert 0 < len(page.shown) < 90
    assert page.more == 3 * (90 - len(page.shown))
    assert sum(len(lines) for _, lines, _ in page.listed) < len(page.lines)


def test_findings_are_ordered_by_severity_then_by_how_many_there_are(county):
    spoil(county, 5)
    warn(county)
    change(county / "births.csv", "990001100,2020,", 3, "-1")
    lines = [(g.first.severity, g.first.file, g.count) for g in check_county(county).groups]
    assert lines[:2] == [("error", "enrolment.csv", 5), ("error", "births.csv", 1)]
    assert [s for s, _, _ in lines] == sorted((s for s, _, _ in lines), key=["error", "warning", "notice"].index)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "=cmd|' /C calc'!A0"])
def test_a_hostile_name_stays_text_in_page_and_table(county, tmp_path, name):
    (county / "special_pupils.csv").write_text(
        f'pupil_code,village_code,grade,need,setting\n"{name}",990001100201,2,hearing,inclusive\n', encoding="utf-8"
    )
    run(county, tmp_path / "out")
    assert "<script" not in (tmp_path / "out" / "check.html").read_text(encoding="utf-8")
    assert not [cell for row in rows_of(tmp_path / "out") for cell in row.values() if cell.startswith("=")]


def test_the_page_about_checks_is_made_from_the_registry():
    spec = importlib.util.spec_from_file_location("make_check_docs", ROOT / "tools" / "make_check_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(all_checks())
