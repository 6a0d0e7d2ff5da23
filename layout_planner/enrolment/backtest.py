"""Back-test of the county forecast: forecasts from earlier years beside what came and beside two plain methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layout_planner.enrolment.area_tables import bounds
from layout_planner.enrolment.backtest_tables import LOSS, SCHOOL, TOWNSHIP, backtest_table
from layout_planner.enrolment.county import CountyOptions
from layout_planner.enrolment.county_model import township_sums, unit_index
from layout_planner.enrolment.county_width import OF_GRADE, STAGES
from layout_planner.enrolment.county_window import (
    DRAWS,
    FIRST_ORIGIN,
    Origin,
    Window,
    draw_path,
    judge_window,
    origin_at,
)
from layout_planner.enrolment.past_events import moves_of
from layout_planner.enrolment.school_panel import SchoolPanel, last_known, school_panel
from layout_planner.enrolment.simulate import Draws
from layout_planner.enrolment.survival import cohort_survival
from layout_planner.enrolment.units import UnitModel
from layout_planner.terms import COUNTY

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HISTORY: Final = 5  # years of enrolment to the first origin that is scored: four years before it
LEADS: Final = (1, 2, 3, 4, 5, 10)
REPEATS: Final = 2  # times that each draw of the births behind an origin is used: a 95 % band needs more draws


@dataclass(frozen=True)
class Tables:
    """Tables of a county that a forecast needs, as in `forecast_county`.

    Parameters
    ----------
    enrolment, schools, births
        Tables of the county.
    flows
        Table ``flows`` of the base year.
    earlier_flows
        Origin → table ``flows`` as it would have been estimated in that year; where there is none, `flows` stands in.
    """

    enrolment: pd.DataFrame
    schools: pd.DataFrame
    births: pd.DataFrame
    flows: pd.DataFrame
    earlier_flows: Mapping[int, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class Cells:
    """Cells that are compared at an origin: level, subject and stage of each, and its units.

    Parameters
    ----------
    level, subject, stage
        Level (``school``, ``township``, ``county``), code and stage. shape (cells,)
    member
        Which units belong to each cell. shape (cells, units)
    survival
        Plain cohort survival. shape (horizon, cells) [pupils]
    """

    level: list[str]
    subject: list[str]
    stage: list[str]
    member: NDArray[np.float32]
    survival: Floats


def backtest_origins(enrolment: pd.DataFrame, base_year: int) -> range:
    """Years that the back-test fits a forecast in: from the third year of enrolment to the year before the base."""
    years = enrolment.loc[enrolment["school_year"] <= base_year, "school_year"]
    return range(int(years.min()) + FIRST_ORIGIN - 1, base_year)


def backtest_cells(tables: Tables, options: CountyOptions, rng: np.random.Generator) -> pd.DataFrame:
    """Forecast from every earlier year with four years before it, and set it beside what came.

    From origin y, enrolment to y, births of calendar years to y and the flows of y are used; noise and widths are
    those that the years to y show. Births to come are drawn origin after origin, the oldest first, the rest by a generator of
    each origin's own: nothing that comes later moves its draws.

    Parameters
    ----------
    tables
        Enrolment, schools, births, flows.
    options
        Base year (the last that is compared).
    rng
        Source of randomness.

    Returns
    -------
    DataFrame
        origin, subject_type (school, township, county), subject_id, stage, lead, mean, p50, lo80, hi80, lo95, hi95,
        p_loss (chance to have lost a fifth), last (value at the origin), survival (plain cohort survival), actual
        (NaN = not reported). Empty where the history is too short. [pupils]
    """
    panel = school_panel(tables.enrolment, tables.schools, options.base_year)
    panel = replace(panel, moves=moves_of(options.events, tables.flows, panel))
    births_rng, *streams = rng.spawn(1 + panel.last_year - panel.first_year)
    origins = []
    for year in range(panel.first_year + FIRST_ORIGIN - 1, panel.last_year):
        flows = tables.earlier_flows.get(year, tables.flows)
        ahead = min(max(LEADS), panel.last_year - year)
        origins.append(origin_at(panel, tables.births, flows, year, ahead, births_rng))
    parts = []
    for place, (origin, stream) in enumerate(zip(origins, streams, strict=False)):
        if origin.panel.last_year - panel.first_year + 1 >= HISTORY:
            past = [_as_seen_from(origin.panel, earlier) for earlier in origins[:place]]
            parts.append(_one_origin(origin, judge_window(past, origin.panel, max(LEADS), stream), stream))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def backtest_county(tables: Tables, options: CountyOptions, rng: np.random.Generator) -> pd.DataFrame:
    """Table ``backtest`` of a county: `backtest_table` of `backtest_cells`."""
    return backtest_table(backtest_cells(tables, options, rng))


def _as_seen_from(panel: SchoolPanel, origin: Origin) -> Origin:
    """An earlier origin with its outcomes as a panel knew them: whether a silent school was gone may show later."""
    school, grade = unit_index(origin.panel)
    first = origin.panel.cube.shape[2]
    return replace(origin, actual=panel.cube[:, :, first:][school, grade].T)


def _one_origin(origin: Origin, window: Window, rng: np.random.Generator) -> pd.DataFrame:
    """Every cell of one origin by lead."""
    path = draw_path(_repeated(origin.model), origin.panel, window, DRAWS * REPEATS, rng)
    cells = _cells(origin.panel, len(path))
    last = cells.member @ origin.model.start
    frames = []
    for lead in (lead for lead in LEADS if lead <= len(path)):
        keys = {"origin": origin.panel.last_year, "subject_type": cells.level, "subject_id": cells.subject}
        known = {
            "last": last,
            "survival": cells.survival[lead - 1],
            "actual": cells.member @ origin.actual[lead - 1],
        }
        drawn = _drawn(cells.member @ path[lead - 1], last)
        frames.append(pd.DataFrame(keys | {"stage": cells.stage, "lead": lead} | drawn | known))
    return pd.concat(frames, ignore_index=True)


def _cells(panel: SchoolPanel, horizon: int) -> Cells:
    """Schools, townships and the county, by stage."""
    school, grade = unit_index(panel)
    years = [panel.cube[:, :, year] for year in range(panel.cube.shape[2] - 1)] + [last_known(panel)]
    by_school = cohort_survival(np.stack(years, axis=2), horizon)
    by_town = cohort_survival(np.stack([township_sums(panel, year) for year in years], axis=2), horizon)
    whole = by_town.sum(axis=1, keepdims=True)
    levels = (
        (SCHOOL, school, panel.schools, by_school),
        (TOWNSHIP, panel.town[school], panel.townships, by_town),
        (COUNTY, np.zeros_like(school), (COUNTY,), whole),
    )
    level: list[str] = []
    subject: list[str] = []
    stage: list[str] = []
    members, simple = [], []
    for name, place, codes, path in levels:
        numbers, group = np.unique(place * len(STAGES) + OF_GRADE[grade], return_inverse=True)
        at, kind = np.divmod(numbers, len(STAGES))
        level += [name] * len(numbers)
        subject += [codes[i] for i in at]
        stage += [str(STAGES[i]) for i in kind]
        members.append(np.eye(len(numbers), dtype=np.float32)[:, group])
        simple.append((path @ (OF_GRADE[:, None] == np.arange(len(STAGES))))[:, at, kind])
    return Cells(level, subject, stage, np.concatenate(members), np.concatenate(simple, axis=1))


def _repeated(model: UnitModel) -> UnitModel:
    """The same law with every draw of the births used several times."""
    drawn = model.ratio.shape[2] > 1
    return replace(model, ratio=np.tile(model.ratio, (1, 1, REPEATS))) if drawn else model


def _drawn(sums: Draws, last: Floats) -> dict[str, Floats]:
    """What the draws of the cells say: mean, median, bands, chance of a loss."""
    low80, high80, low95, high95 = bounds(sums)
    return {
        "mean": sums.mean(axis=1, dtype=float),
        "p50": np.median(sums, axis=1).astype(float),
        "lo80": low80,
        "hi80": high80,
        "lo95": low95,
        "hi95": high95,
        "p_loss": (sums <= (1 - LOSS) * last[:, None]).mean(axis=1),
    }
