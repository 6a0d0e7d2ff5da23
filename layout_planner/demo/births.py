"""Children: who is born where and when, who leaves before school, and the numbers that decide each child's way."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from layout_planner.demo.calibration import BASIS, LAST_YEAR, Bools, Calibration, Floats, Ints, share_out, stream

MONTHLY_FROM: Final = 2015  # births are registered by month from this year; before, by year
MONTH_SHAPE: Final = (1.04, 0.95, 0.95, 0.93, 0.95, 0.96, 1.0, 1.03, 1.05, 1.1, 1.03, 1.01)
DISPERSION: Final = 400.0  # negative binomial, town by town: between Poisson and the noise of a county register
GROWTH_BLOCK: Final = 4  # years of past growth that stay together in the future: birth policies last a few years
WAYS: Final = ("drift", "local", "zone", "kinder", "junior", "senior", "board", "urban")
GRADES: Final = 15  # 小班 … 高三


@dataclass(frozen=True)
class Children:
    """One row a child, ordered by year of birth."""

    village: Ints  # row of the villages table
    town: Ints
    year: Ints
    month: Ints
    entry: Ints  # school year of grade 1
    female: Bools
    leaver: Bools  # leaves the county with the family before school
    lost: Bools  # dies or is never enrolled
    ways: dict[str, Floats]  # one number a child and choice, kept for life
    moves: Floats  # one number a child and grade


def expected_births(cal: Calibration) -> tuple[Ints, Floats]:
    """Lay out expected net births by town and year; the years after the base year follow the simulation's own path.

    The county grows after the base year by what it grew in stretches of years before it, drawn at random.

    Parameters
    ----------
    cal
        Facts of the county.

    Returns
    -------
    tuple
        Years, and births of shape (towns, years). [children]
    """
    past = np.array([t.births for t in cal.towns])
    years = np.arange(cal.first_birth_year, LAST_YEAR + 1)
    ahead = len(years) - past.shape[1]
    rng = stream(cal.seed, "births ahead")
    county = np.cumsum(_growth_ahead(np.diff(np.log(past.sum(axis=0))), ahead, rng))
    trend = np.log(past[:, -1] / past[:, -8]) / 7
    trend = 0.5 * (trend - np.log(past[:, -1].sum() / past[:, -8].sum()) / 7)
    wander = np.cumsum(rng.normal(0.0, 0.02, (len(past), ahead)), axis=1)
    path = np.exp(trend[:, None] * np.arange(1, ahead + 1) * 0.8 + wander) * past[:, -1:]
    path *= past[:, -1].sum() * np.exp(county) / path.sum(axis=0)
    return years, np.concatenate([past, path], axis=1)


def _growth_ahead(past: Floats, ahead: int, rng: np.random.Generator) -> Floats:
    """Yearly growth of births ahead: blocks of the years before the base year, in random order.

    The future is as uneven as the past, with the same runs of falling years, and differs between seeds as one stretch
    of the past does from another. shape (ahead,) [log children / year]
    """
    first = rng.integers(0, len(past), -(-ahead // GROWTH_BLOCK))
    picked = (first[:, None] + np.arange(GROWTH_BLOCK)) % len(past)
    return np.asarray(past[picked.ravel()[:ahead]])


def draw_children(cal: Calibration, villages: pd.DataFrame, *, last_year: int) -> Children:
    """Draw every child born up to `last_year`.

    The staying births of a county-year add up to the expected total; leavers come on top, so that
    registered births are the expected ones divided by one less the simulated share of leavers.

    Parameters
    ----------
    cal
        Facts of the county.
    villages
        Table of `make_villages`.
    last_year
        Last year of birth. [year]

    Returns
    -------
    Children
        All children; a year's children do not depend on the years after it.
    """
    years, expected = expected_births(cal)
    cohorts = [_draw_year(cal, villages, int(y), expected[:, i]) for i, y in enumerate(years) if y <= last_year]
    return Children(
        **{
            name: np.concatenate([c[name] for c in cohorts])
            for name in ("village", "town", "year", "month", "entry", "female", "leaver", "lost", "moves")
        },
        ways={way: np.concatenate([c[way] for c in cohorts]) for way in WAYS},
    )


def _draw_year(cal: Calibration, villages: pd.DataFrame, year: int, expected: Floats) -> dict[str, np.ndarray]:
    rng = stream(cal.seed, "births", year)
    drawn = rng.poisson(expected * rng.gamma(DISPERSION, 1 / DISPERSION, len(expected))) + 1e-9
    stay = share_out(round(expected.sum()), np.asarray(drawn, dtype=float))
    leave_share = np.array([t.leavers for t in cal.towns])
    leave = rng.poisson(stay * leave_share / (1 - leave_share))
    counts = np.concatenate([stay, leave])
    n = int(counts.sum())
    town = np.repeat(np.tile(np.arange(len(expected)), 2), counts)
    month = 1 + rng.choice(12, n, p=np.array(MONTH_SHAPE) / sum(MONTH_SHAPE))
    late = rng.random(n) < 0.012
    first_school_year = np.where(month >= 9, year + 7, year + 6)
    ways = {way: rng.random(n) for way in WAYS}
    return {
        "village": _pick_village(villages, town, rng.random(n)),
        "town": town,
        "year": np.full(n, year),
        "month": month,
        "entry": first_school_year + late,
        "female": rng.random(n) > 0.517,
        "leaver": np.arange(n) >= stay.sum(),
        "lost": rng.random(n) < 0.013,
        "moves": rng.random((n, GRADES)),
    } | ways


def _pick_village(villages: pd.DataFrame, town: Ints, u: Floats) -> Ints:
    """Village of each child, by the villages' weights within the town."""
    weight = villages.groupby("town")["weight"].transform(lambda w: w / w.sum()).to_numpy()
    ends = np.cumsum(weight) - 1e-9
    found = np.searchsorted(ends, town + u)
    return np.minimum(found, len(villages) - 1)


def registered_births(cal: Calibration, children: Children) -> pd.DataFrame:
    """Births as a county registers them: by month for the last ten years, by year before.

    Parameters
    ----------
    cal
        Facts of the county.
    children
        All children, leavers included.

    Returns
    -------
    DataFrame
        Columns of ``births.csv``; month is missing in yearly rows. [children]
    """
    years = np.arange(cal.written_birth_year, cal.base_year + 1)
    span = np.zeros((len(cal.towns), len(years), 12), dtype=np.int64)
    keep = (children.year >= years[0]) & (children.year <= years[-1])
    np.add.at(span, (children.town[keep], children.year[keep] - years[0], children.month[keep] - 1), 1)
    rows = []
    for i, town in enumerate(cal.towns):
        for j, year in enumerate(years.tolist()):
            if year < MONTHLY_FROM:
                rows.append((town.code, year, pd.NA, int(span[i, j].sum())))
            else:
                rows.extend((town.code, year, m + 1, int(span[i, j, m])) for m in range(12))
    table = pd.DataFrame(rows, columns=["township_code", "year", "month", "births"]).astype({"month": "Int64"})
    return table.assign(source=BASIS, synthetic=True, basis=BASIS)
