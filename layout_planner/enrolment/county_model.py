"""Law of motion of a county's schools: transfers, progression by township of the school, entrants through flows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from layout_planner.enrolment.county_entry import PRE_CLASS, PRIMARY_CLASS, Homes, fit_entrants
from layout_planner.enrolment.feeders import (
    feeder_shares,
    home_affinity,
    onward_shares,
    place_seed,
    row_shares,
    stage_seed,
)
from layout_planner.enrolment.grade_kinds import stray
from layout_planner.enrolment.past_events import Shown, without_moves
from layout_planner.enrolment.priors import ENTRY, FIRST, JOINED, LATER, Priors
from layout_planner.enrolment.progression import (
    Progression,
    cell_sd,
    current_ratio,
    damped_rates,
    fit_progression,
    shared_trend,
)
from layout_planner.enrolment.school_panel import (
    GRADE_AT,
    GRADE_ONE,
    KINDERGARTEN_TOP,
    STAGE_ENTRIES,
    SchoolPanel,
    entry_units,
    last_known,
    offered,
)
from layout_planner.enrolment.share_trend import ShareTrend, share_trend
from layout_planner.enrolment.units import Course, UnitModel
from layout_planner.terms import BAND_OF_GRADE, GRADES

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

STEPS: Final = tuple(range(len(GRADES) - 1))  # step j leads from GRADES[j] to GRADES[j + 1]
ENTRY_STEPS: Final = tuple(GRADE_AT[upper] - 1 for upper in STAGE_ENTRIES)
FEEDER_YEARS: Final = 5  # transitions behind a feeder matrix
FEEDER_FORGET: Final = 0.8  # weight of a year against the next one in it
ENTRY_WALK: Final = 0.05  # yearly sd of a school's share of the births of its homes, log scale
RATE_LIMIT: Final = 3.0
WHOLE_RANGE: Final = (0.9, 1.1)  # how far the rates of the townships may be moved to add up to the county's
TINY_SIZE: Final = 0.1  # entrants of a school that offers the grade but had none


def county_model(panel: SchoolPanel, homes: Homes, horizon: int, priors: Priors) -> tuple[UnitModel, Progression]:
    """Fit the law of motion of every school × grade to a panel.

    Parameters
    ----------
    panel
        Pupils to the origin.
    homes
        Flows and births by cohort.
    horizon
        Years ahead. [years]
    priors
        Priors of every part.

    Returns
    -------
    tuple
        The law of motion, units in the order of `unit_index`, and the progression by township and step.
    """
    offers = offered(panel)
    enters = entry_units(offers)
    seeds = transfer_seeds(panel, homes.flows)
    feeders = {step: base_shares(panel, offers, enters, seeds, step) for step in STEPS}
    came, could = transitions(panel, enters, feeders)
    came, _ = without_moves(came, could, panel)
    came = np.where(stray(came, could), np.nan, came)
    present = township_sums(panel, last_known(panel))[:, 1:] > 0
    fit = fit_progression(came, could, present, priors)
    school, grade = unit_index(panel)
    rates = np.zeros((horizon, len(panel.townships), len(GRADES)))
    damped = damped_rates(fit, horizon, priors)
    shares = stage_shares(came, could)
    moving = stage_trends(came, could, horizon, priors, shares) * whole_county(damped[0], came, could, priors)
    rates[:, :, 1:] = np.clip(damped * moving[:, None, :], 0.0, RATE_LIMIT)
    rate = rates[:, panel.town[school], grade]
    rate[:, enters[school, grade] | ~offers[school, grade]] = 0.0
    entry = np.flatnonzero(enters[school, grade])
    entrants = fit_entrants(panel, enters, homes, horizon, priors)
    model = UnitModel(
        area=panel.town[school],
        noise=_noise_classes(enters)[school, grade],
        start=last_known(panel)[school, grade],
        transfer=transfer_matrix(panel, feeders),
        rate=rate,
        entry=entry,
        level=entrants.level,
        ratio=entrants.ratio,
        lift=entrants.lift,
        weight=np.where(grade[entry] >= GRADE_AT[GRADE_ONE], PRIMARY_CLASS, PRE_CLASS),
        weights=entrants.weights,
        level_sd=np.zeros(len(entry)),
        level_walk=ENTRY_WALK,
        area_sd=fit.area_sd,
        cell_sd=cell_sd(fit, priors)[panel.town[school], grade],
        law=fit.law,
        courses=tuple(Course(np.flatnonzero(grade == step + 1), share) for step, share in shares.items()),
    )
    return model, fit


def moves_shown(panel: SchoolPanel, flows: pd.DataFrame) -> tuple[Shown, ...]:
    """How much of each past move of a panel the schools show, as `county_model` takes it out."""
    offers = offered(panel)
    enters = entry_units(offers)
    seeds = transfer_seeds(panel, flows)
    shares = {step: base_shares(panel, offers, enters, seeds, step) for step in STEPS}
    return without_moves(*transitions(panel, enters, shares), panel)[1]


def whole_county(rate: Floats, came: Floats, could: Floats, priors: Priors) -> Floats:
    """Factor that makes the townships' rates of a step add up to the rate of the whole county.

    Pupils who go on in another township lower the effects of the small ones they leave and raise that of the large one
    they come to; the first are shrunk to 1 more than the last, so that together they would promise too many.

    Parameters
    ----------
    rate
        Rates of the next year, shape (townships, steps). [-]
    came, could
        Answer of `transitions`. [pupils]
    priors
        Rate of forgetting and pseudo-pupils.

    Returns
    -------
    array
        shape (steps,); 1 where nothing is known. [-]
    """
    known = np.isfinite(came) & np.isfinite(could)
    came, could = np.where(known, came, 0.0), np.where(known, could, 0.0)
    if came.shape[2] == 0:
        return np.ones(rate.shape[1])
    recent = could @ priors.forget ** np.arange(could.shape[2] - 1, -1, -1)
    whole = current_ratio(came.sum(axis=0), could.sum(axis=0), priors)
    promised = (rate * recent).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(promised > 0, whole * recent.sum(axis=0) / promised, 1.0)
    return np.clip(factor, *WHOLE_RANGE)


def stage_shares(came: Floats, could: Floats) -> dict[int, ShareTrend]:
    """Step into a stage → trend of the share of the whole county's pupils who go on, where it is one that can move.

    Parameters
    ----------
    came, could
        Answer of `transitions`. [pupils]

    Returns
    -------
    dict
        Empty where nearly all go on.
    """
    sums = _county_sums(came, could)
    found = {step: share_trend(sums[0][step], sums[1][step]) for step in ENTRY_STEPS}
    return {step: share for step, share in found.items() if share is not None}


def stage_trends(came: Floats, could: Floats, horizon: int, priors: Priors, shares: Mapping[int, ShareTrend]) -> Floats:
    """How far the county's rate into grades 7 and 10 moves on from where it stands; 1 at every other step.

    Parameters
    ----------
    came, could
        Answer of `transitions`. [pupils]
    horizon, priors
        Years ahead; priors.
    shares
        Answer of `stage_shares`; other steps may have the trend of `shared_trend`.

    Returns
    -------
    array
        shape (horizon, steps). [-]
    """
    factor = np.ones((horizon, len(STEPS)))
    steps = list(ENTRY_STEPS)
    whole = [x[steps] for x in _county_sums(came, could)]
    if whole[0].shape[1] == 0:
        return factor
    factor[:, steps] = shared_trend(whole[0], whole[1], horizon, priors)
    now = dict(zip(steps, current_ratio(whole[0], whole[1], priors), strict=True))
    for step, share in shares.items():
        factor[:, step] = share.mean(horizon) / now[step]
    return factor


def _county_sums(came: Floats, could: Floats) -> tuple[Floats, Floats]:
    """Pupils of all townships by step and transition, where both are known. [pupils]"""
    known = np.isfinite(came) & np.isfinite(could)
    return np.where(known, came, 0.0).sum(axis=0), np.where(known, could, 0.0).sum(axis=0)


def unit_index(panel: SchoolPanel) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """School and grade, as positions, of every unit: in the register's span, or with a pupil in any year."""
    units = panel.spans | (np.nansum(panel.cube, axis=2) > 0)
    school, grade = np.nonzero(units)
    return school.astype(np.int64), grade.astype(np.int64)


def transfer_seeds(panel: SchoolPanel, flows: pd.DataFrame) -> Mapping[int, Floats]:
    """Seed of each step: by place within a stage, by place and shared homes into the next stage."""
    place = place_seed(panel.town, panel.host)
    seeds = dict.fromkeys(STEPS, place)
    schools = list(panel.schools)
    for upper in STAGE_ENTRIES:
        below, above = BAND_OF_GRADE[upper - 1], BAND_OF_GRADE[upper]
        seeds[GRADE_AT[upper] - 1] = stage_seed(place, home_affinity(flows, schools, below, above))
    return seeds


def base_shares(panel: SchoolPanel, offers: Bools, enters: Bools, seeds: Mapping[int, Floats], step: int) -> Floats:
    """Shares of every school's pupils by target for one step, as they stand at the origin.

    Kindergarten: the own next grade only. Kindergarten → grade 1: none, births feed it. Into grades 7 and 10: the
    feeder matrix. Else: the own next grade, and where there is none the host school, the township, the county.

    Returns
    -------
    array
        shape (schools, schools), source × target. [-]
    """
    upper = GRADES[step + 1]
    opens = offers[:, step + 1] & ~enters[:, step + 1]
    if upper == GRADE_ONE:
        return np.zeros((len(opens), len(opens)))
    if upper <= KINDERGARTEN_TOP:
        return np.diag(opens.astype(float))
    if upper in STAGE_ENTRIES:
        weights = FEEDER_FORGET ** np.arange(min(FEEDER_YEARS, panel.cube.shape[2] - 1))[::-1]
        last = len(weights)
        leavers = np.nan_to_num(panel.cube[:, step, -last - 1 : -1]) @ weights
        entrants = np.nan_to_num(panel.cube[:, step + 1, panel.cube.shape[2] - last :]) @ weights * opens
        return feeder_shares(seeds[step], leavers, entrants + TINY_SIZE * opens)
    size = (np.nan_to_num(panel.cube[:, step + 1, -3:]).mean(axis=1) + 1) * opens
    return onward_shares(seeds[step], opens, size)


def transitions(panel: SchoolPanel, enters: Bools, shares: Mapping[int, Floats]) -> tuple[Floats, Floats]:
    """Pupils who came and who could have come, by township of the receiving school, step and transition.

    Where a school had no next grade in a year its pupils are handed on by the shares among the schools that had one.

    Returns
    -------
    tuple of array
        came, could: shape (townships, steps, transitions); NaN = a school did not report. [pupils]
    """
    years = panel.cube.shape[2] - 1
    came = np.zeros((len(panel.townships), len(STEPS), years))
    could = np.zeros_like(came)
    for step in STEPS:
        if GRADES[step + 1] == GRADE_ONE:
            continue
        fed = ~enters[:, step + 1]
        for year in range(years):
            after = panel.cube[:, step + 1, year + 1]
            handed = _that_year(shares[step], after, GRADES[step + 1])
            np.add.at(came[:, step, year], panel.town[fed], after[fed])
            np.add.at(could[:, step, year], panel.town[fed], _handed_on(panel.cube[:, step, year], handed)[fed])
    return came, could


def _handed_on(pupils: Floats, shares: Floats) -> Floats:
    """Pupils offered to each school; NaN where a school that sends them did not report. [pupils]."""
    unknown = np.isnan(pupils).astype(float) @ (shares > 0) > 0
    return np.where(unknown, np.nan, np.nan_to_num(pupils) @ shares)


def _that_year(shares: Floats, after: Floats, upper: int) -> Floats:
    """Shares among the schools that had the upper grade in a year; the own school first, except into a new stage."""
    had = ~(after == 0)
    if upper in STAGE_ENTRIES:
        return row_shares(shares * had[None, :])
    own = np.diag(had.astype(float))
    if upper <= KINDERGARTEN_TOP:
        return np.maximum(own, shares)
    return np.where(had[:, None], own, row_shares(shares * (had | (np.diag(shares) > 0))[None, :]))


def township_sums(panel: SchoolPanel, pupils: Floats) -> Floats:
    """Add up the schools of a township, shape (townships, grades). [pupils]."""
    sums = np.zeros((len(panel.townships), pupils.shape[1]))
    np.add.at(sums, panel.town, pupils)
    return sums


def transfer_matrix(panel: SchoolPanel, shares: Mapping[int, Floats]) -> csr_array:
    """Shares of all steps as one sparse matrix, target × source, over the units."""
    school, grade = unit_index(panel)
    at = np.full((len(panel.schools), len(GRADES)), -1)
    at[school, grade] = np.arange(len(school))
    rows, columns, values = [], [], []
    for step, share in shares.items():
        source, target = np.nonzero(share)
        below, above = at[source, step], at[target, step + 1]
        use = (below >= 0) & (above >= 0)
        rows.append(above[use])
        columns.append(below[use])
        values.append(share[source, target][use])
    index = np.concatenate(rows), np.concatenate(columns)
    return csr_array(coo_array((np.concatenate(values), index), shape=(len(school), len(school))))


def _noise_classes(enters: Bools) -> NDArray[np.int64]:
    classes = np.full(enters.shape, LATER)
    classes[:, : GRADE_AT[GRADE_ONE]] = FIRST
    classes[enters] = ENTRY
    for upper in STAGE_ENTRIES:
        classes[:, GRADE_AT[upper]] = JOINED
    return classes.astype(np.int64)
