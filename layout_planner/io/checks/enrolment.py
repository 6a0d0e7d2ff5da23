"""Round 2: enrolment and births are complete and fit the register of schools."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd

from layout_planner.errors import Problem
from layout_planner.io.checks.model import SETTINGS, Check, Context, at_rows, file_of, named

MIN_YEARS = 3  # school years of enrolment, so that a progression can be told from one year's noise
MONTHS = 12
OLDEST_GRADE_LAG = 18  # grade 12 of September y was born from September y − 18
YOUNGEST_LAG = 3  # the youngest grade of the base year was born to August three years before
COHORT_LAG = 6  # grade g of September y was born from September y − g − 6


def grade_span(ctx: Context) -> list[Problem]:
    """Pupils sit in grades that their school has."""
    schools = ctx.tables["schools"][["school_id", "grade_low", "grade_high"]]
    span = ctx.tables["enrolment"].merge(schools, on="school_id")
    rows = span[((span["grade"] < span["grade_low"]) | (span["grade"] > span["grade_high"])) & (span["pupils"] > 0)]
    allowed = [f"{low}–{high}" for low, high in zip(rows["grade_low"], rows["grade_high"], strict=True)]
    return at_rows("grade_outside_span", ("enrolment", "grade"), rows, rows["grade"], allowed=allowed)


def boarders(ctx: Context) -> list[Problem]:
    """Boarders are pupils."""
    table = ctx.tables["enrolment"]
    sleeping = table["boarders_m"].fillna(0) + table["boarders_f"].fillna(0)
    rows = table[sleeping > table["pupils"]]
    column = "boarders_m + boarders_f"
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
    keys = ctx.keys["enrolment"]
    if year not in set(keys["school_year"]):
        return [Problem("error", "year_missing", file_of("enrolment"), found=str(year), allowed=str(year))]
    told = _grades(keys[keys["school_year"] == year])
    problems = []
    for row in ctx.tables["schools"].to_dict("records"):
        have = told.get((row["school_id"], year), set())
        span = set(range(int(row["grade_low"]), int(row["grade_high"]) + 1))
        opened, closed = row["opened"], row["closed"]
        active = (pd.isna(closed) or closed > year) and (pd.isna(opened) or opened <= year)
        name = f"{row['name']}（{row['school_id']}）"
        if not have and active:
            problems.append(Problem("error", "school_missing", file_of("enrolment"), column=name))
        elif have and (gone := sorted(span - have)):
            allowed = f"{min(span)}–{max(span)}"
            problems.append(_hole("error", "grade_missing", name, "、".join(map(str, gone)), allowed))
    return problems


def open_years(ctx: Context) -> list[Problem]:
    """A school with pupils in the base year is open then; a later closing is a decision of a plan."""
    year, table = ctx.base_year, ctx.tables["enrolment"]
    pupils = table[table["school_year"] == year].groupby("school_id")["pupils"].sum().to_dict()
    file = file_of("schools")
    problems = []
    for row in ctx.tables["schools"].to_dict("records"):
        name, there = f"{row['name']}（{row['school_id']}）", float(pupils.get(row["school_id"], 0.0))
        opened, closed, at = row["opened"], row["closed"], int(row["_row"])
        if there > 0 and pd.notna(opened) and opened > year:
            problems.append(Problem("error", "school_not_open", file, at, name, f"{opened} 开办", f"{there:g}"))
        if there > 0 and pd.notna(closed) and closed <= year:
            problems.append(Problem("error", "school_not_open", file, at, name, f"{closed} 停办", f"{there:g}"))
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
        found = f"缺 {'、'.join(map(str, last))}"
        problems.append(_hole("error", "years_too_few", None, found, str(MIN_YEARS)))
    schools = ctx.tables["schools"]
    names = named(schools)
    limits = zip(schools["school_id"], schools["grade_low"], schools["grade_high"], strict=True)
    span = {code: set(range(int(low), int(high) + 1)) for code, low, high in limits}
    for (school, when), grades in _grades(keys[keys["school_year"] < year]).items():
        if gone := sorted(span.get(school, set()) - grades):
            found = f"{when} 学年 {'、'.join(map(str, gone))} 年级"
            problems.append(_hole("warning", "rows_missing_before", names[school], found))
    holes = [y for y in range(min(years, default=year), year) if y not in years and y not in last]
    return problems + [_hole("warning", "rows_missing_before", "全县", f"{y} 学年") for y in holes]


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
    for code in sorted(set(ctx.tables["villages"]["township_code"]) & set(names)):
        if gaps := [y for y in range(first, last + 1) if y not in have.get(code, set())]:
            found = "、".join(map(str, gaps)) if len(gaps) < last + 1 - first else "全部"
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
    return [
        Problem("error", "births_month_missing", file_of("births"), None, names.get(code, code), str(year))
        for (code, year), rows in monthly.groupby(["township_code", "year"])["month"]
        if set(map(int, rows)) != wanted.get(int(year), set(range(1, MONTHS + 1)))
    ]


def births_forms(ctx: Context) -> list[Problem]:
    """A township and year has a yearly row or monthly rows, not both."""
    births = ctx.tables["births"]
    forms = births.assign(whole=births["month"].isna()).groupby(["township_code", "year"])["whole"]
    both = forms.transform("nunique") > 1
    rows = births[both & births["month"].isna()]
    return at_rows("births_both_forms", ("births", "month"), rows, [f"{t} {y}" for t, y in zip(rows["township_code"], rows["year"], strict=True)])  # fmt: skip  # noqa: E501


def _said(values: pd.Series) -> list[str]:
    return [f"{value:g}" for value in values]


CHECKS = (
    Check("grade_span", "cross", "error", "年级在学校开设的范围内", "Pupils sit in grades that their school has",
          ("enrolment", "schools"), grade_span, ("grade_outside_span",)),
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
          ("births",), births_forms, ("births_both_forms",)),
)  # fmt: skip
