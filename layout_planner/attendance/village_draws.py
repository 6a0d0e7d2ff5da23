"""Whole children of the villages in every draw: shares with their own chance, and sums that are the township's exactly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from layout_planner.attendance.village_shares import VillageShares
from layout_planner.terms import BAND_OF_GRADE, OUTSIDE

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

TOWN_ORDER: Final = ("draw", "township_code", "grade", "school_year")
VILLAGE_ORDER: Final = ("draw", "village_code", "grade_band", "school_year")
COHORT_LAG: Final = 6  # cohort = school year − grade − 6
ROUNDS: Final = 12  # passes of taking children away by chance before the rest is taken in order
NEAR: Final = 1e-3  # a sum so near to a whole number is one
STEPS: Final = 40  # halvings of the factor on the shares that attend outside


def thin_villages(
    before: xr.Dataset, after: xr.Dataset, shares: VillageShares, seen: pd.DataFrame, rng: np.random.Generator
) -> xr.Dataset:
    """Spread the children of every township over its villages, draw by draw, as whole children.

    A cohort's children are handed to the villages when it first appears, by shares drawn for that cohort
    (multinomial); pupils observed where they live stay where they are. In later years only those who come or leave are
    handed on: children who come by the shares, children who leave from those who are there. So a village's cohort is
    the same children from year to year, and every sum over the villages is the township's. Events act in their village.

    Parameters
    ----------
    before, after
        Answer of `children_from_pupils`, and the same with events and changed flows; one object where there are none.
        The first year is the base year. [children]
    shares
        Posteriors of the villages.
    seen
        ``village_code, grade_band, pupils``: pupils of the base year observed where they live; may be empty. [pupils]
    rng
        Source of randomness.

    Returns
    -------
    Dataset
        `after` with whole children after the base year: ``children``, ``outside``, ``children_village``. In every draw
        Σ villages = township, by grade band and year. ``children_village_mean`` and ``outside_village_mean`` (village_code,
        grade_band, school_year) add up to the means of `after`, before rounding. [children]
    """
    start = rng.random((before.sizes["draw"], before.sizes["grade"] + before.sizes["school_year"] - 1))
    whole = whole_children(after, start)
    plain = whole if before is after else whole_children(before, start)
    counts = after["children_village"].transpose(*VILLAGE_ORDER).values.copy()
    counts[..., 1:] = 0
    homes = after["village_code"].values.astype(str)
    moved = None if before is after else _event_villages(before, after)
    for k, town in enumerate(after["township_code"].values.tolist()):
        at = np.flatnonzero(homes == OUTSIDE) if town == OUTSIDE else _positions(shares, town, homes)
        settled = _settle(plain, k, town, shares, _seen_of(seen, homes[at], plain, rng), rng)
        if moved is not None:
            _add_events(settled, plain, whole, (k, moved[:, at]), rng)
        _book(counts, settled, at, whole)
    mean = _means(counts, after, shares)
    return whole.assign(
        children_village=(VILLAGE_ORDER, counts),
        children_village_mean=(VILLAGE_ORDER[1:], mean),
        outside_village_mean=(VILLAGE_ORDER[1:], _outside(after, mean, shares)),
    )


def whole_children(children: xr.Dataset, start: Floats) -> xr.Dataset:
    """Round the children of the townships to whole ones, cohort by cohort, so that every mean and the sums are kept.

    Systematic rounding along the townships with one random start a draw and cohort: children in county schools and
    children outside apart. Where the pupils of a grade are whole, so that their sum is, it is kept exactly.

    Parameters
    ----------
    children
        ``children`` and ``outside`` by draw, township_code, grade and school_year; the first year stays. [children]
    start
        Random starts in 0 … 1, shape (draws, grades + years − 1).

    Returns
    -------
    Dataset
        Whole ``children`` and ``outside`` after the first year. [children]
    """
    away = children["outside"].transpose(*TOWN_ORDER).values.astype(float)
    inside = children["children"].transpose(*TOWN_ORDER).values.astype(float) - away
    grades, years = children.sizes["grade"], children.sizes["school_year"]
    cohort = np.arange(years)[None, :] - np.arange(grades)[:, None] + grades - 1
    first = start[:, cohort]
    inside[..., 1:], away[..., 1:] = (_systematic(part, first)[..., 1:] for part in (inside, away))
    order = TOWN_ORDER
    return children.assign(
        children=(order, (inside + away).astype(np.float32)), outside=(order, away.astype(np.float32))
    )


def _systematic(values: Floats, start: Floats) -> Floats:
    """Whole numbers along axis 1; every mean is kept, and a whole sum."""
    running = np.cumsum(np.maximum(values, 0), axis=1)
    running = np.where(np.abs(running - np.round(running)) < NEAR, np.round(running), running)
    rounded: Floats = np.diff(np.floor(running + start[:, None]), axis=1, prepend=0.0)
    return rounded


def shift(counts: Ints, change: Ints, shares: Floats, rng: np.random.Generator) -> Ints:
    """Add children by shares, or take children away from those who are there.

    Parameters
    ----------
    counts
        Children by draw and village. [children]
    change
        Children to add (+) or take away (−) in each draw, never more than there are. shape (draws,) [children]
    shares
        Shares of the villages, shape (draws, villages). [-]
    rng
        Source of randomness.

    Returns
    -------
    array
        New counts, never negative; rows add up to the old sum plus the change. [children]
    """
    after, more = counts.copy(), np.flatnonzero(change > 0)
    after[more] += rng.multinomial(change[more], shares[more])
    rest = np.minimum(np.maximum(-change, 0), after.sum(axis=1))
    for _ in range(ROUNDS):
        rows = np.flatnonzero(rest > 0)
        if not len(rows):
            return after
        there = after[rows]
        taken = np.minimum(rng.multinomial(rest[rows], there / there.sum(axis=1, keepdims=True)), there)
        after[rows] -= taken
        rest[rows] -= taken.sum(axis=1)
    for village in range(after.shape[1]):
        taken = np.minimum(after[:, village], rest)
        after[:, village] -= taken
        rest = rest - taken
    return after


def _positions(shares: VillageShares, town: str, homes: NDArray[np.str_]) -> Ints:
    place = {code: i for i, code in enumerate(homes.tolist())}
    return np.array([place[shares.villages[i]] for i in shares.members(town)], dtype=np.int64)


def _settle(
    whole: xr.Dataset, k: int, town: str, shares: VillageShares, seen: dict[int, Ints], rng: np.random.Generator
) -> dict[tuple[int, int], Ints]:
    """Children of one township by grade and year after the base year: (draws, villages)."""
    values = whole["children"].transpose(*TOWN_ORDER).values[:, k]
    grades, years = whole["grade"].values.tolist(), whole["school_year"].values.tolist()
    base = years[0]
    settled: dict[tuple[int, int], Ints] = {}
    for cohort in range(base - grades[-1] - COHORT_LAG, years[-1] - grades[0] - COHORT_LAG + 1):
        share = _share_of(shares, town, base - cohort - 1, len(values), rng)
        counts = np.zeros(share.shape, dtype=np.int64)
        for j, year in enumerate(years):
            grade = year - cohort - COHORT_LAG
            if grade not in grades:
                continue
            size = np.round(values[:, grades.index(grade), j]).astype(np.int64)
            if j == 0 and grade in seen:
                counts = seen[grade].copy()
            counts = shift(counts, size - counts.sum(axis=1), share, rng)
            settled[grade, year] = counts
    return settled


def _share_of(shares: VillageShares, town: str, age: int, draws: int, rng: np.random.Generator) -> Floats:
    return np.ones((draws, 1)) if town == OUTSIDE else shares.draw(town, age, draws, rng)


def _seen_of(
    seen: pd.DataFrame, codes: NDArray[np.str_], whole: xr.Dataset, rng: np.random.Generator
) -> dict[int, Ints]:
    """Pupils observed in the villages, split over the grades of their band by chance: grade → (draws, villages)."""
    mine = seen[seen["village_code"].isin(codes)]
    if mine.empty:
        return {}
    base = whole["children"].isel(school_year=0).sum("township_code").mean("draw").to_series()
    draws = whole.sizes["draw"]
    found: dict[int, Ints] = {}
    for band, rows in mine.groupby("grade_band"):
        pupils = rows.groupby("village_code")["pupils"].sum().reindex(codes).fillna(0.0)
        counts = np.round(pupils.to_numpy(dtype=float)).astype(np.int64)
        grades = [g for g in base.index if str(BAND_OF_GRADE[g]) == band]
        size = base.reindex(grades).to_numpy(dtype=float)
        if not size.sum() > 0:
            continue
        split = rng.multinomial(np.broadcast_to(counts, (draws, len(counts))), size / size.sum())
        found |= {grade: split[:, :, i] for i, grade in enumerate(grades)}
    return found


def _event_villages(before: xr.Dataset, after: xr.Dataset) -> Floats:
    """What events change in each village: (draws, villages, bands, years). [children]."""
    changed, plain = (d["children_village"].transpose(*VILLAGE_ORDER).values for d in (after, before))
    moved: Floats = changed.astype(float) - plain
    return moved


def _add_events(
    settled: dict[tuple[int, int], Ints],
    plain: xr.Dataset,
    whole: xr.Dataset,
    place: tuple[int, Floats],
    rng: np.random.Generator,
) -> None:
    """Add what events bring to a township, in the villages of the events."""
    k, moved = place
    now, then = (d["children"].transpose(*TOWN_ORDER).values[:, k] for d in (whole, plain))
    grades, years = whole["grade"].values.tolist(), whole["school_year"].values.tolist()
    bands = whole["grade_band"].values.tolist()
    for (grade, year), counts in list(settled.items()):
        i, j = grades.index(grade), years.index(year)
        change = np.round(now[:, i, j] - then[:, i, j]).astype(np.int64)
        if j and change.any():
            size = np.abs(moved[:, :, bands.index(str(BAND_OF_GRADE[grade])), j]) + NEAR * (counts + NEAR)
            settled[grade, year] = shift(counts, change, size / size.sum(axis=1, keepdims=True), rng)


def _book(counts: NDArray[np.float32], settled: dict[tuple[int, int], Ints], at: Ints, whole: xr.Dataset) -> None:
    """Add the grades of a township up to bands; the base year stays as it is."""
    years, bands = whole["school_year"].values.tolist(), whole["grade_band"].values.tolist()
    for (grade, year), here in settled.items():
        j = years.index(year)
        if j:
            counts[:, at, bands.index(str(BAND_OF_GRADE[grade])), j] += here


def _means(counts: NDArray[np.float32], after: xr.Dataset, shares: VillageShares) -> Floats:
    """Means of the villages, scaled to the townships' means before rounding: (villages, bands, years). [children]."""
    means: Floats = counts.mean(axis=0, dtype=np.float64)
    homes = after["village_code"].values.astype(str)
    for at, band, goal in _bands(after, "children", shares):
        total = means[at, band].sum(axis=0)
        weight = shares.weight[[shares.villages.index(code) for code in homes[at]]]
        spread = np.where(total > 0, means[at, band] / np.where(total > 0, total, 1.0), weight[:, None])
        means[at, band, 1:] = (spread * goal)[:, 1:]
    return means


def _bands(children: xr.Dataset, name: str, shares: VillageShares) -> Iterator[tuple[Ints, int, Floats]]:
    """Villages of each township, grade band, and the township's mean there by year."""
    mean = children[name].mean("draw", dtype=np.float64).transpose(*TOWN_ORDER[1:]).values
    grades, homes = children["grade"].values.tolist(), children["village_code"].values.astype(str)
    for k, town in enumerate(children["township_code"].values.tolist()):
        if town == OUTSIDE:
            continue
        at = _positions(shares, town, homes)
        for b, band in enumerate(children["grade_band"].values.tolist()):
            mine = [i for i, grade in enumerate(grades) if str(BAND_OF_GRADE[grade]) == band]
            yield at, b, mean[k, mine].sum(axis=0)


def _outside(flows: xr.Dataset, mean: Floats, shares: VillageShares) -> Floats:
    """Mean of the children outside by village: the part the flows give, times one factor a township that keeps its sum."""
    given = flows["outside_village_mean"].transpose(*VILLAGE_ORDER[1:]).values
    stood = flows["children_village"].mean("draw", dtype=np.float64).transpose(*VILLAGE_ORDER[1:]).values
    part = np.divide(given, stood, out=np.zeros_like(given), where=stood > 0)
    outside: Floats = given.copy()
    for at, band, goal in _bands(flows, "outside", shares):
        outside[at, band, 1:] = _filled(mean[at, band, 1:], part[at, band, 1:], goal[1:])
    return outside


def _filled(children: Floats, part: Floats, goal: Floats) -> Floats:
    """``min(1, f · part) · children`` with the factor f of each year that adds up to the goal. (villages, years)."""
    bare = part.sum(axis=0) <= 0
    part = np.where(bare[None, :], 1.0, part)
    low, high = np.zeros(len(goal)), np.full(len(goal), 1 / max(part[part > 0].min(initial=1.0), 1e-6))
    for _ in range(STEPS):
        middle = (low + high) / 2
        short = (np.minimum(1.0, middle * part) * children).sum(axis=0) < goal
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    filled: Floats = np.minimum(1.0, high * part) * children
    return filled
