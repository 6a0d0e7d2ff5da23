"""Door-to-gate minutes of every village, school and grade band, by mode and case (rows of `travel_minutes`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from layout_planner.errors import DataError
from layout_planner.terms import BAND_GRADES, ENUMS, GradeBand
from layout_planner.travel.network import Bools, Floats, Joined, Network, Objects, join_points, require_metres
from layout_planner.travel.paths import connected, costs_from, make_graph

MODES: Final = ENUMS["travel_mode"]  # walk, escort
CASES: Final = ENUMS["travel_case"]  # normal, winter
BANDS: Final = tuple(GradeBand)
ENGINE: Final = "network"
COLUMNS: Final = ("village_code", "school_id", "grade_band", "mode", "case", "minutes", "metres", "engine", "reason")
NO_ROUTE: Final = "no_route"
BEYOND: Final = "beyond_cutoff"
OFF_NETWORK: Final = "off_network"


@dataclass(frozen=True)
class Trips:
    """Trips of one mode and case, shape (schools, villages).

    Attributes
    ----------
    road_min
        Minutes on the road, waiting included; NaN where there is no path within the cut. For walking: at 1 m/min. [min]
    road_m
        Metres on the road. [m]
    access_m
        Metres from the door to the road and from the road to the gate. [m]
    off
        A village or a school too far from any road.
    linked
        A path of some length exists.
    """

    road_min: Floats
    road_m: Floats
    access_m: Floats
    off: Bools
    linked: Bools


def travel_minutes(
    network: Network,
    villages: gpd.GeoDataFrame,
    schools: gpd.GeoDataFrame,
    parameters: Mapping[str, float],
    cutoff_minutes: float,
) -> pd.DataFrame:
    """Minutes from the door to the gate for every village, school, grade band, mode and case.

    Walking takes ``(access + road) / speed of the band``; being brought (`escort`) takes a fixed time, the access legs
    on foot and the road at the speed of its class. In winter both are slower and closed edges are out. A gate within
    ``direct_walk_m`` of the door is walked to straight.

    Parameters
    ----------
    network
        Roads.
    villages
        ``village_code`` and a point, in the coordinate system of the network.
    schools
        ``school_id``, ``grade_low``, ``grade_high`` and a point; a band is offered where the grades overlap.
    parameters
        Assumptions of ``parameters/travel.toml``.
    cutoff_minutes
        Longest trip looked for; not below any limit that is checked later. [min]

    Returns
    -------
    DataFrame
        Table `travel_minutes`. Minutes are NaN with a reason: ``off_network``, ``no_route``, ``beyond_cutoff``. A walk
        beyond the cutoff has no row (the escort row of the pair stands); every pair has a row in each case.

    Raises
    ------
    DataError
        If a layer is not in metres, the systems differ or a point has no position.
    """
    require_metres(villages, "villages")
    require_metres(schools, "schools")
    speeds = {band: walking_speed(band, parameters) for band in BANDS}
    trips = {
        (mode, case): _trips(network, (schools, villages), parameters, mode=mode, case=case, cutoff=cutoff_minutes)
        for mode in MODES
        for case in CASES
    }
    parts = []
    for band in BANDS:
        rows = np.flatnonzero(offers(schools, band))
        for (mode, case), trip in trips.items():
            speed = speeds[band] * (parameters["winter_walk_factor"] if case == "winter" else 1.0)
            minutes = _minutes(trip, speed, parameters, escort=mode == "escort")[rows]
            metres = (trip.access_m + trip.road_m)[rows]
            reason = _reasons(trip, minutes, cutoff_minutes, rows)
            parts.append(
                _rows(rows, minutes, metres, reason, (BANDS.index(band), MODES.index(mode), CASES.index(case)))
            )
    return _table(parts, villages, schools)


def walking_speed(band: str, parameters: Mapping[str, float]) -> float:
    """Give the walking speed of a grade band in normal weather. [m/min]."""
    return parameters["walk_speed_" + str(band).replace("-", "_")] * 1000.0 / 60.0


def offers(schools: pd.DataFrame, band: GradeBand) -> Bools:
    """Schools whose grades overlap a grade band."""
    grades = BAND_GRADES[band]
    low, high = schools["grade_low"].to_numpy(dtype=float), schools["grade_high"].to_numpy(dtype=float)
    return np.asarray((low <= max(grades)) & (high >= min(grades)))


def _trips(
    network: Network,
    layers: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
    parameters: Mapping[str, float],
    *,
    mode: str,
    case: str,
    cutoff: float,
) -> Trips:
    """Paths of one mode and case from every village to every school."""
    usable = network.walkable if mode == "walk" else np.ones(len(network.start), dtype=bool)
    open_now = usable & ~network.winter_closed if case == "winter" else usable
    schools, villages = (
        _join(network, layer, parameters, usable, open_now, name=name)
        for layer, name in zip(layers, ("schools", "villages"), strict=True)
    )
    if mode == "walk":  # metres do not depend on the band; the fastest band sets the cut
        per_metre = np.ones(len(network.start))
        limit = cutoff * max(walking_speed(band, parameters) for band in BANDS)
    else:
        per_metre = 60.0 / (1000.0 * network.speed_kmh)
        if case == "winter":
            per_metre = per_metre / np.array([parameters[f"winter_factor_{name}"] for name in network.road_class])
        limit = cutoff
    graph = make_graph(network, (schools, villages), per_metre, open_now)
    sources, targets = graph.points
    cost, metres = costs_from(graph, sources, targets, limit)
    factor = parameters["access_factor"]
    access = factor * (schools.straight_m[:, None] + villages.straight_m[None, :])
    off = schools.off[:, None] | villages.off[None, :]
    trips = Trips(cost, metres, access, off, connected(graph, sources, targets))
    return _with_neighbours(trips, layers, parameters) if mode == "walk" else trips


def _with_neighbours(
    trips: Trips, layers: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame], parameters: Mapping[str, float]
) -> Trips:
    """Let children whose door is very near the gate walk straight there, if the road is longer or closed."""
    schools, villages = (layer.geometry.to_numpy() for layer in layers)
    straight = shapely.distance(schools[:, None], villages[None, :])
    direct = parameters["access_factor"] * straight
    near = (straight <= parameters["direct_walk_m"]) & ~(trips.access_m + trips.road_m <= direct)
    return Trips(
        road_min=np.where(near, 0.0, trips.road_min),
        road_m=np.where(near, 0.0, trips.road_m),
        access_m=np.where(near, direct, trips.access_m),
        off=trips.off & ~near,
        linked=trips.linked | near,
    )


def _join(
    network: Network,
    points: gpd.GeoDataFrame,
    parameters: Mapping[str, float],
    usable: Bools,
    open_now: Bools,
    *,
    name: str,
) -> Joined:
    """Join to the nearest usable edge; where it is closed now, to an open one if that is very near."""
    always = join_points(network, points, parameters["access_limit_m"], usable=usable, name=name)
    stuck = ~always.off & ~open_now[always.edge]
    if not stuck.any():
        return always
    again = join_points(network, points, parameters["winter_access_limit_m"], usable=open_now, name=name)
    take = stuck & ~again.off
    return Joined(
        edge=np.where(take, again.edge, always.edge),
        measure=np.where(take, again.measure, always.measure),
        straight_m=np.where(take, again.straight_m, always.straight_m),
    )


def _minutes(trip: Trips, speed: float, parameters: Mapping[str, float], *, escort: bool) -> Floats:
    on_foot = trip.access_m / speed
    if escort:
        return np.asarray(parameters["escort_fixed_min"] + on_foot + trip.road_min)
    return np.asarray(on_foot + trip.road_m / speed)


def _reasons(trip: Trips, minutes: Floats, cutoff: float, rows: np.ndarray) -> Objects:
    """Why a pair has no minutes; empty where it has."""
    beyond = ~(minutes <= cutoff)
    reason = np.full(minutes.shape, "", dtype=object)
    reason[beyond] = BEYOND
    reason[~trip.linked[rows]] = NO_ROUTE
    reason[trip.off[rows]] = OFF_NETWORK
    return reason


def _rows(
    rows: np.ndarray, minutes: Floats, metres: Floats, reason: Objects, codes: tuple[int, int, int]
) -> pd.DataFrame:
    """Rows of one band, mode and case, with positions instead of codes."""
    school, village = np.meshgrid(rows, np.arange(minutes.shape[1]), indexing="ij")
    known = reason.reshape(-1) == ""
    band, mode, case = codes
    part = pd.DataFrame(
        {
            "village": village.reshape(-1),
            "school": school.reshape(-1),
            "band": band,
            "mode": mode,
            "case": case,
            "minutes": np.where(known, minutes.reshape(-1), np.nan),
            "metres": np.where(known, metres.reshape(-1), np.nan),
            "reason": reason.reshape(-1),
        }
    )
    if MODES[mode] == "walk":
        return part[part["reason"] != BEYOND]
    return part


def _table(parts: list[pd.DataFrame], villages: pd.DataFrame, schools: pd.DataFrame) -> pd.DataFrame:
    """Put the parts together, in the order village, school, band, mode, case."""
    if (twice := villages["village_code"].duplicated()).any():
        raise DataError("village_twice", found=set(villages.loc[twice, "village_code"]))
    table = pd.concat(parts, ignore_index=True)
    table = table.sort_values(["village", "school", "band", "mode", "case"], ignore_index=True)
    return pd.DataFrame(
        {
            "village_code": villages["village_code"].to_numpy(dtype=object)[table["village"]],
            "school_id": schools["school_id"].to_numpy(dtype=object)[table["school"]],
            "grade_band": np.array([str(band) for band in BANDS], dtype=object)[table["band"]],
            "mode": np.array(MODES, dtype=object)[table["mode"]],
            "case": np.array(CASES, dtype=object)[table["case"]],
            "minutes": table["minutes"].to_numpy(),
            "metres": table["metres"].to_numpy(),
            "engine": ENGINE,
            "reason": table["reason"].to_numpy(),
        }
    )[list(COLUMNS)].astype(
        dict.fromkeys(("village_code", "school_id", "grade_band", "mode", "case", "engine", "reason"), "str")
    )
