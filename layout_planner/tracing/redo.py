"""Formulas done again from the printed rows: sums, seats, shares, balances. What a model draws is not done again."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from layout_planner.terms import BAND_GRADES, OUTSIDE, STAGE_GRADES, GradeBand, Stage
from layout_planner.tracing import questions
from layout_planner.tracing.ground import Ground
from layout_planner.tracing.store import Record, Store

DIGITS: Final = 1e-5  # tables are printed with six significant digits
_SINGLE: Final = 1e-4  # means of 32-bit draws, summed in another order
_TERMS: Final = 8  # summands that are written out


@dataclass(frozen=True)
class Redone:
    """A formula done again: in figures, its result, the size of the numbers that went in, and the rows that decide it."""

    text: str
    value: float | str
    scale: float = 0.0
    digits: float = DIGITS
    rows: tuple[Record, ...] = ()

    def agrees(self, printed: str) -> bool:
        """Whether the printed cell is this value as far as it is printed."""
        if isinstance(self.value, str):
            return printed == self.value
        if math.isnan(self.value):
            return printed == ""
        try:
            found = float(printed)
        except ValueError:
            return False
        return abs(found - self.value) <= self.digits * max(abs(self.value), abs(found), self.scale) + 1e-9


Redo = Callable[[Record, str, Ground], Redone | None]


def total(rows: Iterable[Record], column: str, sign: str = "") -> Redone:
    """Add up a column; NaN if a cell is empty."""
    numbers = [row.number_of(column) for row in rows]
    value = math.fsum(numbers)
    shown = " + ".join(figure(number) for number in numbers[:_TERMS])
    if len(numbers) > _TERMS:
        shown += f" + …（{len(numbers)}）"
    return Redone(sign + (shown or "0"), value, math.fsum(abs(number) for number in numbers))


def figure(value: float) -> str:
    """Print a number with six digits; – for none."""
    return "–" if math.isnan(value) else f"{value:.6g}"


def births(row: Record, _column: str, ground: Ground) -> Redone | None:
    """Births registered in the year, of the township or of all."""
    if row.get("status") != "observed":
        return None
    towns = questions.answer("@towns", row, ground.store)
    return total(ground.store.find("births", {"township_code": towns, "year": _one(row, "year")}), "births")


def pupils_counted(row: Record, _column: str, ground: Ground) -> Redone | None:
    """Pupils counted in the base year."""
    if row.get("status") != "observed":
        return None
    match = {column: _one(row, column) for column in ("school_id", "school_year", "grade")}
    return total(ground.store.find("enrolment", match), "pupils")


def pupils_rounded(row: Record, column: str, ground: Ground) -> Redone | None:
    """Printed integers: the base year as counted; later within one of the mean, and the sum of a year and grade kept."""
    if row.get("status") == "observed":
        return pupils_counted(row, column, ground)
    rows = ground.store.find("forecast_school", {name: _one(row, name) for name in ("school_year", "grade")})
    means = [r.number_of("pupils_mean") for r in rows]
    goal = math.floor(math.fsum(means) + 0.5)
    whole = largest_remainder(means, goal)
    value = float(whole[rows.index(row)]) if row in rows else float("nan")
    printed = row.number_of(column)
    mean = row.number_of("pupils_mean")
    if abs(printed - value) == 1 and abs(printed - mean) < 1:  # six printed digits cannot settle a tie
        value = printed
    return Redone(f"round({figure(mean)} | Σ {len(rows)} = {goal})", value)


def largest_remainder(values: Sequence[float], goal: int) -> list[int]:
    """Round to integers that add up to a goal: floors, then one more for the largest remainders."""
    whole = [math.floor(value + DIGITS * max(value, 1) * 0.1) for value in values]
    order = sorted(range(len(values)), key=lambda i: -(values[i] - whole[i]))
    for place in order[: max(goal - sum(whole), 0)]:
        whole[place] += 1
    return whole


def sum_of_schools(row: Record, column: str, ground: Ground) -> Redone:
    """Sum over the schools of a township."""
    match = {name: _one(row, name) for name in ("township_code", "school_year", "grade")}
    return total(ground.store.find("forecast_school", match), column)


def sum_of_grades(row: Record, column: str, ground: Ground) -> Redone:
    """Sum over the grades of a stage."""
    match = {
        "township_code": questions.answer("@towns_and_outside", row, ground.store),
        "school_year": _one(row, "school_year"),
        "grade": questions.answer("@grades_of_stage", row, ground.store),
    }
    summed = total(ground.store.find("forecast_township", match), column)
    return replace(summed, digits=_SINGLE) if column == "outside_mean" else summed


def village_base(row: Record, _column: str, ground: Ground) -> Redone | None:
    """Children of a village in the base year: as allocated."""
    return _village(row, ground, outside_only=False)


def village_base_outside(row: Record, _column: str, ground: Ground) -> Redone | None:
    """Children of a village outside the county's schools in the base year: as allocated."""
    return _village(row, ground, outside_only=True)


def _village(row: Record, ground: Ground, *, outside_only: bool) -> Redone | None:
    if row.get("school_year") != str(ground.store.base_year):
        return None
    rows = ground.store.find("allocation", {name: _one(row, name) for name in ("village_code", "grade_band")})
    if not any(r.get("attends") != OUTSIDE for r in rows) and rows:
        return None  # all attend outside: they follow their township
    return total([r for r in rows if not outside_only or r.get("attends") == OUTSIDE], "children")


def flow_children(row: Record, column: str, ground: Ground) -> Redone | None:
    """Children of a flow: the villages of the home added up."""
    if column != "children":
        return None
    match = {
        "village_code": questions.answer("@villages_of_home", row, ground.store),
        "attends": _one(row, "attends"),
        "grade_band": _one(row, "grade_band"),
    }
    return total(ground.store.find("allocation", match), "children")


def flow_share(row: Record, _column: str, ground: Ground) -> Redone:
    """Share of a flow in all children of the home and band."""
    match = {name: _one(row, name) for name in ("home_township_code", "grade_band")}
    whole = total(ground.store.find("flows", match), "children")
    mine = row.number_of("children")
    return quotient(mine, float(whole.value))


def quotient(part: float, whole: float) -> Redone:
    """Divide; NaN where there is nothing to divide by."""
    return Redone(f"{figure(part)} ÷ {figure(whole)}", part / whole if whole else float("nan"))


def balance_seats(row: Record, _column: str, ground: Ground) -> Redone:
    """Near-term seats of the schools of a township and stage that are open in the year."""
    match = {
        "township_code": questions.answer("@towns", row, ground.store),
        "stage": _one(row, "stage"),
        "term": frozenset({"near"}),
    }
    rows = ground.store.find("seats", match)
    return total([r for r in rows if _open(r, row.number_of("school_year"), ground.store)], "seats")


def _open(seats: Record, year: float, store: Store) -> bool:
    for school in store.find("schools", {"school_id": _one(seats, "school_id")}):
        opened, closed = school.number_of("opened"), school.number_of("closed")
        return not (opened > year) and not (closed <= year)
    return True


def balance_pupils(row: Record, _column: str, ground: Ground) -> Redone | None:
    """Median pupils of the same group, from the forecast by stage."""
    return _of_stage(row, ground, "pupils_p50")


def _of_stage(row: Record, ground: Ground, column: str) -> Redone | None:
    match = {name: _one(row, name) for name in ("township_code", "stage", "school_year")}
    rows = ground.store.find("forecast_stage", match)
    return total(rows, column) if rows else None


def balance(row: Record, column: str, ground: Ground) -> Redone | None:
    """Seats less pupils; the 10th percentile of the balance goes with the 90th of the pupils."""
    opposite = {"balance_p10": "pupils_p90", "balance_p50": "pupils_p50", "balance_p90": "pupils_p10"}[column]
    pupils = _of_stage(row, ground, opposite)
    if pupils is None:
        return None
    seats, there = row.number_of("seats"), float(pupils.value)
    return Redone(f"{figure(seats)} − {figure(there)}（{opposite}）", seats - there, abs(seats) + abs(there))


def walk_minutes(row: Record, _column: str, ground: Ground) -> Redone | None:
    """Minutes of a walk: metres by the walking speed of the band, slower in winter; or the minutes as measured."""
    if row.get("engine") == "measured":
        match = {name: _one(row, name) for name in ("village_code", "school_id", "mode", "case")}
        found = ground.store.find("trips", match)
        return (
            Redone(f"实测（{row.get('source')}）", found[0].number_of("minutes"), rows=tuple(found)) if found else None
        )
    if row.get("mode") != "walk" or row.get("metres") == "":
        return None
    speed = ground.values["walk_speed_" + row.get("grade_band").replace("-", "_")]
    factor = ground.values["winter_walk_factor"] if row.get("case") == "winter" else 1.0
    metres = row.number_of("metres")
    slower = f" × {factor:g}" if factor != 1.0 else ""
    return Redone(f"{figure(metres)} m ÷ ({speed:g} km/h{slower})", metres / (speed * factor * 1000 / 60))


def access_children(row: Record, _column: str, ground: Ground) -> Redone:
    """Children of a village and band, wherever they attend."""
    match = {name: _one(row, name) for name in ("village_code", "grade_band")}
    return total(ground.store.find("allocation", match), "children")


def access_attending(row: Record, _column: str, ground: Ground) -> Redone:
    """Children of a village and band who attend a school of the county."""
    match = {name: _one(row, name) for name in ("village_code", "grade_band")}
    return total([r for r in ground.store.find("allocation", match) if r.get("attends") != OUTSIDE], "children")


def worst_minutes(village: str, band: str, store: Store) -> dict[str, tuple[float, str, str]]:
    """Worst case of every school for a village and band: minutes (inf without a route), mode, case."""
    modes: dict[tuple[str, str], tuple[float, str, str]] = {}
    match = {"village_code": frozenset({village}), "grade_band": frozenset({band})}
    for trip in store.find("travel_minutes", match):
        if trip.get("counts").lower() == "false":  # shown only: no mode or case of the county's choice
            continue
        minutes = trip.number_of("minutes")
        far = math.inf if math.isnan(minutes) else minutes
        key = (trip.get("school_id"), trip.get("case"))
        if key not in modes or far < modes[key][0]:
            modes[key] = (far, trip.get("mode"), trip.get("case"))
    worst: dict[str, tuple[float, str, str]] = {}
    for (school, _case), trip_of in modes.items():
        if school not in worst or trip_of[0] > worst[school][0]:
            worst[school] = trip_of
    return worst


def minutes_nearest(row: Record, column: str, ground: Ground) -> Redone | None:
    """Nearest school in use: best mode within a case, worst case of a school, least of the schools."""
    if column not in {"minutes_nearest", "nearest_school_id"}:
        return None
    taught = taught_in(row.get("grade_band"), ground.store)
    worst = worst_minutes(row.get("village_code"), row.get("grade_band"), ground.store)
    reached = sorted((far, school) for school, (far, _, _) in worst.items() if school in taught and far < math.inf)
    if not reached:
        return Redone("–", float("nan") if column == "minutes_nearest" else "")
    shown = "、".join(f"{figure(far)}（{school}）" for far, school in reached[:3])
    text = f"min({shown}{'、…' if len(reached) > 3 else ''})"
    near = [school for far, school in reached if far <= reached[0][0] * (1 + DIGITS)]
    nearest = row.get("nearest_school_id") if row.get("nearest_school_id") in near else near[0]
    decisive = _trips_of(row, nearest, worst[nearest], ground.store)
    value = reached[0][0] if column == "minutes_nearest" else nearest
    return Redone(text, value, rows=decisive)


def _trips_of(row: Record, school: str, worst: tuple[float, str, str], store: Store) -> tuple[Record, ...]:
    match = {name: _one(row, name) for name in ("village_code", "grade_band")} | {"school_id": frozenset({school})}
    _, mode, case = worst
    return tuple(r for r in store.find("travel_minutes", match) if (r.get("mode"), r.get("case")) == (mode, case))


def taught_in(band: str, store: Store) -> frozenset[str]:
    """Schools with pupils of a grade band in the base year."""
    match = {
        "school_year": frozenset({str(store.base_year)}),
        "grade": frozenset(map(str, BAND_GRADES[GradeBand(band)])),
    }
    return frozenset(r.get("school_id") for r in store.find("enrolment", match) if r.number_of("pupils") > 0)


def over_limit(row: Record, column: str, ground: Ground) -> Redone | None:
    """Day children whose worst-case trip is over the limit of T01 or has no route."""
    rule = ground.catalogue.rules["T01"]
    grades = set(BAND_GRADES[GradeBand(row.get("grade_band"))])
    if column != "over_limit" or not grades <= set(rule.grades) or not rule.is_set(ground.day):
        return None
    limit = rule.on(ground.day)
    worst = worst_minutes(row.get("village_code"), row.get("grade_band"), ground.store)
    taught = taught_in(row.get("grade_band"), ground.store)
    match = {name: _one(row, name) for name in ("village_code", "grade_band")}
    parts, homes = [], []
    for home in ground.store.find("allocation", match):
        school = home.get("attends")
        far = worst.get(school, (math.inf, "", ""))[0] if school in taught else math.inf
        if school != OUTSIDE and far > limit:
            parts.append(home.number_of("children") * (1 - boarding_share(school, row.get("grade_band"), ground.store)))
            homes.append(home)
    shown = " + ".join(map(figure, parts[:_TERMS])) or "0"
    return Redone(f"{shown}（> {limit:g} min）", math.fsum(parts), math.fsum(parts), rows=tuple(homes))


def boarding_share(school: str, band: str, store: Store) -> float:
    """Boarders among the pupils of a school and band in the base year; unknown counts as none."""
    match = {
        "school_id": frozenset({school}),
        "school_year": frozenset({str(store.base_year)}),
        "grade": frozenset(map(str, BAND_GRADES[GradeBand(band)])),
    }
    rows = store.find("enrolment", match)
    pupils = math.fsum(r.number_of("pupils") for r in rows)
    boarders = math.fsum(r.number_of(c) for r in rows for c in ("boarders_m", "boarders_f") if r.get(c))
    return boarders / pupils if pupils > 0 else 0.0


def base_pupils(school: str, store: Store, stage: str = "") -> list[Record]:
    """Rows of enrolment of a school in the base year, of one stage or of all."""
    match = {"school_id": frozenset({school}), "school_year": frozenset({str(store.base_year)})}
    if stage:
        match["grade"] = frozenset(map(str, STAGE_GRADES[Stage(stage)]))
    return store.find("enrolment", match)


def forecast_moved(row: Record, _column: str, _ground: Ground) -> Redone:
    """What is now less what the earlier forecast said."""
    now, before = row.number_of("now_mean"), row.number_of("previous_mean")
    return Redone(f"{figure(now)} − {figure(before)}", now - before, max(now, before))


def _one(row: Record, column: str) -> frozenset[str]:
    return frozenset({row.get(column)})


SIMPLE: Final[Mapping[str, Redo]] = {
    "births": births,
    "pupils_counted": pupils_counted,
    "pupils_rounded": pupils_rounded,
    "sum_of_schools": sum_of_schools,
    "sum_of_grades": sum_of_grades,
    "village_base": village_base,
    "village_base_outside": village_base_outside,
    "flow_children": flow_children,
    "flow_share": flow_share,
    "balance_seats": balance_seats,
    "balance_pupils": balance_pupils,
    "balance": balance,
    "walk_minutes": walk_minutes,
    "access_children": access_children,
    "access_attending": access_attending,
    "minutes_nearest": minutes_nearest,
    "over_limit": over_limit,
    "forecast_moved": forecast_moved,
}
