"""Kindergartens of the county (学前教育普及普惠): rules P01–P06 (P07 and P08 need what no table has)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Final

import pandas as pd

from layout_planner.compliance.county_figures import figure_measure
from layout_planner.compliance.findings import Entry, Finding, findings_frame, judge, listed, only_row, subjects
from layout_planner.compliance.parts import WHOLE_COUNTY, finding_of, measured, per, percent
from layout_planner.compliance.sections import every_section, unknown_sections
from layout_planner.compliance.size_stages import class_limits
from layout_planner.policy import Rule
from layout_planner.terms import label

_PUBLIC: Final = "public"


def check_gross_enrolment(children: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """P01: children in kindergartens for every hundred resident children of that age (县域学前教育普及普惠督导评估办法).

    Gross: children of any age in kindergartens, from outside too, so that the rate may exceed 100.

    Parameters
    ----------
    children
        One row: pupils (in the county's kindergartens), resident (ages 3–5 living in the county). [children]
    rule
        P01.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding for the county; affected is how many more would have to attend. [%]

    Raises
    ------
    PolicyError
        If no rate is in force on `day`.
    """
    row = only_row(children.assign(subject_id="county"))
    value = rule.value(day, rule.stages[0])
    pupils, resident = float(row["pupils"]), float(row["resident"])
    measure = measured(rule, value, percent(pupils, resident), label="毛入园率")
    short = math.ceil(value.value * per(resident, percent(1, 1)) - pupils) if measure.broken else 0.0
    words = "" if measure.unknown else f"在园 {pupils:.0f} 人，三至五周岁常住 {resident:.0f} 人"
    finding = finding_of(WHOLE_COUNTY, [measure], affected=float(short), stage=rule.stages[0], names=words)
    return findings_frame(rule, [finding], day)


def check_inclusive_share(kindergartens: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """P02: children in public and in inclusive private kindergartens (普惠性幼儿园覆盖率).

    Parameters
    ----------
    kindergartens
        One row a kindergarten: subject_name, pupils, ownership, inclusive. A public one counts whatever the latter
        says. [children]
    rule
        P02.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding for the county. [%]

    Raises
    ------
    PolicyError
        If no share is in force on `day`.
    """
    public = kindergartens["ownership"] == _PUBLIC
    inclusive = kindergartens["inclusive"].astype("boolean")
    inside = public.astype("boolean") | inclusive
    return _share(kindergartens, inside, rule, day, words="举办者或普惠性认定（ownership、inclusive）")


def check_public_share(kindergartens: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """P03: children in public kindergartens (公办幼儿园在园幼儿占比).

    Parameters
    ----------
    kindergartens
        Table of `check_inclusive_share`. [children]
    rule
        P03.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding for the county. [%]

    Raises
    ------
    PolicyError
        If no share is in force on `day`.
    """
    owner = kindergartens["ownership"]
    inside = (owner == _PUBLIC).astype("boolean").mask(owner.isna(), pd.NA)
    return _share(kindergartens, inside, rule, day, words="举办者（ownership）")


def check_kindergarten_quality(quality: pd.DataFrame, rule: Rule, day: date, *, sizes: Rule) -> pd.DataFrame:
    """P04: class sizes, children for each teacher, certificates, satisfaction (县域学前教育普及普惠督导评估办法).

    Parameters
    ----------
    quality
        Sections of kindergartens (subject_type, subject_id, subject_name, stage, grade, pupils, sections), each with
        the county's kindergarten teachers, certified (those with a certificate) and satisfaction; NaN where not known.
        [children], [sections], [staff], [%]
    rule
        P04.
    day
        Day on which the rule is applied.
    sizes
        C14: the class size of every age.

    Returns
    -------
    DataFrame
        One finding for the county with the four numbers. [%] or [children/staff]

    Raises
    ------
    PolicyError
        If a number is not in force on `day`.
    """
    stage = rule.stages[0]
    unknown = unknown_sections(quality)
    good, count = _sections_within(quality, sizes, day)
    first = quality.iloc[0]
    teachers, certified = float(first["teachers"]), float(first["certified"])
    pupils = float(quality["pupils"].sum(skipna=False))
    ratio = math.inf if teachers == 0 else per(pupils, teachers)
    share = math.nan if len(unknown) else percent(good, count)
    staff = "幼儿园专任教师（teachers.csv）"
    values = {part: rule.value(day, stage, part) for part in ("class_size_ok", "pupils_per_teacher", "certified")}
    classes = f"幼儿园分年龄班级数（{listed(unknown['subject_name'])}）"
    satisfied = pd.DataFrame({"indicator": ["satisfaction_pre"], "value": [first["satisfaction"]], "unit": ["%"]})
    measures = [
        measured(rule, values["class_size_ok"], share, label="班额达标", needs=classes),
        measured(rule, values["pupils_per_teacher"], ratio, label="每名专任教师幼儿", needs=staff),
        measured(rule, values["certified"], percent(certified, teachers), label="持证", needs=f"{staff}的 certified"),
        figure_measure(satisfied, "satisfaction_pre", rule, rule.value(day, stage, "satisfaction")),
    ]
    return findings_frame(rule, [finding_of(WHOLE_COUNTY, measures, stage=stage)], day)


def check_kindergarten_money(finance: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """P05: running costs for each child, aid to inclusive private kindergartens, pay (县域学前教育普及普惠督导评估办法).

    Parameters
    ----------
    finance
        The latest rates of the county for kindergartens: item, value, unit, private (whether there are private
        kindergartens that are inclusive; aid is asked for only then). [as row]
    rule
        P05.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding for the county. [yuan/child] or [%]

    Raises
    ------
    PolicyError
        If a number is not in force on `day`.
    """
    stage = rule.stages[0]
    wanted = {"public_funds": None, "private_subsidy": "private_subsidy", "pay_ratio": "pay_ratio"}
    if not finance["private"].astype(bool).any():
        del wanted["private_subsidy"]
    measures = []
    for item, part in wanted.items():
        value, words = rule.value(day, stage, part), label("finance_item", item)
        rows = finance[finance["item"] == item]
        observed = float(rows["value"].iloc[0]) if len(rows) == 1 else math.nan
        if part == "pay_ratio" and len(rows) == 1 and str(rows["unit"].iloc[0]).strip() in {"share", "-", "比例"}:
            observed = percent(observed, 1)
        measures.append(measured(rule, value, observed, label=words, needs=f"{words}（finance.toml 的 {item}，学前）"))
    return findings_frame(rule, [finding_of(WHOLE_COUNTY, measures, stage=stage)], day)


def check_central_kindergarten(centres: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """P06: a public central kindergarten in every township (湖南省、河南省有关规定).

    Parameters
    ----------
    centres
        One row a township: subject_type, subject_id, subject_name, centres (known public central kindergartens), doubt
        (names of kindergartens of which it is not known whether they are), children (in kindergartens there).
        [schools], [children]
    rule
        P06.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a township. [school]

    Raises
    ------
    PolicyError
        If no number is in force on `day`.
    """
    stage = rule.stages[0]
    limit = rule.on(day, stage)
    findings = []
    for subject, rows in subjects(centres):
        row = only_row(rows)
        count, doubt = float(row["centres"]), str(row["doubt"])
        short = count < limit
        open_question = short and bool(doubt)
        findings.append(
            Finding(
                subject,
                judge(broken=short and not doubt, unknown=open_question),
                observed=math.nan if open_question else count,
                limit=limit,
                affected=float(row["children"]) if short and not doubt else 0.0,
                missing=f"需：举办者、是否中心园（{doubt}）" if open_question else "",
                stage=stage,
            )
        )
    return findings_frame(rule, findings, day)


def _share(kindergartens: pd.DataFrame, inside: pd.Series, rule: Rule, day: date, *, words: str) -> pd.DataFrame:
    """Judge a share of children; kindergartens that are not known count once as inside and once as not."""
    stage = rule.stages[0]
    value, pupils = rule.value(day, stage), kindergartens["pupils"].astype(float)
    total = float(pupils.sum(skipna=False))
    least, most = (
        percent(float(pupils[inside.fillna(value=guess).astype(bool)].sum()), total) for guess in (False, True)
    )
    doubt = kindergartens.loc[inside.isna(), "subject_name"]
    decided = least if least >= value.value else most if most < value.value else math.nan
    observed = decided if len(doubt) else least
    measure = measured(rule, value, observed, label=rule.title, needs=f"{words}：{listed(doubt)}")
    return findings_frame(rule, [finding_of(WHOLE_COUNTY, [measure], stage=stage)], day)


def _sections_within(sections: pd.DataFrame, sizes: Rule, day: date) -> tuple[int, int]:
    """Sections of kindergartens that are no larger than their age allows, and all of them."""
    good, count = 0, 0
    for _, rows in subjects(sections):
        limits = dict(zip(rows["grade"], class_limits(rows, sizes, day), strict=True))
        each = every_section(rows)
        good += int((each["size"] <= each["grade"].map(limits)).sum())
        count += len(each)
    return good, count


CHECKS: Final[Mapping[str, Entry]] = {
    "P01": Entry("preschool_children", check_gross_enrolment),
    "P02": Entry("kindergartens", check_inclusive_share),
    "P03": Entry("kindergartens", check_public_share),
    "P04": Entry("kindergarten_quality", check_kindergarten_quality, {"sizes": "C14"}),
    "P05": Entry("kindergarten_money", check_kindergarten_money),
    "P06": Entry("kindergarten_centres", check_central_kindergarten),
}
