"""Who was heard and who was against: rules M06, M07 and M22."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from layout_planner.compliance.cases import cases, first_day, has
from layout_planner.compliance.findings import Entry, Finding, findings_frame, judge, listed
from layout_planner.policy import Rule
from layout_planner.terms import label

HEARD: Final = ("parents", "staff", "village", "township")  # parties of rule M06
DECIDING: Final = ("parents", "delegates")  # parties whose majority stops a closing (rule M07)
COUNTS: Final = ("asked", "support", "oppose", "abstain")


def hearings_of(steps: pd.DataFrame, opinions: pd.DataFrame) -> pd.DataFrame:
    """Set the records of opinions beside their cases; a case without any has one row without a party.

    Parameters
    ----------
    steps
        Rows of `cases_of`.
    opinions
        Table `opinions`: case_id, date, party, means, asked, support, oppose, where told abstain. [people]

    Returns
    -------
    DataFrame
        Columns subject_type, subject_id, subject_name, school_id, case_kind, pupils, decided_on (NaT: not decided),
        held (a hearing is among the steps), party, means, date, asked, support, oppose, abstain. [people]
    """
    rows = []
    for case_id, own in steps.groupby("subject_id", sort=True):
        first = own.iloc[0]
        names = ["subject_type", "subject_name", "school_id", "case_kind", "pupils"]
        decided, held = first_day(own, "approve", "done"), has(own, "hearing")
        rows.append(
            {**{name: first[name] for name in names}, "subject_id": case_id, "decided_on": decided, "held": held}
        )
    records = opinions.reindex(columns=["case_id", "party", "means", "date", *COUNTS])
    records = records.assign(date=pd.to_datetime(records["date"], errors="coerce"), subject_id=records["case_id"])
    columns = ["subject_type", "subject_id", "subject_name", "school_id", "case_kind", "pupils", "decided_on", "held"]
    return pd.DataFrame(rows, columns=columns).merge(records, on="subject_id", how="left")


def check_parties_heard(hearings: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """M06: parents, staff, village committee and township are heard before a closing is decided (国办发〔2012〕48号).

    Parameters
    ----------
    hearings
        Rows of `hearings_of`; closing cases are checked.
    rule
        M06: records of every party.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a case: observed is the number of records of the party heard least, names the parties not heard
        before the decision. [records]

    Raises
    ------
    PolicyError
        If the rule is not in force on `day`.
    """
    limit = rule.on(day)
    return _heard(hearings, HEARD, ("closing",), rule, day, limit=limit)


def check_parents_heard(hearings: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """M22: parents are heard before a school or teaching point is set up or changed (校车安全管理条例 第三条).

    Parameters, errors as `check_parties_heard`; closing and reopening cases are checked, one record of the parents
    is asked for.

    Returns
    -------
    DataFrame
        One finding a case: observed is the number of records of the parents. [records]
    """
    return _heard(hearings, HEARD[:1], ("closing", "reopening"), rule, day, limit=1.0)


def _heard(
    hearings: pd.DataFrame, parties: tuple[str, ...], kinds: tuple[str, ...], rule: Rule, day: date, *, limit: float
) -> pd.DataFrame:
    findings = []
    for subject, rows in cases(hearings, *kinds):
        first = rows.iloc[0]
        decided = not pd.isna(first["decided_on"])
        in_time = rows[~(rows["date"] > first["decided_on"])]
        counts = {party: int((in_time["party"] == party).sum()) for party in parties}
        silent = [label("party", party) for party, count in counts.items() if count < limit]
        undated = bool(in_time.loc[in_time["party"].isin(parties), "date"].isna().any()) and decided
        broken = bool(silent) and decided
        findings.append(
            Finding(
                subject,
                judge(broken=broken, unknown=bool(silent) or undated),
                observed=float(min(counts.values())),
                limit=limit,
                affected=float(first["pupils"]) if broken else 0.0,
                names="没有听取：" + listed(silent) if broken else "",
                missing=_to_hear(silent, undated=undated) if not broken else "",
                unit="record",
            )
        )
    return findings_frame(rule, findings, day)


def _to_hear(silent: list[str], *, undated: bool) -> str:
    return f"待办：听取{listed(silent)}的意见" if silent else "需：意见记录的日期" if undated else ""


def check_majority_against(hearings: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """M07: no closing against most parents or most delegates of a hearing (国办发〔2012〕48号（三）).

    Each record of parents or delegates is judged by itself; a later one of the same party and means takes the place of
    an earlier one only if it asked as many. It fails if those opposed are more than the limit among those who
    answered (support, against, abstained). It passes only if they would not be more even if all who were asked and did
    not answer were opposed, and if they are not more among those who took sides. In between nobody knows.

    Parameters
    ----------
    hearings
        Rows of `hearings_of`, or of a pair A→B with the same columns; closing cases are checked. [people]
    rule
        M07: largest share opposed. [%]
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a subject: observed is the largest share opposed among those who answered, names both shares of
        every record, affected the pupils of the school where it fails. A hearing that was held without a record of its
        delegates, and a case without the parents, are not evaluated. [%]

    Raises
    ------
    PolicyError
        If no limit is in force on `day`.
    """
    limit = rule.on(day)
    findings = []
    for subject, rows in cases(hearings, "closing"):
        votes = _votes(rows)
        needed = ["parents"] + (["delegates"] if bool(rows["held"].iloc[0]) else [])
        absent = [label("party", party) for party in needed if party not in set(votes["party"])]
        against = votes["answered_share"] > limit
        certain = (votes["worst_share"] <= limit) & (votes["sides_share"] <= limit)
        open_votes = [_words(vote) for vote in votes[~against & ~certain].to_dict("records")]
        missing = [f"需：{listed(absent)}的意见记录（opinions.csv）"] if absent else []
        missing += [f"是否多数反对不能确定：{'；'.join(open_votes)}"] if open_votes else []
        broken = bool(against.any())
        findings.append(
            Finding(
                subject,
                judge(broken=broken, unknown=bool(missing)),
                observed=float(votes["answered_share"].max()) if len(votes) else math.nan,
                limit=limit,
                affected=float(rows["pupils"].iloc[0]) if broken else 0.0,
                names="；".join(_words(vote) for vote in votes.to_dict("records")),
                missing="；".join(missing) if not broken else "",
                cite=rule.cite_on(day),
            )
        )
    return findings_frame(rule, findings, day)


def _votes(rows: pd.DataFrame) -> pd.DataFrame:
    """Records of the deciding parties that still count, with their shares opposed. [%]."""
    mine = rows[rows["party"].isin(DECIDING)].sort_values(["party", "means", "date"], kind="stable")
    numbers = mine[list(COUNTS)].astype(float)
    largest_later = numbers["asked"].groupby([mine["party"], mine["means"]], sort=False).transform(_largest_later)
    keep = ~(largest_later >= numbers["asked"])
    mine, numbers = mine[keep], numbers[keep]
    answered = numbers["support"] + numbers["oppose"] + numbers["abstain"].fillna(0.0)
    unanswered = (numbers["asked"] - answered).clip(lower=0.0)
    against = numbers["oppose"]
    return mine.assign(
        **numbers,
        answered_share=_share(against, answered),
        asked_share=_share(against, numbers["asked"]),
        worst_share=_share(against + unanswered, np.fmax(numbers["asked"], answered).where(numbers["asked"].notna())),
        sides_share=_share(against, numbers["support"] + against),
    )


def _largest_later(asked: pd.Series) -> pd.Series:
    """Largest number asked in a later record; NaN for the last one."""
    return asked[::-1].cummax()[::-1].shift(-1)


def _share(part: pd.Series, whole: pd.Series) -> pd.Series:
    return 100 * part / whole.where(whole > 0)


def _words(vote: Mapping[str, object]) -> str:
    """Say a record: ``学生家长（问卷）反对 30 人，占应答 66.7%，占应征求 50.0%``."""
    who = f"{label('party', str(vote['party']))}（{label('means', str(vote['means']))}）"
    return f"{who}反对 {vote['oppose']:g} 人，占应答 {vote['answered_share']:.1f}%，占应征求 {vote['asked_share']:.1f}%"


CHECKS: Final[Mapping[str, Entry]] = {
    "M06": Entry("hearings", check_parties_heard),
    "M07": Entry("hearings", check_majority_against),
    "M22": Entry("hearings", check_parents_heard),
}
