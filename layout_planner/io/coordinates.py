"""Every point, line and outline of a county in CGCS2000 longitude and latitude, converted once from what was declared.

What a pair of numbers means is declared, from the nearest to the farthest: by the row (column ``crs_source``), by the
file (section ``[coordinates]`` of county.toml), by the county (``coordinate_system``). A map layer that carries a
projected system of its own is converted from that. The pair as given stays beside the one that is used.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from layout_planner.contracts import Table
from layout_planner.errors import DataError, Problem
from layout_planner.io.datum import CGCS2000, Floats, Pair, metres_between, to_cgcs2000
from layout_planner.io.layers import geometry_problems, open_layer
from layout_planner.io.pairs import METRES, PAIR, faults, told
from layout_planner.io.road_layer import open_roads
from layout_planner.io.settings import Declared

if TYPE_CHECKING:
    import geopandas as gpd

POINTS = {
    "schools": "school_id",
    "villages": "village_code",
    "bus_stops": "stop_id",
}  # tables of points and their codes
OFFSET = ("gcj02", "bd09")  # systems that no map layer can carry in itself, so that only a declaration tells them
NAMES = {"cgcs2000": f"EPSG:{CGCS2000}", "wgs84": "EPSG:4326", "gcj02": "GCJ-02", "bd09": "BD-09"}
_SAME_DATUM = ("world geodetic system 1984", "china 2000")
_ZONED = 1e6  # an easting from here begins with the number of its zone [m]
_ZONE_3, _ZONE_6 = (25, 4513), (13, 4491)  # first zone with its number before the easting, and its EPSG code
_UNZONED = 21  # the 3° zones without the number follow those with it, 21 codes later
_UNKNOWN_ZONE = 0


def read_shapes(path: Path, spec: Table, declared: Declared) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """Read a map layer; lines and outlines are brought to CGCS2000 here, points by `place`.

    Parameters
    ----------
    path
        The file.
    spec
        The table.
    declared
        What the county and its files are declared as.

    Returns
    -------
    tuple
        The layer, and what is wrong with its shapes.

    Raises
    ------
    DataError
        ``file_missing``, ``file_unreadable``, ``file_empty`` or ``crs_unusable``.
    """
    layer, problems = open_roads(path) if spec.name == "roads" else (open_layer(path), [])
    datum = _datum_problem(layer, path.name)
    problems += [datum] if datum else []
    if spec.name in POINTS:
        layer = fill_points(layer)
    else:
        layer, found = convert_shapes(layer, declared, path.name)
        if found:
            return layer, problems + found  # told for the whole layer, not once more for every shape
    return layer, problems + geometry_problems(layer, spec, path.name)


def own_crs(layer: gpd.GeoDataFrame) -> Any:
    """Return the layer's own system, or None when it is only the usual longitude and latitude.

    GeoJSON without ``crs`` is WGS 84 by its standard, and GCJ-02 cannot be written into any format: for such degrees
    the county's declaration counts.
    """
    crs = layer.crs
    if crs is None or (crs.is_geographic and _same_datum(crs)):
        return None
    return crs


def _datum_problem(layer: gpd.GeoDataFrame, file: str) -> Problem | None:
    """Warn about a layer in an older datum (北京 54, 西安 80), whose shift to CGCS2000 is not public."""
    crs = own_crs(layer)
    if crs is None or _same_datum(crs):
        return None
    return Problem("warning", "crs_datum_rough", file, found=crs.name, allowed="CGCS2000")


def convert_shapes(layer: gpd.GeoDataFrame, declared: Declared, file: str) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """Bring lines and outlines to CGCS2000 longitude and latitude.

    Parameters
    ----------
    layer
        Layer as its file has it.
    declared
        What the county and its files are declared as.
    file
        Name of the file in county.toml and in the messages.

    Returns
    -------
    tuple
        The layer in EPSG:4490, without shapes where the numbers make none; and what is wrong with the layer as a whole.

    Raises
    ------
    DataError
        ``crs_unusable`` when the layer's own system has no way to longitude and latitude.
    """
    import geopandas as gpd
    import shapely

    problems: list[Problem] = []
    shapes, system = layer.geometry, declared.system_of(file)
    if own_crs(layer) is not None:
        shapes, system = _to_degrees(shapes, file), declared.offset_of_file(file) or "cgcs2000"
    else:
        system, problems = _layer_system(shapes.total_bounds, system, declared, file=file)
    moved = shapes.to_numpy()
    if system not in ("cgcs2000", "wgs84"):
        moved = shapely.transform(moved, lambda x, y: to_cgcs2000(x, y, system), interleaved=False)
    usable = np.isfinite(shapely.bounds(moved)).all(axis=1) & (not problems)
    return layer.set_geometry(gpd.GeoSeries(np.where(usable, moved, None), index=layer.index, crs=CGCS2000)), problems


def _layer_system(bounds: Any, system: str | int, declared: Declared, *, file: str) -> tuple[str | int, list[Problem]]:
    """System of a layer that carries none of its own, or what is wrong with its numbers (by its lower left corner)."""
    metric = isinstance(system, int) or system == METRES
    x, y = np.array([bounds[0]]), np.array([bounds[1]])
    if wrong := told(faults(x, y, metres=metric), [0], (x, y), file=file):
        return "cgcs2000", [_whole(wrong[0])]
    if not metric:
        return system, []
    code = _epsg(x, system, declared)[0]
    return (code, []) if code != _UNKNOWN_ZONE else ("cgcs2000", [_no_zone(file, x[0])])


def fill_points(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give features without geometry the point of their columns easting and northing, where they are declared so."""
    import geopandas as gpd

    if not {"crs_source", "easting", "northing"} <= set(layer.columns):
        return layer
    east, north = (pd.to_numeric(layer[c], errors="coerce") for c in ("easting", "northing"))
    bare = (layer["crs_source"] == METRES) & east.notna() & north.notna()
    points = gpd.GeoSeries.from_xy(east.where(bare, 0.0), north.where(bare, 0.0), index=layer.index, crs=layer.crs)
    return layer.set_geometry(layer.geometry.where(~bare, points))


def place(
    frame: pd.DataFrame, spec: Table, declared: Declared, *, points: gpd.GeoSeries | None, skip: set[int]
) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """Give every row of a table its point in CGCS2000, and keep the pair as given.

    Parameters
    ----------
    frame
        Checked rows with ``_row``; villages have lon, lat (or easting, northing) as given.
    spec
        Table ``schools`` or ``villages``.
    declared
        What the county and its files are declared as.
    points
        Points of a map layer as its file has them, in the order of `frame`; None when the columns hold the pairs.
    skip
        Rows whose pair is told already.

    Returns
    -------
    tuple
        The table with points (EPSG:4490) and columns crs_source, crs_name, lon_raw, lat_raw, easting, northing; and
        the problems: a pair in the wrong order, in the wrong unit, without a zone, or missing.
    """
    import geopandas as gpd

    own = None if points is None else own_crs(points.to_frame("geometry").set_geometry("geometry"))
    word = _words(frame, declared, spec.file, own)
    metric = (word == METRES).to_numpy() if own is None else np.full(len(frame), bool(own.is_projected))
    x, y = _raw(frame, points, metric)
    rows = [int(row) for row in frame["_row"]]
    code = (
        faults(x, y, metres=False).where(~metric, faults(x, y, metres=True))
        if own is None
        else pd.Series("", range(len(x)))
    )
    problems = told(code, rows, (x, y), file=spec.file)
    x, y = np.where(code == "", x, np.nan), np.where(code == "", y, np.nan)
    system = _systems(word, x, declared, spec.file)
    if own is None:
        problems += [
            _no_zone(spec.file, x[i], rows[i]) for i in np.flatnonzero(system == _UNKNOWN_ZONE) if x[i] == x[i]
        ]
        lon, lat = _convert(x, y, system)
    else:
        inside = _to_degrees(gpd.GeoSeries.from_xy(x, y, crs=own), spec.file)
        lon, lat = _convert(inside.x.to_numpy(), inside.y.to_numpy(), word.where(word.isin(OFFSET), "cgcs2000"))
    skip = skip | {p.row for p in problems if p.row is not None}
    problems += _missing(rows, ~np.isfinite(lon), skip, spec.file)
    placed = frame.assign(
        crs_source=word,
        crs_name=_crs_names(word, system, own),
        lon_raw=np.where(metric, np.nan, x),
        lat_raw=np.where(metric, np.nan, y),
        easting=np.where(metric, x, np.nan),
        northing=np.where(metric, y, np.nan),
        **({"lon": lon, "lat": lat} if points is None else {}),
    )
    known = np.isfinite(lon) & np.isfinite(lat)
    shapes = gpd.GeoSeries.from_xy(np.where(known, lon, 0.0), np.where(known, lat, 0.0)).where(known)
    return gpd.GeoDataFrame(placed, geometry=shapes.to_numpy(), crs=CGCS2000), problems


def coordinates_table(schools: gpd.GeoDataFrame, villages: gpd.GeoDataFrame) -> pd.DataFrame:
    """List every point with the pair as given, its system, the pair used and how far it moved.

    Parameters
    ----------
    schools, villages
        The county's points, as `place` made them.

    Returns
    -------
    DataFrame
        Table ``coordinates``; ``shift_m`` is empty where the pair was given in metres.
    """
    return pd.concat([_listed(schools, "school", "school_id"), _listed(villages, "village", "village_code")])


def _listed(points: gpd.GeoDataFrame, kind: str, code: str) -> pd.DataFrame:
    metric = points["easting"].notna()
    lon, lat = points.geometry.x.to_numpy(), points.geometry.y.to_numpy()
    raw = points["lon_raw"].to_numpy(dtype=float), points["lat_raw"].to_numpy(dtype=float)
    table = pd.DataFrame(
        {
            "subject_type": kind,
            "subject_id": points[code].to_numpy(),
            "subject_name": points["name"].to_numpy(),
            "crs_source": points["crs_source"].to_numpy(),
            "crs_name": points["crs_name"].to_numpy(),
            "x_raw": np.where(metric, points["easting"], raw[0]),
            "y_raw": np.where(metric, points["northing"], raw[1]),
            "lon": lon,
            "lat": lat,
            "shift_m": metres_between(raw, (lon, lat)),
        }
    )
    return table.sort_values("subject_id", ignore_index=True)


def _same_datum(crs: Any) -> bool:
    geodetic = crs.geodetic_crs
    return geodetic is not None and geodetic.datum.name.lower().startswith(_SAME_DATUM)


def _to_degrees(shapes: gpd.GeoSeries, file: str) -> gpd.GeoSeries:
    from pyproj.exceptions import ProjError

    try:
        return shapes.to_crs(CGCS2000)
    except (ProjError, ValueError) as error:
        raise DataError("crs_unusable", file=file, found=str(shapes.crs)[:60], allowed="CGCS2000") from error


def _words(frame: pd.DataFrame, declared: Declared, file: str, own: Any) -> pd.Series:
    """Declared source of every row; a layer with a system of its own is told by that unless GCJ-02 or BD-09 is declared."""
    default = declared.system_of(file)
    default = METRES if isinstance(default, int) else default
    word = frame["crs_source"].astype(object)
    if own is None:
        return word.where(word.notna(), default)
    carried = METRES if own.is_projected else ""  # an older datum in degrees: the name of the system tells
    return word.where(word.isin(OFFSET), declared.offset_of_file(file) or carried)


def _raw(frame: pd.DataFrame, points: gpd.GeoSeries | None, metric: Any) -> Pair:
    if points is not None:
        return points.x.to_numpy(dtype=float), points.y.to_numpy(dtype=float)
    pairs = (("easting", "lon"), ("northing", "lat"))
    x, y = (np.where(metric, frame[metre], frame[degree]).astype(float) for metre, degree in pairs)
    both = np.isfinite(x) & np.isfinite(y)
    return np.where(both, x, np.nan), np.where(both, y, np.nan)


def _systems(word: pd.Series, x: Floats, declared: Declared, file: str) -> Any:
    system = word.to_numpy(dtype=object, copy=True)
    metric = (word == METRES).to_numpy()
    system[metric] = _epsg(x[metric], declared.system_of(file), declared)
    return system


def _epsg(x: Floats, system: str | int, declared: Declared) -> list[int]:
    """EPSG code of each easting: by the zone before it, else as declared for the file or the county; 0 if unknown."""
    code = system if isinstance(system, int) else declared.projected_crs or _UNKNOWN_ZONE
    if _ZONE_3[1] <= code < _ZONE_3[1] + _UNZONED:
        code += _UNZONED
    zone = np.nan_to_num(np.floor(np.asarray(x) / _ZONED)).astype(int)
    told_3 = (zone >= _ZONE_3[0]) & (zone < _ZONE_3[0] + _UNZONED)
    told_6 = (zone >= _ZONE_6[0]) & (zone <= _ZONE_6[0] + 10)
    codes = np.where(zone == 0, code, _UNKNOWN_ZONE)
    codes = np.where(told_3, _ZONE_3[1] + zone - _ZONE_3[0], codes)
    return [int(c) for c in np.where(told_6, _ZONE_6[1] + zone - _ZONE_6[0], codes)]


def _convert(x: Floats, y: Floats, system: Any) -> Pair:
    lon, lat = np.full(len(x), np.nan), np.full(len(x), np.nan)
    systems = np.asarray(system, dtype=object)
    for one in dict.fromkeys(systems.tolist()):
        rows = systems == one
        if one != _UNKNOWN_ZONE:
            lon[rows], lat[rows] = to_cgcs2000(x[rows], y[rows], one)
    return lon, lat


def _crs_names(word: pd.Series, system: Any, own: Any) -> list[str]:
    if own is not None:
        return [f"{own.to_string()[:40]} → {NAMES[w]}" if w in OFFSET else own.to_string()[:40] for w in word]
    return [NAMES.get(s, f"EPSG:{s}") for s in system]


def _missing(rows: list[int], gone: Any, skip: set[int], file: str) -> list[Problem]:
    bare = [row for row, empty in zip(rows, gone, strict=True) if empty and row not in skip]
    return [Problem("error", "coordinates_missing", file, row, PAIR) for row in bare]


def _no_zone(file: str, easting: float, row: int | None = None) -> Problem:
    return Problem("error", "coordinates_zone", file, row, "easting", f"{easting:.10g}")


def _whole(problem: Problem) -> Problem:
    return Problem("error", f"layer_{problem.code.removeprefix('coordinates_')}", problem.file, found=problem.found)
