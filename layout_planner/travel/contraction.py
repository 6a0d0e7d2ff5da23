"""Contraction: the same shortest paths on fewer nodes.

A dead end that leads to nobody lies on no path between two points that matter, and a bend is no choice: it is two arcs
in a row. Taking both out leaves every minute as it was, and most of a real road map is bends and dead ends.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from layout_planner.travel.network import OFF, Bools, Floats, Ints


@dataclass(frozen=True)
class Core:
    """What is left of a graph when dead ends and bends are out.

    Attributes
    ----------
    cost
        Cost of each arc, CSR, the cheapest one per ordered pair of nodes.
    metres
        Length of the same arcs, in the same order. [m]
    node
        Node of the whole graph that each node of the core is.
    place
        Node of the core that each node of the whole graph is; `OFF` where it is out.
    """

    cost: csr_array
    metres: Floats
    node: Ints
    place: Ints


@dataclass(frozen=True)
class _Arcs:
    """Arcs as CSR where every arc has its opposite; one that may not be travelled costs infinity."""

    first: Ints
    head: Ints
    cost: Floats
    metres: Floats

    @property
    def tail(self) -> Ints:
        return np.repeat(np.arange(len(self.first) - 1), np.diff(self.first))


def contract(cost: csr_array, metres: Floats, keep: Ints) -> Core:
    """Take out dead ends and bends that are none of the nodes to keep.

    Costs of cheapest paths between kept nodes are those of the whole graph, in either direction: a one-way arc makes
    its chain one-way, and costs and metres of a chain add up.

    Parameters
    ----------
    cost
        Cost of the arcs, shape (nodes, nodes), not negative; an absent arc is one that may not be travelled.
    metres
        Length of the same arcs, in the order of ``cost.data``. [m]
    keep
        Nodes that stay (villages, schools).

    Returns
    -------
    Core
        Kept nodes, junctions between them, and the cheapest arcs.
    """
    arcs = _both_ways(cost, metres)
    nodes = cost.shape[0]
    kept = np.zeros(nodes, dtype=bool)
    kept[keep] = True
    left = _without_dead_ends(arcs, kept)
    arcs = _between(arcs, left)
    node = np.flatnonzero(left)
    bend = (np.diff(arcs.first) == 2) & ~kept[node]
    tail, head, total, length = _chains(arcs, bend)
    node = node[~bend]
    place = np.full(nodes, OFF, dtype=np.int64)
    place[node] = np.arange(len(node))
    matrix, length = cheapest(tail, head, total, length, nodes=len(node))
    return Core(matrix, length, node, place)


def cheapest(tail: Ints, head: Ints, cost: Floats, metres: Floats, *, nodes: int) -> tuple[csr_array, Floats]:
    """Cheapest arc of every ordered pair as CSR, and its metres; loops and arcs of infinite cost are left out."""
    real = (tail != head) & np.isfinite(cost)
    tail, head, cost, metres = tail[real], head[real], cost[real], metres[real]
    key = tail * nodes + head
    order = np.argsort(key, kind="stable")
    if np.any(key[order[1:]] == key[order[:-1]]):
        order = np.lexsort((metres, cost, key))
    key = key[order]
    one = np.ones(len(key), dtype=bool)
    one[1:] = key[1:] != key[:-1]
    order = order[one]
    return _csr(tail[order], head[order], cost[order], nodes=nodes), metres[order]


def _csr(tail: Ints, head: Ints, values: np.ndarray, *, nodes: int) -> csr_array:
    """Arcs in order of their tail as a matrix; parallel arcs and explicit zeros stay as they are."""
    first = np.concatenate([[0], np.cumsum(np.bincount(tail, minlength=nodes))])
    return csr_array((values, head.astype(np.int32), first.astype(np.int32)), shape=(nodes, nodes))


def _opposite(first: Ints, head: Ints) -> tuple[csr_array, Ints]:
    """Pattern of the reversed arcs, and the position of every reversed arc among the arcs."""
    nodes = len(first) - 1
    turned = csr_array((np.arange(len(head)), head, first), shape=(nodes, nodes)).T.tocsr()
    return turned, turned.data


def _both_ways(cost: csr_array, metres: Floats) -> _Arcs:
    """Give every arc its opposite."""
    if not cost.has_sorted_indices:
        tail = np.repeat(np.arange(cost.shape[0], dtype=np.int64), np.diff(cost.indptr))
        cost, metres = cheapest(tail, cost.indices.astype(np.int64), cost.data, metres, nodes=cost.shape[0])
    turned, _ = _opposite(cost.indptr, cost.indices)
    if np.array_equal(turned.indptr, cost.indptr) and np.array_equal(turned.indices, cost.indices):
        return _Arcs(cost.indptr, cost.indices, cost.data, metres)
    nodes = cost.shape[0]
    tail = np.repeat(np.arange(nodes, dtype=np.int64), np.diff(cost.indptr))
    key, back = tail * nodes + cost.indices, cost.indices.astype(np.int64) * nodes + tail
    every = np.union1d(key, back)
    weight, length = np.full(len(every), np.inf), np.zeros(len(every))
    here = np.searchsorted(every, key)
    weight[here], length[here] = cost.data, metres
    whole = _csr(every // nodes, every % nodes, weight, nodes=nodes)
    return _Arcs(whole.indptr, whole.indices, whole.data, length)


def _without_dead_ends(arcs: _Arcs, kept: Bools) -> Bools:
    """Nodes that remain when nodes with one neighbour are taken out again and again."""
    nodes = len(kept)
    degree = np.diff(arcs.first).astype(np.int64)
    # the exclusive or of a node's neighbours is the last one of them when the others are out
    neighbour = np.bitwise_xor.reduceat(np.append(arcs.head, 0), arcs.first[:-1]) if nodes else arcs.head[:0]
    neighbour[degree == 0] = 0
    left = kept | (degree > 0)
    ends = np.flatnonzero((degree == 1) & ~kept)
    while len(ends):
        left[ends] = False
        onto = neighbour[ends]
        np.subtract.at(degree, onto, 1)
        np.bitwise_xor.at(neighbour, onto, ends.astype(neighbour.dtype))
        onto = np.unique(onto)
        free = left[onto] & ~kept[onto]
        left[onto[free & (degree[onto] == 0)]] = False
        ends = onto[free & (degree[onto] == 1)].astype(np.int64)
    return left


def _between(arcs: _Arcs, left: Bools) -> _Arcs:
    """Arcs between nodes that are left, which are numbered anew."""
    tail = arcs.tail
    stays = left[tail] & left[arcs.head]
    number = np.cumsum(left) - 1
    matrix = _csr(number[tail[stays]], number[arcs.head[stays]], arcs.cost[stays], nodes=int(left.sum()))
    return _Arcs(matrix.indptr, matrix.indices, matrix.data, arcs.metres[stays])


def _chains(arcs: _Arcs, bend: Bools) -> tuple[Ints, Ints, Floats, Floats]:
    """Tail, head, cost and metres of every chain of arcs from a node that stays to the next one that stays."""
    _, opposite = _opposite(arcs.first, arcs.head)
    tail = arcs.tail
    arc = np.flatnonzero(~bend[tail])
    tail, head = tail[arc], arcs.head[arc].astype(np.int64)
    cost, metres = arcs.cost[arc], arcs.metres[arc]
    on = np.flatnonzero(bend[head])
    while len(on):
        # of the two arcs of a bend, the one that does not go back
        arc[on] = 2 * arcs.first[head[on]] + 1 - opposite[arc[on]]
        cost[on] += arcs.cost[arc[on]]
        metres[on] += arcs.metres[arc[on]]
        head[on] = arcs.head[arc[on]]
        on = on[bend[head[on]]]
    number = np.cumsum(~bend) - 1
    return number[tail], number[head], cost, metres
