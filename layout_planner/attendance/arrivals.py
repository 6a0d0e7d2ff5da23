"""Children of dated events in the schools: come to or taken from where the others of their place attend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from layout_planner.attendance.homes import UnitHomes
from layout_planner.attendance.moves import Tally
from layout_planner.terms import BAND_OF_GRADE

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]


@dataclass(frozen=True)
class Arrival:
    """Children that come to (+) or leave (−) a place: grade → (draws, years). [children]."""

    name: str
    township: str
    village: str | None
    children: Mapping[int, Singles]


@dataclass(frozen=True)
class Placed:
    """What became of one arrival in one grade, draw by draw: in county schools, and outside. (draws, years)."""

    name: str
    grade: int
    pupils: Singles
    outside: Singles


def place_arrivals(
    pupils: xr.DataArray, children: xr.Dataset, homes: UnitHomes, arrivals: Sequence[Arrival]
) -> tuple[xr.DataArray, xr.Dataset, Mapping[str, Singles], list[Placed]]:
    """Add or remove the children of events at home and in the schools.

    Of the children of a grade the share `attending` has a place in the county's schools, the rest stands outside. They
    come to the schools in proportion to the children whom the place (village, else township, else county) has there in
    the mean of the draws. Children who leave are taken from every school in proportion to those of the place who sit
    there in that draw, never more than there are.

    Parameters
    ----------
    pupils, children
        Forecast and answer of `children_from_pupils`. [pupils], [children]
    homes
        Homes of the units.
    arrivals
        Children by grade; each acts on the forecast without any of them, so their order moves no result.

    Returns
    -------
    tuple
        Pupils, children (Σ children = Σ pupils + Σ outside in every grade, year and draw); event children in the units
        by home township (draw, unit, year); what became of each.
    """
    if not arrivals:
        return pupils, children, {}, []
    before, now = Tally.of(pupils, children), Tally.of(pupils, children)
    placed: list[Placed] = []
    for grade in homes.grades:
        there = [(a, a.children[grade]) for a in arrivals if grade in a.children]
        units = homes.units_of(grade)
        moves = [_seated(before, homes, a, size, grade=grade, units=units) for a, size in there]
        moves = _no_more_than_there(moves, before.pupils[:, units])
        for (arrival, size), seated in zip(there, moves, strict=True):
            away = _away(before, homes, arrival, size, grade)
            _book(now, homes, arrival, (seated, away), grade=grade, units=units)
            placed.append(Placed(arrival.name, grade, seated.sum(axis=1), away))
    np.maximum(now.pupils, 0, out=now.pupils)
    seated_pupils, home = now.written(pupils, children)
    return seated_pupils, home, now.added, placed


def _seated(
    before: Tally, homes: UnitHomes, arrival: Arrival, size: Singles, *, grade: int, units: NDArray[np.int64]
) -> Singles:
    """Pupils of one arrival by unit of a grade, signed. shape (draws, units, years)."""
    wanted = size * np.float32(homes.attending[grade])
    base = before.pupils[:, units]
    share = (homes.inside[units] @ homes.place(arrival.township, arrival.village)).astype(np.float32)
    mean = base.mean(axis=0, dtype=float)
    weights = mean * share[:, None]
    town = mean * (homes.inside[units] @ homes.place(arrival.township))[:, None]
    weights = np.where(weights.sum(axis=0) > 0, weights, np.where(town.sum(axis=0) > 0, town, mean))
    weights = np.divide(weights, weights.sum(axis=0), out=np.zeros_like(weights), where=weights.sum(axis=0) > 0)
    come = np.maximum(wanted, 0)[:, None, :] * weights.astype(np.float32)[None]
    here = base * share[None, :, None]
    sum_here = here.sum(axis=1)
    left = np.minimum(np.divide(np.maximum(-wanted, 0), sum_here, out=np.zeros_like(sum_here), where=sum_here > 0), 1)
    return np.asarray(come - left[:, None, :] * here, dtype=np.float32)


def _no_more_than_there(moves: list[Singles], base: Singles) -> list[Singles]:
    """Where several arrivals together would take more than there are, each takes its part."""
    if sum(bool((m < 0).any()) for m in moves) < 2:
        return moves
    taken = -sum((np.minimum(m, 0) for m in moves), np.zeros_like(base))
    part = np.divide(base, taken, out=np.ones_like(base), where=taken > base)
    return [np.where(m < 0, m * part, m) for m in moves]


def _away(before: Tally, homes: UnitHomes, arrival: Arrival, size: Singles, grade: int) -> Singles:
    """Children of one arrival without a place in the county's schools, signed. shape (draws, years)."""
    rest = size * np.float32(1 - homes.attending[grade])
    town = before.towns.index(arrival.township)
    part = _outside_part(before, homes, arrival, _band(before, grade))
    room = before.outside[:, town, homes.grades.index(grade)] * part.astype(np.float32)
    limited: Singles = np.maximum(rest, -room)
    return limited


def _outside_part(before: Tally, homes: UnitHomes, arrival: Arrival, band: int) -> Floats:
    """Part of a township's outside children who live in the village of an arrival, by year; 1 for the township."""
    if arrival.village is None:
        return np.ones(len(before.years))
    mine, town = (
        homes.place(arrival.township, village) @ before.village_outside[:, band] for village in (arrival.village, None)
    )
    part: Floats = np.divide(mine, town, out=np.zeros_like(town), where=town > 0)
    return part


def _book(
    now: Tally,
    homes: UnitHomes,
    arrival: Arrival,
    moved: tuple[Singles, Singles],
    *,
    grade: int,
    units: NDArray[np.int64],
) -> None:
    """Write one arrival of a grade down: units, township, villages."""
    seated, away = moved
    town, k, band = now.towns.index(arrival.township), homes.grades.index(grade), _band(now, grade)
    now.pupils[:, units] += seated
    now.added.setdefault(arrival.township, np.zeros_like(now.pupils))[:, units] += seated
    now.children[:, town, k] += seated.sum(axis=1) + away
    now.outside[:, town, k] += away
    place = homes.place(arrival.township, arrival.village)
    split = homes.inside[units] * place
    even = place / place.sum()
    total = split.sum(axis=1, keepdims=True)
    split = np.where(total > 0, split / np.where(total > 0, total, 1.0), even)
    draws, _, years = seated.shape
    flat = seated.transpose(0, 2, 1).reshape(draws * years, -1) @ split.astype(np.float32)
    now.village[:, :, band] += flat.reshape(draws, years, -1).transpose(0, 2, 1)
    lost = now.village_outside[:, band] * place[:, None]
    total_lost = lost.sum(axis=0)
    by_village = np.where(total_lost > 0, lost / np.where(total_lost > 0, total_lost, 1.0), even[:, None])
    now.village[:, :, band] += by_village.astype(np.float32)[None] * away[:, None, :]
    now.village_outside[:, band] += by_village * away.mean(axis=0, dtype=float)[None, :]


def _band(tally: Tally, grade: int) -> int:
    return tally.bands.index(str(BAND_OF_GRADE[grade]))
