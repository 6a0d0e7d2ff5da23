import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import LineString, MultiLineString, Point

from layout_planner.errors import DataError
from layout_planner.travel import build_network, join_points

CRS = 4542


def roads(*lines, **columns):
    table = gpd.GeoDataFrame({"road_class": ["village"] * len(lines)}, geometry=list(lines), crs=CRS)
    return table.assign(**columns)


def points(*places):
    return gpd.GeoDataFrame(geometry=[Point(*place) for place in places], crs=CRS)


def kinds(network):
    return network.issues["kind"].value_counts().to_dict()


def test_an_end_on_the_interior_of_another_road_is_a_junction(assumptions):
    network = build_network(
        roads(LineString([(0, 0), (1000, 0)]), LineString([(400, 300), (400, 3)])),  # 3 m short of the road
        assumptions,
    )
    assert sorted(network.length_m.round(6)) == [297.0, 400.0, 600.0]
    assert len(network.xy) == 4
    assert set(network.component) == {0}
    assert network.issues.empty


def test_a_shared_vertex_is_a_junction_and_a_bare_crossing_is_not(assumptions):
    street = LineString([(0, 0), (500, 0), (1000, 0)])
    crossing = LineString([(500, -200), (500, 0), (500, 200)])
    bridge = LineString([(700, -200), (700, 200)])
    network = build_network(roads(street, crossing, bridge), assumptions)
    assert sorted(network.length_m) == [200.0, 200.0, 400.0, 500.0, 500.0]
    found = network.issues[network.issues["kind"] == "unlinked_crossing"]
    assert found[["x", "y"]].to_numpy().tolist() == [[700.0, 0.0]]
    assert len(set(network.component)) == 2  # the bridge road touches nothing else: an island too


def test_zero_length_and_duplicate_roads_are_dropped_and_listed(assumptions):
    line = LineString([(0, 0), (1000, 0)])
    network = build_network(
        roads(line, line, LineString([(1000, 0), (0, 0)]), LineString([(5, 5), (5, 5)]), LineString([(0, 0), (2, 0)])),
        assumptions,
    )
    assert network.length_m.tolist() == [1000.0]
    assert kinds(network) == {"zero_length": 2, "duplicate": 2}


def test_two_different_roads_between_the_same_places_both_stay(assumptions):
    network = build_network(
        roads(LineString([(0, 0), (1000, 0)]), LineString([(0, 0), (500, 400), (1000, 0)])), assumptions
    )
    assert len(network.length_m) == 2


def test_multi_part_roads_keep_their_row_and_their_columns(assumptions):
    table = roads(
        MultiLineString([[(0, 0), (100, 0)], [(100, 0), (100, 50)]]),
        LineString([(0, 0), (0, 70)]),
        speed_kmh=[np.nan, 33.0],
        winter_closed=[None, True],
        walkable=[False, None],
    )
    network = build_network(table, assumptions)
    by_length = dict(zip(network.length_m.tolist(), range(3), strict=True))
    assert network.road[[by_length[100.0], by_length[50.0], by_length[70.0]]].tolist() == [0, 0, 1]
    assert network.speed_kmh[by_length[70.0]] == 33.0
    assert network.speed_kmh[by_length[50.0]] == assumptions["speed_village"]
    assert network.winter_closed[by_length[70.0]] and not network.winter_closed[by_length[50.0]]
    assert network.walkable[by_length[70.0]] and not network.walkable[by_length[50.0]]


def test_an_island_is_found_and_the_longest_part_is_component_0(assumptions):
    network = build_network(
        roads(LineString([(9000, 0), (9100, 0)]), LineString([(0, 0), (1000, 0)]), LineString([(1000, 0), (1000, 5)])),
        assumptions | {"snap_tolerance_m": 1.0},
    )
    assert kinds(network) == {"island": 1}
    assert network.issues["road"].tolist() == [0]
    assert network.component[network.start[network.road == 1]].tolist() == [0]


def test_a_point_joins_the_nearest_edge_and_not_the_nearest_node(assumptions):
    network = build_network(roads(LineString([(0, 0), (1000, 0)]), LineString([(500, 120), (500, 1000)])), assumptions)
    joined = join_points(network, points((500, 50), (300, -40), (500, -2500)), 2000.0)
    assert network.road[joined.edge[:2]].tolist() == [0, 0]
    assert joined.measure[:2].tolist() == [500.0, 300.0]
    assert joined.straight_m[:2].tolist() == [50.0, 40.0]
    assert joined.off.tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda table: table.set_crs(4490, allow_override=True), "not_in_metres"),
        (lambda table: table.assign(road_class="autobahn"), "unknown_road_class"),
        (lambda table: table.set_geometry([Point(0, 0)]).set_crs(CRS, allow_override=True), "road_not_line"),
        (
            lambda table: table.set_geometry([LineString([(1, 1), (1, 1)])]).set_crs(CRS, allow_override=True),
            "no_roads",
        ),
    ],
)
def test_roads_that_cannot_be_used_are_refused_by_name(assumptions, change, code):
    with pytest.raises(DataError) as caught:
        build_network(change(roads(LineString([(0, 0), (1000, 0)]))), assumptions)
    assert caught.value.code == code
    assert str(caught.value)


def test_points_in_another_system_or_without_a_place_are_refused(assumptions):
    network = build_network(roads(LineString([(0, 0), (1000, 0)])), assumptions)
    with pytest.raises(DataError, match="they must agree"):
        join_points(network, points((0, 0)).set_crs(4490, allow_override=True), 100.0)
    with pytest.raises(DataError, match=r"schools: rows 1 \(from 0\) have no position"):
        join_points(network, gpd.GeoDataFrame(geometry=[Point(0, 0), None], crs=CRS), 100.0, name="schools")
