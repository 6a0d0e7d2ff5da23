"""Any areas judged inside their own window: every earlier year is an origin, fitted once; noise, weights, widths follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layout_planner.enrolment.area_closing import closing_rates, with_ends
from layout_planner.enrolment.area_model import model_at
from layout_planner.enrolment.area_tables import AreaData, bounds, centred
from layout_planner.enrolment.calibration import MIN_ORIGINS, Calibration, Outcomes, calibrate
from layout_planner.enrolment.noise import Noise, Residuals, estimate_noise, one_step
from layout_planner.enrolment.priors import Priors
from layout_planner.enrolment.simulate import simulate
from layout_planner.enrolment.units import UnitModel, mean_path

Floats = NDArray[np.float64]

FIRST_ORIGIN: Final = 3  # years of history before the first origin inside the window
WIDTH_HISTORY: Final = 5  # years of history before an origin that the widths are judged by
HORIZON: Final = 5  # years ahead that are calibrated
DRAWS: Final = 100  # draws of an origin inside the window
MOST_AREAS: Final = 400  # areas that the widths are judged by, spread evenly over the table


@dataclass(frozen=True)
class PastOrigin:
    """A forecast fitted at an earlier year: number of years used, law of motion, one-step errors of the year after."""

    years: int
    model: UnitModel
    residuals: Residuals

    def part(self, areas: NDArray[np.int64]) -> PastOrigin:
        """The same for some areas alone."""
        return replace(self, model=self.model.part(areas))


def past_origins(
    data: AreaData, births: pd.DataFrame | None, lag: int, horizon: int, priors: Priors
) -> list[PastOrigin]:
    """Fit the law of motion at every earlier year with three years behind it.

    Parameters
    ----------
    data
        Pupils of the window.
    births
        Registered births by area and year; from an origin no later cohort is used. [children]
    lag, horizon
        Years between birth and entry; years ahead of the forecast. [years]
    priors
        Priors of every part.

    Returns
    -------
    list
        Oldest first.
    """
    origins = []
    for years in range(FIRST_ORIGIN, data.years):
        ahead = min(HORIZON, horizon, data.years - years)
        model = model_at(data, births, years, lag, ahead, priors)
        actual = np.where(np.isnan(data.cube[:, :1, years - 1]), np.nan, data.cube[:, :, years])
        origins.append(PastOrigin(years, model, one_step(model, actual.ravel())))
    return origins


def noise_of(origins: Sequence[PastOrigin], areas: int) -> Noise:
    """Noise from the one-step errors of all origins of the window."""
    return estimate_noise([o.residuals for o in origins], areas, Priors())


def calibrated(
    data: AreaData, origins: Sequence[PastOrigin], member: NDArray[np.bool_], rng: np.random.Generator
) -> Calibration:
    """Weight of the last value and widths of the bands from the stages that came after every origin.

    All origins are drawn with the noise of the whole window, as the forecast is: the factors then say how errors grow
    with the years ahead. Origins with a short history err more than the forecast will; they speak only where there are
    not two others.

    Parameters
    ----------
    data
        Pupils of the window.
    origins
        Answer of `past_origins`.
    member
        Grades of each stage, shape (stages, grades).
    rng
        Source of randomness.

    Returns
    -------
    Calibration
        The prior where fewer than two origins speak.
    """
    outcomes: dict[int, list[Outcomes]] = {}
    chosen = np.unique(np.linspace(0, len(data.areas) - 1, min(MOST_AREAS, len(data.areas))).astype(np.int64))
    noise = noise_of(origins, len(data.areas))
    settled = [o for o in origins if o.years >= WIDTH_HISTORY]
    for origin in settled if len(settled) >= MIN_ORIGINS else origins:
        for ahead, outcome in _stages_of(data.cube[chosen], origin.part(chosen), noise, member, rng):
            if len(outcome.actual):
                outcomes.setdefault(ahead, []).append(outcome)
    return calibrate(outcomes, Priors())


def _stages_of(
    cube: Floats, origin: PastOrigin, noise: Noise, member: NDArray[np.bool_], rng: np.random.Generator
) -> list[tuple[int, Outcomes]]:
    """Forecast stages of one origin beside what came, by years ahead."""
    horizon, centre = origin.model.horizon, mean_path(origin.model).reshape(-1, *cube.shape[:2])
    path = simulate(origin.model, noise, DRAWS, rng).reshape(*centre.shape, DRAWS)
    known = cube[:, :, : origin.years]
    risk = closing_rates(known, member).risk(
        np.concatenate([np.nan_to_num(known[None, :, :, -1]), centre[:-1]]) @ member.T
    )
    path = with_ends(centred(path, centre), risk, member, rng)
    stages = np.stack([path[:, :, grades].sum(axis=2) for grades in member], axis=2)
    last = cube[:, :, origin.years - 1] @ member.T
    recent = np.nan_to_num(cube[:, :, max(origin.years - 3, 0) : origin.years]).max(axis=2) @ member.T
    stage = np.broadcast_to(np.arange(len(member)), last.shape)
    found = []
    for ahead in range(1, horizon + 1):
        actual = cube[:, :, origin.years - 1 + ahead] @ member.T
        use = np.isfinite(actual) & np.isfinite(last) & (recent > 0)
        low80, high80, low95, high95 = (b[use] for b in bounds(stages[ahead - 1]))
        mean = stages[ahead - 1].mean(axis=-1, dtype=float)[use]
        spread = (low80, low95), (high80, high95)
        found.append((ahead, Outcomes(mean, *spread, actual[use], last[use], stage[use])))
    return found
