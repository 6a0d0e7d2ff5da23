"""From trips of one mode and case to the rows of table `travel_minutes`, whatever engine made them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from layout_planner.errors import DataError
from layout_planner.terms import BAND_GRADES, ENUMS, GradeBand
from layout_planner.travel.modes import WALK, WINTER, Choice, cutoff_of, serves, waiting
from layout_planner.travel.network import Bools, Floats, Objects

CASES: Final = ENUMS["travel_case"]
MODES: Final = ENUMS["travel_mode"]
BANDS: Final = tuple(GradeBand)
PARTS: Final = ("walk_min", "wait_min", "ride_min")
COLUMNS: Final = (
    "village_code", "school_id", "grade_band", "mode", "case", "minutes", *PARTS, "metres", "counts", "engine",
    "source", "reason",
)  # fmt: skip
_TEXTS: Final = ("village_code", "school_id", "grade_band", "mode", "case", "engine", "source", "reason")
NO_ROUTE: Final = "no_route"
BEYOND: Final = "beyond_cutoff"
OFF_NETWORK: Final = "off_network"
SCREENING: Final = "screening"  # minutes from straight lines: no rule is passed on them
_SOURCES: Final = {"network": "roads", SCREENING: "straight_line"}
_DEFAULT: Final = Choice()


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
        A village or a school too far from any road, or from any stop.
    linked
        A path of some length exists.
    off_reason
        What is said of a pair that is `off`.
    """

    road_min: Floats
    road_m: Floats
    access_m: Floats
    off: Bools
    linked: Bools
    off_reason: str = OFF_NETWORK


def trips_table(
    trips: Mapping[tuple[str, str], Trips | Mapping[str, Trips]],
    layers: tuple[pd.DataFrame, pd.DataFrame],
    parameters: Mapping[str, float],
    cutoff_minutes: float,
    *,
    engine: str,
    choice: Choice = _DEFAULT,
) -> pd.DataFrame:
    """Make table `travel_minutes` from the trips of every mode and case.

    Parameters
    ----------
    trips
        Trips by (mode, case); by grade band where they differ.
    layers
        Schools and villages, in the order of the trips.
    parameters
        Walking speeds, ``winter_walk_factor`` and the fixed times of the modes.
    cutoff_minutes
        Longest daily trip that gets minutes. [min]
    engine
        What made the trips.
    choice
        Which modes and cases count.

    Returns
    -------
    DataFrame
        Table `travel_minutes`, in the order village, school, band, mode, case.

    Raises
    ------
    DataError
        If a village has two rows.
    """
    schools, villages = layers
    parts = []
    for band in BANDS:
        rows = np.flatnonzero(offers(schools, band))
        for (mode, case), of_mode in trips.items():
            if not serves(mode, band):
                continue
            trip = of_mode if isinstance(of_mode, Trips) else of_mode[str(band)]
            speed = walking_speed(band, parameters) * (parameters["winter_walk_factor"] if case == WINTER else 1.0)
            pieces = minutes_in_parts(trip, speed, mode, parameters)
            reason = _reasons(trip, np.sum(pieces, axis=0)[rows], cutoff_of(mode, parameters, cutoff_minutes), rows)
            part = _rows(rows, [piece[rows] for piece in pieces], (trip.access_m + trip.road_m)[rows], reason)
            part = part.assign(band=BANDS.index(band), mode=MODES.index(mode), case=CASES.index(case))
            parts.append(part if mode == choice.keeps_all(band) else part[part["reason"] != BEYOND])
    return _table(parts, villages, schools, engine, choice)


def walking_speed(band: str, parameters: Mapping[str, float]) -> float:
    """Give the walking speed of a grade band in normal weather. [m/min]."""
    return parameters["walk_speed_" + str(band).replace("-", "_")] * 1000.0 / 60.0


def offers(schools: pd.DataFrame, band: GradeBand) -> Bools:
    """Schools whose grades overlap a grade band."""
    grades = BAND_GRADES[band]
    low, high = schools["grade_low"].to_numpy(dtype=float), schools["grade_high"].to_numpy(dtype=float)
    return np.asarray((low <= max(grades)) & (high >= min(grades)))


def minutes_in_parts(
    trip: Trips, speed: float, mode: str, parameters: Mapping[str, float]
) -> tuple[Floats, Floats, Floats]:
    """Minutes on foot, waiting and riding, shape (schools, villages). [min]

    Parameters
    ----------
    trip
        Trips of the mode.
    speed
        Walking speed of the band in the case. [m/min]
    mode, parameters
        Way to school; the fixed times.
    """
    if mode == WALK:
        on_foot = np.asarray(trip.access_m / speed + trip.road_m / speed)
        return on_foot, np.zeros_like(on_foot), np.zeros_like(on_foot)
    return trip.access_m / speed, np.full(trip.access_m.shape, waiting(mode, parameters)), trip.road_min


def _reasons(trip: Trips, minutes: Floats, cutoff: float, rows: np.ndarray) -> Objects:
    """Why a pair has no minutes; empty where it has."""
    beyond = ~(minutes <= cutoff)
    reason = np.full(minutes.shape, "", dtype=object)
    reason[beyond] = BEYOND
    reason[~trip.linked[rows]] = NO_ROUTE
    reason[trip.off[rows]] = trip.off_reason
    return reason


def _rows(rows: np.ndarray, pieces: Sequence[Floats], metres: Floats, reason: Objects) -> pd.DataFrame:
    """Rows of one band, mode and case, with positions instead of codes."""
    school, village = np.meshgrid(rows, np.arange(metres.shape[1]), indexing="ij")
    known = reason.reshape(-1) == ""
    numbers = dict(zip((*PARTS, "metres"), (*pieces, metres), strict=True))
    part = {name: np.where(known, values.reshape(-1), np.nan) for name, values in numbers.items()}
    on_foot, wait, ride = (part[name] for name in PARTS)
    return pd.DataFrame(
        {
            "village": village.reshape(-1),
            "school": school.reshape(-1),
            "minutes": on_foot + wait + ride,
            **part,
            "reason": reason.reshape(-1),
        }
    )


def _table(
    parts: list[pd.DataFrame], villages: pd.DataFrame, schools: pd.DataFrame, engine: str, choice: Choice
) -> pd.DataFrame:
    """Put the parts together, in the order village, school, band, mode, case."""
    if (twice := villages["village_code"].duplicated()).any():
        raise DataError("village_twice", found=set(villages.loc[twice, "village_code"]))
    table = pd.concat(parts, ignore_index=True)
    table = table.sort_values(["village", "school", "band", "mode", "case"], ignore_index=True)
    mode, case = np.array(MODES, dtype=object)[table["mode"]], np.array(CASES, dtype=object)[table["case"]]
    return pd.DataFrame(
        {
            "village_code": villages["village_code"].to_numpy(dtype=object)[table["village"]],
            "school_id": schools["school_id"].to_numpy(dtype=object)[table["school"]],
            "grade_band": np.array([str(band) for band in BANDS], dtype=object)[table["band"]],
            "mode": mode,
            "case": case,
            **{name: table[name].to_numpy() for name in ("minutes", *PARTS, "metres")},
            "counts": np.isin(mode.astype(str), choice.modes) & np.isin(case.astype(str), choice.cases),
            "engine": engine,
            "source": _SOURCES.get(engine, ""),
            "reason": table["reason"].to_numpy(),
        }
    )[list(COLUMNS)].astype(dict.fromkeys(_TEXTS, "str"))
