"""Read the files of a county folder so far as they can be read; what is wrong is told and the rest goes on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from layout_planner.contracts import Column, Table, cell_problem, check_cells, has_unit, tidy
from layout_planner.errors import DataError, Problem
from layout_planner.io import coordinates
from layout_planner.io.checks.excel import accident
from layout_planner.io.checks.sheet import read_sheet
from layout_planner.io.checks.totals import totals_problems
from layout_planner.io.frames import missing_columns
from layout_planner.io.pairs import tidy_pairs
from layout_planner.io.settings import Declared
from layout_planner.io.text import read_list

_DTYPES = {"int": "Int64", "bool": "boolean"}
MOST = 20_000  # defects of one column that are told row by row; a file with more of them was exported wrongly
_OWN = {"_row", "geometry"}  # columns that the program adds itself: one of the file would take their place
_MOJIBAKE = re.compile("锟斤拷|烫烫|\ufffd")
TWO_SCHOOLS = "child_in_two_schools"  # a repeated key that has a name of its own: the same pupil at another school


@dataclass(frozen=True)
class TableRead:
    """One table: its good rows (None if they cannot be used), the keys of all rows (None if unknown), its defects.

    `refused` holds the other rows as far as they could be read: None for a cell that is wrong, the names of those cells
    under ``_bad``, the first cell of the key as it is written under ``_raw``.
    """

    frame: Any
    keys: pd.DataFrame | None
    problems: list[Problem]
    refused: pd.DataFrame | None = None


@dataclass(frozen=True)
class _Cells:
    header: list[str]
    columns: Mapping[str, list[Any]]
    rows: list[int]
    spoilt: frozenset[int]
    problems: list[Problem]
    shapes: Any = None


def read_table(path: Path, spec: Table, declared: Declared) -> TableRead:
    """Read one table of the folder: all its defects, its good rows, the keys of all rows.

    Parameters
    ----------
    path
        The file.
    spec
        The table.
    declared
        What its coordinates are declared as.

    Returns
    -------
    TableRead
        Without a frame if the file cannot be read, lacks a required column, or is an optional one without a row.
    """
    try:
        cells = _cells_of(path, spec, declared)
    except DataError as error:
        if error.code == "file_empty" and spec.may_be_absent:
            return TableRead(None, None, [Problem("warning", "table_empty", path.name)])
        return TableRead(None, None, [_as_problem(error, path.name)])
    problems = cells.problems + missing_columns(spec, cells.header, path.name)
    known = {column.name for column in spec.columns}
    problems += [Problem("notice", "column_unknown", path.name, column=c) for c in cells.header if c not in known]
    values, bad, found = _checked(cells, spec, path.name)
    problems += found
    if any(p.code == "column_missing" for p in problems):
        return TableRead(None, None, problems)
    extra = {c: cells.columns[c] for c in cells.header if c not in known | _OWN}
    frame = _typed(spec, values).assign(_row=cells.rows, **extra)
    usable = ~np.logical_or.reduce(list(bad.values())) & ~frame["_row"].isin(cells.spoilt).to_numpy()
    with_key = ~np.logical_or.reduce([bad[k] for k in spec.key]) if spec.key else np.zeros(len(frame), dtype=bool)
    keys = frame.loc[with_key, [*spec.key, "_row"]].reset_index(drop=True)
    again = frame[with_key].duplicated(list(spec.key), keep="first") if spec.key else pd.Series(dtype=bool)
    usable &= ~frame.index.isin(again[again].index)
    problems += _repeated(frame[with_key], spec, path.name)
    skip = {p.row for p in problems if p.row is not None}
    good, found = _placed(frame, usable, spec, declared, cells.shapes, skip)
    if _unplaced(problems):
        return TableRead(None, keys, problems + found)
    return TableRead(good, keys, problems + found, _refused(spec, cells, values, bad, set(good["_row"])))


def _refused(
    spec: Table, cells: _Cells, values: Mapping[str, list[Any]], bad: Mapping[str, Any], good: set[int]
) -> Any:
    at = [place for place, row in enumerate(cells.rows) if row not in good]
    frame = pd.DataFrame({name: pd.Series([column[i] for i in at], dtype=object) for name, column in values.items()})
    wrong = [frozenset(name for name, mask in bad.items() if mask[i]) for i in at]
    raw = cells.columns.get(spec.key[0], []) if spec.key else []
    return frame.assign(
        _row=pd.Series([cells.rows[i] for i in at], dtype="int64"),
        _bad=pd.Series(wrong, dtype=object),
        _raw=pd.Series([str(raw[i]) if raw else "" for i in at], dtype=object),
    )


def _cells_of(path: Path, spec: Table, declared: Declared) -> _Cells:
    if spec.geometry is not None:
        layer, told = coordinates.read_shapes(path, spec, declared)
        header = [c for c in layer.columns if c != layer.geometry.name]
        columns = {c: layer[c].astype(object).where(layer[c].notna(), None).tolist() for c in header}
        spoilt = frozenset(p.row for p in told if p.row is not None)
        return _Cells(header, columns, list(range(1, len(layer) + 1)), spoilt, told, layer.geometry)
    if path.suffix == ".toml":
        header, records = read_list(path, spec.name)
        columns = {c: [record.get(c) for record in records] for c in header}
        return _Cells(header, columns, list(range(1, len(records) + 1)), frozenset(), [])
    sheet = read_sheet(path, spec)
    told = sheet.problems + totals_problems(sheet, spec, path.name)
    if spec.name not in coordinates.POINTS:
        return _Cells(sheet.header, sheet.columns, sheet.rows, sheet.spoilt, told)
    tidy, found = tidy_pairs(sheet.columns, sheet.rows, declared, file=path.name)
    return _Cells(sheet.header, {**sheet.columns, **tidy}, sheet.rows, sheet.spoilt, told + found)


def _as_problem(error: DataError, file: str) -> Problem:
    column, found, allowed = (
        str(error.fields[key]) if key in error.fields else None for key in ("column", "found", "allowed")
    )
    row = str(error.fields.get("row", ""))
    name = str(error.fields.get("file", file))
    return Problem("error", error.code, name, int(row) if row.isdigit() else None, column, found, allowed)


def _checked(cells: _Cells, spec: Table, file: str) -> tuple[dict[str, list[Any]], dict[str, Any], list[Problem]]:
    """Typed values and wrong cells of every column that is there; a spoilt row is told once, not cell by cell."""
    values: dict[str, list[Any]] = {}
    bad: dict[str, Any] = {}
    problems: list[tuple[int, Problem]] = []
    for column in spec.columns:
        wrong = np.zeros(len(cells.rows), dtype=bool)
        if column.name in cells.columns:
            raw = cells.columns[column.name]
            values[column.name], refused = check_cells(column, raw, required=column in spec.required)
            wrong[[place for place, _ in refused]] = True
            told = [(p, kind) for p, kind in refused if cells.rows[p] not in cells.spoilt]
            problems += [
                (cells.rows[p], _cell_problem(column, raw[p], file, cells.rows[p], kind)) for p, kind in told[:MOST]
            ]
            if len(told) > MOST:
                problems.append((cells.rows[-1], _more(file, f"{column.zh} {column.name}", len(told) - MOST)))
            problems += _text_problems(column, raw, cells.rows, file)
            problems += _units(column, raw, cells.rows, file)
        else:
            values[column.name] = [None] * len(cells.rows)
        bad[column.name] = wrong
    return values, bad, [problem for _, problem in sorted(problems, key=lambda pair: pair[0])]


def _more(file: str, label: str, count: int) -> Problem:
    return Problem("error", "defects_more", file, None, label, str(count))


def _cell_problem(column: Column, raw: object, file: str, row: int, kind: str) -> Problem:
    """Name the usual accidents in a spreadsheet; everything else is a wrong value."""
    plain = cell_problem(column, raw, file, row, kind)
    text = tidy(raw)
    code, meant = accident(column, text) if isinstance(text, str) else ("", "")
    if not code:
        return plain
    return Problem("error", code, file, row, plain.column, plain.found, meant or plain.allowed)


def _units(column: Column, raw: list[Any], rows: list[int], file: str) -> list[tuple[int, Problem]]:
    """Say once a column that units were taken off its numbers."""
    if not column.is_number:
        return []
    units = {cell for cell in {c for c in raw if type(c) is str} if has_unit(cell)}
    if not units:
        return []
    at = [place for place, cell in enumerate(raw) if isinstance(cell, str) and cell in units]
    label = f"{column.zh} {column.name}"
    found = str(raw[at[0]]).strip()
    return [(rows[at[0]], Problem("notice", "unit_in_cell", file, rows[at[0]], label, found, str(len(at))))]


def _text_problems(column: Column, raw: list[Any], rows: list[int], file: str) -> list[tuple[int, Problem]]:
    if column.type != "text":
        return []
    broken = {cell for cell in {c for c in raw if type(c) is str} if _MOJIBAKE.search(cell)}
    label = f"{column.zh} {column.name}"
    return [
        (row, Problem("warning", "text_garbled", file, row, label, str(cell)[:60]))
        for row, cell in zip(rows, raw, strict=True)
        if broken and cell in broken
    ]


def _typed(spec: Table, values: Mapping[str, list[Any]]) -> pd.DataFrame:
    """Columns of the dictionary with their dtypes; a wrong cell of a required whole number is 0 until it is dropped."""
    typed: dict[str, Any] = {}
    for column in spec.columns:
        cells = values[column.name]
        if column.type == "int" and column in spec.required:
            typed[column.name] = np.array([0 if cell is None else cell for cell in cells], dtype="int64")
        elif column.type == "float":
            typed[column.name] = np.array([np.nan if cell is None else cell for cell in cells], dtype="float64")
        elif column.type in _DTYPES:
            typed[column.name] = pd.array(cells, dtype=_DTYPES[column.type])
        elif column.type == "list":
            typed[column.name] = [";".join(cell) if isinstance(cell, list) else cell for cell in cells]
        else:
            typed[column.name] = cells
    return pd.DataFrame(typed)


def _repeated(frame: pd.DataFrame, spec: Table, file: str) -> list[Problem]:
    """Rows whose key stood in an earlier row; a pupil at a second school has a sentence of its own."""
    if not spec.key:
        return []
    label = "、".join(f"{spec.column(k).zh} {k}" for k in spec.key)
    twice = frame[frame.duplicated(list(spec.key), keep="first")]
    problems = []
    for row in twice.head(MOST).to_dict("records"):
        found = " ".join(str(row[k]) for k in spec.key)
        number = int(row["_row"])
        if spec.name == "special_pupils":
            schools = frame.loc[frame["pupil_code"] == row["pupil_code"], "school_id"].dropna().unique()
            if len(schools) > 1:
                problems.append(Problem("error", TWO_SCHOOLS, file, number, label, found, "、".join(schools)))
                continue
        problems.append(Problem("error", "key_twice", file, number, label, found))
    return [*problems, _more(file, label, len(twice) - MOST)] if len(twice) > MOST else problems


def _placed(
    frame: pd.DataFrame, usable: Any, spec: Table, declared: Declared, shapes: Any, skip: set[int]
) -> tuple[Any, list[Problem]]:
    """Good rows with their shapes; a place without coordinates is no good row."""
    good = frame[usable].reset_index(drop=True)
    shapes = None if shapes is None else shapes[usable]
    if spec.name in coordinates.POINTS:
        placed, found = coordinates.place(good, spec, declared, points=shapes, skip=skip)
        return placed[placed.geometry.notna()].reset_index(drop=True), found
    if shapes is not None:
        return gpd.GeoDataFrame(good, geometry=shapes.to_numpy(), crs=shapes.crs), []
    return good, []


def _unplaced(problems: list[Problem]) -> bool:
    """Whether a whole layer lies nowhere, so that nothing can be measured in it."""
    return any(p.code.startswith("layer_") and p.row is None for p in problems)
