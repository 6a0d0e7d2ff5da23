"""Class and school size: rules C01–C03, C07, C10, C13 and C16 here, the other checks of the family beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from layout_planner.compliance.findings import Entry, Finding, findings_frame, judge, only_row, subjects
from layout_planner.compliance.sections import by_school_and_stage, class_sizes, size_finding
from layout_planner.compliance.size_county import check_every_class, check_large_class, check_oversized_shares
from layout_planner.compliance.size_stages import check_kindergarten_class, check_kindergarten_size, check_senior_class
from layout_planner.policy import Rule

__all__ = [
    "CHECKS", "check_class_size", "check_incomplete_primary", "check_oversized_class", "check_school_floor",
    "check_school_size", "class_sizes", "school_size_limit", "school_sizes",
]  # fmt: skip

COMPULSORY: Final = ("primary", "junior")


def check_class_size(sections: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """C01, C02, C13: class size in the near term, in the long term, and the county's own (建标109-2008 第八条).

    Parameters
    ----------
    sections
        Columns subject_type, subject_id, subject_name, stage, grade, pupils, sections, complete (False for an
        incomplete primary, which C03 checks). [pupils], [sections]
    rule
        C01, C02 (today's sections beside the long-term size) or C13 (the county's own size for small classes).
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a subject and stage with a limit: observed is the largest section, affected the pupils of the
        grades over the limit, names these grades. [pupils/section]

    Raises
    ------
    PolicyError
        If no limit is in force on `day` for any stage of the rule.
    """
    stages = {str(stage): rule.on(day, stage) for stage in rule.stages if rule.is_set(day, stage)}
    if not stages:
        rule.value(day, rule.stages[0])
    findings = []
    complete = sections[sections["complete"].astype(bool) & sections["stage"].isin(stages)]
    for row in by_school_and_stage(complete):
        stage = str(row["stage"].iloc[0])
        limit = stages[stage]
        found = size_finding(row, over=row["class_size"] > limit, limit=limit, stage=stage)
        findings.append(replace(found, cite=rule.cite_on(day, stage)))
    return findings_frame(rule, findings, day)


def check_incomplete_primary(sections: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """C03: the sections of an incomplete primary, their size and number (建标109-2008 第八条；GB 50099-2011 3.0.1).

    Parameters
    ----------
    sections
        Table of `check_class_size`; rows of complete schools are left out. [pupils], [sections]
    rule
        C03.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding an incomplete primary: observed is its largest section; names are the grades over the limit, and
        the number of sections where that is over its own. [pupils/section]

    Raises
    ------
    PolicyError
        If no limit is in force on `day`.
    """
    stage = rule.stages[0]
    limit, most = rule.on(day, stage), rule.on(day, stage, "sections")
    findings = []
    for rows in by_school_and_stage(sections[~sections["complete"].astype(bool) & (sections["stage"] == stage)]):
        count = float(rows["sections"].sum())
        many = [f"共 {count:g} 个班"] if count > most else []
        findings += [size_finding(rows, over=rows["class_size"] > limit, limit=limit, stage=stage, further=many)]
    return findings_frame(rule, findings, day)


def check_oversized_class(sections: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """C07: no oversized and no very oversized class (教育部教育统计指标解释).

    Parameters
    ----------
    sections
        Table of `check_class_size`, complete schools or not. [pupils], [sections]
    rule
        C07; a breach caused by a merger is for M10.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a subject and stage: observed is the largest section, names the grades with an oversized one.
        [pupils/section]

    Raises
    ------
    PolicyError
        If no limit is in force on `day`.
    """
    large, very_large = rule.on(day, part="oversized"), rule.on(day, part="very_oversized")
    findings = []
    for rows in by_school_and_stage(sections[sections["stage"].isin(rule.stages)]):
        marks = np.where(rows["class_size"] >= very_large, "（超大班额）", "")
        stage = str(rows["stage"].iloc[0])
        over = rows["class_size"] >= large
        findings += [size_finding(rows.assign(mark=marks), over=over, limit=large, stage=stage)]
    return findings_frame(rule, findings, day)


def school_sizes(sections: pd.DataFrame) -> pd.DataFrame:
    """Sum the pupils of grades 1–9 by school, as `check_school_size` wants them.

    Parameters
    ----------
    sections
        Columns subject_type, subject_id, subject_name, stage, pupils. [pupils]

    Returns
    -------
    DataFrame
        Columns subject_type, subject_id, subject_name, pupils, through_school (primary and junior under one roof);
        pupils NaN where a grade is not known. [pupils]
    """
    rows = []
    for subject, grades in subjects(sections[sections["stage"].isin(COMPULSORY)]):
        total = float(grades["pupils"].sum(skipna=False))
        through = grades["stage"].nunique() == len(COMPULSORY)
        rows.append((subject.subject_type, subject.subject_id, subject.subject_name, total, through))
    return pd.DataFrame(rows, columns=["subject_type", "subject_id", "subject_name", "pupils", "through_school"])


def school_size_limit(rule: Rule, day: date, *, through_school: bool) -> float:
    """Return the largest school that C10 allows; a nine-year school has its own. [pupils]."""
    return rule.on(day, part="through_school" if through_school else None)


def check_school_size(sizes: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """C10: no school above the ceiling (教督〔2017〕6号).

    Parameters
    ----------
    sizes
        One row a subject: subject_type, subject_id, subject_name, pupils (grades 1–9), through_school. [pupils]
    rule
        C10.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a subject: observed is its pupils, affected the same where there are too many. [pupils]

    Raises
    ------
    PolicyError
        If no limit is in force on `day`.
    """
    findings = []
    for subject, rows in subjects(sizes):
        row = only_row(rows)
        pupils, through = float(row["pupils"]), bool(row["through_school"])
        limit = school_size_limit(rule, day, through_school=through)
        unknown = math.isnan(pupils)
        findings.append(
            Finding(
                subject,
                judge(broken=pupils > limit, unknown=unknown),
                observed=pupils,
                limit=limit,
                affected=pupils if pupils > limit else 0.0,
                missing="需：" + rule.needs[0] if unknown else "",
            )
        )
    return findings_frame(rule, findings, day)


def check_school_floor(sections: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """C16: schools below the size that the county itself has set for keeping a school.

    Parameters
    ----------
    sections
        Columns subject_type, subject_id, subject_name, stage, pupils. [pupils]
    rule
        C16 with the county's number; there is no national one.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a school and stage: observed and affected are its pupils. A finding is a reason to look at a school,
        not a decision to close it. [pupils]

    Raises
    ------
    PolicyError
        If the county has set no number that is in force on `day`.
    """
    findings = []
    stages = [stage for stage in rule.stages if rule.is_set(day, stage)]
    if not stages:
        rule.value(day, rule.stages[0])
    for subject, rows in subjects(sections[sections["stage"].isin(stages)], "stage"):
        stage, pupils = str(rows["stage"].iloc[0]), float(rows["pupils"].sum(skipna=False))
        limit, unknown = rule.on(day, stage), math.isnan(pupils)
        below = pupils < limit
        outcome = judge(broken=below, unknown=unknown)
        missing = "需：分校在校生" if unknown else ""
        affected = pupils if below else 0.0
        findings.append(
            Finding(
                subject, outcome, pupils, limit, affected, missing=missing, stage=stage, cite=rule.cite_on(day, stage)
            )
        )
    return findings_frame(rule, findings, day)


CHECKS: Final[Mapping[str, Entry]] = {
    "C01": Entry("sections", check_class_size),
    "C02": Entry("sections", check_class_size),
    "C03": Entry("sections", check_incomplete_primary),
    "C07": Entry("sections", check_oversized_class),
    "C08": Entry("sections", check_large_class),
    "C09": Entry("sections", check_oversized_shares, {"bands": "C07"}),
    "C10": Entry("school_sizes", check_school_size),
    "C11": Entry("sections_goal", check_every_class),
    "C12": Entry("sections_senior", check_senior_class),
    "C13": Entry("sections", check_class_size),
    "C14": Entry("sections_pre", check_kindergarten_class),
    "C15": Entry("sections_pre", check_kindergarten_size),
    "C16": Entry("sections", check_school_floor),
}
