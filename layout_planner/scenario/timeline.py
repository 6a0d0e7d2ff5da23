"""What a plan has made of the schools so far: which are open, what they teach, where closed ones sent their pupils."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

import pandas as pd

from layout_planner.terms import BAND_GRADES, GRADES, GradeBand


class Action(StrEnum):
    """What a decision does with a school."""

    KEEP = "keep"
    MERGE = "merge"
    TEACHING_POINT = "teaching_point"
    MANAGE = "manage"
    EXPAND = "expand"
    MOTHBALL = "mothball"
    REOPEN = "reopen"


ACTIONS_ZH: Final[Mapping[str, str]] = {
    "keep": "保留",
    "merge": "并入",
    "teaching_point": "改为教学点（一至三年级）",
    "manage": "并管理不并校址",
    "expand": "扩建",
    "mothball": "封存校舍",
    "reopen": "恢复办学",
}
_CLOSING = frozenset({Action.MERGE, Action.MOTHBALL})
TOP_OF_POINT: Final = BAND_GRADES[GradeBand.G13][-1]


@dataclass(frozen=True)
class Decision:
    """One decision: from September of `year` on."""

    school_id: str
    year: int
    action: Action
    receivers: tuple[str, ...] = ()
    seats: float = 0.0
    reason: str = ""

    @property
    def closes(self) -> bool:
        """True where no grade is taught at the site any more."""
        return self.action in _CLOSING

    def moves(self, grade: int) -> bool:
        """Return True where the pupils of a grade have to change school."""
        return self.closes or (self.action is Action.TEACHING_POINT and grade > TOP_OF_POINT)


@dataclass(frozen=True)
class State:
    """The schools of the register as the decisions so far have left them."""

    register: Mapping[str, dict[str, Any]]
    closed: Mapping[str, bool] = field(default_factory=dict)
    sent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    points: frozenset[str] = frozenset()
    added: Mapping[str, float] = field(default_factory=dict)

    def is_open(self, school_id: str, year: int) -> bool:
        """Return True where the school teaches in a school year."""
        if school_id in self.closed:
            return not self.closed[school_id]
        row = self.register[school_id]
        opened, closed = year_in(row, "opened"), year_in(row, "closed")
        return not (opened > year or closed <= year)

    def offers(self, school_id: str, grade: int) -> bool:
        """Return True where the school teaches the grade when it is open (a new teaching point: grades up to 3)."""
        row = self.register[school_id]
        high = min(int(row["grade_high"]), TOP_OF_POINT) if school_id in self.points else int(row["grade_high"])
        return int(row["grade_low"]) <= grade <= high

    def taught(self, school_id: str) -> list[int]:
        """List the grades that the school teaches when it is open."""
        return [grade for grade in GRADES if self.offers(school_id, grade)]

    def leads_to(self, start: str, goal: str) -> bool:
        """Return True where the pupils of `start` were sent, over any number of mergers, to `goal`."""
        seen: set[str] = set()
        todo = [start]
        while todo:
            school = todo.pop()
            if school == goal:
                return True
            if school not in seen:
                seen.add(school)
                todo += self.sent.get(school, ())
        return False


def year_in(row: Mapping[str, Any], column: str) -> float:
    """Year in a column of the register; NaN where there is none. [year]."""
    value = row.get(column)
    return float("nan") if value is None or pd.isna(value) else float(value)


def opening(schools: pd.DataFrame) -> State:
    """Return the state before any decision: the register as it is."""
    return State({str(row["school_id"]): row for row in pd.DataFrame(schools).to_dict("records")})


def after(state: State, decision: Decision) -> State:
    """Return the state once a decision has taken effect."""
    school = decision.school_id
    if decision.action is Action.REOPEN:
        sent = {other: receivers for other, receivers in state.sent.items() if other != school}
        return replace(state, closed={**state.closed, school: False}, sent=sent, points=state.points - {school})
    if decision.closes:
        sent = {**state.sent, school: decision.receivers}
        return replace(state, closed={**state.closed, school: True}, sent=sent)
    if decision.action is Action.TEACHING_POINT:
        return replace(state, points=state.points | {school})
    if decision.action is Action.EXPAND:
        return replace(state, added={**state.added, school: state.added.get(school, 0.0) + decision.seats})
    return state
