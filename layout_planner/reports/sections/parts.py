"""Small pieces that several sections share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from layout_planner.reports import words
from layout_planner.reports.counts import estimated_share
from layout_planner.reports.inputs import ReportInputs
from layout_planner.reports.model import Column, Paragraph
from layout_planner.terms import COUNTY, OUTSIDE, label

NEAREST_NOTE: Final = (
    "“就近口径”：限值内有学校而自愿到更远的学校就读的学生，按最近的在办学校计，除非方案使其转学；"
    "与第五部分“就读学校超时”（按实际就读学校计）不是同一个数。"
)
BIRTHPLACE: Final = "按出生登记地，含已外出的"
_AHEAD: Final = (1, 5, 10)


def columns(*titles: str, numbers: Sequence[int] = (), centre: Sequence[int] = ()) -> tuple[Column, ...]:
    """Make the headings of a table; name the columns that hold numbers or short words."""
    return tuple(
        Column(title, "number" if at in numbers else "centre" if at in centre else "text")
        for at, title in enumerate(titles)
    )


def born_mark(cohort: object) -> str:
    """Mark of a forecast on a line of its own: partly born or unborn; nothing where all are born or nothing is told."""
    return "" if cohort in ("born", "") or words.missing(cohort) else f"\n{label('cohort', str(cohort))}"


def not_made(what: str) -> Paragraph:
    """Say that this run did not reach a part."""
    return Paragraph(f"本次运行没有产生{what}，这一部分从略。", "note")


def nothing(inputs: ReportInputs, table: str, what: str, empty: str) -> Paragraph:
    """Say why a part has no numbers: the run did not reach it, or it reached it and there is nothing to tell."""
    return Paragraph(empty, "note") if table in inputs.tables else not_made(what)


def town_names(inputs: ReportInputs) -> dict[str, str]:
    """Names of the townships by code, as the tables of the forecast print them; the outside is 县外."""
    found = [inputs.tables[name] for name in ("forecast_stage", "leavers") if name in inputs.tables]
    pairs = [
        (str(code), str(name)) for t in found for code, name in zip(t["township_code"], t["township_name"], strict=True)
    ]
    return {OUTSIDE: "县外", **{code: name for code, name in pairs if code not in (COUNTY, OUTSIDE)}}


def shown_years(inputs: ReportInputs, step: int = 2) -> list[int]:
    """Return the school years to print: the base year, every second one, and the last."""
    years = list(range(inputs.base_year, inputs.last_year + 1, step))
    return years if years[-1] == inputs.last_year else [*years, inputs.last_year]


def plan_years(inputs: ReportInputs) -> list[int]:
    """Return the school years in which plans and seats are printed: the next one, then five and ten years on."""
    return [inputs.base_year + step for step in _AHEAD if inputs.base_year + step <= inputs.last_year]


def homes_note(inputs: ReportInputs) -> str:
    """Say that the homes of the pupils are estimated, where they are; empty where all are recorded or not known."""
    share = estimated_share(inputs.table("allocation"))
    if not share > 0:
        return ""
    part = "本县没有村校就读对应表（attendance.csv），" if share == 1 else f"有 {words.chance(share)} 的"
    return f"{part}学生的居住地按引力模型估算，不是实测；逐村人数和时间须核实后再用。"


def young_minutes(inputs: ReportInputs) -> str:
    """Name the limit of grades 1–3: in minutes where it is known."""
    limit = young_limit(inputs)
    return "限值" if words.missing(limit) else f" {words.number(limit)} 分钟"


def township_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Drop the rows of the whole county."""
    return table[table["township_code"] != COUNTY]


def county_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of the whole county."""
    return table[table["township_code"] == COUNTY]


def young_limit(inputs: ReportInputs) -> float:
    """Limit of the rule on the trips of grades 1–3 as the findings print it; NaN where they have none. [min]."""
    findings = inputs.table("findings")
    if findings is None:
        return float("nan")
    limits = findings.loc[findings["rule_id"] == "T01", "limit"].dropna()
    return float(limits.iloc[0]) if len(limits) else float("nan")
