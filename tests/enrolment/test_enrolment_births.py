"""Births still to come: the recursion by hand, registered years untouched, shares that add up."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.enrolment import births_trend
from layout_planner.enrolment.births import births_table, project_births
from layout_planner.enrolment.births_shares import draw_shares, fit_shares
from layout_planner.enrolment.births_trend import STAY_SD, Trend, best_level_step, draw_trend, fit_trend, run_filter
from layout_planner.errors import DataError


def falling(years: int = 16, towns: int = 3) -> pd.DataFrame:
    total = 900 * np.exp(-0.04 * np.arange(years)) * np.exp(0.02 * np.sin(np.arange(years) * 2.0))
    shares = np.arange(towns, 0, -1) / np.arange(towns, 0, -1).sum()
    codes = pd.Index([f"town{i}" for i in range(towns)], name="township_code")
    return pd.DataFrame(np.rint(np.outer(shares, total)), index=codes, columns=range(2025 - years, 2025))


def test_without_noise_the_trend_fades_by_the_damping():
    one = np.ones(1)
    still = Trend(0.5 * one, 0.1 * one, 0.8 * one, one, np.array([[5.0, -0.1]]), np.zeros((1, 2, 2)), 0 * one, 10.0)
    path = draw_trend(still, 3, 2, np.random.default_rng(1))
    np.testing.assert_allclose(path, np.array([[4.92, 4.856, 4.8048]] * 2))


def test_the_filter_by_hand():
    steps = np.array([[0.6], [0.2], [0.9]])
    errors, state = run_filter(np.array([6.9, 6.7]), steps, (6.8, -0.05))
    first = 6.9 - (6.8 - 0.9 * 0.05)
    level, slope = 6.8 - 0.9 * 0.05 + 0.6 * first, -0.9 * 0.05 + 0.2 * first
    second = 6.7 - (level + 0.9 * slope)
    np.testing.assert_allclose(errors, [[first, second]])
    np.testing.assert_allclose(state[0, -1], [level + 0.9 * slope + 0.6 * second, 0.9 * slope + 0.2 * second])


def test_the_estimated_trend_goes_down_and_its_weights_add_up():
    trend = fit_trend(falling().sum().to_numpy())
    assert trend.weight.sum() == pytest.approx(1.0)
    assert -0.06 < trend.means()["trend"] < -0.02
    assert 0.8 <= trend.means()["damping"] <= 0.95


def test_three_years_keep_the_last_level_and_believe_part_of_the_step():
    means = fit_trend(np.array([10_000.0, 9_000.0, 8_100.0])).means()
    assert np.log(0.9) < means["trend"] < 0.2 * np.log(0.9)
    assert means["level"] == pytest.approx(np.log(8_100), abs=0.03)


def test_a_small_count_is_believed_less_than_a_large_one():
    small, large = (fit_trend(size * np.array([1.0, 0.9, 0.81])).means() for size in (100, 10_000))
    assert np.log(81) < small["level"] < np.log(95)
    assert large["trend"] < 2 * small["trend"] < 0
    assert small["sd"] > large["sd"]


def test_the_best_step_of_the_level_is_that_of_the_steady_local_level_model():
    variance, chance, state = STAY_SD**2, 1 / 400, 1.0
    for _ in range(200):  # the filter run until its gain stands still
        before = state + variance
        gain = before / (before + chance)
        state = (1 - gain) * before
    assert best_level_step(400.0) == pytest.approx(gain, abs=1e-9)


def test_a_turn_of_births_is_followed_within_a_few_years_and_the_band_widens_with_the_lead():
    steady = np.full(12, 1500.0)
    turned = np.concatenate([steady, 1500 * 0.93 ** np.arange(1, 8)])
    trend = fit_trend(turned)
    assert -0.08 < trend.means()["trend"] < -0.035
    path = draw_trend(trend, 10, 4000, np.random.default_rng(1))
    width = np.diff(np.quantile(path, [0.1, 0.9], axis=0), axis=0)[0]
    assert (np.diff(width) > 0).all()
    middle = 1500 * 0.93**7
    assert 0.6 * middle < np.exp(path[:, 4]).mean() < 0.92 * middle


def test_registered_years_are_equal_in_all_draws_and_later_ones_are_not():
    table = falling()
    drawn = project_births(table, last_year_needed=2030, draws=50, rng=np.random.default_rng(1))
    known = drawn.sel(year=slice(2009, 2024))
    np.testing.assert_array_equal(known.to_numpy(), np.broadcast_to(table.to_numpy(), known.shape))
    assert (drawn.sel(year=2025).std("draw") > 0).all()
    assert drawn.dims == ("draw", "township_code", "year")
    assert drawn["year"].to_numpy()[-1] == 2030


def test_a_year_with_an_unknown_township_is_projected():
    table = falling()
    table.loc["town1", 2024] = np.nan
    drawn = project_births(table, last_year_needed=2025, draws=20, rng=np.random.default_rng(1))
    assert drawn.attrs["last_observed"] == 2023
    assert np.isfinite(drawn.to_numpy()).all()


def test_fewer_than_three_years_are_refused():
    with pytest.raises(DataError, match="2 complete years of births; at least 3"):
        project_births(falling(2), last_year_needed=2030, draws=5, rng=np.random.default_rng(1))


def test_the_table_marks_registered_and_projected_years():
    yearly = falling()
    registered = yearly.reset_index().melt("township_code", var_name="year", value_name="births")
    drawn = project_births(yearly, last_year_needed=2026, draws=40, rng=np.random.default_rng(1))
    names = pd.DataFrame({"township_code": yearly.index, "name": ["甲", "乙", "丙"]})
    table = births_table(drawn, registered, names)
    assert list(table.columns) == [
        "township_code", "township_name", "year", "status", "cohort", "births_mean", "births_p10", "births_p50",
        "births_p90",
    ]  # fmt: skip
    assert set(table.loc[table["year"] <= 2024, "status"]) == {"observed"}
    assert set(table.loc[table["year"] > 2024, "status"]) == {"forecast"}
    assert set(table.loc[table["year"] > 2024, "cohort"]) == {"unborn"}
    assert set(table.loc[table["year"] <= 2024, "cohort"]) == {"born"}
    assert table.loc[0, "township_name"] == "甲"
    assert (table["births_p10"] <= table["births_p90"]).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_shares_of_the_townships_add_up_to_one(towns, ahead, seed):
    observed = np.random.default_rng(seed).poisson(20, (towns, 6)).astype(float)
    shares = draw_shares(fit_shares(observed), ahead, 7, np.random.default_rng(seed))
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    assert (shares >= 0).all()


def test_a_series_is_the_sum_of_what_statsmodels_does_with_each_of_its_years():
    walk = np.cumsum(np.random.default_rng(1).normal(0, 0.1, 40))
    for years in (3, 21, 40):
        log = walk[:years] - walk[0]
        errors, last = births_trend._from_zero(log)
        straight, states = births_trend.run_filter(log, births_trend._grid(), (0.0, 0.0))
        np.testing.assert_allclose(errors, straight, atol=1e-12)
        np.testing.assert_allclose(last, states[:, -1], atol=1e-12)
