"""Each check by hand."""

from datetime import date

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from layout_planner import compliance
from layout_planner.compliance.findings import COLUMNS
from layout_planner.contracts.schemas import check_table
from layout_planner.errors import DataError, PolicyError
from layout_planner.policy import load_catalogue

DAY = date(2025, 9, 1)
CATALOGUE = load_catalogue()
NAN = float("nan")


def rows_of(columns, *rows):
    names = ["subject_type", "subject_id", "subject_name", *columns.split()]
    return pd.DataFrame([dict(zip(names, row, strict=True)) for row in rows], columns=names)


def trips(*rows):
    return rows_of("village_name grade_band children minutes", *rows)


def sections(*rows):
    return rows_of("stage grade pupils sections complete", *rows)


def short(found, *columns):
    return found[["subject_id", "outcome", *columns]].values.tolist()


def test_a_finding_has_the_columns_of_the_dictionary_and_passes_its_contract():
    table = trips(("village", "v1", "甲村", "甲村", "1-3", 4, 31.0), ("village", "v2", "乙村", "乙村", "1-3", 2, 30.0))
    found = compliance.check_young_pupils_trip(table, CATALOGUE.rule("T01"), DAY)
    rule = ["T01", "小学一至三年级单程路途时间", "BLOCK*"]
    cite = ["国办发〔2018〕27号（四）", ""]
    expected = pd.DataFrame(
        [
            [*rule, "fail", "village", "v1", "甲村", "", "1-3", 2025, 31.0, 30.0, "min", 4.0, "甲村", *cite],
            [*rule, "pass", "village", "v2", "乙村", "", "1-3", 2025, 30.0, 30.0, "min", 0.0, "", *cite],
        ],
        columns=list(COLUMNS),
    ).astype(COLUMNS)
    assert_frame_equal(found, expected)
    assert_frame_equal(check_table("findings", found), expected)


def test_a_village_without_a_route_is_over_the_limit_and_says_so():
    table = trips(("pair", "a>b", "甲→乙", "甲村", "1-3", 3, NAN), ("pair", "a>b", "甲→乙", "乙村", "1-3", 2, 12.0))
    found = compliance.check_young_pupils_trip(table, CATALOGUE.rule("T01"), DAY)
    assert short(found, "observed", "affected", "names") == [["a>b", "fail", 12.0, 3.0, "甲村（无路可达）"]]


def test_older_pupils_and_villages_without_children_do_not_break_the_trip_rule():
    table = trips(("pair", "a>b", "甲→乙", "甲村", "4-6", 3, 50.0), ("pair", "a>b", "甲→乙", "乙村", "1-3", 0, 50.0))
    found = compliance.check_young_pupils_trip(table, CATALOGUE.rule("T01"), DAY)
    assert short(found, "affected", "names") == [["a>b", "pass", 0.0, ""]]


def test_children_over_the_limit_whose_number_is_unknown_fail_with_an_unknown_count():
    found = compliance.check_young_pupils_trip(
        trips(("village", "v", "甲村", "甲村", "1-3", NAN, 45.0)), CATALOGUE.rule("T01"), DAY
    )
    assert found["outcome"].tolist() == ["fail"]
    assert found["affected"].isna().tolist() == [True]


def test_six_villages_are_named_by_five_and_the_count():
    table = trips(*[("pair", "a>b", "甲→乙", f"村{n}", "1-3", 1, 40.0) for n in range(6)])
    found = compliance.check_young_pupils_trip(table, CATALOGUE.rule("T01"), DAY)
    assert found["names"].tolist() == ["村0、村1、村2、村3、村4 等 6 个"]


def test_a_trip_before_the_notice_has_no_limit():
    with pytest.raises(PolicyError) as caught:
        compliance.check_young_pupils_trip(trips(), CATALOGUE.rule("T01"), date(2010, 9, 1))
    assert caught.value.code == "rule_not_in_force"


def test_a_boarder_in_grade_two_fails_and_older_boarders_do_not():
    rows = [("school", "s1", "甲", 2, 3), ("school", "s1", "甲", 5, 9), ("school", "s2", "乙", 5, 9)]
    table = rows_of("grade boarders", *rows)
    found = compliance.check_young_boarders(table, CATALOGUE.rule("T02"), DAY)
    assert short(found, "affected", "names") == [["s1", "fail", 3.0, "二年级 3 人"], ["s2", "pass", 0.0, ""]]


def test_boarders_nobody_counted_are_not_evaluated():
    found = compliance.check_young_boarders(
        rows_of("grade boarders", ("school", "s1", "甲", 1, NAN)), CATALOGUE.rule("T02"), DAY
    )
    missing = "需：分年级寄宿生（enrolment.csv 的 boarders_m、boarders_f）"
    assert short(found, "missing") == [["s1", "not_evaluated", missing]]


BOARDING = "grade boarders_m boarders_f beds_m beds_f meal_places"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ((5, 5, 5, 5, 8, 20), ["pass", 0.0, 0.0, "", ""]),
        ((5, 5, 5, 5, 2, 8), ["fail", 5.0, 10.0, "女生床位缺 3、餐位缺 2", ""]),
        ((5, 0, 0, NAN, NAN, NAN), ["pass", 0.0, 0.0, "", ""]),
        ((8, 9, 9, 1, 1, 0), ["pass", 0.0, 0.0, "", ""]),  # none of them in grades 4–6
    ],
)
def test_grades_four_to_six_board_only_with_a_bed_of_their_sex_and_a_meal(row, expected):
    found = compliance.check_older_boarders(rows_of(BOARDING, ("school", "s", "甲", *row)), CATALOGUE.rule("T03"), DAY)
    assert found[["outcome", "observed", "affected", "names", "missing"]].values.tolist() == [expected]


def test_unknown_beds_are_named_as_missing():
    table = rows_of(BOARDING, ("school", "s", "甲", 4, 2, 2, NAN, 9, 9))
    found = compliance.check_older_boarders(table, CATALOGUE.rule("T03"), DAY)
    assert short(found, "missing") == [["s", "not_evaluated", "需：男生床位"]]


def test_boarders_of_other_grades_take_up_beds_too():
    table = rows_of(BOARDING, ("school", "s", "甲", 6, 4, 0, 10, 10, 99), ("school", "s", "甲", 9, 9, 0, 10, 10, 99))
    found = compliance.check_older_boarders(table, CATALOGUE.rule("T03"), DAY)
    assert short(found, "affected", "names") == [["s", "fail", 4.0, "男生床位缺 3"]]


def test_uncounted_boarders_are_not_evaluated():
    found = compliance.check_older_boarders(
        rows_of(BOARDING, ("school", "s", "甲", 4, NAN, 2, 9, 9, 9)), CATALOGUE.rule("T03"), DAY
    )
    assert short(found, "observed", "missing")[0][1] == "not_evaluated"
    assert found["missing"].tolist() == ["需：男生床位、餐位"]


def test_a_subject_with_two_rows_where_one_is_allowed_is_refused():
    row = ("school", "s", "甲", 2100, False)
    with pytest.raises(DataError, match="subject s has 2 rows"):
        compliance.check_school_size(rows_of("pupils through_school", row, row), CATALOGUE.rule("C10"), DAY)


def test_the_class_size_limit_differs_by_stage():
    table = sections(
        ("school", "s", "甲", "primary", 1, 91, 2, True),  # 46 in one of two
        ("school", "s", "甲", "primary", 2, 90, 2, True),
        ("school", "s", "甲", "junior", 7, 100, 2, True),
    )
    found = compliance.check_class_size(table, CATALOGUE.rule("C01"), DAY)
    columns = ("stage", "observed", "limit", "affected", "names")
    assert short(found, *columns) == [
        ["s", "pass", "junior", 50.0, 50.0, 0.0, ""],
        ["s", "fail", "primary", 46.0, 45.0, 91.0, "一年级 46 人/班"],
    ]


def test_grades_in_one_multigrade_section_are_taken_together():
    table = sections(("school", "s", "甲", "primary", 1, 8, 1, True), ("school", "s", "甲", "primary", 2, 6, 0, True))
    assert compliance.class_sizes(table).tolist() == [14.0, 14.0]


def test_unknown_sections_are_not_evaluated_unless_another_grade_is_over():
    unknown = ("school", "s", "甲", "primary", 2, 40, NAN, True)
    known = ("school", "s", "甲", "primary", 1, 60, 1, True)
    alone = compliance.check_class_size(sections(unknown), CATALOGUE.rule("C01"), DAY)
    both = compliance.check_class_size(sections(unknown, known), CATALOGUE.rule("C01"), DAY)
    assert short(alone, "missing") == [["s", "not_evaluated", "需：分年级班级数（二年级）"]]
    assert both["outcome"].tolist() == ["fail"]


def test_an_incomplete_primary_is_measured_by_its_own_rule():
    table = sections(
        ("school", "s", "甲教学点", "primary", 1, 31, 1, False), ("school", "t", "乙小学", "primary", 1, 40, 1, True)
    )
    assert short(compliance.check_incomplete_primary(table, CATALOGUE.rule("C03"), DAY), "limit", "names") == [
        ["s", "fail", 30.0, "一年级 31 人/班"]
    ]
    assert short(compliance.check_class_size(table, CATALOGUE.rule("C01"), DAY)) == [["t", "pass"]]


def test_an_incomplete_primary_with_a_fifth_section_fails():
    table = sections(*[("school", "s", "甲", "primary", g, 20, 1 + (g == 1), False) for g in (1, 2, 3, 4)])
    found = compliance.check_incomplete_primary(table, CATALOGUE.rule("C03"), DAY)
    assert short(found, "names", "affected") == [["s", "fail", "共 5 个班", 0.0]]


def test_fifty_six_in_a_class_is_oversized_and_sixty_six_very_oversized():
    table = sections(*[("school", "s", "甲", "primary", g, n, 1, True) for g, n in ((1, 55), (2, 56), (3, 66))])
    found = compliance.check_oversized_class(table, CATALOGUE.rule("C07"), DAY)
    assert short(found, "observed", "affected", "names") == [
        ["s", "fail", 66.0, 122.0, "二年级 56 人/班、三年级 66 人/班（超大班额）"]
    ]


def test_a_nine_year_school_may_be_larger_and_the_recalled_ceiling_says_so():
    table = rows_of("pupils through_school", ("school", "s", "甲", 2100, False), ("school", "t", "乙", 2100, True))
    found = compliance.check_school_size(table, CATALOGUE.rule("C10"), DAY)
    assert short(found, "limit", "affected") == [["s", "fail", 2000.0, 2100.0], ["t", "pass", 2500.0, 0.0]]
    assert "(待核)" in found["cite"].iloc[0]


def test_school_sizes_sum_grades_one_to_nine_and_know_a_nine_year_school():
    table = sections(
        ("school", "s", "甲", "primary", 1, 30, 1, True),
        ("school", "s", "甲", "junior", 7, 40, 1, True),
        ("school", "s", "甲", "pre", 0, 99, 1, True),
    )
    assert compliance.school_sizes(table)[["pupils", "through_school"]].values.tolist() == [[70.0, True]]


def test_a_receiver_without_enough_beds_fails():
    columns = "boarders_after beds diners_after meal_places"
    table = rows_of(
        columns,
        ("pair", "a>b", "甲→乙", 12, 10, 30, 25),
        ("pair", "a>c", "甲→丙", 0, NAN, 30, 30),
        ("pair", "a>d", "甲→丁", 5, NAN, 30, 30),
    )
    found = compliance.check_receiver_places(table, CATALOGUE.rule("M09"), DAY)
    assert short(found, "affected", "names", "missing") == [
        ["a>b", "fail", 5.0, "床位缺 2、餐位缺 5", ""],
        ["a>c", "pass", 0.0, "", ""],
        ["a>d", "not_evaluated", 0.0, "", "需：接收学校床位"],
    ]


CROWDING = "stage class_size_before class_size_after size_before size_after through_school"


def crowding(*row):
    rules = {"oversized": CATALOGUE.rule("C07"), "ceiling": CATALOGUE.rule("C10")}
    table = rows_of(CROWDING, ("pair", "a>b", "甲→乙", "primary", *row))
    return compliance.check_merge_crowding(table, CATALOGUE.rule("M10"), DAY, **rules)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ((50, 55, 900, 950, False), ["pass", 55.0, 56.0, ""]),
        ((50, 56, 900, 950, False), ["fail", 56.0, 56.0, "大班额:56 人/班"]),
        ((56, 60, 900, 950, False), ["pass", 60.0, 56.0, ""]),  # already oversized: not made by the merger
        ((60, 66, 900, 950, False), ["fail", 66.0, 66.0, "超大班额:66 人/班"]),
        ((40, 40, 1990, 2001, False), ["fail", 2001.0, 2000.0, "超大规模学校：2001 人"]),
        ((40, 40, 1990, 2001, True), ["pass", 40.0, 56.0, ""]),
        ((NAN, 56, 900, 950, False), ["fail", 56.0, 56.0, "大班额:56 人/班"]),
    ],
)
def test_a_merger_fails_only_for_the_crowding_it_causes(row, expected):
    assert crowding(*row)[["outcome", "observed", "limit", "names"]].values.tolist() == [expected]


def test_an_unknown_class_size_after_the_merger_is_not_evaluated():
    assert short(crowding(40, NAN, 900, 950, False), "missing") == [["a>b", "not_evaluated", "需：接收学校并后班额"]]


def test_the_receiver_is_ready_by_the_year_of_closing():
    columns = "needed_capacity_ready_year closing_year affected"
    table = rows_of(
        columns,
        ("pair", "a>b", "甲→乙", 2028, 2027, 9),
        ("pair", "a>c", "甲→丙", 2027, 2027, 9),
        ("pair", "a>d", "甲→丁", NAN, 2027, 9),
        ("pair", "a>e", "甲→戊", 2028, NAN, 9),
    )
    found = compliance.check_build_before_close(table, CATALOGUE.rule("M12"), DAY)
    assert short(found, "affected") == [
        ["a>b", "fail", 9.0],
        ["a>c", "pass", 0.0],
        ["a>d", "pass", 0.0],
        ["a>e", "not_evaluated", 0.0],
    ]


def test_a_school_that_must_stay_may_not_be_closed():
    table = rows_of(
        "must_keep must_keep_reason affected",
        ("pair", "a>b", "甲→乙", True, "山区,冬季封路", 7),
        ("pair", "c>b", "丙→乙", False, None, 7),
        ("pair", "d>b", "丁→乙", None, None, 7),
    )
    found = compliance.check_must_keep(table, CATALOGUE.rule("M19"), DAY)
    assert short(found, "affected", "names") == [
        ["a>b", "fail", 7.0, "山区,冬季封路"],
        ["c>b", "pass", 0.0, ""],
        ["d>b", "not_evaluated", 0.0, ""],
    ]
