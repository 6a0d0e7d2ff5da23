"""Forecast of any areas from their pupils by grade and year, with or without births."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import pandas as pd

from layout_planner.enrolment.area_checks import checked_births
from layout_planner.enrolment.area_closing import closing_rates, with_ends
from layout_planner.enrolment.area_model import model_at
from layout_planner.enrolment.area_tables import (
    believable,
    births_are_own,
    births_of_areas,
    centred,
    persistent,
    pupil_cube,
    result_table,
    stage_rows,
)
from layout_planner.enrolment.area_window import calibrated, noise_of, past_origins
from layout_planner.enrolment.calibration import Calibration
from layout_planner.enrolment.priors import Priors
from layout_planner.enrolment.simulate import draw_shared, simulate
from layout_planner.enrolment.units import mean_path
from layout_planner.errors import UsageError

STAGES: Final[Mapping[str, tuple[int, int]]] = {"primary": (1, 6), "junior": (7, 9), "senior": (10, 12)}
MOST_AHEAD: Final = 60  # years: beyond, nobody alive then is born
MOST_LAG: Final = 25  # years between birth and the first grade
MOST_GRADES: Final = 30  # grades of a chain
BLOCK: Final = 25  # areas that are drawn at once: only summaries of the others are kept


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
        if not 1 <= self.horizon <= MOST_AHEAD:
            raise UsageError("area_horizon_bad", found=self.horizon, allowed=MOST_AHEAD)
        if self.draws < 1:
            raise UsageError("draws_bad", found=self.draws)
        if not 1 <= self.birth_lag <= MOST_LAG:
            raise UsageError("birth_lag_bad", found=self.birth_lag, allowed=MOST_LAG)
        if not self.stages:
            raise UsageError("stages_none")
        for stage, (low, high) in self.stages.items():
            if low > high or low < self.entry_grade:
                raise UsageError("stages_bad", stage=stage, found=f"{low}–{high}", allowed=self.entry_grade)
            if high - self.entry_grade >= MOST_GRADES:
                raise UsageError("stages_long", stage=stage, found=f"{low}–{high}", allowed=MOST_GRADES)

    @property
    def grades(self) -> tuple[int, ...]:
        """Grades of the chain, from the entry grade to the highest grade of a stage."""
        return tuple(range(self.entry_grade, max(high for _, high in self.stages.values()) + 1))

    @property
    def tops(self) -> tuple[int, ...]:
        """Positions of the last grade of every stage in the chain."""
        return tuple(sorted(high - self.entry_grade for _, high in self.stages.values()))


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
        ``pupils_none_at_origin``, ``pupils_grades`` and those of `area_checks`: a table that cannot be used.

    References
    ----------
    .. [1] docs/models/enrolment.md
    """
    data = replace(pupil_cube(pupils, options.grades, options.origin), tops=options.tops)
    known = _known(births, options.origin)
    registered = births_of_areas(known, areas_map, data.areas)
    priors, member = Priors(), stage_rows(data.grades, options.stages)
    if births_are_own(known, areas_map, data.areas):
        priors = priors.of_own_births()
    model = model_at(data, registered, data.years, options.birth_lag, options.horizon, priors)
    origins = past_origins(data, registered, options.birth_lag, options.horizon, priors)
    noise = noise_of(origins, len(data.areas))
    factors = calibrated(data, origins, member, rng) if options.calibrate else Calibration.prior(priors)
    centre = believable(mean_path(model).reshape(options.horizon, *data.cube.shape[:2]), data.cube)
    target = persistent(centre, np.nan_to_num(data.cube[:, :, -1]), member, factors)
    before = np.concatenate([np.nan_to_num(data.cube[None, :, :, -1]), target[:-1]]) @ member.T
    risk = closing_rates(data.cube, member).risk(before)
    shared = draw_shared(model, noise, options.draws, rng)
    tables = []
    for start in range(0, len(data.areas), BLOCK):
        block = np.arange(start, min(start + BLOCK, len(data.areas)))
        drawn = simulate(model.part(block), noise, options.draws, rng, shared)
        path = centred(drawn.reshape(*target[:, block].shape, options.draws), target[:, block])
        path = with_ends(path, risk[:, block], member, rng)
        tables.append(result_table(path, data.part(block), options.stages, factors))
    table = pd.concat(tables, ignore_index=True).sort_values("year", kind="stable", ignore_index=True)
    table.attrs |= {"left_out": list(data.left_out), "beta": model.weights[0].mean, "noise": noise}
    return table


def _known(births: pd.DataFrame | None, origin: int) -> pd.DataFrame | None:
    """Births that were registered at the origin: to the year before."""
    rows = checked_births(births)
    return None if rows is None else rows[rows["year"] < origin]
