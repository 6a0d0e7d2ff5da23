"""Who attends where in the base year, counted child by child, and the zones (学区划片) of the villages."""

from typing import Final

import numpy as np
import pandas as pd

from layout_planner.demo.calibration import BASIS, Bools, Floats, Ints
from layout_planner.demo.simulate import World
from layout_planner.terms import GradeBand

BASIS_COUNTED: Final = BASIS.split("：")[0] + "：由模拟儿童逐个计数"
BASIS_ZONES: Final = BASIS.split("：")[0] + "：按完全小学、初中的服务范围划定"
ROOM: Final = 1.15  # a zone holds up to this much of its school's share before the next nearest takes over
BANDS: Final = [str(band) for band in GradeBand]


def attendance(world: World, people: pd.DataFrame) -> pd.DataFrame:
    """Count pupils by village, school and grade band; their sums are the enrolment of the base year.

    Parameters
    ----------
    world
        The simulated county.
    people
        Table of `base_people`.

    Returns
    -------
    DataFrame
        Columns of ``attendance.csv``. [pupils]
    """
    seated = people[people["enrolled"]]
    counts = seated.groupby(["village", "school", "band"]).size().rename("pupils").reset_index()
    counts["rank"] = counts["band"].map(BANDS.index)
    counts = counts.sort_values(["village", "rank", "school"], ignore_index=True)
    return pd.DataFrame({
        "village_code": world.villages["village_code"].to_numpy()[counts["village"]],
        "school_id": world.schools["school_id"].to_numpy()[counts["school"]],
        "grade_band": counts["band"],
        "pupils": counts["pupils"],
        "source": "模拟：学籍系统家庭住址汇总",
    }).assign(synthetic=True, basis=BASIS_COUNTED)  # fmt: skip


def zones(world: World) -> pd.DataFrame:
    """Give every village one primary and one junior school that offers all grades of the stage.

    A village of a teaching point is zoned to the complete primary of its town, of which the point is a part: grades
    1–3 (4) sit at the point, the rest at the complete school.

    Parameters
    ----------
    world
        The simulated county.

    Returns
    -------
    DataFrame
        Columns of ``zones.csv``, in the order of villages; a stage that no school of the county offers is left out.
    """
    parts = [
        pd.DataFrame({"village": np.arange(len(rows)), "stage": stage, "school": rows})
        for stage, rows in zone_rows(world).items()
    ]
    table = pd.concat(parts).sort_values(["village", "stage"], ascending=[True, False], ignore_index=True)
    return pd.DataFrame({
        "village_code": world.villages["village_code"].to_numpy()[table["village"]],
        "stage": table["stage"],
        "school_id": world.schools["school_id"].to_numpy()[table["school"]],
        "source": "模拟：县教育局划片公告 2024",
    }).assign(synthetic=True, basis=BASIS_ZONES)  # fmt: skip


def zone_rows(world: World) -> dict[str, Ints]:
    """Row of the zone school of every village by stage; a stage that no school offers whole is left out."""
    found = {}
    for stage, low, high in (("primary", 1, 6), ("junior", 7, 9)):
        offers = (world.schools["grade_low"] <= low) & (world.schools["grade_high"] >= high)
        if offers.any():
            found[stage] = _zone_schools(world, offers.to_numpy(dtype=bool), stage)
    return found


def _zone_schools(world: World, offers: Bools, stage: str) -> Ints:
    """School of every village: its own complete one, its town's, or one of the county town's by nearness and share."""
    v, s = world.villages, world.schools
    found = np.full(len(v), -1, dtype=np.int64)
    if stage == "primary":
        own = (world.local >= 0) & offers[world.local]
        found[own] = world.local[own]
    town_wide = s[offers & (s["role"] != "local").to_numpy()]
    for town, rows in town_wide.groupby("town"):
        mine = (found < 0) & (v["town"] == town).to_numpy()
        found[mine] = _nearest_with_room(world, mine, rows)
    rest = found < 0
    if rest.any():  # towns without a school of the stage go to the county town
        first = town_wide[town_wide["town"] == town_wide["town"].min()]
        found[rest] = _nearest_with_room(world, rest, first)
    return found


def _nearest_with_room(world: World, mine: Bools, schools: pd.DataFrame) -> Ints:
    """Nearest of the schools whose zone is not full; villages nearest to a school choose first."""
    v = world.villages[mine]
    km: Floats = np.hypot(
        v["x"].to_numpy()[:, None] - schools["x"].to_numpy(), v["y"].to_numpy()[:, None] - schools["y"].to_numpy()
    )
    weight = v["weight"].to_numpy()
    room = ROOM * weight.sum() * schools["share"].to_numpy() / schools["share"].sum()
    chosen = np.zeros(len(v), dtype=np.int64)
    for village in np.argsort(km.min(axis=1), kind="stable"):
        order = np.argsort(km[village], kind="stable")
        free = [k for k in order if room[k] >= weight[village]]
        chosen[village] = free[0] if free else int(np.argmax(room))
        room[chosen[village]] -= weight[village]
    return np.asarray(schools.index.to_numpy()[chosen])
