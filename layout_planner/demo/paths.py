"""How habits change with the years: drift to the county town, use of small schools, leaving and coming back."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from layout_planner.demo.calibration import LAST_YEAR, Calibration, Floats, Ints, stream

FIRST_YEAR: Final = 1994  # first school year that is simulated
YEARS: Final = np.arange(FIRST_YEAR, LAST_YEAR + 1)
HISTORY: Final = 2009  # habits were steady before
DRIFT_SHAPE: Final = np.array([0.55] * 3 + [0.94] * 3 + [1.06] * 9)  # 小班 … 高三, against the town's mean


@dataclass(frozen=True)
class Habits:
    """Probabilities by year; rows are towns or schools, columns the years of `YEARS`."""

    leave: Floats  # a child in the county leaves it, by town [1/year]
    back: Floats  # a child outside comes back [1/year]
    rise: Floats  # drift in a year over drift in the base year, by town [-]
    fall: Floats  # 0 where the small school is used as of old, 1 as in the base year, by town [-]
    kinder: Floats  # share in kindergarten by grade −2, −1, 0 [-]
    senior: Floats  # share of junior leavers in the senior school [-]
    vocational: Floats  # share of junior leavers in the vocational school [-]
    stay: Floats  # share of rural junior pupils who do not stay in their town, by town [-]


def column(year: Ints) -> Ints:
    """Position of a school year in `YEARS`, clipped to its ends."""
    return np.clip(year - FIRST_YEAR, 0, len(YEARS) - 1)


def make_habits(cal: Calibration) -> Habits:
    """Draw the county's habits, uneven from year to year.

    Parameters
    ----------
    cal
        Facts of the county.

    Returns
    -------
    Habits
        One path a habit, from the burn-in to the end of the future.
    """
    rng = stream(cal.seed, "habits")
    towns, n = len(cal.towns), len(YEARS)
    leavers = np.array([t.leavers for t in cal.towns])
    shock = np.exp(rng.normal(0.0, 0.25, (towns, n)) + rng.normal(0.0, 0.15, n))
    back = 0.034 * np.exp(rng.normal(0.0, 0.15, n))
    back[column(np.array([2020]))] *= 1.6  # families came home in the first year of the epidemic
    return Habits(
        leave=0.05 * leavers[:, None] * shock,
        back=back,
        rise=_rise(cal, rng, towns),
        fall=_fall(cal, rng, towns),
        kinder=np.stack([_logistic(2009, 2024, a, b) for a, b in ((0.42, 0.86), (0.62, 0.94), (0.84, 0.985))]),
        senior=_logistic(2009, 2024, 0.36, 0.565) * np.exp(rng.normal(0.0, 0.02, n)),
        vocational=_logistic(2009, 2024, 0.24, 0.31) * np.exp(rng.normal(0.0, 0.03, n)),
        stay=np.array([0.0 if i == 0 else 0.02 for i in range(towns)]),
    )


def _logistic(first: int, last: int, low: float, high: float) -> Floats:
    """Straight on the logit scale between two years, level before, slowing after."""
    t = (YEARS - first) / (last - first)
    t = np.where(t > 1, 1 + 0.35 * (1 - np.exp(-(t - 1))), np.clip(t, 0, None))
    a, b = np.log(low / (1 - low)), np.log(high / (1 - high))
    return np.asarray(1 / (1 + np.exp(-(a + (b - a) * t))))


def _rise(cal: Calibration, rng: np.random.Generator, towns: int) -> Floats:
    """Grow from about half in 2009 to 1 in the base year by uneven steps, then slow down; never falls."""
    before = np.where(YEARS <= HISTORY, 0.93 ** (HISTORY - YEARS), 1.0)
    path = np.empty((towns, len(YEARS)))
    past = cal.base_year >= YEARS
    for i in range(towns):
        low = rng.uniform(0.38, 0.55)
        grow = (YEARS > HISTORY) & past
        steps = np.where(grow, rng.gamma(6.0, 1.0, len(YEARS)), 0.0)
        up = low * before + (1 - low) * np.cumsum(steps) / steps.sum()
        ahead = rng.gamma(4.0, 0.25, len(YEARS)) * 0.014 * 0.94 ** (YEARS - cal.base_year)
        path[i] = np.where(past, up, 1 + np.cumsum(np.where(past, 0.0, ahead)))
    return path


def _fall(cal: Calibration, rng: np.random.Generator, towns: int) -> Floats:
    """From 0 in 2009 to 1 in the base year by uneven steps, a little beyond afterwards; never falls back."""
    past = cal.base_year >= YEARS
    steps = np.where((YEARS > HISTORY) & past, rng.gamma(5.0, 1.0, (towns, len(YEARS))), 0.0)
    path = np.cumsum(steps, axis=1) / steps.sum(axis=1, keepdims=True)
    ahead = np.where(past, 0.0, 0.018 * (YEARS - cal.base_year) * 0.97 ** (YEARS - cal.base_year))
    return np.asarray(path + ahead)
