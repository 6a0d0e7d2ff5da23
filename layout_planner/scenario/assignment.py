"""Who attends where under a plan: today's homes, followed through every decision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from scipy import sparse

from layout_planner.errors import DataError
from layout_planner.scenario.baseline import Baseline
from layout_planner.scenario.plan import Plan
from layout_planner.scenario.timeline import Action, Decision, State, after, opening
from layout_planner.terms import BAND_OF_GRADE, GRADES, OUTSIDE

_NO_ROUTE = 1e9  # a receiver without a route comes after every receiver with one [min]


@dataclass(frozen=True)
class Step:
    """One school year: the state of the schools and the school that every group of children attends.

    `rows` has school_id (the school without the plan), grade, unit, grade_band, village_code, share, attends and
    minutes (worst-case trip to the school attended); steps between two decisions share one frame.
    """

    year: int
    state: State
    rows: pd.DataFrame
    decisions: tuple[Decision, ...]


def homes(baseline: Baseline) -> pd.DataFrame:
    """Split the pupils of every school and grade among the villages they come from.

    Shares are those of the allocation in the grade's band. Where it has nobody in the band (a grade that fills up
    later), the school's other bands are used; a school without any known home gets its own village.

    Parameters
    ----------
    baseline
        Allocation, schools and the units of the forecast.

    Returns
    -------
    DataFrame
        Columns school_id, grade, unit (position in the forecast), grade_band, village_code, share; the shares of a unit
        add up to 1; village_code is empty where no home is known. [-]
    """
    pupils = baseline.pupils
    schools, grades = pupils["school_id"].values.astype(str), pupils["grade"].values.astype(int)
    units = pd.DataFrame({"school_id": schools, "grade": grades, "unit": range(len(grades))})
    units["grade_band"] = units["grade"].map(BAND_OF_GRADE).astype("str")
    known = baseline.allocation.rename(columns={"attends": "school_id"})
    known = known[(known["school_id"] != OUTSIDE) & (known["children"] > 0)]
    known = known.assign(village_code=known["village_code"].replace(OUTSIDE, ""))
    by_band = known.groupby(["school_id", "grade_band", "village_code"], as_index=False)["children"].sum()
    by_school = known.groupby(["school_id", "village_code"], as_index=False)["children"].sum()
    own = baseline.schools.reindex(columns=["school_id", "village_code"]).assign(children=1.0)
    parts, left = [], units
    for source, keys in ((by_band, ["school_id", "grade_band"]), (by_school, ["school_id"]), (own, ["school_id"])):
        joined = left.merge(source, on=keys, how="inner")
        parts.append(joined)
        left = left[~left["unit"].isin(joined["unit"])]
    parts.append(left.assign(village_code="", children=1.0))
    rows = pd.concat(parts, ignore_index=True).sort_values(["unit", "village_code"], ignore_index=True)
    rows["village_code"] = rows["village_code"].fillna("")
    rows["share"] = rows["children"] / rows.groupby("unit")["children"].transform("sum")
    return rows.drop(columns="children")


def follow(plan: Plan, baseline: Baseline) -> list[Step]:
    """Follow every group of children through the decisions of a plan, one step a school year.

    Displaced children go to the nearest of the listed receivers that teaches their grade (worst-case minutes; at a tie
    the one listed first). Those sent to a school that closes later move on with its pupils. A reopened school gets back
    the children who would attend it without the plan.

    Parameters
    ----------
    plan, baseline
        Checked plan; the county.

    Returns
    -------
    list[Step]
        One a year of the forecast, in order.

    Raises
    ------
    DataError
        ``plan_pupils_nowhere`` if a school closes without receivers and still has pupils.
    """
    trips = trip_minutes(baseline)
    rows = homes(baseline)
    rows = rows.assign(attends=rows["school_id"], minutes=look_up(trips, rows, rows["school_id"]))
    state, steps = opening(baseline.schools), []
    for year in sorted(int(y) for y in baseline.pupils["school_year"].values):
        now = tuple(decision for decision in plan.decisions if decision.year == year)
        for decision in now:
            state = after(state, decision)
        for decision in now:
            rows = _displace(rows, decision, state, trips)
        if plan.decisions:
            _require_open(plan, rows, state, year, baseline.pupils)
        steps.append(Step(year, state, rows, now))
    return steps


def trip_minutes(baseline: Baseline) -> pd.Series:
    """Worst-case minutes with the index village_code, school_id, grade_band. [min]."""
    return baseline.minutes.set_index(["village_code", "school_id", "grade_band"])["minutes"]


def look_up(trips: pd.Series, rows: pd.DataFrame, school: str | pd.Series) -> np.ndarray:
    """Minutes from the village of every row to a school; NaN where there is no route. [min]."""
    schools = np.full(len(rows), school) if isinstance(school, str) else school.to_numpy()
    pairs = pd.MultiIndex.from_arrays([rows["village_code"], schools, rows["grade_band"]])
    return np.asarray(trips.reindex(pairs).to_numpy(dtype=float))


def carry(pupils: xr.DataArray, steps: list[Step]) -> xr.DataArray:
    """Seat the pupils of every draw where the plan sends them: one matrix product a year.

    Parameters
    ----------
    pupils
        Forecast without any decision. [pupils]
    steps
        Steps of `follow`.

    Returns
    -------
    DataArray
        Dimensions draw, unit, school_year as `pupils`, with units for grades that a receiver did not have. Σ over the
        schools is that of `pupils` in every grade, year and draw. [pupils]
    """
    have = list(zip(pupils["school_id"].values.astype(str), pupils["grade"].values.astype(int), strict=True))
    frames = {id(step.rows): step.rows for step in steps}
    used = {pair for rows in frames.values() for pair in zip(rows["attends"], rows["grade"], strict=True)}
    units = have + sorted(used - set(have))
    moved = {key: _transfer(rows, units, len(have)) for key, rows in frames.items()}
    ordered = pupils.transpose("draw", "unit", "school_year")
    out = np.zeros((ordered.sizes["draw"], len(units), ordered.sizes["school_year"]))
    at = {int(year): position for position, year in enumerate(ordered["school_year"].values)}
    for step in steps:
        now = ordered.values[:, :, at[step.year]].astype(float)
        out[:, :, at[step.year]] = (moved[id(step.rows)] @ now.T).T
    coords = {
        "school_year": ordered["school_year"].values,
        "school_id": ("unit", [school for school, _ in units]),
        "grade": ("unit", [grade for _, grade in units]),
    }
    return xr.DataArray(out, dims=("draw", "unit", "school_year"), coords=coords)


def _transfer(rows: pd.DataFrame, units: list[tuple[str, int]], have: int) -> sparse.csr_array:
    """Share of every unit's pupils who sit in each unit under the plan, shape (units, units without the plan)."""
    place = {unit: position for position, unit in enumerate(units)}
    to = [place[pair] for pair in zip(rows["attends"], rows["grade"], strict=True)]
    return sparse.csr_array((rows["share"].to_numpy(), (to, rows["unit"].to_numpy())), shape=(len(units), have))


def _displace(rows: pd.DataFrame, decision: Decision, state: State, trips: pd.Series) -> pd.DataFrame:
    """Send the children of a decision to their receivers; the others keep their school."""
    school = decision.school_id
    if decision.action is Action.REOPEN:
        moving = (rows["school_id"] == school) & rows["grade"].isin(state.taught(school))
        goes_to = np.full(int(moving.sum()), school)
    else:
        moving = (rows["attends"] == school) & rows["grade"].isin([grade for grade in GRADES if decision.moves(grade)])
        goes_to = _chosen(rows[moving], decision, state, trips)
    if not moving.any():
        return rows
    attends, minutes = rows["attends"].copy(), rows["minutes"].copy()
    attends[moving] = goes_to
    minutes[moving] = look_up(trips, rows[moving], attends[moving])
    return rows.assign(attends=attends, minutes=minutes)


def _chosen(group: pd.DataFrame, decision: Decision, state: State, trips: pd.Series) -> np.ndarray:
    """School of every displaced group of children: the nearest receiver, or where they are if none teaches them."""
    here = np.asarray(group["attends"])
    if not decision.receivers or group.empty:
        return here
    minutes = np.column_stack([_minutes_to(receiver, group, state, trips) for receiver in decision.receivers])
    nearest = np.array(decision.receivers)[minutes.argmin(axis=1)]
    return np.asarray(np.where(np.isfinite(minutes.min(axis=1)), nearest, here))


def _minutes_to(receiver: str, group: pd.DataFrame, state: State, trips: pd.Series) -> np.ndarray:
    """Minutes to a receiver for choosing: late without a route, infinite where the grade is not taught."""
    minutes = np.nan_to_num(look_up(trips, group, receiver), nan=_NO_ROUTE)
    taught = group["grade"].isin(state.taught(receiver)).to_numpy(dtype=bool)
    return np.where(taught, minutes, np.inf)


def _require_open(plan: Plan, rows: pd.DataFrame, state: State, year: int, pupils: xr.DataArray) -> None:
    """No pupil of any draw may be left at a school that the plan has closed, or in a grade it no longer teaches."""
    touched = {school for school, closed in state.closed.items() if closed} | state.points
    for school in sorted(touched):
        closed = state.closed.get(school, False)
        left = (rows["attends"] == school) & (closed | ~rows["grade"].isin(state.taught(school)))
        if left.any():
            count = float(pupils.sel(school_year=year).isel(unit=sorted(set(rows.loc[left, "unit"]))).sum("unit").max())
            if count > 0:
                raise DataError("plan_pupils_nowhere", plan=plan.name, school=school, year=year, found=f"{count:.0f}")
