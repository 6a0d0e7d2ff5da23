"""Read the plain tables of a forecast without a county: pupils, births and the map of births areas."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from layout_planner.contracts import Table, cell_problem, check_cells, load_dictionary
from layout_planner.errors import DefectsError, Problem
from layout_planner.io.frames import duplicates, missing_columns, typed_columns
from layout_planner.io.text import read_records


class AreaTables(NamedTuple):
    """Tables of a forecast of areas.

    Parameters
    ----------
    pupils
        area, year, grade, pupils, one row each. [pupils]
    births
        area, year, births, or None. [children]
    area_map
        area, births_area, or None.
    twice
        Rows of pupils in the file that nothing but the number tells from an earlier row.
    """

    pupils: pd.DataFrame
    births: pd.DataFrame | None
    area_map: pd.DataFrame | None
    twice: tuple[int, ...] = ()


def read_area_tables(pupils: Path, births: Path | None, area_map: Path | None) -> AreaTables:
    """Read and check the tables; pupils of one area, year and grade in several rows (schools) are summed.

    Parameters
    ----------
    pupils
        Table ``area, year, grade, pupils``; other columns are summed over.
    births
        Table ``area, year, births``, or None.
    area_map
        Table ``area, births_area``, or None when births are counted by the same areas.

    Returns
    -------
    AreaTables
        Pupils, births, map.

    Raises
    ------
    DefectsError
        All defects of all files.
    """
    problems: list[Problem] = []
    head_counts, twice = _read(pupils, "area_pupils", problems)
    born = None if births is None else _read(births, "area_births", problems)[0]
    served_by = None if area_map is None else _read(area_map, "area_map", problems)[0]
    if problems:
        raise DefectsError(problems)
    return AreaTables(
        head_counts.groupby(["area", "year", "grade"], as_index=False)["pupils"].sum(), born, served_by, twice
    )


def _read(path: Path, name: str, problems: list[Problem]) -> tuple[pd.DataFrame, tuple[int, ...]]:
    """Checked rows, and the numbers of those that only their last column tells from an earlier one."""
    spec = load_dictionary().tables[name]
    header, records = read_records(path)
    missing = missing_columns(spec, header, path.name)
    if missing:
        problems += missing
        return pd.DataFrame(columns=spec.names), ()
    frame, bad = _typed(spec, records, path.name)
    problems += bad + duplicates(frame, spec, path.name)
    others = [column for column in header if column != spec.names[-1]]
    again = pd.DataFrame([[record[c] for c in others] for record in records]).duplicated()
    return frame.drop(columns="_row"), tuple(int(row) + 2 for row in again[again].index)


def _typed(spec: Table, records: Sequence[dict[str, str | None]], file: str) -> tuple[pd.DataFrame, list[Problem]]:
    """Rows without a wrong cell, and every wrong cell in the order of the rows."""
    values: dict[str, list[Any]] = {}
    wrong: list[tuple[int, Problem]] = []
    for column in spec.columns:
        raw = [record.get(column.name) for record in records]
        values[column.name], refused = check_cells(column, raw, required=column in spec.required)
        wrong += [(place, cell_problem(column, raw[place], file, place + 2, kind)) for place, kind in refused]
    spoilt = {place for place, _ in wrong}
    good = [place for place in range(len(records)) if place not in spoilt]
    frame = typed_columns(spec, {name: [cells[i] for i in good] for name, cells in values.items()})
    return frame.assign(_row=[place + 2 for place in good]), [p for _, p in sorted(wrong, key=lambda pair: pair[0])]
