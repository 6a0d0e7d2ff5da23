"""The chain of units that both forecasts share: who moves where at which rate, who enters at which level."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from layout_planner.enrolment.entrants import BirthsWeight

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class UnitModel:
    """One year's law of motion for every unit (an area × grade, or a school × grade).

    ``mean[h] = rate[h] ⊙ (transfer @ now) + level ⊙ ratio[h]^β`` on the entry units.

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
    weight
        Births weight β, with its uncertainty; a class of entry units each. shape (entries,) of positions in `weights`
    weights
        Posteriors of β.
    area_sd
        Posterior sd of the log area effect. shape (areas,)
    cell_sd
        Posterior sd of the log cell effect. shape (units,)
    effect_left
        Share of an area effect that is left in each year ahead. shape (horizon,) [-]
    """

    area: Ints
    noise: Ints
    start: Floats
    transfer: csr_array
    rate: Floats
    entry: Ints
    level: Floats
    ratio: NDArray[np.floating]
    weight: Ints
    weights: tuple[BirthsWeight, ...]
    area_sd: Floats
    cell_sd: Floats
    effect_left: Floats

    @property
    def horizon(self) -> int:
        """Years ahead."""
        return int(self.rate.shape[0])

    def until(self, horizon: int) -> UnitModel:
        """The same law for fewer years ahead."""
        return replace(
            self, rate=self.rate[:horizon], ratio=self.ratio[:horizon], effect_left=self.effect_left[:horizon]
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
    after[model.entry] = model.level * (model.ratio[ahead - 1] ** beta[:, None]).mean(axis=1)
    return after


def mean_path(model: UnitModel) -> Floats:
    """Mean of every year ahead, without noise. shape (horizon, units) [pupils]."""
    now, path = model.start, np.empty_like(model.rate)
    for ahead in range(1, model.horizon + 1):
        path[ahead - 1] = now = mean_step(model, now, ahead)
    return path
