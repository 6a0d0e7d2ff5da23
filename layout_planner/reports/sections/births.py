"""Births in the report: registered and projected, the low, middle and high variant with their drivers, and their pupils."""

from __future__ import annotations

from typing import Final

import pandas as pd

from layout_planner.reports import words
from layout_planner.reports.inputs import ReportInputs
from layout_planner.reports.model import Block, Paragraph, Table
from layout_planner.reports.sections.parts import born_mark, columns, county_rows, shown_years
from layout_planner.terms import Stage, label

ORDER: Final = ("low", "middle", "high")
_PAST_YEARS: Final = 9  # registered years before the base year that are printed


def births_blocks(inputs: ReportInputs) -> list[Block]:
    """Build what the report says of births; nothing where the run did not reach them."""
    births, variants = (_county(inputs, name) for name in ("births_projected", "births_variants"))
    if births is None:
        return []
    if variants is None:
        return [_births(births, None, inputs)]
    pupils = _county(inputs, "forecast_variants")
    later = [] if pupils is None else [_pupils(pupils, inputs)]
    return [Paragraph(drivers_told(variants)), _births(births, variants, inputs), *later]


def drivers_told(variants: pd.DataFrame) -> str:
    """Say what drives each variant, how large it is and where its size comes from."""
    said = [_driver(variants[variants["variant"] == name].iloc[-1]) for name in ORDER]
    return (
        f"今后的出生分三个方案，各有驱动因素：{'；'.join(said)}。三个方案从同一水平起步，变化率逐年减弱；"
        "已经出生的孩子各方案相同，差别只在尚未出生的孩子。方案是“如果这样会怎样”，不是区间的上下限。"
    )


def _driver(row: pd.Series) -> str:
    named = f"{label('variant', row['variant'])}为{label('births_driver', row['driver'])}"
    seen = f"照 {row['pace_years']} 年的年均变化" if row["pace_years"] else "即本预测的均值"
    place = (
        ""
        if words.missing(row["draws_below"])
        else f"，{row['year']} 年约 {words.percent(row['draws_below'])} 的抽样低于它"
    )
    return f"{named}（{seen}，起步每年 {_rate(row['pace'])}{place}）"


def _rate(pace: float) -> str:
    return f"{pace:+.1%}".replace("-", "−")


def _county(inputs: ReportInputs, name: str) -> pd.DataFrame | None:
    found = inputs.table(name)
    rows = None if found is None else county_rows(found)
    return None if rows is None or rows.empty else rows


def _births(births: pd.DataFrame, variants: pd.DataFrame | None, inputs: ReportInputs) -> Table:
    """Table of births: registered years, then the shown ones of the forecast."""
    rows = births[(births["year"] >= inputs.base_year - _PAST_YEARS) & (births["year"] <= inputs.last_year)]
    known, shown = rows["status"] == "observed", rows["year"].isin({inputs.base_year + 1, *shown_years(inputs)})
    rows = rows[known | shown].sort_values("year")
    names = ("middle",) if variants is None else ORDER
    cells = tuple(
        (f"{row['year']} 年", _status(row), *_values(row, variants), _band(row)) for _, row in rows.iterrows()
    )
    heads = columns(
        "年份", "性质", *(f"{label('variant', name)}（均值，人）" for name in names), "P10–P90",
        numbers=range(2, 3 + len(names)), centre=[1],
    )  # fmt: skip
    note = "未出生的年份取决于今后的出生。P10–P90：十次里约有八次落在其中。"
    return Table("出生人口：登记与预测", heads, cells, row_heads=True, note=note, source="tables/births_projected.csv")


def _status(row: pd.Series) -> str:
    return label("value_status", row["status"]) + born_mark(row["cohort"])


def _values(row: pd.Series, variants: pd.DataFrame | None) -> tuple[str, ...]:
    """Births of one year in every variant; a registered year stands in the middle alone."""
    if variants is None:
        return (words.whole(row["births_mean"]),)
    if row["status"] == "observed":
        return (words.DASH, words.whole(row["births_mean"]), words.DASH)
    found = variants[variants["year"] == row["year"]].set_index("variant")["births_mean"]
    return tuple(words.whole(found.get(name)) for name in ORDER)


def _band(row: pd.Series) -> str:
    return words.DASH if row["status"] == "observed" else words.interval(row["births_p10"], row["births_p90"])


def _pupils(variants: pd.DataFrame, inputs: ReportInputs) -> Table:
    """Table of pupils: low, middle and high in each cell, for the years that are not wholly born in some stage."""
    present = [stage for stage in Stage if (variants["stage"] == stage).any()]
    cells = []
    for year in shown_years(inputs):
        rows = variants[variants["school_year"] == year]
        if rows["cohort"].isin(["part", "unborn"]).any():
            cells.append((f"{year} 学年", *(_three(rows[rows["stage"] == stage]) for stage in present)))
    heads = columns(
        "学年", *(f"{label('stage', stage)}（人）" for stage in present), numbers=range(1, len(present) + 1)
    )
    note = "低 / 中 / 高方案，均值取整；各学段的孩子都已出生的年份三个方案相同，不列。中方案即分镇表的合计。"
    source = "tables/forecast_variants.csv"
    return Table("全县在校生：高中低方案", heads, tuple(cells), row_heads=True, note=note, source=source)


def _three(rows: pd.DataFrame) -> str:
    if rows.empty:
        return words.DASH
    found = rows.set_index("variant")["pupils_printed"]
    told = [words.whole(found[name]) for name in ORDER]
    same = len(set(told)) == 1 and rows["cohort"].iloc[0] == "born"
    return told[1] if same else " / ".join(told) + born_mark(rows["cohort"].iloc[0])
