"""Effect of an area on one step: ordinary cells are drawn to 1 by what cells differ by, structural ones hardly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, gammaln

from layout_planner.enrolment.priors import LATER, Priors

Floats = NDArray[np.float64]

CELLS: Final = 400.0  # cells that the prior spread of the ordinary effects is worth
CELL_LIMIT: Final = 0.3  # relative errors of a cell are cut here when the spread is estimated
CELL_EXPECTED: Final = 8.0  # cells with fewer expected pupils say nothing about the spread
PSEUDO_RANGE: Final = (40.0, 300.0)


@dataclass(frozen=True)
class Evidence:
    """Discounted pupils who came and who were expected, by area and step. [pupils]."""

    observed: Floats
    expected: Floats


def ordinary_spread(evidence: Evidence, share: Floats, priors: Priors) -> float:
    """Pseudo-pupils of the ordinary cell effects: sampling variance against what the cells differ by beyond it.

    ``κ = φ / τ²`` with τ² from ``(O/E − 1)² − φ/E`` over the ordinary cells, shrunk to the prior on the log scale.

    Parameters
    ----------
    evidence
        Discounted pupils by area and step.
    share
        Probability that a cell is ordinary, same shape. [-]
    priors
        Prior pseudo-pupils, noise of a progression.

    Returns
    -------
    float
        [pupils]
    """
    use = (evidence.expected > CELL_EXPECTED) & (share > 0.5)
    if not use.any():
        return priors.ordinary_pseudo
    phi, expected = priors.phi[LATER], evidence.expected[use]
    apart = np.clip(evidence.observed[use] / expected - 1, -CELL_LIMIT, CELL_LIMIT)
    prior = phi / priors.ordinary_pseudo
    weight = 1 / (prior + phi / expected) ** 2
    spread = float((weight * (apart**2 - phi / expected)).sum() / weight.sum())
    found = np.clip(phi / max(spread, 1e-6), *PSEUDO_RANGE)
    own = use.sum() / (use.sum() + CELLS)
    return float(np.exp(own * np.log(found) + (1 - own) * np.log(priors.ordinary_pseudo)))


def cell_effect(evidence: Evidence, recent: Evidence, ordinary_pseudo: float, priors: Priors) -> tuple[Floats, Floats]:
    """Two kinds of area × grade effect and the probability of the structural kind.

    ``C = p·(O'+κ0)/(E'+κ0) + (1−p)·(O+κC)/(E+κC)``; p from the two negative-binomial marginals of the recent pupils.

    Parameters
    ----------
    evidence, recent
        Discounted pupils by area and step; with the faster forgetting of the structural kind.
    ordinary_pseudo
        κC. [pupils]
    priors
        κ0 = `structural_pseudo`, prior p = `structural_share`.

    Returns
    -------
    tuple of array
        Effect and p, by area and step. [-]
    """
    loose = priors.structural_pseudo
    odds = np.log(priors.structural_share / (1 - priors.structural_share))
    marginals = (_log_marginal(recent.observed, recent.expected, size) for size in (loose, ordinary_pseudo))
    loosely, tightly = marginals
    structural = expit(odds + loosely - tightly)
    effect = structural * (recent.observed + loose) / (recent.expected + loose)
    effect += (1 - structural) * (evidence.observed + ordinary_pseudo) / (evidence.expected + ordinary_pseudo)
    return effect, structural


def _log_marginal(observed: Floats, expected: Floats, size: float) -> Floats:
    """Log of the negative-binomial probability, up to a term in `observed` alone."""
    mean = np.maximum(expected, 1e-9)
    log: Floats = gammaln(observed + size) - gammaln(size) + size * np.log(size / (size + mean))
    log = log + observed * np.log(mean / (size + mean))
    return log
