"""Tables of the family quality (义务教育优质均衡)."""

from __future__ import annotations

import math
from typing import Final

import pandas as pd

from layout_planner.compliance import figure, latest
from layout_planner.pipeline.judging.schools import (
    COMPULSORY,
    TEACHING_POINT,
    VOCATIONAL,
    by_school,
    by_stage,
    register,
    with_columns,
)
from layout_planner.pipeline.judging.today import Today
from layout_planner.standards import BUILDINGS, school_resources, staff_counts
from layout_planner.terms import OUTSIDE, STAGE_OF_BAND, GradeBand, Stage

_WEIGHTED: Final = (Stage.PRIMARY, Stage.JUNIOR, Stage.SENIOR)
_ZONES: Final = "学区划片（zones.csv）"
_ATTENDANCE: Final = "村校就读对应（attendance.csv）"


def tables_of(today: Today) -> dict[str, pd.DataFrame]:
    """Resources of schools, music and art rooms, how many attend the school of their area."""
    tables = {"resources": _resources(today), "arts_rooms": _arts_rooms(today)}
    zoning = _zoning(today)
    if zoning["share"].notna().any():
        tables["zoning"] = zoning
    return tables


def _resources(today: Today) -> pd.DataFrame:
    """The seven resources of every school and stage, teaching points in their host, weights and degrees as the rules say."""
    rules, day = today.setup.catalogue, today.setup.day
    weights = {str(stage): rules.rule("E04").on(day, part=f"split_{stage}") for stage in _WEIGHTED}
    above = {stage: rules.rule("E01").on(day, stage, "degree") for stage in COMPULSORY}
    rows = by_stage(today)
    schools = register(today, "host_school_id", *BUILDINGS)
    teachers = today.table("teachers")
    staff = None if teachers is None else staff_counts(teachers, above)
    table = school_resources(schools.reset_index(), rows[rows["kind"] != VOCATIONAL], staff, weights=weights)
    table = table[table["stage"].isin(COMPULSORY)]
    return _subjects(table, schools)


def _arts_rooms(today: Today) -> pd.DataFrame:
    """Sections and rooms of every school over its compulsory stages; teaching points are no schools of their own."""
    rows = by_school(today, COMPULSORY)
    rows = rows[~(rows["pupils"] == 0)]
    table = with_columns(today, rows, "kind", "music_rooms", "art_rooms")
    return table[table["kind"] != TEACHING_POINT].drop(columns="kind")


def _subjects(rows: pd.DataFrame, schools: pd.DataFrame) -> pd.DataFrame:
    names = rows["school_id"].map(schools["name"])
    return rows.assign(subject_type="school", subject_id=rows["school_id"], subject_name=names)


def _zoning(today: Today) -> pd.DataFrame:
    """By stage, the share of pupils whose school serves their village; the quota of senior schools. [%], [pupils]."""
    rows = [_attending(today, stage) for stage in COMPULSORY]
    indicators = today.table("indicators")
    quota = math.nan if indicators is None else figure(latest(indicators, today.setup.base_year), "senior_quota")
    rows.append((str(Stage.SENIOR), quota, math.nan, "优质高中招生名额分配（indicators.csv 的 senior_quota）"))
    return pd.DataFrame(rows, columns=["stage", "share", "outside", "missing"])


def _attending(today: Today, stage: str) -> tuple[str, float, float, str]:
    zones, attendance = today.table("zones"), today.setup.county.attendance
    if zones is None or attendance is None:
        wanted = [name for name, table in ((_ZONES, zones), (_ATTENDANCE, attendance)) if table is None]
        return stage, math.nan, math.nan, "、".join(wanted)
    stages = [str(STAGE_OF_BAND[GradeBand(band)]) for band in attendance["grade_band"]]
    rows = attendance[[name == stage for name in stages]]
    rows = rows[(rows["village_code"] != OUTSIDE) & (rows["school_id"] != OUTSIDE) & (rows["pupils"] > 0)]
    zoned = zones[zones["stage"] == stage]
    lost = rows[~rows["village_code"].isin(zoned["village_code"])]["village_code"].nunique()
    if lost:
        return stage, math.nan, math.nan, f"{lost} 个村的学区划片（zones.csv）"
    pairs = set(zip(zoned["village_code"], zoned["school_id"], strict=True))
    hosts = today.setup.schools.set_index("school_id")["host_school_id"].dropna().to_dict()
    inside = [
        (village, school) in pairs or (village, hosts.get(school)) in pairs
        for village, school in zip(rows["village_code"], rows["school_id"], strict=True)
    ]
    total, near = float(rows["pupils"].sum()), float(rows.loc[inside, "pupils"].sum())
    share = 100 * near / total if total > 0 else math.nan
    return stage, share, total - near, _ATTENDANCE
