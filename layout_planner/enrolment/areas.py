"""Forecast of any areas from their pupils by grade and year, with or without births."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from layout_planner.enrolment.area_model import model_at
from layout_planner.enrolment.area_tables import (
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
BLOCK: Final = 50  # areas that are drawn at once: only summaries of the others are kept


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
    registered = births_of_areas(_known(births, options.origin), areas_map, data.areas)
    priors, member = Priors(), stage_rows(data.grades, options.stages)
    model = model_at(data, registered, data.years, options.birth_lag, options.horizon, priors)
    origins = past_origins(data, registered, options.birth_lag, options.horizon)
    noise = noise_of(origins, data.years, len(data.areas))
    factors = calibrated(data, origins, member, rng) if options.calibrate else Calibration.prior(priors)
    centre = mean_path(model).reshape(options.horizon, len(data.areas), len(data.grades))
    target = persistent(centre, np.nan_to_num(data.cube[:, :, -1]), member, factors)
    shared = draw_shared(model, noise, options.draws, rng)
    tables = []
    for start in range(0, len(data.areas), BLOCK):
        block = np.arange(start, min(start + BLOCK, len(data.areas)))
        drawn = simulate(model.part(block), noise, options.draws, rng, shared)
        path = centred(drawn.reshape(*target[:, block].shape, options.draws), target[:, block])
        tables.append(result_table(path, data.part(block), options.stages, factors))
    table = pd.concat(tables, ignore_index=True).sort_values("year", kind="stable", ignore_index=True)
    table.attrs |= {"left_out": list(data.left_out), "beta": model.weights[0].mean, "noise": noise}
    return table


def _known(births: pd.DataFrame | None, origin: int) -> pd.DataFrame | None:
    """Births that were registered at the origin: to the year before."""
    return births if births is None or "year" not in births else births[births["year"] < origin]
