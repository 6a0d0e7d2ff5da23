"""Special education: rules S01, S02, S03 and S04."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

import pandas as pd

from layout_planner.compliance.findings import Entry, Finding, findings_frame, judge, only_row, subjects
from layout_planner.policy import Rule

_FLOOR: Final = "设在 {floor:.0f} 层（宜在底层）"


def check_resource_room(inclusive: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """S01: from a number of pupils with disabilities on, a mainstream school has a resource room (建设指南 2016).

    Parameters
    ----------
    inclusive
        One row a school with such pupils: subject_type, subject_id, subject_name, pupils, room_m2 (0: no room, missing:
        not told), shared (1: another school of the township has a room, 0: none has, missing: not told). [pupils],
        [m2]
    rule
        S01: pupils from which on the school has its own room.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a school: observed are its pupils with disabilities. A school below the number passes with a room of
        its own or of its township and is not evaluated without one, as the area it shares with is not told. [pupils]

    Raises
    ------
    PolicyError
        If no limit is in force on `day`.
    """
    limit = rule.on(day)
    findings = []
    for subject, rows in subjects(inclusive):
        row = only_row(rows)
        pupils, room = float(row["pupils"]), float(row["room_m2"])
        bound, served = pupils >= limit, room > 0 or (pupils < limit and float(row["shared"]) > 0)
        broken = bound and room == 0
        unknown = not served and not broken
        missing = "需：资源教室（schools.resource_room_m2）" if room != room else "需：片区共享的资源教室安排"
        findings.append(
            Finding(
                subject,
                judge(broken=broken, unknown=unknown),
                observed=pupils,
                limit=limit,
                affected=pupils if broken else 0.0,
                names="没有资源教室" if broken else "",
                missing=missing if unknown else "",
            )
        )
    return findings_frame(rule, findings, day)


def check_room_not_closed(closings: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """S02: a resource room does not stand in a school that is to be closed (建设指南 2016).

    Parameters
    ----------
    closings
        One row a school that would be closed: subject_type, subject_id, subject_name, room_m2 (0: no room, missing: not
        told), special_pupils (missing: not told). [m2], [pupils]
    rule
        S02: rooms that may be closed.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a subject: observed is the number of rooms lost, affected the pupils with disabilities. [rooms]

    Raises
    ------
    PolicyError
        If no limit is in force on `day`.
    """
    limit = rule.on(day)
    findings = []
    for subject, rows in subjects(closings):
        row = only_row(rows)
        room = float(row["room_m2"])
        rooms = float(room > 0) if room == room else float("nan")
        findings.append(
            Finding(
                subject,
                judge(broken=rooms > limit, unknown=room != room),
                observed=rooms,
                limit=limit,
                affected=float(row["special_pupils"]) if rooms > limit else 0.0,
                names=f"资源教室 {room:.0f} 平方米" if rooms > limit else "",
                missing="需：资源教室所在学校（schools.resource_room_m2）" if room != room else "",
                unit="room",
            )
        )
    return findings_frame(rule, findings, day)


def check_room_area(rooms: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """S03: a resource room is large enough; the ground floor is preferred (建设指南 2016).

    Parameters
    ----------
    rooms
        One row a school with a resource room: subject_type, subject_id, subject_name, room_m2, floor. [m2]
    rule
        S03: least area. [m2]
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a school: observed is the area; a room above the ground floor is told and does not fail. [m2]

    Raises
    ------
    PolicyError
        If no limit is in force on `day`.
    """
    limit = rule.on(day)
    findings = []
    for subject, rows in subjects(rooms[~(rooms["room_m2"] == 0)]):
        row = only_row(rows)
        area, floor = float(row["room_m2"]), float(row["floor"])
        findings.append(
            Finding(
                subject,
                judge(broken=area < limit, unknown=area != area),
                observed=area,
                limit=limit,
                names=_FLOOR.format(floor=floor) if floor == floor and floor != 1 else "",
                missing="需：" + "；".join(rule.needs) if area != area else "",
            )
        )
    return findings_frame(rule, findings, day)


def check_special_school(county: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """S04: a county of this size runs a special school to standard (《纲要》).

    Parameters
    ----------
    county
        One row: subject_type, subject_id, subject_name, people (residents), year. [people]
    rule
        S04: residents from which on the rule binds. [people]
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding: a smaller county is not bound and passes; a larger one is not evaluated, since no table tells
        whether its special school is up to standard. [people]

    Raises
    ------
    PolicyError
        If no limit is in force on `day`.
    """
    limit = rule.on(day)
    findings = []
    for subject, rows in subjects(county):
        row = only_row(rows)
        people = float(row["people"])
        free = people < limit
        findings.append(
            Finding(
                subject,
                judge(broken=False, unknown=not free),
                observed=people,
                limit=limit,
                names=f"{row['year']:.0f} 年常住人口不到限值，不受此约束" if free else "",
                missing="" if free else f"需：{rule.needs[1 if people == people else 0]}",
            )
        )
    return findings_frame(rule, findings, day)


CHECKS: Final[Mapping[str, Entry]] = {
    "S01": Entry("inclusive", check_resource_room),
    "S02": Entry("room_closings", check_room_not_closed),
    "S03": Entry("resource_rooms", check_room_area),
    "S04": Entry("population", check_special_school),
}
