"""What the tags of OpenStreetMap say about a road: class, who may use it, one way, speed limit, bridge, ferry.

The words are those of the public tagging scheme (wiki.openstreetmap.org, pages Key:highway, Key:access, Key:oneway,
Key:maxspeed, Key:barrier, Tag:route=ferry). A value that cannot be read is told, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

KMH_PER_MPH: Final = 1.609344
_FAST, _SLOW = 120.0, 1.0  # speeds that column maxspeed_kmh may hold [km/h]

CLASSES: Final = {
    "motorway": "expressway", "motorway_link": "expressway",
    "trunk": "trunk", "trunk_link": "trunk", "primary": "trunk", "primary_link": "trunk",
    "secondary": "county", "secondary_link": "county",
    "tertiary": "township", "tertiary_link": "township",
    "unclassified": "village", "residential": "village", "living_street": "village", "service": "village",
    "road": "village", "busway": "village",
    "track": "track",
    "path": "path", "footway": "path", "pedestrian": "path", "steps": "path", "cycleway": "path", "bridleway": "path",
    "corridor": "path",
}  # fmt: skip
_CLOSED: Final = frozenset({"no", "private", "agricultural", "forestry", "delivery", "emergency", "permit", "military"})
_NOT_ON_FOOT: Final = _CLOSED | {"use_sidepath"}
_OPEN: Final = frozenset({"yes", "designated", "permissive", "destination", "customers", "official", "public"})
_VEHICLES: Final = ("motorcar", "motor_vehicle", "vehicle", "access")  # the nearer word decides
_ON_FOOT: Final = ("foot", "access")
_ONEWAY: Final = {
    "yes": 1, "true": 1, "1": 1, "f": 1, "-1": -1, "reverse": -1, "t": -1,
    "no": 0, "false": 0, "0": 0, "b": 0, "": 0,
}  # fmt: skip
_NO: Final = frozenset({"", "no", "false", "0", "f", "none"})
_STOPS: Final = frozenset({
    "block", "bollard", "chain", "cycle_barrier", "debris", "full-height_turnstile", "gate", "hampshire_gate",
    "horse_stile", "jersey_barrier", "kissing_gate", "lift_gate", "log", "motorcycle_barrier", "planter", "rope",
    "stile", "swing_gate", "turnstile", "wedge", "yes",
})  # fmt: skip
_LIMIT: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(km/h|kmh|kph|mph)?", re.IGNORECASE)
_CLOCK: Final = re.compile(r"(\d+):(\d{1,2})(?::(\d{1,2}))?")
_ISO: Final = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?", re.IGNORECASE)


@dataclass(frozen=True)
class Way:
    """A road as its tags describe it, in the words of table `roads`.

    `minutes` is the duration of a ferry, NaN where it is not told; `unreadable` holds ``key=value`` pairs.
    """

    road_class: str
    walkable: bool
    drivable: bool
    oneway: int = 0
    maxspeed_kmh: float = float("nan")
    bridge: bool = False
    tunnel: bool = False
    layer: int | None = None
    name: str | None = None
    minutes: float = float("nan")
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stop:
    """A barrier on a road: whether people may pass it; vehicles may not."""

    on_foot: bool


def way_of(tags: Mapping[str, str]) -> Way | None:
    """Describe a way by its tags; None if it is no road in use and no ferry.

    Parameters
    ----------
    tags
        Keys and values of OpenStreetMap.

    Returns
    -------
    Way or None
        Motor roads and expressways (`motorroad`, `motorway`) are closed to people unless a tag opens them; foot paths
        and ferries are closed to vehicles unless a tag opens them.
    """
    kind = "ferry" if tags.get("route") == "ferry" else CLASSES.get(tags.get("highway", ""))
    if kind is None:
        return None
    if tags.get("motorroad") == "yes":
        kind = "expressway"
    vehicles = _allowed(tags, _VEHICLES, _CLOSED, default=kind not in {"path", "ferry"})
    if tags.get("highway") == "busway" and "motor_vehicle" not in tags:
        vehicles = False
    oneway, said = _direction(tags)
    way = Way(
        road_class=kind,
        walkable=_allowed(tags, _ON_FOOT, _NOT_ON_FOOT, default=kind != "expressway"),
        drivable=vehicles,
        oneway=oneway,
        bridge=tags.get("bridge", "").lower() not in _NO,
        tunnel=tags.get("tunnel", "").lower() not in _NO | {"building_passage"},
        name=tags.get("name") or None,
        unreadable=said,
    )
    return _with_numbers(way, tags)


def stop_of(tags: Mapping[str, str]) -> Stop | None:
    """Describe a barrier standing on a road; None if vehicles may pass it.

    Parameters
    ----------
    tags
        Keys and values of the node.

    Returns
    -------
    Stop or None
        A locked one (``locked=yes``) also stops people, unless ``foot`` opens it.
    """
    if tags.get("barrier") not in _STOPS or _allowed(tags, _VEHICLES, _CLOSED, default=False):
        return None
    return Stop(on_foot=_allowed(tags, _ON_FOOT, _NOT_ON_FOOT, default=tags.get("locked") != "yes"))


def speed_limit(text: str) -> float | None:
    """Read a speed limit: ``50``, ``50 km/h``, ``30 mph``; of several lanes the lowest; None if it is no number. [km/h]"""
    found = []
    for part in re.split(r"[;|]", text):
        match = _LIMIT.fullmatch(part.strip())
        if match is None:
            return None
        found.append(float(match[1]) * (KMH_PER_MPH if (match[2] or "").lower() == "mph" else 1.0))
    lowest = min(found)
    return lowest if _SLOW <= lowest <= _FAST else None


def duration(text: str) -> float | None:
    """Read a duration: ``20`` (minutes), ``1:30`` (hours and minutes), ``PT20M``; None if it is none. [min]"""
    text = text.strip()
    if text.isdigit():
        return float(text) or None
    match = _CLOCK.fullmatch(text) or (_ISO.fullmatch(text) if len(text) > len("PT") else None)
    if match is None:
        return None
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return hours * 60 + minutes + seconds / 60 or None


def _allowed(tags: Mapping[str, str], keys: tuple[str, ...], closed: frozenset[str], *, default: bool) -> bool:
    """Whether the nearest word about access allows; `default` where nothing is said, or nothing known."""
    for key in keys:
        word = tags.get(key, "").lower()
        if word in closed:
            return False
        if word in _OPEN:
            return default if key == "access" and not default else True
    return default


def _direction(tags: Mapping[str, str]) -> tuple[int, tuple[str, ...]]:
    for key in ("oneway:motor_vehicle", "oneway:vehicle", "oneway"):
        if key in tags:
            word = tags[key].strip().lower()
            return (_ONEWAY[word], ()) if word in _ONEWAY else (0, (f"{key}={tags[key]}",))
    around = tags.get("junction") in {"roundabout", "circular"}
    return (1 if around or tags.get("highway") == "motorway" else 0), ()


def _with_numbers(way: Way, tags: Mapping[str, str]) -> Way:
    """Add speed limit, layer and duration; what cannot be read is told."""
    said = list(way.unreadable)
    if limit := tags.get("maxspeed", "").strip():
        speed = speed_limit(limit)
        way = replace(way, maxspeed_kmh=float("nan") if speed is None else speed)
        said += [] if speed is not None else [f"maxspeed={limit}"]
    if level := tags.get("layer", "").strip():
        whole = re.fullmatch(r"[+-]?\d{1,2}", level)
        way = replace(way, layer=int(level) if whole and abs(int(level)) <= 10 else None)
        said += [] if way.layer is not None else [f"layer={level}"]
    if way.road_class == "ferry" and (time := tags.get("duration", "")):
        minutes = duration(time)
        way = replace(way, minutes=float("nan") if minutes is None else minutes)
        said += [] if minutes is not None else [f"duration={time}"]
    return replace(way, unreadable=tuple(said))
