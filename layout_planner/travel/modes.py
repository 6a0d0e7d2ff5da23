"""Ways to school: which are worked out, which count for a decision, and what each is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np

from layout_planner.errors import DataError
from layout_planner.terms import ENUMS, GradeBand
from layout_planner.travel.network import Bools, Floats, Network

WALK: Final = "walk"
ESCORT: Final = "escort"
BUS: Final = "bus"
BOARDING: Final = "boarding"  # a trip a week: shown, never judged by the daily limit
NORMAL: Final = "normal"
WINTER: Final = "winter"
CLOSED_ROAD: Final = "closed_road"
ON_WHEELS: Final = tuple(mode for mode in ENUMS["travel_mode"] if mode != WALK)
_CAPPED: Final = (BUS, "ebike", "motorbike", "car")  # vehicles that do not go faster than they may
_BUS_BANDS: Final = (GradeBand.G13, GradeBand.G46, GradeBand.G79)  # compulsory education only (T10)
_BOARDING_BANDS: Final = (GradeBand.G46, GradeBand.G79, GradeBand.G1012)  # the youngest live at home (T02)


@dataclass(frozen=True)
class Choice:
    """Modes and cases of a county.

    Attributes
    ----------
    modes
        Ways to school that exist today and count for decisions; `walk` is always one of them.
    also
        Ways that are worked out and shown but never counted: what a bus would bring where none runs.
    cases
        Cases of which the worst decides; `normal` is always worked out, since families choose by it.
    stops
        ``stop_id`` and a point: where a bus stops. None lets it stop in every village and at every school by the road.
    """

    modes: tuple[str, ...] = (WALK, ESCORT)
    also: tuple[str, ...] = ()
    cases: tuple[str, ...] = (NORMAL, WINTER)
    stops: gpd.GeoDataFrame | None = None

    def __post_init__(self) -> None:
        """Refuse a choice that leaves children without a mode, or counts a weekly trip as a daily one."""
        daily = [mode for mode in ENUMS["travel_mode"] if mode != BOARDING]
        if WALK not in self.modes or not set(self.modes) <= set(daily):
            raise DataError("travel_modes_bad", found=list(self.modes), allowed=daily)
        if NORMAL not in self.cases:
            raise DataError("travel_cases_bad", found=list(self.cases), allowed=list(ENUMS["travel_case"]))

    @property
    def worked_out(self) -> tuple[str, ...]:
        """Modes to work out, in the order of the enumeration."""
        return tuple(mode for mode in ENUMS["travel_mode"] if mode in {*self.modes, *self.also})

    def keeps_all(self, band: str) -> str:
        """Counted mode whose rows stay even beyond the cutoff, so that every pair has one: on wheels if there is one."""
        able = [mode for mode in ENUMS["travel_mode"] if mode in self.modes and serves(mode, band)]
        return next((mode for mode in able if mode != WALK), WALK)


def serves(mode: str, band: str) -> bool:
    """Whether a mode takes children of a grade band: a school bus only grades 1–9, boarding only from grade 4."""
    if mode == BUS:
        return band in _BUS_BANDS
    return mode != BOARDING or band in _BOARDING_BANDS


def usable_edges(network: Network, mode: str) -> Bools:
    """Edges that a mode may use in normal weather."""
    return network.walkable if mode == WALK else network.drivable


def cost_per_metre(network: Network, mode: str, case: str, parameters: Mapping[str, float]) -> Floats:
    """Cost of a metre of each edge: 1 on foot (the band sets the speed), minutes on wheels. [min/m]"""
    if mode == WALK:
        return np.ones(len(network.start))
    speed = network.speed_kmh
    if mode in _CAPPED:
        speed = np.minimum(speed, parameters[f"speed_cap_{mode}"])
    per_metre = 60.0 / (1000.0 * speed)
    if case == WINTER:
        per_metre = per_metre / np.array([parameters[f"winter_factor_{name}"] for name in network.road_class])
    if mode == BUS:
        per_metre = per_metre * parameters["bus_detour"]
    return np.asarray(per_metre)


def waiting(mode: str, parameters: Mapping[str, float]) -> float:
    """Minutes that no road causes: getting ready and on, or waiting for the bus. [min]"""
    if mode == WALK:
        return 0.0
    if mode == BUS:
        return parameters["bus_wait_min"]
    return parameters["escort_fixed_min" if mode in {ESCORT, BOARDING} else f"{mode}_fixed_min"]


def cutoff_of(mode: str, parameters: Mapping[str, float], daily: float) -> float:
    """Longest trip that gets minutes: that of the day, or that of the week for boarders. [min]"""
    return max(daily, parameters["boarding_cutoff_min"]) if mode == BOARDING else daily
