"""The road network: lines in, nodes and edges out, and points joined to the nearest edge.

Roads meet where they share a vertex or where the end of one touches another; two lines that merely cross are a bridge
and a road below it, so they are not joined but listed. Everything repaired or doubtful stands in `Network.issues`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from shapely.ops import substring

from layout_planner.errors import DataError
from layout_planner.terms import ENUMS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Objects = NDArray[np.object_]

OFF: Final = -1  # the edge of a point that no road is near enough to
_MILLIMETRE: Final = 1e-3  # vertices nearer than this are one vertex


@dataclass(frozen=True)
class Network:
    """Roads as nodes and two-way edges.

    Attributes
    ----------
    xy
        Positions of the nodes, shape (nodes, 2). [m]
    start, end
        Nodes of each edge.
    length_m
        Length along the road. [m]
    road_class
        Class of each edge (``ENUMS["road_class"]``).
    speed_kmh
        Driving speed in normal weather. [km/h]
    winter_closed, walkable, drivable
        Closed by snow and ice; open to people on foot; open to vehicles.
    oneway
        Way of vehicles: 0 both, 1 only from `start` to `end`, -1 only from `end` to `start`. People walk both ways.
    crossing
        Bridge or tunnel: may lead people over or under a barrier.
    geometry
        Line of each edge, from `start` to `end`.
    road
        Row of the road in the input table, counted from 0.
    component
        Connected component of each node; 0 is the one with most road.
    issues
        What was repaired or is doubtful: ``kind, road, x, y``; the kinds are zero_length, duplicate,
        unlinked_crossing and island.
    crs
        Coordinate system of `xy`.
    """

    xy: Floats
    start: Ints
    end: Ints
    length_m: Floats
    road_class: Objects
    speed_kmh: Floats
    winter_closed: Bools
    walkable: Bools
    drivable: Bools
    oneway: Ints
    crossing: Bools
    geometry: Objects
    road: Ints
    component: Ints
    issues: pd.DataFrame
    crs: Any


@dataclass(frozen=True)
class Joined:
    """Points joined to edges.

    Attributes
    ----------
    edge
        Edge of each point; `OFF` where none is within the limit.
    measure
        Place of the foot point along that edge. [m]
    straight_m
        Straight line from the point to its foot; NaN where `OFF`. [m]
    """

    edge: Ints
    measure: Floats
    straight_m: Floats

    @property
    def off(self) -> Bools:
        """Points that no usable edge is near enough to."""
        return np.asarray(self.edge == OFF)


def build_network(roads: gpd.GeoDataFrame, parameters: Mapping[str, float]) -> Network:
    """Split road lines at their junctions and make the network.

    A junction is a vertex that two lines share, or the end of a line within ``snap_tolerance_m`` of another line. Ends
    nearer to each other than the tolerance are one node.

    Parameters
    ----------
    roads
        Table `roads` of the dictionary, LineString or MultiLineString, projected in metres.
    parameters
        ``snap_tolerance_m`` [m] and ``speed_<class>`` [km/h] for roads without a speed of their own.

    Returns
    -------
    Network
        Zero-length and duplicate edges are dropped and listed in `issues`.

    Raises
    ------
    DataError
        If the coordinates are not in metres, a geometry is not a line, a class is unknown or no road is left.
    """
    require_metres(roads, "roads")
    _check_classes(roads)
    tolerance = parameters["snap_tolerance_m"]
    lines, road, issues = _clean_lines(roads)
    edge_line, low, high = _pieces(lines, tolerance)
    xy, start, end = _nodes(lines, edge_line, low, high, tolerance)
    geometry = _cut(lines, edge_line, low, high)
    length = high - low
    keep, dropped = _kept_edges(start, end, length, geometry, tolerance)
    issues += [(kind, int(road[edge_line[i]]), *_middle(geometry[i])) for kind, i in dropped]
    start, end, geometry, row = start[keep], end[keep], geometry[keep], road[edge_line[keep]]
    component, islands = _components(len(xy), start, end, length[keep])
    issues += [("island", int(row[i]), *_middle(geometry[i])) for i in islands]
    issues += [("unlinked_crossing", int(row[i]), x, y) for i, x, y in _crossings(geometry, tolerance)]
    classes = roads["road_class"].to_numpy(dtype=object)[row]
    no = np.zeros(len(row), dtype=bool)
    return Network(
        xy=xy,
        start=start,
        end=end,
        length_m=length[keep],
        road_class=classes,
        speed_kmh=_speeds(roads, row, classes, parameters),
        winter_closed=_flags(roads, "winter_closed", row, default=no),
        walkable=_flags(roads, "walkable", row, default=classes != "expressway"),
        drivable=_flags(roads, "drivable", row, default=classes != "path"),
        oneway=_directions(roads, row),
        crossing=_flags(roads, "bridge", row, default=no) | _flags(roads, "tunnel", row, default=no),
        geometry=geometry,
        road=row,
        component=component,
        issues=pd.DataFrame(issues, columns=["kind", "road", "x", "y"]),
        crs=roads.crs,
    )


def join_points(
    network: Network, points: gpd.GeoDataFrame, limit_m: float, *, usable: Bools | None = None, name: str = "points"
) -> Joined:
    """Join points to the nearest usable edge, at the foot of the perpendicular.

    Parameters
    ----------
    network
        Network in the same coordinate system as `points`.
    points
        Point geometries, one row per point.
    limit_m
        Longest straight line to a road. [m]
    usable
        Edges that may be joined; all if absent.
    name
        Table the points come from, for the error sentence.

    Returns
    -------
    Joined
        One entry per point, in order; points farther than the limit carry `OFF`, none is dropped.

    Raises
    ------
    DataError
        If the coordinate systems differ or a point has no position.
    """
    if points.crs != network.crs:
        raise DataError("points_crs_differs", found=str(points.crs), allowed=str(network.crs))
    geometry = points.geometry.to_numpy()
    if (bad := np.flatnonzero(shapely.is_missing(geometry) | shapely.is_empty(geometry))).size:
        raise DataError("point_missing", table=name, rows=bad.tolist())
    edges = np.arange(len(network.start)) if usable is None else np.flatnonzero(usable)
    edge = np.full(len(geometry), OFF, dtype=np.int64)
    if len(edges):
        tree = shapely.STRtree(network.geometry[edges])
        # max_distance must be positive; the strict limit is applied below
        near = tree.query_nearest(geometry, max_distance=limit_m + _MILLIMETRE, all_matches=False)
        edge[near[0]] = edges[near[1]]
    measure, straight = np.full(len(geometry), np.nan), np.full(len(geometry), np.nan)
    on = edge != OFF
    measure[on] = shapely.line_locate_point(network.geometry[edge[on]], geometry[on])
    straight[on] = shapely.distance(network.geometry[edge[on]], geometry[on])
    return Joined(edge=edge, measure=measure, straight_m=straight)


def require_metres(table: gpd.GeoDataFrame, name: str) -> None:
    """Refuse a layer whose coordinates are not metres.

    Raises
    ------
    DataError
        If the coordinate system is missing, geographic or not in metres.
    """
    crs = table.crs
    if crs is None or not crs.is_projected or crs.axis_info[0].unit_name != "metre":
        raise DataError("not_in_metres", table=name, found=str(crs))


def _check_classes(roads: gpd.GeoDataFrame) -> None:
    allowed = ENUMS["road_class"]
    found = roads["road_class"]
    if (bad := ~found.isin(allowed)).any():
        raise DataError("unknown_road_class", found={str(word) for word in found[bad]}, allowed=list(allowed))


def _clean_lines(roads: gpd.GeoDataFrame) -> tuple[Objects, Ints, list[tuple[str, int, float, float]]]:
    """Single 2-D lines without repeated vertices, the row each came from, and the empty ones as issues."""
    geometry = shapely.force_2d(roads.geometry.to_numpy())
    kinds = shapely.get_type_id(geometry)
    if (bad := ~np.isin(kinds, (-1, 1, 5))).any():  # missing, LineString, MultiLineString
        raise DataError("road_not_line", rows=np.flatnonzero(bad).tolist())
    parts, road = shapely.get_parts(geometry, return_index=True)
    parts = shapely.remove_repeated_points(parts, tolerance=0.0)
    good = shapely.length(parts) > 0
    lost = np.setdiff1d(np.arange(len(geometry)), road[good])
    if not good.any():
        raise DataError("no_roads", rows=len(geometry))
    issues = []
    for row in lost:
        place = shapely.get_coordinates(geometry[row])[:1] if geometry[row] is not None else np.empty((0, 2))
        x, y = place[0] if len(place) else (np.nan, np.nan)
        issues.append(("zero_length", int(row), float(x), float(y)))
    return parts[good], road[good].astype(np.int64), issues


def _pieces(lines: Objects, tolerance: float) -> tuple[Ints, Floats, Floats]:
    """Line, low and high measure of every piece between two junctions."""
    shared_line, shared_measure = _shared_vertices(lines)
    touched_line, touched_measure = _touched_interiors(lines, tolerance)
    every = np.arange(len(lines))
    line = np.concatenate([every, every, shared_line, touched_line])
    measure = np.concatenate([np.zeros(len(lines)), shapely.length(lines), shared_measure, touched_measure])
    order = np.lexsort((measure, line))
    line, measure = line[order], measure[order]
    piece = (line[1:] == line[:-1]) & (measure[1:] - measure[:-1] > _MILLIMETRE)
    # a junction found twice leaves a sliver; its place is taken by the next measure
    low = measure.copy()
    sliver = (line[1:] == line[:-1]) & ~piece
    for i in np.flatnonzero(sliver):
        low[i + 1] = low[i]
    return line[:-1][piece], low[:-1][piece], measure[1:][piece]


def _shared_vertices(lines: Objects) -> tuple[Ints, Floats]:
    """Interior vertices that another line (or the same line again) also has: line and measure."""
    coordinates, line = shapely.get_coordinates(lines, return_index=True)
    step = np.hypot(*np.diff(coordinates, axis=0).T)
    step[line[1:] != line[:-1]] = 0.0
    along = np.concatenate([[0.0], np.cumsum(step)])
    first = np.concatenate([[True], line[1:] != line[:-1]])
    measure = along - along[np.flatnonzero(first)][line]
    last = np.concatenate([first[1:], [True]])
    key = np.round(coordinates / _MILLIMETRE).astype(np.int64)
    _, inverse, count = np.unique(key, axis=0, return_inverse=True, return_counts=True)
    junction = (count[inverse.reshape(-1)] > 1) & ~first & ~last
    return line[junction].astype(np.int64), measure[junction]


def _touched_interiors(lines: Objects, tolerance: float) -> tuple[Ints, Floats]:
    """Places where the end of a line lies on the interior of another: line and measure."""
    ends = np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)])
    point, line = shapely.STRtree(lines).query(ends, predicate="dwithin", distance=tolerance)
    measure = shapely.line_locate_point(lines[line], ends[point])
    inside = (measure > tolerance) & (measure < shapely.length(lines[line]) - tolerance)
    return line[inside].astype(np.int64), measure[inside]


def _nodes(lines: Objects, line: Ints, low: Floats, high: Floats, tolerance: float) -> tuple[Floats, Ints, Ints]:
    """Merge the ends of the pieces into nodes: positions, and start and end of each piece."""
    ends = np.concatenate(
        [shapely.line_interpolate_point(lines[line], low), shapely.line_interpolate_point(lines[line], high)]
    )
    xy = shapely.get_coordinates(ends)
    pairs = cKDTree(xy).query_pairs(tolerance, output_type="ndarray")
    link = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(xy), len(xy)))
    count, node = connected_components(link, directed=False)
    size = np.bincount(node, minlength=count)
    centre = np.column_stack([np.bincount(node, xy[:, k], count) / size for k in (0, 1)])
    return centre, node[: len(line)].astype(np.int64), node[len(line) :].astype(np.int64)


def _cut(lines: Objects, line: Ints, low: Floats, high: Floats) -> Objects:
    """Geometry of every piece; whole lines are not copied."""
    geometry = lines[line].copy()
    part = (low > 0) | (high < shapely.length(geometry) - _MILLIMETRE)
    for i in np.flatnonzero(part):
        geometry[i] = substring(geometry[i], low[i], high[i])
    return geometry


def _kept_edges(
    start: Ints, end: Ints, length: Floats, geometry: Objects, tolerance: float
) -> tuple[Ints, list[tuple[str, int]]]:
    """Edges to keep, and the collapsed and the repeated ones with their kind."""
    collapsed = (start == end) & (length <= 2 * tolerance)
    middle = shapely.get_coordinates(shapely.line_interpolate_point(geometry, 0.5, normalized=True))
    low, high = np.minimum(start, end), np.maximum(start, end)
    order = np.lexsort((np.arange(len(start)), length, high, low))
    here, there = order[:-1], order[1:]
    same = (low[here] == low[there]) & (high[here] == high[there]) & ~collapsed[there]
    same &= np.abs(length[here] - length[there]) <= tolerance
    same &= np.hypot(*(middle[here] - middle[there]).T) <= tolerance
    repeated = np.zeros(len(start), dtype=bool)
    repeated[np.maximum(here, there)[same]] = True
    dropped = [("zero_length", int(i)) for i in np.flatnonzero(collapsed)]
    dropped += [("duplicate", int(i)) for i in np.flatnonzero(repeated & ~collapsed)]
    return np.flatnonzero(~collapsed & ~repeated), dropped


def _components(nodes: int, start: Ints, end: Ints, length: Floats) -> tuple[Ints, list[int]]:
    """Component of each node, 0 the one with most road, and one edge of every island."""
    link = coo_array((np.ones(len(start)), (start, end)), shape=(nodes, nodes))
    count, label = connected_components(link, directed=False)
    metres = np.bincount(label[start], length, count)
    rank = np.empty(count, dtype=np.int64)
    rank[np.argsort(-metres, kind="stable")] = np.arange(count)
    component = rank[label]
    _, first = np.unique(component[start], return_index=True)
    return component, [int(i) for i in first[1:]]


def _crossings(geometry: Objects, tolerance: float) -> list[tuple[int, float, float]]:
    """Edges that cross another without a junction: edge and place (a bridge, or a missing vertex)."""
    one, other = shapely.STRtree(geometry).query(geometry, predicate="crosses")
    one, other = one[one < other], other[one < other]
    places, pair = shapely.get_coordinates(shapely.intersection(geometry[one], geometry[other]), return_index=True)
    found = []
    for (x, y), i in zip(places, pair, strict=True):
        ends = [shapely.get_coordinates(geometry[edge])[[0, -1]] for edge in (one[i], other[i])]
        if min(np.hypot(*(ends_of - (x, y)).T).min() for ends_of in ends) > 2 * tolerance:
            found.append((int(one[i]), float(x), float(y)))
    return found


def _speeds(roads: gpd.GeoDataFrame, row: Ints, classes: Objects, parameters: Mapping[str, float]) -> Floats:
    assumed = np.array([parameters[f"speed_{name}"] for name in classes], dtype=float)
    if "speed_kmh" not in roads.columns:
        return assumed
    given = pd.to_numeric(roads["speed_kmh"]).to_numpy(dtype=float)[row]
    return np.where(given > 0, given, assumed)


def _flags(roads: gpd.GeoDataFrame, column: str, row: Ints, *, default: Bools) -> Bools:
    if column not in roads.columns:
        return default
    values = roads[column].astype("boolean").to_numpy(dtype=object, na_value=None)[row]
    missing = np.array([value is None for value in values], dtype=bool)
    return np.where(missing, default, values).astype(bool)


def _directions(roads: gpd.GeoDataFrame, row: Ints) -> Ints:
    if "oneway" not in roads.columns:
        return np.zeros(len(row), dtype=np.int64)
    return np.asarray(pd.to_numeric(roads["oneway"]).fillna(0), dtype=np.int64)[row]


def _middle(line: Any) -> tuple[float, float]:
    point = line.interpolate(0.5, normalized=True)
    return float(point.x), float(point.y)
