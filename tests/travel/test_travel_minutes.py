"""A valley road with a mountain pass that is closed in winter, worked by hand, and random networks."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point

from layout_planner.contracts.schemas import check_table
from layout_planner.travel import access, build_network, screening_minutes, travel_minutes, worst_case
from layout_planner.travel.table import walking_speed

CRS = 4542
SPEED = 60.0  # km/h = 1000 m/min, so that minutes are kilometres


def layer(places, **columns):
    return gpd.GeoDataFrame(columns, geometry=[Point(*place) for place in places], crs=CRS)


def villages_at(*places):
    codes = [f"62072400000{i}" for i in range(len(places))]
    return layer(places, village_code=codes, name=codes, township_code="620724001")


def schools_at(*places, low=1, high=6):
    return layer(places, school_id=[f"990000000{i}" for i in range(len(places))], grade_low=low, grade_high=high)


def pick(table, village, school, band="1-3"):
    rows = table[(table["village_code"] == village) & (table["school_id"] == school) & (table["grade_band"] == band)]
    return rows.set_index(["mode", "case"])


@pytest.fixture
def pass_roads():
    """A square of 4 nodes: A–B is the pass (2 km, closed in winter), A–D–C–B the long way (3 × 4 km)."""
    a, b, c, d = (0, 0), (2000, 0), (2000, 4000), (-2000, 4000)
    lines = [LineString(p) for p in ([a, b], [b, c], [c, d], [d, a])]
    return gpd.GeoDataFrame(
        {
            "road_class": ["track", "county", "county", "county"],
            "speed_kmh": SPEED,
            "winter_closed": [True, False, False, False],
        },
        geometry=lines,
        crs=CRS,
    )


def test_minutes_over_the_pass_and_round_it_in_winter_by_hand(pass_roads, assumptions):
    network = build_network(pass_roads, assumptions)
    table = travel_minutes(network, villages_at((0, 0)), schools_at((2000, 0)), assumptions, 180.0)
    assert set(table["mode"]) == {"walk", "escort"}  # no other mode unless the county chooses it
    rows = pick(table, "620724000000", "9900000000")
    round_m = 4000 + 4000 + np.hypot(2000, 4000)
    walk = assumptions["walk_speed_1_3"] * 1000 / 60
    fixed, winter = assumptions["escort_fixed_min"], assumptions["winter_walk_factor"]
    assert rows.loc[("walk", "normal"), "minutes"] == pytest.approx(2000 / walk)
    assert rows.loc[("escort", "normal"), "minutes"] == pytest.approx(fixed + 2)
    assert rows.loc[("escort", "normal"), "metres"] == pytest.approx(2000)
    assert rows.loc[("escort", "winter"), "metres"] == pytest.approx(round_m)
    expected = fixed + round_m / 1000 / assumptions["winter_factor_county"]
    assert rows.loc[("escort", "winter"), "minutes"] == pytest.approx(expected)
    assert round_m / (walk * winter) > 180
    assert ("walk", "winter") not in rows.index  # a walk beyond the cutoff has no row, the escort row stands


def test_a_foot_point_splits_its_edge_and_the_access_legs_are_walked(pass_roads, assumptions):
    network = build_network(pass_roads, assumptions)
    table = travel_minutes(network, villages_at((500, 100)), schools_at((1500, -60)), assumptions, 180.0)
    row = pick(table, "620724000000", "9900000000").loc[("escort", "normal")]
    access = assumptions["access_factor"] * 160.0
    walk = assumptions["walk_speed_1_3"] * 1000 / 60
    assert row["metres"] == pytest.approx(access + 1000)
    assert row["minutes"] == pytest.approx(assumptions["escort_fixed_min"] + access / walk + 1.0)


def test_a_village_on_the_closed_pass_has_no_route_in_winter(pass_roads, assumptions):
    network = build_network(pass_roads, assumptions)
    table = travel_minutes(network, villages_at((1000, 0)), schools_at((2000, 0)), assumptions, 180.0)
    rows = pick(table, "620724000000", "9900000000")
    assert rows.loc[("escort", "normal"), "minutes"] > 0
    winter = rows.loc[("escort", "winter")]
    assert np.isnan(winter["minutes"]) and np.isnan(winter["metres"])
    assert winter["reason"] == "no_route"


def test_a_village_by_the_closed_pass_takes_an_open_road_that_is_very_near(pass_roads, assumptions):
    network = build_network(pass_roads, assumptions)
    table = travel_minutes(network, villages_at((1850, 0)), schools_at((2000, 0)), assumptions, 180.0)
    row = pick(table, "620724000000", "9900000000").loc[("walk", "winter")]
    assert row["metres"] == pytest.approx(assumptions["access_factor"] * 150.0)


def test_every_kind_of_missing_minutes_has_its_reason(assumptions):
    lines = [LineString([(0, 0), (10_000, 0)]), LineString([(0, 20_000), (1000, 20_000)])]
    roads = gpd.GeoDataFrame({"road_class": ["village", "village"]}, geometry=lines, crs=CRS)
    network = build_network(roads, assumptions)
    homes = villages_at((0, 0), (500, 20_000), (0, 9000))
    table = travel_minutes(network, homes, schools_at((10_000, 0), (100, 0)), assumptions, 20.0)
    escort = table[(table["mode"] == "escort") & (table["grade_band"] == "1-3") & (table["case"] == "normal")]
    reasons = escort.pivot_table(index="village_code", columns="school_id", values="reason", aggfunc="first")
    assert reasons.to_numpy().tolist() == [
        ["beyond_cutoff", ""],
        ["no_route", "no_route"],
        ["off_network", "off_network"],
    ]
    assert (table["minutes"].isna() == (table["reason"] != "")).all()
    assert len(table.groupby(["village_code", "school_id", "grade_band", "case"])) == 3 * 2 * 2 * 2


def test_a_gate_next_door_is_walked_to_even_when_the_road_is_closed(pass_roads, assumptions):
    network = build_network(pass_roads, assumptions)
    table = travel_minutes(network, villages_at((900, 250)), schools_at((1000, 250)), assumptions, 180.0)
    rows = pick(table, "620724000000", "9900000000")
    assert rows.loc[("walk", "normal"), "metres"] == pytest.approx(assumptions["access_factor"] * 100)
    assert rows.loc[("walk", "winter"), "reason"] == ""
    assert rows.loc[("escort", "winter"), "reason"] == "no_route"


def test_nobody_walks_where_walking_is_not_allowed(assumptions):
    roads = gpd.GeoDataFrame(
        {"road_class": ["trunk"], "walkable": [False]}, geometry=[LineString([(0, 0), (900, 0)])], crs=CRS
    )
    table = travel_minutes(
        build_network(roads, assumptions), villages_at((0, 0)), schools_at((900, 0)), assumptions, 60.0
    )
    rows = pick(table, "620724000000", "9900000000")
    assert rows.loc[("walk", "normal"), "reason"] == "off_network"
    assert rows.loc[("escort", "normal"), "minutes"] > 0


def test_bands_are_those_the_school_offers_and_smaller_children_walk_slower(pass_roads, assumptions):
    schools = schools_at((0, 0), (0, 0), (0, 0), low=[-2, 1, 7], high=[0, 9, 12])
    table = travel_minutes(build_network(pass_roads, assumptions), villages_at((500, 0)), schools, assumptions, 60.0)
    assert table.groupby("school_id")["grade_band"].unique().map(list).tolist() == [
        ["k"],
        ["1-3", "4-6", "7-9"],
        ["7-9", "10-12"],
    ]
    walks = table[(table["mode"] == "walk") & (table["case"] == "normal")].drop_duplicates("grade_band")
    assert walks["minutes"].is_monotonic_decreasing
    pd.testing.assert_frame_equal(check_table("travel_minutes", table), table)


@st.composite
def random_network(draw):
    size = draw(st.integers(3, 9))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 5000, (size, 2))
    links = [(i, j) for i in range(size) for j in range(i) if rng.random() < 0.5] or [(0, 1)]
    speed = rng.uniform(10, 60, len(links))
    closed = rng.random(len(links)) < 0.2
    return xy, links, speed, closed


def brute_force(size, links, weights):
    """Floyd–Warshall in plain loops."""
    best = np.full((size, size), np.inf)
    np.fill_diagonal(best, 0.0)
    for (i, j), weight in zip(links, weights, strict=True):
        best[i, j] = best[j, i] = min(best[i, j], weight)
    for k in range(size):
        best = np.minimum(best, best[:, [k]] + best[[k], :])
    return best


@settings(max_examples=25, deadline=None)
@given(random_network())
def test_minutes_equal_brute_force_and_keep_the_triangle_inequality(assumptions, made):
    xy, links, speed, closed = made
    flat = assumptions | {
        "snap_tolerance_m": 0.01,
        "escort_fixed_min": 0.0,
        "winter_access_limit_m": 0.0,
        "direct_walk_m": 0.0,
    }
    roads = gpd.GeoDataFrame(
        {"road_class": "county", "speed_kmh": speed, "winter_closed": closed},
        geometry=[LineString([xy[i], xy[j]]) for i, j in links],
        crs=CRS,
    )
    used = sorted({i for link in links for i in link})
    table = travel_minutes(build_network(roads, flat), villages_at(*xy[used]), schools_at(*xy[used], high=3), flat, 1e6)
    length = np.array([np.hypot(*(xy[i] - xy[j])) for i, j in links])
    place = {node: k for k, node in enumerate(used)}
    ends = [(place[i], place[j]) for i, j in links]
    winter_speed = speed * flat["winter_factor_county"]
    stays = ~closed
    expected = {
        ("walk", "normal"): brute_force(len(used), ends, length / walking_speed("1-3", flat)),
        ("escort", "normal"): brute_force(len(used), ends, length * 0.06 / speed),
        ("escort", "winter"): brute_force(
            len(used), [e for e, s in zip(ends, stays, strict=True) if s], (length * 0.06 / winter_speed)[stays]
        ),
    }
    for (mode, case), want in expected.items():
        rows = table[(table["mode"] == mode) & (table["case"] == case)]
        got = rows["minutes"].to_numpy().reshape(len(used), len(used))
        inside = np.where(np.isfinite(want), want, np.nan)
        np.testing.assert_allclose(got, inside, rtol=1e-6, atol=1e-6)
        if case == "normal":
            full = np.where(np.isfinite(got), got, np.inf)
            assert (full <= (full[:, :, None] + full[None, :, :]).min(axis=1) + 1e-6).all()
            np.testing.assert_allclose(got, got.T, rtol=1e-6, atol=1e-6)


def test_a_new_road_never_lengthens_and_a_closed_one_never_shortens(pass_roads, assumptions):
    homes, schools = villages_at((0, 0), (500, 90), (-1900, 3900)), schools_at((2000, 0), (1000, 4100))
    before = travel_minutes(build_network(pass_roads, assumptions), homes, schools, assumptions, 1e4)
    new = gpd.GeoDataFrame(
        {"road_class": ["county"], "speed_kmh": SPEED, "winter_closed": [False]},
        geometry=[LineString([(0, 0), (2000, 4000)])],
        crs=CRS,
    )
    both = pd.concat([pass_roads, new], ignore_index=True)
    after = travel_minutes(build_network(both, assumptions), homes, schools, assumptions, 1e4)
    key = ["village_code", "school_id", "grade_band", "mode", "case"]
    merged = before.merge(after, on=key, suffixes=("_before", "_after"))
    assert len(merged) == len(before)
    assert not (merged["minutes_after"] > merged["minutes_before"] + 1e-9).any()
    assert (merged["minutes_after"] < merged["minutes_before"] - 1).any()


def test_screening_is_straight_line_times_detour_and_says_so_in_every_table(assumptions):
    homes, schools = villages_at((0, 0), (3000, 4000)), schools_at((0, 300), high=3)
    table = check_table("travel_minutes", screening_minutes(homes, schools, assumptions, 180.0))
    row = pick(table, "620724000000", "9900000000").loc[("walk", "normal")]
    assert row["metres"] == pytest.approx(300 * assumptions["screening_detour"])
    assert row["minutes"] == pytest.approx(row["metres"] / walking_speed("1-3", assumptions))
    assert set(table["engine"]) == {"screening"} and set(table["reason"]) == {"screening"}
    worst = worst_case(table)
    assert set(worst["reason"]) == {"screening"} and worst["minutes"].notna().all()
    allocation = pd.DataFrame({
        "village_code": homes["village_code"], "attends": "9900000000", "grade_band": "1-3", "children": 5.0,
    })  # fmt: skip
    assert access(worst, allocation, homes, {"1-3": 30.0})["reason"].str.contains("screening").all()
