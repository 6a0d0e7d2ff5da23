"""Travel and boarding: rules T01, T02, T03, T05 and T11."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

import pandas as pd

from layout_planner.compliance.findings import (
    NOT_EVALUATED,
    Entry,
    Finding,
    findings_frame,
    judge,
    listed,
    subjects,
)
from layout_planner.compliance.places import shortages
from layout_planner.policy import Rule
from layout_planner.terms import BAND_GRADES, GRADE_LABELS_ZH, STAGE_OF_BAND, GradeBand, label

_NO_ROUTE = "（无路可达）"


def check_young_pupils_trip(trips: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """T01: grades 1–3 reach school within the limit (国办发〔2018〕27号（四）).

    Parameters
    ----------
    trips
        Columns subject_type, subject_id, subject_name, village_name, grade_band, children, minutes; one row a
        village and school of the subject, in the worst case. Children are whole; minutes one way, door to gate,
        NaN where there is no route. Where known screening: True for minutes from straight lines, on which nobody
        passes. [children], [min]
    rule
        T01.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a subject: observed is the longest known trip, affected the children over the limit or without
        a route, names their villages. [min]

    Raises
    ------
    PolicyError
        If no limit is in force on `day`.
    """
    limit = rule.on(day)
    bands = [str(band) for band, grades in BAND_GRADES.items() if set(grades) <= set(rule.grades)]
    findings = []
    for subject, rows in subjects(trips):
        young = rows[rows["grade_band"].isin(bands) & ~(rows["children"] == 0)].sort_values(["village_name", "minutes"])
        over = young[~(young["minutes"] <= limit)]  # NaN = no route = over
        marks = over["minutes"].isna().map({True: _NO_ROUTE, False: ""})
        screened = bool(young.get("screening", pd.Series(False, index=young.index)).any())
        findings.append(
            Finding(
                subject,
                judge(broken=len(over) > 0, unknown=screened),
                observed=float(young["minutes"].max()),
                limit=limit,
                affected=float(over["children"].sum(skipna=False)),
                names=listed(over["village_name"].astype("str") + marks),
                missing="需：道路数据（直线粗筛不能作为符合的依据）" if screened and not len(over) else "",
                grade_band=bands[0],
            )
        )
    return findings_frame(rule, findings, day)


def check_young_boarders(boarders: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """T02: grades 1–3 do not board (国办发〔2018〕27号（四）).

    Parameters
    ----------
    boarders
        Columns subject_type, subject_id, subject_name, grade, boarders; NaN where not counted. [pupils]
    rule
        T02.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a subject: observed and affected are the boarders of these grades. [pupils]

    Raises
    ------
    PolicyError
        If no limit is in force on `day`.
    """
    limit = rule.on(day)
    band = next(str(band) for band, grades in BAND_GRADES.items() if set(grades) <= set(rule.grades))
    findings = []
    for subject, rows in subjects(boarders):
        young = rows[rows["grade"].isin(rule.grades)].sort_values("grade")
        counted, unknown = float(young["boarders"].sum()), bool(young["boarders"].isna().any())
        there = young[young["boarders"] > 0]
        names = [f"{GRADE_LABELS_ZH[g]} {n:g} 人" for g, n in zip(there["grade"], there["boarders"], strict=True)]
        outcome = judge(broken=counted > limit, unknown=unknown)
        findings.append(
            Finding(
                subject,
                outcome,
                observed=float(young["boarders"].sum(skipna=False)),
                limit=limit,
                affected=counted,
                names=listed(names),
                missing="需：" + rule.needs[0] if unknown else "",
                grade_band=band,
            )
        )
    return findings_frame(rule, findings, day)


def check_older_boarders(boarding: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """T03: grades 4–6 board only where beds and meals suffice (国办发〔2018〕27号（四）).

    Parameters
    ----------
    boarding
        One row a subject and grade: subject_type, subject_id, subject_name, grade, boarders_m, boarders_f, and the
        school's beds_m, beds_f, meal_places (seats × sittings) on every row. Boarders of every grade take up beds.
        [pupils], [beds], [places]
    rule
        T03.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a subject: observed is the places short (beds of boys and girls and meals together), affected the
        boarders of grades 4–6. A school without such boarders passes. [places]

    Raises
    ------
    PolicyError
        If no limit is in force on `day`.
    """
    limit = rule.on(day)
    band = next(str(band) for band, grades in BAND_GRADES.items() if set(grades) <= set(rule.grades))
    findings = []
    for subject, rows in subjects(boarding):
        here = rows.iloc[0]  # beds and meals are those of the school, the same on every row
        boys, girls = (float(rows[name].sum(skipna=False)) for name in ("boarders_m", "boarders_f"))
        older = rows.loc[rows["grade"].isin(rule.grades), ["boarders_m", "boarders_f"]]
        count = float(older.sum(skipna=False).sum(skipna=False))
        needs = [
            ("男生床位", boys, here["beds_m"]),
            ("女生床位", girls, here["beds_f"]),
            ("餐位", boys + girls, here["meal_places"]),
        ]
        short = shortages(needs if count != 0 else [])
        findings.append(
            Finding(
                subject,
                judge(broken=short.total > limit, unknown=bool(short.unknown)),
                observed=short.observed,
                limit=limit,
                affected=count if short.total > limit else 0.0,
                names=listed(short.names),
                missing="需：" + listed(short.unknown) if short.unknown else "",
                grade_band=band,
            )
        )
    return findings_frame(rule, findings, day)


def check_older_pupils_trip(trips: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """T05: day pupils of grades 4–9 reach school within the minutes that the county has set.

    Parameters
    ----------
    trips
        As `check_young_pupils_trip`, one row a village and grade band; children are day pupils. [children], [min]
    rule
        T05, set by the county, for all grades or by stage. [min]
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a subject and grade band: observed is the longest known trip, affected the children over the limit
        or without a route, names their villages. [min]

    Raises
    ------
    PolicyError
        If no number of the county is in force on `day`.
    """
    bands = [band for band, grades in BAND_GRADES.items() if set(grades) <= set(rule.grades)]
    limits = {str(band): rule.find(day, str(STAGE_OF_BAND[band])) for band in bands}
    if all(limit is None for limit in limits.values()):
        rule.on(day)
    findings = []
    for subject, rows in subjects(trips[trips["grade_band"].isin(limits)], "grade_band"):
        band = str(rows["grade_band"].iloc[0])
        stage, value = str(STAGE_OF_BAND[GradeBand(band)]), limits[band]
        if value is None:
            missing = f"需：本县{label('stage', stage)}的限值"
            findings.append(Finding(subject, NOT_EVALUATED, missing=missing, grade_band=band))
            continue
        limit = value.value
        used = rows[~(rows["children"] == 0)].sort_values(["village_name", "minutes"])
        over = used[~(used["minutes"] <= limit)]  # NaN = no route = over
        marks = over["minutes"].isna().map({True: _NO_ROUTE, False: ""})
        screened = bool(used["screening"].any())
        findings.append(
            Finding(
                subject,
                judge(broken=len(over) > 0, unknown=screened),
                observed=float(used["minutes"].max()),
                limit=limit,
                affected=float(over["children"].sum(skipna=False)),
                names=listed(over["village_name"].astype("str") + marks),
                missing="需：道路数据（直线粗筛不能作为符合的依据）" if screened and not len(over) else "",
                grade_band=band,
                cite=rule.cite_on(day, stage),
            )
        )
    return findings_frame(rule, findings, day)


def check_bus_where_far(trips: pd.DataFrame, rule: Rule, day: date, *, near: Rule) -> pd.DataFrame:
    """T11: where schooling near home cannot be ensured, a bus runs (校车安全管理条例 第三条).

    Near is the only trip that a national rule limits: grades 1–3. A village beyond it, or without a route, must have a
    measured trip by bus (school bus or public transport); where nobody has measured one, nothing is known.

    Parameters
    ----------
    trips
        One row a village: subject_type, subject_id, subject_name (the township), village_name, grade_band, children,
        minutes (worst case, nearest school), screening, bus (a trip by bus is on record). [children], [min]
    rule
        T11.
    day
        Day on which the rule is applied.
    near
        T01.

    Returns
    -------
    DataFrame
        One finding a township: observed is the number of villages too far from any school, names those of them with
        children and no bus on record. [villages]

    Raises
    ------
    PolicyError
        If T01 is not in force on `day`.
    """
    limit = near.on(day)
    bands = [str(band) for band, grades in BAND_GRADES.items() if set(grades) <= set(near.grades)]
    findings = []
    for subject, rows in subjects(trips[trips["grade_band"].isin(bands)]):
        used = rows[~(rows["children"] == 0)].sort_values("village_name")
        far = used[~(used["minutes"] <= limit)]
        unserved = far[~far["bus"].astype(bool)]
        screened = bool(used["screening"].any())
        needs = [f"{rule.needs[0]}：{listed(unserved['village_name'])}"] if len(unserved) else []
        needs += ["道路数据（直线粗筛不能作为符合的依据）"] if screened else []
        findings.append(
            Finding(
                subject,
                judge(broken=False, unknown=bool(needs)),
                observed=float(len(far)),
                affected=float(unserved["children"].sum(skipna=False)),
                names=listed(unserved["village_name"]),
                missing="需：" + "；".join(needs) if needs else "",
                grade_band=bands[0],
                unit="village",
            )
        )
    return findings_frame(rule, findings, day)


CHECKS: Final[Mapping[str, Entry]] = {
    "T01": Entry("trips", check_young_pupils_trip),
    "T02": Entry("boarders", check_young_boarders),
    "T03": Entry("boarding", check_older_boarders),
    "T05": Entry("older_trips", check_older_pupils_trip),
    "T11": Entry("far_villages", check_bus_where_far, {"near": "T01"}),
}
