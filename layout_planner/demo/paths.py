"""How habits change with the years: drift to the county town, use of small schools, leaving and coming back.

One law for the years before the base year and after it: what was uneven stays as uneven, what moved goes on from the
pace it had, and the pace may bend. Numbers of the future come from streams of their own, so that the past does not
depend on them.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from layout_planner.demo.calibration import LAST_YEAR, Calibration, Floats, Ints, stream

FIRST_YEAR: Final = 1994  # first school year that is simulated
YEARS: Final = np.arange(FIRST_YEAR, LAST_YEAR + 1)
HISTORY: Final = 2009  # habits were steady before
BEND_SD: Final = 0.1  # yearly random step of the log of a habit's pace: by a third, up or down, in ten years
RETURN_YEAR: Final = 2020  # families came home in the first year of the epidemic
RETURN_FACTOR: Final = 1.6
RETURN_CHANCE: Final = 1 / 16  # such a year once in the 16 school years that are written [1/year]
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
    rng, ahead = stream(cal.seed, "habits"), stream(cal.seed, "habits ahead")
    towns, n = len(cal.towns), len(YEARS)
    leavers = np.array([t.leavers for t in cal.towns])
    shock = np.exp(rng.normal(0.0, 0.25, (towns, n)) + rng.normal(0.0, 0.15, n))
    back = 0.034 * np.exp(rng.normal(0.0, 0.15, n))
    back[column(np.array([RETURN_YEAR]))] *= RETURN_FACTOR
    back[(ahead.random(n) < RETURN_CHANCE) & (cal.base_year < YEARS)] *= RETURN_FACTOR
    rise, fall = _rise(cal, rng, _pace(cal, ahead)), _fall(cal, rng, _pace(cal, ahead))
    kinder, senior, vocational = (_smooth(cal, _pace(cal, ahead)) for _ in range(3))
    return Habits(
        leave=0.05 * leavers[:, None] * shock,
        back=back,
        rise=rise,
        fall=fall,
        kinder=np.stack([_logistic(kinder, a, b) for a, b in ((0.42, 0.86), (0.62, 0.94), (0.84, 0.985))]),
        senior=_logistic(senior, 0.36, 0.565) * np.exp(rng.normal(0.0, 0.02, n)),
        vocational=_logistic(vocational, 0.24, 0.31) * np.exp(rng.normal(0.0, 0.03, n)),
        stay=np.array([0.0 if i == 0 else 0.02 for i in range(towns)]),
    )


def _pace(cal: Calibration, rng: np.random.Generator) -> Floats:
    """Step of each year after the base year, over the whole way from 2009 to the base year.

    It starts from the mean step before the base year and bends at random, neither slower nor faster in the mean. 0 up to
    the base year. shape (years,) [-]
    """
    left = np.maximum(YEARS - cal.base_year, 0)
    bend = np.cumsum(np.where(left > 0, rng.normal(-(BEND_SD**2) / 2, BEND_SD, len(YEARS)), 0.0))
    return np.where(left > 0, np.exp(bend), 0.0) / (cal.base_year - HISTORY)


def _smooth(cal: Calibration, pace: Floats) -> Floats:
    """Way gone at an even pace: 0 up to 2009, 1 in the base year. shape (years,) [-]"""
    return np.clip((YEARS - HISTORY) / (cal.base_year - HISTORY), 0.0, 1.0) + np.cumsum(pace)


def _uneven(cal: Calibration, steps: Floats, pace: Floats) -> Floats:
    """Way gone in steps as uneven as those given: 0 up to 2009, 1 in the base year. shape (years,) [-]"""
    past = (YEARS > HISTORY) & (cal.base_year >= YEARS)
    gone = np.where(past, steps, 0.0)
    return np.asarray(np.cumsum(gone) / gone.sum() + np.cumsum(steps / steps[past].mean() * pace))


def _logistic(way: Floats, low: float, high: float) -> Floats:
    """Straight on the logit scale along the way gone: `low` at 0, `high` at 1. [-]"""
    a, b = np.log(low / (1 - low)), np.log(high / (1 - high))
    return np.asarray(1 / (1 + np.exp(-(a + (b - a) * way))))


def _rise(cal: Calibration, rng: np.random.Generator, pace: Floats) -> Floats:
    """Grow from about half in 2009 to 1 in the base year by uneven steps, and on by steps of the same law; never falls."""
    before = np.where(YEARS <= HISTORY, 0.93 ** (HISTORY - YEARS), 1.0)
    path = np.empty((len(cal.towns), len(YEARS)))
    for i in range(len(cal.towns)):
        low = rng.uniform(0.38, 0.55)
        path[i] = low * before + (1 - low) * _uneven(cal, rng.gamma(6.0, 1.0, len(YEARS)), pace)
        rng.gamma(4.0, 0.25, len(YEARS))  # not used: keeps the past of every seed as it was
    return path


def _fall(cal: Calibration, rng: np.random.Generator, pace: Floats) -> Floats:
    """From 0 in 2009 to 1 in the base year by uneven steps, and on by steps of the same law; never falls back."""
    return np.array([_uneven(cal, steps, pace) for steps in rng.gamma(5.0, 1.0, (len(cal.towns), len(YEARS)))])
