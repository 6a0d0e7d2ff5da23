"""Law of motion of any areas, fitted to the first years of their table."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from layout_planner.enrolment.area_regimes import present_regimes, still_opening
from layout_planner.enrolment.area_tables import AreaData, cohorts_known
from layout_planner.enrolment.entrants import (
    RATIO_HIGH,
    YOUNGER_WEIGHTS,
    BirthsWeight,
    entry_gain,
    estimate_weight,
    fit_entry_level,
    level_sd,
    moved_since_birth,
    smooth,
)
from layout_planner.enrolment.grade_kinds import RECENT, joined_grades, jumps_and_breaks, ordinary_cells, slips
from layout_planner.enrolment.inflow import inflow_share, neighbour_mean, neighbour_weights
from layout_planner.enrolment.priors import ENTRY, FIRST, JOINED, LATER, Priors
from layout_planner.enrolment.progression import (
    Progression,
    cell_sd,
    common_path,
    damped_rates,
    fit_progression,
)
from layout_planner.enrolment.units import UnitModel

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

BEFORE = len(YOUNGER_WEIGHTS) - 1  # entry years before the window that today's younger grades stand for


@dataclass(frozen=True)
class Chain:
    """Progression of areas by grade, with the inflow that pulls cohorts to the size of their place.

    Parameters
    ----------
    fit
        Shared ratios, area and cell effects.
    inflow
        Share of a cohort that is replaced in a year. [-]
    weights
        Weights of the other grades at the origin, shape (areas, grades, grades). [-]
    """

    fit: Progression
    inflow: float
    weights: Floats


@dataclass(frozen=True)
class FirstGrade:
    """Entrants of the first grade: level, births against their level, moves against theirs, weight of the births."""

    level: Floats
    ratio: Floats
    lift: Floats
    weight: BirthsWeight
    priors: Priors


def fit_chain(cube: Floats, priors: Priors) -> Chain:
    """Fit inflow and progression to the pupils of a window.

    Parameters
    ----------
    cube
        Pupils, shape (areas, grades, years); NaN = not known: neither zero nor evidence. [pupils]
    priors
        Priors of every part.

    Returns
    -------
    Chain
        For the year of the origin, the last of the window.
    """
    pupils = np.nan_to_num(cube)
    known = np.isfinite(cube)
    both = known[:, 1:, 1:] & known[:, :-1, :-1]
    came, stayed = (np.where(both, x, 0.0) for x in (pupils[:, 1:, 1:], pupils[:, :-1, :-1]))
    both = both & ~slips(came, stayed)
    came, stayed = (np.where(both, x, 0.0) for x in (came, stayed))
    joined, ordinary = joined_grades(came, stayed), ordinary_cells(came, stayed)
    boundary = joined | ~ordinary
    around = np.where(both, neighbour_mean(pupils, boundary)[:, :-1, :-1], 0.0)
    calm = ~np.logical_or(*jumps_and_breaks(came, stayed))
    inflow = inflow_share(came * calm, stayed * calm, around * calm, (ordinary & ~joined).astype(float), priors)
    could = np.where(both, (1 - inflow) * stayed + inflow * around, np.nan)
    present = pupils[:, 1:, -1] > 0
    fit = fit_progression(np.where(both, pupils[:, 1:, 1:], np.nan), could, present, priors)
    offered = pupils[:, :, -RECENT:].sum(axis=2) > 0
    return Chain(fit, inflow, neighbour_weights(offered, boundary))


def fit_first_grade(cube: Floats, births: Floats, chain: Chain, lag: int, horizon: int, priors: Priors) -> FirstGrade:
    """Fit the entrants of the first grade.

    Parameters
    ----------
    cube
        Pupils of the window. [pupils]
    births
        Births of the cohorts by entry year, from `BEFORE` years before the window to the last year ahead. [children]
    chain
        Progression, for the moves of the years between birth and entry.
    lag, horizon
        Years between birth and entry; years ahead. [years]
    priors
        Priors.

    Returns
    -------
    FirstGrade
        Arrays by area, or years ahead × areas.
    """
    end, ahead = BEFORE + cube.shape[2], np.zeros(horizon)
    if cube.shape[1] > 1:
        ahead = np.log(common_path(chain.fit, horizon, priors)) - np.log(np.median(chain.fit.theta_long))
    moved = moved_since_birth(chain.fit.common, ahead, lag, BEFORE)
    weight = estimate_weight(cube[:, 0] / np.exp(moved[BEFORE:end]), births[:, BEFORE:end], priors)
    found = fit_entry_level(cube, births[:, :end], moved[:end], weight.mean, priors)
    known = np.isfinite(births[:, end:]) & np.isfinite(found.births)[:, None]
    ratio = np.where(known, births[:, end:] / np.where(known, found.births[:, None], 1.0), 1.0)
    lift = np.exp(moved[end:, None] - found.moved[None, :])
    return FirstGrade(found.level, np.clip(ratio, priors.ratio_low, RATIO_HIGH).T, lift, weight, found.priors)


def model_at(
    data: AreaData, births: pd.DataFrame | None, years: int, lag: int, horizon: int, priors: Priors
) -> UnitModel:
    """Fit the law of motion to the first years of the window.

    Parameters
    ----------
    data
        Pupils of the window.
    births
        Registered births by area and year, or None. [children]
    years
        Number of years to use; the last of them is the origin. [years]
    lag, horizon
        Years between birth and entry; years ahead. [years]
    priors
        Priors of every part.

    Returns
    -------
    UnitModel
        Units in the order area, grade.
    """
    cube = present_regimes(data.cube[:, :, :years]).cube
    count, grades = cube.shape[:2]
    chain = _go_on(fit_chain(cube, priors), still_opening(data.cube[:, :, :years], data.tops))
    fit = chain.fit
    enters = np.concatenate([np.ones((count, 1), dtype=bool), fit.joined], axis=1)
    rate = np.zeros((horizon, count, grades))
    if grades > 1:
        rate[:, :, 1:] = damped_rates(fit, horizon, priors)
    rate[:, enters] = 0.0
    window = range(data.first_year - BEFORE, data.first_year + years + horizon)
    cohorts = cohorts_known(births, count, window, lag, data.first_year + years - 1)
    first = fit_first_grade(cube, cohorts, chain, lag, horizon, priors)
    level = np.nan_to_num(smooth(cube, priors.level_step)[..., -1])
    level[:, 0] = first.level
    ratio, lift = np.ones((horizon, count, grades)), np.ones((horizon, count, grades))
    ratio[:, :, 0], lift[:, :, 0] = first.ratio, first.lift
    entry = np.flatnonzero(enters.ravel())
    return UnitModel(
        area=np.repeat(np.arange(count), grades),
        noise=_noise_classes(enters).ravel(),
        start=np.nan_to_num(cube[:, :, -1]).ravel(),
        transfer=next_grade(chain),
        rate=rate.reshape(horizon, -1),
        entry=entry,
        level=level.ravel()[entry],
        ratio=ratio.reshape(horizon, -1)[:, entry, None],
        lift=lift.reshape(horizon, -1)[:, entry],
        weight=np.zeros(len(entry), dtype=np.int64),
        weights=(first.weight,),
        level_sd=_entry_sd(level, cube, first.priors).ravel()[entry],
        level_walk=first.priors.level_walk,
        area_sd=fit.area_sd,
        cell_sd=cell_sd(fit, priors).ravel(),
        law=fit.law,
    )


def next_grade(chain: Chain) -> csr_array:
    """Transfer of every area's grades one grade up: the cohort less its inflow, and the size of the place.

    Returns
    -------
    sparse array
        shape (units, units), target × source. [-]
    """
    areas, grades = chain.weights.shape[:2]
    offered = np.diagonal(chain.weights.sum(axis=2)[:, :, None] * np.eye(grades)[None], axis1=1, axis2=2) > 0
    kept = np.where(offered, 1 - chain.inflow, 1.0)
    mixed = kept[:, :, None] * np.eye(grades)[None] + chain.inflow * chain.weights
    area, upper, lower = np.nonzero(mixed[:, :-1])
    target, source = area * grades + upper + 1, area * grades + lower
    return csr_array((mixed[:, :-1][area, upper, lower], (target, source)), shape=(areas * grades,) * 2)


def _go_on(chain: Chain, steps: Bools) -> Chain:
    """Take the steps that an area will come to as offered, with the shared ratio."""
    return replace(chain, fit=replace(chain.fit, cell=np.where(steps, 1.0, chain.fit.cell)))


def _entry_sd(level: Floats, cube: Floats, priors: Priors) -> Floats:
    """Posterior sd of the log level of entrants; wider where an area has fewer years than the window.

    A filter that has run for n years has the gain max(k, 1/n): its variance grows by that over k.
    """
    gain = entry_gain(level, priors)
    seen = np.maximum(np.isfinite(cube).sum(axis=2), 1)
    short = np.maximum(gain, 1 / seen) / np.maximum(gain, 1 / cube.shape[2])
    spread: Floats = level_sd(level, priors) * np.sqrt(short)
    return spread


def _noise_classes(enters: Bools) -> NDArray[np.int64]:
    noise = np.full(enters.shape, LATER)
    noise[:, 1:2] = FIRST
    noise[enters] = JOINED
    noise[:, 0] = ENTRY
    return noise.astype(np.int64)
