"""学位: seats, what binds them, and use by township, stage and school."""

from __future__ import annotations

from typing import Final

import pandas as pd

from layout_planner.reports import words
from layout_planner.reports.counts import full_later, most_likely_short
from layout_planner.reports.inputs import ReportInputs
from layout_planner.reports.model import Block, Bullets, Paragraph, Section, Table
from layout_planner.reports.sections.parts import born_mark, columns, not_made, plan_years
from layout_planner.scenario import STATUS_QUO
from layout_planner.terms import COUNTY, Stage, label

NAMED: Final = 0.01  # chances below are not printed


def seats(inputs: ReportInputs) -> Section:
    """Build the section: what binds, balance by township, seats by school."""
    found, balance = inputs.table("seats"), inputs.table("seat_balance")
    if found is None:
        return Section("seats", "学位供给与利用", (not_made("学位核算"),))
    near = found[found["term"] == "near"]
    later = later_told(inputs)
    blocks: list[Block] = [
        Paragraph("学位由最紧的一项决定：教室、用房面积、床位或餐位。下面先看是什么卡住了学位，再看各镇各校的利用率。"),
        Bullets((*_binding(near), *later)),
    ]
    if balance is not None:
        blocks.append(_balance(balance, inputs))
    for stage in Stage:
        rows = near[near["stage"] == stage]
        if len(rows):
            blocks.append(_schools(rows, stage))
    return Section("seats", "学位供给与利用", tuple(blocks))


def _binding(near: pd.DataFrame) -> list[str]:
    said = []
    for stage in Stage:
        rows = near[near["stage"] == stage]
        if rows.empty:
            continue
        counts = rows["binding"].value_counts()
        parts = "、".join(f"{label('seat_component', str(name))} {count:,} 所" for name, count in counts.items())
        full = rows[rows["use"] > 1]
        over = (
            f"；超过学位的有 {len(full):,} 所：{words.listed(full['school_name'])}"
            if len(full)
            else "；没有学校超过学位"
        )
        seat_sum, pupil_sum = words.total(rows["seats"]), words.total(rows["pupils_now"])
        said.append(f"{label('stage', stage)}：学位 {seat_sum} 个，在校生 {pupil_sum} 人；制约项为{parts}{over}。")
    return said


def later_told(inputs: ReportInputs) -> list[str]:
    """Say where seats are the likeliest to fall short within the horizon, and which schools will be too full."""
    said = []
    balance, found, schools = (inputs.table(name) for name in ("seat_balance", "seats", "forecast_school"))
    row = None if balance is None else most_likely_short(balance, inputs.base_year)
    if row is not None and row["p_short"] < NAMED:
        said.append("预测期内，各镇义务教育学段各学年的不足概率都不到 1%。")
    elif row is not None:
        said.append(
            f"预测期内学位最可能不足的是{row['township_name']}{label('stage', str(row['stage']))}，"
            f"{row['school_year']} 学年不足概率 {words.chance(row['p_short'])}"
            f"（学位 {words.whole(row['seats'])} 个，在校生中位数 {words.whole(row['pupils_p50'])} 人；按全镇合计）。"
            + one_by_one(inputs, int(row["school_year"]))
        )
    if found is not None and schools is not None:
        full = full_later(found, schools, inputs.base_year)
        names = [
            f"{one['school_name']}（{label('stage', str(one['stage']))}，{one['school_year']} 学年 "
            f"{words.whole(one['pupils'])} 人，学位 {words.whole(one['seats'])} 个）"
            for _, one in full.iterrows()
        ]
        told = (
            f"今后会超过学位的义务教育学校 {len(names):,} 所：{words.listed(names)}"
            if names
            else "今后没有义务教育学校超过学位"
        )
        said.append(f"按预测均值，{told}。")
    return said


def one_by_one(inputs: ReportInputs, year: int) -> str:
    """Say the chance that any single school is short in a year, which is another number than that of a township."""
    plans = inputs.table("scenario_comparison")
    rows = None if plans is None else plans[(plans["plan"] == STATUS_QUO.name) & (plans["school_year"] == year)]
    if rows is None or rows.empty or words.missing(rows["p_short"].iloc[0]):
        return ""
    chance = words.chance(rows["p_short"].iloc[0])
    return f"逐校判断、任何一校一学段不足都算的，同一学年的概率是 {chance}（第七部分“方案比选”的口径）。"


def _balance(balance: pd.DataFrame, inputs: ReportInputs) -> Table:
    """Balance by township and stage in a few years; the county last."""
    years = plan_years(inputs)
    names = balance.drop_duplicates("township_code").set_index("township_code")["township_name"]
    order = [*names.index[names.index != COUNTY], *names.index[names.index == COUNTY]]
    cells = []
    for code in order:
        for stage in Stage:
            rows = balance[(balance["township_code"] == code) & (balance["stage"] == stage)].set_index("school_year")
            shown = [rows.loc[year] for year in years if year in rows.index]
            if shown and any(row["seats"] > 0 or row["pupils_p50"] > 0 for row in shown):
                name = "全县" if code == COUNTY else str(names[code])
                later = [_balance_cell(rows.loc[year]) if year in rows.index else words.DASH for year in years]
                cells.append((name, label("stage", stage), words.whole(shown[0]["seats"]), *later))
    heads = columns(
        "乡镇",
        "学段",
        "学位（个）",
        *(f"{year} 学年余缺" for year in years),
        numbers=range(2, 3 + len(years)),
        centre=[1],
    )
    note = (
        "余缺 = 学位 − 在校生，正为富余、负为缺口；为中位数，括号内为 P10–P90；不足概率达到 1% 的注明。近期班额标准。"
        "“部分出生”“未出生”的年份取决于今后的出生。"
    )
    source = "tables/seat_balance.csv"
    return Table("分镇分学段学位余缺", heads, tuple(cells), note=note, row_heads=True, source=source)


def _balance_cell(row: pd.Series) -> str:
    risk = (
        "" if words.missing(row["p_short"]) or row["p_short"] < NAMED else f"\n不足概率 {words.chance(row['p_short'])}"
    )
    low, high = words.signed(row["balance_p10"]), words.signed(row["balance_p90"])
    return f"{words.signed(row['balance_p50'])}\n（{low} 至 {high}）{risk}{born_mark(row['cohort'])}"


def _schools(rows: pd.DataFrame, stage: Stage) -> Table:
    ordered = rows.sort_values("use", ascending=False, na_position="last", kind="stable")
    cells = tuple(
        (
            words.text(row["school_name"]), words.whole(row["pupils_now"]), words.whole(row["seats"]),
            words.percent(row["use"]) if row["seats"] > 0 else words.DASH,
            label("seat_component", words.text(row["binding"])),
            label("seat_component", words.text(row["next_binding"])),
        )
        for _, row in ordered.iterrows()
    )  # fmt: skip
    heads = columns(
        "学校", "在校生（人）", "学位（个）", "利用率", "制约项", "次制约项", numbers=[1, 2, 3], centre=[4, 5]
    )
    total = ("合计", words.total(rows["pupils_now"]), words.total(rows["seats"]), "", "", "")
    title = f"各校学位与利用率：{label('stage', stage)}"
    return Table(title, heads, cells, total=total, row_heads=True, source="tables/seats.csv")
