"""Joint draws of every unit and year: effects, births weight, shocks and cell noise together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from layout_planner.enrolment.noise import Noise
from layout_planner.enrolment.units import UnitModel

Draws = NDArray[np.float32]

ROUNDING_VARIANCE: Final = 1 / 6  # mean variance that unbiased rounding to whole pupils adds
SMALLEST_SHAPE: Final = 0.05
TILT_LIMIT: Final = 1.0  # log effects and shocks are cut here


@dataclass(frozen=True)
class SharedDraws:
    """What all areas have in common in a draw: births weights, shape (weights, draws); county shocks (horizon, draws).

    Trends of rates against their mean: one array a course of the model, shape (horizon, draws).
    """

    beta: Draws
    county: Draws
    courses: tuple[Draws, ...] = ()


def draw_shared(model: UnitModel, noise: Noise, draws: int, rng: np.random.Generator) -> SharedDraws:
    """Draw what all areas have in common.

    Returns
    -------
    SharedDraws
        The same for every part of a model that is drawn in blocks.
    """
    beta = _draw_weights(model, draws, rng)
    county, now = np.zeros((model.horizon, draws), dtype=np.float32), np.zeros(draws, dtype=np.float32)
    for year in range(model.horizon):
        county[year] = now = _next_shock(now, noise.memory if year else 0.0, noise.county_sd, rng)
    return SharedDraws(beta, county, tuple(_about_mean(c.share.draw(model.horizon, draws, rng)) for c in model.courses))


def simulate(
    model: UnitModel, noise: Noise, draws: int, rng: np.random.Generator, shared: SharedDraws | None = None
) -> Draws:
    """Draw the years ahead for every unit.

    Parameters
    ----------
    model
        Law of motion.
    noise
        Cell noise and shocks.
    draws
        Number of draws. [-]
    rng
        Source of randomness.
    shared
        What these areas have in common with others that are drawn apart; default: drawn here.

    Returns
    -------
    array
        Whole pupils as float32, shape (horizon, units, draws). [pupils]
    """
    now = np.repeat(model.start.astype(np.float32)[:, None], draws, axis=1)
    path = np.empty((model.horizon, len(model.start), draws), dtype=np.float32)
    transfer = model.transfer.astype(np.float32)
    quasi = np.sqrt(np.minimum(np.array(noise.phi), 1.0))  # posteriors were written for Poisson counts
    cell = _tilt(_normal(rng, now.shape) * (model.cell_sd * quasi[model.noise]).astype(np.float32)[:, None])
    effect = _normal(rng, (model.areas, draws)) * model.area_sd.astype(np.float32)[:, None]
    size = np.bincount(model.area, weights=model.start, minlength=model.areas).astype(float)
    spread = noise.area_spread(size).astype(np.float32)[:, None]
    left = np.float32(model.law.memory)
    renewed = np.float32(model.law.signal_sd * np.sqrt(1 - model.law.memory**2))
    shared = draw_shared(model, noise, draws, rng) if shared is None else shared
    drift = _normal(rng, (len(model.entry), draws)) * model.level_sd.astype(np.float32)[:, None]
    for year in range(model.horizon):
        effect = left * effect + renewed * _normal(rng, effect.shape)
        area = _normal(rng, effect.shape) * spread
        drift = drift + _normal(rng, drift.shape) * np.float32(model.level_walk)
        shock = area + shared.county[year]
        mean = transfer @ now
        mean *= model.rate[year].astype(np.float32)[:, None]
        mean *= cell
        for course, factor in zip(model.courses, shared.courses, strict=True):
            mean[course.units] *= factor[year]
        mean *= _tilt(shock + effect)[model.area]
        at = model.area[model.entry]
        mean[model.entry] = _entrants(model, year, shared.beta) * _tilt(shock[at] + drift)
        path[year] = now = draw_cells(mean, model.noise, noise, rng)
    return path


def draw_cells(mean: Draws, classes: NDArray[np.int64], noise: Noise, rng: np.random.Generator) -> Draws:
    """Draw whole pupils with ``variance = phi·mean + psi·mean²``; phi < 1 (under-dispersed) is allowed.

    A gamma variate by the cube of a normal, then rounding that keeps the mean. Exactly 0 where the mean is 0.

    Parameters
    ----------
    mean
        Means, shape (units, draws). [pupils]
    classes
        Noise class of each unit. shape (units,)
    noise
        Noise by class.
    rng
        Source of randomness.

    Returns
    -------
    array
        Shape of `mean`, whole and never negative. [pupils]

    References
    ----------
    .. [1] E. B. Wilson, M. M. Hilferty, "The distribution of chi-square", PNAS 17(12), 1931, pp. 684–688
    """
    phi = np.array(noise.phi, dtype=np.float32)[classes][:, None]
    psi = np.array(noise.psi, dtype=np.float32)[classes][:, None]
    safe = np.maximum(mean, np.float32(1e-6))
    third = psi * safe  # from here on in place: these arrays are what a forecast spends its time on
    third += phi
    third -= np.float32(ROUNDING_VARIANCE) / safe
    np.maximum(third, 0.1 * phi, out=third)
    third /= safe
    np.minimum(third, np.float32(1 / SMALLEST_SHAPE), out=third)
    third /= np.float32(9.0)
    root = np.sqrt(third)
    root *= _normal(rng, mean.shape)
    root += 1
    root -= third
    np.maximum(root, 0, out=root)
    value: Draws = safe
    for _ in range(3):
        value *= root
    value += rng.random(mean.shape, dtype=np.float32)
    np.floor(value, out=value)
    value[mean <= 0] = 0
    return value


def _about_mean(share: NDArray[np.float64]) -> Draws:
    """Draws of a share against their mean, year by year. [-]"""
    factor: Draws = (share / share.mean(axis=-1, keepdims=True)).astype(np.float32)
    return factor


def _next_shock(now: Draws, memory: float, sd: float, rng: np.random.Generator) -> Draws:
    """Stationary AR(1): every year has the sd that one-step errors showed."""
    new: Draws = memory * now + _normal(rng, now.shape) * np.float32(sd * np.sqrt(1 - memory**2))
    return new


def _entrants(model: UnitModel, year: int, beta: Draws) -> Draws:
    log = np.log(model.ratio[year]).astype(np.float32)
    level = (model.level * model.lift[year]).astype(np.float32)[:, None]
    out: Draws = level * np.exp(beta[model.weight] * log)
    return out


def _draw_weights(model: UnitModel, draws: int, rng: np.random.Generator) -> Draws:
    mean = np.array([[w.mean] for w in model.weights], dtype=np.float32)
    sd = np.array([[w.sd] for w in model.weights], dtype=np.float32)
    weights: Draws = np.maximum(mean + sd * _normal(rng, (len(model.weights), draws)), 0)
    return weights


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Draws:
    return rng.standard_normal(shape, dtype=np.float32)


def _tilt(log: Draws) -> Draws:
    """Factor of a log effect, centred so that its mean over draws stays near 1."""
    out: Draws = np.exp(np.clip(log, -TILT_LIMIT, TILT_LIMIT) - log.var(axis=-1, keepdims=True) / 2)
    return out
