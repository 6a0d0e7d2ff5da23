"""Findings done again: trips, sizes of schools and sections, staff, distances in zones."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from layout_planner.terms import COUNTY, OUTSIDE, STAGE_GRADES, GradeBand, Stage
from layout_planner.tracing.chain import check_table_of
from layout_planner.tracing.ground import Ground, lines_in_force
from layout_planner.tracing.redo import Redo, Redone, base_pupils, figure, largest_remainder, quotient, total
from layout_planner.tracing.store import Record, Store

_YEARS: Final = "year"
_SHOWN: Final = 3
_SECTION_RULES: Final = frozenset({"C01", "C02", "C03", "C07", "C13"})
_ZONE_RULES: Final = {"T06": ("2", 1000.0), "T07": ("2", 1000.0)}
_VOCATIONAL: Final = "vocational"
_DEGREES: Final = {"", "cgcs2000"}  # the place of a row is taken as it stands
_TINY: Final = 1e-9


def finding_limit(row: Record, _column: str, ground: Ground) -> Redone | None:
    """Number of the rule, or of one that it uses, in force on the day; silent where the limit is made of several."""
    rule = ground.catalogue.rules.get(row.get("rule_id"))
    if rule is None or row.get("limit") == "" or rule.unit == _YEARS:  # M12 sets a school year beside years of delay
        return None
    rules = [rule, *(ground.catalogue.rules[used] for used in rule.uses)]
    values = [line for r in rules for line in lines_in_force(r, [row.get("stage")], ground.day)]
    fitting = [v for v in values if Redone("", v.value).agrees(row.get("limit"))]
    if fitting:
        return Redone(f"{rule.id} {ground.day.isoformat()}", fitting[0].value)
    alone = {v.value for v in values}
    return Redone(f"{rule.id} {ground.day.isoformat()}", alone.pop()) if len(alone) == 1 and not rule.uses else None


def finding_observed(row: Record, column: str, ground: Ground) -> Redone | None:
    """Observed values that follow from the rows shown."""
    check = _CHECKS.get(check_table_of(row))
    return None if check is None or column not in {"observed", "affected"} else check(row, column, ground)


def _trips(row: Record, column: str, ground: Ground) -> Redone | None:
    """Longest worst-case trip to the nearest school; whole children of villages beyond the limit."""
    if row.get("subject_type") != "township" or row.get("rule_id") != "T01":
        return None
    match = {"township_code": frozenset({row.get("subject_id")}), "grade_band": frozenset({str(GradeBand.G13)})}
    villages = ground.store.find("access", match)
    inside = [_inside(village, ground.store) for village in villages]
    children = largest_remainder(inside, math.floor(math.fsum(inside) + 0.5))
    minutes = [village.number_of("minutes_nearest") for village in villages]
    there = [(m, n) for m, n in zip(minutes, children, strict=True) if n > 0]
    known = [m for m, _ in there if not math.isnan(m)]
    if column == "observed":
        longest = sorted(known, reverse=True)
        shown = "、".join(map(figure, longest[:_SHOWN])) + ("、…" if len(longest) > _SHOWN else "")
        worst = longest[0] if longest else float("nan")
        rows = tuple(v for v, m, n in zip(villages, minutes, children, strict=True) if m == worst and n > 0)
        return Redone(f"max({shown})", worst, rows=rows)
    limit = row.number_of("limit")
    over = [n for m, n in there if not m <= limit]
    return Redone(" + ".join(map(str, over)) or "0", float(sum(over)))


def _inside(village: Record, store: Store) -> float:
    match = {name: frozenset({village.get(name)}) for name in ("village_code", "grade_band")}
    rows = store.find("allocation", match)
    return math.fsum(r.number_of("children") for r in rows if r.get("attends") != OUTSIDE)


def _size(row: Record, column: str, ground: Ground) -> Redone | None:
    if column != "observed":
        return None
    grades = STAGE_GRADES[Stage.PRIMARY] + STAGE_GRADES[Stage.JUNIOR]
    rows = [r for r in base_pupils(row.get("subject_id"), ground.store) if int(r.get("grade")) in grades]
    return total(rows, "pupils")


def _young_boarders(row: Record, column: str, ground: Ground) -> Redone | None:
    if column != "observed" or row.get("rule_id") != "T02":
        return None
    rule = ground.catalogue.rule("T02")
    rows = [r for r in base_pupils(row.get("subject_id"), ground.store) if int(r.get("grade")) in rule.grades]
    boarders = math.fsum(r.number_of(c) for r in rows for c in ("boarders_m", "boarders_f"))
    return Redone(" + ".join(f"{r.get('boarders_m')} + {r.get('boarders_f')}" for r in rows), boarders)


def _sections(row: Record, column: str, ground: Ground) -> Redone | None:
    """Largest section of a school and stage: pupils ÷ sections, rounded up; multigrade sections taken together."""
    if column != "observed" or row.get("rule_id") not in _SECTION_RULES:
        return None
    rows = [r for r in base_pupils(row.get("subject_id"), ground.store, row.get("stage")) if r.number_of("pupils") > 0]
    if any(r.number_of("sections") == 0 for r in rows):
        pupils, counted = (math.fsum(r.number_of(name) for r in rows) for name in ("pupils", "sections"))
        return Redone(f"⌈{figure(pupils)} ÷ {figure(counted)}⌉", _up(pupils, counted))
    sizes = [(_up(r.number_of("pupils"), r.number_of("sections")), r) for r in rows]
    known = [(size, r) for size, r in sizes if not math.isnan(size)]
    if not known:
        return Redone("–", float("nan"))
    largest = max(size for size, _ in known)
    parts = [f"⌈{r.get('pupils')} ÷ {r.get('sections')}⌉" for _, r in sorted(known, key=lambda pair: -pair[0])]
    shown = "、".join(parts[:_SHOWN]) + ("、…" if len(parts) > _SHOWN else "")
    return Redone(f"max({shown})", largest, rows=tuple(r for size, r in known if size == largest))


def _up(pupils: float, sections: float) -> float:
    """Pupils of the largest section when they are divided evenly; NaN where sections are not known."""
    return float(math.ceil(pupils / sections - _TINY)) if sections > 0 else float("nan")


def _staff(row: Record, column: str, ground: Ground) -> Redone | None:
    """Pupils by staff of all roles, of a school and stage or of all general schools together."""
    if column != "observed" or row.get("rule_id") != "D01":
        return None
    store, stage = ground.store, row.get("stage")
    schools = [row.get("subject_id")]
    if row.get("subject_type") == COUNTY:
        register = store.rows("schools") or ()
        schools = [r.get("school_id") for r in register if r.get("kind") != _VOCATIONAL]
    pupils = posts = 0.0
    for school in schools:
        here = float(total(base_pupils(school, store, stage), "pupils").value)
        if here == 0:
            continue
        match = {"school_id": frozenset({school}), "stage": frozenset({stage})}
        rows = store.find("teachers", match)
        pupils += here
        posts += math.fsum(r.number_of("posts") for r in rows) if rows else float("nan")
    return quotient(pupils, posts)


def _zones(row: Record, column: str, ground: Ground) -> Redone | None:
    """Farthest village of a rural zone, in a straight line on the map plane of the county."""
    if column != "observed" or row.get("rule_id") not in _ZONE_RULES:
        return None
    place, unit = _ZONE_RULES[row.get("rule_id")]
    store = ground.store
    match = {"school_id": frozenset({row.get("subject_id")}), "stage": frozenset({row.get("stage")})}
    codes = frozenset(r.get("village_code") for r in store.find("zones", match))
    homes = [r for r in store.find("villages", {"village_code": codes}) if r.get("urban_rural")[:1] in {"", place}]
    site = store.find("schools", {"school_id": frozenset({row.get("subject_id")})})
    points = _plane([*site, *homes], ground)
    if not site or points is None:
        return None
    (x, y), *others = points
    far = sorted(((math.hypot(a - x, b - y) / unit, r) for (a, b), r in zip(others, homes, strict=True)),
                 key=lambda pair: -pair[0])  # fmt: skip
    if not far:
        return Redone("–", float("nan"))
    shown = "、".join(f"{r.get('name')} {figure(km)}" for km, r in far[:_SHOWN])
    rows = tuple(store.find("zones", match | {"village_code": frozenset({far[0][1].get("village_code")})}))
    return Redone(f"max({shown}{'、…' if len(far) > _SHOWN else ''})", far[0][0], rows=(*rows, far[0][1]))


def _plane(records: list[Record], ground: Ground) -> list[tuple[float, float]] | None:
    """Places on the map plane; None where one is not given as longitude and latitude in the county's own system."""
    from pyproj import Transformer

    if ground.plane is None or any(r.get("easting") or r.get("crs_source") not in _DEGREES for r in records):
        return None
    to_plane = Transformer.from_crs(4490, ground.plane, always_xy=True)
    places = [to_plane.transform(r.number_of("lon"), r.number_of("lat")) for r in records]
    return None if any(math.isnan(x + y) or math.isinf(x + y) for x, y in places) else places


_CHECKS: Final[Mapping[str, Callable[[Record, str, Ground], Redone | None]]] = {
    "trips": _trips,
    "school_sizes": _size,
    "boarders": _young_boarders,
    "sections": _sections,
    "staffing": _staff,
    "zone_trips": _zones,
}
FINDINGS: Final[Mapping[str, Redo]] = {"finding_limit": finding_limit, "finding_observed": finding_observed}
