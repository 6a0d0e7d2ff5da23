"""Round 2: enrolment and births are complete and fit the register of schools."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import pandas as pd

from layout_planner.errors import Both, Problem
from layout_planner.io.checks.astray import Key, explained, strays
from layout_planner.io.checks.dates import future_rows
from layout_planner.io.checks.model import SETTINGS, Check, Context, at_rows, file_of, named
from layout_planner.io.checks.registers import doubtful

MIN_YEARS = 3  # school years of enrolment, so that a progression can be told from one year's noise
MONTHS = 12
OLDEST_GRADE_LAG = 18  # grade 12 of September y was born from September y − 18
YOUNGEST_LAG = 3  # the youngest grade of the base year was born to August three years before
COHORT_LAG = 6  # grade g of September y was born from September y − g − 6


def grade_span(ctx: Context) -> list[Problem]:
    """Pupils sit in grades that their school has."""
    schools = ctx.tables["schools"][["school_id", "grade_low", "grade_high"]]
    schools = schools[~schools["school_id"].isin(doubtful(ctx))]
    span = ctx.tables["enrolment"].merge(schools, on="school_id")
    rows = span[((span["grade"] < span["grade_low"]) | (span["grade"] > span["grade_high"])) & (span["pupils"] > 0)]
    allowed = [f"{low}–{high}" for low, high in zip(rows["grade_low"], rows["grade_high"], strict=True)]
    return at_rows("grade_outside_span", ("enrolment", "grade"), rows, rows["grade"], allowed=allowed)


def boarders(ctx: Context) -> list[Problem]:
    """Boarders are pupils."""
    table = ctx.tables["enrolment"]
    sleeping = table["boarders_m"].fillna(0) + table["boarders_f"].fillna(0)
    rows = table[sleeping > table["pupils"]]
    column = Both("寄宿生（男、女）", "boarders_m + boarders_f")
    return at_rows(
        "boarders_exceed_pupils", ("enrolment", column), rows, sleeping[rows.index], allowed=_said(rows["pupils"])
    )


def sections(ctx: Context) -> list[Problem]:
    """No more sections than pupils; none only where nobody sits; a section of several grades is told once."""
    table = ctx.tables["enrolment"]
    many = table[(table["sections"] > table["pupils"]).fillna(False)]
    found = at_rows("sections_exceed_pupils", ("enrolment", "sections"), many, many["sections"],
                    allowed=_said(many["pupils"]))  # fmt: skip
    told = table[table["sections"].notna()]
    by_school = told.groupby(["school_id", "school_year"])[["pupils", "sections"]].sum()
    none = by_school[(by_school["sections"] == 0) & (by_school["pupils"] > 0)].index
    rows = told[pd.MultiIndex.from_frame(told[["school_id", "school_year"]]).isin(none) & (told["pupils"] > 0)]
    rows = rows.drop_duplicates(["school_id", "school_year"])
    allowed = _said(by_school.loc[pd.MultiIndex.from_frame(rows[["school_id", "school_year"]]), "pupils"])
    return found + at_rows("sections_none", ("enrolment", "sections"), rows, ["0"] * len(rows), allowed=allowed)


def whole_numbers(ctx: Context) -> list[Problem]:
    """Children are counted in whole numbers."""
    problems: list[Problem] = []
    for name, column in (("enrolment", "pupils"), ("births", "births"), ("attendance", "pupils"), ("groups", "pupils")):
        if name in ctx.tables:
            table = ctx.tables[name]
            rows = table[table[column] % 1 != 0]
            problems += at_rows("count_broken", (name, column), rows, rows[column], severity="warning")
    return problems


def base_year(ctx: Context) -> list[Problem]:
    """Every school that is open in the base year has a row for every grade of its span."""
    year = ctx.base_year
    if year not in set(ctx.keys["enrolment"]["school_year"]):
        return [Problem("error", "year_missing", file_of("enrolment"), found=str(year), allowed=str(year))]
    gaps = ctx.once("gaps", gaps_of)
    problems = []
    for school, (low, high, name) in ctx.once("spans", _spans).items():
        gap = gaps.get((school, year))
        if gap is None or not gap.told:
            continue
        if len(gap.grades) == high - low + 1:
            problems.append(Problem("error", "school_missing", file_of("enrolment"), column=name))
        else:
            problems.append(_hole("error", "grade_missing", name, _listed(gap.told), f"{low}–{high}"))
    return problems


@dataclass(frozen=True)
class Gap:
    """Grades of a school and year that have no row, and those of them that no other defect explains."""

    grades: list[int]
    told: list[int]


def gaps_of(ctx: Context) -> dict[tuple[str, int], Gap]:
    """Grades without a row, by school and year to the base year; a row elsewhere that belongs there explains one.

    Of the base year where a school is open or has any row, of an earlier year where it has any row.
    """
    year, keys = ctx.base_year, ctx.keys["enrolment"]
    spans, told = ctx.once("spans", _spans), _grades(keys[keys["school_year"] <= year])
    schools = ctx.tables["schools"][["school_id", "opened", "closed"]].itertuples(index=False)
    for code, opened, closed in schools:
        if code in spans and (pd.isna(closed) or closed > year) and (pd.isna(opened) or opened <= year):
            told[code, year] |= set()
    gone = {
        (school, when): sorted(set(range(spans[school][0], spans[school][1] + 1)) - grades)
        for (school, when), grades in told.items()
        if school in spans
    }
    cells = [(school, when, grade) for (school, when), grades in gone.items() for grade in grades]
    if not cells:
        return {}
    strange = {p.row for p in ctx.once("span", grade_span) if p.row is not None} | future_rows(ctx, "enrolment")
    filled = explained(cells, strays(ctx, "enrolment", ("school_id", "school_year", "grade"), more=strange))
    return {
        (school, when): Gap(grades, [g for g in grades if (school, when, g) not in filled])
        for (school, when), grades in gone.items()
        if grades
    }


def _spans(ctx: Context) -> dict[str, tuple[int, int, str]]:
    """Lowest and highest grade and name of every school whose kind and grades agree."""
    schools, wrong = ctx.tables["schools"], doubtful(ctx)
    names = named(schools)
    limits = zip(schools["school_id"], schools["grade_low"], schools["grade_high"], strict=True)
    return {code: (int(low), int(high), names[code]) for code, low, high in limits if code not in wrong}


def _listed(numbers: list[int]) -> Both:
    return Both("、".join(map(str, numbers)), ", ".join(map(str, numbers)))


def open_years(ctx: Context) -> list[Problem]:
    """A school with pupils in the base year is open then; a later closing is a decision of a plan."""
    year, table = ctx.base_year, ctx.tables["enrolment"]
    pupils = table[table["school_year"] == year].groupby("school_id")["pupils"].sum().to_dict()
    file = file_of("schools")
    problems = []
    for row in ctx.tables["schools"].to_dict("records"):
        name, there = f"{row['name']}（{row['school_id']}）", float(pupils.get(row["school_id"], 0.0))
        opened, closed, at = row["opened"], row["closed"], int(row["_row"])
        if pd.notna(opened) and pd.notna(closed) and closed <= opened:
            continue
        if there > 0 and pd.notna(opened) and opened > year:
            found = Both(f"{opened} 开办", f"opened in {opened}")
            problems.append(Problem("error", "school_not_open", file, at, name, found, f"{there:g}"))
        if there > 0 and pd.notna(closed) and closed <= year:
            found = Both(f"{closed} 停办", f"closed in {closed}")
            problems.append(Problem("error", "school_not_open", file, at, name, found, f"{there:g}"))
        if pd.notna(closed) and closed > year:
            problems.append(Problem("error", "closing_is_a_plan", file, at, name, str(closed)))
    return problems


def earlier_years(ctx: Context) -> list[Problem]:
    """The last years are consecutive; a grade or a year that is missing earlier is told, not taken as nobody."""
    year, keys = ctx.base_year, ctx.keys["enrolment"]
    years = {int(y) for y in keys["school_year"]}
    last = [y for y in range(year - MIN_YEARS + 1, year + 1) if y not in years] if year in years else []
    problems = []
    if last:
        found = Both(f"缺 {'、'.join(map(str, last))}", f"no {', '.join(map(str, last))}")
        problems.append(_hole("error", "years_too_few", None, found, str(MIN_YEARS)))
    spans = ctx.once("spans", _spans)
    for (school, when), gap in ctx.once("gaps", gaps_of).items():
        if gap.told and when < year:
            said = _listed(gap.told)
            found = Both(f"{when} 学年 {said} 年级", f"{when}, grades {said.en}")
            problems.append(_hole("warning", "rows_missing_before", spans[school][2], found))
    county = Both("全县", "the whole county")
    holes = [y for y in range(min(years, default=year), year) if y not in years and y not in last]
    return problems + [_hole("warning", "rows_missing_before", county, Both(f"{y} 学年", str(y))) for y in holes]


def _hole(severity: str, code: str, name: str | None, found: str, allowed: str | None = None) -> Problem:
    return Problem(
        "warning" if severity == "warning" else "error", code, file_of("enrolment"), None, name, found, allowed
    )


def _grades(keys: pd.DataFrame) -> dict[tuple[str, int], set[int]]:
    """Grades told for each school and year."""
    told: dict[tuple[str, int], set[int]] = defaultdict(set)
    for school, year, grade in zip(keys["school_id"], keys["school_year"], keys["grade"], strict=True):
        told[school, int(year)].add(int(grade))
    return told


def births_years(ctx: Context) -> list[Problem]:
    """Births of every township with a village, for every year that today's grades were born in, to the last year."""
    births, year = ctx.keys["births"], ctx.base_year
    if not (births["year"] <= year + 1).any() or not len(ctx.keys["enrolment"]):
        return []
    highest = int(ctx.keys["enrolment"]["grade"].max())
    first = max(year - highest - COHORT_LAG, year - OLDEST_GRADE_LAG)
    latest = int(births.loc[births["year"] <= year + 1, "year"].max())
    last = max(latest, year - YOUNGEST_LAG)
    names = named(ctx.tables["townships"], "township_code")
    have = births.groupby("township_code")["year"].agg(set).to_dict()
    problems = []
    towns = sorted(set(ctx.tables["villages"]["township_code"]) & set(names))
    cells = [(code, y, month) for code in towns for y in range(first, last + 1) if y not in have.get(code, set())
             for month in (0, 1)]  # fmt: skip
    filled = {cell[:2] for cell in explained(cells, astray_births(ctx))} if cells else set()
    for code in towns:
        gaps = [y for y in range(first, last + 1) if y not in have.get(code, set()) and (code, y) not in filled]
        if gaps:
            found = _listed(gaps) if len(gaps) < last + 1 - first else Both("全部", "all")
            problems.append(
                Problem("error", "births_township_missing", file_of("births"), None, names[code], found, str(first))
            )
    if latest < year:
        problems.append(Problem("warning", "births_end_early", file_of("births"), found=str(latest), allowed=str(year)))
    return problems


def births_months(ctx: Context) -> list[Problem]:
    """A year told by months has all of them; the last year of the file the same first months in every township."""
    births = ctx.keys["births"]
    births = births[births["year"] <= ctx.base_year + 1]
    names = named(ctx.tables["townships"], "township_code")
    monthly = births[births["month"].notna()]
    if not len(monthly):
        return []
    last = int(births["year"].max())
    ends = monthly.loc[monthly["year"] == last, "month"]
    wanted = {last: set(range(1, int(ends.max()) + 1))} if len(ends) else {}
    stray = {(p.found or "").split(" ")[0] + (p.found or "")[-4:] for p in ctx.once("forms", births_forms)}
    gaps = {
        (str(code), int(year)): wanted.get(int(year), set(range(1, MONTHS + 1))) - set(map(int, rows))
        for (code, year), rows in monthly.groupby(["township_code", "year"])["month"]
        if code in names and f"{code}{year}" not in stray
    }
    cells = [(code, year, month) for (code, year), months in gaps.items() for month in sorted(months)]
    filled = explained(cells, astray_births(ctx)) if cells else set()
    return [
        Problem("error", "births_month_missing", file_of("births"), None, names[code], str(year))
        for (code, year), months in gaps.items()
        if any((code, year, month) not in filled for month in months)
    ]


def astray_births(ctx: Context) -> list[Key]:
    """Rows of births that are not where they should be, as township, year and month (0 for a whole year)."""
    births = ctx.tables["births"]
    told = {p.row for p in ctx.once("forms", births_forms) if p.row is not None}
    if ctx.settings is not None:
        told |= set(births.loc[births["year"] > ctx.base_year + 1, "_row"])
    return strays(ctx, "births", ("township_code", "year", "month"), more=told)


def births_forms(ctx: Context) -> list[Problem]:
    """A township and year has a yearly row or monthly rows, not both; fewer than half the months are astray."""
    births = ctx.tables["births"]
    months = births["month"].notna().groupby([births["township_code"], births["year"]]).transform("sum")
    whole = births["month"].isna().groupby([births["township_code"], births["year"]]).transform("any")
    few = 2 * months < MONTHS
    rows = births[whole & (months > 0) & (births["month"].notna() == few)]
    found = [f"{t} {y}" for t, y in zip(rows["township_code"], rows["year"], strict=True)]
    return at_rows("births_both_forms", ("births", "month"), rows, found)


def _said(values: pd.Series) -> list[str]:
    return [f"{value:g}" for value in values]


CHECKS = (
    Check("grade_span", "cross", "error", "年级在学校开设的范围内", "Pupils sit in grades that their school has",
          ("enrolment", "schools"), lambda ctx: ctx.once("span", grade_span), ("grade_outside_span",)),
    Check("boarders", "cross", "error", "寄宿生不多于在校生", "Boarders are no more than pupils",
          ("enrolment",), boarders, ("boarders_exceed_pupils",)),
    Check("sections", "cross", "error", "班级数与在校生对得上", "Sections fit the pupils",
          ("enrolment",), sections, ("sections_exceed_pupils", "sections_none")),
    Check("whole_numbers", "cross", "warning", "人数是整数", "Children are whole numbers",
          (), whole_numbers, ("count_broken",)),
    Check("base_year", "cross", "error", "基准年各校各年级都有", "Base year: every school and grade is there",
          ("enrolment", "schools", SETTINGS), base_year, ("year_missing", "school_missing", "grade_missing")),
    Check("open_years", "cross", "error", "有学生的学校在办", "Schools with pupils are open",
          ("enrolment", "schools", SETTINGS), open_years, ("school_not_open", "closing_is_a_plan")),
    Check("earlier_years", "cross", "error", "以前各学年不缺", "Earlier school years are complete",
          ("enrolment", "schools", SETTINGS), earlier_years, ("years_too_few", "rows_missing_before")),
    Check("births_years", "cross", "error", "各镇各年都有出生数", "Births of every township and year are there",
          ("births", "enrolment", "townships", "villages", SETTINGS), births_years,
          ("births_township_missing", "births_end_early")),
    Check("births_months", "cross", "error", "按月的出生数月份齐全", "Monthly births have all months",
          ("births", "townships", SETTINGS), births_months, ("births_month_missing",)),
    Check("births_forms", "cross", "error", "出生数没有既按年又按月", "Births are told by year or by month, not both",
          ("births",), lambda ctx: ctx.once("forms", births_forms), ("births_both_forms",)),
)  # fmt: skip
