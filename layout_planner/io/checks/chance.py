"""How far small numbers can stray by chance, and robust lines through the rest.

No limit stands here: every bound is a probability or a number of standard deviations that `policy/parameters/checks.toml`
sets with its reason.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
MAD = 1.4826  # from the median absolute deviation to a standard deviation, for normal noise
_NEAREST = 6  # years of the robust line
_LINE_SD = 1.4  # a line through six points, one step beyond its end, is that much less certain than one count


def root(counts: Any) -> Floats:
    """Square-root scale on which a count strays by about one standard deviation whatever its size (Anscombe)."""
    return np.asarray(2.0 * np.sqrt(np.asarray(counts, dtype=float) + 0.375))


def tail(hits: Any, trials: Any, share: Any) -> Floats:
    """Bound the probability of at least so many hits (Chernoff); 1 where there are no more than expected.

    Parameters
    ----------
    hits, trials
        Hits observed, of how many. [count]
    share
        Probability of one hit. [-]

    Returns
    -------
    array
        Upper bound of the probability. [-]
    """
    n = np.asarray(trials, dtype=float)
    a = np.asarray(hits, dtype=float) / np.maximum(n, 1.0)
    p = np.clip(np.asarray(share, dtype=float), 1e-12, 1.0)
    distance = special.rel_entr(a, p) + special.rel_entr(1.0 - a, np.maximum(1.0 - p, 1e-12))
    return np.asarray(np.where(a > p, np.exp(-n * distance), 1.0))


def poisson_above(count: Any, mean: Any) -> Floats:
    """Probability that a Poisson count is at least so large. [-]"""
    count = np.asarray(count, dtype=float)
    return np.asarray(
        np.where(count <= 0, 1.0, special.gammainc(np.maximum(count, 1.0), np.asarray(mean, dtype=float)))
    )


def equal_chance(mean: Any) -> Floats:
    """Probability that two independent counts of the same mean are equal. [-]"""
    return np.asarray(special.ive(0, 2.0 * np.asarray(mean, dtype=float)))


def astray(counts: Any, years: Any) -> tuple[Floats, Floats]:
    """Set every year of a series beside the robust line through its nearest other years.

    Theil–Sen on the square-root scale through the six nearest years; the spread is the median absolute residual of
    the series, at least the noise of counts.

    Parameters
    ----------
    counts
        The series. [count]
    years
        Its years. [year]

    Returns
    -------
    tuple
        Standard deviations from the line, and the count that the line expects; NaN with fewer than four other years.
    """
    y, x = root(counts), np.asarray(years, dtype=float)
    fitted = np.full(len(y), np.nan)
    for at in range(len(y)):
        near = np.argsort(np.abs(x - x[at]), kind="stable")[1 : _NEAREST + 1]
        if len(near) >= _NEAREST - 2:
            i, j = np.triu_indices(len(near), 1)
            slope = np.median((y[near][j] - y[near][i]) / (x[near][j] - x[near][i]))
            fitted[at] = np.median(y[near] - slope * (x[near] - x[at]))
    rest = y - fitted
    spread = max(MAD * float(np.nanmedian(np.abs(rest))), _LINE_SD) if np.isfinite(rest).any() else np.nan
    return rest / spread, np.maximum((fitted / 2.0) ** 2 - 0.375, 0.0)
