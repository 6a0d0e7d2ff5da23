"""Children where they live, pupils where they sit, the way between: the stages up to the flows of the base year."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from layout_planner.attendance import estimate_allocation, flows, seen_pupils, village_children
from layout_planner.enrolment import cohort_of, school_year_cohorts
from layout_planner.pipeline.ledger import Ledger
from layout_planner.pipeline.setup import Setup
from layout_planner.policy import Catalogue
from layout_planner.terms import BAND_GRADES, BAND_OF_GRADE, GRADES, OUTSIDE
from layout_planner.travel import (
    access,
    build_network,
    normal_case,
    screening_minutes,
    travel_minutes,
    with_measured,
    worst_case,
)
from layout_planner.travel.closures import COLUMNS as CLOSURE_COLUMNS
from layout_planner.travel.closures import road_closures
from layout_planner.travel.minutes import Ground

TRIP_RULES = ("T01",)  # rules that limit the minutes of the grades they name


@dataclass(frozen=True)
class Travel:
    """Minutes of every pair: the table, the case families choose by, and the worst case that decides."""

    minutes: pd.DataFrame
    normal: pd.DataFrame
    worst: pd.DataFrame
    ground: Ground | None = None  # None where there are no roads


@dataclass(frozen=True)
class Attendance:
    """Who attends where in the base year."""

    pupils: pd.DataFrame
    children: pd.DataFrame
    allocation: pd.DataFrame
    flows: pd.DataFrame
    access: pd.DataFrame


def travel_of(setup: Setup) -> Travel:
    """Compute the minutes by grade band, mode and case: measured, else on the roads, else by straight lines."""
    cutoff, choice, trips = setup.values["travel_cutoff_min"], setup.travel, setup.county.more.get("trips")
    ground = None
    if setup.roads is None:
        minutes = screening_minutes(setup.villages, setup.schools, setup.values, cutoff)
    else:
        network = build_network(setup.roads, setup.values, barriers=setup.barriers)
        ground = Ground(network, setup.schools, setup.villages, setup.values, cutoff)
        minutes = travel_minutes(network, setup.villages, setup.schools, setup.values, cutoff, choice)
    minutes = with_measured(minutes, trips, pd.DataFrame(setup.schools.drop(columns="geometry")), choice)
    return Travel(minutes, normal_case(minutes), worst_case(minutes), ground)


def attendance_of(setup: Setup, travel: Travel, ledger: Ledger) -> Attendance:
    """Estimate who attends where, and record that no child is lost on the way.

    Raises
    ------
    LedgerError
        If two tables do not hold the same children.
    """
    pupils = base_pupils(setup)
    at_home = township_children(setup)
    observed = setup.county.attendance
    seen = None if observed is None else seen_pupils(observed, pupils)
    children = village_children(at_home, setup.villages, seen)
    ledger.hand_over("登记出生（按学年出生队列）→ 各村儿童", at_home["children"].sum(), children["children"].sum())
    allocation = estimate_allocation(children, pupils, travel.normal, setup.values, observed, towns=_towns(setup))
    inside = allocation["attends"] != OUTSIDE
    local = allocation["village_code"] != OUTSIDE
    ledger.hand_over(
        "各村儿童 → 就读流向（含不在县内就读）", children["children"].sum(), allocation.loc[local, "children"].sum()
    )
    ledger.hand_over("在校生 → 就读流向（各校）", pupils["pupils"].sum(), allocation.loc[inside, "children"].sum())
    by_town = flows(allocation, setup.villages)
    ledger.hand_over("各村就读流向 → 各镇流向", allocation["children"].sum(), by_town["children"].sum())
    reached = access(
        in_use(travel.worst, pupils),
        allocation,
        setup.villages,
        trip_limits(setup.catalogue, setup),
        boarding=boarding_shares(setup),
    )
    ledger.hand_over(
        "各村儿童 → 可达性", allocation.loc[local, "children"].sum(), reached["children"].sum(), names="access"
    )
    return Attendance(pupils, children, allocation, by_town, reached)


def closures_of(setup: Setup, travel: Travel, attendance: Attendance, ledger: Ledger) -> pd.DataFrame:
    """Close every bridge, tunnel and trunk section in turn: table `road_closures`, empty without roads.

    Raises
    ------
    LedgerError
        If a day child is lost on the way.
    """
    if travel.ground is None:
        return pd.DataFrame(columns=list(CLOSURE_COLUMNS))
    homes = attendance.allocation
    boards = boarding_shares(setup).reindex(pd.MultiIndex.from_frame(homes[["attends", "grade_band"]])).fillna(0.0)
    by_day = homes.assign(children=homes["children"] * (1.0 - boards.to_numpy()))
    limits, roads = trip_limits(setup.catalogue, setup), setup.roads
    names = None if roads is None or "name" not in roads.columns else roads["name"]
    table = road_closures(travel.ground, setup.travel.modes, by_day, limits, names)
    local = (by_day["attends"] != OUTSIDE) & (by_day["village_code"] != OUTSIDE)
    given = by_day.loc[local, "children"].sum()
    worst = table["day_children"].min() if len(table) else given
    ledger.hand_over("走读儿童 → 一处道路中断", given, worst, names="road_closures")
    return table


def township_children(setup: Setup) -> pd.DataFrame:
    """Children of the base year by home township and grade, from the births of their cohort. [children]"""
    cohorts = school_year_cohorts(setup.county.births)
    offered = sorted(set(setup.county.enrolment["grade"].astype(int)))
    rows = [
        cohorts[cohort_of(setup.base_year, grade)].rename("children").reset_index().assign(grade=grade)
        for grade in GRADES
        if grade in offered
    ]
    return pd.concat(rows, ignore_index=True)[["township_code", "grade", "children"]]


def base_pupils(setup: Setup) -> pd.DataFrame:
    """Pupils of the base year by school and grade band. [pupils]"""
    rows = _base_rows(setup)
    return rows.groupby(["school_id", "grade_band"], as_index=False)["pupils"].sum()


def boarding_shares(setup: Setup) -> pd.Series:
    """Share of boarders by school and grade band in the base year; unknown counts as none. [-]"""
    rows = _base_rows(setup)
    boarders = (rows["boarders_m"].fillna(0) + rows["boarders_f"].fillna(0)).astype(float)
    sums = rows.assign(boarders=boarders).groupby(["school_id", "grade_band"])[["boarders", "pupils"]].sum()
    return (sums["boarders"] / sums["pupils"].where(sums["pupils"] > 0)).fillna(0.0)


def in_use(worst: pd.DataFrame, pupils: pd.DataFrame) -> pd.DataFrame:
    """Pairs with a school that has pupils in the grade band: an empty school (空壳) is nobody's nearest one."""
    taught = pupils.loc[pupils["pupils"] > 0, ["school_id", "grade_band"]]
    return worst.merge(taught, on=["school_id", "grade_band"], how="inner")


def _towns(setup: Setup) -> dict[str, str]:
    """Township of every village and of every school."""
    villages = zip(setup.villages["village_code"], setup.villages["township_code"], strict=True)
    schools = zip(setup.schools["school_id"], setup.schools["township_code"], strict=True)
    return {**dict(villages), **dict(schools)}


def trip_limits(catalogue: Catalogue, setup: Setup) -> dict[str, float | None]:
    """Longest trip of each grade band by the rules in force, None where none is set. [min]"""
    limits: dict[str, float | None] = {str(band): None for band in BAND_GRADES}
    for rule_id in TRIP_RULES:
        rule = catalogue.rule(rule_id)
        for band, grades in BAND_GRADES.items():
            if set(grades) <= set(rule.grades) and rule.is_set(setup.day):
                limits[str(band)] = rule.on(setup.day)
    return limits


def _base_rows(setup: Setup) -> pd.DataFrame:
    enrolment = setup.county.enrolment
    rows = enrolment[enrolment["school_year"] == setup.base_year]
    names = {grade: str(band) for grade, band in BAND_OF_GRADE.items()}
    return rows.assign(grade_band=rows["grade"].astype(int).map(names))
