"""Pooled grade progression: shared ratio × area effect × area-and-grade effect, damped over the horizon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, gammaln

from layout_planner.enrolment.priors import Priors

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

RECENT: Final = 3  # transitions that decide whether a grade is fed from elsewhere or has gone
FED_SHARE: Final = 0.3  # fewer leavers below than this share of those who came: fed from elsewhere
FED_PUPILS: Final = 3.0  # pupils that must have come before that is said
FORGET_GRID: Final = (0.8, 0.3, 0.5, 0.65, 0.9)  # rates tried for a shared ratio; the first wins a tie
RATE_YEARS: Final = 4.0  # one-step errors that the prior rate is worth
GONE_PUPILS: Final = 4.0  # leavers below without one arrival before a grade counts as gone
TREND_START: Final = 4  # transitions before the first error that a trend is judged by
TREND_STEPS: Final = (0.5, 0.2)  # level and slope steps of the local trend
TREND_DAMPING: Final = 0.85  # share of the slope that is left after a further year
TREND_GAIN: Final = 0.5  # share of the level's squared error that a trend must save to be believed in full
TREND_FLOOR: Final = 1e-6
TREND_LIMIT: Final = 0.15  # a trend moves a ratio no further than this, on the log scale
ORDINARY: Final = (0.6, 1.6)  # raw ratios outside are left out of the shared ratio


@dataclass(frozen=True)
class Progression:
    """Fitted progression of ``areas × steps``; step j leads from grade j to grade j + 1 of the chain.

    Parameters
    ----------
    theta_now, theta_long
        Shared ratio by step, discounted and over the window. [-]
    area_now, area_long
        Area effect, discounted and over the window. [-]
    cell
        Area × step effect; 0 where the grade is gone. [-]
    structural
        Posterior probability that the effect is structural. [-]
    joined
        Grade fed from elsewhere: no ratio applies.
    expected_area, expected_cell
        Discounted expected pupils behind each effect. [pupils]
    """

    theta_now: Floats
    theta_long: Floats
    area_now: Floats
    area_long: Floats
    cell: Floats
    structural: Floats
    joined: Bools
    expected_area: Floats
    expected_cell: Floats


def fit_progression(came: Floats, could: Floats, present: Bools, priors: Priors) -> Progression:
    """Fit the pooled progression to the transitions of a window.

    Parameters
    ----------
    came
        Pupils one grade up a year later, shape (areas, steps, transitions); NaN = not known. [pupils]
    could
        Pupils who could have come, same shape. [pupils]
    present
        Whether the upper grade has pupils now, shape (areas, steps).
    priors
        Pseudo-pupils, forgetting and the share of structural cells.

    Returns
    -------
    Progression
        Shared, area and cell effects.

    References
    ----------
    .. [1] docs/models/enrolment.md, equations 1–4
    """
    known = np.isfinite(came) & np.isfinite(could)
    came, could = np.where(known, came, 0.0), np.where(known, could, 0.0)
    weights = priors.forget ** np.arange(came.shape[2] - 1, -1, -1)
    joined, gone = joined_grades(came, could), gone_grades(came, could) & ~present
    ratio = came.sum(2) / np.maximum(could.sum(2), 1e-9)
    ordinary = ((ratio > ORDINARY[0]) & (ratio < ORDINARY[1]) & ~joined).astype(float)
    yearly = shared_ratio(came, could, ordinary, priors)
    expected = yearly * could
    seen = (came * weights).sum(2), (expected * weights).sum(2)
    share, cell = ordinary, np.ones_like(ratio)
    for _ in range(2):  # area effect from ordinary cells, cell effect given it; once more with the structural ones out
        area_now, behind_area = area_effect(seen[0], seen[1] * cell, share, priors.area_pseudo)
        behind_cell = seen[1] * area_now[:, None]
        cell_all, structural = cell_effect(seen[0], behind_cell, priors)
        share = ordinary * (1 - structural) * ~gone
        cell = np.where(structural > 0.5, cell_all, 1.0)
    area_long, _ = area_effect(came.sum(2), expected.sum(2) * cell, share, priors.area_pseudo)
    used = ordinary[:, :, None]
    return Progression(
        theta_now=current_ratio((came * used).sum(0), (could * used).sum(0), priors),
        theta_long=pooled_ratio((came * used).sum((0, 2)), (could * used).sum((0, 2)), priors),
        area_now=area_now,
        area_long=area_long,
        cell=np.where(gone, 0.0, cell_all),
        structural=structural,
        joined=joined,
        expected_area=behind_area,
        expected_cell=behind_cell,
    )


def damped_rates(fit: Progression, horizon: int, priors: Priors) -> Floats:
    """Progression by area and step for the years ahead.

    ``rate[h] = s · m_now^r · m_long^(κ(1−r)) · A^r · AL^(κ(1−r)) · C`` with ``r = ρ^(h−1)``: m is what all steps share
    (the median of θ: migration, of which a part is kept), s = θ_now/m_now belongs to the step (grade 9 → 10, late
    starters of kindergarten) and stays.

    Parameters
    ----------
    fit
        Fitted progression.
    horizon
        Years ahead. [years]
    priors
        ρ = `damping`, κ = `long_run_kept`.

    Returns
    -------
    array
        shape (horizon, areas, steps). [-]
    """
    left = (priors.damping ** np.arange(horizon))[:, None]
    rest = priors.long_run_kept * (1 - left)
    common_now, common_long = (float(np.median(theta)) for theta in (fit.theta_now, fit.theta_long))
    common = common_now**left * common_long**rest
    area = fit.area_now**left * fit.area_long**rest
    rates: Floats = (common * fit.theta_now / common_now)[:, None, :] * area[:, :, None] * fit.cell
    return rates


def current_ratio(came: Floats, could: Floats, priors: Priors) -> Floats:
    """Shared ratio of each step as it stands now, with a forgetting rate that the window chooses step by step.

    Of the rates `FORGET_GRID` the one with the least squared one-step error of the log ratio, shrunk to the prior rate
    by the number of errors: a ratio that keeps moving is followed, one that only wobbles is averaged.

    Parameters
    ----------
    came, could
        Pupils over the cells in use, shape (steps, transitions). [pupils]
    priors
        Prior rate and pseudo-pupils.

    Returns
    -------
    array
        shape (steps,). [-]
    """
    years = came.shape[1]
    errors = max(years - 2, 0)
    own = errors / (errors + RATE_YEARS)
    yearly = np.log(pooled_ratio(came, could, priors))
    losses = np.zeros((len(FORGET_GRID), len(came)))
    for i, forget in enumerate(FORGET_GRID):
        for year in range(2, years):
            ages = forget ** np.arange(year - 1, -1, -1)
            before = np.log(pooled_ratio(came[:, :year] @ ages, could[:, :year] @ ages, priors))
            losses[i] += (yearly[:, year] - before) ** 2
    best = np.array(FORGET_GRID)[losses.argmin(axis=0)] if errors else np.full(len(came), priors.forget)
    rates = own * best + (1 - own) * priors.forget
    weights = rates[:, None] ** np.arange(years - 1, -1, -1)
    return pooled_ratio((came * weights).sum(1), (could * weights).sum(1), priors)


def shared_trend(came: Floats, could: Floats, horizon: int, priors: Priors) -> Floats:
    """How far a shared ratio moves on from `current_ratio`, where the window shows a trend.

    Two forecasts of the log ratio compete one year ahead inside the window: the level of `current_ratio`, and a damped
    local trend. The trend's say is how much of the level's squared error it saves (all of it from `TREND_GAIN` on),
    shrunk by the number of errors. Its whole way ahead stays within `TREND_LIMIT`, and a share that rises goes at most
    half of what is left to 1.

    Parameters
    ----------
    came, could
        Pupils over the cells in use, shape (steps, transitions). [pupils]
    horizon
        Years ahead. [years]
    priors
        Rate of forgetting and pseudo-pupils.

    Returns
    -------
    array
        Ratio ahead against the ratio now, shape (horizon, steps). [-]
    """
    now = np.log(current_ratio(came, could, priors))
    trend = local_trend(np.log(pooled_ratio(came, could, priors)))
    errors = max(came.shape[1] - TREND_START, 0)
    saved = 1 - trend.loss / np.maximum(_level_loss(came, could, priors), TREND_FLOOR)
    say = errors / (errors + RATE_YEARS) * np.clip(saved / TREND_GAIN, 0.0, 1.0)
    way = np.cumsum(TREND_DAMPING ** np.arange(1, horizon + 1))[:, None] * trend.slope
    room = np.where(now < 0, np.minimum(-now / 2, TREND_LIMIT), TREND_LIMIT)
    factor: Floats = np.exp(np.clip(say * (trend.level - now + way), -TREND_LIMIT, room))
    return factor


@dataclass(frozen=True)
class LocalTrend:
    """Level, slope and mean squared one-year error of a damped local trend, by step; all on the log scale."""

    level: Floats
    slope: Floats
    loss: Floats


def local_trend(log: Floats) -> LocalTrend:
    """Damped local trend (Holt) of log ratios.

    Parameters
    ----------
    log
        shape (steps, transitions), oldest first.

    Returns
    -------
    LocalTrend
        State after the last transition; errors from `TREND_START` on.
    """
    level, slope = log[:, 0].copy(), np.zeros(len(log))
    squares = np.zeros((len(log), 0))
    for year in range(1, log.shape[1]):
        expected = level + TREND_DAMPING * slope
        error = log[:, year] - expected
        if year >= TREND_START:
            squares = np.column_stack([squares, error**2])
        level = expected + TREND_STEPS[0] * error
        slope = TREND_DAMPING * slope + TREND_STEPS[1] * error
    loss = squares.mean(axis=1) if squares.shape[1] else np.full(len(log), np.inf)
    return LocalTrend(level, slope, loss)


def _level_loss(came: Floats, could: Floats, priors: Priors) -> Floats:
    """Mean squared one-year error of the log of `current_ratio`, as it would have been fitted then, by step."""
    yearly = np.log(pooled_ratio(came, could, priors))
    years = range(TREND_START, yearly.shape[1])
    if not len(years):
        return np.zeros(len(yearly))
    before = [np.log(current_ratio(came[:, :year], could[:, :year], priors)) for year in years]
    loss: Floats = ((yearly[:, TREND_START:] - np.stack(before, axis=1)) ** 2).mean(axis=1)
    return loss


def effect_left(horizon: int, priors: Priors) -> Floats:
    """Share of a deviation that is left in each year ahead: ``r + κ(1−r)``, r = ρ^(h−1). shape (horizon,) [-]."""
    left = priors.damping ** np.arange(horizon)
    share: Floats = left + priors.long_run_kept * (1 - left)
    return share


def shared_ratio(came: Floats, could: Floats, used: Floats, priors: Priors) -> Floats:
    """Shared progression of every step and transition over the cells in use, shape (1, steps, transitions). [-]."""
    cells = used[:, :, None]
    return pooled_ratio((came * cells).sum(0, keepdims=True), (could * cells).sum(0, keepdims=True), priors)


def area_effect(observed: Floats, expected: Floats, share: Floats, pseudo: float) -> tuple[Floats, Floats]:
    """Gamma–Poisson effect of an area over its ordinary cells: ``(Σ O + κ) / (Σ E + κ)``.

    Returns
    -------
    tuple of array
        Effect and expected pupils behind it, by area. [-, pupils]
    """
    seen, behind = (observed * share).sum(1), (expected * share).sum(1)
    return (seen + pseudo) / (behind + pseudo), behind


def cell_effect(observed: Floats, expected: Floats, priors: Priors) -> tuple[Floats, Floats]:
    """Two kinds of area × grade effect and the probability of the structural kind.

    ``C = p·(O+κ0)/(E+κ0) + (1−p)·(O+κC)/(E+κC)``; p from the two negative-binomial marginals.

    Parameters
    ----------
    observed, expected
        Discounted pupils. [pupils]
    priors
        κ0 = `structural_pseudo`, κC = `ordinary_pseudo`, prior p = `structural_share`.

    Returns
    -------
    tuple of array
        Effect and p, shape of `observed`. [-]
    """
    loose, tight = priors.structural_pseudo, priors.ordinary_pseudo
    odds = np.log(priors.structural_share / (1 - priors.structural_share))
    structural = expit(odds + _log_marginal(observed, expected, loose) - _log_marginal(observed, expected, tight))
    effect = structural * (observed + loose) / (expected + loose)
    effect += (1 - structural) * (observed + tight) / (expected + tight)
    return effect, structural


def joined_grades(came: Floats, could: Floats) -> Bools:
    """Grades fed from elsewhere: almost nobody one grade below, but pupils came. shape (areas, steps)."""
    arrivals, below = came[:, :, -RECENT:].sum(2), could[:, :, -RECENT:].sum(2)
    fed: Bools = (below < FED_SHARE * arrivals) & (arrivals >= FED_PUPILS)
    return fed


def gone_grades(came: Floats, could: Floats) -> Bools:
    """Grades not offered any more: nobody came for three years, though some could or none ever did."""
    arrivals, below = came[:, :, -RECENT:].sum(2), could[:, :, -RECENT:].sum(2)
    gone: Bools = (arrivals == 0) & ((below >= GONE_PUPILS) | (came.sum(2) == 0))
    return gone


def pooled_ratio(came: Floats, could: Floats, priors: Priors) -> Floats:
    """``(came + κ) / (could + κ)``, cell by cell. [-]."""
    ratio: Floats = (came + priors.theta_pseudo) / (could + priors.theta_pseudo)
    return ratio


def _log_marginal(observed: Floats, expected: Floats, size: float) -> Floats:
    """Log of the negative-binomial probability, up to a term in `observed` alone."""
    mean = np.maximum(expected, 1e-9)
    log: Floats = gammaln(observed + size) - gammaln(size) + size * np.log(size / (size + mean))
    log = log + observed * np.log(mean / (size + mean))
    return log
