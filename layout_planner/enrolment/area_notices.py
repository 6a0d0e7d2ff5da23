"""What a planner has to know beside a forecast of areas: who was left out and why, what was read how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import pandas as pd

from layout_planner.enrolment.area_checks import (
    checked_births,
    checked_map,
    checked_pupils,
    impossible_zeros,
    year_runs,
)
from layout_planner.enrolment.area_gaps import births_slips, cell_slips, origin_gaps, row_gaps, year_gaps
from layout_planner.enrolment.area_regimes import present_regimes, still_opening
from layout_planner.enrolment.area_tables import AreaData, births_of_areas, births_taken, pupil_cube, stage_rows
from layout_planner.enrolment.areas import AreasOptions

FEW_YEARS: Final = 5  # years of pupils below which no origin inside the window has judged the bands

Notice = tuple[str, Mapping[str, object]]


def area_notices(
    pupils: pd.DataFrame, births: pd.DataFrame | None, areas_map: pd.DataFrame | None, options: AreasOptions
) -> list[Notice]:
    """Remarks on the tables that `forecast_areas` is given.

    Parameters
    ----------
    pupils, births, areas_map, options
        As for `forecast_areas`.

    Returns
    -------
    list
        Code of the catalogue and its fields, the areas without a forecast first.

    Raises
    ------
    DataError
        As `forecast_areas`.
    """
    data = pupil_cube(pupils, options.grades, options.origin)
    table = checked_pupils(pupils)
    found = [*_left_out(table, data, options.origin), *_unused(table, data, options)]
    found += _of_cells(table, data)
    return [*found, *_of_regimes(data, options), *_of_births(births, areas_map, data.areas, options)]


def _left_out(table: pd.DataFrame, data: AreaData, origin: int) -> Iterator[Notice]:
    here = set(data.areas)
    some = table[(table["pupils"] > 0) & ~table["area"].isin(here)]
    now = set(some.loc[some["year"] == origin, "area"])
    before = set(some.loc[some["year"] < origin, "area"]) - now
    later = set(some["area"]) - now - before
    never = set(table["area"]) - here - set(some["area"])
    if now:
        yield "area_left_grades", {"areas": now, "origin": origin, "allowed": _span(data.grades)}
    if before:
        yield "area_left_closed", {"areas": before, "origin": origin}
    if later:
        yield "area_left_later", {"areas": later, "origin": origin}
    if never:
        yield "area_left_never", {"areas": never}


def _unused(table: pd.DataFrame, data: AreaData, options: AreasOptions) -> Iterator[Notice]:
    origin = options.origin
    used = table[(table["year"] <= origin) & (table["pupils"] > 0)]
    other = sorted(set(used["grade"]) - set(data.grades))
    if other:
        yield "area_grades_unused", {"grades": year_runs(other), "allowed": _span(data.grades)}
    in_chain = used[used["grade"].isin(data.grades) & (used["year"] >= data.first_year)]
    missing = set(range(data.first_year, origin + 1)) - set(in_chain["year"])
    if missing:
        yield "area_years_missing", {"years": year_runs(missing)}
    if (years := in_chain["year"].nunique()) < FEW_YEARS:
        yield "area_few_years", {"found": years, "allowed": FEW_YEARS}
    offered = np.asarray(np.nan_to_num(data.cube).any(axis=(0, 2)))
    empty = [
        s
        for s, rows in zip(options.stages, stage_rows(data.grades, options.stages), strict=True)
        if not offered[rows].any()
    ]
    if empty:
        yield "area_stages_empty", {"stages": empty}


def _of_cells(table: pd.DataFrame, data: AreaData) -> Iterator[Notice]:
    if origin_gone := origin_gaps(table, data):
        yield "area_rows_gap_origin", {"places": origin_gone}
    if gaps := year_gaps(data):
        yield "area_years_gap", {"places": gaps}
    if rows := row_gaps(data):
        yield "area_rows_gap", {"places": rows}
    if slips := cell_slips(data):
        yield "area_cell_slip", {"places": slips}


def _of_regimes(data: AreaData, options: AreasOptions) -> Iterator[Notice]:
    found = present_regimes(data.cube)
    jumped = [f"{area} ({data.first_year + year})" for area, year in zip(data.areas, found.since, strict=True) if year]
    if jumped:
        yield "area_jumped", {"areas": jumped}
    grades = np.array(data.grades)
    if closed := _named(data, grades, found.closed):
        yield "area_grades_closed", {"areas": closed, "origin": options.origin}
    if opening := _named(data, grades[1:], still_opening(data.cube, options.tops)):
        yield "area_opening", {"areas": opening}


def _named(data: AreaData, grades: np.ndarray, which: np.ndarray) -> list[str]:
    rows = np.flatnonzero(which.any(axis=1))
    return [f"{data.areas[i]} ({', '.join(year_runs(grades[which[i]].tolist()))})" for i in rows]


def _of_births(
    births: pd.DataFrame | None, areas_map: pd.DataFrame | None, areas: tuple[str, ...], options: AreasOptions
) -> Iterator[Notice]:
    rows = checked_births(births)
    known = None if rows is None else rows[(rows["year"] < options.origin) & rows["births"].notna()]
    if known is None or known.empty:
        yield "area_births_no_table" if rows is None else "area_births_late", {"allowed": options.origin - 1}
        return
    if (zero := impossible_zeros(known)).any():
        yield "area_births_zero", {"places": [f"{a} {y}" for a, y in known.loc[zero, ["area", "year"]].values]}
    if slips := births_slips(known):
        yield "area_births_slip", {"places": slips}
    yield from _of_sources(known, checked_map(areas_map), areas)
    if absent := set(checked_map(areas_map).values()) - set(known["area"]):
        yield "area_map_unknown", {"areas": absent}
    served = births_of_areas(known, areas_map, areas)
    without = [] if served is None else [a for a, row in zip(areas, served.notna().any(axis=1), strict=True) if not row]
    if without:
        yield "area_births_none", {"areas": without}
    if (last := int(known["year"].max())) < options.origin - 1:
        yield "area_births_end", {"found": last, "allowed": options.origin - 1}


def _of_sources(known: pd.DataFrame, mapped: Mapping[str, str], areas: tuple[str, ...]) -> Iterator[Notice]:
    """Areas whose births are those of everywhere, and births that no area takes."""
    taken = births_taken(known, mapped, areas)
    own = [b is not None and b in {a, mapped.get(a)} for a, b in zip(areas, taken, strict=True)]
    others = [a for a, b, is_own in zip(areas, taken, own, strict=True) if b is not None and not is_own]
    if others:
        yield "area_births_total", {"areas": others, "found": taken[areas.index(others[0])]}
    if not any(own) and not others:
        yield "area_births_unused", {"areas": set(known["area"])}


def _span(grades: tuple[int, ...]) -> str:
    return f"{grades[0]}–{grades[-1]}"
