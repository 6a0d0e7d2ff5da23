"""Staff against pupils, sections and boarders."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.compliance import staff
from layout_planner.policy import CountyValue, load_catalogue

DAY = date(2025, 9, 1)
CATALOGUE = load_catalogue()
D01, D04, D05, D06, D08 = (CATALOGUE.rule(rule) for rule in ("D01", "D04", "D05", "D06", "D08"))
NAN = float("nan")
USUAL = {
    "subject_type": "school", "stage": "pre", "pupils": 60, "sections": 2, "boarders": 0, "staff": 10, "teachers": 4,
    "carers": 3, "boarding_staff": 0, "teaching_point": False,
}  # fmt: skip


def staffing(*rows):
    table = pd.DataFrame([{**USUAL, "subject_id": f"s{at}", **row} for at, row in enumerate(rows)])
    return table.assign(subject_name=table["subject_id"])


def county(rule_id, value, part=None):
    values = [CountyValue(value, "会议纪要", "张三", date(2025, 3, 1))]
    values += [CountyValue(2, "会议纪要", "张三", date(2025, 3, 1), part=part)] if part else []
    return CATALOGUE.with_county_values({rule_id: values}).rule(rule_id)


def short(found, *columns):
    return found[["subject_id", "outcome", *columns]].values.tolist()


def test_pupils_for_each_member_of_staff_by_stage():
    table = staffing(
        {"stage": "primary", "pupils": 190, "staff": 10},
        {"stage": "primary", "pupils": 191, "staff": 10},
        {"stage": "junior", "pupils": 135, "staff": 10},
        {"stage": "senior", "pupils": 126, "staff": 10},
        {"stage": "primary", "pupils": 5, "staff": NAN},
        {"stage": "primary", "pupils": 0, "staff": 3},
    )
    found = staff.check_pupils_per_staff(table, D01, DAY)
    assert short(found, "observed", "affected") == [
        ["s0", "pass", 19.0, 0.0],
        ["s1", "fail", 19.1, 191.0],
        ["s2", "pass", 13.5, 0.0],
        ["s3", "fail", 12.6, 126.0],
        ["s4", "not_evaluated", pytest.approx(NAN, nan_ok=True), 0.0],
    ]
    assert found["missing"].iloc[-1] == "需：教职工（teachers.csv 没有该校）"


def test_a_school_with_pupils_and_no_staff_at_all_fails():
    found = staff.check_pupils_per_staff(staffing({"stage": "primary", "staff": 0}), D01, DAY)
    assert short(found, "names") == [["s0", "fail", "生师比 无穷大（分母为 0）（≤19）"]]
    assert found["observed"].isna().all()


@given(st.integers(1, 500), st.integers(1, 60))
def test_one_more_member_of_staff_never_makes_the_ratio_worse(pupils, posts):
    def outcome(count):
        table = staffing({"stage": "primary", "pupils": pupils, "staff": count})
        return staff.check_pupils_per_staff(table, D01, DAY)["outcome"].iloc[0]

    assert not (outcome(posts) == "pass" and outcome(posts + 1) == "fail")


def test_small_schools_and_points_are_measured_by_teachers_for_each_section():
    table = staffing(
        {"stage": "primary", "pupils": 99, "sections": 6, "teachers": 11},
        {"stage": "primary", "pupils": 100, "sections": 6, "teachers": 1},  # not small
        {"stage": "primary", "pupils": 4, "sections": 1, "teachers": 1, "teaching_point": True},
        {"stage": "primary", "pupils": 4, "sections": NAN, "teachers": 2, "teaching_point": True},
    )
    rule = county("D03", 1.0, "per_site")
    found = staff.check_small_school_staff(table, rule, DAY, small=CATALOGUE.rule("M01"))
    assert short(found, "observed") == [
        ["s0", "pass", pytest.approx(11 / 6)],
        ["s2", "fail", 1.0],  # one teacher for one section, but two are wanted at every site
        ["s3", "not_evaluated", pytest.approx(NAN, nan_ok=True)],
    ]


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        ({}, "pass"),
        ({"staff": 8}, "fail"),  # 7.5 children for each
        ({"teachers": 6, "carers": 0}, "fail"),  # 10 for each teacher or carer
        ({"teachers": 6, "carers": 1}, "pass"),  # three teachers a section stand in for the carer
        ({"teachers": 3, "carers": 5}, "fail"),  # fewer than two teachers a section
        ({"teachers": 4, "carers": 1, "pupils": 40}, "fail"),  # a section without a carer
        ({"pupils": 8}, "pass"),  # more staff than the standard is no breach
        ({"sections": NAN}, "not_evaluated"),
        ({"staff": NAN, "teachers": NAN, "carers": NAN}, "not_evaluated"),
        ({"sections": NAN, "staff": 8}, "fail"),  # a known breach fails whatever is unknown
    ],
)
def test_a_kindergarten_has_staff_for_its_children_and_sections(row, outcome):
    assert staff.check_kindergarten_staff(staffing(row), D04, DAY)["outcome"].tolist() == [outcome]


def test_a_site_of_one_section_has_two_teachers():
    table = staffing({"sections": 1, "teachers": 1, "pupils": 9}, {"sections": 1, "teachers": 2}, {"sections": 2})
    found = staff.check_single_section_site(table, D05, DAY)
    assert short(found, "observed", "affected") == [["s0", "fail", 1.0, 9.0], ["s1", "pass", 2.0, 0.0]]


def test_where_no_site_has_one_section_there_is_nothing_to_break():
    found = staff.check_single_section_site(staffing({"sections": 2}), D05, DAY)
    assert short(found, "names") == [["county", "pass", "没有单班学前教育点"]]
    assert staff.check_single_section_site(staffing({"sections": NAN}), D05, DAY)["outcome"].tolist() == [
        "not_evaluated"
    ]


def test_boarding_kindergartens_add_a_teacher_and_a_carer_to_every_section():
    table = staffing({"boarders": 5, "teachers": 6, "carers": 4}, {"boarders": 5}, {"boarders": 0}, {"boarders": NAN})
    found = staff.check_boarding_kindergarten(table, D06, DAY, base=D04)
    assert short(found) == [["s0", "pass"], ["s1", "fail"], ["s3", "not_evaluated"]]


def test_boarders_of_both_stages_share_the_boarding_staff():
    table = staffing(
        {"subject_id": "s", "stage": "primary", "boarders": 40, "boarding_staff": 1},
        {"subject_id": "s", "stage": "junior", "boarders": 60, "boarding_staff": 1},
        {"subject_id": "t", "stage": "junior", "boarders": 0, "boarding_staff": 0},
    )
    assert short(staff.check_boarding_staff(table, county("D07", 50), DAY), "observed") == [["s", "pass", 50.0]]
    assert short(staff.check_boarding_staff(table, county("D07", 49), DAY), "affected") == [["s", "fail", 100.0]]


@pytest.mark.parametrize(
    ("rows", "outcome"),
    [
        ([("rotation", 10, "%"), ("rotation_backbone", 20, "%")], "pass"),
        ([("rotation", 0.12, "share"), ("rotation_backbone", 25, "%")], "pass"),
        ([("rotation", 9.9, "%")], "fail"),
        ([("rotation", 12, "%")], "not_evaluated"),
        ([("rotation", 12, "所"), ("rotation_backbone", 25, "%")], "not_evaluated"),  # not a share
    ],
)
def test_teachers_who_move_are_read_from_the_figures_of_the_county(rows, outcome):
    figures = pd.DataFrame(rows, columns=["indicator", "value", "unit"])
    assert staff.check_rotation(figures, D08, DAY)["outcome"].tolist() == [outcome]
