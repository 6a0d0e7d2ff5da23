"""The few numbers that a planner wants first, from the finished tables."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from layout_planner.pipeline.setup import Setup
from layout_planner.terms import COUNTY, LABELS_ZH, GradeBand, Stage
from layout_planner.travel.cases import NO_SCHOOL, TOO_FAR

NO_SCHOOL_NEAR = {NO_SCHOOL, TOO_FAR}


def headlines_of(setup: Setup, tables: Mapping[str, pd.DataFrame]) -> list[tuple[str, str]]:
    """Make the lines that are printed at the end of a run.

    Parameters
    ----------
    setup
        Base year and horizon.
    tables
        Output tables; those that are not there give no line.

    Returns
    -------
    list of tuple
        Title and value, in Chinese.
    """
    lines = [_pupils(setup, tables["forecast_stage"], stage) for stage in (Stage.PRIMARY, Stage.JUNIOR)]
    lines.append(_over_limit(tables["access"]))
    if "candidates" in tables:
        lines += _options(tables["candidates"])
    if "findings" in tables:
        counts = tables["findings"]["outcome"].value_counts()
        told = [f"{label} {counts.get(key, 0)}" for key, label in LABELS_ZH["outcome"].items()]
        lines.append(("规则核验", "，".join(told)))
    errors = tables["reconciliation"]["difference"].abs().max()
    lines.append(("儿童账", f"{len(tables['reconciliation'])} 次交接，最大差 {errors:.3f} 人"))
    return lines


def _pupils(setup: Setup, stages: pd.DataFrame, stage: Stage) -> tuple[str, str]:
    rows = stages[(stages["township_code"] == COUNTY) & (stages["stage"] == str(stage))].set_index("school_year")
    now, last = rows.loc[setup.base_year], rows.loc[setup.base_year + setup.horizon]
    text = (
        f"{setup.base_year} 年 {now['pupils_printed']:,} 人 → {setup.base_year + setup.horizon} 年 "
        f"{last['pupils_p50']:,.0f} 人（P10–P90：{last['pupils_p10']:,.0f}–{last['pupils_p90']:,.0f}）"
    )
    return f"{LABELS_ZH['stage'][str(stage)]}在校生", text


def _over_limit(access: pd.DataFrame) -> tuple[str, str]:
    young = access[access["grade_band"] == str(GradeBand.G13)]
    none = young["reason"].map(lambda reason: bool(NO_SCHOOL_NEAR & set(str(reason).split(";"))))
    count, farther = young.loc[none, "over_limit"].sum(), young.loc[~none, "over_limit"].sum()
    text = f"{count:,.0f} 名儿童限值内没有学校（最不利情形）；另有 {farther:,.0f} 名就读更远的学校"
    return "一至三年级路途", text


def _options(candidates: pd.DataFrame) -> list[tuple[str, str]]:
    merges = candidates[candidates["option"] == "merge"]
    blocked = int((merges["verdict"] == "blocked").sum())
    return [
        ("小规模学校", f"{candidates['school_id'].nunique()} 所（含空壳学校）"),
        ("并入选项", f"{len(merges)} 个，其中一票否决 {blocked} 个，待论证 {len(merges) - blocked} 个"),
    ]
