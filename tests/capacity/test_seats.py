"""Seats: every component by hand, then properties."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.capacity import SeatLimits, seat_limits, stages_of
from layout_planner.capacity import seats as count_seats
from layout_planner.policy import load_catalogue, load_parameters, parameter_values
from layout_planner.terms import Stage

LIMITS = SeatLimits(
    class_size={
        "near": {Stage.PRIMARY: 45, Stage.JUNIOR: 50, Stage.SENIOR: 50},
        "long": {Stage.PRIMARY: 40, Stage.JUNIOR: 45, Stage.SENIOR: 50},
    },
    kindergarten_size={-2: 25, -1: 30, 0: 35},
    incomplete_sections=4,
    incomplete_size=30,
    area_per_pupil={Stage.PRIMARY: 4.5, Stage.JUNIOR: 5.8},
    noon_diners=1.0,
)
SCHOOL = {
    "school_id": "9900000001",
    "name": "甲校",
    "kind": "primary",
    "grade_low": 1,
    "grade_high": 6,
    "township_code": "620724101",
    "classrooms": 7,
    "special_rooms": 1,
    "teaching_area_m2": 990.0,
    "dorm_beds_m": 20,
    "dorm_beds_f": 20,
    "canteen_seats": 35,
    "canteen_sittings": 2,
}


def register(**changes):
    return pd.DataFrame([{**SCHOOL, **changes}])


def pupils(*rows):
    columns = ["school_id", "stage", "pupils", "boarders"]
    return pd.DataFrame(rows or [("9900000001", "primary", 100.0, 20.0)], columns=columns)


def seats(schools, now, term="near"):
    table = count_seats(schools, now, LIMITS)
    return table[table["term"] == term].reset_index(drop=True)


def test_every_component_of_a_boarding_primary_by_hand():
    row = seats(register(), pupils()).iloc[0]
    assert row["seats_rooms"] == 6 * 45  # the special room is not counted
    assert row["seats_area"] == 990 / 4.5
    assert row["seats_beds"] == 100 * 40 / 20
    assert row["seats_meals"] == 70  # 35 seats, 2 sittings, everybody eats
    assert (row["seats"], row["binding"], row["next_binding"]) == (70, "meals", "beds")
    assert row["use"] == pytest.approx(100 / 70)


def test_an_incomplete_primary_with_six_rooms_holds_four_sections_of_thirty():
    school = register(grade_high=4, classrooms=6, special_rooms=0, teaching_area_m2=None, canteen_seats=None)
    row = seats(school, pupils(("9900000001", "primary", 12.0, 0.0))).iloc[0]
    assert (row["seats"], row["binding"], row["next_binding"]) == (120, "rooms", "none")


def test_the_long_term_changes_the_rooms_only():
    near, long = (seats(register(), pupils(), term).iloc[0] for term in ("near", "long"))
    assert (near["seats_rooms"], long["seats_rooms"]) == (270, 240)
    same = ["seats_area", "seats_beds", "seats_meals", "pupils_now"]
    assert near[same].tolist() == long[same].tolist()


def test_a_nine_year_school_shares_its_rooms_by_pupils():
    school = register(kind="nine_year", grade_high=9, classrooms=13, teaching_area_m2=1200.0, canteen_seats=None)
    now = pupils(("9900000001", "primary", 200.0, 0.0), ("9900000001", "junior", 100.0, 30.0))
    table = seats(school, now).set_index("stage")
    assert table["seats_rooms"].to_dict() == {"primary": 8 * 45, "junior": 4 * 50}
    assert table["seats_area"].to_dict() == {"primary": 177, "junior": 68}  # 800 / 4.5, 400 / 5.8, down to whole seats
    assert np.isnan(table.loc["primary", "seats_beds"])  # nobody of the primary part boards
    assert table.loc["junior", "seats_beds"] == 133  # 100 * 40 / 30


def test_kindergarten_rooms_hold_the_mean_of_the_grades_offered():
    school = register(kind="kindergarten", grade_low=-2, grade_high=0, classrooms=3, special_rooms=0)
    row = seats(school, pupils(("9900000001", "pre", 60.0, 0.0))).iloc[0]
    assert (row["stage"], row["seats_rooms"]) == ("pre", 90)
    assert np.isnan(row["seats_area"])


def test_an_empty_school_has_seats_but_no_components_of_today():
    school = register()
    table = seats(school, pupils(("9900000009", "primary", 1.0, 0.0)))
    row = table.iloc[0]
    assert (row["pupils_now"], row["use"], row["seats"]) == (0, 0, 220)
    assert np.isnan(row["seats_beds"]) and np.isnan(row["seats_meals"])


def test_a_school_without_rooms_has_no_seats_and_no_use():
    row = seats(register(classrooms=0, special_rooms=0), pupils()).iloc[0]
    assert row["seats"] == 0 and row["binding"] == "rooms" and np.isnan(row["use"])


def test_stages_follow_from_the_grades():
    assert stages_of(0, 9) == ["pre", "primary", "junior"]


def test_limits_come_from_the_catalogue():
    values = parameter_values(load_parameters(), {"noon_diners": 1.0})
    assert seat_limits(load_catalogue(), date(2026, 11, 24), values) == LIMITS


@settings(max_examples=20, deadline=None)
@given(
    rooms=st.integers(0, 30),
    special=st.integers(0, 6),
    primary=st.floats(0, 900),
    junior=st.floats(0, 900),
    high=st.sampled_from([3, 4, 6, 9]),
)
def test_one_more_room_never_lowers_seats_and_a_smaller_class_never_raises_them(rooms, special, primary, junior, high):
    now = pupils(("9900000001", "primary", primary, 0.0), ("9900000001", "junior", junior, 0.0))
    one = register(grade_high=high, classrooms=rooms, special_rooms=special)
    more = register(grade_high=high, classrooms=rooms + 1, special_rooms=special)
    before, after, long = seats(one, now), seats(more, now), seats(one, now, "long")
    assert (after["seats"] >= before["seats"] - 1e-9).all()
    assert (long["seats"] <= before["seats"] + 1e-9).all()


def test_the_order_of_schools_changes_nothing():
    two = pd.concat([register(), register(school_id="9900000002", name="乙校", classrooms=4)], ignore_index=True)
    now = pupils(("9900000001", "primary", 100.0, 20.0), ("9900000002", "primary", 30.0, 0.0))
    forward, backward = seats(two, now), seats(two.iloc[::-1], now)
    pd.testing.assert_frame_equal(forward, backward.sort_values("school_id", ignore_index=True))
