"""Noise of a cell and shocks of a year, from one-step errors inside the window, with priors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from layout_planner.enrolment.priors import CLASSES, LATER, Priors
from layout_planner.enrolment.units import UnitModel, mean_step

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CELL_WEIGHT: Final = 60.0  # cells that the prior noise of a class is worth
YEAR_WEIGHT: Final = 3.0  # years that the prior sd of the county shock is worth
ERROR_SHARE: Final = (
    0.5  # a cell's error is cut at this share of its mean and so many sd of a count, in the county's shock
)
ERROR_SD: Final = 4.0
MEMORY_YEARS: Final = 5.0  # pairs of years that the prior memory of the county shock is worth
MEMORY_RANGE: Final = (0.0, 0.9)
AREA_WEIGHT: Final = 30.0  # area-years that the prior shock of an area is worth
SHIFT_LIMIT: Final = 0.4  # an area's error of a year is cut at this share of its pupils
SMALLEST_MEAN: Final = 0.5  # cells below say nothing about variance against mean
TRIM: Final = 0.99  # squared errors above this quantile are cut to it: one merger is not the noise of all
PHI_RANGE: Final = (0.02, 4.0)
PSI_RANGE: Final = (0.0, 0.15)
AREA_RANGE: Final = (0.004, 0.10)
AREA_PHI_RANGE: Final = (0.0, 2.0)
COUNTY_RANGE: Final = (0.004, 0.06)


@dataclass(frozen=True)
class Residuals:
    """One-step errors of one year: means, errors and labels of the units that were there.

    `known` is the relative variance of the mean that the posteriors of its effects state, for Poisson counts; `shared` the
    part of it that all cells of an area have in common; `level` the variance of the level of entrants. [-]
    """

    mean: Floats
    error: Floats
    noise: Ints
    area: Ints
    known: Floats | None = None
    shared: Floats | None = None
    level: Floats | None = None


@dataclass(frozen=True)
class Noise:
    """Variance of a cell by noise class, ``phi·mean + psi·mean²``, and of the yearly log shocks.

    An area's: ``area_sd² + area_phi / pupils``; the county's: ``county_sd²``, with `memory`.
    """

    phi: tuple[float, ...]
    psi: tuple[float, ...]
    area_sd: float
    county_sd: float
    memory: float
    years: int
    cells: int
    area_phi: float = 0.0

    def area_spread(self, pupils: Floats) -> Floats:
        """Sd of the yearly log shock of areas with so many pupils. [-]"""
        spread: Floats = np.sqrt(self.area_sd**2 + self.area_phi / np.maximum(pupils, 1.0))
        return spread


def one_step(model: UnitModel, actual: Floats) -> Residuals:
    """One-step errors of a model against the year that came.

    Parameters
    ----------
    model
        Law of motion fitted to the years before.
    actual
        Pupils of the year after its origin; NaN = not there. shape (units,) [pupils]

    Returns
    -------
    Residuals
        Units with a known outcome.
    """
    mean = mean_step(model, model.start, 1)
    there = np.isfinite(actual)
    law = model.law
    ahead = (law.memory * model.area_sd) ** 2 + (1 - law.memory**2) * law.signal_sd**2
    known, shared, level = model.cell_sd**2, ahead[model.area], np.zeros(len(mean))
    known[model.entry] = 0.0
    level[model.entry] = model.level_sd**2 + model.level_walk**2
    variances = known[there], shared[there], level[there]
    return Residuals(mean[there], (actual - mean)[there], model.noise[there], model.area[there], *variances)


def prior_noise(priors: Priors) -> Noise:
    """Noise before any error is seen, widened for that."""
    wide = priors.widen**2
    phi, psi = (tuple(x * wide for x in values) for values in (priors.phi, priors.psi))
    area, county = priors.area_sd * priors.widen, priors.county_sd * priors.widen
    return Noise(phi, psi, area, county, priors.shock_memory, years=0, cells=0, area_phi=priors.area_phi * wide)


def estimate_noise(residuals: Sequence[Residuals], units: int, priors: Priors) -> Noise:
    """Estimate noise and shocks from rolling one-step errors, shrunk to the priors.

    Parameters
    ----------
    residuals
        One entry a year, oldest first.
    units
        Number of areas or schools behind them. [-]
    priors
        Priors, and the years and units below which they are taken as they stand.

    Returns
    -------
    Noise
        Cell noise by class, sd of area-year and county-year shocks.
    """
    if len(residuals) + 2 < priors.min_years or units < priors.min_units:
        return prior_noise(priors)
    mean = np.concatenate([r.mean for r in residuals])
    error = np.concatenate([r.error for r in residuals])
    noise = np.concatenate([r.noise for r in residuals])
    known, level = (np.concatenate([_stated(r, name) for r in residuals]) for name in ("known", "level"))
    area_sd, area_phi = area_shock(residuals, priors)
    shared = np.concatenate([area_sd**2 + area_phi / _pupils_around(r) for r in residuals])
    own = error**2 - (shared + level) * mean**2
    of = [noise == k for k in CLASSES]
    fits = [cell_noise(mean[c], own[c], priors.phi[k], priors.psi[k], known[c]) for k, c in enumerate(of)]
    return Noise(
        phi=tuple(phi for phi, _ in fits),
        psi=tuple(psi for _, psi in fits),
        area_sd=area_sd,
        county_sd=county_shock(residuals, priors.county_sd),
        memory=shock_memory(residuals, priors.shock_memory),
        years=len(residuals),
        cells=len(mean),
        area_phi=area_phi,
    )


def _stated(r: Residuals, name: str) -> Floats:
    """Relative variance that a model states of its means; 0 where it states none. [-]"""
    stated: Floats | None = getattr(r, name)
    return np.zeros(len(r.mean)) if stated is None else stated


def _pupils_around(r: Residuals) -> Floats:
    """Expected pupils of the area of every cell. [pupils]"""
    around: Floats = np.maximum(np.bincount(r.area, weights=r.mean)[r.area], 1.0)
    return around


def cell_noise(
    mean: Floats, square: Floats, phi: float, psi: float, known: Floats | None = None
) -> tuple[float, float]:
    """Least squares of squared errors on the mean and its square; the answer is shrunk to the priors.

    ``square ≈ φ·(mean + v·mean²) + ψ·mean²``: what the posteriors of the effects explain is not noise a second time.

    Parameters
    ----------
    mean, square
        Means [pupils] and squared errors of cells of one noise class, less the variance of what is drawn apart: shocks of
        areas, level of entrants. A square may be negative: cut at 0 they would add up to more than the noise. [pupils²]
    phi, psi
        Prior values. [-]
    known
        Relative variance v of the means by the posteriors of the effects, for Poisson counts; default 0. [-]

    Returns
    -------
    tuple of float
        phi and psi. [-]
    """
    use = mean > SMALLEST_MEAN
    mean, square = mean[use], square[use]
    first = mean + (np.zeros(len(mean)) if known is None else known[use]) * mean**2
    if len(mean) < CLASSES[-1]:
        return phi, psi
    square = np.minimum(square, np.quantile(square / mean, TRIM) * mean)
    weight = 1 / (phi * first + psi * mean**2)
    design = np.stack([first * weight, mean**2 * weight], axis=1)
    found = np.linalg.lstsq(design, square * weight, rcond=None)[0]
    if found[1] < 0:
        found = np.array([float((square * weight**2 * first).sum() / ((first * weight) ** 2).sum()), 0.0])
    own = len(mean) / (len(mean) + CELL_WEIGHT)
    new_phi, new_psi = own * found[0] + (1 - own) * phi, own * found[1] + (1 - own) * psi
    return float(np.clip(new_phi, *PHI_RANGE)), float(np.clip(new_psi, *PSI_RANGE))


def area_shock(residuals: Sequence[Residuals], priors: Priors) -> tuple[float, float]:
    """What all grades of an area share in a year: ``variance = sd² + phi / pupils`` of the log shock.

    The squared sum of an area's errors less the sum of their squares, against the same of the means: what grades have in
    common. Families with several children come and go together, so that the part by pupils falls with the size of a
    place; a part that does not is common to large ones too. Weighted least squares, the largest squares cut, both shrunk
    to the priors.

    Parameters
    ----------
    residuals
        One entry a year.
    priors
        Prior `area_sd` and `area_phi`.

    Returns
    -------
    tuple of float
        sd [-] and phi [pupils].
    """
    parts = [_shared_square(r) for r in residuals]
    square, among = (np.concatenate([part[i] for part in parts]) for i in (0, 1)) if parts else (np.zeros(0),) * 2
    expected = priors.area_sd**2 + priors.area_phi / np.maximum(among, 1.0)
    if len(square) < 2:
        return priors.area_sd, priors.area_phi
    square = np.minimum(square, np.quantile(square / expected, TRIM) * expected)
    spread = expected + priors.phi[LATER] / np.maximum(among, 1.0)  # of an area's error: shock and sampling
    design = np.stack([1 / spread, 1 / (among * spread)], axis=1)
    found, _ = nnls(design, square / spread)
    own = len(square) / (len(square) + AREA_WEIGHT)
    variance, phi = own * found + (1 - own) * np.array([priors.area_sd**2, priors.area_phi])
    return float(np.clip(np.sqrt(variance), *AREA_RANGE)), float(np.clip(phi, *AREA_PHI_RANGE))


def _shared_square(r: Residuals) -> tuple[Floats, Floats]:
    """Variance that the cells of each area share in a year, less that of its effect [-], and its pupils [pupils]."""
    own = r.error - r.error.sum() / max(r.mean.sum(), 1.0) * r.mean  # what all areas share is the county's shock
    sums = [np.bincount(r.area, weights=w).astype(float) for w in (own, own**2, r.mean, r.mean**2)]
    total, square, among, inside = sums
    shared = np.zeros(len(among)) if r.shared is None else np.bincount(r.area, weights=r.mean**2 * r.shared)
    both = among**2 - inside
    use = both > SMALLEST_MEAN
    total = np.clip(total, -SHIFT_LIMIT * among, SHIFT_LIMIT * among)
    found = (total**2 - square)[use] / both[use] - shared[use] / np.maximum(inside[use], 1e-9)
    return found, among[use]


def _yearly_shocks(residuals: Sequence[Residuals]) -> Floats:
    """What all areas share in a year [-]; a cell's error is cut where no shock goes: one wrong count is not everybody's."""
    limits = [ERROR_SHARE * r.mean + ERROR_SD * np.sqrt(r.mean) for r in residuals]
    sums = [np.clip(e, -limit, limit).sum() for e, limit in zip((r.error for r in residuals), limits, strict=True)]
    return np.array([s / max(r.mean.sum(), 1.0) for s, r in zip(sums, residuals, strict=True)])


def shock_memory(residuals: Sequence[Residuals], prior: float) -> float:
    """First-order autocorrelation of what all areas share in a year, shrunk to the prior by the pairs of years. [-]."""
    shocks = _yearly_shocks(residuals)
    pairs = max(len(shocks) - 1, 0)
    power = float(np.mean(shocks**2)) if pairs else 0.0
    if power <= 0:
        return prior
    found = float(np.mean(shocks[1:] * shocks[:-1])) / power
    own = pairs / (pairs + MEMORY_YEARS)
    return float(np.clip(own * found + (1 - own) * prior, *MEMORY_RANGE))


def county_shock(residuals: Sequence[Residuals], prior: float) -> float:
    """Sd of what all areas share in a year. [-]."""
    shocks = _yearly_shocks(residuals)
    own = len(shocks) / (len(shocks) + YEAR_WEIGHT)
    found = float(np.mean(shocks**2)) if len(shocks) else prior**2
    return float(np.clip(np.sqrt(own * found + (1 - own) * prior**2), *COUNTY_RANGE))
