"""Ways, zones, the network of schools and children out of school, by hand."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.compliance import check_safe_routes, demand, network, travel, zones
from tests.compliance.case_tables import CATALOGUE, DAY, NAN, set_by_county, told

SUBJECT = {"subject_type": "pair", "subject_id": "a>b", "subject_name": "甲→乙"}
SCHOOL = {"subject_type": "school", "subject_id": "s1", "subject_name": "甲校"}
TOWN = {"subject_type": "township", "subject_id": "t1", "subject_name": "甲镇"}


def table(subject, columns, *rows):
    return pd.DataFrame([{**subject, **dict(zip(columns.split(), row, strict=True))} for row in rows])


def routes(*rows):
    return table(SUBJECT, "village_name children safe", *rows)


M08 = CATALOGUE.rule("M08")


def test_an_unsafe_way_fails_with_its_village_and_children():
    found = check_safe_routes(routes(("甲村", 3, 1), ("乙村", 2, 0), ("丙村", 4, NAN)), M08, DAY)
    assert told(found, "observed", "limit", "affected", "names") == [["fail", 1.0, 0.0, 2.0, "乙村"]]
    assert "丙村" in found["missing"].iloc[0]


def test_a_way_nobody_certified_never_passes_unless_nobody_goes_it():
    found = check_safe_routes(routes(("甲村", 3, 1), ("乙村", 2, NAN)), M08, DAY)
    assert told(found) == [["not_evaluated"]]
    assert found["observed"].isna().all() and "1 条没有认定：乙村" in found["missing"].iloc[0]
    assert told(check_safe_routes(routes(("甲村", 3, 1), ("乙村", 0, NAN)), M08, DAY)) == [["pass"]]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([0.0, 1.0, NAN]), min_size=1, max_size=5))
def test_only_a_pair_with_every_way_certified_passes(marks):
    found = check_safe_routes(routes(*[(f"村{n}", 1, mark) for n, mark in enumerate(marks)]), M08, DAY)
    assert (found["outcome"].iloc[0] == "pass") == all(mark == 1 for mark in marks)


def funds(*rows):
    return table(SCHOOL, "year yuan pupils", *rows)


@pytest.mark.parametrize(
    ("rows", "outcome"),
    [
        ([(2023, 72000, 20), (2024, 71000, 15)], "fail"),
        ([(2023, 72000, 20), (2024, 72000, 15)], "not_evaluated"),
        ([(2024, 72000, 15)], "not_evaluated"),
    ],
)
def test_public_funds_of_a_small_school_do_not_fall(rows, outcome):
    found = network.check_funds_kept(funds(*rows), CATALOGUE.rule("M11"), DAY, small=CATALOGUE.rule("M01"))
    assert told(found) == [[outcome]]


def test_large_and_empty_schools_are_not_asked_about_their_funds():
    for pupils in (100, 0):
        rows = funds((2023, 9.0, pupils), (2024, 8.0, pupils))
        assert network.check_funds_kept(rows, CATALOGUE.rule("M11"), DAY, small=CATALOGUE.rule("M01")).empty


def test_a_township_without_a_junior_school_is_told_with_its_children():
    rows = table(TOWN, "junior_schools children", (0, 231))
    found = network.check_junior_in_township(rows, CATALOGUE.rule("M20"), DAY)
    assert told(found, "subject_id", "stage", "affected")[0] == ["fail", "t1", "junior", 231.0]
    assert told(found, "subject_id", "stage")[1] == ["not_evaluated", "county", "primary"]
    assert "(待核)" in found["cite"].iloc[0]


def test_the_pace_of_closing_is_told_and_not_judged():
    rows = pd.DataFrame({"school_year": [2024, 2023], "closings": [2, 0], "emptied": [1, 0], "schools_open": [38, 38]})
    found = network.check_pace(rows, CATALOGUE.rule("M23"), DAY)
    assert told(found, "observed") == [["not_evaluated", 2.0]]
    assert found["names"].iloc[0].endswith("2024 学年停办 2 所，新成空壳 1 所（上年在办 38 所）")


def necessary(*rows):
    columns = "subject_id subject_name kindergarten pupils must_keep is_open closing_case"
    return table({"subject_type": "school"}, columns, *rows)


def test_a_necessary_small_school_is_not_on_its_way_to_closing():
    rows = necessary(
        ("a", "甲", False, 20, True, True, False),
        ("b", "乙", False, 20, True, True, True),
        ("c", "丙", False, 20, True, False, False),
        ("d", "丁", False, 200, True, False, False),
        ("e", "戊", False, 20, False, False, False),
    )
    found = network.check_necessary_kept(rows, CATALOGUE.rule("M24"), DAY, small=CATALOGUE.rule("M01"))
    assert told(found, "subject_id", "names") == [
        ["pass", "a", ""], ["fail", "b", "已启动撤并程序"], ["fail", "c", "已停办"],
    ]  # fmt: skip


def test_schools_nobody_has_judged_leave_the_county_open():
    rows = necessary(("a", "甲", False, 20, None, True, False), ("b", "乙园", True, 200, False, True, False))
    found = network.check_necessary_kept(rows, CATALOGUE.rule("M24"), DAY, small=CATALOGUE.rule("M01"))
    assert told(found, "subject_id") == [["not_evaluated", "county"]]
    assert "甲" in found["missing"].iloc[0] and "乙园" not in found["missing"].iloc[0]


def test_children_out_of_school_from_seven_to_fourteen_are_counted():
    rows = table(TOWN, "age not_enrolled", (5, 40.0), (6, 9.0), (7, 1.0), (14, 2.0), (15, 7.0))
    rule, ages = CATALOGUE.rule("A01"), CATALOGUE.rule("A03")
    found = demand.check_late_entry(rows, rule, DAY, ages=ages)
    assert told(found, "affected", "names") == [["fail", 3.0, "7 周岁 1 人、14 周岁 2 人"]]
    none = demand.check_late_entry(rows[rows["age"] < 7], rule, DAY, ages=ages)
    assert told(none) == [["not_evaluated"]]


def test_a_village_without_a_usable_zone_fails_with_its_children():
    columns = "stage village_name children zoned usable"
    rows = table(
        TOWN, columns, ("primary", "甲村", 8, True, True), ("primary", "乙村", 5, False, False),
        ("junior", "甲村", 4, True, False), ("junior", "乙村", 3, True, True),
    )  # fmt: skip
    found = demand.check_zones_complete(rows, CATALOGUE.rule("A05"), DAY)
    assert told(found, "stage", "observed", "affected", "names")[:2] == [
        ["fail", "primary", 1.0, 5.0, "小学没有学区：乙村"],
        ["fail", "junior", 1.0, 4.0, "初中没有学区：甲村（学区学校未开办该学段）"],
    ]
    assert told(found, "subject_id")[2] == ["not_evaluated", "county"]


def zone_trips(*rows):
    return table(SCHOOL, "stage village_name children metres place boards", *rows)


def test_rural_villages_beyond_the_radius_are_named_with_their_kilometres():
    rows = zone_trips(
        ("primary", "甲村", 8, 2000.0, "rural", False),
        ("primary", "乙村", 5, 3400.0, "rural", False),
        ("primary", "丙社区", 50, 9000.0, "county_town", False),
        ("primary", "丁村", 0, 9000.0, "rural", False),
        ("junior", "甲村", 5, 9000.0, "rural", False),
    )
    found = zones.check_rural_radius(rows, CATALOGUE.rule("T07"), DAY)
    assert told(found, "limit", "affected", "names", "unit") == [["fail", 2.0, 5.0, "乙村 3.4", "km"]]
    own = zones.check_rural_radius(rows, set_by_county("T06", 9), DAY)
    assert told(own, "stage") == [["pass", "junior"], ["pass", "primary"]]


def test_a_village_of_unknown_class_or_place_never_passes_a_radius():
    for row in (("primary", "甲村", 8, 100.0, None, False), ("primary", "甲村", 8, NAN, "rural", False)):
        assert told(zones.check_rural_radius(zone_trips(row), CATALOGUE.rule("T07"), DAY)) == [["not_evaluated"]]


def test_in_the_county_town_boarding_schools_are_exempt():
    rows = zone_trips(
        ("primary", "甲社区", 60, 543.0, "county_town", False), ("junior", "甲社区", 30, 1500.0, "county_town", True)
    )
    found = zones.check_town_radius(rows, CATALOGUE.rule("T09"), DAY)
    assert told(found, "stage", "observed", "limit") == [["fail", "primary", 543.0, 500.0]]


@pytest.mark.parametrize(
    ("stage", "people", "schools", "outcome", "limit"),
    [
        ("primary", 125705, 22, "pass", 5000.0),
        ("primary", 125705, 30, "fail", 5000.0),
        ("junior", 125705, 8, "fail", 20000.0),
        ("junior", 125705, 5, "pass", 20000.0),
        ("junior", 125705, 4, "fail", 30000.0),
        ("junior", 125705, 0, "not_evaluated", 20000.0),
    ],
)
def test_people_per_school_lie_between_the_limits(stage, people, schools, outcome, limit):
    rows = table({**TOWN, "subject_type": "county"}, "stage people schools", (stage, people, schools))
    assert told(zones.check_people_per_school(rows, CATALOGUE.rule("T08"), DAY), "limit") == [[outcome, limit]]


def trips(*rows):
    return table(TOWN, "village_name grade_band children minutes screening", *rows)


def test_older_pupils_are_held_to_the_countys_own_minutes_band_by_band():
    rows = trips(("甲村", "4-6", 5, 41.0, False), ("乙村", "7-9", 5, 40.0, False), ("丙村", "1-3", 5, 99.0, False))
    found = travel.check_older_pupils_trip(rows, set_by_county("T05", 40), DAY)
    assert told(found, "grade_band", "affected") == [["fail", "4-6", 5.0], ["pass", "7-9", 0.0]]
    straight = trips(("甲村", "4-6", 5, 5.0, True))
    assert told(travel.check_older_pupils_trip(straight, set_by_county("T05", 40), DAY)) == [["not_evaluated"]]


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        (("甲村", "1-3", 5, 20.0, False, False), "pass"),
        (("甲村", "1-3", 5, 31.0, False, True), "pass"),
        (("甲村", "1-3", 5, 31.0, False, False), "not_evaluated"),
        (("甲村", "1-3", 5, NAN, False, False), "not_evaluated"),
        (("甲村", "1-3", 0, NAN, False, False), "pass"),
        (("甲村", "1-3", 5, 20.0, True, False), "not_evaluated"),
    ],
)
def test_a_village_too_far_has_a_bus_or_is_named(row, outcome):
    rows = table(TOWN, "village_name grade_band children minutes screening bus", row)
    found = travel.check_bus_where_far(rows, CATALOGUE.rule("T11"), DAY, near=CATALOGUE.rule("T01"))
    assert told(found) == [[outcome]]
