"""What an area is now: years before a merger, and grades before they opened or closed, say nothing about the years ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

ABSENT_PUPILS: Final = 12.0  # pupils that should have been in a grade without anybody before it counts as not offered
YOUNG_YEARS: Final = 2  # years without entrants before the entry grade counts as closed: one year may be late figures
JUMP: Final = 1.3  # all grades of an area together grow or shrink by this in a year: another area by the same code
JUMP_WITHOUT_LARGEST: Final = 1.2  # the same without the grade that moved most
JUMP_SD: Final = 4.0  # and by so many standard deviations of a sum of counts
JUMP_STEPS: Final = 2  # steps that must be there to tell a jump of an area from that of a grade


@dataclass(frozen=True)
class Regimes:
    """Pupils that speak for the years ahead, and why others do not.

    Parameters
    ----------
    cube
        shape (areas, grades, years); NaN = not known, or of another regime. The last year is never touched. [pupils]
    since
        Position of the first year that is used after a jump; 0 without one. shape (areas,)
    closed, opened
        Grades that are not offered any more, or were not before. shape (areas, grades)
    """

    cube: Floats
    since: Ints
    closed: Bools
    opened: Bools


def present_regimes(cube: Floats) -> Regimes:
    """Leave out what belongs to another time of an area.

    A grade without anybody where at least `ABSENT_PUPILS` should have been, by its size in other years or with the empty
    grades beside it, was not offered. One that has pupils now loses these zeros; one that has none now loses its pupils of
    before. An area whose grades all grow or shrink at once by the factor `JUMP` has been merged or divided: the years before
    are left out, so that the jump is not read as growth.

    Parameters
    ----------
    cube
        Pupils, shape (areas, grades, years); NaN in a year in which the area has nobody. [pupils]

    Returns
    -------
    Regimes
        Cube to be fitted to.
    """
    empty = cube == 0
    size = _typical(cube)
    absent = np.maximum(_run_lengths(empty) * size[:, :, None], _block_sums(empty, size))
    missing = empty & (absent >= ABSENT_PUPILS)
    now, runs = cube[:, :, -1] > 0, _run_lengths(empty)[:, :, -1]
    closed = missing[:, :, -1] & ((runs >= YOUNG_YEARS) | _could_come(cube))
    opened = now & missing.any(axis=2)
    kept = np.where(opened[:, :, None] & missing, np.nan, cube)
    before = np.arange(cube.shape[2]) < (cube.shape[2] - runs)[:, :, None]
    kept = np.where(closed[:, :, None] & before, np.nan, kept)
    since = _last_jump(kept)
    known = np.arange(cube.shape[2]) >= since[:, None]
    return Regimes(np.where(known[:, None, :], kept, np.nan), since, closed, opened)


def _typical(cube: Floats) -> Floats:
    """Mean pupils of a grade in the years with any. shape (areas, grades) [pupils]"""
    there = cube > 0
    mean: Floats = np.where(there, cube, 0.0).sum(2) / np.maximum(there.sum(2), 1)
    return mean


def _run_lengths(empty: Bools) -> Ints:
    """Length of the run of empty years that every year stands in; 0 in other years."""
    ahead, length = np.zeros(empty.shape, dtype=np.int64), np.zeros(empty.shape, dtype=np.int64)
    years = empty.shape[2]
    for year in range(years):
        before = ahead[:, :, year - 1] if year else np.zeros(empty.shape[:2], dtype=np.int64)
        ahead[:, :, year] = np.where(empty[:, :, year], before + 1, 0)
    for year in reversed(range(years)):
        after = length[:, :, year + 1] if year + 1 < years else np.zeros(empty.shape[:2], dtype=np.int64)
        length[:, :, year] = np.where(empty[:, :, year], np.maximum(ahead[:, :, year], after), 0)
    return length


def _block_sums(empty: Bools, size: Floats) -> Floats:
    """Usual pupils of all grades of the block of empty grades that every grade stands in, year by year. [pupils]"""
    own = np.where(empty, size[:, :, None], 0.0)
    up, sums = np.zeros(own.shape), np.zeros(own.shape)
    grades = own.shape[1]
    for grade in range(grades):
        below = up[:, grade - 1] if grade else np.zeros(own[:, 0].shape)
        up[:, grade] = np.where(empty[:, grade], below + own[:, grade], 0.0)
    for grade in reversed(range(grades)):
        above = sums[:, grade + 1] if grade + 1 < grades else np.zeros(own[:, 0].shape)
        sums[:, grade] = np.where(empty[:, grade], np.maximum(up[:, grade], above), 0.0)
    return sums


def still_opening(cube: Floats, tops: Sequence[int]) -> Bools:
    """Steps that an area will come to that opened grade by grade: up to the end of the stage it has reached.

    Parameters
    ----------
    cube
        Pupils, shape (areas, grades, years); NaN = not known. [pupils]
    tops
        Positions of the last grade of every stage.

    Returns
    -------
    array
        shape (areas, grades − 1).
    """
    areas, grades, years = cube.shape
    steps = np.zeros((areas, max(grades - 1, 0)), dtype=bool)
    if years < 2:
        return steps
    there: Bools = cube > 0
    top: Ints = np.where(there.any(axis=1), grades - 1 - there[:, ::-1].argmax(1), -1)
    ever = np.asarray(there.any(axis=2))
    before = top[:, -3] if years > 2 else np.full(areas, -1)
    again = (before < 0) | (top[:, -2] == before + 1)
    risen = (top[:, -1] == top[:, -2] + 1) & (top[:, -2] >= 0) & again
    ends = np.array([min((t for t in tops if t >= now), default=now) for now in top[:, -1]])
    upper = np.arange(1, grades)
    steps[:] = risen[:, None] & ~ever[:, 1:] & (upper > top[:, -1:]) & (upper <= ends[:, None])
    return steps


def _could_come(cube: Floats) -> Bools:
    """Whether pupils stood one grade below in the year before the last, or below a grade of the same empty block."""
    could = np.zeros(cube.shape[:2], dtype=bool)
    if cube.shape[2] > 1:
        could[:, 1:] = np.nan_to_num(cube[:, :-1, -2]) > 0
    empty = cube[:, :, -1] == 0
    for grade in reversed(range(cube.shape[1] - 1)):
        could[:, grade] |= empty[:, grade] & empty[:, grade + 1] & could[:, grade + 1]
    return could


def _last_jump(cube: Floats) -> Ints:
    """Position of the year of the last jump of each area; 0 without one."""
    areas, grades, years = cube.shape
    since = np.zeros(areas, dtype=np.int64)
    if grades <= JUMP_STEPS:
        return since
    for year in range(1, years):
        both = np.isfinite(cube[:, 1:, year]) & np.isfinite(cube[:, :-1, year - 1])
        came, stayed = (np.where(both, x, 0.0) for x in (cube[:, 1:, year], cube[:, :-1, year - 1]))
        moved = np.abs(came.sum(1) - stayed.sum(1)) > JUMP_SD * np.sqrt(came.sum(1) + stayed.sum(1))
        largest = np.abs(came - stayed).argmax(axis=1)
        others = np.arange(grades - 1) != largest[:, None]
        jump = moved & _apart(came.sum(1), stayed.sum(1), JUMP)
        jump &= _apart((came * others).sum(1), (stayed * others).sum(1), JUMP_WITHOUT_LARGEST)
        since[jump & (both.sum(1) >= JUMP_STEPS)] = year
    return since


def _apart(came: Floats, stayed: Floats, factor: float) -> Bools:
    apart: Bools = np.maximum(came, stayed) > factor * np.minimum(came, stayed)
    return apart
