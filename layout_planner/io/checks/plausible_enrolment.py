"""Round 3: pupils as they can be, school by school, from one year and grade to the next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from layout_planner.errors import Both, Problem
from layout_planner.io.checks.chance import MAD, Floats, equal_chance, poisson_above, root, tail
from layout_planner.io.checks.enrolment import boarders, sections
from layout_planner.io.checks.model import Check, Context, at_rows, file_of, named
from layout_planner.terms import GRADES

_LEAST = 4  # transitions from which a median can be told
_TENTH = 0.1
_ROUND = 10  # numbers that end in 0
_LARGE = 20  # pupils from which a number in tens could be an estimate


@dataclass(frozen=True)
class Cube:
    """Pupils by school, year and grade, NaN where no row is; and the rows of the file."""

    schools: list[str]
    years: list[int]
    pupils: Floats
    rows: Floats


def cube_of(ctx: Context) -> Cube:
    """Lay the table of enrolment out in three dimensions."""
    table = ctx.tables["enrolment"]
    schools, s = np.unique(table["school_id"].to_numpy(dtype=str), return_inverse=True)
    first, last = (int(f(table["school_year"])) for f in (min, max)) if len(table) else (0, -1)
    shape = (len(schools), last - first + 1, len(GRADES))
    pupils, rows = np.full(shape, np.nan), np.full(shape, np.nan)
    at = (s, table["school_year"].to_numpy() - first, table["grade"].to_numpy() - GRADES[0])
    pupils[at], rows[at] = table["pupils"], table["_row"]
    return Cube([str(code) for code in schools], list(range(first, last + 1)), pupils, rows)


def neighbours(pupils: Floats) -> Floats:
    """Median of the same grade in the two years before and after. [pupils]"""
    padded = np.pad(pupils, ((0, 0), (2, 2), (0, 0)), constant_values=np.nan)
    years = pupils.shape[1]
    around = np.stack([padded[:, k : k + years] for k in (0, 1, 3, 4)])
    return _median(around, 0)


def magnitude_cells(ctx: Context, cube: Cube) -> np.ndarray:
    """Cells that are several times everything around them, or as much smaller, beyond chance.

    Around a cell stand the same grade in the two years before and after, the school's grades of the year, and the same
    children a year before and after; a large cell has to exceed all of them.
    """
    factor, alpha, x = ctx.values["check_magnitude"], ctx.values["check_alpha"], cube.pupils
    grades = np.broadcast_to(_median(x, 2)[..., None], x.shape)
    around = np.stack([neighbours(x), grades, *_cohort(x)])
    known = np.isfinite(around[0]) & np.isfinite(around[2:]).any(axis=0)
    most, least = np.fmax.reduce(around), np.fmin.reduce(around)
    large = (x >= factor * most) & (poisson_above(x, most + 1) < alpha)
    small = (x * factor <= least) & (x > 0) & (poisson_above(least, x + 1) < alpha)
    return np.asarray((large | small) & known)


def magnitude(ctx: Context) -> list[Problem]:
    """No number of pupils is an order of magnitude off its neighbours."""
    cube = ctx.once("cube", cube_of)
    return _told("magnitude", cube, ctx.once("large", _large) & ~_told_by_row(ctx, cube), neighbours(cube.pupils))


def _large(ctx: Context) -> np.ndarray:
    return magnitude_cells(ctx, ctx.once("cube", cube_of))


def _told_by_row(ctx: Context, cube: Cube) -> np.ndarray:
    """Cells in whose row boarders or sections are already told to be more than the pupils."""
    rows = {p.row for check in (boarders, sections) for p in check(ctx)}
    return np.isin(cube.rows, [row for row in rows if row is not None])


def odd_rows(ctx: Context) -> set[int]:
    """Rows of enrolment whose number is out of all proportion: no sum is held against them."""
    cube = ctx.once("cube", cube_of)
    return set(cube.rows[ctx.once("large", _large) | ctx.once("holes", _holes)].astype(int).tolist())


def holes(ctx: Context) -> list[Problem]:
    """A class that was there last year and is there next year is there this year."""
    cube = ctx.once("cube", cube_of)
    return _told("grade_hole", cube, ctx.once("holes", _holes), np.fmin(*_cohort(cube.pupils)))


def _holes(ctx: Context) -> np.ndarray:
    x = ctx.once("cube", cube_of).pupils
    least = np.minimum(np.fmin(*_cohort(x)), neighbours(x))
    return np.asarray((x == 0) & (np.exp(-np.nan_to_num(least)) < ctx.values["check_alpha"]))


def progression(ctx: Context) -> list[Problem]:
    """Pupils go up a grade as in the school's other years, within what small numbers explain."""
    cube = ctx.once("cube", cube_of)
    wrong = ctx.once("large", _large) | _told_by_row(ctx, cube)
    x = np.where(wrong | (cube.pupils == 0), np.nan, cube.pupils)
    before, _ = _cohort(x)
    ratio = np.log((x + 0.5) / (before + 0.5))
    enough = np.sum(np.isfinite(ratio), axis=1, keepdims=True) >= _LEAST
    expected = np.where(enough, before * np.exp(_median(ratio, 1)[:, None]), np.nan)
    off = root(x) - root(expected)
    own = MAD * _median(np.abs(off), 1)[:, None]
    usual = MAD * _median(np.abs(off).reshape(-1, len(GRADES)), 0)[None, None]
    far = np.abs(off) > ctx.values["check_sd"] * np.maximum(np.fmax(own, usual), np.sqrt(2.0))
    far[:, 1:, 1:] &= ~(far[:, :-1, :-1] & (off[:, 1:, 1:] * off[:, :-1, :-1] < 0))  # back to the usual line
    return _told("progression_jump", cube, far, expected)


def copied(ctx: Context) -> list[Problem]:
    """A school's return of a year is not that of the year before."""
    cube = ctx.once("cube", cube_of)
    names = _names(ctx)
    now, before = cube.pupils[:, 1:], cube.pupils[:, :-1]
    both = np.isfinite(now) & np.isfinite(before) & (now + before > 0)
    equal = both & (now == before)
    chance = np.where(both, equal_chance((now + before) / 2.0), 0.0)
    cells = both.sum(axis=2)
    mean = chance.sum(axis=2) / np.maximum(cells, 1)
    bad = tail(equal.sum(axis=2), cells, mean) < ctx.values["check_alpha"]
    problems = []
    for school, year in np.argwhere(bad):
        row = int(np.nanmin(cube.rows[school, year + 1]))
        code = cube.schools[school]
        found = f"{equal[school, year].sum()}/{cells[school, year]}"
        problems.append(
            _whole(
                "year_copied",
                row,
                names.get(code, code),
                Both(f"{cube.years[year + 1]}：{found}", f"{cube.years[year + 1]}: {found}"),
                str(cube.years[year]),
            )
        )
    return problems


def twins(ctx: Context) -> list[Problem]:
    """Two schools do not hand in the same numbers."""
    cube, names, alpha = ctx.once("cube", cube_of), _names(ctx), ctx.values["check_alpha"]
    seen: dict[tuple[int, bytes], int] = {}
    problems = []
    chance = np.where(np.isfinite(cube.pupils), np.log(equal_chance(np.nan_to_num(cube.pupils))), 0.0).sum(axis=2)
    unlikely = chance < np.log(alpha) - np.log(max(len(cube.schools), 1))
    for school, year in np.argwhere(unlikely):
        key = (int(year), np.nan_to_num(cube.pupils[school, year], nan=-1.0).tobytes())
        if key in seen:
            code, other = cube.schools[school], cube.schools[seen[key]]
            row = int(np.nanmin(cube.rows[school, year]))
            found = Both(f"{cube.years[year]}：{names.get(code, code)}", f"{cube.years[year]}: {names.get(code, code)}")
            problems.append(_whole("schools_copied", row, names.get(code, code), found, names.get(other, other)))
        seen.setdefault(key, int(school))
    return problems


def rounded(ctx: Context) -> list[Problem]:
    """Numbers of pupils are counted, not estimated in tens."""
    table = ctx.tables["enrolment"]
    large = table[table["pupils"] >= _LARGE]
    tens = (large["pupils"] % _ROUND == 0).groupby(large["school_year"]).agg(["sum", "size"])
    bad = tens[tail(tens["sum"], tens["size"], _TENTH) < ctx.values["check_alpha"]]
    return [
        Problem("notice", "counts_rounded", file_of("enrolment"), None, str(year), f"{hits}/{size}")
        for year, hits, size in zip(bad.index, bad["sum"], bad["size"], strict=True)
    ]


def class_size(ctx: Context) -> list[Problem]:
    """No section is larger than can be."""
    table, limit = ctx.tables["enrolment"], ctx.values["check_class_size"]
    table = table[(table["sections"].fillna(0) > 0) & ~table["_row"].isin(odd_rows(ctx)).to_numpy()]
    size = table["pupils"] / table["sections"].astype(float)
    rows = table[size > limit]
    found = [f"{value:.0f}" for value in size[rows.index]]
    return at_rows(
        "class_size_impossible", ("enrolment", "sections"), rows, found, allowed=f"{limit:g}", severity="warning"
    )


def _cohort(x: Floats) -> tuple[Floats, Floats]:
    """The same children a year and a grade before, and after."""
    before, after = np.full_like(x, np.nan), np.full_like(x, np.nan)
    before[:, 1:, 1:] = x[:, :-1, :-1]
    after[:, :-1, :-1] = x[:, 1:, 1:]
    return before, after


def _median(values: Floats, axis: int) -> Floats:
    """Median along an axis without the missing numbers; NaN where there is none (much faster than numpy's)."""
    if values.shape[axis] == 0:
        return np.full(tuple(size for at, size in enumerate(values.shape) if at != axis), np.nan)
    ordered = np.sort(values, axis=axis)
    count = np.isfinite(ordered).sum(axis=axis, keepdims=True)
    low, high = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, values.shape[axis] - 1)
    middle = (np.take_along_axis(ordered, low, axis) + np.take_along_axis(ordered, high, axis)) / 2.0
    return np.asarray(np.squeeze(np.where(count > 0, middle, np.nan), axis=axis))


def _told(code: str, cube: Cube, bad: np.ndarray, expected: Floats) -> list[Problem]:
    cells: Iterable[tuple[int, ...]] = map(tuple, np.argwhere(bad & np.isfinite(cube.rows)))
    rows = pd.DataFrame(
        [(int(cube.rows[c]), f"{cube.pupils[c]:g}", f"{expected[c]:.0f}") for c in cells],
        columns=["_row", "found", "may"],
    ).sort_values("_row")
    return at_rows(code, ("enrolment", "pupils"), rows, rows["found"], allowed=list(rows["may"]), severity="warning")


def _whole(code: str, row: int, name: str, found: str, allowed: str) -> Problem:
    return Problem("warning", code, file_of("enrolment"), row, name, found, allowed)


def _names(ctx: Context) -> dict[str, str]:
    return named(ctx.tables["schools"]) if "schools" in ctx.tables else {}


CHECKS = (
    Check("magnitude", "plausible", "warning", "人数没有多打少打一位", "No number an order of magnitude off",
          ("enrolment",), magnitude),
    Check("grade_hole", "plausible", "warning", "前后都有学生的班中间不为 0", "No class vanishes for one year",
          ("enrolment",), holes),
    Check("progression_jump", "plausible", "warning", "升级人数与本校往年相符", "Pupils go up a grade as in other years",
          ("enrolment",), progression),
    Check("year_copied", "plausible", "warning", "没有照抄上一年的报表", "No return copied from the year before",
          ("enrolment",), copied),
    Check("schools_copied", "plausible", "warning", "没有照抄别校的报表", "No return copied from another school",
          ("enrolment",), twins),
    Check("counts_rounded", "plausible", "notice", "人数是数出来的，不是估的", "Pupils are counted, not rounded",
          ("enrolment",), rounded),
    Check("class_size_impossible", "plausible", "warning", "班额可能", "Class sizes are possible",
          ("enrolment",), class_size),
)  # fmt: skip
