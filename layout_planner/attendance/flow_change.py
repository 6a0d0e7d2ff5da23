"""Dated changes of the flows: a share of a township's children who attend in one place attends in another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from layout_planner.errors import DefectsError, Problem
from layout_planner.terms import GRADES, OUTSIDE

Floats = NDArray[np.float64]
KEY: Final = "flow_change"  # name of the list in county.toml and in a plan
ENTRANTS: Final = "entrants"  # from the children who reach `grade_low` in `from_year` on, one grade more every year
AT_ONCE: Final = "all"  # every grade of the range in `from_year`
PHASES: Final = (ENTRANTS, AT_ONCE)
_NEEDED: Final = ("from_year", "origin", "destination", "to", "grade_low", "grade_high", "share")
_MAY: Final = ("phase", "reason")
CODES: Final = tuple(
    f"flow_change_{what}"
    for what in ("shape", "key", "missing", "year", "place", "same", "grades", "share", "phase", "over")
)
_ROUNDING: Final = 1e-9


@dataclass(frozen=True)
class FlowChange:
    """A share of the children of `origin` who attend in `destination` attends in `to` from a year on.

    Parameters
    ----------
    from_year
        First school year. [year]
    origin
        Home township.
    destination, to
        Township of the school before and after, or ``outside``.
    grade_low, grade_high
        Grades, both included.
    share
        Share of the children who would attend in `destination`. [-]
    phase
        ``entrants``: the children who reach `grade_low` in `from_year` are the first, and their cohorts carry the
        change through the grades. ``all``: every grade of the range in `from_year`.
    reason
        What the change rests on.
    """

    from_year: int
    origin: str
    destination: str
    to: str
    grade_low: int
    grade_high: int
    share: float
    phase: str = ENTRANTS
    reason: str = ""

    def part(self, grade: int, years: Sequence[int] | NDArray[np.int64]) -> Floats:
        """Share that is moved in a grade, by school year. shape (years,) [-]."""
        if not self.grade_low <= grade <= self.grade_high:
            return np.zeros(len(years))
        first = self.from_year + (grade - self.grade_low if self.phase == ENTRANTS else 0)
        return np.where(np.asarray(years) >= first, self.share, 0.0)


def parse_flow_changes(
    raw: object, townships: Collection[str], years: tuple[int, int], *, file: str
) -> tuple[FlowChange, ...]:
    """Make the changes of a file and check each of them.

    Parameters
    ----------
    raw
        Value of ``flow_change`` in the TOML file; None where there is none.
    townships
        Codes of the townships.
    years
        First and last school year in which a change may begin. [year]
    file
        Name printed in the messages.

    Returns
    -------
    tuple of FlowChange
        In the order of the file, which moves no result.

    Raises
    ------
    DefectsError
        With one problem a defect: a key missing or unknown, an unknown township, a year outside the horizon, grades or
        a share out of range, the same place twice.
    """
    if raw is None:
        return ()
    if not isinstance(raw, list | tuple) or not all(isinstance(item, Mapping) for item in raw):
        raise DefectsError([Problem("error", "flow_change_shape", file, None, KEY, str(raw)[:60])])
    problems: list[Problem] = []
    changes = []
    for number, item in enumerate(raw, start=1):
        found = list(_defects(item, townships, years))
        problems += [Problem("error", code, file, number, key, str(value), told) for code, key, value, told in found]
        if not found:
            changes.append(_change(item))
    if problems:
        raise DefectsError(problems)
    require_whole(changes, file=file)
    return tuple(changes)


def require_whole(changes: Sequence[FlowChange], *, file: str) -> None:
    """Require that no more than all children of a flow are moved by several changes together.

    Raises
    ------
    DefectsError
        ``flow_change_over`` with the number of the last change of such a flow.
    """
    problems = {}
    for number, change in enumerate(changes, start=1):
        same = [c for c in changes[:number] if (c.origin, c.destination) == (change.origin, change.destination)]
        years = sorted({c.from_year + step for c in same for step in range(len(GRADES))})
        for grade in GRADES:
            total = sum((c.part(grade, years) for c in same), np.zeros(len(years)))
            if total.max(initial=0.0) > 1 + _ROUNDING:
                problems[number] = Problem(
                    "error", "flow_change_over", file, number, "share", f"{total.max():g}", "合计不超过 1"
                )
    if problems:
        raise DefectsError(problems.values())


def _change(item: Mapping[str, Any]) -> FlowChange:
    return FlowChange(
        from_year=int(item["from_year"]),
        origin=str(item["origin"]),
        destination=str(item["destination"]),
        to=str(item["to"]),
        grade_low=int(item["grade_low"]),
        grade_high=int(item["grade_high"]),
        share=float(item["share"]),
        phase=str(item.get("phase", ENTRANTS)),
        reason=str(item.get("reason", "")).strip(),
    )


def _defects(
    item: Mapping[str, Any], townships: Collection[str], years: tuple[int, int]
) -> Iterable[tuple[str, str, object, str]]:
    """Defects of one change: code, key, what was found, what is allowed."""
    if strange := sorted(set(item) - {*_NEEDED, *_MAY}):
        yield "flow_change_key", "、".join(strange), "、".join(strange), "、".join((*_NEEDED, *_MAY))
    if missing := [key for key in _NEEDED if key not in item]:
        yield "flow_change_missing", "、".join(missing), "空", "必填"
        return
    first, last = years
    if not _whole(item["from_year"]) or not first <= item["from_year"] <= last:
        yield "flow_change_year", "from_year", item["from_year"], f"{first} 到 {last} 的学年"
    if str(item["origin"]) not in townships:
        yield "flow_change_place", "origin", item["origin"], "townships.geojson 中的乡镇代码"
    for key in ("destination", "to"):
        if str(item[key]) not in {*townships, OUTSIDE}:
            yield "flow_change_place", key, item[key], f"townships.geojson 中的乡镇代码，或 {OUTSIDE}（县外）"
    if str(item["destination"]) == str(item["to"]):
        yield "flow_change_same", "to", item["to"], "与 destination 不同的去向"
    low, high = item["grade_low"], item["grade_high"]
    if not (_whole(low) and _whole(high) and GRADES[0] <= low <= high <= GRADES[-1]):
        allowed = f"{GRADES[0]} 到 {GRADES[-1]} 的整数，且 grade_low 不大于 grade_high"
        yield "flow_change_grades", "grade_low–grade_high", f"{low}–{high}", allowed
    share = item["share"]
    if not isinstance(share, int | float) or isinstance(share, bool) or not 0 < share <= 1:
        yield "flow_change_share", "share", share, "大于 0、不大于 1 的数"
    if str(item.get("phase", ENTRANTS)) not in PHASES:
        yield (
            "flow_change_phase",
            "phase",
            item["phase"],
            f"{ENTRANTS}（从入学年级起逐年推开）或 {AT_ONCE}（各年级同时）",
        )


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
