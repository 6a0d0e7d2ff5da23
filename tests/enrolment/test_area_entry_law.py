"""Law of the entrants: walk and noise are found again, and the level of entrants is not noise a second time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.enrolment.entry_law import with_entry_law
from layout_planner.enrolment.noise import Residuals, estimate_noise
from layout_planner.enrolment.priors import ENTRY, Priors

PRIORS = Priors()


def walking(walk: float, phi: float, areas: int = 150, years: int = 15, seed: int = 1) -> np.ndarray:
    """Entrants of places of 10–200 whose level walks, with what all share in a year on top."""
    rng = np.random.default_rng(seed)
    size = np.exp(rng.uniform(np.log(10), np.log(200), areas))
    level = size[:, None] * np.exp(np.cumsum(rng.normal(0, walk, (areas, years)), axis=1))
    level *= np.exp(rng.normal(0, 0.05, years))
    return np.maximum(level + rng.normal(0, np.sqrt(phi * level)), 0)


@pytest.mark.parametrize(("walk", "phi"), [(0.03, 1.0), (0.06, 0.9), (0.1, 1.6)])
def test_walk_and_noise_are_found_again(walk, phi):
    found = with_entry_law(walking(walk, phi), PRIORS)
    assert found.level_walk == pytest.approx(walk, rel=0.2)
    assert found.phi[ENTRY] + 50 * found.psi[ENTRY] == pytest.approx(phi, rel=0.25)  # at 50 entrants
    assert found.phi[1:] == PRIORS.phi[1:]


def test_two_years_by_hand():
    """Two areas, two years, all differences 1/5 of the size: the prior is worth 200 pairs against two."""
    entrants = np.array([[90.0, 110.0], [110.0, 90.0]])
    found = with_entry_law(entrants, PRIORS)
    prior = np.array([PRIORS.level_walk**2, PRIORS.phi[ENTRY], PRIORS.psi[ENTRY]])
    law = np.array([found.level_walk**2, found.phi[ENTRY], found.psi[ENTRY]])
    explained = (law - 200 / 202 * prior) * 202 / 2
    design = np.array([1.0, 2 / 100, 2.0])
    assert design @ explained == pytest.approx(0.04, rel=1e-6)  # (1.1 − 0.9)²


@pytest.mark.parametrize(
    "entrants", [np.full((1, 9), 20.0), np.full((5, 1), 20.0), np.full((5, 9), np.nan), np.ones((4, 6))]
)
def test_a_window_that_says_nothing_leaves_the_prior(entrants):
    assert with_entry_law(entrants, PRIORS) == PRIORS


@given(st.integers(2, 8), st.integers(2, 8), st.integers(0, 2**32 - 1), st.floats(0.01, 100.0))
def test_the_order_of_the_areas_says_nothing_and_gaps_are_no_zeros(areas, years, seed, size):
    rng = np.random.default_rng(seed)
    entrants = rng.poisson(size, (areas, years)).astype(float)
    entrants[rng.random(entrants.shape) < 0.3] = np.nan
    one, two = with_entry_law(entrants, PRIORS), with_entry_law(entrants[::-1], PRIORS)
    assert one.level_walk == pytest.approx(two.level_walk)
    assert 0.02 <= one.level_walk <= 0.15
    assert one.phi[ENTRY] > 0 <= one.psi[ENTRY]


def test_the_variance_of_the_level_of_entrants_is_taken_off_their_noise():
    rng, years = np.random.default_rng(3), []
    for _ in range(10):
        mean = np.full(60, 100.0)
        error = rng.normal(0, np.sqrt(1.0 * mean + 0.02 * mean**2))
        years.append(Residuals(mean, error, np.zeros(60, dtype=int), np.arange(60), level=np.full(60, 0.02)))
    stated = estimate_noise(years, 60, PRIORS)
    blind = estimate_noise([Residuals(r.mean, r.error, r.noise, r.area) for r in years], 60, PRIORS)
    variance = [n.phi[ENTRY] * 100 + n.psi[ENTRY] * 100**2 for n in (stated, blind)]
    assert variance[1] - variance[0] == pytest.approx(0.02 * 100**2, rel=0.15)
