import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.contracts.schemas import check_table
from layout_planner.errors import DataError
from layout_planner.travel import access, normal_case, worst_case

A, B = "990000000A".replace("A", "1"), "9900000002"
NEAR, FAR, ISLAND = "620724001001", "620724001002", "620724001003"
VILLAGES = pd.DataFrame(
    {
        "village_code": [NEAR, FAR, ISLAND],
        "name": ["近村", "远村", "岛村"],
        "township_code": "620724001",
    }
)


def trips(*rows):
    columns = ["village_code", "school_id", "grade_band", "mode", "case", "minutes", "reason"]
    table = pd.DataFrame(list(rows), columns=columns).assign(engine="network")
    return table.assign(metres=table["minutes"] * 100)


def allocated(*rows):
    table = pd.DataFrame(list(rows), columns=["village_code", "attends", "grade_band", "children"])
    return table.assign(status="estimated", source="gravity")


@pytest.fixture
def minutes():
    nan = np.nan
    return trips(
        (NEAR, A, "1-3", "walk", "normal", 10.0, ""),
        (NEAR, A, "1-3", "escort", "normal", 7.0, ""),
        (NEAR, A, "1-3", "walk", "winter", 12.0, ""),
        (NEAR, A, "1-3", "escort", "winter", 15.0, ""),
        (NEAR, B, "1-3", "escort", "normal", 20.0, ""),
        (NEAR, B, "1-3", "escort", "winter", 28.0, ""),
        (FAR, A, "1-3", "escort", "normal", 25.0, ""),
        (FAR, A, "1-3", "escort", "winter", 35.0, ""),
        (FAR, B, "1-3", "escort", "normal", 18.0, ""),
        (FAR, B, "1-3", "walk", "winter", nan, "no_route"),
        (FAR, B, "1-3", "escort", "winter", nan, "no_route"),
        (ISLAND, A, "1-3", "walk", "normal", nan, "off_network"),
        (ISLAND, A, "1-3", "escort", "normal", nan, "off_network"),
        (ISLAND, A, "1-3", "walk", "winter", nan, "off_network"),
        (ISLAND, A, "1-3", "escort", "winter", nan, "off_network"),
    )


def test_the_best_mode_of_the_worst_case_decides_and_no_route_is_worst(minutes):
    expected = pd.DataFrame(
        [
            (NEAR, A, "1-3", 12.0, "walk", "winter", 1200.0, ""),
            (NEAR, B, "1-3", 28.0, "escort", "winter", 2800.0, ""),
            (FAR, A, "1-3", 35.0, "escort", "winter", 3500.0, ""),
            (FAR, B, "1-3", np.nan, "escort", "winter", np.nan, "no_route"),
            (ISLAND, A, "1-3", np.nan, "escort", "normal", np.nan, "off_network"),
        ],
        columns=["village_code", "school_id", "grade_band", "minutes", "mode", "case", "metres", "reason"],
    )
    pd.testing.assert_frame_equal(worst_case(minutes), expected)
    shuffled = minutes.sample(frac=1, random_state=np.random.default_rng(3))
    pd.testing.assert_frame_equal(worst_case(shuffled), expected)
    assert normal_case(minutes)["minutes"].tolist()[:4] == [7.0, 20.0, 25.0, 18.0]


def test_access_by_hand(minutes):
    allocation = allocated(
        (NEAR, A, "1-3", 30.0),
        (NEAR, B, "1-3", 10.0),
        (NEAR, "outside", "1-3", 5.0),
        (FAR, A, "1-3", 4.0),
        (FAR, B, "1-3", 6.0),
        (ISLAND, A, "1-3", 3.0),
        ("outside", A, "1-3", 9.0),
    )
    table = access(worst_case(minutes), allocation, VILLAGES, {"1-3": 30.0})
    expected = pd.DataFrame(
        {
            "village_code": [NEAR, FAR, ISLAND],
            "village_name": ["近村", "远村", "岛村"],
            "township_code": "620724001",
            "grade_band": "1-3",
            "children": [45.0, 10.0, 3.0],
            "attending": [40.0, 10.0, 3.0],
            "nearest_school_id": [A, A, ""],
            "minutes_nearest": [12.0, 35.0, np.nan],
            "minutes_attended": [(30 * 12 + 10 * 28) / 40, 35.0, np.nan],
            "minutes_worst": [28.0, 35.0, np.nan],
            "mode": ["walk", "escort", ""],
            "case": ["winter", "winter", ""],
            "over_limit": [0.0, 10.0, 3.0],
            "reason": ["", "no_route;no_school_in_limit", "off_network;no_school_in_reach"],
        }
    )
    pd.testing.assert_frame_equal(table, expected)


def test_boarders_make_no_daily_trip_but_stay_counted(minutes):
    allocation = allocated((FAR, A, "1-3", 8.0), (FAR, B, "1-3", 2.0))
    share = pd.Series({(A, "1-3"): 0.75, (B, "1-3"): 1.0})
    row = access(worst_case(minutes), allocation, VILLAGES, {"1-3": 30.0}, boarding=share).set_index("village_code")
    assert row.loc[FAR, "children"] == 10.0
    assert row.loc[FAR, "over_limit"] == 2.0
    assert row.loc[FAR, "reason"] == "no_school_in_limit"


def test_a_trip_that_is_longer_than_a_nearer_school_would_need_says_so_and_crumbs_are_no_longest_trip(minutes):
    allocation = allocated((NEAR, A, "1-3", 9.7), (NEAR, B, "1-3", 0.3))
    row = access(worst_case(minutes), allocation, VILLAGES, {"1-3": 20.0}).set_index("village_code").loc[NEAR]
    assert row["over_limit"] == pytest.approx(0.3)
    assert row["reason"] == "nearer_school_in_limit"
    assert row["minutes_worst"] == 12.0


def test_without_a_limit_only_children_without_a_route_are_counted(minutes):
    allocation = allocated((NEAR, A, "1-3", 8.0), (FAR, B, "1-3", 2.0))
    rows = access(worst_case(minutes), allocation, VILLAGES, {"1-3": None}).set_index("village_code")
    assert np.isnan(rows.loc[NEAR, "over_limit"]) and rows.loc[NEAR, "reason"] == "limit_unset"
    assert rows.loc[FAR, "over_limit"] == 2.0 and rows.loc[FAR, "reason"] == "no_route;limit_unset"


def test_a_village_that_nobody_described_is_refused(minutes):
    with pytest.raises(DataError, match=r"620724009999 that are not in villages\.csv"):
        access(worst_case(minutes), allocated(("620724009999", A, "1-3", 1.0)), VILLAGES, {"1-3": 30.0})


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.floats(0, 90)), min_size=6, max_size=6),
    st.lists(st.floats(0, 500), min_size=9, max_size=9),
)
def test_every_child_of_the_county_is_in_exactly_one_row_of_access(times, heads):
    pairs = [(v, s) for v in (NEAR, FAR, ISLAND) for s in (A, B)]
    table = trips(
        *[
            (v, s, "4-6", "escort", case, np.nan if t is None else t, "no_route" if t is None else "")
            for (v, s), t in zip(pairs, times, strict=True)
            for case in ("normal", "winter")
        ]
    )
    places = [(v, s) for v in (NEAR, FAR, ISLAND) for s in (A, B, "outside")]
    allocation = allocated(*[(v, s, "4-6", n) for (v, s), n in zip(places, heads, strict=True)])
    result = access(worst_case(table), allocation, VILLAGES, {"4-6": 40.0})
    assert result["children"].sum() == pytest.approx(sum(heads))
    time_of = {pair: np.nan if t is None else t for pair, t in zip(pairs, times, strict=True)}
    over = sum(n for place, n in zip(places, heads, strict=True) if place[1] != "outside" and not time_of[place] <= 40)
    assert result["over_limit"].sum() == pytest.approx(over)
    check_table("access", result)
