"""Plain cohort survival: the method that planners use by hand, as a reference for the back-test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

YEARS: Final = 3  # transitions behind a ratio, and years behind a mean of entrants


def cohort_survival(pupils: Floats, horizon: int, *, years: int = YEARS, entries: Sequence[int] = (0,)) -> Floats:
    """Move every area's grades up by its own ratios of the last years; entrants stay at their mean.

    ``ratio[a, g] = Σ pupils[a, g + 1, t + 1] / Σ pupils[a, g, t]`` over the last transitions in which both were known;
    ``next[a, g + 1] = now[a, g] · ratio[a, g]``. The entry grades, and a grade that nobody could have come to from the
    grade below, are the mean of the last years.

    Parameters
    ----------
    pupils
        Shape (areas, grades, years), oldest first; NaN = not reported. [pupils]
    horizon
        Years ahead. [years]
    years
        Transitions behind a ratio, years behind a mean. [years]
    entries
        Positions of the grades that are entered from outside.

    Returns
    -------
    array
        Shape (horizon, areas, grades); 0 where nothing was ever reported. [pupils]

    References
    ----------
    .. [1] R. S. Grip, "Projecting enrollment in rural schools: a study of three Vermont school districts", J. Res.
       Rural Educ. 19(3), 2004
    """
    lower, upper = pupils[:, :-1, :-1][..., -years:], pupils[:, 1:, 1:][..., -years:]
    known = np.isfinite(lower) & np.isfinite(upper)
    could, came = np.where(known, lower, 0.0).sum(axis=-1), np.where(known, upper, 0.0).sum(axis=-1)
    ratio = np.divide(came, could, out=np.full(could.shape, np.nan), where=could > 0)
    entered = np.concatenate([np.full((len(pupils), 1), np.nan), ratio], axis=1)
    entered[:, list(entries)] = np.nan
    mean = _mean(pupils[..., -years:])
    now, path = _newest(pupils), np.empty((horizon, *pupils.shape[:2]))
    for year in range(horizon):
        below = np.concatenate([np.zeros((len(now), 1)), now[:, :-1]], axis=1)
        path[year] = now = np.where(np.isnan(entered), mean, below * np.nan_to_num(entered))
    return path


def _mean(pupils: Floats) -> Floats:
    """Mean of the known years; 0 where none is known."""
    known = np.isfinite(pupils)
    total: Floats = np.where(known, pupils, 0.0).sum(axis=-1) / np.maximum(known.sum(axis=-1), 1)
    return total


def _newest(pupils: Floats) -> Floats:
    """Pupils of the last year that was reported, grade by grade; 0 where none was."""
    now = np.zeros(pupils.shape[:2])
    for year in range(pupils.shape[2]):
        now = np.where(np.isfinite(pupils[:, :, year]), pupils[:, :, year], now)
    return now
