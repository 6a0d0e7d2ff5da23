"""Read a county folder: every table and layer checked, all defects collected before stopping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from layout_planner.contracts import load_dictionary
from layout_planner.errors import DefectsError, Problem
from layout_planner.io.checks.run import Inspection, inspect_county
from layout_planner.io.road_layer import ROAD_FILES
from layout_planner.io.settings import FILE as SETTINGS_FILE
from layout_planner.io.settings import CountySettings
from layout_planner.io.text import sha256

FIELDS = ("schools", "villages", "townships", "roads", "births", "enrolment", "attendance")


@dataclass(frozen=True)
class County:
    """One county as read: settings, tables, layers (EPSG:4490), hashes of the files, notices."""

    settings: CountySettings
    schools: gpd.GeoDataFrame
    villages: gpd.GeoDataFrame
    townships: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame | None
    births: pd.DataFrame
    enrolment: pd.DataFrame
    attendance: pd.DataFrame | None
    more: Mapping[str, pd.DataFrame]  # the other tables of the folder that are there, by name
    hashes: Mapping[str, str]
    problems: tuple[Problem, ...]
    crs: int


def read_county(folder: Path) -> County:
    """Read a county folder (docs/data.md).

    Parameters
    ----------
    folder
        The county folder.

    Returns
    -------
    County
        Everything a run needs, with the warnings and notices.

    Raises
    ------
    DataError
        ``folder_missing``.
    DefectsError
        All errors of all files, collected.
    """
    return county_of(folder, inspect_county(folder))


def county_of(folder: Path, inspection: Inspection) -> County:
    """Make the county of an inspected folder.

    Raises
    ------
    DefectsError
        If the inspection found an error.
    """
    problems, settings, tables = inspection.problems, inspection.settings, inspection.tables
    if settings is None or any(p.severity == "error" for p in problems):
        raise DefectsError(problems)
    return County(
        settings=settings,
        **{name: _plain(tables.get(name)) for name in FIELDS},
        more={n: t.drop(columns="_row") for n, t in tables.items() if n not in FIELDS},
        hashes=hashes_of(folder),
        problems=tuple(problems),
        crs=settings.metric_crs(float(tables["villages"].geometry.x.mean())),
    )


def hashes_of(folder: Path) -> dict[str, str]:
    """SHA-256 of every input file that is there: settings, tables, plans."""
    files = list(
        dict.fromkeys([SETTINGS_FILE, *(spec.file for spec in load_dictionary().inputs()), *ROAD_FILES, "roads.dbf"])
    )
    plans = sorted(path.relative_to(folder).as_posix() for path in folder.glob("plans/*.toml"))
    return {file: sha256(folder / file) for file in [*files, *plans] if (folder / file).exists()}


def _plain(table: pd.DataFrame | None) -> pd.DataFrame | None:
    """Drop the row numbers that only the messages needed."""
    return None if table is None else table.drop(columns="_row").reset_index(drop=True)
