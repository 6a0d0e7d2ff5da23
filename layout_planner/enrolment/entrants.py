"""Entrants: a level smoothed by size, bent by births to an estimated power and by moves since birth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layout_planner.enrolment.entry_law import with_entry_law
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


@dataclass(frozen=True)
class EntryLevel:
    """Level of the entrants of the first grade, and the births and moves that it stands for.

    Parameters
    ----------
    level
        Entrants by area. [pupils]
    births
        Births of the cohorts behind it, their geometric mean; NaN without births. [children]
    moved
        Log of the share of those cohorts that came by moves between birth and entry. [-]
    priors
        With the law of the entrants that the window shows.
    """

    level: Floats
    births: Floats
    moved: Floats
    priors: Priors


def smooth(series: Floats, step: float | Floats) -> Floats:
    """Exponential smoothing along the last axis that passes over NaN.

    Parameters
    ----------
    series
        shape (..., years), oldest first.
    step
        Weight of the newest year, one for all or one a row. [-]

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


def local_level(series: Floats, gain: Floats) -> Floats:
    """Local level of every row after the last year: a filter with a steady gain, a plain mean until it is reached.

    Parameters
    ----------
    series
        shape (rows, years), oldest first; NaN = not known.
    gain
        Weight of the newest year. shape (rows,) [-]

    Returns
    -------
    array
        shape (rows,); NaN where no year is known.
    """
    level, seen = np.full(len(series), np.nan), np.zeros(len(series))
    for now in series.T:
        known = np.isfinite(now)
        seen += known
        step = np.maximum(gain, 1 / np.maximum(seen, 1.0))
        level = np.where(known, np.where(np.isnan(level), now, step * now + (1 - step) * level), level)
    return level


def entry_gain(size: Floats, priors: Priors) -> Floats:
    """Steady gain of a local level: small places are averaged over many years, large ones follow the newest.

    ``k = (√(s² + 4s) − s) / 2`` with ``s = walk² / (φ/size + ψ)``, the signal-to-noise ratio of the entry grade.

    Parameters
    ----------
    size
        Mean entrants. [pupils]
    priors
        `level_walk`, noise of the entry grade.

    Returns
    -------
    array
        shape of `size`. [-]

    References
    ----------
    .. [1] A. C. Harvey, "Forecasting, Structural Time Series Models and the Kalman Filter", Cambridge, 1989, section 4.1
    """
    noise = priors.phi[ENTRY] / np.maximum(size, 1.0) + priors.psi[ENTRY]
    ratio = priors.level_walk**2 / noise
    gain: Floats = (np.sqrt(ratio**2 + 4 * ratio) - ratio) / 2
    return gain


def level_sd(level: Floats, priors: Priors) -> Floats:
    """Posterior sd of the log of a local level: ``√(k · (φ/level + ψ))`` with the steady gain k. [-]."""
    noise = priors.phi[ENTRY] / np.maximum(level, 1.0) + priors.psi[ENTRY]
    spread: Floats = np.sqrt(entry_gain(level, priors) * noise)
    return spread


def moved_since_birth(past: Floats, ahead: Floats, lag: int, before: int) -> Floats:
    """Net moves that a cohort lives through between birth and entry, against their level over the window.

    What all grades of school gain or lose by moves in a year, younger children gain or lose too: a cohort born in a boom
    whose families left again does not come to school.

    Parameters
    ----------
    past
        `Progression.common`: yearly deviations of the shared ratio, the last one in the year of the origin. [-]
    ahead
        The same for the years ahead. [-]
    lag
        Years between birth and entry. [years]
    before
        Entry years before the first year of the window that are asked for.

    Returns
    -------
    array
        Log factor by entry year, from `before` years before the window to the last year ahead. [-]
    """
    yearly = np.concatenate([np.zeros(lag + before), past, ahead])  # the first known is the second year of the window
    running = np.concatenate([[0.0], np.cumsum(yearly)])
    moved: Floats = running[lag:] - running[:-lag]
    return moved


def fit_entry_level(cube: Floats, births: Floats, moved: Floats, beta: float, priors: Priors) -> EntryLevel:
    """Level of the first grade's entrants against births and moves: smoothed by size, mixed with today's younger grades.

    Every head count of the youngest grades is divided by ``births^β · exp(moved)`` of its own cohort; the first grade's
    series is filtered with the gain of its size, today's younger grades are scaled back to it.

    Parameters
    ----------
    cube
        Pupils, shape (areas, grades, years), the entry grade first. [pupils]
    births
        Births of the cohorts by entry year, from ``len(YOUNGER_WEIGHTS) − 1`` years before the window to its end; NaN =
        not known. shape (areas, years + 3) [children]
    moved
        Log factor of the same entry years. shape (years + 3,) [-]
    beta
        Births weight. [-]
    priors
        Walk of the level, noise of the entry grade, weight of the younger grades.

    Returns
    -------
    EntryLevel
        By area.
    """
    before, years = len(YOUNGER_WEIGHTS) - 1, cube.shape[2]
    log = _filled(np.log(np.maximum(births, 0.5)))
    index = beta * np.nan_to_num(log) + moved
    young = cube[:, : min(len(YOUNGER_WEIGHTS), cube.shape[1])]
    plain = np.stack(
        [young[:, j] / np.exp(index[:, before - j : before - j + years]) for j in range(young.shape[1])], 1
    )
    known = np.isfinite(cube[:, 0])
    size = np.where(known, cube[:, 0], 0.0).sum(1) / np.maximum(known.sum(1), 1)
    priors = with_entry_law(plain[:, 0], priors)
    gain = entry_gain(size, priors)
    own = np.nan_to_num(local_level(plain[:, 0], gain))
    mixed = (1 - priors.younger_mix) * own + priors.younger_mix * younger_level(plain)
    weights = np.array(YOUNGER_WEIGHTS[: young.shape[1]])
    newest = np.arange(before + years - 1, before + years - 1 - len(weights), -1)

    def behind(series: Floats) -> Floats:
        there = np.where(known, series[:, before:], np.nan)
        level = np.nan_to_num(local_level(there, gain))
        younger = series[:, newest] @ weights / weights.sum()
        mean: Floats = (1 - priors.younger_mix) * level + priors.younger_mix * younger
        return mean

    base, moves = behind(log), behind(np.broadcast_to(moved, log.shape))
    level = np.where(own > 0, mixed, 0.0) * np.exp(beta * np.nan_to_num(base) + moves)
    return EntryLevel(level, np.exp(base), moves, priors)


def _filled(log: Floats) -> Floats:
    """Unknown years take the nearest known one before them, else after them; a row without any stays NaN."""
    filled: Floats = pd.DataFrame(log).ffill(axis="columns").bfill(axis="columns").to_numpy(dtype=float)
    return filled


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
