"""Shares of the townships: the filter against statsmodels, tiny townships, towns that gain, bands that hold."""

import numpy as np
import pytest
from statsmodels.tsa.statespace.kalman_filter import KalmanFilter

from layout_planner.enrolment.births_shares import FIRST_SD, draw_shares, filter_shares, fit_shares


def counts(years: int, seed: int, *, slopes: tuple[float, ...], total: float) -> np.ndarray:
    """Poisson births of townships whose log shares move by their slopes."""
    path = np.exp(np.outer(slopes, np.arange(years)) - np.log(len(slopes)))
    return np.random.default_rng(seed).poisson(total * path / path.sum(axis=0)).astype(float)


def test_where_counts_are_large_the_filter_is_that_of_statsmodels_on_logarithms():
    observed = counts(12, 1, slopes=(0.02, -0.02), total=4e6)
    point = np.array([[0.03, 0.02, 0.002, 0.9]])
    found, _ = filter_shares(observed, point)
    total, whole = observed.sum(axis=0), observed.sum(axis=1)
    for town in (0, 1):
        model = KalmanFilter(1, 2)
        model.bind(np.log(observed[town] / total))
        model["design"] = np.array([[1.0, 0.0]])
        model["obs_cov"] = (1 / observed[town])[None, None, :]
        model["transition"] = np.array([[1.0, 0.9], [0.0, 0.9]])
        model["selection"] = np.eye(2)
        model["state_cov"] = np.diag([0.03**2, 0.002**2])
        start = np.log(whole[town] / whole.sum())
        model.initialize_known(np.array([start, 0.0]), np.diag([FIRST_SD**2, 0.02**2]))
        after = model.filter()
        np.testing.assert_allclose(found[:2, 0, town], after.filtered_state[:, -1], atol=2e-3)
        np.testing.assert_allclose(found[[2, 4], 0, town], np.diag(after.filtered_state_cov[:, :, -1]), rtol=0.02)


def test_a_township_that_gains_goes_on_gaining_for_a_while():
    observed = counts(16, 2, slopes=(0.05, 0.0, -0.05), total=900)
    shares = draw_shares(fit_shares(observed), 10, 2000, np.random.default_rng(1)).mean(axis=0)
    last = observed[:, -3:].sum(axis=1) / observed[:, -3:].sum()
    assert shares[0, 2] > last[0]
    assert shares[2, 2] < last[2]
    step = np.diff(shares[0])
    assert step[-1] < step[0]  # and the gain fades


def test_slopes_are_shrunk_to_none_where_the_townships_do_not_differ():
    observed = counts(16, 3, slopes=(0.0,) * 6, total=600)
    fit = fit_shares(observed)
    moved = np.abs(fit.weight @ fit.slope)
    own = np.abs(np.polyfit(np.arange(16), np.log(observed / observed.sum(axis=0)).T, 1)[0])
    assert moved.mean() < 0.5 * own.mean()


def test_a_township_without_a_birth_in_a_year_or_ever_is_no_hindrance():
    observed = np.array([[3, 0, 2, 1, 0, 4], [40, 52, 44, 61, 38, 45], [0, 0, 0, 0, 0, 0]], dtype=float)
    shares = draw_shares(fit_shares(observed), 5, 500, np.random.default_rng(1))
    assert np.isfinite(shares).all()
    assert 0 < shares[:, 2].mean() < shares[:, 0].mean() < 0.1


def test_a_year_without_any_birth_is_skipped():
    observed = np.array([[10, 0, 12], [20, 0, 22]], dtype=float)
    assert np.isfinite(fit_shares(observed).level).all()


@pytest.mark.parametrize("lead", [1, 5])
def test_bands_hold_shares_that_move_as_shares_do(lead):
    rng, inside = np.random.default_rng(4), []
    for _ in range(60):
        moves = np.cumsum(rng.normal(0, 0.02, (6, 1)) + rng.normal(0, 0.02, (6, 16 + lead)), axis=1)
        path = np.exp(rng.normal(0, 0.8, (6, 1)) + moves)
        births = rng.poisson(700 * path / path.sum(axis=0)).astype(float)
        shares = draw_shares(fit_shares(births[:, :16]), lead, 300, rng)[:, :, -1]
        drawn = rng.poisson(births[:, -1].sum() * shares)
        low, high = np.quantile(drawn, [0.1, 0.9], axis=0)
        inside.append((low <= births[:, -1]) & (births[:, -1] <= high))
    assert 0.74 < np.mean(inside) < 0.90
