"""Balancing a matrix to its margins by iterative proportional fitting (IPF)."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
TOLERANCE: Final = 1e-8  # of the largest margin error, relative to the mean margin
_ROUNDS: Final = 5_000
_CHECK_EVERY: Final = 10
_RUNAWAY: Final = 1e150  # factors grow without end where the zeros do not allow the margins


def balance(seed: Floats, rows: Floats, columns: Floats) -> Floats | None:
    """Scale rows and columns of a seed until they add up to the margins.

    ``cell = seed * row factor * column factor``; cells that are 0 stay 0.

    Parameters
    ----------
    seed
        Non-negative, shape (rows, columns).
    rows, columns
        Margins with one total.

    Returns
    -------
    ndarray or None
        The balanced matrix; None if the zeros of the seed do not allow the margins.

    References
    ----------
    .. [1] W. E. Deming, F. F. Stephan, "On a least squares adjustment of a sampled frequency table when the expected
       marginal totals are known", Ann. Math. Stat. 11(4), 1940, doi:10.1214/aoms/1177731829
    """
    if ((seed.sum(axis=1) <= 0) & (rows > 0)).any() or ((seed.sum(axis=0) <= 0) & (columns > 0)).any():
        return None
    limit = TOLERANCE * max(rows.sum() / max(len(rows), 1), 1e-300)
    by_column = np.ones(len(columns))
    by_row = np.ones(len(rows))
    for turn in range(_ROUNDS):
        by_row = _divide(rows, seed @ by_column)
        if not (by_row < _RUNAWAY).all():
            return None
        reached = by_row @ seed
        if turn % _CHECK_EVERY == 0 and np.abs(reached * by_column - columns).max(initial=0.0) <= limit:
            return np.asarray(by_row[:, None] * seed * by_column[None, :])
        by_column = _divide(columns, reached)
        if not (by_column < _RUNAWAY).all():
            return None
    return None


def _divide(wanted: Floats, reached: Floats) -> Floats:
    with np.errstate(over="ignore"):  # infinite factors are caught as runaways
        return np.divide(wanted, reached, out=np.zeros_like(wanted), where=reached > 0)
