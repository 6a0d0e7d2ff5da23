"""From birth to grade 1: who leaves before age 3, who between 3 and 6, and who comes into the schools of the county."""

from __future__ import annotations

from typing import Final

import pandas as pd

from layout_planner.reports import words
from layout_planner.reports.inputs import ReportInputs
from layout_planner.reports.model import Block, Paragraph, Section, Table
from layout_planner.reports.sections.parts import columns, nothing

KEY: Final = "leavers"
_TITLE: Final = "从出生到入学：谁在入学前离开"
_AGES: Final = {"left_before_3": "3 岁前", "left_3_6": "3–6 岁"}
_TOLD: Final = ["births", *_AGES, "grade_1"]


def leavers(inputs: ReportInputs) -> Section:
    """Build the part on the cohorts that are born and come to school after the base year."""
    rows = inputs.table("leavers")
    if rows is not None:
        rows = rows[(rows["cohort"] == "born") & (rows["school_year"] > inputs.base_year)]
    if rows is None or rows.empty:
        said = "没有已经出生、等待入学的队列（没有一年级在校生，或出生登记太短），入学前离开的推算不出。"
        return Section(KEY, _TITLE, (nothing(inputs, "leavers", "从出生到入学的推算", said),))
    towns = _by_township(rows)
    years = f"{rows['school_year'].min()}–{rows['school_year'].max()} 学年"
    blocks: list[Block] = [Paragraph(_told(towns, years)), _table(towns, years, _notes(rows))]
    return Section(KEY, _TITLE, tuple(blocks))


def _by_township(rows: pd.DataFrame) -> pd.DataFrame:
    """Sums over the cohorts by township, in whole children; NaN where a cohort cannot be told. [children]"""
    keys = [f"{name}_mean" for name in _TOLD]
    sums = rows.groupby(["township_code", "township_name"], sort=False)[keys].sum(min_count=1)
    unknown = rows[keys].isna().groupby([rows["township_code"], rows["township_name"]], sort=False).any()
    whole = sums.mask(unknown).set_axis(_TOLD, axis="columns").reset_index().astype(dict.fromkeys(_TOLD, float))
    for name in _TOLD:
        whole[name] = [value if words.missing(value) else float(words.rounded(value)) for value in whole[name]]
    return whole.assign(living=whole["births"] - whole["left_before_3"] - whole["left_3_6"])


def _told(towns: pd.DataFrame, years: str) -> str:
    """Say how many of the born are gone at each age, and how many come to school."""
    known = towns.dropna(subset=["births", *_AGES])
    start = f"{years}入学的孩子都已出生：登记出生 {words.total(towns['births'])} 人"
    entered = f"进入县内学校一年级的 {words.total(towns['grade_1'])} 人"
    if known.empty:
        return f"{start}，{entered}；3 岁前和 3–6 岁离开的分不开，原因见表注。"
    born, living = known["births"].sum(), known["living"].sum()
    part = "" if len(known) == len(towns) else f"有数据的 {len(known)} 个乡镇中，"
    moved = "，".join(_left(known[name].sum(), born, age) for name, age in _AGES.items())
    most = known.assign(share=known["left_before_3"] / known["births"]).sort_values("share").iloc[-1]
    place = (
        f"3 岁前离开比例最高的是{most['township_name']}（{words.percent(most['share'])}）。"
        if most["share"] > 0
        else ""
    )
    return (
        f"{start}，{part}推算 {moved}，6 岁时在本地 {words.whole(living)} 人；{entered}"
        f"（占登记出生的 {_percent(towns['grade_1'].sum(min_count=1), towns['births'].sum(min_count=1))}）。{place}"
    )


def _left(count: float, born: float, age: str) -> str:
    """Say that more left than came, or the other way round."""
    share = words.percent(abs(count) / born) if born > 0 else words.DASH
    if words.rounded(count) == 0:
        return f"{age}来去相当"
    named = f"{age}离开" if count > 0 else f"{age}来的多于走的，净增"
    return f"{named} {words.whole(abs(count))} 人（{share}）"


def _notes(rows: pd.DataFrame) -> str:
    """Say what the shares were estimated from and what the numbers mean."""
    basis = "、".join(f"{name}" for name in rows["basis"].astype(str).unique() if name.endswith(".csv"))
    reasons = [str(text) for text in rows["reason"].unique() if not words.missing(text)]
    seen = f"留下的比例由 {basis} 的儿童与登记出生相比推得，今后各学年相同。" if basis else ""
    return (
        "各学年均值之和。离开是走的减来的，负数为来的多；6 岁时在本地 = 登记出生 − 两段离开，"
        "与一年级之差为不在县内就读的，或生在外地的。"
        f"{seen}{'；'.join(reasons) + '。' if reasons else ''}各学年、未出生的队列、入园人数和 P10–P90 见文件。"
    )


def _table(towns: pd.DataFrame, years: str, note: str) -> Table:
    cells = tuple((str(row["township_name"]), *_cells(row)) for _, row in towns.iterrows())
    total = ("合计", *_cells(towns[[*_TOLD, "living"]].sum(skipna=False)))
    heads = columns(
        "居住乡镇", "登记出生\n（人）", *(text for age in _AGES.values() for text in (f"{age}\n离开（人）", "占出生")),
        "6 岁时\n在本地（人）", "进入县内\n一年级（人）", numbers=range(1, 8),
    )  # fmt: skip
    title = f"从出生到一年级：{years}入学、已经出生的队列（推算均值）"
    return Table(title, heads, cells, total=total, note=note, row_heads=True, source="tables/leavers.csv")


def _cells(row: pd.Series) -> tuple[str, ...]:
    ages = [text for name in _AGES for text in (_count(row[name]), _percent(row[name], row["births"]))]
    return (words.whole(row["births"]), *ages, words.whole(row["living"]), words.whole(row["grade_1"]))


def _count(value: float) -> str:
    return words.whole(value).replace("-", "−")


def _percent(part: float, whole: float) -> str:
    return words.percent(part / whole).replace("-", "−") if whole > 0 else words.DASH
