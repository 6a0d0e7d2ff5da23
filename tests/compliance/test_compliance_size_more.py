"""Class and school size beyond the near term: the county's sections, senior schools, kindergartens, the county's own."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.compliance import check_class_size
from layout_planner.compliance.sections import class_sizes, every_section
from layout_planner.compliance.size import check_school_floor
from layout_planner.compliance.size_county import check_every_class, check_large_class, check_oversized_shares
from layout_planner.compliance.size_stages import check_kindergarten_class, check_kindergarten_size, check_senior_class
from layout_planner.errors import PolicyError
from layout_planner.policy import CountyValue, load_catalogue

DAY = date(2025, 9, 1)
CATALOGUE = load_catalogue()
NAN = float("nan")
ROW = st.tuples(st.sampled_from("stu"), st.integers(1, 6), st.integers(0, 400), st.integers(1, 9))


def sections(*rows):
    names = ["subject_id", "stage", "grade", "pupils", "sections"]
    table = pd.DataFrame([dict(zip(names, row, strict=True)) for row in rows], columns=names)
    return table.assign(subject_type="school", subject_name="校" + table["subject_id"].astype(str), complete=True)


def short(found, *columns):
    return found[["subject_id", "outcome", *columns]].values.tolist()


def county(rule_id, *values):
    signed = [CountyValue(v, "会议纪要", "张三", date(2025, 3, 1), stage=s) for s, v in values]
    return CATALOGUE.with_county_values({rule_id: signed}).rule(rule_id)


def test_a_grade_is_divided_evenly_over_its_sections():
    table = sections(("s", "primary", 1, 91, 2), ("s", "primary", 2, 0, 1), ("s", "primary", 3, 50, NAN))
    assert every_section(table)["size"].tolist() == [46.0, 45.0]


def test_multigrade_grades_make_one_row_a_section():
    table = sections(("s", "primary", 1, 8, 1), ("s", "primary", 2, 7, 0), ("t", "primary", 1, 30, 1))
    assert sorted(every_section(table)["size"].tolist()) == [15.0, 30.0]


@given(st.lists(ROW, min_size=1, max_size=8, unique_by=lambda row: row[:2]))
def test_sections_lose_no_pupil_and_none_is_larger_than_the_class_size(rows):
    table = sections(*[(s, "primary", g, n, k) for s, g, n, k in rows])
    each = every_section(table)
    assert each["size"].sum() == table["pupils"].sum()
    if len(each):
        assert each["size"].max() == class_sizes(table).max()


def test_todays_sections_stand_beside_the_long_term_size():
    table = sections(("s", "primary", 1, 41, 1), ("s", "junior", 7, 45, 1))
    found = check_class_size(table, CATALOGUE.rule("C02"), DAY)
    assert short(found, "stage", "limit") == [["s", "pass", "junior", 45.0], ["s", "fail", "primary", 40.0]]


def test_the_countys_own_small_class_binds_only_the_stage_it_was_set_for():
    table = sections(("s", "primary", 1, 31, 1), ("s", "junior", 7, 49, 1))
    found = check_class_size(table, county("C13", ("primary", 30)), DAY)
    assert short(found, "stage", "affected") == [["s", "fail", "primary", 31.0]]
    assert found["cite"].str.endswith("(本县自定,张三,2025-03-01)").all()
    with pytest.raises(PolicyError):
        check_class_size(table, county("C13", ("senior", 30)), DAY)


def test_large_sections_are_counted_over_the_county_with_their_schools():
    table = sections(("s", "primary", 1, 46, 1), ("t", "primary", 1, 45, 1), ("t", "primary", 2, 60, 2))
    found = check_large_class(table, CATALOGUE.rule("C08"), DAY)
    assert short(found, "observed", "affected", "names") == [
        ["county", "fail", 25.0, 46.0, "正常 1 个班；不足 36 人 2 个班；偏大 1 个班：校s"]
    ]


def test_a_section_of_56_is_oversized_not_large():
    table = sections(("s", "primary", 1, 56, 1), ("s", "primary", 2, 40, 1))
    assert check_large_class(table, CATALOGUE.rule("C08"), DAY)["outcome"].tolist() == ["pass"]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([40] * 19 + [56], ["pass", 0.0, 2.0]),  # 5 % oversized, none very oversized
        ([40] * 18 + [56, 57], ["fail", 10.0, 5.0]),
        ([40] * 39 + [66], ["fail", 2.5, 2.0]),  # one of forty is very oversized
    ],
)
def test_shares_of_oversized_sections_are_held_against_both_targets(sizes, expected):
    table = sections(*[(f"s{at:02d}", "primary", 1, size, 1) for at, size in enumerate(sizes)])
    found = check_oversized_shares(table, CATALOGUE.rule("C09"), DAY, bands=CATALOGUE.rule("C07"))
    assert found[["outcome", "observed", "limit"]].values.tolist() == [expected]


def test_shares_with_sections_that_nobody_counted_are_not_a_pass():
    table = sections(("s", "primary", 1, 40, 1), ("t", "primary", 1, 40, NAN))
    found = check_oversized_shares(table, CATALOGUE.rule("C09"), DAY, bands=CATALOGUE.rule("C07"))
    assert short(found, "missing") == [["county", "not_evaluated", "需：分年级班级数（校t小学）"]]


def test_no_target_for_the_shares_was_in_force_before_2018():
    table = sections(("s", "primary", 1, 40, 1))
    with pytest.raises(PolicyError) as caught:
        check_oversized_shares(table, CATALOGUE.rule("C09"), date(2015, 9, 1), bands=CATALOGUE.rule("C07"))
    assert caught.value.code == "rule_not_in_force"


def test_the_goal_of_the_county_is_not_known_but_what_it_would_find_is():
    table = sections(("s", "primary", 1, 46, 1), ("t", "junior", 7, 50, 1))
    wanted = "需：本县是否以优质均衡为目标（county.toml 的 [goals]）"
    found = check_every_class(table.assign(goal=False), CATALOGUE.rule("C11"), DAY)
    assert short(found, "stage", "observed", "names", "missing") == [
        ["county", "not_evaluated", "primary", 46.0, "超出 1 个班：校s 一年级", wanted],
        ["county", "not_evaluated", "junior", 50.0, "", wanted],
    ]


def test_a_county_with_the_goal_is_bound_by_every_class():
    table = sections(("s", "primary", 1, 46, 1), ("t", "junior", 7, 50, 1), ("u", "junior", 8, 40, NAN))
    found = check_every_class(table.assign(goal=True), CATALOGUE.rule("C11"), DAY)
    assert short(found, "stage", "missing") == [
        ["county", "fail", "primary", ""],
        ["county", "not_evaluated", "junior", "需：分年级班级数（校u初中）"],
    ]


def test_a_senior_class_over_the_cap_says_so():
    table = sections(("s", "senior", 10, 51, 1), ("s", "senior", 11, 56, 1), ("t", "senior", 10, 50, 1))
    found = check_senior_class(table, CATALOGUE.rule("C12"), DAY)
    assert short(found, "names") == [
        ["s", "fail", "高一 51 人/班、高二 56 人/班（超过上限 55）"],
        ["t", "pass", ""],
    ]


def test_a_kindergarten_class_is_measured_by_its_age():
    table = sections(("s", "pre", -2, 26, 1), ("s", "pre", 0, 35, 1), ("t", "pre", -1, 60, 2))
    found = check_kindergarten_class(table, CATALOGUE.rule("C14"), DAY)
    assert short(found, "observed", "limit", "affected", "names") == [
        ["s", "fail", 26.0, 25.0, 26.0, "小班 26 人/班"],
        ["t", "pass", 30.0, 30.0, 0.0, ""],
    ]


@pytest.mark.parametrize(("children", "outcome"), [(30, "pass"), (31, "fail")])
def test_a_mixed_kindergarten_class_has_its_own_size(children, outcome):
    table = sections(("s", "pre", -2, 10, 1), ("s", "pre", -1, children - 10, 0))
    found = check_kindergarten_class(table, CATALOGUE.rule("C14"), DAY)
    assert short(found, "observed", "limit") == [["s", outcome, float(children), 30.0]]


def test_a_kindergarten_of_361_is_too_large_even_when_a_grade_is_not_counted():
    table = sections(
        ("s", "pre", -2, 361, 9), ("s", "pre", 0, NAN, 1), ("t", "pre", 0, NAN, 1), ("u", "pre", 0, 360, 9)
    )
    found = check_kindergarten_size(table, CATALOGUE.rule("C15"), DAY)
    assert short(found, "affected") == [["s", "fail", 361.0], ["t", "not_evaluated", 0.0], ["u", "pass", 0.0]]


def test_a_school_below_the_countys_own_floor_is_named_with_who_set_it():
    table = sections(("s", "primary", 1, 4, 1), ("s", "primary", 2, 5, 1), ("t", "primary", 1, 10, 1))
    found = check_school_floor(table, county("C16", ("primary", 10)), DAY)
    assert short(found, "observed", "affected") == [["s", "fail", 9.0, 9.0], ["t", "pass", 10.0, 0.0]]
    assert found["cite"].str.contains("本县自定,张三").all()
