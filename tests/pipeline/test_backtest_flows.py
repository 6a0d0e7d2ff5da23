"""Flows of earlier years: from what was known then, and whole; nothing that came later moves them or the forecasts."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from layout_planner.contracts import check_table
from layout_planner.enrolment import cohort_of, school_year_cohorts
from layout_planner.pipeline.backtest import backtest_of, earlier_flows
from layout_planner.pipeline.demand import travel_of
from layout_planner.pipeline.setup import RunOptions, set_up
from layout_planner.terms import OUTSIDE
from tests.conftest import COUNTY

ORIGIN = 2020


@pytest.fixture(scope="module")
def setup():
    return set_up(COUNTY, RunOptions())


@pytest.fixture(scope="module")
def travel(setup):
    return travel_of(setup)


@pytest.fixture(scope="module")
def earlier(setup, travel):
    return earlier_flows(setup, travel)


def noisy(table: pd.DataFrame, year: str, value: str) -> pd.DataFrame:
    noise = np.random.default_rng(1).integers(1, 200, len(table))
    return table.assign(**{value: np.where(table[year] > ORIGIN, noise, table[value]).astype(float)})


def test_every_origin_has_flows_of_its_own_that_seat_the_pupils_of_that_year(setup, earlier):
    assert sorted(earlier) == list(range(2017, 2024))
    enrolment = setup.county.enrolment
    for year, flows in earlier.items():
        inside = flows[flows["attends"] != OUTSIDE]
        seated = inside.groupby("attends")["children"].sum()
        pupils = enrolment[enrolment["school_year"] == year].groupby("school_id")["pupils"].sum()
        pd.testing.assert_series_equal(
            seated, pupils[pupils > 0].astype(float), check_names=False, check_index_type=False, rtol=1e-6
        )
        shares = flows[flows["home_township_code"] != OUTSIDE].groupby(["home_township_code", "grade_band"])["share"]
        np.testing.assert_allclose(shares.sum(), 1.0)


def test_homes_of_an_earlier_year_are_the_children_registered_then(setup, earlier):
    cohorts = school_year_cohorts(setup.county.births)
    local = earlier[2023][(earlier[2023]["home_township_code"] != OUTSIDE) & (earlier[2023]["grade_band"] == "1-3")]
    born = sum(cohorts[cohort_of(2023, grade)] for grade in (1, 2, 3))
    found = local.groupby("home_township_code")["children"].sum()
    np.testing.assert_allclose(found, born.reindex(found.index))


def test_noise_after_an_origin_moves_no_flow_of_it_or_before(setup, travel, earlier):
    county = setup.county
    scrambled = replace(
        county,
        enrolment=noisy(county.enrolment, "school_year", "pupils"),
        births=noisy(county.births, "year", "births"),
        attendance=None,
    )
    found = earlier_flows(replace(setup, county=scrambled), travel)
    for year in earlier:
        if year <= ORIGIN:
            pd.testing.assert_frame_equal(found[year], earlier[year], check_exact=True)
    assert not found[2023].equals(earlier[2023])


def test_tables_of_the_back_test_keep_their_contracts_and_name_their_subjects(setup, earlier):
    made = backtest_of(setup, next(iter(earlier.values())), earlier)
    scores = check_table("backtest", made.scores)
    assert (scores["origins"] <= 5).all()
    check = check_table("forecast_check", made.check)
    assert set(check["school_year"]) == {2024}
    assert (check["subject_name"] != "").all()
    assert set(check["subject_type"]) == {"school", "township", "county"}
