"""The chain of units that both forecasts share: who moves where at which rate, who enters at which level."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from layout_planner.enrolment.area_effect import AreaLaw
from layout_planner.enrolment.entrants import BirthsWeight
from layout_planner.enrolment.share_trend import ShareTrend

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Course:
    """Units whose rate follows a share with a trend; `rate` holds its mean."""

    units: Ints
    share: ShareTrend


@dataclass(frozen=True)
class UnitModel:
    """One year's law of motion for every unit (an area × grade, or a school × grade).

    ``mean[h] = rate[h] ⊙ (transfer @ now) + level ⊙ lift[h] ⊙ ratio[h]^β`` on the entry units.

    Parameters
    ----------
    area
        Index of the area of each unit: what shares an area effect and shock. shape (units,)
    noise
        Noise class of each unit. shape (units,)
    start
        Pupils at the origin. shape (units,) [pupils]
    transfer
        Share of a unit's pupils that is offered to a unit one grade up. shape (units, units), target × source [-]
    rate
        Progression into each unit; 0 for entry units. shape (horizon, units) [-]
    entry
        Positions of the entry units. shape (entries,)
    level
        Entrants at the level of births that `ratio` is taken against. shape (entries,) [pupils]
    ratio
        Births against their level. shape (horizon, entries, 1 or draws) [-]
    lift
        What else raises the entrants of a year above their level. shape (horizon, entries) [-]
    weight
        Births weight β, with its uncertainty; a class of entry units each. shape (entries,) of positions in `weights`
    weights
        Posteriors of β.
    level_sd
        Posterior sd of the log level. shape (entries,) [-]
    level_walk
        Yearly sd of the log level in the years ahead. [-]
    area_sd
        Posterior sd of the log area effect in the year of the origin. shape (areas,)
    cell_sd
        Posterior sd of the log cell effect. shape (units,)
    law
        Law by which the area effects go on.
    courses
        Trends of rates, drawn about their mean; no unit belongs to two.
    """

    area: Ints
    noise: Ints
    start: Floats
    transfer: csr_array
    rate: Floats
    entry: Ints
    level: Floats
    ratio: NDArray[np.floating]
    lift: Floats
    weight: Ints
    weights: tuple[BirthsWeight, ...]
    level_sd: Floats
    level_walk: float
    area_sd: Floats
    cell_sd: Floats
    law: AreaLaw
    courses: tuple[Course, ...] = ()

    @property
    def horizon(self) -> int:
        """Years ahead."""
        return int(self.rate.shape[0])

    def until(self, horizon: int) -> UnitModel:
        """The same law for fewer years ahead."""
        return replace(self, rate=self.rate[:horizon], ratio=self.ratio[:horizon], lift=self.lift[:horizon])

    def part(self, areas: Ints) -> UnitModel:
        """The law of some areas, in the order given; no pupil passes between areas that are taken apart.

        Parameters
        ----------
        areas
            Positions of the areas.
        """
        place = np.full(self.areas, -1)
        place[areas] = np.arange(len(areas))
        units = np.flatnonzero(place[self.area] >= 0)
        units = units[np.argsort(place[self.area[units]], kind="stable")]
        here = np.isin(self.entry, units)
        at = np.full(len(self.area), -1)
        at[units] = np.arange(len(units))
        order = np.argsort(at[self.entry[here]], kind="stable")
        entries = np.flatnonzero(here)[order]
        return replace(
            self,
            area=place[self.area[units]],
            noise=self.noise[units],
            start=self.start[units],
            transfer=self.transfer[units][:, units],
            rate=self.rate[:, units],
            entry=at[self.entry[entries]],
            level=self.level[entries],
            ratio=self.ratio[:, entries],
            lift=self.lift[:, entries],
            weight=self.weight[entries],
            level_sd=self.level_sd[entries],
            area_sd=self.area_sd[areas],
            cell_sd=self.cell_sd[units],
            courses=tuple(Course(kept[kept >= 0], c.share) for c in self.courses for kept in [at[c.units]]),
        )

    @property
    def areas(self) -> int:
        """Number of areas."""
        return len(self.area_sd)


def mean_step(model: UnitModel, now: Floats, ahead: int) -> Floats:
    """Mean of the next year, without noise.

    Parameters
    ----------
    model
        Law of motion.
    now
        Pupils of the year before. shape (units,) [pupils]
    ahead
        Horizon of the year to be made, from 1. [years]

    Returns
    -------
    array
        shape (units,). [pupils]
    """
    after: Floats = model.rate[ahead - 1] * (model.transfer @ now)
    beta = np.array([w.mean for w in model.weights])[model.weight]
    bent = (model.ratio[ahead - 1] ** beta[:, None]).mean(axis=1)
    after[model.entry] = model.level * model.lift[ahead - 1] * bent
    return after


def mean_path(model: UnitModel) -> Floats:
    """Mean of every year ahead, without noise. shape (horizon, units) [pupils]."""
    now, path = model.start, np.empty_like(model.rate)
    for ahead in range(1, model.horizon + 1):
        path[ahead - 1] = now = mean_step(model, now, ahead)
    return path
