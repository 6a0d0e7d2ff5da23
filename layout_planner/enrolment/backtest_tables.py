"""Tables of the back-test: scores by stage, size and lead; last year's forecast beside what came."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from layout_planner.enrolment import scores
from layout_planner.enrolment.calibration import size_class
from layout_planner.enrolment.county_width import STAGES
from layout_planner.terms import COUNTY, SIZE_CLASSES

ALL: Final = "all"
SCHOOL: Final = "school"
TOWNSHIP: Final = "township"
SMALL: Final = 20  # pupils at the origin below which the error is told in pupils: a percentage says little there
WATCHED: Final = 10  # pupils at the origin from which a loss counts as an event: below, two families are a fifth
LOSS: Final = 0.2  # share of the pupils at the origin whose loss is the event that a warning is about
KEYS: Final = ("subject_type", "stage", "size_class", "lead")
SCORES: Final = (
    "origins", "cells", "wape", "wape_last", "wape_survival", "bias", "covered_80", "covered_95", "wis", "small_cells",
    "small_error", "small_error_last", "losses", "auc",
)  # fmt: skip
CHECKED: Final = {
    "last": "pupils_before",
    "mean": "pupils_mean",
    "lo80": "pupils_p10",
    "p50": "pupils_p50",
    "hi80": "pupils_p90",
    "actual": "pupils_came",
}


def backtest_table(cells: pd.DataFrame) -> pd.DataFrame:
    """Score the cells of the back-test (table ``backtest``).

    Parameters
    ----------
    cells
        Answer of `backtest_cells`; rows of the whole county are not scored.

    Returns
    -------
    DataFrame
        By level (township, school), stage, size class at the origin and lead; stages and size classes also pooled as
        ``all``: origins, cells (township or school × stage × origin), WAPE of the mean, of the last value and of plain
        cohort survival [%], bias [%], what the 80 and 95 % bands hold [%], weighted interval score [% of pupils],
        cells under 20 pupils with their mean absolute error and that of the last value [pupils], losses of a fifth or
        more in cells of 10 pupils or more, rank AUC of the chance given to them [-]. A school without pupils at the
        origin is not compared. Without rows where no cell is.
    """
    if cells.empty:
        return pd.DataFrame(columns=[*KEYS, *SCORES])
    known = _known(cells[cells["subject_type"] != COUNTY])
    sized = known.assign(size_class=np.array(SIZE_CLASSES)[size_class(known["last"].to_numpy(dtype=float))])
    pooled = pd.concat([sized, sized.assign(stage=ALL)], ignore_index=True)
    pooled = pd.concat([pooled, pooled.assign(size_class=ALL)], ignore_index=True)
    rows = [(*key, *_scores(part)) for key, part in pooled.groupby(list(KEYS), sort=False)]
    table = pd.DataFrame(rows, columns=[*KEYS, *SCORES])
    order = {name: place for place, name in enumerate([TOWNSHIP, SCHOOL, *map(str, STAGES), *SIZE_CLASSES, ALL])}
    return table.sort_values(list(KEYS), key=lambda c: c if c.name == "lead" else c.map(order), ignore_index=True)


def check_of_last_year(cells: pd.DataFrame, base_year: int) -> pd.DataFrame:
    """Forecast of the base year made one year before, beside what came (table ``forecast_check``).

    Parameters
    ----------
    cells
        Answer of `backtest_cells`.
    base_year
        School year that was forecast. [year]

    Returns
    -------
    DataFrame
        By school, township, county and stage: pupils the year before, mean, P10, P50, P90, what came, whether it was
        inside P10–P90. [pupils]
    """
    columns = ["subject_type", "subject_id", "stage", "school_year", *CHECKED.values(), "inside"]
    if cells.empty:
        return pd.DataFrame(columns=columns)
    rows = _known(cells[(cells["origin"] == base_year - 1) & (cells["lead"] == 1)]).rename(columns=CHECKED)
    inside = (rows["pupils_came"] >= rows["pupils_p10"]) & (rows["pupils_came"] <= rows["pupils_p90"])
    return rows.assign(school_year=base_year, inside=inside)[columns].reset_index(drop=True)


def _known(cells: pd.DataFrame) -> pd.DataFrame:
    """Cells that were reported and in which somebody is or was; a school that opened later is foreseen by nothing."""
    there = (cells["last"] > 0) | ((cells["actual"] > 0) & (cells["subject_type"] != SCHOOL))
    return cells[cells["actual"].notna() & there]


def _scores(cells: pd.DataFrame) -> tuple[float, ...]:
    actual, last, mean, median, survival = (
        cells[name].to_numpy(dtype=float) for name in ("actual", "last", "mean", "p50", "survival")
    )
    low80, high80, low95, high95 = (cells[name].to_numpy(dtype=float) for name in ("lo80", "hi80", "lo95", "hi95"))
    small, watched = last < SMALL, last >= WATCHED
    lost = actual <= (1 - LOSS) * last
    return (
        int(cells["origin"].nunique()),
        len(cells),
        scores.wape(mean, actual),
        scores.wape(last, actual),
        scores.wape(survival, actual),
        scores.bias(mean, actual),
        scores.coverage(low80, high80, actual),
        scores.coverage(low95, high95, actual),
        scores.wis(median, {0.8: (low80, high80), 0.95: (low95, high95)}, actual),
        int(small.sum()),
        scores.mean_absolute(mean[small], actual[small]),
        scores.mean_absolute(last[small], actual[small]),
        int((lost & watched).sum()),
        scores.auc(cells["p_loss"].to_numpy(dtype=float)[watched], lost[watched]),
    )
