"""The road network: lines in, nodes and edges out, and points joined to the nearest edge.

Roads meet where they share a vertex or where the end of one touches another, or at the numbers of their nodes where the
layer has them; two lines that merely cross are a bridge and a road below it, so they are not joined. Everything
repaired or doubtful stands in `Network.issues`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from layout_planner.errors import DataError
from layout_planner.terms import ENUMS
from layout_planner.travel.barriers import (
    CLOSED_CLASS,
    FERRY,
    barred,
    barrier_lines,
    blocked_edges,
    nearest_open,
    require_same_system,
)
from layout_planner.travel.lines import (
    Issue,
    Pieces,
    clean_lines,
    crossings,
    flags,
    joined_by_place,
    kept_edges,
    levels,
    middle,
    numbered,
)  # fmt: skip

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
        What was repaired or is doubtful: ``kind, road, x, y``; the kinds are bad_geometry, zero_length, duplicate,
        self_overlap, unlinked_crossing, barrier_crossing and island.
    crs
        Coordinate system of `xy`.
    barriers
        Lines that nobody crosses on foot away from a bridge or tunnel.
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
    barriers: Objects = field(default_factory=lambda: np.empty(0, dtype=object))


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


def build_network(
    roads: gpd.GeoDataFrame, parameters: Mapping[str, float], *, barriers: gpd.GeoDataFrame | None = None
) -> Network:
    """Split road lines at their junctions and make the network.

    A junction is a vertex that two lines of one level share, or the end of a line within ``snap_tolerance_m`` of another
    line; ends nearer to each other than the tolerance are one node. Where every row has ``node_from`` and ``node_to``,
    those are the junctions. Bridges and tunnels meet other levels only at their ends.

    Parameters
    ----------
    roads
        Table `roads` of the dictionary, LineString or MultiLineString, projected in metres.
    parameters
        ``snap_tolerance_m`` [m], ``speed_<class>`` [km/h] for roads without a speed of their own, ``maxspeed_share``.
    barriers
        Table `barriers` in the same system. An edge that crosses one, or an expressway, without being a bridge, a
        tunnel or a ferry is shut to people.

    Returns
    -------
    Network
        Zero-length and duplicate edges are dropped and listed in `issues`.

    Raises
    ------
    DataError
        If the coordinates are not in metres, the systems differ, a geometry is not a line, a class is unknown or no
        road is left.
    """
    require_metres(roads, "roads")
    require_same_system(barriers, roads)
    _check_classes(roads)
    tolerance = parameters["snap_tolerance_m"]
    lines, road, issues = clean_lines(roads)
    level = levels(roads)
    pieces = numbered(roads, lines, road) or joined_by_place(lines, level[road], tolerance)
    made = _Table.of(roads, parameters)
    keep, dropped = kept_edges(pieces, made.use[road[pieces.line]], tolerance)
    issues += [(kind, int(road[pieces.line[i]]), *middle(pieces.geometry[i])) for kind, i in dropped]
    row, geometry = road[pieces.line[keep]], pieces.geometry[keep]
    component, islands = _components(len(pieces.xy), pieces.start[keep], pieces.end[keep], pieces.length_m[keep])
    bars = barrier_lines(barriers, geometry, made.road_class[row], made.crossing[row])
    blocked, places = blocked_edges(
        geometry, (made.crossing | (made.road_class == FERRY))[row] | ~made.walkable[row], bars
    )
    issues += [("island", int(row[i]), *middle(geometry[i])) for i in islands]
    issues += [("unlinked_crossing", int(row[i]), x, y) for i, x, y in crossings(geometry, level[row], tolerance)]
    issues += [("barrier_crossing", int(row[i]), x, y) for i, x, y in places]
    return _network(made, pieces, (keep, row, component), blocked, issues=issues, barriers=bars, crs=roads.crs)


def join_points(
    network: Network, points: gpd.GeoDataFrame, limit_m: float, *, usable: Bools | None = None, name: str = "points"
) -> Joined:
    """Join points to the nearest usable edge that no barrier parts from them, at the foot of the perpendicular.

    Nobody joins an expressway or a ferry between its ends.

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
    open_to_all = ~np.isin(network.road_class, (CLOSED_CLASS, FERRY))
    edges = np.flatnonzero(open_to_all if usable is None else open_to_all & usable)
    edge = np.full(len(geometry), OFF, dtype=np.int64)
    if len(edges):
        # max_distance must be positive
        tree = shapely.STRtree(network.geometry[edges])
        near, which = tree.query_nearest(geometry, max_distance=limit_m + _MILLIMETRE, all_matches=False)
        edge[near] = edges[which]
        parted = near[barred(geometry[near], network.geometry[edge[near]], network.barriers)]
        other, found = nearest_open(geometry[parted], network.geometry[edges], network.barriers, limit_m)
        edge[parted] = np.where(found, edges[other], OFF)
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


@dataclass(frozen=True)
class _Table:
    """Columns of table `roads` with the defaults filled in, one entry a row."""

    road_class: Objects
    speed_kmh: Floats
    winter_closed: Bools
    walkable: Bools
    drivable: Bools
    oneway: Ints
    crossing: Bools

    @classmethod
    def of(cls, roads: gpd.GeoDataFrame, parameters: Mapping[str, float]) -> "_Table":
        classes = roads["road_class"].to_numpy(dtype=object)
        return cls(
            road_class=classes,
            speed_kmh=_speeds(roads, classes, parameters),
            winter_closed=flags(roads, "winter_closed"),
            walkable=flags(roads, "walkable", classes != CLOSED_CLASS),
            drivable=flags(roads, "drivable", classes != "path"),
            oneway=_directions(roads),
            crossing=flags(roads, "bridge") | flags(roads, "tunnel"),
        )

    @property
    def use(self) -> Ints:
        """One number for who may use a road and in which direction."""
        who = self.walkable + 2 * self.drivable + 4 * self.winter_closed
        return np.asarray(who + 8 * (self.oneway + 1), dtype=np.int64)


def _network(
    made: _Table,
    pieces: Pieces,
    edges: tuple[Ints, Ints, Ints],
    blocked: Bools,
    *,
    issues: list[Issue],
    barriers: Objects,
    crs: Any,
) -> Network:
    keep, row, component = edges
    return Network(
        xy=pieces.xy,
        start=pieces.start[keep],
        end=pieces.end[keep],
        length_m=pieces.length_m[keep],
        road_class=made.road_class[row],
        speed_kmh=made.speed_kmh[row],
        winter_closed=made.winter_closed[row],
        walkable=made.walkable[row] & ~blocked,
        drivable=made.drivable[row],
        oneway=made.oneway[row],
        crossing=made.crossing[row],
        geometry=pieces.geometry[keep],
        road=row,
        component=component,
        issues=pd.DataFrame(issues, columns=["kind", "road", "x", "y"]),
        crs=crs,
        barriers=barriers,
    )


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


def _speeds(roads: gpd.GeoDataFrame, classes: Objects, parameters: Mapping[str, float]) -> Floats:
    """Driving speed: the road's own, else its limit × `maxspeed_share` if that is below what its class assumes. [km/h]"""
    assumed = np.array([parameters[f"speed_{name}"] for name in classes], dtype=float)
    given, limit = (
        pd.to_numeric(roads[name]).to_numpy(dtype=float, na_value=np.nan) if name in roads.columns else np.nan
        for name in ("speed_kmh", "maxspeed_kmh")
    )
    return np.where(given > 0, given, np.fmin(assumed, parameters["maxspeed_share"] * limit))


def _directions(roads: gpd.GeoDataFrame) -> Ints:
    if "oneway" not in roads.columns:
        return np.zeros(len(roads), dtype=np.int64)
    return np.asarray(pd.to_numeric(roads["oneway"]).fillna(0), dtype=np.int64)
