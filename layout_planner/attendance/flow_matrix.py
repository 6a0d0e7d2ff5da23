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
from layout_planner.attendance.moves import receiving_shares
from layout_planner.terms import OUTSIDE

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
COLUMNS: Final = (
    "home_township_code", "destination_code", "track", "grade", "school_year", "status", "children_mean", "share",
)  # fmt: skip
TRACKS: Final = ("general", "vocational")  # by position: whether the school is a vocational one
NO_TRACK: Final = "none"
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
    towns, places = homes.towns, len(TRACKS) * len(homes.towns)
    by_home = homes.inside @ homes.member
    cells = np.zeros((len(towns), places + 1, len(homes.grades), len(years)))  # home, destination, grade, year
    for k, grade in enumerate(homes.grades):
        units = homes.units_of(grade)
        where = np.eye(places)[len(TRACKS) * homes.town[units] + homes.vocational[units]]
        cells[:, :places, k] = np.einsum("uh,ut,uy->hty", by_home[units], where, base[units], optimize=True)
        for town, array in events.items():
            cells[towns.index(town), :places, k] += where.T @ array[units]
        for i, code in enumerate(towns):
            if code in at:
                cells[i, -1, k] += away[at[code], k]
    return _table(_changed(cells, homes, changes, seated, years), homes, years, base_year)


def _changed(
    cells: Floats, homes: UnitHomes, changes: Sequence[FlowChange], pupils: Floats, years: NDArray[np.int64]
) -> Floats:
    """Move the shares of the changes, each taken of the cells without any change."""
    after = cells.copy()
    for change in changes:
        home = homes.towns.index(change.origin)
        for k, grade in enumerate(homes.grades):
            part = change.part(grade, years)
            old = _places(homes, change.destination)
            if not part.any() or not cells[home, old, k].any():
                continue
            moved = part * cells[home, old, k]
            after[home, old, k] -= moved
            after[home, _places(homes, change.to), k] += _received(homes, change, grade, pupils) * moved.sum(axis=0)
    return np.maximum(after, 0.0)


def _places(homes: UnitHomes, town: str) -> list[int]:
    """Positions of the destinations in a township, by track; the last one is outside."""
    if town == OUTSIDE or town not in homes.towns:
        return [len(TRACKS) * len(homes.towns)]
    return [len(TRACKS) * homes.towns.index(town) + i for i in range(len(TRACKS))]


def _received(homes: UnitHomes, change: FlowChange, grade: int, pupils: Floats) -> Floats:
    """Shares of the tracks in the children whom a township receives, as `change_flows` seats them. (tracks, 1)."""
    if change.to == OUTSIDE:
        return np.ones((1, 1))
    units = homes.units_of(grade, change.to)
    weights = receiving_shares(homes, change.origin, units, pupils[units, 0])
    shares: Floats = np.bincount(homes.vocational[units], weights=weights, minlength=len(TRACKS)).astype(float)
    return shares[:, None]


def _table(cells: Floats, homes: UnitHomes, years: NDArray[np.int64], base_year: int) -> pd.DataFrame:
    home, destination, grade, year = np.nonzero(cells > _CRUMB)
    children = cells[home, destination, grade, year]
    whole = cells.sum(axis=1)[home, grade, year]
    codes = np.array([*np.repeat(np.array(homes.towns, dtype=object), len(TRACKS)), OUTSIDE], dtype=object)
    tracks = np.array([*TRACKS * len(homes.towns), NO_TRACK], dtype=object)
    table = pd.DataFrame(
        {
            "home_township_code": np.array(homes.towns, dtype=object)[home],
            "destination_code": codes[destination],
            "track": tracks[destination],
            "grade": np.array(homes.grades)[grade],
            "school_year": years[year],
            "status": np.where(years[year] <= base_year, "estimated", "forecast"),
            "children_mean": children,
            "share": children / whole,
        }
    )
    return table[list(COLUMNS)].astype(
        dict.fromkeys(("home_township_code", "destination_code", "track", "status"), "str")
    )


def outside_total(table: pd.DataFrame) -> float:
    """Children of the matrix who attend in no school of the county. [children]."""
    return float(table.loc[table["destination_code"] == OUTSIDE, "children_mean"].sum())
