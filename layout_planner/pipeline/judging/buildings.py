"""Tables of the family buildings (校舍、用地、食宿)."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from layout_planner.pipeline.judging.schools import COMPULSORY, by_school, by_stage, with_columns
from layout_planner.pipeline.judging.today import Today
from layout_planner.terms import OUTSIDE, GradeBand, Stage

_LOOK_BACK: Final = 5  # school years over which a school's pupils are compared
_COUNTRY: Final = "2"  # first digit of the urban–rural class of the countryside (乡村)


def tables_of(today: Today) -> dict[str, pd.DataFrame]:
    """Dormitories, areas, projects, kindergartens and how far villages are from one."""
    rows = by_school(today, COMPULSORY)
    beds = with_columns(today, rows, "dorm_beds_m", "dorm_beds_f", "dorm_area_m2", "dorm_height_m", "bunk_beds", "dorm_floor_min")  # fmt: skip  # noqa: E501
    both = beds["dorm_beds_m"].astype(float) + beds["dorm_beds_f"].astype(float)
    tables = {
        "dormitories": beds.assign(beds=both),
        "school_areas": with_columns(today, rows, "building_area_m2").assign(land_area_m2=_land(today, rows)),
        "projects": _projects(today, rows),
    }
    stages = by_stage(today)
    here = stages[(stages["stage"] == Stage.PRE) & (stages["kind"] == "kindergarten")]
    if len(here):
        areas = with_columns(today, here, "opened", "outdoor_area_m2", "activity_area_m2", "building_area_m2")
        tables |= {"kindergarten_areas": areas, "kindergarten_ways": _ways(today, here)}
    return tables


def _land(today: Today, rows: pd.DataFrame) -> pd.Series:
    """Land in use by school; unknown where the register of assets has none. [m2]."""
    assets = today.table("assets")
    if assets is None or "area_m2" not in assets:
        return pd.Series(np.nan, index=rows.index)
    land = assets[(assets["asset_kind"] == "land") & (assets["asset_state"] == "in_use")]
    return rows["subject_id"].map(land.groupby("school_id")["area_m2"].sum(min_count=1)).astype(float)


def _projects(today: Today, rows: pd.DataFrame) -> pd.DataFrame:
    """Schools whose new rooms are ready after the base year, with their pupils some years ago and now."""
    enrolment, base = today.setup.county.enrolment, today.setup.base_year
    years = sorted(int(year) for year in enrolment["school_year"].unique() if base - _LOOK_BACK <= year < base)
    built = with_columns(today, rows, "ready_year")
    built = built[built["ready_year"].astype(float) > base].rename(columns={"pupils": "pupils_now"})
    before = enrolment[enrolment["school_year"] == years[0]] if years else enrolment.iloc[:0]
    before = before[before["grade"].between(1, 9)].groupby("school_id")["pupils"].sum()
    return built.assign(
        pupils_before=built["subject_id"].map(before).astype(float), years=float(base - years[0]) if years else np.nan
    )


def _ways(today: Today, here: pd.DataFrame) -> pd.DataFrame:
    """Rural villages with the distance to the nearest kindergarten in use, as the crow flies. [m]."""
    villages, schools = today.setup.villages, today.setup.schools
    open_now = schools[schools["school_id"].isin(here.loc[here["pupils"] > 0, "subject_id"])]
    classes = (
        villages["urban_rural"] if "urban_rural" in villages else pd.Series(None, index=villages.index, dtype="str")
    )
    rural = villages[classes.isna() | classes.astype("str").str.startswith(_COUNTRY)]
    homes = today.attendance.allocation
    homes = homes[(homes["grade_band"] == str(GradeBand.K)) & (homes["attends"] != OUTSIDE)]
    tree = cKDTree(np.column_stack([open_now.geometry.x, open_now.geometry.y]))
    metres, _ = tree.query(np.column_stack([rural.geometry.x, rural.geometry.y]))
    towns = today.setup.county.townships.set_index("township_code")["name"]
    return pd.DataFrame(
        {
            "subject_type": "township",
            "subject_id": rural["township_code"],
            "subject_name": rural["township_code"].map(towns),
            "village_name": rural["name"],
            "children": rural["village_code"].map(homes.groupby("village_code")["children"].sum()).fillna(0.0),
            "metres": metres,
        }
    )
