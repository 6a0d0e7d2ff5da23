"""Where the pupils of every school and grade live: shares of the base year, ready for matrix products."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from layout_planner.attendance.flows import _odds, _shares, _township_of
from layout_planner.terms import BAND_GRADES, BAND_OF_GRADE, OUTSIDE, GradeBand

Floats = NDArray[np.float64]
VOCATIONAL = "vocational"
PRIMARY_BANDS = (GradeBand.G13, GradeBand.G46)


@dataclass(frozen=True)
class UnitHomes:
    """Homes of the pupils of every unit (school × grade), by the base year's allocation.

    Parameters
    ----------
    villages
        Village codes, and ``outside`` last.
    towns
        Township codes, and ``outside`` last.
    member
        1 where a village lies in a township. shape (villages, towns)
    inside
        Share of a unit's pupils by home, rows add up to 1. shape (units, villages) [-]
    away
        Children outside per pupil of the unit, by home. shape (units, villages) [-]
    grades
        Grades that occur, in order.
    grade
        Grade of each unit. shape (units,)
    town
        Township of each unit's school, as a position in `towns`. shape (units,)
    vocational
        Whether the school is a vocational one (中等职业学校). shape (units,)
    attending
        Share of the children of a grade who live here that a county school has, against primary school. [-]
    """

    villages: tuple[str, ...]
    towns: tuple[str, ...]
    member: Floats
    inside: Floats
    away: Floats
    grades: tuple[int, ...]
    grade: NDArray[np.int64]
    town: NDArray[np.int64]
    vocational: NDArray[np.bool_]
    attending: dict[int, float]

    def units_of(self, grade: int, town: str | None = None) -> NDArray[np.int64]:
        """Positions of the units of a grade, of all townships or of one."""
        here = self.grade == grade
        if town is not None:
            here &= self.town == self.towns.index(town)
        return np.flatnonzero(here)

    def place(self, town: str, village: str | None = None) -> Floats:
        """1 at the villages of a place: a township or one village. shape (villages,)."""
        if village is not None and village in self.villages:
            return np.asarray([float(code == village) for code in self.villages])
        return np.asarray(self.member[:, self.towns.index(town)])


def unit_homes(
    pupils: xr.DataArray, allocation: pd.DataFrame, villages: pd.DataFrame, schools: pd.DataFrame
) -> UnitHomes:
    """Shares of the homes behind every unit, as `children_from_pupils` uses them.

    Parameters
    ----------
    pupils
        Coordinates ``school_id`` and ``grade`` on ``unit``.
    allocation
        Table `allocation` of the base year. [children]
    villages
        ``village_code, township_code``.
    schools
        ``school_id, township_code``; where known kind.

    Returns
    -------
    UnitHomes
        Shares by unit and village.

    Raises
    ------
    DataError
        If the allocation names a village that `villages` has not.
    """
    township = _township_of(allocation, villages)
    homes = [*villages["village_code"], OUTSIDE]
    site = schools.set_index("school_id")["township_code"].astype(str)
    kind = schools.reindex(columns=["school_id", "kind"]).set_index("school_id")["kind"]
    grade, ids = pupils["grade"].values.astype(np.int64), pupils["school_id"].values.astype(str)
    towns = [*sorted({*villages["township_code"], *site.reindex(ids)}), OUTSIDE]
    member = (township.reindex(homes).to_numpy()[:, None] == np.array(towns, dtype=object)[None, :]).astype(float)
    known = sorted(set(ids))
    shares = _shares(allocation, known, homes)
    row = np.searchsorted(known, ids)
    inside, away = np.zeros((len(ids), len(homes))), np.zeros((len(ids), len(homes)))
    for band, grades in BAND_GRADES.items():
        units = np.flatnonzero(np.isin(grade, grades))
        inside[units] = shares[band][row[units]]
        away[units] = inside[units] @ _odds(allocation, str(band), homes, member)
    return UnitHomes(
        villages=tuple(homes),
        towns=tuple(towns),
        member=member,
        inside=inside,
        away=away,
        grades=tuple(sorted(set(grade.tolist()))),
        grade=grade,
        town=np.array([towns.index(code) for code in site.reindex(ids)], dtype=np.int64),
        vocational=kind.reindex(ids).eq(VOCATIONAL).to_numpy(dtype=bool),
        attending=attending_shares(allocation),
    )


def attending_shares(allocation: pd.DataFrame) -> dict[int, float]:
    """Share of the children who live in the county that a county school has, by grade, against primary school.

    Births that left the county long ago stand in ``outside`` too. Primary school is compulsory, so its share tells who
    is still here: ``share[g] = min(1, inside[g] / all[g] ÷ inside[1…6] / all[1…6])``.

    Parameters
    ----------
    allocation
        Table `allocation`. [children]

    Returns
    -------
    dict
        Grade → share; 1 where the county has no primary pupils or nobody of the grade. [-]
    """
    local = allocation[allocation["village_code"] != OUTSIDE]
    whole = local.groupby("grade_band")["children"].sum()
    seated = local[local["attends"] != OUTSIDE].groupby("grade_band")["children"].sum().reindex(whole.index).fillna(0.0)
    primary = [str(band) for band in PRIMARY_BANDS if str(band) in whole.index]
    here = float(seated[primary].sum() / whole[primary].sum()) if whole[primary].sum() > 0 else 0.0
    share = {str(band): 1.0 for band in GradeBand}
    if here > 0:
        share |= {str(b): min(1.0, float(seated[b] / whole[b]) / here) for b in whole.index if whole[b] > 0}
    return {
        grade: 1.0 if str(band) in {str(b) for b in PRIMARY_BANDS} else share[str(band)]
        for grade, band in BAND_OF_GRADE.items()
    }
