"""Effects of an option on both sides: trips of those who move, room and beds where they go, chances over the years."""

from __future__ import annotations

import numpy as np
import pandas as pd

from layout_planner.capacity import SeatLimits
from layout_planner.scenario.baseline import Baseline
from layout_planner.scenario.effects import boarding_of, sizes_of
from layout_planner.terms import STAGE_GRADES, GradeBand, Stage

PRIMARY = STAGE_GRADES[Stage.PRIMARY]


def trip_effects(table: pd.DataFrame, whole: pd.DataFrame, baseline: Baseline) -> pd.DataFrame:
    """Trips before and after, worst case: children over the limit by village, mean and longest minutes.

    Parameters
    ----------
    table
        Options: subject_id, school_id, option, moves.
    whole
        Whole moves of every option. [children], [min]
    baseline
        Limit T01, names of villages, the case of every trip.

    Returns
    -------
    DataFrame
        By row of `table`: moved, over_limit_before, over_limit_after, villages_over, minutes_before, minutes_after,
        minutes_after_max, case. Counts over the limit are of grades 1–3; for a teaching point these stay, and the
        minutes are those of the older pupils who move. [children], [min]
    """
    groups = dict(list(whole.groupby("subject_id")))
    nobody = whole.iloc[:0]
    names = baseline.villages.set_index("village_code")["name"]
    limit = baseline.catalogue.rule("T01").on(baseline.day)
    cases = baseline.minutes.set_index(["village_code", "school_id", "grade_band"])["case"]
    rows = []
    for row in table.itertuples():
        mine = groups.get(row.subject_id, nobody)
        stay = groups.get(f"{row.school_id}>{row.school_id}", nobody)
        young = stay if row.option == "teaching_point" else mine
        rows.append({"moved": float(mine["children"].sum()) if row.moves else 0.0}
                    | _over_limit(young, limit, names) | _minutes(mine, cases))  # fmt: skip
    return pd.DataFrame(rows, index=table.index)


def _over_limit(rows: pd.DataFrame, limit: float, names: pd.Series) -> dict[str, object]:
    young = rows[(rows["grade_band"] == GradeBand.G13) & (rows["village_code"] != "")]
    before, after = ~(young["minutes_before"] <= limit), ~(young["minutes_after"] <= limit)
    villages = dict.fromkeys(str(names.get(code, code)) for code in young.loc[after, "village_code"])
    return {
        "over_limit_before": float(young.loc[before, "children"].sum()),
        "over_limit_after": float(young.loc[after, "children"].sum()),
        "villages_over": "、".join(villages),
    }


def _minutes(rows: pd.DataFrame, cases: pd.Series) -> dict[str, object]:
    known = rows[rows["minutes_after"].notna()].sort_values("minutes_after", kind="stable")
    keys = ["village_code", "receiver_id", "grade_band"]
    longest = tuple(known.iloc[-1][keys]) if len(known) else None
    return {
        "minutes_before": _mean(rows, "minutes_before"),
        "minutes_after": _mean(rows, "minutes_after"),
        "minutes_after_max": float(known["minutes_after"].iloc[-1]) if len(known) else np.nan,
        "case": str(cases.get(longest, "")) if longest else "",
    }


def _mean(rows: pd.DataFrame, column: str) -> float:
    """Mean minutes of the children with a route; NaN where nobody has one."""
    known = rows[rows[column].notna()]
    total = known["children"].sum()
    return float(known["children"] @ known[column] / total) if total > 0 else float("nan")


def receiver_effects(
    table: pd.DataFrame, tally: pd.DataFrame, whole: pd.DataFrame, baseline: Baseline, limits: SeatLimits
) -> pd.DataFrame:
    """Seats, use, class size and beds of the receiver in the primary stage.

    Parameters
    ----------
    table
        Options: subject_id, school_id, receiver_id, moves.
    tally
        Columns subject_id, receiver_id, grade, before, after. [pupils]
    whole
        Whole moves. [children]
    baseline, limits
        Seats (near term), sections and boarders of the base year.

    Returns
    -------
    DataFrame
        By row of `table`: receiver_seats, receiver_pupils_before, receiver_pupils_after, receiver_use_after,
        class_size_before, class_size_after (largest section of any primary grade, sections formed anew in the present
        rooms on both sides, so that one receiver has one number before), boarders_after, beds_spare; NaN where nobody
        moves.
    """
    primary = tally[tally["grade"].isin(PRIMARY)]
    sums = primary.groupby("subject_id")[["before", "after"]].sum().reindex(table["subject_id"])
    near = baseline.seats[(baseline.seats["term"] == "near") & (baseline.seats["stage"] == Stage.PRIMARY)]
    seats = table["receiver_id"].map(near.set_index("school_id")["seats"]).where(table["moves"]).to_numpy(dtype=float)
    before, after = sums["before"].to_numpy(dtype=float), sums["after"].to_numpy(dtype=float)
    pairs = table.loc[table["moves"], ["subject_id", "school_id", "receiver_id"]].reset_index(drop=True)
    beds = boarding_of(pairs, whole, tally, baseline, limits).set_index("subject_id")
    beds = beds.reindex(table["subject_id"])
    formed = sizes_of(pairs.assign(seats_added=0.0), tally, baseline, limits)
    formed = formed[formed["stage"] == Stage.PRIMARY].set_index("subject_id").reindex(table["subject_id"])
    return pd.DataFrame(
        {
            "receiver_seats": seats,
            "receiver_pupils_before": before,
            "receiver_pupils_after": after,
            "receiver_use_after": after / np.where(seats > 0, seats, np.nan),
            "class_size_before": formed["largest_before"].to_numpy(dtype=float),
            "class_size_after": formed["largest_after"].to_numpy(dtype=float),
            "boarders_after": beds["boarders_added"].to_numpy(dtype=float),
            "beds_spare": (beds["beds"] - beds["boarders_before"]).to_numpy(dtype=float),
        },
        index=table.index,
    )


def probabilities(table: pd.DataFrame, baseline: Baseline) -> pd.DataFrame:
    """Chances over the draws: the receiver always has the seats; the small school is again as large as today.

    ``p_fits``: share of draws in which the receiver's primary pupils and those who move stay within its near-term seats
    in every year of the forecast. ``p_recovers``: share of draws in which the school itself, left open, has at least
    today's pupils in some year of the next ``recovery_years``; NaN for a school that is empty today.

    Parameters
    ----------
    table
        Options: school_id, receiver_id, moves, lowest, receiver_seats, pupils_now.
    baseline
        Forecast without any decision.

    Returns
    -------
    DataFrame
        By row of `table`: p_fits, p_recovers. [-]
    """
    values = baseline.pupils.transpose("draw", "unit", "school_year").to_numpy()
    schools = baseline.pupils["school_id"].values.astype(str)
    grades = baseline.pupils["grade"].values.astype(int)
    years = baseline.pupils["school_year"].values.astype(int)
    coming = years > baseline.base_year
    soon = coming & (years <= baseline.base_year + baseline.parameters["recovery_years"])
    upto = PRIMARY[-1]
    fits, recovers = [], []
    for row in table.itertuples():
        own = values[:, schools == row.school_id, :].sum(axis=1)
        back = (own[:, soon] >= row.pupils_now).any(axis=1).mean()
        recovers.append(float(back) if row.pupils_now > 0 else np.nan)
        there = (schools == row.receiver_id) & np.isin(grades, PRIMARY)
        moving = (schools == row.school_id) & (grades >= max(row.lowest, PRIMARY[0])) & (grades <= upto)
        total = values[:, there | moving, :].sum(axis=1)[:, coming]
        known = bool(row.moves) and row.receiver_seats == row.receiver_seats
        fits.append(float((total <= row.receiver_seats).all(axis=1).mean()) if known else np.nan)
    return pd.DataFrame({"p_fits": fits, "p_recovers": recovers}, index=table.index)
