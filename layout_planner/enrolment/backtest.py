"""Back-test of the county forecast: earlier base years against what came, by township and stage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from layout_planner.enrolment.county import CountyOptions, forecast_county
from layout_planner.enrolment.summaries import sum_units
from layout_planner.terms import STAGE_OF_GRADE

HISTORY: Final = 5  # years of enrolment before the first origin
LEADS: Final = (1, 2, 3, 4, 5)
BAND: Final = (0.1, 0.9)
COLUMNS: Final = ("stage", "lead", "origins", "cells", "wape", "wape_last", "bias", "covered_80")
ALL: Final = "all"


@dataclass(frozen=True)
class Tables:
    """Tables of a county that a forecast needs, as in `forecast_county`."""

    enrolment: pd.DataFrame
    schools: pd.DataFrame
    births: pd.DataFrame
    flows: pd.DataFrame


def backtest_county(tables: Tables, options: CountyOptions, rng: np.random.Generator) -> pd.DataFrame:
    """Forecast from every earlier base year with five years behind it, and set it beside what came.

    From base year y, enrolment to y and births of calendar years to y are used; flows are those of the table, the base
    year's, at every origin.

    Parameters
    ----------
    tables
        Enrolment, schools, births, flows.
    options
        Base year (the last that is compared) and draws.
    rng
        Source of randomness.

    Returns
    -------
    DataFrame
        By stage and lead: origins, cells (township × origin), WAPE of the mean and of the last value [%], bias [%] and
        share of cells inside P10–P90 [%]. stage ``all`` pools the stages.
    """
    first = int(tables.enrolment["school_year"].min()) + HISTORY - 1
    parts = [_one_origin(tables, replace(options, base_year=y), options.base_year, rng)
             for y in range(first, options.base_year)]  # fmt: skip
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    cells = pd.concat(parts, ignore_index=True)
    both = pd.concat([cells, cells.assign(stage=ALL)], ignore_index=True)
    rows = [(*key, *_scores(part)) for key, part in both.groupby(["stage", "lead"], sort=True)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _one_origin(tables: Tables, options: CountyOptions, last: int, rng: np.random.Generator) -> pd.DataFrame:
    """Cells of one origin: township, stage, lead, mean, P10, P90, actual and last value."""
    horizon = min(max(LEADS), last - options.base_year)
    inside = replace(options, horizon=horizon, births_to=options.base_year)
    forecast, _ = forecast_county(tables.enrolment, tables.schools, tables.births, tables.flows, inside, rng)
    pupils = forecast["pupils"]
    stages = [STAGE_OF_GRADE[g].value for g in pupils["grade"].to_numpy()]
    units = pd.DataFrame({"township_code": pupils["township_of_school"].to_numpy(), "stage": stages})
    groups = units.groupby(["township_code", "stage"]).ngroup().to_numpy()
    keys = units.assign(group=groups).drop_duplicates("group").sort_values("group", ignore_index=True)
    sums = sum_units(pupils.to_numpy(), groups)
    low, high = np.quantile(sums, BAND, axis=0)
    actual = _observed(tables, keys)
    frames = []
    for lead in range(1, horizon + 1):
        year = options.base_year + lead
        frames.append(
            keys.assign(
                origin=options.base_year,
                lead=lead,
                mean=sums[:, :, lead].mean(axis=0, dtype=float),
                low=low[:, lead],
                high=high[:, lead],
                actual=actual.get(year, pd.Series(np.nan, index=actual.index)).to_numpy(),
                last=sums[0, :, 0],
            )
        )
    cells = pd.concat(frames, ignore_index=True).dropna(subset=["actual"])
    return cells[(cells["last"] > 0) | (cells["actual"] > 0)]


def _observed(tables: Tables, keys: pd.DataFrame) -> pd.DataFrame:
    """Pupils by township × stage (rows of `keys`) and year."""
    town = tables.schools.assign(school_id=tables.schools["school_id"].astype(str)).set_index("school_id")
    table = tables.enrolment.assign(
        township_code=tables.enrolment["school_id"].astype(str).map(town["township_code"].astype(str)),
        stage=[STAGE_OF_GRADE[int(g)].value for g in tables.enrolment["grade"]],
    )
    wide = table.pivot_table(index=["township_code", "stage"], columns="school_year", values="pupils", aggfunc="sum")
    return wide.reindex(pd.MultiIndex.from_frame(keys[["township_code", "stage"]])).fillna(0.0)


def _scores(cells: pd.DataFrame) -> tuple[int, int, float, float, float, float]:
    actual = cells["actual"]
    total = max(float(actual.sum()), 1.0)
    inside = (actual >= cells["low"]) & (actual <= cells["high"])
    return (
        int(cells["origin"].nunique()),
        len(cells),
        100 * float((cells["mean"] - actual).abs().sum()) / total,
        100 * float((cells["last"] - actual).abs().sum()) / total,
        100 * float((cells["mean"] - actual).sum()) / total,
        100 * float(inside.mean()),
    )
