"""Resources of schools for each pupil: through schools split by stage, teaching points folded, and how schools differ.

The same arithmetic serves the checks of the rules and the tables that show a school beside its standards.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

ARTS: Final = ("pe", "music", "art")  # 体育、艺术: subjects of the teachers that E03 counts
BUILDINGS: Final = ("teaching_area_m2", "sports_area_m2", "equipment_yuan", "multimedia_rooms")
TEACHERS: Final = ("above_degree", "backbone", "arts")
RESOURCES: Final = (*TEACHERS, *BUILDINGS)  # in the order of the seven indicators E01–E07
DEGREES: Final = ("below", "associate", "bachelor", "master")  # level 1, 2, 3, 4
_TINY: Final = 1e-9


def weighted_cv(amounts: pd.Series, pupils: pd.Series) -> float:
    """Coefficient of variation of an amount for each pupil, schools weighted by their pupils (校际差异系数).

    ``mean = Σ amounts / Σ pupils``; ``S² = Σ (pupils / Σ pupils) · (amounts / pupils − mean)²``; ``CV = S / mean``.

    Parameters
    ----------
    amounts
        What each school has in all, not for each pupil. [any]
    pupils
        Pupils of each school; schools without pupils are left out. [pupils]

    Returns
    -------
    float
        0 where all schools have the same for each pupil; NaN where a number is not known, there are no pupils or
        nobody has anything. [-]

    References
    ----------
    .. [1] 县域义务教育优质均衡发展督导评估办法（教督〔2017〕6号）
    """
    there = ~(pupils == 0)
    n, x = pupils[there].to_numpy(dtype=float), amounts[there].to_numpy(dtype=float)
    total = n.sum()
    if not total > 0:
        return math.nan
    mean = x.sum() / total
    if not mean > 0:
        return math.nan
    return float(np.sqrt((n / total * (x / n - mean) ** 2).sum()) / mean)


def stage_shares(rows: pd.DataFrame, weights: Mapping[str, float]) -> pd.Series:
    """Share of a school's buildings and equipment that belongs to each of its stages.

    ``weight · pupils / Σ weight · pupils`` over the stages of the school; a school of one stage has all of it.

    Parameters
    ----------
    rows
        One row a school and stage: school_id, stage, pupils. [pupils]
    weights
        Weight of a pupil by stage. [-]

    Returns
    -------
    Series
        By row of `rows`; NaN where the pupils of a stage are not known, a stage has no weight beside another one, or
        a school of several stages has no pupils. [-]
    """
    weighted = rows["pupils"].astype(float) * rows["stage"].map(weights).astype(float)
    weighted = weighted.mask(rows["pupils"] == 0, 0.0)
    groups = weighted.groupby(rows["school_id"])
    total = groups.transform(lambda part: part.sum(skipna=False))
    alone = rows.groupby("school_id")["stage"].transform("size") == 1
    return (weighted / total.where(total > 0)).mask(alone, 1.0)


def staff_counts(teachers: pd.DataFrame, above: Mapping[str, float]) -> pd.DataFrame:
    """Count the teachers that the indicators E01–E03 ask for, by school and stage.

    Parameters
    ----------
    teachers
        Table ``teachers``; posts of the role ``teacher`` are counted. [staff]
    above
        By stage, the lowest degree above the required one: 1 below college, 2 associate, 3 bachelor, 4 master. [level]

    Returns
    -------
    DataFrame
        school_id, stage, above_degree, backbone, arts; a school and stage without a row in `teachers` has none here,
        one whose staff are listed has counts, 0 among them. [staff]
    """
    level = teachers["degree"].map({name: at for at, name in enumerate(DEGREES, 1)}).astype(float)
    posts = teachers["posts"].astype(float).where(teachers["role"] == "teacher", 0.0)
    high = level >= teachers["stage"].map(above).astype(float)
    counts = teachers[["school_id", "stage"]].assign(
        above_degree=posts.where(high, 0.0),
        backbone=posts.where(teachers["backbone"].astype("boolean").fillna(value=False).astype(bool), 0.0),
        arts=posts.where(teachers["subject"].isin(ARTS), 0.0),
    )
    return counts.groupby(["school_id", "stage"], as_index=False)[list(TEACHERS)].sum()


def fold(rows: pd.DataFrame, hosts: Mapping[str, str], columns: Sequence[str]) -> pd.DataFrame:
    """Add teaching points to their host school (教学点不计校数，并入中心校), stage by stage.

    Parameters
    ----------
    rows
        One row a school and stage: school_id, stage and `columns`. [any]
    hosts
        Host by teaching point. One whose host has no row of the same stage stays by itself.
    columns
        What is added up; a sum with an unknown part is unknown.

    Returns
    -------
    DataFrame
        school_id, stage, `columns`, points (teaching points inside). [any]
    """
    there = set(zip(rows["school_id"], rows["stage"], strict=True))
    target = [
        hosts[school] if school in hosts and (hosts[school], stage) in there else school
        for school, stage in zip(rows["school_id"], rows["stage"], strict=True)
    ]
    moved = rows.assign(points=(rows["school_id"] != target).astype(int), school_id=target)
    groups = moved.groupby(["school_id", "stage"], as_index=False, sort=True)
    return groups[[*columns, "points"]].agg(lambda part: part.sum(skipna=False))


def school_resources(
    schools: pd.DataFrame,
    pupils: pd.DataFrame,
    staff: pd.DataFrame | None,
    *,
    weights: Mapping[str, float],
) -> pd.DataFrame:
    """Put together what every school and stage has of the seven resources of E01–E07, teaching points in their hosts.

    Parameters
    ----------
    schools
        Register: school_id, kind, host_school_id and the columns of `BUILDINGS` where the county has them. [m2], [yuan]
    pupils
        school_id, stage, pupils; stages without pupils are left out. [pupils]
    staff
        Result of `staff_counts`; None where the county lists no staff. [staff]
    weights
        Weight of a pupil by stage, for schools of several stages. [-]

    Returns
    -------
    DataFrame
        school_id, stage, pupils, the columns of `RESOURCES`, points, unhosted (a teaching point whose host is not
        known). Unknown is NaN. [pupils], [staff], [m2], [yuan], [rooms]
    """
    rows = pupils.loc[~(pupils["pupils"] == 0), ["school_id", "stage", "pupils"]].reset_index(drop=True)
    known = schools.set_index("school_id").reindex(columns=[*BUILDINGS, "kind", "host_school_id"])
    share = stage_shares(rows, weights)
    for column in BUILDINGS:
        rows[column] = rows["school_id"].map(known[column]).astype(float) * share
    if staff is None:
        rows = rows.assign(**dict.fromkeys(TEACHERS, math.nan))
    else:
        rows = rows.merge(staff, on=["school_id", "stage"], how="left")
    points = known.index[(known["kind"] == "teaching_point") & known["host_school_id"].notna()]
    folded = fold(rows, known.loc[points, "host_school_id"].to_dict(), ["pupils", *RESOURCES])
    left = folded["school_id"].map(known["kind"]) == "teaching_point"
    return folded.assign(unhosted=left)


def rounded(value: float, digits: float) -> float:
    """Round half up to a number of decimals, as the evaluation tables do. [as value]."""
    if math.isnan(value):
        return value
    scale = float(10 ** int(digits))
    return math.floor(value * scale + 0.5 + _TINY) / scale
