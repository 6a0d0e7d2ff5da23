"""The shape that the demonstration county is made to have, measured on its tables."""

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from layout_planner.demo.calibration import Bools, Floats
from layout_planner.demo.county import DemoCounty
from layout_planner.demo.roads import junctions

PRIMARY_AGE: Final = 7252  # ages 6–11 in the base year, calibration (A)
JUNIOR_AGE: Final = 3856
URBAN_SEATS: Final = 3510  # (24 + 3 × 18) × 45
SMALL: Final = 100
TINY: Final = 10
LIMIT_MIN: Final = 30.0  # what the county is shaped around; the rule itself is policy data
WINTER: Final = {"trunk": 0.8, "county": 0.75, "township": 0.7, "village": 0.6, "track": 0.5}  # of the dry speed
PLANE: Final = 4542


def shape(county: DemoCounty) -> pd.DataFrame:
    """Measure the county against the shape it is made for.

    Parameters
    ----------
    county
        A county of full size; merges that the travel limit stops are measured when it has roads.

    Returns
    -------
    DataFrame
        item, found, low, high and ok, one row a property.
    """
    rows = [*_sizes(county), *_drift(county), *_births(county)]
    if county.roads is not None:
        blocked = blocked_merges(county)
        rows.append(("small schools whose merge breaks the travel limit in winter", float(len(blocked)), 3, np.inf))
    table = pd.DataFrame(rows, columns=["item", "found", "low", "high"])
    return table.assign(ok=table["found"].between(table["low"], table["high"]))


def base_pupils(county: DemoCounty, low: int, high: int) -> "pd.Series[int]":
    """Count the pupils of grades low … high in the base year, by school that offers one of them."""
    base = county.enrolment[county.enrolment["school_year"] == county.world.cal.base_year]
    return base[base["grade"].between(low, high)].groupby("school_id")["pupils"].sum()


def _sizes(county: DemoCounty) -> list[tuple[str, float, float, float]]:
    primary, junior = base_pupils(county, 1, 6), base_pupils(county, 7, 9)
    schools = county.world.schools.set_index("school_id")
    in_town = schools["town"] == 0
    urban = primary[in_town[primary.index]].sum()
    urban_junior = junior[in_town[junior.index]].sum() / junior.sum()
    must = schools["must_keep"] & (primary.reindex(schools.index) < SMALL)
    return [
        ("primary sites with fewer than 100 pupils", float((primary < SMALL).sum()), 12, 15),
        ("primary sites with 10 pupils or fewer", float((primary <= TINY).sum()), 5, 7),
        ("empty primary sites still open", float((primary == 0).sum()), 2, 2),
        ("primary pupils", float(primary.sum()), 0.97 * PRIMARY_AGE, 1.03 * PRIMARY_AGE),
        ("junior pupils", float(junior.sum()), 0.95 * JUNIOR_AGE, 1.05 * JUNIOR_AGE),
        ("primary pupils of the county town over its seats", float(urban / URBAN_SEATS), 0.88, 0.95),
        ("share of junior pupils in the county town", float(urban_junior), 0.48, 0.56),
        ("small schools that must stay", float(must.sum()), 1, 5),
    ]


def _drift(county: DemoCounty) -> list[tuple[str, float, float, float]]:
    """Share of each town's primary pupils who attend in the county town, counted child by child."""
    world, lives = county.world, county.lives
    in_town = (world.schools["town"] == 0).to_numpy()
    home, away = np.zeros(len(world.cal.towns)), np.zeros(len(world.cal.towns))
    for index in range(3, 9):
        now = (world.children.entry + index - 3 == world.cal.base_year) & (lives.school[:, index] >= 0)
        home += np.bincount(world.children.town[now], minlength=len(home))
        moved = now.copy()
        moved[now] = in_town[lives.school[now, index]]
        away += np.bincount(world.children.town[moved], minlength=len(home))
    return [
        (f"drift to the county town, {town.name}", float(away[i] / home[i]), town.drift - 0.005, town.drift + 0.005)
        for i, town in enumerate(world.cal.towns)
        if i
    ]


def _births(county: DemoCounty) -> list[tuple[str, float, float, float]]:
    """Check that registered births times one less the share of leavers are the expected births of every county-year."""
    world = county.world
    stay = pd.Series(~world.children.leaver).groupby(world.children.year).sum()
    expected = pd.DataFrame([t.births for t in world.cal.towns], columns=world.cal.birth_years).sum()
    written = [y for y in stay.index if world.cal.written_birth_year <= y <= world.cal.base_year]
    gap = (stay[written] - expected[written]).abs().max()
    return [("largest gap of a county-year of births to the calibration", float(gap), 0, 1)]


def blocked_merges(county: DemoCounty) -> list[str]:
    """Name small schools with a village that has every other primary school beyond the limit in winter.

    Parameters
    ----------
    county
        A county with roads.

    Returns
    -------
    list
        school_id of schools with pupils; times by motor vehicle on open roads at winter speeds.
    """
    schools, local = county.world.schools, county.world.local
    primary = base_pupils(county, 1, 6)
    minutes = winter_minutes(county)
    used = schools["school_id"].isin(primary.index[primary > 0]).to_numpy()
    small = schools["school_id"].isin(primary.index[primary < SMALL]).to_numpy() & used
    blocked = []
    for row in np.flatnonzero(small & (schools["role"] == "local").to_numpy()):
        others = used.copy()
        others[row] = False
        nearest = minutes[others].min(axis=0)
        if (nearest[local == row] > LIMIT_MIN).any():
            blocked.append(str(schools["school_id"][row]))
    return blocked


def winter_minutes(county: DemoCounty) -> Floats:
    """Minutes from every school to every village on the roads that stay open, at winter speeds."""
    roads = gpd.GeoDataFrame(county.roads)
    speed = roads["speed_kmh"].to_numpy() * roads["road_class"].map(WINTER).to_numpy()
    time = roads.to_crs(PLANE).length.to_numpy() / 1000 / speed * 60
    start, end, index = junctions(roads)
    still: Bools = ~roads["winter_closed"].to_numpy(dtype=bool)
    graph = coo_matrix((time[still], (start[still], end[still])), shape=(len(index), len(index))).tocsr()
    schools, villages = county.world.schools, county.world.villages
    gates = [index[place] for place in zip(schools["lon"], schools["lat"], strict=True)]
    homes = [index[place] for place in zip(villages["lon"], villages["lat"], strict=True)]
    return np.asarray(dijkstra(graph, directed=False, indices=gates)[:, homes])
