"""Door-to-gate minutes of every village, school and grade band on the road network, by mode and case."""

from collections.abc import Mapping
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from layout_planner.travel.network import Bools, Joined, Network, join_points, require_metres
from layout_planner.travel.paths import connected, costs_from, make_graph
from layout_planner.travel.table import BANDS, CASES, MODES, Trips, trips_table, walking_speed

ENGINE: Final = "network"


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
    layers = (schools, villages)
    trips = {
        (mode, case): _trips(network, layers, parameters, mode=mode, case=case, cutoff=cutoff_minutes)
        for mode in MODES
        for case in CASES
    }
    return trips_table(trips, layers, parameters, cutoff_minutes, engine=ENGINE)


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
