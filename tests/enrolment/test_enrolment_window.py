"""A county judged inside its own window: entrants from births, trends of rates, widths of the bands, sums that stay."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.enrolment.calibration import Outcomes
from layout_planner.enrolment.county_model import STEPS, whole_county
from layout_planner.enrolment.county_window import STAGES, scale_draws, width_factors
from layout_planner.enrolment.entrants import estimate_weight
from layout_planner.enrolment.priors import Priors
from layout_planner.enrolment.progression import shared_trend

PRIORS = Priors()
PRIMARY = [s.value for s in STAGES].index("primary")


def outcomes(error: float, cells: int = 40) -> Outcomes:
    """Cells whose error is a given share of the half-width of the 80 % band."""
    mean = np.full(cells, 200.0)
    lower, upper = (mean - 10, mean - 20), (mean + 10, mean + 20)
    return Outcomes(mean, lower, upper, mean + 10 * error, mean)


def test_a_band_twice_too_wide_is_halved_but_for_the_prior_and_the_last_factor_holds():
    seen = {(PRIMARY, 1): [outcomes(0.5)] * 8}
    factors = width_factors(seen, 3)
    assert factors.shape == (len(STAGES), 3)
    np.testing.assert_allclose(factors[PRIMARY], 0.5 ** (8 / 8.5))
    np.testing.assert_allclose(factors[[i for i in range(len(STAGES)) if i != PRIMARY]], 1.0)


def test_overlapping_origins_count_for_less_the_further_ahead_they_look():
    seen = {(PRIMARY, year): [outcomes(0.5)] * 8 for year in (1, 4)}
    factors = width_factors(seen, 4)[PRIMARY]
    assert factors[0] < factors[3] < 1
    np.testing.assert_allclose(factors[3], 0.5 ** (2.75 / 3.25))


def test_one_origin_alone_changes_no_width():
    np.testing.assert_array_equal(width_factors({(PRIMARY, 1): [outcomes(0.2)]}, 2), np.ones((len(STAGES), 2)))


@settings(max_examples=25, deadline=None)
@given(st.floats(0.2, 2.5), st.integers(0, 2**32 - 1))
def test_scaled_draws_are_whole_keep_the_mean_and_move_every_block_by_the_factor(factor, seed):
    rng = np.random.default_rng(seed)
    path = rng.poisson(30, (1, 12, 400)).astype(np.float32)
    path[0, 5] = 0
    block = np.repeat([1, 0, 2], 4)
    scaled = scale_draws(path, np.full((1, 12), factor), block, rng)
    assert (scaled >= 0).all()
    assert (scaled == np.floor(scaled)).all()
    assert (scaled[0, 5] == 0).all()
    before, after = path[0, :4].sum(axis=0), scaled[0, :4].sum(axis=0)
    wanted = before.mean() + factor * (before - before.mean())
    assert np.abs(after - np.maximum(wanted, 0)).mean() < 1.5
    assert scaled.mean() == pytest.approx(path.mean(), rel=0.02)


def rising(years: int, first: float = 0.6, last: float = 0.87) -> tuple[np.ndarray, np.ndarray]:
    could = np.full((1, years), 2000.0)
    return could * np.linspace(first, last, years), could


def test_a_rate_that_rose_all_through_the_window_rises_on_for_a_while_and_stops_half_way_to_one():
    factor = shared_trend(*rising(15), 12, PRIORS)[:, 0]
    assert factor[0] > 1.01
    assert (np.diff(factor) >= -1e-12).all()
    assert np.diff(factor)[-1] < 0.2 * (factor[0] - 1)
    assert 0.87 * factor[-1] < 1


def test_a_rate_that_wobbles_has_no_trend():
    could = np.full((1, 15), 2000.0)
    came = could * (0.8 + 0.02 * np.array([1, -1] * 8)[:15])
    np.testing.assert_allclose(shared_trend(came, could, 8, PRIORS), 1.0, atol=0.012)


def test_a_short_window_has_no_trend():
    np.testing.assert_array_equal(shared_trend(*rising(4), 5, PRIORS), 1.0)


def test_the_rates_of_the_towns_add_up_to_the_county():
    could = np.zeros((2, len(STEPS), 5))
    came = np.zeros_like(could)
    could[:, 6] = np.array([900.0, 100.0])[:, None]
    came[:, 6] = np.array([950.0, 50.0])[:, None]
    rate = np.ones((2, len(STEPS)))
    rate[:, 6] = 1.04, 0.9  # the small town shrunk to 1: together they promise 2.6 % too many
    factor = whole_county(rate, came, could, PRIORS)
    assert factor[6] == pytest.approx(1000 / 1026, rel=1e-3)
    np.testing.assert_array_equal(np.delete(factor, 6), 1.0)


def test_more_children_coming_while_births_fall_are_not_a_weak_tie_to_births():
    rng = np.random.default_rng(4)
    years = np.arange(15)
    births = 300 * np.exp(-0.04 * years + rng.normal(0, 0.05, (8, 15)).cumsum(axis=1) * 0.5)
    share = 0.5 * np.exp(0.035 * years)
    own = Priors(beta_mean=1.0, beta_sd=0.15)
    plain = estimate_weight(births * share, births, own)
    apart = estimate_weight(births * share, births, own, drifts=True)
    assert plain.mean < apart.mean
    assert apart.mean == pytest.approx(1.0, abs=0.1)
