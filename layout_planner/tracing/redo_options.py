"""Options for small schools done again: who moves from which village, their trips, sections and beds afterwards."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from layout_planner.capacity import form_sections, largest_section, seat_limits
from layout_planner.terms import BAND_GRADES, BAND_OF_GRADE, OUTSIDE, STAGE_GRADES, GradeBand, Stage
from layout_planner.tracing.ground import Ground
from layout_planner.tracing.redo import DIGITS, Redo, Redone, base_pupils, figure, largest_remainder, worst_minutes
from layout_planner.tracing.store import Record, Store

YOUNG: Final = str(GradeBand.G13)
_OLDER: Final = frozenset(map(str, (GradeBand.G46, GradeBand.G79, GradeBand.G1012)))
_TOP_OF_POINT: Final = BAND_GRADES[GradeBand.G13][-1]
_MOVES: Final = frozenset({"merge", "teaching_point"})
_POINT: Final = "teaching_point"
_SHOWN: Final = 4
_SEXES: Final = ("m", "f")


@dataclass(frozen=True)
class Group:
    """Whole children of one village and grade band, with the trips that count before and after. [children], [min]"""

    village: str
    band: str
    children: int
    before: float
    after: float
    case: str
    school: str


def effects(row: Record, column: str, ground: Ground) -> Redone | None:
    """One effect of an option on the trips of those who move (of all pupils where nobody moves)."""
    redo = _EFFECTS.get(column)
    return None if redo is None else redo(row, ground)


def groups_of(row: Record, ground: Ground, *, stay: bool = False) -> list[Group]:
    """Pupils of the school by home village, whole children; `stay`: all of them at their own school."""
    moves = row.get("option") in _MOVES and not stay
    older_alone = row.get("option") == _POINT and not stay
    lowest = _TOP_OF_POINT + 1 if older_alone else min(STAGE_GRADES[Stage.PRE])
    school = row.get("school_id")
    goes_to = row.get("receiver_id") if moves else school
    found = []
    for band, pupils in _pupils_by_band(school, lowest, ground.store).items():
        for village, children in whole_by_village(school, band, pupils, ground.store):
            found.append(_group(village, band, children, (school, goes_to), ground, moves=moves))
    return found


def whole_by_village(school: str, band: str, pupils: float, store: Store) -> list[tuple[str, int]]:
    """Share the pupils of a school and band out over their home villages, whole children; villages without any left out.

    Raises
    ------
    ValueError
        If the printed digits do not settle who gets the last child.
    """
    homes = _homes(school, band, store)
    whole = math.fsum(homes.values())
    expected = [pupils * share / whole for share in homes.values()]
    goal = math.floor(math.fsum(expected) + 0.5)
    counts = largest_remainder(expected, goal)
    if not _settled(expected, goal):
        raise ValueError(school, band)
    return [(village, children) for village, children in zip(homes, counts, strict=True) if children > 0]


def _settled(expected: list[float], goal: int) -> bool:
    """Whether the remainders of those who get one more child and of those who do not are apart as far as is printed."""
    slack = 3 * DIGITS * max(expected, default=0.0)
    if abs(math.fsum(expected) + 0.5 - round(math.fsum(expected) + 0.5)) < slack and slack > 0 and goal > 0:
        return False
    floors = [math.floor(value + slack) for value in expected]
    left = sorted((value - floor for value, floor in zip(expected, floors, strict=True)), reverse=True)
    more = goal - sum(floors)
    return not 0 < more < len(left) or left[more - 1] - left[more] > slack


def _pupils_by_band(school: str, lowest: int, store: Store) -> dict[str, float]:
    sums: dict[str, float] = {}
    for record in base_pupils(school, store):
        grade = int(record.get("grade"))
        if grade >= lowest:
            band = str(BAND_OF_GRADE[grade])
            sums[band] = sums.get(band, 0.0) + record.number_of("pupils")
    return sums


def _homes(school: str, band: str, store: Store) -> dict[str, float]:
    """Children by home village, of the band, else of the whole school, else its own village; "" where none is known."""
    known = [r for r in store.find("allocation", {"attends": frozenset({school})}) if r.number_of("children") > 0]
    rows = [r for r in known if r.get("grade_band") == band] or known
    sums: dict[str, float] = {}
    for record in rows:
        village = record.get("village_code")
        village = "" if village == OUTSIDE else village
        sums[village] = sums.get(village, 0.0) + record.number_of("children")
    if not sums:
        register = store.find("schools", {"school_id": frozenset({school})})
        return {register[0].get("village_code") if register else "": 1.0}
    return dict(sorted(sums.items()))


def _group(village: str, band: str, children: int, way: tuple[str, str], ground: Ground, *, moves: bool) -> Group:
    school, goes_to = way
    trips = worst_minutes(village, band, ground.store)
    nowhere = (math.inf, "", "")
    chosen, trip = trips.get(school, nowhere)[0], trips.get(goes_to, nowhere)
    before, after = chosen, trip[0]
    if band == YOUNG:
        near = open_by_distance(trips, ground, ground.store.base_year + 1)
        today = near[0][0] if near else math.inf
        left = next((far for far, other in near if other != school), math.inf) if moves else today
        before, after = counted(chosen, chosen, today, ground), counted(chosen, trip[0], left, ground)
    return Group(village, band, children, before, after, trip[2], goes_to)


def counted(chosen: float, trip: float, nearest: float, ground: Ground) -> float:
    """Trip that the county answers for: the nearest school where the family chose one over the limit all the same."""
    limit = limit_of(ground)
    return min(trip, nearest) if not chosen <= limit and nearest <= limit else trip


def limit_of(ground: Ground) -> float:
    """Limit of T01 on the day of the run. [min]"""
    return ground.catalogue.rule("T01").on(ground.day)


def open_by_distance(trips: Mapping[str, tuple[float, str, str]], ground: Ground, year: int) -> list[tuple[float, str]]:
    """Schools in use that teach grades 1–3 and are open in a year, nearest first."""
    return sorted(
        (far, school) for school, (far, _, _) in trips.items() if far < math.inf and _serves(school, ground, year)
    )


def _serves(school: str, ground: Ground, year: int) -> bool:
    young = set(map(str, BAND_GRADES[GradeBand.G13]))
    taught = [r for r in base_pupils(school, ground.store) if r.get("grade") in young and r.number_of("pupils") > 0]
    for record in ground.store.find("schools", {"school_id": frozenset({school})}) if taught else ():
        shut = record.number_of("opened") > year or record.number_of("closed") <= year
        return not shut and record.number_of("grade_low") <= _TOP_OF_POINT <= record.number_of("grade_high")
    return False


def _moved(row: Record, ground: Ground) -> Redone:
    if row.get("option") not in _MOVES:
        return Redone("0", 0.0)
    counts = [float(group.children) for group in groups_of(row, ground)]
    return Redone(_sum(counts), math.fsum(counts))


def _minutes_before(row: Record, ground: Ground) -> Redone:
    return _mean([(group.children, group.before) for group in groups_of(row, ground)])


def _minutes_after(row: Record, ground: Ground) -> Redone:
    groups = groups_of(row, ground)
    return _mean([(group.children, group.after) for group in groups], _decisive(groups, ground))


def _minutes_max(row: Record, ground: Ground) -> Redone:
    groups = groups_of(row, ground)
    known = sorted((group.after for group in groups if group.after < math.inf), reverse=True)
    if not known:
        return Redone("–", float("nan"))
    shown = "、".join(map(figure, known[:_SHOWN])) + ("、…" if len(known) > _SHOWN else "")
    return Redone(f"max({shown})", known[0], rows=_decisive(groups, ground))


def _case(row: Record, ground: Ground) -> Redone:
    """Season of the longest trip; of equal trips the one that is printed."""
    groups = groups_of(row, ground)
    longest = max((group.after for group in groups if group.after < math.inf), default=None)
    cases = [group.case for group in groups if group.after == longest] or [""]
    case = row.get("case") if row.get("case") in cases else cases[-1]
    return Redone(f"max → {case or '–'}", case, rows=_decisive(groups, ground))


def _decisive(groups: list[Group], ground: Ground) -> tuple[Record, ...]:
    """Rows of travel_minutes that give the longest trip."""
    known = [group for group in groups if group.after < math.inf]
    if not known:
        return ()
    worst = max(known, key=lambda group: group.after)
    match = {
        "village_code": frozenset({worst.village}),
        "school_id": frozenset({worst.school}),
        "grade_band": frozenset({worst.band}),
    }
    rows = ground.store.find("travel_minutes", match)
    return tuple(r for r in rows if r.get("case") == worst.case and _same(r.number_of("minutes"), worst.after))


def _same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-6)


def _over(*, after: bool) -> Callable[[Record, Ground], Redone]:
    def over_limit(row: Record, ground: Ground) -> Redone:
        over = _young_over(row, ground, after=after)
        counts = [float(group.children) for group in over]
        return Redone(f"{_sum(counts)}（> {limit_of(ground):g} min）", math.fsum(counts))

    return over_limit


def _young_over(row: Record, ground: Ground, *, after: bool) -> list[Group]:
    groups = groups_of(row, ground, stay=row.get("option") == _POINT)
    young = [group for group in groups if group.band == YOUNG and group.village]
    return [group for group in young if not (group.after if after else group.before) <= limit_of(ground)]


def _villages_over(row: Record, ground: Ground) -> Redone:
    names = {r.get("village_code"): r.get("name") for r in ground.store.rows("villages") or ()}
    over = dict.fromkeys(names.get(group.village, group.village) for group in _young_over(row, ground, after=True))
    text = "、".join(over)
    return Redone(text or "–", text)


def _boarders_after(row: Record, ground: Ground) -> Redone | None:
    if row.get("option") not in _MOVES:
        return None
    rule = ground.catalogue.rule("T05")
    limit = float(rule.on(ground.day)) if rule.is_set(ground.day) else ground.values["boarding_minutes"]
    groups = [group for group in groups_of(row, ground) if group.band in _OLDER and group.village]
    far = [float(group.children) for group in groups if group.before <= limit and not group.after <= limit]
    return Redone(f"{_sum(far)}（> {limit:g} min）", math.fsum(far))


def _beds_spare(row: Record, ground: Ground) -> Redone | None:
    """Beds less boarders of the receiver; a boys' bed is none for a girl."""
    register = ground.store.find("schools", {"school_id": frozenset({row.get("receiver_id")})})
    if row.get("option") not in _MOVES or not register:
        return None
    rows = base_pupils(row.get("receiver_id"), ground.store)
    beds = [register[0].number_of(f"dorm_beds_{sex}") for sex in _SEXES]
    here = [math.fsum(r.number_of(f"boarders_{sex}") for r in rows) for sex in _SEXES]
    short = math.fsum(max(lie - have, 0.0) for have, lie in zip(beds, here, strict=True))
    text = " + ".join(f"({figure(have)} − {figure(lie)})" for have, lie in zip(beds, here, strict=True))
    return Redone(text, -short if short > 0 else math.fsum(beds) - math.fsum(here))


def _class_size(*, after: bool) -> Callable[[Record, Ground], Redone | None]:
    def formed(row: Record, ground: Ground) -> Redone | None:
        register = ground.store.find("schools", {"school_id": frozenset({row.get("receiver_id")})})
        if row.get("option") not in _MOVES or not register:
            return None
        pupils, rows = _tally(row, ground, after=after)
        school, special = register[0], register[0].number_of("special_rooms")
        rooms = school.number_of("classrooms") - (0.0 if math.isnan(special) else special)
        limits = seat_limits(ground.catalogue, ground.day, ground.values)
        high = int(school.get("grade_high"))
        grades = sorted(pupils)
        counts = np.array([pupils[grade] for grade in grades])
        size = np.array([limits.grade_size("near", grade, high) for grade in grades])
        sections = form_sections(counts, size, rooms)
        primary = [i for i, grade in enumerate(grades) if grade in STAGE_GRADES[Stage.PRIMARY]]
        sizes = {i: largest_section(counts[[i]], sections[[i]]) for i in primary}
        worst = max(primary, key=lambda i: sizes[i])
        text = f"⌈{figure(counts[worst])} ÷ {figure(float(sections[worst]))}⌉（{figure(rooms)} 间教室编班）"
        decisive = tuple(r for r in rows if r.get("grade") == str(grades[worst]))
        return Redone(text, sizes[worst], rows=(*decisive, school))

    return formed


def _tally(row: Record, ground: Ground, *, after: bool) -> tuple[dict[int, float], list[Record]]:
    """Pupils of the receiver by grade, with those who come; and the rows they stand in."""
    rows = list(base_pupils(row.get("receiver_id"), ground.store))
    lowest = _TOP_OF_POINT + 1 if row.get("option") == _POINT else min(STAGE_GRADES[Stage.PRE])
    coming = [r for r in base_pupils(row.get("school_id"), ground.store) if int(r.get("grade")) >= lowest]
    pupils: dict[int, float] = {int(r.get("grade")): 0.0 for r in [*rows, *coming]}
    rows += coming if after else []
    for record in rows:
        pupils[int(record.get("grade"))] += record.number_of("pupils")
    return pupils, rows


def _sum(counts: Iterable[float]) -> str:
    numbers = sorted(counts, reverse=True)
    return (" + ".join(map(figure, numbers[:_SHOWN])) or "0") + (" + …" if len(numbers) > _SHOWN else "")


def _mean(pairs: list[tuple[int, float]], rows: tuple[Record, ...] = ()) -> Redone:
    """Mean minutes of the children with a route."""
    known = sorted(((n, far) for n, far in pairs if far < math.inf), key=lambda pair: -pair[1])
    children = sum(n for n, _ in known)
    shown = " + ".join(f"{n} × {figure(far)}" for n, far in known[:_SHOWN]) + (" + …" if len(known) > _SHOWN else "")
    value = math.fsum(n * far for n, far in known) / children if children else float("nan")
    return Redone(f"({shown}) ÷ {children}" if children else "–", value, rows=rows)


_EFFECTS: Final[Mapping[str, Callable[[Record, Ground], Redone | None]]] = {
    "moved": _moved,
    "minutes_before": _minutes_before,
    "minutes_after": _minutes_after,
    "minutes_after_max": _minutes_max,
    "case": _case,
    "over_limit_before": _over(after=False),
    "over_limit_after": _over(after=True),
    "villages_over": _villages_over,
    "boarders_after": _boarders_after,
    "beds_spare": _beds_spare,
    "class_size_before": _class_size(after=False),
    "class_size_after": _class_size(after=True),
}
OPTIONS: Final[Mapping[str, Redo]] = {"option_effects": effects}
