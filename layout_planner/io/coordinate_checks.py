"""What the places of schools and villages give away once they are converted: outside, twins, off their township, shifted.

Distances are measured in the county's projected system. Nothing is corrected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from scipy import stats

from layout_planner.errors import Problem, Severity
from layout_planner.io.datum import Floats, from_cgcs2000, to_cgcs2000, transformer

if TYPE_CHECKING:
    import geopandas as gpd

SCHOOLS, VILLAGES = "schools.geojson", "villages.csv"
OUTLINE_M = 100.0  # outlines of townships are drawn no finer than this [m]
_MAD_TO_SD = 1.4826
SHIFT_POINTS = 20  # fewer points say nothing about a shift
SHIFT_REACH_M = 1000.0  # points farther from every road, however read, say nothing [m]
SHIFT_GAIN = 0.6  # the other reading has to bring the median distance to the road down to this share [-]
SHIFT_P = 1e-4  # and the share of points that come nearer must not be chance (sign test) [-]
_READINGS = {"cgcs2000": "CGCS2000", "gcj02": "GCJ-02", "bd09": "BD-09"}


@dataclass(frozen=True)
class PlaceLimits:
    """Engineering assumptions of the checks of places.

    Attributes
    ----------
    far_km
        A point this far outside the county is a mistake, not an exclave. [km]
    twin_m
        Two places are not nearer to each other than this. [m]
    off_township_km
        Least distance outside a township that is told. [km]
    deviations
        How many robust standard deviations beyond the median a village is told. [-]
    """

    far_km: float
    twin_m: float
    off_township_km: float
    deviations: float


def outside_problems(
    points: gpd.GeoDataFrame, townships: gpd.GeoDataFrame, file: str, *, crs: int, limits: PlaceLimits
) -> list[Problem]:
    """Tell points outside the county's outline, with the distance: near ones as a warning, far ones as an error.

    Parameters
    ----------
    points
        Points in EPSG:4490 with ``name`` and ``_row``; rows without a point are left out.
    townships
        Outlines in EPSG:4490; their union is the county.
    file
        Name printed in the messages.
    crs
        EPSG code of the county's projected system.
    limits
        The assumptions.

    Returns
    -------
    list of Problem
        ``point_near_outside`` (warning) and ``point_far_outside`` (error).
    """
    outline = shapely.union_all(shapely.make_valid(townships.geometry.dropna().to_crs(crs).to_numpy()))
    if outline.is_empty:
        return []
    known = points[points.geometry.notna()]
    metres = shapely.distance(known.geometry.to_crs(crs).to_numpy(), outline)
    problems = []
    for row, name, distance in zip(known["_row"], known["name"], metres, strict=True):
        if not distance <= OUTLINE_M:
            far = not distance <= limits.far_km * 1000
            code = "point_far_outside" if far else "point_near_outside"
            found = f"{distance / 1000:.1f}" if np.isfinite(distance) else "∞"
            severity: Severity = "error" if far else "warning"
            problems.append(Problem(severity, code, file, int(row), str(name), found, f"{limits.far_km:g}"))
    return problems


def twin_problems(points: gpd.GeoDataFrame, file: str, *, crs: int, limits: PlaceLimits) -> list[Problem]:
    """Tell places at one point: schools of different sites with equal coordinates are an error, the rest a warning.

    Parameters
    ----------
    points
        Points in EPSG:4490 with ``name`` and ``_row``; with ``site_id``, schools of one site may share a point.
    file
        Name printed in the messages.
    crs
        EPSG code of the county's projected system.
    limits
        The assumptions.

    Returns
    -------
    list of Problem
        ``points_identical`` (error) or ``points_twin`` (warning), one for each later row of a pair.
    """
    known = points[points.geometry.notna()].sort_values("_row")
    shapes = known.geometry.to_crs(crs).to_numpy()
    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=limits.twin_m)
    later = one > other
    pairs = pd.DataFrame({"row": one[later], "twin": other[later]})
    site = known["site_id"].to_numpy() if "site_id" in known else np.arange(len(known))
    pairs = pairs[site[pairs["row"]] != site[pairs["twin"]]].sort_values(["row", "twin"]).drop_duplicates("row")
    degrees = known.geometry.to_numpy()
    equal = shapely.equals(degrees[pairs["row"]], degrees[pairs["twin"]]) & ("site_id" in known)
    rows, names = known["_row"].to_numpy(), known["name"].astype(str).to_numpy()
    return [
        Problem("error", "points_identical", file, int(rows[i]), names[i], f"{names[j]} ({rows[j]})")
        if same
        else Problem(
            "warning", "points_twin", file, int(rows[i]), names[i], f"{names[j]} ({rows[j]})", f"{limits.twin_m:g}"
        )
        for i, j, same in zip(pairs["row"], pairs["twin"], equal, strict=True)
    ]


def township_problems(
    villages: gpd.GeoDataFrame, townships: gpd.GeoDataFrame, *, crs: int, limits: PlaceLimits
) -> list[Problem]:
    """Tell villages that lie farther outside their own township than the county's other villages.

    The limit is the median distance outside plus some robust standard deviations (1.4826 × median absolute
    deviation), and at least a least distance: where a county's outlines are coarse, all its villages are judged softer.

    Parameters
    ----------
    villages
        Points in EPSG:4490 with township_code, name, ``_row``.
    townships
        Outlines in EPSG:4490 with township_code.
    crs
        EPSG code of the county's projected system.
    limits
        The assumptions.

    Returns
    -------
    list of Problem
        ``village_off_township``, warnings.
    """
    outlines = townships.set_index("township_code").geometry.to_crs(crs)
    outlines = outlines[~outlines.index.duplicated() & outlines.notna()]
    known = villages[villages.geometry.notna() & villages["township_code"].isin(outlines.index)]
    if known.empty:
        return []
    own = shapely.make_valid(outlines.loc[known["township_code"]].to_numpy())
    km = shapely.distance(known.geometry.to_crs(crs).to_numpy(), own) / 1000
    middle = np.median(km)
    limit = max(limits.off_township_km, middle + limits.deviations * _MAD_TO_SD * float(np.median(np.abs(km - middle))))
    return [
        Problem("warning", "village_off_township", VILLAGES, int(row), str(name), f"{d:.1f}", f"{limit:.1f}")
        for row, name, d in zip(known["_row"], known["name"], km, strict=True)
        if d > limit
    ]


def shift_problem(points: gpd.GeoDataFrame, roads: gpd.GeoDataFrame, file: str, *, crs: int) -> Problem | None:
    """Tell a file of points that fits the roads much better when it is read as another system.

    Every pair as given is read as CGCS2000, as GCJ-02 and as BD-09, and its distance to the nearest road measured.
    If the pairs mean what they are declared as, another reading moves each off by hundreds of metres, and fewer than
    half come nearer to a road. A file is told only if another reading brings the median distance down to 60 % or
    less, and the number of points that come nearer would be chance once in ten thousand files at most (one-sided sign test
    against a half).

    Parameters
    ----------
    points
        Points in EPSG:4490 with ``lon_raw``, ``lat_raw`` and ``crs_source``.
    roads
        Lines in EPSG:4490.
    file
        Name printed in the message.
    crs
        EPSG code of the county's projected system.

    Returns
    -------
    Problem or None
        ``coordinates_shifted``, a warning. None as well with fewer than twenty points near a road.
    """
    known = points[points["lon_raw"].notna() & points.geometry.notna()]
    word = known["crs_source"].replace("wgs84", "cgcs2000").astype(object)
    if len(known) == 0 or roads.empty:
        return None
    declared = str(word.mode().iloc[0])
    known = known[(word == declared).to_numpy()]
    raw = known["lon_raw"].to_numpy(dtype=float), known["lat_raw"].to_numpy(dtype=float)
    tree = shapely.STRtree(roads.geometry.to_crs(crs).to_numpy())
    metres = {name: _to_road(*to_cgcs2000(*raw, name), tree, crs=crs) for name in _READINGS}
    best = _better(metres, declared)
    if best is None:
        return None
    return Problem(
        "warning", "coordinates_shifted", file, found=_gain(metres, declared, best), allowed=_READINGS[declared]
    )


def road_shift_problem(
    points: gpd.GeoDataFrame, roads: gpd.GeoDataFrame, file: str, *, declared: str, crs: int
) -> Problem | None:
    """Tell roads that fit the points much better when they are read as GCJ-02 or BD-09.

    As `shift_problem`, from the other side: the road read as GCJ-02 moves one way, or the points the other way.

    Parameters
    ----------
    points
        Points in EPSG:4490.
    roads
        Lines in EPSG:4490, declared as degrees of CGCS2000 or WGS 84 (others are not judged).
    file
        Name printed in the message.
    declared
        What the roads are declared as.
    crs
        EPSG code of the county's projected system.
    """
    known = points.geometry[points.geometry.notna()]
    if declared not in ("cgcs2000", "wgs84") or known.empty or roads.empty:
        return None
    tree = shapely.STRtree(roads.geometry.to_crs(crs).to_numpy())
    pairs = known.x.to_numpy(), known.y.to_numpy()
    metres = {name: _to_road(*from_cgcs2000(*pairs, name), tree, crs=crs) for name in _READINGS}
    best = _better(metres, "cgcs2000")
    if best is None:
        return None
    return Problem("warning", "coordinates_shifted", file, found=_gain(metres, "cgcs2000", best), allowed="CGCS2000")


def _to_road(lon: Floats, lat: Floats, tree: shapely.STRtree, *, crs: int) -> Floats:
    x, y = transformer(4490, crs).transform(lon, lat)
    shapes = shapely.points(x, y)
    nearest = tree.geometries.take(tree.nearest(shapes))
    return np.asarray(shapely.distance(shapes, nearest), dtype=float)


def _better(metres: dict[str, Floats], declared: str) -> str | None:
    """Return the other reading that fits the roads best, if it passes the test."""
    found = None
    for name, other in metres.items():
        near = np.minimum(metres[declared], other) <= SHIFT_REACH_M
        now, then = metres[declared][near], other[near]
        if name == declared or near.sum() < SHIFT_POINTS:
            continue
        nearer, moved = int((then < now).sum()), int((then != now).sum())
        chance = stats.binomtest(nearer, moved, 0.5, alternative="greater").pvalue if moved else 1.0
        fits = np.median(then) <= SHIFT_GAIN * np.median(now) and chance < SHIFT_P
        if fits and (found is None or np.median(then) < np.median(metres[found])):
            found = name
    return found


def _gain(metres: dict[str, Floats], declared: str, best: str) -> str:
    before, after = (float(np.median(metres[name])) for name in (declared, best))
    return f"{_READINGS[best]}: {before:.0f} m → {after:.0f} m"
