"""Escort, bus, car and boarding worked by hand; which modes count; measured trips in the place of the engine."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, Point

from layout_planner.contracts.schemas import check_table
from layout_planner.errors import DataError
from layout_planner.travel import Choice, build_network, travel_minutes, with_measured, worst_case

CRS = 4542
V, S = "620724000000", "9900000000"


@pytest.fixture
def road():
    """One straight road of 6 km, 60 km/h: a kilometre a minute for a vehicle that may go so fast."""
    return gpd.GeoDataFrame(
        {"road_class": ["county"], "speed_kmh": [60.0]}, geometry=[LineString([(0, 0), (6000, 0)])], crs=CRS
    )


def homes(*places):
    codes = [f"62072400000{i}" for i in range(len(places))]
    return gpd.GeoDataFrame({"village_code": codes, "name": codes}, geometry=[Point(*p) for p in places], crs=CRS)


def gates(*places, low=-2, high=12):
    ids = [f"990000000{i}" for i in range(len(places))]
    columns = {"school_id": ids, "grade_low": low, "grade_high": high}
    return gpd.GeoDataFrame(columns, geometry=[Point(*p) for p in places], crs=CRS)


def worked(road, assumptions, choice, villages=None, schools=None):
    network = build_network(road, assumptions)
    villages, schools = (
        villages if villages is not None else homes((0, 100)),
        gates((6000, 0)) if schools is None else schools,
    )
    return travel_minutes(network, villages, schools, assumptions, 180.0, choice)


def row(table, mode, case="normal", band="1-3"):
    found = table[(table["mode"] == mode) & (table["case"] == case) & (table["grade_band"] == band)]
    assert len(found) == 1
    return found.iloc[0]


def test_a_bus_trip_is_a_walk_a_wait_a_ride_with_detours_and_stops(road, assumptions):
    own = assumptions | {"speed_cap_bus": 30.0, "bus_detour": 1.5, "bus_stop_spacing_m": 3000.0, "bus_dwell_min": 1.0}
    own |= {"bus_wait_min": 6.0, "access_factor": 1.0, "walk_speed_1_3": 6.0}  # 100 m a minute
    found = row(worked(road, own, Choice(modes=("walk", "bus"))), "bus")
    assert found["walk_min"] == pytest.approx(1.0)  # 100 m to the road, none at the gate
    assert found["wait_min"] == pytest.approx(6.0)
    assert found["ride_min"] == pytest.approx(6 * 2 * 1.5 + 1 + 9 / 3)  # 6 km at 30 km/h, half more; 1 + 3 stops
    assert found["minutes"] == pytest.approx(1 + 6 + 18 + 4)
    assert found["metres"] == pytest.approx(100 + 9000)


def test_a_bus_in_winter_rides_slower_and_its_riders_walk_slower(road, assumptions):
    table = worked(road, assumptions, Choice(modes=("walk", "bus")))
    normal, winter = row(table, "bus"), row(table, "bus", "winter")
    assert winter["walk_min"] == pytest.approx(normal["walk_min"] / assumptions["winter_walk_factor"])
    stops = assumptions["bus_dwell_min"] * (1 + 6000 * assumptions["bus_detour"] / assumptions["bus_stop_spacing_m"])
    assert winter["ride_min"] - stops == pytest.approx(
        (normal["ride_min"] - stops) / assumptions["winter_factor_county"]
    )
    assert winter["wait_min"] == normal["wait_min"]


def test_the_stop_that_gets_the_child_to_the_gate_first_is_taken(road, assumptions):
    own = assumptions | {"access_factor": 1.0, "walk_speed_1_3": 6.0, "speed_cap_bus": 60.0, "bus_detour": 1.0}
    own |= {"bus_dwell_min": 0.0, "bus_wait_min": 6.0}
    stops = gpd.GeoDataFrame({"stop_id": ["a", "b"]}, geometry=[Point(0, 0), Point(1900, 0)], crs=CRS)
    table = worked(road, own, Choice(modes=("walk", "bus"), stops=stops), villages=homes((400, 0), (3000, 5000)))
    near = row(table[table["village_code"] == V], "bus")
    assert near["walk_min"] == pytest.approx(4.0)  # back to stop a: 4 + 6, rather than 15 + 4.1
    assert near["ride_min"] == pytest.approx(6.0)
    far = row(table[table["village_code"] != V], "bus")
    assert np.isnan(far["minutes"])
    assert far["reason"] == "no_stop"


def test_a_stop_beyond_the_longest_walk_serves_nobody(road, assumptions):
    stops = gpd.GeoDataFrame({"stop_id": ["b"]}, geometry=[Point(3000, 0)], crs=CRS)
    table = worked(
        road, assumptions, Choice(modes=("walk", "escort"), also=("bus",), stops=stops), villages=homes((0, 0))
    )
    assert row(table, "bus")["reason"] == "no_stop"


def test_a_school_bus_takes_grades_1_to_9_only_and_a_boarder_is_at_least_in_grade_4(road, assumptions):
    table = worked(road, assumptions, Choice(modes=("walk", "escort", "bus"), also=("boarding",)))
    assert set(table.loc[table["mode"] == "bus", "grade_band"]) == {"1-3", "4-6", "7-9"}
    assert set(table.loc[table["mode"] == "boarding", "grade_band"]) == {"4-6", "7-9", "10-12"}
    assert set(table.loc[table["mode"] == "escort", "grade_band"]) == {"k", "1-3", "4-6", "7-9", "10-12"}


@pytest.mark.parametrize("mode", ["ebike", "motorbike", "car"])
def test_a_vehicle_goes_no_faster_than_it_may(road, assumptions, mode):
    own = assumptions | {f"speed_cap_{mode}": 20.0}
    found = row(worked(road, own, Choice(also=(mode,)), villages=homes((0, 0))), mode)
    assert found["minutes"] == pytest.approx(own[f"{mode}_fixed_min"] + 6 * 3)
    faster = assumptions | {f"speed_cap_{mode}": 90.0}
    found = row(worked(road, faster, Choice(also=(mode,)), villages=homes((0, 0))), mode)
    assert found["minutes"] == pytest.approx(own[f"{mode}_fixed_min"] + 6)


def test_parts_add_up_to_the_minutes_of_every_row(road, assumptions):
    table = worked(road, assumptions, Choice(also=("bus", "ebike", "motorbike", "car", "boarding")))
    known = table[table["minutes"].notna()]
    assert len(known) > 20
    np.testing.assert_allclose(known[["walk_min", "wait_min", "ride_min"]].sum(axis=1), known["minutes"])


def test_a_mode_that_is_only_shown_moves_no_decision(road, assumptions):
    slow = assumptions | {"escort_fixed_min": 90.0}
    alone = worst_case(worked(road, slow, Choice()))
    beside = worked(road, slow, Choice(also=("bus", "car", "boarding")))
    assert row(beside, "bus")["minutes"] < row(beside, "escort")["minutes"]
    assert not row(beside, "bus")["counts"]
    pd.testing.assert_frame_equal(worst_case(beside), alone)
    chosen = worst_case(worked(road, slow, Choice(modes=("walk", "escort", "bus"))))
    assert set(chosen.loc[chosen["grade_band"] == "1-3", "mode"]) == {"bus"}


def test_the_worst_of_the_chosen_cases_decides(road, assumptions):
    both = worst_case(worked(road, assumptions, Choice()))
    fair = worst_case(worked(road, assumptions, Choice(cases=("normal",))))
    assert set(both["case"]) == {"winter"}
    assert set(fair["case"]) == {"normal"}
    assert (fair["minutes"] < both["minutes"]).all()


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"modes": ("escort",)}, "travel_modes_bad"),
        ({"modes": ("walk", "boarding")}, "travel_modes_bad"),
        ({"modes": ("walk", "balloon")}, "travel_modes_bad"),
        ({"cases": ("winter",)}, "travel_cases_bad"),
    ],
)
def test_a_choice_keeps_every_child_a_daily_mode_and_ordinary_weather(told, code):
    with pytest.raises(DataError) as caught:
        Choice(**told)
    assert caught.value.code == code


def test_measured_minutes_take_the_place_of_the_engine_pair_by_pair(road, assumptions):
    schools = gates((6000, 0), low=1, high=6)
    table = worked(road, assumptions, Choice(), villages=homes((0, 0), (3000, 0)), schools=schools)
    trips = pd.DataFrame(
        {
            "village_code": [V, V, V, "999999999999"],
            "school_id": S,
            "mode": ["escort", "walk", "bus", "walk"],
            "case": ["normal", "winter", "normal", "normal"],
            "minutes": [33.0, np.nan, 21.0, 5.0],
            "metres": [6100.0, np.nan, np.nan, np.nan],
            "provider": ["县教育局", None, None, None],
        }
    )
    found = with_measured(table, trips, schools, Choice())
    check_table("travel_minutes", found)
    timed = found[found["engine"] == "measured"]
    assert sorted(zip(timed["grade_band"], timed["mode"], strict=True)) == [
        ("1-3", "bus"), ("1-3", "escort"), ("4-6", "bus"), ("4-6", "escort"),
    ]  # fmt: skip
    escort = row(timed, "escort")
    assert (escort["minutes"], escort["metres"], escort["source"], escort["reason"]) == (33.0, 6100.0, "县教育局", "")
    assert np.isnan(escort["walk_min"])
    assert row(timed, "bus")["source"] == "trips.csv"
    assert not timed.loc[timed["mode"] == "bus", "counts"].any()
    keys = ["village_code", "school_id", "grade_band", "mode", "case"]
    left = found[found["engine"] != "measured"].reset_index(drop=True)
    replaced = (table["village_code"] == V) & (table["mode"] == "escort") & (table["case"] == "normal")
    pd.testing.assert_frame_equal(left, table[~replaced].reset_index(drop=True))
    assert not found[keys].duplicated().any()


def test_without_measured_trips_the_table_is_the_engines(road, assumptions):
    table = worked(road, assumptions, Choice())
    assert with_measured(table, None, gates((6000, 0)), Choice()) is table
