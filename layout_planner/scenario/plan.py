"""A plan (方案): dated decisions about schools, checked against the register before anything is computed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from layout_planner.attendance.flow_change import KEY, FlowChange, parse_flow_changes
from layout_planner.errors import DefectsError, Problem
from layout_planner.scenario.timeline import ACTIONS_ZH, TOP_OF_POINT, Action, Decision, State, after, opening, year_in
from layout_planner.terms import GRADES


@dataclass(frozen=True)
class Plan:
    """Named decisions, in the order of their years."""

    name: str
    title: str
    decisions: tuple[Decision, ...] = ()
    synthetic: bool = False
    file: str = ""
    flow_changes: tuple[FlowChange, ...] = ()


_KEYS: Final = {"school_id", "year", "action", "receivers", "seats", "reason"}
_FAR: Final = 100  # years ahead in which a plan without a horizon may still change a flow
_MANY: Final = 100_000  # more seats than any school has: a slip of the pen

STATUS_QUO: Final = Plan(name="现状", title="现状：不作任何调整")


def parse_plan(
    raw: Mapping[str, Any],
    schools: pd.DataFrame,
    base_year: int,
    *,
    last_year: int | None = None,
    file: str | None = None,
    townships: Collection[str] = (),
) -> Plan:
    """Make a plan from its file and check every decision against the register and the decisions before it.

    Decisions of one year take effect together, so a school cannot be merged into one that closes that September.

    Parameters
    ----------
    raw
        Content of the TOML file: name, title, synthetic, ``[[decision]]``, ``[[flow_change]]``.
    schools
        Table `schools`.
    base_year
        Last observed school year; decisions begin later. [year]
    last_year
        Last year of the forecast: a later decision could not be checked. [year]
    file
        Name printed in the messages; default: ``plans/`` and the name of the plan.
    townships
        Codes of the townships that a change of flows may name; default: those of the schools.

    Returns
    -------
    Plan
        Decisions sorted by year, then school.

    Raises
    ------
    DefectsError
        With one problem a defect: unknown school or action, year out of range, receivers missing, unknown, closed, not
        open yet or not ready, a circle, a grade that no receiver offers, a school closed twice or reopened while open.
    """
    name = str(raw.get("name") or "").strip()
    file = file or f"plans/{name or '?'}.toml"
    years = (base_year + 1, last_year)
    problems: list[Problem] = []
    if not name or name == STATUS_QUO.name:
        problems.append(_problem(("plan_name", "name", name, f"{STATUS_QUO.name} 以外的名称"), file, None))
    numbered: list[tuple[int, Decision]] = []
    items = raw.get("decision", [])
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        problems.append(_problem(("plan_shape", "decision", items, "若干 [[decision]]"), file, None))
        items = []
    for number, item in enumerate(items, start=1):
        found = list(_defects_of_fields(item, schools, years))
        problems += [_problem(defect, file, number) for defect in found]
        if not found:
            numbered.append((number, _decision(item)))
    numbered.sort(key=lambda pair: (pair[1].year, pair[1].school_id))
    problems += _replay(numbered, schools, file)
    changes, wrong = _flow_changes(raw, set(townships) or set(schools["township_code"].astype(str)), years, file)
    problems += wrong
    if problems:
        raise DefectsError(sorted(problems, key=lambda problem: problem.row or 0))
    decisions = tuple(decision for _, decision in numbered)
    return Plan(name, str(raw.get("title") or name), decisions, bool(raw.get("synthetic", False)), file, changes)


def _flow_changes(
    raw: Mapping[str, Any], townships: Collection[str], years: tuple[int, int | None], file: str
) -> tuple[tuple[FlowChange, ...], list[Problem]]:
    """Changes of flows that the plan counts on, and their defects."""
    first, last = years
    try:
        limits = first, first + _FAR if last is None else last
        return parse_flow_changes(raw.get(KEY), townships, limits, file=file), []
    except DefectsError as error:
        return (), list(error.problems)


def decisions_table(plans: Iterable[Plan], schools: pd.DataFrame) -> pd.DataFrame:
    """List the decisions of plans with the names of the schools.

    Parameters
    ----------
    plans
        Checked plans; one without decisions has no row.
    schools
        Table `schools`.

    Returns
    -------
    DataFrame
        Columns plan, plan_title, file, school_year, school_name, action, receivers (names joined by ``、``), seats,
        reason; in the order of the plans, then of the years. [seats]
    """
    names = schools.set_index("school_id")["name"].astype(str).to_dict()
    rows = [
        (
            plan.name, plan.title, plan.file, made.year, names[made.school_id], str(made.action),
            "、".join(names[receiver] for receiver in made.receivers), made.seats, made.reason,
        )
        for plan in plans
        for made in plan.decisions
    ]  # fmt: skip
    columns = ["plan", "plan_title", "file", "school_year", "school_name", "action", "receivers", "seats", "reason"]
    return pd.DataFrame(rows, columns=columns)


_Defect = tuple[str, str, object, str]  # code, column, found, allowed


def _problem(defect: _Defect, file: str, row: int | None) -> Problem:
    code, column, found, allowed = defect
    return Problem("error", code, file, row, column, str(found), allowed)


def _decision(item: Mapping[str, Any]) -> Decision:
    receivers = tuple(str(code) for code in item.get("receivers", ()))
    seats, reason = float(item.get("seats") or 0), str(item.get("reason") or "").strip()
    return Decision(str(item["school_id"]), int(item["year"]), Action(item["action"]), receivers, seats, reason)


def _defects_of_fields(
    item: Mapping[str, Any], schools: pd.DataFrame, years: tuple[int, int | None]
) -> Iterable[_Defect]:
    """Defects of one decision that can be seen without the others."""
    known = set(schools["school_id"])
    school, year, action = str(item.get("school_id", "")), item.get("year"), str(item.get("action", ""))
    receivers, seats = item.get("receivers", []), item.get("seats", 0)
    if strange := sorted(set(item) - _KEYS):
        yield "plan_key", "", "、".join(strange), "、".join(sorted(_KEYS))
    if school not in known:
        yield "plan_school", "school_id", school, "schools.geojson 中的学校标识码"
    first, last = years
    if not isinstance(year, int) or isinstance(year, bool) or year < first or (last is not None and year > last):
        yield "plan_year", "year", year, f"{first} 或以后的学年" if last is None else f"{first} 到 {last} 的学年"
    if action not in set(Action):
        yield "plan_action", "action", action, "、".join(Action)
    if not isinstance(receivers, list) or any(str(code) not in known or str(code) == school for code in receivers):
        yield "plan_receiver", "receivers", receivers, "schools.geojson 中的其他学校"
    elif action in {Action.MERGE, Action.TEACHING_POINT} and not receivers:
        yield "plan_receiver", "receivers", "空", "至少一所接收学校"
    if action == Action.TEACHING_POINT and school in known and not _can_be_a_point(schools, school):
        yield "plan_action", "action", action, "还不是教学点、既有一至三年级又有四年级以上的学校才能改为教学点"
    if (
        not isinstance(seats, int | float)
        or isinstance(seats, bool)
        or not 0 <= seats < _MANY
        or (action == Action.EXPAND) != (seats > 0)
    ):
        yield "plan_seats", "seats", seats, "扩建（expand）写大于 0 的学位数，其余不写"
    if not str(item.get("reason") or "").strip():
        yield "plan_reason", "reason", "空", "一句话写明理由"


def _can_be_a_point(schools: pd.DataFrame, school: str) -> bool:
    """Whether a school is no teaching point yet and teaches grades on both sides of the top of one."""
    row = schools.set_index("school_id").loc[school]
    return str(row["kind"]) != Action.TEACHING_POINT and int(row["grade_low"]) <= TOP_OF_POINT < int(row["grade_high"])


def _replay(numbered: list[tuple[int, Decision]], schools: pd.DataFrame, file: str) -> list[Problem]:
    """Walk through the years and collect what contradicts the register or an earlier decision."""
    state = opening(schools)
    problems: list[Problem] = []
    for year in sorted({decision.year for _, decision in numbered}):
        before, decided = state, set[str]()
        now = [(number, decision) for number, decision in numbered if decision.year == year]
        for number, decision in now:
            code = _cannot(before, decision, decided)
            decided.add(decision.school_id)
            if code:
                defect = code, "action", ACTIONS_ZH[decision.action], "与该校届时的状态相符"
                problems.append(_problem(defect, file, number))
            else:
                state = after(state, decision)
        for number, decision in now:
            problems += [_problem(defect, file, number) for defect in _receivers_wrong(decision, before, state)]
    return problems


def _cannot(state: State, decision: Decision, decided: set[str]) -> str | None:
    """Code of the defect if the school cannot be treated so, None if it can."""
    is_open = state.is_open(decision.school_id, decision.year)
    if decision.school_id in decided:
        return "plan_twice"
    if decision.action is Action.REOPEN:
        return "plan_is_open" if is_open else None
    return None if is_open else "plan_is_closed"


def _receivers_wrong(decision: Decision, before: State, state: State) -> Iterable[_Defect]:
    """Defects of the receivers once every decision of the year has taken effect."""
    for receiver in decision.receivers:
        if not state.is_open(receiver, decision.year):
            code = "plan_circle" if state.leads_to(receiver, decision.school_id) else "plan_receiver_closed"
            yield code, "receivers", receiver, f"{decision.year} 学年在办的学校"
        ready = year_in(state.register[receiver], "ready_year")
        if ready > decision.year and any(decision.moves(grade) for grade in GRADES):
            yield "plan_receiver_not_ready", "receivers", receiver, f"先建后撤，不早于 {ready:.0f} 学年"
    row = before.register[decision.school_id]
    grades = range(int(row["grade_low"]), int(row["grade_high"]) + 1)
    moved = [g for g in grades if decision.moves(g) and before.offers(decision.school_id, g)]
    gone = [g for g in moved if not any(state.offers(receiver, g) for receiver in decision.receivers)]
    if decision.receivers and gone:
        yield "plan_grade", "receivers", "、".join(map(str, gone)), "接收学校开设的年级要覆盖需转学的年级"
