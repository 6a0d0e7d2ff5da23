"""Net migration of an area as a slowly fading signal under yearly shocks: best linear prediction, learned variances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from layout_planner.enrolment.priors import LATER, Priors

Floats = NDArray[np.float64]

LAGS: Final = 8  # autocovariances that speak for the signal
MEMORIES: Final = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0)  # memories that are tried; 1 = it never fades
MEMORY_SD: Final = 0.1  # sd of the prior of the memory
LIKELIHOOD_WEIGHT: Final = 0.25  # neighbouring areas share their years: each says less than an area of its own
PAIRS: Final = 200.0  # area-years that the prior variances are worth
RESIDUAL_LIMIT: Final = 0.1  # relative yearly errors of an area are cut here
WEIGHT_LIMIT: Final = 2000.0  # pupils above which an area weighs no more in the autocovariances
UNKNOWN: Final = 1e6  # variance of a year in which an area says nothing
SIGNAL_RANGE: Final = (0.004, 0.04)
SHOCK_RANGE: Final = (0.008, 0.08)


@dataclass(frozen=True)
class AreaLaw:
    """Law of an area's relative yearly error: a signal AR(1) and shocks that do not last, on the log scale.

    Parameters
    ----------
    signal_sd
        Stationary sd of the signal. [-]
    memory
        Share of the signal that is left a year later. [-]
    shock_sd, shock_phi
        The shock of a year: variance = shock_sd² + shock_phi / pupils. [-, pupils]
    """

    signal_sd: float
    memory: float
    shock_sd: float
    shock_phi: float


@dataclass(frozen=True)
class AreaSignal:
    """Signal of every area in the year of the origin.

    Parameters
    ----------
    state
        Posterior mean of the log effect. shape (areas,) [-]
    sd
        Posterior sd. shape (areas,) [-]
    weight
        How much an area's own figures weigh: 1 − posterior ÷ prior variance. shape (areas,) [-]
    law
        The law behind them.
    """

    state: Floats
    sd: Floats
    weight: Floats
    law: AreaLaw


def area_signal(observed: Floats, expected: Floats, priors: Priors) -> AreaSignal:
    """Best linear prediction of every area's effect from its relative errors of all years.

    ``r[t] = O[t] / E[t] − 1 = s[t] + shock + sampling``, ``Var sampling = (φ + shock_phi) / E``; s is AR(1). The variances
    of signal and shock are those that the autocovariances over all areas show, shrunk to the priors.

    Parameters
    ----------
    observed, expected
        Pupils of the ordinary cells of an area, shape (areas, transitions), oldest first; nothing expected = a year in
        which the area says nothing. [pupils]
    priors
        Law before the data, noise of a progression.

    Returns
    -------
    AreaSignal
        For the year of the last transition.

    References
    ----------
    .. [1] G. K. Robinson, "That BLUP is a good thing", Statist. Sci. 6(1), 1991, pp. 15–32
    """
    areas, years = observed.shape
    ratio = np.where(expected > 0, observed / np.where(expected > 0, expected, 1.0) - 1, 0.0)
    residual = np.clip(ratio, -RESIDUAL_LIMIT, RESIDUAL_LIMIT)
    law = area_law(residual, expected, priors)
    if years == 0:
        return AreaSignal(np.zeros(areas), np.full(areas, law.signal_sd), np.zeros(areas), law)
    prior = law.signal_sd**2
    now = prior * law.memory ** np.arange(years - 1, -1, -1)
    whole = _covariance(years, _scatter(expected, law, priors), law)
    sides = np.stack([residual, np.broadcast_to(now, residual.shape)], axis=2)
    solved = np.linalg.solve(whole, sides)
    left = np.maximum(prior - solved[:, :, 1] @ now, 0.0)
    return AreaSignal(solved[:, :, 0] @ now, np.sqrt(left), 1 - left / prior, law)


def area_law(residual: Floats, expected: Floats, priors: Priors) -> AreaLaw:
    """Memory of the signal by its likelihood, variances of signal and shock from the autocovariances over all areas.

    Lags 1 … `LAGS` hold the signal alone, ``c[k] = s²·ρ^k``; lag 0 holds signal, shock and sampling.

    Parameters
    ----------
    residual, expected
        Relative errors [-] and what was expected [pupils], shape (areas, transitions).
    priors
        Prior law.

    Returns
    -------
    AreaLaw
        The prior law where there is a single transition or area.
    """
    prior = AreaLaw(priors.signal_sd, priors.signal_memory, priors.area_sd, priors.area_phi)
    weight = np.sqrt(np.minimum(expected, WEIGHT_LIMIT))
    areas, years = residual.shape
    if years < 2 or areas < 2 or not (weight[:, 1:] * weight[:, :-1]).any():
        return prior
    covariance, pairs = autocovariances(residual, weight)
    tried = [_law_of(memory, covariance, pairs, residual, expected, priors) for memory in MEMORIES]
    log = np.array([_log_likelihood(residual, expected, law, priors) for law in tried])
    log = LIKELIHOOD_WEIGHT * log - ((np.array(MEMORIES) - priors.signal_memory) / MEMORY_SD) ** 2 / 2
    belief = np.exp(log - log.max())
    memory = float(belief @ np.array(MEMORIES) / belief.sum())
    return _law_of(memory, covariance, pairs, residual, expected, priors)


def autocovariances(residual: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Weighted mean product of an area's errors so many years apart, from lag 1, and the weight behind each."""
    lags = range(1, min(LAGS, residual.shape[1] - 1) + 1)
    both = [weight[:, :-k] * weight[:, k:] for k in lags]
    sums = np.array([float((b * residual[:, :-k] * residual[:, k:]).sum()) for k, b in zip(lags, both, strict=True)])
    pairs = np.array([float(b.sum()) for b in both])
    return np.where(pairs > 0, sums / np.maximum(pairs, 1e-9), 0.0), pairs


def _law_of(
    memory: float, covariance: Floats, pairs: Floats, residual: Floats, expected: Floats, priors: Priors
) -> AreaLaw:
    """Law with a given memory: variances by the method of moments, shrunk to the priors."""
    fading = memory ** np.arange(1, len(covariance) + 1)
    found = max(float((pairs * fading * covariance).sum() / max((pairs * fading**2).sum(), 1e-9)), 0.0)
    square = np.minimum(expected, WEIGHT_LIMIT)
    sampling = float(((expected > 0) * (priors.phi[LATER] + priors.area_phi)).sum() / square.sum())
    total = float((square * residual**2).sum() / square.sum()) - sampling
    seen = float((expected > 0).sum())
    own = seen / (seen + PAIRS)
    lasting = own * found + (1 - own) * priors.signal_sd**2
    passing = own * max(total - found, 0.0) + (1 - own) * priors.area_sd**2
    return AreaLaw(
        float(np.clip(np.sqrt(lasting), *SIGNAL_RANGE)),
        memory,
        float(np.clip(np.sqrt(passing), *SHOCK_RANGE)),
        priors.area_phi,
    )


def _log_likelihood(residual: Floats, expected: Floats, law: AreaLaw, priors: Priors) -> float:
    """Gaussian log likelihood of the errors of all areas under a law."""
    whole = _covariance(residual.shape[1], _scatter(expected, law, priors), law)
    solved = np.linalg.solve(whole, residual[:, :, None])[:, :, 0]
    return -float(np.linalg.slogdet(whole)[1].sum() + (residual * solved).sum()) / 2


def _scatter(expected: Floats, law: AreaLaw, priors: Priors) -> Floats:
    """Variance of a year's relative error around the signal: shock and sampling. shape of `expected` [-]"""
    phi = priors.phi[LATER] + law.shock_phi
    return np.where(expected > 0, phi / np.maximum(expected, 1e-9) + law.shock_sd**2, UNKNOWN)


def _covariance(years: int, scatter: Floats, law: AreaLaw) -> Floats:
    """Covariance of the errors of every area. shape (areas, transitions, transitions)"""
    at = np.arange(years)
    within = law.signal_sd**2 * law.memory ** np.abs(at[:, None] - at[None, :])
    whole: Floats = within[None] + scatter[:, :, None] * np.eye(years)[None]
    return whole
