"""Kinds of steps between grades: ordinary, fed from elsewhere, not offered any more; and which arrivals are believed."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

RECENT: Final = 3  # transitions that decide whether a grade is fed from elsewhere or has gone
FED_SHARE: Final = 0.3  # fewer leavers below than this share of those who came: fed from elsewhere
FED_PUPILS: Final = 3.0  # pupils that must have come before that is said
UNCONFIRMED: Final = 2.0  # arrivals against expected beyond which one year alone is not believed
GONE_PUPILS: Final = 4.0  # leavers below without one arrival before a grade counts as gone
JUMP_SD: Final = 4.0  # and by so many standard deviations of a count, before a transition is called a jump or a break
ORDINARY: Final = (0.6, 1.6)  # raw ratios outside are left out of the shared ratio


def confirmed(came: Floats, expected: Floats) -> Floats:
    """Arrivals that say something of the years ahead: a jump of a single year is cut until another year confirms it.

    A wave of one cohort, or a slip of the pen, goes on with its cohort and does not come again; a new feeder school does.
    What ends is believed at once.

    Parameters
    ----------
    came, expected
        Pupils one grade up and what was expected, shape (areas, steps, transitions). [pupils]

    Returns
    -------
    array
        `came`, of no year more than `UNCONFIRMED` times what was expected, or than the second largest ratio of the
        newest `RECENT` years. [pupils]
    """
    ratio = came / np.maximum(expected, 1e-9)
    newest = np.sort(np.where(expected > 0, ratio, 0.0)[:, :, -RECENT:], axis=2)
    second = newest[:, :, -2] if newest.shape[2] > 1 else np.zeros(newest.shape[:2])
    limit = np.maximum(second, UNCONFIRMED)[:, :, None]
    kept: Floats = np.where(expected > 0, np.minimum(came, limit * expected), came)
    return kept


def jumps_and_breaks(came: Floats, could: Floats) -> tuple[Bools, Bools]:
    """Transitions with many more or many fewer arrivals than chance explains, for each: no migration that all share.

    Parameters
    ----------
    came, could
        Pupils one grade up and who could have come, shape (areas, steps, transitions); 0 where not known. [pupils]

    Returns
    -------
    tuple of array
        Above and below the range `ORDINARY`, by more than `JUMP_SD` standard deviations of a count.
    """
    apart = np.abs(came - could) > JUMP_SD * np.sqrt(np.maximum(came, could))
    ratio = came / np.maximum(could, 1e-9)
    return apart & (ratio > ORDINARY[1]), apart & (ratio < ORDINARY[0])


def slips(came: Floats, could: Floats) -> Bools:
    """Pairs of transitions between which one count stands alone: up and down again, or down and up, once in the window.

    A cohort cannot be ten times as large for one year: the count between is a slip of the pen, or of another place, and
    neither of its transitions says anything.

    Returns
    -------
    array
        shape of `came`.
    """
    jumps, breaks = (kind & (kind.sum(axis=2, keepdims=True) == 1) for kind in jumps_and_breaks(came, could))
    found = np.zeros(came.shape, dtype=bool)
    for first, second in ((jumps, breaks), (breaks, jumps)):
        both = first[:, :-1, :-1] & second[:, 1:, 1:]
        found[:, :-1, :-1] |= both
        found[:, 1:, 1:] |= both
    return found


def stray(came: Floats, could: Floats) -> Bools:
    """Transitions to leave out of the sums of a whole county: slips, and a jump that a cell shows once.

    Parameters
    ----------
    came, could
        Pupils, shape (areas, steps, transitions); NaN = not known. [pupils]
    """
    came, could = np.nan_to_num(came), np.nan_to_num(could)
    jumps, _ = jumps_and_breaks(came, could)
    found: Bools = slips(came, could) | (jumps & (jumps.sum(axis=2, keepdims=True) == 1))
    return found


def ordinary_cells(came: Floats, could: Floats) -> Bools:
    """Whether the ratio of a cell over the window is that of one school population, shape (areas, steps)."""
    ratio = came.sum(2) / np.maximum(could.sum(2), 1e-9)
    inside: Bools = (ratio > ORDINARY[0]) & (ratio < ORDINARY[1])
    return inside


def joined_grades(came: Floats, could: Floats) -> Bools:
    """Grades fed from elsewhere: almost nobody one grade below, but pupils came, in more than one year. (areas, steps)."""
    arrivals, below = confirmed(came, could)[:, :, -RECENT:].sum(2), could[:, :, -RECENT:].sum(2)
    fed: Bools = (below < FED_SHARE * arrivals) & (arrivals >= FED_PUPILS)
    return fed


def gone_grades(came: Floats, could: Floats) -> Bools:
    """Grades not offered any more: nobody came for three years, though some could or none ever did."""
    arrivals, below = came[:, :, -RECENT:].sum(2), could[:, :, -RECENT:].sum(2)
    gone: Bools = (arrivals == 0) & ((below >= GONE_PUPILS) | (came.sum(2) == 0))
    return gone
