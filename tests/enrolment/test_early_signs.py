"""What kindergarten says of grade 1: found again, by hand, and nothing where nothing is known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from layout_planner.enrolment.births import cohort_draws, project_births
from layout_planner.enrolment.cohorts import births_by_year
from layout_planner.enrolment.county_entry import _early_lift
from layout_planner.enrolment.county_window import homes_of
from layout_planner.enrolment.early_signs import SAY_MEAN, early_sign
from layout_planner.enrolment.school_panel import school_panel
from tests.enrolment.test_enrolment_county import BASE, SCHOOLS, births_table_of, enrolment_table, flows_table

KINDERGARTEN, SECOND = "9900000005", "9900000008"


def places(say: float, lead: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nine townships, sixteen years: cohorts leave or come before kindergarten; a part of it holds to grade 1."""
    rng = np.random.default_rng(2)
    births = np.full((9, 16 + lead), 100.0)
    moved = rng.normal(0, 0.1, (9, 16 + lead))
    kindergarten = 90 * np.exp(moved[:, lead:])
    entrants = 95 * np.exp(say * moved[:, :16])
    return kindergarten, entrants, births


@pytest.mark.parametrize("lead", [1, 3])
def test_a_sign_that_comes_true_is_believed_and_one_that_does_not_is_not(lead):
    assert early_sign(*places(1.0, lead), lead).say > 0.75
    assert early_sign(*places(0.0, lead), lead).say < 0.25


def test_a_large_cohort_in_one_township_raises_its_grade_one_alone():
    kindergarten, births = np.full((3, 8), 50.0), np.full((3, 9), 60.0)
    kindergarten[0, -1] = 60.0
    found = early_sign(kindergarten, np.full((3, 8), 55.0), births, 1)
    mean = np.log(1.2) * 60 / 160
    np.testing.assert_allclose(found.sign, [np.log(1.2) - mean, -mean, -mean])
    assert found.factor[0] > 1 > found.factor[1] == found.factor[2]


def test_where_all_townships_send_more_children_nobody_is_raised():
    kindergarten = np.full((4, 8), 50.0)
    kindergarten[:, -1] = 60.0
    np.testing.assert_allclose(early_sign(kindergarten, np.full((4, 8), 55.0), np.full((4, 9), 60.0), 1).factor, 1.0)


def test_without_births_or_kindergarten_nothing_is_said():
    unknown = early_sign(np.full((2, 6), np.nan), np.full((2, 6), 30.0), np.full((2, 7), np.nan), 1)
    np.testing.assert_array_equal(unknown.factor, 1.0)
    assert unknown.say == SAY_MEAN


@settings(max_examples=40, deadline=None)
@given(
    arrays(float, (3, 7), elements=st.integers(0, 80).map(float)),
    arrays(float, (3, 7), elements=st.integers(0, 80).map(float)),
    st.integers(1, 3),
)
def test_factors_stay_within_the_limit(kindergarten, entrants, lead):
    factor = early_sign(kindergarten, entrants, np.full((3, 7 + lead), 40.0), lead).factor
    assert ((factor > np.exp(-0.61)) & (factor < np.exp(0.61))).all()


MOVES = {year: 1.0 + 0.2 * (-1) ** (year // 2) for year in range(2011, BASE + 1)}


def moving_table():
    """Top classes of the first township swing from year to year, and its grade 1 a year later; the second is even."""
    table = enrolment_table()
    table = pd.concat([table, table[table["school_id"] == KINDERGARTEN].assign(school_id=SECOND)], ignore_index=True)
    swing = table["school_year"].map(MOVES).where(table["grade"] == 0, (table["school_year"] - 1).map(MOVES))
    swings = table["grade"].isin([0, 1]) & table["school_id"].isin([KINDERGARTEN, SECOND, "9900000001"])
    return table.assign(pupils=30.0 * np.where(swings, swing, 1.0))


def lift_of(enrolment):
    births, rng = births_table_of(), np.random.default_rng(1)
    drawn = project_births(births_by_year(births), last_year_needed=BASE + 6, draws=5, rng=rng)
    more = SCHOOLS[SCHOOLS["school_id"] == KINDERGARTEN].assign(school_id=SECOND)
    panel = school_panel(enrolment, pd.concat([SCHOOLS, more], ignore_index=True), BASE)
    return _early_lift(panel, homes_of(flows_table(), cohort_draws(births, drawn)), 3)


def test_a_kindergarten_that_did_not_report_this_year_is_no_sign_of_fewer_children():
    table = moving_table()
    last = table["school_year"] == BASE
    full = lift_of(table)
    assert full[0, 0] > 1 > full[0, 1]
    without = lift_of(table[~(last & (table["school_id"] == SECOND))])
    np.testing.assert_allclose(without[0, 0], 1.0)  # half of the children are not known: nothing is said
    high_school = "9900000004"  # no kindergarten, no grade 1: that it is silent hides nothing
    np.testing.assert_allclose(lift_of(table[~(last & (table["school_id"] == high_school))]), full)
