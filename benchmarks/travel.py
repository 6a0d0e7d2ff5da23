"""Minutes of a synthetic grid county: the travel room beside networkx (install networkx by hand to run this).

Run: python benchmarks/travel.py [SIDE]
"""

from __future__ import annotations

import sys
import time

import geopandas as gpd
import networkx as nx
import numpy as np
import shapely

from layout_planner.policy import load_parameters, parameter_values
from layout_planner.travel import build_network, travel_minutes, worst_case

STEP_M = 500.0
CUTOFF = 40.0


def grid(side: int) -> gpd.GeoDataFrame:
    """Roads of a square grid, every edge one line."""
    lines = []
    for i in range(side):
        for j in range(side):
            here = (i * STEP_M, j * STEP_M)
            lines += [shapely.LineString([here, (here[0] + dx, here[1] + dy)]) for dx, dy in ((STEP_M, 0), (0, STEP_M))]
    frame = {"road_class": "village", "speed_kmh": np.nan, "winter_closed": False, "walkable": True}
    return gpd.GeoDataFrame(frame, geometry=lines, crs=4542, index=range(len(lines)))


def main() -> None:
    """Print seconds of both and the ratio."""
    side = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    rng = np.random.default_rng(1)
    spots = rng.integers(0, side, (200, 2)) * STEP_M
    points = shapely.points(spots)
    villages = gpd.GeoDataFrame({"village_code": [f"{i:012d}" for i in range(150)]}, geometry=points[:150], crs=4542)
    schools = {"school_id": [f"{i:010d}" for i in range(50)], "grade_low": 1, "grade_high": 3}
    schools = gpd.GeoDataFrame(schools, geometry=points[150:], crs=4542)
    values = parameter_values(load_parameters(), {})
    roads = grid(side)
    started = time.perf_counter()
    network = build_network(roads, values)
    built = time.perf_counter() - started
    table = travel_minutes(network, villages, schools, values, CUTOFF)
    ours = time.perf_counter() - started - built
    graph = nx.Graph()
    for line in roads.geometry:
        a, b = line.coords
        graph.add_edge(a, b, minutes=STEP_M / 1000 / values["speed_village"] * 60)
    started = time.perf_counter()
    for x, y in spots[150:]:
        nx.single_source_dijkstra_path_length(graph, (x, y), cutoff=CUTOFF, weight="minutes")
    peer = time.perf_counter() - started
    print(f"{len(roads):,} edges, 150 villages x 50 schools, 4 graphs (2 modes x 2 cases), cut at {CUTOFF:g} min")
    print(f"build {built:.2f} s, minutes {ours:.2f} s for {len(table):,} rows, {len(worst_case(table)):,} pairs")
    print(f"networkx, 1 graph: {peer:.2f} s; ratio per graph {peer / (ours / 4):.1f} x")


if __name__ == "__main__":
    main()
