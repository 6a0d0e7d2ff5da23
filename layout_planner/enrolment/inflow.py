"""Pupils who come from outside do so by the size of a place, not of a cohort: large cohorts shrink, small ones grow."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from layout_planner.enrolment.priors import LATER, Priors

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

INFLOW_RANGE: Final = (0.0, 0.3)
SMALLEST_COHORT: Final = 4.0  # smaller cohorts say nothing about the inflow [pupils]


def neighbour_weights(offered: Bools, boundary: Bools) -> Floats:
    """Weights of the other grades in the mean that a grade is drawn to.

    Parameters
    ----------
    offered
        Grades with pupils, shape (areas, grades).
    boundary
        Whether a step leads from one kind of school population to another (fed from elsewhere, or structural): grades on
        its two sides are not compared. shape (areas, steps)

    Returns
    -------
    array
        shape (areas, grades, grades), row = the grade; a grade alone has weight 1 on itself, one not offered none. [-]
    """
    areas, grades = offered.shape
    segment = np.zeros((areas, grades), dtype=np.int64)
    segment[:, 1:] = np.cumsum(boundary, axis=1)
    same = (segment[:, :, None] == segment[:, None, :]) & offered[:, None, :] & offered[:, :, None]
    others: Floats = (same & ~np.eye(grades, dtype=bool)[None]).astype(float)
    count = others.sum(axis=2, keepdims=True)
    alone = np.eye(grades)[None] * offered[:, :, None]
    return np.where(count > 0, others / np.maximum(count, 1.0), alone)


def neighbour_mean(cube: Floats, boundary: Bools) -> Floats:
    """Mean of the other grades of a place in every year, over those with pupils.

    Parameters
    ----------
    cube
        Pupils, shape (areas, grades, years). [pupils]
    boundary
        As in `neighbour_weights`.

    Returns
    -------
    array
        Shape of `cube`; 0 where the grade has nobody. [pupils]
    """
    years = [neighbour_weights(cube[:, :, t] > 0, boundary) @ cube[:, :, t, None] for t in range(cube.shape[2])]
    mean: Floats = np.concatenate(years, axis=2)
    return mean


def inflow_share(came: Floats, stayed: Floats, around: Floats, used: Floats, priors: Priors) -> float:
    """Share of a cohort that is replaced in a year by pupils who come by the size of the place.

    ``N' = θ·((1 − γ)·N + γ·L)``; γ by weighted least squares of ``N' − θN`` on ``L − N`` over ordinary cells, shrunk to
    its normal prior.

    Parameters
    ----------
    came, stayed, around
        Pupils one grade up a year later, in the grade before, and the mean of the other grades then, shape (areas,
        steps, transitions). [pupils]
    used
        Ordinary cells, 1 or 0. shape (areas, steps)
    priors
        Prior mean and sd of γ, noise of a progression.

    Returns
    -------
    float
        γ. [-]
    """
    use = (used[:, :, None] > 0) & (stayed >= SMALLEST_COHORT) & (came > 0.5 * stayed) & (came < 2 * stayed)
    up, down = np.where(use, came, 0.0).sum(0), np.where(use, stayed, 0.0).sum(0)
    theta = np.where(down > 0, up / np.maximum(down, 1.0), 1.0)
    weight = np.where(use, 1 / np.maximum(stayed, 1.0), 0.0)
    apart = around - stayed
    phi = priors.phi[LATER]
    precision = float((weight * apart**2).sum()) / phi
    pull = float((weight * apart * (came - theta * stayed)).sum()) / phi
    prior = priors.inflow_sd**-2
    return float(np.clip((pull + prior * priors.inflow_mean) / (precision + prior), *INFLOW_RANGE))
