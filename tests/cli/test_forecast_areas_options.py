"""`layout-planner forecast --pupils`: what may be left out, what is refused, what is said at the end."""

import pathlib

import pandas as pd
import pytest

from layout_planner.cli.forecast_areas import default_stages
from layout_planner.cli.guard import guarded
from layout_planner.cli.main import main

USUAL = {"primary": (0, 6), "junior": (7, 9), "senior": (10, 12)}


@pytest.fixture
def call(tmp_path, monkeypatch, capfd):
    """Run the command on grades 1–9 in a folder of its own: exit code, what was said, the table."""
    monkeypatch.chdir(tmp_path)
    rows = [("007", y, g, 30 + (y + g) % 4) for y in range(2012, 2017) for g in range(1, 10)]
    pd.DataFrame(rows, columns=["area", "year", "grade", "pupils"]).to_csv("p.csv", index=False)

    def run(*words, lang="zh"):
        monkeypatch.setenv("LAYOUT_PLANNER_LANG", lang)
        given = ["--pupils", "p.csv", "--out", "f.csv", "--origin", "2016", "--draws", "20", *words]
        code = guarded(main, ["forecast", *given], lang)
        said = capfd.readouterr()
        return code, said.out + said.err, pd.read_csv("f.csv") if pathlib.Path("f.csv").exists() else None

    return run


def test_grades_1_to_9_need_the_entry_grade_alone_and_the_end_is_told(call, tmp_path):
    code, said, table = call("--entry-grade", "1", "--birth-lag", "7")
    assert code == 0, said
    assert set(table["grade_or_stage"]) == {*map(str, range(1, 10)), "primary", "junior"}
    assert table["year"].max() == 2026
    assert f"已写出 {len(table)} 行（2017–2026 年）：{tmp_path / 'f.csv'}。" in said


def test_a_table_without_grade_0_says_which_lag_belongs_to_its_lowest_grade(call):
    code, said, _ = call()
    assert code == 2
    assert "--entry-grade 1 --birth-lag 7（出生按日历年统计" in said


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["data"], "不能同时给 data"),
        (["--previous", "old"], "不能同时给 --previous"),
        (["--entry-grade", "1", "--stages", "primary=1-6,junior=6-9"], "学段 primary、junior 的年级重叠"),
    ],
)
def test_words_that_would_be_ignored_are_refused(call, words, text):
    code, said, table = call(*words)
    assert (code, table) == (2, None)
    assert text in said


def test_default_stages_follow_the_entry_grade_and_the_grades_that_are_there():
    assert default_stages(USUAL, 0, 9) == USUAL
    assert default_stages(USUAL, 1, 12) == {"primary": (1, 6), "junior": (7, 9), "senior": (10, 12)}
    assert default_stages(USUAL, 7, 11) == {"junior": (7, 9), "senior": (10, 11)}
