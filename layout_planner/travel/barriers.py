"""What nobody crosses on foot away from a bridge or tunnel: expressways, and rivers, canals and railways where given."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import shapely

from layout_planner.errors import DataError
from layout_planner.travel.lines import Bools, Ints, Objects

CLOSED_CLASS: Final = "expressway"
FERRY: Final = "ferry"


def barrier_lines(layer: gpd.GeoDataFrame | None, geometry: Objects, road_class: Objects, crossing: Bools) -> Objects:
    """Lines of the layer of barriers, and of every expressway on the ground.

    Parameters
    ----------
    layer
        Table `barriers`; None where there is none.
    geometry, road_class, crossing
        Of every edge of the network; an expressway on a bridge or in a tunnel bars nobody.

    Returns
    -------
    ndarray
        Single lines.
    """
    ways: Objects = geometry[(road_class == CLOSED_CLASS) & ~crossing]
    if layer is None:
        return ways
    shapes = layer.geometry.to_numpy()
    parts = shapely.get_parts(shapely.force_2d(shapes[~shapely.is_missing(shapes)]))
    return np.concatenate([ways, parts[shapely.length(parts) > 0]])


def blocked_edges(
    geometry: Objects, may_cross: Bools, barriers: Objects
) -> tuple[Bools, list[tuple[int, float, float]]]:
    """Edges that cross a barrier without a bridge or tunnel, and the place of each.

    Parameters
    ----------
    geometry
        Line of each edge.
    may_cross
        Edges that may: bridges, tunnels and ferries.
    barriers
        Lines of `barrier_lines`.

    Returns
    -------
    blocked : ndarray
        Whether each edge is shut to people.
    places : list
        Edge and the place where it meets the first barrier. [m]
    """
    blocked = np.zeros(len(geometry), dtype=bool)
    if not len(barriers):
        return blocked, []
    edges = np.flatnonzero(~may_cross)
    which, barrier = shapely.STRtree(barriers).query(geometry[edges], predicate="crosses")
    edge, first = np.unique(edges[which], return_index=True)
    blocked[edge] = True
    meet = shapely.intersection(geometry[edge], barriers[barrier[first]])
    place = shapely.get_coordinates(shapely.point_on_surface(meet))
    return blocked, [(int(i), float(x), float(y)) for i, (x, y) in zip(edge, place, strict=True)]


def barred(one: Objects, other: Objects, barriers: Objects) -> Bools:
    """Whether the shortest straight line between two shapes crosses a barrier, pair by pair.

    Parameters
    ----------
    one, other
        Shapes, same length (points, or points and lines).
    barriers
        Lines of `barrier_lines`.

    Returns
    -------
    ndarray
        A leg that only ends at a barrier does not cross it.
    """
    found = np.zeros(len(one), dtype=bool)
    if len(barriers) and len(one):
        legs = shapely.shortest_line(one, other)
        long = np.flatnonzero(shapely.length(legs) > 0)
        found[long[shapely.STRtree(barriers).query(legs[long], predicate="crosses")[0]]] = True
    return found


def nearest_open(points: Objects, edges: Objects, barriers: Objects, limit_m: float) -> tuple[Ints, Bools]:
    """Nearest edge of each point that no barrier parts from it.

    Parameters
    ----------
    points, edges
        Points, and lines that may be joined.
    barriers
        Lines of `barrier_lines`.
    limit_m
        Longest straight line. [m]

    Returns
    -------
    edge : ndarray
        Place in `edges`; meaningless where none is found.
    found : ndarray
        Whether there is one.
    """
    point, edge = shapely.STRtree(edges).query(points, predicate="dwithin", distance=limit_m)
    order = np.lexsort((edge, shapely.distance(points[point], edges[edge]), point))
    point, edge = point[order], edge[order]
    free = ~barred(points[point], edges[edge], barriers)
    point, first = np.unique(point[free], return_index=True)
    chosen, found = np.zeros(len(points), dtype=np.int64), np.zeros(len(points), dtype=bool)
    chosen[point], found[point] = edge[free][first], True
    return chosen, found


def require_same_system(layer: gpd.GeoDataFrame | None, roads: gpd.GeoDataFrame) -> None:
    """Refuse barriers in another coordinate system than the roads.

    Raises
    ------
    DataError
        ``points_crs_differs``.
    """
    if layer is not None and layer.crs != roads.crs:
        raise DataError("points_crs_differs", found=str(layer.crs), allowed=str(roads.crs))
