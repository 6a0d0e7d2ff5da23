"""Indicators of a plan, one row a school year: trips of the youngest, boarders, seats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from layout_planner.capacity import SeatLimits
from layout_planner.scenario.assignment import Step, look_up, trip_minutes
from layout_planner.scenario.baseline import Baseline
from layout_planner.scenario.effects import COMPULSORY, OLDER, boarding_limit
from layout_planner.scenario.timeline import TOP_OF_POINT
from layout_planner.terms import STAGE_OF_GRADE, GradeBand, Stage

_P95 = 0.95  # the dictionary names the columns minutes_p95, seats_short_p50 and _p90
_P90 = 0.9


@dataclass(frozen=True)
class Trips:
    """Worst-case trips of a step: rows of the step with minutes, expected children and who is over the limit."""

    young: pd.DataFrame
    moved: float
    boarders: float


def trips_in(step: Step, baseline: Baseline, limit: float) -> Trips:
    """Set the children of a year against the minutes to the school that the plan gives them.

    Parameters
    ----------
    step
        Who attends where that year.
    baseline
        Minutes and forecast; the expected children are the mean over the draws, which adds up over schools.
    limit
        Longest trip of grades 1–3 (T01). [min]

    Returns
    -------
    Trips
        `young`: grades 1–3 with a known home, columns village_code, children, minutes, over; `moved`: pupils at another
        school than without the plan; `boarders`: those of grade 4 and above among them who would have to board.
    """
    mean = baseline.pupils.sel(school_year=step.year).mean("draw").to_numpy().astype(float)
    rows = step.rows.assign(children=step.rows["share"] * mean[step.rows["unit"]])
    changed = rows[rows["attends"] != rows["school_id"]]
    trips = trip_minutes(baseline)
    older = changed[changed["grade"].isin(OLDER) & (changed["village_code"] != "")]
    far = ~(look_up(trips, older, older["attends"]) <= boarding_limit(baseline))
    young = rows[(rows["grade_band"] == GradeBand.G13) & (rows["village_code"] != "") & (rows["children"] > 0)]
    minutes = look_up(trips, young, young["attends"])
    young = young.assign(minutes=minutes, over=~(minutes <= limit))
    return Trips(young, float(changed["children"].sum()), float(older.loc[far, "children"].sum()))


def trip_indicators(trips: Trips, baseline: Baseline) -> dict[str, object]:
    """Summarise the trips of grades 1–3: children over the limit, their villages, mean, P95 and longest minutes."""
    young = trips.young
    over = young[young["over"]].groupby("village_code")["children"].sum()
    names = baseline.villages.set_index("village_code")["name"]
    routed = young[young["minutes"].notna()].sort_values("minutes", kind="stable")
    weight, minutes = routed["children"].to_numpy(dtype=float), routed["minutes"].to_numpy(dtype=float)
    return {
        "moved": trips.moved,
        "g13_over_limit": float(over.sum()),
        "villages_over": "、".join(str(names.get(code, code)) for code in over.index),
        "minutes_mean": float(weight @ minutes / weight.sum()) if weight.sum() > 0 else np.nan,
        "minutes_p95": _weighted_quantile(minutes, weight, _P95),
        "minutes_max": float(minutes.max()) if len(minutes) else np.nan,
        "boarders_after": trips.boarders,
    }


def seat_indicators(step: Step, pupils: xr.DataArray, baseline: Baseline, limits: SeatLimits) -> dict[str, object]:
    """Seats short at every school and stage, summed in each draw, and the probability that any is short.

    Pupils of one school do not use the free seats of another. A school with unknown seats cannot be short; a school
    that the plan makes a teaching point holds no more than the sections of C03; seats added by the plan count from
    their year.
    """
    now = pupils.sel(school_year=step.year).transpose("draw", "unit").to_numpy()
    schools, grades = pupils["school_id"].values.astype(str), pupils["grade"].values.astype(int)
    groups = pd.DataFrame({"school_id": schools, "stage": [str(STAGE_OF_GRADE[int(g)]) for g in grades]})
    number = groups.groupby(["school_id", "stage"], sort=True).ngroup().to_numpy()
    names = groups.groupby(["school_id", "stage"], sort=True).first().index
    sums = np.zeros((now.shape[0], len(names)))
    np.add.at(sums.T, number, now.T)
    seats = seats_under(step, baseline, limits).reindex(names).to_numpy(dtype=float)
    short = np.nan_to_num(np.clip(sums - seats, 0.0, None))
    total = short.sum(axis=1)
    compulsory = np.isin(grades, COMPULSORY)
    at_school = pd.DataFrame(now[:, compulsory].T).groupby(schools[compulsory]).sum()
    return {
        "schools_open": int((at_school.median(axis="columns") > 0).sum()),
        "seats_short_p50": float(np.median(total)),
        "seats_short_p90": float(np.quantile(total, _P90)),
        "p_short": float((total > 0).mean()),
    }


def seats_under(step: Step, baseline: Baseline, limits: SeatLimits) -> pd.Series:
    """Near-term seats by school_id and stage as the plan has changed them. [seats]."""
    near = baseline.seats[baseline.seats["term"] == "near"]
    seats = near.set_index(["school_id", "stage"])["seats"].astype(float).copy()
    for school in sorted(step.state.points):
        if int(step.state.register[school]["grade_high"]) > TOP_OF_POINT and (school, Stage.PRIMARY) in seats.index:
            few = limits.incomplete_sections * limits.incomplete_size
            seats.loc[(school, Stage.PRIMARY)] = min(few, seats.loc[(school, Stage.PRIMARY)])
    for school, added in step.state.added.items():
        low = int(step.state.register[school]["grade_low"])
        stage = STAGE_OF_GRADE[max(low, COMPULSORY[0])]
        seats.loc[(school, stage)] = seats.get((school, stage), 0.0) + added
    return seats


def _weighted_quantile(values: np.ndarray, weight: np.ndarray, level: float) -> float:
    """Smallest value that `level` of the weight does not exceed; values sorted; NaN without weight."""
    total = weight.sum()
    if not total > 0:
        return float("nan")
    return float(values[int(np.searchsorted(np.cumsum(weight), level * total * (1 - 1e-12)))])
