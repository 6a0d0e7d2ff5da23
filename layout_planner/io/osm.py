"""Roads of an OpenStreetMap extract (``.osm.pbf``): ways split at the nodes they share, barriers as short closed pieces.

Two ways that cross without a common node are a bridge or a mistake, and are not joined. The file is read here and
handed on as bytes; nothing is fetched.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from layout_planner.errors import DataError, MachineError, Problem
from layout_planner.io.road_tags import Stop, Way, stop_of, way_of
from layout_planner.io.text import read_bytes

if TYPE_CHECKING:
    import geopandas as gpd

MAX_OSM_BYTES: Final = 400_000_000  # a county has 10 MB, a large province 100 MB
MAX_REFERENCES: Final = 20_000_000  # points of all roads together
WGS84: Final = 4326
_STUB_M: Final = 0.5  # length of the piece that a barrier closes [m]
_PLACE: Final = 1e7  # OpenStreetMap keeps seven decimals of a degree

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Ways:
    """Ways as read: their description, and the nodes of all of them one after the other."""

    ways: list[Way]
    ids: Ints
    ref: Ints
    lonlat: Floats
    first: Ints
    stops: dict[int, Stop]
    unused: Counter[str]
    lost: int


def read_osm(path: Path) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """Read the roads of an OpenStreetMap extract, split where they share a node.

    Parameters
    ----------
    path
        File ``.osm.pbf``.

    Returns
    -------
    tuple
        Table `roads` in WGS 84 with ``node_from``, ``node_to`` and ``osm_id``, one row a piece between two junctions;
        and what could not be read or was left out.

    Raises
    ------
    DataError
        ``file_missing``, ``file_too_large``, ``file_unreadable``, ``osm_no_roads``.
    MachineError
        ``osmium_missing`` if the reader of such files is not installed.
    """
    data = read_bytes(path, limit=MAX_OSM_BYTES)
    try:
        import osmium
    except ImportError as error:
        raise MachineError("osmium_missing", file=path.name) from error
    try:
        read = _scan(osmium, data)
    except (RuntimeError, ValueError, OSError) as error:
        raise DataError(
            "file_unreadable", file=path.name, found="无法解析的内容", allowed="OpenStreetMap .osm.pbf"
        ) from error
    if not len(read.ref):
        raise DataError("osm_no_roads", file=path.name)
    if len(read.ref) > MAX_REFERENCES:
        found, allowed = f"{len(read.ref)} 个折点", f"{MAX_REFERENCES} 个折点"
        raise DataError("layer_too_large", file=path.name, found=found, allowed=allowed)
    return _table(read), _notes(read, path.name)


def _scan(osmium: Any, data: bytes) -> _Ways:
    """Go through the file once: barriers among the nodes, then the ways with the places of their nodes."""
    source = osmium.FileProcessor(osmium.io.FileBuffer(data, "pbf"), osmium.osm.NODE | osmium.osm.WAY)
    source.with_locations().with_filter(osmium.filter.KeyFilter("highway", "route", "barrier"))
    ways, ids, ref, lonlat, first = [], [], [], [], [0]
    stops: dict[int, Stop] = {}
    unused: Counter[str] = Counter()
    lost = 0
    for item in source:
        tags = {tag.k: tag.v for tag in item.tags}
        if item.is_node():
            if (stop := stop_of(tags)) is not None:
                stops[item.id] = stop
            continue
        way = way_of(tags)
        if way is None:
            unused.update([tags["highway"]] if "highway" in tags else [])
            continue
        known = [(node.ref, node.x, node.y) for node in item.nodes if node.location.valid()]
        lost += len(item.nodes) - len(known)
        if len(known) > 1:
            ways.append(way)
            ids.append(item.id)
            ref += [node for node, _, _ in known]
            lonlat += [(x, y) for _, x, y in known]
            first.append(len(ref))
    places = np.array(lonlat, dtype=float).reshape(-1, 2) / _PLACE
    whole = (np.array(part, dtype=np.int64) for part in (ids, ref, first))
    number, nodes, starts = whole
    return _Ways(ways, number, nodes, places, starts, stops, unused, lost)


def _table(read: _Ways) -> gpd.GeoDataFrame:
    """Pieces between junctions as rows of table `roads`."""
    import geopandas as gpd

    low, high, way = _pieces(read)
    inside = np.concatenate([np.arange(a, b + 1) for a, b in zip(low, high, strict=True)])
    row = np.repeat(np.arange(len(low)), high - low + 1)
    lines = shapely.linestrings(read.lonlat[inside], indices=row)
    ways = pd.DataFrame([road_row(w) for w in read.ways]).assign(osm_id=read.ids)
    ways["speed_kmh"] = _ferry_speeds(read)
    frame = ways.iloc[way].reset_index(drop=True)
    frame = frame.assign(node_from=read.ref[low], node_to=read.ref[high])
    return _with_stops(gpd.GeoDataFrame(frame, geometry=lines, crs=WGS84), read.stops)


def _pieces(read: _Ways) -> tuple[Ints, Ints, Ints]:
    """First and last place and way of every piece: ways are cut at shared nodes and at barriers."""
    _, inverse, count = np.unique(read.ref, return_inverse=True, return_counts=True)
    cut = count[inverse.reshape(-1)] > 1
    if read.stops:
        cut |= np.isin(read.ref, np.fromiter(read.stops, dtype=np.int64))
    cut[read.first[:-1]] = True
    cut[read.first[1:] - 1] = True
    at = np.flatnonzero(cut)
    way = np.searchsorted(read.first, at, side="right") - 1
    same = way[1:] == way[:-1]
    return at[:-1][same], at[1:][same], way[:-1][same]


def road_row(way: Way) -> dict[str, Any]:
    """Cells of table `roads` that the tags of a way tell."""
    return {
        "road_class": way.road_class,
        "name": way.name,
        "walkable": way.walkable,
        "drivable": way.drivable,
        "oneway": way.oneway,
        "maxspeed_kmh": way.maxspeed_kmh,
        "bridge": way.bridge,
        "tunnel": way.tunnel,
        "layer": pd.NA if way.layer is None else way.layer,
    }


def _ferry_speeds(read: _Ways) -> Floats:
    """Mean speed of every ferry whose duration is told; NaN for the rest. [km/h]"""
    from pyproj import Geod

    speed = np.full(len(read.ways), np.nan)
    for i, way in enumerate(read.ways):
        if way.minutes > 0:
            part = read.lonlat[read.first[i] : read.first[i + 1]]
            speed[i] = Geod(ellps="WGS84").line_length(*part.T) / 1000.0 / (way.minutes / 60.0)
    return speed


def _with_stops(pieces: gpd.GeoDataFrame, stops: dict[int, Stop]) -> gpd.GeoDataFrame:
    """Close the last half metre before every barrier; of the pieces that meet there the first stays whole."""
    frame, met = pieces, set()
    ends = pd.concat([pieces["node_from"], pieces["node_to"]])
    added, fresh = [], -1
    for place in np.flatnonzero(ends.isin(list(stops)).to_numpy()):
        node, at_end = int(ends.iloc[place]), bool(place >= len(pieces))
        row = int(place % len(pieces))
        if node not in met:
            met.add(node)
            continue
        line, stub = _shortened(frame.geometry.iloc[row], at_end=at_end)
        piece = frame.iloc[[row]].copy()
        piece["drivable"] = False
        piece["walkable"] &= stops[node].on_foot
        piece["node_from"], piece["node_to"] = (fresh, node) if at_end else (node, fresh)
        added.append(piece.set_geometry([stub], crs=pieces.crs))
        frame.loc[row, "node_to" if at_end else "node_from"] = fresh
        frame.loc[[row], "geometry"] = [line]
        fresh -= 1
    return frame if not added else pd.concat([frame, *added], ignore_index=True)


def _shortened(line: Any, *, at_end: bool) -> tuple[Any, Any]:
    """Line without its end (or start), and that short end; both in the direction of the line."""
    from shapely.ops import substring

    share = min(_STUB_M / _metres(line), 0.4)
    if at_end:
        return substring(line, 0, 1 - share, normalized=True), substring(line, 1 - share, 1, normalized=True)
    return substring(line, share, 1, normalized=True), substring(line, 0, share, normalized=True)


def _metres(line: Any) -> float:
    from pyproj import Geod

    return max(float(Geod(ellps="WGS84").geometry_length(line)), 1e-3)


def _notes(read: _Ways, file: str) -> list[Problem]:
    """What could not be read, with how often, and what is no road in use."""
    said = Counter(pair for way in read.ways for pair in way.unreadable)
    notes = [
        Problem("warning", "osm_unreadable", file, column=pair.partition("=")[0], found=pair, allowed=str(n))
        for pair, n in said.most_common()
    ]
    notes += [
        Problem("notice", "osm_unused", file, found=word, allowed=str(n)) for word, n in read.unused.most_common()
    ]
    if read.lost:
        notes.append(Problem("notice", "osm_cut", file, found=str(read.lost)))
    return notes
