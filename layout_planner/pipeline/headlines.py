"""The few numbers that a planner wants first, from the finished tables; the same counts as in the report."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from layout_planner.pipeline.setup import Setup
from layout_planner.reports import words
from layout_planner.reports.counts import merges_of, options_told, reach_of, rules_told
from layout_planner.terms import COUNTY, LABELS_ZH, Stage


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
    lines.append(("一至三年级路途", over_limit(tables["access"])))
    findings = tables.get("findings")
    if "candidates" in tables:
        lines += options(tables["candidates"], findings)
    if findings is not None:
        lines.append(("规则核验", "；".join(part for part in (rules_told(findings), options_told(findings)) if part)))
    errors = tables["reconciliation"]["difference"].abs().max()
    lines.append(("儿童账", f"{len(tables['reconciliation'])} 次交接，最大差 {errors:.3f} 人"))
    return lines


def _pupils(setup: Setup, stages: pd.DataFrame, stage: Stage) -> tuple[str, str]:
    rows = stages[(stages["township_code"] == COUNTY) & (stages["stage"] == str(stage))].set_index("school_year")
    now, last = rows.loc[setup.base_year], rows.loc[setup.base_year + setup.horizon]
    text = (
        f"{setup.base_year} 年 {words.whole(now['pupils_printed'])} 人 → {setup.base_year + setup.horizon} 年中位数 "
        f"{words.whole(last['pupils_p50'])} 人"
        f"（P10–P90：{words.whole(last['pupils_p10'])}–{words.whole(last['pupils_p90'])}）"
    )
    return f"{LABELS_ZH['stage'][str(stage)]}在校生", text


def over_limit(access: pd.DataFrame) -> str:
    """Say how many children of grades 1–3 have no school within the limit, and how many attend one farther away."""
    reach = reach_of(access)
    return (
        f"在县内就读的 {reach.children:,} 人中，{reach.none:,} 人居住的村限值内没有学校（最不利情形）；"
        f"另有 {reach.farther:,} 人限值内有学校，就读学校超时"
    )


def options(candidates: pd.DataFrame, findings: pd.DataFrame | None) -> list[tuple[str, str]]:
    """Say how many small schools there are, and how many of their mergers are blocked by which kind of rule."""
    merges = merges_of(candidates, findings)
    return [
        ("小规模学校", f"{candidates['school_id'].nunique()} 所（含空壳学校）"),
        ("并入选项", f"{merges.options} 个，其中 {merges.told()}，待论证 {merges.options - merges.blocked} 个"),
    ]
