"""Round 2: groups, pupils with special needs, events and the three counts of children."""

from __future__ import annotations

import numpy as np
import pandas as pd

from layout_planner.errors import Both, Problem
from layout_planner.io.checks.attendance import band_pupils
from layout_planner.io.checks.model import SETTINGS, Check, Context, at_rows, words
from layout_planner.io.checks.reading import TWO_SCHOOLS
from layout_planner.io.checks.registers import doubtful
from layout_planner.terms import label


def groups(ctx: Context) -> list[Problem]:
    """A group is no larger than the pupils of its school and band."""
    table = ctx.tables["groups"]
    both = table.merge(band_pupils(ctx), on=["school_id", "grade_band"])
    rows = both[both["pupils"] > both["enrolled"]]
    allowed = [f"{value:g}" for value in rows["enrolled"]]
    cells = zip(rows["group"], rows["pupils"], strict=True)
    found = [Both(f"{label('group', group)} {pupils:g}", f"{group} {pupils:g}") for group, pupils in cells]
    return at_rows("group_exceeds_pupils", ("groups", "pupils"), rows, found, allowed=allowed)


def group_places(ctx: Context) -> list[Problem]:
    """A group is told of a school or of a village."""
    table = ctx.tables["groups"]
    rows = table[table["school_id"].isna() & table["village_code"].isna()]
    return at_rows("group_nowhere", ("groups", "school_id"), rows, words("group", rows["group"]))


def special(ctx: Context) -> list[Problem]:
    """A pupil with special needs sits in a grade that the school has; only inclusive ones need a school."""
    table = ctx.tables["special_pupils"]
    schools = ctx.tables["schools"][["school_id", "grade_low", "grade_high"]]
    span = table.merge(schools[~schools["school_id"].isin(doubtful(ctx))], on="school_id")
    rows = span[(span["grade"] < span["grade_low"]) | (span["grade"] > span["grade_high"])]
    allowed = [f"{low}–{high}" for low, high in zip(rows["grade_low"], rows["grade_high"], strict=True)]
    found = at_rows("grade_outside_span", ("special_pupils", "grade"), rows, rows["grade"], allowed=allowed)
    lost = table[(table["setting"] == "inclusive") & table["school_id"].isna()]
    return found + at_rows("special_without_school", ("special_pupils", "school_id"), lost, lost["pupil_code"])


def ages(ctx: Context) -> list[Problem]:
    """An event's youngest are not older than its oldest, and it moves somebody."""
    table = ctx.tables["events"]
    rows = table[(table["age_low"] > table["age_high"]).to_numpy(dtype=bool)]
    found = at_rows(
        "ages_turned", ("events", "age_low"), rows, rows["age_low"], allowed=[str(a) for a in rows["age_high"]]
    )
    none = table[table["size"] == 0]
    found += at_rows("event_without_size", ("events", "size"), none, none["event_id"], severity="warning")
    return found + _bounds(table)


def _bounds(table: pd.DataFrame) -> list[Problem]:
    """An event's size lies between its P10 and P90, and both are told or neither."""
    if not {"size_low", "size_high"} & set(table.columns):
        return []
    low, high = (
        pd.to_numeric(table.get(c, pd.Series(index=table.index, dtype=float))) for c in ("size_low", "size_high")
    )
    told = low.notna() | high.notna()
    rows = table[told & ~((low <= table["size"]) & (table["size"] <= high))]
    allowed = [f"{low[i]:g}–{high[i]:g}".replace("nan", "?") for i in rows.index]
    return at_rows("event_size_range", ("events", "size"), rows, [f"{x:g}" for x in rows["size"]], allowed=allowed)


def residual_of(table: pd.DataFrame) -> pd.DataFrame:
    """Both identities of the three counts, as differences.

    ``registered − away + incoming − resident`` and ``resident − enrolled − enrolled_outside − not_enrolled``; NaN
    where a count is unknown. [children]
    """
    residence = table["registered"] - table["away"] + table["incoming"] - table["resident"]
    schooling = table["resident"] - table["enrolled"] - table["enrolled_outside"] - table["not_enrolled"]
    return pd.DataFrame({"residence": residence, "schooling": schooling})


def three_counts(ctx: Context) -> list[Problem]:
    """户籍 − away + incoming = 常住 = 学籍 + outside + not enrolled; a difference is told unless it is explained."""
    table = ctx.tables["residents"]
    problems = []
    for side, rest in residual_of(table).items():
        off = (rest.abs() > ctx.values["check_residual"]).to_numpy() & table["explanation"].isna().to_numpy()
        rows = table[off]
        cells = zip(rows["township_code"], rows["age"], rest[off], rest[off] / rows["resident"], strict=True)
        found = [
            Both(f"{town} {age} 岁：{left:+g}（{_percent(share)}）", f"{town} age {age}: {left:+g} ({_percent(share)})")
            for town, age, left, share in cells
        ]
        column = "resident" if side == "residence" else "enrolled"
        problems += at_rows(f"residents_{side}", ("residents", column), rows, found, severity="warning")
    return problems


def _percent(share: float) -> str:
    return f"{share:.1%}" if np.isfinite(share) else "—"


CHECKS = (
    Check("group_sums", "cross", "error", "群体人数不多于在校生", "Groups are no larger than the pupils",
          ("groups", "enrolment", SETTINGS), groups, ("group_exceeds_pupils",)),
    Check("group_places", "cross", "error", "群体写明了学校或村", "Groups tell a school or a village",
          ("groups",), group_places, ("group_nowhere",)),
    Check("child_in_two_schools", "cross", "error", "没有一个学生在两所学校", "No child in two schools",
          codes=(TWO_SCHOOLS,)),
    Check("special_pupils", "cross", "error", "特教学生的年级和学校对得上", "Special pupils fit grade and school",
          ("special_pupils", "schools"), special, ("grade_outside_span", "special_without_school")),
    Check("event_ages", "cross", "error", "事件的年龄和人数写对了", "Ages and sizes of events are right",
          ("events",), ages, ("ages_turned", "event_without_size", "event_size_range")),
    Check("three_counts", "cross", "warning", "户籍、常住、学籍三口径恒等，差额有说明", "Three counts agree, or are explained",
          ("residents",), three_counts, ("residents_residence", "residents_schooling")),
)  # fmt: skip
