"""Put the tables of every family together and check the base year."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from layout_planner.compliance import evaluate_today
from layout_planner.pipeline.demand import Attendance
from layout_planner.pipeline.judging import (
    assets,
    buildings,
    demand,
    merging,
    preschool,
    quality,
    size,
    special,
    staff,
    travel,
    zones,
)
from layout_planner.pipeline.judging.today import today_of
from layout_planner.pipeline.setup import Setup
from layout_planner.scenario import Plan

FAMILIES: Final = (merging, travel, zones, size, demand, special, assets, staff, buildings, quality, preschool)


def findings_of(
    setup: Setup, attendance: Attendance, *, further: pd.DataFrame, plans: Sequence[Plan] = ()
) -> pd.DataFrame:
    """Check the base year against every rule that the data decide; the others are rows 未评 or 未定.

    Parameters
    ----------
    setup, attendance
        The base year.
    further
        Findings made elsewhere (the pairs A→B), put into the same table.
    plans
        The county's plans: they name the receivers of schools that are to be closed.

    Returns
    -------
    DataFrame
        Table ``findings``: every rule of the catalogue has one row at least.
    """
    today = today_of(setup, attendance, plans)
    tables = {name: table for family in FAMILIES for name, table in family.tables_of(today).items()}
    found = evaluate_today(tables, setup.catalogue, setup.day, setup.county.settings.name, further=further)
    of_pairs = found["subject_type"] == "pair"
    return found.assign(school_year=found["school_year"].where(of_pairs, setup.base_year))
