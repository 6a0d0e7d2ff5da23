"""Sections of the whole county by size: rules C08, C09 and C11."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pandas as pd

from layout_planner.compliance.findings import Finding, findings_frame, judge, listed
from layout_planner.compliance.parts import WHOLE_COUNTY, Measure, finding_of, measured, percent
from layout_planner.compliance.sections import SECTIONS, every_section, unknown_sections
from layout_planner.policy import Rule
from layout_planner.terms import GRADE_LABELS_ZH, LABELS_ZH

_GOAL = "本县是否以优质均衡为目标（county.toml 的 [goals]）"


def check_large_class(sections: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """C08: normal and large sections, counted over the county (教育部教育统计指标解释).

    Parameters
    ----------
    sections
        Columns subject_type, subject_id, subject_name, stage, grade, pupils, sections; the pupils of a grade are taken
        as divided evenly over its sections. [pupils], [sections]
    rule
        C08.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a stage: observed is the share of large sections (偏大, in the band above the normal one); it passes
        where there is none. The rule sets no share, so there is no limit. Names count the sections of every band and
        name the schools with large ones; affected are their pupils. [%]

    Raises
    ------
    PolicyError
        If no band is in force on `day`.
    """
    low, high = rule.on(day, part="normal_low"), rule.on(day, part="normal_high")
    first, last = rule.on(day, part="large_low"), rule.on(day, part="large_high")
    findings = []
    for stage, rows, unknown in _by_stage(sections, rule):
        large = rows[rows["size"].between(first, last)]
        counts = [
            f"正常 {rows['size'].between(low, high).sum()} 个班",
            f"不足 {low:g} 人 {(rows['size'] < low).sum()} 个班",
            f"偏大 {len(large)} 个班" + (f"：{listed(large['subject_name'])}" if len(large) else ""),
        ]
        findings.append(
            Finding(
                WHOLE_COUNTY,
                judge(broken=len(large) > 0, unknown=bool(unknown)),
                observed=percent(len(large), len(rows)),
                affected=float(large["size"].sum()),
                names="；".join(counts),
                missing=unknown,
                stage=stage,
                unit="%",
            )
        )
    return findings_frame(rule, findings, day)


def check_oversized_shares(sections: pd.DataFrame, rule: Rule, day: date, *, bands: Rule) -> pd.DataFrame:
    """C09: the shares of oversized and very oversized sections in the county (国发〔2016〕40号).

    Parameters
    ----------
    sections
        Table of `check_large_class`. [pupils], [sections]
    rule
        C09; its targets hold from the end of the year they were set for.
    day
        Day on which the rule is applied.
    bands
        C07: where the bands begin; an oversized section (大班额) is one of 56 or more, very oversized ones included.

    Returns
    -------
    DataFrame
        One finding for the county over both stages; shares of sections that are not counted are not known. [%]

    Raises
    ------
    PolicyError
        If neither target is in force on `day`.
    """
    used = sections[sections["stage"].isin(rule.stages)]
    rows, unknown = every_section(used), _unknown(used)
    if rows.empty:
        return findings_frame(rule, [], day)
    over = {part: rows[rows["size"] >= bands.on(day, part=part)] for part in ("very_oversized", "oversized")}
    measures = [
        measured(rule, rule.value(day, part=part), percent(len(found), len(rows)), label=label)
        for (part, found), label in zip(over.items(), ("超大班额", "大班额"), strict=True)
        if rule.is_set(day, part=part)
    ]
    if not measures:
        rule.value(day, part="oversized")
    if unknown:
        nan = float("nan")
        measures.append(Measure("其余班级", nan, nan, "<=", rule.unit, f"{SECTIONS}（{unknown}）"))
    schools = listed(over["oversized"]["subject_name"])
    affected = float(over["oversized"]["size"].sum())
    return findings_frame(rule, [finding_of(WHOLE_COUNTY, measures, affected=affected, names=schools)], day)


def check_every_class(sections: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """C11: no section of the county above the size for 优质均衡 (教督〔2017〕6号).

    The rule binds a county that has declared the goal in ``county.toml``. While it has not, the rule stays 未评 and
    what would be found stands beside it.

    Parameters
    ----------
    sections
        Table of `check_large_class`, and whether the county has declared the ``goal``. [pupils], [sections]
    rule
        C11.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a stage: observed is the largest section, names and affected those over the limit.
        [pupils/section]

    Raises
    ------
    PolicyError
        If no limit is in force on `day`.
    """
    findings = []
    for stage, rows, unknown in _by_stage(sections, rule):
        limit = rule.on(day, stage)
        goal = bool(sections["goal"].all())
        over = rows[rows["size"] > limit]
        places = [f"{n} {GRADE_LABELS_ZH[g]}" for n, g in zip(over["subject_name"], over["grade"], strict=True)]
        findings.append(
            Finding(
                WHOLE_COUNTY,
                judge(broken=goal and bool(len(over)), unknown=not goal or bool(unknown)),
                observed=float(rows["size"].max()),
                limit=limit,
                affected=float(over["size"].sum()),
                names=f"超出 {len(over)} 个班：{listed(places)}" if len(over) else "",
                missing=_needs("" if goal else _GOAL, unknown.removeprefix("需：")),
                stage=stage,
            )
        )
    return findings_frame(rule, findings, day)


def _needs(*wanted: str) -> str:
    return "需：" + "、".join(filter(None, wanted)) if any(wanted) else ""


def _by_stage(sections: pd.DataFrame, rule: Rule) -> Iterator[tuple[str, pd.DataFrame, str]]:
    """Stages of a rule with their sections, one row each, and in words what is not known of them."""
    for stage in rule.stages:
        used = sections[sections["stage"] == stage]
        rows = every_section(used)
        if len(rows):
            unknown = _unknown(used)
            yield stage, rows, f"需：{SECTIONS}（{unknown}）" if unknown else ""


def _unknown(sections: pd.DataFrame) -> str:
    rows = unknown_sections(sections)
    return listed(
        f"{name}{LABELS_ZH['stage'][stage]}" for name, stage in zip(rows["subject_name"], rows["stage"], strict=True)
    )
