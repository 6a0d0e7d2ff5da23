"""Damped trend (of log births) in innovations form, with every parameter uncertain: a posterior on a grid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray
from statsmodels.tsa.statespace.exponential_smoothing import ExponentialSmoothing

Floats = NDArray[np.float64]

LEVEL_STEPS: Final = (0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1.0)
TREND_SHARES: Final = (0.03, 0.08, 0.15, 0.25, 0.4, 0.6)  # trend step as a share of the level step
DAMPINGS: Final = (0.8, 0.85, 0.9, 0.95)
STAY_SD: Final = 0.05  # what stays of a year's surprise, beside the chance of counting [log children]
LEVEL_PRIOR: Final = 2.0  # Beta: what the best level step for that chance is worth
TREND_PRIOR: Final = (2.0, 6.0)  # Beta, mean 0.25: rates of change of births persist for years, then turn
SLOPE_SD: Final = 0.03  # prior sd of the rate of change before the first year [log children / year]
NOISE_YEARS: Final = 4.0  # years that the prior innovation is worth
_TOP: Final = (0.97, 0.985)  # highest best level step, highest one at which the prior is taken
_BLOCK: Final = 32  # years of a response that are computed at once


@dataclass(frozen=True)
class Trend:
    """Posterior of a damped trend: a row for every point of the grid of its parameters.

    Parameters
    ----------
    level_step, trend_step, damping
        α, β, φ. shape (points,) [-]
    weight
        Posterior probability. shape (points,) [-]
    state
        Level and rate of change after the last year. shape (points, 2) [log children, log children / year]
    spread
        Factor of their covariance in units of the innovation sd. shape (points, 2, 2) [-]
    square
        Sum of squares behind the innovation variance, the prior's included. shape (points,)
    freedom
        Degrees of freedom, the prior's included. [-]
    evidence
        Log density of the series after its first year, up to what all series of that length and grid share.
    """

    level_step: Floats
    trend_step: Floats
    damping: Floats
    weight: Floats
    state: Floats
    spread: Floats
    square: Floats
    freedom: float
    evidence: float = 0.0

    def means(self) -> dict[str, float]:
        """Posterior means of what a report names."""
        names = ("level_step", "trend_step", "damping")
        found = {name: float(self.weight @ getattr(self, name)) for name in names}
        level, trend = (float(x) for x in self.weight @ self.state)
        sd = float(np.sqrt(self.weight @ self.square / self.freedom))
        return {**found, "level": level, "trend": trend, "sd": sd, "freedom": float(self.freedom)}


@dataclass(frozen=True)
class TrendPrior:
    """What is assumed of a series before its first year.

    Parameters
    ----------
    level_step
        Best level step, that a Beta prior worth `LEVEL_PRIOR` stands about. [-]
    noise_sd, slope_sd
        Prior sd of an innovation, and of the rate of change before the first year. [unit of the series, and a year]
    dampings, odds
        Dampings that are possible, and the prior probability of each. [-]
    """

    level_step: float
    noise_sd: float
    slope_sd: float
    dampings: tuple[float, ...] = DAMPINGS
    odds: tuple[float, ...] = (1 / len(DAMPINGS),) * len(DAMPINGS)


def fit_trend(county: Floats) -> Trend:
    """Posterior of the damped trend of yearly county births, on the log scale.

    Parameters
    ----------
    county
        Births by year, oldest first. [children]

    Returns
    -------
    Trend
        With few years close to the priors, which know how far counts of that size scatter by chance.
    """
    log = np.log(np.maximum(county, 1.0))
    births = float(np.exp(log.mean()))
    best = best_level_step(births)
    return fit_series(log, TrendPrior(best, float(np.sqrt(1 / births / (1 - best))), SLOPE_SD))


def fit_series(log: Floats, prior: TrendPrior) -> Trend:
    """Posterior of a damped trend.

    ``y[t+1] = l + φb + ε``, ``l ← l + φb + αε``, ``b ← φb + βε``. For every α, β, φ of the grid the errors are
    linear in the first level and slope, which are integrated out together with the innovation variance; the maximum of
    the likelihood alone takes β to zero in most short series and then sees no trend.

    Parameters
    ----------
    log
        Values by year on the scale of the trend, oldest first.
    prior
        What is assumed before.

    Returns
    -------
    Trend
        With few years close to the prior.

    References
    ----------
    .. [1] R. J. Hyndman, A. B. Koehler, J. K. Ord, R. D. Snyder, "Forecasting with Exponential Smoothing", Springer,
       2008, chapters 3 and 5 (additive damped trend; regression on the first state)
    """
    steps, noise_sd = _grid(prior.dampings), prior.noise_sd
    log_prior = _prior(prior)
    errors, last = _from_zero(log - log[0], prior.dampings)
    by_level, by_slope = (_of_start(start, len(log), prior.dampings) for start in ((1.0, 0.0), (0.0, 1.0)))
    design = -np.stack([by_level[0], by_slope[0]], axis=-1)
    moves = np.stack([by_level[1], by_slope[1]], axis=-1)
    normal = design.transpose(0, 2, 1) @ design + np.diag([0.0, (noise_sd / prior.slope_sd) ** 2])
    right = (design * errors[:, :, None]).sum(axis=1)
    start = np.linalg.solve(normal, right[:, :, None])[:, :, 0]
    square = NOISE_YEARS * noise_sd**2 + (errors**2).sum(axis=1) - (start * right).sum(axis=1)
    freedom = NOISE_YEARS + len(log) - 1
    score = log_prior - 0.5 * np.linalg.slogdet(normal)[1] - 0.5 * freedom * np.log(square)
    weight = np.exp(score - score.max())
    evidence = float(np.log(weight.sum()) + score.max() + NOISE_YEARS * np.log(noise_sd))
    state = last + (moves @ start[:, :, None])[:, :, 0] + np.array([log[0], 0.0])
    spread = moves @ np.linalg.cholesky(np.linalg.inv(normal))
    return Trend(steps[0], steps[1], steps[2], weight / weight.sum(), state, spread, square, freedom, evidence)


def run_filter(log: Floats, steps: Floats, start: tuple[float, float]) -> tuple[Floats, Floats]:
    """One-step errors and states of every point of the grid, by the state-space filter of statsmodels.

    Parameters
    ----------
    log
        Log births, oldest first.
    steps
        α, β, φ. shape (3, points) [-]
    start
        Level and rate of change before the first year.

    Returns
    -------
    tuple of array
        Errors, shape (points, years); level and rate of change after every year, shape (points, years, 2).
    """
    model = ExponentialSmoothing(
        log,
        trend=True,
        damped_trend=True,
        initialization_method="known",
        initial_level=start[0],
        initial_trend=start[1],
    )
    with np.errstate(divide="ignore", invalid="ignore"):  # the likelihood of births that never change; it is not used
        found = [model.filter(point) for point in steps.T]
    errors = np.array([result.forecasts_error[0] for result in found])
    return errors, np.array([result.filtered_state[1:3].T for result in found])


def _from_zero(log: Floats, dampings: tuple[float, ...] = DAMPINGS) -> tuple[Floats, Floats]:
    """Errors and last state of a series that starts at level and rate 0.

    The filter is linear and its gains do not change with time: what one observation of 1 does is run once by statsmodels,
    every series is a sum of such answers, each moved to its year.
    """
    errors, states = _impulse(-(-len(log) // _BLOCK) * _BLOCK, dampings)
    years = len(log)
    moved = np.array([[log[t - k] if t >= k else 0.0 for t in range(years)] for k in range(years)])
    return errors[:, :years] @ moved, np.einsum("pks,k->ps", states[:, :years], log[::-1])


@lru_cache(maxsize=8)
def _impulse(length: int, dampings: tuple[float, ...]) -> tuple[Floats, Floats]:
    """Errors and states after a first observation of 1 and then of 0, for every point of the grid."""
    once = np.zeros(length)
    once[0] = 1.0
    return run_filter(once, _grid(dampings), (0.0, 0.0))


def _of_start(start: tuple[float, float], years: int, dampings: tuple[float, ...]) -> tuple[Floats, Floats]:
    """What a first level or rate of change does to the errors and to the last state, whatever the births were."""
    length = -(-years // _BLOCK) * _BLOCK
    errors, states = _response(start, length, dampings)
    return errors[:, :years], states[:, years - 1]


@lru_cache(maxsize=8)
def _response(start: tuple[float, float], length: int, dampings: tuple[float, ...]) -> tuple[Floats, Floats]:
    return run_filter(np.zeros(length), _grid(dampings), start)


def draw_trend(trend: Trend, ahead: int, draws: int, rng: np.random.Generator) -> Floats:
    """Draw log county births for the years ahead: parameters, state, innovation sd and innovations.

    Returns
    -------
    array
        shape (draws, ahead); centred so that the mean of the births, not of their logarithm, follows the trend.
        [log children]
    """
    path = draw_series(trend, ahead, draws, rng)
    centred: Floats = path - path.var(axis=0) / 2
    return centred


def draw_series(trend: Trend, ahead: int, draws: int, rng: np.random.Generator) -> Floats:
    """Draw the years ahead on the scale of the trend, shape (draws, ahead)."""
    point = rng.choice(len(trend.weight), draws, p=trend.weight)
    sd = np.sqrt(trend.square[point] / rng.chisquare(trend.freedom, draws))
    known = trend.spread[point] @ rng.standard_normal((draws, 2, 1))
    level, slope = (trend.state[point] + sd[:, None] * known[:, :, 0]).T
    damping = trend.damping[point]
    path = np.empty((draws, ahead))
    for year in range(ahead):
        shock = rng.standard_normal(draws) * sd
        expected = level + damping * slope
        path[:, year] = expected + shock
        level = expected + trend.level_step[point] * shock
        slope = damping * slope + trend.trend_step[point] * shock
    return path


def best_level_step(births: float) -> float:
    """Level step that loses least when counts of this size scatter by chance about a level that wanders.

    Steady state of the local level model with variance ratio ``q = STAY_SD² · B``: ``α = (√(q² + 4q) − q) / 2``. Of 50
    births a year one surprise is mostly chance, of 5,000 hardly any.

    Parameters
    ----------
    births
        Births a year. [children]

    Returns
    -------
    float
        Between 0 and 1. [-]

    References
    ----------
    .. [1] A. C. Harvey, "Forecasting, structural time series models and the Kalman filter", Cambridge, 1989, ch. 4.1.2
    """
    ratio = STAY_SD**2 * births
    return float(min((np.sqrt(ratio**2 + 4 * ratio) - ratio) / 2, _TOP[0]))


def _prior(prior: TrendPrior) -> Floats:
    """Log of the prior weights of the grid."""
    widths = np.meshgrid(*(np.gradient(np.array(x)) for x in (LEVEL_STEPS, TREND_SHARES)), prior.odds, indexing="ij")
    log: Floats = np.log(widths[0] * widths[1] * widths[2]).ravel()
    level, trend, _ = _grid(prior.dampings)
    below, best = np.minimum(level, _TOP[1]), prior.level_step
    for value, (a, b) in (
        (below, (LEVEL_PRIOR * best, LEVEL_PRIOR * (1 - best))),
        (trend / level, TREND_PRIOR),
    ):
        log = log + (a - 1) * np.log(value) + (b - 1) * np.log1p(-value)
    return log


def _grid(dampings: tuple[float, ...] = DAMPINGS) -> Floats:
    """Points of the grid of α, β, φ, shape (3, points)."""
    return np.array([(a, a * s, d) for a, s, d in product(LEVEL_STEPS, TREND_SHARES, dampings)]).T
