"""Which schools are small, which others could take their pupils, and who would have to move."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from layout_planner.scenario.assignment import homes, look_up, trip_minutes
from layout_planner.scenario.baseline import Baseline
from layout_planner.scenario.choice import answered_minutes, nearest_open
from layout_planner.scenario.effects import COMPULSORY, pair_id
from layout_planner.scenario.timeline import TOP_OF_POINT, opening
from layout_planner.terms import STAGE_GRADES, Stage

POINT: Final = "teaching_point"  # kind of a school, and the option to become one
SMALL_KINDS: Final = frozenset({"primary", POINT})  # 村小学和教学点 of rule M01
LOWEST: Final = min(STAGE_GRADES[Stage.PRE])
OLDER_MARK: Final = ":4-6"  # behind the code of a pair where only grades 4–6 move


def small_schools(baseline: Baseline) -> pd.DataFrame:
    """List the small schools (小规模学校, rule M01) that are still registered, the empty ones too.

    Parameters
    ----------
    baseline
        Register, base-year enrolment and the catalogue.

    Returns
    -------
    DataFrame
        Columns school_id, school_name, kind, grade_low, grade_high, pupils_now; by school_id. [pupils]
    """
    limit = baseline.catalogue.rule("M01").on(baseline.day)
    state, year = opening(baseline.schools), baseline.base_year + 1
    schools = baseline.schools.rename(columns={"name": "school_name"})
    pupils = baseline.enrolment.groupby("school_id")["pupils"].sum()
    rows = schools[["school_id", "school_name", "kind", "grade_low", "grade_high"]].assign(
        pupils_now=schools["school_id"].map(pupils).fillna(0.0).astype(float)
    )
    is_open = schools["school_id"].map(lambda school: state.is_open(school, year)).astype(bool)
    small = is_open & schools["kind"].isin(SMALL_KINDS) & (rows["pupils_now"] < limit)
    return pd.DataFrame(rows[small]).sort_values("school_id", ignore_index=True)


def options_of(baseline: Baseline, small: pd.DataFrame) -> pd.DataFrame:
    """List the options of every small school.

    A school that is a teaching point is not offered to become one. One management is proposed with the registered host
    school; without one, with the nearest complete school.

    Parameters
    ----------
    baseline
        Register, homes, minutes; assumption ``candidate_receivers``.
    small
        Rows of `small_schools`.

    Returns
    -------
    DataFrame
        Columns option, subject_id, school_id, receiver_id, receiver_name, moves (True where pupils change school),
        lowest (lowest grade that moves), hosted (True where the receiver is the registered host of the
        school). A school that keeps its pupils has the subject ``A>A`` or, with one
        management, ``A=B``; receiver_id is empty for keep.
    """
    count = int(baseline.parameters["candidate_receivers"])
    taught = small[small["pupils_now"] > 0]
    both_sides = (taught["grade_high"] > TOP_OF_POINT) & (taught["grade_low"] <= TOP_OF_POINT)
    high = taught[both_sides & (taught["kind"] != POINT)]
    merge = nearest(baseline, possible_pairs(baseline, taught, LOWEST), LOWEST, count)
    point = nearest(baseline, possible_pairs(baseline, high, TOP_OF_POINT + 1), TOP_OF_POINT + 1, 1)
    manage = _managers(baseline, taught, merge)
    keep = small[["school_id"]].assign(receiver_id="")
    parts = [
        keep.assign(option="keep", subject_id=[pair_id(a, a) for a in keep["school_id"]], moves=False),
        merge.assign(option="merge", subject_id=_pairs_of(merge, ">"), moves=True),
        point.assign(option="teaching_point", subject_id=_pairs_of(point, ">", OLDER_MARK), moves=True),
        manage.assign(option="manage", subject_id=_pairs_of(manage, "="), moves=False),
    ]
    rows = pd.concat([part for part in parts if len(part)], ignore_index=True)
    names = baseline.schools.set_index("school_id")["name"]
    lowest = np.where(rows["option"] == "teaching_point", TOP_OF_POINT + 1, LOWEST)
    hosts = rows["school_id"].map(_hosts(baseline))
    return rows.assign(
        receiver_name=rows["receiver_id"].map(names).fillna(""), lowest=lowest, hosted=hosts == rows["receiver_id"]
    )


def possible_pairs(baseline: Baseline, small: pd.DataFrame, lowest: int) -> pd.DataFrame:
    """Pair every small school with every open complete school that has pupils and teaches its grades from `lowest` on.

    Grades 1–9 of the register count, and kindergarten grades where the school has children in them. A receiver goes on
    to the last primary grade: into a teaching point without it the same children would have to move once more.

    Returns
    -------
    DataFrame
        Columns school_id, receiver_id.
    """
    state, year = opening(baseline.schools), baseline.base_year + 1
    taught = baseline.enrolment[baseline.enrolment["pupils"] > 0].groupby("school_id")["grade"].agg(set)
    top = top_of_primary(baseline)
    open_now = [school for school in sorted(taught.index) if state.is_open(school, year) and state.offers(school, top)]
    pairs = []
    for row in small.itertuples():
        offered = set(range(int(row.grade_low), int(row.grade_high) + 1)) & set(COMPULSORY)
        wanted = {grade for grade in offered | set(taught.get(row.school_id, set())) if grade >= lowest}
        for receiver in open_now:
            if wanted and receiver != row.school_id and all(state.offers(receiver, grade) for grade in wanted):
                pairs.append((row.school_id, receiver))
    return pd.DataFrame(pairs, columns=["school_id", "receiver_id"], dtype="str")


def top_of_primary(baseline: Baseline) -> int:
    """Return the last grade of a complete primary school: the highest primary grade that the county's primaries teach."""
    last = STAGE_GRADES[Stage.PRIMARY][-1]
    primaries = baseline.schools.loc[baseline.schools["kind"] == "primary", "grade_high"]
    return min(int(primaries.max()), last) if len(primaries) else last


def _hosts(baseline: Baseline) -> pd.Series:
    """Registered host school (隶属中心校) of every school; missing where there is none."""
    named = baseline.schools.set_index("school_id").reindex(columns=["host_school_id"])["host_school_id"]
    return named.astype(object)


def _managers(baseline: Baseline, taught: pd.DataFrame, merge: pd.DataFrame) -> pd.DataFrame:
    """Name the school that could manage every small one: its open host if that is no teaching point, else the nearest."""
    state, year = opening(baseline.schools), baseline.base_year + 1
    kinds = baseline.schools.set_index("school_id")["kind"]
    fit = {school for school in kinds.index[kinds != POINT] if state.is_open(school, year)}
    hosts = taught["school_id"].map(_hosts(baseline)).astype(object)
    hosts = hosts.where(hosts.isin(fit) & (hosts != taught["school_id"]))
    nearest_one = taught["school_id"].map(merge.groupby("school_id")["receiver_id"].first())
    rows = taught[["school_id"]].assign(receiver_id=hosts.where(hosts.notna(), nearest_one))
    return rows[rows["receiver_id"].notna()].reset_index(drop=True)


def moves_of(baseline: Baseline, options: pd.DataFrame) -> pd.DataFrame:
    """Send the base-year pupils of every option from the village they live in to the school they would attend.

    Parameters
    ----------
    baseline
        Homes, enrolment and minutes.
    options
        Columns subject_id, school_id, receiver_id, lowest and, where pupils may stay, moves.

    Returns
    -------
    DataFrame
        Columns subject_id, school_id, receiver_id, village_code, grade, grade_band, children (expected),
        minutes_before, minutes_after; options that keep the pupils have them at their own school. Grades 1–3 whose
        family chose a school over the limit are counted at the nearest one (`scenario.choice`). [children], [min]
    """
    pupils = baseline.enrolment[["school_id", "grade", "pupils"]]
    rows = homes(baseline).merge(pupils, on=["school_id", "grade"])
    rows = rows.merge(options[["subject_id", "school_id", "receiver_id", "lowest", "moves"]], on="school_id")
    rows = rows[rows["grade"] >= rows["lowest"]].reset_index(drop=True)
    trips = trip_minutes(baseline)
    goes_to = rows["receiver_id"].where(rows["moves"], rows["school_id"])
    near = nearest_open(baseline, opening(baseline.schools), baseline.base_year + 1)
    chosen, trip = look_up(trips, rows, rows["school_id"]), look_up(trips, rows, goes_to)
    today = near.any(rows["village_code"])
    left = np.where(rows["moves"], near.other_than(rows["village_code"], rows["school_id"]), today)
    rows = rows.assign(
        receiver_id=goes_to,
        children=rows["share"] * rows["pupils"].fillna(0.0),
        minutes_before=answered_minutes(rows, baseline, chosen=chosen, trip=chosen, nearest=today),
        minutes_after=answered_minutes(rows, baseline, chosen=chosen, trip=trip, nearest=left),
    )
    columns = ["subject_id", "school_id", "receiver_id", "village_code", "grade", "grade_band"]
    return rows[[*columns, "children", "minutes_before", "minutes_after"]]


def nearest(baseline: Baseline, pairs: pd.DataFrame, lowest: int, count: int) -> pd.DataFrame:
    """Keep the nearest receivers of every school: fewest children without a route, then the shortest mean trip.

    Parameters
    ----------
    baseline
        Homes, enrolment and minutes (worst case).
    pairs
        Columns school_id, receiver_id.
    lowest
        Lowest grade that moves.
    count
        Receivers to keep for a school. [schools]

    Returns
    -------
    DataFrame
        Columns school_id, receiver_id, nearest first.
    """
    keys = ["school_id", "receiver_id"]
    moves = moves_of(baseline, pairs.assign(subject_id=_pairs_of(pairs, ">"), lowest=lowest, moves=True))
    known = moves["minutes_after"].notna()
    frame = moves.assign(
        lost=moves["children"].where(~known, 0.0),
        routed=moves["children"].where(known, 0.0),
        total=(moves["children"] * moves["minutes_after"]).where(known, 0.0),
    )
    sums = frame.groupby(keys, as_index=False)[["lost", "routed", "total"]].sum()
    sums["mean"] = (sums["total"] / sums["routed"].where(sums["routed"] > 0)).fillna(np.inf)
    ordered = sums.sort_values(["school_id", "lost", "mean", "receiver_id"], ignore_index=True)
    return pd.DataFrame(ordered.groupby("school_id", sort=False).head(count)[keys]).reset_index(drop=True)


def _pairs_of(pairs: pd.DataFrame, sign: str, mark: str = "") -> list[str]:
    return [f"{a}{sign}{b}{mark}" for a, b in zip(pairs["school_id"], pairs["receiver_id"], strict=True)]
