"""A share that goes on into a new stage: rises to 1 and no further, bends where the window bends, and says how sure it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.enrolment.births_trend import Trend, TrendPrior, draw_series, fit_series
from layout_planner.enrolment.county_model import STEPS, stage_shares, stage_trends
from layout_planner.enrolment.priors import Priors
from layout_planner.enrolment.school_panel import GRADE_AT
from layout_planner.enrolment.share_trend import ROOM, STEADY_DAMPINGS, STEADY_ODDS, moments, share_trend

PUPILS = 600.0
# Pre-primary enrolment of China, 2006–2020, gross, UNESCO Institute for Statistics: a share that rose fast, then slowly [%]
KINDERGARTEN = (42.56, 44.79, 47.09, 50.15, 53.67, 59.92, 68.35, 72.78, 76.07, 78.66, 82.36, 84.80, 88.09, 89.12, 90.49)


def of(share, pupils=PUPILS):
    return np.asarray(share) * pupils, np.full(len(share), pupils)


def wobbly(share, sd=0.02, seed=1):
    return share + np.random.default_rng(seed).normal(0, sd, len(share))


def test_a_share_that_rose_two_points_a_year_goes_on_and_stops_at_one():
    mean = share_trend(*of(np.linspace(0.60, 0.88, 15))).mean(15)
    np.testing.assert_allclose(mean[:3], [0.897, 0.914, 0.930], atol=0.008)
    assert mean[4] > 0.945
    assert (np.diff(mean) > -1e-3).all()
    assert mean[-1] < 1


def test_a_share_that_bent_goes_on_more_slowly_than_it_rose_before():
    bent = 1 / (1 + np.exp(-np.linspace(-1.0, 2.2, 15)))
    fitted = share_trend(*of(bent, 20_000.0))
    assert fitted.odds < 0.1
    expected = 1 / (1 + np.exp(-(2.2 + 3.2 / 14 * 5)))
    assert fitted.mean(5)[-1] == pytest.approx(expected, abs=0.012)
    straight = share_trend(*of(np.linspace(0.45, 0.9, 15), 20_000.0))
    assert straight.odds > 0.9


def test_a_share_that_falls_goes_on_to_fall():
    mean = share_trend(*of(np.linspace(0.9, 0.62, 15))).mean(5)
    assert mean[-1] < 0.57


def test_a_share_that_wobbles_stays_and_its_band_is_that_of_the_wobble():
    fitted = share_trend(*of(wobbly(np.full(15, 0.8))))
    np.testing.assert_allclose(fitted.mean(8), 0.8, atol=0.015)
    draws = fitted.draw(8, 4000, np.random.default_rng(2))
    assert 0.015 < draws[0].std() < 0.035
    assert draws[0].std() < draws[7].std() < 0.1


def test_where_nearly_all_go_on_or_little_is_known_there_is_no_trend():
    assert share_trend(*of([0.99, 1.0, 0.98, 1.01, 0.99])) is None
    assert share_trend(*of([0.6, 0.7])) is None
    came, could = of([0.6, 0.7, 0.72])
    assert share_trend(came, could * [0, 1, 1]) is None
    assert share_trend(came, could) is not None


def test_a_year_that_nobody_knows_changes_nothing():
    came, could = of(np.linspace(0.60, 0.88, 15))
    with_gap = share_trend(np.insert(came, 4, 0.0), np.insert(could, 4, 0.0))
    np.testing.assert_allclose(with_gap.mean(5), share_trend(came, could).mean(5))


def test_moments_by_hand_two_years_ahead():
    one = np.ones(1)
    trend = Trend(0.5 * one, 0.1 * one, 0.8 * one, one, np.array([[0.7, 0.02]]), np.zeros((1, 2, 2)), 0.08 * one, 10.0)
    mean, sd = moments(trend, 2)
    np.testing.assert_allclose(mean, [[0.7 + 0.016, 0.7 + 0.016 + 0.0128]])
    np.testing.assert_allclose(sd**2, [[0.01, 0.01 * (1 + (0.5 + 0.08) ** 2)]])  # 0.08 / (10 − 2) a year


@settings(max_examples=15, deadline=None)
@given(st.floats(0.3, 0.9), st.floats(-0.02, 0.02), st.integers(4, 16), st.integers(0, 1000))
def test_the_mean_is_that_of_the_draws_and_no_draw_is_above_one(first, slope, years, seed):
    came, could = of(np.clip(wobbly(first + slope * np.arange(years), seed=seed), 0.1, 1))
    fitted = share_trend(came, could)
    if fitted is None:
        assert came[-3:].sum() > ROOM * could[-3:].sum()
        return
    draws = fitted.draw(10, 6000, np.random.default_rng(seed))
    assert draws.shape == (10, 6000)
    assert (draws >= 0).all()
    assert (draws <= 1).all()
    np.testing.assert_allclose(draws.mean(axis=1), fitted.mean(10), atol=0.01)


def test_the_draws_of_a_trend_have_the_moments_that_are_told():
    trend = fit_series(wobbly(np.linspace(0.4, 0.7, 12)), TrendPrior(0.3, 0.02, 0.02, STEADY_DAMPINGS, STEADY_ODDS))
    draws = draw_series(trend, 6, 60_000, np.random.default_rng(3))
    mean, sd = moments(trend, 6)
    whole = trend.weight @ mean
    np.testing.assert_allclose(draws.mean(axis=0), whole, atol=0.002)
    variance = trend.weight @ (sd**2 + (mean - whole) ** 2)
    np.testing.assert_allclose(draws.std(axis=0), np.sqrt(variance), rtol=0.03)


def test_a_real_share_that_rose_and_slowed_is_followed_with_half_the_error_of_the_last_value():
    share, found = np.array(KINDERGARTEN) / 100, []
    for origin in range(4, len(share)):
        draws = share_trend(*of(share[:origin], 1000.0)).draw(8, 1000, np.random.default_rng(origin))
        for ahead in (1, 3, 5, 8):
            if origin + ahead <= len(share):
                came, (low, high) = share[origin + ahead - 1], np.quantile(draws[ahead - 1], (0.1, 0.9))
                found.append((abs(draws[ahead - 1].mean() - came), abs(share[origin - 1] - came), low <= came <= high))
    error, still, held = np.mean(found, axis=0)
    assert error < 0.55 * still
    assert held > 0.6


def test_only_the_step_whose_share_moves_has_a_course_and_it_starts_from_the_whole_county():
    could = np.full((2, len(STEPS), 12), 300.0)
    came = could.copy()
    step = GRADE_AT[10] - 1
    came[:, step] *= np.linspace(0.6, 0.8, 12)
    could[0, step, 3] = np.nan
    shares = stage_shares(came, could)
    assert list(shares) == [step]
    factor = stage_trends(came, could, 6, Priors(), shares)
    np.testing.assert_array_equal(np.delete(factor, [step, GRADE_AT[7] - 1], axis=1), 1.0)
    assert factor[0, step] > 1.0
    assert (np.diff(factor[:, step]) > 0).all()
