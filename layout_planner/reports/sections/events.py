"""Dated events: how many children they bring or take, in which year, and what the forecast does with them."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from layout_planner.enrolment.summaries import largest_remainder
from layout_planner.reports import words
from layout_planner.reports.inputs import ReportInputs
from layout_planner.reports.model import Block, Paragraph, Section, Table
from layout_planner.reports.sections.parts import born_mark, columns, nothing, plan_years, town_names
from layout_planner.terms import Stage, joint_cohort, label

KEY: Final = "events"
SHOWN: Final = 20  # events that are printed, the largest ones
_TITLE: Final = "人口变动事件带来和带走的孩子"
_SOURCE: Final = "tables/event_effects.csv"
_SIZE: Final = "event_children_mean"


def events(inputs: ReportInputs) -> Section:
    """Build the part on the events before and after the base year."""
    effects = inputs.table("event_effects")
    if effects is None:
        said = "没有填报涉及在园、在校年龄孩子的事件（events.csv），预测不因事件增减。"
        return Section(KEY, _TITLE, (nothing(inputs, "event_effects", "事件的影响", said),))
    ahead = effects[effects["status"] == "forecast"]
    seen = _by_event(effects)
    blocks: list[Block] = [Paragraph(_past(seen[~seen["ahead"]]) + _later(seen[seen["ahead"]], ahead, inputs))]
    blocks.append(_events_table(seen, town_names(inputs)))
    if len(ahead):
        blocks.append(_years_table(ahead, [inputs.base_year, *plan_years(inputs)]))
    return Section(KEY, _TITLE, tuple(blocks))


def _by_event(effects: pd.DataFrame) -> pd.DataFrame:
    """One row an event: children of its first year of school age, signed, by stage in words. [children]"""
    rows = []
    for event, found in effects.groupby("event_id", sort=False):
        first = found[found["school_year"] == found["school_year"].min()]
        rows.append(
            {**first.iloc[0].to_dict(), "event_id": event, "size": first[_SIZE].sum(), "stages": _stages(first)}
        )
    table = pd.DataFrame(rows)
    return table.assign(ahead=table["status"] == "forecast")


def _stages(first: pd.DataFrame) -> str:
    """Children of one event by stage, in whole numbers that add up to its printed size."""
    sums = first.groupby("stage")[_SIZE].sum()
    sign = 1 if sums.sum() >= 0 else -1
    printed = dict(
        zip(sums.index, sign * largest_remainder(np.clip(sign * sums.to_numpy(float), 0, None)), strict=True)
    )
    return "，".join(f"{label('stage', stage)} {words.signed(printed[stage])}" for stage in Stage if stage in printed)


def _past(seen: pd.DataFrame) -> str:
    """Say what the events before the base year's September brought and took."""
    if seen.empty:
        return "基准年 9 月以前没有填报事件。"
    shown = seen.dropna(subset=["shown_share"]).drop_duplicates(["event_kind", "first_school_year"])
    told = "、".join(
        f"{row['first_school_year']} 学年{label('event_kind', row['event_kind'])} {words.percent(row['shown_share'])}"
        f"（±{words.percent(row['shown_sd'])}）"
        for _, row in shown.iterrows()
    )
    seen_in_schools = f"各校人数中看得出的份额：{told}。" if told else ""
    return (
        f"基准年 9 月以前的事件 {len(seen)} 件，首个学年{_gains(seen)}；这些孩子已在基准年的在校生之内，预测不再另加。"
        f"{seen_in_schools}"
    )


def _gains(seen: pd.DataFrame) -> str:
    """Say what was brought and what was taken, each by itself."""
    parts = []
    for sign, verb in ((1, "带来"), (-1, "带走")):
        rows = seen[seen["size"] * sign > 0]
        if len(rows):
            parts.append(f"{verb}在园、在校年龄的孩子 {words.total(rows['size'].abs())} 人（{len(rows)} 件）")
    return "，".join(parts) or "没有增减"


def _later(seen: pd.DataFrame, ahead: pd.DataFrame, inputs: ReportInputs) -> str:
    """Say what the events to come bring and take, and what is left of it at the end."""
    if seen.empty:
        return "基准年以后没有填报事件，预测不因事件增减。"
    last = ahead[ahead["school_year"] == inputs.last_year]
    end = (
        f"到 {inputs.last_year} 学年，在园、在校的净{_net(last[_SIZE].sum())}，其中县内学校"
        f"{_net(last['event_pupils_mean'].sum())}。"
        if len(last)
        else f"到 {inputs.last_year} 学年，这些孩子都已过在校年龄。"
    )
    return f"基准年以后的事件 {len(seen)} 件，首个学年{_gains(seen)}，已计入预测，逐年升级。{end}"


def _net(count: float) -> str:
    if words.rounded(count) == 0:
        return "增减为 0"
    return f"{'增加' if count > 0 else '减少'} {words.whole(abs(count))} 人"


def _events_table(seen: pd.DataFrame, names: dict[str, str]) -> Table:
    largest = seen.loc[seen["size"].abs().sort_values(ascending=False, kind="stable").index[:SHOWN]]
    shown = largest.sort_values(["first_school_year", "event_id"])
    cells = tuple(
        (
            str(row["event_id"]), label("event_kind", row["event_kind"]),
            names.get(row["township_code"], str(row["township_code"])), str(row["first_school_year"]),
            words.signed(row["size"]), row["stages"], "计入预测" if row["ahead"] else "已在在校生内",
        )
        for _, row in shown.iterrows()
    )  # fmt: skip
    heads = columns(
        "事件", "类型", "乡镇", "首个学年", "孩子（人）", "分学段（人）", "处理", numbers=[4], centre=[3, 6]
    )
    rest = f"只列人数最多的 {SHOWN} 件，其余 {len(seen) - SHOWN} 件见文件。" if len(seen) > SHOWN else ""
    note = f"首个学年在园、在校年龄的孩子：正为带来，负为带走；更小的孩子到年龄时再计。{rest}"
    return Table("人口变动事件", heads, cells, row_heads=True, note=note, source=_SOURCE)


def _years_table(ahead: pd.DataFrame, years: list[int]) -> Table:
    """Net children of the events to come by year and stage."""
    first = int(ahead["school_year"].min())
    shown = sorted({first, *(year for year in years if year >= first)})
    present = [stage for stage in Stage if (ahead["stage"] == stage).any()]
    cells = []
    for year in shown:
        rows = ahead[ahead["school_year"] == year]
        sums = [words.signed(rows.loc[rows["stage"] == stage, _SIZE].sum()) for stage in present]
        away = words.signed(rows["event_outside_mean"].sum())
        cells.append((f"{year} 学年{born_mark(joint_cohort(rows['cohort']))}", *sums, away))
    heads = columns(
        "学年", *(f"{label('stage', stage)}（人）" for stage in present), "其中不在县内\n就读（人）",
        numbers=range(1, len(present) + 2),
    )  # fmt: skip
    note = "均值，带来减带走；P10–P90 见文件。"
    return Table("今后的事件对孩子数的净影响（全县）", heads, tuple(cells), row_heads=True, note=note, source=_SOURCE)
