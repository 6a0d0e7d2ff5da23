"""Staff against pupils, sections and boarders: rules D01 and D03–D08 (D02 is superseded)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Final

import pandas as pd

from layout_planner.compliance.county_figures import figure_measure
from layout_planner.compliance.findings import Entry, Finding, findings_frame, only_row, subjects
from layout_planner.compliance.parts import WHOLE_COUNTY, finding_of, measured, not_known, nothing_here, per, together
from layout_planner.policy import Rule

_POSTS: Final = "教职工（teachers.csv 没有该校）"
_SECTIONS: Final = "班级数（enrolment.csv 的 sections）"
_PUPILS: Final = "在校生"


def check_pupils_per_staff(staffing: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """D01: pupils for each member of staff, one ratio for town and country (中央编办发〔2014〕72号).

    ``pupils / staff``; a small school is far below the limit, which says nothing about its lessons (see D03).

    Parameters
    ----------
    staffing
        Columns subject_type, subject_id, subject_name, stage, pupils, staff (all roles); a row for the county is
        judged like a school. General senior schools only. [pupils], [staff]
    rule
        D01.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a subject and stage; it fails where there are too few staff. [pupils/staff]

    Raises
    ------
    PolicyError
        If no ratio is in force on `day`.
    """
    findings = []
    for subject, rows in subjects(staffing[staffing["stage"].isin(rule.stages)], "stage"):
        row = only_row(rows)
        stage, pupils = str(row["stage"]), float(row["pupils"])
        if pupils == 0:
            continue
        ratio = _ratio(pupils, float(row["staff"]))
        value = rule.value(day, stage)
        measure = measured(rule, value, ratio, label="生师比", needs=_POSTS if not math.isnan(pupils) else _PUPILS)
        findings.append(finding_of(subject, [measure], affected=pupils, stage=stage))
    return findings_frame(rule, findings, day)


def check_small_school_staff(staffing: pd.DataFrame, rule: Rule, day: date, *, small: Rule) -> pd.DataFrame:
    """D03: teachers for each section of small village schools and teaching points, where the county has set a ratio.

    Parameters
    ----------
    staffing
        Columns subject_type (``school`` is read), subject_id, subject_name, stage, pupils, sections, teachers,
        teaching_point. [pupils], [sections], [staff]
    rule
        D03 with the county's ratio, and perhaps its part ``per_site``: teachers that every school has at least.
    day
        Day on which the rule is applied.
    small
        M01: below how many pupils a school is small.

    Returns
    -------
    DataFrame
        One finding a small school or teaching point. [staff/section]

    Raises
    ------
    PolicyError
        If the county has set no ratio that is in force on `day`.
    """
    stage = rule.stages[0]
    value, below = rule.value(day, stage), small.on(day)
    rows = staffing[(staffing["stage"] == stage) & (staffing["subject_type"] == "school")]
    rows = rows[(rows["pupils"] > 0) & ((rows["pupils"] < below) | rows["teaching_point"])]
    findings = []
    for subject, group in subjects(rows):
        row = only_row(group)
        teachers, sections = float(row["teachers"]), float(row["sections"])
        needs = _SECTIONS if math.isnan(sections) else _POSTS
        measures = [measured(rule, value, per(teachers, sections), label="班师比", needs=needs)]
        if rule.is_set(day, stage, "per_site"):
            measures.append(measured(rule, rule.value(day, stage, "per_site"), teachers, label="教师", needs=_POSTS))
        findings.append(finding_of(subject, measures, affected=float(row["pupils"]), stage=stage))
    return findings_frame(rule, together(findings) or [nothing_here("没有小规模学校和教学点", stage=stage)], day)


def check_kindergarten_staff(staffing: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """D04: staff, teachers and carers of full-day kindergartens (幼儿园教职工配备标准（暂行）).

    Children for each member of staff and for each teacher or carer may not exceed the upper ends of the two ranges; a
    kindergarten below the lower ends has more staff than the standard and passes. Every section has two teachers and a
    carer, or the same number of people all teachers (两教一保或三教).

    Parameters
    ----------
    staffing
        Columns subject_type, subject_id, subject_name, stage, pupils, sections, staff, teachers, carers of
        kindergartens. [children], [sections], [staff]
    rule
        D04.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a kindergarten with all four numbers among the names. [children/staff] or [staff/section]

    Raises
    ------
    PolicyError
        If a number is not in force on `day`.
    """
    stage = rule.stages[0]
    high, care, teach, carer = (
        rule.value(day, stage, part)
        for part in ("staff_high", "care_high", "teachers_per_section", "carers_per_section")
    )
    findings = []
    for subject, rows in subjects(_kindergartens(staffing, stage)):
        row = only_row(rows)
        pupils, sections = float(row["pupils"]), float(row["sections"])
        staff, teachers, carers = (float(row[name]) for name in ("staff", "teachers", "carers"))
        spare = max(teachers - teach.value * sections, 0.0)  # teachers beyond two a section stand in for carers
        needs = _SECTIONS if math.isnan(sections) else _POSTS
        measures = [
            measured(rule, high, _ratio(pupils, staff), label="每名教职工的幼儿", needs=_POSTS),
            measured(rule, care, _ratio(pupils, teachers + carers), label="每名保教人员的幼儿", needs=_POSTS),
            measured(rule, teach, per(teachers, sections), label="每班教师", needs=needs),
            measured(rule, carer, per(carers + spare, sections), label="每班保育员（含第三位教师）", needs=needs),
        ]
        findings.append(finding_of(subject, measures, affected=pupils, stage=stage))
    return findings_frame(rule, findings, day)


def check_single_section_site(staffing: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """D05: teachers of a kindergarten with a single section (幼儿园教职工配备标准（暂行）).

    Parameters
    ----------
    staffing
        Table of `check_kindergarten_staff`. [children], [sections], [staff]
    rule
        D05.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a site with one section, one for a site whose sections nobody counted; a passing one for the county
        where every kindergarten has more. [staff]

    Raises
    ------
    PolicyError
        If no number is in force on `day`.
    """
    stage = rule.stages[0]
    value = rule.value(day, stage)
    findings: list[Finding] = []
    for subject, rows in subjects(_kindergartens(staffing, stage)):
        row = only_row(rows)
        if math.isnan(float(row["sections"])):
            findings.append(not_known(subject, _SECTIONS, stage=stage))
        elif float(row["sections"]) <= 1:
            measure = measured(rule, value, float(row["teachers"]), label="教师", needs=_POSTS)
            findings.append(finding_of(subject, [measure], affected=float(row["pupils"]), stage=stage))
    return findings_frame(rule, together(findings) or [nothing_here("没有单班学前教育点", stage=stage)], day)


def check_boarding_kindergarten(staffing: pd.DataFrame, rule: Rule, day: date, *, base: Rule) -> pd.DataFrame:
    """D06: a boarding kindergarten adds a teacher and a carer to every section (幼儿园教职工配备标准（暂行）).

    Parameters
    ----------
    staffing
        Table of `check_kindergarten_staff` with boarders. [children], [sections], [staff]
    rule
        D06: how many are added.
    day
        Day on which the rule is applied.
    base
        D04: how many a section has without boarders.

    Returns
    -------
    DataFrame
        One finding a kindergarten with boarders or with boarders that nobody counted; a passing one for the county
        where none boards. [staff]

    Raises
    ------
    PolicyError
        If a number is not in force on `day`.
    """
    stage = rule.stages[0]
    findings: list[Finding] = []
    for subject, rows in subjects(_kindergartens(staffing, stage)):
        row = only_row(rows)
        sections, boarders = float(row["sections"]), float(row["boarders"])
        if math.isnan(boarders):
            findings.append(not_known(subject, "在园寄宿幼儿（enrolment.csv 的 boarders_m、boarders_f）", stage=stage))
        elif boarders > 0:
            measures = []
            for role, label in (("teachers", "每班增配教师"), ("carers", "每班增配保育员")):
                usual = base.on(day, stage, f"{role}_per_section")
                added = per(float(row[role]), sections) - usual
                value = rule.value(day, stage, f"{role}_added")
                measures.append(measured(rule, value, added, label=label, needs=f"{_POSTS}、{_SECTIONS}"))
            findings.append(finding_of(subject, measures, affected=boarders, stage=stage))
    return findings_frame(rule, together(findings) or [nothing_here("没有寄宿的幼儿", stage=stage)], day)


def check_boarding_staff(staffing: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """D07: boarders for each boarding-house teacher (生活教师、宿管员), where the county has set a ratio.

    Parameters
    ----------
    staffing
        Columns subject_type (``school`` is read), subject_id, subject_name, stage, boarders, boarding_staff; the stages
        of a school are taken together. [pupils], [staff]
    rule
        D07 with the county's ratio.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a school with boarders, or with boarders that nobody counted. [boarders/staff]

    Raises
    ------
    PolicyError
        If the county has set no ratio that is in force on `day`.
    """
    value = rule.value(day)
    rows = staffing[(staffing["subject_type"] == "school") & staffing["stage"].isin(rule.stages)]
    findings: list[Finding] = []
    for subject, group in subjects(rows):
        boarders, staff = (float(group[name].sum(skipna=False)) for name in ("boarders", "boarding_staff"))
        if math.isnan(boarders):
            findings.append(not_known(subject, "寄宿生（enrolment.csv 的 boarders_m、boarders_f）"))
        elif boarders > 0:
            measure = measured(rule, value, _ratio(boarders, staff), label="寄宿生与生活教师之比", needs=_POSTS)
            findings.append(finding_of(subject, [measure], affected=boarders))
    return findings_frame(rule, together(findings) or [nothing_here("没有寄宿生")], day)


def check_rotation(figures: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """D08: teachers who move to another school in a year, and the backbone teachers among them (教督〔2017〕6号).

    Parameters
    ----------
    figures
        The latest figures of the county: indicator, value, unit, year. [as row]
    rule
        D08.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding for the county with both shares. [%]

    Raises
    ------
    PolicyError
        If a share is not in force on `day`.
    """
    measures = [
        figure_measure(figures, "rotation", rule, rule.value(day)),
        figure_measure(figures, "rotation_backbone", rule, rule.value(day, part="backbone")),
    ]
    return findings_frame(rule, [finding_of(WHOLE_COUNTY, measures)], day)


def _kindergartens(staffing: pd.DataFrame, stage: str) -> pd.DataFrame:
    here = (staffing["subject_type"] == "school") & (staffing["stage"] == stage)
    return staffing[here & ~(staffing["pupils"] == 0)]


def _ratio(people: float, staff: float) -> float:
    """People for each member of staff; infinitely many where there is none, NaN where one is not known."""
    return math.inf if staff == 0 and people > 0 else per(people, staff)


CHECKS: Final[Mapping[str, Entry]] = {
    "D01": Entry("staffing", check_pupils_per_staff),
    "D03": Entry("staffing", check_small_school_staff, {"small": "M01"}),
    "D04": Entry("staffing_pre", check_kindergarten_staff),
    "D05": Entry("staffing_pre", check_single_section_site),
    "D06": Entry("staffing_pre", check_boarding_kindergarten, {"base": "D04"}),
    "D07": Entry("staffing", check_boarding_staff),
    "D08": Entry("figures", check_rotation),
}
