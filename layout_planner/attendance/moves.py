"""What dated events and changed flows do to pupils and children: moved draw by draw, nobody lost or invented.

Both act on the forecast as it is without them. So they can be given in any order, and without any of them the forecast
is the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from layout_planner.attendance.flow_change import FlowChange
from layout_planner.attendance.homes import UnitHomes
from layout_planner.errors import DataError
from layout_planner.terms import BAND_OF_GRADE, OUTSIDE

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]


@dataclass
class Tally:
    """Pupils and children while they are moved; arrays of its own, never those it was made from.

    ``pupils`` (draw, unit, year) · ``children``, ``outside`` (draw, town, grade, year) · ``village`` (draw, village,
    band, year) · ``village_outside`` (village, band, year), means · ``added``: event children in the units by home
    township (draw, unit, year).
    """

    pupils: Singles
    children: Singles
    outside: Singles
    village: Singles
    village_outside: Floats
    added: dict[str, Singles]
    years: NDArray[np.int64]
    towns: tuple[str, ...]
    bands: tuple[str, ...]

    @classmethod
    def of(cls, pupils: xr.DataArray, children: xr.Dataset) -> Tally:
        """Copy a forecast."""
        order = ("draw", "township_code", "grade", "school_year")
        village = ("draw", "village_code", "grade_band", "school_year")
        return cls(
            pupils=pupils.transpose("draw", "unit", "school_year").values.copy(),
            children=children["children"].transpose(*order).values.copy(),
            outside=children["outside"].transpose(*order).values.copy(),
            village=children["children_village"].transpose(*village).values.copy(),
            village_outside=children["outside_village_mean"].transpose(*village[1:]).values.copy(),
            added={},
            years=pupils["school_year"].values.astype(np.int64),
            towns=tuple(children["township_code"].values.tolist()),
            bands=tuple(children["grade_band"].values.tolist()),
        )

    def written(self, pupils: xr.DataArray, children: xr.Dataset) -> tuple[xr.DataArray, xr.Dataset]:
        """Put the moved numbers in the frames they came from."""
        order = ("draw", "township_code", "grade", "school_year")
        village = ("draw", "village_code", "grade_band", "school_year")
        seated = pupils.transpose("draw", "unit", "school_year").copy(data=self.pupils)
        home = children.assign(
            children=(order, self.children),
            outside=(order, self.outside),
            children_village=(village, self.village),
            outside_village_mean=(village[1:], self.village_outside),
        )
        return seated, home


def change_flows(
    pupils: xr.DataArray,
    children: xr.Dataset,
    homes: UnitHomes,
    changes: Sequence[FlowChange],
    *,
    added: Mapping[str, Singles] | None = None,
    file: str = "county.toml",
) -> tuple[xr.DataArray, xr.Dataset]:
    """Move shares of the children of a township to another place of school.

    ``moved[d, u, y] = share · Σ_{v in origin} inside[u, v] · pupils[d, u, y]`` leaves the schools u of `destination` in
    the grades that the change has reached, and comes to the schools of `to` that teach the grade: in proportion to the
    children of the origin they have in the base year, else to their pupils. Children stay where they live, so Σ
    children = Σ pupils + Σ outside holds in every grade, year and draw. Shares are of the flows without any change.

    Parameters
    ----------
    pupils, children
        Forecast and answer of `children_from_pupils`, with events where there are any. [pupils], [children]
    homes
        Homes of the units.
    changes
        Checked changes; their order moves no result.
    added
        Event children in the units, by home township: they have a home other than the base year's shares say.
    file
        Name printed in the messages.

    Returns
    -------
    tuple
        Pupils and children, dimensions as they came. The same objects where there is no change.

    Raises
    ------
    DataError
        ``flow_change_no_flow``, ``flow_change_no_school``.
    """
    if not changes:
        return pupils, children
    before, now = Tally.of(pupils, children), Tally.of(pupils, children)
    before.added = dict(added or {})
    for change in changes:
        _require_people(before, homes, change, file)
        for grade in range(change.grade_low, change.grade_high + 1):
            active = np.flatnonzero(change.part(grade, before.years) > 0)
            if len(active) and grade in homes.grades:
                _change(before, now, homes, change, grade=grade, active=active)
    np.maximum(now.pupils, 0, out=now.pupils)
    np.maximum(now.outside, 0, out=now.outside)
    return now.written(pupils, children)


def _change(
    before: Tally, now: Tally, homes: UnitHomes, change: FlowChange, *, grade: int, active: NDArray[np.int64]
) -> None:
    """Move the children of one change in one grade, in its years."""
    town, k = before.towns.index(change.origin), homes.grades.index(grade)
    share = np.float32(change.share)
    band = before.bands.index(str(BAND_OF_GRADE[grade]))
    if change.destination == OUTSIDE:
        moved = share * before.outside[:, town, k][:, active]
        now.outside[:, town, k, active] -= moved
        rest = before.village_outside[:, band][:, active] * homes.place(change.origin)[:, None]
        part = _of_grade(before, town, k, homes, active)
        now.village_outside[:, band, active] -= change.share * rest * part
    else:
        units = homes.units_of(grade, change.destination)
        there = _children_of(before, homes, change.origin, units)[:, :, active]
        now.pupils[np.ix_(np.arange(len(there)), units, active)] -= share * there
        moved = share * there.sum(axis=1)
    if change.to == OUTSIDE:
        now.outside[:, town, k, active] += moved
        now.village_outside[:, band, active] += _spread(before, homes, change.origin, units) * moved.mean(axis=0)
    else:
        into = homes.units_of(grade, change.to)
        size = before.pupils[:, into, 0].mean(axis=0, dtype=float)
        weights = receiving_shares(homes, change.origin, into, size).astype(np.float32)
        now.pupils[np.ix_(np.arange(len(moved)), into, active)] += weights[None, :, None] * moved[:, None, :]


def _children_of(tally: Tally, homes: UnitHomes, town: str, units: NDArray[np.int64]) -> Singles:
    """Children of a township in some units: by the base year's shares, and those of events. (draws, units, years)."""
    share = (homes.inside[units] @ homes.place(town)).astype(np.float32)
    added = tally.added
    others = sum((array[:, units] for array in added.values()), np.float32(0))
    here: Singles = (tally.pupils[:, units] - others) * share[None, :, None]
    if town in added:
        here = here + added[town][:, units]
    return np.maximum(here, 0)


def _of_grade(tally: Tally, town: int, k: int, homes: UnitHomes, active: NDArray[np.int64]) -> Floats:
    """Part of a grade in the outside children of its band, by year. shape (years,) [-]."""
    same = [i for i, g in enumerate(homes.grades) if BAND_OF_GRADE[g] == BAND_OF_GRADE[homes.grades[k]]]
    mean = tally.outside[:, town][:, same][:, :, active].mean(axis=0, dtype=float)
    total = mean.sum(axis=0)
    part: Floats = np.divide(mean[same.index(k)], total, out=np.zeros_like(total), where=total > 0)
    return part


def _spread(tally: Tally, homes: UnitHomes, town: str, units: NDArray[np.int64]) -> Floats:
    """Villages of a township by their children in some units of the base year. shape (villages, 1) [-]."""
    here = tally.pupils[:, units, 0].mean(axis=0, dtype=float) @ homes.inside[units] * homes.place(town)
    even = homes.place(town)
    weights = here if here.sum() > 0 else even
    return np.asarray((weights / weights.sum())[:, None])


def receiving_shares(homes: UnitHomes, town: str, units: NDArray[np.int64], size: Floats) -> Floats:
    """Shares of the schools that receive children of a township: by those they have from it, else by all pupils.

    Parameters
    ----------
    homes
        Homes of the units.
    town
        Home township.
    units
        Positions of the units that teach the grade.
    size
        Their pupils in the base year. [pupils]

    Returns
    -------
    array
        shape (units,); adds up to 1. [-]
    """
    own = size * (homes.inside[units] @ homes.place(town))
    weights = own if own.sum() > 0 else size
    return np.asarray(weights / weights.sum())


def _require_people(tally: Tally, homes: UnitHomes, change: FlowChange, file: str) -> None:
    """Require a flow of the base year to change, and a school with pupils for everyone who is moved in any year."""
    grades = [g for g in range(change.grade_low, change.grade_high + 1) if g in homes.grades]
    places = {"file": file, "origin": change.origin, "destination": change.destination, "to": change.to}
    told = f"{change.grade_low}–{change.grade_high}"
    town = tally.towns.index(change.origin)
    if change.destination == OUTSIDE:
        there = {g: tally.outside[:, town, homes.grades.index(g)].sum(axis=0) for g in grades}
    else:
        units = {g: homes.units_of(g, _known(homes, change.destination)) for g in grades}
        there = {g: _children_of(tally, homes, change.origin, at).sum(axis=(0, 1)) for g, at in units.items()}
    if not sum(float(years[0]) for years in there.values()) > 0:
        raise DataError("flow_change_no_flow", **places, grades=told)
    if change.to == OUTSIDE:
        return
    into = {g: homes.units_of(g, _known(homes, change.to)) for g in grades if there[g].any()}
    short = [g for g, at in into.items() if not tally.pupils[:, at, 0].sum() > 0]
    if short:
        raise DataError("flow_change_no_school", **places, grades="、".join(map(str, short)))


def _known(homes: UnitHomes, town: str) -> str:
    """A township that has neither a village nor a school stands for nobody."""
    return town if town in homes.towns else OUTSIDE
