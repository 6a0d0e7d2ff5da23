"""Measures of access: quantiles, children over the limit, the only school and the chain, by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.travel.measures import access_summary, daily_trips, school_choice, weighted_quantile
from layout_planner.travel.sole import sole_schools

VILLAGES = pd.DataFrame({"village_code": ["v1", "v2", "v3"], "name": ["甲村", "乙村", "丙村"], "township_code": "t"})
SCHOOLS = pd.DataFrame({"school_id": ["A", "B", "C"], "name": ["甲校", "乙校", "丙校"], "township_code": "t"})
TOWNS = pd.DataFrame({"township_code": ["t"], "name": ["镇"]})
LIMITS = {"1-3": 30.0}


def pairs(minutes):
    rows = [(v, s, "1-3", value) for v, row in minutes.items() for s, value in row.items()]
    table = pd.DataFrame(rows, columns=["village_code", "school_id", "grade_band", "minutes"])
    return table.assign(reason=np.where(table["minutes"].isna(), "no_route", ""))


WORST = pairs(
    {
        "v1": {"A": 10.0, "B": 25.0, "C": 90.0},
        "v2": {"A": 20.0, "B": 50.0, "C": 60.0},
        "v3": {"A": 40.0, "B": np.nan, "C": 35.0},
    }
)


def homes(*rows):
    return pd.DataFrame(rows, columns=["village_code", "attends", "grade_band", "children"])


ALLOCATION = homes(
    ("v1", "A", "1-3", 6.0),
    ("v1", "B", "1-3", 4.0),
    ("v2", "A", "1-3", 5.0),
    ("v3", "B", "1-3", 2.0),
    ("v3", "outside", "1-3", 1.0),
    ("outside", "B", "1-3", 3.0),
)


def measured(**options):
    trips = daily_trips(WORST, ALLOCATION, VILLAGES, LIMITS, **options)
    return trips, access_summary(trips, TOWNS, SCHOOLS).set_index(["subject_type", "subject_id"])


def test_county_by_hand():
    row = measured()[1].loc[("county", "county")]
    assert row["children"] == 18
    assert row["daily_children"] == 17
    assert row["elsewhere_children"] == 1
    assert row["over_limit"] == 2  # v3 has no route to B
    assert row["unrouted_children"] == 2
    assert row["villages_over"] == "丙村"
    assert row["trip_p50"] == 20  # 6 at 10, 5 at 20, 4 at 25, 2 without a route: half of 17 is reached at 20
    assert np.isnan(row["trip_p95"])  # falls on the children without a route
    assert row["trip_max"] == 25
    assert row["farther_children"] == 4
    assert row["farther_mean"] == 15
    assert row["reason"] == "no_route"


def test_school_counts_pupils_from_outside_beside_the_day_children():
    row = measured()[1].loc[("school", "B")]
    assert (row["children"], row["daily_children"], row["elsewhere_children"]) == (9, 6, 3)


def test_boarders_make_no_daily_trip_and_stay_in_the_sum():
    keys = pd.MultiIndex.from_tuples([("A", "1-3")])
    row = measured(boarding=pd.Series([0.5], index=keys))[1].loc[("county", "county")]
    assert row["boarding_children"] == 5.5
    assert row["daily_children"] + row["boarding_children"] + row["elsewhere_children"] == row["children"]


def test_without_a_limit_nothing_is_said_of_it():
    trips = daily_trips(WORST, ALLOCATION, VILLAGES, {"1-3": None})
    row = access_summary(trips, TOWNS, SCHOOLS).iloc[0]
    assert np.isnan(row["over_limit"])
    assert np.isnan(row["farther_children"])
    assert "limit_unset" in row["reason"]


def test_only_school_and_who_is_next():
    trips, _ = measured()
    choice = school_choice(WORST, trips, VILLAGES, LIMITS, SCHOOLS)
    assert choice["schools_in_limit"].tolist() == [2, 1, 0]
    assert choice["sole_school_id"].tolist() == ["", "A", ""]
    sole, chain = sole_schools(WORST, choice, SCHOOLS)
    row = sole.set_index("school_id").loc["A"]
    assert (row["sole_villages"], row["children"]) == ("乙村", 5)
    assert (row["next_if_closed"], row["next_children"]) == ("乙校", 10)
    assert chain[["school_id", "next_school_id", "children"]].to_numpy().tolist() == [
        ["A", "B", 10.0],
        ["A", "none", 5.0],
        ["B", "A", 10.0],
    ]


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 5)), min_size=1, max_size=30), st.sampled_from([0.5, 0.95])
)
def test_weighted_quantile_is_that_of_every_child_written_out(rows, share):
    values, weights = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    written = np.repeat(values, weights.astype(int))
    assert weighted_quantile(values, weights, share) == np.quantile(written, share, method="inverted_cdf")


@given(st.lists(st.one_of(st.just(float("nan")), st.floats(1, 80)), min_size=9, max_size=9))
def test_every_child_is_in_one_place(minutes):
    table = WORST.assign(minutes=minutes, reason=["" if m == m else "no_route" for m in minutes])
    trips = daily_trips(table, ALLOCATION, VILLAGES, LIMITS)
    assert trips["children"].sum() == ALLOCATION["children"].sum()
    summary = access_summary(trips, TOWNS, SCHOOLS)
    by_kind = summary.groupby("subject_type")["children"].sum()
    assert by_kind["county"] == by_kind["township"] == 18
    assert by_kind["school"] == 20
    choice = school_choice(table, trips, VILLAGES, LIMITS, SCHOOLS)
    assert choice["attending"].sum() == 17
    sole, chain = sole_schools(table, choice, SCHOOLS)
    alone = choice.loc[choice["schools_in_limit"] == 1, "attending"].sum()
    assert sole["children"].sum() == pytest.approx(alone)
    assert chain.loc[chain["next_school_id"] == "none", "children"].sum() == pytest.approx(alone)
