"""Longitude and latitude between WGS 84, GCJ-02, BD-09 and CGCS2000, and from projected metres.

CGCS2000 and WGS 84 share origin, orientation and scale to centimetres, and their ellipsoids differ by 0.1 mm, so
degrees pass unchanged between them. (A point measured by GPS today has moved with its plate since the epoch 2000.0
of CGCS2000: some 3 cm a year in China, still less than a metre.) Projected systems go through PROJ.

GCJ-02 (高德, 腾讯) is not a geodetic system but an offset of up to 0.7 km, and BD-09 (百度) another of up to 0.9 km
upon it. Their makers never published them; the formulas below are the ones found by others and used by every open
library. Against pairs of the services themselves they are 0.67 m off, everywhere to the same side (docs/coordinates.md).
The inverses are iterated, so that there and back again is exact.

References
----------
.. [1] China Geodetic Coordinate System 2000: 杨元喜, "2000中国大地坐标系", 科学通报 54(16), 2009, 2271–2276.
.. [2] GCJ-02: "on4wp7", changeset 21483 (codeplex.com), as published in github.com/googollee/eviltransform (MIT).
.. [3] BD-09: coolypf, blog.csdn.net/coolypf/article/details/8569813.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

CGCS2000 = 4490  # EPSG code of CGCS2000 longitude and latitude
DEGREES = ("cgcs2000", "wgs84", "gcj02", "bd09")

Floats = NDArray[np.float64]
Pair = tuple[Floats, Floats]

_AXIS = 6378245.0  # semi-major axis of the Krasovsky ellipsoid [m]
_ECCENTRICITY2 = 0.00669342162296594323  # its first eccentricity squared [-]
_CENTRE = (105.0, 35.0)
_BOX = (72.004, 0.8293, 137.8347, 55.8271)  # GCJ-02 is applied inside: west, south, east, north [degree]
_BD_WAVE = np.pi * 3000.0 / 180.0
_BD_OFFSET = (0.0065, 0.006)  # [degree]
_EXACT = 1e-12  # the inverse stops when nothing moves by more [degree], 0.1 µm
_ROUNDS = 30


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Offset WGS 84 to GCJ-02; outside China nothing moves.

    Parameters
    ----------
    lon, lat
        Longitude and latitude; NaN stays NaN. [degree]

    Returns
    -------
    tuple of arrays
        Longitude and latitude in GCJ-02. [degree]
    """
    x, y = _arrays(lon, lat)
    east, north = _gcj_offset(x, y)
    inside = in_box(x, y)
    return np.where(inside, x + east, x), np.where(inside, y + north, y)


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Take the GCJ-02 offset off again, exactly (the offset is iterated); outside China nothing moves. [degree]"""
    x, y = _arrays(lon, lat)
    return _only_inside(x, y, _undo(_gcj, x, y))


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Offset GCJ-02 to BD-09; outside China nothing moves. [degree]"""
    x, y = _arrays(lon, lat)
    return _only_inside(x, y, _bd(x, y))


def bd09_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Take the BD-09 offset off again, exactly; outside China nothing moves. [degree]"""
    x, y = _arrays(lon, lat)
    return _only_inside(x, y, _undo(_bd, x, y))


def to_cgcs2000(x: ArrayLike, y: ArrayLike, system: str | int) -> Pair:
    """Bring coordinates of any declared system to CGCS2000 longitude and latitude.

    Parameters
    ----------
    x, y
        Longitude and latitude [degree], or easting and northing [m]; NaN stays NaN.
    system
        One of `DEGREES`, or the EPSG code of a projected system.

    Returns
    -------
    tuple of arrays
        Longitude and latitude in CGCS2000. [degree]

    Raises
    ------
    KeyError
        If the system is none of these.
    """
    px, py = _arrays(x, y)
    if isinstance(system, int):
        lon, lat = transformer(system, CGCS2000).transform(px, py)
        reached = np.isfinite(lon) & np.isfinite(lat)
        return np.where(reached, lon, np.nan), np.where(reached, lat, np.nan)
    if system == "bd09":
        return gcj02_to_wgs84(*bd09_to_gcj02(px, py))
    plain = {"gcj02": gcj02_to_wgs84, "cgcs2000": _arrays, "wgs84": _arrays}
    return plain[system](px, py)


def from_cgcs2000(lon: ArrayLike, lat: ArrayLike, system: str | int) -> Pair:
    """Bring CGCS2000 longitude and latitude to another system: the inverse of `to_cgcs2000`."""
    x, y = _arrays(lon, lat)
    if isinstance(system, int):
        east, north = transformer(CGCS2000, system).transform(x, y)
        return np.asarray(east, dtype=float), np.asarray(north, dtype=float)
    if system == "bd09":
        return gcj02_to_bd09(*wgs84_to_gcj02(x, y))
    plain = {"gcj02": wgs84_to_gcj02, "cgcs2000": _arrays, "wgs84": _arrays}
    return plain[system](x, y)


def in_box(lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    """Tell which points lie in the box inside which GCJ-02 is applied."""
    west, south, east, north = _BOX
    return (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)


def metres_between(a: Pair, b: Pair) -> Floats:
    """Distance along the ellipsoid between two arrays of longitude and latitude. [m]"""
    known = np.isfinite(a[0]) & np.isfinite(a[1]) & np.isfinite(b[0]) & np.isfinite(b[1])
    filled = [np.where(known, part, 0.0) for part in (*a, *b)]
    _, _, metres = _ellipsoid().inv(*filled)
    return np.where(known, metres, np.nan)


@cache
def transformer(source: int, target: int) -> Any:
    """Return PROJ's operation between two EPSG codes, x before y on both sides."""
    from pyproj import Transformer

    return Transformer.from_crs(source, target, always_xy=True)


@cache
def _ellipsoid() -> Any:
    from pyproj import Geod

    return Geod(ellps="GRS80")


def _arrays(lon: ArrayLike, lat: ArrayLike) -> Pair:
    return np.array(lon, dtype=float), np.array(lat, dtype=float)


def _only_inside(x: Floats, y: Floats, moved: Pair) -> Pair:
    inside = in_box(x, y)
    return np.where(inside, moved[0], x), np.where(inside, moved[1], y)


def _gcj(lon: Floats, lat: Floats) -> Pair:
    east, north = _gcj_offset(lon, lat)
    return lon + east, lat + north


def _gcj_offset(lon: Floats, lat: Floats) -> Pair:
    """Offset of GCJ-02 at WGS 84 points: sums of sines in metres, brought to degrees on the Krasovsky ellipsoid."""
    x, y = lon - _CENTRE[0], lat - _CENTRE[1]
    root = np.sqrt(np.abs(x))
    ripple = 20.0 * (np.sin(6.0 * np.pi * x) + np.sin(2.0 * np.pi * x))
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += 2.0 / 3.0 * (ripple + _waves(y, (20.0, 1.0), (40.0, 3.0), (160.0, 12.0), (320.0, 30.0)))
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += 2.0 / 3.0 * (ripple + _waves(x, (20.0, 1.0), (40.0, 3.0), (150.0, 12.0), (300.0, 30.0)))
    phi = np.radians(lat)
    bend = 1.0 - _ECCENTRICITY2 * np.sin(phi) ** 2
    meridian = _AXIS * (1.0 - _ECCENTRICITY2) / bend**1.5
    parallel = _AXIS / np.sqrt(bend) * np.cos(phi)
    return np.degrees(east / parallel), np.degrees(north / meridian)


def _waves(t: Floats, *terms: tuple[float, float]) -> Floats:
    """Sum of sines, each of an amplitude [m] and a length [degree]."""
    return np.asarray(sum(height * np.sin(np.pi * t / length) for height, length in terms))


def _bd(lon: Floats, lat: Floats) -> Pair:
    radius = np.hypot(lon, lat) + 2e-5 * np.sin(lat * _BD_WAVE)
    angle = np.arctan2(lat, lon) + 3e-6 * np.cos(lon * _BD_WAVE)
    return radius * np.cos(angle) + _BD_OFFSET[0], radius * np.sin(angle) + _BD_OFFSET[1]


def _undo(forward: Callable[[Floats, Floats], Pair], x: Floats, y: Floats) -> Pair:
    """Find the point that `forward` moves to (x, y): its offset hardly changes nearby, so each round gains two digits."""
    lon, lat = x.copy(), y.copy()
    for _ in range(_ROUNDS):
        east, north = forward(lon, lat)
        lon, lat = lon + (x - east), lat + (y - north)
        if not np.any(np.hypot(x - east, y - north) > _EXACT):
            break
    return lon, lat
