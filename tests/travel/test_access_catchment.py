"""Seats within reach: a hand table, an independent loop, and the sum of seats."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.travel.catchment import seat_access, zone_weights

PARAMETERS = {
    **{f"catchment_zone_{n}": end for n, end in ((1, 10.0), (2, 20.0), (3, 30.0))},
    **{f"catchment_weight_{n}": weight for n, weight in ((1, 1.0), (2, 0.68), (3, 0.22))},
}


def case(minutes, children, seats):
    places, schools = [f"v{i}" for i in range(len(children))], [f"s{j}" for j in range(len(seats))]
    worst = pd.DataFrame(
        [(v, s, "7-9", minutes[i][j], "") for i, v in enumerate(places) for j, s in enumerate(schools)],
        columns=["village_code", "school_id", "grade_band", "minutes", "reason"],
    )
    allocation = pd.DataFrame(
        {"village_code": places, "attends": "s0", "grade_band": "7-9", "children": np.array(children, dtype=float)}
    )
    supply = pd.DataFrame({"school_id": schools, "stage": "junior", "seats": np.array(seats, dtype=float)})
    villages = pd.DataFrame({"village_code": places, "name": places, "township_code": "t"})
    return worst, allocation, supply, villages


def test_two_schools_by_hand():
    table = seat_access(*case([[5.0, 25.0], [15.0, np.nan]], [100, 50], [134, 22]), PARAMETERS)
    # R0 = 134 ÷ (100 + 0.68 × 50) = 1; R1 = 22 ÷ (0.22 × 100) = 1
    assert table["seats_per_child"].tolist() == pytest.approx([1.22, 0.68])
    assert table["seats_reached"].sum() == pytest.approx(156)
    assert table["schools_reached"].tolist() == [2, 1]


def test_the_end_of_a_zone_belongs_to_it_and_no_route_weighs_nothing():
    weights = zone_weights(np.array([0.0, 10.0, 10.01, 20.0, 30.0, 30.01, np.nan]), PARAMETERS)
    assert weights.tolist() == [1.0, 1.0, 0.68, 0.68, 0.22, 0.0, 0.0]


def test_unknown_seats_are_said_and_not_taken_for_none():
    table = seat_access(*case([[5.0], [50.0]], [10, 10], [np.nan]), PARAMETERS)
    assert np.isnan(table["seats_per_child"].iloc[0])
    assert table["reason"].tolist() == ["seats_unknown", "no_school_in_reach"]
    assert table["seats_per_child"].iloc[1] == 0


def test_pupils_from_outside_take_their_seats_first():
    worst, allocation, seats, villages = case([[5.0]], [10], [30])
    guests = pd.DataFrame({"village_code": ["outside"], "attends": "s0", "grade_band": "7-9", "children": 10.0})
    table = seat_access(worst, pd.concat([allocation, guests]), seats, villages, PARAMETERS)
    assert table["seats_per_child"].tolist() == [2.0]


@given(
    st.lists(st.lists(st.floats(0, 30), min_size=3, max_size=3), min_size=4, max_size=4),
    st.lists(st.integers(1, 300), min_size=4, max_size=4),
    st.lists(st.integers(0, 900), min_size=3, max_size=3),
)
def test_where_all_are_within_reach_children_times_access_are_the_seats(minutes, children, seats):
    table = seat_access(*case(minutes, children, seats), PARAMETERS)
    assert (table["attending"] * table["seats_per_child"]).sum() == pytest.approx(sum(seats))
    weigh = [[1.0 if t <= 10 else 0.68 if t <= 20 else 0.22 for t in row] for row in minutes]
    ratio = [seats[j] / sum(weigh[i][j] * children[i] for i in range(4)) for j in range(3)]
    alone = [sum(weigh[i][j] * ratio[j] for j in range(3)) for i in range(4)]
    assert table["seats_per_child"].tolist() == pytest.approx(alone)
