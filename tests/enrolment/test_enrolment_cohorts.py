"""School-year cohorts: by hand, and births neither lost nor made."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.enrolment.cohorts import (
    births_by_year,
    cohort_of,
    cohort_status,
    covered_share,
    last_registered,
    school_year_cohorts,
)
from layout_planner.errors import DataError


def yearly(**years: float) -> pd.DataFrame:
    return pd.DataFrame({"township_code": "a", "year": [int(y[1:]) for y in years], "births": list(years.values())})


def monthly(year: int, months: dict[int, float]) -> pd.DataFrame:
    return pd.DataFrame({"township_code": "a", "year": year, "month": list(months), "births": list(months.values())})


def test_grade_one_of_september_2031_is_the_cohort_of_2024():
    assert cohort_of(2031, 1) == 2024
    assert cohort_of(2024, 12) == 2006
    assert cohort_of(2024, -2) == 2020


def test_yearly_births_are_split_one_third_to_two_thirds():
    expected = pd.DataFrame(
        {2020: [30 / 3 + 60 * 2 / 3], 2021: [60 / 3 + 90 * 2 / 3]}, index=pd.Index(["a"], name="township_code")
    )
    expected.columns = pd.RangeIndex(2020, 2022, name="cohort")
    found = school_year_cohorts(yearly(y2020=30.0, y2021=60.0, y2022=90.0))
    pd.testing.assert_frame_equal(found, expected, check_column_type=False)


def test_months_are_counted_exactly_from_september_to_august():
    table = pd.concat([monthly(2020, {m: m for m in range(1, 13)}), monthly(2021, dict.fromkeys(range(1, 9), 100))])
    assert school_year_cohorts(table).loc["a", 2020] == 9 + 10 + 11 + 12 + 8 * 100
    assert 2021 not in school_year_cohorts(table)


def test_a_cohort_may_join_a_yearly_and_a_monthly_part():
    table = pd.concat([yearly(y2020=30.0), monthly(2021, dict.fromkeys(range(1, 13), 2))])
    assert school_year_cohorts(table).loc["a", 2020] == pytest.approx(10 + 16)


def test_a_missing_month_leaves_the_cohort_and_the_year_unknown():
    table = pd.concat([monthly(2020, dict.fromkeys(range(1, 13), 1)), monthly(2021, {1: 1, 2: 1})])
    assert school_year_cohorts(table).empty or 2020 not in school_year_cohorts(table)
    assert np.isnan(births_by_year(table).loc["a", 2021])
    assert births_by_year(table).loc["a", 2020] == 12
    assert last_registered(table) == (2021, 2)


@pytest.mark.parametrize(
    ("last", "status", "share"),
    [((2023, 8), "unborn", 0.0), ((2023, 9), "part", 1 / 12), ((2024, 7), "part", 11 / 12), ((2024, 8), "born", 1.0)],
)
def test_born_part_and_unborn_follow_the_last_registered_month(last, status, share):
    assert cohort_status(2023, *last) == status
    assert covered_share(2023, *last) == pytest.approx(share)


def test_both_kinds_of_rows_in_one_year_are_refused_with_the_place():
    table = pd.concat([yearly(y2020=30.0), monthly(2020, {1: 1})])
    with pytest.raises(DataError, match=r"a 2020 have a yearly row and monthly rows"):
        school_year_cohorts(table)
    with pytest.raises(DataError, match="column 'births' is missing"):
        school_year_cohorts(table.drop(columns="births"))


@given(st.lists(st.floats(0, 1e4), min_size=3, max_size=12))
def test_every_birth_between_two_septembers_is_in_one_cohort(births):
    table = pd.DataFrame({"township_code": "a", "year": range(2000, 2000 + len(births)), "births": births})
    cohorts = school_year_cohorts(table)
    lost = births[0] * 2 / 3 + births[-1] / 3
    assert cohorts.to_numpy().sum() == pytest.approx(sum(births) - lost)
