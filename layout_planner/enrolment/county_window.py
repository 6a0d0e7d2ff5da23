"""A county's forecast judged inside its own window: noise from one-step errors, width of the bands by years ahead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from layout_planner.enrolment.area_tables import bounds
from layout_planner.enrolment.births import cohort_draws, enough_years, project_births
from layout_planner.enrolment.calibration import Outcomes
from layout_planner.enrolment.cohorts import births_by_year, cohort_of, cohort_parts
from layout_planner.enrolment.county_entry import Homes
from layout_planner.enrolment.county_model import county_model, unit_index
from layout_planner.enrolment.county_width import (
    LONGEST,
    NEWEST,
    PLACES,
    STAGES,
    member,
    scale_draws,
    tree_of,
    width_factors,
)
from layout_planner.enrolment.noise import Noise, estimate_noise, one_step
from layout_planner.enrolment.priors import Priors
from layout_planner.enrolment.school_panel import SchoolPanel, alive
from layout_planner.enrolment.simulate import Draws, simulate
from layout_planner.enrolment.units import UnitModel
from layout_planner.terms import GRADES

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FIRST_ORIGIN: Final = 3  # years of history before the first origin inside the window
WIDTH_HISTORY: Final = 5  # years of history before the first origin that the width is judged from
DRAWS: Final = 150  # draws of an origin inside the window


@dataclass(frozen=True)
class Window:
    """What the window says: noise and shocks; factors of the width, shape (levels, stages, horizon) as `PLACES`."""

    noise: Noise
    width: Floats


@dataclass(frozen=True)
class Origin:
    """A forecast fitted at an earlier year, and the years that came on its units (years, units); NaN = not reported."""

    panel: SchoolPanel
    model: UnitModel
    actual: Floats


def window_origins(
    panel: SchoolPanel,
    births: pd.DataFrame,
    flows: Mapping[int, pd.DataFrame],
    horizon: int,
    rng: np.random.Generator,
) -> list[Origin]:
    """Forecasts from every year of the window with three years behind it, as they would have been fitted then.

    Parameters
    ----------
    panel
        Pupils to the base year.
    births
        Table ``births``; from an origin no later year is used. [children]
    flows
        Year → table ``flows`` as it would have been estimated then; the base year's stands in where there is none.
    horizon
        Years ahead that are asked for. [years]
    rng
        Source of randomness of the births to come.

    Returns
    -------
    list
        Oldest first; the last one is the year before the base year.
    """
    years = range(panel.first_year + FIRST_ORIGIN - 1, panel.last_year)
    base = flows[panel.last_year]
    return [
        origin_at(panel, births, flows.get(y, base), y, min(horizon, LONGEST, panel.last_year - y), rng) for y in years
    ]


def judge_window(origins: Sequence[Origin], panel: SchoolPanel, horizon: int, rng: np.random.Generator) -> Window:
    """Noise from one-step errors, widths from county, townships, schools and grades, as seen from a panel's last year.

    Parameters
    ----------
    origins
        Answer of `window_origins`; of each only the years to the last year of the panel are looked at.
    panel
        Pupils to the year of the forecast.
    horizon
        Years ahead of the forecast. [years]
    rng
        Source of randomness.

    Returns
    -------
    Window
        Noise; width factors, shape (levels, stages, horizon), 1 where fewer than two origins speak and none before.
    """
    priors = Priors()
    past = [origin for origin in origins if origin.panel.last_year < panel.last_year]
    residuals = [one_step(o.model, _still_there(o)) for o in past[-NEWEST:]]
    noise = estimate_noise(residuals, int(alive(panel).sum()), priors)
    outcomes: list[dict[tuple[int, int], list[Outcomes]]] = [{} for _ in PLACES]
    for origin in past[WIDTH_HISTORY - FIRST_ORIGIN :]:
        known = panel.last_year - origin.panel.last_year
        path = simulate(origin.model.until(known), noise, DRAWS, rng)
        for level, stage, ahead, outcome in _outcomes(origin, path):
            outcomes[level].setdefault((stage, ahead), []).append(outcome)
    return Window(noise, np.stack([width_factors(found, horizon) for found in outcomes]))


def draw_path(model: UnitModel, panel: SchoolPanel, window: Window, draws: int, rng: np.random.Generator) -> Draws:
    """Draws of the years ahead with the noise and the widths that the window shows, shape (horizon, units, draws)."""
    return scale_draws(simulate(model, window.noise, draws, rng), window.width, tree_of(panel), rng)


def origin_at(
    panel: SchoolPanel, births: pd.DataFrame, flows: pd.DataFrame, year: int, horizon: int, rng: np.random.Generator
) -> Origin:
    """Forecast as it would have been fitted at an earlier year, with births registered then and births to come drawn.

    Where too few births were registered then to draw any, one year ahead is all that is fitted.
    """
    inside, known = panel.until(year), births[births["year"] <= year]
    yearly = births_by_year(known)
    if enough_years(yearly):
        last = cohort_of(year + horizon, GRADES[0])
        cohorts = cohort_draws(known, project_births(yearly, last_year_needed=last + 1, draws=DRAWS, rng=rng))
    else:
        horizon, cohorts = 1, known_cohorts(known)
    model, _ = county_model(inside, homes_of(flows, cohorts), horizon, Priors())
    school, grade = unit_index(inside)
    first = year + 1 - panel.first_year
    return Origin(inside, model, panel.cube[:, :, first : first + horizon][school, grade].T)


def known_cohorts(births: pd.DataFrame) -> xr.DataArray:
    """Registered births by cohort, one draw of them; a cohort that is not registered in full is NaN. [children]."""
    autumn, spring = cohort_parts(births)
    whole = (autumn + spring).sort_index(axis="columns")
    return xr.DataArray(
        whole.to_numpy(dtype=float)[:, :, None],
        dims=("township_code", "cohort", "draw"),
        coords={"township_code": whole.index.to_numpy(dtype=object), "cohort": whole.columns.to_numpy()},
    )


def homes_of(flows: pd.DataFrame, cohorts: xr.DataArray) -> Homes:
    """Flows and births by cohort, as the entrants need them."""
    table = flows.assign(
        home_township_code=flows["home_township_code"].astype(str), attends=flows["attends"].astype(str)
    )
    return Homes(
        flows=table,
        codes=tuple(str(c) for c in cohorts["township_code"].to_numpy()),
        cohorts=cohorts.to_numpy(),
        first_cohort=int(cohorts["cohort"].to_numpy()[0]),
    )


def _still_there(origin: Origin) -> Floats:
    """Pupils of the first year that came, NaN where a school has nobody left."""
    school, _ = unit_index(origin.panel)
    came = origin.actual[0]
    total = np.bincount(school, weights=np.nan_to_num(came), minlength=len(origin.panel.schools))
    return np.where(total[school] == 0, np.nan, came)


def _outcomes(origin: Origin, path: Draws) -> Iterator[tuple[int, int, int, Outcomes]]:
    """Level, stage, years ahead and the places of that level then: forecast and what came."""
    tree = tree_of(origin.panel)
    for level, group in enumerate(tree.groups):
        sums = member(group)
        last, stage = sums @ origin.model.start, tree.stage[level]
        for ahead, draws in enumerate(path, start=1):
            totals, actual = sums @ draws, sums @ origin.actual[ahead - 1]
            spread, mean = bounds(totals), totals.mean(axis=-1, dtype=float)
            for kind in range(len(STAGES)):
                use = np.isfinite(actual) & (last > 0) & (stage == kind)
                low80, high80, low95, high95 = spread[:, use]
                if use.any():
                    outcome = Outcomes(mean[use], (low80, low95), (high80, high95), actual[use], last[use])
                    yield level, kind, ahead, outcome
