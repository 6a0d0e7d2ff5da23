"""The children of the base year, one row a child: where registered, where living, in which school, of which group.

Register, residence and the groups are read off the simulated lives, or drawn a child from streams of their own: no
number of the simulation moves. Whatever is counted from here agrees with the enrolment to the child.
"""

from typing import Final

import numpy as np
import pandas as pd

from layout_planner.demo.births import GRADES
from layout_planner.demo.calibration import FIRST_GRADE, Bools, Floats, Ints, stream
from layout_planner.demo.simulate import NOWHERE, Lives, World, at_home, drifted
from layout_planner.terms import BAND_OF_GRADE

OLDEST: Final = 17  # years of age in the tables of residents
STILL_HERE: Final = 0.2  # of the lost: alive, never in a school; the others died
HOME_VISIT: Final = (
    0.35  # of those of school age who never were in a school; the others are in a special school outside
)
UPPER_OUTSIDE: Final = 0.62  # of those at home at 15–17 without a school in the county: at school outside
MIGRANT: Final = 0.55  # of those who attend in another town without boarding: the family lives there with them
GROUP_SHARE: Final = {"left_behind": (0.06, 0.24), "low_income": (0.03, 0.075)}  # county town, elsewhere
DISABLED_SHARE: Final = {"k": 0.003, "1-3": 0.008, "4-6": 0.009, "7-9": 0.008, "10-12": 0.002}
REGISTERED_AWAY: Final = (0.03, 0.012)  # diffuse moves: share of children registered elsewhere; county town, elsewhere
BEYOND: Final = 0.25  # of the diffuse moves: registered outside the county
ELSEWHERE: Final = -1  # registered outside the county


def base_people(world: World, lives: Lives) -> pd.DataFrame:
    """List every child of the base year aged 0–17, and the few older pupils.

    Parameters
    ----------
    world, lives
        The simulated county.

    Returns
    -------
    DataFrame
        village, town (rows of their tables), age, grade, band (missing before kindergarten), school (row, −1 none),
        boards, female, alive, resident, setting, enrolled, outside (both flags), migrant, left_behind, low_income,
        disabled. One row a child born by 31 August of the base year, whatever happens later.
    """
    c, base = world.children, world.cal.base_year
    age = base - c.year - (c.month >= 9)
    index = base - c.entry - FIRST_GRADE + 1
    chosen = np.flatnonzero((age >= 0) & (index < GRADES) & (c.year <= base))
    index = index[chosen]
    stage = np.maximum(index, 0)
    here = np.where(index >= 0, at_home(world)[chosen, stage], ~c.leaver[chosen] & ~c.lost[chosen])
    people = pd.DataFrame({
        "village": c.village[chosen],
        "town": c.town[chosen],
        "age": age[chosen],
        "grade": np.where(index >= 0, index + FIRST_GRADE, FIRST_GRADE - 1),
        "school": np.where(index >= 0, lives.school[chosen, stage], NOWHERE),
        "boards": np.where(index >= 0, lives.boards[chosen, stage], False),
        "female": c.female[chosen],
        "drifted": _drifted_now(world, lives, chosen, index),
        "here": here,
        "lost": c.lost[chosen],
    })  # fmt: skip
    people["band"] = people["grade"].map({g: str(b) for g, b in BAND_OF_GRADE.items()})
    draws = stream(world.cal.seed, "people").random((len(people), 8))
    return _groups(world, _whereabouts(people, draws), draws)


def _drifted_now(world: World, lives: Lives, chosen: Ints, index: Ints) -> Bools:
    """Who attends in the county town by the family's choice, in the grade of the base year."""
    found = np.zeros(len(chosen), dtype=bool)
    for grade in range(GRADES):
        now = index == grade
        found[now] = drifted(world, grade, lives.drift)[chosen[now]]
    return found


def _whereabouts(people: pd.DataFrame, draws: Floats) -> pd.DataFrame:
    """Alive, resident, in a school of the county, in one outside, in none."""
    still = people["lost"] & (draws[:, 0] < STILL_HERE)
    compulsory = people["grade"].between(1, 9)
    seated = people["school"] >= 0
    special = still & compulsory & (draws[:, 1] >= HOME_VISIT)
    visited = still & compulsory & (draws[:, 1] < HOME_VISIT)
    resident = people["here"] | still
    upper = (people["grade"] > 9) & people["here"] & ~seated & (draws[:, 2] < UPPER_OUTSIDE)
    stray = compulsory & people["here"] & ~seated  # a county without a school for them
    return people.assign(
        alive=~people["lost"] | still,
        resident=resident,
        enrolled=seated,
        outside=special | upper | stray,
        setting=np.select([special, visited], ["special_school", "home_visit"], default=""),
    )


def _groups(world: World, people: pd.DataFrame, draws: Floats) -> pd.DataFrame:
    """Groups to watch among the pupils: the family moved along, parents away, low income, disabled."""
    school_town = np.append(world.schools["town"].to_numpy(), NOWHERE)[people["school"]]
    rural = (people["town"] > 0).to_numpy(dtype=int)
    taught = people["enrolled"].to_numpy()
    away = taught & (school_town != people["town"]) & people["drifted"] & ~people["boards"] & (people["grade"] <= 9)
    migrant = (away & (draws[:, 3] < MIGRANT)).to_numpy(dtype=bool)
    chance = {name: np.array(shares)[rural] for name, shares in GROUP_SHARE.items()}
    disabled = taught & (draws[:, 6] < people["band"].map(DISABLED_SHARE).fillna(0.0).to_numpy())
    return people.assign(
        migrant=migrant,
        left_behind=taught & ~migrant & (draws[:, 4] < chance["left_behind"]),
        low_income=taught & (draws[:, 5] < chance["low_income"]),
        disabled=disabled,
        setting=people["setting"].mask(disabled, "inclusive"),
    )
