"""Formulas done again: seats, room and vetoes of options, the ledger of children."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from layout_planner.terms import BAND_GRADES, COUNTY, OUTSIDE, STAGE_GRADES, STAGE_OF_GRADE, GradeBand, Stage
from layout_planner.tracing import questions
from layout_planner.tracing.ground import Ground
from layout_planner.tracing.redo import (
    SIMPLE,
    Redo,
    Redone,
    base_pupils,
    figure,
    quotient,
    total,
)
from layout_planner.tracing.redo_checks import FINDINGS
from layout_planner.tracing.redo_options import OPTIONS
from layout_planner.tracing.redo_plans import PLANS_REDO
from layout_planner.tracing.store import Record, Store

_COMPONENTS: Final = ("rooms", "area", "beds", "meals")
_PRIMARY: Final = str(Stage.PRIMARY)


def _school(row: Record, store: Store, column: str = "school_id") -> Record | None:
    return next(iter(store.find("schools", {"school_id": frozenset({row.get(column)})})), None)


def _part(row: Record, building: Record, store: Store) -> float:
    """Part of the building of a stage: by pupils; by grades where the school has none."""
    grades = range(int(building.get("grade_low")), int(building.get("grade_high")) + 1)
    stages = {str(STAGE_OF_GRADE[grade]) for grade in grades}
    pupils = {stage: float(total(base_pupils(row.get("school_id"), store, stage), "pupils").value) for stage in stages}
    whole = math.fsum(pupils.values())
    if whole > 0:
        return pupils[row.get("stage")] / whole
    return len([g for g in grades if str(STAGE_OF_GRADE[g]) == row.get("stage")]) / len(grades)


def seats_rooms(row: Record, _column: str, ground: Ground) -> Redone | None:
    """Rooms × class size; an incomplete primary has at most the sections of C03."""
    building = _school(row, ground.store)
    if building is None:
        return None
    special = building.number_of("special_rooms")
    own = max(building.number_of("classrooms") - (0.0 if math.isnan(special) else special), 0.0)
    part = _part(row, building, ground.store)
    rooms = own * part
    grades = [g for g in STAGE_GRADES[Stage(row.get("stage"))] if _within(building, g)]
    shared = "" if part == 1 else f" × {figure(part)}"
    text = f"({building.get('classrooms')} − {building.get('special_rooms') or '0'}){shared}"
    if row.get("stage") == _PRIMARY and int(building.get("grade_high")) < STAGE_GRADES[Stage.PRIMARY][-1]:
        few, size = (ground.catalogue.rule("C03").on(ground.day, _PRIMARY, part_of) for part_of in ("sections", None))
        return Redone(f"min({text}, {few:g}) × {size:g}", _floor(min(rooms, few) * size))
    size = math.fsum(_class_size(row, grade, ground) for grade in grades) / len(grades)
    return Redone(f"{text} × {figure(size)}", _floor(rooms * size))


def _within(building: Record, grade: int) -> bool:
    return int(building.get("grade_low")) <= grade <= int(building.get("grade_high"))


def _class_size(row: Record, grade: int, ground: Ground) -> float:
    stage = STAGE_OF_GRADE[grade]
    if stage == Stage.PRE:
        part = ("small", "middle", "big")[STAGE_GRADES[stage].index(grade)]
        return ground.catalogue.rule("C14").on(ground.day, stage, part)
    rule = "C12" if stage == Stage.SENIOR else "C01" if row.get("term") == "near" else "C02"
    return ground.catalogue.rule(rule).on(ground.day, stage)


def seats_area(row: Record, _column: str, ground: Ground) -> Redone | None:
    """Teaching area by the area of one pupil."""
    building = _school(row, ground.store)
    value = ground.catalogue.rule("E04").find(ground.day, row.get("stage"))
    if building is None or value is None:
        return None if building is None else Redone("–", float("nan"))
    area, part = building.number_of("teaching_area_m2"), _part(row, building, ground.store)
    shared = "" if part == 1 else f" × {figure(part)}"
    return Redone(f"{figure(area)}{shared} ÷ {value.value:g}", _floor(area * part / value.value))


def seats_beds(row: Record, _column: str, ground: Ground) -> Redone | None:
    """Pupils × beds by boarders of the school; nothing where the stage has no boarders."""
    building = _school(row, ground.store)
    if building is None:
        return None
    beds = building.number_of("dorm_beds_m") + building.number_of("dorm_beds_f")
    pupils = total(base_pupils(row.get("school_id"), ground.store, row.get("stage")), "pupils").value
    here = _boarders(base_pupils(row.get("school_id"), ground.store, row.get("stage")))
    boarders = _boarders(base_pupils(row.get("school_id"), ground.store)) if here > 0 else float("nan")
    text = f"{figure(float(pupils))} × {figure(beds)} ÷ {figure(boarders)}"
    return Redone(text, _floor(float(pupils) * beds / boarders) if boarders else float("nan"))


def seats_meals(row: Record, _column: str, ground: Ground) -> Redone | None:
    """Pupils × meals by diners of the school."""
    building = _school(row, ground.store)
    if building is None:
        return None
    sittings = building.number_of("canteen_sittings")
    places = building.number_of("canteen_seats") * (1.0 if math.isnan(sittings) else sittings)
    pupils = float(total(base_pupils(row.get("school_id"), ground.store, row.get("stage")), "pupils").value)
    everyone = float(total(base_pupils(row.get("school_id"), ground.store), "pupils").value)
    boarders = _boarders(base_pupils(row.get("school_id"), ground.store))
    diners = boarders + ground.values["noon_diners"] * max(everyone - boarders, 0.0)
    text = f"{figure(pupils)} × {figure(places)} ÷ {figure(diners)}"
    return Redone(text, _floor(pupils * places / diners) if diners > 0 and pupils > 0 else float("nan"))


def _boarders(rows: list[Record]) -> float:
    return math.fsum(r.number_of(c) for r in rows for c in ("boarders_m", "boarders_f"))


def _floor(value: float) -> float:
    return value if math.isnan(value) else float(math.floor(value + 1e-9))


def smallest(row: Record, _column: str, _ground: Ground) -> Redone:
    """Smallest of the components printed beside it."""
    known = {name: row.number_of(f"seats_{name}") for name in _COMPONENTS if row.get(f"seats_{name}") != ""}
    shown = "、".join(f"{name} {figure(value)}" for name, value in known.items())
    return Redone(f"min({shown})", min(known.values()) if known else float("nan"))


def binding(row: Record, column: str, _ground: Ground) -> Redone:
    """Name of the smallest or the second smallest component."""
    known = [(row.number_of(f"seats_{name}"), place, name) for place, name in enumerate(_COMPONENTS)]
    ranked = [name for value, _, name in sorted(item for item in known if not math.isnan(item[0]))]
    place = 0 if column == "binding" else 1
    return Redone(" < ".join(ranked) or "–", ranked[place] if place < len(ranked) else "none")


def pupils_now(row: Record, _column: str, ground: Ground) -> Redone:
    """Pupils of a school and stage in the base year."""
    return total(base_pupils(row.get("school_id"), ground.store, row.get("stage")), "pupils")


def use(row: Record, _column: str, _ground: Ground) -> Redone:
    """Pupils by seats."""
    return quotient(row.number_of("pupils_now"), row.number_of("seats") or float("nan"))


def school_pupils(row: Record, _column: str, ground: Ground) -> Redone:
    """Pupils of all grades of a school in the base year."""
    return total(base_pupils(row.get("school_id"), ground.store), "pupils")


def vetoes(row: Record, column: str, ground: Ground) -> Redone | None:
    """BLOCK and BLOCK* rules that the findings of the pair fail."""
    if column == "reason":
        return None
    failed: list[str] = []
    subjects = questions.answer("@pair_subjects", row, ground.store)
    for finding in ground.store.find("findings", {"subject_id": subjects}):
        if finding.get("outcome") == "fail" and finding.get("rule_mode").startswith("BLOCK"):
            failed.append(finding.get("rule_id"))
    names = sorted(set(failed))
    if column == "vetoes":
        return Redone("、".join(names) or "–", "、".join(names))
    kind = "keep" if row.get("option") == "keep" else "blocked" if names else "undecided"
    return Redone("、".join(names) or "–", kind)


def receiver_seats(row: Record, _column: str, ground: Ground) -> Redone | None:
    """Near-term primary seats of the receiver, where pupils move."""
    if row.get("option") not in {"merge", "teaching_point"}:
        return None
    match = {
        "school_id": frozenset({row.get("receiver_id")}),
        "stage": frozenset({_PRIMARY}),
        "term": frozenset({"near"}),
    }
    rows = ground.store.find("seats", match)
    return total(rows, "seats") if rows else Redone("–", float("nan"))


def receiver_before(row: Record, _column: str, ground: Ground) -> Redone | None:
    """Primary pupils of the receiver in the base year."""
    if row.get("option") not in {"merge", "teaching_point"}:
        return None
    return total(base_pupils(row.get("receiver_id"), ground.store, _PRIMARY), "pupils")


def receiver_after(row: Record, column: str, ground: Ground) -> Redone | None:
    """Primary pupils of the receiver and those who come."""
    before = receiver_before(row, column, ground)
    if before is None:
        return None
    coming = base_pupils(row.get("school_id"), ground.store, _PRIMARY)
    if row.get("option") == "teaching_point":
        coming = [r for r in coming if int(r.get("grade")) in BAND_GRADES[GradeBand.G46]]
    more = total(coming, "pupils")
    value = float(before.value) + float(more.value)
    return Redone(f"{figure(float(before.value))} + {figure(float(more.value))}", value)


def receiver_use(row: Record, _column: str, _ground: Ground) -> Redone | None:
    """Pupils after by near-term seats."""
    if row.get("option") not in {"merge", "teaching_point"}:
        return None
    return quotient(row.number_of("receiver_pupils_after"), row.number_of("receiver_seats") or float("nan"))


def feasible(row: Record, column: str, _ground: Ground) -> Redone | None:
    """Feasible where no veto is named."""
    return Redone(row.get("vetoes") or "–", str(row.get("vetoes") == "")) if column == "feasible" else None


def difference(row: Record, _column: str, _ground: Ground) -> Redone:
    """In less out."""
    given, received = row.number_of("children_in"), row.number_of("children_out")
    return Redone(f"{figure(given)} − {figure(received)}", round(given - received, 3), abs(given) + abs(received))


def hand_over(row: Record, column: str, ground: Ground) -> Redone | None:
    """Sums of both sides of a hand-over, where they stand in tables."""
    if column not in {"children_in", "children_out"}:
        return None
    given, _, received = row.get("hand_over").partition(" → ")
    side = _SIDES.get(given if column == "children_in" else received)
    return None if side is None else side(ground.store)


def _sum(
    table: str, column: str, *, but: Mapping[str, str] | None = None, only: Mapping[str, str] | None = None
) -> Callable[[Store], Redone | None]:
    """Sum of a column of a table, without some rows or of some alone."""

    def summed(store: Store) -> Redone | None:
        rows = store.rows(table)
        if rows is None:
            return None
        limits = {name: str(store.base_year) if value == "base" else value for name, value in (only or {}).items()}
        kept = [
            row
            for row in rows
            if all(row.get(name) != value for name, value in (but or {}).items())
            and all(row.get(name) == value for name, value in limits.items())
        ]
        value = math.fsum(row.number_of(column) for row in kept)
        return Redone(f"Σ {table}.{column}（{len(kept)}）", value, value)

    return summed


_SIDES: Final[Mapping[str, Callable[[Store], Redone | None]]] = {
    "各村儿童": _sum("allocation", "children", but={"village_code": OUTSIDE}),
    "就读流向（含不在县内就读）": _sum("allocation", "children", but={"village_code": OUTSIDE}),
    "在校生": _sum("enrolment", "pupils", only={"school_year": "base"}),
    "就读流向（各校）": _sum("allocation", "children", but={"attends": OUTSIDE}),
    "各村就读流向": _sum("allocation", "children"),
    "各镇流向": _sum("flows", "children"),
    "可达性": _sum("access", "children"),
    "预测起点（基准年）": _sum("forecast_school", "pupils_mean", only={"school_year": "base"}),
    "分校取整数": _sum("forecast_school", "pupils_printed"),
    "分镇取整数": _sum("forecast_township", "pupils_printed"),
    "全县分学段取整数": _sum("forecast_stage", "pupils_printed", only={"township_code": COUNTY}),
}
REDO: Final[Mapping[str, Redo]] = {
    **SIMPLE,
    "seats_rooms": seats_rooms,
    "seats_area": seats_area,
    "seats_beds": seats_beds,
    "seats_meals": seats_meals,
    "seats": smallest,
    "binding": binding,
    "pupils_now": pupils_now,
    "use": use,
    "school_pupils": school_pupils,
    "vetoes": vetoes,
    "receiver_seats": receiver_seats,
    "receiver_before": receiver_before,
    "receiver_after": receiver_after,
    "receiver_use": receiver_use,
    "feasible": feasible,
    **FINDINGS,
    **OPTIONS,
    **PLANS_REDO,
    "difference": difference,
    "hand_over": hand_over,
}
