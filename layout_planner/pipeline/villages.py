"""Whole children of the villages after the chain of events and flows, handed over in the ledger."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from layout_planner.attendance import forecast_village, seen_pupils, thin_villages, village_shares
from layout_planner.enrolment import largest_remainder
from layout_planner.pipeline.demand import Attendance
from layout_planner.pipeline.ledger import Ledger
from layout_planner.pipeline.setup import Setup

VILLAGE_STREAM = 6  # a stream of randomness of its own: the villages move no other number


def whole_villages(
    setup: Setup, attendance: Attendance, plain: xr.Dataset, children: xr.Dataset, ledger: Ledger
) -> xr.Dataset:
    """Spread the children of the townships over their villages as whole children, draw by draw.

    Parameters
    ----------
    setup, attendance
        County, and who attends where in the base year.
    plain, children
        Children before and after dated events and changed flows. [children]
    ledger
        Takes the hand-overs.

    Returns
    -------
    Dataset
        `children` with the villages of `thin_villages`.

    Raises
    ------
    LedgerError
        If in any draw the villages do not add up to the townships.
    """
    villages = pd.DataFrame(setup.villages.drop(columns="geometry"))
    observed = setup.county.attendance
    seen = pd.DataFrame({"village_code": [], "grade_band": [], "pupils": []})
    if observed is not None:
        seen = seen_pupils(observed, attendance.pupils)
    rng = np.random.default_rng([setup.seed, VILLAGE_STREAM])
    whole = thin_villages(plain, children, village_shares(villages, seen), seen, rng)
    ahead = {"school_year": slice(1, None)}
    towns = whole["children"].isel(ahead).sum(("township_code", "grade", "school_year"), dtype=np.float64).values
    places = ("village_code", "grade_band", "school_year")
    homes = whole["children_village"].isel(ahead).sum(places, dtype=np.float64).values
    worst = int(np.abs(towns - homes).argmax())
    ledger.hand_over(
        "各镇儿童取整 → 各村儿童（预测年份，差别最大的一次抽样）", float(towns[worst]), float(homes[worst])
    )
    names = ("children_village", "children_village_mean", "outside_village_mean")
    return children.assign({name: whole[name] for name in names})


def village_table(setup: Setup, children: xr.Dataset) -> pd.DataFrame:
    """Table ``forecast_village`` with whole numbers that add up to the rounded sum of each township, year and band."""
    table = forecast_village(children, setup.villages, base_year=setup.base_year)
    printed = pd.Series(0, index=table.index, dtype="int64")
    for _, rows in table.groupby(["township_code", "school_year", "grade_band"])["children_mean"]:
        printed[rows.index] = largest_remainder(rows.to_numpy(dtype=float))
    return table.assign(children_printed=printed)
