"""Tables of the family staff (教师编制)."""

from __future__ import annotations

import pandas as pd

from layout_planner.compliance import latest
from layout_planner.pipeline.judging.schools import staffing
from layout_planner.pipeline.judging.today import Today
from layout_planner.terms import Stage


def tables_of(today: Today) -> dict[str, pd.DataFrame]:
    """Staff of every school and stage, of kindergartens apart, and the county's own figures."""
    tables = {}
    rows = staffing(today)
    if rows is not None:
        tables["staffing"] = rows
        here = rows[(rows["stage"] == Stage.PRE) & (rows["subject_type"] == "school")]
        if len(here):
            tables["staffing_pre"] = here
    indicators = today.table("indicators")
    if indicators is not None:
        tables["figures"] = latest(indicators, today.setup.base_year)
    return tables
