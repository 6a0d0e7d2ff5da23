"""Read the plain tables of a forecast without a county: pupils, births and the map of births areas."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from layout_planner.contracts import check_rows, load_dictionary
from layout_planner.errors import DefectsError, Problem
from layout_planner.io.frames import duplicates, missing_columns, typed_frame
from layout_planner.io.text import read_records


def read_area_tables(
    pupils: Path, births: Path, area_map: Path | None
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None]:
    """Read and check the tables; pupils of one area, year and grade in several rows (schools) are summed.

    Parameters
    ----------
    pupils
        Table ``area, year, grade, pupils``; other columns are summed over.
    births
        Table ``area, year, births``.
    area_map
        Table ``area, births_area``, or None when births are counted by the same areas.

    Returns
    -------
    tuple of DataFrame
        Pupils, births, map.

    Raises
    ------
    DefectsError
        All defects of all files.
    """
    problems: list[Problem] = []
    frames = [
        _read(path, name, problems)
        for path, name in ((pupils, "area_pupils"), (births, "area_births"), (area_map, "area_map"))
    ]
    if problems:
        raise DefectsError(problems)
    summed = frames[0].groupby(["area", "year", "grade"], as_index=False)["pupils"].sum()
    return summed, frames[1], frames[2]


def _read(path: Path | None, name: str, problems: list[Problem]) -> pd.DataFrame | None:
    if path is None:
        return None
    spec = load_dictionary().tables[name]
    header, records = read_records(path)
    missing = missing_columns(spec, header, path.name)
    if missing:
        problems += missing
        return None
    good, bad = check_rows(spec, records, file=path.name)
    frame = typed_frame(spec, good)
    problems += bad + duplicates(frame, spec, path.name)
    return frame.drop(columns="_row")
