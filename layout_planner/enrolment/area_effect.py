"""Net migration of an area as a slowly fading signal under yearly shocks: best linear prediction, learned variances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from layout_planner.enrolment.priors import LATER, Priors

Floats = NDArray[np.float64]

LAGS: Final = 4  # autocovariances that speak for the signal
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
    phi = priors.phi[LATER] + law.shock_phi
    noise = np.where(expected > 0, phi / np.maximum(expected, 1e-9) + law.shock_sd**2, UNKNOWN)
    at = np.arange(years)
    prior = law.signal_sd**2
    within = prior * law.memory ** np.abs(at[:, None] - at[None, :])
    now = prior * law.memory ** (years - 1 - at)
    whole = within[None] + noise[:, :, None] * np.eye(years)[None]
    sides = np.stack([residual, np.broadcast_to(now, residual.shape)], axis=2)
    solved = np.linalg.solve(whole, sides)
    left = np.maximum(prior - solved[:, :, 1] @ now, 0.0)
    return AreaSignal(solved[:, :, 0] @ now, np.sqrt(left), 1 - left / prior, law)


def area_law(residual: Floats, expected: Floats, priors: Priors) -> AreaLaw:
    """Variances of signal and shock from the autocovariances of the relative errors over all areas.

    Lags 1 … `LAGS` hold the signal alone, ``c[k] = s²·ρ^k``; lag 0 holds signal, shock and sampling.

    Parameters
    ----------
    residual, expected
        Relative errors [-] and what was expected [pupils], shape (areas, transitions).
    priors
        Prior law; ρ is taken from there.

    Returns
    -------
    AreaLaw
        The prior law where there is a single transition or area.
    """
    signal, shock = priors.signal_sd**2, priors.area_sd**2
    prior = AreaLaw(priors.signal_sd, priors.signal_memory, priors.area_sd, priors.area_phi)
    areas, years = residual.shape
    if years < 2 or areas < 2:
        return prior
    weight = np.sqrt(np.minimum(expected, WEIGHT_LIMIT))
    found = []
    for lag in range(1, min(LAGS, years - 1) + 1):
        both = weight[:, :-lag] * weight[:, lag:]
        if both.sum() > 0:
            among = float((both * residual[:, :-lag] * residual[:, lag:]).sum() / both.sum())
            found.append(among / priors.signal_memory**lag)
    square = weight**2
    if not found or square.sum() <= 0:
        return prior
    sampling = float(((expected > 0) * (priors.phi[LATER] + priors.area_phi)).sum() / square.sum())
    total = float((square * residual**2).sum() / square.sum()) - sampling
    pairs = float((expected > 0).sum())
    own = pairs / (pairs + PAIRS)
    lasting = own * max(float(np.mean(found)), 0.0) + (1 - own) * signal
    passing = own * max(total - max(float(np.mean(found)), 0.0), 0.0) + (1 - own) * shock
    return AreaLaw(
        float(np.clip(np.sqrt(lasting), *SIGNAL_RANGE)),
        priors.signal_memory,
        float(np.clip(np.sqrt(passing), *SHOCK_RANGE)),
        priors.area_phi,
    )
