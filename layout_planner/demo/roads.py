"""示意 roads: trunk routes, a tree of village roads in each town, loops, links, mountain edges, spurs to schools."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree

from layout_planner.demo.calibration import Bools, Calibration, Floats, Ints, stream
from layout_planner.demo.geography import north_bank, to_degrees, to_plane, town_points
from layout_planner.demo.simulate import World

STEP_KM: Final = 3.0  # between junctions of a trunk route
PLAIN_NAME: Final = {"township": "示意乡道", "village": "示意村道", "track": "示意便道"}
BASIS_ROADS: Final = "模拟数据：示意路网，不是实际道路"


@dataclass
class Net:
    """Roads while they are being built; every junction is a node, every edge one road feature."""

    rng: np.random.Generator
    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    town: list[int] = field(default_factory=list)
    edges: list[dict[str, Any]] = field(default_factory=list)

    def node(self, x: float, y: float, town: int) -> int:
        """Add a junction (place rounded to 1e-5 degree, so that ends meet exactly)."""
        lon, lat = to_degrees(x, y)
        px, py = to_plane(lon, lat)
        self.x.append(float(px))
        self.y.append(float(py))
        self.town.append(town)
        return len(self.x) - 1

    def km(self, a: int, b: int) -> float:
        """Straight line between two junctions, in km."""
        return math.hypot(self.x[a] - self.x[b], self.y[a] - self.y[b])

    def edge(self, a: int, b: int, kind: str, *, name: str = "", bend: float = 0.07, **more: Any) -> None:
        """Add a road between two junctions; `bend` is how far it strays, as a share of its length."""
        n = max(1, int(self.km(a, b) / 0.9))
        t = np.arange(1, n + 1) / (n + 1)
        phase, turns = self.rng.uniform(0, 2 * math.pi), max(1.0, self.km(a, b) / 4)
        aside = bend * self.km(a, b) / turns * (np.sin(2 * math.pi * turns * t + phase) - math.sin(phase) * (1 - t))
        aside *= np.sin(math.pi * t) ** 0.5
        dx, dy = self.x[b] - self.x[a], self.y[b] - self.y[a]
        length = max(math.hypot(dx, dy), 1e-9)
        xs = np.concatenate([[self.x[a]], self.x[a] + t * dx - aside * dy / length, [self.x[b]]])
        ys = np.concatenate([[self.y[a]], self.y[a] + t * dy + aside * dx / length, [self.y[b]]])
        self.edges.append({"a": a, "b": b, "kind": kind, "name": name, "x": xs, "y": ys, **more})

    def lengths(self) -> Floats:
        """Length of every road, in km."""
        return np.array([np.hypot(np.diff(e["x"]), np.diff(e["y"])).sum() for e in self.edges])

    def distances(self, sources: list[int]) -> Floats:
        """Road distance from some junctions to all, in km."""
        n = len(self.x)
        ends = ([e["a"] for e in self.edges], [e["b"] for e in self.edges])
        graph = coo_matrix((self.lengths(), ends), shape=(n, n)).tocsr()
        return np.asarray(dijkstra(graph, directed=False, indices=sources))


def make_roads(world: World, spec: Mapping[str, Any]) -> pd.DataFrame:
    """Build the network.

    Parameters
    ----------
    world
        Facts, places, schools and who uses which small school.
    spec
        Routes, links and speeds, ``[roads]`` of the facts.

    Returns
    -------
    DataFrame
        Columns of ``roads.gpkg`` and geometry (degrees); junctions are end points.
    """
    cal, villages, schools = world.cal, world.villages, world.schools
    net = Net(stream(cal.seed, "roads"))
    bank = north_bank(cal)
    hubs = _routes(cal, net, spec["routes"])
    nodes = [net.node(x, y, t) for x, y, t in zip(villages["x"], villages["y"], villages["town"], strict=True)]
    far = villages["far"].to_numpy()
    for town in range(len(cal.towns)):
        own = [n for n, f in zip(nodes, far, strict=True) if net.town[n] == town and not f]
        _village_tree(net, [h for h in hubs if net.town[h] == town], own, bank)
        _loops(net, own, bank)
    _school_roads(net, world, nodes, bank)
    for node, code in zip(np.array(nodes)[far].tolist(), villages["village_code"][far], strict=True):
        _far_road(net, node, [*hubs, *nodes], bank, cal.places[code])
    _links(cal, net, nodes, spec["links"], bank)
    for x, y, town in zip(schools["x"], schools["y"], schools["town"], strict=True):
        _school_spur(net, x, y, town, nodes, hubs)
    _dead_ends(net, nodes, shapely.Polygon(cal.outline))
    return _table(net, spec["speed_kmh"])


def _routes(cal: Calibration, net: Net, routes: list[dict[str, Any]]) -> list[int]:
    """Trunk routes; returns their junctions."""
    index = {t.name: i for i, t in enumerate(cal.towns)}
    tx, ty = town_points(cal)
    hubs = [net.node(float(x), float(y), i) for i, (x, y) in enumerate(zip(tx, ty, strict=True))]
    for route in routes:
        stops = [index[t] for t in route["towns"] if t in index]
        for a, b in itertools.pairwise(stops):
            steps = max(1, round(net.km(a, b) / STEP_KM))
            before = a
            for k in range(1, steps):
                x, y = (v[a] + (v[b] - v[a]) * k / steps for v in (net.x, net.y))
                x, y = x + net.rng.normal(0, 0.2), y + net.rng.normal(0, 0.2)
                after = net.node(x, y, a if 2 * k <= steps else b)
                hubs.append(after)
                net.edge(before, after, route["class"], name=route["name"], bend=0.03)
                before = after
            net.edge(before, b, route["class"], name=route["name"], bend=0.03)
    return hubs


def _sides(net: Net, nodes: list[int], bank: shapely.Polygon) -> Bools:
    lon, lat = to_degrees(np.array([net.x[n] for n in nodes]), np.array([net.y[n] for n in nodes]))
    return np.asarray(shapely.contains_xy(bank, lon, lat))


def _village_tree(net: Net, hubs: list[int], own: list[int], bank: shapely.Polygon) -> None:
    """Shortest tree that joins a town's villages to its trunk junctions without crossing the river."""
    both = [*hubs, *own]
    x, y = np.array([net.x[n] for n in both]), np.array([net.y[n] for n in both])
    side = _sides(net, both, bank)
    cost = np.hypot(x[:, None] - x, y[:, None] - y) + 1e-3
    cost[side[:, None] != side] *= 50.0
    cost[: len(hubs), : len(hubs)] = 1e-6  # joined by the routes already
    tree = minimum_spanning_tree(np.triu(cost, 1)).tocoo()
    pairs = [(int(a), int(b)) for a, b in zip(tree.row, tree.col, strict=True)]
    below = _villages_below(pairs, len(hubs), len(both))
    for a, b in sorted(pairs):
        if max(a, b) >= len(hubs):
            served = below[(a, b)]
            net.edge(both[a], both[b], "township" if served >= 3 else "village", bend=0.10)


def _villages_below(pairs: list[tuple[int, int]], hubs: int, n: int) -> dict[tuple[int, int], int]:
    """Villages on the far side of every edge of a tree, seen from the trunk."""
    joined: dict[int, list[tuple[int, tuple[int, int]]]] = {i: [] for i in range(n)}
    for a, b in pairs:
        joined[a].append((b, (a, b)))
        joined[b].append((a, (a, b)))
    order, parent = list(range(hubs)), dict.fromkeys(range(hubs), (-1, (-1, -1)))
    for node in order:
        for other, edge in joined[node]:
            if other not in parent:
                parent[other] = (node, edge)
                order.append(other)
    weight = dict.fromkeys(range(n), 1)
    below: dict[tuple[int, int], int] = dict.fromkeys(pairs, 0)
    for node in reversed(order):
        up, edge = parent[node]
        if up >= 0:
            below[edge] = weight[node]
            weight[up] += weight[node]
    return below


def _loops(net: Net, own: list[int], bank: shapely.Polygon) -> None:
    """Short roads between neighbours whose way by the tree is more than twice the straight line."""
    if len(own) < 3:
        return
    distance = net.distances(own)
    side = _sides(net, own, bank)
    near = [
        (net.km(a, b), i, j)
        for i, a in enumerate(own)
        for j, b in enumerate(own[:i])
        if net.km(a, b) < 4.5 and side[i] == side[j] and distance[i, b] > 2.0 * net.km(a, b)
    ]
    for _, i, j in sorted(near)[: max(1, len(own) // 3)]:
        net.edge(own[i], own[j], "village", bend=0.12)


def _school_roads(net: Net, world: World, nodes: list[int], bank: shapely.Polygon) -> None:
    """Join a village to the village of its small school where the way is more than 1.6 times the straight line."""
    rows = {code: i for i, code in enumerate(world.villages["village_code"])}
    side, far = _sides(net, nodes, bank), world.villages["far"].to_numpy()
    for school in np.unique(world.local[world.local >= 0]).tolist():
        at = rows[world.schools["village_code"][school]]
        for village in np.flatnonzero((world.local == school) & ~far & (side == side[at])).tolist():
            a, b = nodes[at], nodes[village]
            if not far[at] and net.distances([a])[0, b] > 1.6 * net.km(a, b):
                net.edge(a, b, "village", bend=0.10)


def _far_road(net: Net, node: int, others: list[int], bank: shapely.Polygon, place: Mapping[str, Any]) -> None:
    """Join a far village to its own town; in the mountains the road closes in winter and the way round is long."""
    side = _sides(net, [node, *others], bank)
    ends = {e[k] for e in net.edges for k in ("a", "b")}
    same = dict(zip(others, side[1:] == side[0], strict=True))
    free = [n for n in others if n in ends and same[n] and net.town[n] == net.town[node]]
    free.sort(key=lambda n: (net.km(node, n), n))
    mountain = place.get("mountain", False)
    net.edge(node, free[0], "village", bend=0.16, closed=mountain, speed=place.get("speed"))
    if mountain:
        second = next((n for n in free[1:] if net.km(free[0], n) > 1.5), free[-1])
        net.edge(node, second, "track", bend=0.28)


def _links(cal: Calibration, net: Net, nodes: list[int], links: list[list[str]], bank: shapely.Polygon) -> None:
    """County roads between the nearest villages of two towns on one bank."""
    index = {t.name: i for i, t in enumerate(cal.towns)}
    for pair in links:
        if all(name in index for name in pair):
            a_side, b_side = ([n for n in nodes if net.town[n] == index[name]] for name in pair)
            side = dict(zip(nodes, _sides(net, nodes, bank), strict=True))
            _, a, b = min((net.km(a, b), a, b) for a in a_side for b in b_side if side[a] == side[b])
            net.edge(a, b, "county", name="示意县道", bend=0.08)


def _school_spur(net: Net, x: float, y: float, town: int, nodes: list[int], hubs: list[int]) -> None:
    """Join a school's gate to the nearest junction of its town."""
    place = next((n for n in range(len(net.x)) if abs(net.x[n] - x) < 1e-6 and abs(net.y[n] - y) < 1e-6), None)
    if place is not None:  # a second school on one site
        return
    own = [n for n in [*nodes, *hubs] if net.town[n] == town]
    gate = net.node(x, y, town)
    net.edge(gate, min(own, key=lambda n: (net.km(gate, n), n)), "village", name="示意校门路", bend=0.04)


def _dead_ends(net: Net, nodes: list[int], outline: shapely.Polygon) -> None:
    """Add a few tracks that lead nowhere, closed in winter."""
    for node in net.rng.choice(nodes, size=min(4, len(nodes)), replace=False).tolist():
        angle = net.rng.uniform(0, 2 * math.pi)
        x, y = net.x[node] + 1.5 * math.cos(angle), net.y[node] + 1.5 * math.sin(angle)
        if not shapely.contains_xy(outline, *to_degrees(x, y)):
            x, y = 2 * net.x[node] - x, 2 * net.y[node] - y
        end = net.node(x, y, net.town[node])
        net.edge(node, end, "track", name="示意断头便道", closed=True)


def _table(net: Net, speeds: dict[str, float]) -> pd.DataFrame:
    lines = []
    for e in net.edges:
        lon, lat = to_degrees(e["x"], e["y"])
        lines.append(shapely.LineString(np.column_stack([lon, lat])))
    kinds = [e["kind"] for e in net.edges]
    return pd.DataFrame({
        "road_class": kinds,
        "name": [e["name"] or PLAIN_NAME[e["kind"]] for e in net.edges],
        "speed_kmh": [float(e.get("speed") or speeds[e["kind"]]) for e in net.edges],
        "winter_closed": [e.get("closed", False) for e in net.edges],
        "walkable": True,
        "synthetic": True,
        "basis": BASIS_ROADS,
        "geometry": lines,
    })  # fmt: skip


def junctions(roads: gpd.GeoDataFrame) -> tuple[Ints, Ints, dict[tuple[float, float], int]]:
    """Give the ends of every road a number; a junction is known by its place."""
    index: dict[tuple[float, float], int] = {}
    ends = [[index.setdefault(line.coords[at], len(index)) for line in roads.geometry] for at in (0, -1)]
    return np.array(ends[0]), np.array(ends[1]), index
