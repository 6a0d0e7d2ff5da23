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
    head_counts = _read(pupils, "area_pupils", problems)
    born = _read(births, "area_births", problems)
    served_by = None if area_map is None else _read(area_map, "area_map", problems)
    if problems:
        raise DefectsError(problems)
    return head_counts.groupby(["area", "year", "grade"], as_index=False)["pupils"].sum(), born, served_by


def _read(path: Path, name: str, problems: list[Problem]) -> pd.DataFrame:
    spec = load_dictionary().tables[name]
    header, records = read_records(path)
    missing = missing_columns(spec, header, path.name)
    if missing:
        problems += missing
        return pd.DataFrame(columns=spec.names)
    good, bad = check_rows(spec, records, file=path.name)
    frame = typed_frame(spec, good)
    problems += bad + duplicates(frame, spec, path.name)
    return frame.drop(columns="_row")
