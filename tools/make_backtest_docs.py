"""Renew the table of the back-test in docs/models/enrolment.md from a run of the demo county.

Run ``python tools/make_backtest_docs.py out`` after ``make plan`` when the model has changed; the numbers stand between
two marks.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

PAGE = Path(__file__).parent.parent / "docs" / "models" / "enrolment.md"
BEGIN, END = "<!-- back-test: begin -->", "<!-- back-test: end -->"
LEADS = (1, 3, 5, 10)
LEVELS = {"township": "townships", "school": "schools"}
HEAD = "| | cells | error | last value | cohort survival | bias | 80 % holds | 95 % holds | WIS | AUC |"
COLUMNS = {
    "cells": 0,
    "wape": 1,
    "wape_last": 1,
    "wape_survival": 1,
    "bias": 1,
    "covered_80": 0,
    "covered_95": 0,
    "wis": 1,
}


def section(table: pd.DataFrame) -> str:
    """Return the text between the marks: leads and origins, one row a level, and what loses to the last value."""
    told = [_line(table, level, name) for level, name in LEVELS.items()]
    first = _of(table, "township")
    leads, origins = (" / ".join(str(value) for value in values) for values in (first.index, first["origins"]))
    title = f"Demo county (enrolment 2009–2024), {leads} years ahead ({origins} origins):"
    return "\n".join([title, "", HEAD, f"|{'---|' * HEAD.count(' |')}", *told, "", _losses(table)])


def _of(table: pd.DataFrame, level: str) -> pd.DataFrame:
    rows = table[(table["subject_type"] == level) & (table["stage"] == "all") & (table["size_class"] == "all")]
    return rows[rows["lead"].isin(LEADS)].set_index("lead").sort_index()


def _line(table: pd.DataFrame, level: str, name: str) -> str:
    rows = _of(table, level)
    cells = [" / ".join(_number(value, digits) for value in rows[column]) for column, digits in COLUMNS.items()]
    auc = " / ".join("–" if pd.isna(value) else f"{value:.2f}".lstrip("0") for value in rows["auc"])
    return f"| {name} | {' | '.join([*cells, auc])} |"


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace("-", "−")


def _losses(table: pd.DataFrame) -> str:
    """Name level, stage or size, and leads with a larger error than the last value in two comparisons or more."""
    found = table[(table["cells"] > 1) & (table["wape"] > table["wape_last"])]
    parts = []
    for level, name in LEVELS.items():
        rows = found[(found["subject_type"] == level) & ((found["stage"] == "all") | (found["size_class"] == "all"))]
        for (stage, size), group in rows.groupby(["stage", "size_class"], sort=False):
            what = "all" if stage == size else size if stage == "all" else stage
            parts.append(f"{name}, {what}: {', '.join(str(lead) for lead in sorted(group['lead']))}")
    return f"Larger error than the last value, years ahead: {'; '.join(parts) or 'nowhere'}."


def main() -> None:
    """Write the page."""
    table = pd.read_csv(Path(sys.argv[1]) / "tables" / "backtest.csv", dtype={"size_class": str})
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n{section(table)}\n{END}{after}", encoding="utf-8")
    print("enrolment.md written")


if __name__ == "__main__":
    main()
