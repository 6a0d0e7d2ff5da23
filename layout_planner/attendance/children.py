"""Children of the townships, spread over their villages."""

import pandas as pd

from layout_planner.errors import DataError
from layout_planner.terms import BAND_OF_GRADE, GradeBand


def village_children(cohort_children: pd.DataFrame, villages: pd.DataFrame) -> pd.DataFrame:
    """Spread the children of each township over its villages by weight.

    ``children[v, b] = Σ_{g in b} children[township(v), g] * weight[v] / Σ weights of the township``.

    Parameters
    ----------
    cohort_children
        ``township_code, grade, children`` of one school year. [children]
    villages
        ``village_code, township_code, weight``.

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
    share = villages["weight"] / villages["township_code"].map(weight).where(lambda total: total > 0, 1.0)
    present = [str(band) for band in GradeBand if str(band) in towns.index.unique("grade_band")]
    keys = pd.MultiIndex.from_product([villages["village_code"], present], names=["village_code", "grade_band"])
    table = keys.to_frame(index=False)
    homes = villages.set_index("village_code")["township_code"]
    in_town = pd.MultiIndex.from_arrays([table["village_code"].map(homes), table["grade_band"]])
    part = table["village_code"].map(share.set_axis(villages["village_code"]))
    return table.assign(children=towns.reindex(in_town).fillna(0.0).to_numpy() * part.to_numpy())
