"""Coordinates of a county folder: declared by county, file or row, converted once, the pair as given kept."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from layout_planner.contracts import check_table
from layout_planner.errors import DataError, DefectsError
from layout_planner.io.coordinates import coordinates_table
from layout_planner.io.county import read_county
from layout_planner.io.datum import from_cgcs2000, metres_between
from layout_planner.io.settings import read_settings
from tests.conftest import COUNTY

TRUE = read_county(COUNTY)
SAME_M = 0.05  # files below keep eight digits
ZONED, BARE = 4521, 4542


def degrees(shapes):
    return shapes.x.to_numpy(), shapes.y.to_numpy()


def farthest(points, true):
    return metres_between(degrees(points.geometry), degrees(true.geometry)).max()


def apart(layer, true):
    """Largest distance between the shapes of two layers, in degrees."""
    return shapely.hausdorff_distance(layer.geometry.to_numpy(), true.geometry.to_numpy()).max()


def declare(folder, line):
    path = folder / "county.toml"
    text = path.read_text(encoding="utf-8")
    if line.startswith("["):
        text += f"\n{line}\n"
    else:
        key = line.split(" = ")[0]
        text = "\n".join(line if row.startswith(f"{key} =") else row for row in text.splitlines())
    path.write_text(text, encoding="utf-8")


def villages(folder, change):
    path = folder / "villages.csv"
    change(pd.read_csv(path, dtype=str)).to_csv(path, index=False)


def in_system(system, rows=slice(None)):
    def change(table):
        lon, lat = from_cgcs2000(table["lon"].astype(float), table["lat"].astype(float), system)
        table.loc[table.index[rows], "lon"] = pd.Series(lon).map("{:.8f}".format)[rows]
        table.loc[table.index[rows], "lat"] = pd.Series(lat).map("{:.8f}".format)[rows]
        return table

    return change


def in_metres(code):
    def change(table):
        east, north = from_cgcs2000(table["lon"].astype(float), table["lat"].astype(float), code)
        return table.assign(lon="", lat="", easting=east.round(3), northing=north.round(3))

    return change


def move_layer(folder, name, system):
    """Write a layer's GeoJSON with its numbers in another system, as an office would export it."""
    path = folder / name
    collection = json.loads(path.read_text(encoding="utf-8"))
    for feature in collection["features"]:
        shape = shapely.geometry.shape(feature["geometry"])
        moved = shapely.transform(shape, lambda x, y: from_cgcs2000(x, y, system), interleaved=False)
        feature["geometry"] = shapely.geometry.mapping(moved)
    path.write_text(json.dumps(collection, ensure_ascii=False), encoding="utf-8")
    return collection


def codes(folder):
    with pytest.raises(DefectsError) as error:
        read_county(folder)
    return {p.code: p for p in error.value.problems if p.severity == "error"}


def test_what_is_declared_as_cgcs2000_or_wgs84_is_used_to_the_last_digit(county_copy):
    declare(county_copy, 'coordinate_system = "wgs84"')
    found = read_county(county_copy)
    for name in ("schools", "villages"):
        points = getattr(found, name)
        assert points.geometry.tolist() == getattr(TRUE, name).geometry.tolist()
        assert set(points["crs_source"]) == {"wgs84"}
        np.testing.assert_array_equal(points["lon_raw"], points.geometry.x)


@pytest.mark.parametrize("system", ["gcj02", "bd09"])
def test_a_whole_county_from_a_map_service_comes_back_to_its_place(county_copy, system):
    declare(county_copy, f'coordinate_system = "{system}"')
    villages(county_copy, in_system(system))
    for name in ("schools.geojson", "townships.geojson"):
        move_layer(county_copy, name, system)
    roads = gpd.read_file(county_copy / "roads.gpkg")
    lines = shapely.transform(roads.geometry.to_numpy(), lambda x, y: from_cgcs2000(x, y, system), interleaved=False)
    roads.set_geometry(gpd.GeoSeries(lines, crs=roads.crs)).to_file(county_copy / "roads.gpkg")
    found = read_county(county_copy)
    assert farthest(found.schools, TRUE.schools) < SAME_M
    assert farthest(found.villages, TRUE.villages) < SAME_M
    assert apart(found.townships, TRUE.townships) < 1e-6
    assert apart(found.roads, TRUE.roads) < 1e-6
    shift = metres_between((found.villages["lon_raw"], found.villages["lat_raw"]), degrees(found.villages.geometry))
    assert shift.min() > 100


def test_one_file_may_be_declared_apart_from_the_county(county_copy):
    declare(county_copy, '[coordinates]\n"villages.csv" = "gcj02"')
    villages(county_copy, in_system("gcj02"))
    found = read_county(county_copy)
    assert farthest(found.villages, TRUE.villages) < SAME_M
    assert set(found.villages["crs_source"]) == {"gcj02"}
    assert set(found.schools["crs_source"]) == {"cgcs2000"}


def test_one_row_may_be_declared_apart_from_its_file(county_copy):
    villages(
        county_copy, lambda t: in_system("bd09", slice(2, 4))(t).assign(crs_source=["", "", "bd09", "bd09", *[""] * 8])
    )
    found = read_county(county_copy)
    assert farthest(found.villages, TRUE.villages) < SAME_M
    assert found.villages["crs_source"].tolist() == ["cgcs2000"] * 2 + ["bd09"] * 2 + ["cgcs2000"] * 8


@pytest.mark.parametrize("code", [ZONED, BARE])
def test_rows_in_metres_need_no_degrees_and_keep_their_metres(county_copy, code):
    villages(county_copy, lambda t: in_metres(code)(t).assign(crs_source="projected"))
    found = read_county(county_copy).villages
    assert farthest(found, TRUE.villages) < SAME_M
    assert found["lon_raw"].isna().all()
    np.testing.assert_allclose(found["easting"], from_cgcs2000(*degrees(TRUE.villages.geometry), code)[0], atol=1e-3)
    np.testing.assert_allclose(found["lon"], TRUE.villages["lon"], atol=1e-7)
    assert set(found["crs_name"]) == {f"EPSG:{code}"}


def test_metres_without_a_zone_are_told_when_the_county_names_none(county_copy):
    path = county_copy / "county.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("projected_crs = 4542\n", ""), encoding="utf-8")
    villages(county_copy, lambda t: in_metres(BARE)(t).assign(crs_source="projected"))
    told = codes(county_copy)
    assert set(told) == {"coordinates_zone"}
    assert told["coordinates_zone"].file == "villages.csv"


def test_a_school_in_metres_may_have_no_geometry(county_copy):
    path = county_copy / "schools.geojson"
    collection = json.loads(path.read_text(encoding="utf-8"))
    feature = collection["features"][0]
    east, north = from_cgcs2000(*feature["geometry"]["coordinates"], ZONED)
    feature["geometry"] = None
    feature["properties"] |= {"crs_source": "projected", "easting": float(east), "northing": float(north)}
    path.write_text(json.dumps(collection, ensure_ascii=False), encoding="utf-8")
    found = read_county(county_copy).schools
    assert farthest(found, TRUE.schools) < SAME_M
    assert found["crs_source"].tolist() == ["projected", "cgcs2000", "cgcs2000"]


@pytest.mark.parametrize("name", ["schools.geojson", "townships.geojson"])
def test_geojson_with_a_crs_member_is_converted_from_that(county_copy, name):
    collection = move_layer(county_copy, name, ZONED)
    collection["crs"] = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{ZONED}"}}
    (county_copy / name).write_text(json.dumps(collection, ensure_ascii=False), encoding="utf-8")
    found = read_county(county_copy)
    assert farthest(found.schools, TRUE.schools) < SAME_M
    assert apart(found.townships, TRUE.townships) < 1e-6
    if name == "schools.geojson":
        assert set(found.schools["crs_name"]) == {f"EPSG:{ZONED}"}


def test_geojson_in_metres_without_a_crs_is_told_unless_it_is_declared(county_copy):
    move_layer(county_copy, "townships.geojson", ZONED)
    move_layer(county_copy, "schools.geojson", ZONED)
    told = codes(county_copy)
    assert "layer_projected" in told
    assert told["coordinates_projected"].file == "schools.geojson"
    declare(county_copy, '[coordinates]\n"schools.geojson" = "projected"\n"townships.geojson" = 4521')
    found = read_county(county_copy)
    assert farthest(found.schools, TRUE.schools) < SAME_M
    assert apart(found.townships, TRUE.townships) < 1e-6


def test_a_layer_in_its_own_projection_is_converted_from_it_and_declared_offsets_are_taken_off(county_copy):
    roads = TRUE.roads.to_crs(32647)
    roads.to_file(county_copy / "roads.gpkg")
    found = read_county(county_copy)
    assert apart(found.roads, TRUE.roads) < 1e-7
    lines = shapely.transform(
        TRUE.roads.geometry.to_numpy(), lambda x, y: from_cgcs2000(x, y, "gcj02"), interleaved=False
    )
    TRUE.roads.set_geometry(gpd.GeoSeries(lines, crs=4490)).to_crs(32647).to_file(county_copy / "roads.gpkg")
    declare(county_copy, '[coordinates]\n"roads.gpkg" = "gcj02"')
    found = read_county(county_copy)
    assert apart(found.roads, TRUE.roads) < 1e-7


def test_an_older_datum_is_converted_with_a_warning(county_copy):
    TRUE.roads.set_crs(4610, allow_override=True).to_file(county_copy / "roads.gpkg")
    (told,) = [p for p in read_county(county_copy).problems if p.code == "crs_datum_rough"]
    assert (told.severity, told.file, told.found) == ("warning", "roads.gpkg", "Xian 1980")


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        ("99°36′12.528″", "39°23'47.04\""),
        ("东经99度36分12.528秒", "北纬39度23分47.04秒"),
        ("99°36.2088′E", "39.3964°N"),
    ],
)
def test_degrees_minutes_and_seconds_are_read(county_copy, lon, lat):
    villages(county_copy, lambda t: t.assign(lon=[lon, *t["lon"][1:]], lat=[lat, *t["lat"][1:]]))
    assert farthest(read_county(county_copy).villages, TRUE.villages) < SAME_M


def test_sixty_minutes_are_not_an_hour_of_angle(county_copy):
    villages(county_copy, lambda t: t.assign(lon=["99°60′00″", *t["lon"][1:]]))
    assert codes(county_copy)["value_bad"].found == "99°60′00″"


def test_swapped_pairs_are_told_and_not_corrected(county_copy):
    villages(county_copy, lambda t: t.rename(columns={"lon": "lat", "lat": "lon"}))
    with pytest.raises(DefectsError) as error:
        read_county(county_copy)
    told = [p for p in error.value.problems if p.severity == "error"]
    assert {p.code for p in told} == {"coordinates_swapped"}
    assert [p.row for p in told] == list(range(2, 14))
    assert told[0].sentence().startswith("villages.csv 第 2 行“lon, lat”：39.3964, 99.60348 的先后颠倒了")


def test_a_northing_before_an_easting_is_told(county_copy):
    def change(table):
        table = in_metres(BARE)(table).assign(crs_source="projected")
        return table.rename(columns={"easting": "northing", "northing": "easting"})

    villages(county_copy, change)
    assert set(codes(county_copy)) == {"coordinates_swapped"}


@pytest.mark.parametrize(
    ("name", "code"), [("schools.geojson", "coordinates_swapped"), ("townships.geojson", "layer_swapped")]
)
def test_swapped_layers_are_told(county_copy, name, code):
    path = county_copy / name
    collection = json.loads(path.read_text(encoding="utf-8"))
    for feature in collection["features"]:
        shape = shapely.geometry.shape(feature["geometry"])
        feature["geometry"] = shapely.geometry.mapping(shapely.transform(shape, lambda xy: xy[:, ::-1]))
    path.write_text(json.dumps(collection, ensure_ascii=False), encoding="utf-8")
    assert codes(county_copy)[code].file == name


def test_metres_in_the_columns_of_degrees_are_told(county_copy):
    def change(table):
        east, north = from_cgcs2000(table["lon"].astype(float), table["lat"].astype(float), ZONED)
        return table.assign(lon=east.round(2), lat=north.round(2))

    villages(county_copy, change)
    assert set(codes(county_copy)) == {"coordinates_projected"}


def test_degrees_declared_as_metres_are_told(county_copy):
    villages(
        county_copy, lambda t: t.assign(easting=t["lon"], northing=t["lat"], lon="", lat="", crs_source="projected")
    )
    assert set(codes(county_copy)) == {"coordinates_degrees"}
    declare(county_copy, '[coordinates]\n"townships.geojson" = "projected"')
    assert "layer_degrees" in codes(county_copy)


@pytest.mark.parametrize("gone", [["lon"], ["lat"], ["lon", "lat"]])
def test_missing_coordinates_are_told_row_by_row(county_copy, gone):
    def change(table):
        table.loc[4, gone] = ""
        return table

    villages(county_copy, change)
    told = codes(county_copy)
    assert set(told) == {"coordinates_missing"}
    assert told["coordinates_missing"].row == 6


def test_a_pair_that_is_told_does_not_hide_another_defect_of_its_row(county_copy):
    villages(county_copy, lambda t: t.assign(lon=t["lat"], lat=t["lon"], weight=["-1", *t["weight"][1:]]))
    assert {"coordinates_swapped", "value_bad"} <= set(codes(county_copy))


@pytest.mark.parametrize(
    "line",
    ['coordinate_system = "xian80"', "coordinate_system = 3857", '[coordinates]\n"village.csv" = "gcj02"',
     '[coordinates]\n"villages.csv" = "mars"'],
)  # fmt: skip
def test_a_declaration_that_is_not_known_is_refused_with_what_is(county_copy, line):
    declare(county_copy, line)
    with pytest.raises(DefectsError) as error:
        read_settings(county_copy)
    (told,) = error.value.problems
    assert told.code == "setting_bad"
    assert "gcj02" in told.allowed or "villages.csv" in told.allowed


def test_an_unusable_system_of_a_layer_is_one_line(county_copy):
    TRUE.roads.set_crs('LOCAL_CS["site grid",UNIT["metre",1]]', allow_override=True).to_file(county_copy / "roads.gpkg")
    told = codes(county_copy)
    assert set(told) == {"crs_unusable"}


def test_every_conversion_can_be_inspected(county_copy):
    villages(county_copy, lambda t: in_system("gcj02", slice(0, 1))(t).assign(crs_source=["gcj02", *[""] * 11]))
    found = read_county(county_copy)
    table = check_table("coordinates", coordinates_table(found.schools, found.villages))
    assert len(table) == 15
    moved = table[table["shift_m"] > 0]
    assert moved[["subject_id", "crs_source", "crs_name"]].values.tolist() == [["990001100201", "gcj02", "GCJ-02"]]
    assert moved["shift_m"].item() == pytest.approx(123, abs=1)
    assert moved["x_raw"].item() == pytest.approx(float(from_cgcs2000(99.60348, 39.3964, "gcj02")[0]), abs=1e-8)


def test_a_layer_that_cannot_be_read_is_still_a_data_error(county_copy):
    (county_copy / "townships.geojson").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError):
        read_county(county_copy)
