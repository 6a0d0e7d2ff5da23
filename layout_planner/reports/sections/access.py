"""可达性: minutes of the youngest pupils, counted by children and named by village."""

from __future__ import annotations

import re
from typing import Final

import pandas as pd

from layout_planner.reports import words
from layout_planner.reports.counts import Reach, reach_of
from layout_planner.reports.inputs import ReportInputs
from layout_planner.reports.model import Block, Paragraph, Section, Table
from layout_planner.reports.sections.parts import columns, homes_note, not_made, young_minutes
from layout_planner.terms import label
from layout_planner.travel import cases
from layout_planner.travel.table import BEYOND, NO_ROUTE, OFF_NETWORK, SCREENING

_SHOWN: Final = 30
_DEFINED: Final = (
    "人数都是居住在各村、在县内学校就读的一至三年级儿童（含寄宿生；不在县内就读的不计）。“限值内没有学校”指所住的村到"
    "任何在办学校都超时；“就读学校超时”按实际就读的学校计，含前者，寄宿生不计。"
)
_REASONS: Final = {
    OFF_NETWORK: "离道路过远",
    NO_ROUTE: "有的去向无路可达",
    BEYOND: "离有的学校超出计算范围，不列时间",
    SCREENING: "按直线距离粗筛，未按道路核算",
    cases.NO_SCHOOL: "没有学校可达",
    cases.TOO_FAR: "限值内没有学校",
    cases.NEARER: "限值内有校，就读更远",
    cases.UNSET: "本县未设限值",
    cases.NOT_COMPUTED: "这一村校对没有时间",
}


def access(inputs: ReportInputs) -> Section:
    """Build the section: children over the limit by township and by village, worst case."""
    found = inputs.table("access")
    if found is None:
        return Section("access", "上学路途", (not_made("路途时间"),))
    reach = reach_of(found)
    over = reach.villages[reach.villages["over_limit"] > 0]
    over = over.sort_values(["none", "over_limit"], ascending=False, kind="stable")
    blocks: list[Block] = [
        Paragraph(_lead(reach, young_minutes(inputs))),
        Paragraph(
            "时间为单程、门到校门；步行与家长接送分别计算。寄宿生不计入每日路途。最差的孩子不能被平均数掩盖，故逐村列名。"
        ),
        _townships(reach.villages, inputs),
    ]
    if len(over):
        blocks.append(_villages(over, inputs))
    return Section("access", "上学路途", tuple(blocks))


def _names(inputs: ReportInputs) -> dict[str, str]:
    for table in ("forecast_township", "seat_balance", "births_projected"):
        found = inputs.table(table)
        if found is not None:
            return dict(zip(found["township_code"], found["township_name"].astype(str), strict=True))
    return {}


def _lead(reach: Reach, limit: str) -> str:
    none = reach.villages[reach.villages["none"]]
    names = f"，在 {len(none):,} 个村（社区）：{words.listed(none['village_name'], 10)}" if len(none) else ""
    text = (
        f"居住在各村、在县内就读的小学一至三年级儿童共 {reach.children:,} 人。按最不利情形（平时与冬季取较长者），其中 "
        f"{reach.none:,} 人居住的村{limit}内没有学校{names}。"
    )
    if not reach.farther:
        return text
    return text + f"另有 {reach.farther:,} 人就读学校超时：{limit.strip()}内有学校，但在更远的学校就读。"


def reason_zh(reason: object) -> str:
    """Say in Chinese why children of a village are over the limit."""
    if words.missing(reason):
        return words.DASH
    return "；".join(_REASONS.get(part, part) for part in str(reason).split(";"))


def _townships(young: pd.DataFrame, inputs: ReportInputs) -> Table:
    names = _names(inputs)
    rows = young.assign(
        far=(young["over_limit"] > 0).astype(float), without=young["over_limit"].where(young["none"], 0.0)
    )
    groups = rows.groupby("township_code", sort=True)
    sums = groups[["attending", "without", "over_limit", "far"]].sum()
    sums = sums.assign(villages=groups.size(), longest=groups["minutes_nearest"].max())
    order = ["villages", "attending", "without", "over_limit", "far", "longest"]
    cells = tuple(
        (names.get(str(code), str(code)), *(words.whole(row[column]) for column in order))
        for code, row in sums.iterrows()
    )
    heads = columns(
        "乡镇", "村（社区）", "县内就读\n儿童（人）", "限值内没有\n学校（人）", "就读学校\n超时（人）",
        "有就读\n超时的村", "到最近学校\n最长（分钟）",
        numbers=range(1, 7),
    )  # fmt: skip
    total = ("合计", *(words.total(sums[column]) for column in order[:-1]), words.whole(sums["longest"].max()))
    note = f"{_DEFINED}人数按最大余数法取整，合计等于各镇之和；最长时间不含无路可达的村。{homes_note(inputs)}"
    title = "分镇一至三年级上学路途（最不利情形）"
    return Table(title, heads, cells, total=total, note=note, row_heads=True, source="tables/access.csv")


def _villages(over: pd.DataFrame, inputs: ReportInputs) -> Table:
    shown = over.head(_SHOWN)
    counts, minutes = ["attending", "over_limit"], ["minutes_nearest", "minutes_attended", "minutes_worst"]
    cells = tuple(
        (
            words.text(row["village_name"]), *(words.whole(row[column]) for column in counts + minutes), _how(row),
            reason_zh(row["reason"]),
        )
        for _, row in shown.iterrows()
    )  # fmt: skip
    heads = columns(
        "村（社区）", "县内就读\n（人）", "就读学校\n超时（人）", "最近学校\n（分钟）", "就读学校平均\n（分钟）",
        "就读学校最长\n（分钟）", "情形", "原因",
        numbers=range(1, 6),
    )  # fmt: skip
    total = ("所列合计", *(words.total(shown[column]) for column in counts), "", "", "", "", "")
    cut = f"先列限值内没有学校的村，再按人数多少，共列 {_SHOWN} 个；全部见 access.csv。" if len(over) > _SHOWN else ""
    title = "有就读超时儿童的村（社区）"
    note = f"{cut}人数口径同上表。{homes_note(inputs)}"
    return Table(title, heads, cells, total=total, note=note, row_heads=True, source="tables/access.csv")


def _how(row: pd.Series) -> str:
    parts = [
        label(enum, str(row[column]))
        for enum, column in (("travel_case", "case"), ("travel_mode", "mode"))
        if not words.missing(row[column])
    ]
    return "，".join(re.split("[（(]", part)[0] for part in parts) or words.DASH
