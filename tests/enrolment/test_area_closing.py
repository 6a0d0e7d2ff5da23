"""Stages that end: rates by size, risk over the years, draws in which a stage is over and stays so."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.enrolment.area_closing import (
    PRIOR_RATE,
    PRIOR_YEARS,
    Closing,
    closing_rates,
    with_ends,
)

MEMBER = np.array([[True, True, False], [False, False, True]])


def test_rates_by_hand():
    """One area: a stage of 4 ends once in two years with pupils, the other of 30 stays for three years."""
    cube = np.array([[[2.0, 2.0, 0.0, 0.0], [2.0, 2.0, 0.0, 0.0], [30.0, 30.0, 30.0, 30.0]]])
    rate = closing_rates(cube, MEMBER).rate
    assert rate[0] == pytest.approx((1 + PRIOR_RATE[0] * PRIOR_YEARS) / (2 + PRIOR_YEARS))
    assert rate[3] == pytest.approx(PRIOR_RATE[3] * PRIOR_YEARS / (3 + PRIOR_YEARS))
    assert rate[1] == PRIOR_RATE[1]


def test_years_that_are_not_known_are_neither_ends_nor_evidence():
    cube = np.array([[[2.0, np.nan, np.nan], [2.0, np.nan, np.nan], [30.0, np.nan, np.nan]]])
    np.testing.assert_array_equal(closing_rates(cube, MEMBER).rate, PRIOR_RATE)


def test_risk_by_hand():
    closing = Closing(np.array([0.1, 0.2, 0.0, 0.0, 0.0]))
    risk = closing.risk(np.array([4.0, 8.0, 40.0])[:, None, None])
    np.testing.assert_allclose(risk[:, 0, 0], [0.1, 1 - 0.9 * 0.8, 1 - 0.9 * 0.8])


def test_draws_end_as_often_as_the_risk_says_and_never_come_back():
    path = np.full((3, 1, 3, 4000), 5.0, dtype=np.float32)
    risk = np.array([[0.1, 0.0], [0.3, 0.0], [0.5, 0.0]])[:, None]
    drawn = with_ends(path, risk, MEMBER, np.random.default_rng(1))
    over = drawn[:, 0, 0] == 0
    np.testing.assert_allclose(over.mean(axis=1), [0.1, 0.3, 0.5], atol=0.03)
    assert (over[1:] >= over[:-1]).all()
    np.testing.assert_array_equal(drawn[:, 0, 1] == 0, over)  # all grades of the stage at once
    assert (drawn[:, 0, 2] == 5).all()
    assert (path == 5).all()


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(2, 6))
def test_rates_are_shares_and_risk_never_falls(seed, areas, years):
    rng = np.random.default_rng(seed)
    closing = closing_rates(rng.poisson(3, (areas, 3, years)).astype(float), MEMBER)
    assert ((closing.rate >= 0) & (closing.rate < 1)).all()
    risk = closing.risk(rng.uniform(0, 60, (5, areas, 2)))
    assert (np.diff(risk, axis=0) >= 0).all()
    assert ((risk >= 0) & (risk < 1)).all()
