"""Balance (余缺) of seats and pupils by township, stage and year, over all draws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from layout_planner.contracts import check_table
from layout_planner.terms import COUNTY, STAGE_OF_GRADE, Stage, joint_cohort

_QUANTILES = (0.1, 0.5, 0.9)


def seat_balance(
    seats: pd.DataFrame, pupils: xr.DataArray, schools: pd.DataFrame, townships: pd.DataFrame
) -> pd.DataFrame:
    """Set the pupils of every draw against the near-term seats, by township of the school, stage and year.

    ``balance = Σ seats − Σ pupils`` in each draw; a township total hides a crowded school beside an empty one, so
    read it beside table `seats`. A school is counted from the year it opens to the year it closes.

    Parameters
    ----------
    seats
        Table `seats`; rows of the term ``near`` are used. [seats]
    pupils
        Dimensions draw, unit, school_year; coordinates school_id and grade on unit and, where known, cohort (born or
        not) on unit and school_year. [pupils]
    schools
        Table `schools`.
    townships
        Columns township_code, name.

    Returns
    -------
    DataFrame
        Table `seat_balance`, with rows of the whole county. `seats` and the balance are NaN where a school of the
        group has unknown seats. [seats]
    """
    near = seats[seats["term"] == "near"]
    home = schools.set_index("school_id")["township_code"]
    stages = [str(STAGE_OF_GRADE[int(grade)]) for grade in pupils["grade"].values]
    places = home.reindex([str(school) for school in pupils["school_id"].values]).to_numpy()
    years = [int(year) for year in pupils["school_year"].values]
    supply = _supply(near, schools, years)
    born = pupils["cohort"].transpose("unit", "school_year").values if "cohort" in pupils.coords else None
    values = pupils.transpose("draw", "unit", "school_year").to_numpy().astype(float)
    frames = []
    for code, name in [*zip(townships["township_code"], townships["name"], strict=True), (COUNTY, "全县")]:
        for stage in sorted(set(near["stage"]) | set(stages), key=lambda name: list(Stage).index(Stage(name))):
            units = (np.array(stages) == stage) & ((code == COUNTY) | (places == code))
            rows = (near["stage"] == stage) & ((code == COUNTY) | (near["township_code"] == code))
            if units.any() or rows.any():
                group = _group(supply[rows.to_numpy()], values[:, units].sum(axis=1))
                marks = "" if born is None else [joint_cohort(year) for year in born[np.array(stages) == stage].T]
                group = group.assign(township_code=code, township_name=name, stage=stage, school_year=years)
                frames.append(group.assign(cohort=marks))
    return check_table("seat_balance", pd.concat(frames, ignore_index=True))


def _supply(seats: pd.DataFrame, schools: pd.DataFrame, years: list[int]) -> np.ndarray:
    """Seats of every row in every year: 0 before the school opens and after it closes."""
    register = schools.set_index("school_id").reindex(columns=["opened", "closed"]).reindex(seats["school_id"])
    opened = register["opened"].astype(float).fillna(-np.inf).to_numpy()[:, None]
    closed = register["closed"].astype(float).fillna(np.inf).to_numpy()[:, None]
    is_open = (opened <= np.array(years)) & (np.array(years) < closed)
    return np.where(is_open, seats["seats"].to_numpy(dtype=float)[:, None], 0.0)


def _group(supply: np.ndarray, demand: np.ndarray) -> pd.DataFrame:
    """Quantiles of the balance of one group; `supply` (rows, years), `demand` (draws, years)."""
    seats = supply.sum(axis=0)
    balance = seats - demand
    low, middle, high = np.quantile(balance, _QUANTILES, axis=0)
    known = np.isfinite(seats)
    return pd.DataFrame(
        {
            "seats": seats,
            "pupils_p50": np.median(demand, axis=0),
            "balance_p10": low,
            "balance_p50": middle,
            "balance_p90": high,
            "p_short": np.where(known, (balance < 0).mean(axis=0), np.nan),
        }
    )
