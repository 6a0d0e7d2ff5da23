"""Figures that only the whole county has (table ``indicators``), read by several families."""

from __future__ import annotations

import pandas as pd

from layout_planner.compliance.parts import Measure, measured, percent
from layout_planner.policy import Rule, Value
from layout_planner.terms import label

_PER_CENT_UNITS = ("%", "％")
_SHARE_UNITS = ("share", "比例")


def figure(figures: pd.DataFrame, name: str) -> float:
    """Return a share of the county in per cent; NaN where it is not given or its unit is neither % nor share. [%].

    Parameters
    ----------
    figures
        Columns indicator, value, unit; one row an indicator. [as row]
    name
        Which one.
    """
    rows = figures[figures["indicator"] == name]
    if len(rows) != 1:
        return float("nan")
    unit, value = str(rows["unit"].iloc[0]).strip(), float(rows["value"].iloc[0])
    return value if unit in _PER_CENT_UNITS else percent(value, 1) if unit in _SHARE_UNITS else float("nan")


def figure_measure(figures: pd.DataFrame, name: str, rule: Rule, value: Value) -> Measure:
    """Set a share of the county beside a number of a rule.

    Parameters
    ----------
    figures, name
        As `figure`.
    rule, value
        The rule and its number in force. [%]

    Returns
    -------
    Measure
        Missing is said by the name of the indicator.
    """
    words = label("indicator", name)
    return measured(rule, value, figure(figures, name), label=words, needs=f"{words}（indicators.csv 的 {name}）")


def latest(figures: pd.DataFrame, year: int) -> pd.DataFrame:
    """Keep the last figure of every indicator up to a year.

    Parameters
    ----------
    figures
        Columns indicator, year, value, unit. [as row]
    year
        School year of the data. [year]

    Returns
    -------
    DataFrame
        One row an indicator.
    """
    rows = figures[figures["year"] <= year].sort_values("year", kind="stable")
    return rows.drop_duplicates("indicator", keep="last").reset_index(drop=True)
