"""Round 3: no day and no year lies in a future that nobody can have written down."""

from __future__ import annotations

from layout_planner.contracts import load_dictionary
from layout_planner.errors import Problem
from layout_planner.io.checks.model import SETTINGS, Check, Context, at_rows, truths

_ENDS = "date_end"  # the last day of a step that may still go on
_PLANNED = "events"
_ELSEWHERE = {("births", "year"), ("schools", "opened"), ("schools", "closed"), ("schools", "ready_year")}


def last_year(ctx: Context, column: str, table: str = "") -> int:
    """Last year that may stand in a column of days or years; events may be planned as far as the forecast goes."""
    if table == _PLANNED and ctx.settings is not None:
        return int(ctx.base_year + max(ctx.settings.horizon, ctx.values["check_future_years"]))
    more = ctx.values["check_case_years"] if column == _ENDS else 0.0
    return int(ctx.base_year + ctx.values["check_future_years"] + more)


def future(ctx: Context) -> list[Problem]:
    """Days and years of every table end a few years after the base year; births and schools have limits of their own."""
    problems: list[Problem] = []
    for spec in load_dictionary().inputs():
        if spec.name not in ctx.tables:
            continue
        table = ctx.tables[spec.name]
        for column in spec.columns:
            if (spec.name, column.name) in _ELSEWHERE or not (column.type == "date" or column.unit == "year"):
                continue
            last, told = last_year(ctx, column.name, spec.name), table[table[column.name].notna()]
            if column.unit == "year":
                rows = told[(told[column.name] > last).to_numpy(dtype=bool)]
            else:
                rows = told[truths(day.year > last for day in told[column.name])]
            allowed = str(last) if column.unit == "year" else f"{last}-12-31"
            found = [str(value) for value in rows[column.name]]
            problems += at_rows("date_future", (spec.name, column.name), rows, found, allowed=allowed)
    return problems


def future_rows(ctx: Context, table: str) -> set[int]:
    """Numbers of the rows of a table that lie in the future."""
    if ctx.settings is None:
        return set()
    spec = load_dictionary().tables[table]
    return {p.row for p in ctx.once("future", future) if p.file == spec.file and p.row is not None}


CHECKS = (
    Check("date_future", "plausible", "error", "日期和年份没有写到将来", "No days or years of the future",
          (SETTINGS,), lambda ctx: ctx.once("future", future)),
)  # fmt: skip
