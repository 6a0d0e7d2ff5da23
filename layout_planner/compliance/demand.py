"""Children and their schools: rules A01 (in part) and A05."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

import pandas as pd

from layout_planner.compliance.findings import (
    NOT_EVALUATED,
    Entry,
    Finding,
    Subject,
    findings_frame,
    judge,
    listed,
    subjects,
)
from layout_planner.policy import Rule
from layout_planner.terms import COUNTY, Stage, label

_COUNTY: Final = Subject(COUNTY, COUNTY, "全县")


def check_late_entry(residents: pd.DataFrame, rule: Rule, day: date, *, ages: Rule) -> pd.DataFrame:
    """A01: nobody of school age is out of school once the latest age of entry is reached (义务教育法 第十一条).

    Entry before six years cannot be seen without pupils by age and grade, so the rule fails or is not evaluated.

    Parameters
    ----------
    residents
        One row a township and age: subject_type, subject_id, subject_name, age, not_enrolled. [children]
    rule
        A01; its part ``late`` is the latest age of entry.
    day
        Day on which the rule is applied.
    ages
        A03: last age of the junior stage.

    Returns
    -------
    DataFrame
        One finding a township: observed and affected are the children out of school. [children]

    Raises
    ------
    PolicyError
        If a limit is not in force on `day`.
    """
    first, last = rule.on(day, part="late"), ages.on(day, stage=str(Stage.JUNIOR), part="high")
    findings = []
    for subject, rows in subjects(residents):
        due = rows[(rows["age"] >= first) & (rows["age"] <= last)].sort_values("age")
        out = due[due["not_enrolled"] > 0]
        count = float(due["not_enrolled"].sum(min_count=1)) if len(due) else float("nan")
        names = [f"{age:.0f} 周岁 {n:.0f} 人" for age, n in zip(out["age"], out["not_enrolled"], strict=True)]
        findings.append(
            Finding(
                subject,
                judge(broken=count > 0, unknown=True),
                observed=count,
                limit=0.0,
                affected=count if count > 0 else 0.0,
                names=listed(names),
                missing="" if count > 0 else "需：" + "；".join(rule.needs),
                unit="children",
            )
        )
    return findings_frame(rule, findings, day)


def check_zones_complete(zoning: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """A05: every village has a school to enrol at, near home, in each compulsory stage (义务教育法 第十二条).

    Parameters
    ----------
    zoning
        One row a village and stage: subject_type, subject_id, subject_name (the township), stage, village_name,
        children, zoned (some zone names it), usable (a school of its zones is open and teaches the stage). [children]
    rule
        A05.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a township and stage: observed is the number of villages without a usable zone, affected their
        children, names the villages. One row of the county, not evaluated: no table tells whether children from
        elsewhere are taken in on equal terms.

    Raises
    ------
    PolicyError
        Never for want of a number: the rule has none.
    """
    findings = []
    for stage in rule.stages:
        for subject, rows in subjects(zoning[zoning["stage"] == stage]):
            bad = rows[~rows["usable"].astype(bool)].sort_values("village_name")
            words = bad["village_name"].astype("str") + bad["zoned"].map({True: "（学区学校未开办该学段）", False: ""})
            findings.append(
                Finding(
                    subject,
                    judge(broken=len(bad) > 0, unknown=False),
                    observed=float(len(bad)),
                    limit=0.0,
                    affected=float(bad["children"].sum(skipna=False)),
                    names=f"{label('stage', stage)}没有学区：{listed(words)}" if len(bad) else "",
                    stage=stage,
                    unit="village",
                )
            )
    findings.append(Finding(_COUNTY, NOT_EVALUATED, missing="需：" + rule.needs[-1]))
    return findings_frame(rule, findings, day)


CHECKS: Final[Mapping[str, Entry]] = {
    "A01": Entry("residents", check_late_entry, {"ages": "A03"}),
    "A05": Entry("zones_of_villages", check_zones_complete),
}
