"""Road lines cut at their junctions: by shared vertices and touching ends, or by the node numbers of the layer."""

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

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Objects = NDArray[np.object_]
Issue = tuple[str, int, float, float]

_MILLIMETRE: Final = 1e-3  # vertices nearer than this are one vertex


@dataclass(frozen=True)
class Pieces:
    """Pieces of road between two junctions: positions of the nodes, ends, line, length and line each came from."""

    xy: Floats
    start: Ints
    end: Ints
    geometry: Objects
    length_m: Floats
    line: Ints


def levels(roads: gpd.GeoDataFrame) -> Ints:
    """Level of every road: column `layer`, else 1 for a bridge, -1 for a tunnel and 0 for the ground."""
    bridge, tunnel = (flags(roads, name) for name in ("bridge", "tunnel"))
    assumed = np.where(bridge, 1, np.where(tunnel, -1, 0))
    if "layer" not in roads.columns:
        return assumed
    given = pd.to_numeric(roads["layer"]).to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isnan(given), assumed, np.nan_to_num(given)).astype(np.int64)


def flags(roads: gpd.GeoDataFrame, column: str, default: Bools | None = None) -> Bools:
    """Values of a column of yes and no; `default` (no) where it is absent or empty."""
    otherwise = np.zeros(len(roads), dtype=bool) if default is None else default
    if column not in roads.columns:
        return otherwise
    values = roads[column].astype("boolean")
    return np.where(values.isna(), otherwise, values.fillna(value=False).to_numpy(dtype=bool)).astype(bool)


def numbered(roads: gpd.GeoDataFrame, lines: Objects, road: Ints) -> Pieces | None:
    """Pieces of a layer whose rows carry the numbers of their nodes: every line is one; None if some row has none."""
    if not {"node_from", "node_to"} <= set(roads.columns) or len(np.unique(road)) < len(road):
        return None
    ends = [pd.to_numeric(roads[name]).iloc[road] for name in ("node_from", "node_to")]
    if any(numbers.isna().any() for numbers in ends):
        return None
    number = np.concatenate([numbers.to_numpy(dtype=np.int64) for numbers in ends])
    places = shapely.get_coordinates(np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)]))
    _, first, node = np.unique(number, return_index=True, return_inverse=True)
    node = node.reshape(-1).astype(np.int64)
    count = len(lines)
    return Pieces(places[first], node[:count], node[count:], lines, shapely.length(lines), np.arange(count))


def joined_by_place(lines: Objects, level: Ints, tolerance: float) -> Pieces:
    """Pieces of a layer without node numbers: cut where lines share a vertex or an end touches a line, level by level."""
    line, low, high = _pieces(lines, level, tolerance)
    xy, start, end = _nodes(lines, line, low, high, tolerance)
    return Pieces(xy, start, end, _cut(lines, line, low, high), high - low, line)


def clean_lines(roads: gpd.GeoDataFrame) -> tuple[Objects, Ints, list[Issue]]:
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
    issues = [_lost(geometry[row], int(row)) for row in lost]
    issues += [("self_overlap", int(road[good][i]), *middle(parts[good][i])) for i in _overlapping(parts[good])]
    return parts[good], road[good].astype(np.int64), issues


def _lost(shape: Any, row: int) -> Issue:
    """Why a row has no line: nothing usable in it, or no length."""
    place = np.empty((0, 2)) if shape is None else shapely.get_coordinates(shape)[:1]
    if not len(place) or not np.isfinite(shapely.get_coordinates(shape)).all():
        return ("bad_geometry", row, float("nan"), float("nan"))
    return ("zero_length", row, float(place[0, 0]), float(place[0, 1]))


def _overlapping(lines: Objects) -> list[int]:
    """Lines that run over themselves for more than a millimetre."""
    doubtful = np.flatnonzero(~shapely.is_simple(lines))
    once = np.array([shapely.length(shapely.unary_union(lines[i])) for i in doubtful])
    return [int(i) for i in doubtful[shapely.length(lines[doubtful]) - once > _MILLIMETRE]] if len(doubtful) else []


def _pieces(lines: Objects, level: Ints, tolerance: float) -> tuple[Ints, Floats, Floats]:
    """Line, low and high measure of every piece between two junctions."""
    shared_line, shared_measure = _shared_vertices(lines, level)
    touched_line, touched_measure = _touched_interiors(lines, level, tolerance)
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


def _shared_vertices(lines: Objects, level: Ints) -> tuple[Ints, Floats]:
    """Interior vertices that a line of the same level also has, or on the ground the end of any: line and measure."""
    coordinates, line = shapely.get_coordinates(lines, return_index=True)
    step = np.hypot(*np.diff(coordinates, axis=0).T)
    step[line[1:] != line[:-1]] = 0.0
    along = np.concatenate([[0.0], np.cumsum(step)])
    first = np.concatenate([[True], line[1:] != line[:-1]])
    measure = along - along[np.flatnonzero(first)][line]
    last = np.concatenate([first[1:], [True]])
    key = np.round(coordinates / _MILLIMETRE).astype(np.int64)
    _, place = np.unique(key, axis=0, return_inverse=True)
    place = place.reshape(-1)
    height = level[line]
    _, together, count = np.unique(np.column_stack([place, height]), axis=0, return_inverse=True, return_counts=True)
    an_end = np.bincount(place, weights=first | last)[place] > 0
    junction = ((count[together.reshape(-1)] > 1) | (an_end & (height == 0))) & ~first & ~last
    return line[junction].astype(np.int64), measure[junction]


def _touched_interiors(lines: Objects, level: Ints, tolerance: float) -> tuple[Ints, Floats]:
    """Places where the end of a line lies on the interior of another of its level, or on the ground: line and measure."""
    ends = np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)])
    point, line = shapely.STRtree(lines).query(ends, predicate="dwithin", distance=tolerance)
    meets = (level[line] == 0) | (level[line] == np.tile(level, 2)[point])
    point, line = point[meets], line[meets]
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


def kept_edges(pieces: Pieces, use: Ints, tolerance: float) -> tuple[Ints, list[tuple[str, int]]]:
    """Pieces to keep, and the collapsed and the repeated ones with their kind; pieces of another `use` are no repeats."""
    start, end, length, geometry = pieces.start, pieces.end, pieces.length_m, pieces.geometry
    collapsed = (start == end) & (length <= 2 * tolerance)
    middle = shapely.get_coordinates(shapely.line_interpolate_point(geometry, 0.5, normalized=True))
    low, high = np.minimum(start, end), np.maximum(start, end)
    order = np.lexsort((np.arange(len(start)), length, use, high, low))
    here, there = order[:-1], order[1:]
    same = (low[here] == low[there]) & (high[here] == high[there]) & ~collapsed[there]
    same &= use[here] == use[there]
    same &= np.abs(length[here] - length[there]) <= tolerance
    same &= np.hypot(*(middle[here] - middle[there]).T) <= tolerance
    repeated = np.zeros(len(start), dtype=bool)
    repeated[np.maximum(here, there)[same]] = True
    dropped = [("zero_length", int(i)) for i in np.flatnonzero(collapsed)]
    dropped += [("duplicate", int(i)) for i in np.flatnonzero(repeated & ~collapsed)]
    return np.flatnonzero(~collapsed & ~repeated), dropped


def crossings(geometry: Objects, level: Ints, tolerance: float) -> list[tuple[int, float, float]]:
    """Edges that cross another of their level without a junction: edge and place (a bridge, or a missing vertex)."""
    one, other = shapely.STRtree(geometry).query(geometry, predicate="crosses")
    pairs = (one < other) & (level[one] == level[other])
    one, other = one[pairs], other[pairs]
    places, pair = shapely.get_coordinates(shapely.intersection(geometry[one], geometry[other]), return_index=True)
    found = []
    for (x, y), i in zip(places, pair, strict=True):
        ends = [shapely.get_coordinates(geometry[edge])[[0, -1]] for edge in (one[i], other[i])]
        if min(np.hypot(*(ends_of - (x, y)).T).min() for ends_of in ends) > 2 * tolerance:
            found.append((int(one[i]), float(x), float(y)))
    return found


def middle(line: Any) -> tuple[float, float]:
    """Place half-way along a line. [m]"""
    point = line.interpolate(0.5, normalized=True)
    return float(point.x), float(point.y)
