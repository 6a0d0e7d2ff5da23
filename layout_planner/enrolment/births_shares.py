"""Shares of the townships in a county's births: levels that wander, slopes that fade, how fast told by all together."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WANDER: Final = (0.005, 0.015, 0.03, 0.06, 0.1)  # sd of what a log share moves in a year beside its slope
SLOPES: Final = (0.003, 0.01, 0.02, 0.04)  # sd of the slopes of the townships about 0 [1/year]
TURNS: Final = (0.0, 0.1, 0.3)  # yearly change of a slope, as a share of the sd of the slopes
FADES: Final = (0.8, 0.9, 0.97)  # what is left of a slope after a year
WANDER_PRIOR: Final = (0.03, 0.8)  # log-normal: centre and sd of the log; villages and towns empty and fill slowly
SLOPE_PRIOR: Final = (0.012, 0.8)  # the same: one or two per cent a year apart is what neighbours show
FIRST_SD: Final = 0.5  # sd of a log share about its mean over the record, before the first year
SMALLEST: Final = 0.5  # births of the whole record that a township has at least


@dataclass(frozen=True)
class Shares:
    """Posterior of the shares after the last year: a row for every point of the grid of what all townships share.

    Parameters
    ----------
    wander, turn, fade
        Yearly sd of a log share and of a slope; what is left of a slope after a year. shape (points,)
    weight
        Posterior probability. shape (points,) [-]
    level, slope
        Means of log share and slope. shape (points, townships) [-], [1/year]
    spread
        Variances of level, of both together, of slope. shape (3, points, townships)
    """

    wander: Floats
    turn: Floats
    fade: Floats
    weight: Floats
    level: Floats
    slope: Floats
    spread: Floats


def fit_shares(observed: Floats) -> Shares:
    """Posterior of the townships' shares.

    ``log s[t+1] = log s[t] + φ·d[t] + σ·ε``, ``d[t+1] = φ·d[t] + ω·η``, slopes ``d ~ N(0, τ²)`` before the first year;
    births are Poisson about ``s·B``. Filtered with the variance ``1 / (s·B)`` of the log at the share that was expected, so
    that a township with no birth in a year is as good as any. σ, τ, ω, φ are the same for all townships, with a
    posterior on a grid: where townships hardly differ in their slopes, all are shrunk to none.

    Parameters
    ----------
    observed
        Births, shape (townships, years), oldest first. [children]

    Returns
    -------
    Shares
        Levels are not normalised: they add up to 1 only once drawn.

    References
    ----------
    .. [1] M. West, J. Harrison, "Bayesian forecasting and dynamic models", 2nd ed., Springer, 1997, ch. 14 (dynamic
       generalised linear models)
    """
    points = np.array([(w, s, t * s, f) for w, s, t, f in product(WANDER, SLOPES, TURNS, FADES)])
    found, score = filter_shares(observed, points)
    score = score + _prior(points)
    weight = np.exp(score - score.max())
    return Shares(points[:, 0], points[:, 2], points[:, 3], weight / weight.sum(), found[0], found[1], found[2:])


def filter_shares(observed: Floats, points: Floats) -> tuple[Floats, Floats]:
    """Filter the shares with each point of a grid.

    Parameters
    ----------
    observed
        Births, shape (townships, years), oldest first. [children]
    points
        σ, τ, ω, φ, shape (points, 4).

    Returns
    -------
    tuple of array
        Level and slope after the last year, variance of the level, covariance, variance of the slope, shape
        (5, points, townships); log likelihood, shape (points,).
    """
    wander, slopes, turn, fade = (points[:, [i]] for i in range(4))
    total = observed.sum(axis=0)
    whole = np.maximum(observed.sum(axis=1), SMALLEST)
    level = np.tile(np.log(whole / whole.sum()), (len(points), 1))
    slope = np.zeros_like(level)
    first, both, second = np.full_like(level, FIRST_SD**2), np.zeros_like(level), np.zeros_like(level) + slopes**2
    score = np.zeros(len(points))
    for year, births in enumerate(total):
        if year:
            level, slope, first, both, second = _step(level, slope, (first, both, second), (wander, turn, fade))
        if births <= 0:
            continue
        mean = births * np.exp(level)
        chance = first + 1 / mean
        error = (observed[:, year] - mean) / mean
        score = score - (np.log(mean) + 0.5 * np.log(chance) + 0.5 * error**2 / chance).sum(axis=1)
        gain, drag = first / chance, both / chance
        level, slope = level + gain * error, slope + drag * error
        second = second - drag * both
        first, both = first * (1 - gain), both * (1 - gain)
    return np.stack([level, slope, first, both, second]), score


def draw_shares(shares: Shares, ahead: int, draws: int, rng: np.random.Generator) -> Floats:
    """Draw the townships' shares of the births still to come.

    Parameters
    ----------
    shares
        Posterior after the last year.
    ahead, draws, rng
        Years ahead, number of draws, source of randomness.

    Returns
    -------
    array
        shape (draws, townships, ahead); sums to 1 over townships; centred so that the mean of a share, not of its
        logarithm, follows its level. [-]
    """
    point = rng.choice(len(shares.weight), draws, p=shares.weight)
    first, both, second = shares.spread[:, point]
    one, two = rng.standard_normal((2, *first.shape))
    sd = np.sqrt(first)
    tied = np.divide(both, sd, out=np.zeros_like(both), where=sd > 0)
    level = shares.level[point] + sd * one
    slope = shares.slope[point] + tied * one + np.sqrt(np.maximum(second - tied**2, 0.0)) * two
    wander, turn, fade = (values[point, None] for values in (shares.wander, shares.turn, shares.fade))
    path = np.empty((draws, level.shape[1], ahead))
    for year in range(ahead):
        slope = fade * slope
        level = level + slope + wander * rng.standard_normal(level.shape)
        slope = slope + turn * rng.standard_normal(level.shape)
        path[:, :, year] = level
    raw = np.exp(path - path.var(axis=0) / 2)
    drawn: Floats = raw / raw.sum(axis=1, keepdims=True)
    return drawn


def _step(
    level: Floats, slope: Floats, spread: tuple[Floats, Floats, Floats], moves: tuple[Floats, Floats, Floats]
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Means and variances of log share and slope a year later."""
    first, both, second = spread
    wander, turn, fade = moves
    ahead = first + 2 * fade * both + fade**2 * second + wander**2
    return level + fade * slope, fade * slope, ahead, fade * both + fade**2 * second, fade**2 * second + turn**2


def _prior(points: Floats) -> Floats:
    """Log of the prior weights of the grid: log-normal in σ and τ, flat in the others."""
    log = np.zeros(len(points))
    for column, (centre, sd), values in ((0, WANDER_PRIOR, WANDER), (1, SLOPE_PRIOR, SLOPES)):
        width = np.gradient(np.log(values))
        log = log - 0.5 * (np.log(points[:, column] / centre) / sd) ** 2
        log = log + np.log(width[np.searchsorted(values, points[:, column])])
    return log
