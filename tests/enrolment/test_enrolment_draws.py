"""Noise, simulation, calibration, rounding: moments by hand, sums kept, nothing negative."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

from layout_planner.enrolment.area_effect import AreaLaw
from layout_planner.enrolment.area_tables import bounds
from layout_planner.enrolment.calibration import (
    Calibration,
    Outcomes,
    calibrate,
    persistence_weight,
    size_class,
    widened,
    width_factor,
)
from layout_planner.enrolment.entrants import BirthsWeight
from layout_planner.enrolment.noise import (
    Noise,
    Residuals,
    area_shock,
    cell_noise,
    county_shock,
    estimate_noise,
    prior_noise,
    shock_memory,
)
from layout_planner.enrolment.priors import Priors
from layout_planner.enrolment.simulate import draw_cells, simulate
from layout_planner.enrolment.summaries import largest_remainder, sum_units
from layout_planner.enrolment.units import UnitModel, mean_path

PRIORS = Priors()
QUIET = Noise((1e-4,) * 4, (0.0,) * 4, 0.0, 0.0, 0.7, 0, 0)


def chain(rate: float = 1.0, entrants: float = 12.0, ratio: float = 1.0) -> UnitModel:
    """One area, three grades, three years ahead."""
    return UnitModel(
        area=np.zeros(3, dtype=np.int64),
        noise=np.array([0, 2, 3]),
        start=np.array([10.0, 20.0, 30.0]),
        transfer=csr_array(np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])),
        rate=np.array([[0.0, rate, rate]] * 3),
        entry=np.array([0]),
        level=np.array([entrants]),
        ratio=np.full((3, 1, 1), ratio),
        lift=np.ones((3, 1)),
        weight=np.array([0]),
        weights=(BirthsWeight(0.5, 0.0, 0),),
        level_sd=np.zeros(1),
        level_walk=0.0,
        area_sd=np.zeros(1),
        cell_sd=np.zeros(3),
        law=AreaLaw(0.0, 0.85, 0.0, 0.0),
    )


def test_the_mean_path_moves_everyone_up_one_grade():
    np.testing.assert_allclose(mean_path(chain()), [[12, 10, 20], [12, 12, 10], [12, 12, 12]])


def test_a_quarter_of_the_births_halves_the_entrants_at_weight_one_half():
    np.testing.assert_allclose(mean_path(chain(ratio=0.25))[:, 0], 6.0)


def test_unit_ratios_without_noise_keep_every_pupil():
    path = simulate(chain(), QUIET, 50, np.random.default_rng(1))
    np.testing.assert_allclose(path.mean(axis=2), mean_path(chain()), atol=0.5)


@pytest.mark.parametrize(
    ("mean", "phi", "psi"), [(20.0, 0.4, 0.0), (20.0, 1.5, 0.02), (5.0, 0.6, 0.0), (200.0, 1.0, 0.01)]
)
def test_cells_have_the_mean_and_the_variance_that_was_asked_for(mean, phi, psi):
    noise = Noise((phi,) * 4, (psi,) * 4, 0, 0, 0.7, 0, 0)
    means = np.full((1, 40_000), mean, dtype=np.float32)
    drawn = draw_cells(means, np.zeros(1, dtype=np.int64), noise, np.random.default_rng(1))
    assert drawn.mean() == pytest.approx(mean, rel=0.02)
    assert drawn.var() == pytest.approx(phi * mean + psi * mean**2, rel=0.1)


@settings(max_examples=30, deadline=None)
@given(arrays(np.float32, (3, 20), elements=st.floats(0, 300, width=32)), st.integers(0, 2**32 - 1))
def test_draws_are_whole_never_negative_and_zero_where_the_mean_is_zero(means, seed):
    drawn = draw_cells(means, np.array([0, 1, 3]), prior_noise(PRIORS), np.random.default_rng(seed))
    assert (drawn >= 0).all()
    assert (drawn == np.floor(drawn)).all()
    assert (drawn[means == 0] == 0).all()


def test_the_same_seed_gives_the_same_draws_and_another_does_not():
    noise = prior_noise(PRIORS)
    one, two, three = (simulate(chain(), noise, 30, np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert (one != three).any()


def test_cell_noise_is_found_again_in_under_dispersed_errors():
    rng = np.random.default_rng(1)
    mean = rng.uniform(5, 60, 4000)
    phi, psi = cell_noise(mean, rng.normal(0, np.sqrt(0.3 * mean)) ** 2, 1.0, 0.01)
    assert phi == pytest.approx(0.3, abs=0.08)
    assert psi < 0.005


def residuals(area_sd: float, county_sd: float, years: int = 10) -> list[Residuals]:
    rng, out = np.random.default_rng(2), []
    for _ in range(years):
        shock = np.exp(rng.normal(0, area_sd, 60) + rng.normal(0, county_sd))
        mean = np.full((60, 10), 25.0)
        error = mean * (shock[:, None] - 1) + rng.normal(0, np.sqrt(0.4 * mean))
        out.append(Residuals(mean.ravel(), error.ravel(), np.full(600, 3), np.repeat(np.arange(60), 10)))
    return out


def test_shocks_of_areas_and_of_the_county_are_told_apart():
    assert spread(*area_shock(residuals(0.05, 0.0), PRIORS)) == pytest.approx(0.05, rel=0.2)
    assert county_shock(residuals(0.0, 0.03), 0.01) == pytest.approx(0.03, rel=0.5)
    assert spread(*area_shock(residuals(0.0, 0.0), PRIORS)) < 0.015
    assert spread(*area_shock(residuals(0.0, 0.03), PRIORS)) < 0.015


def spread(sd: float, phi: float, pupils: float = 250.0) -> float:
    return (sd**2 + phi / pupils) ** 0.5


def test_the_shock_of_an_area_falls_with_its_pupils_where_families_move():
    rng, out = np.random.default_rng(8), []
    size = np.repeat([40.0, 1000.0], 60)
    for _ in range(12):
        mean = np.repeat(size / 10, 10)
        shock = np.repeat(rng.normal(0, np.sqrt(0.4 / size)), 10)
        error = mean * shock + rng.normal(0, np.sqrt(0.4 * mean))
        out.append(Residuals(mean, error, np.full(1200, 3), np.repeat(np.arange(120), 10)))
    sd, phi = area_shock(out, PRIORS)
    assert phi == pytest.approx(0.4, abs=0.12)
    assert sd < 0.012


def test_a_short_window_or_few_units_take_the_prior_noise():
    assert estimate_noise(residuals(0.05, 0.0, 2), 60, PRIORS) == prior_noise(PRIORS)
    assert estimate_noise(residuals(0.05, 0.0), 12, PRIORS) == prior_noise(PRIORS)
    assert estimate_noise(residuals(0.05, 0.0), 60, PRIORS).years == 10


def outcomes(error: float, origins: int = 6) -> list[Outcomes]:
    rng, out = np.random.default_rng(4), []
    for _ in range(origins):
        mean = np.full(400, 60.0)
        actual = mean + rng.normal(0, error, 400)
        bounds = (mean - 12.816, mean - 19.6), (mean + 12.816, mean + 19.6)
        out.append(Outcomes(mean, *bounds, actual, mean + rng.normal(0, 30, 400)))
    return out


def test_bands_that_are_right_stay_and_bands_too_narrow_are_widened():
    weight = np.zeros(4)
    assert width_factor(outcomes(10.0), weight, 0) == pytest.approx(1.0, abs=0.05)
    assert width_factor(outcomes(15.0), weight, 0) == pytest.approx(1.5 ** (6 / 6.5), abs=0.08)


def test_a_last_value_that_says_nothing_loses_its_weight():
    weight = persistence_weight(outcomes(5.0), 0.2)
    assert weight[1] < 0.15
    assert weight[3] == 0.2
    assert size_class(np.array([5.0, 60.0, 200.0, 900.0])).tolist() == [0, 1, 2, 3]


def test_one_origin_is_not_enough_to_calibrate():
    weights, widths = calibrate({1: outcomes(15.0, 1)}, PRIORS).at(3)
    np.testing.assert_array_equal(weights, Calibration.prior(PRIORS).at(3)[0])
    np.testing.assert_array_equal(widths, 1.0)


def test_a_class_that_is_too_narrow_is_widened_alone_and_factors_fade_beyond_the_window():
    wide, right = outcomes(20.0), outcomes(10.0)
    both = [
        Outcomes(*(np.concatenate(pair) for pair in ((w.mean, r.mean),)), *_pairs(w, r), *_rest(w, r))
        for w, r in zip(wide, right, strict=True)
    ]
    found = calibrate({3: both}, PRIORS)
    factors = found.at(3)[1]
    assert factors.shape == (2, 4, 2)
    assert factors[0, 1, 0] > 1.5
    assert factors[1, 1, 0] == pytest.approx(1.0, abs=0.12)
    np.testing.assert_allclose(found.at(12)[1], factors ** (3 / 12))


def _pairs(one: Outcomes, two: Outcomes):
    for name in ("lower", "upper"):
        yield tuple(np.concatenate(p) for p in zip(getattr(one, name), getattr(two, name), strict=True))


def _rest(one: Outcomes, two: Outcomes):
    yield np.concatenate([one.actual, two.actual])
    yield np.full(800, 60.0)
    yield np.repeat([0, 1], 400)


def test_a_bound_moves_by_at_least_the_floor_and_never_below_zero():
    np.testing.assert_allclose(widened(np.array([10.0, 1.0]), np.array([12.0, 0.6]), 2.0), [14.0, 0.0])


def test_largest_remainders_get_the_missing_pupils():
    assert largest_remainder(np.array([1.4, 2.5, 3.1]), 7).tolist() == [1, 3, 3]
    assert largest_remainder(np.array([0.5, 0.5])).tolist() == [1, 0]
    assert largest_remainder(np.array([])).tolist() == []


@given(arrays(float, st.integers(1, 12), elements=st.floats(0, 500)))
def test_printed_integers_keep_the_sum_and_stay_within_one(values):
    printed = largest_remainder(values)
    assert printed.sum() == int(np.floor(values.sum() + 0.5))
    assert (np.abs(printed - values) < 1 + 1e-6).all()


@given(
    arrays(np.float32, (3, 6, 2), elements=st.integers(0, 50).map(float)),
    arrays(np.int64, 6, elements=st.integers(0, 3)),
)
def test_sums_of_draws_lose_nobody(pupils, labels):
    groups = np.unique(labels, return_inverse=True)[1].astype(np.int64)
    sums = sum_units(pupils, groups)
    np.testing.assert_array_equal(sums.sum(axis=1), pupils.sum(axis=1))


def test_the_memory_of_the_county_shock_is_found_again_and_shrunk_by_hand():
    def years(shocks: list[float]) -> list[Residuals]:
        mean = np.full(40, 50.0)
        return [Residuals(mean, s * mean, np.full(40, 3), np.arange(40)) for s in shocks]

    assert shock_memory(years([0.01]), 0.7) == shock_memory([], 0.7) == shock_memory(years([0.0, 0.0, 0.0]), 0.7) == 0.7
    alike = shock_memory(years([0.01, 0.01, 0.01, 0.01]), 0.7)
    assert alike == pytest.approx((3 * 1.0 + 5 * 0.7) / 8)
    turning = shock_memory(years([0.01, -0.01, 0.01, -0.01, 0.01, -0.01, 0.01, -0.01]), 0.7)
    assert turning == 0.0  # (7 · −1 + 5 · 0.7) / 12 is below the range
    rng, now, shocks = np.random.default_rng(4), 0.0, []
    for _ in range(400):
        now = 0.5 * now + rng.normal(0, 0.01)
        shocks.append(now)
    assert shock_memory(years(shocks), 0.7) == pytest.approx(0.5, abs=0.1)


def test_bounds_of_few_draws_hold_what_they_say():
    """60 draws, and a further one: it lies inside as often as the band says."""
    rng = np.random.default_rng(5)
    draws = rng.normal(0, 1, (20_000, 60)).astype(np.float32)
    new = rng.normal(0, 1, 20_000)
    low80, high80, low95, high95 = bounds(draws)
    assert ((new >= low80) & (new <= high80)).mean() == pytest.approx(0.8, abs=0.01)
    assert ((new >= low95) & (new <= high95)).mean() == pytest.approx(0.95, abs=0.006)
