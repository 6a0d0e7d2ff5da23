"""可达性: minutes of the youngest pupils, counted by children and named by village."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from layout_planner.enrolment.summaries import largest_remainder
from layout_planner.reports import words
from layout_planner.reports.inputs import ReportInputs
from layout_planner.reports.model import Block, Paragraph, Section, Table
from layout_planner.reports.sections.parts import YOUNG, columns, not_made, young_limit
from layout_planner.terms import label

_SHOWN: Final = 60


def access(inputs: ReportInputs) -> Section:
    """Build the section: children over the limit by township and by village, worst case."""
    found = inputs.table("access")
    if found is None:
        return Section("access", "上学路途", (not_made("路途时间"),))
    young = whole_children(found[found["grade_band"] == YOUNG])
    limit = young_limit(inputs)
    over = young[young["over_limit"] > 0].sort_values("over_limit", ascending=False, kind="stable")
    said = "限值" if words.missing(limit) else f"{words.number(limit)} 分钟"
    lead = (
        f"小学一至三年级儿童共 {words.total(young['children'])} 人。按最不利情形（平时与冬季取较长者），"
        f"路途超过{said}或无路可达的有 {words.total(over['over_limit'])} 人，分布在 {len(over):,} 个村（社区）"
        f"{'：' + words.listed(over['village_name']) if len(over) else ''}。"
    )
    blocks: list[Block] = [
        Paragraph(lead),
        Paragraph(
            "时间为单程、门到校门；步行与家长接送分别计算。寄宿生不计入每日路途。最差的孩子不能被平均数掩盖，故逐村列名。"
        ),
        _townships(young, inputs),
    ]
    if len(over):
        blocks.append(_villages(over))
    return Section("access", "上学路途", tuple(blocks))


def _names(inputs: ReportInputs) -> dict[str, str]:
    for table in ("forecast_township", "seat_balance", "births_projected"):
        found = inputs.table(table)
        if found is not None:
            return dict(zip(found["township_code"], found["township_name"].astype(str), strict=True))
    return {}


def whole_children(young: pd.DataFrame) -> pd.DataFrame:
    """Bring the children of the villages to whole ones that keep the county's sums, those over the limit first."""
    known = young["children"].notna() & young["over_limit"].notna()
    rows = young[known]
    over = largest_remainder(rows["over_limit"].to_numpy(float))
    rest = largest_remainder(np.clip(rows["children"].to_numpy(float) - rows["over_limit"].to_numpy(float), 0, None))
    printed = young.astype({"children": float, "over_limit": float})
    printed.loc[known, "over_limit"] = over.astype(float)
    printed.loc[known, "children"] = (over + rest).astype(float)
    return printed


def _townships(young: pd.DataFrame, inputs: ReportInputs) -> Table:
    names = _names(inputs)
    groups = young.assign(far=(young["over_limit"] > 0).astype(float)).groupby("township_code", sort=True)
    sums = (
        groups[["children", "over_limit", "far"]]
        .sum()
        .assign(villages=groups.size(), longest=groups["minutes_nearest"].max())
    )
    order = ["villages", "children", "over_limit", "far", "longest"]
    cells = tuple(
        (names.get(str(code), str(code)), *(words.whole(row[column]) for column in order))
        for code, row in sums.iterrows()
    )
    heads = columns(
        "乡镇",
        "村（社区）",
        "一至三年级儿童（人）",
        "超时儿童（人）",
        "有超时的村",
        "到最近学校最长（分钟）",
        numbers=range(1, 6),
    )
    total = ("合计", *(words.total(sums[column]) for column in order[:-1]), words.whole(sums["longest"].max()))
    note = "人数按最大余数法取整，合计等于各镇之和；最长时间不含无路可达的村。"
    return Table("分镇一至三年级上学路途（最不利情形）", heads, cells, total=total, note=note, row_heads=True)


def _villages(over: pd.DataFrame) -> Table:
    shown = over.head(_SHOWN)
    counts, minutes = ["children", "over_limit"], ["minutes_nearest", "minutes_attended", "minutes_worst"]
    cells = tuple(
        (
            words.text(row["village_name"]), *(words.whole(row[column]) for column in counts + minutes), _how(row),
            words.text(row["reason"]),
        )
        for _, row in shown.iterrows()
    )  # fmt: skip
    heads = columns(
        "村（社区）", "儿童（人）", "超时（人）", "到最近学校（分钟）",
        "到就读学校平均（分钟）", "最长（分钟）", "情形", "原因",
        numbers=range(1, 6),
    )  # fmt: skip
    total = ("合计", *(words.total(shown[column]) for column in counts), "", "", "", "", "")
    note = f"只列人数最多的 {_SHOWN} 个村，全部见 access.csv。" if len(over) > _SHOWN else ""
    return Table("有超时儿童的村（社区）", heads, cells, total=total, note=note, row_heads=True)


def _how(row: pd.Series) -> str:
    parts = [
        label(enum, str(row[column]))
        for enum, column in (("travel_case", "case"), ("travel_mode", "mode"))
        if not words.missing(row[column])
    ]
    return "，".join(parts) or words.DASH
