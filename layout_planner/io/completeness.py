"""Checks that nothing is silently missing: grades and schools of the base year, townships and months of births."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from layout_planner.errors import Problem
from layout_planner.io.settings import CountySettings
from layout_planner.terms import STAGE_OF_GRADE

ENROLMENT, BIRTHS, SCHOOLS = "enrolment.csv", "births.csv", "schools.geojson"
MIN_YEARS = 3  # school years of enrolment, so that a progression can be told from one year's noise
MONTHS = 12
OLDEST_GRADE_LAG = 18  # grade 12 of September y was born from September y − 18
YOUNGEST_LAG = 3  # the youngest grade of the base year was born to August three years before
COHORT_LAG = 6  # grade g of September y was born from September y − g − 6
KIND_STAGES = {
    "kindergarten": {"pre"},
    "teaching_point": {"primary", "pre;primary"},
    "primary": {"primary", "pre;primary"},
    "junior": {"junior"},
    "nine_year": {"primary;junior", "pre;primary;junior"},
    "senior": {"senior", "junior;senior"},
    "vocational": {"senior"},
}


def check_completeness(tables: Mapping[str, Any], settings: CountySettings) -> list[Problem]:
    """Run every check of completeness; the codes of the tables are known to exist.

    Parameters
    ----------
    tables
        Input tables by name, each with the row number of its file under ``_row``.
    settings
        The county's settings.

    Returns
    -------
    list of Problem
        Defects, in the order of the checks.
    """
    schools, enrolment, births = tables["schools"], tables["enrolment"], tables["births"]
    problems = _kinds(schools)
    problems += _base_year(schools, enrolment, settings.base_year)
    problems += _open_years(schools, enrolment, settings.base_year)
    problems += _gaps(schools, enrolment, settings.base_year)
    problems += _births_years(births, tables, settings.base_year)
    if (last := int(births["year"].max())) < settings.base_year:
        ends = (str(last), str(settings.base_year))
        problems.append(Problem("warning", "births_end_early", BIRTHS, found=ends[0], allowed=ends[1]))
    problems += _births_months(births, tables["townships"])
    problems += _synthetic(tables, settings)
    return problems


def _names(schools: pd.DataFrame) -> dict[str, str]:
    return {code: f"{name}（{code}）" for code, name in zip(schools["school_id"], schools["name"], strict=True)}


def _kinds(schools: pd.DataFrame) -> list[Problem]:
    problems = []
    for row in schools.to_dict("records"):
        stages = dict.fromkeys(str(STAGE_OF_GRADE[g]) for g in range(int(row["grade_low"]), int(row["grade_high"]) + 1))
        told, by_grade = str(row["stages"]), ";".join(stages)
        if set(told.split(";")) != set(stages) or by_grade not in KIND_STAGES[row["kind"]]:
            found = f"{row['kind']}，{told}，{row['grade_low']}–{row['grade_high']} 年级"
            name = f"{row['name']}（{row['school_id']}）"
            problems.append(
                Problem("error", "grades_and_kind", SCHOOLS, int(row["_row"]), name, found, by_grade or "—")
            )
    return problems


def _base_year(schools: pd.DataFrame, enrolment: pd.DataFrame, base_year: int) -> list[Problem]:
    """Every school that is open in the base year has a row for every grade of its span."""
    rows = enrolment[enrolment["school_year"] == base_year]
    told = rows.groupby("school_id")["grade"].agg(lambda grades: {int(g) for g in grades}).to_dict()
    names = _names(schools)
    problems = []
    for row in schools.to_dict("records"):
        span = set(range(int(row["grade_low"]), int(row["grade_high"]) + 1))
        have = told.get(row["school_id"], set())
        closed, opened = (pd.isna(row[c]) for c in ("closed", "opened"))
        active = (closed or row["closed"] > base_year) and (opened or row["opened"] <= base_year)
        name = names[row["school_id"]]
        if not have and active:
            problems.append(Problem("error", "school_missing", ENROLMENT, column=name))
        elif have and (gone := sorted(span - have)):
            low, high = min(span), max(span)
            found = "、".join(map(str, gone))
            problems.append(Problem("error", "grade_missing", ENROLMENT, None, name, found, f"{low}–{high}"))
    return problems


def _open_years(schools: pd.DataFrame, enrolment: pd.DataFrame, base_year: int) -> list[Problem]:
    rows = enrolment[enrolment["school_year"] == base_year]
    pupils = rows.groupby("school_id")["pupils"].sum().to_dict()
    names = _names(schools)
    problems = []
    for row in schools.to_dict("records"):
        name, there = names[row["school_id"]], float(pupils.get(row["school_id"], 0.0))
        opened, closed = row["opened"], row["closed"]
        if there > 0 and pd.notna(opened) and opened > base_year:
            problems.append(Problem("error", "school_not_open", SCHOOLS, None, name, f"{opened} 开办", f"{there:g}"))
        if there > 0 and pd.notna(closed) and closed <= base_year:
            problems.append(Problem("error", "school_not_open", SCHOOLS, None, name, f"{closed} 停办", f"{there:g}"))
        if pd.notna(closed) and closed > base_year:
            problems.append(Problem("error", "closing_is_a_plan", SCHOOLS, None, name, str(closed)))
    return problems


def _births_years(births: pd.DataFrame, tables: Mapping[str, Any], base_year: int) -> list[Problem]:
    """Births of every township with a village, for every year that today's grades were born in, to the last year."""
    highest = int(tables["enrolment"]["grade"].max())
    first = max(base_year - highest - COHORT_LAG, base_year - OLDEST_GRADE_LAG)
    last = max(int(births["year"].max()), base_year - YOUNGEST_LAG)
    names = tables["townships"].set_index("township_code")["name"].to_dict()
    have = births.groupby("township_code")["year"].agg(set).to_dict()
    problems = []
    for code in sorted(set(tables["villages"]["township_code"])):
        gaps = [year for year in range(first, last + 1) if year not in have.get(code, set())]
        if gaps:
            found = "、".join(map(str, gaps)) if len(gaps) < last + 1 - first else "全部"
            name = f"{names.get(code, code)}（{code}）"
            problems.append(Problem("error", "births_township_missing", BIRTHS, None, name, found, str(first)))
    return problems


def _births_months(births: pd.DataFrame, townships: pd.DataFrame) -> list[Problem]:
    """A year told by months has all of them; the last year of the file the same first months in every township."""
    names = townships.set_index("township_code")["name"].to_dict()
    monthly = births[births["month"].notna()]
    last = int(births["year"].max())
    ends = monthly.loc[monthly["year"] == last, "month"]
    wanted = {last: set(range(1, int(ends.max()) + 1))} if len(ends) else {}
    told = monthly.groupby(["township_code", "year"])["month"].agg(lambda months: {int(m) for m in months})
    return [
        Problem("error", "births_month_missing", BIRTHS, None, f"{names.get(code, code)}（{code}）", str(year))
        for (code, year), months in told.items()
        if months != wanted.get(int(year), set(range(1, MONTHS + 1)))
    ]


def _gaps(schools: pd.DataFrame, enrolment: pd.DataFrame, base_year: int) -> list[Problem]:
    """The last years are consecutive; a grade or a year that is missing earlier is told, not taken as nobody."""
    years = {int(year) for year in enrolment["school_year"]}
    last = [year for year in range(base_year - MIN_YEARS + 1, base_year + 1) if year not in years]
    problems = []
    if last:
        found = f"缺 {'、'.join(map(str, last))}"
        problems.append(Problem("error", "years_too_few", ENROLMENT, found=found, allowed=str(MIN_YEARS)))
    holes = [year for year in range(min(years), base_year) if year not in years and year not in last]
    names = _names(schools)
    span = {
        r["school_id"]: set(range(int(r["grade_low"]), int(r["grade_high"]) + 1)) for r in schools.to_dict("records")
    }
    told = enrolment[enrolment["school_year"] < base_year].groupby(["school_id", "school_year"])["grade"]
    for (school, year), grades in told.agg(lambda values: {int(v) for v in values}).items():
        if gone := sorted(span[school] - grades):
            found = f"{year} 学年 {'、'.join(map(str, gone))} 年级"
            problems.append(Problem("warning", "rows_missing_before", ENROLMENT, None, names[school], found))
    problems += [Problem("warning", "rows_missing_before", ENROLMENT, None, "全县", f"{year} 学年") for year in holes]
    return problems


def _synthetic(tables: Mapping[str, Any], settings: CountySettings) -> list[Problem]:
    if settings.synthetic:
        return []
    return [
        Problem("warning", "rows_synthetic", str(name), found=str(count))
        for name, count in ((name, synthetic_rows(table)) for name, table in tables.items())
        if count
    ]


def synthetic_rows(table: pd.DataFrame | None) -> int:
    """Count the rows of a table that are marked as simulated."""
    if table is None or "synthetic" not in table:
        return 0
    return int(table["synthetic"].fillna(False).astype(bool).sum())
