"""Reasons in Chinese: why an option is blocked, or what is still to be argued."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from layout_planner.scenario.findings import BLOCKING
from layout_planner.terms import label

_EMPTY = "已无学生；校舍按闲置资产程序处置，恢复办学的可能须一并考虑"
_KEEP = "保留办学；不涉及转学"
_MANAGE = "学生不转学，由{who}{name}统一管理"
_HOST, _NEAREST = "登记的隶属中心校", "最近的完全小学（未登记隶属中心校）"
_ARGUE = "未触及已核验的否决规则；须经论证、听取意见、公示、报批后方可决定"


def reasons(table: pd.DataFrame, findings: pd.DataFrame) -> list[str]:
    """Write one sentence for every option, from its findings.

    Parameters
    ----------
    table
        Options with verdict, pupils_now, class sizes and the number of receivers found.
    findings
        Findings of the pairs.

    Returns
    -------
    list[str]
        By row of `table`.
    """
    blocking = findings[findings["rule_mode"].isin(BLOCKING)]
    failed = _by_subject(blocking[blocking["outcome"] == "fail"])
    unknown = _by_subject(blocking[blocking["outcome"].isin(["not_evaluated", "unset"])])
    with_receiver = set(table.loc[table["receiver_id"] != "", "school_id"])
    found = []
    for row in table.to_dict("records"):
        subject = row["subject_id"]
        if row["option"] == "keep":
            found.append(_keep(row, alone=row["school_id"] not in with_receiver))
        elif row["option"] == "manage":
            found.append(_MANAGE.format(who=_HOST if row["hosted"] else _NEAREST, name=row["receiver_name"]))
        else:
            parts = [_broken(finding) for finding in failed.get(subject, [])] or [_ARGUE]
            parts += [f"{finding['rule_id']} 未评（{finding['missing']}）" for finding in unknown.get(subject, [])]
            found.append("；".join(parts))
    return found


def _by_subject(findings: pd.DataFrame) -> dict[str, list[Mapping[Any, Any]]]:
    groups = findings.sort_values(["rule_id", "stage"]).groupby("subject_id")
    return {str(subject): rows.to_dict("records") for subject, rows in groups}


def _keep(row: Mapping[Any, Any], *, alone: bool) -> str:
    if row["pupils_now"] == 0:
        return _EMPTY
    return _KEEP + ("；没有其他学校开设其全部年级、又能读完小学" if alone else "")


def _broken(finding: Mapping[Any, Any]) -> str:
    """Say what fails, by what kind of rule, where and for how many: ``T01 …（原则上否决）：甲村、乙村，涉及 3 人``."""
    names = f"：{finding['names']}" if finding["names"] else ""
    number, kind = finding["affected"], label("rule_mode", str(finding["rule_mode"]))
    affected = f"，涉及 {number:.0f} 人" if number == number and number > 0 else ""
    return f"{finding['rule_id']} {finding['rule_title']}（{kind}）{names}{affected}"
