"""Seats, and the findings of the base year."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import xarray as xr

from layout_planner.capacity import meal_places, seat_balance, seat_limits
from layout_planner.capacity import seats as count_seats
from layout_planner.compliance import evaluate_today, school_sizes
from layout_planner.pipeline.demand import Attendance
from layout_planner.pipeline.setup import Setup
from layout_planner.scenario.effects import whole_children
from layout_planner.terms import OUTSIDE, STAGE_GRADES, STAGE_OF_GRADE, GradeBand, Stage


@dataclass(frozen=True)
class Supply:
    """Seats of every school and the balance of every township, stage and year."""

    seats: pd.DataFrame
    balance: pd.DataFrame


def base_rows(setup: Setup) -> pd.DataFrame:
    """Base year by school and grade: pupils, boarders, sections, with stage and name; unknown stays missing."""
    enrolment = setup.county.enrolment
    rows = enrolment[enrolment["school_year"] == setup.base_year]
    names = setup.schools.set_index("school_id")["name"]
    boys, girls = (rows[c].astype(float) for c in ("boarders_m", "boarders_f"))
    return pd.DataFrame(
        {
            "school_id": rows["school_id"],
            "school_name": rows["school_id"].map(names),
            "stage": [str(STAGE_OF_GRADE[g]) for g in rows["grade"].astype(int)],
            "grade": rows["grade"].astype(int),
            "pupils": rows["pupils"].astype(float),
            "boarders_m": boys,
            "boarders_f": girls,
            "boarders": boys + girls,
            "sections": rows["sections"].astype(float),
        }
    ).reset_index(drop=True)


def supply_of(setup: Setup, pupils: xr.DataArray) -> Supply:
    """Count the seats, near and long term, and set the forecast against them."""
    rows = base_rows(setup)
    groups = rows.groupby(["school_id", "stage"])[["pupils", "boarders"]]
    by_stage = groups.agg(lambda part: part.sum(skipna=False)).reset_index()
    limits = seat_limits(setup.catalogue, setup.day, setup.values)
    table = count_seats(setup.schools, by_stage, limits)
    return Supply(table, seat_balance(table, pupils, setup.schools, setup.county.townships))


def findings_of(setup: Setup, attendance: Attendance, *, further: pd.DataFrame) -> pd.DataFrame:
    """Check the base year against every rule that the data decide; the others are rows 未评 or 未定.

    Parameters
    ----------
    setup, attendance
        The base year.
    further
        Findings made elsewhere (the pairs A→B), put into the same table.

    Returns
    -------
    DataFrame
        Table ``findings``: every rule of the catalogue has one row at least.
    """
    rows = base_rows(setup)
    subjects = rows.assign(subject_type="school", subject_id=rows["school_id"], subject_name=rows["school_name"])
    subjects["complete"] = subjects["school_id"].map(_complete(setup))
    compulsory = subjects[subjects["stage"].isin([str(Stage.PRIMARY), str(Stage.JUNIOR)])]
    tables = {
        "trips": _trips(setup, attendance),
        "boarders": compulsory,
        "boarding": _boarding(setup, compulsory),
        "sections": compulsory,
        "school_sizes": school_sizes(compulsory),
    }
    found = evaluate_today(tables, setup.catalogue, setup.day, setup.county.settings.name, further=further)
    of_pairs = found["subject_type"] == "pair"
    return found.assign(school_year=found["school_year"].where(of_pairs, setup.base_year))


def _complete(setup: Setup) -> pd.Series:
    """False for a primary school without the top grade (非完全小学、教学点)."""
    top = STAGE_GRADES[Stage.PRIMARY][-1]
    schools = setup.schools.set_index("school_id")
    return ~((schools["grade_high"] < top) & (schools["grade_high"] >= 1))


def _trips(setup: Setup, attendance: Attendance) -> pd.DataFrame:
    """Trips of grades 1–3 to the nearest school in use, worst case, by township: whether the county offers one.

    Children are those in the county's schools; how far they really go is in table ``access``, since a family may choose
    a school farther away.
    """
    homes = attendance.allocation
    inside = homes[(homes["attends"] != OUTSIDE) & (homes["village_code"] != OUTSIDE)]
    inside = inside[inside["grade_band"] == str(GradeBand.G13)]
    children = inside.groupby("village_code")["children"].sum()
    rows = attendance.access[attendance.access["grade_band"] == str(GradeBand.G13)]
    rows = rows.assign(children=rows["village_code"].map(children).fillna(0.0))
    towns = setup.county.townships.set_index("township_code")["name"]
    groups = rows.groupby("township_code")["children"]
    return pd.DataFrame(
        {
            "subject_type": "township",
            "subject_id": rows["township_code"],
            "subject_name": rows["township_code"].map(towns),
            "village_name": rows["village_name"],
            "grade_band": rows["grade_band"],
            "children": groups.transform(lambda group: whole_children(group.to_numpy(dtype=float))),
            "minutes": rows["minutes_nearest"],
            "screening": setup.roads is None,
        }
    )


def _boarding(setup: Setup, rows: pd.DataFrame) -> pd.DataFrame:
    """Boarders by grade beside the beds and meals of their school."""
    schools = setup.schools.set_index("school_id")
    places = meal_places(schools)
    return rows.assign(
        beds_m=rows["school_id"].map(schools["dorm_beds_m"]).astype(float),
        beds_f=rows["school_id"].map(schools["dorm_beds_f"]).astype(float),
        meal_places=rows["school_id"].map(places).astype(float),
    )


def use_in_year(seats: pd.DataFrame, pupils: xr.DataArray, stage: Stage, year: int) -> pd.DataFrame:
    """Near-term seats of a stage beside the median pupils of a year.

    Parameters
    ----------
    seats
        Table ``seats``.
    pupils
        Draws of the forecast: draw, unit, school_year. [pupils]
    stage, year
        Which stage and school year.

    Returns
    -------
    DataFrame
        school_id, school_name, pupils_now (median of the year), seats, use. [pupils], [seats], [-]
    """
    rows = seats[(seats["stage"] == str(stage)) & (seats["term"] == "near")]
    here = pupils.isel(unit=[int(g) in STAGE_GRADES[stage] for g in pupils["grade"].values]).sel(school_year=year)
    totals = here.groupby("school_id").sum("unit").median("draw").to_series()
    median = rows["school_id"].map(totals).fillna(0.0).astype(float)
    use = median / rows["seats"].where(rows["seats"] > 0)
    return rows[["school_id", "school_name", "seats"]].assign(pupils_now=median, use=use)
