"""Stages that end: how often small ones had nobody the year after, and draws in which they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Draws = NDArray[np.float32]

SIZE_EDGES: Final = (5.5, 10.5, 20.5, 50.5)  # pupils of a stage: the smaller, the sooner it ends
PRIOR_RATE: Final = (0.03, 0.02, 0.01, 0.001, 0.0)  # share of the stages of each size that end in a year
PRIOR_YEARS: Final = 50.0  # years of one stage that the prior rate is worth
SMALLEST_RISK: Final = 1e-3  # a stage less likely to end by the last year is drawn as one that stays


@dataclass(frozen=True)
class Closing:
    """Share of the stages of each size class that end in a year. shape (size classes,) [-]"""

    rate: Floats

    def risk(self, pupils: Floats) -> Floats:
        """Probability that a stage has ended by each year ahead.

        Parameters
        ----------
        pupils
            Expected pupils of the year before each year ahead, shape (horizon, areas, stages). [pupils]

        Returns
        -------
        array
            Same shape, never falling with the years; 0 where nobody is expected from the start. [-]
        """
        yearly = np.where(pupils > 0, self.rate[size_of(pupils)], 0.0)
        risk: Floats = 1 - np.cumprod(1 - yearly, axis=0)
        return risk


def size_of(pupils: Floats) -> NDArray[np.int64]:
    """Size class of stages by their pupils."""
    return np.digitize(pupils, SIZE_EDGES).astype(np.int64)


def closing_rates(cube: Floats, member: Bools) -> Closing:
    """Share of stages with pupils that had nobody the year after, by size, shrunk to the prior.

    Parameters
    ----------
    cube
        Pupils, shape (areas, grades, years), oldest first; NaN = not known. [pupils]
    member
        Grades of each stage, shape (stages, grades).

    Returns
    -------
    Closing
        Gamma–Poisson: ``(ended + prior · PRIOR_YEARS) / (stage-years + PRIOR_YEARS)``.
    """
    stages = np.einsum("agt,sg->ast", cube, member.astype(float))
    before, after = stages[:, :, :-1], stages[:, :, 1:]
    use = np.isfinite(before) & np.isfinite(after) & (before > 0)
    classes = size_of(before[use])
    seen = np.bincount(classes, minlength=len(PRIOR_RATE))
    ended = np.bincount(classes, weights=after[use] == 0, minlength=len(PRIOR_RATE))
    return Closing((ended + np.array(PRIOR_RATE) * PRIOR_YEARS) / (seen + PRIOR_YEARS))


def with_ends(path: Draws, risk: Floats, member: Bools, rng: np.random.Generator) -> Draws:
    """Draws in which small stages end, each at its own time: nobody is in their grades from then on.

    Parameters
    ----------
    path
        Draws, shape (horizon, areas, grades, draws). [pupils]
    risk
        Answer of `Closing.risk`, shape (horizon, areas, stages).
    member
        Grades of each stage, shape (stages, grades).
    rng
        Source of randomness.

    Returns
    -------
    array
        Shape of `path`. [pupils]
    """
    area, stage = np.nonzero(risk[-1] >= SMALLEST_RISK)
    out = path.copy()
    for one, kind in zip(area, stage, strict=True):
        chance = rng.random((1, path.shape[-1]), dtype=np.float32)
        stays = chance >= risk[:, one, kind][:, None]
        out[:, one, member[kind]] *= stays[:, None]
    return out
