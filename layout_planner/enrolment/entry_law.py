"""Law of a place's entrants: how far their level walks in a year, and what a year scatters around it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from layout_planner.enrolment.priors import ENTRY, Priors

Floats = NDArray[np.float64]

LAGS: Final = 5  # years apart that are compared
SMALLEST_SIZE: Final = 2.0  # areas with fewer entrants say nothing
PAIRS: Final = 200.0  # neighbouring years of an area that the prior law is worth
TRIM: Final = 0.99  # squares above this quantile of what is expected are cut to it
WALK_RANGE: Final = (0.02, 0.15)
PHI_RANGE: Final = (0.3, 3.0)
PSI_RANGE: Final = (0.0, 0.05)


def with_entry_law(entrants: Floats, priors: Priors) -> Priors:
    """Priors whose `level_walk`, `phi` and `psi` of the entry grade are those that a window shows.

    A local level observed with noise has the variogram ``E (x[t+k] − x[t])² = k·walk² + 2·(φ/size + ψ)`` of its relative
    size x; what all areas share in a year is taken out. Weighted non-negative least squares over areas and lags, shrunk
    to the priors by the number of neighbouring years.

    Parameters
    ----------
    entrants
        Entrants with births and moves taken out, shape (areas, years), oldest first; NaN = not known. [pupils]
    priors
        Law before the data.

    Returns
    -------
    Priors
        As they came where there is a single area or year.

    References
    ----------
    .. [1] A. C. Harvey, "Forecasting, Structural Time Series Models and the Kalman Filter", Cambridge, 1989, section 2.4
    """
    size, relative = _relative(entrants)
    if len(size) < 2 or relative.shape[1] < 2:
        return priors
    square, lag, among, pairs = _variogram(relative, size)
    if not len(square):
        return priors
    expected = lag * priors.level_walk**2 + 2 * (priors.phi[ENTRY] / among + priors.psi[ENTRY])
    square = np.minimum(square, np.quantile(square / expected, TRIM) * expected)
    design = np.stack([lag, 2 / among, np.full(len(lag), 2.0)], axis=1)
    weight = np.sqrt(pairs) / expected
    found, _ = nnls(design * weight[:, None], square * weight)
    near = float(pairs[lag == 1].sum())
    own = near / (near + PAIRS)
    prior = np.array([priors.level_walk**2, priors.phi[ENTRY], priors.psi[ENTRY]])
    walk, phi, psi = own * found + (1 - own) * prior
    return replace(
        priors,
        level_walk=float(np.clip(np.sqrt(walk), *WALK_RANGE)),
        phi=(float(np.clip(phi, *PHI_RANGE)), *priors.phi[1:]),
        psi=(float(np.clip(psi, *PSI_RANGE)), *priors.psi[1:]),
    )


def _relative(entrants: Floats) -> tuple[Floats, Floats]:
    """Mean entrants of the areas that are large enough, and their entrants against it and against all areas' year."""
    known = np.isfinite(entrants)
    size = np.where(known, entrants, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    use = size >= SMALLEST_SIZE
    size, entrants, known = size[use], entrants[use], known[use]
    behind = np.where(known, size[:, None], 0.0).sum(axis=0)
    common = np.where(known, entrants, 0.0).sum(axis=0) / np.maximum(behind, 1e-9)
    common = np.where(common > 0, common, np.nan)
    return size, entrants / size[:, None] / common


def _variogram(relative: Floats, size: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Mean squared difference by area and lag, with the lag, the size and the number of pairs."""
    rows = []
    for lag in range(1, min(LAGS, relative.shape[1] - 1) + 1):
        apart = (relative[:, lag:] - relative[:, :-lag]) ** 2
        pairs = np.isfinite(apart).sum(axis=1)
        mean = np.nansum(apart, axis=1) / np.maximum(pairs, 1)
        seen = pairs > 0
        rows.append(np.stack([mean, np.full(len(size), float(lag)), size, pairs.astype(float)], axis=1)[seen])
    square, lags, among, pairs = np.concatenate(rows).T
    return square, lags, among, pairs
