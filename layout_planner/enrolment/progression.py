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
        theta_long=_pooled((came * used).sum((0, 2)), (could * used).sum((0, 2)), priors),
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
    yearly = np.log(_pooled(came, could, priors))
    losses = np.zeros((len(FORGET_GRID), len(came)))
    for i, forget in enumerate(FORGET_GRID):
        for year in range(2, years):
            ages = forget ** np.arange(year - 1, -1, -1)
            before = np.log(_pooled(came[:, :year] @ ages, could[:, :year] @ ages, priors))
            losses[i] += (yearly[:, year] - before) ** 2
    best = np.array(FORGET_GRID)[losses.argmin(axis=0)] if errors else np.full(len(came), priors.forget)
    rates = own * best + (1 - own) * priors.forget
    weights = rates[:, None] ** np.arange(years - 1, -1, -1)
    return _pooled((came * weights).sum(1), (could * weights).sum(1), priors)


def shared_path(came: Floats, could: Floats, horizon: int, priors: Priors) -> tuple[Floats, Floats]:
    """Shared ratio for the years ahead: its level now, followed by a damped trend where the window shows one.

    Parameters
    ----------
    came, could
        Pupils, or pupils and births, over the cells in use, shape (steps, transitions). [pupils]
    horizon
        Years ahead. [years]
    priors
        Rate of forgetting and pseudo-pupils.

    Returns
    -------
    tuple of array
        Ratio ahead, shape (horizon, steps); ratio of every transition, shape (steps, transitions). [-]
    """
    yearly = _pooled(came, could, priors)
    now = current_ratio(came, could, priors)
    return np.tile(now, (horizon, 1)), yearly


def effect_left(horizon: int, priors: Priors) -> Floats:
    """Share of a deviation that is left in each year ahead: ``r + κ(1−r)``, r = ρ^(h−1). shape (horizon,) [-]."""
    left = priors.damping ** np.arange(horizon)
    share: Floats = left + priors.long_run_kept * (1 - left)
    return share


def shared_ratio(came: Floats, could: Floats, used: Floats, priors: Priors) -> Floats:
    """Shared progression of every step and transition over the cells in use, shape (1, steps, transitions). [-]."""
    cells = used[:, :, None]
    return _pooled((came * cells).sum(0, keepdims=True), (could * cells).sum(0, keepdims=True), priors)


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


def _pooled(came: Floats, could: Floats, priors: Priors) -> Floats:
    ratio: Floats = (came + priors.theta_pseudo) / (could + priors.theta_pseudo)
    return ratio


def _log_marginal(observed: Floats, expected: Floats, size: float) -> Floats:
    """Log of the negative-binomial probability, up to a term in `observed` alone."""
    mean = np.maximum(expected, 1e-9)
    log: Floats = gammaln(observed + size) - gammaln(size) + size * np.log(size / (size + mean))
    log = log + observed * np.log(mean / (size + mean))
    return log
