"""Class and school size: rules C01, C03, C07 and C10."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from layout_planner.compliance.findings import Entry, Finding, findings_frame, judge, listed, only_row, subjects
from layout_planner.policy import Rule
from layout_planner.terms import GRADE_LABELS_ZH

SECTIONS: Final = "分年级班级数"
COMPULSORY: Final = ("primary", "junior")
_TINY = 1e-9  # a quotient this close to a whole number is that number


def class_sizes(sections: pd.DataFrame) -> pd.Series:
    """Return the largest section of each grade when its pupils are divided evenly.

    ``ceil(pupils / sections)``. Where a grade with pupils has no section of its own (复式班), the sections of its
    school and stage are taken together. NaN where sections are not known or the grade is empty.

    Parameters
    ----------
    sections
        Columns subject_type, subject_id, stage, grade, pupils, sections. [pupils], [sections]

    Returns
    -------
    Series
        By row of `sections`. [pupils/section]
    """
    keys = [sections[name] for name in ("subject_type", "subject_id", "stage")]
    together = (sections["sections"] == 0) & (sections["pupils"] > 0)
    mixed = together.groupby(keys).transform("any")
    pupils = sections["pupils"].astype(float)
    counted = sections["sections"].astype(float)
    pupils = pupils.where(~mixed, pupils.groupby(keys).transform("sum"))
    counted = counted.where(~mixed, counted.groupby(keys).transform(lambda s: s.sum(skipna=False)))
    size = np.ceil(pupils / counted.where(counted > 0) - _TINY)
    return size.where(sections["pupils"] > 0)


def check_class_size(sections: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """C01: class size in the near term (建标109-2008 第八条).

    Parameters
    ----------
    sections
        Columns subject_type, subject_id, subject_name, stage, grade, pupils, sections, complete (False for an
        incomplete primary, which C03 checks). [pupils], [sections]
    rule
        C01 (or C02, C06, C11: the same form).
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
    stages = {str(stage): rule.on(day, stage) for stage in rule.stages}
    findings = []
    complete = sections[sections["complete"].astype(bool) & sections["stage"].isin(stages)]
    for row in _by_school_and_stage(complete):
        stage = str(row["stage"].iloc[0])
        limit = stages[stage]
        findings += [_size_finding(row, over=row["class_size"] > limit, limit=limit, stage=stage)]
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
    for rows in _by_school_and_stage(sections[~sections["complete"].astype(bool) & (sections["stage"] == stage)]):
        count = float(rows["sections"].sum())
        many = [f"共 {count:g} 个班"] if count > most else []
        findings += [_size_finding(rows, over=rows["class_size"] > limit, limit=limit, stage=stage, further=many)]
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
    for rows in _by_school_and_stage(sections[sections["stage"].isin(rule.stages)]):
        marks = np.where(rows["class_size"] >= very_large, "（超大班额）", "")
        stage = str(rows["stage"].iloc[0])
        over = rows["class_size"] >= large
        findings += [_size_finding(rows.assign(mark=marks), over=over, limit=large, stage=stage)]
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


def _by_school_and_stage(sections: pd.DataFrame) -> Iterable[pd.DataFrame]:
    sized = sections.assign(class_size=class_sizes(sections), mark="")
    return (rows.sort_values("grade") for _, rows in subjects(sized, "stage"))


def _size_finding(
    rows: pd.DataFrame, *, over: pd.Series, limit: float, stage: str, further: Sequence[str] = ()
) -> Finding:
    """Judge one school and stage; grades whose sections are not known are named as missing."""
    unknown = rows[~(rows["pupils"] == 0) & rows["class_size"].isna()]
    broken = rows[over]
    names = [
        f"{GRADE_LABELS_ZH[grade]} {size:.0f} 人/班{mark}"
        for grade, size, mark in zip(broken["grade"], broken["class_size"], broken["mark"], strict=True)
    ]
    subject, _ = next(iter(subjects(rows)))
    return Finding(
        subject,
        judge(broken=bool(names) or bool(further), unknown=len(unknown) > 0),
        observed=float(rows["class_size"].max()),
        limit=limit,
        affected=float(broken["pupils"].sum()),
        names=listed([*names, *further]),
        missing=f"需：{SECTIONS}（{listed(GRADE_LABELS_ZH[g] for g in unknown['grade'])}）" if len(unknown) else "",
        stage=stage,
    )


CHECKS: Final[Mapping[str, Entry]] = {
    "C01": Entry("sections", check_class_size),
    "C03": Entry("sections", check_incomplete_primary),
    "C07": Entry("sections", check_oversized_class),
    "C10": Entry("school_sizes", check_school_size),
}
