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
CLASS_CELLS: Final = 30.0  # cells of a size class that the factor of all classes together is worth
PRIOR_ORIGINS: Final = 0.5  # origins that a width factor of 1 is worth
MIN_ORIGINS: Final = 2  # origins that a horizon needs for factors of its own
FLOOR: Final = 0.75  # smallest half-width that is scaled [pupils]
FACTOR_RANGE: Final = (0.5, 2.0)
LEVELS: Final = (0.8, 0.95)


@dataclass(frozen=True)
class Outcomes:
    """Forecasts of stages from one origin inside the window, a horizon on, and what came. All [pupils], same shape."""

    mean: Floats
    lower: tuple[Floats, Floats]
    upper: tuple[Floats, Floats]
    actual: Floats
    last: Floats
    stage: Ints | None = None

    @property
    def stages(self) -> Ints:
        """Stage of each cell, as a number; 0 where it was not told."""
        return np.zeros(len(self.actual), dtype=np.int64) if self.stage is None else self.stage

    def only(self, use: NDArray[np.bool_]) -> Outcomes:
        """The cells of a selection."""
        low, high = ((pair[0][use], pair[1][use]) for pair in (self.lower, self.upper))
        return Outcomes(self.mean[use], low, high, self.actual[use], self.last[use], self.stages[use])


@dataclass(frozen=True)
class Calibration:
    """Weight of the last value by horizon and size class; width factors by horizon, stage × size × level."""

    persistence: Mapping[int, Floats]
    width: Mapping[int, Floats]

    @classmethod
    def prior(cls, priors: Priors) -> Calibration:
        """Calibration before any outcome: the prior weight, the widths as simulated."""
        return cls({1: np.full(SIZES, priors.persistence)}, {1: np.ones((1, SIZES, len(LEVELS)))})

    def at(self, horizon: int) -> tuple[Floats, Floats]:
        """Weights (sizes,) and factors (stages, sizes, levels) of a horizon.

        Beyond the longest calibrated one its weights hold and its factors fade to 1: they say less of later years.
        """
        near = max((h for h in self.width if h <= horizon), default=min(self.width))
        return self.persistence[near], self.width[near] ** min(near / horizon, 1.0)


def size_class(last: Floats) -> Ints:
    """Size class of a stage by its pupils at the origin: ≤ 30, ≤ 100, ≤ 500, more."""
    return np.digitize(last, SIZE_EDGES).astype(np.int64)


def calibrate(outcomes: Mapping[int, Sequence[Outcomes]], priors: Priors) -> Calibration:
    """Calibrate from forecasts of the origins inside the window.

    The widths of a horizon are judged by its outcomes and those of a year less and a year more: a factor changes slowly
    with the years ahead, and three years together say more of it.

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
        near = [o for years in (horizon - 1, horizon, horizon + 1) for o in outcomes.get(years, ())]
        apart = 1 + (len(by_origin) - 1) / horizon
        factors = [class_factors(near, weight, level, apart) for level in range(len(LEVELS))]
        persistence[horizon], width[horizon] = weight, np.stack(factors, axis=2)
    return Calibration(persistence, width) if width else start


def class_factors(by_origin: Sequence[Outcomes], weight: Floats, level: int, apart: float) -> Floats:
    """Width factor of each stage and size class at one level.

    A class starts from ``stage · size / whole`` (factors over all sizes of its stage, over all stages of its size, over
    everything, each shrunk to the last one by its cells) and is drawn to its own factor by its number of cells.

    Parameters
    ----------
    by_origin, weight, level
        As in `width_factor`.
    apart
        Origins that the outcomes are worth: n of them looking h years ahead overlap and are worth ``1 + (n − 1) / h``.

    Returns
    -------
    array
        shape (stages, size classes). [-]
    """
    stages = 1 + max(int(o.stages.max(initial=0)) for o in by_origin)
    pseudo = PRIOR_ORIGINS * len(by_origin) / apart
    whole = float(np.log(width_factor(by_origin, weight, level, pseudo=pseudo)))

    def drawn(to: float, stage: int | None, size: int | None) -> float:
        here = [o.only(_of_class(o, stage, size)) for o in by_origin]
        cells = sum(len(o.actual) for o in here)
        if not cells:
            return to
        own = cells / (cells + CLASS_CELLS)
        return own * float(np.log(width_factor(here, weight, level, pseudo=pseudo))) + (1 - own) * to

    by_stage = [drawn(whole, stage, None) for stage in range(stages)]
    by_size = [drawn(whole, None, size) for size in range(SIZES)]
    factors = np.empty((stages, SIZES))
    for stage, size in np.ndindex(stages, SIZES):
        factors[stage, size] = drawn(by_stage[stage] + by_size[size] - whole, stage, size)
    return np.exp(np.clip(factors, *np.log(FACTOR_RANGE)))


def _of_class(outcome: Outcomes, stage: int | None, size: int | None) -> NDArray[np.bool_]:
    """Cells of a stage and a size class; None = any."""
    use = np.ones(len(outcome.actual), dtype=bool)
    if stage is not None:
        use &= outcome.stages == stage
    if size is not None:
        use &= size_class(outcome.last) == size
    return use


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
    scores = np.concatenate([half_widths(o, level, weight) for o in by_origin])
    rank = min(1.0, LEVELS[level] * (1 + 1 / len(scores)))
    found = float(np.clip(np.quantile(scores, rank), *limits))
    own = len(by_origin) / (len(by_origin) + pseudo)
    return float(np.exp(own * np.log(found)))


def widened(mean: Floats, bound: Floats, factor: float | Floats) -> Floats:
    """Move a bound away from the mean by a factor, with the floor of the half-width. [pupils]."""
    side = np.sign(bound - mean)
    moved: Floats = mean + side * factor * np.maximum(np.abs(bound - mean), FLOOR)
    return np.maximum(moved, 0.0)


def half_widths(outcome: Outcomes, level: int, weight: Floats | None = None) -> Floats:
    """Errors in half-widths of the band of a level, about the mean drawn to the last value by weights. [-]"""
    error = outcome.actual - outcome.mean
    if weight is not None:
        error = error - weight[size_class(outcome.last)] * (outcome.last - outcome.mean)
    up = np.maximum(outcome.upper[level] - outcome.mean, FLOOR)
    down = np.maximum(outcome.mean - outcome.lower[level], FLOOR)
    scores: Floats = np.where(error >= 0, error / up, -error / down)
    return scores
