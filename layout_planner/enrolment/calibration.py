"""Calibration from origins inside the window: weight of the last value, width of the intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from layout_planner.enrolment.priors import Priors

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SIZE_EDGES: Final = (30.5, 100.5, 500.5)  # pupils of a stage at the origin: the size classes of the back-test
SIZES: Final = len(SIZE_EDGES) + 1
GRID: Final = np.linspace(0.0, 0.5, 11)  # weights of the last value that are tried
PRIOR_CELLS: Final = 150.0  # cells that the prior weight is worth
PRIOR_ORIGINS: Final = 2.0  # origins that a width factor of 1 is worth
MIN_ORIGINS: Final = 2  # origins that a horizon needs for factors of its own
FLOOR: Final = 0.75  # smallest half-width that is scaled [pupils]
FACTOR_RANGE: Final = (0.6, 2.0)
LEVELS: Final = (0.8, 0.95)


@dataclass(frozen=True)
class Outcomes:
    """Forecasts of stages from one origin inside the window, a horizon on, and what came. All [pupils], same shape."""

    mean: Floats
    lower: tuple[Floats, Floats]
    upper: tuple[Floats, Floats]
    actual: Floats
    last: Floats


@dataclass(frozen=True)
class Calibration:
    """Weight of the last value by horizon and size class; width factors by horizon and level (80, 95 %)."""

    persistence: Mapping[int, Floats]
    width: Mapping[int, tuple[float, float]]

    @classmethod
    def prior(cls, priors: Priors) -> Calibration:
        """Calibration before any outcome: the prior weight, the widths as simulated."""
        return cls({1: np.full(SIZES, priors.persistence)}, {1: (1.0, 1.0)})

    def at(self, horizon: int) -> tuple[Floats, tuple[float, float]]:
        """Weights and factors of a horizon: those of the longest calibrated horizon that is not longer."""
        near = max((h for h in self.width if h <= horizon), default=min(self.width))
        return self.persistence[near], self.width[near]


def size_class(last: Floats) -> Ints:
    """Size class of a stage by its pupils at the origin: ≤ 30, ≤ 100, ≤ 500, more."""
    return np.digitize(last, SIZE_EDGES).astype(np.int64)


def calibrate(outcomes: Mapping[int, Sequence[Outcomes]], priors: Priors) -> Calibration:
    """Calibrate from forecasts of the origins inside the window.

    Parameters
    ----------
    outcomes
        Horizon → one entry an origin.
    priors
        Prior weight of the last value.

    Returns
    -------
    Calibration
        The prior where no horizon has two origins.

    References
    ----------
    .. [1] A. N. Angelopoulos, S. Bates, "Conformal prediction: a gentle introduction", Found. Trends Mach. Learn.
       16(4), 2023 (split conformal, finite-sample quantile)
    """
    start = Calibration.prior(priors)
    persistence, width = {}, {}
    for horizon, by_origin in sorted(outcomes.items()):
        if len(by_origin) < MIN_ORIGINS:
            continue
        weight = persistence_weight(by_origin, priors.persistence)
        factors = tuple(width_factor(by_origin, weight, level) for level in range(len(LEVELS)))
        persistence[horizon], width[horizon] = weight, (factors[0], factors[1])
    return Calibration(persistence, width) if width else start


def persistence_weight(by_origin: Sequence[Outcomes], prior: float) -> Floats:
    """Weight of the last value by size class with the least absolute error, shrunk to the prior.

    Returns
    -------
    array
        shape (size classes,). [-]
    """
    mean, actual, last = (np.concatenate([getattr(o, name) for o in by_origin]) for name in ("mean", "actual", "last"))
    classes = size_class(last)
    weights = np.full(SIZES, prior)
    for size in range(SIZES):
        use = classes == size
        if not use.any():
            continue
        mixed = mean[use] + GRID[:, None] * (last[use] - mean[use])
        best = GRID[int(np.argmin(np.abs(mixed - actual[use]).sum(axis=1)))]
        own = 0.5 * use.sum() / (use.sum() + PRIOR_CELLS)
        weights[size] = own * best + (1 - own) * prior
    return weights


def width_factor(
    by_origin: Sequence[Outcomes],
    weight: Floats,
    level: int,
    *,
    limits: tuple[float, float] = FACTOR_RANGE,
    pseudo: float = PRIOR_ORIGINS,
) -> float:
    """Split-conformal factor of the half-widths of one level, pooled over areas, shrunk to 1 by the origins seen.

    Parameters
    ----------
    by_origin
        Forecasts and outcomes of one horizon.
    weight
        Weight of the last value by size class.
    level
        Position in `LEVELS`.
    limits
        Smallest and largest factor before it is shrunk. [-]
    pseudo
        Origins that a factor of 1 is worth. [-]

    Returns
    -------
    float
        Factor. [-]
    """
    scores = np.concatenate([_scores(o, weight, level) for o in by_origin])
    rank = min(1.0, LEVELS[level] * (1 + 1 / len(scores)))
    found = float(np.clip(np.quantile(scores, rank), *limits))
    own = len(by_origin) / (len(by_origin) + pseudo)
    return float(np.exp(own * np.log(found)))


def widened(mean: Floats, bound: Floats, factor: float) -> Floats:
    """Move a bound away from the mean by a factor, with the floor of the half-width. [pupils]."""
    side = np.sign(bound - mean)
    moved: Floats = mean + side * factor * np.maximum(np.abs(bound - mean), FLOOR)
    return np.maximum(moved, 0.0)


def _scores(outcome: Outcomes, weight: Floats, level: int) -> Floats:
    shift = weight[size_class(outcome.last)] * (outcome.last - outcome.mean)
    error = outcome.actual - outcome.mean - shift
    up = np.maximum(outcome.upper[level] - outcome.mean, FLOOR)
    down = np.maximum(outcome.mean - outcome.lower[level], FLOOR)
    scores: Floats = np.where(error >= 0, error / up, -error / down)
    return scores
