"""Progression, entrants and feeders: by hand, and what must hold for any numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from layout_planner.enrolment.cell_effect import Evidence, cell_effect, ordinary_spread
from layout_planner.enrolment.entrants import (
    births_ratio,
    entry_gain,
    estimate_weight,
    fit_entry_level,
    local_level,
    moved_since_birth,
    smooth,
    younger_level,
)
from layout_planner.enrolment.feeders import balance, feeder_shares, onward_shares, place_seed
from layout_planner.enrolment.grade_kinds import confirmed, gone_grades, joined_grades
from layout_planner.enrolment.priors import Priors
from layout_planner.enrolment.progression import (
    area_effect,
    current_ratio,
    damped_rates,
    fit_progression,
)

PRIORS = Priors()


def steady(areas: int, grades: int, years: int, pupils: float = 30.0) -> np.ndarray:
    return np.full((areas, grades, years), pupils)


def fitted(cube: np.ndarray):
    return fit_progression(cube[:, 1:, 1:], cube[:, :-1, :-1], cube[:, 1:, -1] > 0, PRIORS)


def test_a_steady_place_keeps_every_pupil():
    rates = damped_rates(fitted(steady(4, 5, 8)), 6, PRIORS)
    np.testing.assert_allclose(rates, 1.0)


def test_the_area_effect_is_observed_over_expected_with_sixty_pseudo_pupils():
    effect, behind = area_effect(np.array([[90.0, 30.0]]), np.array([[60.0, 40.0]]), np.ones((1, 2)), 60.0)
    np.testing.assert_allclose(effect, [(120 + 60) / (100 + 60)])
    np.testing.assert_allclose(behind, [100.0])


def test_an_ordinary_cell_is_pulled_to_one_and_a_structural_cell_is_not():
    evidence = Evidence(np.array([[31.0, 90.0]]), np.array([[30.0, 30.0]]))
    effect, structural = cell_effect(evidence, evidence, 60.0, PRIORS)
    assert structural[0, 0] < 0.1 < 0.95 < structural[0, 1]
    assert effect[0, 0] == pytest.approx(1.0, abs=0.03)
    assert effect[0, 1] == pytest.approx((90 + PRIORS.structural_pseudo) / (30 + PRIORS.structural_pseudo), rel=0.02)


def test_cells_that_differ_by_chance_alone_are_pulled_harder_than_cells_that_differ_for_good():
    rng = np.random.default_rng(5)
    expected = np.full((150, 10), 100.0)
    noise = rng.normal(0, np.sqrt(0.4 * expected))
    chance = ordinary_spread(Evidence(expected + noise, expected), np.ones((150, 10)), PRIORS)
    apart = expected * np.exp(rng.normal(0, 0.1, expected.shape))
    lasting = ordinary_spread(Evidence(apart + noise, expected), np.ones((150, 10)), PRIORS)
    assert lasting < 90 < 200 < chance
    assert ordinary_spread(Evidence(np.zeros((2, 2)), np.zeros((2, 2))), np.ones((2, 2)), PRIORS) == 150.0


def test_the_present_deviation_fades_and_half_the_long_run_stays():
    fit = fitted(steady(2, 3, 8))
    moved = type(fit)(**{**vars(fit), "theta_now": np.array([0.9, 0.9]), "theta_long": np.array([0.96, 0.96])})
    rates = damped_rates(moved, 40, PRIORS)
    assert rates[0, 0, 0] == pytest.approx(0.9)
    assert rates[1, 0, 0] == pytest.approx(0.9**0.7 * 0.96**0.15)
    assert rates[-1, 0, 0] == pytest.approx(0.96**0.5, rel=1e-4)


def test_an_area_effect_fades_by_its_memory():
    fit = fitted(steady(2, 3, 8))
    moved = type(fit)(**{**vars(fit), "area_now": np.array([0.9, 1.0])})
    rates = damped_rates(moved, 3, PRIORS)
    np.testing.assert_allclose(rates[:, 0, 0], 0.9**fit.law.memory ** np.arange(3))
    np.testing.assert_allclose(rates[:, 1], 1.0)


def test_a_step_with_a_level_of_its_own_keeps_it():
    fit = fitted(steady(2, 4, 8))
    moved = type(fit)(**{**vars(fit), "theta_now": np.array([1.0, 1.0, 0.8]), "theta_long": np.array([1.0, 1.0, 0.7])})
    np.testing.assert_allclose(damped_rates(moved, 30, PRIORS)[:, 0, 2], 0.8)


def test_a_ratio_that_keeps_moving_is_followed_and_one_that_wobbles_is_averaged():
    could = np.full((2, 12), 5000.0)
    trend, wobble = np.linspace(0.6, 0.9, 12), 1 + 0.03 * (-1.0) ** np.arange(12)
    moving, steady_ratio = current_ratio(could * np.stack([trend, wobble]), could, PRIORS)
    assert 0.85 < moving < 0.9
    assert steady_ratio == pytest.approx(1.0, abs=0.006)


def test_a_grade_that_nobody_enters_for_three_years_is_gone():
    cube = steady(3, 3, 8)
    cube[0, 2, -4:] = 0
    fit = fitted(cube)
    assert fit.cell[0, 1] == 0
    assert (fit.cell[1:] > 0).all()


def test_a_grade_without_one_below_is_fed_from_elsewhere():
    cube = steady(3, 3, 8)
    cube[0, 1] = 0
    assert joined_grades(cube[:, 1:, 1:], cube[:, :-1, :-1])[0, 1]
    assert gone_grades(cube[:, 1:, 1:], cube[:, :-1, :-1])[0, 0]


def test_no_transition_at_all_gives_a_ratio_of_one():
    rates = damped_rates(fitted(steady(2, 4, 1)), 3, PRIORS)
    np.testing.assert_allclose(rates, 1.0)


@settings(max_examples=40, deadline=None)
@given(arrays(float, (4, 5, 6), elements=st.integers(0, 60).map(float)))
def test_rates_are_finite_and_never_negative(cube):
    rates = damped_rates(fitted(cube), 5, PRIORS)
    assert np.isfinite(rates).all()
    assert (rates >= 0).all()


def test_smoothing_passes_over_unknown_years():
    found = smooth(np.array([[10.0, np.nan, 20.0]]), 0.25)
    np.testing.assert_allclose(found, [[10.0, 10.0, 12.5]])


def test_younger_grades_are_scaled_to_the_entry_grade_and_weigh_four_three_two_one():
    cube = np.stack([steady(1, 1, 3, n)[0] for n in (10.0, 20.0, 20.0, 40.0)], axis=1)
    cube[0, :, -1] = [10.0, 22.0, 20.0, 40.0]
    scale = 30 / np.array([30.0, 62.0, 60.0, 120.0])
    expected = 0.4 * 10 + 0.3 * 22 * scale[1] + 0.2 * 20 * scale[2] + 0.1 * 40 * scale[3]
    np.testing.assert_allclose(younger_level(cube), [expected])
    cube[0, 2:, -1] = np.nan
    scale = np.array([1.0, 30 / 62])
    np.testing.assert_allclose(younger_level(cube), [(0.4 * 10 + 0.3 * 22 * scale[1]) / 0.7])


def test_a_steady_entry_grade_has_its_own_level_and_an_empty_one_none():
    cube = steady(2, 4, 4)
    cube[1, 0] = 0
    found = fit_entry_level(cube, np.full((2, 7), 50.0), np.zeros(7), 0.5, PRIORS)
    half = 0.4 + 0.3 / 2 + 0.2 / 2 + 0.1 / 2  # an area without the first grade halves what the others are scaled by
    assert found.level[0] == pytest.approx(30 * (0.7 + 0.3 * half))
    assert found.level[1] == 0
    np.testing.assert_allclose(found.births, 50.0)
    unknown = fit_entry_level(cube, np.full((2, 7), np.nan), np.zeros(7), 0.5, PRIORS)
    np.testing.assert_allclose(unknown.level, found.level)
    assert np.isnan(unknown.births).all()


def test_entrants_that_follow_births_have_a_level_at_the_newest_births():
    births = np.full((1, 10), 80.0)
    births[0, 6:] = 40.0
    cube = np.stack([0.5 * births[:, 3 - j : 10 - j] for j in range(4)], axis=1)
    found = fit_entry_level(cube, births, np.zeros(10), 1.0, PRIORS)
    assert found.level[0] == pytest.approx(0.5 * found.births[0], rel=1e-6)


def test_a_local_level_is_a_mean_at_first_and_follows_large_places_faster():
    series = np.array([[10.0, 20.0, np.nan, 30.0]])
    np.testing.assert_allclose(local_level(series, np.array([0.01])), [20.0])
    assert np.isnan(local_level(np.full((1, 3), np.nan), np.array([0.2]))[0])
    gain = entry_gain(np.array([5.0, 50.0, 500.0]), PRIORS)
    assert (np.diff(gain) > 0).all()
    noise = PRIORS.phi[0] / 50 + PRIORS.psi[0]
    assert gain[1] ** 2 / (1 - gain[1]) == pytest.approx(PRIORS.level_walk**2 / noise)


def test_a_cohort_takes_the_moves_of_the_years_between_birth_and_entry():
    moved = moved_since_birth(np.array([0.01, 0.02]), np.array([0.03]), lag=2, before=1)
    np.testing.assert_allclose(moved, [0.0, 0.0, 0.01, 0.03, 0.05])


def test_the_births_ratio_is_to_the_smoothed_level_and_one_where_unknown():
    window, ahead = np.array([[100.0, 100.0], [np.nan, np.nan]]), np.array([[80.0, np.nan], [50.0, 60.0]])
    np.testing.assert_allclose(births_ratio(window, ahead, PRIORS), [[0.8, 1.0], [1.0, 1.0]])


def test_entrants_that_follow_births_raise_the_births_weight():
    rng = np.random.default_rng(3)
    births = 60 * np.exp(np.cumsum(rng.normal(0, 0.15, (12, 20)), axis=1))
    follow = estimate_weight(0.5 * births, births, PRIORS)
    ignore = estimate_weight(np.full_like(births, 30.0), births, PRIORS)
    assert ignore.mean < 0.35 < 0.65 < follow.mean <= PRIORS.beta_high
    assert follow.sd < PRIORS.beta_sd


def test_without_births_the_weight_is_the_prior():
    weight = estimate_weight(np.full((3, 8), 20.0), np.full((3, 8), np.nan), PRIORS)
    assert (weight.mean, weight.sd, weight.ratios) == (0.5, PRIORS.beta_sd, 0)


def test_balancing_meets_both_margins():
    flow = balance(np.array([[1.0, 0.1], [0.1, 1.0]]), np.array([30.0, 10.0]), np.array([20.0, 20.0]))
    np.testing.assert_allclose(flow.sum(axis=1), [30.0, 10.0])
    np.testing.assert_allclose(flow.sum(axis=0), [20.0, 20.0], rtol=1e-3)


def test_a_teaching_point_sends_most_of_its_pupils_to_its_host():
    seed = place_seed(np.array([0, 0, 0, 1]), np.array([1, -1, -1, -1]))
    shares = onward_shares(seed, np.array([False, True, True, True]), np.array([0.0, 10.0, 10.0, 10.0]))
    np.testing.assert_allclose(shares[0], np.array([0.0, 20.0, 1.0, 0.01]) / 21.01)
    np.testing.assert_allclose(shares[1:], np.eye(4)[1:])


@settings(max_examples=40, deadline=None)
@given(arrays(float, 5, elements=st.floats(0, 200)), arrays(float, 4, elements=st.floats(0, 200)))
def test_a_feeder_matrix_hands_on_every_pupil_or_reaches_no_school(leavers, entrants):
    shares = feeder_shares(np.ones((5, 4)), leavers, entrants)
    assert (shares >= 0).all()
    sums = shares.sum(axis=1)
    assert np.all(np.isclose(sums, 1.0) | (sums == 0))
    if entrants.sum() > 1:
        np.testing.assert_allclose(sums, 1.0)


def test_a_jump_of_one_year_is_cut_and_two_years_confirm_each_other():
    expected = np.full((3, 1, 5), 20.0)
    came = np.array([[20, 20, 20, 20, 200], [20, 20, 20, 180, 200], [20, 20, 20, 20, 0]], dtype=float)[:, None]
    found = confirmed(came, expected)
    np.testing.assert_array_equal(found[0, 0], [20, 20, 20, 20, 40])
    np.testing.assert_array_equal(found[1, 0], [20, 20, 20, 180, 180])
    np.testing.assert_array_equal(found[2, 0], came[2, 0])  # what ends is believed at once


def test_one_cohort_that_jumps_does_not_come_again_but_a_feeder_of_two_years_does():
    once = steady(20, 5, 8)
    once[0, 3, -1] *= 10
    twice = once.copy()
    twice[0, 3, -2] *= 10
    assert not fitted(once).joined.any()
    assert fitted(once).cell[0, 2] < 1.7
    assert fitted(twice).joined[0, 2]


@given(arrays(float, (2, 3, 4), elements=st.floats(0, 500)), arrays(float, (2, 3, 4), elements=st.floats(0, 500)))
def test_what_is_confirmed_is_never_more_than_came(came, expected):
    found = confirmed(came, expected)
    assert ((found >= 0) & (found <= came + 1e-9)).all()
    np.testing.assert_array_equal(found[came <= 2 * expected], came[came <= 2 * expected])
