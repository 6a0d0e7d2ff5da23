"""Feeder matrices: which school takes the pupils that a school sends on."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layout_planner.terms import GradeBand

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

HOST_WEIGHT: Final = 20.0  # seed of the school a teaching point belongs to, against another school of the township
TOWN_WEIGHT: Final = 1.0
ELSEWHERE_WEIGHT: Final = 0.01
OWN_WEIGHT: Final = 3.0  # seed of a school's own next stage, against its township
SHRINK_PUPILS: Final = 10.0  # pseudo-pupils that pull a row of the matrix to its seed
ROUNDS: Final = 40
TINY: Final = 1e-12


def balance(seed: Floats, leavers: Floats, entrants: Floats) -> Floats:
    """Scale a seed to the leavers of every school and the entrants of every school (IPF).

    The entrants are first scaled to the sum of the leavers.

    Parameters
    ----------
    seed
        Shape (sources, targets), ≥ 0. [-]
    leavers
        Row sums. [pupils]
    entrants
        Column sums. [pupils]

    Returns
    -------
    array
        Flows; rows sum to the leavers wherever a target can be reached. [pupils]

    References
    ----------
    .. [1] W. E. Deming, F. F. Stephan, "On a least squares adjustment of a sampled frequency table when the expected
       marginal totals are known", Ann. Math. Statist. 11(4), 1940, pp. 427–444
    """
    total = entrants.sum()
    columns = entrants / total * leavers.sum() if total > TINY else np.full(len(entrants), TINY)
    flow = seed * np.maximum(leavers, TINY)[:, None]
    for _ in range(ROUNDS):
        flow = flow * (columns / np.maximum(flow.sum(axis=0), TINY))
        flow = flow * (leavers / np.maximum(flow.sum(axis=1), TINY))[:, None]
    return flow


def feeder_shares(seed: Floats, leavers: Floats, entrants: Floats) -> Floats:
    """Shares of a school's leavers by target: balanced flows, each row shrunk to its seed (Dirichlet).

    ``F[s,·] = (flow[s,·] + κ·seed share[s,·]) / (leavers[s] + κ)``.

    Parameters
    ----------
    seed, leavers, entrants
        As in `balance`.

    Returns
    -------
    array
        Rows sum to 1, or to 0 where no target can be reached. [-]
    """
    entrants = np.where(entrants > TINY, entrants, 0.0)
    prior = row_shares(seed * entrants[None, :])
    flow = balance(seed, leavers, entrants)
    return row_shares(flow + SHRINK_PUPILS * prior)


def row_shares(weights: Floats) -> Floats:
    """Rows divided by their sums; a row of zeros stays zero. [-]."""
    sums = weights.sum(axis=1, keepdims=True)
    shares: Floats = np.divide(weights, sums, out=np.zeros_like(weights), where=sums > 0)
    return shares


def onward_shares(seed: Floats, own: Bools, size: Floats) -> Floats:
    """Shares of a school's pupils by target within a stage: its own next grade where it has one, else by the seed.

    Parameters
    ----------
    seed
        Seed of every pair, shape (sources, targets). [-]
    own
        Schools that offer the next grade.
    size
        Pupils of the next grade by school; 0 = cannot receive. [pupils]

    Returns
    -------
    array
        Rows sum to 1, or to 0 where no target can be reached. [-]
    """
    shares = row_shares(seed * size[None, :])
    shares[own] = np.eye(len(own))[own]
    return shares


def place_seed(town: NDArray[np.int64], host: NDArray[np.int64]) -> Floats:
    """Seed by place: host school, same township, elsewhere.

    Parameters
    ----------
    town
        Township of each school, as a position.
    host
        Position of the school each one belongs to; −1 = none.

    Returns
    -------
    array
        shape (schools, schools). [-]
    """
    seed = np.where(town[:, None] == town[None, :], TOWN_WEIGHT, ELSEWHERE_WEIGHT)
    belongs = host >= 0
    seed[np.flatnonzero(belongs), host[belongs]] = HOST_WEIGHT
    return seed


def stage_seed(place: Floats, affinity: Floats) -> Floats:
    """Seed into the next stage: by place, by the homes two schools share, and by a school's own next stage.

    Parameters
    ----------
    place
        Answer of `place_seed`. [-]
    affinity
        Answer of `home_affinity`. [-]

    Returns
    -------
    array
        shape (schools, schools). [-]
    """
    reach = affinity / np.maximum(affinity.max(axis=1, keepdims=True), TINY)
    seed: Floats = np.minimum(place, TOWN_WEIGHT) + reach + OWN_WEIGHT * np.eye(len(place))
    return seed


def home_affinity(flows: pd.DataFrame, schools: list[str], lower: GradeBand, upper: GradeBand) -> Floats:
    """Chance that a pupil of a school in one band lives where another school draws from in the band above.

    ``Σ_h P(h | s, lower) · share[h, s', upper]``.

    Parameters
    ----------
    flows
        Table ``flows``. [children]
    schools
        School ids, in the order of the answer.
    lower, upper
        Grade bands.

    Returns
    -------
    array
        shape (schools, schools); 0 where flows say nothing. [-]
    """
    homes = sorted(flows["home_township_code"].astype(str).unique())
    below = home_matrix(flows, homes, schools, lower, "children")
    above = home_matrix(flows, homes, schools, upper, "share")
    affinity: Floats = row_shares(below.T) @ above
    return affinity


def home_matrix(flows: pd.DataFrame, homes: list[str], schools: list[str], band: GradeBand, value: str) -> Floats:
    """Flows of one band as a matrix, shape (homes, schools); rows of ``outside`` are left out."""
    rows = flows[flows["grade_band"] == band.value]
    wide = rows.pivot_table(index="home_township_code", columns="attends", values=value, aggfunc="sum")
    matrix: Floats = wide.reindex(index=homes, columns=schools).fillna(0.0).to_numpy(dtype=float)
    return matrix
