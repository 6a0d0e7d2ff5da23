"""Scores of forecasts against hand-worked cases, published examples and closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from layout_planner.enrolment import scores


def test_error_and_bias_weigh_every_pupil_the_same():
    forecast, actual = [110, 45, 0], [100, 50, 10]
    assert scores.wape(forecast, actual) == pytest.approx(100 * (10 + 5 + 10) / 160)
    assert scores.bias(forecast, actual) == pytest.approx(100 * (10 - 5 - 10) / 160)
    assert scores.mean_absolute(forecast, actual) == pytest.approx(25 / 3)


def test_nobody_at_all_gives_no_percentage_and_no_cell_gives_no_score():
    assert np.isnan(scores.wape([3.0], [0.0]))
    assert np.isnan(scores.bias([], []))
    assert np.isnan(scores.mean_absolute([], []))
    assert np.isnan(scores.coverage([], [], []))
    assert np.isnan(scores.wis([2.0], {0.8: ([1.0], [3.0])}, [0.0]))


def test_both_ends_belong_to_an_interval():
    assert scores.coverage([10, 10, 10, 10], [20, 20, 20, 20], [10, 20, 21, 9.5]) == 50


def test_interval_score_is_the_width_and_a_penalty_for_every_pupil_outside():
    found = scores.interval_score([10, 10, 10], [20, 20, 20], [15, 25, 8], 0.8)
    np.testing.assert_allclose(found, [10, 10 + 10 * 5, 10 + 10 * 2])
    assert scores.interval_score([10], [20], [22], 0.95)[0] == pytest.approx(10 + 40 * 2)


def test_weighted_interval_score_by_hand():
    intervals = {0.8: ([90], [120]), 0.95: ([80], [135])}
    # (0.5·|140 − 100| + 0.1·(30 + 10·20) + 0.025·(55 + 40·5)) / 2.5 = (20 + 23 + 6.375) / 2.5
    assert scores.weighted_interval_score([100], intervals, [140])[0] == pytest.approx(19.75)
    assert scores.wis([100], intervals, [140]) == pytest.approx(100 * 19.75 / 140)


@pytest.mark.parametrize("outcome", [-1.5, 0.0, 0.4, 2.2])
def test_with_many_levels_the_weighted_interval_score_is_the_crps_of_a_normal(outcome):
    levels = np.arange(1, 500) / 500
    intervals = {x: ([norm.ppf((1 - x) / 2)], [norm.ppf((1 + x) / 2)]) for x in levels}
    closed = outcome * (2 * norm.cdf(outcome) - 1) + 2 * norm.pdf(outcome) - 1 / np.sqrt(np.pi)
    assert scores.weighted_interval_score([0.0], intervals, [outcome])[0] == pytest.approx(closed, abs=0.004)


def test_auc_of_known_cases():
    assert scores.auc([0.1, 0.4, 0.35, 0.8], [False, False, True, True]) == pytest.approx(0.75)
    assert scores.auc([0.2, 0.2, 0.2], [True, False, True]) == 0.5
    assert scores.auc([0.1, 0.9], [False, True]) == 1.0
    assert scores.auc([0.9, 0.1], [False, True]) == 0.0


def test_auc_needs_an_event_and_a_cell_without_one():
    assert np.isnan(scores.auc([0.1, 0.2], [False, False]))
    assert np.isnan(scores.auc([0.1, 0.2], [True, True]))
    assert np.isnan(scores.auc([], []))


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=2, max_size=30))
def test_auc_is_the_share_of_pairs_in_the_right_order(cells):
    chance, event = [x / 4 for x, _ in cells], [e for _, e in cells]
    pairs = [(a > b) + 0.5 * (a == b) for a, e in zip(chance, event, strict=True) if e
             for b, f in zip(chance, event, strict=True) if not f]  # fmt: skip
    found = scores.auc(chance, event)
    assert np.isnan(found) if not pairs else found == pytest.approx(np.mean(pairs))


@given(st.floats(0, 500), st.floats(0, 500), st.floats(1, 3))
def test_a_wider_band_that_still_holds_scores_worse(centre, outcome, factor):
    half = abs(outcome - centre) + 1
    tight = scores.interval_score([centre - half], [centre + half], [outcome], 0.8)
    wide = scores.interval_score([centre - factor * half], [centre + factor * half], [outcome], 0.8)
    assert tight <= wide
