"""Children move through the years: away or at home, and one school a child and grade."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from layout_planner.demo.births import GRADES, Children
from layout_planner.demo.calibration import FIRST_GRADE, LAST_YEAR, Bools, Calibration, Floats, Ints
from layout_planner.demo.paths import DRIFT_SHAPE, HISTORY, YEARS, Habits, column

NOWHERE: Final = -1  # in no school of the county
OLD_USE: Final = 0.94  # share of a small school's catchment that used it before habits changed
ROAD_FACTOR: Final = 1.35  # of the straight line, for who boards


@dataclass(frozen=True)
class World:
    """Everything the simulation draws on."""

    cal: Calibration
    villages: pd.DataFrame
    schools: pd.DataFrame
    local: Ints  # small school of each village
    habits: Habits
    children: Children


@dataclass(frozen=True)
class Lives:
    """One row a child, one column a grade (小班 … 高三)."""

    school: Ints  # row of the schools table, NOWHERE outside
    boards: Bools
    drift: Floats  # drift thresholds, shape (towns, years)
    use: Floats  # small-school thresholds, shape (schools, years)


def school_year(children: Children, index: int) -> Ints:
    """School year in which each child would be in the grade of column `index`."""
    return np.asarray(children.entry + index + FIRST_GRADE - 1)


def live(world: World) -> Lives:
    """Lead every child from the first year of kindergarten to the last year of senior school.

    Parameters
    ----------
    world
        Facts, places, schools, habits and children.

    Returns
    -------
    Lives
        School and boarding of each child in each grade.
    """
    here = at_home(world)
    drift = _drift_thresholds(world, here)
    use = _use_thresholds(world, here, drift)
    school = np.full(here.shape, NOWHERE, dtype=np.int64)
    for index in range(GRADES):
        grade = index + FIRST_GRADE
        if grade <= 0:
            found = _kindergarten(world, index, drift)
        elif grade <= 6:
            found = _primary(world, index, drift, use)
        elif grade <= 9:
            found = _junior(world, drift)
        else:
            found = _upper(world)
        school[:, index] = np.where(here[:, index], found, NOWHERE)
    return Lives(school=school, boards=_boards(world, school, drift), drift=drift, use=use)


def at_home(world: World) -> Bools:
    """Tell who is in the county in each grade: families leave and come back, the lost do not."""
    c, habits = world.children, world.habits
    here = np.empty((len(c.town), GRADES), dtype=bool)
    now = ~c.leaver
    for index in range(GRADES):
        year = column(school_year(c, index))
        leave = habits.leave[c.town, year]
        back = np.where(index >= 1, habits.back[year], 0.0)
        now = np.where(now, c.moves[:, index] >= leave, c.moves[:, index] < back)
        here[:, index] = now & ~c.lost
    return here


def drifted(world: World, index: int, drift: Floats, *, until: int = LAST_YEAR) -> Bools:
    """Tell who would attend in the county town in a grade column, by home or by the family's choice in years to one."""
    c = world.children
    limit = drift[c.town, column(np.minimum(school_year(c, index), until))] * DRIFT_SHAPE[index]
    return np.asarray((c.town == 0) | (c.ways["drift"] < limit))


def _base_columns(world: World, low: int, high: int) -> list[tuple[int, Bools]]:
    """Columns of the grades low … high and the children in them in the base year."""
    indices = range(low - FIRST_GRADE, high - FIRST_GRADE + 1)
    return [(i, school_year(world.children, i) == world.cal.base_year) for i in indices]


def _threshold(values: Floats, wanted: int) -> float:
    """Return a limit under which exactly `wanted` of the values lie (all, if there are fewer)."""
    ordered = np.sort(values)
    if wanted >= len(ordered):
        return 1.0
    return float(ordered[0] / 2 if wanted == 0 else (ordered[wanted - 1] + ordered[wanted]) / 2)


def _drift_thresholds(world: World, here: Bools) -> Floats:
    """Set the drift so that each town's share of primary pupils in the county town is met in the base year."""
    c = world.children
    base = np.zeros(len(world.cal.towns))
    for i, town in enumerate(world.cal.towns):
        scaled = [
            c.ways["drift"][at & here[:, k] & (c.town == i)] / DRIFT_SHAPE[k] for k, at in _base_columns(world, 1, 6)
        ]
        pupils = np.concatenate(scaled)
        base[i] = _threshold(pupils, round(town.drift * len(pupils))) if i and len(pupils) else 0.0
    return np.minimum(base[:, None] * world.habits.rise, 0.9)


def _use_thresholds(world: World, here: Bools, drift: Floats) -> Floats:
    """Set the use of every small school so that its size in the base year is met."""
    c, schools = world.children, world.schools
    use = np.zeros((len(schools), len(YEARS)))
    mine = world.local[c.village]
    for row, school in schools[schools["role"] == "local"].iterrows():
        stay = [
            c.ways["local"][at & here[:, k] & (mine == row) & ~drifted(world, k, drift)]
            for k, at in _base_columns(world, school["grade_low"], school["grade_high"])
        ]
        last = school["keeps"] if school["target"] < 0 else _threshold(np.concatenate(stay), int(school["target"]))
        fall = world.habits.fall[school["town"]]
        if school["empty_from"]:
            last = 0.0
            fall = np.clip((YEARS - HISTORY) / (school["empty_from"] - HISTORY), 0.0, 1.0) ** 0.8
        old = max(OLD_USE, min(1.0, last * 1.05))
        use[row] = np.clip(old + (last - old) * fall, 0.0, 1.0)
    return use


def _choose(world: World, rows: Ints, year: Ints, u: Floats) -> Ints:
    """One of several schools of a town by their shares, among those open in the year the child enters."""
    shares = world.schools["share"].to_numpy()[rows]
    opened = world.schools["opened"].to_numpy()[rows]
    chosen = np.full(len(u), int(rows[0]))
    for start in np.unique(np.maximum(opened, YEARS[0])):
        weight = np.where(opened <= start, shares, 0.0)
        if weight.sum() == 0:
            continue
        pick = rows[np.minimum(np.searchsorted(np.cumsum(weight) / weight.sum(), u), len(rows) - 1)]
        chosen = np.where(year >= start, pick, chosen)
    return chosen


def _by_town(world: World, role: str) -> dict[int, Ints]:
    table = world.schools[world.schools["role"] == role]
    return {int(town): group.index.to_numpy() for town, group in table.groupby("town")}


def _in_town(world: World, role: str, away: Bools, entered: Ints, u: Floats) -> Ints:
    """Own town's school of a role, or the county town's for those who attend there or have none."""
    c = world.children
    rows = _by_town(world, role)
    if 0 not in rows:
        return np.full(len(c.town), NOWHERE)
    found = _choose(world, rows[0], entered, u)
    for town, own in rows.items():
        if town:
            stay = (c.town == town) & ~away
            found = np.where(stay, own[0], found)
    return found


def _kindergarten(world: World, index: int, drift: Floats) -> Ints:
    c = world.children
    goes = c.ways["kinder"] < world.habits.kinder[index][column(school_year(c, index))]
    found = _in_town(world, "kindergarten", drifted(world, index, drift), school_year(c, 0), c.ways["urban"])
    return np.where(goes, found, NOWHERE)


def _primary(world: World, index: int, drift: Floats, use: Floats) -> Ints:
    c = world.children
    away = drifted(world, index, drift)
    found = _in_town(world, "central", away, c.entry, c.ways["zone"])
    mine = world.local[c.village]
    high = world.schools["grade_high"].to_numpy()[mine]
    uses = (mine >= 0) & (index + FIRST_GRADE <= high) & ~away
    uses &= c.ways["local"] < use[mine, column(school_year(c, index))]
    return np.where(uses, mine, found)


def _junior(world: World, drift: Floats) -> Ints:
    """Send to the town's junior school, or the county town's: those already there, a few more, towns without one."""
    c = world.children
    away = drifted(world, 6 - FIRST_GRADE, drift) | (c.ways["junior"] < world.habits.stay[c.town])
    rows = _by_town(world, "junior")
    for row in world.schools.index[world.schools["kind"] == "nine_year"]:
        rows[int(world.schools.loc[row, "town"])] = np.array([row])
    if 0 not in rows:
        return np.full(len(c.town), NOWHERE)
    found = _choose(world, rows[0], c.entry + 6, c.ways["urban"])
    for town, own in rows.items():
        if town:
            found = np.where((c.town == town) & ~away, own[0], found)
    return found


def _upper(world: World) -> Ints:
    c = world.children
    kinds = world.schools["kind"].to_numpy()
    year = column(c.entry + 9)
    senior = world.habits.senior[year]
    found = np.where(c.ways["senior"] < senior, int(np.flatnonzero(kinds == "senior")[0]), NOWHERE)
    vocational = (c.ways["senior"] >= senior) & (c.ways["senior"] < senior + world.habits.vocational[year])
    return np.where(vocational, int(np.flatnonzero(kinds == "vocational")[0]), found)


def _boards(world: World, school: Ints, drift: Floats) -> Bools:
    """Who boards: upper primary, junior and senior pupils who live far away and whose family did not move along.

    Families are taken to move as they do up to the base year: boarders written in the tables tell nothing of the future.
    """
    c, v, s = world.children, world.villages, world.schools
    km = ROAD_FACTOR * np.hypot(
        v["x"].to_numpy()[:, None] - s["x"].to_numpy(), v["y"].to_numpy()[:, None] - s["y"].to_numpy()
    )
    has_beds = ((s["dorm_beds_m"] + s["dorm_beds_f"]) > 0).to_numpy()
    boards = np.zeros(school.shape, dtype=bool)
    moved = (c.town > 0) & drifted(world, 6 - FIRST_GRADE, drift, until=world.cal.base_year)
    for index in range(4 - FIRST_GRADE, GRADES):
        grade = index + FIRST_GRADE
        at = school[:, index]
        far = km[c.village, at]
        near, chance = ((3.5, 0.72), (2.5, 0.86), (2.5, 0.9))[(grade > 6) + (grade > 9)]
        limit = np.where(far > near + 2, chance, np.where(far > near, chance * 0.5, 0.0))
        limit = np.where(moved & (grade <= 9), limit * 0.2, limit)
        boards[:, index] = (at >= 0) & has_beds[at] & (c.ways["board"] < limit)
    return boards
