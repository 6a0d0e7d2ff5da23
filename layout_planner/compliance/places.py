"""Places (beds, meals) against those who need them; what is not known is named, never taken for 0."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Shortage:
    """Places short, with the words for a finding.

    Attributes
    ----------
    total
        Places known to be short. [places]
    names
        What is short and by how many.
    unknown
        What is needed but not known.
    """

    total: float
    names: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def observed(self) -> float:
        """Places short; NaN where none is known to be short and something is unknown. [places]."""
        return float("nan") if self.unknown and self.total == 0 else self.total


def shortages(needs: Iterable[tuple[str, float, float]]) -> Shortage:
    """Compare what is needed with what is there, kind by kind.

    Parameters
    ----------
    needs
        Kind, people who need a place, places; where nobody needs one, unknown places do not matter. [places]

    Returns
    -------
    Shortage
        Sum of the known shortages, and the kinds that cannot be compared.
    """
    total, names, unknown = 0.0, [], []
    for kind, wanted, there in needs:
        if wanted == 0:
            continue
        if wanted != wanted or there != there:
            unknown.append(kind)
        elif wanted > there:
            total += float(wanted) - float(there)
            names.append(f"{kind}缺 {wanted - there:.0f}")
    return Shortage(total, tuple(names), tuple(unknown))
