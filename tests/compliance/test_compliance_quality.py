"""The seven indicators, six of seven, the differences between schools, rooms, outcomes and attendance areas."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.compliance import quality
from layout_planner.compliance.evaluate import CHECKS
from layout_planner.policy import load_catalogue
from layout_planner.standards import RESOURCES

DAY = date(2025, 9, 1)
CATALOGUE = load_catalogue()
NAN = float("nan")
RULES = dict(zip(RESOURCES, (CATALOGUE.rule(f"E0{n}") for n in range(1, 8)), strict=True))
E08, E09, E10, E11, E12 = (CATALOGUE.rule(rule) for rule in ("E08", "E09", "E10", "E11", "E12"))
EXACT = {  # a primary school of 1,000 pupils that meets every standard exactly
    "above_degree": 42, "backbone": 10, "arts": 9, "teaching_area_m2": 4500, "sports_area_m2": 7500,
    "equipment_yuan": 2_000_000, "multimedia_rooms": 23,
}  # fmt: skip
COUNTS = st.one_of(st.integers(0, 60), st.just(NAN))


def resources(*rows):
    usual = {"stage": "primary", "pupils": 1000, "points": 0, "unhosted": False, **EXACT}
    table = pd.DataFrame([{**usual, "subject_id": f"s{at}", **row} for at, row in enumerate(rows)])
    return table.assign(subject_type="school", subject_name=table["subject_id"])


def short(found, *columns):
    return found[["subject_id", "outcome", *columns]].values.tolist()


def one(column, table):
    return quality.check_indicator(table, RULES[column], DAY, column=column, rounding=E09)


def all_seven(table):
    return quality.check_all_indicators(table, E08, DAY, rounding=E09, **RULES)


@pytest.mark.parametrize("column", RESOURCES)
def test_a_school_at_the_standard_passes_and_one_short_of_it_fails(column):
    found = one(column, resources({}, {column: EXACT[column] * 0.9}))
    assert found["outcome"].tolist() == ["pass", "fail"]
    assert found["observed"].iloc[0] == found["limit"].iloc[0]
    assert found["affected"].tolist() == [0.0, 1000.0]


@pytest.mark.parametrize("column", RESOURCES)
def test_every_indicator_is_registered_with_its_own_column(column):
    found = CHECKS[RULES[column].id].check(resources({column: 0}), RULES[column], DAY, rounding=E09)
    assert found["outcome"].tolist() == ["fail"]


def test_numbers_are_rounded_to_two_decimals_before_they_are_compared():
    found = one("teaching_area_m2", resources({"teaching_area_m2": 4495}, {"teaching_area_m2": 4494}))
    assert found["observed"].tolist() == [4.5, 4.49]
    assert found["outcome"].tolist() == ["pass", "fail"]


def test_the_junior_stage_has_its_own_standard():
    assert short(one("arts", resources({"stage": "junior", "arts": 9})), "limit") == [["s0", "pass", 0.9]]
    assert short(one("teaching_area_m2", resources({"stage": "junior"})), "limit") == [["s0", "fail", 5.8]]


def test_a_teaching_point_without_a_host_is_not_judged_and_says_what_is_missing():
    found = one("arts", resources({"unhosted": True}, {"points": 2}))
    assert short(found, "names", "missing") == [
        ["s0", "not_evaluated", "", "需：教学点的隶属中心校（host_school_id）"],
        ["s1", "pass", "含教学点 2 个", ""],
    ]


@given(COUNTS, st.integers(1, 1500))
def test_adding_a_teacher_never_lowers_the_first_indicator(teachers, pupils):
    before, after = (
        one("above_degree", resources({"above_degree": count, "pupils": pupils})).iloc[0]
        for count in (teachers, teachers + 1)
    )
    if teachers != teachers:
        assert (before["outcome"], after["outcome"]) == ("not_evaluated", "not_evaluated")
    else:
        assert after["observed"] >= before["observed"]
        assert not (before["outcome"] == "pass" and after["outcome"] == "fail")


def test_six_of_seven_with_the_other_at_85_per_cent_is_enough():
    table = resources(
        {},
        {"arts": 7.65},
        {"arts": 7.55},
        {"arts": 8, "backbone": 9},
        {"arts": NAN},
        {"arts": NAN, "backbone": 8, "multimedia_rooms": 20},
    )
    found = all_seven(table)
    assert short(found, "observed") == [
        ["s0", "pass", 7.0],
        ["s1", "pass", 6.0],
        ["s2", "fail", 6.0],  # 84.44 % once rounded
        ["s3", "fail", 5.0],
        ["s4", "not_evaluated", 6.0],
        ["s5", "fail", 4.0],  # two are short whatever the third is
    ]
    assert found["names"].iloc[3] == "骨干教师达标准的 90%、体艺教师达标准的 88.89%"


@settings(max_examples=40)
@given(st.fixed_dictionaries({column: st.one_of(st.integers(0, 9000), st.just(NAN)) for column in RESOURCES}))
def test_what_is_not_known_never_passes(row):
    outcome = all_seven(resources(row))["outcome"].iloc[0]
    if any(value != value for value in row.values()):
        assert outcome != "pass"
    single = [one(column, resources(row))["outcome"].iloc[0] for column in RESOURCES]
    assert [found == "not_evaluated" for found in single] == [row[column] != row[column] for column in RESOURCES]
    if outcome == "pass":
        assert single.count("pass") >= 6


def test_differences_are_told_for_all_seven_and_the_largest_stands_in_front():
    table = resources({}, {"backbone": 40}, {"arts": 9.5})
    found = quality.check_differences(table, E09, DAY)
    assert short(found, "stage", "observed", "limit") == [["county", "fail", "primary", 0.71, 0.5]]
    assert found["names"].iloc[0].startswith("骨干教师 0.71（≤0.5）；")
    assert found["names"].iloc[0].count("；") == 6


def test_differences_with_an_unknown_school_are_not_known():
    assert quality.check_differences(resources({}, {"arts": NAN}), E09, DAY)["outcome"].tolist() == ["not_evaluated"]
    found = quality.check_differences(resources({}, {"unhosted": True}), E09, DAY)
    assert short(found, "missing") == [["county", "not_evaluated", "需：教学点的隶属中心校（host_school_id）：s1"]]


@pytest.mark.parametrize(
    ("sections", "music", "art", "outcome"),
    [(12, 1, 1, "pass"), (13, 1, 2, "fail"), (6, 1, 0, "fail"), (24, 2, 2, "pass"), (6, NAN, 1, "not_evaluated"),
     (6, NAN, 0, "fail"), (NAN, 1, 1, "not_evaluated")],
)  # fmt: skip
def test_music_and_art_rooms_for_every_twelve_sections(sections, music, art, outcome):
    table = resources({"sections": sections, "music_rooms": music, "art_rooms": art})
    assert quality.check_arts_rooms(table, E10, DAY)["outcome"].tolist() == [outcome]


OUTCOMES = {"retention_junior": 95, "disabled_enrolment": 95, "migrant_in_public": 85, "satisfaction": 85}


@pytest.mark.parametrize(
    ("change", "outcome"),
    [({}, "pass"), ({"satisfaction": 84.9}, "fail"), ({"migrant_in_public": None}, "not_evaluated"),
     ({"migrant_in_public": None, "retention_junior": 90}, "fail")],
)  # fmt: skip
def test_outcomes_are_read_from_the_figures_of_the_county(change, outcome):
    rows = [(name, value, "%") for name, value in {**OUTCOMES, **change}.items() if value is not None]
    figures = pd.DataFrame(rows, columns=["indicator", "value", "unit"])
    assert quality.check_outcomes(figures, E11, DAY)["outcome"].tolist() == [outcome]


def test_attendance_areas_are_judged_by_stage():
    rows = [("primary", 99.9, 3.0, ""), ("junior", 95.0, 9.0, ""), ("senior", NAN, NAN, "优质高中招生名额分配")]
    found = quality.check_nearness(pd.DataFrame(rows, columns=["stage", "share", "outside", "missing"]), E12, DAY)
    assert short(found, "stage", "affected", "missing") == [
        ["county", "fail", "primary", 3.0, ""],
        ["county", "pass", "junior", 0.0, ""],
        ["county", "not_evaluated", "senior", 0.0, "需：优质高中招生名额分配"],
    ]
