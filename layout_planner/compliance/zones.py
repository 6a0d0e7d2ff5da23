"""Distances within attendance areas (km and m rules only) and people per school: rules T06, T07, T08 and T09."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

import pandas as pd

from layout_planner.compliance.findings import (
    Entry,
    Finding,
    findings_frame,
    judge,
    listed,
    only_row,
    subjects,
)
from layout_planner.policy import Rule

_METRES: Final = {"km": 1000.0, "m": 1.0}
RURAL: Final = "rural"
TOWN: Final = "county_town"


def check_rural_radius(zone_trips: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """T06, T07: villages of a rural zone lie within the service radius (straight line, as the rule is in km).

    Parameters
    ----------
    zone_trips
        One row a school, stage and village of its zone: subject_type, subject_id, subject_name (the school), stage,
        village_name, children, metres (straight line), place (``rural``, ``county_town``, other, missing), boards. [m],
        [children]
    rule
        T06 (set by the county) or T07.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a school and stage: observed is the farthest village, affected the children beyond the radius, names
        their villages. [km]

    Raises
    ------
    PolicyError
        If no limit is in force on `day`.
    """
    return _radius(zone_trips, rule, day, RURAL)


def check_town_radius(zone_trips: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """T09: in the county town, schools lie within the radius; boarding schools are exempt (GB 50099-2011 4.1).

    That day pupils do not cross a trunk road or a railway cannot be told from distances and is not judged.

    Parameters, errors as `check_rural_radius`; schools with boarders in the stage are left out.

    Returns
    -------
    DataFrame
        One finding a school and stage: observed is the farthest village. [m]
    """
    return _radius(zone_trips[~zone_trips["boards"].astype(bool)], rule, day, TOWN)


def _radius(zone_trips: pd.DataFrame, rule: Rule, day: date, place: str) -> pd.DataFrame:
    metres = _METRES[rule.unit]
    here = zone_trips[zone_trips["stage"].isin(rule.stages)]
    here = here[(here["place"] == place) | here["place"].isna()]
    findings = []
    for subject, rows in subjects(here, "stage"):
        stage = str(rows["stage"].iloc[0])
        limit = rule.on(day, stage=stage)
        rows = rows.sort_values("village_name").assign(distance=rows["metres"] / metres)
        unknown = rows[(rows["distance"].isna() | rows["place"].isna()) & ~(rows["children"] == 0)]
        over = rows[(rows["distance"] > limit) & rows["place"].notna() & ~(rows["children"] == 0)]
        far = [f"{name} {km:.1f}" for name, km in zip(over["village_name"], over["distance"], strict=True)]
        findings.append(
            Finding(
                subject,
                judge(broken=len(over) > 0, unknown=len(unknown) > 0),
                observed=float(rows["distance"].max()),
                limit=limit,
                affected=float(over["children"].sum(skipna=False)),
                names=listed(far),
                missing=f"需：{listed(unknown['village_name'])}的位置与城乡分类" if len(unknown) else "",
                stage=stage,
                cite=rule.cite_on(day, stage=stage),
            )
        )
    return findings_frame(rule, findings, day)


def check_people_per_school(service: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """T08: people of the county for each complete primary and each junior school (Henan, as a comparison only).

    Parameters
    ----------
    service
        One row a stage: subject_type, subject_id, subject_name (the county), stage, people, schools. [people],
        [schools]
    rule
        T08; the part ``high`` is the largest number.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a stage: observed are the people per school, the mean of the county. [people]

    Raises
    ------
    PolicyError
        If no limit is in force on `day`.
    """
    findings = []
    for subject, rows in subjects(service[service["stage"].isin(rule.stages)], "stage"):
        row = only_row(rows)
        stage, schools = str(row["stage"]), float(row["schools"])
        each = float(row["people"]) / schools if schools > 0 else float("nan")
        low = rule.on(day, stage=stage)
        high = rule.on(day, stage=stage, part="high") if rule.is_set(day, stage, "high") else float("inf")
        findings.append(
            Finding(
                subject,
                judge(broken=each < low or each > high, unknown=each != each),
                observed=each,
                limit=high if each > high else low,
                names=f"全县平均，{schools:.0f} 所",
                missing="需：" + "；".join(rule.needs) if each != each else "",
                stage=stage,
                cite=rule.cite_on(day, stage=stage),
            )
        )
    return findings_frame(rule, findings, day)


CHECKS: Final[Mapping[str, Entry]] = {
    "T06": Entry("zone_trips", check_rural_radius),
    "T07": Entry("zone_trips", check_rural_radius),
    "T08": Entry("service", check_people_per_school),
    "T09": Entry("zone_trips", check_town_radius),
}
