"""Forecast tables of children where they live."""

from typing import Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from layout_planner.terms import OUTSIDE

Singles = NDArray[np.float32]
VILLAGE_COLUMNS: Final = (
    "village_code", "village_name", "township_code", "school_year", "grade_band", "status",
    "children_mean", "children_p10", "children_p50", "children_p90", "outside_mean",
)  # fmt: skip
CHILDREN_COLUMNS: Final = (
    "township_code", "school_year", "grade", "children_mean", "children_p10", "children_p50", "children_p90",
    "outside_mean",
)  # fmt: skip
_LEVELS: Final = (0.1, 0.5, 0.9)


def forecast_village(children: xr.Dataset, villages: pd.DataFrame, *, base_year: int) -> pd.DataFrame:
    """Summarise the children of every village, year and grade band (table `forecast_village`).

    Parameters
    ----------
    children
        Result of `children_from_pupils` or of `thin_villages`. [children]
    villages
        ``village_code, name, township_code``.
    base_year
        Last observed school year; up to it the children are `estimated` through the flows, later ones `forecast`.

    Returns
    -------
    DataFrame
        One row a village, year and band; pupils from other counties have none. Not rounded. [children]
    """
    inside = children.sel(village_code=children["village_code"].values != OUTSIDE)
    columns = _summary(inside["children_village"].transpose("village_code", "school_year", "grade_band", "draw"))
    order = ("village_code", "school_year", "grade_band")
    if "children_village_mean" in inside:
        columns["children_mean"] = inside["children_village_mean"].transpose(*order).values.reshape(-1)
    columns["outside_mean"] = inside["outside_village_mean"].transpose(*order).values.reshape(-1)
    table = _grid(inside, order).assign(**columns)
    names = villages[["village_code", "name", "township_code"]].rename(columns={"name": "village_name"})
    table = table.merge(names, on="village_code", how="left")
    table["status"] = np.where(table["school_year"] <= base_year, "estimated", "forecast")
    return table[list(VILLAGE_COLUMNS)]


def township_children(children: xr.Dataset) -> pd.DataFrame:
    """Summarise the children of every home township, year and grade (their part of table `forecast_township`).

    Parameters
    ----------
    children
        Result of `children_from_pupils`. [children]

    Returns
    -------
    DataFrame
        ``township_code, school_year, grade, children_mean, children_p10, children_p50, children_p90, outside_mean``;
        the township `outside` has the pupils from other counties, so that the sums agree with the pupils. [children]
    """
    order = ("township_code", "school_year", "grade")
    columns = _summary(children["children"].transpose(*order, "draw"))
    away = children["outside"].mean("draw", dtype=np.float64).transpose(*order)
    table = _grid(children, order).assign(**columns, outside_mean=away.values.reshape(-1))
    return table[list(CHILDREN_COLUMNS)]


def _summary(array: xr.DataArray) -> dict[str, Singles]:
    """Mean and quantiles over the last dimension, flattened."""
    values = np.ascontiguousarray(array.values)
    low, middle, high = np.quantile(values, _LEVELS, axis=-1, overwrite_input=True)
    return {
        "children_mean": values.mean(axis=-1, dtype=np.float64).reshape(-1),
        "children_p10": low.reshape(-1).astype(float),
        "children_p50": middle.reshape(-1).astype(float),
        "children_p90": high.reshape(-1).astype(float),
    }


def _grid(dataset: xr.Dataset, dimensions: tuple[str, ...]) -> pd.DataFrame:
    """Every combination of the coordinates, the last one running fastest."""
    index = pd.MultiIndex.from_product([dataset[name].values for name in dimensions], names=list(dimensions))
    return index.to_frame(index=False)
