"""方案比选: the plans side by side in a few years, children first."""

from __future__ import annotations

import pandas as pd

from layout_planner.reports import words
from layout_planner.reports.inputs import ReportInputs
from layout_planner.reports.model import Paragraph, Section, Table
from layout_planner.reports.sections.parts import NEAREST_NOTE, born_mark, columns, homes_note, not_made, plan_years
from layout_planner.scenario.timeline import ACTIONS_ZH


def compare(inputs: ReportInputs) -> Section:
    """Build the section: one row a plan and year; a plan with a veto never ranks above one without."""
    found = inputs.table("scenario_comparison")
    if found is None:
        return Section("compare", "方案比选", (not_made("方案比选"),))
    rows = found[found["school_year"].isin(plan_years(inputs))]
    lead = Paragraph(
        "各方案在同一批抽样、同一套规则下计算，与“现状”对照着看。先看是否可行、超时的孩子有多少、在哪些村，再看平均数；"
        "触及否决规则的方案，无论其他指标多好，都不可行；其中原则上否决的，例外须有具名书面理由。表中次序不是名次。"
    )
    note = (
        "“可行”只表示方案自己的决定没有触及否决规则；现状已有的问题见第五部分“上学路途”和第八部分“规则核验”。"
        f"路途为小学一至三年级走读儿童，最不利情形，平均数按儿童加权。{NEAREST_NOTE}"
        "学位缺口为各校各学段缺口之和；不足概率为任何一校一学段不足的概率，逐校判断，因此高于第四部分按全镇合计的概率。"
        f"学年下注明“部分出生”“未出生”的，九年义务教育的孩子当年尚有未出生的。{homes_note(inputs)}"
    )
    heads = columns(
        "方案", "学年", "可行", "在办学校\n（所）", "换校学生\n（人）", "一至三年级\n超限（就近\n口径，人）", "超限的村",
        "平均 / P95\n/ 最长\n（分钟）", "新增寄宿\n（人）", "学位缺口\nP50 / P90", "不足\n概率",
        numbers=(3, 4, 5, 7, 8, 9, 10), centre=(2,),
    )  # fmt: skip
    source = "tables/scenario_comparison.csv"
    table = Table("方案比选", heads, _cells(rows), note=note, row_heads=True, source=source)
    return Section("compare", "方案比选", (lead, *_decided(inputs.decisions), table))


def _decided(decisions: pd.DataFrame | None) -> list[Table]:
    """One short list a plan: when, which school, what is done, who receives."""
    if decisions is None:
        return []
    heads = columns("学校", "学年", "做法", "接收学校或学位", "理由", centre=(1,))
    tables = []
    for plan, rows in decisions.groupby("plan", sort=False):
        cells = tuple(
            (
                str(row["school_name"]), f"{row['school_year']:.0f}", ACTIONS_ZH[str(row["action"])], _receives(row),
                words.text(row["reason"]),
            )
            for _, row in rows.iterrows()
        )  # fmt: skip
        title = f"方案“{plan}”的决定：{rows['plan_title'].iloc[0]}"
        note = "没有列出的学校维持现状。学年自当年 9 月起。"
        source = f"{rows['file'].iloc[0]}（县数据文件夹）"
        tables.append(Table(title, heads, cells, note=note, row_heads=True, source=source))
    return tables


def _receives(row: pd.Series) -> str:
    added = f"增加 {words.whole(row['seats'])} 个学位" if row["seats"] > 0 else ""
    return "；".join(part for part in (str(row["receivers"]), added) if part) or words.DASH


def _cells(rows: pd.DataFrame) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (
            words.text(row["plan"]), f"{row['school_year']}{born_mark(row['cohort'])}", _feasible(row),
            words.whole(row["schools_open"]),
            words.whole(row["moved"]), words.whole(row["g13_over_limit"]), words.text(row["villages_over"]),
            " / ".join(words.whole(row[column]) for column in ("minutes_mean", "minutes_p95", "minutes_max")),
            words.whole(row["boarders_after"]),
            f"{words.whole(row['seats_short_p50'])} / {words.whole(row['seats_short_p90'])}", words.chance(row["p_short"]),
        )
        for _, row in rows.iterrows()
    )  # fmt: skip


def _feasible(row: pd.Series) -> str:
    if row["feasible"]:
        return "可行"
    return "不可行" if words.missing(row["vetoes"]) else f"不可行\n{row['vetoes']}"
