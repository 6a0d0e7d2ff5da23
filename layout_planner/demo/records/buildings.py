"""Further columns of the schools: who runs them, building areas, kindergarten grounds, rooms for music and art, dormitories."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from layout_planner.demo.calibration import stream
from layout_planner.demo.records.facts import between, place_of, resource_facts

BUILDING_COLUMNS: Final = (
    "ownership", "inclusive", "central", "building_area_m2", "outdoor_area_m2", "activity_area_m2", "music_rooms",
    "art_rooms", "resource_room_m2", "resource_room_floor", "dorm_area_m2", "dorm_height_m", "bunk_beds",
    "dorm_floor_min",
)  # fmt: skip
SECTIONS_PER_ROOM: Final = 12  # of the lessons of a week, one music room serves so many sections
SCHOOL_KINDS: Final = frozenset({"primary", "teaching_point", "junior", "nine_year"})


def with_buildings(schools: pd.DataFrame, enrolment: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Add the further columns of ``schools.geojson``; the columns that were there stay as they are.

    Parameters
    ----------
    schools
        Schools of the simulated world.
    enrolment
        Table ``enrolment``; the last year counts.
    seed
        Seed of every random stream. [-]

    Returns
    -------
    DataFrame
        The same schools with the columns of `BUILDING_COLUMNS`.
    """
    base = enrolment[enrolment["school_year"] == enrolment["school_year"].max()]
    now = base.assign(boarders=base["boarders_m"] + base["boarders_f"])
    now = now.groupby("school_id")[["pupils", "sections", "boarders"]].sum()
    table = schools.set_index("school_id", drop=False)
    table = table.join(now, how="left").assign(place=place_of(schools))
    rows = pd.DataFrame([_columns(row, seed) for row in table.to_dict("records")], index=table.index)
    rows["ownership"], rows["inclusive"] = _owners(table)
    rows["central"] = _centrals(table, rows)
    _plant(table, rows)
    rows["building_area_m2"] = _building_area(table, rows, seed)
    return schools.assign(**{name: rows[name].to_numpy() for name in BUILDING_COLUMNS})


def _columns(school: dict[str, Any], seed: int) -> dict[str, Any]:
    facts = resource_facts()["building"]
    rng = stream(seed, "rooms", school["school_id"])
    outdoor, activity = np.nan, rng.uniform(0, 1)
    if school["kind"] == "kindergarten":
        seats = (school["classrooms"] - school["special_rooms"]) * 30
        outdoor = max(school["sports_area_m2"], seats * between(rng, facts["outdoor_per_seat"][school["place"]]))
    return {
        "outdoor_area_m2": np.round(outdoor, -1),
        "activity_area_m2": activity,  # a share until the building is known
        **_lesson_rooms(school, rng),
        **_dormitory(school, rng),
    }


def _lesson_rooms(school: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Music, art and resource rooms, together no more than the special rooms of the school."""
    facts = resource_facts()["building"]
    special = int(school["special_rooms"])
    area, level = round(between(rng, facts["resource_m2"])), int(rng.random() < 0.2) + 1
    if school["kind"] not in SCHOOL_KINDS:
        return {"music_rooms": pd.NA, "art_rooms": pd.NA, "resource_room_m2": np.nan, "resource_room_floor": pd.NA}
    start = facts["resource_from"]
    has = school["pupils"] >= start["pupils"] and special >= start["special"]
    wanted = 0 if school["place"] == "point" else -(-int(school["sections"]) // SECTIONS_PER_ROOM)
    free = special - has
    music = min(wanted, -(-free // 2))
    return {
        "music_rooms": music,
        "art_rooms": min(wanted, free - music),
        "resource_room_m2": float(area if has else 0),
        "resource_room_floor": level if has else pd.NA,
    }


def _dormitory(school: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    beds = int(school["dorm_beds_m"] + school["dorm_beds_f"])
    per_bed, height = between(rng, resource_facts()["building"]["dorm_per_bed"]), rng.choice(4)
    bunk = bool(rng.random() < 0.8)
    if not beds:
        return {"dorm_area_m2": np.nan, "dorm_height_m": np.nan, "bunk_beds": pd.NA, "dorm_floor_min": pd.NA}
    return {
        "dorm_area_m2": float(np.ceil(beds * per_bed)),
        "dorm_height_m": round(3.1 + 0.1 * float(height), 1),
        "bunk_beds": bunk,
        "dorm_floor_min": 1,
    }


def _owners(table: pd.DataFrame) -> tuple[Any, Any]:
    """Everything is public but the two last kindergartens of the county town: one inclusive, one not."""
    garden = (table["kind"] == "kindergarten").to_numpy()
    town = np.flatnonzero(garden & (table["place"] == "town").to_numpy())
    owner = np.full(len(table), "public", dtype=object)
    inclusive = np.where(garden, True, pd.NA).astype(object)
    owner[town[2:]] = "private"
    inclusive[town[3:]] = False
    return owner, inclusive


def _centrals(table: pd.DataFrame, rows: pd.DataFrame) -> Any:
    """Central primary of a town outside the county town, and the first public kindergarten of every town."""
    role = ((table["role"] == "central") & (table["place"] == "central")).to_numpy()
    garden = (table["kind"] == "kindergarten").to_numpy() & (rows["ownership"] == "public").to_numpy()
    first = ~table["town"].where(pd.Series(garden, index=table.index)).duplicated().to_numpy()
    return role | (garden & first)


def _plant(table: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Put a few schools under a standard: a crowded dormitory, a small resource room, no rooms for music and art."""
    facts = resource_facts()["building"]
    duty = table["kind"].isin(SCHOOL_KINDS)
    boarders = table["boarders"].where(duty & (rows["dorm_area_m2"] > 0)).fillna(0)
    if boarders.max() > 0:
        rows.loc[boarders.idxmax(), "dorm_area_m2"] = np.floor(boarders.max() * facts["planted_dorm_per_boarder"])
    rural = table["place"] != "town"
    rooms = table.index[duty & rural & (rows["resource_room_m2"] > 0)]
    if len(rooms):
        rows.loc[rooms[0], "resource_room_m2"] = facts["planted_resource_m2"]
    central = table["sections"].where(duty & rural & (table["role"] == "central") & ~table.index.isin(rooms[:1]))
    if central.notna().any():
        rows.loc[central.idxmax(), ["music_rooms", "art_rooms"]] = 0


def _building_area(table: pd.DataFrame, rows: pd.DataFrame, seed: int) -> Any:
    """Teaching area with offices, dormitory and canteen; a kindergarten by its seats."""
    facts = resource_facts()["building"]
    made = []
    for school, share in zip(table.to_dict("records"), rows["activity_area_m2"], strict=True):
        rng = stream(seed, "building", school["school_id"])
        teaching = school["teaching_area_m2"] * (1 + between(rng, facts["office_share"]))
        if school["kind"] == "kindergarten":
            seats = (school["classrooms"] - school["special_rooms"]) * 30
            per_seat = between(rng, facts["kindergarten_per_seat"][school["place"]])
            teaching = max(school["teaching_area_m2"] * 1.1, seats * per_seat)
        made.append(round(teaching) + dorm_gross(rows.loc[school["school_id"], "dorm_area_m2"]) + canteen(school))
        low, high = facts["kindergarten_activity"]
        garden = school["kind"] == "kindergarten"
        activity = round(made[-1] * (low + share * (high - low)), -1) if garden else np.nan
        rows.loc[school["school_id"], "activity_area_m2"] = activity
    return [float(area) for area in made]


def dorm_gross(usable: float) -> int:
    """Building area of a dormitory of so much usable area; 0 where there is none. [m2]"""
    return 0 if np.isnan(usable) else round(usable / resource_facts()["building"]["dorm_use"])


def canteen(school: dict[str, Any]) -> int:
    """Building area of the canteen; 0 where there is none. [m2]"""
    seats = school["canteen_seats"]
    return 0 if pd.isna(seats) else round(seats * resource_facts()["building"]["canteen_per_seat"])
