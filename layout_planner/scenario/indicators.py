"""Indicators of a plan, one row a school year: trips of the youngest, boarders, seats."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from scipy import sparse

from layout_planner.capacity import SeatLimits
from layout_planner.compliance.findings import listed
from layout_planner.scenario.assignment import Step, look_up, trip_minutes
from layout_planner.scenario.baseline import Baseline
from layout_planner.scenario.choice import answered_minutes, nearest_open
from layout_planner.scenario.effects import COMPULSORY, OLDER, newly_too_far, whole_children
from layout_planner.scenario.timeline import TOP_OF_POINT
from layout_planner.terms import STAGE_OF_GRADE, GradeBand, Stage

_P95 = 0.95  # the dictionary names the columns minutes_p95, seats_short_p50 and _p90
_P90 = 0.9


def trip_indicators(step: Step, mean: np.ndarray, baseline: Baseline) -> dict[str, object]:
    """Describe the trips of a year, worst case: moved pupils, grades 1–3 over the limit, new boarders.

    Grades 1–3 whose family chose a school over the limit are counted at the nearest open one (`scenario.choice`).
    Expected children are means over the draws, which add up over schools; those of a school and grade band are brought
    to whole children before villages are counted and named.

    Parameters
    ----------
    step
        Who attends where that year.
    mean
        Mean pupils by unit of the forecast that year. [pupils]
    baseline
        Names of the villages, rule T01, boarding assumption.

    Returns
    -------
    dict
        moved (pupils at another school than without the plan), g13_over_limit, villages_over (most children first),
        minutes_mean, minutes_p95, minutes_max of grades 1–3 with a route, boarders_after (grade 4 and above, moved,
        whose trip became too long to come daily). [pupils], [min]
    """
    rows = step.rows.assign(children=step.rows["share"] * mean[step.rows["unit"]])
    changed = rows[rows["attends"] != rows["school_id"]]
    chosen = look_up(trip_minutes(baseline), rows, rows["school_id"])
    near = nearest_open(baseline, step.state, step.year).any(rows["village_code"])
    trip = rows["minutes"].to_numpy(dtype=float)
    rows["minutes"] = answered_minutes(rows, baseline, chosen=chosen, trip=trip, nearest=near)
    young = whole_by_village(rows[(rows["grade_band"] == GradeBand.G13) & (rows["village_code"] != "")])
    limit = baseline.catalogue.rule("T01").on(baseline.day)
    over = young[~(young["minutes"] <= limit)].groupby("village_code")["children"].sum()
    names = over.index.map(baseline.villages.set_index("village_code")["name"])
    ordered = [name for _, name in sorted(zip(-over, names, strict=True))]
    routed = young[young["minutes"].notna()].sort_values("minutes", kind="stable")
    weight, minutes = routed["children"].to_numpy(dtype=float), routed["minutes"].to_numpy(dtype=float)
    return {
        "moved": float(changed["children"].sum()),
        "g13_over_limit": float(over.sum()),
        "villages_over": listed(ordered),
        "minutes_mean": float(weight @ minutes / weight.sum()) if weight.sum() > 0 else np.nan,
        "minutes_p95": _weighted_quantile(minutes, weight, _P95),
        "minutes_max": float(minutes.max()) if len(minutes) else np.nan,
        "boarders_after": _boarders(changed, baseline),
    }


def whole_by_village(rows: pd.DataFrame) -> pd.DataFrame:
    """Bring the children of every school and grade band to whole ones by village; empty villages are dropped."""
    keys = ["attends", "grade_band", "village_code", "minutes"]
    grouped = rows.groupby(keys, as_index=False, sort=True, dropna=False)["children"].sum()
    groups = grouped.groupby(["attends", "grade_band"], sort=False)["children"]
    grouped["children"] = groups.transform(lambda group: whole_children(group.to_numpy(dtype=float)))
    return grouped[grouped["children"] > 0]


def _boarders(changed: pd.DataFrame, baseline: Baseline) -> float:
    older = changed[changed["grade"].isin(OLDER) & (changed["village_code"] != "")]
    if older.empty:
        return 0.0
    before = look_up(trip_minutes(baseline), older, older["school_id"])
    return float(older.loc[newly_too_far(before, older["minutes"].to_numpy(), baseline), "children"].sum())


def seat_indicators(steps: list[Step], pupils: xr.DataArray, baseline: Baseline, limits: SeatLimits) -> pd.DataFrame:
    """Seats short at every school of the compulsory stages, summed in each draw; the probability that any is short.

    Pupils of one school do not use the free seats of another. A school with unknown seats cannot be short; a school
    that the plan makes a teaching point holds no more than the sections of C03; seats added by the plan count from
    their year.

    Parameters
    ----------
    steps
        One a year.
    pupils
        Pupils of every draw where the plan seats them: draw, unit, school_year. [pupils]
    baseline, limits
        Near-term seats; sections of an incomplete primary.

    Returns
    -------
    DataFrame
        One row a step: schools_open (compulsory stages, by the median), seats_short_p50, seats_short_p90, p_short.
    """
    values = pupils.transpose("school_year", "unit", "draw").to_numpy()
    schools, grades = pupils["school_id"].values.astype(str), pupils["grade"].values.astype(int)
    stages = [str(STAGE_OF_GRADE[int(grade)]) for grade in grades]
    groups, names = pd.MultiIndex.from_arrays([schools, stages]).factorize(sort=True)
    member = sparse.csr_array((np.ones(len(groups)), (groups, np.arange(len(groups)))))
    compulsory = np.isin(names.get_level_values(1), [str(STAGE_OF_GRADE[grade]) for grade in COMPULSORY])
    school, _ = pd.factorize(names.get_level_values(0), sort=True)
    rows = []
    for step, now in zip(steps, values, strict=True):
        seated = member @ now
        seats = seats_under(step, baseline, limits).reindex(names).to_numpy(dtype=float)
        short = np.nan_to_num(np.clip(seated - seats[:, None], 0.0, None))[compulsory].sum(axis=0)
        middle = np.median(seated[compulsory], axis=1) > 0
        rows.append(
            {
                "schools_open": len(set(school[compulsory][middle])),
                "seats_short_p50": float(np.median(short)),
                "seats_short_p90": float(np.quantile(short, _P90)),
                "p_short": float((short > 0).mean()),
            }
        )
    return pd.DataFrame(rows)


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
