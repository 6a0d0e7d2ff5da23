"""Children of the townships, spread over their villages."""

from typing import Final

import pandas as pd

from layout_planner.attendance.village_shares import band_shares
from layout_planner.errors import DataError
from layout_planner.terms import BAND_OF_GRADE, GradeBand

_WHOLE: Final = 1e-9  # share of a school's pupils that may be missing from those observed, by rounding
_HOME: Final = ["village_code", "grade_band"]


def seen_pupils(observed: pd.DataFrame, pupils: pd.DataFrame) -> pd.DataFrame:
    """Count the pupils of every village in the grade bands that were observed whole: every school, every pupil.

    Parameters
    ----------
    observed
        ``village_code, school_id, grade_band, pupils`` (`attendance.csv`). [pupils]
    pupils
        ``school_id, grade_band, pupils`` of the base year. [pupils]

    Returns
    -------
    DataFrame
        ``village_code, grade_band, pupils``; no row of a band of which a school is not told in full. [pupils]
    """
    keys = ["school_id", "grade_band"]
    told = observed.astype({"grade_band": "str"}).groupby(keys)["pupils"].sum()
    sizes = pupils.astype({"grade_band": "str"}).groupby(keys)["pupils"].sum()
    short = told.reindex(sizes.index).fillna(0.0) < sizes * (1.0 - _WHOLE)
    partial = set(short.index[short].get_level_values("grade_band"))
    whole = observed[~observed["grade_band"].astype("str").isin(partial)].astype({"grade_band": "str"})
    return whole.groupby(_HOME, as_index=False)["pupils"].sum()


def village_children(
    cohort_children: pd.DataFrame, villages: pd.DataFrame, seen: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Spread the children of each township over its villages: those seen in school where they live, the rest by shares.

    ``children[v, b] = seen[v, b] + (children[township(v), b] − Σ seen of the township) * share[v, b]``, with
    ``children[township, b] = Σ_{g in b} children[township, g]``. The share is that of the weights; where the villages have
    their children by age on record, it is their own mix of ages, shrunk to the weights (`band_shares`). A township with
    more pupils than children has its children in proportion to the pupils seen.

    Parameters
    ----------
    cohort_children
        ``township_code, grade, children`` of one school year. [children]
    villages
        ``village_code, township_code, weight``; ``children_0_2 … children_12_14`` where known.
    seen
        Result of `seen_pupils`; a band without a row is spread by weight alone. [pupils]

    Returns
    -------
    DataFrame
        ``village_code, grade_band, children``, every village and band that occurs; the sum of each township and band
        is kept. Not rounded. [children]

    Raises
    ------
    DataError
        If children are missing, a township with children has no village, or its weights are missing or all zero.
    """
    if (gone := cohort_children["children"].isna()).any():
        raise DataError("children_missing", found=set(cohort_children.loc[gone, "township_code"]))
    if (gone := ~(villages["weight"] >= 0)).any():
        raise DataError("village_weight_missing", found=list(villages.loc[gone, "village_code"]))
    bands = cohort_children["grade"].map({grade: str(band) for grade, band in BAND_OF_GRADE.items()})
    towns = cohort_children.assign(grade_band=bands).groupby(["township_code", "grade_band"])["children"].sum()
    weight = villages.groupby("township_code")["weight"].sum()
    peopled = towns[towns > 0].index.unique("township_code")
    if len(bare := peopled.difference(weight.index[weight > 0])):
        raise DataError("township_without_villages", found=list(bare))
    present = [str(band) for band in GradeBand if str(band) in towns.index.unique("grade_band")]
    keys = pd.MultiIndex.from_product([villages["village_code"], present], names=["village_code", "grade_band"])
    table = keys.to_frame(index=False)
    homes = villages.set_index("village_code")["township_code"]
    in_town = pd.MultiIndex.from_arrays([table["village_code"].map(homes), table["grade_band"]])
    part = band_shares(villages, present).to_numpy().ravel()
    total = towns.reindex(in_town).fillna(0.0).to_numpy()
    there = pd.Series(0.0, index=table.index)
    if seen is not None:
        pupils = seen.groupby(_HOME)["pupils"].sum()
        there = pupils.reindex(pd.MultiIndex.from_frame(table[_HOME])).fillna(0.0).set_axis(table.index)
    in_school = there.groupby([in_town.get_level_values(0), table["grade_band"]]).transform("sum")
    scale = (total / in_school.where(in_school > total, 1.0)).where(in_school > total, 1.0)
    rest = (total - in_school).clip(lower=0.0)
    return table.assign(children=(there * scale + rest * part).to_numpy())
