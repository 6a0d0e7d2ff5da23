"""The tables that are counted from the simulated children."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from layout_planner.demo.records import attendance, groups, moves, residents
from layout_planner.demo.records.people import base_people
from layout_planner.demo.records.trips import trips

if TYPE_CHECKING:
    from layout_planner.demo.county import DemoCounty
    from layout_planner.demo.simulate import Lives, World

AGES: Final = {"children_0_2": (0, 2), "children_3_5": (3, 5), "children_6_11": (6, 11), "children_12_14": (12, 14)}


def children_tables(county: DemoCounty) -> dict[str, pd.DataFrame]:
    """Make the tables of children of a county with roads: attendance, zones, trips, events, groups and the like."""
    world = county.world
    people = base_people(world, county.lives)
    registered, moved = moves.registered_towns(world, people)
    return {
        "zones": attendance.zones(world),
        "attendance": attendance.attendance(world, people),
        "trips": trips(county),
        "events": moves.events(world, people, moved),
        "groups": groups.groups(world, people),
        "special_pupils": groups.special_pupils(world, people),
        "residents": residents.with_differences(world, residents.residents(world, people, registered)),
    }


def true_residents(world: World, lives: Lives) -> pd.DataFrame:
    """Table the three counts as they are, without the planted differences."""
    people = base_people(world, lives)
    return residents.residents(world, people, moves.registered_towns(world, people)[0])


def village_children(world: World, lives: Lives) -> pd.DataFrame:
    """Count the children who live in every village in the base year, by age.

    Parameters
    ----------
    world, lives
        The simulated county.

    Returns
    -------
    DataFrame
        One row a village, in their order; columns children_0_2 … children_12_14. [children]
    """
    people = base_people(world, lives)
    there = people[people["resident"]]
    villages = np.arange(len(world.villages))
    counts = {
        name: there[there["age"].between(low, high)].groupby("village").size().reindex(villages, fill_value=0)
        for name, (low, high) in AGES.items()
    }
    return pd.DataFrame(counts).reset_index(drop=True)
