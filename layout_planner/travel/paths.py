"""Shortest paths from the schools back to the villages, on the network cut at the foot points."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from layout_planner.travel.network import OFF, Bools, Floats, Ints, Joined, Network

_MILLIMETRE = 1e-3


@dataclass(frozen=True)
class Graph:
    """Arcs of one mode and case, both directions, with the foot points as nodes.

    Attributes
    ----------
    cost
        Cost of each arc (minutes or metres), CSR, one arc per pair of nodes.
    metres
        Length of the same arcs, in the same order. [m]
    points
        Node of every joined point, one array per `Joined`; `OFF` where it is not joined.
    component
        Component of each node.
    """

    cost: csr_array
    metres: Floats
    points: tuple[Ints, ...]
    component: Ints


def make_graph(network: Network, joined: Sequence[Joined], minutes_per_metre: Floats, usable: Bools) -> Graph:
    """Cut the usable edges at the foot points and make the graph.

    Parameters
    ----------
    network
        The roads.
    joined
        Points to stand on them (villages, schools).
    minutes_per_metre
        Cost of one metre of each edge. [min/m]
    usable
        Edges that may be travelled. A foot point on another edge becomes a node without arcs.

    Returns
    -------
    Graph
        Of several arcs between two nodes the cheapest is kept.
    """
    points, foot_edge, foot_measure, foot_node, nodes = _foot_nodes(network, joined)
    every = np.flatnonzero(usable)
    on = usable[foot_edge]
    edge = np.concatenate([every, every, foot_edge[on]])
    measure = np.concatenate([np.zeros(len(every)), network.length_m[every], foot_measure[on]])
    node = np.concatenate([network.start[every], network.end[every], foot_node[on]])
    order = np.lexsort((measure, edge))
    edge, measure, node = edge[order], measure[order], node[order]
    piece = (edge[1:] == edge[:-1]) & (node[1:] != node[:-1])
    tail, head, on_edge = node[:-1][piece], node[1:][piece], edge[:-1][piece]
    metres = (measure[1:] - measure[:-1])[piece]
    cost, length = _arcs(tail, head, metres * minutes_per_metre[on_edge], metres, nodes)
    return Graph(cost, length, points, connected_components(cost, directed=False)[1])


def costs_from(graph: Graph, sources: Ints, targets: Ints, limit: float) -> tuple[Floats, Floats]:
    """Cost and metres from every target to every source, along the cheapest path.

    The search runs from the sources over the reversed arcs and stops at the limit.

    Parameters
    ----------
    graph
        Graph of one mode and case.
    sources, targets
        Nodes (schools; villages); `OFF` where there is none.
    limit
        Cost beyond which a pair is not wanted.

    Returns
    -------
    cost : ndarray
        Shape (sources, targets); NaN where there is no path within the limit.
    metres : ndarray
        Length of the same paths. [m]
    """
    cost = np.full((len(sources), len(targets)), np.nan)
    metres = cost.copy()
    places, row = np.unique(sources[sources != OFF], return_inverse=True)
    there = np.flatnonzero(targets != OFF)
    if not len(places) or not len(there):
        return cost, metres
    distance, towards = dijkstra(graph.cost.T.tocsr(), indices=places, limit=limit, return_predecessors=True)
    length = _walk_back(graph, towards, places, targets[there])
    block = np.ix_(np.flatnonzero(sources != OFF), there)
    reached = np.isfinite(distance[:, targets[there]])
    cost[block] = np.where(reached, distance[:, targets[there]], np.nan)[row]
    metres[block] = np.where(reached, length, np.nan)[row]
    return cost, metres


def connected(graph: Graph, sources: Ints, targets: Ints) -> Bools:
    """Pairs with a path of any length, shape (sources, targets); False where a node is missing."""
    one, other = graph.component[sources][:, None], graph.component[targets][None, :]
    return np.asarray((one == other) & (sources != OFF)[:, None] & (targets != OFF)[None, :])


def _foot_nodes(network: Network, joined: Sequence[Joined]) -> tuple[tuple[Ints, ...], Ints, Floats, Ints, int]:
    """Node of every foot point; feet at the end of an edge are its node, feet at one place are one node."""
    edge = np.concatenate([j.edge for j in joined])
    measure = np.concatenate([j.measure for j in joined])
    on = edge != OFF
    node = np.full(len(edge), OFF, dtype=np.int64)
    place = np.round(measure[on] / _MILLIMETRE).astype(np.int64)
    full = np.round(network.length_m[edge[on]] / _MILLIMETRE).astype(np.int64)
    key, inverse = np.unique(np.column_stack([edge[on], place]), axis=0, return_inverse=True)
    fresh = len(network.xy) + inverse.reshape(-1)
    at_start, at_end = place <= 0, place >= full
    node[on] = np.where(at_start, network.start[edge[on]], np.where(at_end, network.end[edge[on]], fresh))
    bounds = np.cumsum([len(j.edge) for j in joined])[:-1]
    inner = ~(at_start | at_end)
    return (
        tuple(np.split(node, bounds)),
        edge[on][inner],
        place[inner] * _MILLIMETRE,
        node[on][inner],
        len(network.xy) + len(key),
    )


def _arcs(tail: Ints, head: Ints, cost: Floats, metres: Floats, nodes: int) -> tuple[csr_array, Floats]:
    """Both directions of every piece as CSR, the cheapest of parallel arcs, and their metres in the same order."""
    one, other = np.concatenate([tail, head]), np.concatenate([head, tail])
    cost, metres = np.tile(cost, 2), np.tile(metres, 2)
    order = np.lexsort((metres, cost, other, one))
    one, other, cost, metres = one[order], other[order], cost[order], metres[order]
    first = np.ones(len(one), dtype=bool)
    first[1:] = (one[1:] != one[:-1]) | (other[1:] != other[:-1])
    matrix = coo_array((cost[first], (one[first], other[first])), shape=(nodes, nodes)).tocsr()
    return matrix, metres[first]


def _walk_back(graph: Graph, towards: Ints, places: Ints, targets: Ints) -> Floats:
    """Metres along the tree of each source, from each target; 0 where there is no path."""
    nodes = graph.cost.shape[0]
    tails = np.repeat(np.arange(nodes, dtype=np.int64), np.diff(graph.cost.indptr))
    keys = tails * nodes + graph.cost.indices
    total = np.zeros((len(places), len(targets)))
    tree, column = (index.reshape(-1) for index in np.indices(total.shape))
    here = targets[column]
    while len(here):
        ahead = towards[tree, here].astype(np.int64)
        going = ahead >= 0  # the root and the unreached have no node ahead
        tree, column, here, ahead = tree[going], column[going], here[going], ahead[going]
        total[tree, column] += graph.metres[np.searchsorted(keys, here * nodes + ahead)]
        here = ahead
    return total
