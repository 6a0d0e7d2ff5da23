"""One road closed at a time: which bridge or trunk section, if it fails, leaves whom without a school in reach.

A section is the road between two junctions or foot points of villages and schools, so that a village beside a closed
road can still leave on the other side. A section matters only to the schools whose shortest-path trees use it; the
others keep their minutes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from layout_planner.errors import DataError
from layout_planner.terms import OUTSIDE
from layout_planner.travel.cases import ONE_CHILD
from layout_planner.travel.minutes import Ground, joined_layers, plain_trips, search_limit
from layout_planner.travel.modes import NORMAL, WALK, cost_per_metre, usable_edges
from layout_planner.travel.network import OFF, Bools, Floats, Ints, Joined, Network
from layout_planner.travel.paths import Graph, connected, costs_from, make_graph
from layout_planner.travel.table import Trips, minutes_in_parts, walking_speed

TRUNK: Final = ("expressway", "trunk")
_DEGREES: Final = 4490  # CGCS2000
_MILLIMETRE: Final = 1e-3
_HAIR: Final = 1e-9  # of a cost: rounding of sums along a path
COLUMNS: Final = (
    "closure_no", "road_name", "closure_kind", "lon", "lat", "section_m", "day_children", "over_before", "over_after",
    "stranded_after", "villages_hit", "extra_min_max",
)  # fmt: skip


@dataclass(frozen=True)
class Sections:
    """A network cut at every foot point, and the points on it.

    Attributes
    ----------
    network
        One edge a section; the nodes of the whole network keep their numbers.
    joined
        Schools and villages by mode; every foot is a node.
    """

    network: Network
    joined: Mapping[str, tuple[Joined, Joined]]


@dataclass(frozen=True)
class Closed:
    """Trips of one mode with one section closed: rows of the schools that it touches."""

    section: int
    schools: Ints
    trips: Trips


def road_closures(
    ground: Ground,
    modes: tuple[str, ...],
    homes: pd.DataFrame,
    limits: Mapping[str, float | None],
    names: pd.Series | None = None,
    *,
    every: bool = False,
) -> pd.DataFrame:
    """Close every bridge, tunnel and trunk section in turn, in normal weather, and count the children it hits.

    Parameters
    ----------
    ground
        Roads, schools, villages (with ``name``), assumptions.
    modes
        Modes that count; a child takes the quickest. A bus is left out: where it goes is not known.
    homes
        ``village_code, attends, grade_band, children``: day children by the school they attend. [children]
    limits
        Longest trip of each grade band, None where none is set. [min]
    names
        Name of every road, by its row in the layer.
    every
        Close every section, not only bridges, tunnels and trunk roads.

    Returns
    -------
    DataFrame
        Table `road_closures`, those that hit most children first.

    Raises
    ------
    DataError
        ``closure_children_lost`` if day children are not all accounted for.
    """
    modes = tuple(mode for mode in modes if mode != "bus")
    sections = cut_into_sections(ground, modes)
    network = sections.network
    wanted = np.flatnonzero(every | network.crossing | np.isin(network.road_class.astype(str), TRUNK))
    trips = _daily(homes, ground)
    hit = np.zeros(len(wanted), dtype=object)
    found = {mode: _by_section(closed_trips(ground, sections, mode, wanted)) for mode in modes}
    base = {mode: base_trips(ground, sections, mode) for mode in modes}
    before = _best_minutes(base, {}, trips, ground)
    bound = trips["grade_band"].map({str(band): value for band, value in limits.items()}).to_numpy(dtype=float)
    for row, section in enumerate(wanted):
        changed = {mode: found[mode][int(section)] for mode in modes if int(section) in found[mode]}
        after = _best_minutes(base, changed, trips, ground) if changed else before
        hit[row] = _effects(trips, before, after, bound)
    return _table(network, wanted, list(hit), names)


def worst_closures(ground: Ground, mode: str) -> Trips:
    """Worst trip of every pair over closing each bridge, tunnel and trunk section in turn.

    Parameters
    ----------
    ground
        Roads, schools, villages, assumptions.
    mode
        On foot or on wheels; not a bus.

    Returns
    -------
    Trips
        Case ``closed_road``; a pair that any closure cuts off is not linked.
    """
    sections = cut_into_sections(ground, (mode,))
    network = sections.network
    wanted = np.flatnonzero(network.crossing | np.isin(network.road_class.astype(str), TRUNK))
    worst = base_trips(ground, sections, mode)
    road_min, road_m, access = worst.road_min.copy(), worst.road_m.copy(), worst.access_m.copy()
    linked = worst.linked.copy()
    for closed in closed_trips(ground, sections, mode, wanted):
        rows, trips = closed.schools, closed.trips
        take = ~(trips.access_m + trips.road_min <= access[rows] + road_min[rows]) & np.isfinite(road_min[rows])
        road_min[rows] = np.where(take, trips.road_min, road_min[rows])
        road_m[rows] = np.where(take, trips.road_m, road_m[rows])
        access[rows] = np.where(take, trips.access_m, access[rows])
        linked[rows] &= trips.linked
    return replace(worst, road_min=road_min, road_m=road_m, access_m=access, linked=linked)


def cut_into_sections(ground: Ground, modes: tuple[str, ...]) -> Sections:
    """Cut the network at the foot points of all modes, so that closing a section never removes a foot."""
    joined = {mode: joined_layers(ground, mode, NORMAL) for mode in modes}
    feet = [layer for layers in joined.values() for layer in layers]
    edge = np.concatenate([layer.edge[~layer.off] for layer in feet])
    measure = np.concatenate([layer.measure[~layer.off] for layer in feet])
    network, first, cuts = _cut_network(ground.network, edge, measure)
    return Sections(
        network, {mode: (_moved(a, first, cuts), _moved(b, first, cuts)) for mode, (a, b) in joined.items()}
    )


def base_trips(ground: Ground, sections: Sections, mode: str) -> Trips:
    """Trips of a mode in normal weather on the cut network; the same minutes as on the whole one."""
    graph, layers = _graph(ground, sections, mode, None), sections.joined[mode]
    sources, targets = graph.points
    costs = costs_from(graph, sources, targets, search_limit(ground, mode))
    return plain_trips(ground, mode, layers, costs, connected(graph, sources, targets))


def closed_trips(ground: Ground, sections: Sections, mode: str, wanted: Ints) -> Iterator[Closed]:
    """Trips with each wanted section closed, only of the schools whose shortest-path trees use it."""
    usable = usable_edges(sections.network, mode)
    costs = cost_per_metre(sections.network, mode, NORMAL, ground.parameters)
    graph, limit = _graph(ground, sections, mode, None), search_limit(ground, mode)
    schools, villages = sections.joined[mode]
    nodes = np.arange(graph.cost.shape[0], dtype=np.int64)
    far = np.nan_to_num(costs_from(graph, graph.points[0], nodes, limit, metres=False)[0], nan=np.inf)
    for section in wanted[usable[wanted]]:
        tail, head = int(sections.network.start[section]), int(sections.network.end[section])
        rows = np.flatnonzero(
            _touched(far[:, tail], far[:, head], float(sections.network.length_m[section] * costs[section]))
        )
        if not len(rows):
            continue
        open_now = usable.copy()
        open_now[section] = False
        without = _graph(ground, sections, mode, open_now)
        sources, targets = without.points[0][rows], without.points[1]
        few = replace(ground, schools=ground.schools.iloc[rows])
        pair = (_some(schools, rows), villages)
        found = costs_from(without, sources, targets, limit)
        yield Closed(int(section), rows, plain_trips(few, mode, pair, found, connected(without, sources, targets)))


def _touched(tail: Floats, head: Floats, cost: float) -> Bools:
    """Schools with a shortest path along a section, whichever way; costs from its ends to each school."""
    with np.errstate(invalid="ignore"):
        gap = np.abs(tail - head)
    known = np.isfinite(tail) | np.isfinite(head)
    return np.asarray(known & ~(gap < cost * (1.0 - _HAIR)))


def _graph(ground: Ground, sections: Sections, mode: str, open_now: Bools | None) -> Graph:
    network = sections.network
    usable = usable_edges(network, mode) if open_now is None else open_now
    costs = cost_per_metre(network, mode, NORMAL, ground.parameters)
    return make_graph(network, sections.joined[mode], costs, usable, one_way=mode != WALK)


def _cut_network(network: Network, edge: Ints, measure: Floats) -> tuple[Network, Ints, list[Floats]]:
    """Network with one edge a section; first section of every edge, and the measures where each edge was cut."""
    cuts: list[Floats] = []
    count = np.ones(len(network.start), dtype=np.int64)
    inner = (measure > _MILLIMETRE) & (measure < network.length_m[edge] - _MILLIMETRE)
    on = pd.Series(np.round(measure[inner] / _MILLIMETRE) * _MILLIMETRE).groupby(edge[inner]).unique()
    for i, length in enumerate(network.length_m):
        places = np.sort(np.asarray(on[i], dtype=float)) if i in on.index else np.empty(0)
        cuts.append(np.concatenate([[0.0], places, [length]]))
        count[i] = len(cuts[i]) - 1
    first = np.concatenate([[0], np.cumsum(count)[:-1]])
    whole = np.repeat(np.arange(len(count)), count)
    low, high = np.concatenate([c[:-1] for c in cuts]), np.concatenate([c[1:] for c in cuts])
    start, end, fresh = network.start[whole].copy(), network.end[whole].copy(), len(network.xy)
    later = np.flatnonzero(low > 0.0)
    start[later] = fresh + np.arange(len(later))
    end[later - 1] = start[later]
    xy = shapely.get_coordinates(shapely.line_interpolate_point(network.geometry[whole[later]], low[later]))
    middle = shapely.line_interpolate_point(network.geometry[whole], (low + high) / 2.0)
    named = {f.name: getattr(network, f.name) for f in fields(network)}
    edgewise = {
        name: values[whole]
        for name, values in named.items()
        if name not in {"xy", "component", "issues", "crs"} and getattr(values, "shape", (0,))[:1] == (len(count),)
    }
    changed: dict[str, Any] = {**edgewise, "start": start, "end": end, "length_m": high - low, "geometry": middle}
    return replace(network, xy=np.vstack([network.xy, xy]), **changed), first, cuts


def _moved(layer: Joined, first: Ints, cuts: list[Floats]) -> Joined:
    """Points on the section that begins or ends at their foot."""
    edge, measure = layer.edge.copy(), layer.measure.copy()
    for i in np.flatnonzero(~layer.off):
        places = cuts[edge[i]]
        k = int(np.abs(places - measure[i]).argmin())
        last = k == len(places) - 1
        edge[i] = first[edge[i]] + (k - 1 if last else k)
        measure[i] = places[k] - places[k - 1] if last else 0.0
    return Joined(edge, measure, layer.straight_m)


def _some(layer: Joined, rows: Ints) -> Joined:
    return Joined(layer.edge[rows], layer.measure[rows], layer.straight_m[rows])


def _by_section(found: Iterator[Closed]) -> dict[int, Closed]:
    return {closed.section: closed for closed in found}


def _daily(homes: pd.DataFrame, ground: Ground) -> pd.DataFrame:
    """Day trips with the places of village and school in the layers; every child of the county's schools is in it."""
    inside = homes[(homes["attends"] != OUTSIDE) & (homes["village_code"] != OUTSIDE) & (homes["children"] > 0)]
    village = pd.Series(range(len(ground.villages)), index=ground.villages["village_code"].to_numpy())
    school = pd.Series(range(len(ground.schools)), index=ground.schools["school_id"].to_numpy())
    trips = inside.assign(v=inside["village_code"].map(village), s=inside["attends"].map(school))
    known = trips.dropna(subset=["v", "s"]).astype({"v": int, "s": int})
    if not np.isclose(known["children"].sum(), inside["children"].sum()):
        raise DataError(
            "closure_children_lost",
            found=f"{known['children'].sum():.3f}",
            allowed=f"{inside['children'].sum():.3f}",
        )
    names = ground.villages["name"].to_numpy() if "name" in ground.villages.columns else known["village_code"]
    return known.assign(village_name=np.asarray(names, dtype=object)[known["v"]]).reset_index(drop=True)


def _best_minutes(
    base: Mapping[str, Trips], changed: Mapping[str, Closed], trips: pd.DataFrame, ground: Ground
) -> Floats:
    """Minutes of every day trip in the quickest mode; NaN without a route or beyond the cutoff."""
    school, village = trips["s"].to_numpy(), trips["v"].to_numpy()
    best = np.full(len(trips), np.inf)
    for mode, usual in base.items():
        arrays = [usual.road_min, usual.road_m, usual.access_m, usual.off, usual.linked]
        picked = [values[school, village] for values in arrays]
        if mode in changed:
            place = np.full(len(usual.off), OFF)
            place[changed[mode].schools] = np.arange(len(changed[mode].schools))
            now = changed[mode].trips
            on = place[school] != OFF
            fresh = [now.road_min, now.road_m, now.access_m, now.off, now.linked]
            for values, new in zip(picked, fresh, strict=True):
                values[on] = new[place[school[on]], village[on]]
        trip = Trips(*picked)
        for band, rows in trips.groupby("grade_band").indices.items():
            some = Trips(*(values[rows] for values in picked))
            speed = walking_speed(str(band), ground.parameters)
            minutes = np.sum(minutes_in_parts(some, speed, mode, ground.parameters), axis=0)
            minutes = np.where(trip.linked[rows] & ~trip.off[rows] & (minutes <= ground.cutoff), minutes, np.inf)
            best[rows] = np.minimum(best[rows], minutes)
    return np.where(np.isfinite(best), best, np.nan)


def _effects(trips: pd.DataFrame, before: Floats, after: Floats, bound: Floats) -> dict[str, Any]:
    """Children over the limit before and after, those cut off, their villages, and the most extra minutes."""
    children = trips["children"].to_numpy(dtype=float)
    limited = np.isfinite(bound)
    over = {name: limited & ~(minutes <= bound) for name, minutes in (("before", before), ("after", after))}
    cut = np.isfinite(before) & ~np.isfinite(after)
    hit = (cut | (over["after"] & ~over["before"])) & (children > 0)
    counted = pd.Series(children[hit]).groupby(trips["village_name"].to_numpy()[hit]).sum()
    extra = (after - before)[children >= ONE_CHILD]
    extra = extra[np.isfinite(extra)]
    return {
        "day_children": children.sum(),
        "over_before": children[over["before"]].sum(),
        "over_after": children[over["after"]].sum(),
        "stranded_after": children[cut].sum(),
        "villages_hit": "、".join(sorted(str(name) for name in counted.index[counted >= ONE_CHILD])),
        "extra_min_max": float(extra.max()) if len(extra) and extra.max() > _HAIR else 0.0 if len(extra) else np.nan,
    }


def _table(network: Network, wanted: Ints, hit: list[dict[str, Any]], names: pd.Series | None) -> pd.DataFrame:
    middle = gpd.GeoSeries(network.geometry[wanted], crs=network.crs).to_crs(_DEGREES)
    called = pd.Series("", index=wanted) if names is None else names.fillna("").iloc[network.road[wanted]]
    trunk = np.isin(network.road_class[wanted].astype(str), TRUNK)
    kinds = np.where(network.crossing[wanted], "bridge", np.where(trunk, "trunk", "other"))
    table = pd.DataFrame(hit, columns=list(COLUMNS[6:])).assign(
        road_name=called.to_numpy(dtype=object),
        closure_kind=kinds,
        lon=middle.x.to_numpy(),
        lat=middle.y.to_numpy(),
        section_m=network.length_m[wanted],
    )
    order = ["stranded_after", "over_after", "extra_min_max"]
    table = table.sort_values(order, ascending=False, kind="stable", ignore_index=True)
    return table.assign(closure_no=np.arange(1, len(table) + 1))[list(COLUMNS)]
