"""Shortest paths on the contracted network: the numbers of the whole network, by hand, by networkx and by property."""

import itertools
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from shapely.geometry import LineString, Point

from layout_planner.io.layers import read_layer
from layout_planner.travel import build_network, join_points
from layout_planner.travel.contraction import cheapest, contract
from layout_planner.travel.network import OFF
from layout_planner.travel.paths import Graph, connected, costs_from, make_graph

CRS = 4542
NODES = 9
DATA = Path(__file__).parents[2] / "data"


def matrix_of(arcs, nodes=NODES):
    """Cost and metres of arcs (tail, head, cost); the metres are ten times the cost."""
    table = np.array([(a, b, c) for a, b, c in arcs], dtype=float).reshape(-1, 3)
    tail, head = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    return cheapest(tail, head, table[:, 2], 10 * table[:, 2], nodes=nodes)


def both(*edges):
    return [*edges, *((b, a, c) for a, b, c in edges)]


def network_of(lines, assumptions, **columns):
    roads = gpd.GeoDataFrame({"road_class": "village", **columns}, geometry=lines, crs=CRS, index=range(len(lines)))
    return build_network(roads, assumptions)


def points_at(*places):
    return gpd.GeoDataFrame(geometry=[Point(p) for p in places], crs=CRS)


def minutes_of(network, homes, gates, *, one_way=True, usable=None, limit=np.inf):
    """Minutes and metres at 60 km/h, shape (gates, homes), and whether there is a way."""
    joined = [join_points(network, points_at(*places), 5000.0) for places in (gates, homes)]
    usable = np.ones(len(network.start), dtype=bool) if usable is None else usable
    graph = make_graph(network, joined, np.full(len(network.start), 1e-3), usable, one_way=one_way)
    return *costs_from(graph, *graph.points, limit), connected(graph, *graph.points)


def test_a_bend_is_two_arcs_in_a_row_and_a_dead_end_is_left_out():
    cost, metres = matrix_of(both((0, 1, 1.0), (1, 2, 2.0), (2, 3, 4.0), (2, 4, 8.0), (4, 5, 1.0)))
    core = contract(cost, metres, np.array([0, 3]))
    assert core.node.tolist() == [0, 3]  # 1 and 2 are bends once the dead end 4, 5 is out
    assert core.cost.toarray().tolist() == [[0.0, 7.0], [7.0, 0.0]]
    assert core.metres.tolist() == [70.0, 70.0]


def test_a_kept_point_on_a_bend_or_at_a_dead_end_stays():
    cost, metres = matrix_of(both((0, 1, 1.0), (1, 2, 2.0), (1, 3, 3.0)))
    core = contract(cost, metres, np.array([0, 2, 3]))
    assert core.node.tolist() == [0, 1, 2, 3]
    assert core.place[:5].tolist() == [0, 1, 2, 3, OFF]


def test_a_one_way_arc_makes_its_whole_chain_one_way():
    cost, metres = matrix_of([(0, 1, 1.0), *both((1, 2, 2.0)), (0, 3, 9.0), (3, 2, 9.0), (2, 3, 1.0), (3, 0, 1.0)])
    core = contract(cost, metres, np.array([0, 2]))
    assert core.cost.toarray().tolist() == [[0.0, 3.0], [2.0, 0.0]]


def test_of_two_ways_round_the_cheaper_stays_in_each_direction():
    cost, metres = matrix_of([(0, 1, 1.0), (1, 0, 9.0), (1, 2, 1.0), (2, 1, 9.0), *both((0, 3, 2.0), (3, 2, 2.0))])
    core = contract(cost, metres, np.array([0, 2]))
    assert core.cost.toarray().tolist() == [[0.0, 2.0], [4.0, 0.0]]
    assert core.metres.tolist() == [20.0, 40.0]


def test_a_ring_without_a_kept_point_and_a_lonely_node_vanish():
    cost, metres = matrix_of(both((0, 1, 1.0), (2, 3, 1.0), (3, 4, 1.0), (4, 2, 1.0)))
    assert contract(cost, metres, np.array([0, 1])).node.tolist() == [0, 1]


def test_one_way_streets_send_the_way_there_and_the_way_back_round_different_corners(assumptions):
    square = [(0, 0), (1000, 0), (1000, 1000), (0, 1000)]
    lines = [LineString([a, b]) for a, b in zip(square, [*square[1:], square[0]], strict=True)]
    network = network_of(lines, assumptions, oneway=1)
    minutes, metres, linked = minutes_of(network, [(500, 0)], [(1000, 500)])
    assert minutes[0, 0] == pytest.approx(1.0)
    assert metres[0, 0] == pytest.approx(1000.0)
    back, _, _ = minutes_of(network, [(1000, 500)], [(500, 0)])
    assert back[0, 0] == pytest.approx(3.0)
    on_foot, _, _ = minutes_of(network, [(1000, 500)], [(500, 0)], one_way=False)
    assert on_foot[0, 0] == pytest.approx(1.0)
    assert linked.all()


def test_a_road_that_only_leads_away_from_the_school_is_no_route(assumptions):
    network = network_of(
        [LineString([(0, 0), (1000, 0)]), LineString([(1000, 0), (2000, 0)])], assumptions, oneway=[-1, 0]
    )
    minutes, _, linked = minutes_of(network, [(0, 0), (1500, 0)], [(2000, 0)])
    assert np.isnan(minutes[0, 0])
    assert minutes[0, 1] == pytest.approx(0.5)
    assert linked.tolist() == [[False, True]]
    _, _, other = minutes_of(network, [(2000, 0)], [(0, 0)])
    assert other.tolist() == [[True]]


def test_two_feet_on_one_one_way_edge_reach_each_other_only_down_the_road(assumptions):
    network = network_of([LineString([(0, 0), (3000, 0)])], assumptions, oneway=1)
    minutes, _, linked = minutes_of(network, [(500, 0), (2500, 0)], [(1500, 0)])
    assert minutes[0, 0] == pytest.approx(1.0)
    assert np.isnan(minutes[0, 1])
    assert linked.tolist() == [[True, False]]


def test_beyond_the_limit_is_nan_but_linked(assumptions):
    network = network_of([LineString([(0, 0), (5000, 0)])], assumptions)
    minutes, metres, linked = minutes_of(network, [(0, 0), (4000, 0)], [(5000, 0)], limit=2.0)
    assert np.isnan([minutes[0, 0], metres[0, 0]]).all()
    assert minutes[0, 1] == pytest.approx(1.0)
    assert linked.all()


def test_without_metres_the_minutes_are_the_same(assumptions):
    network = network_of([LineString([(0, 0), (5000, 0)])], assumptions)
    joined = [join_points(network, points_at(p), 10.0) for p in ((0, 0), (5000, 0))]
    graph = make_graph(network, joined, np.full(len(network.start), 1e-3), np.ones(len(network.start), dtype=bool))
    minutes, metres = costs_from(graph, *graph.points, 60.0, metres=False)
    assert minutes[0, 0] == pytest.approx(5.0)
    assert np.isnan(metres).all()


arcs = st.lists(
    st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1), st.floats(0.01, 10.0), st.booleans()), max_size=24
)
kept = st.sets(st.integers(0, NODES - 1), min_size=1, max_size=4)


@settings(max_examples=300, deadline=None)
@given(arcs, kept)
def test_every_pair_of_kept_nodes_costs_what_it_costs_on_the_whole_graph(found, keep):
    listed = [(a, b, c) for a, b, c, _ in found] + [(b, a, c) for a, b, c, two_way in found if two_way]
    cost, metres = matrix_of(listed)
    nodes = np.array(sorted(keep))
    core = contract(cost, metres, nodes)
    inside = core.place[nodes]
    whole = dijkstra(cost, indices=nodes)[:, nodes]
    np.testing.assert_allclose(dijkstra(core.cost, indices=inside)[:, inside], whole, rtol=1e-12)
    # metres go along: they are ten times the cost on every arc
    np.testing.assert_allclose(core.metres, 10 * core.cost.data, rtol=1e-12)


@settings(max_examples=100, deadline=None)
@given(arcs, kept)
def test_a_pair_is_linked_exactly_where_there_is_a_path_in_the_wanted_direction(found, keep):
    listed = [(a, b, c) for a, b, c, _ in found] + [(b, a, c) for a, b, c, two_way in found if two_way]
    cost, metres = matrix_of(listed)
    nodes = np.array(sorted(keep))
    graph = Graph(cost, metres, (nodes, nodes), connected_components(cost, directed=False)[1])
    minutes, _ = costs_from(graph, nodes, nodes, np.inf)
    np.testing.assert_array_equal(connected(graph, nodes, nodes), np.isfinite(minutes))


def test_a_chain_with_hidden_costs_in_matrix_form_keeps_explicit_order():
    unsorted = csr_array((np.array([2.0, 1.0, 1.0, 2.0]), np.array([2, 1, 0, 0]), np.array([0, 2, 3, 4])), shape=(3, 3))
    unsorted.has_sorted_indices = False
    core = contract(unsorted, np.array([20.0, 10.0, 10.0, 20.0]), np.array([1, 2]))
    assert core.cost.toarray().tolist() == [[0.0, 3.0], [3.0, 0.0]]
    assert core.metres.tolist() == [30.0, 30.0]


def lattice(rng, side):
    """Roads of a lattice with bends and a few holes, every edge a line with two bends."""
    lines = []
    for i, j in itertools.product(range(side), repeat=2):
        for a, b in ((i + 1, j), (i, j + 1)):
            if max(a, b) < side and rng.random() < 0.85:
                middle = 500.0 * (i + a) + rng.uniform(-150, 150), 500.0 * (j + b) + rng.uniform(-150, 150)
                lines.append(LineString([(1000.0 * i, 1000.0 * j), middle, (1000.0 * a, 1000.0 * b)]))
    return lines


@pytest.fixture(scope="module")
def town(assumptions):
    rng = np.random.default_rng(5)
    lines = lattice(rng, 7)
    oneway = rng.choice([0, 0, 1, -1], len(lines))
    places = [tuple(p) for p in rng.uniform(0, 6000, (24, 2))]
    return lines, oneway, places


def test_adding_a_road_never_lengthens_and_closing_one_never_shortens(town, assumptions):
    lines, oneway, places = town
    network = network_of(lines, assumptions, oneway=oneway)
    before = np.nan_to_num(minutes_of(network, places, places)[0], nan=np.inf)
    for edge in range(0, len(network.start), 5):
        usable = np.ones(len(network.start), dtype=bool)
        usable[edge] = False
        closed = np.nan_to_num(minutes_of(network, places, places, usable=usable)[0], nan=np.inf)
        assert (closed >= before - 1e-9).all()
        assert ((closed > before + 1e-9) | np.isinf(closed)).any() or (closed == before).all()


def test_where_every_road_is_two_way_there_and_back_take_the_same(town, assumptions):
    lines, _, places = town
    minutes, metres, _ = minutes_of(network_of(lines, assumptions), places, places)
    np.testing.assert_allclose(minutes, minutes.T, atol=1e-9)
    np.testing.assert_allclose(metres, metres.T, atol=1e-6)
    np.testing.assert_allclose(minutes, metres / 1000.0, atol=1e-9)  # 60 km/h


def test_no_way_over_a_third_place_is_shorter(town, assumptions):
    lines, oneway, places = town
    minutes = np.nan_to_num(minutes_of(network_of(lines, assumptions, oneway=oneway), places, places)[0], nan=np.inf)
    # minutes[j, i] is from i to j: i → k → j
    over = minutes[None, :, :] + minutes[:, :, None]  # [j, k, i]
    assert (minutes[:, None, :] <= over + 1e-9).all()


def networkx_minutes(network, joined, per_metre, *, one_way):
    """Minutes from every second point to every first one by networkx, cut at the foot points."""
    graph = nx.DiGraph()
    feet, nodes = {}, {}
    for kind, points in enumerate(joined):
        for number, (edge, measure) in enumerate(zip(points.edge, points.measure, strict=True)):
            # a foot stands on a whole millimetre
            place, full = round(float(measure), 3), round(float(network.length_m[edge]), 3)
            if place in {0.0, full}:
                nodes[kind, number] = int((network.start if place == 0.0 else network.end)[edge])
            else:
                nodes[kind, number] = (int(edge), place)
                feet.setdefault(int(edge), set()).add((place, (int(edge), place)))
    for edge, length in enumerate(network.length_m):
        stops = sorted(
            [(0.0, int(network.start[edge])), *feet.get(edge, []), (float(length), int(network.end[edge]))],
            key=lambda stop: stop[0],
        )
        for (low, a), (high, b) in itertools.pairwise(stops):
            cost = (high - low) * per_metre[edge]
            for tail, head, allowed in ((a, b, 1), (b, a, -1)):
                if not one_way or network.oneway[edge] in {0, allowed}:
                    known = graph.get_edge_data(tail, head)
                    if known is None or cost < known["minutes"]:
                        graph.add_edge(tail, head, minutes=cost)
    turned = graph.reverse(copy=False)
    table = np.full((len(joined[0].edge), len(joined[1].edge)), np.nan)
    for row in range(table.shape[0]):
        reached = nx.single_source_dijkstra_path_length(turned, nodes[0, row], weight="minutes")
        for column in range(table.shape[1]):
            table[row, column] = reached.get(nodes[1, column], np.nan)
    return table


@pytest.mark.parametrize("one_way", [False, True])
def test_2000_pairs_of_the_demo_county_are_equal_to_networkx(one_way, assumptions):
    roads = read_layer(DATA / "roads.gpkg").to_crs(CRS).explode(ignore_index=True)
    rng = np.random.default_rng(7)
    network = build_network(roads.assign(oneway=rng.choice([0] * 8 + [1, -1], len(roads))), assumptions)
    low, high = network.xy.min(axis=0), network.xy.max(axis=0)
    joined = [join_points(network, points_at(*rng.uniform(low, high, (count, 2))), 50_000.0) for count in (20, 100)]
    per_metre = 60.0 / (1000.0 * network.speed_kmh)
    graph = make_graph(network, joined, per_metre, np.ones(len(per_metre), dtype=bool), one_way=one_way)
    minutes, _ = costs_from(graph, *graph.points, np.inf)
    np.testing.assert_allclose(
        minutes, networkx_minutes(network, joined, per_metre, one_way=one_way), rtol=0, atol=1e-6
    )
    assert np.isfinite(minutes).sum() > 500  # most villages of the county stand on one branch of a tree
