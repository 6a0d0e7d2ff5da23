import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import LineString, Point, box

from layout_planner.figures import style
from layout_planner.figures.basemap import BaseMap

CRS = 4542


@pytest.fixture
def note():
    return style.Note("县教育局教育统计年报", "2024年9月1日", synthetic=True)


@pytest.fixture
def base():
    townships = gpd.GeoDataFrame(
        {"township_code": ["620724100", "620724101"], "name": ["城关镇", "石塅镇"]},
        geometry=[box(0, 0, 20_000, 20_000), box(20_000, 0, 40_000, 20_000)],
        crs=CRS,
    )
    roads = gpd.GeoDataFrame(
        {"road_class": ["trunk", "village"]},
        geometry=[LineString([(2_000, 10_000), (38_000, 10_000)]), LineString([(30_000, 10_000), (35_000, 15_000)])],
        crs=CRS,
    )
    return BaseMap(townships, roads)


@pytest.fixture
def schools():
    frame = pd.DataFrame(
        {
            "school_id": [f"99000000{n:02d}" for n in range(6)],
            "school_name": ["示例小学01", "示例小学02", "示例小学03", "示例教学点01", "示例教学点02", "示例小学04"],
            "pupils_now": [900.0, 620.0, 60.0, 0.0, 12.0, 40.0],
            "seats": [810.0, 810.0, 120.0, 120.0, 0.0, 30.0],
            "use": [900 / 810, 620 / 810, 0.5, 0.0, float("nan"), 40 / 30],
        }
    )
    spots = [(9_000, 9_000), (10_000, 10_500), (30_000, 5_000), (35_000, 15_000), (4_000, 17_000), (25_000, 16_000)]
    return gpd.GeoDataFrame(frame, geometry=[Point(*spot) for spot in spots], crs=CRS)


@pytest.fixture
def villages():
    frame = pd.DataFrame(
        {
            "village_name": ["甲村", "乙村", "丙村", "丁村", "戊村村民委员会"],
            "children": [30.0, 20.0, 8.0, 3.0, 5.0],
            "minutes_nearest": [4.0, 15.0, 30.0, float("nan"), 45.0],
        }
    )
    spots = [(9_000, 9_500), (14_000, 4_000), (31_000, 6_000), (36_000, 18_000), (22_000, 17_000)]
    return gpd.GeoDataFrame(frame, geometry=[Point(*spot) for spot in spots], crs=CRS)


@pytest.fixture
def births():
    years = list(range(2015, 2031))
    known = [year <= 2024 for year in years]
    level = [1000.0 - 20 * (year - 2015) for year in years]
    return pd.DataFrame(
        {
            "year": years,
            "status": ["observed" if one else "forecast" for one in known],
            "births_mean": level,
            "births_p10": [x if one else x * 0.9 for x, one in zip(level, known, strict=True)],
            "births_p50": level,
            "births_p90": [x if one else x * 1.1 for x, one in zip(level, known, strict=True)],
        }
    )


@pytest.fixture
def stages():
    rows = []
    for stage in ("pre", "primary", "junior"):
        for year in range(2020, 2036):
            cohort = "born" if year < 2028 else "part" if year < 2032 else "unborn"
            level = 500.0 - 10 * (year - 2020)
            spread = 0.0 if year <= 2024 else 0.05
            status = "observed" if year <= 2024 else "forecast"
            rows.append((stage, year, status, cohort, level * (1 - spread), level, level * (1 + spread)))
    return pd.DataFrame(rows, columns=["stage", "school_year", "status", "cohort", "p10", "p50", "p90"])
