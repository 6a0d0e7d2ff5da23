"""Scores of forecasts: error, bias, coverage, interval score, weighted interval score, rank AUC of warnings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Intervals = Mapping[float, tuple[Floats, Floats]]

MEDIAN_WEIGHT: Final = 0.5  # weight of the absolute error of the median in the weighted interval score


def wape(forecast: ArrayLike, actual: ArrayLike) -> float:
    """Weighted absolute percentage error: ``100 · Σ|forecast − actual| / Σ actual``.

    Parameters
    ----------
    forecast, actual
        Same shape. [pupils]

    Returns
    -------
    float
        NaN where nobody came in any cell. [%]
    """
    forecast, actual = _pair(forecast, actual)
    return _percent(np.abs(forecast - actual).sum(), actual.sum())


def bias(forecast: ArrayLike, actual: ArrayLike) -> float:
    """Sum of the errors, ``100 · Σ(forecast − actual) / Σ actual``: positive = too high; NaN where nobody came. [%]."""
    forecast, actual = _pair(forecast, actual)
    return _percent((forecast - actual).sum(), actual.sum())


def mean_absolute(forecast: ArrayLike, actual: ArrayLike) -> float:
    """Mean absolute error; NaN without cells. [pupils]."""
    forecast, actual = _pair(forecast, actual)
    return float(np.abs(forecast - actual).mean()) if actual.size else np.nan


def coverage(lower: ArrayLike, upper: ArrayLike, actual: ArrayLike) -> float:
    """Share of the outcomes inside an interval, both ends included; NaN without cells. [%]."""
    lower, actual = _pair(lower, actual)
    upper, actual = _pair(upper, actual)
    inside = (actual >= lower) & (actual <= upper)
    return 100 * float(inside.mean()) if actual.size else np.nan


def interval_score(lower: ArrayLike, upper: ArrayLike, actual: ArrayLike, level: float) -> Floats:
    """Score of a central interval: its width, and ``2 / (1 − level)`` for every pupil outside of it.

    Parameters
    ----------
    lower, upper
        Bounds. [pupils]
    actual
        What came. [pupils]
    level
        Nominal coverage, between 0 and 1. [-]

    Returns
    -------
    array
        One score a cell, smaller is better. [pupils]

    References
    ----------
    .. [1] T. Gneiting, A. E. Raftery, "Strictly proper scoring rules, prediction, and estimation", J. Am. Stat. Assoc.
       102(477), 2007, eq. 43, doi:10.1198/016214506000001437
    """
    lower, actual = _pair(lower, actual)
    upper, actual = _pair(upper, actual)
    outside = np.maximum(lower - actual, 0) + np.maximum(actual - upper, 0)
    score: Floats = upper - lower + 2 / (1 - level) * outside
    return score


def weighted_interval_score(median: ArrayLike, intervals: Intervals, actual: ArrayLike) -> Floats:
    """Weighted interval score of every cell, a quadrature of the CRPS.

    ``(0.5·|y − m| + Σ_k (1 − level_k)/2 · IS_k) / (K + 0.5)``; with 80 and 95 %: ``(0.5·|y − m| + 0.1·IS80 +
    0.025·IS95) / 2.5``.

    Parameters
    ----------
    median
        Median of the forecast. [pupils]
    intervals
        Nominal coverage → lower and upper bounds. [pupils]
    actual
        What came. [pupils]

    Returns
    -------
    array
        One score a cell, smaller is better. [pupils]

    References
    ----------
    .. [1] J. Bracher, E. L. Ray, T. Gneiting, N. G. Reich, "Evaluating epidemic forecasts in an interval format", PLoS
       Comput. Biol. 17(2), 2021, eq. 1, doi:10.1371/journal.pcbi.1008618
    """
    median, actual = _pair(median, actual)
    total = MEDIAN_WEIGHT * np.abs(actual - median)
    for level, (lower, upper) in intervals.items():
        total = total + (1 - level) / 2 * interval_score(lower, upper, actual, level)
    score: Floats = total / (len(intervals) + MEDIAN_WEIGHT)
    return score


def wis(median: ArrayLike, intervals: Intervals, actual: ArrayLike) -> float:
    """Sum of the weighted interval scores in % of the pupils; NaN where nobody came in any cell. [%]."""
    actual = np.asarray(actual, dtype=float)
    return _percent(weighted_interval_score(median, intervals, actual).sum(), actual.sum())


def auc(probability: ArrayLike, event: ArrayLike) -> float:
    """Chance that a cell with the event was given a higher probability than one without it; ties count half.

    Parameters
    ----------
    probability
        Forecast chance of the event. [-]
    event
        Whether it came.

    Returns
    -------
    float
        Area under the ROC curve from ranks; NaN without an event or without a cell that had none. [-]

    References
    ----------
    .. [1] J. A. Hanley, B. J. McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC)
       curve", Radiology 143(1), 1982, doi:10.1148/radiology.143.1.7063747
    """
    chance, came = np.asarray(probability, dtype=float), np.asarray(event, dtype=bool)
    events = int(came.sum())
    others = came.size - events
    if not events or not others:
        return np.nan
    values, place, count = np.unique(chance, return_inverse=True, return_counts=True)
    del values
    rank = (np.cumsum(count) - (count - 1) / 2)[place]  # mean rank of ties
    return float((rank[came].sum() - events * (events + 1) / 2) / (events * others))


def _pair(first: ArrayLike, second: ArrayLike) -> tuple[Floats, Floats]:
    return np.asarray(first, dtype=float), np.asarray(second, dtype=float)


def _percent(part: float, whole: float) -> float:
    return 100 * float(part) / float(whole) if whole > 0 else np.nan
