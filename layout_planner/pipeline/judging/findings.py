"""Put the tables of every family together and check the base year."""

from __future__ import annotations

from typing import Final

import pandas as pd

from layout_planner.compliance import evaluate_today
from layout_planner.pipeline.demand import Attendance
from layout_planner.pipeline.judging import assets, demand, merging, size, special, travel
from layout_planner.pipeline.judging.today import today_of
from layout_planner.pipeline.setup import Setup

FAMILIES: Final = (merging, travel, size, demand, special, assets)


def findings_of(setup: Setup, attendance: Attendance, *, further: pd.DataFrame) -> pd.DataFrame:
    """Check the base year against every rule that the data decide; the others are rows 未评 or 未定.

    Parameters
    ----------
    setup, attendance
        The base year.
    further
        Findings made elsewhere (the pairs A→B), put into the same table.

    Returns
    -------
    DataFrame
        Table ``findings``: every rule of the catalogue has one row at least.
    """
    today = today_of(setup, attendance)
    tables = {name: table for family in FAMILIES for name, table in family.tables_of(today).items()}
    found = evaluate_today(tables, setup.catalogue, setup.day, setup.county.settings.name, further=further)
    of_pairs = found["subject_type"] == "pair"
    return found.assign(school_year=found["school_year"].where(of_pairs, setup.base_year))
