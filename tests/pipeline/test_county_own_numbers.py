"""The county's own numbers of county.toml: read, refused, cited, and from which day they hold."""

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.compliance import evaluate_today
from layout_planner.demo.write import NOTES
from layout_planner.errors import DefectsError
from layout_planner.io.checks.own_values import own_rules, own_rules_later
from layout_planner.io.checks.run import context_of
from layout_planner.io.settings import read_settings
from layout_planner.pipeline import RunOptions
from layout_planner.pipeline.setup import set_up
from layout_planner.policy import CountyValue, load_catalogue

DAY = date(2025, 9, 1)
RULES = load_catalogue()
TAIL = 'reason = "会议纪要第 3 号", signer = "张三", date = 2025-03-01'


def with_rules(folder, *lines):
    path = folder / "county.toml"
    path.write_text("\n".join([path.read_text(encoding="utf-8"), "[rules]", *lines, ""]), encoding="utf-8")
    return folder


def refusals(folder):
    with pytest.raises(DefectsError) as error:
        read_settings(folder)
    return [problem.said("zh") for problem in error.value.problems]


def test_a_stage_may_be_given_by_its_chinese_name(county_copy):
    lines = f'T06 = [{{ stage = "小学", value = 2.5, {TAIL} }}, {{ stage = "junior", value = 8, {TAIL} }}]'
    own = read_settings(with_rules(county_copy, lines)).own_values["T06"]
    assert [(value.stage, value.value) for value in own] == [("primary", 2.5), ("junior", 8.0)]


def test_a_stage_that_does_not_exist_is_told_with_the_labels(county_copy):
    said = refusals(with_rules(county_copy, f'T06 = {{ stage = "大学", value = 8, {TAIL} }}'))
    assert len(said) == 1 and "大学" in said[0] and "小学 primary" in said[0]


@pytest.mark.parametrize("filler", ["……", "...", "____", "待填", "（待填写）", "XX", "—"])
@pytest.mark.parametrize("key", ["reason", "signer"])
def test_what_only_holds_a_place_is_no_reason_and_no_signer(county_copy, key, filler):
    told = {"reason": "会议纪要", "signer": "张三", key: filler}
    line = f'T05 = {{ value = 40, reason = "{told["reason"]}", signer = "{told["signer"]}", date = 2025-01-01 }}'
    assert any(filler in text and "样例" in text for text in refusals(with_rules(county_copy, line)))


def test_the_examples_of_the_template_are_refused_until_they_are_filled_in(county_copy):
    examples = [line.removeprefix("# ") for line in NOTES.partition("[rules]")[2].splitlines() if "……" in line]
    assert len(examples) == 3 and examples[0].startswith("T05")
    assert len(refusals(with_rules(county_copy, examples[0]))) == 2


def test_two_numbers_for_one_stage_are_refused_when_the_folder_is_checked(county_copy):
    lines = f'T06 = [{{ stage = "小学", value = 2, {TAIL} }}, {{ stage = "primary", value = 3, {TAIL} }}]'
    told = own_rules(context_of(with_rules(county_copy, lines)))
    assert [(problem.severity, problem.column) for problem in told] == [("error", "rules.T06")]
    assert "小学写了两个数值" in told[0].said("zh")


def test_a_number_that_holds_after_the_day_of_the_rules_is_a_warning(county_copy):
    lines = [f"M03 = {{ value = 10, {TAIL} }}", f"T05 = {{ value = 40, {TAIL.replace('2025-03-01', '2026-11-24')} }}"]
    told = own_rules_later(context_of(with_rules(county_copy, *lines)))
    assert [(p.severity, p.file, p.column) for p in told] == [("warning", "county.toml", "rules.T05")]
    assert "2026-11-24" in told[0].said("zh") and "2025-09-01" in told[0].said("zh")


@settings(max_examples=15)
@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_a_finding_says_from_when_a_later_number_holds_and_never_passes_before(first):
    rules = RULES.with_county_values({"T05": CountyValue(40, "纪要", "张三", first)})
    found = evaluate_today({"older_trips": trips()}, rules, DAY).set_index("rule_id").loc[["T05"]]
    if first > DAY:
        assert found["missing"].tolist() == [f"本县 {first.isoformat()} 起设定，核验日 2025-09-01 尚未生效"]
        assert found["outcome"].tolist() == ["not_evaluated"]
    else:
        assert found["outcome"].tolist() == ["pass", "pass"]
        assert found["cite"].str.contains(f"(本县自定,张三,{first.isoformat()})", regex=False).all()


def trips():
    place = {"subject_type": "township", "subject_id": "t", "subject_name": "甲镇", "village_name": "一村"}
    rows = [
        {**place, "grade_band": band, "children": 3.0, "minutes": 20.0, "screening": False} for band in ("4-6", "7-9")
    ]
    return pd.DataFrame(rows)


def test_a_number_for_one_stage_leaves_the_other_stage_not_evaluated():
    rules = RULES.with_county_values({"T05": CountyValue(40, "纪要", "张三", DAY, stage="junior")})
    found = evaluate_today({"older_trips": trips()}, rules, DAY).set_index("rule_id").loc["T05"]
    assert found[["grade_band", "outcome", "missing"]].to_numpy().tolist() == [
        ["4-6", "not_evaluated", "需：本县小学的限值"],
        ["7-9", "pass", ""],
    ]


def test_a_radius_for_primary_schools_alone_is_checked_and_junior_is_told_to_be_missing():
    row = {"subject_type": "school", "subject_id": "A", "subject_name": "甲", "village_name": "一村", "children": 3.0}
    row |= {"metres": 3000.0, "place": "rural", "boards": False}
    zones = pd.DataFrame([{**row, "stage": stage} for stage in ("primary", "junior")])
    rules = RULES.with_county_values({"T06": CountyValue(2, "纪要", "张三", DAY, stage="primary")})
    found = evaluate_today({"zone_trips": zones}, rules, DAY).set_index("rule_id").loc["T06"]
    assert sorted(found[["stage", "outcome"]].to_numpy().tolist()) == [["junior", "not_evaluated"], ["primary", "fail"]]


def test_an_assumption_gives_way_to_the_countys_own_number_in_the_list_of_assumptions(county_copy):
    before = set_up(county_copy, RunOptions())
    rules = before.catalogue.with_county_values({"T05": CountyValue(35, "纪要", "张三", DAY)})
    for setup, value, words in (
        (before, 40, "本县未设定 T05 时"),
        (replace(before, catalogue=rules), 35, "本县已设定 T05"),
    ):
        row = setup.assumptions().set_index("name").loc["boarding_minutes"]
        assert row["value"] == value and words in row["source"]
