"""What children already in kindergarten say of the grade 1 that they will enter, beyond their births."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from layout_planner.enrolment.entrants import smooth

Floats = NDArray[np.float64]

STEP: Final = 0.4  # smoothing of a township's shares of the births in kindergarten and in grade 1
SAY_MEAN: Final = 0.5  # prior share of a sign that comes true
SAY_SD: Final = 0.3
SIGN_NOISE: Final = 0.05  # prior sd of a township's grade 1 about what is expected, log scale
SMALLEST: Final = 5.0  # pupils: smaller numbers are no sign
LIMIT: Final = 0.3  # a sign is cut here, log scale
HISTORY: Final = 2  # years of a share before a sign can be read


@dataclass(frozen=True)
class Sign:
    """Log of a kindergarten grade against its births and its own past, by township, and how much of it comes true."""

    sign: Floats
    say: float

    @property
    def factor(self) -> Floats:
        """Factor on the entrants of the cohort. shape (townships,) [-]"""
        moved: Floats = np.exp(self.say * np.nan_to_num(self.sign))
        return moved


def early_sign(kindergarten: Floats, entrants: Floats, births: Floats, lead: int) -> Sign:
    """Read the cohort that enters grade 1 some years ahead from its kindergarten grade of the year of the origin.

    ``x[t] = log(K[t] / B[t + lead])``, ``sign[t] = x[t] − smoothed x[t − 1]``; the same of grade 1,
    ``came[t + lead] = log(E[t + lead] / B[t + lead]) − smoothed to t``. The say is the weighted slope of came on sign over
    the window, with a normal prior; 0 ≤ say ≤ 1. Of both only what sets a township apart from the others is used: where
    all send more children to kindergarten than before, grade 1 does not grow by it.

    Parameters
    ----------
    kindergarten
        Pupils of the grade that is `lead` years below grade 1, shape (townships, years), NaN = not known. [pupils]
    entrants
        Pupils of grade 1, same shape. [pupils]
    births
        Births of the cohort that enters grade 1 in a year, shape (townships, years + lead). [children]
    lead
        Years until that cohort enters. [years]

    Returns
    -------
    Sign
        For the cohort that enters `lead` years after the last one.
    """
    years = entrants.shape[1]
    share = _log_share(kindergarten, births[:, lead : years + lead])
    level = _log_share(entrants, births[:, :years])
    before = np.concatenate([np.full((len(share), 1), np.nan), smooth(share, STEP)[:, :-1]], axis=1)
    sign = _apart(np.clip(share - before, -LIMIT, LIMIT), kindergarten)
    sign[:, :HISTORY] = np.nan
    usual = smooth(level, STEP)
    seen = slice(0, max(years - lead, 0))
    x, came = sign[:, seen], _apart(level[:, lead:] - usual[:, seen], entrants[:, lead:])
    use = np.isfinite(x) & np.isfinite(came)
    usual_size = entrants[np.isfinite(entrants)].sum() / max(np.isfinite(entrants).sum(), 1)
    weight = np.where(use, np.nan_to_num(entrants[:, lead:]), 0.0) / max(usual_size, 1.0)
    x, came = np.where(use, x, 0.0), np.where(use, np.clip(came, -LIMIT, LIMIT), 0.0)
    prior = 1 / SAY_SD**2
    precision = float((weight * x * x).sum()) / SIGN_NOISE**2
    say = (float((weight * x * came).sum()) / SIGN_NOISE**2 + prior * SAY_MEAN) / (precision + prior)
    return Sign(sign[:, -1], float(np.clip(say, 0.0, 1.0)))


def _apart(moved: Floats, pupils: Floats) -> Floats:
    """Less the mean of all townships in a year, weighted by pupils."""
    weight = np.where(np.isfinite(moved), np.nan_to_num(pupils), 0.0)
    mean = (weight * np.nan_to_num(moved)).sum(axis=0) / np.maximum(weight.sum(axis=0), 1.0)
    apart: Floats = moved - mean
    return apart


def _log_share(pupils: Floats, births: Floats) -> Floats:
    enough = np.isfinite(pupils) & np.isfinite(births) & (pupils >= SMALLEST) & (births >= SMALLEST)
    return np.log(np.where(enough, pupils, np.nan)) - np.log(np.where(enough, births, np.nan))
