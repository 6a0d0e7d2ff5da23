"""Small pieces that several sections share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from layout_planner.reports.inputs import ReportInputs
from layout_planner.reports.model import Column, Paragraph
from layout_planner.terms import COUNTY, Stage

COMPULSORY: Final = (Stage.PRIMARY, Stage.JUNIOR)
YOUNG: Final = "1-3"
_AHEAD: Final = (1, 5, 10)


def columns(*titles: str, numbers: Sequence[int] = (), centre: Sequence[int] = ()) -> tuple[Column, ...]:
    """Make the headings of a table; name the columns that hold numbers or short words."""
    return tuple(
        Column(title, "number" if at in numbers else "centre" if at in centre else "text")
        for at, title in enumerate(titles)
    )


def not_made(what: str) -> Paragraph:
    """Say that this run did not reach a part."""
    return Paragraph(f"本次运行没有产生{what}，这一部分从略。", "note")


def shown_years(inputs: ReportInputs, step: int = 2) -> list[int]:
    """Return the school years to print: the base year, every second one, and the last."""
    years = list(range(inputs.base_year, inputs.last_year + 1, step))
    return years if years[-1] == inputs.last_year else [*years, inputs.last_year]


def plan_years(inputs: ReportInputs) -> list[int]:
    """Return the school years in which plans and seats are printed: the next one, then five and ten years on."""
    return [inputs.base_year + step for step in _AHEAD if inputs.base_year + step <= inputs.last_year]


def is_definition(findings: pd.DataFrame) -> pd.Series:
    """Mark the rules that are definitions or facts: they are cited and never checked."""
    return findings["missing"].astype(str).str.startswith("定义或事实")


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
