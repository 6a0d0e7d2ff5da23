"""The schools: register, buildings and which villages use which small school."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from layout_planner.demo.calibration import BASIS, Calibration, Ints, stream
from layout_planner.demo.geography import to_degrees, to_plane

TYPE_CODE: Final = {
    "kindergarten": 11, "primary": 21, "teaching_point": 21, "junior": 31, "nine_year": 31, "senior": 34,
    "vocational": 36,
}  # fmt: skip
PROVINCE: Final = "99"  # not a province: marks an invented code
WORD: Final = {
    "kindergarten": "幼儿园", "primary": "小学", "teaching_point": "教学点", "junior": "初级中学",
    "nine_year": "九年制学校", "senior": "高中", "vocational": "职业学校",
}  # fmt: skip
STAGES: Final = {
    "kindergarten": "pre", "primary": "primary", "teaching_point": "primary", "junior": "junior",
    "nine_year": "primary;junior", "senior": "senior", "vocational": "senior",
}  # fmt: skip
SPAN: Final = {
    "kindergarten": (-2, 0), "primary": (1, 6), "teaching_point": (1, 3), "junior": (7, 9),
    "nine_year": (1, 9), "senior": (10, 12), "vocational": (10, 12),
}  # fmt: skip
AREA_PER_SEAT: Final = {"junior": 5.8, "nine_year": 5.2, "senior": 6.0, "vocational": 6.0}
SPORTS_PER_SEAT: Final = {"junior": 10.2, "nine_year": 9.0, "senior": 10.2, "vocational": 10.2}
PER_ROOM: Final = {"kindergarten": 30, "teaching_point": 30, "primary": 45}
SIZE_COLUMNS: Final = (
    "classrooms", "special_rooms", "teaching_area_m2", "sports_area_m2", "equipment_yuan", "multimedia_rooms",
    "dorm_beds_m", "dorm_beds_f",
)  # fmt: skip
CROWDED: Final = 1.25  # pupils over seats
REACH_KM: Final = 10.0  # a catchment takes villages up to here
FAR_REACH_KM: Final = 3.0  # the same in the hills
MARGIN: Final = 1.12  # children expected over children needed, so that chance does not leave a school short


def found_schools(cal: Calibration, villages: pd.DataFrame) -> pd.DataFrame:
    """Found every school of the county.

    Parameters
    ----------
    cal
        Facts of the county.
    villages
        Table of `make_villages`.

    Returns
    -------
    DataFrame
        Columns of ``schools.geojson``, lon, lat, and what the simulation needs.
    """
    entries = [*cal.sites, *({"kind": "kindergarten", **k} for k in cal.kindergartens), *cal.uppers]
    counters: Counter[str] = Counter()
    rows = [_school(cal, villages, entry, counters) for entry in entries]
    table = pd.DataFrame(rows)
    table["host_school_id"] = _hosts(table)
    _share_sites(table)
    table["lon"], table["lat"] = to_degrees(table["x"].to_numpy(), table["y"].to_numpy())
    table["x"], table["y"] = to_plane(table["lon"].to_numpy(), table["lat"].to_numpy())
    return table.assign(synthetic=True, basis="模拟数据：学校、位置与数字均为虚构，" + BASIS.split("：")[1])


def _school(
    cal: Calibration, villages: pd.DataFrame, entry: Mapping[str, Any], counters: Counter[str]
) -> dict[str, Any]:
    kind, town = entry["kind"], next(i for i, t in enumerate(cal.towns) if t.name == entry["town"])
    code = TYPE_CODE[kind]
    counters[f"code {code}"] += 1
    counters[f"{kind} {town}"] += 1
    rng = stream(cal.seed, "school", code, counters[f"code {code}"])
    x, y, village = _where(cal, villages, entry, town, rng)
    low, high = SPAN[kind]
    number = f"{counters[f'{kind} {town}']:02d}"
    return {
        "school_id": f"{code}{PROVINCE}{counters[f'code {code}']:06d}",
        "site_id": "",
        "name": f"{entry['town']}示例{WORD[kind]}{number}",
        "kind": kind,
        "stages": STAGES[kind],
        "grade_low": low,
        "grade_high": entry.get("grades", high),
        "township_code": cal.towns[town].code,
        "classrooms": entry["rooms"] + entry.get("special", 1),
        "village_code": village,
        "special_rooms": entry.get("special", 1),
        **_building(entry, rng),
        "opened": entry["opened"],
        "closed": pd.NA,
        "must_keep": "must_keep_reason" in entry,
        "must_keep_reason": entry.get("must_keep_reason", pd.NA),
        "ready_year": entry.get("ready_year", pd.NA),
        "town": town,
        "role": _role(entry),
        "share": entry.get("share", 1.0),
        "target": entry.get("target", -1),
        "keeps": entry.get("keeps", np.nan),
        "size": entry.get("size", entry.get("target", 0)),
        "empty_from": entry.get("empty_from", 0),
        "with_kindergarten": entry.get("kindergarten", False),
        "x": x,
        "y": y,
    }


def _role(entry: Mapping[str, Any]) -> str:
    if "keeps" in entry:
        return "local"
    return {"primary": "central", "nine_year": "central"}.get(str(entry["kind"]), str(entry["kind"]))


def _where(
    cal: Calibration, villages: pd.DataFrame, entry: Mapping[str, Any], town: int, rng: np.random.Generator
) -> tuple[float, float, str]:
    if isinstance(entry["at"], str):
        row = villages.index[villages["village_code"] == entry["at"]][0]
        bearing, km = rng.uniform(0, 360), rng.uniform(0.12, 0.3)
        x, y = villages.loc[row, "x"], villages.loc[row, "y"]
    else:
        bearing, km = entry["at"]
        x, y = map(float, to_plane(cal.towns[town].lon, cal.towns[town].lat))
    x, y = x + km * math.sin(math.radians(bearing)), y + km * math.cos(math.radians(bearing))
    if isinstance(entry["at"], str):
        return x, y, entry["at"]
    own = villages[villages["town"] == town]
    return x, y, str(own.loc[np.hypot(own["x"] - x, own["y"] - y).idxmin(), "village_code"])


def _building(entry: Mapping[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    kind = entry["kind"]
    seats = entry["rooms"] * PER_ROOM.get(kind, 50)
    area = seats * AREA_PER_SEAT.get(kind, 4.5) * entry.get("area", 1.1)
    sports = seats * SPORTS_PER_SEAT.get(kind, 7.5 if kind != "kindergarten" else 2.0)
    beds, canteen = entry.get("beds", (0, 0)), entry.get("canteen", (pd.NA, pd.NA))
    return {
        "teaching_area_m2": float(round(area, -1)),
        "sports_area_m2": float(round(sports * entry.get("sports", rng.uniform(0.95, 1.6)), -1)),
        "equipment_yuan": float(round(seats * rng.uniform(1600, 2900), -3)),
        "multimedia_rooms": int(min(entry["rooms"], round(entry["rooms"] * rng.uniform(0.8, 1.1)))),
        "dorm_beds_m": beds[0],
        "dorm_beds_f": beds[1],
        "canteen_seats": canteen[0],
        "canteen_sittings": canteen[1],
    }


def _hosts(table: pd.DataFrame) -> list[Any]:
    """Central school of the town for every teaching point."""
    central = table[table["role"] == "central"].groupby("town")["school_id"].first()
    fallback = table.loc[table["role"] == "central", "school_id"].iloc[0]
    return [
        central.get(town, fallback) if kind == "teaching_point" else pd.NA
        for town, kind in zip(table["town"], table["kind"], strict=True)
    ]


def _share_sites(table: pd.DataFrame) -> None:
    """Give every school a site; a kindergarten shares the site of a central school that has room for it."""
    table["site_id"] = [f"S{i + 1:03d}" for i in range(len(table))]
    for row in table.index[table["with_kindergarten"]]:
        guest = table.index[(table["kind"] == "kindergarten") & (table["town"] == table.loc[row, "town"])]
        if len(guest):
            for column in ("site_id", "x", "y", "village_code"):
                table.loc[guest[0], column] = table.loc[row, column]


def fit_buildings(schools: pd.DataFrame, pupils: Ints) -> pd.DataFrame:
    """Enlarge the buildings of a school that a county of another size fills far beyond its seats.

    Parameters
    ----------
    schools
        Table of `found_schools`.
    pupils
        Pupils of the base year by school. [pupils]

    Returns
    -------
    DataFrame
        The same schools; the buildings of the full county are not touched.
    """
    seats = (schools["classrooms"] - schools["special_rooms"]) * schools["kind"].map(PER_ROOM).fillna(50)
    grow = np.where(pupils > CROWDED * seats, pupils / (0.95 * seats), 1.0)
    bigger = {c: np.ceil(schools[c] * grow).astype(schools[c].dtype) for c in SIZE_COLUMNS}
    return schools.assign(**bigger)


def local_schools(cal: Calibration, villages: pd.DataFrame, schools: pd.DataFrame) -> Ints:
    """Small school that each village uses, or −1: the nearest free villages until the school's size is explained.

    Parameters
    ----------
    cal
        Facts of the county.
    villages
        Table of `make_villages`.
    schools
        Table of `found_schools`.

    Returns
    -------
    ndarray
        Row of `schools` for every village, −1 where the central school is the only one. [-]
    """
    local = np.full(len(villages), -1, dtype=np.int64)
    x, y, town = (villages[c].to_numpy() for c in ("x", "y", "town"))
    per_grade = np.array([np.mean(t.births[-13:-6]) * (1 - t.drift) for t in cal.towns])
    expected = per_grade[town] * villages["weight"].to_numpy()
    small = schools[schools["role"] == "local"]
    position = pd.Series(villages.index, index=villages["village_code"])
    home = {row: int(position[code]) for row, code in small["village_code"].items()}
    for row, at in home.items():
        local[at] = row
    far = villages["far"].to_numpy()
    primary = schools.index[schools["role"].isin(["local", "central"])].tolist()
    to_school = np.hypot(x[:, None] - schools["x"].to_numpy(), y[:, None] - schools["y"].to_numpy())
    for row, school in small.iterrows():
        open_to = (local == -1) & (town == school["town"]) & (~far | far[home[row]])
        distance = np.hypot(x - x[home[row]], y - y[home[row]])
        reach = FAR_REACH_KM if far[home[row]] else REACH_KM
        span = school["grade_high"] - school["grade_low"] + 1
        held = expected[home[row]] * span * school["keeps"]
        other = to_school[:, [r for r in primary if r != row]].min(axis=1)
        for village in np.argsort(distance * np.maximum(1.0, distance / other), kind="stable"):
            if held >= school["size"] * MARGIN:
                break
            if open_to[village] and distance[village] <= reach:
                local[village] = row
                held += expected[village] * span * school["keeps"]
    return local
