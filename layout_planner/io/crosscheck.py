"""Checks between files: codes exist, grades fit the school, points lie in the county, years are complete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from layout_planner.errors import Problem
from layout_planner.io.completeness import check_completeness
from layout_planner.io.settings import CountySettings

if TYPE_CHECKING:
    import geopandas as gpd

_REFERENCES = (
    # table, file, column, table that has it, its column, words
    ("schools", "schools.geojson", "township_code", "townships", "township_code", "townships.geojson"),
    ("schools", "schools.geojson", "village_code", "villages", "village_code", "villages.csv"),
    ("schools", "schools.geojson", "host_school_id", "schools", "school_id", "schools.geojson"),
    ("villages", "villages.csv", "township_code", "townships", "township_code", "townships.geojson"),
    ("births", "births.csv", "township_code", "townships", "township_code", "townships.geojson"),
    ("enrolment", "enrolment.csv", "school_id", "schools", "school_id", "schools.geojson"),
    ("attendance", "attendance.csv", "school_id", "schools", "school_id", "schools.geojson"),
    ("attendance", "attendance.csv", "village_code", "villages", "village_code", "villages.csv"),
)
_FAR_DEGREES = 0.3  # a point this far outside the county's outline is a mistake, not a border village


def check(tables: Mapping[str, Any], settings: CountySettings) -> list[Problem]:
    """Run every check between files.

    Parameters
    ----------
    tables
        Input tables by name, each with the row number of its file under ``_row``; None where absent.
    settings
        The county's settings.

    Returns
    -------
    list of Problem
        Defects, in the order of the checks.
    """
    problems: list[Problem] = []
    for name, file, column, other, other_column, words in _REFERENCES:
        if tables.get(name) is not None:
            problems += _unknown(tables[name], file, column, set(tables[other][other_column]), words)
    if not problems:
        problems += _grade_span(tables["enrolment"], tables["schools"])
    problems += _boarders(tables["enrolment"])
    problems += _far_points(tables["schools"], tables["townships"], "schools.geojson")
    problems += _far_points(tables["villages"], tables["townships"], "villages.csv")
    problems += _years(tables["enrolment"], settings)
    if not any(p.code in {"reference_unknown", "year_missing"} for p in problems):
        problems += check_completeness(tables, settings)
    return problems


def _unknown(frame: pd.DataFrame, file: str, column: str, known: set[str], words: str) -> list[Problem]:
    bad = frame[frame[column].notna() & ~frame[column].isin(known)]
    return [
        Problem("error", "reference_unknown", file, int(row), column, str(value), words)
        for row, value in zip(bad["_row"], bad[column], strict=True)
    ]


def _grade_span(enrolment: pd.DataFrame, schools: pd.DataFrame) -> list[Problem]:
    span = enrolment.merge(schools[["school_id", "grade_low", "grade_high"]], on="school_id", how="left")
    outside = (span["grade"] < span["grade_low"]) | (span["grade"] > span["grade_high"])
    bad = span[outside & (span["pupils"] > 0)]
    cells = zip(bad["_row"], bad["grade"], bad["grade_low"], bad["grade_high"], strict=True)
    return [
        Problem("error", "grade_outside_span", "enrolment.csv", int(row), "grade", str(grade), f"{low}–{high}")
        for row, grade, low, high in cells
    ]


def _boarders(enrolment: pd.DataFrame) -> list[Problem]:
    boarders = enrolment["boarders_m"].fillna(0) + enrolment["boarders_f"].fillna(0)
    bad = enrolment[boarders > enrolment["pupils"]]
    return [
        Problem(
            "error",
            "boarders_exceed_pupils",
            "enrolment.csv",
            int(row),
            "boarders_m + boarders_f",
            str(found),
            f"{allowed:g}",
        )
        for row, found, allowed in zip(bad["_row"], boarders[bad.index], bad["pupils"], strict=True)
    ]


def _far_points(points: gpd.GeoDataFrame, townships: gpd.GeoDataFrame, file: str) -> list[Problem]:
    west, south, east, north = townships.total_bounds
    x, y = points.geometry.x, points.geometry.y
    far = (x < west - _FAR_DEGREES) | (x > east + _FAR_DEGREES)
    far |= (y < south - _FAR_DEGREES) | (y > north + _FAR_DEGREES)
    allowed = f"经度 {west:.2f}–{east:.2f}，纬度 {south:.2f}–{north:.2f}"
    return [
        Problem("error", "point_outside", file, int(row), "经度、纬度", f"{px:.4f}, {py:.4f}", allowed)
        for row, px, py in zip(points["_row"][far], x[far], y[far], strict=True)
    ]


def _years(enrolment: pd.DataFrame, settings: CountySettings) -> list[Problem]:
    base = settings.base_year
    if base in set(enrolment["school_year"]):
        return []
    return [Problem("error", "year_missing", "enrolment.csv", found=str(base), allowed=str(base))]
