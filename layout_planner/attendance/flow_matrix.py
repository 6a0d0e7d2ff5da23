"""Table ``flow_matrix``: children by home township, place of school, grade and school year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from layout_planner.attendance.flow_change import FlowChange
from layout_planner.attendance.homes import UnitHomes
from layout_planner.terms import OUTSIDE

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
COLUMNS: Final = (
    "home_township_code", "destination_code", "grade", "school_year", "status", "children_mean", "share",
)  # fmt: skip
_CRUMB: Final = 1e-6  # children below which a cell is the rounding of 32-bit sums


def flow_matrix(
    pupils: xr.DataArray,
    outside: xr.DataArray,
    homes: UnitHomes,
    changes: Sequence[FlowChange] = (),
    *,
    added: Mapping[str, Singles] | None = None,
    base_year: int,
) -> pd.DataFrame:
    """Add the flows up by home township and place of school, for every grade and school year.

    ``children[h, T, g, y] = Σ_{u in T, g} Σ_{v in h} inside[u, v] · mean pupils[u, y]``, with the event children of h as
    they were placed, then every change moves its share of a cell to another. The destination `outside` holds the
    children who attend in no school of the county; the home `outside` the pupils who live in other counties.

    Parameters
    ----------
    pupils, outside
        Pupils, and children outside by home (`children_from_pupils`), with events and before any change of flows.
        [pupils], [children]
    homes
        Homes of the units.
    changes
        Changes of the flows, as in `change_flows`.
    added
        Event children in the units by home township, answer of `place_arrivals`.
    base_year
        Up to it the flows are observed or estimated, later ones forecast. [year]

    Returns
    -------
    DataFrame
        One row a cell with children: mean over the draws and share of the home's children of the grade. By home, grade
        and year the shares add up to 1; by destination, grade and year the children are the pupils. [children], [-]
    """
    years = pupils["school_year"].values.astype(np.int64)
    seated = pupils.transpose("draw", "unit", "school_year").values.mean(axis=0, dtype=float)
    events = {town: array.mean(axis=0, dtype=float) for town, array in (added or {}).items()}
    base = seated - sum(events.values(), np.zeros_like(seated))
    away = outside.transpose("draw", "township_code", "grade", "school_year").values.mean(axis=0, dtype=float)
    at = {code: i for i, code in enumerate(outside["township_code"].values.tolist())}
    towns = homes.towns
    by_home = homes.inside @ homes.member
    cells = np.zeros((len(towns), len(towns), len(homes.grades), len(years)))  # home, destination, grade, year
    for k, grade in enumerate(homes.grades):
        units = homes.units_of(grade)
        where = np.eye(len(towns))[homes.town[units]]
        cells[:, :, k] = np.einsum("uh,ut,uy->hty", by_home[units], where, base[units], optimize=True)
        for town, array in events.items():
            cells[towns.index(town), :, k] += where.T @ array[units]
        for i, code in enumerate(towns):
            if code in at:
                cells[i, -1, k] += away[at[code], k]
    return _table(_changed(cells, homes, changes, years), homes, years, base_year)


def _changed(cells: Floats, homes: UnitHomes, changes: Sequence[FlowChange], years: NDArray[np.int64]) -> Floats:
    """Move the shares of the changes, each taken of the cells without any change."""
    after = cells.copy()
    at = {code: i for i, code in enumerate(homes.towns)}
    for change in changes:
        home, old, new = at[change.origin], at.get(change.destination, -1), at[change.to]
        for k, grade in enumerate(homes.grades):
            moved = change.part(grade, years) * cells[home, old, k]
            after[home, old, k] -= moved
            after[home, new, k] += moved
    return np.maximum(after, 0.0)


def _table(cells: Floats, homes: UnitHomes, years: NDArray[np.int64], base_year: int) -> pd.DataFrame:
    home, destination, grade, year = np.nonzero(cells > _CRUMB)
    children = cells[home, destination, grade, year]
    whole = cells.sum(axis=1)[home, grade, year]
    codes = np.array(homes.towns, dtype=object)
    table = pd.DataFrame(
        {
            "home_township_code": codes[home],
            "destination_code": codes[destination],
            "grade": np.array(homes.grades)[grade],
            "school_year": years[year],
            "status": np.where(years[year] <= base_year, "estimated", "forecast"),
            "children_mean": children,
            "share": children / whole,
        }
    )
    return table[list(COLUMNS)].astype({"home_township_code": "str", "destination_code": "str", "status": "str"})


def outside_total(table: pd.DataFrame) -> float:
    """Children of the matrix who attend in no school of the county. [children]."""
    return float(table.loc[table["destination_code"] == OUTSIDE, "children_mean"].sum())
