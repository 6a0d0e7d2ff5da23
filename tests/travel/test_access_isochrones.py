"""Isochrones: nested, and the same minutes as the villages have."""

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point

from layout_planner.policy import load_parameters, parameter_values
from layout_planner.terms import GradeBand
from layout_planner.travel import build_network
from layout_planner.travel.isochrones import isochrones, make_grid, minutes_field, villages_inside

CRS = 4542
VALUES = dict(parameter_values(load_parameters(), {}))


def county(closed=False, speed=40.0):
    lines = [LineString([(0, 0), (12_000, 0)]), LineString([(6_000, 0), (6_000, 9_000)])]
    roads = gpd.GeoDataFrame(
        {"road_class": ["county", "village"], "speed_kmh": [speed, speed], "winter_closed": [False, closed]},
        geometry=lines,
        crs=CRS,
    )
    schools = gpd.GeoDataFrame(
        {"school_id": ["A", "B"], "name": ["甲校", "乙校"], "grade_low": 1, "grade_high": 6},
        geometry=[Point(1_000, 0), Point(11_000, 0)],
        crs=CRS,
    )
    return build_network(roads, VALUES), schools


def areas_of(network, schools, step=300.0):
    grid = make_grid(network, schools, VALUES, up_to=60.0, step_m=step)
    return isochrones(minutes_field(grid, GradeBand.G13, VALUES), (10.0, 20.0, 30.0))


@settings(max_examples=12, deadline=None)
@given(st.booleans(), st.floats(15, 70), st.sampled_from([250.0, 400.0]))
def test_the_area_of_fewer_minutes_lies_within_that_of_more(closed, speed, step):
    areas = areas_of(*county(closed, speed), step)
    for _, rows in areas.groupby("subject_id"):
        shapes = rows.sort_values("within_minutes").geometry.tolist()
        for small, large in pairwise(shapes):
            assert small.difference(large).area < 1e-3


def test_a_door_on_the_road_has_the_minutes_of_a_hand_sum():
    network, schools = county()
    grid = make_grid(network, schools, VALUES, up_to=60.0, step_m=500.0)
    field = minutes_field(grid, GradeBand.G13, VALUES)
    row, column = np.flatnonzero(field.y == 0)[0], np.flatnonzero(field.x == 4_000)[0]
    # 3 km at 40 km/h × winter factor of county roads, and the fixed minutes of being brought
    by_hand = VALUES["escort_fixed_min"] + 3.0 / (40.0 * VALUES["winter_factor_county"]) * 60.0
    assert field.minutes[0, row, column] == pytest.approx(by_hand)


def test_behind_a_road_closed_in_winter_there_is_no_way():
    open_area, closed_area = (areas_of(*county(closed)) for closed in (False, True))
    door = Point(6_000, 6_000)
    assert open_area[open_area["within_minutes"] == 30].geometry.contains(door).any()
    assert not closed_area.geometry.contains(door).any()


def test_villages_and_children_inside_are_counted():
    import pandas as pd

    areas = areas_of(*county())
    points = gpd.GeoDataFrame(
        {"village_code": ["v1", "v2"]}, geometry=[Point(1_000, 100), Point(11_000, 50_000)], crs=CRS
    )
    children = pd.Series([7.0, 5.0], index=pd.MultiIndex.from_tuples([("v1", "1-3"), ("v2", "1-3")]))
    counted = villages_inside(areas, points, children)
    assert counted.loc[counted["subject_id"] == "A", "children_inside"].tolist() == [7.0, 7.0, 7.0]
    assert counted["villages_inside"].max() == 1
