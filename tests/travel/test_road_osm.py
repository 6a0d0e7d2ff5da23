"""A little town drawn with the writer of the same library: nine nodes a grid of about 100 m, and what its tags mean."""

import geopandas as gpd
import numpy as np
import osmium
import pytest
from pyproj import Transformer
from shapely.geometry import Point

from layout_planner.errors import DataError, MachineError
from layout_planner.io import osm as reader
from layout_planner.io.osm import read_osm
from layout_planner.io.road_tags import duration, speed_limit, stop_of, way_of
from layout_planner.io.roads import read_road_layer, read_roads
from layout_planner.travel import build_network, join_points

EAST, NORTH = 99.8, 39.4  # south-west corner [degree]
STEP = 0.001  # 86 m to the east, 111 m to the north
NODES = {10 * row + column: (EAST + STEP * column, NORTH + STEP * row) for row in range(5) for column in range(5)}


def extract(folder, ways, *, barriers=None, name="town.osm.pbf"):
    path = folder / name
    used = {node for nodes, _ in ways for node in nodes if node in NODES}
    with osmium.SimpleWriter(str(path)) as writer:
        for node in sorted(used):
            tags = (barriers or {}).get(node, {})
            writer.add_node(osmium.osm.mutable.Node(id=node, location=NODES[node], tags=tags))
        for number, (nodes, tags) in enumerate(ways, start=1):
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=nodes, tags=tags))
    return path


def street(**tags):
    return {"highway": "residential", **tags}


def network_of(path, assumptions):
    return build_network(read_roads(path), assumptions)


def test_ways_are_split_where_they_share_a_node_and_a_bridge_without_one_is_not_joined(tmp_path, assumptions):
    path = extract(
        tmp_path,
        [([10, 11, 12, 13], street()), ([1, 11, 21], street()), ([2, 22], street(bridge="yes", layer="1"))],
    )
    roads = read_roads(path)
    assert roads.groupby("osm_id").size().to_dict() == {1: 2, 2: 2, 3: 1}
    assert roads.crs.is_projected
    network = build_network(roads, assumptions)
    assert len(network.xy) == 7
    assert network.crossing[network.road == 4].tolist() == [True]
    assert network.issues["kind"].tolist() == ["island"]  # the bridge leads nowhere; over the street is no mistake
    assert sorted(network.component.tolist()) == [0, 0, 0, 0, 0, 1, 1]


def test_a_crossing_without_a_node_and_without_a_bridge_is_listed(tmp_path, assumptions):
    network = network_of(extract(tmp_path, [([10, 13], street()), ([2, 22], street())]), assumptions)
    assert network.issues["kind"].tolist() == ["island", "unlinked_crossing"]


def test_oneway_streets_roundabouts_and_motorways_have_one_direction_for_vehicles(tmp_path):
    path = extract(
        tmp_path,
        [
            ([0, 1], street(oneway="yes")),
            ([1, 2], street(oneway="-1")),
            ([2, 3], street(oneway="no", junction="roundabout")),
            ([10, 11, 21, 20, 10], street(junction="roundabout")),
            ([30, 31], {"highway": "motorway"}),
            ([31, 32], street(oneway="reversible")),
        ],
    )
    roads, notes = read_road_layer(path)
    assert roads.groupby("osm_id")["oneway"].first().tolist() == [1, -1, 0, 1, 1, 0]
    assert [note.sentence() for note in notes] == [
        "town.osm.pbf：标签 oneway=reversible 读不懂（1 条路线），按没有填写处理；如影响车速或通行，请改正该标签。"
    ]


def test_access_words_close_a_road_to_people_or_vehicles_and_the_nearer_word_decides():
    assert _users(highway="residential", access="private") == (False, False)
    assert _users(highway="residential", access="no", foot="yes") == (True, False)
    assert _users(highway="track", motor_vehicle="agricultural") == (True, False)
    assert _users(highway="service", access="private", motor_vehicle="destination") == (False, True)
    assert _users(highway="footway") == (True, False)
    assert _users(highway="footway", access="yes") == (True, False)
    assert _users(highway="motorway") == (False, True)
    assert _users(highway="trunk", motorroad="yes") == (False, True)
    assert _users(route="ferry") == (True, False)
    assert _users(route="ferry", foot="no", motorcar="yes") == (False, True)
    assert way_of({"highway": "construction"}) is None


def _users(**tags):
    way = way_of(tags)
    return way.walkable, way.drivable


@pytest.mark.parametrize(
    ("tags", "word"),
    [
        ({"highway": "motorway_link"}, "expressway"),
        ({"highway": "primary"}, "trunk"),
        ({"highway": "secondary_link"}, "county"),
        ({"highway": "tertiary"}, "township"),
        ({"highway": "living_street"}, "village"),
        ({"highway": "track"}, "track"),
        ({"highway": "steps"}, "path"),
        ({"route": "ferry"}, "ferry"),
    ],
)
def test_classes_of_openstreetmap_have_a_class_of_the_table(tags, word):
    assert way_of(tags).road_class == word


def test_speed_limits_are_read_in_kilometres_and_miles_and_the_unreadable_are_told(tmp_path):
    assert speed_limit("50") == 50.0
    assert speed_limit("60 km/h") == 60.0
    assert speed_limit("30 mph") == pytest.approx(48.28032)
    assert speed_limit("80;60") == 60.0
    assert [speed_limit(text) for text in ("none", "CN:urban", "0", "walk", "500")] == [None] * 5
    path = extract(
        tmp_path, [([0, 1], street(maxspeed="CN:urban")), ([1, 2], street(maxspeed="30 mph")), ([2, 3], street())]
    )
    roads, notes = read_road_layer(path)
    np.testing.assert_allclose(roads["maxspeed_kmh"], [np.nan, 48.28032, np.nan])
    assert [(note.found, note.allowed) for note in notes] == [("maxspeed=CN:urban", "1")]


def test_a_limit_lowers_the_speed_of_the_class_and_never_raises_it(tmp_path, assumptions):
    path = extract(tmp_path, [([0, 1], street(maxspeed="20")), ([1, 2], street(maxspeed="120")), ([2, 3], street())])
    speed = network_of(path, assumptions).speed_kmh
    own = assumptions["speed_village"]
    np.testing.assert_allclose(speed, [20 * assumptions["maxspeed_share"], own, own])


def test_a_ferry_moves_at_the_speed_of_its_duration(tmp_path, assumptions):
    assert [duration(text) for text in ("20", "1:30", "PT20M", "00:06:30", "PT", "soon")] == [
        20, 90, 20, 6.5, None, None,
    ]  # fmt: skip
    path = extract(tmp_path, [([0, 4], {"route": "ferry", "duration": "00:10", "motor_vehicle": "yes"})])
    network = network_of(path, assumptions)
    assert network.road_class.tolist() == ["ferry"]
    assert network.drivable.tolist() == network.walkable.tolist() == [True]
    np.testing.assert_allclose(60 * network.length_m / 1000 / network.speed_kmh, [10.0], rtol=1e-3)


def test_a_bollard_stops_vehicles_and_a_locked_gate_stops_people_too(tmp_path, assumptions):
    ways = [([0, 1, 2], street()), ([10, 11, 12], street()), ([20, 21, 22], street()), ([30, 31, 32], street())]
    barriers = {
        1: {"barrier": "bollard"},
        11: {"barrier": "gate", "locked": "yes"},
        21: {"barrier": "gate", "motor_vehicle": "yes"},
        31: {"barrier": "toll_booth"},
    }
    roads = read_roads(extract(tmp_path, ways, barriers=barriers))
    closed = roads[~roads["drivable"]]
    assert dict(zip(closed["osm_id"], closed["walkable"], strict=True)) == {1: True, 2: False}
    assert closed.length.round(2).tolist() == [0.5, 0.5]
    whole = roads.groupby("osm_id").apply(lambda rows: rows.geometry.length.sum())
    assert whole.max() - whole.min() < 0.02  # nothing is lost of the closed streets
    network = build_network(roads, assumptions)
    assert len(network.xy) == 4 + 4 + 3 - 1 + 2  # two nodes more where a piece is closed, one cut at a node of three
    assert _ends_meet(network, 0, 1, network.walkable) and not _ends_meet(network, 0, 1, network.drivable)


def _ends_meet(network, road, other, usable):
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    start, end = network.start[usable], network.end[usable]
    n = len(network.xy)
    label = connected_components(coo_array((np.ones(len(start)), (start, end)), shape=(n, n)), directed=False)[1]
    one, two = (np.flatnonzero(network.road == row)[0] for row in (road, other))
    return label[network.start[one]] == label[network.end[two]]


def test_barriers_are_told_by_their_tags():
    assert stop_of({"barrier": "bollard"}).on_foot
    assert not stop_of({"barrier": "gate", "locked": "yes"}).on_foot
    assert stop_of({"barrier": "gate", "locked": "yes", "foot": "yes"}).on_foot
    assert stop_of({"barrier": "gate", "access": "no"}).on_foot is False
    assert stop_of({"barrier": "gate", "motor_vehicle": "yes"}) is None
    assert stop_of({"barrier": "kerb"}) is None


def test_an_access_leg_ends_on_the_nearest_road_and_not_at_the_nearest_node(tmp_path, assumptions):
    network = network_of(extract(tmp_path, [([0, 4], street())]), assumptions)
    place = Transformer.from_crs(4326, network.crs, always_xy=True).transform(EAST + 2 * STEP, NORTH + STEP / 2)
    joined = join_points(network, gpd.GeoDataFrame(geometry=[Point(*place)], crs=network.crs), 100.0)
    assert 55 < joined.straight_m[0] < 56
    assert joined.measure[0] == pytest.approx(network.length_m[0] / 2, abs=1.0)


def test_a_file_that_is_no_extract_or_has_no_roads_is_refused_in_one_sentence(tmp_path):
    broken = tmp_path / "roads.osm.pbf"
    broken.write_bytes(b"\x00\x00\x00\x0dnothing of the kind")
    with pytest.raises(DataError) as caught:
        read_osm(broken)
    assert caught.value.code == "file_unreadable"
    with pytest.raises(DataError) as caught:
        read_osm(extract(tmp_path, [([0, 1], {"highway": "proposed"})]))
    assert caught.value.code == "osm_no_roads"
    assert "no roads" in str(caught.value)


def test_without_the_library_one_sentence_says_what_to_do(tmp_path, monkeypatch):
    import sys

    path = extract(tmp_path, [([0, 1], street())])
    monkeypatch.setitem(sys.modules, "osmium", None)
    with pytest.raises(MachineError, match="pip install osmium"):
        read_osm(path)


def test_points_outside_the_extract_break_a_way_and_are_counted(tmp_path):
    roads, notes = reader.read_osm(extract(tmp_path, [([0, 1, 99999], street()), ([2, 99998], street())]))
    assert roads["osm_id"].tolist() == [1]
    assert [(note.code, note.found) for note in notes] == [("osm_cut", "2")]
