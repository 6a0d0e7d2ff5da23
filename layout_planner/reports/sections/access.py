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
from layout_planner.travel import cases
from layout_planner.travel.table import BEYOND, NO_ROUTE, OFF_NETWORK, SCREENING

_SHOWN: Final = 30
_NONE_NEAR: Final = frozenset({cases.NO_SCHOOL, cases.TOO_FAR})
_REASONS: Final = {
    OFF_NETWORK: "离道路过远",
    NO_ROUTE: "有的去向无路可达",
    BEYOND: "有的学校远得不再计算",
    SCREENING: "按直线距离粗筛，未按道路核算",
    cases.NO_SCHOOL: "没有学校可达",
    cases.TOO_FAR: "限值内没有学校",
    cases.NEARER: "限值内有学校，有儿童在更远的学校就读",
    cases.UNSET: "本县未设限值",
    cases.NOT_COMPUTED: "这一村校对没有时间",
}


def access(inputs: ReportInputs) -> Section:
    """Build the section: children over the limit by township and by village, worst case."""
    found = inputs.table("access")
    if found is None:
        return Section("access", "上学路途", (not_made("路途时间"),))
    young = whole_children(found[found["grade_band"] == YOUNG])
    limit = young_limit(inputs)
    over = young[young["over_limit"] > 0].assign(none=lambda rows: rows["reason"].map(no_school_near))
    over = over.sort_values(["none", "over_limit"], ascending=False, kind="stable")
    blocks: list[Block] = [
        Paragraph(_lead(young, over, limit)),
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


def _lead(young: pd.DataFrame, over: pd.DataFrame, limit: float) -> str:
    said = "限值" if words.missing(limit) else f" {words.number(limit)} 分钟"
    text = (
        f"小学一至三年级儿童共 {words.total(young['children'])} 人。按最不利情形（平时与冬季取较长者），路途超过{said}"
        f"或无路可达的有 {words.whole(over['over_limit'].sum())} 人，分布在 {len(over):,} 个村（社区）。"
    )
    none = over[over["none"]]
    if over.empty:
        return text
    names = f"（{words.listed(none['village_name'], 10)}）" if len(none) else ""
    return text + (
        f"其中 {words.whole(none['over_limit'].sum())} 人所在的 {len(none):,} 个村限值内没有学校{names}；"
        "其余儿童限值内有学校，但在更远的学校就读。"
    )


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


def no_school_near(reason: object) -> bool:
    """Whether a village has no school within the limit."""
    return not _NONE_NEAR.isdisjoint(str(reason).split(";"))


def reason_zh(reason: object) -> str:
    """Say in Chinese why children of a village are over the limit."""
    if words.missing(reason):
        return words.DASH
    return "；".join(_REASONS.get(part, part) for part in str(reason).split(";"))


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
            reason_zh(row["reason"]),
        )
        for _, row in shown.iterrows()
    )  # fmt: skip
    heads = columns(
        "村（社区）", "儿童（人）", "超时（人）", "到最近学校（分钟）",
        "到就读学校平均（分钟）", "最长（分钟）", "情形", "原因",
        numbers=range(1, 6),
    )  # fmt: skip
    total = ("所列合计", *(words.total(shown[column]) for column in counts), "", "", "", "", "")
    note = f"先列限值内没有学校的村，再按人数多少，共列 {_SHOWN} 个；全部见 access.csv。" if len(over) > _SHOWN else ""
    return Table("有超时儿童的村（社区）", heads, cells, total=total, note=note, row_heads=True)


def _how(row: pd.Series) -> str:
    parts = [
        label(enum, str(row[column]))
        for enum, column in (("travel_case", "case"), ("travel_mode", "mode"))
        if not words.missing(row[column])
    ]
    return "，".join(part.split("(")[0] for part in parts) or words.DASH
