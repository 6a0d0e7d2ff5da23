"""The layer of roads in whatever file it comes: found in the county folder, opened, its columns named as in the dictionary.

A layer exported from OpenStreetMap (columns `highway` or `fclass`, `oneway`, `maxspeed`, `bridge` …) is read by the
meaning of those tags; a Shapefile cuts names after ten letters, they are completed.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from layout_planner.contracts import load_dictionary
from layout_planner.errors import Problem
from layout_planner.io.layers import open_layer
from layout_planner.io.osm import read_osm, road_row
from layout_planner.io.road_tags import Way, way_of

if TYPE_CHECKING:
    import geopandas as gpd

ROAD_FILES: Final = ("roads.gpkg", "roads.geojson", "roads.zip", "roads.shp", "roads.osm.pbf")
_CUT: Final = 10  # letters of a name that a Shapefile keeps
_TAGS: Final = ("highway", "fclass")


def road_file(folder: Path) -> tuple[Path | None, list[Problem]]:
    """Find the layer of roads of a county folder; more than one is an error.

    Returns
    -------
    tuple
        The file, None if there is none; and the problem.
    """
    found = [folder / name for name in ROAD_FILES if os.path.lexists(folder / name)]
    if not found:
        return None, []
    names = "、".join(path.name for path in found)
    told = [Problem("error", "roads_twice", found[0].name, found=names)] if len(found) > 1 else []
    return found[0], told


def is_osm(path: Path) -> bool:
    """Whether a file is an OpenStreetMap extract, by its name."""
    return path.name.lower().endswith(".pbf")


def open_roads(path: Path) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """Open a layer of roads as its file has it, columns named as in table `roads`.

    Parameters
    ----------
    path
        GeoPackage, GeoJSON, Shapefile (zipped or not) or ``.osm.pbf``.

    Returns
    -------
    tuple
        The layer, and what could not be read or was left out.

    Raises
    ------
    DataError, MachineError
        As `read_osm` and `read_features`.
    """
    if is_osm(path):
        return read_osm(path)
    layer = _whole_names(open_layer(path))
    if "road_class" in layer.columns:
        return layer, []
    key = next((name for name in _TAGS if name in layer.columns), None)
    return (layer, []) if key is None else _by_tags(layer, key, path.name)


def _whole_names(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Complete the names that a Shapefile cut."""
    long = {c.name[:_CUT]: c.name for c in load_dictionary().tables["roads"].columns if len(c.name) > _CUT}
    return layer.rename(columns={c: long[c] for c in layer.columns if c in long and long[c] not in layer.columns})


def _by_tags(layer: gpd.GeoDataFrame, key: str, file: str) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """Translate the columns of an export of OpenStreetMap; features that are no road in use are left out and told."""
    shape = layer.geometry.name
    names = [c for c in layer.columns if c != shape]
    cells = layer[names].astype(object).where(layer[names].notna(), None).to_dict("records")
    ways = [way_of(_tags(record, key)) for record in cells]
    keep = [way is not None for way in ways]
    unused = Counter(str(record[key]) for record, kept in zip(cells, keep, strict=True) if not kept)
    good: list[Way] = [way for way in ways if way is not None]
    said = Counter(pair for way in good for pair in way.unreadable)
    told = [
        Problem("warning", "osm_unreadable", file, column=p.partition("=")[0], found=p, allowed=str(n))
        for p, n in said.most_common()
    ]
    told += [Problem("notice", "osm_unused", file, found=word, allowed=str(n)) for word, n in unused.most_common()]
    rows = layer.loc[keep].reset_index(drop=True)
    own = {c: rows[c] for c in ("winter_closed", "speed_kmh") if c in rows.columns}
    frame = pd.DataFrame([road_row(way) for way in good], index=rows.index).assign(**own)
    return rows[[shape]].join(frame), told


def _tags(record: dict[str, Any], key: str) -> dict[str, str]:
    """Cells as tags; `fclass` of the Geofabrik exports is `highway`, their zero speed limit is none."""
    tags = {name: _word(cell) for name, cell in record.items() if cell is not None}
    tags["highway"] = tags.get(key, "")
    if tags.get("maxspeed") == "0":
        del tags["maxspeed"]
    return tags


def _word(cell: Any) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return f"{cell:g}" if isinstance(cell, float) else str(cell).strip()
