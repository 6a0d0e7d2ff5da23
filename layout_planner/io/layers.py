"""Map layers (GeoJSON, GeoPackage, zipped Shapefile) as tables with a geometry column."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layout_planner.contracts import Table
from layout_planner.errors import Problem, Severity
from layout_planner.io.layer_file import read_features

if TYPE_CHECKING:
    import geopandas as gpd

GEOGRAPHIC = 4490  # CGCS2000, the official system; GeoJSON carries it as plain longitude, latitude
_KINDS = {"Point": {"Point"}, "Polygon": {"Polygon", "MultiPolygon"}, "LineString": {"LineString", "MultiLineString"}}


def open_layer(path: Path) -> gpd.GeoDataFrame:
    """Read a layer as its file has it (`io.coordinates` brings it to CGCS2000).

    Raises
    ------
    DataError
        As `read_features`.
    """
    return read_features(path)


def read_layer(path: Path) -> gpd.GeoDataFrame:
    """Read a layer in its own system, degrees taken as CGCS2000 (EPSG:4490), when nothing else is declared."""
    layer = open_layer(path)
    # GeoJSON is read as WGS 84 by its standard; the county folder declares CGCS2000, the same to a centimetre here
    plain = layer.crs is None or path.suffix.lower() in {".geojson", ".json"}
    return layer.set_crs(GEOGRAPHIC, allow_override=True) if plain else layer.to_crs(GEOGRAPHIC)


def geometry_problems(layer: gpd.GeoDataFrame, spec: Table, file: str) -> list[Problem]:
    """List features whose geometry is missing, empty, invalid or of the wrong kind; a road like that is left out."""
    allowed = _KINDS[spec.geometry or "Point"]
    severity: Severity = "warning" if spec.geometry == "LineString" else "error"
    code = "road_dropped" if spec.geometry == "LineString" else "geometry_missing"
    problems = []
    for row, shape in enumerate(layer.geometry, start=1):
        found = _wrong(shape, allowed)
        if found is not None:
            problems.append(Problem(severity, code, file, row, "geometry", found, "、".join(sorted(allowed))))
    return problems


def _wrong(shape: Any, allowed: set[str]) -> str | None:
    if shape is None or shape.is_empty:
        return "空"
    if shape.geom_type not in allowed:
        return str(shape.geom_type)
    if not all(map(math.isfinite, shape.bounds)):
        return "坐标不是有限的数"
    if shape.geom_type.endswith("LineString"):
        return None if shape.length > 0 else "长度为零"
    return None if shape.is_valid else "图形自相交"
