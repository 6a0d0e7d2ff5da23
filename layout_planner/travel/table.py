"""From trips of one mode and case to the rows of table `travel_minutes`, whatever engine made them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from layout_planner.errors import DataError
from layout_planner.terms import BAND_GRADES, ENUMS, GradeBand
from layout_planner.travel.network import Bools, Floats, Objects

MODES: Final = ("walk", "escort")  # what the engines work out; a bus runs only where it was measured (trips.csv)
CASES: Final = ENUMS["travel_case"]  # normal, winter
BANDS: Final = tuple(GradeBand)
COLUMNS: Final = ("village_code", "school_id", "grade_band", "mode", "case", "minutes", "metres", "engine", "reason")
NO_ROUTE: Final = "no_route"
BEYOND: Final = "beyond_cutoff"
OFF_NETWORK: Final = "off_network"
SCREENING: Final = "screening"  # minutes from straight lines: no rule is passed on them


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


def trips_table(
    trips: Mapping[tuple[str, str], Trips],
    layers: tuple[pd.DataFrame, pd.DataFrame],
    parameters: Mapping[str, float],
    cutoff_minutes: float,
    *,
    engine: str,
) -> pd.DataFrame:
    """Make table `travel_minutes` from the trips of every mode and case.

    Parameters
    ----------
    trips
        Trips by (mode, case).
    layers
        Schools and villages, in the order of the trips.
    parameters
        Walking speeds, ``winter_walk_factor`` and ``escort_fixed_min``.
    cutoff_minutes
        Longest trip that gets minutes. [min]
    engine
        What made the trips.

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
        for (mode, case), trip in trips.items():
            speed = walking_speed(band, parameters) * (parameters["winter_walk_factor"] if case == "winter" else 1.0)
            minutes = _minutes(trip, speed, parameters, escort=mode == "escort")[rows]
            metres = (trip.access_m + trip.road_m)[rows]
            reason = _reasons(trip, minutes, cutoff_minutes, rows)
            codes = (BANDS.index(band), MODES.index(mode), CASES.index(case))
            parts.append(_rows(rows, minutes, metres, reason, codes))
    return _table(parts, villages, schools, engine)


def walking_speed(band: str, parameters: Mapping[str, float]) -> float:
    """Give the walking speed of a grade band in normal weather. [m/min]."""
    return parameters["walk_speed_" + str(band).replace("-", "_")] * 1000.0 / 60.0


def offers(schools: pd.DataFrame, band: GradeBand) -> Bools:
    """Schools whose grades overlap a grade band."""
    grades = BAND_GRADES[band]
    low, high = schools["grade_low"].to_numpy(dtype=float), schools["grade_high"].to_numpy(dtype=float)
    return np.asarray((low <= max(grades)) & (high >= min(grades)))


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


def _table(parts: list[pd.DataFrame], villages: pd.DataFrame, schools: pd.DataFrame, engine: str) -> pd.DataFrame:
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
            "engine": engine,
            "reason": table["reason"].to_numpy(),
        }
    )[list(COLUMNS)].astype(
        dict.fromkeys(("village_code", "school_id", "grade_band", "mode", "case", "engine", "reason"), "str")
    )
