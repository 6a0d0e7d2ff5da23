"""Tables of a county forecast: by school and by township of the school, with printed integers that add up."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from layout_planner.enrolment.cohorts import cohort_of, cohort_status, last_registered
from layout_planner.terms import STAGE_OF_GRADE

Floats = NDArray[np.float64]

QUANTILES: Final = {"pupils_p10": 0.1, "pupils_p50": 0.5, "pupils_p90": 0.9}
SCHOOL_COLUMNS: Final = (
    "school_id", "school_name", "township_code", "school_year", "stage", "grade", "status", "cohort",
    "pupils_mean", "pupils_p10", "pupils_p50", "pupils_p90", "pupils_printed",
)  # fmt: skip
TOWNSHIP_COLUMNS: Final = (
    "township_code", "school_year", "stage", "grade", "status", "cohort",
    "pupils_mean", "pupils_p10", "pupils_p50", "pupils_p90", "pupils_printed",
)  # fmt: skip


def largest_remainder(values: Floats, total: int | None = None) -> NDArray[np.int64]:
    """Round to integers that keep the sum: floors, then one more for the largest remainders (最大余数法).

    Parameters
    ----------
    values
        Non-negative numbers.
    total
        Sum of the answer; default: the rounded sum of `values`.

    Returns
    -------
    array
        Integers, shape of `values`; ties go to the earlier one.
    """
    goal = int(np.floor(values.sum() + 0.5)) if total is None else total
    whole = np.floor(values + 1e-9).astype(np.int64)
    short = goal - int(whole.sum())
    order = np.argsort(-(values - whole), kind="stable")
    if short >= 0:
        turns = np.bincount(order[np.arange(short) % len(values)], minlength=len(values)) if len(values) else whole
        return whole + turns.astype(np.int64)
    for i in order[::-1]:
        taken = min(int(whole[i]), -short)
        whole[i] -= taken
        short += taken
    return whole


def summarise_school(
    pupils: xr.DataArray, schools: pd.DataFrame, births: pd.DataFrame, *, base_year: int
) -> pd.DataFrame:
    """Table ``forecast_school``: one row a school, year and grade, the base year as observed.

    Parameters
    ----------
    pupils
        ``pupils`` of `forecast_county`. [pupils]
    schools
        Table ``schools``, for the names and townships.
    births
        Table ``births``: how far births are registered decides which cohorts are born. [children]
    base_year
        Last observed school year. [year]

    Returns
    -------
    DataFrame
        Columns of ``forecast_school``; printed integers add up over the schools of a year and grade. [pupils]
    """
    table = _quantiles(pupils.to_numpy(), pupils["school_year"].to_numpy())
    table = _with_units(table, _unit_frame(pupils, schools))
    table["pupils_printed"] = _printed(table)
    table = _labelled(table, births, base_year)[list(SCHOOL_COLUMNS)]
    return table.sort_values(["school_id", "school_year", "grade"], ignore_index=True)


def summarise_township_pupils(
    pupils: xr.DataArray, schools: pd.DataFrame, births: pd.DataFrame, *, base_year: int
) -> pd.DataFrame:
    """Pupils by township of the school, year and grade: sums of draws, printed integers the sums of the schools'.

    Parameters
    ----------
    pupils, schools, births, base_year
        As in `summarise_school`.

    Returns
    -------
    DataFrame
        township_code, school_year, stage, grade, status, cohort, pupils_mean, pupils_p10, pupils_p50, pupils_p90,
        pupils_printed. [pupils]
    """
    units = _unit_frame(pupils, schools)
    years = pupils["school_year"].to_numpy()
    groups = units.groupby(["township_code", "grade"]).ngroup().to_numpy()
    towns = units.assign(group=groups).drop_duplicates("group").sort_values("group", ignore_index=True)
    table = _with_units(_quantiles(sum_units(pupils.to_numpy(), groups), years), towns[["township_code", "grade"]])
    means = pupils.to_numpy().mean(axis=0, dtype=float)
    by_school = _with_units(_long(means, years, "pupils_mean"), units)
    by_school["pupils_printed"] = _printed(by_school)
    key = ["township_code", "school_year", "grade"]
    printed = by_school.groupby(key, as_index=False)["pupils_printed"].sum()
    table = _labelled(table.merge(printed, on=key, validate="one_to_one"), births, base_year)[list(TOWNSHIP_COLUMNS)]
    return table.sort_values(key, ignore_index=True)


def sum_units(pupils: NDArray[np.float32], groups: NDArray[np.int64]) -> NDArray[np.float32]:
    """Sum draws over the units of each group.

    Parameters
    ----------
    pupils
        shape (draws, units, years). [pupils]
    groups
        Group of each unit, 0 … n−1.

    Returns
    -------
    array
        shape (draws, groups, years). [pupils]
    """
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    sums: NDArray[np.float32] = np.add.reduceat(pupils[:, order], starts, axis=1)
    return sums


def _unit_frame(pupils: xr.DataArray, schools: pd.DataFrame) -> pd.DataFrame:
    """School, name, township and grade of every unit."""
    register = schools.assign(school_id=schools["school_id"].astype(str)).set_index("school_id")
    frame = pd.DataFrame({"school_id": pupils["school_id"].to_numpy(), "grade": pupils["grade"].to_numpy()})
    return frame.assign(
        school_name=frame["school_id"].map(register["name"]),
        township_code=frame["school_id"].map(register["township_code"].astype(str)),
    )


def _long(values: NDArray[np.floating], years: NDArray[np.int64], name: str) -> pd.DataFrame:
    """Values of units × years as a table with unit, school_year and one column."""
    index = pd.MultiIndex.from_product([range(len(values)), years], names=["unit", "school_year"])
    return pd.DataFrame({name: values.ravel().astype(float)}, index=index).reset_index()


def _quantiles(pupils: NDArray[np.float32], years: NDArray[np.int64]) -> pd.DataFrame:
    table = _long(pupils.mean(axis=0, dtype=float), years, "pupils_mean")
    layers = np.quantile(pupils, list(QUANTILES.values()), axis=0)
    for column, layer in zip(QUANTILES, layers, strict=True):
        table[column] = layer.ravel().astype(float)
    return table


def _with_units(table: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    unit = table["unit"].to_numpy()
    return table.drop(columns="unit").assign(**{name: units[name].to_numpy()[unit] for name in units})


def _labelled(table: pd.DataFrame, births: pd.DataFrame, base_year: int) -> pd.DataFrame:
    year, month = last_registered(births)
    pairs = zip(table["school_year"], table["grade"], strict=True)
    return table.assign(
        stage=[STAGE_OF_GRADE[g].value for g in table["grade"]],
        status=np.where(table["school_year"] <= base_year, "observed", "forecast"),
        cohort=[cohort_status(cohort_of(y, g), year, month) for y, g in pairs],
    )


def _printed(table: pd.DataFrame) -> pd.Series:
    printed = pd.Series(0, index=table.index, dtype=np.int64)
    for _, rows in table.groupby(["school_year", "grade"])["pupils_mean"]:
        printed[rows.index] = largest_remainder(rows.to_numpy(dtype=float))
    return printed
