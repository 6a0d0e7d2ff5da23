"""The county's own duties in the ledger of procedure: rules M13, M14, A07 and A12."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

import pandas as pd

from layout_planner.compliance.cases import Walk, cases, waiting_text, walk
from layout_planner.compliance.findings import FAIL, NOT_EVALUATED, PASS, Entry, Finding, Subject, findings_frame, judge
from layout_planner.compliance.findings import listed as names_listed
from layout_planner.policy import Rule
from layout_planner.terms import COUNTY, LABELS_ZH

THE_COUNTY: Final = Subject(COUNTY, COUNTY, "全县")
REPORTED: Final = ("submit", "approve", "file", "done")  # steps with which a report has left the house
_PLAN: Final = "layout_plan"
_NO_PLAN: Final = "需：布局专项规划（程序台账 procedure.csv 中没有）"
_LEDGER_TASKS: Final = {"监测和报告": "monitoring", "新一轮布局规划": _PLAN}
_OTHER_TASKS: Final = ("学段间余缺调配", "标准化", "稳妥撤并", "资源中心", "空壳学校闲置资产", "确权移交")


def check_plan_on_file(steps: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """M13: the layout plan is drafted by the county, opened to comment and filed with the province (27号（五）).

    Parameters
    ----------
    steps
        Rows of `cases_of`; cases of kind ``layout_plan`` are checked.
    rule
        M13.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a plan: observed is the number of these steps on record, limit all of them; a plan still on its way
        is not evaluated. Without a plan one row of the county, not evaluated. [steps]

    Raises
    ------
    PolicyError
        Never for want of a number: the rule has none.
    """

    def parts(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
        return {
            "县编制": rows[(rows["step"] == "draft") & (rows["level"] == "county")],
            "公开征求意见": rows[rows["step"].isin(["opinion", "notice"])],
            "报省备案": rows[(rows["step"] == "file") & (rows["level"] == "province")],
        }

    walks = [(subject, walk(parts(rows))) for subject, rows in cases(steps, _PLAN)]
    return _walked(walks, rule, day, limit=float(len(parts(steps))))


def check_plan_levels(steps: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """M14: in Gansu the plan goes from the county to the prefecture's approval and the province's decision (2013).

    Parameters
    ----------
    steps
        Rows of `cases_of`; cases of kind ``layout_plan`` are checked.
    rule
        M14: number of levels.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a plan: observed is the number of levels on record. Without a plan one row of the county, not
        evaluated. [levels]

    Raises
    ------
    PolicyError
        If the rule is not in force on `day`.
    """
    limit = rule.on(day)

    def parts(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
        return {
            "县报批": rows[(rows["level"] == "county") & rows["step"].isin(["submit", "approve"])],
            "市州政府批准": rows[(rows["level"] == "prefecture") & (rows["step"] == "approve")],
            "省政府审定": rows[(rows["level"] == "province") & rows["step"].isin(["approve", "file"])],
        }

    walks = [(subject, walk(parts(rows))) for subject, rows in cases(steps, _PLAN)]
    return _walked(walks, rule, day, limit=limit)


def check_monitoring_report(steps: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """A07: the monitoring report of the school year before `day` is drawn up and handed in (《纲要》).

    Parameters
    ----------
    steps
        Rows of `cases_of`; cases of kind ``monitoring`` are checked.
    rule
        A07.
    day
        Day on which the rule is applied; the year before it is looked at.

    Returns
    -------
    DataFrame
        One finding of the county: observed is the number of reports handed in during that year. None begun fails; one
        begun and not handed in is not evaluated. [reports]

    Raises
    ------
    PolicyError
        Never for want of a number: the rule has none.
    """
    end = pd.Timestamp(day)
    begin = end - pd.DateOffset(years=1)
    mine = steps[steps["case_kind"] == "monitoring"]
    of_year = mine[(mine["date"] >= begin) & (mine["date"] < end)]
    reported = of_year[of_year["step"].isin(REPORTED)]
    words = f"{begin.date()} 至 {(end - pd.Timedelta(1, 'D')).date()}"
    undated = bool(mine["date"].isna().any())
    outcome = PASS if len(reported) else NOT_EVALUATED if len(of_year) or undated else FAIL
    begun = sorted(set(of_year["step"].map(LABELS_ZH["step"])))
    finding = Finding(
        THE_COUNTY,
        outcome,
        observed=float(reported["case_id"].nunique()),
        limit=1.0,
        names=f"{words}没有监测报告" if outcome == FAIL else "",
        missing=f"待办：监测报告报送（{words}；已有：{names_listed(begun) or '日期不详'}）"
        if outcome == NOT_EVALUATED
        else "",
        unit="record",
    )
    return findings_frame(rule, [finding], day)


def check_tasks_of_the_county(steps: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """A12: the tasks that the notice gives the county are on record (高教发〔2025〕20号 第 5 条).

    The ledger of procedure can show the monitoring report and the layout plan; the other tasks have no table of their
    own, so the rule never passes: they are listed as missing.

    Parameters
    ----------
    steps
        Rows of `cases_of`.
    rule
        A12.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding of the county: observed is the number of tasks with a case on record, names the tasks without one
        that the ledger could show.

    Raises
    ------
    PolicyError
        Never for want of a number: the rule has none.
    """
    kinds = set(steps["case_kind"].astype("str"))
    absent = [task for task, kind in _LEDGER_TASKS.items() if kind not in kinds]
    others = f"需：其余任务的完成记录（{'、'.join(_OTHER_TASKS)}）"
    finding = Finding(
        THE_COUNTY,
        judge(broken=bool(absent), unknown=True),
        observed=float(len(_LEDGER_TASKS) - len(absent)),
        limit=float(len(_LEDGER_TASKS) + len(_OTHER_TASKS)),
        names="台账中没有：" + names_listed(absent) if absent else "",
        missing=others,
        unit="indicator",
    )
    return findings_frame(rule, [finding], day)


def _walked(walks: list[tuple[Subject, Walk]], rule: Rule, day: date, *, limit: float) -> pd.DataFrame:
    findings = [
        Finding(
            subject,
            judge(broken=bool(way.wrong), unknown=bool(way.waiting)),
            observed=float(len(way.there)),
            limit=limit,
            names=names_listed(way.wrong),
            missing=waiting_text(way.waiting),
            unit="step" if rule.unit == "-" else rule.unit,
        )
        for subject, way in walks
    ]
    none = [Finding(THE_COUNTY, NOT_EVALUATED, missing=_NO_PLAN)]
    return findings_frame(rule, findings or none, day)


CHECKS: Final[Mapping[str, Entry]] = {
    "M13": Entry("procedure", check_plan_on_file),
    "M14": Entry("procedure", check_plan_levels),
    "A07": Entry("procedure", check_monitoring_report),
    "A12": Entry("procedure", check_tasks_of_the_county),
}
