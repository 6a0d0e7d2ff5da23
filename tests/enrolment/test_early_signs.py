"""What kindergarten says of grade 1: found again, by hand, and nothing where nothing is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from layout_planner.enrolment.early_signs import SAY_MEAN, early_sign


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
