"""Where children live and where they attend: the flow matrix in short, with the county town and the outside by name."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from layout_planner.enrolment.summaries import largest_remainder
from layout_planner.reports import words
from layout_planner.reports.counts import COMPULSORY
from layout_planner.reports.inputs import ReportInputs
from layout_planner.reports.model import Block, Paragraph, Section, Table
from layout_planner.reports.sections.parts import (
    BIRTHPLACE,
    born_mark,
    columns,
    homes_note,
    nothing,
    plan_years,
    town_names,
)
from layout_planner.terms import OUTSIDE, STAGE_OF_GRADE, Stage, in_county_seat, joint_cohort, label

KEY: Final = "flow_matrix"
OWN, SEAT, OTHER, AWAY = "own", "seat", "other", "away"
PLACES: Final = (OWN, SEAT, OTHER, AWAY)
_TITLE: Final = "就读流向：住在哪里，在哪里上学"
_SOURCE: Final = "tables/flow_matrix.csv"


def flows(inputs: ReportInputs) -> Section:
    """Build the part on the flows: townships in the base year, stages over the years."""
    matrix = inputs.table("flow_matrix")
    if matrix is None:
        said = "没有在校生，也就没有就读流向。"
        return Section(KEY, _TITLE, (nothing(inputs, "flow_matrix", "流向矩阵", said),))
    names = town_names(inputs)
    rows = matrix.assign(
        stage=[str(STAGE_OF_GRADE[int(grade)]) for grade in matrix["grade"]],
        place=[place_of(*pair) for pair in zip(matrix["home_township_code"], matrix["destination_code"], strict=True)],
    )
    school = rows[rows["stage"].isin(COMPULSORY)]
    now = _counts(school[school["school_year"] == inputs.base_year])
    seat = seat_named(names)
    blocks: list[Block] = []
    if len(now):
        said = _told(now, seat, inputs.base_year, names) + _later(now, school, plan_years(inputs)[-1])
        blocks += [Paragraph(said), _townships(now, seat, names, homes_note(inputs))]
    return Section(KEY, _TITLE, (*blocks, _stages(rows, seat, [inputs.base_year, *plan_years(inputs)[-1:]])))


def place_of(home: str, destination: str) -> str:
    """Name the kind of place a child attends in: the own township, the county town, another township, or outside."""
    if destination == OUTSIDE:
        return AWAY
    if destination == home:
        return OWN
    return SEAT if in_county_seat(destination) else OTHER


def seat_named(names: dict[str, str]) -> str:
    """Name the county town: 县城, with the township or street offices that are in it."""
    found = [name for code, name in names.items() if in_county_seat(code)]
    return f"县城（{words.listed(found, shown=2)}）" if found else "县城"


def _counts(rows: pd.DataFrame) -> pd.DataFrame:
    """Whole children by home and place, the homes in their order; each home keeps its rounded sum. [children]"""
    wide = rows.pivot_table(index="home_township_code", columns="place", values="children_mean", aggfunc="sum")
    wide = wide.reindex(columns=list(PLACES)).fillna(0.0).astype(float)
    printed = [largest_remainder(values) for values in wide.to_numpy()]
    return pd.DataFrame(np.reshape(printed, wide.shape), index=wide.index.astype(str), columns=wide.columns)


def _told(now: pd.DataFrame, seat: str, year: int, names: dict[str, str]) -> str:
    """Say where the children of the townships outside the county town attend, and who goes to it most."""
    rural = _rural(now)
    if rural.empty:
        return "义务教育阶段的孩子都住在县城。"
    all_of_them, sums = int(rural.to_numpy().sum()), rural.sum()
    named = {OWN: "在本镇就读", SEAT: f"到{seat}就读", OTHER: "到其他乡镇就读", AWAY: "不在县内学校就读"}
    parts = "，".join(f"{named[place]} {sums[place]:,} 人（{_share(sums[place], all_of_them)}）" for place in PLACES)
    said = f"{year} 学年，家在县城以外各镇的义务教育阶段孩子（{BIRTHPLACE}）{all_of_them:,} 人：{parts}。"
    if not sums[SEAT]:
        return said
    most = rural[SEAT].idxmax()
    share = _share(rural.loc[most, SEAT], rural.loc[most].sum())
    return said + f"到县城最多的是{names.get(most, most)}：{rural.loc[most, SEAT]:,} 人，占该镇孩子的 {share}。"


def _later(now: pd.DataFrame, school: pd.DataFrame, year: int) -> str:
    """Say how many of these children go to the county town in a later year."""
    rows = school[school["school_year"] == year]
    before, after = _rural(now), _rural(_counts(rows))
    if before.empty or after.empty or not before[SEAT].sum():
        return ""
    goes = int(after[SEAT].sum())
    mark = _marked(f"到 {year} 学年", rows["cohort"])
    share = _moved(before[SEAT].sum() / before.to_numpy().sum(), goes / after.to_numpy().sum())
    return f"{mark}，到县城就读的{words.change(before[SEAT].sum(), goes, '人')}，为 {goes:,} 人，比例{share}。"


def _marked(when: str, cohorts: pd.Series) -> str:
    mark = born_mark(joint_cohort(cohorts)).strip()
    return f"{when}（{mark}）" if mark else when


def _rural(counts: pd.DataFrame) -> pd.DataFrame:
    """Homes in the townships outside the county town."""
    return counts[[code != OUTSIDE and not in_county_seat(code) for code in counts.index]]


def _moved(before: float, after: float) -> str:
    """Say how a share moves, by what is printed."""
    first, last = words.percent(before), words.percent(after)
    if first == last:
        return f"仍为 {first}"
    return f"由 {first} {'升' if after > before else '降'}到 {last}"


def _share(part: float, whole: float) -> str:
    return words.percent(part / whole) if whole else words.DASH


def _townships(now: pd.DataFrame, seat: str, names: dict[str, str], homes: str) -> Table:
    rural = _rural(now)
    cells = tuple(_row(names.get(code, code), row, told=code in rural.index) for code, row in now.iterrows())
    total = ("合计", *(f"{value:,}" for value in (now.to_numpy().sum(), *now.sum())))
    heads = columns(
        "居住乡镇", "孩子\n（人）", "在本镇\n（人）", f"到{seat}\n（人）", "到其他\n乡镇（人）", "不在县内\n就读（人）",
        "到县城的\n比例", numbers=range(1, 7),
    )  # fmt: skip
    note = (
        "合计的比例只算县城以外的各镇。不在县内就读含登记出生在本地、已经外出的孩子。"
        f"{'“县外”一行为住在外县、在本县上学的。' if OUTSIDE in now.index else ''}{homes}"
    )
    title = "义务教育阶段的就读流向（基准年，一至九年级）"
    whole = (*total, _share(rural[SEAT].sum(), rural.to_numpy().sum()))
    return Table(title, heads, cells, total=whole, note=note, row_heads=True, source=_SOURCE)


def _row(name: str, row: pd.Series, *, told: bool) -> tuple[str, ...]:
    share = _share(row[SEAT], row.sum()) if told else words.DASH
    return (name, f"{row.sum():,}", *(f"{row[place]:,}" for place in PLACES), share)


def _stages(rows: pd.DataFrame, seat: str, years: list[int]) -> Table:
    """Shares of the children of the county by stage and year; each row adds up to 100."""
    homes = rows[rows["home_township_code"] != OUTSIDE]
    cells: list[tuple[str, ...]] = []
    for stage in Stage:
        mine = homes[homes["stage"] == stage]
        if mine.empty:
            continue
        for year in years:
            found = mine[mine["school_year"] == year]
            if len(found):
                when = (label("stage", stage), _marked(f"{year} 学年", found["cohort"]))
                sums = found.groupby("place")["children_mean"].sum().reindex(list(PLACES)).fillna(0.0)
                shares = largest_remainder(100 * sums.to_numpy(float) / float(sums.sum()), 100)
                cells.append((*when, words.whole(sums.sum()), *(f"{share}%" for share in shares)))
    heads = columns(
        "学段", "学年", "孩子（人）", "在本镇", f"到{seat}", "到其他乡镇", "不在县内就读", numbers=range(2, 7), centre=[1],
    )  # fmt: skip
    note = (
        f"孩子{BIRTHPLACE}；比例按最大余数法取整。高中含职业学校。今后每所学校的学生来自哪里照基准年，"
        "各校人数增减不同，比例随之变动；另计入人口变动事件和本县设定的流向变化（county.toml 的 flow_change）。逐年级的见文件。"
    )
    return Table("各学段的就读流向", heads, tuple(cells), row_heads=True, note=note, source=_SOURCE)
