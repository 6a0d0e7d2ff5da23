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

from layout_planner.contracts import Column, Table, cell_problem, check_cells, clean
from layout_planner.errors import DataError, Problem
from layout_planner.io import coordinates
from layout_planner.io.checks.sheet import Sheet, read_sheet
from layout_planner.io.frames import missing_columns
from layout_planner.io.pairs import tidy_pairs
from layout_planner.io.settings import Declared
from layout_planner.io.text import read_list

_DTYPES = {"int": "Int64", "bool": "boolean"}
_NOT_SUMS = {"-", "year", "month", "degree", "year of age", "as row", "min", "m", "km/h", "as rule"}
_AS_NUMBER = re.compile(r"^\d+(\.\d+)?[eE]\+?\d+$|^\d+\.0+$")
MOST = 20_000  # defects of one column that are told row by row; a file with more of them was exported wrongly
_OWN = {"_row", "geometry"}  # columns that the program adds itself: one of the file would take their place
_INSIDE = re.compile(r"\S\s+\S")
_MOJIBAKE = re.compile("锟斤拷|烫烫|\ufffd")
TWO_SCHOOLS = "child_in_two_schools"  # a repeated key that has a name of its own: the same pupil at another school


@dataclass(frozen=True)
class TableRead:
    """One table: its good rows (None if they cannot be used), the keys of all rows (None if unknown), its defects."""

    frame: Any
    keys: pd.DataFrame | None
    problems: list[Problem]


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
        Without a frame if the file cannot be read or lacks a required column.
    """
    try:
        cells = _cells_of(path, spec, declared)
    except DataError as error:
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
    return TableRead(None if _unplaced(problems) else good, keys, problems + found)


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
        else:
            values[column.name] = [None] * len(cells.rows)
        bad[column.name] = wrong
    return values, bad, [problem for _, problem in sorted(problems, key=lambda pair: pair[0])]


def _more(file: str, label: str, count: int) -> Problem:
    return Problem("error", "defects_more", file, None, label, str(count))


def _cell_problem(column: Column, raw: object, file: str, row: int, kind: str) -> Problem:
    """Name the usual accidents of a code in a spreadsheet; everything else is a wrong value."""
    plain = cell_problem(column, raw, file, row, kind)
    text = clean(raw)
    if column.type != "code" or column.pattern is None or not isinstance(text, str):
        return plain
    code = None
    if _AS_NUMBER.match(text):
        code = "code_as_number"
    elif _INSIDE.search(text):
        code = "code_spaces"
    elif text.isdigit() and column.pattern.startswith("[0-9]"):
        code = "code_digits"
    return plain if code is None else Problem("error", code, file, row, plain.column, plain.found, plain.allowed)


def _text_problems(column: Column, raw: list[Any], rows: list[int], file: str) -> list[tuple[int, Problem]]:
    if column.type != "text":
        return []
    broken = {cell for cell in set(map(_text_or_none, raw)) if cell and _MOJIBAKE.search(cell)}
    label = f"{column.zh} {column.name}"
    return [
        (row, Problem("warning", "text_garbled", file, row, label, str(cell)[:60]))
        for row, cell in zip(rows, raw, strict=True)
        if broken and cell in broken
    ]


def _text_or_none(cell: object) -> str | None:
    return cell if isinstance(cell, str) else None


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


def totals_problems(sheet: Sheet, spec: Table, file: str) -> list[Problem]:
    """Compare rows of sums (合计、小计、总计) with the rows above them, all or since the last sum; they are no data."""
    rows = np.array(sheet.rows)
    problems: list[Problem] = []
    since = 0
    for number, cells in sheet.totals:
        problems.append(Problem("notice", "row_total", file, number))
        for column in spec.columns:
            told = _number(cells.get(column.name))
            if not column.is_number or column.unit in _NOT_SUMS or told is None:
                continue
            numbers = np.array([_number(cell) or 0.0 for cell in sheet.columns[column.name]])
            everything, block = numbers[rows < number].sum(), numbers[(rows < number) & (rows > since)].sum()
            if told == round(everything, 2) or told == round(block, 2):
                continue
            nearer = block if abs(block - told) < abs(everything - told) else everything
            label = f"{column.zh} {column.name}"
            problems.append(Problem("error", "total_differs", file, number, label, f"{told:g}", f"{nearer:.12g}"))
        since = number
    return problems


def _number(cell: object) -> float | None:
    text = clean(cell)
    try:
        return None if text is None else float(str(text).replace(",", ""))
    except ValueError:
        return None
