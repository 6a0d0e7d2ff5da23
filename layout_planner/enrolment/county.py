"""Forecast of a county's pupils by school and grade, and of the births behind them, in joint draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from layout_planner.enrolment.births import cohort_draws, project_births
from layout_planner.enrolment.births_variants import Drivers, apart, beside_draws, births_variants, variant_pupils
from layout_planner.enrolment.cohorts import births_by_year, cohort_of, cohort_status, last_registered
from layout_planner.enrolment.county_entry import entrants_weight
from layout_planner.enrolment.county_model import county_model, unit_index
from layout_planner.enrolment.county_window import draw_path, homes_of, judge_window, window_origins
from layout_planner.enrolment.events import Event
from layout_planner.enrolment.explain import Estimates, estimates
from layout_planner.enrolment.past_events import moves_of
from layout_planner.enrolment.priors import Priors
from layout_planner.enrolment.school_panel import SchoolPanel, school_panel
from layout_planner.errors import UsageError
from layout_planner.terms import GRADES


@dataclass(frozen=True)
class CountyOptions:
    """Options of a county forecast.

    Parameters
    ----------
    base_year
        School year of the newest enrolment used. [year]
    horizon
        Years ahead. [years]
    draws
        Number of draws. [-]
    births_to
        Last calendar year of births used; default: all that are registered. [year]
    drivers
        How the drivers of low and high births are sized; default: no variants.
    events
        Dated events: those of the past are taken out of progression as far as the schools show them.
    earlier_flows
        Year → table ``flows`` as it would have been estimated then, for the forecasts from earlier years that the
        widths are judged by; where there is none, the base year's stands in.
    """

    base_year: int
    horizon: int
    draws: int = 1000
    births_to: int | None = None
    drivers: Drivers | None = None
    events: tuple[Event, ...] = ()
    earlier_flows: Mapping[int, pd.DataFrame] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.horizon < 1:
            raise UsageError("horizon_bad", found=self.horizon)


def forecast_county(
    enrolment: pd.DataFrame,
    schools: pd.DataFrame,
    births: pd.DataFrame,
    flows: pd.DataFrame,
    options: CountyOptions,
    rng: np.random.Generator,
) -> tuple[xr.Dataset, Estimates]:
    """Forecast pupils of every school and grade, with the births behind them, in joint draws.

    Parameters
    ----------
    enrolment
        Table ``enrolment``; years after the base year are not used. [pupils]
    schools
        Table ``schools``.
    births
        Table ``births``; by month where known. [children]
    flows
        Table ``flows`` of the base year: share of a home township's children at each school, by grade band.
    options
        Base year, horizon, draws.
    rng
        Source of randomness.

    Returns
    -------
    tuple
        Dataset: ``pupils(draw, unit, school_year)`` float32 with school_id, township_of_school and grade on unit,
        whether the cohort is born on unit and year, the base year the same in all draws; ``births(draw, township_code,
        year)``. Whole pupils, never negative; sums over schools, townships and the county are sums of draws. With
        drivers also ``variant_births(variant, township_code, year)`` and ``variant_pupils(variant, unit,
        school_year)``, means. Estimates: what was estimated, as tables.

    Raises
    ------
    DataError
        ``pupils_none_at_origin``, ``births_column``, ``births_twice``, ``births_too_few``.

    References
    ----------
    .. [1] docs/models/enrolment.md
    """
    priors = Priors()
    panel = school_panel(enrolment, schools, options.base_year)
    panel = replace(panel, moves=moves_of(options.events, flows, panel))
    used = births if options.births_to is None else births[births["year"] <= options.births_to]
    last = cohort_of(options.base_year + options.horizon, GRADES[0])
    drawn = project_births(births_by_year(used), last_year_needed=last + 1, draws=options.draws, rng=rng)
    variants = None if options.drivers is None else births_variants(drawn, options.drivers)
    cohorts = cohort_draws(used, drawn if variants is None else beside_draws(drawn, variants))
    homes = homes_of(flows, cohorts)
    model, fit = county_model(panel, homes, options.horizon, priors)
    model, others = (model, []) if variants is None else apart(model)
    of_year = {**options.earlier_flows, panel.last_year: flows}
    origins = window_origins(panel, used, of_year, options.horizon, rng)
    window = judge_window(origins, panel, options.horizon, rng)
    path = draw_path(model, panel, window, options.draws, rng)
    start = np.repeat(model.start.astype(np.float32)[None, :, None], options.draws, axis=2)
    pupils = np.concatenate([start, path]).transpose(2, 1, 0)
    forecast = _dataset(pupils, panel, drawn, options, last_registered(used))
    if variants is not None:
        forecast = _with_variants(forecast, variants, variant_pupils(others, path.mean(axis=2, dtype=np.float64).T))
    return forecast, estimates(model, fit, window, panel, entrants_weight(panel, homes, priors))


def _dataset(
    pupils: NDArray[np.float32],
    panel: SchoolPanel,
    drawn: xr.DataArray,
    options: CountyOptions,
    through: tuple[int, int],
) -> xr.Dataset:
    school, grade = unit_index(panel)
    ids, codes = np.array(panel.schools), np.array(panel.townships)
    years = np.arange(options.base_year, options.base_year + options.horizon + 1)
    born = np.array([[cohort_status(cohort_of(int(year), g), *through) for year in years] for g in GRADES])
    array = xr.DataArray(
        np.ascontiguousarray(pupils),
        dims=("draw", "unit", "school_year"),
        coords={
            "draw": np.arange(options.draws),
            "unit": np.arange(len(school)),
            "school_year": years,
            "school_id": ("unit", ids[school]),
            "township_of_school": ("unit", codes[panel.town[school]]),
            "grade": ("unit", np.array(GRADES)[grade]),
            "cohort": (("unit", "school_year"), born[grade]),
        },
        attrs={"units": "pupils"},
    )
    return xr.Dataset({"pupils": array, "births": drawn}, attrs={"base_year": options.base_year})


def _with_variants(forecast: xr.Dataset, births: xr.DataArray, ahead: NDArray[np.float64]) -> xr.Dataset:
    """Add births and mean pupils of the variants; the base year is the same in all."""
    start = forecast["pupils"].isel(school_year=0, draw=0).to_numpy().astype(float)
    pupils = np.concatenate([np.broadcast_to(start[None, :, None], (len(ahead), len(start), 1)), ahead], axis=2)
    return forecast.assign(
        variant_births=births, variant_pupils=(("variant", "unit", "school_year"), pupils, {"units": "pupils"})
    )
