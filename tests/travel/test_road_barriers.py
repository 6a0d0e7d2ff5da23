import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point

from layout_planner.errors import DataError
from layout_planner.travel import build_network, join_points, travel_minutes

CRS = 4542


def roads(*lines, **columns):
    table = gpd.GeoDataFrame({"road_class": ["village"] * len(lines)}, geometry=list(lines), crs=CRS)
    return table.assign(**columns)


def barriers(*lines, kind="river"):
    return gpd.GeoDataFrame({"barrier_kind": [kind] * len(lines)}, geometry=list(lines), crs=CRS)


def points(*places):
    return gpd.GeoDataFrame(geometry=[Point(*place) for place in places], crs=CRS)


RIVER = barriers(LineString([(-5000, 500), (5000, 500)]))
OVER = LineString([(0, 0), (0, 1000)])


def test_a_road_over_a_river_without_a_bridge_is_shut_to_people_and_listed(assumptions):
    network = build_network(roads(OVER, LineString([(0, 0), (900, 0)])), assumptions, barriers=RIVER)
    assert network.walkable.tolist() == [False, True]
    assert network.drivable.tolist() == [True, True]
    assert network.issues.to_numpy().tolist() == [["barrier_crossing", 0, 0.0, 500.0]]


@pytest.mark.parametrize("change", [{"bridge": [True]}, {"tunnel": [True]}, {"road_class": ["ferry"]}])
def test_a_bridge_a_tunnel_and_a_ferry_lead_people_over_a_river(assumptions, change):
    network = build_network(roads(OVER, **change), assumptions, barriers=RIVER)
    assert network.walkable.tolist() == [True]
    assert network.issues.empty


def test_an_expressway_on_the_ground_is_not_walked_and_parts_the_roads_that_cross_it(assumptions):
    table = roads(LineString([(-5000, 500), (5000, 500)]), OVER, road_class=["expressway", "village"])
    network = build_network(table, assumptions)
    assert network.walkable.tolist() == [False, False]
    assert set(network.issues["kind"]) == {"unlinked_crossing", "barrier_crossing", "island"}
    raised = build_network(table.assign(bridge=[True, False]), assumptions)
    assert raised.walkable.tolist() == [False, True]
    under = build_network(table.assign(tunnel=[False, True]), assumptions)
    assert under.walkable.tolist() == [False, True]


def test_a_door_joins_the_nearest_road_on_its_own_bank(assumptions):
    near, far = LineString([(-1000, 600), (1000, 600)]), LineString([(-1000, 100), (1000, 100)])
    network = build_network(roads(near, far), assumptions, barriers=RIVER)
    joined = join_points(network, points((0, 450), (0, 550)), 1000.0)
    assert network.road[joined.edge].tolist() == [1, 0]
    assert joined.straight_m.tolist() == [350.0, 50.0]
    assert join_points(network, points((0, 450)), 349.0).off.tolist() == [True]


def test_nobody_joins_an_expressway_or_a_ferry(assumptions):
    lines = [LineString([(-1000, y), (1000, y)]) for y in (0, 100, 300)]
    network = build_network(roads(*lines, road_class=["expressway", "ferry", "village"]), assumptions)
    assert network.road[join_points(network, points((0, 60)), 1000.0).edge].tolist() == [2]
    assert join_points(network, points((0, -50)), 1000.0).off.tolist() == [True]  # the expressway lies between


def test_a_bridge_meets_the_ground_at_its_ends_only(assumptions):
    street = LineString([(0, 0), (500, 0), (1000, 0)])
    bridge = LineString([(500, -200), (500, 0), (500, 200)])
    ramp = LineString([(500, 200), (900, 200)])
    network = build_network(roads(street, bridge, ramp, bridge=[False, True, False]), assumptions)
    assert sorted(network.length_m) == [400.0, 400.0, 1000.0]
    assert network.issues["kind"].tolist() == ["island"]
    flat = build_network(roads(street, bridge, ramp), assumptions)
    assert sorted(flat.length_m) == [200.0, 200.0, 400.0, 500.0, 500.0]


def test_a_layer_may_say_its_levels_itself(assumptions):
    cross = [LineString([(0, 0), (500, 0), (1000, 0)]), LineString([(500, -200), (500, 0), (500, 200)])]
    assert len(build_network(roads(*cross, layer=[0, 1]), assumptions).length_m) == 2
    assert len(build_network(roads(*cross, layer=[None, 0]), assumptions).length_m) == 4


def test_node_numbers_join_what_lies_apart_and_part_what_lies_together(assumptions):
    lines = [LineString([(0, 0), (500, 0)]), LineString([(500, 0), (1000, 0)]), LineString([(900, 900), (1000, 900)])]
    network = build_network(roads(*lines, node_from=[1, 3, 2], node_to=[2, 4, 5]), assumptions)
    assert network.end[0] == network.start[2] != network.start[1]
    assert len(network.xy) == 5
    partly = build_network(roads(*lines, node_from=[1, None, 2], node_to=[2, 4, 5]), assumptions)
    assert partly.end[0] == partly.start[1]  # one number is missing: joined by place


def test_one_way_and_closed_roads_are_no_repeats_of_open_ones(assumptions):
    line = LineString([(0, 0), (1000, 0)])
    network = build_network(roads(line, line, line, oneway=[0, 0, 1]), assumptions)
    assert network.oneway.tolist() == [0, 1]
    assert network.issues["kind"].tolist() == ["duplicate"]


def test_empty_missing_and_endless_lines_are_listed_and_one_that_runs_back_over_itself_is_told(assumptions):
    back = LineString([(0, 0), (1000, 0), (400, 0)])
    table = roads(LineString([(0, 0), (0, 900)]), None, LineString(), back)
    network = build_network(table, assumptions)
    assert network.issues[["kind", "road"]].to_numpy().tolist() == [
        ["bad_geometry", 1], ["bad_geometry", 2], ["self_overlap", 3],
    ]  # fmt: skip


def test_barriers_in_another_system_are_refused(assumptions):
    with pytest.raises(DataError, match="they must agree"):
        build_network(roads(OVER), assumptions, barriers=RIVER.to_crs(4543))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(-900, 900), st.integers(-900, 900)), min_size=1, max_size=12))
def test_no_access_leg_ever_crosses_a_barrier(assumptions, places):
    lines = [LineString([(-1000, y), (1000, y)]) for y in (-700, -120, 260, 730)]
    fence = barriers(LineString([(-950, -400), (300, 90), (950, 480)]), LineString([(0, -950), (40, 950)]))
    network = build_network(roads(*lines), assumptions, barriers=fence)
    spots = points(*places)
    joined = join_points(network, spots, 1500.0)
    on = ~joined.off
    feet = shapely.line_interpolate_point(network.geometry[joined.edge[on]], joined.measure[on])
    legs = shapely.shortest_line(spots.geometry.to_numpy()[on], feet)
    legs = legs[shapely.length(legs) > 1e-6]
    assert len(legs) == np.count_nonzero(joined.straight_m > 1e-6)
    assert not any(shapely.crosses(leg, bar) for leg in legs for bar in network.barriers)
    off = np.flatnonzero(joined.off)
    assert all(
        any(shapely.crosses(shapely.shortest_line(spots.geometry[i], edge), bar) for bar in network.barriers)
        for i in off
        for edge in network.geometry
    )


def test_nobody_walks_straight_to_a_near_gate_across_a_river(assumptions):
    layer = roads(LineString([(0, 300), (900, 300)]), LineString([(0, 700), (900, 700)]))  # no bridge between the banks
    school = points((450, 560)).assign(school_id="s", grade_low=1, grade_high=6)
    village = points((450, 440)).assign(village_code="v")
    open_ground, river = (
        travel_minutes(build_network(layer, assumptions, barriers=given), village, school, assumptions, 60.0)
        for given in (None, RIVER)
    )
    walks = [t[(t["mode"] == "walk") & (t["grade_band"] == "1-3")]["minutes"] for t in (open_ground, river)]
    assert walks[0].notna().all()  # 120 m straight
    assert walks[1].isna().all()
    assert set(river["reason"]) == {"no_route"}
