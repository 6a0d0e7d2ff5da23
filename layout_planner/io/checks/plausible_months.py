"""Round 3: births by month, beside the other months and years of the same township."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from layout_planner.errors import Both, Problem
from layout_planner.io.checks.chance import MAD, Floats, root
from layout_planner.io.checks.model import Context, at_rows

MONTHS = 12
_PRIOR = 120.0  # births spread evenly over the months that a profile starts from: ten a month
_COUNTED = 3.0  # births expected from which the square root of a count strays by one
_ENOUGH = 60  # months that tell how far the county's months stray
_OWN = 0.5  # exponent of alpha for the other months of the same year alone: they have to disagree too


@dataclass(frozen=True)
class Calendar:
    """Births by township, year and month, NaN where no row is; the whole of years told by one row; rows of the file."""

    towns: list[str]
    years: list[int]
    births: Floats
    whole: Floats
    rows: Floats


def calendar_of(ctx: Context) -> Calendar:
    """Lay the births out by township, year and month."""
    table = ctx.tables["births"]
    if ctx.settings is not None:
        table = table[table["year"] <= ctx.base_year + 1]
    towns, t = np.unique(table["township_code"].to_numpy(dtype=str), return_inverse=True)
    first, last = (int(f(table["year"])) for f in (min, max)) if len(table) else (0, -1)
    shape = (len(towns), last - first + 1)
    births, rows = np.full((*shape, MONTHS), np.nan), np.full((*shape, MONTHS), np.nan)
    whole = np.full(shape, np.nan)
    month = table["month"].fillna(0).to_numpy(dtype=int)
    y, by_month = table["year"].to_numpy() - first, month > 0
    at = (t[by_month], y[by_month], month[by_month] - 1)
    births[at], rows[at] = table["births"][by_month], table["_row"][by_month]
    whole[t[~by_month], y[~by_month]] = table["births"][~by_month]
    return Calendar([str(code) for code in towns], list(range(first, last + 1)), births, whole, rows)


def profile(births: Floats) -> Floats:
    """Share of each month in a year, from all complete years but those of the same township and year. [-]"""
    known = np.where(np.isfinite(births).all(axis=2, keepdims=True), births, 0.0)
    rest = known.sum(axis=(0, 1)) - known + _PRIOR / MONTHS
    return np.asarray(rest / rest.sum(axis=2, keepdims=True))


def level(calendar: Calendar, share: Floats) -> tuple[Floats, Floats]:
    """Births that stand beside each month, and how much of a year they are.

    The other months of the same year, and the year before and the year after.

    Returns
    -------
    tuple
        Births of the other months of the year, of the years before and after [children]; NaN counts as nothing. Their
        shares of a year. [year]
    """
    known = np.isfinite(calendar.births)
    count, part = np.where(known, calendar.births, 0.0), np.where(known, share, 0.0)
    year_count = np.where(known.any(axis=2), count.sum(axis=2), np.nan_to_num(calendar.whole))
    year_part = np.where(known.any(axis=2), part.sum(axis=2), np.isfinite(calendar.whole).astype(float))
    beside_count, beside_part = np.zeros_like(year_count), np.zeros_like(year_part)
    for total, into in ((year_count, beside_count), (year_part, beside_part)):
        into[:, 1:] += total[:, :-1]
        into[:, :-1] += total[:, 1:]
    own = np.stack([count.sum(axis=2, keepdims=True) - count, np.broadcast_to(beside_count[..., None], count.shape)])
    parts = np.stack([part.sum(axis=2, keepdims=True) - part, np.broadcast_to(beside_part[..., None], part.shape)])
    return own, parts


def chances(count: Floats, mean: Floats, spread: Floats) -> tuple[Floats, Floats]:
    """Probability of at least, and of at most, so many births: negative binomial of a mean and a ratio of variance.

    Parameters
    ----------
    count, mean
        What was counted and what is expected. [children]
    spread
        Variance divided by the mean, above 1. [-]

    Returns
    -------
    tuple of array
        Upper and lower tail. [-]
    """
    spread = np.maximum(spread, 1.0 + 1e-6)
    size, p = mean / (spread - 1.0), 1.0 / spread
    x = np.maximum(count, 0.0)
    above = np.where(x > 0, special.betainc(np.maximum(x, 1e-9), np.maximum(size, 1e-9), 1.0 - p), 1.0)
    below = special.betainc(np.maximum(size, 1e-9), x + 1.0, p)
    return np.asarray(above), np.asarray(below)


def months(ctx: Context) -> list[Problem]:
    """A month's births are possible beside the other months of the year and the years before and after.

    Both have to exclude it: all of them together (`check_alpha`), and the other months of its year alone (the square
    root of it). The variance is that of counts, widened by the uncertainty of what stands beside them and by the spread
    of the county's own months; a month too low has to be `check_magnitude` times too low.
    """
    calendar = calendar_of(ctx)
    x, share, alpha = calendar.births, profile(calendar.births), ctx.values["check_alpha"]
    counts, parts = level(calendar, share)
    together, years = counts.sum(axis=0), parts.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, own_mean = share * together / years, share * counts[0] / parts[0]
        usual = _usual(x, mean)
        above, below = chances(x, np.maximum(mean, share / years), usual + share / years)
        own_above, own_below = chances(x, np.maximum(own_mean, share / parts[0]), usual + share / parts[0])
    known = np.isfinite(x) & (parts[0] > 0)
    high = (above < alpha) & (own_above < alpha**_OWN)
    low = (below < alpha) & (own_below < alpha**_OWN) & (x * ctx.values["check_magnitude"] <= mean)
    town, year, month = np.nonzero(known & (high | low))
    rows = pd.DataFrame({"_row": calendar.rows[town, year, month].astype(int)})
    found = [_said(calendar.years[y], int(m) + 1, x[t, y, m]) for t, y, m in zip(town, year, month, strict=True)]
    allowed = [f"{value:.3g}" for value in mean[town, year, month]]
    return at_rows("births_month", ("births", "births"), rows, found, allowed=allowed, severity="warning")


def _usual(births: Floats, mean: Floats) -> float:
    """Ratio of the variance of the county's months to that of counts, robust; 1 where there are too few to tell. [-]"""
    off = np.abs(root(births) - root(mean))[mean >= _COUNTED]
    return 1.0 if np.isfinite(off).sum() < _ENOUGH else max(1.0, (MAD * float(np.nanmedian(off))) ** 2)


def _said(year: int, month: int, count: float) -> Both:
    return Both(f"{year} 年 {month} 月 {count:g}", f"{count:g} in {year}-{month:02d}")


def odd_years(ctx: Context) -> set[tuple[str, int]]:
    """Townships and years of which a month is told: nothing else is held against their sum."""
    rows = {p.row for p in ctx.once("months", months)}
    births = ctx.tables["births"]
    births = births[births["_row"].isin(rows)]
    return set(zip(births["township_code"], births["year"], strict=True))
