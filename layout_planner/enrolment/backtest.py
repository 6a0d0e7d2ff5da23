"""Back-test of the county forecast: earlier base years against what came, by township and stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from layout_planner.enrolment.county import CountyOptions
from layout_planner.enrolment.county_window import (
    DRAWS,
    STAGES,
    Origin,
    Window,
    blocks,
    draw_path,
    judge_window,
    window_origins,
)
from layout_planner.enrolment.school_panel import school_panel

HISTORY: Final = 5  # years of enrolment before the first origin
LEADS: Final = (1, 2, 3, 4, 5, 10)
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

    From base year y, enrolment to y and births of calendar years to y are used, noise and widths too are those that
    the years to y show; flows are those of the table, the base year's, at every origin.

    Parameters
    ----------
    tables
        Enrolment, schools, births, flows.
    options
        Base year (the last that is compared).
    rng
        Source of randomness.

    Returns
    -------
    DataFrame
        Table ``backtest``, by stage and lead: origins, cells (township × origin), WAPE of the mean and of the last
        value [%], bias [%] and share of cells inside P10–P90 [%]. Stage ``all`` pools the stages. Without rows where
        the history is too short.
    """
    panel = school_panel(tables.enrolment, tables.schools, options.base_year)
    origins = window_origins(panel, tables.births, tables.flows, max(LEADS), rng)
    parts = [
        _one_origin(origin, judge_window(origins, origin.panel, max(LEADS), rng), rng)
        for origin in origins
        if origin.panel.last_year - panel.first_year + 1 >= HISTORY
    ]
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    cells = pd.concat(parts, ignore_index=True)
    both = pd.concat([cells, cells.assign(stage=ALL)], ignore_index=True)
    rows = [(*key, *_scores(part)) for key, part in both.groupby(["stage", "lead"], sort=True)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _one_origin(origin: Origin, window: Window, rng: np.random.Generator) -> pd.DataFrame:
    """Cells of one origin: township and stage, lead, mean, P10, P90, actual and last value."""
    path = draw_path(origin.model, origin.panel, window, DRAWS, rng)
    numbers, group = np.unique(blocks(origin.panel), return_inverse=True)
    member = np.eye(len(numbers), dtype=np.float32)[:, group]
    stages = [STAGES[number % len(STAGES)].value for number in numbers]
    frames = []
    for lead in (lead for lead in LEADS if lead <= len(path)):
        sums = member @ path[lead - 1]
        low, high = np.quantile(sums, BAND, axis=1)
        cells = {"mean": sums.mean(axis=1, dtype=float), "low": low, "high": high}
        known = {"actual": member @ origin.actual[lead - 1], "last": member @ origin.model.start}
        frames.append(pd.DataFrame({"stage": stages, "lead": lead, "origin": origin.panel.last_year} | cells | known))
    cells_of_origin = pd.concat(frames, ignore_index=True).dropna(subset=["actual"])
    return cells_of_origin[(cells_of_origin["last"] > 0) | (cells_of_origin["actual"] > 0)]


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
