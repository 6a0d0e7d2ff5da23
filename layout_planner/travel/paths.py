"""Shortest paths from the schools back to the villages, on the network cut at the foot points."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, dijkstra

from layout_planner.travel.contraction import Core, cheapest, contract
from layout_planner.travel.network import OFF, Bools, Floats, Ints, Joined, Network

_MILLIMETRE: Final = 1e-3
_CELLS: Final = 4_000_000  # entries (sources × nodes) searched at once: 48 MB


@dataclass(frozen=True)
class Graph:
    """Arcs of one mode and case, with the foot points as nodes.

    Attributes
    ----------
    cost
        Cost of each arc (minutes or metres), CSR, one arc per ordered pair of nodes.
    metres
        Length of the same arcs, in the same order. [m]
    points
        Node of every joined point, one array per `Joined`; `OFF` where it is not joined.
    component
        Weak component of each node: roads that hang together, whatever way they may be driven.
    """

    cost: csr_array
    metres: Floats
    points: tuple[Ints, ...]
    component: Ints


def make_graph(
    network: Network, joined: Sequence[Joined], minutes_per_metre: Floats, usable: Bools, *, one_way: bool = False
) -> Graph:
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
    one_way
        Whether one-way roads bind (vehicles); people on foot walk both ways.

    Returns
    -------
    Graph
        Of several arcs from one node to another the cheapest is kept.
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
    cost, length = _arcs(
        tail, head, metres * minutes_per_metre[on_edge], metres, network.oneway[on_edge] * one_way, nodes=nodes
    )
    return Graph(cost, length, points, connected_components(cost, directed=False)[1])


def costs_from(
    graph: Graph, sources: Ints, targets: Ints, limit: float, *, metres: bool = True
) -> tuple[Floats, Floats]:
    """Cost and metres from every target to every source, along the cheapest path.

    Dead ends and bends are taken out first, which moves no cost; the search then runs from the sources over the
    reversed arcs and stops at the limit.

    Parameters
    ----------
    graph
        Graph of one mode and case.
    sources, targets
        Nodes (schools; villages); `OFF` where there is none.
    limit
        Cost beyond which a pair is not wanted.
    metres
        Whether the metres are wanted; without them they are NaN and the search is shorter.

    Returns
    -------
    cost : ndarray
        Shape (sources, targets); NaN where there is no path within the limit.
    metres : ndarray
        Length of the same paths. [m]
    """
    cost = np.full((len(sources), len(targets)), np.nan)
    length = cost.copy()
    places, row = np.unique(sources[sources != OFF], return_inverse=True)
    ends, column = np.unique(targets[targets != OFF], return_inverse=True)
    if not len(places) or not len(ends):
        return cost, length
    core = contract(graph.cost, graph.metres, np.concatenate([places, ends]))
    found, walked = _search(core, core.place[places], core.place[ends], limit, metres=metres)
    block = np.ix_(np.flatnonzero(sources != OFF), np.flatnonzero(targets != OFF))
    cost[block] = found[row][:, column]
    length[block] = walked[row][:, column]
    return cost, length


def connected(graph: Graph, sources: Ints, targets: Ints) -> Bools:
    """Pairs with a path of any length from the target to the source, shape (sources, targets).

    False where a node is missing.
    """
    one, other = graph.component[sources][:, None], graph.component[targets][None, :]
    linked = np.asarray((one == other) & (sources != OFF)[:, None] & (targets != OFF)[None, :])
    strong = connected_components(graph.cost, directed=True, connection="strong")[1]
    doubtful = linked & (strong[sources][:, None] != strong[targets][None, :])
    if doubtful.any():  # one-way roads: roads that hang together, but perhaps not in the way wanted
        linked[doubtful] = _leads(graph.cost, strong, sources, targets)[doubtful]
    return linked


def _search(core: Core, sources: Ints, targets: Ints, limit: float, *, metres: bool) -> tuple[Floats, Floats]:
    """Cost and metres from the targets to the sources, a few sources at a time; NaN beyond the limit."""
    cost = np.empty((len(sources), len(targets)))
    length = np.full_like(cost, np.nan)
    turned = core.cost.T.tocsr()
    for part in _parts(len(sources), core.cost.shape[0]):
        found = dijkstra(turned, indices=sources[part], limit=limit, return_predecessors=metres)
        distance = found[0] if metres else found
        cost[part] = distance[:, targets]
        if metres:
            length[part] = _walk_back(core, found[1], targets, np.isfinite(cost[part]))
    cost[np.isinf(cost)] = np.nan
    return cost, length


def _parts(count: int, nodes: int) -> Iterator[slice]:
    """Slices of the sources that keep the search in little memory."""
    step = max(1, _CELLS // max(nodes, 1))
    for low in range(0, count, step):
        yield slice(low, min(low + step, count))


def _leads(cost: csr_array, strong: Ints, sources: Ints, targets: Ints) -> Bools:
    """Whether the strong component of the target leads to that of the source, shape (sources, targets)."""
    count = int(strong.max()) + 1
    arcs = cost.tocoo()
    # reversed: from the component that is reached to the one that leads to it
    between = coo_array(
        (np.ones(arcs.nnz), (strong[arcs.col].astype(np.int64), strong[arcs.row].astype(np.int64))),
        shape=(count, count),
    ).tocsr()
    leads = np.zeros((len(sources), len(targets)), dtype=bool)
    for place in np.unique(strong[sources]):
        reached = np.zeros(count, dtype=bool)
        reached[breadth_first_order(between, place, directed=True, return_predecessors=False)] = True
        leads[strong[sources] == place] = reached[strong[targets]]
    return leads


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


def _arcs(
    tail: Ints, head: Ints, cost: Floats, metres: Floats, oneway: Ints, *, nodes: int
) -> tuple[csr_array, Floats]:
    """Arcs in the directions allowed as CSR, the cheapest of parallel ones, and their metres in the same order."""
    there, back = oneway >= 0, oneway <= 0
    return cheapest(
        np.concatenate([tail[there], head[back]]),
        np.concatenate([head[there], tail[back]]),
        np.concatenate([cost[there], cost[back]]),
        np.concatenate([metres[there], metres[back]]),
        nodes=nodes,
    )


def _walk_back(core: Core, towards: Ints, targets: Ints, reached: Bools) -> Floats:
    """Metres along the tree of each source from each target that is reached; NaN elsewhere."""
    nodes = core.cost.shape[0]
    tails = np.repeat(np.arange(nodes, dtype=np.int64), np.diff(core.cost.indptr))
    keys = tails * nodes + core.cost.indices
    total = np.where(reached, 0.0, np.nan)
    tree, column = np.nonzero(reached)
    here = targets[column]
    while len(here):
        ahead = towards[tree, here].astype(np.int64)
        going = ahead >= 0  # the root has no node ahead
        tree, column, here, ahead = tree[going], column[going], here[going], ahead[going]
        total[tree, column] += core.metres[np.searchsorted(keys, here * nodes + ahead)]
        here = ahead
    return total
