"""Children of events in the schools: by hand, kept, never below nobody, in any order."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.attendance.arrivals import Arrival, _settle, place_arrivals
from tests.attendance.test_flow_changes import GRADES, YEARS, A, B, by_cell, few, forecast, of, pupil_draws, setting

DRAWS = 3


def arrival(size, town=A, village=None, grades=GRADES, name="E"):
    rows = np.full((DRAWS, len(YEARS)), size, dtype=np.float32)
    rows[:, 0] = 0  # the base year is counted already
    return Arrival(name, town, village, dict.fromkeys(grades, rows))


def test_ten_children_a_grade_come_to_the_schools_where_others_of_the_place_sit():
    pupils, children, homes = setting()
    after, home, added, placed = place_arrivals(pupils, children, homes, [arrival(16.0)])
    assert of(after, "SA", 1, 2025) == pytest.approx(10 + 16 * 10 / 16)
    assert of(after, "SB", 1, 2025) == pytest.approx(12 + 16 * 4 / 16)
    assert of(after, "SP", 1, 2025) == pytest.approx(14 + 16 * 2 / 16)
    assert of(after, "SA", 1, 2024) == 10
    gained = (home["children"] - children["children"]).sel(township_code=A, grade=1).mean("draw")
    assert gained.values.tolist() == pytest.approx([0, 16, 16, 16, 16])
    assert float((home["outside"] - children["outside"]).max()) == 0  # primary school is for all who live here
    assert set(added) == {A}
    assert sum(float(p.pupils.mean(axis=0).sum()) for p in placed) == pytest.approx(16 * 6 * 4)


def test_a_village_sends_its_own_way():
    pupils, children, homes = setting()
    after, home, _, _ = place_arrivals(pupils, children, homes, [arrival(10.0, village="a2")])
    assert of(after, "SA", 1, 2025) == pytest.approx(10 + 10 * 3 / 5)  # a2: 3 in SA, 2 in SP
    assert of(after, "SP", 1, 2025) == pytest.approx(14 + 10 * 2 / 5)
    gained = (home["children_village"] - children["children_village"]).sel(grade_band="1-3", school_year=2025)
    assert gained.mean("draw").values.tolist() == pytest.approx([0, 30, 0, 0])


def test_children_of_a_grade_that_no_school_has_that_year_stand_outside_and_are_not_lost():
    values = forecast().values.copy()
    values[:, [0, len(GRADES), 2 * len(GRADES)], 2] = 0  # grade 1 in 2026
    pupils, children, homes = setting(values)
    after, home, _, placed = place_arrivals(pupils, children, homes, [arrival(16.0, grades=[1])])
    gained = (home["children"] - children["children"]).sel(township_code=A, grade=1).mean("draw")
    assert gained.values.tolist() == pytest.approx([0, 16, 16, 16, 16])
    away = (home["outside"] - children["outside"]).sel(township_code=A, grade=1).mean("draw")
    assert away.values.tolist() == pytest.approx([0, 0, 16, 0, 0])
    assert float(after.sel(school_year=2026).isel(unit=0).max()) == 0
    assert float((placed[0].pupils + placed[0].outside).mean(axis=0).sum()) == pytest.approx(16 * 4)


def test_those_who_leave_are_taken_where_they_sit_and_never_more_than_there_are():
    pupils, children, homes = setting()
    after, _, _, _ = place_arrivals(pupils, children, homes, [arrival(-8.0)])
    assert of(after, "SA", 1, 2025) == pytest.approx(10 - 8 * 10 / 16)
    assert of(after, "SB", 1, 2025) == pytest.approx(12 - 8 * 4 / 16)
    gone, _, _, placed = place_arrivals(pupils, children, homes, [arrival(-500.0)])
    assert of(gone, "SA", 1, 2025) == pytest.approx(0, abs=1e-4)
    assert of(gone, "SB", 1, 2025) == pytest.approx(8)  # those of township B stay
    assert float(placed[0].pupils[:, 1].mean()) == pytest.approx(-16)


def test_without_events_the_forecast_is_the_very_same_object():
    pupils, children, homes = setting()
    after, home, added, placed = place_arrivals(pupils, children, homes, [])
    assert after is pupils
    assert home is children
    assert (added, placed) == ({}, [])


sizes = st.floats(-40, 40)
places = st.sampled_from([(A, None), (A, "a1"), (A, "a2"), (B, None), (B, "b1")])
arrivals = st.builds(lambda size, place, low: arrival(size, *place, range(low, 7)), sizes, places, st.integers(1, 6))


@few
@given(pupil_draws, st.lists(arrivals, min_size=1, max_size=4))
def test_every_child_that_comes_or_leaves_is_counted_once(values, made):
    made = [Arrival(str(i), a.township, a.village, a.children) for i, a in enumerate(made)]
    pupils, children, homes = setting(values)
    after, home, _, placed = place_arrivals(pupils, children, homes, made)
    given_, received = by_cell(after, home)
    np.testing.assert_allclose(given_, received, atol=1e-3)
    gained = received - by_cell(pupils, children)[1]
    told = np.zeros_like(gained)
    for p in placed:
        told[:, p.grade - 1] += p.pupils + p.outside
    np.testing.assert_allclose(gained, told, atol=1e-3)
    assert after.values.min() >= 0
    assert home["children"].values.min() >= -1e-3
    bands = [home["children"].sel(grade=[1, 2, 3]), home["children"].sel(grade=[4, 5, 6])]
    for band, rows in zip(("1-3", "4-6"), bands, strict=True):
        village = home["children_village"].sel(grade_band=band).sum("village_code")
        xr.testing.assert_allclose(village.drop_vars("grade_band"), rows.sum(("grade", "township_code")), atol=2e-3)


@few
@given(pupil_draws, st.lists(arrivals, min_size=2, max_size=4))
def test_the_order_of_the_events_moves_no_result(values, made):
    made = [Arrival(str(i), a.township, a.village, a.children) for i, a in enumerate(made)]
    pupils, children, homes = setting(values)
    one, other = (place_arrivals(pupils, children, homes, order)[0] for order in (made, made[::-1]))
    np.testing.assert_allclose(one.values, other.values, atol=1e-3)


@few
@given(pupil_draws, places, st.floats(-30, 30), st.floats(0, 20))
def test_a_larger_event_never_leaves_fewer_pupils(values, place, size, more):
    pupils, children, homes = setting(values)
    small, large = (place_arrivals(pupils, children, homes, [arrival(s, *place)])[0] for s in (size, size + more))
    assert (large.values >= small.values - 1e-3).all()


def test_rounding_below_nobody_becomes_nobody_and_a_real_debt_stays():
    left = np.array([-1.5e-5, -0.01, 0.0, 3.0], dtype=np.float32)
    _settle(left, np.array([100.0, 100.0, 5.0, 5.0], dtype=np.float32))
    assert left.tolist() == pytest.approx([0.0, -0.01, 0.0, 3.0])
    assert left[0] == 0
