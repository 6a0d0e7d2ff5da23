"""Write a simulated county and its truth: the same seed gives the same bytes."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio

from layout_planner.contracts import load_dictionary
from layout_planner.demo import counts
from layout_planner.demo.births import expected_births
from layout_planner.demo.calibration import FULL_VILLAGES, FULL_YEARS, LAST_YEAR
from layout_planner.demo.county import CRS, DemoCounty, make_county
from layout_planner.demo.paths import FIRST_YEAR, YEARS
from layout_planner.demo.records import true_residents
from layout_planner.errors import UsageError

MADE_ON: Final = "2024-09-01T00:00:00.000Z"  # the date of the data; GeoPackage keeps one
NOTES: Final = """
# 否决规则（BLOCK*）只有在具名负责人写明理由后才能放开，每一项写一节，并印入所有导出文件
# （本版本只读取、不采用，核对时会提示）：
# [[overrides]]
# rule = "M19"
# subject = "学校标识码"
# reason = "……"
# signer = "……"
# date = 2025-01-01
overrides = []

[parameters]
# 工程假设（步行速度、冬季系数等）可在此改为本县实测值，名称见 docs/parameters.md；不写则用随附的默认值，并在报告中列出。
# walk_speed_1_3 = 3.5

[rules]
# 没有国家或省定数值的规则（PARAM）由本县自定，写明理由、负责人与日期；不写则报告中印"未定"。
# date 是开始生效的日期。规则按基准学年之后的 9 月 1 日核验（基准学年 2024 即 2025-09-01），date 晚于这一天的本次不起作用。
# 各学段数值不同的写成列表，学段写 小学、初中 等；同一学段只能有一条。样例里的省略号须换成实际内容，否则不接受。
# T05 = { value = 40, reason = "……", signer = "……", date = 2025-01-01 }
# T06 = [
#   { stage = "小学", value = 2.5, reason = "……", signer = "……", date = 2025-01-01 },
#   { stage = "初中", value = 8, reason = "……", signer = "……", date = 2025-01-01 },
# ]
"""


def write_county(county: DemoCounty, folder: Path) -> None:
    """Write the tables of a county folder.

    Parameters
    ----------
    county
        From `make_county`; a county without map layers has no townships and roads written.
    folder
        Made if it is not there; files of the same name are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write_text(folder / "county.toml", _toml(county.settings))
    _write_csv(county.births, folder / "births.csv")
    _write_csv(county.enrolment, folder / "enrolment.csv")
    _write_csv(county.villages, folder / "villages.csv")
    if county.townships is not None and county.roads is not None:
        _write_geojson(gpd.GeoDataFrame(county.schools), folder / "schools.geojson")
        _write_geojson(county.townships, folder / "townships.geojson")
        _write_roads(county.roads, folder / "roads.gpkg")
    for name, rows in county.more.items():
        path = folder / load_dictionary().tables[name].file
        if path.suffix == ".toml":
            _write_text(path, _sections(name, rows))
        else:
            _write_csv(rows, path)


def write_truth(county: DemoCounty, folder: Path) -> None:
    """Write what really happened in the simulation, and what happens until its last year.

    Parameters
    ----------
    county
        Made with ``future=True``.
    folder
        Made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    world, lives, cal = county.world, county.lives, county.world.cal
    first = cal.base_year - cal.years + 1
    transitions = counts.count_transitions(world, lives, first=first, last=LAST_YEAR - 1)
    span = {"first": first, "last": LAST_YEAR}
    _write_csv(counts.count_enrolment(world, lives, first=cal.base_year + 1, last=LAST_YEAR), folder / "enrolment.csv")
    _write_csv(_births(county), folder / "births.csv")
    _write_csv(transitions, folder / "transitions.csv")
    _write_csv(counts.progression(transitions), folder / "progression.csv")
    _write_csv(counts.count_flows(world, lives, by="home_township_code", **span), folder / "flows.csv")
    base = {"first": cal.base_year, "last": cal.base_year}
    _write_csv(counts.count_flows(world, lives, by="village_code", **base), folder / "attendance.csv")
    _write_csv(true_residents(world, lives), folder / "residents.csv")
    _write_csv(_habits(county), folder / "habits.csv")


def make_demo(
    folder: Path,
    *,
    seed: int,
    villages: int | None = None,
    sites: int | None = None,
    years: int = FULL_YEARS,
    truth: Path | None = None,
    overwrite: bool = False,
) -> list[str]:
    """Make a county and write it; the command ``layout-planner demo``.

    Parameters
    ----------
    folder
        County folder; made if it is not there.
    seed, villages, sites, years
        As in `make_tables`; None is the full county.
    truth
        Folder for the truth, or None.
    overwrite
        Replace files of the folder that differ from what is written.

    Returns
    -------
    list of str
        One line a file written, with its rows.

    Raises
    ------
    UsageError
        If the size asked for is out of range, or files that differ would be replaced.
    """
    county = make_county(seed, villages=villages or FULL_VILLAGES, sites=sites, years=years, future=truth is not None)
    _write_unless_it_differs(county, folder, overwrite=overwrite)
    tables = {
        "schools.geojson": county.schools, "villages.csv": county.villages, "births.csv": county.births,
        "enrolment.csv": county.enrolment, "townships.geojson": county.townships, "roads.gpkg": county.roads,
    }  # fmt: skip
    tables |= {load_dictionary().tables[name].file: rows for name, rows in county.more.items()}
    lines = [f"{folder / name}  {len(table)}" for name, table in tables.items() if table is not None]
    if truth is not None:
        write_truth(county, truth)
        lines.append(str(truth))
    return [str(folder / "county.toml"), *lines, "模拟数据 synthetic data"]


def _write_unless_it_differs(county: DemoCounty, folder: Path, *, overwrite: bool) -> None:
    """Write the files beside the folder first, so that a planner's own county is never replaced by a slip."""
    with tempfile.TemporaryDirectory() as place:
        write_county(county, Path(place))
        made = sorted(Path(place).iterdir())
        there = [file for file in made if (folder / file.name).exists()]
        changed = [file.name for file in there if (folder / file.name).read_bytes() != file.read_bytes()]
        if changed and not overwrite:
            raise UsageError("demo_would_overwrite", folder=folder.name, files=changed)
        folder.mkdir(parents=True, exist_ok=True)
        for file in made:
            shutil.copyfile(file, folder / file.name)


def _births(county: DemoCounty) -> pd.DataFrame:
    """Table registered births, leavers before school and expected births by township and year, all years drawn."""
    world = county.world
    years, expected = expected_births(world.cal)
    codes = [t.code for t in world.cal.towns]
    made = pd.DataFrame({
        "township_code": pd.Categorical.from_codes(world.children.town, codes).astype(str),
        "year": world.children.year,
        "leavers": world.children.leaver.astype(int),
    })  # fmt: skip
    drawn = made.groupby(["township_code", "year"])["leavers"].agg(births="size", leavers="sum").reset_index()
    mean = pd.DataFrame(expected.T, index=years, columns=codes).rename_axis("year").reset_index()
    mean = mean.melt("year", var_name="township_code", value_name="expected_net").round({"expected_net": 3})
    return drawn.merge(mean, on=["township_code", "year"], validate="one_to_one")


def _habits(county: DemoCounty) -> pd.DataFrame:
    """Table the true paths: leaving and coming back, drift to the county town, by township and year."""
    world = county.world
    first = world.cal.base_year - world.cal.years + 1 - FIRST_YEAR
    parts = [
        pd.DataFrame({
            "township_code": town.code,
            "school_year": YEARS[first:],
            "leave": world.habits.leave[i, first:],
            "come_back": world.habits.back[first:],
            "drift": county.lives.drift[i, first:],
        })
        for i, town in enumerate(world.cal.towns)
    ]  # fmt: skip
    return pd.concat(parts).round(6)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    words = {True: "true", False: "false"}
    flags = [c for c in table.columns if pd.api.types.is_bool_dtype(table[c])]
    plain = table.assign(**{c: table[c].astype(object).map(words, na_action="ignore") for c in flags})
    plain.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")


def _toml(settings: Mapping[str, Any]) -> str:
    lines = ["# 模拟县：学校、位置、人数均为虚构，只有区划代码与名称、县级合计为真实（见项目的 data/README.md）"]
    for key, value in settings.items():
        lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines) + "\n" + NOTES


def _sections(name: str, rows: pd.DataFrame) -> str:
    """One ``[[name]]`` section a row; a cell that is missing has no line."""
    lines = ["# 模拟数据"]
    for row in rows.to_dict("records"):
        lines.append(f"\n[[{name}]]")
        plain = {key: value for key, value in _plain(row).items() if value is not None}
        lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in plain.items()]
    return "\n".join(lines) + "\n"


def _write_geojson(layer: gpd.GeoDataFrame, path: Path) -> None:
    """One feature a line, so that a change shows as a line in a comparison of versions."""
    shapes = [geometry.__geo_interface__ for geometry in layer.geometry]
    records = layer.drop(columns="geometry").to_dict("records")
    features = [
        json.dumps({"type": "Feature", "properties": _plain(row), "geometry": shape}, ensure_ascii=False)
        for row, shape in zip(records, shapes, strict=True)
    ]
    crs = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{CRS}"}}
    head = f'{{"type": "FeatureCollection", "name": "{path.stem}", "crs": {json.dumps(crs)}, "features": [\n'
    _write_text(path, head + ",\n".join(features) + "\n]}\n")


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    filled = {key: None if pd.isna(value) else value for key, value in row.items()}
    return {key: value.item() if isinstance(value, np.generic) else value for key, value in filled.items()}


def _write_roads(roads: gpd.GeoDataFrame, path: Path) -> None:
    path.unlink(missing_ok=True)
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": MADE_ON})
    try:
        pyogrio.write_dataframe(roads, path, layer="roads", driver="GPKG", geometry_type="LineString", VERSION="1.2")
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
