"""Read a county folder: every table and layer checked, all defects collected before stopping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from layout_planner.contracts import Table, check_rows, load_dictionary
from layout_planner.errors import DataError, DefectsError, Problem
from layout_planner.io import coordinates, crosscheck
from layout_planner.io.frames import duplicates, missing_columns, typed_frame
from layout_planner.io.pairs import tidy_pairs
from layout_planner.io.settings import FILE as SETTINGS_FILE
from layout_planner.io.settings import CountySettings, read_settings
from layout_planner.io.text import read_list, read_records, sha256

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
    if not folder.is_dir():
        raise DataError("folder_missing", folder=folder.name or str(folder))
    settings = read_settings(folder)
    tables: dict[str, Any] = {}
    problems: list[Problem] = []
    for spec in load_dictionary().inputs():
        if spec.may_be_absent and not (folder / spec.file).exists():
            tables[spec.name] = None
            continue
        try:
            tables[spec.name], found = _read_table(folder / spec.file, spec, settings)
        except DefectsError as error:
            found = list(error.problems)
        except DataError as error:
            found = [_as_problem(error, spec)]
        problems += found
    if not any(p.severity == "error" for p in problems):
        problems += crosscheck.check(tables, settings)
    if any(p.severity == "error" for p in problems):
        raise DefectsError(problems)
    longitude = float(tables["villages"].geometry.x.mean())
    if crs_problem := settings.crs_problem(longitude):
        raise DefectsError([crs_problem])
    plans = sorted(path.relative_to(folder).as_posix() for path in folder.glob("plans/*.toml"))
    files = [SETTINGS_FILE, *(s.file for s in load_dictionary().inputs() if (folder / s.file).exists())]
    return County(
        settings=settings,
        **{name: _plain(tables[name]) for name in FIELDS},
        more={n: t.drop(columns="_row") for n, t in tables.items() if n not in FIELDS and t is not None},
        hashes={file: sha256(folder / file) for file in [*files, *plans]},
        problems=tuple(problems),
        crs=settings.metric_crs(longitude),
    )


def _plain(table: pd.DataFrame | None) -> pd.DataFrame | None:
    """Drop the row numbers that only the messages needed."""
    return None if table is None else table.drop(columns="_row").reset_index(drop=True)


def _as_problem(error: DataError, spec: Table) -> Problem:
    column, found, allowed = (
        str(error.fields[key]) if key in error.fields else None for key in ("column", "found", "allowed")
    )
    row = error.fields.get("row")
    file = str(error.fields.get("file", spec.file))
    return Problem("error", error.code, file, row if isinstance(row, int) else None, column, found, allowed)


def _read_table(path: Path, spec: Table, settings: CountySettings) -> tuple[pd.DataFrame, list[Problem]]:
    if spec.geometry is None:
        header: list[str]
        records: list[dict[str, Any]]
        problems: list[Problem] = []
        header, records = read_list(path, spec.name) if path.suffix == ".toml" else read_records(path)
        shapes, first_row = None, 1 if path.suffix == ".toml" else 2
        if spec.name in coordinates.POINTS:
            cells = {column: [row.get(column) for row in records] for column in header}
            rows = range(first_row, first_row + len(records))
            tidy, problems = tidy_pairs(cells, rows, settings.declared, file=path.name)
            records = [{**row, **{c: tidy[c][i] for c in tidy}} for i, row in enumerate(records)]
    else:
        layer, problems = coordinates.read_shapes(path, spec, settings.declared)
        header = [c for c in layer.columns if c != layer.geometry.name]
        records = layer[header].astype(object).where(layer[header].notna(), None).to_dict("records")
        shapes, first_row = layer.geometry, 1
    problems += missing_columns(spec, header, path.name)
    if any(p.code == "column_missing" for p in problems):
        raise DefectsError(problems)
    known = {c.name for c in spec.columns}
    problems += [Problem("notice", "column_unknown", path.name, column=c) for c in header if c not in known]
    good, bad = check_rows(spec, records, file=path.name, first_row=first_row)
    problems += bad
    extra = {c: [r.get(c) for r in records] for c in header if c not in known}
    frame = typed_frame(spec, good)
    kept = frame["_row"].to_numpy(dtype=int) - first_row
    frame = frame.assign(**{c: [values[i] for i in kept] for c, values in extra.items()})
    problems += duplicates(frame, spec, path.name)
    shapes = None if shapes is None else shapes.iloc[kept]
    if spec.name in coordinates.POINTS:
        told = {p.row for p in problems if p.row is not None}
        frame, found = coordinates.place(frame, spec, settings.declared, points=shapes, skip=told)
        return frame, problems + found
    if shapes is not None:
        return gpd.GeoDataFrame(frame, geometry=shapes.to_numpy(), crs=shapes.crs), problems
    return frame, problems
