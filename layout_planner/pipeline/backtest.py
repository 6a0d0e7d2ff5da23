"""The back-test of one county: forecasts of earlier years with what was known then, and the tables made of them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pandas as pd

from layout_planner.attendance import estimate_allocation, flows, village_children
from layout_planner.enrolment import CountyOptions, Tables, cohort_of, school_year_cohorts
from layout_planner.enrolment.backtest import backtest_cells, backtest_origins
from layout_planner.enrolment.backtest_tables import backtest_table, check_of_last_year
from layout_planner.errors import DataError
from layout_planner.pipeline.chain import events_of
from layout_planner.pipeline.demand import Travel
from layout_planner.pipeline.setup import Setup
from layout_planner.terms import BAND_OF_GRADE, COUNTY

STAND_IN = 3  # cohorts whose mean stands in for older ones that are not registered


@dataclass(frozen=True)
class Backtest:
    """Scores of earlier forecasts, and last year's forecast beside what came."""

    scores: pd.DataFrame
    check: pd.DataFrame


def backtest_of(setup: Setup, base_flows: pd.DataFrame, earlier: Mapping[int, pd.DataFrame]) -> Backtest:
    """Forecast from earlier years and compare with what came (tables ``backtest`` and ``forecast_check``).

    Parameters
    ----------
    setup
        The county.
    base_flows
        Table ``flows`` of the base year, for years whose flows cannot be estimated.
    earlier
        Answer of `earlier_flows`.
    """
    county, base_year = setup.county, setup.base_year
    tables = Tables(county.enrolment, setup.schools, county.births, base_flows, earlier)
    options = CountyOptions(base_year=base_year, horizon=1, draws=setup.draws, events=events_of(setup))
    cells = backtest_cells(tables, options, np.random.default_rng(setup.seed))
    return Backtest(backtest_table(cells), _named(setup, check_of_last_year(cells, base_year)))


def earlier_flows(setup: Setup, travel: Travel) -> dict[int, pd.DataFrame]:
    """Flows as they would have been estimated in every year from which the back-test forecasts.

    Pupils of that year and children registered then are balanced by gravity on the minutes of today. Who attends where
    (`attendance.csv`) is known for the base year alone, so it is not used. Cohorts older than the registered births are
    taken as large as the first ones that are.

    Returns
    -------
    dict
        Origin → table ``flows``; without the years in which no cohort was registered in full or the children cannot be
        balanced with the pupils.
    """
    enrolment, villages = setup.county.enrolment, setup.villages
    cohorts = school_year_cohorts(setup.county.births)
    bands = {grade: str(band) for grade, band in BAND_OF_GRADE.items()}
    homes = [zip(t[key], t["township_code"], strict=True) for t, key in _places(setup)]
    towns = {str(code): str(town) for pairs in homes for code, town in pairs}
    found = {}
    for year in backtest_origins(enrolment, setup.base_year):
        rows = enrolment[(enrolment["school_year"] == year) & enrolment["pupils"].notna()]
        at_home = _children(cohorts, year, sorted(set(rows["grade"].astype(int))))
        if at_home.empty or rows.empty:
            continue
        pupils = rows.assign(grade_band=rows["grade"].astype(int).map(bands))
        pupils = pupils.groupby(["school_id", "grade_band"], as_index=False)["pupils"].sum()
        children = village_children(at_home, villages)
        with suppress(DataError):  # a year that cannot be balanced takes the flows of the base year
            allocation = estimate_allocation(children, pupils, travel.normal, setup.values, towns=towns)
            found[year] = flows(allocation, villages)
    return found


def _places(setup: Setup) -> tuple[tuple[pd.DataFrame, str], ...]:
    return (setup.villages, "village_code"), (setup.schools, "school_id")


def _children(cohorts: pd.DataFrame, year: int, grades: list[int]) -> pd.DataFrame:
    """Children by home township and grade as known in a year: township_code, grade, children. [children]"""
    known = cohorts.loc[:, cohorts.columns < year].dropna(axis="columns")  # the last one is born by that summer
    if known.empty or not grades:
        return pd.DataFrame(columns=["township_code", "grade", "children"])
    first = known.iloc[:, :STAND_IN].mean(axis="columns")
    rows = [
        known.get(cohort_of(year, grade), first).rename("children").reset_index().assign(grade=grade)
        for grade in grades
    ]
    return pd.concat(rows, ignore_index=True)


def _named(setup: Setup, check: pd.DataFrame) -> pd.DataFrame:
    """Add the names of schools and townships."""
    names = setup.county.townships.set_index("township_code")["name"].to_dict()
    names |= setup.schools.set_index("school_id")["name"].to_dict() | {COUNTY: "全县"}
    return check.assign(subject_name=check["subject_id"].map(names))
