"""Pooled grade progression: shared ratio × area effect × area-and-grade effect, damped over the horizon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from layout_planner.enrolment.area_effect import AreaLaw, AreaSignal, area_signal
from layout_planner.enrolment.cell_effect import Evidence, cell_effect, ordinary_spread
from layout_planner.enrolment.grade_kinds import (
    confirmed,
    gone_grades,
    joined_grades,
    jumps_and_breaks,
    ordinary_cells,
    slips,
)
from layout_planner.enrolment.priors import Priors

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FORGET_GRID: Final = (0.8, 0.3, 0.5, 0.65, 0.9)  # rates tried for a shared ratio; the first wins a tie
RATE_YEARS: Final = 4.0  # one-step errors that the prior rate is worth
TREND_START: Final = 4  # transitions before the first error that a trend is judged by
TREND_STEPS: Final = ((0.5, 0.2), (0.3, 0.1), (0.2, 0.05), (0.1, 0.02))  # level and slope steps that are tried
TREND_DAMPING: Final = 0.85  # share of the slope that is left after a further year
TREND_GAIN: Final = 0.5  # share of the level's squared error that a trend must save to be believed in full
TREND_FLOOR: Final = 1e-6
TREND_LIMIT: Final = 0.15  # a trend moves a ratio no further than this, on the log scale


@dataclass(frozen=True)
class Progression:
    """Fitted progression of ``areas × steps``; step j leads from grade j to grade j + 1 of the chain.

    Parameters
    ----------
    theta_now, theta_long
        Shared ratio by step, discounted and over the window. [-]
    common
        Yearly deviation of what all steps share from its level over the window, on the log scale. shape (transitions,)
    area_now
        Area effect of the next year. [-]
    area_sd
        Posterior sd of its logarithm in the year of the origin. [-]
    area_weight
        How much an area's own figures weigh in its effect. [-]
    law
        Law of the area effects.
    cell
        Area × step effect; 0 where the grade is gone. [-]
    ordinary_pseudo
        Pseudo-pupils of the ordinary kind, as the window shows them. [pupils]
    structural
        Posterior probability that the effect is structural. [-]
    joined
        Grade fed from elsewhere: no ratio applies.
    expected_cell, expected_recent
        Discounted expected pupils behind each cell effect, of the ordinary and of the structural kind. [pupils]
    """

    theta_now: Floats
    theta_long: Floats
    common: Floats
    area_now: Floats
    area_sd: Floats
    area_weight: Floats
    law: AreaLaw
    cell: Floats
    ordinary_pseudo: float
    structural: Floats
    joined: Bools
    expected_cell: Floats
    expected_recent: Floats


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
    .. [1] docs/models/enrolment.md, section 3
    """
    known = np.isfinite(came) & np.isfinite(could)
    came, could = np.where(known, came, 0.0), np.where(known, could, 0.0)
    slipped = slips(came, could)
    came, could = np.where(slipped, 0.0, came), np.where(slipped, 0.0, could)
    joined, gone = joined_grades(came, could), gone_grades(came, could) & ~present
    ordinary = (ordinary_cells(came, could) & ~joined).astype(float)
    jumps, breaks = jumps_and_breaks(came, could)
    used = ordinary[:, :, None] * ~(jumps | breaks)
    yearly = shared_ratio(came, could, used, priors)
    expected = yearly * could
    found = _effects(came, expected, used, gone, priors)
    ratios = np.log(yearly[0])
    theta_long = pooled_ratio((came * used).sum((0, 2)), (could * used).sum((0, 2)), priors)
    return Progression(
        theta_now=current_ratio((came * used).sum(0), (could * used).sum(0), priors),
        theta_long=theta_long,
        common=np.median(ratios - np.log(theta_long)[:, None], axis=0) if len(ratios) else np.zeros(came.shape[2]),
        area_now=found.now,
        area_sd=found.signal.sd,
        area_weight=found.signal.weight,
        law=found.signal.law,
        cell=np.where(gone, 0.0, found.cell),
        ordinary_pseudo=found.pseudo,
        structural=found.structural,
        joined=joined,
        expected_cell=found.behind,
        expected_recent=found.recent,
    )


@dataclass(frozen=True)
class _Effects:
    """Effects of areas and cells, and what stands behind them."""

    signal: AreaSignal
    now: Floats
    cell: Floats
    structural: Floats
    pseudo: float
    behind: Floats
    recent: Floats


def _effects(came: Floats, expected: Floats, used: Floats, gone: Bools, priors: Priors) -> _Effects:
    """Area effect from the ordinary cells, cell effects given it; once more with the structural cells out."""
    ordinary = used.any(axis=2).astype(float)
    share, scale = ordinary, np.ones(ordinary.shape)
    believed = confirmed(came, expected)
    for _ in range(2):
        weight = share[:, :, None] * used
        signal = area_signal((came * weight).sum(1), (expected * scale[:, :, None] * weight).sum(1), priors)
        now = np.exp(signal.law.memory * signal.state)
        behind = _discounted(expected, priors.forget) * now[:, None]
        spread = Evidence(_discounted(believed, priors.forget), behind)
        recent = Evidence(
            _discounted(believed, priors.structural_forget),
            _discounted(expected, priors.structural_forget) * now[:, None],
        )
        pseudo = ordinary_spread(spread, share, priors)
        cell, structural = cell_effect(spread, recent, pseudo, priors)
        share = ordinary * (1 - structural) * ~gone
        scale = np.where(structural > 0.5, cell, 1.0)
    return _Effects(signal, now, cell, structural, pseudo, behind, recent.expected)


def cell_sd(fit: Progression, priors: Priors) -> Floats:
    """Posterior sd of the log of each cell effect, for Poisson counts; 0 in the lowest grade. (areas, grades) [-]"""
    pseudo = np.where(fit.structural > 0.5, priors.structural_pseudo, fit.ordinary_pseudo)
    return np.pad(1 / np.sqrt(fit.expected_cell + pseudo), ((0, 0), (1, 0)))


def _discounted(pupils: Floats, forget: float) -> Floats:
    """Sum over the transitions, the newest with weight 1."""
    total: Floats = pupils @ forget ** np.arange(pupils.shape[2] - 1, -1, -1)
    return total


def damped_rates(fit: Progression, horizon: int, priors: Priors) -> Floats:
    """Progression by area and step for the years ahead.

    ``rate[h] = s · m[h] · A^(μ^(h−1)) · C``: m is what all steps share (`common_path`), s = θ_now/m_now belongs to the step
    (grade 9 → 10, late starters of kindergarten) and stays; the area effect fades with the memory μ of its law.

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
    area = fit.area_now ** (fit.law.memory ** np.arange(horizon))[:, None]
    own = fit.theta_now / float(np.median(fit.theta_now))
    rates: Floats = common_path(fit, horizon, priors)[:, None, None] * own * area[:, :, None] * fit.cell
    return rates


def common_path(fit: Progression, horizon: int, priors: Priors) -> Floats:
    """What all steps share in the years ahead: ``m[h] = m_now^r · m_long^(κ(1−r))``, ``r = ρ^(h−1)``.

    m is the median of θ: net migration of all grades, of which a part is kept.

    Returns
    -------
    array
        shape (horizon,). [-]
    """
    left = priors.damping ** np.arange(horizon)
    now, long = (float(np.median(theta)) for theta in (fit.theta_now, fit.theta_long))
    path: Floats = now**left * long ** (priors.long_run_kept * (1 - left))
    return path


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
    """Local trend (Holt) of log ratios, with the steps that the window chooses for each; it is damped ahead only.

    The slope starts from the mean change of the first transitions; of the steps `TREND_STEPS` those with the least squared
    one-year error are taken: a trend that has held for long is followed steadily, one that turns is followed fast.

    Parameters
    ----------
    log
        shape (steps, transitions), oldest first.

    Returns
    -------
    LocalTrend
        State after the last transition; errors from `TREND_START` on.
    """
    tried = [_holt(log, *steps) for steps in TREND_STEPS]
    best = np.argmin([trend.loss for trend in tried], axis=0)
    at = np.arange(len(log))
    level, slope, loss = (np.stack([getattr(t, name) for t in tried])[best, at] for name in ("level", "slope", "loss"))
    return LocalTrend(level, slope, loss)


def _holt(log: Floats, level_step: float, slope_step: float) -> LocalTrend:
    first = min(TREND_START, log.shape[1] - 1)
    slope = (log[:, first] - log[:, 0]) / first if first else np.zeros(len(log))
    level = log[:, 0].copy()
    squares = np.zeros((len(log), 0))
    for year in range(1, log.shape[1]):
        expected = level + slope
        error = log[:, year] - expected
        if year > first:
            squares = np.column_stack([squares, error**2])
        level = expected + level_step * error
        slope = slope + slope_step * error
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


def shared_ratio(came: Floats, could: Floats, used: Floats, priors: Priors) -> Floats:
    """Shared progression of every step and transition over what is in use, shape (1, steps, transitions). [-]."""
    return pooled_ratio((came * used).sum(0, keepdims=True), (could * used).sum(0, keepdims=True), priors)


def area_effect(observed: Floats, expected: Floats, share: Floats, pseudo: float) -> tuple[Floats, Floats]:
    """Gamma–Poisson effect of an area over its ordinary cells: ``(Σ O + κ) / (Σ E + κ)``.

    Returns
    -------
    tuple of array
        Effect and expected pupils behind it, by area. [-, pupils]
    """
    seen, behind = (observed * share).sum(1), (expected * share).sum(1)
    return (seen + pseudo) / (behind + pseudo), behind


def pooled_ratio(came: Floats, could: Floats, priors: Priors) -> Floats:
    """``(came + κ) / (could + κ)``, cell by cell. [-]."""
    ratio: Floats = (came + priors.theta_pseudo) / (could + priors.theta_pseudo)
    return ratio
