"""Quality and balance of compulsory education (优质均衡): rules E01–E12."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial, update_wrapper
from typing import Final

import pandas as pd

from layout_planner.compliance.county_figures import figure_measure
from layout_planner.compliance.findings import Entry, Finding, findings_frame, judge, listed, only_row, subjects
from layout_planner.compliance.parts import (
    WHOLE_COUNTY,
    Measure,
    finding_of,
    measured,
    not_known,
    per,
    percent,
    shown,
    together,
)
from layout_planner.policy import Rule
from layout_planner.standards import RESOURCES, rounded, weighted_cv
from layout_planner.terms import Stage

_HOST: Final = "教学点的隶属中心校（host_school_id）"
_SECTIONS: Final = "班级数（enrolment.csv 的 sections）"
_RULES: Final = tuple(f"E0{at}" for at, _ in enumerate(RESOURCES, 1))
_SHORT: Final = dict(
    zip(
        RESOURCES, ("高学历教师", "骨干教师", "体艺教师", "教学用房", "运动场馆", "仪器设备", "多媒体教室"), strict=True
    )
)
_BY_HUNDRED: Final = frozenset(
    {"above_degree", "backbone", "arts", "multimedia_rooms"}
)  # the others are for each pupil


def indicator(row: pd.Series, column: str, digits: float) -> float:
    """Return one of the seven indicators of a school and stage, rounded as it is compared. [unit of the rule]."""
    of = per if column not in _BY_HUNDRED else percent
    return rounded(of(float(row[column]), float(row["pupils"])), digits)


def check_indicator(resources: pd.DataFrame, rule: Rule, day: date, *, column: str, rounding: Rule) -> pd.DataFrame:
    """E01–E07: one resource of every school, teaching points inside their host (教督〔2017〕6号 资源配置).

    Parameters
    ----------
    resources
        One row a school and stage: subject_type, subject_id, subject_name, stage, pupils, the columns of
        `layout_planner.standards.RESOURCES`, points, unhosted. [pupils], [staff], [m2], [yuan], [rooms]
    rule
        One of E01–E07.
    day
        Day on which the rule is applied.
    column
        Which resource.
    rounding
        E09: to how many decimals numbers are rounded before they are compared.

    Returns
    -------
    DataFrame
        One finding a school and stage; affected are its pupils. [unit of the rule]

    Raises
    ------
    PolicyError
        If no limit is in force on `day`.
    """
    digits = rounding.on(day, part="decimals")
    findings = []
    for subject, rows in subjects(resources[resources["stage"].isin(rule.stages)], "stage"):
        row = only_row(rows)
        stage, points = str(row["stage"]), int(row["points"])
        inside = f"含教学点 {points} 个" if points else ""
        if row["unhosted"]:
            findings.append(not_known(subject, _HOST, stage=stage))
            continue
        observed = indicator(row, column, digits)
        measure = measured(rule, rule.value(day, stage), observed, label=_SHORT[column], needs=rule.needs[0])
        findings.append(finding_of(subject, [measure], affected=float(row["pupils"]), stage=stage, names=inside))
    return findings_frame(rule, together(findings), day)


@dataclass(frozen=True)
class Reached:
    """The seven indicators of one school: how many are reached, which are not, and which nobody knows."""

    count: int
    short: Mapping[str, float]  # those not reached, in per cent of their standard
    unknown: tuple[str, ...]

    @property
    def names(self) -> str:
        """Say which are not reached."""
        return "、".join(f"{_SHORT[name]}达标准的 {shown(share)}%" for name, share in self.short.items())


def reached_by(row: pd.Series, rules: Mapping[str, Rule], day: date, *, digits: float) -> Reached:
    """Compare the seven indicators of one school and stage with their rules.

    Parameters
    ----------
    row
        Row of the table of `check_indicator`. [pupils], [staff], [m2], [yuan], [rooms]
    rules
        E01–E07 by resource.
    day
        Day on which the rules are applied.
    digits
        Decimals that numbers are rounded to before they are compared.
    """
    count, short, unknown = 0, {}, []
    for column, rule in rules.items():
        observed, limit = indicator(row, column, digits), rule.on(day, str(row["stage"]))
        if math.isnan(observed):
            unknown.append(column)
        elif observed >= limit:
            count += 1
        else:
            short[column] = percent(observed, limit)
    return Reached(count, short, tuple(unknown))


def check_all_indicators(
    resources: pd.DataFrame, rule: Rule, day: date, *, rounding: Rule, **indicators: Rule
) -> pd.DataFrame:
    """E08: every school reaches six of the seven, and nearly reaches the other (教督〔2017〕6号 资源配置).

    Parameters
    ----------
    resources
        Table of `check_indicator`.
    rule
        E08.
    day
        Day on which the rule is applied.
    rounding
        E09, as in `check_indicator`.
    **indicators
        E01–E07 by resource.

    Returns
    -------
    DataFrame
        One finding a school and stage: observed is how many are known to be reached. What is not known counts neither
        as reached nor as missed. [indicator]

    Raises
    ------
    PolicyError
        If a number is not in force on `day`.
    """
    digits, limit, other = rounding.on(day, part="decimals"), rule.on(day), rule.on(day, part="other")
    findings = []
    for subject, rows in subjects(resources[resources["stage"].isin(rule.stages)], "stage"):
        row = only_row(rows)
        stage = str(row["stage"])
        if row["unhosted"]:
            findings.append(not_known(subject, _HOST, stage=stage))
            continue
        seen = reached_by(row, indicators, day, digits=digits)
        far = [share for share in seen.short.values() if share < other]
        broken = len(indicators) - len(seen.short) < limit or bool(far)
        findings.append(
            Finding(
                subject,
                judge(broken=broken, unknown=bool(seen.unknown)),
                observed=float(seen.count),
                limit=limit,
                affected=float(row["pupils"]) if broken else 0.0,
                names=seen.names,
                missing=f"需：{'、'.join(_SHORT[name] for name in seen.unknown)}" if seen.unknown else "",
                stage=stage,
            )
        )
    return findings_frame(rule, findings, day)


def check_differences(resources: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """E09: how much schools differ in each resource, weighted by pupils (教督〔2017〕6号 资源配置).

    Parameters
    ----------
    resources
        Table of `check_indicator`; a teaching point without a host makes every coefficient unknown.
    rule
        E09.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a stage: observed is the largest coefficient that is known; names are all of them. [-]

    Raises
    ------
    PolicyError
        If no limit is in force on `day`.
    """
    digits = rule.on(day, part="decimals")
    findings = []
    for stage in rule.stages:
        rows = resources[resources["stage"] == stage]
        if rows.empty:
            continue
        value, apart = rule.value(day, stage), rows.loc[rows["unhosted"].astype(bool), "subject_name"]
        measures = [
            measured(
                rule,
                value,
                math.nan if len(apart) else rounded(weighted_cv(rows[column], rows["pupils"]), digits),
                label=_SHORT[column],
                needs=f"{_HOST}：{listed(apart)}" if len(apart) else f"各校{_SHORT[column]}",
            )
            for column in RESOURCES
        ]
        known = [m for m in measures if not m.unknown]
        worst = sorted(known, key=lambda m: -m.observed)
        findings.append(finding_of(WHOLE_COUNTY, [*worst, *(m for m in measures if m.unknown)], stage=stage))
    return findings_frame(rule, findings, day)


def check_arts_rooms(rooms: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """E10: music and art rooms for every twelve sections or part of twelve (教督〔2017〕6号 政府保障程度).

    Parameters
    ----------
    rooms
        One row a school of the compulsory stages, teaching points left out: subject_type, subject_id, subject_name,
        pupils, sections, music_rooms, art_rooms (those of the area asked for). [pupils], [sections], [rooms]
    rule
        E10.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a school. [rooms]

    Raises
    ------
    PolicyError
        If a number is not in force on `day`.
    """
    each, sections = rule.value(day), rule.on(day, part="per_sections")
    findings = []
    for subject, rows in subjects(rooms):
        row = only_row(rows)
        if math.isnan(float(row["sections"])):
            findings.append(not_known(subject, _SECTIONS))
            continue
        wanted = each.value * max(math.ceil(float(row["sections"]) / sections), 1)
        measures = [
            Measure(words, float(row[column]), wanted, each.op, each.unit, f"{words}间数（{column}）", rule.cite)
            for column, words in (("music_rooms", "音乐教室"), ("art_rooms", "美术教室"))
        ]
        findings.append(finding_of(subject, measures, affected=float(row["pupils"])))
    return findings_frame(rule, together(findings), day)


def check_outcomes(figures: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """E11: retention, disabled and migrant children, satisfaction (教督〔2017〕6号 教育质量、社会认可度).

    Parameters
    ----------
    figures
        The latest figures of the county: indicator, value, unit. [as row]
    rule
        E11.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding for the county with the four shares. [%]

    Raises
    ------
    PolicyError
        If a share is not in force on `day`.
    """
    wanted = (
        ("retention_junior", str(Stage.JUNIOR), "retention"),
        ("disabled_enrolment", None, "disabled"),
        ("migrant_in_public", None, "migrant"),
        ("satisfaction", None, "satisfaction"),
    )
    measures = [figure_measure(figures, name, rule, rule.value(day, stage, part)) for name, stage, part in wanted]
    return findings_frame(rule, [finding_of(WHOLE_COUNTY, measures)], day)


def check_nearness(zoning: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """E12: pupils at a school of their own attendance area; places of good senior schools shared out (教督〔2017〕6号).

    Parameters
    ----------
    zoning
        One row a stage: stage, share, outside (pupils elsewhere), missing (what is not known). The share of primary and
        junior is that of pupils whose school serves their village; of senior, that of the quota. [%], [pupils]
    rule
        E12.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a stage. [%]

    Raises
    ------
    PolicyError
        If a share is not in force on `day`.
    """
    findings = []
    for stage in rule.stages:
        senior = stage == Stage.SENIOR
        value = rule.value(day, stage, "quota" if senior else None)
        for _, row in zoning[zoning["stage"] == stage].iterrows():
            label = "名额分配" if senior else "划片内就读"
            measure = measured(rule, value, float(row["share"]), label=label, needs=str(row["missing"]))
            elsewhere = float(row["outside"])
            words = f"就读学校不在本村划片内 {elsewhere:.0f} 人" if elsewhere > 0 else ""
            findings.append(finding_of(WHOLE_COUNTY, [measure], affected=elsewhere, stage=stage, names=words))
    return findings_frame(rule, findings, day)


_ROUNDED: Final = {"rounding": "E09"}
_EACH: Final[Mapping[str, Callable[..., pd.DataFrame]]] = {
    rule: update_wrapper(partial(check_indicator, column=column), check_indicator)
    for rule, column in zip(_RULES, RESOURCES, strict=True)
}
CHECKS: Final[Mapping[str, Entry]] = {
    **{rule: Entry("resources", check, _ROUNDED) for rule, check in _EACH.items()},
    "E08": Entry("resources", check_all_indicators, {**_ROUNDED, **dict(zip(RESOURCES, _RULES, strict=True))}),
    "E09": Entry("resources", check_differences),
    "E10": Entry("arts_rooms", check_arts_rooms),
    "E11": Entry("figures", check_outcomes),
    "E12": Entry("zoning", check_nearness),
}
