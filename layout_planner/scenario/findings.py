"""Rules that a decision has to pass: 30 minutes, safe ways, beds and meals, class size, ready in time, closing."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from layout_planner.capacity import SeatLimits
from layout_planner.compliance import (
    check_build_before_close,
    check_merge_crowding,
    check_receiver_places,
    check_safe_routes,
    check_young_pupils_trip,
    concat_findings,
)
from layout_planner.scenario.baseline import Baseline
from layout_planner.scenario.closing import check_closings, routes_of
from layout_planner.scenario.effects import boarding_of, named, sizes_of, trips_of

BLOCKING: Final = ("BLOCK", "BLOCK*")


def check_moves(
    pairs: pd.DataFrame, moves: pd.DataFrame, tally: pd.DataFrame, baseline: Baseline, limits: SeatLimits
) -> pd.DataFrame:
    """Check pairs A>B against the rules T01, M08, M09, M10 and M12.

    Parameters
    ----------
    pairs
        Columns subject_id, school_id, receiver_id, school_year, needed_capacity_ready_year (NaN: what is there now is
        enough), seats_added (by the plan so far). [seats]
    moves
        Whole moves of these pairs (`whole_moves`). [children]
    tally
        Columns subject_id, grade, before, after: the receiver's pupils. [pupils]
    baseline, limits
        The county and the rules.

    Returns
    -------
    DataFrame
        Table `findings`, subject_type ``pair``.
    """
    rules, day = baseline.catalogue, baseline.day
    keys = pairs[["subject_id", "school_id", "receiver_id"]]
    ready = named(pairs, baseline).rename(columns={"school_year": "closing_year"})
    ready = ready.join(moves.groupby("subject_id")["children"].sum().rename("affected"), on="subject_id")
    ready = ready.join(seats_missing(pairs, tally, baseline), on="subject_id").fillna({"seats_missing": 0.0})
    places = boarding_of(keys, moves, tally, baseline, limits)
    sizes = sizes_of(pairs[[*keys.columns, "seats_added"]], tally, baseline, limits)
    crowding, oversized, ceiling = (rules.rule(name) for name in ("M10", "C07", "C10"))
    found = [
        check_young_pupils_trip(trips_of(moves, baseline), rules.rule("T01"), day),
        check_safe_routes(routes_of(moves, baseline), rules.rule("M08"), day),
        check_receiver_places(places, rules.rule("M09"), day),
        check_merge_crowding(sizes, crowding, day, oversized=oversized, ceiling=ceiling),
        check_build_before_close(ready, rules.rule("M12"), day),
    ]
    return _dated(concat_findings(found), pairs)


def seats_missing(pairs: pd.DataFrame, tally: pd.DataFrame, baseline: Baseline) -> pd.Series:
    """Seats that the moved pupils lack at the receiver: what is over the near-term seats and was not before.

    Parameters
    ----------
    pairs
        Columns subject_id, receiver_id, seats_added (by the plan so far). [seats]
    tally
        Columns subject_id, receiver_id, grade, before, after: the receiver's pupils. [pupils]
    baseline
        Near-term seats, all stages of a school together; unknown ones cannot be short.

    Returns
    -------
    Series
        By subject_id. [seats]
    """
    near = baseline.seats[baseline.seats["term"] == "near"].groupby("school_id")["seats"]
    whole = near.agg(lambda seats: seats.sum(skipna=False))  # stages share the rooms, by today's pupils
    added = pairs.drop_duplicates("subject_id").set_index("subject_id")["seats_added"]
    sums = tally.groupby(["subject_id", "receiver_id"], as_index=False)[["before", "after"]].sum()
    seats = sums["receiver_id"].map(whole).astype(float) + sums["subject_id"].map(added).fillna(0.0).astype(float)
    over = (sums["after"] - np.fmax(seats, sums["before"])).where(~np.isnan(seats), 0.0).clip(lower=0.0)
    return over.groupby(sums["subject_id"]).sum().rename("seats_missing")


def check_closed(closing: pd.DataFrame, baseline: Baseline) -> pd.DataFrame:
    """Check closing schools against the rules M07, M16, M19 and S02, see `scenario.closing`.

    Parameters
    ----------
    closing
        Columns subject_type, subject_id, subject_name, school_id, school_year, affected. [pupils]
    baseline
        The county and the rules.

    Returns
    -------
    DataFrame
        Table `findings`.
    """
    return _dated(check_closings(closing, baseline), closing)


def vetoes_of(findings: pd.DataFrame) -> list[str]:
    """Ids of the rules of mode BLOCK or BLOCK* that are not met, in order."""
    blocking = findings["rule_mode"].isin(BLOCKING) & (findings["outcome"] == "fail")
    return sorted(set(findings.loc[blocking, "rule_id"]))


def _dated(found: pd.DataFrame, subjects: pd.DataFrame) -> pd.DataFrame:
    """Give every finding the school year of its decision."""
    years = subjects.drop_duplicates("subject_id").set_index("subject_id")["school_year"]
    return found.assign(school_year=found["subject_id"].map(years).astype("int64"))
