"""Staff, money, assets, procedure and figures of the county, made together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from layout_planner.demo.records.assets import assets, fixed_assets
from layout_planner.demo.records.indicators import indicators
from layout_planner.demo.records.money import finance, spending
from layout_planner.demo.records.procedure import opinions, procedure
from layout_planner.demo.records.staff import teachers

if TYPE_CHECKING:
    from layout_planner.demo.county import DemoCounty


def resource_tables(county: DemoCounty) -> Mapping[str, pd.DataFrame]:
    """Make the tables of staff, rates, ledger, assets, procedure, opinions and indicators.

    Parameters
    ----------
    county
        A simulated county with the further columns of its schools.

    Returns
    -------
    dict
        Rows by table name.
    """
    register = assets(county)
    books = fixed_assets(register, county.world.cal.base_year)
    return {
        "teachers": teachers(county),
        "finance": finance(county),
        "ledger": pd.concat([spending(county), books], ignore_index=True).sort_values("entry_id", ignore_index=True),
        "assets": register,
        "procedure": procedure(county),
        "opinions": opinions(county),
        "indicators": indicators(county),
    }
