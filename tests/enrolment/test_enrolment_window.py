"""A county judged inside its own window: entrants from births, trends of rates, widths of the bands, sums that stay."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.enrolment.calibration import Outcomes
from layout_planner.enrolment.county_model import STEPS, whole_county
from layout_planner.enrolment.county_width import STAGES, Tree, scale_draws, width_factors
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
    np.testing.assert_allclose(factors[PRIMARY], 0.5 ** (8 / 9))
    np.testing.assert_allclose(factors[[i for i in range(len(STAGES)) if i != PRIMARY]], 1.0)


def test_overlapping_origins_count_for_less_the_further_ahead_they_look():
    seen = {(PRIMARY, year): [outcomes(0.5)] * 8 for year in (1, 4)}
    factors = width_factors(seen, 4)[PRIMARY]
    assert factors[0] < factors[3] < 1
    np.testing.assert_allclose(factors[3], 0.5 ** (2.75 / 3.75))


def test_one_origin_alone_changes_no_width():
    np.testing.assert_array_equal(width_factors({(PRIMARY, 1): [outcomes(0.2)]}, 2), np.ones((len(STAGES), 2)))


def test_a_few_cells_take_a_quantile_further_out_than_many():
    errors = np.linspace(0.8, 0.1, 8)
    few, many = ([outcomes(error, cells) for error in errors] for cells in (1, 100))
    found = [width_factors({(PRIMARY, 1): seen}, 1)[PRIMARY, 0] for seen in (few, many)]
    assert found[0] > found[1] + 0.02


def test_newer_origins_weigh_more():
    better, worse = ([outcomes(error) for error in errors] for errors in ([1.5] * 2 + [0.5] * 6, [0.5] * 6 + [1.5] * 2))
    late, early = (width_factors({(PRIMARY, 1): seen}, 1)[PRIMARY, 0] for seen in (better, worse))
    assert late < 1 < early


def test_the_prior_of_a_year_is_the_year_before_where_that_was_too_narrow_and_else_one():
    apart = 1 + 7 / 4  # eight origins four years ahead
    kept = 1 / (apart + 1)
    first = 1 + 7 / 2
    for error in (2.0, 0.5):
        seen = {(PRIMARY, year): [outcomes(error)] * 8 for year in (2, 4)}
        before = error ** (first / (first + 1))
        prior = before if error > 1 else 1.0
        np.testing.assert_allclose(width_factors(seen, 4)[PRIMARY, 3], prior**kept * error ** (1 - kept))


def test_pupils_beyond_the_window_are_at_least_as_uncertain_as_where_they_come_from():
    junior = [s.value for s in STAGES].index("junior")
    seen = {(PRIMARY, year): [outcomes(2.0)] * 8 for year in range(1, 11)}
    seen |= {(junior, year): [outcomes(0.5)] * 8 for year in range(1, 11)}
    factors = width_factors(seen, 16)
    assert (factors[junior, :10] < 1).all()
    np.testing.assert_array_equal(factors[junior, 10:], factors[PRIMARY, 4:10])
    assert (factors[junior, 10:] > 1).all()


TREE = Tree(
    groups=np.array([[0] * 12, [0] * 8 + [1] * 4, [0] * 4 + [1] * 4 + [2] * 4, list(range(12))]),
    parents=(np.array([0]), np.array([0, 0]), np.array([0, 0, 1]), np.repeat(np.arange(3), 4)),
    stage=tuple(np.full(n, PRIMARY) for n in (1, 2, 3, 12)),
)


def widths(*by_level: float) -> np.ndarray:
    return np.repeat(np.array(by_level)[:, None, None], len(STAGES), axis=1)


def schools(seed: int, mean: float = 30.0) -> tuple[np.ndarray, np.random.Generator]:
    """Twelve grades of three schools in two townships; what is drawn is shared by county, township and school."""
    rng = np.random.default_rng(seed)
    shared = [0.05 * rng.standard_normal((n, 4000))[group] for n, group in zip((1, 2, 3), TREE.groups, strict=False)]
    path = rng.poisson(mean * np.exp(sum(shared)))[None].astype(np.float32)
    return path, rng


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0.6, 1.6), min_size=4, max_size=4), st.integers(0, 2**32 - 1))
def test_every_level_has_its_own_width_and_every_unit_its_mean(wanted, seed):
    path, rng = schools(seed, mean=300.0)
    wanted = sorted(wanted)  # a part is at least as uncertain as the whole
    scaled = scale_draws(path, widths(*wanted), TREE, rng)
    assert (scaled >= 0).all()
    assert (scaled == np.floor(scaled)).all()
    np.testing.assert_allclose(scaled.mean(axis=2), path.mean(axis=2), rtol=0.01)
    for group, factor in zip(TREE.groups, wanted, strict=True):
        before, after = ((np.eye(group.max() + 1)[:, group] @ x[0]).std(axis=1) for x in (path, scaled))
        assert np.sqrt(((after / before) ** 2).mean()) == pytest.approx(factor, rel=0.04)


def test_widths_of_one_change_nothing_but_the_rounding_and_nobody_stays_nobody():
    path, rng = schools(5)
    path[0, 5] = 0
    scaled = scale_draws(path, widths(1, 1, 1, 1), TREE, rng)
    np.testing.assert_allclose(scaled, path, atol=1.01)
    assert (scaled[0, 5] == 0).all()


def test_small_schools_made_wider_keep_their_mean_though_none_is_below_nobody():
    path, rng = schools(6, mean=1.0)
    scaled = scale_draws(path, widths(2.0, 2.0, 2.0, 2.0), TREE, rng)
    assert (scaled >= 0).all()
    np.testing.assert_allclose(scaled.mean(axis=2), path.mean(axis=2), rtol=0.1, atol=0.05)


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
