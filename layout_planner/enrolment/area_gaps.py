"""Rows that an areas' table lacks inside its series, and cells that look like a digit too many or too few."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from layout_planner.enrolment.area_checks import year_runs
from layout_planner.enrolment.area_tables import AreaData, Floats

SURE: Final = 5.0  # pupils: of a grade that expects so many, nobody comes once in 150 years (Poisson)
SLIP_SIZE: Final = 12.0  # pupils or births around a cell below which chance alone may make a factor of five
SLIP: Final = 5.0  # a digit too many or too few moves a figure by about ten
FEWEST: Final = 2  # figures around a cell that have to agree


def year_gaps(data: AreaData) -> list[str]:
    """Years in which an area has nobody, although it has before and after, and others have: ``001 2010–2011``."""
    known = np.isfinite(data.cube).any(axis=1)
    before = np.logical_or.accumulate(known, axis=1)  # at the origin every area has somebody
    gone = before & ~known & known.any(axis=0)
    return [f"{data.areas[i]} {', '.join(year_runs((np.flatnonzero(gone[i]) + data.first_year).tolist()))}"
            for i in np.flatnonzero(gone.any(axis=1))]  # fmt: skip


def row_gaps(data: AreaData) -> list[str]:
    """Cells of 0 inside the window whose grade has pupils in the years before and after: ``001 2012 4``."""
    cube = data.cube
    if data.years <= FEWEST:
        return []
    gone = np.zeros(cube.shape, dtype=bool)
    gone[:, :, 1:-1] = (cube[:, :, 1:-1] == 0) & (cube[:, :, :-2] >= SURE) & (cube[:, :, 2:] >= SURE)
    return [_place(data, *cell) for cell in np.argwhere(gone)]


def origin_gaps(table: pd.DataFrame, data: AreaData) -> list[str]:
    """Cells of the last year without a row, whose grade had pupils the year before and whose neighbours have.

    Parameters
    ----------
    table
        area, year, grade, pupils, checked. [pupils]
    data
        Pupils of the window.

    Returns
    -------
    list
        ``area year grade``; a stage that closed as a whole is none, nor is a row of 0.
    """
    origin = data.first_year + data.years - 1
    here = table[table["year"] == origin]
    rows = set(zip(here["area"], here["grade"], strict=True))
    low, high = _beside(data.cube, 0, -1), _beside(data.cube, 0, 1)
    ends = np.isnan(low).astype(int) + np.isnan(high)
    around = (np.nan_to_num(low, nan=np.inf) >= SURE) & (np.nan_to_num(high, nan=np.inf) >= SURE) & (ends < FEWEST)
    gone = (data.cube == 0) & (_beside(data.cube, -1, 0) >= SURE) & around
    gone[:, :, :-1] = False
    return [_place(data, *c) for c in np.argwhere(gone) if (data.areas[c[0]], data.grades[c[1]]) not in rows]


def cell_slips(data: AreaData) -> list[str]:
    """Cells more than `SLIP` times above or below all that is around them: ``001 2012 4: 310``.

    Around are the same pupils a year before and after, the grade the year before and after, the grades beside it.
    """
    steps = ((-1, -1), (1, 1), (-1, 0), (1, 0), (0, -1), (0, 1))
    found = _off(data.cube, np.stack([_beside(data.cube, *step) for step in steps]))
    return [f"{_place(data, *cell)}: {data.cube[tuple(cell)]:g}" for cell in np.argwhere(found)]


def births_slips(births: pd.DataFrame) -> list[str]:
    """Births more than `SLIP` times above or below the two years before and after: ``001 2012: 310``."""
    wide = births.pivot_table(index="area", columns="year", values="births", dropna=False).astype(float)
    wide = wide.reindex(columns=range(int(wide.columns.min()), int(wide.columns.max()) + 1))
    cube = wide.to_numpy()[:, None, :]
    found = _off(cube, np.stack([_beside(cube, step, 0) for step in (-2, -1, 1, 2)]))
    return [f"{wide.index[i]} {wide.columns[y]}: {cube[i, 0, y]:g}" for i, _, y in np.argwhere(found)]


def _off(values: Floats, around: Floats) -> np.ndarray:
    """Whether a figure is far from every known one around it, all of them large enough."""
    known = np.isfinite(around)
    least, most = np.where(known, around, np.inf).min(axis=0), np.where(known, around, 0.0).max(axis=0)
    sure = (known.sum(axis=0) >= FEWEST) & (least >= SLIP_SIZE)
    return np.asarray(sure & (values > 0) & ((values > SLIP * most) | (values * SLIP < least)))


def _beside(cube: Floats, years: int, grades: int) -> Floats:
    """The cube as seen from a cell some years and grades away; NaN outside."""
    moved = np.full(cube.shape, np.nan)
    to_years, from_years = _slices(years, cube.shape[2])
    to_grades, from_grades = _slices(grades, cube.shape[1])
    moved[:, to_grades, to_years] = cube[:, from_grades, from_years]
    return moved


def _slices(step: int, size: int) -> tuple[slice, slice]:
    step = max(min(step, size), -size)
    return (slice(0, size - step), slice(step, size)) if step >= 0 else (slice(-step, size), slice(0, size + step))


def _place(data: AreaData, area: int, grade: int, year: int) -> str:
    return f"{data.areas[area]} {data.first_year + year} {data.grades[grade]}"
