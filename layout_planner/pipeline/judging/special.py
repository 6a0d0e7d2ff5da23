"""Tables of the family special (特殊教育、学区与集团)."""

from __future__ import annotations

import pandas as pd

from layout_planner.pipeline.judging.merging import steps_of
from layout_planner.pipeline.judging.today import Today
from layout_planner.scenario.effects import COMPULSORY
from layout_planner.terms import COUNTY


def tables_of(today: Today) -> dict[str, pd.DataFrame]:
    """Resource rooms, pupils with disabilities in mainstream schools, closing cases of schools with a room, residents."""
    schools = _rooms(today)
    found = {}
    told, steps, pupils = schools["room_m2"].notna(), steps_of(today), today.table("special_pupils")
    if told.any():
        found["resource_rooms"] = schools[told & (schools["room_m2"] > 0)]
    if steps is not None:
        found["room_closings"] = _closings(steps, schools)
    if pupils is not None:
        found["inclusive"] = _inclusive(schools)
    people = today.latest_indicator("resident_population")
    if people is not None:
        year, value = people
        row = {"subject_type": COUNTY, "subject_id": COUNTY, "subject_name": "全县", "people": value, "year": year}
        found["population"] = pd.DataFrame([row])
    return found


def _rooms(today: Today) -> pd.DataFrame:
    """Every school with its resource room and its pupils with disabilities (NaN where the county has not told)."""
    columns = ["school_id", "name", "township_code", "resource_room_m2", "resource_room_floor"]
    schools = pd.DataFrame(today.setup.schools.reindex(columns=columns))
    counts = inclusive_pupils(today.table("special_pupils"))
    unknown = float("nan") if counts is None else 0.0
    return pd.DataFrame(
        {
            "subject_type": "school",
            "subject_id": schools["school_id"],
            "subject_name": schools["name"],
            "township_code": schools["township_code"],
            "room_m2": schools["resource_room_m2"].astype(float),
            "floor": schools["resource_room_floor"].astype(float),
            "special_pupils": schools["school_id"].map({} if counts is None else counts).astype(float).fillna(unknown),
        }
    )


def inclusive_pupils(special_pupils: pd.DataFrame | None) -> pd.Series | None:
    """Pupils of grades 1–9 with disabilities in mainstream classes (随班就读) by school; None: not told. [pupils]"""
    if special_pupils is None or "school_id" not in special_pupils:
        return None
    compulsory = special_pupils["grade"].astype(int).isin(COMPULSORY)
    rows = special_pupils[(special_pupils["setting"] == "inclusive") & special_pupils["school_id"].notna() & compulsory]
    return rows.groupby("school_id").size().astype(float)


def _inclusive(schools: pd.DataFrame) -> pd.DataFrame:
    """Schools with such pupils, and whether another school of the township has a room (1, 0; NaN: not told)."""
    there = (schools["room_m2"] > 0).astype(float).where(schools["room_m2"].notna())
    shared = there.groupby(schools["township_code"]).transform("max")
    rows = schools.assign(shared=shared, pupils=schools["special_pupils"])
    return rows[rows["pupils"] > 0]


def _closings(steps: pd.DataFrame, schools: pd.DataFrame) -> pd.DataFrame:
    """One row a closing case with the room of its school."""
    cases = steps[(steps["case_kind"] == "closing") & steps["school_name"].notna()].drop_duplicates("subject_id")
    by_school = schools.set_index("subject_id")[["room_m2", "special_pupils"]]
    return cases.join(by_school, on="school_id")
