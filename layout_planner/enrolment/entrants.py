"""Entrants: a smoothed level, bent by births to an estimated power."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from layout_planner.enrolment.priors import ENTRY, Priors

Floats = NDArray[np.float64]

YOUNGER_WEIGHTS: Final = (0.4, 0.3, 0.2, 0.1)  # entry grade and the three above it, in the level of entrants
RATIO_HIGH: Final = 2.5  # births against their own level: beyond, the cohort is taken at the limit
REGRESSION_LEVEL: Final = 2.0  # areas with a smaller level of entrants say nothing about the births weight
START_YEARS: Final = 2  # years before the first ratio of the regression


@dataclass(frozen=True)
class BirthsWeight:
    """Posterior of the births weight β: mean, sd and the number of ratios behind it."""

    mean: float
    sd: float
    ratios: int


def smooth(series: Floats, step: float) -> Floats:
    """Exponential smoothing along the last axis that passes over NaN.

    Parameters
    ----------
    series
        shape (..., years), oldest first.
    step
        Weight of the newest year. [-]

    Returns
    -------
    array
        Smoothed value after each year; NaN before the first value.
    """
    out = np.full(series.shape, np.nan)
    level = np.full(series.shape[:-1], np.nan)
    for year in range(series.shape[-1]):
        now = series[..., year]
        moved = step * now + (1 - step) * level
        level = np.where(np.isnan(level), now, np.where(np.isnan(now), level, moved))
        out[..., year] = level
    return out


def younger_level(cube: Floats) -> Floats:
    """Entrants that today's younger grades stand for: each scaled to the entry grade by the sums of three years.

    Parameters
    ----------
    cube
        Pupils, shape (areas, grades, years), the entry grade first; NaN = not known: the other grades speak. [pupils]

    Returns
    -------
    array
        By area. [pupils]
    """
    grades = min(len(YOUNGER_WEIGHTS), cube.shape[1])
    weights = np.array(YOUNGER_WEIGHTS[:grades]) / sum(YOUNGER_WEIGHTS[:grades])
    sums = np.nansum(cube[:, :grades, -3:], axis=(0, 2))
    scale = np.where(sums > 0, sums[0] / np.maximum(sums, 1.0), 0.0)
    now = cube[:, :grades, -1]
    there = np.isfinite(now) @ weights
    level: Floats = np.nan_to_num(now) @ (weights * scale) / np.maximum(there, weights.min())
    return level


def entry_level(cube: Floats, priors: Priors) -> Floats:
    """Smoothed level of every grade as an entry grade; the first is mixed with today's younger grades.

    ``L = (1 − m)·EWMA + m·(younger grades scaled back)``.

    Parameters
    ----------
    cube
        Pupils, shape (areas, grades, years), the entry grade first; NaN = the area was not there. [pupils]
    priors
        Step of the smoothing and weight m.

    Returns
    -------
    array
        shape (areas, grades). [pupils]
    """
    level = np.nan_to_num(smooth(cube, priors.level_step)[..., -1])
    mixed = (1 - priors.younger_mix) * level[:, 0] + priors.younger_mix * younger_level(cube)
    level[:, 0] = np.where(level[:, 0] > 0, mixed, 0.0)
    return level


def births_ratio(window: Floats, ahead: NDArray[np.floating], priors: Priors) -> NDArray[np.floating]:
    """Births of each cohort ahead against their smoothed level at the origin.

    Parameters
    ----------
    window
        Births of the cohorts that entered in the years to the origin, shape (areas, years); NaN = not known. [children]
    ahead
        Births of the cohorts still to enter, shape (areas, years ahead) or (areas, years ahead, draws). [children]
    priors
        Step of the smoothing: as for the entrants; lowest ratio that is believed.

    Returns
    -------
    array
        shape of `ahead`; 1 where births are not known. [-]
    """
    level = smooth(window, priors.level_step)[:, -1]
    known = np.isfinite(level) & (level > 0)
    base = np.where(known, level, 1.0).reshape(-1, *[1] * (ahead.ndim - 1))
    use = np.isfinite(ahead) & known.reshape(base.shape)
    return np.clip(np.where(use, ahead / base, 1.0), priors.ratio_low, RATIO_HIGH)


def estimate_weight(entrants: Floats, cohorts: Floats, priors: Priors, *, drifts: bool = False) -> BirthsWeight:
    """Estimate β from how entrants left their smoothed level when births left theirs.

    ``log(E[a,t] / L[a,t−1]) = β · log(B[a,t] / B̄[a,t−1]) + ε``, weighted by the level, over all areas and years. The
    sampling variance is robust to what all areas share in a year and includes what differs between regimes of
    migration, told by the slopes of blocks of years: a short window shows one regime and earns little weight, a long
    one whose blocks agree earns much. The normal prior follows.

    Parameters
    ----------
    entrants
        shape (areas, years), the window only. [pupils]
    cohorts
        Births of the cohort entering in each of those years, same shape. [children]
    priors
        Prior of β and its range, step of the smoothing.
    drifts
        Whether the share that comes may have moved steadily: the mean of both sides is then taken out, so that more
        and more children in kindergarten while births fall are not read as a weak tie between the two.

    Returns
    -------
    BirthsWeight
        Posterior mean and sd; the prior where nothing can be learned.
    """
    prior = BirthsWeight(priors.beta_mean, priors.beta_sd, 0)
    if entrants.shape[1] <= START_YEARS + 1:
        return prior
    before = slice(START_YEARS - 1, -1)
    both = np.where(np.isnan(cohorts), np.nan, entrants), np.where(np.isnan(entrants), np.nan, cohorts)
    level, born = (smooth(x, priors.level_step)[:, before] for x in both)  # over the same years
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.log(np.maximum(entrants[:, START_YEARS:], 0.5) / level)
        x = np.log(np.maximum(cohorts[:, START_YEARS:], 0.5) / born)
    use = np.isfinite(x) & np.isfinite(y) & (level >= REGRESSION_LEVEL) & (born > 0)
    x, y = np.where(use, x, 0.0), np.where(use, y, 0.0)
    weight = np.where(use, level / (priors.phi[ENTRY] + priors.psi[ENTRY] * np.nan_to_num(level)), 0.0)
    if drifts and use.any():
        x, y = (np.where(use, v - (weight * v).sum() / weight.sum(), 0.0) for v in (x, y))
    spread = float((weight * x * x).sum())
    if spread <= 0:
        return prior
    slope = float((weight * x * y).sum()) / spread
    variance = max(_clustered(weight, x, y, slope), 1.0) / spread + _regimes(weight, x, y, priors)
    precision = 1 / variance + 1 / priors.beta_sd**2
    mean = (slope / variance + priors.beta_mean / priors.beta_sd**2) / precision
    return BirthsWeight(float(np.clip(mean, priors.beta_low, priors.beta_high)), precision**-0.5, int(use.sum()))


def _regimes(weight: Floats, x: Floats, y: Floats, priors: Priors) -> float:
    """Variance of the mean slope over regimes: between blocks of years, with the prior worth one block. [-]."""
    years = np.flatnonzero((np.abs(weight * x)).sum(axis=0) > 0)
    blocks = np.array_split(years, max(len(years) // priors.regime_years, 1))
    spread = np.array([(weight * x * x)[:, b].sum() for b in blocks])
    slopes = np.array([(weight * x * y)[:, b].sum() for b in blocks]) / spread
    share = spread / spread.sum()
    apart = len(blocks) * float((share * (slopes - (share * slopes).sum()) ** 2).sum())
    between = (priors.regime_sd**2 + apart) / len(blocks)
    return between * float((share**2).sum())


def _clustered(weight: Floats, x: Floats, y: Floats, slope: float) -> float:
    """Sandwich factor of the slope's variance with years as clusters, for few clusters."""
    scores = (weight * x * (y - slope * x)).sum(axis=0)
    seen = int((np.abs(weight * x).sum(axis=0) > 0).sum())
    few = seen / max(seen - 1, 1)
    return few * float((scores**2).sum()) / float((weight * x * x).sum())
