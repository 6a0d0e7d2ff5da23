"""The commands trace and rules as a planner types them."""

from __future__ import annotations

import csv
import io
import json
import os
import tomllib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.cli.guard import guarded
from layout_planner.cli.language import set_language
from layout_planner.cli.main import main
from layout_planner.cli.show_rules import example
from layout_planner.cli.show_trace import ranges
from layout_planner.io.settings import CountySettings
from layout_planner.policy import load_catalogue
from layout_planner.policy.catalogue import FAMILIES

SCHOOL = "2199000001"


@pytest.fixture
def say(capsys, monkeypatch):
    """Run a command; return exit code, output and errors."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LANGUAGE", "zh_CN")
    monkeypatch.setenv("LAYOUT_PLANNER_LANG", "zh")
    set_language([], os.environ)

    def run(*argv):
        code = guarded(main, [str(word) for word in argv], "zh")
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def traced(say, made, *argv):
    return say("trace", *argv, "--out", made.out, "--county", made.county)


def test_a_trace_shows_value_formula_rows_hash_rules_and_assumptions(say, made):
    code, out, err = traced(say, made, "seats", f"{SCHOOL},primary,near", "--column", "seats")
    assert (code, err) == (0, "")
    digest = json.loads((made.out / "manifest.json").read_text(encoding="utf-8"))["inputs"]["schools.geojson"]
    for words in (
        "seats",
        "✓ min(",
        "capacity.supply:seats",
        digest,
        "C01",
        "建标109-2008",
        "noon_diners",
        "schools.geojson",
    ):
        assert words in out
    assert "✗" not in out


def test_no_line_is_wider_than_the_screen(say, made):
    from rich.cells import cell_len

    for argv in (("findings", f"C01,school,{SCHOOL}"), ("forecast_school", f"{SCHOOL},2027,1"), ("candidates", "#2")):
        _, out, _ = traced(say, made, *argv)
        assert max(cell_len(line) for line in out.splitlines()) <= 100


def test_a_changed_file_is_told_and_the_rest_is_shown(say, made, tmp_path):
    changed = made.copy(tmp_path)
    path = changed.county / "enrolment.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",58,", ",59,", 1), encoding="utf-8")
    code, out, _ = traced(say, changed, "seats", f"{SCHOOL},primary,near")
    assert code == 0
    assert "enrolment.csv 在运行之后有改动：数字与文件已不一致" in out
    assert "第" in out


def test_json_and_csv_hold_every_row(say, made):
    argv = ("forecast_school", f"{SCHOOL},2027,1", "--column", "pupils_p50", "--format")
    _, out, _ = traced(say, made, *argv, "json")
    data = json.loads(out)
    rows = {(item["file"], number) for item in data["inputs"] for number in item["rows"]}
    _, out, _ = traced(say, made, *argv, "csv")
    lines = list(csv.DictReader(io.StringIO(out)))
    assert {(line["file"], int(line["row"])) for line in lines if line["part"] == "input"} == rows
    assert data["run"]["seed"] == 7
    assert data["columns"][-1]["name"] == "pupils_printed"


def test_a_partial_key_lists_the_rows(say, made):
    code, out, _ = traced(say, made, "seats", SCHOOL)
    assert code == 0
    assert f"{SCHOOL},primary,near" in out
    _, out, _ = traced(say, made, "travel_minutes", "")
    assert len(out.splitlines()) == 22


@pytest.mark.parametrize(
    "argv",
    [
        ("seet", "x"),
        ("seats", "x"),
        ("seats", f"{SCHOOL},primary,near", "--column", "seet"),
        ("findings", "T01,nowhere"),
    ],
)
def test_what_is_not_there_is_one_line_and_exit_2(say, made, argv):
    code, out, err = traced(say, made, *argv)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1


def test_without_a_run_the_next_step_is_told(say, tmp_path):
    code, _, err = say("trace", "seats", "x", "--out", tmp_path)
    assert code == 2
    assert "layout-planner run" in err


def test_the_catalogue_lists_every_rule_with_value_and_status(say):
    code, out, _ = say("rules")
    assert code == 0
    assert all(rule.id in out for rule in load_catalogue())
    assert all(title in out for title in FAMILIES.values())
    assert "共 125 条" in out


def test_the_catalogue_can_be_narrowed(say):
    _, out, _ = say("rules", "--family", "travel", "--mode", "block*")
    assert "共 4 条" in out
    assert "T01" in out
    _, out, _ = say("rules", "--unset")
    assert "共 16 条" in out
    assert "T01" not in out


@pytest.mark.parametrize("rule_id", sorted(load_catalogue().rules))
def test_everything_about_a_rule_is_told(say, rule_id):
    rule = load_catalogue().rule(rule_id)
    code, out, _ = say("rules", rule_id.lower())
    flat = "".join(out.split())
    assert code == 0
    for words in (
        rule.title,
        rule.source.doc,
        rule.source.article,
        rule.source.quote,
        rule.note,
        *rule.needs,
        *rule.uses,
    ):
        assert "".join(words.split()) in flat


def test_a_rule_names_its_check_what_was_seen_elsewhere_and_who_set_it(say, made, tmp_path):
    _, out, _ = say("rules", "T01", "--verbose")
    assert "layout_planner.compliance.travel:check_young_pupils_trip" in out.partition("给维护人员")[2]
    _, out, _ = say("rules", "M03")
    assert "高平 2019" in out
    assert "程序不读" in out
    county = made.copy(tmp_path).county
    text = '\n[rules.M03]\nvalue = 9\nreason = "常务会议纪要"\nsigner = "张三"\ndate = 2024-01-01\n'
    path = county / "county.toml"
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    _, out, _ = say("rules", "M03", "--county", county)
    assert "9，2024-01-01 起，张三 签字：常务会议纪要" in out
    _, out, _ = say("rules", "--unset", "--county", county)
    assert "M03" not in out


def test_a_rule_is_told_in_words_for_a_planner(say, made):
    _, out, _ = say("rules", "T01", "--county", made.county)
    assert "已核：在存档副本中看到；证据 B：报刊或全文转载" in out
    assert "在 2025-09-01 有效。" in out
    assert "layout_planner." not in out, "names of functions are for maintainers"
    _, out, _ = say("rules", "T05", "--county", made.county)
    assert '{ stage = "小学", value = …' in out
    assert '{ stage = "初中", value = …' in out


def test_the_example_of_a_rule_by_stage_is_one_that_the_settings_take(made):
    lines = (
        example(load_catalogue().rule("T06"), date(2025, 9, 1)).replace("…", "5", 1).replace("value = …", "value = 6")
    )
    text = "[rules]\n" + lines.replace('"…"', '"县政府纪要第 3 号"')
    county = {**tomllib.loads((made.county / "county.toml").read_text(encoding="utf-8")), **tomllib.loads(text)}
    values = CountySettings.model_validate(county).own_values["T06"]
    assert {value.stage for value in values} == {"primary", "junior"}


@pytest.mark.parametrize("argv", [("T1",), ("Z99",), ("--family", "x"), ("--mode", "x"), ("--county", "nowhere")])
def test_a_wrong_rule_family_or_mode_is_one_line_with_what_is_allowed(say, argv):
    code, _, err = say("rules", *argv)
    assert code == 2
    assert len(err.splitlines()) == 1
    if argv == ("T1",):
        assert "T01" in err


@given(st.lists(st.integers(1, 40), min_size=1, unique=True))
def test_ranges_name_every_row_once_until_they_are_cut(numbers):
    text = ranges(numbers)
    named = set()
    for part in text.removesuffix(" …").replace("、", ", ").split(", "):
        first, _, last = part.partition("–")
        named |= set(range(int(first), int(last or first) + 1))
    assert named == set(numbers) or (text.endswith(" …") and named < set(numbers))
