"""Tables of any areas as they are handed over: every cell that cannot be used is refused by its row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import pandas as pd

from layout_planner.errors import DataError

PUPIL_COLUMNS: Final = ("area", "year", "grade", "pupils")
BIRTH_COLUMNS: Final = ("area", "year", "births")
MAP_COLUMNS: Final = ("area", "births_area")
MOST_CHILDREN: Final = 1e12  # as the readers of files: beyond, a slip of the keyboard
USUAL_BIRTHS: Final = 12.0  # an area with so many a year does not have none
FIRST_ROW: Final = 2  # number of the first row of data in a table with a header


def checked_pupils(pupils: pd.DataFrame) -> pd.DataFrame:
    """Area as text, year and grade as whole numbers, pupils as numbers.

    Raises
    ------
    DataError
        ``pupils_column``, ``pupils_keys_bad``, ``pupils_bad``.
    """
    for column in PUPIL_COLUMNS:
        if column not in pupils:
            raise DataError("pupils_column", column=column, allowed=", ".join(PUPIL_COLUMNS))
    year, grade = (pd.to_numeric(pupils[name], errors="coerce") for name in ("year", "grade"))
    keys = pupils["area"].notna() & _whole(year) & _whole(grade)
    _refuse("pupils_keys_bad", ~keys)
    count = pd.to_numeric(pupils["pupils"], errors="coerce")
    _refuse("pupils_bad", ~((count >= 0) & (count <= MOST_CHILDREN)))
    whole = {"year": year.astype("int64"), "grade": grade.astype("int64"), "pupils": count.astype(float)}
    return pd.DataFrame({"area": pupils["area"].astype(str), **whole})


def checked_births(births: pd.DataFrame | None) -> pd.DataFrame | None:
    """Area as text, year as a whole number, births as numbers or NaN; None without a row.

    Raises
    ------
    DataError
        ``area_births_column``, ``area_births_bad``, ``area_births_twice``.
    """
    if births is None:
        return None
    for column in BIRTH_COLUMNS:
        if column not in births:
            raise DataError("area_births_column", column=column, allowed=", ".join(BIRTH_COLUMNS))
    year, born = (pd.to_numeric(births[name], errors="coerce") for name in ("year", "births"))
    known = births["births"].notna()
    _refuse(
        "area_births_bad", ~(births["area"].notna() & _whole(year)) | (known & ~((born >= 0) & (born <= MOST_CHILDREN)))
    )
    rows = pd.DataFrame(
        {"area": births["area"].astype(str), "year": year.astype("int64"), "births": born.astype(float)}
    )
    if (twice := rows.duplicated(["area", "year"])).any():
        raise DataError("area_births_twice", places=[f"{a} {y}" for a, y in rows.loc[twice, ["area", "year"]].values])
    return rows if len(rows) else None


def impossible_zeros(births: pd.DataFrame) -> pd.Series:
    """Rows of 0 births in an area that otherwise has so many that none in a year cannot be: figures that are missing.

    Parameters
    ----------
    births
        area, year, births. [children]

    Returns
    -------
    Series
        Whether a row is one; index as given.
    """
    some = births["births"].where(births["births"] > 0)
    usual = some.groupby(births["area"]).transform("median")
    return (births["births"] == 0) & (usual >= USUAL_BIRTHS)


def checked_map(areas_map: pd.DataFrame | None) -> dict[str, str]:
    """Area → area whose births it takes its shape from; empty without a map.

    Raises
    ------
    DataError
        ``area_map_column``, ``area_map_twice``.
    """
    if areas_map is None:
        return {}
    for column in MAP_COLUMNS:
        if column not in areas_map:
            raise DataError("area_map_column", column=column, allowed=", ".join(MAP_COLUMNS))
    table = areas_map[list(MAP_COLUMNS)].dropna().astype(str)
    if (twice := table.duplicated("area")).any():
        raise DataError("area_map_twice", areas=table.loc[twice, "area"].tolist())
    return dict(zip(table["area"], table["births_area"], strict=True))


def year_runs(years: Iterable[int]) -> list[str]:
    """Years as runs: ``2006–2014``, ``2016``."""
    runs: list[list[int]] = []
    for year in sorted(set(years)):
        if runs and year == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], year]
        else:
            runs.append([year])
    return ["–".join(map(str, run)) for run in runs]


def _whole(numbers: pd.Series) -> pd.Series:
    return numbers.notna() & (numbers.abs() < MOST_CHILDREN) & (numbers == np.floor(numbers))


def _refuse(code: str, bad: pd.Series) -> None:
    if bad.any():
        raise DataError(code, rows=(np.flatnonzero(bad.to_numpy()) + FIRST_ROW).tolist())
