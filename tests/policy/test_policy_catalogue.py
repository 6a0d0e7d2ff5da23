"""The catalogue of rules itself: complete, sourced, dated, and never read where it should not be."""

import csv
import importlib.util
import re
import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.errors import PolicyError, sentence
from layout_planner.policy import CountyValue, binding, load_catalogue, load_parameters, references, unset
from layout_planner.policy.catalogue import FAMILIES, read_toml
from layout_planner.policy.wording import values_text
from layout_planner.terms import LABELS_ZH, STAGE_GRADES, STAGE_OF_GRADE
from tests.conftest import ROOT

CATALOGUE = load_catalogue()
RULES = ROOT / "layout_planner" / "policy" / "rules"
RAW = {i: b for f in FAMILIES for i, b in tomllib.loads((RULES / f"{f}.toml").read_text(encoding="utf-8")).items()}
# Rows of the rule set by family; P01–P03 are one row there and three rules here: 123 rows, 125 rules.
ROWS = {"M": 25, "T": 12, "C": 16, "D": 8, "B": 11, "E": 12, "P": 8, "F": 5, "A": 14, "S": 6, "L": 8}
REFERENCE = list(
    csv.DictReader((Path(__file__).parent / "reference_rows.csv").read_text(encoding="utf-8").splitlines())
)
FIELDS = {"title", "unit", "scope", "stages", "grades", "mode", "op", "when", "values", "uses", "checked_on", "source"}
FIELDS |= {"needs", "note", "seen", "reference"}
VALUE_FIELDS = {"from", "to", "from_unknown", "value", "stage", "part", "unit", "op", "status", "evidence"}
SOURCE_FIELDS = {"doc", "article", "article_status", "quote", "status", "evidence"}
DAY = date(2025, 9, 1)
ALL = pytest.mark.parametrize("rule_id", sorted(RAW))


def test_every_row_of_the_rule_set_is_a_rule():
    expected = [f"{letter}{n:02d}" for letter, count in ROWS.items() for n in range(1, count + 1)]
    assert [rule.id for rule in CATALOGUE] == sorted(expected)
    assert len(CATALOGUE) == 123 + 2


@pytest.mark.parametrize("row", REFERENCE, ids=lambda row: row["id"])
def test_a_rule_says_what_the_rule_set_says(row):
    """`reference_rows.csv` was read from the rule set row by row: mode, status, grade of the copy, every number."""
    rule = CATALOGUE.rule(row["id"])
    assert (rule.mode, rule.status, rule.source.evidence) == (row["mode"], row["status"], row["evidence"])
    told = {f"{v.stage or '-'}:{v.part or '-'}:{v.value:g}:{v.status}" for v in rule.values}
    assert set(row["values"].split()) <= told


def test_the_rule_set_has_a_row_for_every_rule():
    assert [row["id"] for row in REFERENCE] == [rule.id for rule in CATALOGUE]


def test_no_rule_file_is_left_out_and_ids_are_unique():
    assert {path.stem for path in RULES.glob("*.toml")} == set(FAMILIES)
    texts = [path.read_text(encoding="utf-8") for path in RULES.glob("*.toml")]
    blocks = re.findall(r"^\[(\w+)\]", "".join(texts), re.MULTILINE)
    assert len(blocks) == len(set(blocks)) == len(CATALOGUE)


def test_a_family_has_one_letter():
    assert all(len({rule.id[0] for rule in CATALOGUE.family(name)}) == 1 for name in FAMILIES)


@ALL
def test_a_rule_has_only_known_fields(rule_id):
    block = RAW[rule_id]
    assert not set(block) - FIELDS
    assert not set(block["source"]) - SOURCE_FIELDS
    assert not {field for line in block.get("values", ()) for field in line} - VALUE_FIELDS


@ALL
def test_a_rule_has_title_unit_mode_source_status_and_a_day_of_checking(rule_id):
    rule = CATALOGUE.rule(rule_id)
    assert rule.title
    assert rule.source.doc
    assert rule.source.article
    assert rule.mode in LABELS_ZH["rule_mode"]
    assert rule.status in {"V", "R", "R-", "I"}
    assert rule.source.evidence in ({"A", "B", "C", "D"} if rule.status == "V" else {""})
    assert isinstance(rule.checked_on, date)
    assert rule.checked_on <= date(2026, 11, 24)
    units = read_toml("units.toml")
    assert {rule.unit, *(value.unit for value in rule.values)} <= set(units)
    if rule.unit == "-":
        numbers = [value for value in rule.values if value.unit == "-"]
        assert rule.mode in {"GATE", "DATA"} or not numbers or rule_id == "E09"  # a coefficient of variation has none


@ALL
def test_a_param_has_no_value_and_only_a_param_has_one_seen(rule_id):
    block = RAW[rule_id]
    assert ("seen" in block) <= (block["mode"] == "PARAM")
    assert not (block["mode"] == "PARAM" and "values" in block)


@ALL
def test_what_is_missing_is_said_for_every_rule_that_can_be_evaluated(rule_id):
    rule = CATALOGUE.rule(rule_id)
    assert bool(rule.needs) != (rule.mode == "DATA")


@ALL
def test_values_are_dated_and_say_how_they_bind(rule_id):
    rule = CATALOGUE.rule(rule_id)
    keys = [(v.stage, v.part, v.first) for v in rule.values]
    assert len(keys) == len(set(keys))
    for value in rule.values:
        assert value.first is not None or value.first_unknown
        assert value.last is None or value.first <= value.last
        assert value.stage is None or value.stage in rule.stages
        assert value.op or rule.mode in {"DATA", "GATE"} or rule_id in {"C04", "C05"}
        assert not value.part or value.part in read_toml("parts.toml")
    if rule.blocks:
        assert all(value.op for value in rule.values)


@ALL
def test_grades_belong_to_the_stages_of_the_rule(rule_id):
    rule = CATALOGUE.rule(rule_id)
    assert set(rule.stages) <= set(STAGE_GRADES)
    assert {STAGE_OF_GRADE[grade] for grade in rule.grades} <= set(rule.stages)


@ALL
def test_recalled_rules_and_unknown_days_are_marked_wherever_they_are_cited(rule_id):
    rule = CATALOGUE.rule(rule_id)
    assert ("(待核)" in rule.cite) == (rule.status in {"R", "R-"})
    assert ("(日期待核)" in rule.cite) == any(value.first_unknown for value in rule.values)
    for value in rule.values:
        shown = rule.cite_on(value.first or date(2000, 1, 1), value.stage, value.part)
        assert ("(待核)" in shown) == (value.status in {"R", "R-"})


@ALL
def test_rules_used_by_a_rule_exist(rule_id):
    assert set(CATALOGUE.rule(rule_id).uses) <= set(RAW)


def test_only_funding_amounts_are_dated_facts_about_money():
    assert all(rule.mode == "DATA" for rule in CATALOGUE.family("funding"))
    assert all(value.first_unknown for rule in CATALOGUE.family("funding") for value in rule.values)


def test_the_value_of_a_day_is_the_latest_line_of_its_stage():
    quota = CATALOGUE.rule("F04")
    assert [quota.on(date(year, 9, 1), "primary") for year in (2016, 2021, 2025)] == [600.0, 650.0, 720.0]
    assert quota.cite_on(date(2025, 9, 1), "primary").endswith("(待核)(日期待核)")
    assert "(待核)" not in quota.cite_on(date(2021, 9, 1), "primary")


@given(st.dates(date(2000, 1, 1), date(2040, 12, 31)))
def test_a_rule_is_set_exactly_on_the_days_it_has_a_number(day):
    for rule_id, stage in (("T01", None), ("D02", "primary"), ("F04", "junior"), ("C01", "primary")):
        rule = CATALOGUE.rule(rule_id)
        part = "rural" if rule_id == "D02" else None
        if rule.is_set(day, stage, part):
            assert rule.on(day, stage, part) > 0
        else:
            with pytest.raises(PolicyError):
                rule.on(day, stage, part)


def test_numbers_that_the_checks_read():
    numbers = {
        "M01": (None, None, 100), "T01": (None, None, 30), "C10": (None, "through_school", 2500),
        "C07": (None, "oversized", 56), "C03": ("primary", "sections", 4), "C02": ("junior", None, 45),
    }  # fmt: skip
    assert {i: CATALOGUE.rule(i).on(DAY, stage, part) for i, (stage, part, _) in numbers.items()} == {
        i: value for i, (_, _, value) in numbers.items()
    }


def test_blocking_rules_are_the_two_block_modes():
    assert {rule.id for rule in CATALOGUE if rule.blocks} == {
        *("M07", "M08", "M09", "M10", "M12", "M16", "M19", "T01", "T02", "T03", "T10"),
        *("C10", "C11", "B04", "A01", "A05", "S02", "L03"),
    }


@pytest.mark.parametrize(
    ("rule_id", "stage", "code", "words"),
    [
        ("M03", None, "rule_unset", "须由本县确定"),
        ("C01", None, "rule_not_in_force", "primary 2008-12-01"),
        ("C01", "senior", "rule_not_in_force", "2025-09-01 senior"),
    ],
)
def test_a_rule_without_a_number_says_why(rule_id, stage, code, words):
    with pytest.raises(PolicyError) as caught:
        CATALOGUE.rule(rule_id).on(DAY, stage)
    assert caught.value.code == code
    assert words in sentence(code, caught.value.fields)


def test_an_unknown_rule_is_refused_with_the_ids_that_exist():
    with pytest.raises(PolicyError, match="Rule 'Z99'"):
        CATALOGUE.rule("Z99")


SIGNED = CountyValue(10, "县政府常务会议纪要", "张三", date(2025, 3, 1))


def test_the_county_sets_a_param_from_the_day_it_was_signed():
    county = CATALOGUE.with_county_values({"M03": SIGNED})
    rule = county.rule("M03")
    assert rule.on(DAY) == 10.0
    assert not rule.is_set(date(2025, 2, 28))
    assert rule.cite_on(DAY).endswith("(本县自定,张三,2025-03-01)")
    assert not CATALOGUE.rule("M03").values


def test_the_county_sets_a_param_by_stage():
    values = [CountyValue(n, "理由", "张三", date(2025, 1, 1), stage=s) for s, n in (("primary", 30), ("junior", 40))]
    rule = CATALOGUE.with_county_values({"C13": values}).rule("C13")
    assert [rule.on(DAY, "primary"), rule.on(DAY, "junior")] == [30.0, 40.0]


def test_what_is_unset_are_the_params_without_a_number_of_the_county():
    assert {rule.id for rule in unset(CATALOGUE)} == {rule.id for rule in CATALOGUE if rule.mode == "PARAM"}
    county = CATALOGUE.with_county_values({"M03": SIGNED})
    assert {r.id for r in unset(CATALOGUE)} - {r.id for r in unset(county)} == {"M03"}
    assert "M03" in {rule.id for rule in unset(county, date(2025, 2, 28))}
    assert "M03" not in {rule.id for rule in unset(county, DAY)}


def test_what_binds_is_hard_in_force_and_of_the_stage():
    today = {rule.id: rule for rule in binding(CATALOGUE, DAY)}
    assert {rule.mode for rule in today.values()} == {"BLOCK", "BLOCK*", "GATE"}
    assert {"T01", "M19", "M07", "M13"} <= set(today)
    assert "T01" not in {rule.id for rule in binding(CATALOGUE, date(2018, 4, 24))}  # the day before it was written
    assert "T01" in {rule.id for rule in binding(CATALOGUE, date(2018, 4, 25), "primary")}
    assert "T01" not in {rule.id for rule in binding(CATALOGUE, DAY, "junior")}
    assert {"M13", "A07"} <= {rule.id for rule in binding(CATALOGUE, DAY, "pre")}  # of every stage


@pytest.mark.parametrize(
    ("rule_id", "value", "code"),
    [
        ("T01", SIGNED, "county_value_not_param"),
        ("M03", CountyValue(10, " ", "张三", DAY), "county_value_unsigned"),
        ("M03", CountyValue(10, "理由", "", DAY), "county_value_unsigned"),
        ("M03", (SIGNED, SIGNED), "county_value_twice"),
        ("T06", [CountyValue(n, "理由", "张三", DAY, stage="primary") for n in (2, 3)], "county_value_twice"),
        ("T06", CountyValue(10, "理由", "张三", DAY, stage="senior"), "county_value_stage"),
        ("D03", CountyValue(10, "理由", "张三", DAY, part="每校"), "county_value_part"),
        ("Z99", SIGNED, "rule_unknown"),
    ],
)
def test_a_county_value_needs_a_param_a_reason_and_a_signer(rule_id, value, code):
    with pytest.raises(PolicyError) as caught:
        CATALOGUE.with_county_values({rule_id: value})
    assert caught.value.code == code


def test_a_rule_in_words_shows_stage_part_sign_unit_and_marks():
    assert values_text(CATALOGUE.rule("T01")) == "≤30 分钟(2018-04-25 起)"
    assert values_text(CATALOGUE.rule("C10")).startswith("≤2000 人(2017-04-19 起)(待核)(日期待核);一贯制学校 ≤2500 人")
    assert values_text(CATALOGUE.rule("M03")) == "未定(本县自定)"
    assert values_text(CATALOGUE.rule("A07")) == "-"


def test_the_pages_about_rules_and_assumptions_are_made_from_the_catalogue():
    spec = importlib.util.spec_from_file_location("make_policy_docs", ROOT / "tools" / "make_policy_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(load_catalogue())
    assert module.PARAMETERS_PAGE.read_text(encoding="utf-8") == module.parameters_page(load_parameters())


def test_the_text_of_other_places_is_marked_cited_as_such_and_binds_nobody():
    assert references() == {"L01", "L02", "M11", "P06", "T07", "T08"}
    assert all("(外地规定,只作参照)" in CATALOGUE.rule(rule_id).cite_on(DAY) for rule_id in references())
    assert not references() & {rule.id for rule in binding(CATALOGUE, DAY)}
    assert "外地" not in CATALOGUE.rule("T01").cite


def test_a_rule_whose_note_speaks_of_another_place_only_is_a_reference_or_no_rule_to_keep():
    elsewhere = re.compile("外省|外县|不是国家规定|核到的是湖南")
    told = {rule.id for rule in CATALOGUE if elsewhere.search(rule.note)}
    soft = {rule_id for rule_id in told if CATALOGUE.rule(rule_id).mode not in {"DATA", "PARAM", "BLOCK", "BLOCK*"}}
    assert soft == references()  # a veto stays one until the county has its own text


def test_what_another_place_says_is_not_the_countys_own_number():
    assert not [rule.id for rule in CATALOGUE if rule.reference and rule.mode in {"PARAM", "DATA"}]
