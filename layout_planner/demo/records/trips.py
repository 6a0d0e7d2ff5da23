"""Trips as measured: the minutes of the roads with the noise of a watch, and what the traffic police found unsafe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from layout_planner.demo.calibration import BASIS, Floats, Ints, stream
from layout_planner.demo.geography import to_plane
from layout_planner.demo.records.attendance import zone_rows
from layout_planner.demo.records.people import base_people
from layout_planner.demo.roads import junctions
from layout_planner.policy import load_parameters

if TYPE_CHECKING:
    from layout_planner.demo.county import DemoCounty
    from layout_planner.demo.simulate import Lives, World

CASES: Final = {"normal": "2024-05", "winter": "2024-12"}  # month of the measurement
NOISE: Final = 0.05  # spread of a measured time, as a share
NOISE_CUT: Final = 2.0  # spreads beyond which a measurement was repeated
WALK_KM: Final = 3.5  # farther children are brought
BUS_SLOWER: Final = 1.3  # stops on the way, against a car
BUS_WAIT_MIN: Final = 6.0
PER_SCHOOL: Final = 2  # villages measured a small school
UNSAFE: Final = 2  # small schools whose way to the complete primary is found unsafe
APPROVED: Final = 0.55  # share of measured routes that have been approved; the others were not looked at
PROVIDER: Final = {
    "walk": "模拟：学校组织步行实测",
    "escort": "模拟：县教育局跟车实测",
    "bus": "模拟：校车公司行车记录",
}


def trips(county: DemoCounty) -> pd.DataFrame:
    """Measure some trips from villages to schools.

    Parameters
    ----------
    county
        A county with roads.

    Returns
    -------
    DataFrame
        Columns of ``trips.csv``; whole minutes, in the order village, school, mode, case. [min]
    """
    world = county.world
    chosen = _pairs(county)
    km, minutes = _road(county)
    rng = stream(world.cal.seed, "trips")
    unsafe = _unsafe(county, chosen)
    values = {name: p.value for name, p in load_parameters().items()}
    rows = []
    for village, school, mode in chosen:
        way = "walk" if mode == "escort" and km["normal"][school, village] <= WALK_KM else mode
        approved = True if rng.random() < APPROVED else None
        for case, month in CASES.items():
            exact = _minutes(way, case, km[case][school, village], minutes[case][school, village], values)
            noise = NOISE * float(np.clip(rng.normal(), -NOISE_CUT, NOISE_CUT))
            rows.append({
                "village": village, "school": school, "mode": way, "case": case,
                "minutes": max(1.0, float(round(exact * (1 + noise)))),
                "metres": float(round(1000 * km[case][school, village], -1)),
                "provider": PROVIDER[way],
                "queried_at": f"{month}-{rng.integers(8, 25):02d}",
                "safe": False if (village, school) in unsafe else approved,
            })  # fmt: skip
    return _table(world, pd.DataFrame(rows))


def _table(world: World, rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.sort_values(["village", "school", "mode", "case"], ignore_index=True)
    table = rows.drop(columns=["village", "school"]).assign(
        village_code=world.villages["village_code"].to_numpy()[rows["village"]],
        school_id=world.schools["school_id"].to_numpy()[rows["school"]],
        safe=rows["safe"].astype("boolean"),
    )
    return table.assign(synthetic=True, basis=BASIS.split("：")[0] + "：示意路网时间加测量误差")


def _minutes(mode: str, case: str, km: float, road_min: float, values: Mapping[str, float]) -> float:
    """Door to gate; young children set the pace on foot."""
    if mode == "walk":
        slower = values["winter_walk_factor"] if case == "winter" else 1.0
        return 60.0 * km / (values["walk_speed_1_3"] * slower)
    if mode == "bus":
        return BUS_WAIT_MIN + BUS_SLOWER * road_min
    return values["escort_fixed_min"] + road_min


def _road(county: DemoCounty) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Kilometres and minutes by car of the fastest way from every school to every village, by case."""
    roads, world = county.roads, county.world
    assert roads is not None
    values = {name: p.value for name, p in load_parameters().items()}
    km = np.array([_length(line) for line in roads.geometry])
    start, end, index = junctions(roads)
    s, v = world.schools, world.villages
    gates = [index[place] for place in zip(s["lon"], s["lat"], strict=True)]
    homes = [index[place] for place in zip(v["lon"], v["lat"], strict=True)]
    slower = roads["road_class"].map({c: values[f"winter_factor_{c}"] for c in set(roads["road_class"])}).to_numpy()
    found: tuple[dict[str, Floats], dict[str, Floats]] = ({}, {})
    for case in CASES:
        speed = roads["speed_kmh"].to_numpy() * (slower if case == "winter" else 1.0)
        is_open = ~roads["winter_closed"].to_numpy(dtype=bool) | (case == "normal")
        for kept, cost in zip(found, (km, km / speed * 60.0), strict=True):
            graph = _graph(start[is_open], end[is_open], cost[is_open], len(index))
            kept[case] = np.asarray(dijkstra(graph, directed=False, indices=gates)[:, homes])
    return found


def _graph(start: Ints, end: Ints, cost: Floats, n: int) -> csr_matrix:
    """Adjacency with the cheapest of parallel roads."""
    edges = pd.DataFrame({"a": np.minimum(start, end), "b": np.maximum(start, end), "cost": cost})
    best = edges.groupby(["a", "b"], as_index=False)["cost"].min()
    return csr_matrix((best["cost"], (best["a"], best["b"])), shape=(n, n))


def _length(line: object) -> float:
    points = np.asarray(line.coords)  # type: ignore[attr-defined]
    x, y = to_plane(points[:, 0], points[:, 1])
    return float(np.hypot(np.diff(x), np.diff(y)).sum())


def _pairs(county: DemoCounty) -> list[tuple[int, int, str]]:
    """Village, school and mode of what is measured: small schools, the way on from them, long ways and buses."""
    world = county.world
    zone = zone_rows(world)
    local, v = world.local, world.villages
    town = v["town"].to_numpy()
    position = pd.Series(v.index, index=v["village_code"])
    chosen: dict[tuple[int, int], str] = {}
    for row, school in world.schools[world.schools["role"] == "local"].iterrows():
        home = int(position[school["village_code"]])
        users = [home, *(int(i) for i in np.flatnonzero(local == row) if i != home)]
        for village in users[:PER_SCHOOL]:
            chosen[village, int(row)] = "escort"
        chosen.setdefault((home, _central(world, int(school["town"]))), "escort")
    for i in range(len(world.cal.towns)):
        mine = np.flatnonzero(town == i)
        gate = world.schools.loc[zone["primary"][mine], ["x", "y"]].to_numpy()
        away = np.hypot(v["x"].to_numpy()[mine] - gate[:, 0], v["y"].to_numpy()[mine] - gate[:, 1])
        far, near = int(mine[np.argmax(away)]), int(mine[np.argmin(away)])
        chosen.setdefault((far, int(zone["primary"][far])), "escort")
        chosen.setdefault((near, int(zone["primary"][near])), "escort")
        if "junior" in zone:
            chosen.setdefault((far, int(zone["junior"][far])), "bus" if i else "escort")
    used = _used(world, county.lives, zone)
    return [(village, school, mode) for (village, school), mode in chosen.items() if (village, school) in used]


def _used(world: World, lives: Lives, zone: Mapping[str, Ints]) -> set[tuple[int, int]]:
    """Pairs that children of the base year use or are assigned to; nobody measures another."""
    people = base_people(world, lives)
    seated = people[people["enrolled"]]
    used = set(zip(seated["village"].tolist(), seated["school"].tolist(), strict=True))
    return used | {pair for rows in zone.values() for pair in enumerate(rows.tolist())}


def _central(world: World, town: int) -> int:
    """Complete primary of a town, else the county town's."""
    central = world.schools[world.schools["role"] == "central"]
    own = central[central["town"] == town]
    return int((own if len(own) else central).index[0])


def _unsafe(county: DemoCounty, chosen: list[tuple[int, int, str]]) -> set[tuple[int, int]]:
    """Pairs whose route is unsafe: from the largest teaching points that need not stay to the complete primary."""
    world = county.world
    base = county.enrolment[county.enrolment["school_year"] == world.cal.base_year]
    pupils = base.groupby("school_id")["pupils"].sum()
    s = world.schools
    open_points = s[(s["role"] == "local") & ~s["must_keep"].astype(bool)]
    size = open_points["school_id"].map(pupils).fillna(0)
    points = (open_points["kind"] == "teaching_point").to_numpy()
    order = open_points.assign(size=size, point=points)
    order = order[order["size"] > 0].sort_values(["point", "size"], ascending=False, kind="stable")
    position = pd.Series(world.villages.index, index=world.villages["village_code"])
    pairs = [
        (int(position[row["village_code"]]), _central(world, int(row["town"])))
        for _, row in order.head(UNSAFE).iterrows()
    ]
    measured = [(village, school) for village, school, _ in chosen]
    return set(pairs) & set(measured) or set(measured[-1:])
