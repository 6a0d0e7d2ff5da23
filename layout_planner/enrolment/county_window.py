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
from layout_planner.enrolment.calibration import LEVELS, MIN_ORIGINS, SIZES, Outcomes, width_factor
from layout_planner.enrolment.cohorts import births_by_year, cohort_of, cohort_parts
from layout_planner.enrolment.county_entry import Homes
from layout_planner.enrolment.county_model import county_model, unit_index
from layout_planner.enrolment.noise import Noise, estimate_noise, one_step
from layout_planner.enrolment.priors import Priors
from layout_planner.enrolment.school_panel import SchoolPanel, alive
from layout_planner.enrolment.simulate import Draws, simulate
from layout_planner.enrolment.units import UnitModel
from layout_planner.terms import GRADES, STAGE_OF_GRADE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FIRST_ORIGIN: Final = 3  # years of history before the first origin inside the window
WIDTH_HISTORY: Final = 5  # years of history before the first origin that the width is judged from
STAGES: Final = tuple(dict.fromkeys(STAGE_OF_GRADE[g] for g in GRADES))
OF_GRADE: Final = np.array([STAGES.index(STAGE_OF_GRADE[g]) for g in GRADES])  # stage by position of the grade
STAGE_CELLS: Final = 10.0  # cells of a stage that the factor of all school stages together is worth
NEWEST: Final = 8  # newest origins that make the noise, and the width at each number of years ahead
DRAWS: Final = 150  # draws of an origin inside the window
LONGEST: Final = 10  # years ahead that are calibrated
PRIOR_WEIGHT: Final = 0.5  # origins that a factor of 1 is worth
WIDTH_RANGE: Final = (0.2, 2.5)  # factors of the width


@dataclass(frozen=True)
class Window:
    """What the window says: noise and shocks, factors of the draws' distance from their mean (stages, horizon)."""

    noise: Noise
    width: Floats


@dataclass(frozen=True)
class Origin:
    """A forecast fitted at an earlier year, and the years that came on its units (years, units); NaN = not reported."""

    panel: SchoolPanel
    model: UnitModel
    actual: Floats


def window_origins(
    panel: SchoolPanel, births: pd.DataFrame, flows: pd.DataFrame, horizon: int, rng: np.random.Generator
) -> list[Origin]:
    """Forecasts from every year of the window with three years behind it, as they would have been fitted then.

    Parameters
    ----------
    panel
        Pupils to the base year.
    births
        Table ``births``; from an origin no later year is used. [children]
    flows
        Table ``flows`` of the base year, used at every origin.
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
    return [origin_at(panel, births, flows, y, min(horizon, LONGEST, panel.last_year - y), rng) for y in years]


def judge_window(origins: Sequence[Origin], panel: SchoolPanel, horizon: int, rng: np.random.Generator) -> Window:
    """Noise from one-step errors, widths from the townships' stages, as seen from the last year of a panel.

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
        Noise; width factors, shape (stages, horizon), 1 where fewer than two origins speak and none before.
    """
    priors = Priors()
    past = [origin for origin in origins if origin.panel.last_year < panel.last_year]
    residuals = [one_step(o.model, _still_there(o)) for o in past[-NEWEST:]]
    noise = estimate_noise(residuals, int(alive(panel).sum()), priors)
    outcomes: dict[tuple[int, int], list[Outcomes]] = {}
    for origin in past[WIDTH_HISTORY - FIRST_ORIGIN :]:
        known = panel.last_year - origin.panel.last_year
        path = simulate(origin.model.until(known), noise, DRAWS, rng)
        for stage, ahead, outcome in _outcomes(origin, path):
            outcomes.setdefault((stage, ahead), []).append(outcome)
    return Window(noise, width_factors(outcomes, horizon))


def draw_path(model: UnitModel, panel: SchoolPanel, window: Window, draws: int, rng: np.random.Generator) -> Draws:
    """Draws of the years ahead with the noise and the widths that the window shows, shape (horizon, units, draws)."""
    _, grade = unit_index(panel)
    path = simulate(model, window.noise, draws, rng)
    return scale_draws(path, window.width[OF_GRADE[grade]].T, blocks(panel), rng)


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


def width_factors(outcomes: Mapping[tuple[int, int], Sequence[Outcomes]], horizon: int) -> Floats:
    """Split-conformal factor of the 80 % band by stage and years ahead.

    A stage's own factor is shrunk to that of all stages together by its number of cells: a county has one or two
    senior schools. Then it is shrunk to 1 by the origins that are apart: n of them, h years ahead, overlap and are worth
    ``1 + (n − 1) / h``. Further ahead than the window says, the last factor holds.

    Parameters
    ----------
    outcomes
        Stage and years ahead → one entry an origin.
    horizon
        Years ahead of the forecast. [years]

    Returns
    -------
    array
        shape (stages, horizon). [-]

    References
    ----------
    .. [1] `layout_planner.enrolment.calibration.calibrate`
    """
    factors = np.ones((len(STAGES), horizon))
    for year in range(1, horizon + 1):
        factors[:, year - 1] = factors[:, max(year - 2, 0)]
        seen = {stage: outcomes[stage, year][-NEWEST:] for stage in range(len(STAGES)) if (stage, year) in outcomes}
        pooled = [outcome for by_origin in seen.values() for outcome in by_origin]
        if max((len(by_origin) for by_origin in seen.values()), default=0) < MIN_ORIGINS:
            continue
        whole = np.log(_factor(pooled))
        for stage, by_origin in seen.items():
            cells = sum(len(outcome.actual) for outcome in by_origin)
            own = cells / (cells + STAGE_CELLS)
            apart = 1 + (len(by_origin) - 1) / year
            origins = apart / (apart + PRIOR_WEIGHT)
            factors[stage, year - 1] = np.exp(origins * (own * np.log(_factor(by_origin)) + (1 - own) * whole))
    return factors


def _factor(by_origin: Sequence[Outcomes]) -> float:
    return width_factor(by_origin, np.zeros(SIZES), LEVELS.index(0.8), limits=WIDTH_RANGE, pseudo=0.0)


def scale_draws(path: Draws, width: Floats, block: Ints, rng: np.random.Generator) -> Draws:
    """Move every draw of every unit towards or away from the mean by the factor of its year, in whole pupils.

    Only units are moved: every sum is still the sum of them in every draw, and a sum of units with one factor is moved
    by that factor. Rounding is systematic (one random start a draw, along the blocks): every unit keeps its mean, and
    the sum of a block is within one pupil of what it was.

    Parameters
    ----------
    path
        Draws, shape (horizon, units, draws). [pupils]
    width
        Factors, shape (horizon, units). [-]
    block
        Township and stage of each unit, as a number: units of a block are rounded one after another. shape (units,)
    rng
        Source of randomness of the rounding.

    Returns
    -------
    array
        Whole and never negative; 0 where every draw is. [pupils]
    """
    scaled = np.empty_like(path)
    order = np.argsort(block, kind="stable")
    for year, draws in enumerate(path):
        mean = draws.mean(axis=-1, keepdims=True)
        moved = np.maximum(mean + width[year].astype(np.float32)[:, None] * (draws - mean), 0)
        running = np.floor(np.cumsum(moved[order], axis=0, dtype=float) + rng.random(draws.shape[1]))
        scaled[year, order] = np.diff(running, axis=0, prepend=0.0)
    return scaled


def blocks(panel: SchoolPanel) -> Ints:
    """Township and stage of every unit, as a number. shape (units,)."""
    school, grade = unit_index(panel)
    number: Ints = panel.town[school] * len(STAGES) + OF_GRADE[grade]
    return number


def _still_there(origin: Origin) -> Floats:
    """Pupils of the first year that came, NaN where a school has nobody left."""
    school, _ = unit_index(origin.panel)
    came = origin.actual[0]
    total = np.bincount(school, weights=np.nan_to_num(came), minlength=len(origin.panel.schools))
    return np.where(total[school] == 0, np.nan, came)


def _outcomes(origin: Origin, path: Draws) -> Iterator[tuple[int, int, Outcomes]]:
    """Stage, years ahead and the townships' stages then: forecast and what came."""
    _, grade = unit_index(origin.panel)
    _, first, group = np.unique(blocks(origin.panel), return_index=True, return_inverse=True)
    member = np.eye(len(first))[:, group]
    last, stage = member @ origin.model.start, OF_GRADE[grade][first]
    for ahead, draws in enumerate(path, start=1):
        sums, actual = member.astype(np.float32) @ draws, member @ origin.actual[ahead - 1]
        spread, mean = bounds(sums), sums.mean(axis=-1, dtype=float)
        for kind in range(len(STAGES)):
            use = np.isfinite(actual) & (last > 0) & (stage == kind)
            low80, high80, low95, high95 = spread[:, use]
            if use.any():
                yield kind, ahead, Outcomes(mean[use], (low80, low95), (high80, high95), actual[use], last[use])
