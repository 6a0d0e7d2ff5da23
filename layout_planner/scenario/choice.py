"""Families who chose a school over the limit although a nearer one is within it: no plan caused that trip.

Where pupils live is often estimated, and many who attend in the county town from far away live there during the week.
Rule T01 asks whether the county offers a school near enough; so such a child is counted at the nearest open school.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from layout_planner.scenario.baseline import Baseline
from layout_planner.scenario.timeline import TOP_OF_POINT, State
from layout_planner.terms import BAND_GRADES, GradeBand

YOUNG = str(GradeBand.G13)


@dataclass(frozen=True)
class Nearest:
    """Nearest and second nearest open school for grades 1–3, by village; minutes inf where there is none. [min]"""

    first: pd.Series
    minutes: pd.Series
    second: pd.Series

    def other_than(self, villages: pd.Series, schools: pd.Series) -> np.ndarray:
        """Minutes to the nearest open school that is not the given one, row by row. [min]"""
        here = self.minutes.reindex(villages).to_numpy(dtype=float)
        same = np.asarray(self.first.reindex(villages).to_numpy() == schools.to_numpy(), dtype=bool)
        return np.asarray(np.where(same, self.second.reindex(villages).to_numpy(dtype=float), here))

    def any(self, villages: pd.Series) -> np.ndarray:
        """Minutes to the nearest open school, row by row. [min]"""
        return np.asarray(self.minutes.reindex(villages).to_numpy(dtype=float))


def nearest_open(baseline: Baseline, state: State, year: int) -> Nearest:
    """Find the nearest open schools that teach grades 1–3, in the worst case; an empty school (空壳) teaches nobody.

    Parameters
    ----------
    baseline
        Worst-case minutes of every pair. [min]
    state, year
        The schools as the decisions have left them, and the school year.

    Returns
    -------
    Nearest
        By village.
    """
    trips = baseline.minutes[baseline.minutes["grade_band"] == YOUNG]
    young = baseline.enrolment[baseline.enrolment["grade"].isin(BAND_GRADES[GradeBand.G13])]
    in_use = {*young.loc[young["pupils"] > 0, "school_id"], *(s for s, closed in state.closed.items() if not closed)}
    teaches = {s: s in in_use and state.is_open(s, year) and state.offers(s, TOP_OF_POINT) for s in state.register}
    trips = trips[trips["school_id"].map(teaches).fillna(False).astype(bool) & trips["minutes"].notna()]
    ranked = trips.sort_values(["village_code", "minutes", "school_id"], kind="stable")
    place = ranked.groupby("village_code").cumcount()
    first = ranked[place == 0].set_index("village_code")
    second = ranked[place == 1].set_index("village_code")["minutes"]
    villages = pd.Index(sorted(set(baseline.villages["village_code"])), name="village_code")
    return Nearest(
        first=first["school_id"].reindex(villages),
        minutes=first["minutes"].reindex(villages).fillna(np.inf),
        second=second.reindex(villages).fillna(np.inf),
    )


def counted_minutes(chosen: np.ndarray, trip: np.ndarray, nearest: np.ndarray, limit: float) -> np.ndarray:
    """Minutes that the county answers for.

    ``min(trip, nearest)`` where the family chose a school over the limit while a nearer one is within it; else `trip`.

    Parameters
    ----------
    chosen
        Minutes to the school that the family chose; NaN without a route. [min]
    trip
        Minutes to the school attended now (the same, or a receiver). [min]
    nearest
        Minutes to the nearest open school that is left; inf where there is none. [min]
    limit
        Limit of rule T01. [min]

    Returns
    -------
    ndarray
        [min]
    """
    by_choice = ~(chosen <= limit) & (nearest <= limit)
    return np.where(by_choice, np.fmin(trip, nearest), trip)


def answered_minutes(
    rows: pd.DataFrame, baseline: Baseline, *, chosen: np.ndarray, trip: np.ndarray, nearest: np.ndarray
) -> np.ndarray:
    """Minutes that the county answers for: `counted_minutes` for grades 1–3, the trip for the others. [min]"""
    limit = baseline.catalogue.rule("T01").on(baseline.day)
    return np.where(rows["grade_band"] == YOUNG, counted_minutes(chosen, trip, nearest, limit), trip)
