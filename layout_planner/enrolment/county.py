"""Forecast of a county's pupils by school and grade, and of the births behind them, in joint draws."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from layout_planner.enrolment.births import project_births
from layout_planner.enrolment.cohorts import (
    AUTUMN_SHARE,
    births_by_year,
    cohort_of,
    cohort_parts,
)
from layout_planner.enrolment.county_entry import Homes
from layout_planner.enrolment.county_model import county_model, unit_index
from layout_planner.enrolment.noise import Noise, Residuals, estimate_noise, one_step
from layout_planner.enrolment.priors import Priors
from layout_planner.enrolment.progression import Progression
from layout_planner.enrolment.school_panel import SchoolPanel, alive, school_panel
from layout_planner.enrolment.simulate import simulate
from layout_planner.enrolment.units import UnitModel
from layout_planner.errors import UsageError
from layout_planner.terms import GRADES

FIRST_ORIGIN: Final = 3  # years of history before the first origin inside the window
ORIGINS: Final = 8  # newest origins whose one-step errors make the noise


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
    """

    base_year: int
    horizon: int
    draws: int = 1000
    births_to: int | None = None

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
) -> tuple[xr.Dataset, pd.DataFrame]:
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
        Dataset: ``pupils(draw, unit, school_year)`` float32 with school_id, township_of_school and grade on unit, the
        base year the same in all draws; ``births(draw, township_code, year)``. Whole pupils, never negative; sums over
        schools, townships and the county are sums of draws. DataFrame: what was estimated, as `parameters_table`.

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
    used = births if options.births_to is None else births[births["year"] <= options.births_to]
    last = cohort_of(options.base_year + options.horizon, GRADES[0])
    drawn = project_births(births_by_year(used), last_year_needed=last + 1, draws=options.draws, rng=rng)
    cohorts = cohort_draws(used, drawn)
    model, fit = county_model(panel, _homes(flows, cohorts), options.horizon, priors)
    noise = county_noise(panel, births, flows, priors)
    path = simulate(model, noise, options.draws, rng)
    start = np.repeat(model.start.astype(np.float32)[None, :, None], options.draws, axis=2)
    pupils = np.concatenate([start, path]).transpose(2, 1, 0)
    return _dataset(pupils, panel, drawn, options), parameters_table(model, fit, noise, panel)


def cohort_draws(births: pd.DataFrame, drawn: xr.DataArray) -> xr.DataArray:
    """Births by school-year cohort in every draw: registered months as they are, the rest from the drawn years.

    Parameters
    ----------
    births
        Registered births. [children]
    drawn
        Answer of `project_births`. [children]

    Returns
    -------
    DataArray
        dims township_code, cohort, draw; NaN where neither part is known. [children]
    """
    codes = drawn["township_code"].to_numpy()
    years = drawn["year"].to_numpy()
    first = int(min(births["year"].min() - 1, years[0] - 1))
    cohorts = np.arange(first, years[-1])
    values = drawn.transpose("township_code", "year", "draw")
    total = np.zeros((len(codes), len(cohorts), drawn.sizes["draw"]))
    shares = (AUTUMN_SHARE, 1 - AUTUMN_SHARE)
    for part, share, shift in zip(cohort_parts(births), shares, (0, 1), strict=True):
        known = part.reindex(index=codes, columns=cohorts).to_numpy(dtype=float)[:, :, None]
        guess = share * values.reindex(year=cohorts + shift).to_numpy()
        total += np.where(np.isnan(known), guess, known)
    coords = {"township_code": codes, "cohort": cohorts, "draw": drawn["draw"].to_numpy()}
    return xr.DataArray(total, dims=("township_code", "cohort", "draw"), coords=coords, name="cohort_births")


def county_noise(panel: SchoolPanel, births: pd.DataFrame, flows: pd.DataFrame, priors: Priors) -> Noise:
    """Noise from one-step errors of the newest origins inside the window; births to the year of each origin only."""
    first = panel.first_year + FIRST_ORIGIN - 1
    residuals: list[Residuals] = []
    for origin in range(max(first, panel.last_year - ORIGINS), panel.last_year):
        model, inside = model_at(panel, births, flows, origin, 1, priors)
        residuals.append(one_step(model, _actual(panel, inside, origin + 1)))
    return estimate_noise(residuals, int(alive(panel).sum()), priors)


def model_at(
    panel: SchoolPanel, births: pd.DataFrame, flows: pd.DataFrame, origin: int, horizon: int, priors: Priors
) -> tuple[UnitModel, SchoolPanel]:
    """Law of motion as it would have been fitted at an earlier origin, with births known then and no births to come."""
    inside = panel.until(origin)
    known = births[births["year"] <= origin]
    autumn, spring = cohort_parts(known)
    cohorts = (autumn + spring).sort_index(axis="columns")
    array = xr.DataArray(
        cohorts.to_numpy(dtype=float)[:, :, None],
        dims=("township_code", "cohort", "draw"),
        coords={"township_code": cohorts.index.to_numpy(dtype=object), "cohort": cohorts.columns.to_numpy()},
    )
    return county_model(inside, _homes(flows, array), horizon, priors)[0], inside


def parameters_table(model: UnitModel, fit: Progression, noise: Noise, panel: SchoolPanel) -> pd.DataFrame:
    """List what was estimated: births weights, shared progression, township effects, noise.

    Returns
    -------
    DataFrame
        parameter, item, value, sd (NaN where none).
    """
    rows: list[tuple[str, str, float, float]] = []
    for name, weight in zip(("kindergarten", "grade 1"), model.weights, strict=True):
        rows.append(("births_weight", name, weight.mean, weight.sd))
    for step, (lower, upper) in enumerate(pairwise(GRADES)):
        rows.append(("progression", f"{lower}→{upper}", float(fit.theta_now[step]), np.nan))
    for i, township in enumerate(panel.townships):
        rows.append(("township_effect", township, float(fit.area_now[i]), float(model.area_sd[i])))
        own = fit.expected_area[i] / (fit.expected_area[i] + Priors().area_pseudo)
        rows.append(("township_own_weight", township, float(own), np.nan))
    for k, name in enumerate(("entry", "new stage", "kindergarten", "later")):
        rows.extend([("noise_phi", name, noise.phi[k], np.nan), ("noise_psi", name, noise.psi[k], np.nan)])
    rows.extend([("shock_sd", "township", noise.area_sd, np.nan), ("shock_sd", "county", noise.county_sd, np.nan)])
    rows.append(("noise_years", "county", float(noise.years), np.nan))
    return pd.DataFrame(rows, columns=["parameter", "item", "value", "sd"])


def _homes(flows: pd.DataFrame, cohorts: xr.DataArray) -> Homes:
    table = flows.assign(
        home_township_code=flows["home_township_code"].astype(str), attends=flows["attends"].astype(str)
    )
    return Homes(
        flows=table,
        codes=tuple(str(c) for c in cohorts["township_code"].to_numpy()),
        cohorts=cohorts.to_numpy(),
        first_cohort=int(cohorts["cohort"].to_numpy()[0]),
    )


def _actual(panel: SchoolPanel, inside: SchoolPanel, year: int) -> NDArray[np.float64]:
    """Pupils of a year on the units of an earlier panel; NaN for a school that was closed between."""
    school, grade = unit_index(inside)
    actual = panel.cube[:, :, year - panel.first_year][school, grade]
    gone = np.nansum(panel.cube[:, :, year - panel.first_year], axis=1) == 0
    return np.where(gone[school], np.nan, actual)


def _dataset(
    pupils: NDArray[np.float32], panel: SchoolPanel, drawn: xr.DataArray, options: CountyOptions
) -> xr.Dataset:
    school, grade = unit_index(panel)
    ids, codes = np.array(panel.schools), np.array(panel.townships)
    years = np.arange(options.base_year, options.base_year + options.horizon + 1)
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
        },
        attrs={"units": "pupils"},
    )
    return xr.Dataset({"pupils": array, "births": drawn}, attrs={"base_year": options.base_year})
