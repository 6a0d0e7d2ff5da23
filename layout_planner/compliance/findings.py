"""Rows of the table ``findings``: what every check returns, and what stands there for a rule nobody could check."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import pandas as pd

from layout_planner.errors import DataError
from layout_planner.policy import Catalogue, Rule
from layout_planner.terms import COUNTY, LABELS_ZH

Check = Callable[[pd.DataFrame, Rule, date], pd.DataFrame]

PASS: Final = "pass"  # noqa: S105 — the outcome of a check
FAIL: Final = "fail"
NOT_EVALUATED: Final = "not_evaluated"
UNSET: Final = "unset"
NAN: Final = float("nan")
SUBJECT: Final = ("subject_type", "subject_id")
COLUMNS: Final = {
    "rule_id": "str",
    "rule_title": "str",
    "rule_mode": "str",
    "outcome": "str",
    "subject_type": "str",
    "subject_id": "str",
    "subject_name": "str",
    "stage": "str",
    "grade_band": "str",
    "school_year": "int64",
    "observed": "float64",
    "limit": "float64",
    "unit": "str",
    "affected": "float64",
    "names": "str",
    "cite": "str",
    "missing": "str",
}
_SHOWN = 5  # names printed before "等 n 个"
_FIRST_MONTH = 9  # a school year begins in September and is named after its first calendar year
_DEFINITION = "定义或事实，不作核验"
_NO_CHECK_YET = "本县已设定取值，本版本尚无对应的核验"
_OUT_OF_FORCE = "该日没有生效的数值"


@dataclass(frozen=True)
class Entry:
    """One check of a family: the name of the table it reads, the function, other rules it needs by argument name."""

    table: str
    check: Callable[..., pd.DataFrame]
    uses: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Subject:
    """What a finding is about: a village, a school, a pair A>B, a case of the ledger of procedure or the county."""

    subject_type: str
    subject_id: str
    subject_name: str


@dataclass(frozen=True)
class Finding:
    """The outcome of one rule for one subject; unknown numbers are NaN."""

    subject: Subject
    outcome: str
    observed: float = NAN
    limit: float = NAN
    affected: float = NAN
    names: str = ""
    missing: str = ""
    stage: str = ""
    grade_band: str = ""
    cite: str = ""
    unit: str = ""


def findings_frame(rule: Rule, findings: Iterable[Finding], day: date) -> pd.DataFrame:
    """Make the rows of the table ``findings`` for one rule.

    Parameters
    ----------
    rule
        The rule that was checked.
    findings
        One outcome a subject.
    day
        Day on which the rule was applied.

    Returns
    -------
    DataFrame
        Columns of the table ``findings``, in its order. [unit of the rule]
    """
    rows = [
        {
            "rule_id": rule.id,
            "rule_title": rule.title,
            "rule_mode": rule.mode,
            "outcome": found.outcome,
            "subject_type": found.subject.subject_type,
            "subject_id": found.subject.subject_id,
            "subject_name": found.subject.subject_name,
            "stage": found.stage,
            "grade_band": found.grade_band,
            "school_year": school_year_of(day),
            "observed": found.observed,
            "limit": found.limit,
            "unit": found.unit or rule.unit,
            "affected": found.affected,
            "names": found.names,
            "cite": found.cite or _cite(rule, day, found.stage),
            "missing": found.missing,
        }
        for found in findings
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _cite(rule: Rule, day: date, stage: str) -> str:
    """Citation of a finding; a number of the county is cited with who signed it, and when."""
    return rule.cite_on(day, stage or None) if rule.mode == "PARAM" else rule.cite


def concat_findings(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put findings of several rules below each other; an empty list gives an empty table with all columns."""
    kept = [frame for frame in frames if len(frame)]
    if not kept:
        return pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS)
    return pd.concat(kept, ignore_index=True)


def subjects(table: pd.DataFrame, *further: str) -> Iterator[tuple[Subject, pd.DataFrame]]:
    """Go through the subjects of a table (and further key columns), in the order of their codes.

    Parameters
    ----------
    table
        Rows with subject_type, subject_id, subject_name.
    further
        More key columns, such as ``stage``.

    Yields
    ------
    Subject, DataFrame
        The subject and its rows; none is dropped for a missing name.
    """
    for _, rows in table.groupby([*SUBJECT, *further], sort=True, dropna=False):
        first = rows.iloc[0]
        name = first["subject_name"]
        shown = str(first["subject_id"]) if pd.isna(name) else str(name)
        yield Subject(str(first["subject_type"]), str(first["subject_id"]), shown), rows


def only_row(rows: pd.DataFrame) -> pd.Series:
    """Return the row of a subject that may have one only.

    Raises
    ------
    DataError
        ``subject_twice`` if it has several.
    """
    if len(rows) > 1:
        raise DataError("subject_twice", subject=str(rows["subject_id"].iloc[0]), count=len(rows))
    return rows.iloc[0]


def listed(names: Iterable[str]) -> str:
    """Join names: each once, in their order, the first five, then the count."""
    unique = list(dict.fromkeys(names))
    shown = "、".join(unique[:_SHOWN])
    return shown if len(unique) <= _SHOWN else f"{shown} 等 {len(unique)} 个"


def judge(*, broken: bool, unknown: bool) -> str:
    """Return the outcome: a known breach fails; else what is unknown is not evaluated; else it passes."""
    return FAIL if broken else NOT_EVALUATED if unknown else PASS


def school_year_of(day: date) -> int:
    """School year that a day lies in, named after its first calendar year. [year]."""
    return day.year if day.month >= _FIRST_MONTH else day.year - 1


def first_day_of(school_year: int) -> date:
    """First day of a school year."""
    return date(school_year, _FIRST_MONTH, 1)


def not_evaluated(
    catalogue: Catalogue, evaluated: Collection[str], day: date, county_name: str = "全县"
) -> pd.DataFrame:
    """List the rules that no check has decided, each with what is missing.

    Parameters
    ----------
    catalogue
        All rules.
    evaluated
        Ids of the rules that have findings.
    day
        Day on which the rules were applied.
    county_name
        Printed name of the county.

    Returns
    -------
    DataFrame
        One row a rule: ``unset`` for a PARAM without a number of the county, else ``not_evaluated``.
    """
    county = Subject(COUNTY, COUNTY, county_name)
    frames = []
    for rule in catalogue:
        if rule.id not in evaluated:
            unset = rule.mode == "PARAM" and not rule.values
            row = Finding(county, UNSET if unset else NOT_EVALUATED, missing=_what_is_missing(rule, day, unset=unset))
            frames.append(findings_frame(rule, [row], day))
    return concat_findings(frames)


def _what_is_missing(rule: Rule, day: date, *, unset: bool) -> str:
    if rule.mode == "DATA":
        return _DEFINITION
    if unset:
        return f"{LABELS_ZH['outcome'][UNSET]}：{rule.id}（{'；'.join(rule.needs) or rule.title}）"
    if rule.values and not any(value.in_force(day) for value in rule.values):
        return _later(rule, day) or _OUT_OF_FORCE
    if rule.mode == "PARAM":
        return _NO_CHECK_YET
    return "需：" + "；".join(rule.needs)


def _later(rule: Rule, day: date) -> str:
    """Say from when the county's own number holds, if that is after the day; else nothing."""
    first = min((value.county.day for value in rule.values if value.county and value.county.day > day), default=None)
    return "" if first is None else f"本县 {first.isoformat()} 起设定，核验日 {day.isoformat()} 尚未生效"
