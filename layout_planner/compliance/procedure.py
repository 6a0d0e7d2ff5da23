"""Steps of closing and reopening cases: rules M02, M03, M04, M05, M15, M17 and M18."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import pandas as pd

from layout_planner.compliance.cases import ENDING, NAMED, cases, has, parts_of, waiting_text, walk
from layout_planner.compliance.findings import (
    Entry,
    Finding,
    findings_frame,
    judge,
    listed,
)
from layout_planner.policy import Rule
from layout_planner.terms import label

CLOSING_STEPS: Final = ("draft", "appraisal", "notice", "submit")
REOPENING_STEPS: Final = ("draft", "submit", "approve")
_CLOSING: Final = "closing"


def check_closing_steps(steps: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """M05: a closing runs through draft, appraisal, public notice and submission, in this order (国办发〔2012〕48号).

    Parameters
    ----------
    steps
        Rows of `compliance.cases.cases_of`; closing cases are checked. ``pupils`` are those of the school. [pupils]
    rule
        M05: number of the steps.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a case: observed is the number of these steps on record; a case that still has steps before it is
        not evaluated. [steps]

    Raises
    ------
    PolicyError
        If the rule is not in force on `day`.
    """
    limit = rule.on(day)
    return _walked(steps, _CLOSING, CLOSING_STEPS, rule, day, limit=limit)


def check_reopening_steps(steps: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """M17: a school is reopened by procedure: draft, submission, approval (国办发〔2012〕48号（三）).

    Parameters, errors as `check_closing_steps`; cases of kind ``reopening`` are checked.

    Returns
    -------
    DataFrame
        One finding a case: observed is the number of these steps on record. [steps]
    """
    return _walked(steps, "reopening", REOPENING_STEPS, rule, day, limit=float(len(REOPENING_STEPS)))


def check_principles(steps: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """M02: the four principles have left their mark in the file of a closing (国办发〔2018〕27号（六）).

    科学评估: an appraisal. 应留必留: the school is not one that must stay. 先建后撤: the receivers of the county's plans
    are ready in time. 积极稳妥: opinions were asked (or a hearing held) and the risk to stability was assessed.

    Parameters
    ----------
    steps
        Rows of `cases_of` with must_keep and receiver_ready (1, 0 or missing).
    rule
        M02: number of principles.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a case: observed is the number of principles with evidence.

    Raises
    ------
    PolicyError
        If the rule is not in force on `day`.
    """
    limit = rule.on(day)
    findings = []
    for subject, rows in cases(steps, _CLOSING):
        row, ended = rows.iloc[0], has(rows, "approve", "done")
        gentle = has(rows, "opinion", "hearing") and has(rows, "risk")
        marks = {
            "科学评估（论证）": _evidence(there=has(rows, "appraisal"), ended=ended),
            "应留必留（schools.must_keep）": None if pd.isna(row["must_keep"]) else not bool(row["must_keep"]),
            "先建后撤（plans 中的接收学校）": None if pd.isna(row["receiver_ready"]) else bool(row["receiver_ready"]),
            "积极稳妥（征求意见或听证，社会稳定风险评估）": _evidence(there=gentle, ended=ended),
        }
        against = [name for name, mark in marks.items() if mark is False]
        unknown = [name for name, mark in marks.items() if mark is None]
        findings.append(
            Finding(
                subject,
                judge(broken=bool(against), unknown=bool(unknown)),
                observed=float(sum(mark is True for mark in marks.values())),
                limit=limit,
                affected=_affected(rows, broken=bool(against)),
                names=listed(against),
                missing="需：" + "；".join(unknown) if unknown else "",
                unit=rule.value(day).unit,
            )
        )
    return findings_frame(rule, findings, day)


def check_few_pupils(steps: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """M03: only a school with very few pupils is closed; how few the county says (国办发〔2018〕27号（六）).

    Parameters
    ----------
    steps
        Rows of `cases_of` with pupils. [pupils]
    rule
        M03, set by the county: most pupils a school may have.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a closing case: observed are the pupils of the school. [pupils]

    Raises
    ------
    PolicyError
        If the county's number is not in force on `day`.
    """
    limit = rule.on(day)
    findings = []
    for subject, rows in cases(steps, _CLOSING):
        pupils = float(rows["pupils"].iloc[0])
        broken, unknown = pupils > limit, math.isnan(pupils)
        findings.append(
            Finding(
                subject,
                judge(broken=broken, unknown=unknown),
                observed=pupils,
                limit=limit,
                affected=_affected(rows, broken=broken),
                missing="需：该校在校生（enrolment.csv）" if unknown else "",
            )
        )
    return findings_frame(rule, findings, day)


def check_transition(steps: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """M04: before a closing there is a time of transition; how long the county says (国办发〔2018〕27号（六）).

    Parameters
    ----------
    steps
        Rows of `cases_of`.
    rule
        M04, set by the county: months. [months]
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a closing case: observed are the whole months of the step ``transition``. [months]

    Raises
    ------
    PolicyError
        If the county's number is not in force on `day`.
    """
    limit = rule.on(day)
    findings = []
    for subject, rows in cases(steps, _CLOSING):
        first, last = _longest(rows, "transition")
        months = _months(first, last)
        skipped = has(rows, "done") and not has(rows, "transition")
        missing = f"待办：{NAMED['transition']}" if pd.isna(first) else f"需：{NAMED['transition']}的截止日期"
        broken, unknown = months < limit or skipped, math.isnan(months)
        findings.append(
            Finding(
                subject,
                judge(broken=broken, unknown=unknown),
                observed=months,
                limit=limit,
                affected=_affected(rows, broken=broken),
                names="没有过渡期" if skipped else "",
                missing=missing if unknown and not broken else "",
            )
        )
    return findings_frame(rule, findings, day)


def check_approval_levels(steps: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """M15: a closing is approved at as many levels as the county's procedure asks for.

    Parameters
    ----------
    steps
        Rows of `cases_of` with level.
    rule
        M15, set by the county: number of levels.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a closing case: observed is the number of levels that approved. [levels]

    Raises
    ------
    PolicyError
        If the county's number is not in force on `day`.
    """
    limit = rule.on(day)
    findings = []
    for subject, rows in cases(steps, _CLOSING):
        levels = rows.loc[rows["step"] == "approve", "level"].drop_duplicates().astype("str")
        count = float(len(levels))
        broken, unknown = count < limit and has(rows, "done"), count < limit
        findings.append(
            Finding(
                subject,
                judge(broken=broken, unknown=unknown),
                observed=count,
                limit=limit,
                affected=_affected(rows, broken=broken),
                names=listed(label("level", level) for level in levels),
                missing=f"待办：{NAMED['approve']}（已批 {count:g} 级）" if unknown and not broken else "",
            )
        )
    return findings_frame(rule, findings, day)


def check_notice_days(steps: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """M18: the public notice of a closing stands as long as the county says.

    Parameters
    ----------
    steps
        Rows of `cases_of`.
    rule
        M18, set by the county: days.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a closing case: observed are the days of the longest notice, first and last day counted. [days]

    Raises
    ------
    PolicyError
        If the county's number is not in force on `day`.
    """
    limit = rule.on(day)
    findings = []
    for subject, rows in cases(steps, _CLOSING):
        first, last = _longest(rows, "notice")
        days = float((last - first).days + 1) if not pd.isna(last) else math.nan
        skipped = has(rows, "approve", "done") and not has(rows, "notice")
        missing = f"待办：{NAMED['notice']}" if pd.isna(first) else f"需：{NAMED['notice']}的截止日期"
        broken, unknown = days < limit or skipped, math.isnan(days)
        findings.append(
            Finding(
                subject,
                judge(broken=broken, unknown=unknown),
                observed=days,
                limit=limit,
                affected=_affected(rows, broken=broken),
                names="没有公示" if skipped else "",
                missing=missing if unknown and not broken else "",
            )
        )
    return findings_frame(rule, findings, day)


def _walked(
    steps: pd.DataFrame, kind: str, wanted: Sequence[str], rule: Rule, day: date, *, limit: float
) -> pd.DataFrame:
    findings = []
    for subject, rows in cases(steps, kind):
        way = walk(parts_of(rows, wanted), parts_of(rows, ENDING))
        findings.append(
            Finding(
                subject,
                judge(broken=bool(way.wrong), unknown=bool(way.waiting)),
                observed=float(len(way.there)),
                limit=limit,
                affected=_affected(rows, broken=bool(way.wrong)),
                names=listed(way.wrong),
                missing=waiting_text(way.waiting),
                unit="step",
            )
        )
    return findings_frame(rule, findings, day)


def _evidence(*, there: bool, ended: bool) -> bool | None:
    """Evidence on record; none although the case is decided; or still to come."""
    return True if there else False if ended else None


def _affected(rows: pd.DataFrame, *, broken: bool) -> float:
    return float(rows["pupils"].iloc[0]) if broken else 0.0


def _longest(rows: pd.DataFrame, step: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First and last day of a step; of several the one that lasts longest. NaT where it is not on record or has no end."""
    mine = rows[rows["step"] == step]
    if mine.empty:
        return pd.NaT, pd.NaT
    lengths = (mine["date_end"] - mine["date"]).fillna(pd.Timedelta(-1, "D"))
    row = mine.loc[lengths.idxmax()]
    return row["date"], row["date_end"]


def _months(first: pd.Timestamp, last: pd.Timestamp) -> float:
    """Whole months from a first to a last day, both counted; NaN where one is unknown. [months]."""
    if pd.isna(first) or pd.isna(last):
        return math.nan
    after = last + pd.Timedelta(1, "D")
    months = (after.year - first.year) * 12 + after.month - first.month
    return float(months - (after.day < first.day))


CHECKS: Final[Mapping[str, Entry]] = {
    "M02": Entry("procedure", check_principles),
    "M03": Entry("procedure", check_few_pupils),
    "M04": Entry("procedure", check_transition),
    "M05": Entry("procedure", check_closing_steps),
    "M15": Entry("procedure", check_approval_levels),
    "M17": Entry("procedure", check_reopening_steps),
    "M18": Entry("procedure", check_notice_days),
}
