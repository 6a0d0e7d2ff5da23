"""Dormitories, buildings, land and kindergartens."""

from datetime import date

import pandas as pd
import pytest

from layout_planner.compliance import buildings
from layout_planner.policy import CountyValue, load_catalogue

DAY = date(2025, 9, 1)
CATALOGUE = load_catalogue()
B04, B05, B09, B10 = (CATALOGUE.rule(rule) for rule in ("B04", "B05", "B09", "B10"))
NAN = float("nan")


def rows_of(usual, *rows):
    table = pd.DataFrame([{**usual, "subject_id": f"s{at}", **row} for at, row in enumerate(rows)])
    return table.assign(subject_type="school", subject_name=table["subject_id"])


def county(rule_id, value):
    signed = CountyValue(value, "会议纪要", "张三", date(2025, 3, 1))
    return CATALOGUE.with_county_values({rule_id: signed}).rule(rule_id)


def short(found, *columns):
    return found[["subject_id", "outcome", *columns]].values.tolist()


def test_each_boarder_has_three_square_metres_and_a_bed():
    usual = {"boarders": 20, "dorm_area_m2": 60, "beds": 20}
    table = rows_of(usual, {}, {"dorm_area_m2": 59}, {"beds": 19}, {"boarders": 0}, {"boarders": NAN}, {"beds": NAN})
    found = buildings.check_dormitory(table, B04, DAY)
    assert short(found, "observed", "limit", "affected") == [
        ["s0", "pass", 3.0, 3.0, 0.0],
        ["s1", "fail", 2.95, 3.0, 20.0],
        ["s2", "fail", 0.95, 1.0, 20.0],
        ["s4", "not_evaluated", *[pytest.approx(NAN, nan_ok=True)] * 3],
        ["s5", "not_evaluated", pytest.approx(NAN, nan_ok=True), 1.0, 0.0],
    ]
    assert found["unit"].tolist() == ["m2/boarder", "m2/boarder", "bed/boarder", "m2/boarder", "bed/boarder"]


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        ({}, "pass"),
        ({"dorm_height_m": 3.0, "bunk_beds": True}, "fail"),
        ({"dorm_height_m": 3.0, "bunk_beds": False}, "pass"),
        ({"dorm_height_m": 3.05, "bunk_beds": None}, "not_evaluated"),
        ({"dorm_height_m": 2.9, "bunk_beds": None}, "fail"),
        ({"dorm_height_m": 3.1, "bunk_beds": None}, "pass"),
        ({"dorm_floor_min": -1}, "fail"),
        ({"dorm_floor_min": -1, "dorm_height_m": NAN}, "fail"),
        ({"dorm_floor_min": NAN}, "not_evaluated"),
    ],
)
def test_a_dormitory_is_high_enough_for_its_beds_and_not_below_ground(row, outcome):
    usual = {"boarders": 20, "dorm_height_m": 3.1, "bunk_beds": True, "dorm_floor_min": 1}
    found = buildings.check_dormitory_height(rows_of(usual, row), B05, DAY)
    assert found["outcome"].tolist() == [outcome]


def test_what_all_schools_lack_is_said_once_for_the_county():
    usual = {"boarders": 20, "dorm_area_m2": NAN, "beds": 20}
    found = buildings.check_dormitory(rows_of(usual, {}, {}), B04, DAY)
    assert short(found, "missing") == [["county", "not_evaluated", "需：宿舍使用面积（dorm_area_m2）"]]


def test_areas_for_each_pupil_are_held_against_the_countys_own_number():
    table = rows_of({"pupils": 100, "building_area_m2": 830, "land_area_m2": 2000}, {}, {"building_area_m2": 829})
    assert short(buildings.check_area_per_pupil(table, county("B02", 8.3), DAY)) == [["s0", "pass"], ["s1", "fail"]]
    assert short(buildings.check_area_per_pupil(table, county("B03", 20), DAY)) == [["s0", "pass"], ["s1", "pass"]]


def test_a_school_that_builds_while_its_pupils_fall_waits_for_the_countys_word():
    usual = {"ready_year": 2027, "pupils_before": 200, "pupils_now": 150, "years": 5}
    found = buildings.check_new_buildings(rows_of(usual, {}, {"pupils_now": 200}), B09, DAY)
    assert short(found, "observed") == [["s0", "not_evaluated", -25.0], ["s1", "pass", 0.0]]
    nothing = buildings.check_new_buildings(rows_of(usual, {}).iloc[:0], B09, DAY)
    assert short(nothing) == [["county", "pass"]]


KINDERGARTEN = {
    "pupils": 100, "opened": 2010, "outdoor_area_m2": 400, "activity_area_m2": 817, "building_area_m2": 1044,
}  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "county_row"),
    [
        ([{}, {"outdoor_area_m2": 399}], "pass"),  # one of two old ones is half
        ([{}, {"outdoor_area_m2": 399}, {"building_area_m2": 1000}], "fail"),
        ([{}, {"opened": 2017, "outdoor_area_m2": 399}], "fail"),  # a new one has to
        ([{}, {"outdoor_area_m2": NAN}], "pass"),  # half of the old ones reach it whatever the other has
        ([{"outdoor_area_m2": 1}, {"outdoor_area_m2": NAN}, {"outdoor_area_m2": 1}], "fail"),
        ([{"outdoor_area_m2": 1}, {"outdoor_area_m2": NAN}], "not_evaluated"),
        ([{}, {"opened": NAN}], "not_evaluated"),
    ],
)
def test_old_kindergartens_need_half_and_new_ones_all(rows, county_row):
    found = buildings.check_kindergarten_areas(rows_of(KINDERGARTEN, *rows), B10, DAY)
    assert found.loc[found["subject_id"] == "county", "outcome"].tolist() == [county_row]
    assert len(found) == len(rows) + 1


def test_a_village_beyond_the_countys_radius_is_named():
    table = pd.DataFrame(
        {
            "subject_type": "township", "subject_id": "t", "subject_name": "甲镇", "village_name": ["甲村", "乙村", "丙村"],
            "children": [3.0, 4.0, 0.0], "metres": [1500.0, 1501.0, 9000.0],
        }
    )  # fmt: skip
    found = buildings.check_kindergarten_radius(table, county("B11", 1500), DAY)
    assert short(found, "affected", "names") == [["t", "fail", 4.0, "乙村 1501 米"]]
