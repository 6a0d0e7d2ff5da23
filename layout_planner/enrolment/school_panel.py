"""Panel of a county's schools: pupils by school, grade and year, and what each school offers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layout_planner.enrolment.grade_kinds import GONE_PUPILS
from layout_planner.errors import DataError
from layout_planner.terms import GRADES

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

SILENT_YEARS: Final = 3  # years without a pupil after which a school stays at 0
GRADE_AT: Final[dict[int, int]] = {grade: i for i, grade in enumerate(GRADES)}
KINDERGARTEN_TOP: Final = 0
GRADE_ONE: Final = 1
STAGE_ENTRIES: Final = (7, 10)


@dataclass(frozen=True)
class Move:
    """Registered children of past events of one kind in one school year, by school and grade.

    Parameters
    ----------
    kind
        Kind of event.
    year
        School year in whose September they are first counted. [year]
    children
        Signed, shape (schools, grades). [children]
    """

    kind: str
    year: int
    children: Floats


@dataclass(frozen=True)
class SchoolPanel:
    """Pupils of a county's schools to a year.

    Parameters
    ----------
    schools
        School ids.
    townships
        Codes of the townships the schools stand in.
    town
        Township of each school, as a position. shape (schools,)
    host
        Position of the school it belongs to, −1 = none. shape (schools,)
    first_year
        First year of the panel. [year]
    cube
        Pupils, shape (schools, grades −2…12, years); NaN = not reported. [pupils]
    spans
        Whether the register says a school offers a grade. shape (schools, grades)
    closed
        Year of closing; a large number for an open school. shape (schools,) [year]
    reported
        Whether a school reported in a year. shape (schools, years)
    moves
        Past events that brought or took children.
    """

    schools: tuple[str, ...]
    townships: tuple[str, ...]
    town: Ints
    host: Ints
    first_year: int
    cube: Floats
    spans: Bools
    closed: Ints
    reported: Bools
    moves: tuple[Move, ...] = ()

    @property
    def last_year(self) -> int:
        """Year of the last column."""
        return self.first_year + int(self.cube.shape[2]) - 1

    def until(self, year: int) -> SchoolPanel:
        """Panel as it would have been arranged in `year`: a silence that only later years explain is unknown."""
        years = year - self.first_year + 1
        told = self.reported[:, :years]
        seen = np.where(told[:, None, :], self.cube[:, :, :years], np.nan)
        return replace(self, cube=_filled(seen, told, self.first_year, self.closed), reported=told)


def school_panel(enrolment: pd.DataFrame, schools: pd.DataFrame, base_year: int) -> SchoolPanel:
    """Arrange enrolment to the base year by school, grade and year.

    A school that reports some grades in a year has 0 in the others. A year without any report is unknown, except
    before the first report, after closing and after the last report when that lies three years back: nobody was there.

    Parameters
    ----------
    enrolment
        school_id, school_year, grade, pupils. [pupils]
    schools
        school_id, township_code, grade_low, grade_high; host_school_id, closed where known.
    base_year
        Last year used. [year]

    Returns
    -------
    SchoolPanel
        Schools in the order of the register.

    Raises
    ------
    DataError
        ``pupils_none_at_origin`` if nobody is enrolled in the base year.
    """
    ids = schools["school_id"].astype(str).tolist()
    rows = enrolment[(enrolment["school_year"] <= base_year) & enrolment["school_id"].astype(str).isin(ids)]
    if not (rows.loc[rows["school_year"] == base_year, "pupils"] > 0).any():
        found = sorted(int(y) for y in enrolment["school_year"].unique())
        raise DataError("pupils_none_at_origin", origin=base_year, found=found)
    years = range(int(rows["school_year"].min()), base_year + 1)
    townships = sorted(schools["township_code"].astype(str).unique())
    at = {school: i for i, school in enumerate(ids)}
    hosts = _column(schools, "host_school_id").map(lambda h: at.get(str(h), -1) if pd.notna(h) else -1)
    closed = pd.to_numeric(_column(schools, "closed")).fillna(base_year + 1000)
    low, high = (schools[c].to_numpy(dtype=int)[:, None] for c in ("grade_low", "grade_high"))
    grades = np.array(GRADES)[None, :]
    seen, reported = _cube(rows, at, years)
    shut = closed.to_numpy(dtype=np.int64)
    return SchoolPanel(
        schools=tuple(ids),
        townships=tuple(townships),
        town=np.array([townships.index(c) for c in schools["township_code"].astype(str)], dtype=np.int64),
        host=hosts.to_numpy(dtype=np.int64),
        first_year=years.start,
        cube=_filled(seen, reported, years.start, shut),
        spans=(grades >= low) & (grades <= high),
        closed=shut,
        reported=reported,
    )


def alive(panel: SchoolPanel) -> Bools:
    """Schools that are not closed and have a pupil in the last year, or in their last report. shape (schools,).

    A school that stands empty stays empty: only a plan reopens it.
    """
    still: Bools = (last_known(panel).sum(axis=1) > 0) & (panel.closed > panel.last_year)
    return still


def offered(panel: SchoolPanel) -> Bools:
    """Grades that a school offers now: in its span or with pupils now, and not deserted. shape (schools, grades).

    Deserted: nobody came for three years though at least four could have come from the school's own grade below.
    """
    now = np.nan_to_num(panel.cube[:, :, -1]) > 0
    cube = np.nan_to_num(panel.cube)
    came = cube[:, 1:, -SILENT_YEARS:].sum(axis=2)
    could = cube[:, :-1, -SILENT_YEARS - 1 : -1].sum(axis=2)
    deserted = np.zeros_like(now)
    deserted[:, 1:] = (came == 0) & (could >= GONE_PUPILS)
    deserted[:, GRADE_AT[GRADE_ONE]] = False
    return (panel.spans | now) & ~deserted & alive(panel)[:, None]


def entry_units(offers: Bools) -> Bools:
    """Grades that births feed: grade 1, and a kindergarten grade without the one below. shape (schools, grades)."""
    enters = np.zeros_like(offers)
    top = GRADE_AT[KINDERGARTEN_TOP]
    enters[:, 0] = offers[:, 0]
    enters[:, 1 : top + 1] = offers[:, 1 : top + 1] & ~offers[:, :top]
    enters[:, GRADE_AT[GRADE_ONE]] = offers[:, GRADE_AT[GRADE_ONE]]
    return enters


def last_known(panel: SchoolPanel) -> Floats:
    """Pupils of the last year; where it was not reported, of the last year that was. shape (schools, grades)."""
    cube, now = panel.cube, np.full(panel.cube.shape[:2], np.nan)
    for year in range(cube.shape[2]):
        now = np.where(np.isnan(cube[:, :, year]), now, cube[:, :, year])
    known: Floats = np.nan_to_num(now)
    return known


def _cube(rows: pd.DataFrame, at: dict[str, int], years: range) -> tuple[Floats, Bools]:
    """Pupils that were reported, NaN in a year without a report; which years were reported."""
    cube = np.full((len(at), len(GRADES), len(years)), np.nan)
    school = rows["school_id"].astype(str).map(at).to_numpy(dtype=int)
    grade = rows["grade"].map(GRADE_AT).to_numpy(dtype=int)
    year = rows["school_year"].to_numpy(dtype=int) - years.start
    reported = np.zeros((len(at), len(years)), dtype=bool)
    reported[school, year] = True
    cube[np.broadcast_to(reported[:, None, :], cube.shape)] = 0.0
    cube[school, grade, year] = rows["pupils"].to_numpy(dtype=float)
    return cube, reported


def _filled(cube: Floats, reported: Bools, first_year: int, closed: Ints) -> Floats:
    """Put 0 before the first report, after closing, and after a last report that lies three years back."""
    years = np.arange(first_year, first_year + reported.shape[1])
    before = np.cumsum(reported, axis=1) == 0
    after = np.cumsum(reported[:, ::-1], axis=1)[:, ::-1] == 0
    silent = after & (after.sum(axis=1, keepdims=True) >= SILENT_YEARS)
    shut = after & (closed[:, None] <= years[None, :])
    return np.where((before | silent | shut)[:, None, :], 0.0, cube)


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    return table[name] if name in table else pd.Series(np.nan, index=table.index)
