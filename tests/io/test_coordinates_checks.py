"""What converted places give away: outside the county, twins, off their township, shifted as a whole."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.io.coordinate_checks import (
    PlaceLimits,
    outside_problems,
    road_shift_problem,
    shift_problem,
    township_problems,
    twin_problems,
)
from layout_planner.io.datum import from_cgcs2000, to_cgcs2000

LIMITS = PlaceLimits(far_km=20, twin_m=5, off_township_km=1, deviations=6)
CRS = 4542
EAST, NORTH = 550_000.0, 4_360_000.0  # corner of a county 20 km wide and 10 km high, two square townships


def place(x, y, **columns):
    """Points at kilometres from the corner."""
    lon, lat = to_cgcs2000(EAST + np.asarray(x, dtype=float) * 1000, NORTH + np.asarray(y, dtype=float) * 1000, CRS)
    count = len(lon)
    table = {"name": [f"村{i}" for i in range(count)], "_row": range(2, count + 2), **columns}
    points = gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(lon, lat), crs=4490)
    return points.assign(lon_raw=lon, lat_raw=lat, crs_source="cgcs2000")


def townships():
    boxes = [shapely.box(EAST + k * 10_000, NORTH, EAST + (k + 1) * 10_000, NORTH + 10_000) for k in (0, 1)]
    layer = gpd.GeoDataFrame({"township_code": ["A", "B"]}, geometry=boxes, crs=CRS)
    return layer.to_crs(4490)


def roads():
    """A grid of roads two kilometres apart."""
    lines = [shapely.LineString([(EAST, y), (EAST + 20_000, y)]) for y in NORTH + np.arange(0, 10_001, 2000)]
    lines += [shapely.LineString([(x, NORTH), (x, NORTH + 10_000)]) for x in EAST + np.arange(0, 20_001, 2000)]
    return gpd.GeoDataFrame(geometry=[shapely.segmentize(line, 100) for line in lines], crs=CRS).to_crs(4490)


def along_roads(seed, count=120, beside_m=40):
    """Places beside the roads, alternately east–west and north–south ones, as far off as a gate is."""
    rng = np.random.default_rng(seed)
    free, grid = rng.uniform(0.5, 9.5, count), rng.integers(0, 5, count) * 2.0
    off = rng.normal(0, beside_m / 1000, count)
    level = np.arange(count) % 2 == 0
    return place(np.where(level, free, grid + off), np.where(level, grid + off, free))


def read_as(points, true, declared):
    """The same places as a file that holds `true` and is declared as `declared`."""
    raw = from_cgcs2000(points.geometry.x, points.geometry.y, true)
    used = to_cgcs2000(*raw, declared)
    return points.assign(lon_raw=raw[0], lat_raw=raw[1], crs_source=declared).set_geometry(
        gpd.points_from_xy(*used, crs=4490)
    )


def told(problems):
    return [(p.severity, p.code, p.row, p.found) for p in problems]


def test_points_outside_are_told_with_their_distance_near_as_a_warning_far_as_an_error():
    points = place([5, 23, 20.05, 60, -1], [5, 5, 5, 5, 5])
    assert told(outside_problems(points, townships(), "villages.csv", crs=CRS, limits=LIMITS)) == [
        ("warning", "point_near_outside", 3, "3.0"),
        ("error", "point_far_outside", 5, "40.0"),
        ("warning", "point_near_outside", 6, "1.0"),
    ]


def test_a_point_without_coordinates_is_not_judged_again():
    points = place([5, 5], [5, 5])
    points.loc[1, "geometry"] = None
    assert outside_problems(points, townships(), "villages.csv", crs=CRS, limits=LIMITS) == []
    assert twin_problems(points, "villages.csv", crs=CRS, limits=LIMITS) == []


@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0, 10)), min_size=1, max_size=20))
def test_no_point_inside_is_told(pairs):
    x, y = zip(*pairs, strict=True)
    assert outside_problems(place(x, y), townships(), "villages.csv", crs=CRS, limits=LIMITS) == []


def test_schools_of_two_sites_at_one_point_are_an_error_and_of_one_site_none():
    points = place([1, 1, 1, 4, 4.003], [1, 1, 1, 4, 4], site_id=["S1", "S1", "S2", "S4", "S5"])
    found = twin_problems(points, "schools.geojson", crs=CRS, limits=LIMITS)
    assert told(found) == [
        ("error", "points_identical", 4, "村0 (2)"),
        ("warning", "points_twin", 6, "村3 (5)"),
    ]


def test_villages_at_one_point_are_a_warning():
    assert told(twin_problems(place([1, 1, 2], [1, 1, 1]), "villages.csv", crs=CRS, limits=LIMITS)) == [
        ("warning", "points_twin", 3, "村0 (2)")
    ]


@pytest.mark.parametrize(("metres", "count"), [(4.9, 1), (5.1, 0)])
def test_twins_are_nearer_than_five_metres(metres, count):
    assert len(twin_problems(place([1, 1 + metres / 1000], [1, 1]), "villages.csv", crs=CRS, limits=LIMITS)) == count


def test_a_village_far_outside_its_township_is_told_beside_the_others():
    points = place([1, 3, 5, 7, 9, 12], [5] * 6, township_code=["A"] * 5 + ["B"])
    moved = points.assign(township_code=["A"] * 4 + ["B"] * 2)
    assert township_problems(points, townships(), crs=CRS, limits=LIMITS) == []
    assert told(township_problems(moved, townships(), crs=CRS, limits=LIMITS)) == []  # one kilometre over is no mistake
    far = points.assign(township_code=["A", "B", "A", "A", "A", "B"])
    assert told(township_problems(far, townships(), crs=CRS, limits=LIMITS)) == [
        ("warning", "village_off_township", 3, "7.0")
    ]


def test_where_all_outlines_are_coarse_only_the_outlier_is_told():
    x = np.array([10.5, 11.0, 11.5, 12.0, 12.5, 19.5])  # all of township A, drawn too small
    found = township_problems(place(x, [5] * 6, township_code=["A"] * 6), townships(), crs=CRS, limits=LIMITS)
    assert [p.row for p in found] == [7]


def test_villages_of_an_unknown_township_are_left_to_the_check_of_codes():
    assert township_problems(place([1], [1], township_code=["Z"]), townships(), crs=CRS, limits=LIMITS) == []


SYSTEMS = ("cgcs2000", "gcj02", "bd09")


@pytest.mark.parametrize("declared", SYSTEMS)
@pytest.mark.parametrize("true", SYSTEMS)
def test_a_file_of_another_system_is_found_by_the_roads_and_a_right_one_is_not(true, declared):
    found = shift_problem(read_as(along_roads(1), true, declared), roads(), "villages.csv", crs=CRS)
    names = {"cgcs2000": "CGCS2000", "gcj02": "GCJ-02", "bd09": "BD-09"}
    if true == declared:
        assert found is None
    else:
        assert found.found.startswith(f"{names[true]}: ")
        assert (found.severity, found.allowed) == ("warning", names[declared])


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from(SYSTEMS), st.sampled_from([20, 60, 150, 400]))
def test_a_file_declared_rightly_is_never_told(seed, system, beside):
    points = along_roads(seed, beside_m=beside)
    assert shift_problem(read_as(points, system, system), roads(), "villages.csv", crs=CRS) is None
    assert road_shift_problem(points, roads(), "roads.gpkg", declared="cgcs2000", crs=CRS) is None


@settings(max_examples=40)
@given(st.integers(0, 10_000))
def test_places_that_have_nothing_to_do_with_roads_are_never_told(seed):
    rng = np.random.default_rng(seed)
    points = place(rng.uniform(0, 20, 100), rng.uniform(0, 10, 100))
    assert shift_problem(points, roads(), "villages.csv", crs=CRS) is None


def test_few_points_say_nothing():
    points = read_as(along_roads(1, count=15, beside_m=5), "bd09", "cgcs2000")
    assert shift_problem(points, roads(), "schools.geojson", crs=CRS) is None


def test_roads_of_another_system_are_found_by_the_points():
    lines = shapely.transform(roads().geometry.to_numpy(), lambda x, y: from_cgcs2000(x, y, "gcj02"), interleaved=False)
    shifted = gpd.GeoDataFrame(geometry=lines, crs=4490)
    found = road_shift_problem(along_roads(2), shifted, "roads.gpkg", declared="cgcs2000", crs=CRS)
    assert found.found.startswith("GCJ-02: ")
    assert road_shift_problem(along_roads(2), shifted, "roads.gpkg", declared="gcj02", crs=CRS) is None
