"""Class and school size of senior schools and kindergartens: rules C12, C14 and C15."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from layout_planner.compliance.findings import Finding, findings_frame, judge, subjects
from layout_planner.compliance.sections import by_school_and_stage, size_finding
from layout_planner.policy import Rule
from layout_planner.terms import STAGE_GRADES, Stage

_PARTS: Final = dict(zip(STAGE_GRADES[Stage.PRE], ("small", "middle", "big"), strict=True))
_MIXED: Final = "mixed"


def check_senior_class(sections: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """C12: class size of general senior schools (普通高中有关规定).

    Parameters
    ----------
    sections
        Columns subject_type, subject_id, subject_name, stage, grade, pupils, sections of general senior schools
        (vocational ones are not meant). [pupils], [sections]
    rule
        C12.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a school: observed is the largest section; grades above the cap are marked. [pupils/section]

    Raises
    ------
    PolicyError
        If no limit is in force on `day`.
    """
    stage = rule.stages[0]
    limit, cap = rule.on(day, stage), rule.on(day, stage, "cap")
    findings = []
    for rows in by_school_and_stage(sections[sections["stage"] == stage]):
        marks = np.where(rows["class_size"] > cap, f"（超过上限 {cap:g}）", "")
        findings.append(
            size_finding(rows.assign(mark=marks), over=rows["class_size"] > limit, limit=limit, stage=stage)
        )
    return findings_frame(rule, findings, day)


def check_kindergarten_class(sections: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """C14: class size of kindergartens by age, mixed sections by their own (幼儿园工作规程 第十一条).

    Parameters
    ----------
    sections
        Columns subject_type, subject_id, subject_name, stage, grade, pupils, sections of kindergartens; a grade with
        children and 0 sections sits in a mixed section (混龄班), and so do the other grades of that kindergarten.
        [children], [sections]
    rule
        C14.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a kindergarten: observed and limit are those of the section that is the fullest for its age.
        [children/section]

    Raises
    ------
    PolicyError
        If no limit is in force on `day`.
    """
    stage = rule.stages[0]
    findings = []
    for rows in by_school_and_stage(sections[sections["stage"] == stage]):
        limits = class_limits(rows, rule, day)
        fullest = (rows["class_size"] / limits).fillna(-1.0).idxmax()
        finding = size_finding(rows, over=rows["class_size"] > limits, limit=float(limits.loc[fullest]), stage=stage)
        findings.append(replace(finding, observed=float(rows["class_size"].loc[fullest])))
    return findings_frame(rule, findings, day)


def class_limits(sections: pd.DataFrame, rule: Rule, day: date) -> pd.Series:
    """Return the class size that C14 allows to each grade of one kindergarten. [children/section].

    Raises
    ------
    PolicyError
        If no limit is in force on `day`.
    """
    mixed = ((sections["sections"] == 0) & (sections["pupils"] > 0)).any()
    parts = [_MIXED if mixed else _PARTS[int(grade)] for grade in sections["grade"]]
    return pd.Series([rule.on(day, rule.stages[0], part) for part in parts], index=sections.index, dtype=float)


def check_kindergarten_size(sections: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """C15: no kindergarten above the ceiling (幼儿园工作规程 第十一条).

    Parameters
    ----------
    sections
        Columns subject_type, subject_id, subject_name, stage, pupils of kindergartens. [children]
    rule
        C15.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a kindergarten: observed is its children, affected the same where there are too many. [children]

    Raises
    ------
    PolicyError
        If no limit is in force on `day`.
    """
    stage = rule.stages[0]
    limit = rule.on(day, stage)
    findings = []
    for subject, rows in subjects(sections[sections["stage"] == stage]):
        known, unknown = float(rows["pupils"].sum()), bool(rows["pupils"].isna().any())
        over = known > limit
        findings.append(
            Finding(
                subject,
                judge(broken=over, unknown=unknown),
                observed=known if over or not unknown else float("nan"),
                limit=limit,
                affected=known if over else 0.0,
                missing="需：" + rule.needs[0] if unknown else "",
                stage=stage,
            )
        )
    return findings_frame(rule, findings, day)
