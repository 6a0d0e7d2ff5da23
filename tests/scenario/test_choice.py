"""Children whose family chose a school over the limit although a nearer one is within it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.scenario.choice import counted_minutes, nearest_open
from layout_planner.scenario.timeline import opening
from tests.scenario.toy import BASE_YEAR, V1, V2, V3, A, C, toy_baseline

MINUTES = st.one_of(st.floats(0, 120), st.just(float("nan")))


def one(chosen, trip, nearest, limit=30.0):
    return float(counted_minutes(np.array([chosen]), np.array([trip]), np.array([nearest]), limit)[0])


def test_a_family_that_passes_a_near_school_is_counted_at_the_near_one():
    assert one(chosen=70.0, trip=70.0, nearest=12.0) == 12.0
    assert one(chosen=float("nan"), trip=float("nan"), nearest=12.0) == 12.0


def test_a_child_with_no_school_within_the_limit_keeps_the_whole_trip():
    assert one(chosen=42.0, trip=42.0, nearest=35.0) == 42.0
    assert np.isnan(one(chosen=float("nan"), trip=float("nan"), nearest=float("inf")))


def test_a_child_moved_from_a_near_school_to_a_far_one_is_counted_at_the_far_one():
    assert one(chosen=10.0, trip=42.0, nearest=28.0) == 42.0


@given(MINUTES, MINUTES, st.floats(0, 120), st.floats(1, 60))
def test_the_counted_trip_is_never_longer_than_the_real_one_and_shorter_only_by_choice(chosen, trip, nearest, limit):
    counted = one(chosen, trip, nearest, limit)
    if chosen <= limit:
        assert np.isnan(counted) if np.isnan(trip) else counted == trip
    else:
        assert not counted > np.nan_to_num(trip, nan=np.inf)


def test_an_empty_school_is_nobodys_nearest():
    baseline = toy_baseline()
    near = nearest_open(baseline, opening(baseline.schools), BASE_YEAR + 1)
    assert near.minutes.loc[[V1, V2, V3]].tolist() == [5.0, 10.0, 10.0]  # V3: 丁教学点 is 5 minutes away and empty
    villages = baseline.villages["village_code"]
    assert near.other_than(villages, villages.map({V1: A, V2: A, V3: C})).tolist() == [20.0, 28.0, 10.0]
