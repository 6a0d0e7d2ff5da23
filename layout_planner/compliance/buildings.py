"""Dormitories, buildings and land: rules B02–B05 and B09–B11 (B01, B06–B08 need what no table has)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Final

import pandas as pd

from layout_planner.compliance.findings import Entry, Finding, findings_frame, judge, listed, only_row, subjects
from layout_planner.compliance.parts import (
    WHOLE_COUNTY,
    Measure,
    finding_of,
    measured,
    not_known,
    nothing_here,
    per,
    percent,
    together,
)
from layout_planner.policy import Rule

_BOARDERS: Final = "寄宿生（enrolment.csv 的 boarders_m、boarders_f）"
_AREAS: Final = {
    "outdoor": ("outdoor_area_m2", "户外场地"),
    "activity_rooms": ("activity_area_m2", "活动室"),
    "building": ("building_area_m2", "园舍建筑"),
}


def check_dormitory(dormitories: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """B04: dormitory area for each boarder and a bed for each (农村寄宿制学校生活卫生设施建设与管理规范).

    Parameters
    ----------
    dormitories
        One row a school of the compulsory stages: subject_type, subject_id, subject_name, boarders, dorm_area_m2, beds.
        [pupils], [m2], [beds]
    rule
        B04.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a school with boarders, or with boarders that nobody counted. [m2/boarder]

    Raises
    ------
    PolicyError
        If a number is not in force on `day`.
    """
    area, bed = rule.value(day), rule.value(day, part="beds")
    findings: list[Finding] = []
    for subject, rows in subjects(dormitories):
        row = only_row(rows)
        boarders = float(row["boarders"])
        if math.isnan(boarders):
            findings.append(not_known(subject, _BOARDERS))
        elif boarders > 0:
            room, beds = per(float(row["dorm_area_m2"]), boarders), per(float(row["beds"]), boarders)
            measures = [
                measured(rule, area, room, label="人均使用面积", needs="宿舍使用面积（dorm_area_m2）"),
                measured(rule, bed, beds, label="人均床位", needs="床位（dorm_beds_m、dorm_beds_f）"),
            ]
            findings.append(finding_of(subject, measures, affected=boarders))
    return findings_frame(rule, together(findings) or [nothing_here("没有寄宿生")], day)


def check_dormitory_height(dormitories: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """B05: clear height of dormitories by kind of bed, none below ground (农村寄宿制学校生活卫生设施建设与管理规范).

    Parameters
    ----------
    dormitories
        Columns subject_type, subject_id, subject_name, boarders, dorm_height_m, bunk_beds, dorm_floor_min (below
        ground where negative). [pupils], [m]
    rule
        B05.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a school with boarders, or with boarders that nobody counted. Where the kind of bed is not known, a
        height below the lower number fails and one of the higher number passes. [m]

    Raises
    ------
    PolicyError
        If a number is not in force on `day`.
    """
    single, bunk = rule.value(day, part="single"), rule.value(day, part="bunk")
    findings: list[Finding] = []
    for subject, rows in subjects(dormitories):
        row = only_row(rows)
        boarders = float(row["boarders"])
        if math.isnan(boarders):
            findings.append(not_known(subject, _BOARDERS))
        elif boarders > 0:
            height, floor, kind = float(row["dorm_height_m"]), float(row["dorm_floor_min"]), row["bunk_beds"]
            undecided = pd.isna(kind) and single.value <= height < bunk.value
            value = single if (not pd.isna(kind) and not bool(kind)) or height < single.value else bunk
            needs = "宿舍是否用双层床（bunk_beds）" if undecided else "宿舍净高（dorm_height_m）"
            measure = measured(rule, value, math.nan if undecided else height, label="净高", needs=needs)
            ground = Measure(
                "最低楼层（地下为负）", floor, 0.0, ">=", "-", "宿舍所在楼层（dorm_floor_min）", measure.cite
            )
            findings.append(finding_of(subject, [measure, ground], affected=boarders))
    return findings_frame(rule, together(findings) or [nothing_here("没有寄宿生")], day)


def check_area_per_pupil(areas: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """B02, B03: building area and land for each pupil, where the county has set the number (建标109-2008).

    Parameters
    ----------
    areas
        One row a school of the compulsory stages: subject_type, subject_id, subject_name, pupils, building_area_m2,
        land_area_m2. [pupils], [m2]
    rule
        B02 or B03 with the county's number.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a school with pupils. [m2/pupil]

    Raises
    ------
    PolicyError
        If the county has set no number that is in force on `day`.
    """
    value = rule.value(day)
    column, label, needs = (
        ("land_area_m2", "生均用地", "在用土地面积（assets.csv）")
        if rule.id == "B03"
        else ("building_area_m2", "生均校舍建筑面积", "校舍建筑面积（building_area_m2）")
    )
    findings = []
    for subject, rows in subjects(areas[~(areas["pupils"] == 0)]):
        row = only_row(rows)
        pupils = float(row["pupils"])
        observed = per(float(row[column]), pupils)
        measure = measured(rule, value, observed, label=label, needs="分校在校生" if math.isnan(pupils) else needs)
        findings.append(finding_of(subject, [measure], affected=pupils))
    return findings_frame(rule, together(findings), day)


def check_new_buildings(projects: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """B09: no new buildings at rural schools whose pupils fall steeply (甘肃省教育厅 2017 年文件).

    The document does not say what a steep fall is: a school that builds while its pupils fall is not evaluated, with
    the fall beside it; one whose pupils do not fall passes.

    Parameters
    ----------
    projects
        Schools of the compulsory stages whose new rooms are ready after the base year: subject_type, subject_id,
        subject_name, ready_year, pupils_before (some years ago), pupils_now, years (between them). [pupils], [year]
    rule
        B09.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a project; a passing one for the county where nothing is being built. [%]
    """
    findings: list[Finding] = []
    for subject, rows in subjects(projects):
        row = only_row(rows)
        before, now = float(row["pupils_before"]), float(row["pupils_now"])
        change = percent(now - before, before)
        grows = change >= 0
        needs = "历年在校生" if math.isnan(change) else "“大幅减少”的本县口径"
        findings.append(
            Finding(
                subject,
                judge(broken=False, unknown=not grows),
                observed=change,
                affected=0.0,
                names=f"{row['ready_year']:.0f} 学年可用；{row['years']:.0f} 年前 {before:.0f} 人，现 {now:.0f} 人",
                missing="" if grows else f"需：{needs}",
                unit="%",
            )
        )
    return findings_frame(rule, findings or [nothing_here("没有在建、扩建的义务教育学校（ready_year）")], day)


def check_kindergarten_areas(areas: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """B10: outdoor, activity and building area of kindergartens (县域学前教育普及普惠督导评估办法 指标6).

    Kindergartens opened from the year of the rule on must all reach every area; of the older ones a share has to.

    Parameters
    ----------
    areas
        Columns subject_type, subject_id, subject_name, pupils, opened, outdoor_area_m2, activity_area_m2,
        building_area_m2. [children], [year], [m2]
    rule
        B10.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a kindergarten, and one for the county with the share of new and of old ones that reach every area.
        An old one below the areas fails by itself; whether the county complies, its own row says. [m2/pupil] and [%]

    Raises
    ------
    PolicyError
        If a number is not in force on `day`.
    """
    stage = rule.stages[0]
    from_year = rule.on(day, stage, "new_from")
    findings, reached = [], []
    for subject, rows in subjects(areas[~(areas["pupils"] == 0)]):
        row = only_row(rows)
        pupils = float(row["pupils"])
        measures = [
            measured(
                rule,
                rule.value(day, stage, part),
                per(float(row[column]), pupils),
                label=words,
                needs=f"{words}面积（{column}）",
            )
            for part, (column, words) in _AREAS.items()
        ]
        new = float(row["opened"]) >= from_year
        age = "" if math.isnan(float(row["opened"])) else "新园" if new else "老园"
        found = finding_of(subject, measures, affected=pupils, stage=stage, names=age)
        findings.append(found)
        ok = math.nan if found.outcome == "not_evaluated" else float(found.outcome == "pass")
        reached.append((math.nan if not age else float(new), ok, subject.subject_name))
    if not findings:
        return findings_frame(rule, [], day)
    if len(alike := together(findings)) < len(findings):
        return findings_frame(rule, alike, day)
    return findings_frame(rule, [_shares_reached(reached, rule, day), *findings], day)


def _shares_reached(reached: list[tuple[float, float, str]], rule: Rule, day: date) -> Finding:
    """Share of new and of old kindergartens that reach every area, between what is known at least and at most."""
    stage = rule.stages[0]
    table = pd.DataFrame(reached, columns=["new", "ok", "name"])
    ageless = listed(table.loc[table["new"].isna(), "name"])
    measures, counts = [], []
    for flag, part, words in ((1.0, "share_new", "新园达标"), (0.0, "share_old", "老园达标")):
        value, rows = rule.value(day, stage, part), table[table["new"] == flag]
        least, most = (percent(float(rows["ok"].fillna(guess).sum()), len(rows)) for guess in (0.0, 1.0))
        decided = least >= value.value or most < value.value
        needs = f"{listed(rows.loc[rows['ok'].isna(), 'name'])}的面积"
        if len(rows):
            known = least if least >= value.value else most
            measures.append(measured(rule, value, known if decided else math.nan, label=words, needs=needs))
            counts.append(f"{words} {rows['ok'].sum():.0f} 所，共 {len(rows)} 所")
    if ageless:
        measures.append(Measure("开办年份不详的园", math.nan, math.nan, ">=", "%", f"{ageless}的开办学年（opened）"))
    return finding_of(WHOLE_COUNTY, measures, stage=stage, names="；".join(counts))


def check_kindergarten_radius(distances: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """B11: a kindergarten within the service radius that the county has set, as the crow flies (建标175-2016).

    Parameters
    ----------
    distances
        One row a rural village: subject_type, subject_id, subject_name (the township), village_name, children (who
        attend a kindergarten of the county), metres from its point to the nearest kindergarten. [children], [m]
    rule
        B11 with the county's number.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a township: observed is the longest distance, names are the villages beyond the radius. [m]

    Raises
    ------
    PolicyError
        If the county has set no number that is in force on `day`.
    """
    stage = rule.stages[0]
    limit = rule.on(day, stage)
    findings = []
    for subject, rows in subjects(distances[~(distances["children"] == 0)]):
        far = rows[rows["metres"] > limit]
        finding = Finding(
            subject,
            judge(broken=len(far) > 0, unknown=bool(rows["metres"].isna().any())),
            observed=float(rows["metres"].max()),
            limit=limit,
            affected=float(far["children"].sum(skipna=False)),
            names=listed(f"{n} {m:.0f} 米" for n, m in zip(far["village_name"], far["metres"], strict=True)),
            stage=stage,
            cite=rule.cite_on(day, stage),
        )
        findings.append(finding)
    return findings_frame(rule, findings, day)


CHECKS: Final[Mapping[str, Entry]] = {
    "B02": Entry("school_areas", check_area_per_pupil),
    "B03": Entry("school_areas", check_area_per_pupil),
    "B04": Entry("dormitories", check_dormitory),
    "B05": Entry("dormitories", check_dormitory_height),
    "B09": Entry("projects", check_new_buildings),
    "B10": Entry("kindergarten_areas", check_kindergarten_areas),
    "B11": Entry("kindergarten_ways", check_kindergarten_radius),
}
