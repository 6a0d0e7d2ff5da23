"""The network of schools as it stands: rules M11, M20, M23 and M24."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

import pandas as pd

from layout_planner.compliance.findings import (
    NOT_EVALUATED,
    Entry,
    Finding,
    Subject,
    findings_frame,
    judge,
    listed,
    only_row,
    subjects,
)
from layout_planner.policy import Rule
from layout_planner.terms import COUNTY, Stage

_COUNTY: Final = Subject(COUNTY, COUNTY, "全县")
_NO_LIST: Final = "需：“必要的”小规模学校和幼儿园名单（schools.must_keep）"


def check_funds_kept(funds: pd.DataFrame, rule: Rule, day: date, *, small: Rule) -> pd.DataFrame:
    """M11: a small school is not starved of funds (不得减少投入，人为造成消亡).

    A small school is funded as if it had a fixed number of pupils (rule F01), so its public funds do not fall with its
    pupils: those of the last year are set beside those of the year before. A fall is told; without the staffing of
    earlier years nothing can be passed.

    Parameters
    ----------
    funds
        One row a school and year: subject_type, subject_id, subject_name, year, yuan (public funds), pupils. [yuan],
        [pupils]
    rule
        M11.
    day
        Day on which the rule is applied.
    small
        M01: below how many pupils a school is small; schools with pupils that are small in both years are looked at.

    Returns
    -------
    DataFrame
        One finding a school: observed and limit are the funds of the last year and the year before, affected its
        pupils. [yuan]

    Raises
    ------
    PolicyError
        If M01 is not in force on `day`.
    """
    most, findings = small.on(day), []
    for subject, rows in subjects(funds):
        years = rows.sort_values("year").tail(2)
        if not ((years["pupils"] > 0) & (years["pupils"] < most)).all():
            continue
        yuan = years["yuan"].astype(float).tolist()
        now, before = yuan[-1], yuan[0] if len(yuan) > 1 else float("nan")
        fallen = now < before
        findings.append(
            Finding(
                subject,
                judge(broken=fallen, unknown=True),
                observed=now,
                limit=before,
                affected=float(years["pupils"].iloc[-1]) if fallen else 0.0,
                names=f"{years['year'].iloc[-1]:.0f} 年公用经费少于上年" if fallen else "",
                missing="" if fallen else "需：历年教师配备" if before == before else "需：" + rule.needs[0],
                unit="yuan",
            )
        )
    return findings_frame(rule, findings, day)


def check_junior_in_township(townships: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """M20: every township has a junior school (国办发〔2012〕48号（二）).

    The first half of the rule (a school in villages where people live close together) has no measure: a row of the
    county says so.

    Parameters
    ----------
    townships
        One row a township: subject_type, subject_id, subject_name, junior_schools (with pupils), children (pupils of
        grades 7–9 who live there). [schools], [children]
    rule
        M20: junior schools of a township.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a township: observed is the number of its junior schools. [schools]

    Raises
    ------
    PolicyError
        If no limit is in force on `day`.
    """
    stage = str(Stage.JUNIOR)
    limit = rule.on(day, stage=stage)
    findings = []
    for subject, rows in subjects(townships):
        row = only_row(rows)
        count = float(row["junior_schools"])
        findings.append(
            Finding(
                subject,
                judge(broken=count < limit, unknown=count != count),
                observed=count,
                limit=limit,
                affected=float(row["children"]) if count < limit else 0.0,
                stage=stage,
                cite=rule.cite_on(day, stage=stage),
            )
        )
    findings.append(Finding(_COUNTY, NOT_EVALUATED, missing="需：" + "；".join(rule.needs), stage=str(Stage.PRIMARY)))
    return findings_frame(rule, findings, day)


def check_pace(closures: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """M23: no new empty schools, no hasty closings (国办发〔2018〕27号（四）); counts are told, no number limits them.

    Parameters
    ----------
    closures
        One row a school year: school_year, closings, emptied (still registered, no pupils any more), schools_open (in
        the year before). [schools]
    rule
        M23.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding of the county, not evaluated: observed are the closings of the last year, names those of every year
        beside the stock. [schools]

    Raises
    ------
    PolicyError
        Never for want of a number: the rule has none.
    """
    rows = closures.sort_values("school_year")
    told = [
        f"{row['school_year']:.0f} 学年停办 {row['closings']:.0f} 所，新成空壳 {row['emptied']:.0f} 所"
        f"（上年在办 {row['schools_open']:.0f} 所）"
        for row in rows.to_dict("records")
    ]
    finding = Finding(
        _COUNTY,
        NOT_EVALUATED,
        observed=float(rows["closings"].iloc[-1]) if len(rows) else float("nan"),
        names="；".join(told),
        missing="需：" + "；".join(rule.needs),
        unit="school",
    )
    return findings_frame(rule, [finding], day)


def check_necessary_kept(schools: pd.DataFrame, rule: Rule, day: date, *, small: Rule) -> pd.DataFrame:
    """M24: the small schools and kindergartens that the county calls necessary stay (2026 年中央一号文件).

    Parameters
    ----------
    schools
        One row a primary school, teaching point or kindergarten: subject_type, subject_id, subject_name, kindergarten,
        pupils, must_keep (missing = the county has not said), is_open, closing_case (1, 0; missing: the county keeps no
        ledger of procedure). [pupils]
    rule
        M24.
    day
        Day on which the rule is applied.
    small
        M01: below how many pupils a school is small.

    Returns
    -------
    DataFrame
        One finding a necessary school: it fails where it is closed or a closing has been begun. Those the county has not
        judged, or a county that calls none necessary, stand in one row not evaluated. [schools]

    Raises
    ------
    PolicyError
        If M01 is not in force on `day`.
    """
    here = schools[schools["kindergarten"] | ~(schools["pupils"] >= small.on(day))]
    open_question = here["must_keep"].isna()
    necessary = here[~open_question & here["must_keep"].eq(True)]
    findings = []
    for subject, rows in subjects(necessary):
        row = only_row(rows)
        words = ["已停办"] if not row["is_open"] else []
        words += ["已启动撤并程序"] if row["closing_case"] == 1 else []
        unknown = bool(pd.isna(row["closing_case"]))
        findings.append(
            Finding(
                subject,
                judge(broken=bool(words), unknown=unknown),
                affected=float(row["pupils"]) if words else 0.0,
                names="、".join(words),
                missing="需：撤并方案程序台账（procedure.csv）" if unknown else "",
            )
        )
    if open_question.any() or not findings:
        unsaid = f"（{listed(here.loc[open_question, 'subject_name'].astype('str'))}）" if open_question.any() else ""
        findings.append(Finding(_COUNTY, NOT_EVALUATED, missing=_NO_LIST + unsaid))
    return findings_frame(rule, findings, day)


CHECKS: Final[Mapping[str, Entry]] = {
    "M11": Entry("funds", check_funds_kept, {"small": "M01"}),
    "M20": Entry("junior_schools", check_junior_in_township),
    "M23": Entry("closures", check_pace),
    "M24": Entry("necessary", check_necessary_kept, {"small": "M01"}),
}
