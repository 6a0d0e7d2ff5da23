"""Effects of areas and the inflow by the size of a place: by hand, found again in simulated places, bounded."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from layout_planner.enrolment.area_effect import area_law, area_signal
from layout_planner.enrolment.area_model import fit_chain, next_grade
from layout_planner.enrolment.inflow import inflow_share, neighbour_mean, neighbour_weights
from layout_planner.enrolment.priors import LATER, Priors

PRIORS = Priors()


def test_one_area_and_one_year_is_shrunk_by_hand():
    found = area_signal(np.array([[105.0]]), np.array([[100.0]]), PRIORS)
    prior = PRIORS.signal_sd**2
    noise = (PRIORS.phi[LATER] + PRIORS.area_phi) / 100 + PRIORS.area_sd**2
    assert found.state[0] == pytest.approx(0.05 * prior / (prior + noise))
    assert found.weight[0] == pytest.approx(prior / (prior + noise))
    assert found.sd[0] == pytest.approx((prior * noise / (prior + noise)) ** 0.5)


def test_years_without_pupils_say_nothing():
    some = area_signal(np.array([[0.0, 52.0]]), np.array([[0.0, 50.0]]), PRIORS)
    one = area_signal(np.array([[52.0]]), np.array([[50.0]]), PRIORS)
    assert some.state[0] == pytest.approx(one.state[0], rel=1e-4)
    none = area_signal(np.zeros((2, 3)), np.zeros((2, 3)), PRIORS)
    np.testing.assert_allclose(none.state, 0.0)
    np.testing.assert_allclose(none.weight, 0.0, atol=1e-4)


def drifting(signal: float, years: int = 14) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Relative errors of 200 areas of 1,000 pupils: an AR(1) signal, sampling and shocks."""
    rng = np.random.default_rng(6)
    state = rng.normal(0, signal, 200)
    errors = []
    for _ in range(years):
        errors.append(state + rng.normal(0, (0.7 / 1000) ** 0.5, 200))
        state = 0.85 * state + rng.normal(0, signal * (1 - 0.85**2) ** 0.5, 200)
    return np.stack(errors, axis=1), np.full((200, years), 1000.0), state / 0.85


def test_the_spread_of_lasting_effects_is_found_again():
    for signal in (0.008, 0.03):
        errors, expected, _ = drifting(signal)
        assert area_law(errors, expected, PRIORS).signal_sd == pytest.approx(signal, rel=0.25)


def test_large_areas_are_believed_more_than_small_ones_and_newer_years_more_than_old_ones():
    errors, expected, _ = drifting(0.02)
    expected[:100] = 40.0
    found = area_signal(expected * (1 + errors), expected, PRIORS)
    assert found.weight[:100].max() < 0.5 < found.weight[100:].min()
    rising, falling = (area_signal(np.array([o]), np.full((1, 2), 500.0), PRIORS) for o in ([500, 520], [520, 500]))
    assert rising.state[0] > falling.state[0] > 0


def test_the_mean_of_the_other_grades_stays_within_a_school_population():
    cube = np.array([[[10.0], [20.0], [40.0], [0.0]]])
    whole = neighbour_mean(cube, np.zeros((1, 3), dtype=bool))
    np.testing.assert_allclose(whole[0, :, 0], [30.0, 25.0, 15.0, 0.0])
    parted = neighbour_mean(cube, np.array([[False, True, False]]))
    np.testing.assert_allclose(parted[0, :, 0], [20.0, 10.0, 40.0, 0.0])


@pytest.mark.parametrize("share", [0.0, 0.1, 0.2])
def test_an_inflow_by_the_size_of_the_place_is_found_again(share):
    rng = np.random.default_rng(4)
    stayed = rng.uniform(10, 50, (80, 8, 10))
    around = np.broadcast_to(stayed.mean(axis=1, keepdims=True), stayed.shape)
    came = 0.97 * ((1 - share) * stayed + share * around) + rng.normal(0, np.sqrt(0.4 * stayed))
    found = inflow_share(came, stayed, around, np.ones((80, 8)), PRIORS)
    assert found == pytest.approx(share, abs=0.02)


def test_without_data_the_inflow_is_the_prior():
    empty = np.zeros((2, 3, 4))
    assert inflow_share(empty, empty, empty, np.ones((2, 3)), PRIORS) == PRIORS.inflow_mean


@settings(max_examples=40, deadline=None)
@given(arrays(bool, (3, 5)), arrays(bool, (3, 4)))
def test_weights_of_the_other_grades_sum_to_one_where_a_grade_is_offered(offered, boundary):
    weights = neighbour_weights(offered, boundary)
    np.testing.assert_allclose(weights.sum(axis=2), offered.astype(float))
    assert (weights >= 0).all()


@settings(max_examples=30, deadline=None)
@given(arrays(float, (4, 5, 6), elements=st.integers(0, 60).map(float)))
def test_the_transfer_loses_nobody_but_the_top_grade(cube):
    chain = fit_chain(cube, PRIORS)
    transfer = next_grade(chain)
    now = cube[:, :, -1].ravel()
    assert (transfer @ now >= -1e-9).all()
    rows = np.asarray(transfer.sum(axis=1)).ravel().reshape(4, 5)
    np.testing.assert_allclose(rows[:, 1:], np.where(rows[:, 1:] > 0, 1.0, 0.0), atol=1e-9)
    assert 0 <= chain.inflow <= 0.3


@pytest.mark.parametrize("memory", [0.6, 0.85, 1.0])
def test_the_memory_of_a_signal_is_found_again(memory):
    rng, errors = np.random.default_rng(8), []
    state = rng.normal(0, 0.025, 250)
    for _ in range(15):
        errors.append(state + rng.normal(0, (0.7 / 800) ** 0.5, 250))
        state = memory * state + rng.normal(0, 0.025 * (1 - memory**2) ** 0.5, 250)
    found = area_law(np.stack(errors, axis=1), np.full((250, 15), 800.0), PRIORS)
    assert found.memory == pytest.approx(memory, abs=0.1)


def test_few_years_leave_the_memory_near_its_prior():
    errors = np.random.default_rng(9).normal(0, 0.02, (30, 3))
    found = area_law(errors, np.full((30, 3), 100.0), PRIORS)
    assert found.memory == pytest.approx(PRIORS.signal_memory, abs=0.05)
