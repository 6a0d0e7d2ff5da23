"""Pairs of numbers as offices write them: degrees or degrees–minutes–seconds, metres, in the wrong order or column.

Nothing is corrected silently: a pair in the wrong order is told and left out, and the planner mends it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layout_planner.contracts.rows import clean
from layout_planner.errors import Problem
from layout_planner.io.datum import Floats
from layout_planner.io.settings import Declared

COLUMNS = ("lon", "lat", "easting", "northing")
METRES = "projected"
PAIR = "lon, lat"  # what the messages call a pair
LON = (73.0, 136.0)  # China, with its seas [degree]
LAT = (3.0, 54.0)
_MARKS = r"[°º˚度]"
_DMS = re.compile(
    rf"^(?:东经|北纬|[EN])?\s*(\d{{1,3}}(?:\.\d+)?)\s*{_MARKS}\s*"
    r"(?:(\d{1,2}(?:\.\d+)?)\s*['′’‘分]\s*(?:(\d{1,2}(?:\.\d+)?)\s*(?:[\"″”“秒]|''|′′|’’)\s*)?)?(?:[EN])?$",
    re.IGNORECASE,
)
_DEGREES_END = 180.0  # a larger number is no longitude
_NORTHING = (1e6, 6e6)  # metres from the equator, in China; an easting is below or above
_EASTING = (1e5, 9e5)  # without the number of the zone [m]
_ZONED = 1.3e7  # from here an easting begins with the number of its zone [m]


def degrees(value: object) -> object:
    """Turn degrees, minutes and seconds (99°48′54″, 东经99度48分54秒) into degrees; anything else stays as it is."""
    text = clean(value)
    if not isinstance(text, str) or not (match := _DMS.match(text)):
        return value
    whole, minutes, seconds = (float(part or 0) for part in match.groups())
    return whole + minutes / 60 + seconds / 3600 if minutes < 60 and seconds < 60 else value


def faults(x: Floats, y: Floats, *, metres: bool) -> pd.Series:
    """Name what is wrong with each pair; an empty text where nothing is.

    Parameters
    ----------
    x, y
        Longitude and latitude [degree], or easting and northing [m]; NaN where missing.
    metres
        Whether the pairs are declared as projected.

    Returns
    -------
    Series of str
        ``coordinates_swapped`` (latitude before longitude, northing before easting), ``coordinates_projected`` (metres
        where degrees are declared), ``coordinates_degrees`` (the other way round) or an empty text.
    """
    size = np.fmax(np.abs(x), np.abs(y))
    if metres:
        swapped = _within(x, _NORTHING) & (_within(y, _EASTING) | (y >= _ZONED))
        other, code = size <= _DEGREES_END, "coordinates_degrees"
    else:
        swapped = _within(x, LAT) & _within(y, LON)
        other, code = size > 10 * _DEGREES_END, "coordinates_projected"
    found = np.select([swapped, other], ["coordinates_swapped", code], default="")
    return pd.Series(found, dtype=object)


def told(found: pd.Series, rows: Sequence[int], pairs: tuple[Floats, Floats], *, file: str) -> list[Problem]:
    """Make one problem a faulty pair."""
    return [
        Problem("error", str(found.iloc[i]), file, rows[int(i)], PAIR, f"{pairs[0][i]:.10g}, {pairs[1][i]:.10g}")
        for i in np.flatnonzero(found != "")
    ]


def tidy_pairs(
    columns: Mapping[str, Sequence[Any]], rows: Sequence[int], declared: Declared, *, file: str
) -> tuple[dict[str, list[Any]], list[Problem]]:
    """Read the pairs of a table before its cells are checked: DMS to degrees, faulty pairs told and left out.

    Parameters
    ----------
    columns
        Raw cells by column, any of lon, lat, easting, northing, crs_source among them.
    rows
        Number of every row in its file.
    declared
        What a row without ``crs_source`` is.
    file
        Name of the file in county.toml and in the messages.

    Returns
    -------
    tuple
        The columns of pairs that are there, to take the place of the raw ones, and the problems.
    """
    tidy = {c: [degrees(cell) for cell in columns[c]] for c in ("lon", "lat") if c in columns}
    tidy |= {c: list(columns[c]) for c in ("easting", "northing") if c in columns}
    lon, lat, east, north = (_numbers(tidy.get(c), len(rows)) for c in COLUMNS)
    default = METRES if isinstance(system := declared.system_of(file), int) else system
    sources = columns.get("crs_source", [None] * len(rows))
    metric = np.array([(clean(cell) or default) == METRES for cell in sources], dtype=bool)
    in_degrees = faults(lon, lat, metres=False)
    in_metres = faults(np.where(metric, east, np.nan), np.where(metric, north, np.nan), metres=True)
    in_metres = in_metres.where(in_degrees == "", "")
    problems = told(in_degrees, rows, (lon, lat), file=file) + told(in_metres, rows, (east, north), file=file)
    left_out = ((in_degrees != "") | (in_metres != "")).to_numpy()
    return {
        c: [None if out else v for v, out in zip(cells, left_out, strict=True)] for c, cells in tidy.items()
    }, problems


def _numbers(cells: Sequence[Any] | None, count: int) -> Floats:
    cleaned = pd.Series([None] * count if cells is None else [clean(cell) for cell in cells], dtype=object)
    return np.asarray(pd.to_numeric(cleaned, errors="coerce"), dtype=float)


def _within(values: Floats, bounds: tuple[float, float]) -> NDArray[np.bool_]:
    return np.asarray((values >= bounds[0]) & (values <= bounds[1]))
