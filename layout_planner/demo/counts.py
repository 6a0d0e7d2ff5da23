"""Counting the simulated children: enrolment with boarders and sections, transitions, flows."""

from typing import Final

import numpy as np
import pandas as pd

from layout_planner.demo.births import GRADES
from layout_planner.demo.calibration import BASIS, FIRST_GRADE, Floats, Ints
from layout_planner.demo.simulate import Lives, World, school_year
from layout_planner.terms import BAND_OF_GRADE, OUTSIDE

SECTION_TARGET: Final = {"kindergarten": 30, "teaching_point": 30, "primary": 45}
JUNIOR_TARGET: Final = 50
OLD_STRETCH: Final = 10  # pupils a section more before large sections were banned
OLD_ROOMS: Final = 4 / 3  # rooms then over rooms now: unsafe buildings were taken down
BAN_YEAR: Final = 2018


def count_enrolment(world: World, lives: Lives, *, first: int, last: int) -> pd.DataFrame:
    """Pupils, boarders by sex and sections by school, school year and grade.

    Parameters
    ----------
    world, lives
        The simulated county.
    first, last
        School years counted. [year]

    Returns
    -------
    DataFrame
        Columns of ``enrolment.csv``; a grade that a school offers but nobody attends has a row with 0. [pupils]
    """
    pupils, m, f = _cubes(world, lives, first, last)
    schools = world.schools
    _cap_beds(m, schools["dorm_beds_m"].to_numpy())
    _cap_beds(f, schools["dorm_beds_f"].to_numpy())
    sections = _sections(world, pupils, first)
    low, high = (schools[c].to_numpy() - FIRST_GRADE for c in ("grade_low", "grade_high"))
    years = np.arange(first, last + 1)
    s, t, g = np.meshgrid(np.arange(len(schools)), np.arange(len(years)), np.arange(GRADES), indexing="ij")
    offered = (g >= low[s]) & (g <= high[s]) & (years[t] >= schools["opened"].to_numpy()[s])
    table = pd.DataFrame({
        "school_id": schools["school_id"].to_numpy()[s[offered]],
        "school_year": years[t[offered]],
        "grade": g[offered] + FIRST_GRADE,
        "pupils": pupils[offered],
        "boarders_m": m[offered],
        "boarders_f": f[offered],
        "sections": sections[offered],
    })  # fmt: skip
    keys = ["school_id", "school_year", "grade"]
    return table.sort_values(keys, ignore_index=True).assign(synthetic=True, basis=BASIS)


def base_pupils_by_school(world: World, lives: Lives) -> Ints:
    """Count the pupils of every school in the base year."""
    base = world.cal.base_year
    return np.asarray(_cubes(world, lives, base, base)[0].sum(axis=(1, 2)))


def _cubes(world: World, lives: Lives, first: int, last: int) -> tuple[Ints, Ints, Ints]:
    shape = (len(world.schools), last - first + 1, GRADES)
    cubes = [np.zeros(shape, dtype=np.int64) for _ in range(3)]
    for index in range(GRADES):
        at, year = lives.school[:, index], school_year(world.children, index)
        seated = (at >= 0) & (year >= first) & (year <= last)
        beds = seated & lives.boards[:, index]
        female = world.children.female
        for cube, chosen in zip(cubes, (seated, beds & ~female, beds & female), strict=True):
            flat = at[chosen] * shape[1] + year[chosen] - first
            cube[:, :, index] = np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape[:2])
    return cubes[0], cubes[1], cubes[2]


def _cap_beds(boarders: Ints, beds: Ints) -> None:
    """No more boarders than beds: where more ask, every grade gets its part and the rest stay day pupils."""
    total = boarders.sum(axis=2, keepdims=True)
    limit = beds[:, None, None]
    over = np.broadcast_to(total > limit, boarders.shape)
    boarders[over] = (boarders * limit // np.maximum(total, 1))[over]


def _sections(world: World, pupils: Ints, first: int) -> Ints:
    """Sections grade by grade, within the rooms of the school: the smallest sections are joined first."""
    sections = np.zeros_like(pupils)
    kinds = world.schools["kind"].to_numpy()
    rooms = (world.schools["classrooms"] - world.schools["special_rooms"]).to_numpy()
    for s, t in np.ndindex(pupils.shape[:2]):
        here = pupils[s, t]
        if here.any():
            target = np.full(GRADES, SECTION_TARGET.get(kinds[s], JUNIOR_TARGET))
            if kinds[s] == "nine_year":
                target[: 7 - FIRST_GRADE] = SECTION_TARGET["primary"]
            old = first + t < BAN_YEAR
            limit = int(rooms[s] * OLD_ROOMS) if old else int(rooms[s])
            sections[s, t] = _fit_sections(here, target + OLD_STRETCH * old, limit)
    return sections


def _fit_sections(pupils: Ints, target: Ints, rooms: int) -> Ints:
    need = -(-pupils // target)
    while need.sum() > rooms and (need > 1).any():
        joined = np.where(need > 1, pupils / np.maximum(need - 1, 1), np.inf)
        need[int(np.argmin(joined))] -= 1
    return need


def count_transitions(world: World, lives: Lives, *, first: int, last: int) -> pd.DataFrame:
    """Children who go from one grade to the next, by township of the school left and of the school entered.

    Parameters
    ----------
    world, lives
        The simulated county.
    first, last
        School years from which children move up. [year]

    Returns
    -------
    DataFrame
        school_year, grade (the one left), from_township, to_township, children; ``outside`` is no school of the county.
    """
    codes = np.append(world.schools["township_code"].to_numpy(), OUTSIDE)
    parts = []
    for index in range(GRADES - 1):
        year = school_year(world.children, index)
        now, then = lives.school[:, index], lives.school[:, index + 1]
        moved = ((now >= 0) | (then >= 0)) & (year >= first) & (year <= last)
        parts.append(pd.DataFrame({
            "school_year": year[moved],
            "grade": index + FIRST_GRADE,
            "from_township": codes[now[moved]],
            "to_township": codes[then[moved]],
        }))  # fmt: skip
    return _tally(pd.concat(parts))


def count_flows(world: World, lives: Lives, *, first: int, last: int, by: str) -> pd.DataFrame:
    """Children by home and school attended, grade band by grade band; ``outside`` is no school of the county.

    Parameters
    ----------
    world, lives
        The simulated county.
    first, last
        School years counted. [year]
    by
        ``home_township_code`` or ``village_code``. [-]

    Returns
    -------
    DataFrame
        school_year, home, attends, grade_band, children.
    """
    schools = np.append(world.schools["school_id"].to_numpy(), OUTSIDE)
    homes = world.villages["village_code" if by == "village_code" else "township_code"].to_numpy()
    parts = []
    for index in range(GRADES):
        year = school_year(world.children, index)
        at = (year >= first) & (year <= last)
        parts.append(pd.DataFrame({
            "school_year": year[at],
            by: homes[world.children.village[at]],
            "attends": schools[lives.school[at, index]],
            "grade_band": str(BAND_OF_GRADE[index + FIRST_GRADE]),
        }))  # fmt: skip
    return _tally(pd.concat(parts))


def _tally(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.groupby(list(rows.columns)).size().rename("children").reset_index()


def progression(transitions: pd.DataFrame) -> pd.DataFrame:
    """Work out the true progression ratio by township of the school: pupils in the next grade over pupils in this.

    Parameters
    ----------
    transitions
        Table of `count_transitions`.

    Returns
    -------
    DataFrame
        township_code, school_year, grade, pupils, next_pupils, ratio; ratio is missing where nobody was. [-]
    """
    keys = ["school_year", "grade"]
    before = transitions.groupby([*keys, "from_township"])["children"].sum().rename_axis([*keys, "township_code"])
    after = transitions.groupby([*keys, "to_township"])["children"].sum().rename_axis([*keys, "township_code"])
    both = pd.concat({"pupils": before, "next_pupils": after}, axis=1).fillna(0).astype(int).reset_index()
    both = both[both["township_code"] != OUTSIDE].sort_values(["township_code", *keys], ignore_index=True)
    ratio: Floats = np.where(both["pupils"] > 0, both["next_pupils"] / both["pupils"].where(both["pupils"] > 0), np.nan)
    return both.assign(ratio=ratio)[["township_code", *keys, "pupils", "next_pupils", "ratio"]]
