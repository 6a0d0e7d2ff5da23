"""Measures of access, the only schools, seats within reach, isochrones: from the base year's trips to their tables."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from layout_planner.pipeline.demand import Attendance, Travel, boarding_shares, in_use, trip_limits
from layout_planner.pipeline.ledger import Ledger
from layout_planner.pipeline.setup import Setup
from layout_planner.terms import OUTSIDE, GradeBand
from layout_planner.travel import build_network
from layout_planner.travel.catchment import seat_access
from layout_planner.travel.isochrones import AREA_COLUMNS, isochrones, make_grid, minutes_field, villages_inside
from layout_planner.travel.measures import access_summary, daily_trips, school_choice
from layout_planner.travel.sole import sole_schools

NEAR = "near"


@dataclass(frozen=True)
class Reach:
    """Tables of access beyond `access` itself, and the areas of the isochrones."""

    tables: dict[str, pd.DataFrame]
    areas: gpd.GeoDataFrame


def reach_of(setup: Setup, travel: Travel, attendance: Attendance, seats: pd.DataFrame, ledger: Ledger) -> Reach:
    """Measure the access of the base year.

    Parameters
    ----------
    setup, travel, attendance
        County, minutes, and who attends where.
    seats
        Table `seats`.
    ledger
        Takes the hand-overs.

    Returns
    -------
    Reach
        Tables ``access_summary``, ``school_choice``, ``sole_schools``, ``sole_chain``, ``seat_access``,
        ``isochrones``; without roads no areas.

    Raises
    ------
    LedgerError
        If a table does not hold the children it was given.
    """
    worst, limits = in_use(travel.worst, attendance.pupils), trip_limits(setup.catalogue, setup)
    villages, schools = (pd.DataFrame(layer.drop(columns="geometry")) for layer in (setup.villages, setup.schools))
    allocation = attendance.allocation
    trips = daily_trips(worst, allocation, villages, limits, boarding=boarding_shares(setup))
    summary = access_summary(trips, pd.DataFrame(setup.county.townships.drop(columns="geometry")), schools)
    choice = school_choice(worst, trips, villages, limits, schools)
    sole, chain = sole_schools(worst, choice, schools)
    near = seats[seats["term"] == NEAR]
    spread = seat_access(worst, allocation, near, villages, setup.values)
    _count(ledger, allocation, summary, choice, spread)
    areas = _areas(setup, attendance, limits)
    inside = villages_inside(areas, setup.villages, choice.set_index(["village_code", "grade_band"])["attending"])
    tables = {
        "access_summary": summary,
        "school_choice": choice,
        "sole_schools": sole,
        "sole_chain": chain,
        "seat_access": spread,
        "isochrones": inside,
    }
    return Reach(tables, areas)


def _areas(setup: Setup, attendance: Attendance, limits: dict[str, float | None]) -> gpd.GeoDataFrame:
    """Isochrones of every band with a pupil: the zones of seat access, and the limit where one is set."""
    zones = {setup.values[f"catchment_zone_{n}"] for n in (1, 2, 3)}
    levels = {
        str(band): sorted(zones | ({float(limit)} if (limit := limits[str(band)]) is not None else set()))
        for band in GradeBand
    }
    parts = []
    if setup.roads is not None:
        up_to = max(max(minutes) for minutes in levels.values())
        network = build_network(setup.roads, setup.values)
        taught = attendance.pupils[attendance.pupils["pupils"] > 0]
        open_now = setup.schools[setup.schools["school_id"].isin(taught["school_id"])].reset_index(drop=True)
        grid = make_grid(network, open_now, setup.values, up_to=up_to)
        for band in GradeBand:
            own = set(taught.loc[taught["grade_band"] == str(band), "school_id"])
            if own:
                field = minutes_field(grid, band, setup.values, only=own)
                parts.append(isochrones(field, levels[str(band)]))
    empty = gpd.GeoDataFrame(
        pd.DataFrame(columns=list(AREA_COLUMNS)).astype({"within_minutes": float, "area_km2": float}),
        geometry=gpd.GeoSeries([], crs=setup.county.crs),
    )
    return pd.concat(parts, ignore_index=True) if parts else empty


def _count(
    ledger: Ledger, allocation: pd.DataFrame, summary: pd.DataFrame, choice: pd.DataFrame, spread: pd.DataFrame
) -> None:
    """Hand over the children to the tables; the parts of every row of the summary add up to its children."""
    local, inside = allocation["village_code"] != OUTSIDE, allocation["attends"] != OUTSIDE
    at_home, seated = allocation.loc[local, "children"].sum(), allocation.loc[inside, "children"].sum()
    both = allocation.loc[local & inside, "children"].sum()
    parts = summary[["daily_children", "boarding_children", "elsewhere_children"]].sum(axis=1)
    for kind, given in (("county", at_home), ("township", at_home), ("school", seated)):
        rows = summary["subject_type"] == kind
        title = {"county": "全县", "township": "各镇", "school": "各校"}[kind]
        ledger.hand_over(
            f"就读流向 → 路途汇总（{title}，走读 + 寄宿 + 县外部分）", given, parts[rows].sum(), names="access_summary"
        )
    for title, table in (("各村限值内的学校", choice), ("学位可达性", spread)):
        ledger.hand_over(f"就读流向（县内居住、县内就读）→ {title}", both, table["attending"].sum(), names=title)
