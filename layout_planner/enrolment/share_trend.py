"""Share of a cohort that goes on into a new stage: a trend that ends at 1, straight or bending, with its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import norm

from layout_planner.enrolment.births_trend import DAMPINGS, Trend, TrendPrior, draw_series, fit_series

Floats = NDArray[np.float64]

ROOM: Final = 0.97  # a share above has no room to rise and is no share that could fall for long: a level is enough
FEWEST: Final = 3  # transitions behind a trend
LOWEST: Final = 0.02  # the share is kept as far from 0 and 1 where the logit is taken
LEVEL_STEP: Final = 0.3  # best level step before the data: of a year's surprise a third stays
NOISE_SD: Final = 0.02  # prior sd of a year's surprise, beside the chance of counting [-]
SLOPE_SD: Final = 0.02  # prior sd of the yearly change before the first year [1/year]
STEADY_DAMPINGS: Final = (*DAMPINGS, 1.0)
STEADY_ODDS: Final = (
    *(0.5 / len(DAMPINGS),) * len(DAMPINGS),
    0.5,
)  # even odds that the trend does not fade: 1 stops it
PROBIT: Final = np.pi / 8  # E logistic(x), x normal, by the normal integral of the same slope


@dataclass(frozen=True)
class ShareTrend:
    """Posterior of a share: straight on the scale of the share up to 1, or on the logit scale, with the odds of both.

    Parameters
    ----------
    straight, bending
        Trends of the share and of its logit.
    odds
        Posterior probability of the straight one. [-]
    """

    straight: Trend
    bending: Trend
    odds: float

    def mean(self, horizon: int) -> Floats:
        """Mean share of the years ahead, shape (horizon,). [-]."""
        at, sd = moments(self.straight, horizon)
        over = (at - 1) / sd
        capped = at - (at - 1) * norm.cdf(over) - sd * norm.pdf(over)
        centre, spread = moments(self.bending, horizon)
        bent = expit(centre / np.sqrt(1 + PROBIT * spread**2))
        mean: Floats = self.odds * self.straight.weight @ capped + (1 - self.odds) * self.bending.weight @ bent
        return mean

    def draw(self, horizon: int, draws: int, rng: np.random.Generator) -> Floats:
        """Draw the share of the years ahead: scale, parameters, state and surprises. shape (horizon, draws) [-]"""
        capped = np.clip(draw_series(self.straight, horizon, draws, rng), 0.0, 1.0)
        bent = expit(draw_series(self.bending, horizon, draws, rng))
        return np.where(rng.random((draws, 1)) < self.odds, capped, bent).T


def share_trend(came: Floats, could: Floats) -> ShareTrend | None:
    """Posterior of the share that goes on, where it is one that can move: else None.

    A share that rises by so many points a year does so until all go on; or it rises ever more slowly (straight on the logit
    scale), as a share does that nears saturation. Both are fitted with a damping that may be none; the window says by the
    density of its own years which of the two the share follows, from even odds.

    Parameters
    ----------
    came, could
        Pupils by transition, oldest first. shape (transitions,) [pupils]

    Returns
    -------
    ShareTrend or None
        None under `FEWEST` transitions, and where the last three together are over `ROOM`.

    References
    ----------
    .. [1] A. C. Harvey, "Time series forecasting based on the logistic curve", J. Oper. Res. Soc. 35(7), 1984, pp. 641–646
    .. [2] R. J. Hyndman, A. B. Koehler, J. K. Ord, R. D. Snyder, "Forecasting with Exponential Smoothing", Springer, 2008
    """
    known = could > 0
    came, could = came[known], could[known]
    if len(came) < FEWEST or came[-FEWEST:].sum() > ROOM * could[-FEWEST:].sum():
        return None
    share = np.clip(came / could, LOWEST, 1 - LOWEST)
    middle = float((share * (1 - share)).mean())
    noise = float(np.hypot(NOISE_SD, np.sqrt(middle / could.mean())))
    fitted = [
        fit_series(series, TrendPrior(LEVEL_STEP, noise / unit, SLOPE_SD / unit, STEADY_DAMPINGS, STEADY_ODDS))
        for series, unit in ((came / could, 1.0), (logit(share), middle))
    ]
    stretch = float(np.log(share * (1 - share))[1:].sum())  # density of a share from that of its logit
    odds = float(expit(fitted[0].evidence - fitted[1].evidence + stretch))
    return ShareTrend(fitted[0], fitted[1], odds)


def moments(trend: Trend, horizon: int) -> tuple[Floats, Floats]:
    """Mean and sd of the years ahead on the scale of a trend, for every point of its grid, shape (points, horizon).

    A surprise moves the year after the next j by ``α + β(φ + … + φ^j)`` of itself.
    """
    gone = np.cumsum(trend.damping[:, None] ** np.arange(1, horizon + 1), axis=1)
    known = np.stack([np.ones_like(gone), gone], axis=2)
    mean = (known * trend.state[:, None, :]).sum(axis=2)
    felt = trend.level_step[:, None] + trend.trend_step[:, None] * gone[:, :-1]
    passed = np.column_stack([np.zeros(len(felt)), np.cumsum(felt**2, axis=1)])
    factor = 1 + passed + ((known @ trend.spread) ** 2).sum(axis=2)
    return mean, np.sqrt(factor * (trend.square / (trend.freedom - 2))[:, None])
