"""Distances inside the zones, and people per school (rules T06–T09)."""

from __future__ import annotations

import pandas as pd

from layout_planner.compliance.zones import RURAL, TOWN
from layout_planner.pipeline.judging.demand import children_of
from layout_planner.pipeline.judging.today import Today
from layout_planner.terms import COUNTY, Stage, in_county_seat

OTHER = "other"


def tables_of(today: Today) -> dict[str, pd.DataFrame]:
    """Villages and schools of the zones with their distance; people per school from the residents of the county."""
    found = {}
    zones, people = today.table("zones"), today.latest_indicator("resident_population")
    if zones is not None:
        found["zone_trips"] = _zone_trips(today, zones)
    if people is not None:
        found["service"] = _service(today, people[1])
    return found


def _zone_trips(today: Today, zones: pd.DataFrame) -> pd.DataFrame:
    """Straight distance from every village to the schools of its zones. [m]"""
    villages = today.setup.villages.set_index("village_code")
    schools = today.setup.schools.set_index("school_id")
    known = zones["village_code"].isin(villages.index) & zones["school_id"].isin(schools.index)
    rows = zones[known].reset_index(drop=True)
    homes = villages.geometry.reindex(rows["village_code"]).reset_index(drop=True)
    sites = schools.geometry.reindex(rows["school_id"]).reset_index(drop=True)
    places = pd.Series({code: place_of(row) for code, row in villages.iterrows()}, dtype="object")
    boards = today.grades.groupby(["school_id", "stage"])["boarders"].sum()
    keys = pd.MultiIndex.from_frame(rows[["school_id", "stage"]])
    children = {stage: children_of(today, stage) for stage in Stage}
    counts = [
        round(float(children[Stage(s)].get(v, 0.0))) for v, s in zip(rows["village_code"], rows["stage"], strict=True)
    ]
    return pd.DataFrame(
        {
            "subject_type": "school",
            "subject_id": rows["school_id"],
            "subject_name": rows["school_id"].map(schools["name"]),
            "stage": rows["stage"].astype("str"),
            "village_name": rows["village_code"].map(villages["name"]),
            "children": [float(count) for count in counts],
            "metres": homes.distance(sites, align=False),
            "place": rows["village_code"].map(places),
            "boards": boards.reindex(keys).fillna(0.0).to_numpy() > 0,
        }
    )


def place_of(village: pd.Series) -> str | None:
    """Rural, county town or other, by the urban–rural class and the number of the township; None where not told."""
    given = village.get("urban_rural")
    if given is None or pd.isna(given) or not str(given):
        return None
    if str(given).startswith("2"):
        return RURAL
    return TOWN if in_county_seat(str(village["township_code"])) else OTHER


def _service(today: Today, people: float) -> pd.DataFrame:
    """People beside the complete primary schools and the junior schools with pupils."""
    rows = today.compulsory[today.compulsory["pupils"] > 0]
    primary = rows[(rows["stage"] == str(Stage.PRIMARY)) & rows["complete"].astype(bool)]
    junior = rows[rows["stage"] == str(Stage.JUNIOR)]
    counts = {str(Stage.PRIMARY): primary["school_id"].nunique(), str(Stage.JUNIOR): junior["school_id"].nunique()}
    return pd.DataFrame(
        {
            "subject_type": COUNTY,
            "subject_id": COUNTY,
            "subject_name": "全县",
            "stage": list(counts),
            "people": people,
            "schools": [float(count) for count in counts.values()],
        }
    )
