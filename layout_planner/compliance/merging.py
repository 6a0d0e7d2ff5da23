"""Closing and merging: rules M01 (definition), M08, M09, M10, M12 and M19, for every pair A→B and every plan."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Final

import pandas as pd

from layout_planner.compliance.findings import (
    Entry,
    Finding,
    Subject,
    findings_frame,
    judge,
    listed,
    only_row,
    subjects,
)
from layout_planner.compliance.places import shortages
from layout_planner.compliance.size import school_size_limit
from layout_planner.policy import Rule

_WHOLE = 1e-6  # expected pupils are sums of decimals; less than this is rounding, not a seat


def check_safe_routes(routes: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """M08: the way to the receiving school is certified as safe from every village (国办发〔2012〕48号（三）).

    Parameters
    ----------
    routes
        One row a subject and village: subject_type, subject_id, subject_name, village_name, children, safe (1 certified
        as safe, 0 as unsafe, missing: nobody has certified it). [children]
    rule
        M08: unsafe routes allowed.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a subject: observed is the number of unsafe routes, affected the children of their villages, names
        these villages; a route nobody has certified never passes. [routes]

    Raises
    ------
    PolicyError
        If no limit is in force on `day`.
    """
    limit = rule.on(day)
    findings = []
    for subject, rows in subjects(routes):
        used = rows[~(rows["children"] == 0)].sort_values("village_name")
        safe = used["safe"].astype(float)
        unsafe, unknown = used[safe == 0], used[safe.isna()]
        broken = len(unsafe) > limit
        counts = f"{len(unknown)} 条没有认定：{listed(unknown['village_name'])}"
        findings.append(
            Finding(
                subject,
                judge(broken=broken, unknown=len(unknown) > 0),
                observed=math.nan if len(unknown) and not len(unsafe) else float(len(unsafe)),
                limit=limit,
                affected=float(unsafe["children"].sum(skipna=False)) if broken else 0.0,
                names=listed(unsafe["village_name"]) if broken else "",
                missing=f"需：{rule.needs[0]}，{counts}" if len(unknown) else "",
            )
        )
    return findings_frame(rule, findings, day)


def check_receiver_places(receivers: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """M09: the receiving school has beds and meals for all (国办发〔2012〕48号).

    Parameters
    ----------
    receivers
        One row a subject: subject_type, subject_id, subject_name, boarders_after, beds, diners_after, meal_places
        (seats × sittings). [pupils], [beds], [places]
    rule
        M09.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a subject: observed is the places short, affected the same (children without a place of one kind,
        the larger kind), names what is short. [places]

    Raises
    ------
    PolicyError
        If no limit is in force on `day`.
    """
    limit = rule.on(day)
    findings = []
    for subject, rows in subjects(receivers):
        row = only_row(rows)
        kinds = [("床位", row["boarders_after"], row["beds"]), ("餐位", row["diners_after"], row["meal_places"])]
        short = shortages(kinds)
        findings.append(
            Finding(
                subject,
                judge(broken=short.total > limit, unknown=bool(short.unknown)),
                observed=short.observed,
                limit=limit,
                affected=max(shortages([kind]).total for kind in kinds),
                names=listed(short.names),
                missing="需：接收学校" + listed(short.unknown) if short.unknown else "",
            )
        )
    return findings_frame(rule, findings, day)


def check_merge_crowding(cases: pd.DataFrame, rule: Rule, day: date, *, oversized: Rule, ceiling: Rule) -> pd.DataFrame:
    """M10: the merger makes no oversized class and no oversized school (国办发〔2012〕48号).

    Only what the merger causes counts: below a limit before (or not known), at or above it after.

    Parameters
    ----------
    cases
        One row a subject and stage: subject_type, subject_id, subject_name, stage, class_size_before,
        class_size_after, size_before, size_after (grades 1–9 of the receiver), through_school. [pupils]
    rule
        M10.
    day
        Day on which the rule is applied.
    oversized
        C07: oversized and very oversized class.
    ceiling
        C10: largest school.

    Returns
    -------
    DataFrame
        One finding a subject and stage: observed and limit are the class size, or the school size where only that is
        broken; affected the pupils of the receiver afterwards. [pupils]

    Raises
    ------
    PolicyError
        If a limit is not in force on `day`.
    """
    class_limits = {name: oversized.on(day, part=name) for name in ("oversized", "very_oversized")}
    findings = []
    for subject, rows in subjects(cases[cases["stage"].isin(rule.stages)], "stage"):
        row = only_row(rows)
        largest = school_size_limit(ceiling, day, through_school=bool(row["through_school"]))
        findings.append(_crowding(subject, row, class_limits, largest, cites=_cites(rule, oversized, ceiling)))
    return findings_frame(rule, findings, day)


def check_build_before_close(cases: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """M12: what the receiver needs is usable by the year of closing (先建后撤，国办发〔2012〕48号；27号（六）).

    Parameters
    ----------
    cases
        One row a subject: subject_type, subject_id, subject_name, needed_capacity_ready_year (NaN = usable now),
        closing_year; where known affected and seats_missing (seats that the move lacks with nothing to build them).
        [year], [children], [seats]
    rule
        M12: school years by which the receiver may be late.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a subject: observed is the year in which the receiver is ready, limit the last year allowed. [year]

    Raises
    ------
    PolicyError
        If the rule is not in force on `day`.
    """
    late = rule.on(day)
    findings = []
    for subject, rows in subjects(cases):
        row = only_row(rows)
        ready, closing = float(row["needed_capacity_ready_year"]), float(row["closing_year"])
        short = math.ceil(float(row.get("seats_missing", 0.0)) - _WHOLE)
        broken, unknown = ready > closing + late or short > 0, math.isnan(closing)
        findings.append(
            Finding(
                subject,
                judge(broken=broken, unknown=unknown),
                observed=ready,
                limit=closing + late,
                affected=float(row.get("affected", math.nan)) if broken else 0.0,
                names=f"接收学校缺 {short} 个学位，没有扩建安排" if short > 0 else "",
                missing="需：撤并学年" if unknown else "",
            )
        )
    return findings_frame(rule, findings, day)


def check_must_keep(cases: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """M19: a school that must stay is not closed (国办发〔2012〕48号；甘肃 2013).

    Parameters
    ----------
    cases
        One row a school that would be closed: subject_type, subject_id, subject_name, must_keep (missing = the county
        has not said), must_keep_reason, affected. [children]
    rule
        M19: schools of this kind that may be closed.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a subject: observed is 1 for a school that must stay; names hold the reason. [schools]

    Raises
    ------
    PolicyError
        If the rule is not in force on `day`.
    """
    limit = rule.on(day)
    findings = []
    for subject, rows in subjects(cases):
        row = only_row(rows)
        unknown = bool(pd.isna(row["must_keep"]))
        kept = math.nan if unknown else float(bool(row["must_keep"]))
        broken, reason = kept > limit, row["must_keep_reason"]
        findings.append(
            Finding(
                subject,
                judge(broken=broken, unknown=unknown),
                observed=kept,
                limit=limit,
                affected=float(row["affected"]) if broken else 0.0,
                names=str(reason) if broken and not pd.isna(reason) else "",
                missing="需：应当保留的认定（schools.must_keep）" if unknown else "",
            )
        )
    return findings_frame(rule, findings, day)


def _cites(rule: Rule, oversized: Rule, ceiling: Rule) -> tuple[str, str]:
    return f"{rule.cite};{oversized.cite}", f"{rule.cite};{ceiling.cite}"


def _crowding(
    subject: Subject, row: pd.Series, class_limits: dict[str, float], largest: float, *, cites: tuple[str, str]
) -> Finding:
    """Judge one merger and stage; the class comes first, the school's size where only that is broken."""
    before, after = float(row["class_size_before"]), float(row["class_size_after"])
    small, large = float(row["size_before"]), float(row["size_after"])
    words = {"oversized": "大班额", "very_oversized": "超大班额"}
    crossed = [name for name, limit in class_limits.items() if not before >= limit and after >= limit]
    too_big = not small > largest and large > largest
    names = [f"{words[name]}:{after:.0f} 人/班" for name in crossed[-1:]]
    names += [f"超大规模学校：{large:.0f} 人"] if too_big else []
    unknown = [word for word, value in (("接收学校并后班额", after), ("接收学校并后规模", large)) if math.isnan(value)]
    school_only = too_big and not crossed
    return Finding(
        subject,
        judge(broken=bool(names), unknown=bool(unknown)),
        observed=large if school_only else after,
        limit=largest if school_only else class_limits[crossed[-1] if crossed else "oversized"],
        affected=large if names else 0.0,
        names=listed(names),
        missing="需：" + listed(unknown) if unknown else "",
        stage=str(row["stage"]),
        cite=cites[1] if school_only else cites[0],
        unit="pupils" if school_only else "pupils/section",
    )


CHECKS: Final[Mapping[str, Entry]] = {
    "M08": Entry("routes", check_safe_routes),
    "M09": Entry("receivers", check_receiver_places),
    "M10": Entry("crowding", check_merge_crowding, {"oversized": "C07", "ceiling": "C10"}),
    "M12": Entry("readiness", check_build_before_close),
    "M19": Entry("closings", check_must_keep),
}
