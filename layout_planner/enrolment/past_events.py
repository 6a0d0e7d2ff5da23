"""Events of the past: how much of them the schools show, so that a single move is not taken for a trend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layout_planner.enrolment.events import Event
from layout_planner.enrolment.feeders import home_matrix
from layout_planner.enrolment.priors import LATER, Priors
from layout_planner.enrolment.school_panel import Move, SchoolPanel
from layout_planner.terms import BAND_GRADES, BAND_OF_GRADE, GRADES

Floats = NDArray[np.float64]

PRIOR_MEAN: Final = 0.5  # part of a registered move that the schools show: anything from none to all before a look
PRIOR_SD: Final = 0.5
NEAR: Final = 4  # years on each side whose effect of a township is what it would have been without the move
SMALLEST: Final = 0.5  # pupils of a move below which a township says nothing about it


@dataclass(frozen=True)
class Shown:
    """Part of the registered children of a kind of event in a school year that the schools show. [-]."""

    kind: str
    year: int
    share: float
    sd: float


def moves_of(events: Sequence[Event], flows: pd.DataFrame, panel: SchoolPanel) -> tuple[Move, ...]:
    """Registered children of past events by school and grade, events of one kind and school year together.

    The children of a grade come to the schools that other children of their township attend in its band (flows of the
    base year) and that taught the grade then.

    Parameters
    ----------
    events
        Events; those outside the years of the panel are left out.
    flows
        Table ``flows``. [children]
    panel
        Pupils to the base year.

    Returns
    -------
    tuple of Move
        By kind and year.
    """
    found: dict[tuple[str, int], Floats] = {}
    homes = sorted({event.township for event in events})
    sent = {band: home_matrix(flows, homes, list(panel.schools), band, "children") for band in BAND_GRADES}
    for event in events:
        at = event.first_year - panel.first_year
        if not 1 <= at < panel.cube.shape[2]:
            continue
        cube = found.setdefault((event.kind, event.first_year), np.zeros(panel.cube.shape[:2]))
        for k, grade in enumerate(GRADES):
            if not event.cohorts_in([grade], event.first_year):
                continue
            weight = sent[BAND_OF_GRADE[grade]][homes.index(event.township)] * (np.nan_to_num(panel.cube[:, k, at]) > 0)
            if weight.sum() > 0:
                cube[:, k] += event.size / len(event.ages) * weight / weight.sum()
    return tuple(Move(kind, year, cube) for (kind, year), cube in sorted(found.items()))


def without_moves(came: Floats, could: Floats, panel: SchoolPanel) -> tuple[Floats, tuple[Shown, ...]]:
    """Pupils who came, without those of registered moves as far as the schools show them.

    For each move, ``x`` is what came above the expected pupils of a township in that year (θ of the step and the
    township's effect of the other years), ``n`` the registered children. Over the townships
    ``b = (½/s² + Σ n·x/v) / (1/s² + Σ n²/v)``, kept between 0 and 1, with s = 0.5 and ``v = φ·E + (σ·E)²`` by the priors
    of the noise; ``came − b·n`` is what progression is fitted to. Children who were at the school before, or who
    keep their old one, show nothing: then b is near 0 and nothing is taken out.

    Parameters
    ----------
    came, could
        Answer of `transitions`, shape (townships, steps, transitions). [pupils]
    panel
        Panel with its moves; those after its last year are not looked at.

    Returns
    -------
    tuple
        Pupils who came, never negative; b with its sd for every move.
    """
    after, told = came.copy(), []
    for move in panel.moves:
        at = move.year - panel.first_year - 1
        if not 0 <= at < came.shape[2]:
            continue
        children = np.zeros(came.shape[:2])
        np.add.at(children, panel.town, move.children[:, 1:])
        share, sd = _share(children, came, could, at)
        told.append(Shown(move.kind, move.year, share, sd))
        after[:, :, at] = np.maximum(after[:, :, at] - share * children, 0.0)
    return after, tuple(told)


def _share(children: Floats, came: Floats, could: Floats, at: int) -> tuple[float, float]:
    """Posterior mean and sd of the part of a move that came to the schools."""
    priors = Priors()
    known = np.isfinite(came) & np.isfinite(could)
    seen, offered = np.where(known, came, 0.0), np.where(known, could, 0.0)
    others = np.arange(came.shape[2]) != at
    theta = seen[:, :, others].sum((0, 2)) / np.maximum(offered[:, :, others].sum((0, 2)), 1.0)
    expected = offered * theta[None, :, None]
    near = others & (np.abs(np.arange(came.shape[2]) - at) <= NEAR)
    pseudo = priors.area_pseudo
    effect = (seen[:, :, near].sum((1, 2)) + pseudo) / (expected[:, :, near].sum((1, 2)) + pseudo)
    use = known[:, :, at] & (children != 0)
    size = np.where(use, expected[:, :, at] * effect[:, None], 0.0).sum(axis=1)
    excess = np.where(use, seen[:, :, at], 0.0).sum(axis=1) - size
    moved = np.where(use, children, 0.0).sum(axis=1)
    telling = (np.abs(moved) >= SMALLEST) & (size > 0)
    variance = priors.phi[LATER] * size[telling] + (priors.area_sd * size[telling]) ** 2
    precision = PRIOR_SD**-2 + float((moved[telling] ** 2 / variance).sum())
    told = PRIOR_MEAN * PRIOR_SD**-2 + float((moved[telling] * excess[telling] / variance).sum())
    return float(np.clip(told / precision, 0.0, 1.0)), precision**-0.5
