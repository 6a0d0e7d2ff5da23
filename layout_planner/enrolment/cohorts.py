"""School-year cohorts: births from 1 September to 31 August, and which of them are born already."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import pandas as pd

from layout_planner.errors import DataError

CohortStatus = Literal["born", "part", "unborn"]
AUTUMN: Final = 9  # first month of a cohort
MONTHS: Final = 12
AUTUMN_SHARE: Final = (MONTHS - AUTUMN + 1) / MONTHS  # September to December: 1/3 of a year
GRADE_ONE_LAG: Final = 7  # grade 1 of September y is cohort y − 7


def cohort_of(school_year: int, grade: int) -> int:
    """Cohort that sits in a grade: born 1 September of the returned year to 31 August of the next.

    ``cohort = school_year − grade − 6``: grade 1 of September 2031 is cohort 2024; grades ≤ 0 are kindergarten.
    """
    return school_year - grade - (GRADE_ONE_LAG - 1)


def cohort_status(cohort: int, last_year: int, last_month: int = MONTHS) -> CohortStatus:
    """Whether a cohort is born when births are registered to the end of a month.

    Parameters
    ----------
    cohort
        Cohort year. [year]
    last_year, last_month
        Last registered month. [year, month]

    Returns
    -------
    str
        ``born``, ``part`` or ``unborn``: a value of the enum ``cohort``.
    """
    covered = covered_share(cohort, last_year, last_month)
    return "born" if covered >= 1 else "unborn" if covered <= 0 else "part"


def covered_share(cohort: int, last_year: int, last_month: int = MONTHS) -> float:
    """Share of the months of a cohort that lie within the registered births. [-]."""
    months = (last_year - cohort) * MONTHS + last_month - (AUTUMN - 1)
    return min(max(months / MONTHS, 0.0), 1.0)


def year_status(year: int, last_year: int, last_month: int = MONTHS) -> CohortStatus:
    """Whether the children of a calendar year are born when births are registered to the end of a month."""
    if year == last_year:
        return "born" if last_month == MONTHS else "part"
    return "born" if year < last_year else "unborn"


def school_year_cohorts(births: pd.DataFrame) -> pd.DataFrame:
    """Births by township and school-year cohort (学年出生队列).

    Cohort c: September–December of year c and January–August of year c + 1, by month where months are known, else ⅓
    and ⅔ of the two years. A cohort of which a part is not registered is NaN.

    Parameters
    ----------
    births
        Columns township_code, year, births and, where known, month (NaN in a yearly row). [children]

    Returns
    -------
    DataFrame
        index township_code, columns cohort (int), sorted. [children]

    Raises
    ------
    DataError
        ``births_column`` if a column is missing; ``births_twice`` if a township and year have a yearly row and
        monthly rows.
    """
    autumn, spring = cohort_parts(births)
    return (autumn + spring).dropna(axis="columns", how="all")


def cohort_parts(births: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split registered births into the September–December and the January–August part of every cohort.

    Parameters
    ----------
    births
        As in `school_year_cohorts`. [children]

    Returns
    -------
    tuple of DataFrame
        The two parts, index township_code, columns cohort from the first year − 1 to the last year; NaN where the part
        is not registered in full. [children]

    Raises
    ------
    DataError
        As in `school_year_cohorts`.
    """
    table = _checked(births)
    yearly, monthly = table[table["month"].isna()], table[table["month"].notna()]
    codes = pd.Index(sorted(table["township_code"].unique()), name="township_code")
    years = range(int(table["year"].min()), int(table["year"].max()) + 1)
    whole = _wide(yearly, codes, years)
    late, early = monthly["month"] >= AUTUMN, monthly["month"] < AUTUMN
    autumn = _full(monthly[late], MONTHS - AUTUMN + 1, codes, years).fillna(whole * AUTUMN_SHARE)
    spring = _full(monthly[early], AUTUMN - 1, codes, years).fillna(whole * (1 - AUTUMN_SHARE))
    cohorts = pd.RangeIndex(years[0] - 1, years[-1] + 1, name="cohort")
    spring.columns = spring.columns - 1
    return autumn.reindex(columns=cohorts), spring.reindex(columns=cohorts)


def births_by_year(births: pd.DataFrame) -> pd.DataFrame:
    """Births by township and calendar year; a year without all its months is NaN. [children].

    Raises
    ------
    DataError
        As in `school_year_cohorts`.
    """
    table = _checked(births)
    codes = pd.Index(sorted(table["township_code"].unique()), name="township_code")
    years = range(int(table["year"].min()), int(table["year"].max()) + 1)
    monthly = table[table["month"].notna()]
    return _full(monthly, MONTHS, codes, years).fillna(_wide(table[table["month"].isna()], codes, years))


def last_registered(births: pd.DataFrame) -> tuple[int, int]:
    """Last year and month with a birth registration; a yearly row counts to December.

    Raises
    ------
    DataError
        As in `school_year_cohorts`.
    """
    table = _checked(births).dropna(subset=["births"])
    stamp = (table["year"] * MONTHS + table["month"].fillna(MONTHS) - 1).max()
    return int(stamp) // MONTHS, int(stamp) % MONTHS + 1


def _checked(births: pd.DataFrame) -> pd.DataFrame:
    for column in ("township_code", "year", "births"):
        if column not in births:
            raise DataError("births_column", column=column)
    month = births["month"] if "month" in births else pd.Series(np.nan, index=births.index)
    table = births[["township_code", "year", "births"]].assign(month=pd.to_numeric(month).astype(float))
    table = table.astype({"township_code": str, "year": int, "births": float})
    kinds = table.assign(yearly=table["month"].isna()).groupby(["township_code", "year"])["yearly"].nunique()
    if len(both := kinds[kinds > 1]):
        raise DataError("births_twice", places=[f"{code} {year}" for code, year in both.index])
    return table


def _wide(table: pd.DataFrame, codes: pd.Index, years: range) -> pd.DataFrame:
    wide = table.pivot_table(
        index="township_code", columns="year", values="births", aggfunc=lambda x: x.sum(min_count=1)
    )
    return wide.reindex(index=codes, columns=pd.RangeIndex(years.start, years.stop, name="year")).astype(float)


def _full(monthly: pd.DataFrame, months: int, codes: pd.Index, years: range) -> pd.DataFrame:
    """Sum of months by township and year, NaN unless every month is there."""
    known = monthly.dropna(subset=["births"])
    counted = known.groupby(["township_code", "year"])["month"].nunique()
    total = known.groupby(["township_code", "year"])["births"].sum().where(counted == months)
    wide = total.reset_index().pivot_table(index="township_code", columns="year", values="births")
    return wide.reindex(index=codes, columns=pd.RangeIndex(years.start, years.stop, name="year")).astype(float)
