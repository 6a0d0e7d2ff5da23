"""Road lines of any common file, in metres: for whoever has roads and points but no county folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from layout_planner.contracts import load_dictionary
from layout_planner.errors import DefectsError, Problem
from layout_planner.io.checks.reading import read_table
from layout_planner.io.osm import read_osm
from layout_planner.io.road_layer import is_osm
from layout_planner.io.settings import Declared

if TYPE_CHECKING:
    import geopandas as gpd


def read_roads(path: Path, *, declared: Declared | None = None, crs: Any = None) -> gpd.GeoDataFrame:
    """Read a layer of roads as table `roads`, projected in metres.

    Parameters
    ----------
    path
        GeoPackage, GeoJSON, Shapefile (zipped or not) or OpenStreetMap extract ``.osm.pbf``.
    declared
        What its coordinates are declared as where the file does not say it (GCJ-02, BD-09); CGCS2000 if absent.
    crs
        Projected system of the result; the UTM zone of the roads if absent.

    Returns
    -------
    GeoDataFrame
        Table `roads`, index 0 … n − 1.

    Raises
    ------
    DataError, MachineError
        If the file cannot be read.
    DefectsError
        All errors of its rows.
    """
    return read_road_layer(path, declared=declared, crs=crs)[0]


def read_road_layer(
    path: Path, *, declared: Declared | None = None, crs: Any = None
) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """Read a layer of roads, and what was doubtful or left out.

    Parameters
    ----------
    path, declared, crs
        As `read_roads`.

    Returns
    -------
    tuple
        Table `roads` projected in metres; warnings and notices.

    Raises
    ------
    DataError, MachineError, DefectsError
        As `read_roads`.
    """
    if is_osm(path):
        frame, problems = read_osm(path)
    else:
        read = read_table(path, load_dictionary().tables["roads"], declared or Declared())
        frame, problems = read.frame, read.problems
        if frame is None or any(p.severity == "error" for p in problems):
            raise DefectsError([_as_error(p) for p in problems] if frame is None else problems)
        frame = frame.drop(columns="_row").reset_index(drop=True)
    return frame.to_crs(frame.estimate_utm_crs() if crs is None else crs), problems


def _as_error(problem: Problem) -> Problem:
    """An empty layer is only a warning in a county folder; here it is all there is."""
    from dataclasses import replace

    return replace(problem, severity="error") if problem.code == "table_empty" else problem
