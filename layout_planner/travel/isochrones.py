"""Isochrones and service areas as polygons: every point of a grid is treated as a door.

The points of a grid over the roads are joined to the network as villages are, and get door-to-gate minutes by the same
rules: the best of walking and being brought, the worst of normal weather and winter. Between the points the minutes are
linear on triangles, so the area within 10 minutes lies inside that within 20, and that inside 30. A boundary is as
sharp as the grid is fine.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from layout_planner.terms import GradeBand
from layout_planner.travel.barriers import barred
from layout_planner.travel.network import OFF, Bools, Floats, Ints, Joined, Network, join_points, require_metres
from layout_planner.travel.table import offers, walking_speed

AREA_COLUMNS: Final = ("subject_type", "subject_id", "subject_name", "grade_band", "within_minutes", "area_km2")
MODES: Final = ("walk", "escort")  # what a family can do by itself on any day
CASES: Final = ("normal", "winter")
_FAR: Final = 2.0  # points without a way count as this many times the longest level
_MARGIN: Final = 2  # cells about the points that are reached


@dataclass(frozen=True)
class Grid:
    """A grid over the roads, and the way from every point near a road to every school.

    Attributes
    ----------
    x, y
        Coordinates of the columns and rows. [m]
    near
        Places of the points that a road is near enough to, in the grid row by row, shape (doors,).
    straight_m
        Straight line to every gate, shape (schools, doors); infinite to a near one across a barrier. [m]
    legs
        By mode and case: the road [m] of a walk or [min] of a ride, and the access legs [m], shape (schools, doors); inf
        where there is no way.
    schools
        Rows of the schools, in order.
    crs
        Coordinate system.
    """

    x: Floats
    y: Floats
    near: Ints
    straight_m: Floats
    legs: Mapping[tuple[str, str], tuple[Floats, Floats]]
    schools: pd.DataFrame
    crs: Any


@dataclass(frozen=True)
class Field:
    """Worst-case minutes on a grid.

    Attributes
    ----------
    x, y
        Coordinates of the columns and rows. [m]
    minutes
        From every point to every school, shape (schools, rows, columns); inf where there is no way. [min]
    schools
        Rows of the schools of the band, in order.
    band
        Grade band.
    crs
        Coordinate system.
    """

    x: Floats
    y: Floats
    minutes: Floats
    schools: pd.DataFrame
    band: GradeBand
    crs: Any


def make_grid(
    network: Network,
    schools: gpd.GeoDataFrame,
    parameters: Mapping[str, float],
    *,
    up_to: float,
    step_m: float | None = None,
) -> Grid:
    """Lay a grid over the roads and find the way from every point to every school, by mode and case.

    Parameters
    ----------
    network
        Roads.
    schools
        ``school_id``, ``name``, ``grade_low``, ``grade_high`` and a point in the system of the network.
    parameters
        Assumptions of ``parameters/travel.toml``.
    up_to
        Longest trip looked for. [min]
    step_m
        Distance of the points; ``isochrone_step_m`` if absent. [m]

    Returns
    -------
    Grid
        Points farther than ``access_limit_m`` from any road are left out.

    Raises
    ------
    DataError
        If the layers are not in metres, the systems differ or a school has no position.
    """
    require_metres(schools, "schools")
    x, y = _axes(network, parameters, step_m or parameters["isochrone_step_m"])
    spots = shapely.points(*(axis.ravel() for axis in np.meshgrid(x, y)))
    within = shapely.STRtree(network.geometry).query(spots, predicate="dwithin", distance=parameters["access_limit_m"])
    near = np.unique(within[0])
    doors = gpd.GeoDataFrame(geometry=gpd.GeoSeries(spots[near], crs=network.crs))
    gates, places = schools.geometry.to_numpy(), doors.geometry.to_numpy()
    straight = shapely.distance(gates[:, None], places[None, :])
    gate, door = np.nonzero(straight <= parameters["direct_walk_m"])
    straight[gate, door] = np.where(barred(gates[gate], places[door], network.barriers), np.inf, straight[gate, door])
    joins: dict[bytes, tuple[Joined, Joined]] = {}
    legs = {
        (mode, case): _legs(network, (schools, doors), parameters, (mode, case), up_to=up_to, joins=joins)
        for mode in MODES
        for case in CASES
    }
    return Grid(x, y, near, straight, legs, pd.DataFrame(schools.drop(columns="geometry")), network.crs)


def minutes_field(
    grid: Grid, band: GradeBand, parameters: Mapping[str, float], *, only: Collection[str] | None = None
) -> Field:
    """Minutes of a grade band: the best mode within a case, the worst case.

    Parameters
    ----------
    grid
        Answer of `make_grid`.
    band
        Grade band: its walking speed, the schools that offer it.
    parameters
        Assumptions of ``parameters/travel.toml``.
    only
        School ids to look at, those with pupils of the band; all that offer it if absent.

    Returns
    -------
    Field
        A point without a way in one case has none.
    """
    offered = offers(grid.schools, band)
    own = np.flatnonzero(offered if only is None else offered & grid.schools["school_id"].isin(only).to_numpy())
    worst = np.zeros((len(own), len(grid.near)))
    straight = grid.straight_m[own]
    for case in CASES:
        foot = walking_speed(band, parameters) * (parameters["winter_walk_factor"] if case == "winter" else 1.0)
        best = np.where(straight <= parameters["direct_walk_m"], parameters["access_factor"] * straight / foot, np.inf)
        for mode in MODES:
            road, access = (leg[own] for leg in grid.legs[mode, case])
            on_road = road / foot if mode == "walk" else road + parameters["escort_fixed_min"]
            best = np.minimum(best, on_road + access / foot)
        worst = np.maximum(worst, best)
    minutes = np.full((len(own), len(grid.x) * len(grid.y)), np.inf)
    minutes[:, grid.near] = worst
    shape = (len(own), len(grid.y), len(grid.x))
    return Field(grid.x, grid.y, minutes.reshape(shape), grid.schools.iloc[own], band, grid.crs)


def isochrones(field: Field, within: Sequence[float]) -> gpd.GeoDataFrame:
    """Areas from which the nearest school, and every single one, is reached within some minutes.

    Parameters
    ----------
    field
        Answer of `minutes_field`.
    within
        Minutes, none of them beyond the reach of the field. [min]

    Returns
    -------
    GeoDataFrame
        `AREA_COLUMNS` and a polygon; subject ``county`` is the area within reach of any school. Of one subject the area
        of fewer minutes lies within that of more. An area that no grid point lies in has no row.
    """
    rows: list[tuple[Any, ...]] = []
    shapes: list[Any] = []
    subjects = [("county", "county", "全县", field.minutes.min(axis=0, initial=np.inf))]
    names = zip(field.schools["school_id"], field.schools["name"], field.minutes, strict=True)
    subjects += [("school", str(school), str(name), minutes) for school, name, minutes in names]
    for kind, subject, name, minutes in subjects:
        for level in sorted(within):
            area = _area(field, minutes, level, _FAR * max(within))
            if not area.is_empty:
                rows.append((kind, subject, name, str(field.band), float(level), area.area / 1e6))
                shapes.append(area)
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=list(AREA_COLUMNS)), geometry=shapes, crs=field.crs)


def villages_inside(areas: gpd.GeoDataFrame, points: gpd.GeoDataFrame, children: pd.Series) -> pd.DataFrame:
    """Count the villages and their children inside every area.

    Parameters
    ----------
    areas
        Answer of `isochrones`.
    points
        ``village_code`` and a point in the same system.
    children
        Children by (village_code, grade_band). [children]

    Returns
    -------
    DataFrame
        Rows of `areas` without shapes, with ``villages_inside`` and ``children_inside``.
    """
    at, village = shapely.STRtree(points.geometry.to_numpy()).query(areas.geometry.to_numpy(), predicate="intersects")
    keys = pd.MultiIndex.from_arrays([points["village_code"].to_numpy()[village], areas["grade_band"].to_numpy()[at]])
    count = np.bincount(at, minlength=len(areas))
    total = np.bincount(at, children.reindex(keys).fillna(0.0).to_numpy(), minlength=len(areas))
    return pd.DataFrame(areas.drop(columns="geometry")).assign(villages_inside=count, children_inside=total)


def _axes(network: Network, parameters: Mapping[str, float], step: float) -> tuple[Floats, Floats]:
    """Columns and rows of the grid: round multiples of the step, so that the same roads give the same points."""
    reach = parameters["access_limit_m"] + _MARGIN * step
    x0, y0, x1, y1 = shapely.total_bounds(network.geometry)
    spans = ((x0 - reach, x1 + reach), (y0 - reach, y1 + reach))
    x, y = (np.arange(np.floor(low / step), np.ceil(high / step) + 1) * step for low, high in spans)
    return x, y


def _legs(
    network: Network,
    layers: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
    parameters: Mapping[str, float],
    way: tuple[str, str],
    *,
    up_to: float,
    joins: dict[bytes, tuple[Joined, Joined]],
) -> tuple[Floats, Floats]:
    """Road and access legs of one mode and case, shape (schools, doors); inf where there is no way."""
    mode, case = way
    usable = network.walkable if mode == "walk" else network.drivable
    open_now = usable & ~network.winter_closed if case == "winter" else usable
    key = usable.tobytes() + open_now.tobytes()
    if key not in joins:
        one, other = (_join(network, layer, parameters, usable, open_now) for layer in layers)
        joins[key] = (one, other)
    gates, doors = joins[key]
    if mode == "walk":  # metres do not depend on the band; the fastest band sets the cut
        per_metre, oneway = np.ones(len(network.start)), np.zeros_like(network.oneway)
        limit = up_to * max(walking_speed(band, parameters) for band in GradeBand)
    else:
        per_metre, oneway, limit = 60.0 / (1000.0 * network.speed_kmh), network.oneway, up_to
        if case == "winter":
            per_metre = per_metre / np.array([parameters[f"winter_factor_{name}"] for name in network.road_class])
    road = _road(network, (gates, doors), per_metre, oneway, open_now, limit=limit)
    access = parameters["access_factor"] * (gates.straight_m[:, None] + doors.straight_m[None, :])
    return road, np.where(np.isnan(access), np.inf, access)


def _join(
    network: Network, points: gpd.GeoDataFrame, parameters: Mapping[str, float], usable: Bools, open_now: Bools
) -> Joined:
    """Join as villages are: to the nearest usable edge; where it is closed now, to an open one if that is very near."""
    always = join_points(network, points, parameters["access_limit_m"], usable=usable)
    stuck = np.flatnonzero(~always.off & ~open_now[always.edge])
    if not stuck.size:
        return always
    again = join_points(network, points.iloc[stuck], parameters["winter_access_limit_m"], usable=open_now)
    edge, measure, straight = always.edge.copy(), always.measure.copy(), always.straight_m.copy()
    edge[stuck], measure[stuck], straight[stuck] = again.edge, again.measure, again.straight_m
    return Joined(edge=edge, measure=measure, straight_m=straight)


def _road(
    network: Network,
    joined: tuple[Joined, Joined],
    per_metre: Floats,
    oneway: Any,
    open_now: Bools,
    *,
    limit: float,
) -> Floats:
    """Minutes on the road from every door's foot point to every gate's; inf where there is none within the limit.

    The search runs from the gates over the reversed arcs: an edge that may be driven from `start` to `end` is an arc
    from `end` to `start`.
    """
    gates, doors = joined
    to_end, to_start = open_now & (oneway >= 0), open_now & (oneway <= 0)  # ways a vehicle may take
    cost = network.length_m * per_metre
    nodes, count = len(network.xy), len(gates.edge)
    on = np.flatnonzero((gates.edge != OFF) & open_now[gates.edge])
    edge, gate = gates.edge[on], nodes + on
    before = gates.measure[on] * per_metre[edge]
    after = (network.length_m[edge] - gates.measure[on]) * per_metre[edge]
    arcs = [
        (network.end[to_end], network.start[to_end], cost[to_end]),
        (network.start[to_start], network.end[to_start], cost[to_start]),
        (gate[to_end[edge]], network.start[edge][to_end[edge]], before[to_end[edge]]),
        (gate[to_start[edge]], network.end[edge][to_start[edge]], after[to_start[edge]]),
    ]
    tail, head, value = (np.concatenate(part) for part in zip(*arcs, strict=True))
    order = np.lexsort((value, head, tail))  # of parallel arcs the cheapest; a sparse matrix would add them
    tail, head, value = tail[order], head[order], value[order]
    first = np.append(True, (tail[1:] != tail[:-1]) | (head[1:] != head[:-1]))
    value = np.maximum(value[first], np.finfo(float).tiny)  # a stored zero would be no arc
    graph = coo_array((value, (tail[first], head[first])), shape=(nodes + count, nodes + count)).tocsr()
    found = dijkstra(graph, indices=nodes + np.arange(count), limit=limit)
    there = np.flatnonzero((doors.edge != OFF) & open_now[doors.edge])
    edge, measure = doors.edge[there], doors.measure[there]
    to_a = np.where(to_start[edge], measure * per_metre[edge], np.inf)
    to_b = np.where(to_end[edge], (network.length_m[edge] - measure) * per_metre[edge], np.inf)
    minutes = np.full((count, len(doors.edge)), np.inf)
    minutes[:, there] = np.minimum(found[:, network.start[edge]] + to_a, found[:, network.end[edge]] + to_b)
    for row in on:  # door and gate on the same edge
        same = there[edge == gates.edge[row]]
        ahead = gates.measure[row] - doors.measure[same]
        allowed = np.where(ahead >= 0, to_end[gates.edge[row]], to_start[gates.edge[row]])
        along = np.where(allowed, np.abs(ahead) * per_metre[gates.edge[row]], np.inf)
        minutes[row, same] = np.minimum(minutes[row, same], along)
    return minutes


def _area(field: Field, minutes: Floats, level: float, far: float) -> Any:
    """Polygon of the points within some minutes; points without a way count as `far`, the same for every level."""
    inside = minutes <= level
    if not inside.any():
        return shapely.Polygon()
    from contourpy import FillType, contour_generator

    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    part = tuple(slice(max(at[0] - _MARGIN, 0), at[-1] + _MARGIN + 1) for at in (rows, columns))
    far = 2.0 * float(
        np.max(minutes, where=np.isfinite(minutes), initial=level)
    )  # the same for every level of a subject
    shown = np.where(np.isfinite(minutes[part]), minutes[part], far)
    lines = contour_generator(
        field.x[part[1]], field.y[part[0]], shown, quad_as_tri=True, fill_type=FillType.OuterOffset
    )
    filled: Any = lines.filled(-1.0, level)
    points, offsets = filled
    shapes = [
        shapely.Polygon(spots[at[0] : at[1]], [spots[a:b] for a, b in pairwise(at[1:])])
        for spots, at in zip(points, offsets, strict=True)
    ]
    return shapely.union_all(shapely.make_valid(np.array(shapes, dtype=object)))
