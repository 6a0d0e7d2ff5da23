"""Tables of a county forecast: by school and by township of the school, with printed integers that add up."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from layout_planner.enrolment.cohorts import cohort_of, cohort_status
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


def summarise_school(forecast: xr.Dataset, schools: pd.DataFrame) -> pd.DataFrame:
    """Table ``forecast_school``: one row a school, year and grade, the base year as observed.

    Parameters
    ----------
    forecast
        Answer of `forecast_county`.
    schools
        Table ``schools``, for the names.

    Returns
    -------
    DataFrame
        Columns of ``forecast_school``; printed integers add up over the schools of a year and grade. [pupils]
    """
    pupils = forecast["pupils"]
    table = _quantiles(pupils.to_numpy(), pupils["school_year"].to_numpy(), len(pupils["unit"]))
    unit = table.pop("unit").to_numpy()
    for column, coordinate in (("school_id", "school_id"), ("township_code", "township_of_school"), ("grade", "grade")):
        table[column] = pupils[coordinate].to_numpy()[unit]
    names = schools.assign(school_id=schools["school_id"].astype(str)).set_index("school_id")["name"]
    table["school_name"] = table["school_id"].map(names)
    table["pupils_printed"] = _printed(table)
    table = _labelled(table, forecast)[list(SCHOOL_COLUMNS)]
    return table.sort_values(["school_id", "school_year", "grade"], ignore_index=True)


def summarise_township_pupils(forecast: xr.Dataset) -> pd.DataFrame:
    """Pupils by township of the school, year and grade: sums of draws, printed integers the sums of the schools'.

    Parameters
    ----------
    forecast
        Answer of `forecast_county`.

    Returns
    -------
    DataFrame
        township_code, school_year, stage, grade, status, cohort, pupils_mean, pupils_p10, pupils_p50, pupils_p90,
        pupils_printed. [pupils]
    """
    pupils = forecast["pupils"]
    frame = pd.DataFrame(
        {"township_code": pupils["township_of_school"].to_numpy(), "grade": pupils["grade"].to_numpy()}
    )
    groups = frame.groupby(["township_code", "grade"]).ngroup().to_numpy()
    keys = frame.assign(group=groups).drop_duplicates("group").sort_values("group", ignore_index=True)
    sums = sum_units(pupils.to_numpy(), groups)
    table = _quantiles(sums, pupils["school_year"].to_numpy(), len(keys))
    unit = table.pop("unit").to_numpy()
    for column in ("township_code", "grade"):
        table[column] = keys[column].to_numpy()[unit]
    table = _labelled(table, forecast)
    key = ["township_code", "school_year", "grade"]
    printed = _school_printed(forecast).groupby(key, as_index=False)["pupils_printed"].sum()
    table = table.merge(printed, on=key, how="left", validate="one_to_one")[list(TOWNSHIP_COLUMNS)]
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


def _quantiles(pupils: NDArray[np.float32], years: NDArray[np.int64], units: int) -> pd.DataFrame:
    index = pd.MultiIndex.from_product([range(units), years], names=["unit", "school_year"])
    table = pd.DataFrame({"pupils_mean": pupils.mean(axis=0, dtype=float).ravel()}, index=index)
    layers = np.quantile(pupils, list(QUANTILES.values()), axis=0)
    for column, layer in zip(QUANTILES, layers, strict=True):
        table[column] = layer.ravel().astype(float)
    return table.reset_index()


def _labelled(table: pd.DataFrame, forecast: xr.Dataset) -> pd.DataFrame:
    year, month = forecast.attrs["births_year"], forecast.attrs["births_month"]
    pairs = zip(table["school_year"], table["grade"], strict=True)
    return table.assign(
        stage=[STAGE_OF_GRADE[g].value for g in table["grade"]],
        status=np.where(table["school_year"] <= forecast.attrs["base_year"], "observed", "forecast"),
        cohort=[cohort_status(cohort_of(y, g), year, month) for y, g in pairs],
    )


def _printed(table: pd.DataFrame) -> pd.Series:
    printed = pd.Series(0, index=table.index, dtype=np.int64)
    for _, rows in table.groupby(["school_year", "grade"])["pupils_mean"]:
        printed[rows.index] = largest_remainder(rows.to_numpy(dtype=float))
    return printed


def _school_printed(forecast: xr.Dataset) -> pd.DataFrame:
    pupils = forecast["pupils"]
    mean = pupils.to_numpy().mean(axis=0, dtype=float)
    units, years = len(pupils["unit"]), pupils["school_year"].to_numpy()
    index = pd.MultiIndex.from_product([range(units), years], names=["unit", "school_year"])
    table = pd.DataFrame({"pupils_mean": mean.ravel()}, index=index).reset_index()
    unit = table["unit"].to_numpy()
    table["township_code"] = pupils["township_of_school"].to_numpy()[unit]
    table["grade"] = pupils["grade"].to_numpy()[unit]
    return table.assign(pupils_printed=_printed(table))
