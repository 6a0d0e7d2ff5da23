"""Trips of the status quo done again from the forecast means; a plan's own assignment is not followed here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from layout_planner.compliance.findings import listed
from layout_planner.terms import BAND_GRADES, GradeBand
from layout_planner.tracing.ground import Ground
from layout_planner.tracing.redo import Redo, Redone, figure, worst_minutes
from layout_planner.tracing.redo_options import YOUNG, counted, limit_of, open_by_distance, whole_by_village
from layout_planner.tracing.store import Record

STATUS_QUO: Final = "现状"
_SHOWN: Final = 3
_P95: Final = 0.95
Trip = tuple[int, float, str]  # children, minutes (inf without a route), village


def trips(row: Record, column: str, ground: Ground) -> Redone | None:
    """Trips of grades 1–3 of a year without any decision; nobody moves."""
    if row.get("plan") != STATUS_QUO:
        return None
    if column in {"moved", "boarders_after"}:
        return Redone("0", 0.0)
    found = _young(row, ground)
    over = [trip for trip in found if not trip[1] <= limit_of(ground)]
    if column == "g13_over_limit":
        value = float(sum(children for children, _, _ in over))
        return Redone(f"Σ {len(over)} = {figure(value)}（> {limit_of(ground):g} min）", value)
    if column == "villages_over":
        return _villages(over, ground)
    routed = sorted((far, children) for children, far, _ in found if far < math.inf)
    if not routed:
        return Redone("–", float("nan"))
    if column == "minutes_max":
        shown = "、".join(figure(far) for far, _ in routed[: -_SHOWN - 1 : -1])
        return Redone(f"max({shown}、…)", routed[-1][0])
    children = sum(n for _, n in routed)
    if column == "minutes_mean":
        total = math.fsum(far * n for far, n in routed)
        return Redone(f"{figure(total)} ÷ {children}", total / children)
    return Redone(f"P95（{children}）", _quantile(routed, _P95 * children))


def _young(row: Record, ground: Ground) -> list[Trip]:
    store, year = ground.store, int(row.get("school_year"))
    match = {
        "school_year": frozenset({row.get("school_year")}),
        "grade": frozenset(map(str, BAND_GRADES[GradeBand.G13])),
    }
    sums: dict[str, float] = {}
    for record in store.find("forecast_school", match):
        school = record.get("school_id")
        sums[school] = sums.get(school, 0.0) + record.number_of("pupils_mean")
    found: list[Trip] = []
    near: dict[str, tuple[dict[str, tuple[float, str, str]], float]] = {}
    for school, pupils in sums.items():
        for village, children in whole_by_village(school, YOUNG, pupils, store):
            if not village:
                continue
            if village not in near:
                worst = worst_minutes(village, YOUNG, store)
                ranked = open_by_distance(worst, ground, year)
                near[village] = (worst, ranked[0][0] if ranked else math.inf)
            worst, nearest = near[village]
            chosen = worst.get(school, (math.inf, "", ""))[0]
            found.append((children, counted(chosen, chosen, nearest, ground), village))
    return found


def _villages(over: list[Trip], ground: Ground) -> Redone:
    names = {r.get("village_code"): r.get("name") for r in ground.store.rows("villages") or ()}
    sums: dict[str, int] = {}
    for children, _, village in over:
        sums[village] = sums.get(village, 0) + children
    ordered = [name for _, name in sorted((-n, names.get(village, village)) for village, n in sums.items())]
    text = listed(ordered)
    return Redone(text or "–", text)


def _quantile(routed: list[tuple[float, int]], goal: float) -> float:
    """Smallest minutes that this many children do not exceed."""
    reached = 0
    for far, children in routed:
        reached += children
        if reached >= goal * (1 - 1e-12):
            return far
    return routed[-1][0]


PLANS_REDO: Final[Mapping[str, Redo]] = {"status_quo_trips": trips}
