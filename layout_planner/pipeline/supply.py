"""The base year by school and grade, and the seats that stand against the forecast."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import xarray as xr

from layout_planner.capacity import seat_balance, seat_limits
from layout_planner.capacity import seats as count_seats
from layout_planner.pipeline.setup import Setup
from layout_planner.terms import STAGE_GRADES, STAGE_OF_GRADE, Stage


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
