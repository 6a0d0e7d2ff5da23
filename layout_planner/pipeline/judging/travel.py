"""Tables of the family travel (路途、寄宿、交通)."""

from __future__ import annotations

import pandas as pd

from layout_planner.capacity import meal_places
from layout_planner.pipeline.demand import boarding_shares
from layout_planner.pipeline.judging.today import Today
from layout_planner.scenario.effects import whole_children
from layout_planner.terms import OUTSIDE, GradeBand


def tables_of(today: Today) -> dict[str, pd.DataFrame]:
    """Trips of grades 1–3 and of day pupils above, villages too far, boarders beside beds and meals of their school."""
    near = _trips(today)
    return {
        "trips": near,
        "older_trips": _older_trips(today),
        "far_villages": near.assign(bus=_bus(today)),
        "boarders": today.compulsory,
        "boarding": _boarding(today),
    }


def _trips(today: Today) -> pd.DataFrame:
    """Trips of grades 1–3 to the nearest school in use, worst case, by township: whether the county offers one.

    Children are those in the county's schools; how far they really go is in table ``access``, since a family may choose
    a school farther away.
    """
    return _reached(today, str(GradeBand.G13), today.children_at_home(str(GradeBand.G13)))


def _older_trips(today: Today) -> pd.DataFrame:
    """Trips of the day pupils of grades 4–9 to the nearest school in use, worst case, by township."""
    homes = today.attendance.allocation
    inside = homes[(homes["attends"] != OUTSIDE) & (homes["village_code"] != OUTSIDE)]
    boards = boarding_shares(today.setup).reindex(pd.MultiIndex.from_frame(inside[["attends", "grade_band"]]))
    by_day = inside.assign(children=inside["children"] * (1.0 - boards.fillna(0.0).to_numpy()))
    sums = by_day.groupby(["grade_band", "village_code"])["children"].sum()
    parts = []
    for band in (str(GradeBand.G46), str(GradeBand.G79)):
        known = band in sums.index.get_level_values(0)
        parts.append(_reached(today, band, sums.loc[band] if known else pd.Series(dtype=float)))
    return pd.concat(parts, ignore_index=True)


def _bus(today: Today) -> pd.Series:
    """Whether a trip by bus is on record for a village of grades 1–3, in the order of `_trips`."""
    trips, reached = today.table("trips"), today.attendance.access
    rows = reached[reached["grade_band"] == str(GradeBand.G13)]
    if trips is None:
        return pd.Series(False, index=rows.index)
    served = trips[(trips["mode"] == "bus") & trips["minutes"].notna()]
    return rows["village_code"].isin(set(served["village_code"]))


def _reached(today: Today, band: str, children: pd.Series) -> pd.DataFrame:
    reached = today.attendance.access
    rows = reached[reached["grade_band"] == band]
    rows = rows.assign(children=rows["village_code"].map(children).astype(float).fillna(0.0))
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
