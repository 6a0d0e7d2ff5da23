"""One closed road at a time: a bridge worked by hand, and every closure against a full run without the road."""

from dataclasses import fields, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point

from layout_planner.contracts.schemas import check_table
from layout_planner.errors import DataError
from layout_planner.travel import Choice, build_network, travel_minutes, worst_case
from layout_planner.travel.closures import (
    base_trips,
    closed_trips,
    cut_into_sections,
    road_closures,
    worst_closures,
)
from layout_planner.travel.minutes import Ground, trips_of

CRS = 4542
CORNER = np.array([500_000.0, 4_360_000.0])  # a place in the county, so that longitude and latitude are real


def homes(*places):
    codes = [f"62072400000{i}" for i in range(len(places))]
    names = [f"第{i}村" for i in range(len(places))]
    return gpd.GeoDataFrame(
        {"village_code": codes, "name": names}, geometry=[Point(*(CORNER + p)) for p in places], crs=CRS
    )


def gates(*places):
    ids = [f"990000000{i}" for i in range(len(places))]
    columns = {"school_id": ids, "grade_low": 1, "grade_high": 9}
    return gpd.GeoDataFrame(columns, geometry=[Point(*(CORNER + p)) for p in places], crs=CRS)


def roads(lines, classes, **columns):
    table = {"road_class": classes, "speed_kmh": 60.0, **columns}
    return gpd.GeoDataFrame(table, geometry=[LineString(CORNER + line) for line in lines], crs=CRS)


@pytest.fixture
def river(assumptions):
    """School at the left of a 1 km bridge; a village right of it; a way round of 20 km; a spur only over the bridge."""
    lines = [[(0, 0), (1000, 0)], [(0, 0), (0, 9500), (1000, 9500), (1000, 0)], [(0, 0), (-3000, 0)]]
    network = build_network(roads(lines, ["trunk", "county", "trunk"]), assumptions)
    return Ground(network, gates((0, 0)), homes((1000, 0), (-3000, 0)), assumptions, 180.0)


def day(*rows):
    return pd.DataFrame(rows, columns=["village_code", "attends", "grade_band", "children"])


def test_the_bridge_and_the_spur_by_hand(river, assumptions):
    children = day(("620724000000", "9900000000", "1-3", 8.0), ("620724000001", "9900000000", "1-3", 5.0))
    limits = {"1-3": 20.0}
    table = road_closures(river, ("escort",), children, limits, pd.Series(["大桥", "老路", None]))
    check_table("road_closures", table)
    assert table["road_name"].tolist() == ["", "大桥"]  # the spur strands, so it stands first
    spur, bridge = table.iloc[0], table.iloc[1]
    assert (spur["stranded_after"], spur["over_before"], spur["over_after"]) == (5.0, 0.0, 5.0)
    assert spur["villages_hit"] == "第1村"
    assert spur["section_m"] == pytest.approx(3000)
    assert (bridge["stranded_after"], bridge["over_after"], bridge["villages_hit"]) == (0.0, 8.0, "第0村")
    assert bridge["extra_min_max"] == pytest.approx(19.0)  # 20 km instead of 1 at a kilometre a minute
    assert (table["day_children"] == 13.0).all()


def test_a_village_beside_a_closed_road_leaves_on_the_other_side(assumptions):
    network = build_network(roads([[(0, 0), (4000, 0)]], ["trunk"]), assumptions)
    ground = Ground(network, gates((0, 0)), homes((1000, 0), (3000, 0)), assumptions, 180.0)
    table = road_closures(ground, ("escort",), day(("620724000000", "9900000000", "1-3", 2.0),
                          ("620724000001", "9900000000", "1-3", 3.0)), {"1-3": 30.0})  # fmt: skip
    assert table["stranded_after"].tolist() == [5.0, 3.0, 0.0]
    assert sorted(table["section_m"].round(6)) == [1000.0, 1000.0, 2000.0]


def test_children_of_a_village_that_is_not_there_stop_the_count(river):
    strange = day(("620724009999", "9900000000", "1-3", 8.0))
    with pytest.raises(DataError) as caught:
        road_closures(river, ("escort",), strange, {})
    assert caught.value.code == "closure_children_lost"


def test_a_case_of_one_closed_road_holds_the_worst_of_all_and_decides_when_chosen(river, assumptions):
    choice = Choice(modes=("walk", "escort"), cases=("normal", "closed_road"))
    table = travel_minutes(river.network, river.villages, river.schools, assumptions, 180.0, choice)
    rows = table[(table["mode"] == "escort") & (table["grade_band"] == "1-3")].set_index(["village_code", "case"])
    fixed = assumptions["escort_fixed_min"]
    assert rows.loc[("620724000000", "normal"), "minutes"] == pytest.approx(fixed + 1)
    assert rows.loc[("620724000000", "closed_road"), "minutes"] == pytest.approx(fixed + 20)
    assert rows.loc[("620724000001", "closed_road"), "reason"] == "no_route"
    worst = worst_case(table)
    assert set(worst["case"]) == {"closed_road"}


def random_ground(draw, assumptions):
    side = draw.randint(2, 4)
    xy = {
        (i, j): (i * 1000 + draw.random() * 300, j * 1000 + draw.random() * 300)
        for i in range(side)
        for j in range(side)
    }
    ends = [((i, j), (i + 1, j)) for i in range(side - 1) for j in range(side)]
    ends += [((i, j), (i, j + 1)) for i in range(side) for j in range(side - 1)]
    kept = [pair for pair in ends if draw.random() < 0.85] or ends[:1]
    lines = [[xy[a], xy[b]] for a, b in kept]
    classes = [draw.choice(["trunk", "county", "village"]) for _ in kept]
    layer = roads(lines, classes, oneway=[draw.choice([0, 0, 0, 1, -1]) for _ in kept])
    span = 1000 * side
    places = [(draw.random() * span, draw.random() * span) for _ in range(8)]
    network = build_network(layer, assumptions)
    return Ground(network, gates(*places[:3]), homes(*places[3:]), assumptions, 180.0)


@settings(max_examples=25, deadline=None)
@given(draw=st.randoms(use_true_random=False), mode=st.sampled_from(["walk", "escort"]))
def test_sections_keep_the_minutes_and_a_closure_is_a_run_without_the_section(draw, mode, assumptions):
    ground = random_ground(draw, assumptions)
    sections = cut_into_sections(ground, (mode,))
    whole, base = trips_of(ground, mode, "normal"), base_trips(ground, sections, mode)
    for name in ("road_min", "access_m"):
        np.testing.assert_allclose(getattr(base, name), getattr(whole, name), rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(base.linked & ~base.off, whole.linked & ~whole.off)
    every = np.arange(len(sections.network.start))
    found = {closed.section: closed for closed in closed_trips(ground, sections, mode, every)}
    for section in every:
        full = base_trips(ground, without(sections, section, mode), mode)
        rows = found[section].schools if section in found else np.empty(0, dtype=int)
        others = np.setdiff1d(np.arange(3), rows)
        np.testing.assert_allclose(full.road_min[others], base.road_min[others], rtol=1e-6, atol=1e-6)
        if len(rows):
            np.testing.assert_allclose(found[section].trips.road_min, full.road_min[rows], rtol=1e-6, atol=1e-6)
        shorter = full.access_m + full.road_min < base.access_m + base.road_min - 1e-6
        assert not shorter.any()  # closing never shortens


def without(sections, section, mode):
    """The same sections, one of them neither walkable nor drivable."""
    network = sections.network
    shut = np.arange(len(network.start)) == section
    return replace(
        sections, network=replace(network, walkable=network.walkable & ~shut, drivable=network.drivable & ~shut)
    )


@settings(max_examples=15, deadline=None)
@given(draw=st.randoms(use_true_random=False))
def test_the_worst_over_closures_is_never_better_than_any_of_them(draw, assumptions):
    ground = random_ground(draw, assumptions)
    worst = worst_closures(ground, "escort")
    sections = cut_into_sections(ground, ("escort",))
    trunk = np.flatnonzero(sections.network.road_class == "trunk")
    for closed in closed_trips(ground, sections, "escort", trunk):
        reached = worst.linked[closed.schools]
        assert not (reached & ~closed.trips.linked).any()
        better = worst.road_min[closed.schools] < closed.trips.road_min - 1e-6
        assert not better.any()


def test_every_edge_quantity_of_a_network_is_cut_along(river):
    network, cut = river.network, cut_into_sections(river, ("escort",)).network
    assert {f.name for f in fields(cut)} == {f.name for f in fields(network)}
    assert cut.length_m.sum() == pytest.approx(network.length_m.sum())
    for name in ("road_class", "speed_kmh", "winter_closed", "walkable", "drivable", "oneway", "crossing", "road"):
        assert len(getattr(cut, name)) == len(cut.start)
