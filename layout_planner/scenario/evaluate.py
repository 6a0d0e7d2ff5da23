"""Evaluate a plan: who attends where, how many in every draw, which rules fail, what each year looks like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from layout_planner.capacity import SeatLimits, seat_limits
from layout_planner.compliance import concat_findings
from layout_planner.contracts import check_table
from layout_planner.scenario.assignment import Step, carry, follow, look_up, trip_minutes
from layout_planner.scenario.baseline import Baseline
from layout_planner.scenario.choice import answered_minutes, nearest_open
from layout_planner.scenario.effects import COMPULSORY, pair_id, whole_moves
from layout_planner.scenario.findings import check_closed, check_moves, vetoes_of
from layout_planner.scenario.indicators import seat_indicators, trip_indicators
from layout_planner.scenario.plan import Plan
from layout_planner.scenario.timeline import Action, opening
from layout_planner.terms import joint_cohort


@dataclass(frozen=True)
class Evaluation:
    """What a plan does.

    Attributes
    ----------
    plan
        The plan.
    comparison
        Rows of table `scenario_comparison`.
    findings
        Table `findings` of its decisions.
    pupils
        Pupils of every draw where the plan seats them: draw, unit, school_year. [pupils]
    assignment
        Who changes school: school_year, school_id (without the plan), attends, village_code, grade, share. [-]
    """

    plan: Plan
    comparison: pd.DataFrame
    findings: pd.DataFrame
    pupils: xr.DataArray
    assignment: pd.DataFrame


def evaluate(plan: Plan, baseline: Baseline) -> Evaluation:
    """Evaluate a plan over every year and draw of the forecast.

    The plan is decided before the future is known: one assignment a year, the same in all draws. Vetoes are those of
    the plan's own decisions, so the status quo has none; a plan with a veto is infeasible in every row, whatever the
    year of the decision.

    Parameters
    ----------
    plan
        Checked plan; `STATUS_QUO` for no decision.
    baseline
        The county as it is and its forecast.

    Returns
    -------
    Evaluation
        Rows of the comparison, findings, pupils and assignment.

    Raises
    ------
    DataError
        ``plan_pupils_nowhere`` if a school closes without receivers and still has pupils.
    """
    limits = seat_limits(baseline.catalogue, baseline.day, baseline.parameters)
    steps = follow(plan, baseline)
    pupils = carry(baseline.pupils, steps)
    findings = _findings(plan, steps, pupils, baseline, limits)
    vetoes = vetoes_of(findings)
    mean = baseline.pupils.mean("draw", dtype=np.float64)
    born = _born(baseline.pupils)
    rows = [
        {
            "plan": plan.name,
            "school_year": step.year,
            "cohort": born.get(step.year, ""),
            "feasible": not vetoes,
            "vetoes": "、".join(vetoes),
            **trip_indicators(step, mean.sel(school_year=step.year).to_numpy(), baseline),
        }
        for step in steps
    ]
    comparison = pd.DataFrame(rows).join(seat_indicators(steps, pupils, baseline, limits))
    return Evaluation(plan, check_table("scenario_comparison", comparison), findings, pupils, _assignment(steps))


def compare(evaluations: list[Evaluation]) -> pd.DataFrame:
    """Put the rows of several plans together: feasible plans first, in the order given; infeasible ones last.

    Returns
    -------
    DataFrame
        Table `scenario_comparison`.
    """
    ordered = sorted(evaluations, key=lambda evaluation: not bool(evaluation.comparison["feasible"].all()))
    return check_table("scenario_comparison", pd.concat([e.comparison for e in ordered], ignore_index=True))


def _born(pupils: xr.DataArray) -> dict[int, str]:
    """Whether the children of grades 1–9 are born, by school year; nothing where the forecast does not tell."""
    if "cohort" not in pupils.coords:
        return {}
    marks = pupils["cohort"].transpose("school_year", "unit").values
    here = [int(grade) in COMPULSORY for grade in pupils["grade"].values]
    years = pupils["school_year"].values.tolist()
    return {year: joint_cohort(row[here]) for year, row in zip(years, marks, strict=True)}


def _assignment(steps: list[Step]) -> pd.DataFrame:
    columns = ["school_year", "school_id", "attends", "village_code", "grade", "share"]
    parts = [step.rows[step.rows["attends"] != step.rows["school_id"]].assign(school_year=step.year) for step in steps]
    return pd.concat(parts, ignore_index=True)[columns]


def _findings(
    plan: Plan, steps: list[Step], pupils: xr.DataArray, baseline: Baseline, limits: SeatLimits
) -> pd.DataFrame:
    """Check every decision in the year it takes effect."""
    parts: list[pd.DataFrame] = []
    before: Step | None = None
    for step in steps:
        if step.decisions:
            moves = _moves(step, before, baseline)
            whole = whole_moves(moves)
            parts.append(_check_closing(step, whole, baseline))
            if len(moves):
                pairs, tally = _pairs(plan, step, moves, baseline), _tally(step, moves, pupils)
                parts.append(check_moves(pairs, whole, tally, baseline, limits))
        before = step
    return check_table("findings", concat_findings(parts))


def _moves(step: Step, before: Step | None, baseline: Baseline) -> pd.DataFrame:
    """Children who change school in the year of a step, from the school they attend to the next one."""
    old = before.rows if before else step.rows.assign(attends=step.rows["school_id"])
    rows = step.rows.assign(school_from=old["attends"], minutes_before=old["minutes"])
    rows = rows[rows["attends"] != rows["school_from"]]
    trips, villages = trip_minutes(baseline), rows["village_code"]
    chosen = look_up(trips, rows, rows["school_id"])
    state = before.state if before else opening(baseline.schools)
    near_before, near_after = (nearest_open(baseline, s, step.year).any(villages) for s in (state, step.state))
    old_trip, new_trip = rows["minutes_before"].to_numpy(dtype=float), rows["minutes"].to_numpy(dtype=float)
    mean = baseline.pupils.sel(school_year=step.year).mean("draw", dtype=np.float64).to_numpy()
    return pd.DataFrame(
        {
            "subject_id": [pair_id(a, b) for a, b in zip(rows["school_from"], rows["attends"], strict=True)],
            "school_id": rows["school_from"],
            "receiver_id": rows["attends"],
            "village_code": rows["village_code"],
            "grade": rows["grade"],
            "grade_band": rows["grade_band"],
            "children": rows["share"] * mean[rows["unit"]],
            "minutes_before": answered_minutes(rows, baseline, chosen=chosen, trip=old_trip, nearest=near_before),
            "minutes_after": answered_minutes(rows, baseline, chosen=chosen, trip=new_trip, nearest=near_after),
        }
    )


def _tally(step: Step, moves: pd.DataFrame, pupils: xr.DataArray) -> pd.DataFrame:
    """Pupils of every receiver by grade: under the whole plan, and without those who come this year."""
    now = pupils.sel(school_year=step.year).mean("draw").to_numpy()
    schools, grades = pupils["school_id"].values.astype(str), pupils["grade"].values.astype(int)
    frame = pd.DataFrame({"receiver_id": schools, "grade": grades, "after": now})
    coming = moves.groupby(["receiver_id", "grade"], as_index=False)["children"].sum()
    frame = frame.merge(coming, on=["receiver_id", "grade"], how="left")
    frame["before"] = np.clip(frame["after"] - frame["children"].fillna(0.0), 0.0, None)
    pairs = moves[["subject_id", "receiver_id"]].drop_duplicates()
    return pairs.merge(frame, on="receiver_id")[["subject_id", "receiver_id", "grade", "before", "after"]]


def _pairs(plan: Plan, step: Step, moves: pd.DataFrame, baseline: Baseline) -> pd.DataFrame:
    """Pairs of the year, and from when the receiver has all its capacity, rooms that the plan adds later included."""
    pairs = moves[["subject_id", "school_id", "receiver_id"]].drop_duplicates(ignore_index=True)
    later = {d.school_id: float(d.year) for d in plan.decisions if d.action is Action.EXPAND and d.year > step.year}
    ready = baseline.schools.set_index("school_id").reindex(columns=["ready_year"])["ready_year"].astype(float)
    years = np.fmax(pairs["receiver_id"].map(ready), pairs["receiver_id"].map(later).astype(float))
    added = pairs["receiver_id"].map(dict(step.state.added)).astype(float).fillna(0.0)
    return pairs.assign(school_year=step.year, needed_capacity_ready_year=years, seats_added=added)


def _check_closing(step: Step, moves: pd.DataFrame, baseline: Baseline) -> pd.DataFrame:
    closing = [decision.school_id for decision in step.decisions if decision.closes]
    names = baseline.schools.set_index("school_id")["name"]
    moved = moves.groupby("school_id")["children"].sum()
    rows = pd.DataFrame(
        {
            "subject_type": "school",
            "subject_id": closing,
            "subject_name": [str(names[school]) for school in closing],
            "school_id": closing,
            "school_year": step.year,
            "affected": [float(moved.get(school, 0.0)) for school in closing],
        }
    )
    return check_closed(rows, baseline) if closing else concat_findings([])
