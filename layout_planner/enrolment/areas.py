"""Forecast of any areas from their pupils by grade and year, with or without births."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from layout_planner.enrolment.area_tables import (
    AreaData,
    births_of_areas,
    bounds,
    centred,
    cohorts_known,
    persistent,
    pupil_cube,
    result_table,
    stage_rows,
)
from layout_planner.enrolment.calibration import Calibration, Outcomes, calibrate
from layout_planner.enrolment.entrants import births_ratio, entry_level, estimate_weight
from layout_planner.enrolment.noise import Noise, Residuals, estimate_noise, one_step
from layout_planner.enrolment.priors import ENTRY, FIRST, JOINED, LATER, Priors
from layout_planner.enrolment.progression import damped_rates, effect_left, fit_progression
from layout_planner.enrolment.simulate import Draws, simulate
from layout_planner.enrolment.units import UnitModel, mean_path
from layout_planner.errors import UsageError

Floats = NDArray[np.float64]

STAGES: Final[Mapping[str, tuple[int, int]]] = {"primary": (1, 6), "junior": (7, 9), "senior": (10, 12)}
FIRST_ORIGIN: Final = 3  # years of history before the first origin inside the window
CALIBRATION_DRAWS: Final = 200
CALIBRATION_HORIZON: Final = 5


@dataclass(frozen=True)
class AreasOptions:
    """Options of a forecast of areas.

    Parameters
    ----------
    origin
        Last year whose pupils are used; births are used to the year before. [year]
    horizon
        Years ahead. [years]
    entry_grade
        Grade that births enter. [-]
    birth_lag
        Entrants of year Y come from the births row of year Y − lag. [years]
    stages
        Name → lowest and highest grade.
    draws, seed
        Number of draws; seed of a caller that makes the generator.
    calibrate
        Whether origins inside the window set the persistence weight and the width of the intervals.
    """

    origin: int
    horizon: int = 10
    entry_grade: int = 1
    birth_lag: int = 7
    stages: Mapping[str, tuple[int, int]] = field(default_factory=lambda: dict(STAGES))
    draws: int = 1000
    seed: int = 1
    calibrate: bool = True

    def __post_init__(self) -> None:
        if self.horizon < 1:
            raise UsageError("horizon_bad", found=self.horizon)
        for stage, (low, high) in self.stages.items():
            if low > high or low < self.entry_grade:
                raise UsageError("stages_bad", stage=stage, found=f"{low}–{high}", allowed=self.entry_grade)

    @property
    def grades(self) -> tuple[int, ...]:
        """Grades of the chain, from the entry grade to the highest grade of a stage."""
        return tuple(range(self.entry_grade, max(high for _, high in self.stages.values()) + 1))


def forecast_areas(
    pupils: pd.DataFrame,
    births: pd.DataFrame | None,
    areas_map: pd.DataFrame | None,
    options: AreasOptions,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Forecast pupils by area, grade and stage, with intervals.

    Parameters
    ----------
    pupils
        area, year, grade, pupils; further columns are summed over. [pupils]
    births
        area, year, births; used for shape alone and to origin − 1. [children]
    areas_map
        area, births_area where births are counted for larger areas.
    options
        Origin, horizon, grades and stages.
    rng
        Source of randomness.

    Returns
    -------
    DataFrame
        origin, year, area, grade_or_stage, mean, lo80, hi80, lo95, hi95. Means add up from grades to stages. Areas
        with nobody in the year of the origin have no rows; ``attrs["left_out"]`` names them. [pupils]

    Raises
    ------
    DataError
        ``pupils_column``, ``pupils_bad``, ``pupils_none_at_origin``, ``pupils_grades``, ``area_births_twice``,
        ``area_map_twice``: a table that cannot be used.

    References
    ----------
    .. [1] docs/models/enrolment.md
    """
    data = pupil_cube(pupils, options.grades, options.origin)
    registered = births_of_areas(births, areas_map, data.areas)
    priors = Priors()
    model = model_at(data, registered, data.years, options, priors)
    noise = window_noise(data, registered, options, priors)
    factors = Calibration.prior(priors)
    if options.calibrate:
        factors = calibrate(window_outcomes(data, registered, options, rng), priors)
    centre = mean_path(model).reshape(options.horizon, len(data.areas), len(data.grades))
    last = np.nan_to_num(data.cube[:, :, -1])
    target = persistent(centre, last, stage_rows(data.grades, options.stages), factors)
    path = centred(_by_grade(simulate(model, noise, options.draws, rng), data), target)
    table = result_table(path, data, options.stages, factors)
    table.attrs |= {"left_out": list(data.left_out), "beta": model.weights[0].mean, "noise": noise}
    return table


def model_at(
    data: AreaData, births: pd.DataFrame | None, years: int, options: AreasOptions, priors: Priors
) -> UnitModel:
    """Fit the law of motion to the first years of the window.

    Parameters
    ----------
    data
        Pupils of the window.
    births
        Registered births by area and year, or None.
    years
        Number of years to use; the last of them is the origin. [years]
    options, priors
        Horizon, birth lag; priors.

    Returns
    -------
    UnitModel
        Units in the order area, grade.
    """
    cube = data.cube[:, :, :years]
    count, grades = cube.shape[:2]
    fit = fit_progression(cube[:, 1:, 1:], cube[:, :-1, :-1], np.nan_to_num(cube[:, 1:, -1]) > 0, priors)
    enters = np.concatenate([np.ones((count, 1), dtype=bool), fit.joined], axis=1)
    rate = np.zeros((options.horizon, count, grades))
    rate[:, :, 1:] = damped_rates(fit, options.horizon, priors)
    rate[:, enters] = 0.0
    noise = np.full((count, grades), LATER)
    noise[:, 1:2] = FIRST
    noise[enters] = JOINED
    noise[:, 0] = ENTRY
    window = range(data.first_year, data.first_year + years + options.horizon)
    cohorts = cohorts_known(births, count, window, options.birth_lag, data.first_year + years - 1)
    ratio = np.ones((options.horizon, count, grades))
    ratio[:, :, 0] = births_ratio(cohorts[:, :years], cohorts[:, years:], priors).T
    entry = np.flatnonzero(enters.ravel())
    behind = priors.area_pseudo, priors.structural_pseudo, priors.ordinary_pseudo
    cell_sd = np.zeros((count, grades))
    tight = np.where(fit.structural > 0.5, behind[1], behind[2])
    cell_sd[:, 1:] = 1 / np.sqrt(fit.expected_cell + tight)
    return UnitModel(
        area=np.repeat(np.arange(count), grades),
        noise=noise.ravel(),
        start=np.nan_to_num(cube[:, :, -1]).ravel(),
        transfer=_next_grade(count, grades),
        rate=rate.reshape(options.horizon, -1),
        entry=entry,
        level=entry_level(cube, priors).ravel()[entry],
        ratio=ratio.reshape(options.horizon, -1)[:, entry, None],
        weight=np.zeros(len(entry), dtype=np.int64),
        weights=(estimate_weight(cube[:, 0], cohorts[:, :years], priors),),
        area_sd=1 / np.sqrt(fit.expected_area + behind[0]),
        cell_sd=cell_sd.ravel(),
        effect_left=effect_left(options.horizon, priors),
    )


def window_noise(data: AreaData, births: pd.DataFrame | None, options: AreasOptions, priors: Priors) -> Noise:
    """Noise from one-step errors of every origin inside the window."""
    residuals: list[Residuals] = []
    for years in range(FIRST_ORIGIN, data.years):
        model = model_at(data, births, years, options, priors)
        actual = np.where(np.isnan(data.cube[:, :1, years - 1]), np.nan, data.cube[:, :, years])
        residuals.append(one_step(model, actual.ravel()))
    return estimate_noise(residuals, len(data.areas), priors)


def window_outcomes(
    data: AreaData, births: pd.DataFrame | None, options: AreasOptions, rng: np.random.Generator
) -> dict[int, list[Outcomes]]:
    """Forecast stages from every origin inside the window and set them beside what came, by horizon."""
    priors, member = Priors(), stage_rows(data.grades, options.stages)
    outcomes: dict[int, list[Outcomes]] = {}
    for years in range(FIRST_ORIGIN, data.years):
        horizon = min(CALIBRATION_HORIZON, options.horizon, data.years - years)
        inside = replace(options, horizon=horizon)
        known = replace(data, cube=data.cube[:, :, :years])
        model = model_at(known, births, years, inside, priors)
        noise = window_noise(known, births, inside, priors)
        path = _by_grade(simulate(model, noise, CALIBRATION_DRAWS, rng), data)
        path = centred(path, mean_path(model).reshape(path.shape[:3]))
        stages = np.stack([path[:, :, grades].sum(axis=2) for grades in member], axis=2)
        last = data.cube[:, :, years - 1] @ member.T
        for ahead in range(1, horizon + 1):
            actual = data.cube[:, :, years - 1 + ahead] @ member.T
            use = np.isfinite(actual) & np.isfinite(last) & (last > 0)
            low80, high80, low95, high95 = (b[use] for b in bounds(stages[ahead - 1]))
            mean = stages[ahead - 1].mean(axis=-1, dtype=float)[use]
            outcomes.setdefault(ahead, []).append(
                Outcomes(mean, (low80, low95), (high80, high95), actual[use], last[use])
            )
    return outcomes


def _by_grade(path: Draws, data: AreaData) -> Draws:
    return path.reshape(path.shape[0], len(data.areas), len(data.grades), path.shape[-1])


def _next_grade(areas: int, grades: int) -> csr_array:
    """Transfer of every area's grades one grade up."""
    units = np.arange(areas * grades).reshape(areas, grades)
    source, target = units[:, :-1].ravel(), units[:, 1:].ravel()
    return csr_array((np.ones(len(source)), (target, source)), shape=(areas * grades, areas * grades))
