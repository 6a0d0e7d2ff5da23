"""No closing before the layout plan is filed with the province: rule M16."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

import pandas as pd

from layout_planner.compliance.findings import Entry, Finding, findings_frame, judge, only_row, subjects
from layout_planner.policy import Rule


def check_plan_filed_first(closings: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """M16: no school is closed before the layout plan is filed (国办发〔2012〕48号（三）).

    Parameters
    ----------
    closings
        One row a subject: subject_type, subject_id, subject_name, closes_on (NaT: not dated), filed_on (see
        `filing_before`), carried_out (the school is closed already), recorded (False: the county keeps no ledger of
        procedure), affected. [date], [children]
    rule
        M16.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a subject. A closing still to come is not evaluated while no filing is on record, and fails if the
        filing is later; one carried out fails unless the filing came first.

    Raises
    ------
    PolicyError
        Never for want of a number: the rule has none.
    """
    findings = []
    for subject, rows in subjects(closings):
        row = only_row(rows)
        filed, closes = pd.Timestamp(row["filed_on"]), pd.Timestamp(row["closes_on"])
        late = bool(filed > closes)
        broken = bool(row["recorded"]) and (late or (bool(row["carried_out"]) and pd.isna(filed)))
        unknown = pd.isna(filed)
        findings.append(
            Finding(
                subject,
                judge(broken=broken, unknown=unknown),
                affected=float(row["affected"]) if broken else 0.0,
                names=_told(filed, closes, late=late, broken=broken),
                missing=_unfiled(rule, recorded=bool(row["recorded"])) if unknown and not broken else "",
            )
        )
    return findings_frame(rule, findings, day)


def _told(filed: pd.Timestamp, closes: pd.Timestamp, *, late: bool, broken: bool) -> str:
    """Say when the plan was filed, or what is wrong."""
    if late:
        return f"撤并（{closes.date()}）早于布局规划报省备案（{filed.date()}）"
    return "已撤并，未见布局规划报省备案" if broken else f"{filed.date()} 备案" if not pd.isna(filed) else ""


def filing_before(steps: pd.DataFrame, closes_on: pd.Timestamp) -> pd.Timestamp:
    """Return the last day, not after a closing, on which a layout plan was filed with the province; else the first one.

    Parameters
    ----------
    steps
        Rows of `cases_of`.
    closes_on
        Day of the closing; NaT takes the last filing of all.

    Returns
    -------
    Timestamp
        NaT where no filing is on record.
    """
    filed = (steps["case_kind"] == "layout_plan") & (steps["step"] == "file") & (steps["level"] == "province")
    days = steps.loc[filed, "date"].dropna().sort_values()
    before = days if pd.isna(closes_on) else days[days <= closes_on]
    return pd.Timestamp(before.iloc[-1] if len(before) else days.min())


def _unfiled(rule: Rule, *, recorded: bool) -> str:
    return "待办：布局专项规划报省备案（备案之前不得撤并）" if recorded else "需：" + "；".join(rule.needs)


CHECKS: Final[Mapping[str, Entry]] = {
    "M16": Entry("suspensions", check_plan_filed_first),
}
