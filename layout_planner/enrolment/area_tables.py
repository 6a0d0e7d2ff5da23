"""Tables of any areas: pupils to a cube, births to rows by area, draws to the table of results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layout_planner.enrolment.area_checks import (
    checked_births,
    checked_map,
    checked_pupils,
    impossible_zeros,
    year_runs,
)
from layout_planner.enrolment.calibration import Calibration, size_class, widened
from layout_planner.errors import DataError

Floats = NDArray[np.float64]

RESULT_COLUMNS: Final = ("mean", "lo80", "hi80", "lo95", "hi95")
QUANTILES: Final = (0.1, 0.9, 0.025, 0.975)
TOTAL_SHARE: Final = 0.9  # a row with this share of the sum of all others is a total
MOST_YEARS: Final = 60  # years before are not used: a cohort has long left school by then
SCALE_LIMIT: Final = 3.0  # no cell's draws are scaled by more to meet the point forecast
GROWTH_LIMIT: Final = 3.0  # no grade is forecast above its area's largest grade ever times this
SMALLEST_STAGE: Final = 0.5  # pupils of a stage below which the last value has no say


@dataclass(frozen=True)
class AreaData:
    """Pupils of the window: shape (areas, grades, years), NaN in a year in which the area has nobody. [pupils].

    `tops` are the positions of the last grade of every stage: how far an area goes on that opens grade by grade.
    """

    areas: tuple[str, ...]
    grades: tuple[int, ...]
    first_year: int
    cube: Floats
    left_out: tuple[str, ...]
    tops: tuple[int, ...] = ()

    @property
    def years(self) -> int:
        """Years of the window."""
        return int(self.cube.shape[2])

    def part(self, areas: NDArray[np.int64]) -> AreaData:
        """The areas at some positions."""
        return replace(self, areas=tuple(self.areas[i] for i in areas), cube=self.cube[areas])


def pupil_cube(pupils: pd.DataFrame, grades: tuple[int, ...], origin: int) -> AreaData:
    """Pupils by area, grade and year up to the origin.

    Parameters
    ----------
    pupils
        area, year, grade, pupils; further columns are summed over. [pupils]
    grades
        Grades of the chain, lowest first; others are not used.
    origin
        Last year used. [year]

    Returns
    -------
    AreaData
        Areas with pupils at the origin, sorted by code. An area with pupils in a year but none in a grade has 0 there.

    Raises
    ------
    DataError
        ``pupils_none_at_origin``, ``pupils_grades``, and those of `checked_pupils`.
    """
    whole = checked_pupils(pupils)
    table = whole[whole["year"] <= origin]
    if not (table["year"] == origin).any():
        raise DataError("pupils_none_at_origin", origin=origin, found=year_runs(whole["year"]) or "—")
    chain = table[table["grade"].isin(grades)]
    now = chain[chain["year"] == origin].groupby("area")["pupils"].sum()
    areas = sorted(now[now > 0].index)
    if not areas:
        raise DataError("pupils_grades", origin=origin, allowed=f"{grades[0]}–{grades[-1]}")
    years = range(max(int(chain["year"].min()), origin + 1 - MOST_YEARS), origin + 1)
    index = pd.MultiIndex.from_product([areas, grades, years], names=["area", "grade", "year"])
    cube = chain.groupby(["area", "grade", "year"])["pupils"].sum().reindex(index).fillna(0.0)
    values = cube.to_numpy(dtype=float, copy=True).reshape(len(areas), len(grades), len(years))
    values[np.broadcast_to(values.sum(axis=1, keepdims=True) == 0, values.shape)] = np.nan
    left_out = tuple(sorted(set(table["area"]) - set(areas)))
    return AreaData(tuple(areas), grades, years.start, values, left_out)


def births_of_areas(
    births: pd.DataFrame | None, areas_map: pd.DataFrame | None, areas: tuple[str, ...]
) -> pd.DataFrame | None:
    """Births whose shape each area takes: of its births_area, else its own, else of the total.

    Parameters
    ----------
    births
        area, year, births. [children]
    areas_map
        area, births_area.
    areas
        Codes of the areas.

    Returns
    -------
    DataFrame or None
        index = areas, columns year; a row of NaN where an area has no births to go by. None without births. 0 in an
        area that cannot have none is not known.

    Raises
    ------
    DataError
        Those of `checked_births` and `checked_map`.
    """
    rows, mapped = checked_births(births), checked_map(areas_map)
    if rows is None:
        return None
    rows = rows.assign(births=rows["births"].mask(impossible_zeros(rows)))
    wide = rows.pivot_table(index="area", columns="year", values="births", dropna=False).astype(float)
    source = _sources(wide, mapped, areas)
    found = pd.DataFrame([wide.loc[a] if a is not None else np.nan * wide.iloc[0] for a in source])
    return found.set_axis(pd.Index(areas, name="area"), axis="index")


def _sources(wide: pd.DataFrame, mapped: Mapping[str, str], areas: tuple[str, ...]) -> list[str | None]:
    total = _total_row(wide, set(areas) | set(mapped.values()))
    return [next((a for a in (mapped.get(area), area, total) if a in wide.index), None) for area in areas]


def births_taken(rows: pd.DataFrame, mapped: Mapping[str, str], areas: tuple[str, ...]) -> list[str | None]:
    """Births area that each area takes its shape from, of checked rows and map; None where there is none.

    Parameters
    ----------
    rows
        area, year, births. [children]
    mapped
        Area → births area.
    areas
        Codes of the areas.

    Returns
    -------
    list
        One for each area.
    """
    rows = rows.assign(births=rows["births"].mask(impossible_zeros(rows)))
    wide = rows.pivot_table(index="area", columns="year", values="births", dropna=False).astype(float)
    return _sources(wide, mapped, areas)


def births_are_own(births: pd.DataFrame | None, areas_map: pd.DataFrame | None, areas: tuple[str, ...]) -> bool:
    """Whether the births of most areas are counted for the area itself, not for a larger one around it."""
    rows, mapped = checked_births(births), checked_map(areas_map)
    if rows is None:
        return False
    counted = set(rows["area"])
    return 2 * sum(area in counted and mapped.get(area, area) == area for area in areas) > len(areas)


def cohorts_known(births: pd.DataFrame | None, areas: int, years: range, birth_lag: int, origin: int) -> Floats:
    """Births of the cohort that enters in each year, as known at the origin.

    Rows of births after origin − 1 are not used; a later cohort is the mean of the last three known.

    Returns
    -------
    array
        shape (areas, years). [children]
    """
    if births is None:
        return np.full((areas, len(years)), np.nan)
    known = births.loc[:, births.columns <= origin - 1].sort_index(axis="columns")
    if known.empty:
        return np.full((areas, len(years)), np.nan)
    cohorts = known.reindex(columns=[year - birth_lag for year in years])
    recent = known.ffill(axis="columns").iloc[:, -3:].mean(axis="columns").to_numpy()
    late = np.array([year - birth_lag > known.columns[-1] for year in years])
    known_or_recent: Floats = np.where(late[None, :], recent[:, None], cohorts.to_numpy(dtype=float))
    return known_or_recent


def stage_rows(grades: tuple[int, ...], stages: Mapping[str, tuple[int, int]]) -> NDArray[np.bool_]:
    """Which grades belong to each stage, shape (stages, grades)."""
    return np.array([[low <= g <= high for g in grades] for low, high in stages.values()])


def centred(path: NDArray[np.float32], target: Floats) -> NDArray[np.float32]:
    """Scale every cell's draws of a year by one factor so that their mean is the target.

    Parameters
    ----------
    path
        Draws, shape (horizon, areas, grades, draws). [pupils]
    target
        Point forecast, shape (horizon, areas, grades). [pupils]

    Returns
    -------
    array
        Shape of `path`; a cell that no draw fills stays 0. [pupils]
    """
    mean = path.mean(axis=-1, dtype=float)
    scale = np.where(mean > 0, target / np.where(mean > 0, mean, 1.0), 0.0)
    moved: NDArray[np.float32] = path * np.minimum(scale, SCALE_LIMIT)[..., None].astype(np.float32)
    return moved


def persistent(centre: Floats, last: Floats, member: NDArray[np.bool_], factors: Calibration) -> Floats:
    """Draw the point forecast of every stage towards its last value, all its grades by one factor.

    Parameters
    ----------
    centre
        Mean path of the model, shape (horizon, areas, grades). [pupils]
    last
        Pupils at the origin, shape (areas, grades). [pupils]
    member
        Grades of each stage, shape (stages, grades).
    factors
        Weight of the last value by horizon and size class.

    Returns
    -------
    array
        Shape of `centre`; a stage is ``(1 − w)·mean + w·last``. [pupils]
    """
    expected, now = centre @ member.T, last @ member.T
    scale = np.ones(centre.shape)
    for year in range(len(centre)):
        weight = factors.at(year + 1)[0][size_class(now)]
        some = expected[year] > SMALLEST_STAGE
        ratio = np.where(some, 1 - weight + weight * now / np.where(some, expected[year], 1.0), 1.0)
        for stage, grades in enumerate(member):
            scale[year][:, grades] = ratio[:, stage, None]
    return centre * scale


def believable(centre: Floats, cube: Floats) -> Floats:
    """Keep every grade's mean within `GROWTH_LIMIT` times the largest grade that its area has ever had.

    Parameters
    ----------
    centre
        Point forecast, shape (horizon, areas, grades). [pupils]
    cube
        Pupils of the window, shape (areas, grades, years); NaN = nobody there. [pupils]

    Returns
    -------
    array
        Shape of `centre`. [pupils]
    """
    largest = np.nan_to_num(cube).max(axis=(1, 2))
    kept: Floats = np.minimum(centre, GROWTH_LIMIT * largest[:, None])
    return kept


def result_table(
    path: NDArray[np.float32], data: AreaData, stages: Mapping[str, tuple[int, int]], factors: Calibration
) -> pd.DataFrame:
    """Means and intervals of every grade and stage.

    Parameters
    ----------
    path
        Draws, shape (horizon, areas, grades, draws). [pupils]
    data
        Areas, grades and years.
    stages
        Name → lowest and highest grade.
    factors
        Width factors by horizon.

    Returns
    -------
    DataFrame
        origin, year, area, grade_or_stage, mean, lo80, hi80, lo95, hi95. [pupils]
    """
    member = stage_rows(data.grades, stages)
    origin = data.first_year + data.years - 1
    last = np.nan_to_num(data.cube[:, :, -1])
    of_grade = np.where(member.any(axis=0), member.argmax(axis=0), 0)  # a grade takes the size class of its stage
    of_stage = np.concatenate([of_grade, np.arange(len(member))])
    labels = [str(g) for g in data.grades] + list(stages)
    values = np.empty((path.shape[0], len(data.areas), len(labels), len(RESULT_COLUMNS)))
    classes = size_class(np.concatenate([last @ member[of_grade].T, last @ member.T], axis=1))
    for year, draws in enumerate(path):
        sums = np.stack([draws[:, grades].sum(axis=1) for grades in member], axis=1)
        known = factors.at(year + 1)[1]
        width = known[np.minimum(of_stage, len(known) - 1), classes]
        values[year] = _with_bounds(np.concatenate([draws, sums], axis=1), width)
    years = range(origin + 1, origin + path.shape[0] + 1)
    index = pd.MultiIndex.from_product([years, data.areas, labels], names=["year", "area", "grade_or_stage"])
    table = pd.DataFrame(values.reshape(-1, len(RESULT_COLUMNS)), index=index, columns=list(RESULT_COLUMNS))
    table = table.reset_index()
    table.insert(0, "origin", origin)
    return table


def bounds(draws: NDArray[np.float32]) -> Floats:
    """Quantiles lo80, hi80, lo95, hi95 over the last axis, shape (4, ...). [pupils].

    Of n draws the k-th is taken for k / (n + 1): a further draw falls below it with that probability, for few draws too.

    References
    ----------
    .. [1] R. J. Hyndman, Y. Fan, "Sample quantiles in statistical packages", Am. Stat. 50(4), 1996 (definition 6)
    """
    ordered, last = np.sort(draws, axis=-1), draws.shape[-1] - 1
    place = np.clip(np.array(QUANTILES) * (draws.shape[-1] + 1) - 1, 0.0, last)
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, last)
    values = ordered[..., low] + (place - low) * (ordered[..., high] - ordered[..., low])
    return np.moveaxis(values.astype(float), -1, 0)


def _with_bounds(draws: NDArray[np.float32], width: Floats) -> Floats:
    mean = draws.mean(axis=-1, dtype=float)
    levels = (0, 0, 1, 1)  # both bounds of 80 %, then of 95 %
    moved = [widened(mean, bound, width[..., level]) for bound, level in zip(bounds(draws), levels, strict=True)]
    low80, high80 = np.minimum(moved[0], mean), np.maximum(moved[1], mean)  # the mean of few draws may lie outside
    low95, high95 = np.minimum(moved[2], low80), np.maximum(moved[3], high80)  # each level has a factor of its own
    return np.stack([mean, low80, high80, low95, high95], axis=-1)


def _total_row(wide: pd.DataFrame, named: set[str]) -> str | None:
    """Row that holds the births of everywhere: the only one, or as large as at least two others together."""
    spare = wide.loc[[a for a in wide.index if a not in named]]
    if spare.empty:
        return None
    sums = wide.mean(axis="columns").fillna(0.0)
    largest = str(sums[spare.index].idxmax())
    others = sums.drop(largest)
    if len(others) == 0:
        return largest
    return largest if len(others) > 1 and sums[largest] >= TOTAL_SHARE * others.sum() else None
