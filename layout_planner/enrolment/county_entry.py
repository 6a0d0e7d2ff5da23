"""Entrants of a county's schools: births of the homes that send them, times the share that comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layout_planner.enrolment.early_signs import early_sign
from layout_planner.enrolment.entrants import BirthsWeight, births_ratio, estimate_weight, smooth
from layout_planner.enrolment.feeders import home_matrix
from layout_planner.enrolment.priors import Priors
from layout_planner.enrolment.progression import area_effect, current_ratio, pooled_ratio
from layout_planner.enrolment.school_panel import GRADE_AT, GRADE_ONE, SchoolPanel, entry_units, offered
from layout_planner.terms import GRADES, GradeBand

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

PRE_CLASS, PRIMARY_CLASS = 0, 1  # which births weight an entry unit takes
CLASSES: Final = (
    (PRE_CLASS, GradeBand.K, tuple(range(GRADE_AT[GRADE_ONE]))),
    (PRIMARY_CLASS, GradeBand.G13, (GRADE_AT[GRADE_ONE],)),
)


@dataclass(frozen=True)
class Homes:
    """Where entrants come from: flows of the base year, and births by home township and cohort.

    Parameters
    ----------
    flows
        Table ``flows``.
    codes
        Home townships.
    cohorts
        Births, shape (homes, cohorts, 1 or draws); NaN = not known. [children]
    first_cohort
        First cohort. [year]
    """

    flows: pd.DataFrame
    codes: tuple[str, ...]
    cohorts: NDArray[np.floating]
    first_cohort: int


@dataclass(frozen=True)
class Entrants:
    """Law of the entrants of the entry units, in the order of ``np.nonzero(enters)``.

    Parameters
    ----------
    level
        Entrants at the level of births that `ratio` is taken against. shape (entries,) [pupils]
    ratio
        Births of each cohort ahead against their level. shape (horizon, entries, 1 or draws) [-]
    lift
        What the kindergarten grades of today say of the next cohorts of grade 1. shape (horizon, entries) [-]
    weights
        Posteriors of the births weight: kindergarten, grade 1.
    """

    level: Floats
    ratio: NDArray[np.floating]
    lift: Floats
    weights: tuple[BirthsWeight, BirthsWeight]


def fit_entrants(panel: SchoolPanel, enters: Bools, homes: Homes, horizon: int, priors: Priors) -> Entrants:
    """Fit the entrants of every entry unit to the births of the homes behind it.

    The births of a school are ``B[s] = Σ_h share[h, s]·births[h, cohort]`` through the flows of the base year; the
    cohort of grade g in year y is y − g − 6. ``E[s] = R·q[s]·B̄[s] · (B[s] / B̄[s])^β``: R is what all schools share, q
    the school's own part, B̄ the smoothed births, so that at β = 1 the entrants are births times the share that comes.

    Parameters
    ----------
    panel
        Pupils to the origin.
    enters
        Entry units, shape (schools, grades).
    homes
        Flows and births by cohort.
    horizon
        Years ahead. [years]
    priors
        Priors of R, q and β.

    Returns
    -------
    Entrants
        Levels, ratios and births weights.
    """
    at = np.cumsum(enters).reshape(enters.shape) - 1  # place of each entry unit
    level = np.zeros(int(enters.sum()))
    ratio = np.ones((horizon, len(level), homes.cohorts.shape[2]))
    own = replace(priors, beta_mean=priors.beta_mean_own, beta_sd=priors.beta_sd_own, ratio_low=priors.ratio_low_own)
    weights = []
    for _, band, positions in CLASSES:
        share = home_matrix(homes.flows, list(homes.codes), list(panel.schools), band, "share")
        evidence = []
        for position in positions:
            born = _births_of(panel, homes, share, GRADES[position], horizon)
            window, ahead = born[:, :-horizon, 0].astype(float), born[:, -horizon:]
            units = enters[:, position]
            came, known = _record(panel, units, window, position)
            ratio[:, at[units, position]] = births_ratio(window, ahead, own)[units].transpose(1, 0, 2)
            now = _levels(panel, came, known, own)
            level[at[units, position]] = now[units]
            evidence.append(_by_township(panel, came, window))
        weights.append(estimate_weight(*_stacked(evidence), own, drifts=True))
    lift = np.ones((horizon, len(level)))
    units = enters[:, GRADE_AT[GRADE_ONE]]
    lift[:, at[units, GRADE_AT[GRADE_ONE]]] = _early_lift(panel, homes, horizon)[:, panel.town[units]]
    return Entrants(level, ratio, lift, (weights[PRE_CLASS], weights[PRIMARY_CLASS]))


def entrants_weight(panel: SchoolPanel, homes: Homes, priors: Priors) -> tuple[Floats, Floats]:
    """Say how much a township's own entrants weigh against the county's in the share of births that comes.

    ``w = 1 − (1 − w_T)·(1 − w_S)``: of its own deviation from the county a township keeps ``w_T = E_T / (E_T + 60)``, and
    each of its schools ``w_S = E_S / (E_S + 20)`` of what is left, E the entrants that the county's share of the births
    would have brought, the newest years first; averaged over the schools and grades by the entrants of today. A school
    without births of its homes goes by its own entrants alone.

    Parameters
    ----------
    panel, homes, priors
        As in `fit_entrants`.

    Returns
    -------
    tuple of array
        Weight, NaN without entrants, and expected entrants behind it; both of the shape (townships, 2), kindergarten and
        grade 1. [-], [pupils]

    References
    ----------
    .. [1] docs/models/enrolment.md, section 13
    """
    enters = entry_units(offered(panel))
    homes = replace(homes, cohorts=homes.cohorts[:, :, :1])
    kept, entrants, evidence = (np.zeros((len(panel.townships), len(CLASSES))) for _ in range(3))
    for place, (_, band, positions) in enumerate(CLASSES):
        share = home_matrix(homes.flows, list(homes.codes), list(panel.schools), band, "share")
        for position in positions:
            window = _births_of(panel, homes, share, GRADES[position], 0)[:, :, 0].astype(float)
            came, born = _record(panel, enters[:, position], window, position)
            behind, centre, of_town = _evidence(panel, *_expected(came, born, priors), priors)[1:]
            school = behind * centre[panel.town] / (behind * centre[panel.town] + priors.entry_pseudo)
            town = of_town / (of_town + priors.area_pseudo)
            own = np.where(np.nansum(born, axis=1) > 0, 1 - (1 - town[panel.town]) * (1 - school), 1.0)
            now = _levels(panel, came, born, priors)
            np.add.at(kept[:, place], panel.town, own * now)
            np.add.at(entrants[:, place], panel.town, now)
            np.add.at(evidence[:, place], panel.town, behind)
    return np.divide(kept, entrants, out=np.full_like(kept, np.nan), where=entrants > 0), evidence


def _record(panel: SchoolPanel, units: Bools, window: Floats, position: int) -> tuple[Floats, Floats]:
    """Entrants of the schools that take them in, and the births behind those that are known; else NaN."""
    came = np.where(units[:, None], panel.cube[:, position], np.nan)
    known = units[:, None] & np.isfinite(came) & (window > 0)
    return came, np.where(known, window, np.nan)


def _early_lift(panel: SchoolPanel, homes: Homes, horizon: int) -> Floats:
    """Factor on the grade 1 of the next years by township, from the kindergarten grades of today. (horizon, townships)"""
    lift = np.ones((horizon, len(panel.townships)))
    share = home_matrix(homes.flows, list(homes.codes), list(panel.schools), GradeBand.G13, "share")
    first = GRADE_AT[GRADE_ONE]
    ahead = min(first, horizon)
    drawn = _births_of(panel, homes, share, GRADE_ONE, ahead)[:, :, 0].astype(float)
    births, entrants = _sum_by_township(panel, drawn), _sum_by_township(panel, panel.cube[:, first])
    for lead in range(1, ahead + 1):
        kindergarten = _sum_by_township(panel, panel.cube[:, first - lead])
        lift[lead - 1] = early_sign(kindergarten, entrants, births[:, : entrants.shape[1] + lead], lead).factor
    return lift


def _sum_by_township(panel: SchoolPanel, values: Floats) -> Floats:
    """Sums over the schools of a township; NaN in a year not known of a school that has any. shape (townships, years)"""
    sums = np.zeros((len(panel.townships), values.shape[1]))
    some = np.nan_to_num(values).any(axis=1, keepdims=True)
    np.add.at(sums, panel.town, np.where(some, values, 0.0))
    return sums


def _levels(panel: SchoolPanel, came: Floats, born: Floats, priors: Priors) -> Floats:
    """Entrants at the smoothed births, shape (schools,); without births the smoothed entrants. [pupils]."""
    known = np.isfinite(born)
    sums = np.where(known, came, 0.0).sum(0)[None], np.where(known, born, 0.0).sum(0)[None]
    own = _own_share(panel, *_expected(came, born, priors), priors)
    base = smooth(born, priors.level_step)[:, -1]
    alone = np.nan_to_num(smooth(came, priors.level_step)[:, -1])
    level: Floats = np.where(base > 0, current_ratio(*sums, priors) * own * np.nan_to_num(base), alone)
    return level


def _expected(came: Floats, born: Floats, priors: Priors) -> tuple[Floats, Floats]:
    """Entrants of the years whose births are known, and those that the county's share of the births would bring."""
    known = np.isfinite(born)
    pupils, births = np.where(known, came, 0.0), np.where(known, born, 0.0)
    return pupils, births * pooled_ratio(pupils.sum(0)[None], births.sum(0)[None], priors)


def _own_share(panel: SchoolPanel, came: Floats, expected: Floats, priors: Priors) -> Floats:
    """Part of a school in the share that comes: its township against the county, the school against its township. [-].

    Gamma–Poisson with the newest years first; a school without a record of its own stands where the flows put it.
    """
    seen, behind, town, _ = _evidence(panel, came, expected, priors)
    centre = town[panel.town]
    own: Floats = centre * (seen + priors.entry_pseudo) / (behind * centre + priors.entry_pseudo)
    return own


def _evidence(panel: SchoolPanel, came: Floats, expected: Floats, priors: Priors) -> tuple[Floats, ...]:
    """Entrants and expected entrants of a school, its newest years first; effect of a township and its expected ones."""
    weights = priors.forget ** np.arange(came.shape[1] - 1, -1, -1)
    seen, behind = came @ weights, expected @ weights
    towns = len(panel.townships)
    here = np.eye(towns)[:, panel.town]
    pair = (here @ seen)[:, None], (here @ behind)[:, None]
    return seen, behind, *area_effect(*pair, np.ones((towns, 1)), priors.area_pseudo)


def _births_of(panel: SchoolPanel, homes: Homes, share: Floats, grade: int, horizon: int) -> NDArray[np.floating]:
    """Births that a school draws on for one grade, over the window and the horizon: (schools, years, draws)."""
    years = np.arange(panel.first_year, panel.last_year + horizon + 1)
    at = years - grade - 6 - homes.first_cohort
    inside = (at >= 0) & (at < homes.cohorts.shape[1])
    born = np.full((len(homes.codes), len(years), homes.cohorts.shape[2]), np.nan)
    born[:, inside] = homes.cohorts[:, at[inside]]
    drawn: NDArray[np.floating] = np.einsum("hs,hyd->syd", share, born)
    return np.where((share.sum(axis=0) > 0)[:, None, None], drawn, np.nan)


def _by_township(panel: SchoolPanel, came: Floats, born: Floats) -> tuple[Floats, Floats]:
    """Entrants and their cohorts' births, by township of the school: shape (townships, years)."""
    units = ~np.isnan(came).all(axis=1)
    into = np.zeros((len(panel.townships), came.shape[1]))
    births = np.zeros_like(into)
    np.add.at(into, panel.town[units], came[units])
    np.add.at(births, panel.town[units], born[units])
    return into, births


def _stacked(evidence: Sequence[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    return np.concatenate([into for into, _ in evidence]), np.concatenate([born for _, born in evidence])
