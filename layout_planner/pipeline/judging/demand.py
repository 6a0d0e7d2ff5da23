"""Tables of the family demand (学龄、预测、监测)."""

from __future__ import annotations

import pandas as pd

from layout_planner.pipeline.judging.today import Today
from layout_planner.scenario.effects import whole_children
from layout_planner.terms import STAGE_GRADES, STAGE_OF_BAND, GradeBand, Stage

COMPULSORY = (Stage.PRIMARY, Stage.JUNIOR)


def tables_of(today: Today) -> dict[str, pd.DataFrame]:
    """Children out of school and zones of the villages, where the county has told them."""
    found = {}
    residents, zones = today.table("residents"), today.table("zones")
    if residents is not None and "not_enrolled" in residents:
        found["residents"] = _unenrolled(today, residents)
    if zones is not None:
        found["zones_of_villages"] = _zoning(today, zones)
    return found


def _unenrolled(today: Today, residents: pd.DataFrame) -> pd.DataFrame:
    """Rows of the last year, up to the base year, by township and age."""
    rows = residents[residents["year"] <= today.setup.base_year]
    rows = rows[rows["year"] == rows["year"].max()]
    towns = today.setup.county.townships.set_index("township_code")["name"]
    return rows.assign(
        subject_type="township",
        subject_id=rows["township_code"],
        subject_name=rows["township_code"].map(towns),
        not_enrolled=rows["not_enrolled"].astype(float),
    )


def _zoning(today: Today, zones: pd.DataFrame) -> pd.DataFrame:
    """Every village and compulsory stage: is there a zone, and does its school teach the stage."""
    taught = _taught(today)
    named = {(str(v), str(s)) for v, s in zip(zones["village_code"], zones["stage"], strict=True)}
    pairs = pd.MultiIndex.from_frame(zones[["school_id", "stage"]].astype("str"))
    good = zones[pairs.isin(taught)]
    usable = {(str(v), str(s)) for v, s in zip(good["village_code"], good["stage"], strict=True)}
    towns = today.setup.county.townships.set_index("township_code")["name"]
    villages = today.setup.villages
    parts = []
    for stage in COMPULSORY:
        keys = [(str(code), str(stage)) for code in villages["village_code"]]
        expected = villages["village_code"].map(children_of(today, stage)).fillna(0.0)
        whole = expected.groupby(villages["township_code"]).transform(lambda g: whole_children(g.to_numpy(dtype=float)))
        parts.append(
            pd.DataFrame(
                {
                    "subject_type": "township",
                    "subject_id": villages["township_code"],
                    "subject_name": villages["township_code"].map(towns),
                    "stage": str(stage),
                    "village_name": villages["name"],
                    "children": whole,
                    "zoned": [key in named for key in keys],
                    "usable": [key in usable for key in keys],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _taught(today: Today) -> set[tuple[str, str]]:
    """School and stage of every school that is not closed and whose grades reach into the stage."""
    schools = today.setup.schools
    is_open = ~(schools.reindex(columns=["closed"])["closed"].astype(float) <= today.setup.base_year)
    return {
        (str(row["school_id"]), str(stage))
        for row in schools[is_open].to_dict("records")
        for stage in COMPULSORY
        if int(row["grade_low"]) <= STAGE_GRADES[stage][-1] and int(row["grade_high"]) >= STAGE_GRADES[stage][0]
    }


def children_of(today: Today, stage: Stage) -> pd.Series:
    """Children of a stage in the county's schools, by home village; expected, not rounded. [children]"""
    bands = [str(band) for band in GradeBand if STAGE_OF_BAND[band] == stage]
    return today.children_at_home(*bands)
