"""Children of dated events in the schools: come to or taken from where the others of their place attend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from layout_planner.attendance.homes import UnitHomes
from layout_planner.attendance.moves import Tally
from layout_planner.terms import BAND_OF_GRADE

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

_ROUNDING: Final = 1e-5  # of those who were there: a few dozen 32-bit additions, each wrong by 6e-8 of them


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

    Of the children of a grade the share `attending` has a place in the county's schools, the rest stands outside; all of
    them where no school of the county has a pupil of the grade that year. They come to the schools in proportion to the
    children whom the place (village, else township, else county) has there in the mean of the draws. Children who leave
    are taken from every school in proportion to those of the place who sit there in that draw, never more than there are.

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
        places = np.stack([homes.place(a.township, a.village) for a, _ in there]) if there else np.zeros((0, 0))
        taught = (before.pupils[:, units].sum(axis=(0, 1)) > 0).astype(np.float32)
        part = np.float32(homes.attending[grade]) * taught
        seated = _seated(before, homes, there, places, units=units, part=part)
        away = _away(before, homes, there, places, grade=grade, part=part)
        for i, (arrival, _) in enumerate(there):
            _book(now, homes, arrival, (seated[i], away[i]), grade=grade, units=units)
            placed.append(Placed(arrival.name, grade, seated[i].sum(axis=1), away[i]))
    np.maximum(now.pupils, 0, out=now.pupils)
    for left, had in ((now.children, before.children), (now.outside, before.outside), (now.village, before.village)):
        _settle(left, had)
    _settle(now.village_outside, before.village_outside)
    seated_pupils, home = now.written(pupils, children)
    return seated_pupils, home, now.added, placed


def _settle(left: NDArray[np.floating], had: NDArray[np.floating]) -> None:
    """Set to 0 what is below it only by the rounding of all who were there leaving; a real debt stays. In place."""
    left[(left < 0) & (left >= -_ROUNDING * had)] = 0


def _seated(
    before: Tally,
    homes: UnitHomes,
    there: Sequence[tuple[Arrival, Singles]],
    places: Floats,
    *,
    units: NDArray[np.int64],
    part: Singles,
) -> list[Singles]:
    """Pupils of every arrival by unit of a grade, of which a part has a place, signed. shape (draws, units, years)."""
    base = before.pupils[:, units]
    come, here = [], []
    for (arrival, size), place in zip(there, places, strict=True):
        wanted = size * part
        weights = _receiving(base, homes.inside[units], place, homes.place(arrival.township))
        come.append(np.maximum(wanted, 0)[:, None, :] * weights.astype(np.float32)[None])
        share = (homes.inside[units] @ place).astype(np.float32)
        here.append(base * share[None, :, None])
    leave = [_part(np.maximum(-size * part, 0), rows.sum(axis=1)) for (_, size), rows in zip(there, here, strict=True)]
    leave = _together(leave, places)
    return [c - p[:, None, :] * h for c, p, h in zip(come, leave, here, strict=True)]


def _receiving(base: Singles, inside: Floats, place: Floats, town: Floats) -> Floats:
    """Shares of the units in children who come: by those of the place, else of the township, else of the county."""
    mean = base.mean(axis=0, dtype=float)
    own, near = mean * (inside @ place)[:, None], mean * (inside @ town)[:, None]
    weights = np.where(own.sum(axis=0) > 0, own, np.where(near.sum(axis=0) > 0, near, mean))
    total = weights.sum(axis=0)
    shares: Floats = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    return shares


def _away(
    before: Tally,
    homes: UnitHomes,
    there: Sequence[tuple[Arrival, Singles]],
    places: Floats,
    *,
    grade: int,
    part: Singles,
) -> list[Singles]:
    """Children of every arrival without a place in the county's schools, signed. shape (draws, years)."""
    k, band = homes.grades.index(grade), _band(before, grade)
    rest = [size * (1 - part) for _, size in there]
    room = []
    for (arrival, _), place in zip(there, places, strict=True):
        mine = place @ before.village_outside[:, band]
        whole = homes.place(arrival.township) @ before.village_outside[:, band]
        own = np.divide(mine, whole, out=np.zeros_like(whole), where=whole > 0)
        room.append(before.outside[:, before.towns.index(arrival.township), k] * own.astype(np.float32))
    leave = _together([_part(np.maximum(-r, 0), w) for r, w in zip(rest, room, strict=True)], places)
    return [np.maximum(r, 0) - p * w for r, p, w in zip(rest, leave, room, strict=True)]


def _part(wanted: Singles, there: Singles) -> Singles:
    """Part of those who are there that leaves, at most all of them. [-]."""
    part: Singles = np.minimum(np.divide(wanted, there, out=np.zeros_like(there), where=there > 0), 1)
    return part


def _together(parts: list[Singles], places: Floats) -> list[Singles]:
    """Parts that leave, made smaller where several arrivals would take more than all children of a village."""
    if sum(bool(part.any()) for part in parts) < 2:
        return parts
    limit = [np.ones_like(part) for part in parts]
    for pattern in np.unique(places > 0, axis=1).T:  # villages that the same arrivals touch
        mine = np.flatnonzero(pattern)
        total = sum((parts[i] for i in mine), np.zeros_like(parts[0]))
        for i in mine:
            limit[i] = np.minimum(limit[i], 1 / np.maximum(total, 1))
    return [part * most for part, most in zip(parts, limit, strict=True)]


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
