"""回测: how good earlier forecasts were, where they lose to plain methods, and last year's beside what came."""

from __future__ import annotations

from typing import Final

import pandas as pd

from layout_planner.reports import words
from layout_planner.reports.inputs import ReportInputs
from layout_planner.reports.model import Block, Paragraph, Section, Table
from layout_planner.reports.sections.parts import columns
from layout_planner.terms import COUNTY, SIZE_CLASSES, Stage, label

KEY: Final = "accuracy"
ALL: Final = "all"
MIN_CELLS: Final = 2  # comparisons from which a loss to the last value is told: one alone says nothing
FEW_ORIGINS: Final = 5  # origins below which the text warns that there are few
TOLD_LEADS: Final = (1, 3, 5, 10)
LEVELS: Final = {"township": "乡镇", "school": "学校"}
_SOURCE: Final = "tables/backtest.csv"
_WORSE: Final = "▲"


def accuracy(inputs: ReportInputs) -> Section | None:
    """Build the part on the back-test; None where the history was too short for one."""
    table = inputs.table("backtest")
    if table is None:
        return None
    blocks: list[Block] = [Paragraph(f"{_told(table)}{_schools(table)}"), *_losses(table)]
    blocks += [_by_lead(table), _by_group(table), *_last_year(inputs)]
    return Section(KEY, "回测：以往的预测有多准", tuple(blocks))


def worse_told(table: pd.DataFrame | None, reference: str = "wape_last") -> str:
    """Say where the forecast had a larger error than a plain method: level, stage or size, and leads; else empty.

    Parameters
    ----------
    table
        Table ``backtest``; every stage with all sizes and every size with all stages are looked at, where at least
        `MIN_CELLS` were compared.
    reference
        Column with the error of the plain method. [%]
    """
    if table is None:
        return ""
    rows = table[(table["cells"] >= MIN_CELLS) & (table["wape"] > table[reference])]
    said = []
    for level, name in LEVELS.items():
        places = [
            f"{group}提前 {'、'.join(str(lead) for lead in sorted(found['lead']))} 年"
            for group, stage, size in _groups()
            if len(found := _of(rows, level, stage, size))
        ]
        if places:
            said.append(f"分{name}看，{'，'.join(places)}")
    return "；".join(said)


def page_one(table: pd.DataFrame | None) -> str:
    """One sentence for the summary, where the forecast loses to the last value; else empty."""
    where = worse_told(table)
    return f"回测中误差大于“照上一年不变”的有：{where}；这些预测要与上一年的人数对照着用，见第三部分。" if where else ""


def _groups() -> list[tuple[str, str, str]]:
    """Name, stage and size class of the rows that are looked at."""
    stages = [(label("stage", stage), str(stage), ALL) for stage in Stage]
    return [("合计", ALL, ALL), *stages, *((label("size_class", size), ALL, size) for size in SIZE_CLASSES)]


def _of(table: pd.DataFrame, level: str, stage: str = ALL, size: str = ALL) -> pd.DataFrame:
    rows = table[(table["subject_type"] == level) & (table["stage"] == stage) & (table["size_class"] == size)]
    return rows.sort_values("lead")


def _series(rows: pd.DataFrame, column: str) -> str:
    return "、".join(f"{words.tenth(value)}%" for value in rows[column])


def _told(table: pd.DataFrame) -> str:
    rows = _of(table, "township")
    shown = rows[rows["lead"].isin(TOLD_LEADS)]
    leads = "、".join(str(lead) for lead in shown["lead"])
    warned = rows[rows["auc"].notna()]
    alarm = "" if warned.empty else _alarm(warned.iloc[min(1, len(warned) - 1)])
    return (
        f"以 {words.whole(rows['origins'].max())} 个以往学年为起点各预测一次，只用当时已有的数据，"
        "再与后来的实际比较（分乡镇、分学段）："
        f"提前 {leads} 年{_few(shown)}的误差为 {_series(shown, 'wape')}；照上一年不变为 {_series(shown, 'wape_last')}；"
        f"年级升级比例法（各镇最近三年的比例，新生取三年平均）为 {_series(shown, 'wape_survival')}。"
        f"80% 区间实际涵盖 {_series(shown, 'covered_80')}，95% 区间涵盖 {_series(shown, 'covered_95')}。{alarm}"
    )


def _few(rows: pd.DataFrame) -> str:
    """Say which leads rest on so few origins that chance decides."""
    few = rows[rows["origins"] < FEW_ORIGINS]
    said = "、".join(f"提前 {row['lead']} 年只有 {words.whole(row['origins'])} 个起点" for _, row in few.iterrows())
    return f"（{said}）" if said else ""


def _alarm(row: pd.Series) -> str:
    return (
        f"预警：提前 {row['lead']} 年，减少两成以上的 {words.whole(row['losses'])} 处与其余各取一处，"
        f"预测给前者更大可能性的机会为 {words.percent(row['auc'])}。"
    )


def _schools(table: pd.DataFrame) -> str:
    rows = _of(table, "school")
    rows = rows[rows["lead"].isin(TOLD_LEADS)]
    if rows.empty:
        return ""
    return (
        f"分学校、分学段看，误差为 {_series(rows, 'wape')}，80% 区间实际涵盖 {_series(rows, 'covered_80')}："
        "学校停办、合并和家长择校不在预测之内，单所学校的数字比全镇的更没有把握。"
    )


def _losses(table: pd.DataFrame) -> list[Block]:
    """Say where the forecast loses to either plain method."""
    last, survival = worse_told(table), worse_told(table, "wape_survival")
    said = f"误差大于“照上一年不变”的：{last}。" if last else "各学段、各规模的误差都不大于“照上一年不变”。"
    said += f"误差大于年级升级比例法的：{survival}。" if survival else "也都不大于年级升级比例法。"
    note = (
        "只有一处可比的不计。就读流向按当年的在校生和登记出生重新估算；学校的年级设置、隶属和道路用现在的登记，"
        "预测之后才开办的学校不计。"
    )
    return [Paragraph(said, "warning" if last else "body"), Paragraph(note, "note")]


def _by_lead(table: pd.DataFrame) -> Table:
    rows = _of(table, "township")
    cells = tuple(
        (
            f"{row['lead']} 年", words.whole(row["origins"]), words.whole(row["cells"]), words.tenth(row["wape"]),
            words.tenth(row["wape_last"]), words.tenth(row["wape_survival"]), _signed(row["bias"]), words.tenth(row["covered_80"]),
            words.tenth(row["covered_95"]), words.tenth(row["wis"]), _warning(row),
        )
        for _, row in rows.iterrows()
    )  # fmt: skip
    heads = columns(
        "提前", "起点", "比较的\n数目", "误差\n（%）", "照上一年\n不变（%）", "升级比例\n法（%）", "偏差\n（%）",
        "80% 区间\n涵盖（%）", "95% 区间\n涵盖（%）", "区间得分\n（%）", "预警准确度\n（处）", numbers=range(1, 11),
    )  # fmt: skip
    note = (
        "比较的是各乡镇各学段的在校生；提前 4 年起的学前、提前 7 年起的小学，预测时有孩子尚未出生。偏差为正表示预测偏高。"
        "区间得分为中位数与两种区间的加权得分，越小越好。"
        "预警：起点不少于 10 人、到那一年减少两成以上的；1 为总能分清，0.50 为不能，括号内为减少两成以上的处数。"
    )
    return Table("回测：全部学段与规模", heads, cells, row_heads=True, note=note, source=_SOURCE)


def _warning(row: pd.Series) -> str:
    value = words.DASH if words.missing(row["auc"]) else f"{words.rounded(100 * row['auc']) / 100:.2f}"
    return f"{value}（{words.whole(row['losses'])}）"


def _signed(value: float) -> str:
    if words.missing(value) or not words.rounded(10 * value):
        return words.tenth(value).replace("-", "")
    return f"{words.rounded(10 * value) / 10:+.1f}".replace("-", "−")


def _by_group(table: pd.DataFrame) -> Table:
    """Error of the forecast and of the last value by level, stage, size and lead."""
    leads = sorted(int(lead) for lead in table["lead"].unique())
    cells: list[tuple[str, ...]] = []
    for level, name in LEVELS.items():
        cells.append((f"分{name}",))
        for group, stage, size in _groups():
            rows = _of(table, level, stage, size).set_index("lead")
            if len(rows):
                cells.append((group, *(_pair(rows, lead) for lead in leads)))
    heads = columns("", *(f"提前 {lead} 年" for lead in leads), numbers=range(1, len(leads) + 1))
    note = (
        f"每格为本预测 / 照上一年不变的误差（%），“{_WORSE}”为本预测的误差更大，括号内为比较的数目；"
        "规模按起点那一年该乡镇（学校）该学段的在校生。"
    )
    return Table("回测：分学段、分规模的误差", heads, tuple(cells), row_heads=True, note=note, source=_SOURCE)


def _pair(rows: pd.DataFrame, lead: int) -> str:
    if lead not in rows.index:
        return words.DASH
    row = rows.loc[lead]
    worse = _WORSE if row["wape"] > row["wape_last"] else ""
    return f"{worse}{words.tenth(row['wape'])} / {words.tenth(row['wape_last'])}\n（{words.whole(row['cells'])}）"


def _last_year(inputs: ReportInputs) -> list[Block]:
    """Table of the county: last year's forecast beside what came, and how many townships and schools were inside."""
    found = inputs.table("forecast_check")
    if found is None:
        return []
    cells = []
    for stage in Stage:
        rows = found[found["stage"] == stage]
        whole = rows[rows["subject_type"] == COUNTY]
        if len(whole):
            row = whole.iloc[0]
            band = words.interval(row["pupils_p10"], row["pupils_p90"])
            inside = [_inside(rows[rows["subject_type"] == level]) for level in LEVELS]
            forecast = f"{words.whole(row['pupils_p50'])}{band}"
            numbers = (words.whole(row["pupils_before"]), forecast, words.whole(row["pupils_came"]))
            cells.append((label("stage", stage), *numbers, *inside))
    year = inputs.base_year
    heads = columns(
        "学段", f"{year - 1} 学年\n实际（人）", f"一年前对 {year} 学年的预测\n中位数（P10–P90，人）",
        f"{year} 学年\n实际（人）", "乡镇：在区间内 / 共", "学校：在区间内 / 共", numbers=range(1, 6),
    )  # fmt: skip
    title, source = f"去年的预测：{year} 学年的预测与实际", "tables/forecast_check.csv"
    note = "区间为 P10–P90，平均十处约有八处在内；各镇各校见文件。"
    return [Table(title, heads, tuple(cells), row_heads=True, note=note, source=source)]


def _inside(rows: pd.DataFrame) -> str:
    return f"{words.whole(rows['inside'].sum())} / {words.whole(len(rows))}"
