"""A whole simulated county: its tables, its map layers and the simulation behind them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import shapely

from layout_planner.demo.births import draw_children, registered_births
from layout_planner.demo.calibration import (
    FULL_VILLAGES,
    FULL_YEARS,
    LAST_YEAR,
    county_settings,
    load,
    road_spec,
)
from layout_planner.demo.counts import base_pupils_by_school, count_enrolment
from layout_planner.demo.geography import make_cells, make_villages
from layout_planner.demo.paths import make_habits
from layout_planner.demo.records import all_records, village_children
from layout_planner.demo.records.buildings import BUILDING_COLUMNS, with_buildings
from layout_planner.demo.roads import make_roads
from layout_planner.demo.schools import fit_buildings, found_schools, local_schools
from layout_planner.demo.simulate import Lives, World, live

CRS: Final = 4490
SCHOOL_COLUMNS: Final = (
    "school_id", "site_id", "name", "kind", "stages", "grade_low", "grade_high", "township_code", "classrooms",
    "village_code", "host_school_id", "special_rooms", "teaching_area_m2", "sports_area_m2", "equipment_yuan",
    "multimedia_rooms", "dorm_beds_m", "dorm_beds_f", "canteen_seats", "canteen_sittings", "opened", "closed",
    "must_keep", "must_keep_reason", "ready_year", *BUILDING_COLUMNS, "synthetic", "basis",
)  # fmt: skip
VILLAGE_COLUMNS: Final = (
    "village_code", "name", "township_code", "lon", "lat", "weight", "urban_rural", "children_0_2", "children_3_5",
    "children_6_11", "children_12_14", "synthetic", "basis",
)  # fmt: skip


@dataclass(frozen=True)
class DemoCounty:
    """Tables of a simulated county; the simulation itself stays at hand for the truth."""

    settings: dict[str, Any]  # county.toml
    schools: pd.DataFrame  # a GeoDataFrame when made with map layers, else lon and lat
    births: pd.DataFrame
    enrolment: pd.DataFrame
    villages: pd.DataFrame
    townships: gpd.GeoDataFrame | None
    roads: gpd.GeoDataFrame | None
    world: World
    lives: Lives
    more: Mapping[str, pd.DataFrame] = field(default_factory=dict)  # further tables by name; empty without map layers


def make_tables(
    seed: int,
    *,
    villages: int = FULL_VILLAGES,
    sites: int | None = None,
    years: int = FULL_YEARS,
    towns: int | None = None,
    future: bool = False,
) -> DemoCounty:
    """Make a county without map layers: the fast path for tests.

    Parameters
    ----------
    seed
        Seed of every random stream. [-]
    villages, sites, towns
        Size; 145, 38 and 9 are the county of the facts. A smaller county takes the first towns and schools; without
        `sites` and `towns` as many as its villages can bear.
    years
        School years of enrolment up to the base year. [years]
    future
        Go on to the last simulated year, for `write_truth`.

    Returns
    -------
    DemoCounty
        Tables; townships and roads are None and `more` is empty.

    Raises
    ------
    UsageError
        If the size asked for is out of range.
    """
    cal = load(seed, villages=villages, sites=sites, years=years, towns=towns)
    places = make_villages(cal)
    schools = found_schools(cal, places)
    children = draw_children(cal, places, last_year=LAST_YEAR if future else cal.base_year)
    world = World(cal, places, schools, local_schools(cal, places, schools), make_habits(cal), children)
    lives = live(world)
    world = replace(world, schools=fit_buildings(schools, base_pupils_by_school(world, lives)))
    enrolment = count_enrolment(world, lives, first=cal.base_year - years + 1, last=cal.base_year)
    return DemoCounty(
        settings=county_settings(cal),
        schools=with_buildings(world.schools, enrolment, seed)[[*SCHOOL_COLUMNS, "lon", "lat"]],
        births=registered_births(cal, children),
        enrolment=enrolment,
        villages=pd.concat([places, village_children(world, lives)], axis=1)[list(VILLAGE_COLUMNS)],
        townships=None,
        roads=None,
        world=world,
        lives=lives,
    )


def make_county(
    seed: int,
    *,
    villages: int = FULL_VILLAGES,
    sites: int | None = None,
    years: int = FULL_YEARS,
    towns: int | None = None,
    future: bool = False,
) -> DemoCounty:
    """Make a county with its map layers.

    Parameters and errors are those of `make_tables`.

    Returns
    -------
    DemoCounty
        Tables, school points, town cells and roads, longitude and latitude in EPSG:4490; `more` is filled.
    """
    county = make_tables(seed, villages=villages, sites=sites, years=years, towns=towns, future=future)
    cal = county.world.cal
    points = shapely.points(county.schools["lon"], county.schools["lat"])
    roads = make_roads(county.world, road_spec())
    county = replace(
        county,
        schools=gpd.GeoDataFrame(county.schools.drop(columns=["lon", "lat"]), geometry=points, crs=CRS),
        townships=gpd.GeoDataFrame(make_cells(cal), geometry="geometry", crs=CRS),
        roads=gpd.GeoDataFrame(roads, geometry="geometry", crs=CRS),
    )
    return replace(county, more=all_records(county))
