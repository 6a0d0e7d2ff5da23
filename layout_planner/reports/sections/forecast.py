"""学龄人口预测: children of the county and pupils of the townships, by stage and year."""

from __future__ import annotations

from typing import Final

import pandas as pd

from layout_planner.enrolment.summaries import largest_remainder
from layout_planner.reports import words
from layout_planner.reports.counts import COMPULSORY
from layout_planner.reports.inputs import ReportInputs
from layout_planner.reports.model import Block, Paragraph, Section, Table
from layout_planner.reports.sections.accuracy import accuracy
from layout_planner.reports.sections.births import births_blocks
from layout_planner.reports.sections.events import events
from layout_planner.reports.sections.flows import flows
from layout_planner.reports.sections.forecast_basis import basis, change
from layout_planner.reports.sections.leavers import leavers
from layout_planner.reports.sections.parts import (
    BIRTHPLACE,
    born_mark,
    columns,
    county_rows,
    not_made,
    shown_years,
    township_rows,
)
from layout_planner.terms import Stage, label


def forecast(inputs: ReportInputs) -> Section:
    """Build the section: county by stage with intervals, then townships with totals that add up."""
    blocks: list[Block] = [
        Paragraph(
            "预测按学年队列推算：已经出生的孩子逐级升入各年级；尚未出生的孩子取决于今后的出生人数，不确定性大得多，"
            f"表中标明“{PART}”“{UNBORN}”。括号内为 P10–P90 区间：十次里约有八次落在其中。"
        )
    ]
    stages, years = inputs.table("forecast_stage"), shown_years(inputs)
    if stages is None:
        blocks.append(not_made("分学段预测"))
    else:
        county = county_rows(stages)
        blocks += [county_table(county, "pupils", years), county_table(county, "children", years)]
    blocks += births_blocks(inputs)
    if stages is not None:
        for stage in COMPULSORY:
            rows = township_rows(stages)
            blocks += [_children(rows[rows["stage"] == stage], stage, years)]
            blocks += [_pupils(rows[rows["stage"] == stage], stage, years)]
    chain = (leavers(inputs), flows(inputs), events(inputs))
    parts = [part for part in (*chain, accuracy(inputs), basis(inputs), change(inputs)) if part is not None]
    return Section("forecast", "学龄人口预测", tuple(blocks), tuple(parts))


PART, UNBORN = label("cohort", "part"), label("cohort", "unborn")
_STAGES: Final = "tables/forecast_stage.csv"
_MEANS: Final = "均值可以相加，与全县表的中位数略有出入。"
_MEASURES: Final = {"pupils": "在校生（按学校所在地）", "children": f"学龄儿童（{BIRTHPLACE}）"}


def county_table(county: pd.DataFrame, measure: str, years: list[int]) -> Table:
    """Table of the county: one row a year, one column a stage, median with P10–P90 and what is unborn."""
    present = [stage for stage in Stage if (county["stage"] == stage).any()]
    cells = []
    for year in years:
        row = [f"{year} 学年"]
        for stage in present:
            found = county[(county["stage"] == stage) & (county["school_year"] == year)]
            row.append(_cell(found.iloc[0], measure) if len(found) else words.DASH)
        cells.append(tuple(row))
    heads = columns(
        "学年", *(f"{label('stage', stage)}（人）" for stage in present), numbers=range(1, len(present) + 1)
    )
    note = "预测年份为中位数（P10–P90）；中位数不能相加，与分镇表的均值略有出入。"
    if measure == "children":
        note += "学龄儿童是登记在本县的学年出生队列，含已外出和不在县内就读的，不是常住人口。"
    title = f"全县{_MEASURES[measure]}：实际与预测中位数"
    return Table(title, heads, tuple(cells), row_heads=True, note=note, source=_STAGES)


def _cell(row: pd.Series, measure: str) -> str:
    middle = words.whole(row[f"{measure}_p50"])
    if row["status"] == "observed" and measure == "pupils":
        return f"{middle}\n实际"
    mark = born_mark(row["cohort"])
    band = words.interval(row[f"{measure}_p10"], row[f"{measure}_p90"])
    return middle + (f"\n{band}" if band else "") + mark


def _wide(rows: pd.DataFrame, column: str, years: list[int]) -> pd.DataFrame:
    order = rows.drop_duplicates("township_code").set_index("township_code")["township_name"]
    sums = rows.pivot_table(index="township_code", columns="school_year", values=column, aggfunc="sum", min_count=1)
    return sums.reindex(index=order.index, columns=years).set_axis(order.to_numpy(), axis="index")


def _year_table(title: str, rows: pd.DataFrame, wide: pd.DataFrame, note: str) -> Table:
    years, marks = list(wide.columns), rows.drop_duplicates("school_year").set_index("school_year")["cohort"]
    cells = tuple(
        (str(name), *(words.whole(value) for value in row))
        for name, row in zip(wide.index, wide.to_numpy(), strict=True)
    )
    heads = columns(
        "乡镇", *(f"{year}{born_mark(marks.get(year))}" for year in years), numbers=range(1, len(years) + 1)
    )
    total = ("合计", *(words.total(wide[year]) for year in years))
    return Table(title, heads, cells, total=total, note=note, row_heads=True, source=_STAGES)


def _children(rows: pd.DataFrame, stage: Stage, years: list[int]) -> Table:
    """Children where they live: means rounded so that townships add up to the county."""
    wide = _wide(rows, "children_mean", years).astype(float)
    for year in years:
        known = wide[year].dropna()
        if len(known):
            wide.loc[known.index, year] = largest_remainder(known.to_numpy(float)).astype(float)
    title = f"分镇{label('stage', stage)}学龄儿童（{BIRTHPLACE}；预测均值，人）"
    note = f"按最大余数法取整，合计等于各镇之和。{_MEANS}"
    return _year_table(title, rows, wide, note)


def _pupils(rows: pd.DataFrame, stage: Stage, years: list[int]) -> Table:
    """Pupils where they sit: the printed integers of the table."""
    title = f"分镇{label('stage', stage)}在校生（按学校所在地，预测均值，人）"
    note = f"合计等于各镇之和；与按出生登记地的儿童数之差为跨镇就读和外出。{_MEANS}"
    return _year_table(title, rows, _wide(rows, "pupils_printed", years), note)
