"""Tables of the family travel (路途、寄宿、交通)."""

from __future__ import annotations

import pandas as pd

from layout_planner.capacity import meal_places
from layout_planner.pipeline.judging.today import Today
from layout_planner.scenario.effects import whole_children
from layout_planner.terms import OUTSIDE, GradeBand


def tables_of(today: Today) -> dict[str, pd.DataFrame]:
    """Trips of grades 1–3, and boarders beside the beds and meals of their school."""
    return {"trips": _trips(today), "boarders": today.compulsory, "boarding": _boarding(today)}


def _trips(today: Today) -> pd.DataFrame:
    """Trips of grades 1–3 to the nearest school in use, worst case, by township: whether the county offers one.

    Children are those in the county's schools; how far they really go is in table ``access``, since a family may choose
    a school farther away.
    """
    homes, reached = today.attendance.allocation, today.attendance.access
    inside = homes[(homes["attends"] != OUTSIDE) & (homes["village_code"] != OUTSIDE)]
    inside = inside[inside["grade_band"] == str(GradeBand.G13)]
    children = inside.groupby("village_code")["children"].sum()
    rows = reached[reached["grade_band"] == str(GradeBand.G13)]
    rows = rows.assign(children=rows["village_code"].map(children).fillna(0.0))
    towns = today.setup.county.townships.set_index("township_code")["name"]
    groups = rows.groupby("township_code")["children"]
    return pd.DataFrame(
        {
            "subject_type": "township",
            "subject_id": rows["township_code"],
            "subject_name": rows["township_code"].map(towns),
            "village_name": rows["village_name"],
            "grade_band": rows["grade_band"],
            "children": groups.transform(lambda group: whole_children(group.to_numpy(dtype=float))),
            "minutes": rows["minutes_nearest"],
            "screening": today.setup.roads is None,
        }
    )


def _boarding(today: Today) -> pd.DataFrame:
    """Boarders by grade beside the beds and meals of their school."""
    rows, schools = today.compulsory, today.setup.schools.set_index("school_id")
    places = meal_places(schools)
    return rows.assign(
        beds_m=rows["school_id"].map(schools["dorm_beds_m"]).astype(float),
        beds_f=rows["school_id"].map(schools["dorm_beds_f"]).astype(float),
        meal_places=rows["school_id"].map(places).astype(float),
    )
