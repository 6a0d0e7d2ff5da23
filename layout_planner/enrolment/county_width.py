"""Width of a county's bands: factors by level, stage and years ahead from the window, laid on the draws of the units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from layout_planner.enrolment.calibration import LEVELS, MIN_ORIGINS, Outcomes, half_widths
from layout_planner.enrolment.county_model import unit_index
from layout_planner.enrolment.school_panel import SchoolPanel
from layout_planner.enrolment.simulate import Draws
from layout_planner.terms import GRADES, STAGE_OF_GRADE, Stage

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STAGES: Final = tuple(dict.fromkeys(STAGE_OF_GRADE[g] for g in GRADES))
OF_GRADE: Final = np.array([STAGES.index(STAGE_OF_GRADE[g]) for g in GRADES])  # stage by position of the grade
PLACES: Final = ("county", "township", "school", "grade")  # levels of the width, each a part of the one before
FORGET: Final = 0.8  # weight of an origin against the next newer one
NEWEST: Final = 8  # newest origins that speak at each number of years ahead
LONGEST: Final = 10  # years ahead that are calibrated
PRIOR_WEIGHT: Final = 1.0  # origins that a factor of 1 is worth
WIDTH_RANGE: Final = (0.2, 2.5)  # factors of the width
PART_RANGE: Final = (0.1, 4.0)  # factors of the part that a place has of its own
NOMINAL: Final = LEVELS.index(0.8)
FROM_STAGE: Final = {
    Stage.JUNIOR: (Stage.PRIMARY, 6),
    Stage.SENIOR: (Stage.PRIMARY, 9),
}  # where pupils were, years before


@dataclass(frozen=True)
class Tree:
    """Places of the units: which stage, township × stage and school × stage each belongs to, and itself.

    Parameters
    ----------
    groups
        Place of every unit by level, counted from 0. shape (levels, units)
    parents
        Place of the level above of every place: none for a stage of the county, its stage for a township, its
        township × stage for a school, its school × stage for a grade. One array a level.
    stage
        Stage of every place, one array a level.
    """

    groups: Ints
    parents: tuple[Ints, ...]
    stage: tuple[Ints, ...]


def tree_of(panel: SchoolPanel) -> Tree:
    """Places of a panel's units."""
    school, grade = unit_index(panel)
    kind = OF_GRADE[grade]
    keys = (kind, blocks(panel), school * len(STAGES) + kind, np.arange(len(kind)))
    found = [np.unique(key, return_index=True, return_inverse=True) for key in keys]
    groups = np.stack([inverse for _, _, inverse in found]).astype(np.int64)
    above = [groups[max(level - 1, 0), first] for level, (_, first, _) in enumerate(found)]
    return Tree(groups, tuple(above), tuple(kind[first] for _, first, _ in found))


def blocks(panel: SchoolPanel) -> Ints:
    """Township and stage of every unit, as a number. shape (units,)."""
    school, grade = unit_index(panel)
    number: Ints = panel.town[school] * len(STAGES) + OF_GRADE[grade]
    return number


def member(group: Ints) -> csr_array:
    """Matrix that adds up the units of each place, shape (places, units)."""
    ones = np.ones(len(group), dtype=np.float32)
    return csr_array((ones, (group, np.arange(len(group)))), shape=(int(group.max()) + 1, len(group)))


def width_factors(outcomes: Mapping[tuple[int, int], Sequence[Outcomes]], horizon: int) -> Floats:
    """Split-conformal factor of the 80 % band by stage and years ahead, of places of one level.

    The scores of a number of years ahead are taken together with those of a year less and a year more. Newer origins
    weigh more: they had a longer history behind them, as the forecast has. The factor is shrunk to 1, or to that of a
    year less where that is wider, by the origins that are apart: n of them, h years ahead, overlap and are worth
    ``1 + (n − 1) / h``. Further ahead than the window says the last factor holds; pupils of a later stage then are
    those of an earlier one some years before, and their factor is at least the one they had there.

    Parameters
    ----------
    outcomes
        Stage and years ahead → one entry an origin, oldest first.
    horizon
        Years ahead of the forecast. [years]

    Returns
    -------
    array
        shape (stages, horizon). [-]

    References
    ----------
    .. [1] R. F. Barber, E. J. Candès, A. Ramdas, R. J. Tibshirani, "Conformal prediction beyond exchangeability",
       Ann. Statist. 51(2), 2023, pp. 816–845 (weights)
    """
    log = np.zeros((len(STAGES), horizon + 1))
    seen = {key: by_origin[-NEWEST:] for key, by_origin in outcomes.items()}
    last = 0
    for year in range(1, horizon + 1):
        log[:, year] = log[:, year - 1]
        for stage in range(len(STAGES)):
            if len(own := seen.get((stage, year), [])) < MIN_ORIGINS:
                continue
            last, apart = year, 1 + (len(own) - 1) / year
            near = [seen[stage, y] for y in (year - 1, year, year + 1) if (stage, y) in seen]
            kept = PRIOR_WEIGHT / (apart + PRIOR_WEIGHT)
            before = max(log[stage, year - 1], 0.0)
            log[stage, year] = kept * before + (1 - kept) * np.log(_factor(near, own))
    factors: Floats = np.exp(log[:, 1:])
    for kind, (before, years) in FROM_STAGE.items():
        at, source, first = STAGES.index(kind), STAGES.index(before), max(last, years)
        if horizon > first:
            factors[at, first:] = np.maximum(factors[at, first:], factors[source, first - years : horizon - years])
    return factors


def _factor(near: Sequence[Sequence[Outcomes]], own: Sequence[Outcomes]) -> float:
    """Weighted quantile of the scores, at a rank for the number of cells of the years ahead asked for. [-]"""
    found = [(half_widths(o, NOMINAL), FORGET**age) for by_origin in near for age, o in enumerate(reversed(by_origin))]
    scores = np.concatenate([scores for scores, _ in found])
    weight = np.concatenate([np.full(len(scores), w) for scores, w in found])
    mine = np.concatenate([np.full(len(o.actual), FORGET**age) for age, o in enumerate(reversed(own))])
    cells = mine.sum() ** 2 / (mine**2).sum()
    order = np.argsort(scores)
    share = (np.cumsum(weight[order]) - weight[order] / 2) / weight.sum()
    rank = min(1.0, LEVELS[NOMINAL] * (1 + 1 / cells))
    return float(np.clip(np.interp(rank, share, scores[order]), *WIDTH_RANGE))


def scale_draws(path: Draws, width: Floats, tree: Tree, rng: np.random.Generator) -> Draws:
    """Widen or narrow the draws of every unit so that county, townships, schools and grades have the widths asked for.

    A draw's distance from the mean is taken apart: what the whole county's stage shares, in proportion to the means; what a
    township has of its own; what a school and what a grade has of its own. The parts are stretched one after the other: the
    county's by its factor, each next one so that the places of its level have their factor in the mean. Only units are
    moved: every sum is still the sum of them in every draw. Whole pupils by systematic rounding (one random start a draw,
    along the blocks): every unit keeps its mean, a sum of neighbours stays within one pupil.

    Parameters
    ----------
    path
        Draws, shape (horizon, units, draws). [pupils]
    width
        Factors by level, stage and year, shape (levels, stages, horizon). [-]
    tree
        Places of the units.
    rng
        Source of randomness of the rounding.

    Returns
    -------
    array
        Whole and never negative; 0 where every draw is. [pupils]
    """
    scaled = np.empty_like(path)
    order = np.argsort(tree.groups[1], kind="stable")
    for year, draws in enumerate(path):
        mean = draws.mean(axis=-1, keepdims=True)
        moved = np.maximum(mean + stretched(draws - mean, mean[:, 0], width[:, :, year], tree), 0)
        kept = moved.mean(axis=-1, keepdims=True)
        moved *= np.divide(mean, kept, out=np.zeros_like(mean), where=kept > 0)
        running = np.floor(np.cumsum(moved[order], axis=0, dtype=float) + rng.random(draws.shape[1]))
        scaled[year, order] = np.diff(running, axis=0, prepend=0.0)
    return scaled


def stretched(apart: Draws, mean: Draws, width: Floats, tree: Tree) -> Draws:
    """Distances from the mean with the widths of every level, shape (units, draws). [pupils].

    Parameters
    ----------
    apart
        Distances from the mean, shape (units, draws). [pupils]
    mean
        Means, shape (units,). [pupils]
    width
        Factors by level and stage, shape (levels, stages). [-]
    tree
        Places of the units.
    """
    sums = [member(group) for group in tree.groups]
    was = sums[0] @ apart
    now = was * width[0][tree.stage[0]].astype(np.float32)[:, None]
    size = sums[0] @ mean
    for level in range(1, len(PLACES)):
        below, below_size = sums[level] @ apart, sums[level] @ mean
        share = _ratio(below_size, size[tree.parents[level]])[:, None]
        shared, own = share * now[tree.parents[level]], below - share * was[tree.parents[level]]
        part = np.array([
            _part(shared[at], own[at], below[at], float(width[level][kind]))
            for kind in range(len(STAGES))
            for at in [tree.stage[level] == kind]
        ], dtype=np.float32)  # fmt: skip
        was, size = below, below_size
        now = shared + part[tree.stage[level]][:, None] * own
    found: Draws = now
    return found


def _part(shared: Draws, own: Draws, whole: Draws, width: float) -> float:
    """Factor f of the own part for which ``Σ var(shared + f·own) / var(whole)`` over places is ``width²`` a place. [-]"""
    variance = whole.var(axis=1, dtype=float)
    use = variance > 0
    if not use.any():
        return 1.0
    shared, own, variance = shared[use], own[use], variance[use]
    square = float((own.var(axis=1, dtype=float) / variance).mean())
    cross = float(((shared * own).mean(axis=1, dtype=float) / variance).mean())
    rest = float((shared.var(axis=1, dtype=float) / variance).mean()) - width**2
    if square < 1e-6:
        return 1.0
    inside = cross**2 - square * rest
    return float(np.clip((np.sqrt(max(inside, 0.0)) - cross) / square, *PART_RANGE))


def _ratio(part: Draws, whole: Draws) -> Draws:
    out: Draws = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    return out
