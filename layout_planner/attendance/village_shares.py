"""What share of a township's children lives in each village, cohort by cohort, with how sure that is.

The weights of the villages say what to expect; children counted by age, or pupils seen where they live, say how a village
differs from that. A village with many small children and few big ones gets it so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layout_planner.terms import OUTSIDE, GradeBand

Floats = NDArray[np.float64]

SLOTS: Final = ("0-2", "k", "1-3", "4-6", "7-9", "10-12")  # three years of age each, as they stand in the base year
AGE_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "children_0_2": ("0-2",), "children_3_5": ("k",), "children_6_11": ("1-3", "4-6"), "children_12_14": ("7-9",),
}  # fmt: skip
NEIGHBOUR: Final = 0.25  # weight of a count three years of age away against one of the age itself
PRIOR_SD: Final = 0.2  # how far villages of one weight differ in children, relative; before any count is seen
PRIOR_VILLAGES: Final = 20.0  # villages that this is worth
SD_RANGE: Final = (0.03, 0.6)
YEARLY_SD: Final = 0.03  # yearly drift of a village's share of the births to come, log scale, as for townships
SLOT_YEARS: Final = 3  # years of age in a slot


@dataclass(frozen=True)
class VillageShares:
    """Gamma posteriors of the children of each village against its weight.

    Parameters
    ----------
    villages, township
        Codes, and the township of each. shape (villages,)
    weight
        Share of the township's weight; equal where a township has none. shape (villages,) [-]
    shape, rate
        ``λ ~ Gamma(shape, rate)``, mean near 1. shape (villages, slots)
    spread
        Relative sd between villages that was used. [-]
    """

    villages: tuple[str, ...]
    township: NDArray[np.object_]
    weight: Floats
    shape: Floats
    rate: Floats
    spread: float

    def members(self, township: str) -> NDArray[np.int64]:
        """Positions of the villages of a township."""
        return np.flatnonzero(self.township == township)

    def mean(self, township: str, slot: int) -> Floats:
        """Mean share of the villages of a township in a slot; adds up to 1. [-]"""
        at = self.members(township)
        expected = self.weight[at] * self.shape[at, slot] / self.rate[at, slot]
        shares: Floats = expected / expected.sum()
        return shares

    def draw(self, township: str, cohort_age: int, draws: int, rng: np.random.Generator) -> Floats:
        """Draws of the shares of one cohort.

        Parameters
        ----------
        township
            Code.
        cohort_age
            Age of the cohort in September of the base year; below 0 for children not born then. [year]
        draws, rng
            Number of draws, and the source of their randomness. [-]

        Returns
        -------
        array
            shape (draws, villages of the township); rows add up to 1. [-]
        """
        at, slot = self.members(township), slot_of(cohort_age)
        size = (draws, len(at))
        level = rng.gamma(self.shape[at, slot], size=size) / self.rate[at, slot]
        if cohort_age < 0:
            level = level * np.exp(YEARLY_SD * np.sqrt(-cohort_age) * rng.standard_normal(size))
        share = self.weight[at] * np.maximum(level, 1e-12)
        shares: Floats = share / share.sum(axis=1, keepdims=True)
        return shares


def slot_of(age: int) -> int:
    """Position in `SLOTS` of a cohort of an age in the base year; children to come stand with the youngest."""
    return min(max(age, 0) // SLOT_YEARS, len(SLOTS) - 1)


def village_shares(villages: pd.DataFrame, seen: pd.DataFrame | None = None) -> VillageShares:
    """Posterior of the children of every village against its weight, by age.

    ``λ[v, s] ~ Gamma(a + x̃[v, s], a + Ẽ[v, s])``: x̃ are the children counted in the village, those three years of age away
    with weight 0.25, six years 0.06 …; Ẽ what its weight would give of the township's. ``1 / a`` is the variance between
    villages that the counts show, shrunk to the prior by the number of villages.

    Parameters
    ----------
    villages
        ``village_code, township_code, weight``; ``children_0_2 … children_12_14`` where known. [children]
    seen
        ``village_code, grade_band, pupils`` observed where they live; used where no village has children by age. [pupils]

    Returns
    -------
    VillageShares
        Villages in their order. A township in which any village lacks a count of an age has no counts of that age.

    References
    ----------
    .. [1] docs/models/attendance.md, "Villages"
    """
    codes = villages["village_code"].astype(str)
    town = villages["township_code"].astype(str)
    weight = _weights(villages["weight"].astype(float), town)
    counts = _counts(villages, town)
    if not counts.any() and seen is not None:
        counts = _seen_counts(codes, seen)
    spread = _spread(counts.sum(axis=1), weight, town)
    near = NEIGHBOUR ** np.abs(np.subtract.outer(np.arange(len(SLOTS)), np.arange(len(SLOTS))))
    found = counts @ near
    total = pd.DataFrame(found).groupby(town.to_numpy()).transform("sum").to_numpy()
    alike = 1 / spread**2
    return VillageShares(
        villages=tuple(codes),
        township=town.to_numpy(dtype=object),
        weight=weight,
        shape=alike + found,
        rate=alike + total * weight[:, None],
        spread=spread,
    )


def band_shares(villages: pd.DataFrame, bands: Sequence[str]) -> pd.DataFrame:
    """Mean share of every village in its township, by grade band of the base year, from the villages' own counts by age.

    Parameters
    ----------
    villages
        As in `village_shares`.
    bands
        Grade bands.

    Returns
    -------
    DataFrame
        Index village_code, one column a band; adds up to 1 over a township. [-]
    """
    shares = village_shares(villages)
    table = pd.DataFrame(0.0, index=pd.Index(shares.villages, name="village_code"), columns=[str(b) for b in bands])
    for town in dict.fromkeys(shares.township):
        for band in table.columns:
            table.loc[table.index[shares.members(town)], band] = shares.mean(town, SLOTS.index(band))
    return table


def _weights(weight: pd.Series, town: pd.Series) -> Floats:
    whole = weight.groupby(town.to_numpy()).transform("sum")
    even = 1 / town.groupby(town.to_numpy()).transform("size")
    shares: Floats = (weight / whole.where(whole > 0)).fillna(even).to_numpy(dtype=float)
    return shares


def _counts(villages: pd.DataFrame, town: pd.Series) -> Floats:
    """Children counted by slot; 0 where a township is not counted in full. shape (villages, slots) [children]."""
    counts = np.zeros((len(villages), len(SLOTS)))
    for column, slots in AGE_COLUMNS.items():
        if column not in villages:
            continue
        found = pd.to_numeric(villages[column]).astype(float)
        whole = found.notna().groupby(town.to_numpy()).transform("all").to_numpy()
        for slot in slots:
            counts[:, SLOTS.index(slot)] = np.where(whole, found.fillna(0.0), 0.0) / len(slots)
    return counts


def _seen_counts(codes: pd.Series, seen: pd.DataFrame) -> Floats:
    local = seen[seen["village_code"] != OUTSIDE]
    wide = local.pivot_table(index="village_code", columns="grade_band", values="pupils", aggfunc="sum")
    bands = [str(band) for band in GradeBand]
    counts: Floats = wide.reindex(index=codes, columns=["0-2", *bands]).fillna(0.0).to_numpy(dtype=float)
    return counts


def _spread(counts: Floats, weight: Floats, town: pd.Series) -> float:
    """Relative sd between villages beyond chance, shrunk to the prior by the number of villages."""
    whole = pd.Series(counts).groupby(town.to_numpy()).transform("sum").to_numpy()
    expected = whole * weight
    use = expected > 0
    if not use.any():
        return PRIOR_SD
    excess = (((counts - expected) ** 2 - expected)[use]).sum() / (expected[use] ** 2).sum()
    known = float(use.sum())
    variance = (known * max(excess, 0.0) + PRIOR_VILLAGES * PRIOR_SD**2) / (known + PRIOR_VILLAGES)
    return float(np.clip(np.sqrt(variance), *SD_RANGE))
