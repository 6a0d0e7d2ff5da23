"""Where children are registered (户籍) when they live elsewhere, and the events that moved them."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from layout_planner.demo.calibration import Bools, Floats, Ints, stream
from layout_planner.demo.records.attendance import BASIS_COUNTED
from layout_planner.demo.records.people import BEYOND, ELSEWHERE, OLDEST, REGISTERED_AWAY
from layout_planner.demo.simulate import World, at_home, school_year

HOUSING: Final = (2021, "06-30", 0.18)  # estate in the county town: year, day, share of the community's children
RELOCATION: Final = (2018, "10-20", 0.5)  # 易地搬迁: the same, of the village that took them in
RETURN_YEAR: Final = 2020  # families came home: part of the simulated lives
RETURN_TOWNS: Final = 3  # townships with an entry of their own
RETURN_AGES: Final = (4, 14)


@dataclass(frozen=True)
class Move:
    """Children of one village who came with an event: they live there and are registered where they came from."""

    year: int
    day: str
    village: int
    who: Bools  # of the rows of people
    origin: Ints  # town each came from, for those of `who`
    left: int = -1  # village they left, where it is one


def registered_towns(world: World, people: pd.DataFrame) -> tuple[Ints, dict[str, Move]]:
    """Town of the register of every child, and the moves behind the large differences.

    Parameters
    ----------
    world
        The simulated county.
    people
        Table of `base_people`.

    Returns
    -------
    tuple
        Row of the town (−1 outside the county), and the moves by kind of event.
    """
    rng = stream(world.cal.seed, "registered")
    town = people["town"].to_numpy().copy()
    towns = len(world.cal.towns)
    u = rng.random((len(people), 3))
    moved = (u[:, 0] < np.where(town > 0, REGISTERED_AWAY[1], REGISTERED_AWAY[0])) & people["alive"].to_numpy()
    others = (town + 1 + (u[:, 1] * (towns - 1)).astype(np.int64)) % towns if towns > 1 else np.full(len(town), -1)
    registered = np.where(moved, np.where(u[:, 2] < BEYOND, ELSEWHERE, others), town)
    moves = _moves(world, people, u[:, 1:])
    for move in moves.values():
        registered[move.who] = move.origin
    return registered, moves


def _moves(world: World, people: pd.DataFrame, u: Floats) -> dict[str, Move]:
    """Pick who came with the estate and with the 易地搬迁; a county of one town has its newcomers from outside."""
    towns = len(world.cal.towns)
    weight = world.villages["weight"].to_numpy()
    home = world.villages["town"].to_numpy()
    estate = int(np.argmax(np.where(home == 0, weight, -1.0)))
    rural = np.arange(1, towns)
    drift = np.array([t.drift for t in world.cal.towns])[1:]
    origin = np.full(len(people), ELSEWHERE)
    if towns > 1:
        ends = np.cumsum(drift) / drift.sum()
        origin = rural[np.minimum(np.searchsorted(ends, u[:, 1]), len(rural) - 1)]
    base = world.cal.base_year
    found = {"housing": _move(people, HOUSING, estate, base, (u[:, 0], origin))}
    left, taken = _relocated(world)
    if home[taken] not in {0, home[left]}:
        origin = np.full(len(people), home[left])
        found["relocation"] = replace(_move(people, RELOCATION, taken, base, (u[:, 0], origin)), left=left)
    return {kind: move for kind, move in found.items() if move.who.any()}


def _move(
    people: pd.DataFrame, event: tuple[int, str, float], village: int, base: int, by: tuple[Floats, Ints]
) -> Move:
    """Take a share of the village's children who were born when the event came."""
    year, day, share = event
    u, origin = by
    born = people["age"].between(base - year, OLDEST)
    who = ((people["village"] == village) & people["resident"] & born & (u < share)).to_numpy(dtype=bool)
    return Move(year, day, village, who, origin[who])


def _relocated(world: World) -> tuple[int, int]:
    """Village left (the farthest from its town's middle) and village that took them in, in another rural town."""
    v = world.villages
    middle = v.groupby("town")[["x", "y"]].transform("median")
    away = np.hypot(v["x"] - middle["x"], v["y"] - middle["y"]).to_numpy()
    town = v["town"].to_numpy()
    left = int(np.argmax(np.where(town > 0, away, -1.0)))
    open_to = (town > 0) & (town != town[left]) & ~v["far"].to_numpy()
    near = np.hypot(v["x"] - v.loc[left, "x"], v["y"] - v.loc[left, "y"]).to_numpy()
    return left, int(np.argmin(np.where(open_to, near, np.inf)))


def events(world: World, people: pd.DataFrame, moves: dict[str, Move]) -> pd.DataFrame:
    """Table ``events.csv``: every child who came is counted once with +, and once with − where it left.

    Parameters
    ----------
    world
        The simulated county.
    people
        Table of `base_people`.
    moves
        From `registered_towns`.

    Returns
    -------
    DataFrame
        Columns of ``events.csv``; sizes are counted children. [children]
    """
    rows = [row for kind, move in moves.items() for row in _event(world, people, kind, move)]
    rows += _returnees(world)
    table = pd.DataFrame(rows).sort_values(["date", "size"], ascending=[True, False], ignore_index=True)
    table.insert(0, "event_id", [f"E{date[:4]}-{i + 1:02d}" for i, date in enumerate(table["date"])])
    return table.assign(synthetic=True, basis=BASIS_COUNTED)


def _event(world: World, people: pd.DataFrame, kind: str, move: Move) -> list[dict[str, object]]:
    v = world.villages
    codes = [t.code for t in world.cal.towns]
    ages = people.loc[move.who, "age"] - (world.cal.base_year - move.year)
    same = {
        "date": f"{move.year}-{move.day}",
        "event_kind": kind,
        "age_low": int(ages.min()),
        "age_high": int(ages.max()),
        "source": {"housing": "模拟：住建局交房台账", "relocation": "模拟：易地搬迁安置名册"}[kind],
    }
    rows = [{"township_code": v["township_code"][move.village], "village_code": v["village_code"][move.village]}]
    sizes = [int(move.who.sum())]
    left = v["village_code"][move.left] if move.left >= 0 else pd.NA
    for town in np.unique(move.origin[move.origin >= 0]):
        rows.append({"township_code": codes[town], "village_code": left})
        sizes.append(-int((move.origin == town).sum()))
    return [{**same, **row, "size": size} for row, size in zip(rows, sizes, strict=True)]


def _returnees(world: World) -> list[dict[str, object]]:
    """Families that came home in one year of the simulation, in the townships with most of them."""
    c, here = world.children, at_home(world)
    age = RETURN_YEAR - c.year - (c.month >= 9)
    came = np.zeros(len(c.town), dtype=bool)
    for index in range(1, here.shape[1]):
        came |= (school_year(c, index) == RETURN_YEAR) & here[:, index] & ~here[:, index - 1]
    came &= (age >= RETURN_AGES[0]) & (age <= RETURN_AGES[1])
    counts = pd.Series(c.town[came]).value_counts().head(RETURN_TOWNS)
    return [
        {
            "date": f"{RETURN_YEAR}-08-31",
            "event_kind": "returnees",
            "age_low": RETURN_AGES[0],
            "age_high": RETURN_AGES[1],
            "source": "模拟：乡镇返乡人员台账",
            "township_code": world.cal.towns[int(town)].code,
            "village_code": pd.NA,
            "size": int(size),
        }
        for town, size in counts.items()
    ]
