"""Dated events that move children (新建小区、易地搬迁、返乡、停办): how many, of which cohorts, in which school years."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from layout_planner.enrolment.cohorts import AUTUMN, cohort_of
from layout_planner.errors import DataError
from layout_planner.terms import GRADES

Singles = NDArray[np.float32]
Floats = NDArray[np.float64]

_TENTH: Final = float(norm.ppf(0.9))  # standard normal deviate of P90


@dataclass(frozen=True)
class Event:
    """One event: where, from which school year, how many children of which ages.

    Parameters
    ----------
    event_id, kind
        Number and kind, as in the table.
    township, village
        Where the children come to or leave; village None where the table has none.
    first_year
        School year of the first 1 September on or after the date. [year]
    size, low, high
        Children, signed; P10 and P90 of the size, NaN where the table says none. [children]
    ages
        Ages on that 1 September. [years of age]
    """

    event_id: str
    kind: str
    township: str
    village: str | None
    first_year: int
    size: float
    low: float
    high: float
    ages: range

    def cohorts_in(self, grades: Sequence[int], year: int) -> list[int]:
        """Cohorts of the event that sit in some grades in a school year. [year]."""
        mine = {self.first_year - age - 1 for age in self.ages}
        return [c for c in (cohort_of(year, grade) for grade in grades) if c in mine and year >= self.first_year]


def parse_events(events: pd.DataFrame) -> list[Event]:
    """Arrange the table ``events``.

    Parameters
    ----------
    events
        event_id, date, township_code, event_kind, size, age_low, age_high; where known village_code, size_low,
        size_high. [children]

    Returns
    -------
    list
        By number of the event, so that the order of the file moves no result.

    Raises
    ------
    DataError
        ``event_range`` if the size is not between its bounds or only one of them is given.
    """
    table = events.reindex(columns=[*events.columns, *({"village_code", "size_low", "size_high"} - {*events.columns})])
    return [_event(row) for _, row in table.sort_values("event_id").iterrows()]


def first_school_year(date: pd.Timestamp) -> int:
    """School year of the first 1 September on or after a date. [year]."""
    return int(date.year) + int((date.month, date.day) > (AUTUMN, 1))


def cohort_sizes(event: Event, draws: int, rng: np.random.Generator) -> Singles:
    """Children of one age in every draw: the size, spread evenly over the ages. shape (draws,) [children].

    The size is a two-piece normal with the given P10 and P90 around it; it never changes sign. Without bounds it is
    certain.
    """
    size = np.full(draws, event.size)
    if np.isfinite(event.low) and np.isfinite(event.high):
        z = rng.standard_normal(draws) / _TENTH
        size = event.size + np.where(z < 0, (event.size - event.low) * z, (event.high - event.size) * z)
        size = np.maximum(size, 0.0) if event.size > 0 else np.minimum(size, 0.0)
    return np.asarray(size / len(event.ages), dtype=np.float32)


def event_children(event: Event, years: Sequence[int], draws: int, rng: np.random.Generator) -> dict[int, Singles]:
    """Children of an event by grade, advancing with their cohorts.

    A child aged a on 1 September of the first year is of cohort ``first_year − a − 1`` and sits in grade
    ``year − cohort − 6``; younger ones come to kindergarten later, those past grade 12 are no pupils any more.

    Parameters
    ----------
    event
        The event.
    years
        School years of the forecast. [year]
    draws
        Number of draws.
    rng
        Source of randomness of the size.

    Returns
    -------
    dict
        Grade → signed children, shape (draws, years). [children]
    """
    one = cohort_sizes(event, draws, rng)
    table = {}
    for grade in GRADES:
        here = [bool(event.cohorts_in([grade], year)) for year in years]
        if any(here):
            table[grade] = one[:, None] * np.array(here, dtype=np.float32)[None, :]
    return table


def _event(row: pd.Series) -> Event:
    size, low, high = (float(row[c]) if pd.notna(row[c]) else np.nan for c in ("size", "size_low", "size_high"))
    if np.isfinite(low) != np.isfinite(high) or (np.isfinite(low) and not low <= size <= high):
        bounds = {"low": f"{low:g}".replace("nan", "?"), "high": f"{high:g}".replace("nan", "?")}
        raise DataError("event_range", event=row["event_id"], found=f"{size:g}", **bounds)
    return Event(
        event_id=str(row["event_id"]),
        kind=str(row["event_kind"]),
        township=str(row["township_code"]),
        village=str(row["village_code"]) if pd.notna(row["village_code"]) and str(row["village_code"]) else None,
        first_year=first_school_year(pd.Timestamp(row["date"])),
        size=size,
        low=low,
        high=high,
        ages=range(int(row["age_low"]), int(row["age_high"]) + 1),
    )
