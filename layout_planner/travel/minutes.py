"""Door-to-gate minutes of every village, school and grade band on the road network, by mode and case."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from layout_planner.travel.barriers import barred
from layout_planner.travel.modes import (
    BUS,
    CLOSED_ROAD,
    WALK,
    WINTER,
    Choice,
    cost_per_metre,
    cutoff_of,
    usable_edges,
)
from layout_planner.travel.network import Bools, Joined, Network, join_points, require_metres
from layout_planner.travel.paths import connected, costs_from, make_graph
from layout_planner.travel.table import BANDS, Trips, trips_table, walking_speed

ENGINE: Final = "network"
_DEFAULT: Final = Choice()


@dataclass(frozen=True)
class Ground:
    """What the trips of every mode and case are worked out on: roads, schools and villages, assumptions."""

    network: Network
    schools: gpd.GeoDataFrame
    villages: gpd.GeoDataFrame
    parameters: Mapping[str, float]
    cutoff: float

    @property
    def layers(self) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
        """Schools and villages."""
        return self.schools, self.villages


def travel_minutes(
    network: Network,
    villages: gpd.GeoDataFrame,
    schools: gpd.GeoDataFrame,
    parameters: Mapping[str, float],
    cutoff_minutes: float,
    choice: Choice = _DEFAULT,
) -> pd.DataFrame:
    """Minutes from the door to the gate for every village, school, grade band, mode and case.

    Walking takes ``(access + road) / speed of the band``. On wheels: a fixed time (getting on, or waiting for the bus),
    the access legs on foot and the road at the speed of its class, not above what the vehicle may go. A bus makes
    detours and stops. In winter all are slower and closed edges are out. A gate within ``direct_walk_m`` of the door is
    walked to straight.

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
        Longest daily trip looked for; not below any limit that is checked later. [min]
    choice
        Modes to work out, those that count, and the cases.

    Returns
    -------
    DataFrame
        Table `travel_minutes`. Minutes are NaN with a reason: ``off_network``, ``no_route``, ``beyond_cutoff``,
        ``no_stop``. A walk beyond the cutoff has no row (the escort row of the pair stands); every pair has a counted
        row in each case.

    Raises
    ------
    DataError
        If a layer is not in metres, the systems differ or a point has no position.
    """
    require_metres(villages, "villages")
    require_metres(schools, "schools")
    ground = Ground(network, schools, villages, parameters, cutoff_minutes)
    trips = {
        (mode, case): trips_of(ground, mode, case, choice.stops)
        for mode in choice.worked_out
        for case in choice.cases
        if case != CLOSED_ROAD
    }
    if CLOSED_ROAD in choice.cases:
        from layout_planner.travel.closures import worst_closures

        trips |= {(mode, CLOSED_ROAD): worst_closures(ground, mode) for mode in choice.modes if mode != BUS}
    return trips_table(trips, ground.layers, parameters, cutoff_minutes, engine=ENGINE, choice=choice)


def trips_of(ground: Ground, mode: str, case: str, stops: gpd.GeoDataFrame | None = None) -> Trips | dict[str, Trips]:
    """Trips of one mode and case from every village to every school; by grade band where a bus stops at given places."""
    if mode == BUS and stops is not None:
        return _by_stops(ground, case, stops)
    layers = joined_layers(ground, mode, case)
    usable = usable_edges(ground.network, mode) & _open(ground.network, case)
    costs = cost_per_metre(ground.network, mode, case, ground.parameters)
    graph = make_graph(ground.network, layers, costs, usable, one_way=mode != WALK)
    sources, targets = graph.points
    cost, metres = costs_from(graph, sources, targets, search_limit(ground, mode))
    trips = plain_trips(ground, mode, layers, (cost, metres), connected(graph, sources, targets))
    return with_stops(trips, ground.parameters) if mode == BUS else trips


def search_limit(ground: Ground, mode: str) -> float:
    """Cost at which the search may stop: minutes on wheels, metres of the fastest walkers on foot."""
    if mode == WALK:
        return ground.cutoff * max(walking_speed(band, ground.parameters) for band in BANDS)
    return cutoff_of(mode, ground.parameters, ground.cutoff)


def joined_layers(ground: Ground, mode: str, case: str) -> tuple[Joined, Joined]:
    """Schools and villages on the edges that a mode may use; where such an edge is closed, on an open one very near."""
    usable = usable_edges(ground.network, mode)
    now = usable & _open(ground.network, case)
    schools, villages = (
        _join(ground, layer, usable, now, name=name)
        for layer, name in zip(ground.layers, ("schools", "villages"), strict=True)
    )
    return schools, villages


def plain_trips(
    ground: Ground,
    mode: str,
    layers: tuple[Joined, Joined],
    costs: tuple[np.ndarray, np.ndarray],
    linked: Bools,
) -> Trips:
    """Put costs and access legs together; on foot, doors very near the gate go straight."""
    schools, villages = layers
    access = ground.parameters["access_factor"] * (schools.straight_m[:, None] + villages.straight_m[None, :])
    trips = Trips(*costs, access, schools.off[:, None] | villages.off[None, :], linked)
    return _with_neighbours(trips, ground) if mode == WALK else trips


def with_stops(trips: Trips, parameters: Mapping[str, float]) -> Trips:
    """Lengthen the ride of a bus by the stops on its way; the cost holds the detour already.

    A bus stops once for the child and once every ``bus_stop_spacing_m`` of its way.
    """
    metres = trips.road_m * parameters["bus_detour"]
    stopping = parameters["bus_dwell_min"] * (1.0 + metres / parameters["bus_stop_spacing_m"])
    return Trips(trips.road_min + stopping, metres, trips.access_m, trips.off, trips.linked)


def _open(network: Network, case: str) -> Bools:
    return ~network.winter_closed if case == WINTER else np.ones(len(network.start), dtype=bool)


def _by_stops(ground: Ground, case: str, stops: gpd.GeoDataFrame) -> dict[str, Trips]:
    """Walk to the stop that gets the child to the gate first, then ride."""
    require_metres(stops, "bus_stops")
    parameters = ground.parameters
    here = Ground(ground.network, ground.schools, stops, parameters, ground.cutoff)
    ride = trips_of(here, BUS, case)  # schools × stops
    to_stop = Ground(ground.network, stops, ground.villages, parameters, ground.cutoff)
    walk = trips_of(to_stop, WALK, case)  # stops × villages
    assert isinstance(ride, Trips)
    assert isinstance(walk, Trips)
    gate = parameters["access_factor"] * joined_layers(here, BUS, case)[0].straight_m
    on_foot = np.where(walk.off, np.nan, walk.access_m + walk.road_m)
    on_foot = np.where(on_foot <= parameters["bus_walk_limit_m"], on_foot, np.nan)
    slower = parameters["winter_walk_factor"] if case == WINTER else 1.0
    return {str(band): _best_stop(on_foot, ride, gate, walking_speed(band, parameters) * slower) for band in BANDS}


def _best_stop(on_foot: np.ndarray, ride: Trips, gate: np.ndarray, speed: float) -> Trips:
    """Trips of one band: for every school and village the stop with the least walk and ride together."""
    shape = (len(gate), on_foot.shape[1])
    road_min, road_m, access = (np.full(shape, np.nan) for _ in range(3))
    served = np.isfinite(on_foot)
    columns = np.arange(shape[1])
    for school in range(shape[0]):
        total = np.nan_to_num(on_foot / speed + ride.road_min[school][:, None], nan=np.inf)
        stop = total.argmin(axis=0) if len(total) else np.zeros(shape[1], dtype=int)
        if not len(total):
            continue
        reached = np.isfinite(total[stop, columns])
        road_min[school] = np.where(reached, ride.road_min[school, stop], np.nan)
        road_m[school] = np.where(reached, ride.road_m[school, stop], np.nan)
        access[school] = np.where(reached, on_foot[stop, columns] + gate[school], np.nan)
    usable = served[None, :, :] & (ride.linked & ~ride.off)[:, :, None]
    nowhere = np.broadcast_to(~served.any(axis=0)[None, :], shape)
    return Trips(road_min, road_m, access, nowhere.copy(), usable.any(axis=1), off_reason="no_stop")


def _with_neighbours(trips: Trips, ground: Ground) -> Trips:
    """Let children whose door is very near the gate walk straight there, if the road is longer or closed.

    Nobody walks straight across a barrier.
    """
    schools, villages = (layer.geometry.to_numpy() for layer in ground.layers)
    straight = shapely.distance(schools[:, None], villages[None, :])
    direct = ground.parameters["access_factor"] * straight
    near = (straight <= ground.parameters["direct_walk_m"]) & ~(trips.access_m + trips.road_m <= direct)
    school, village = np.nonzero(near)
    near[school, village] = ~barred(schools[school], villages[village], ground.network.barriers)
    return Trips(
        road_min=np.where(near, 0.0, trips.road_min),
        road_m=np.where(near, 0.0, trips.road_m),
        access_m=np.where(near, direct, trips.access_m),
        off=trips.off & ~near,
        linked=trips.linked | near,
    )


def _join(ground: Ground, points: gpd.GeoDataFrame, usable: Bools, open_now: Bools, *, name: str) -> Joined:
    """Join to the nearest usable edge; where it is closed now, to an open one if that is very near."""
    network, parameters = ground.network, ground.parameters
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
