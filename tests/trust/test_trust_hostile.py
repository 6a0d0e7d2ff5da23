"""Whatever a file holds, reading it ends soon, in a result or in a sentence, and in little memory."""

import os
import subprocess
import sys

import hostile_files
import pytest
from trust_tools import ROOT

from layout_planner.contracts import load_dictionary
from layout_planner.errors import LayoutError, sentence
from layout_planner.io.areas import read_area_tables
from layout_planner.io.checks.reading import read_table
from layout_planner.io.county import read_county
from layout_planner.io.layers import read_layer
from layout_planner.io.settings import Declared, read_settings
from layout_planner.io.text import read_list, read_records, read_toml
from layout_planner.pipeline import check_county
from layout_planner.scenario import parse_plan
from tests.conftest import COUNTY

TABLES = hostile_files.tables()
SETTINGS = hostile_files.settings((COUNTY / "county.toml").read_text(encoding="utf-8"))
LAYERS = hostile_files.layers()
REFUSED = {
    "empty": "file_empty", "header only": "file_empty", "nul": "file_unreadable", "open quote": "file_unreadable",
    "million columns": "table_too_wide", "million same columns": "table_too_wide", "million cells": "table_too_wide",
    "blank lines inside": "table_too_long", "commas": "file_empty", "zip": "file_unreadable", "png": "file_unreadable",
    "utf-16 without mark": "file_unreadable", "invalid utf-8": "file_unreadable", "two encodings": "file_unreadable",
}  # fmt: skip


def outcome(read, *args):
    """``ok`` or the code of the error; its lines can be said in both languages, each on one line."""
    try:
        read(*args)
    except LayoutError as error:
        lines = [sentence(error.code, error.fields, lang) for lang in ("zh", "en")]
        lines += [p.sentence(lang) for p in getattr(error, "problems", ())[:50] for lang in ("zh", "en")]
        assert all(line and len(line) < 3000 and "\n" not in line and "\x1b" not in line for line in lines)
        return error.code
    return "ok"


def told(path, table):
    """What the check of one table tells, in words."""
    problems = read_table(path, load_dictionary().tables[table], Declared()).problems
    return [p.sentence(lang) for p in problems for lang in ("zh", "en")]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_any_kind_is_read_or_refused_in_a_sentence(tmp_path, name):
    (tmp_path / "t.csv").write_bytes(TABLES[name])
    found = outcome(read_records, tmp_path / "t.csv")
    assert found == REFUSED.get(name, "ok")
    assert len(told(tmp_path / "t.csv", "births")) < 1000


@pytest.mark.parametrize("name", ["huge number", "huge digits", "1e400", "invisible", "own names", "long cell", "nul"])
@pytest.mark.parametrize("column", ["year", "grade", "pupils", "area"])
def test_tables_of_areas_are_read_or_refused_in_a_sentence(tmp_path, name, column):
    bad = {"huge number": "1" + "0" * 400, "huge digits": "9" * 6000, "1e400": "1e400", "invisible": "\u202e1\u200b",
           "own names": "_row", "long cell": "x" * 10_000, "nul": "\0"}[name]  # fmt: skip
    cells = {"area": "A", "year": "2020", "grade": "1", "pupils": "10"} | {column: bad}
    (tmp_path / "p.csv").write_text(",".join(cells) + "\n" + ",".join(cells.values()) + "\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("area,year,births\nA,2014,10\n", encoding="utf-8")
    assert outcome(read_area_tables, tmp_path / "p.csv", tmp_path / "b.csv", None) in {
        "ok",
        "defects",
        "file_unreadable",
    }


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_of_any_kind_are_read_or_refused_in_a_sentence(county_copy, name):
    path = county_copy / "county.toml"
    path.write_bytes(SETTINGS[name])
    assert (outcome(read_settings, county_copy) == "ok") == (name in {"two marks", "invisible name"})
    outcome(read_list, path, "finance")


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_of_any_kind_is_read_or_refused_in_a_sentence(tmp_path, name):
    for file in ("a.geojson", "a.gpkg", "a.shp.zip"):
        (tmp_path / file).write_bytes(LAYERS[name])
        found = outcome(read_layer, tmp_path / file)
    assert found != "ok" or name in {"nan", "1e400", "huge number", "no geometry", "lists in cells", "half a surrogate",
                                     "same key", "words for numbers", "one number", "deep geometry", "deep properties",
                                     "collections in collections", "linked system", "unknown system"}  # fmt: skip
    assert told(tmp_path / "a.geojson", "townships")


def test_a_geopackage_of_any_kind_is_read_or_refused_in_a_sentence(tmp_path, county_copy):
    found = {}
    for name, data in hostile_files.packages((COUNTY / "roads.gpkg").read_bytes(), tmp_path).items():
        (county_copy / "roads.gpkg").write_bytes(data)
        found[name] = outcome(read_layer, county_copy / "roads.gpkg")
    assert found["endless view"] == found["endless list of layers"] == found["computed column"] == "layer_unsafe"
    assert found["truncated"] == found["no list"] == found["broken shapes"] == "file_unreadable"


@pytest.mark.parametrize("file", ["births.csv", "county.toml", "roads.gpkg", "schools.geojson"])
@pytest.mark.parametrize("kind", ["folder", "pipe", "loop", "device", "dangling"])
def test_what_is_no_file_is_told_and_nothing_waits_for_it(county_copy, file, kind):
    path = county_copy / file
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to({"loop": path, "device": "/dev/zero", "dangling": "nowhere"}[kind])
    found = outcome(read_county, county_copy)
    assert found != "ok" or (file, kind) in {("roads.gpkg", "loop"), ("roads.gpkg", "dangling")}


def test_a_plan_of_any_kind_is_told_in_a_sentence_and_stops_nothing_else(county_copy, tmp_path):
    plans = county_copy / "plans"
    plans.mkdir()
    schools = read_county(county_copy).schools
    for text in (
        "a = " + "[" * 100_000,
        'name = "x"\n[[decision]]\nschool_id = [[1]]\nyear = 1e999\naction = {a = 1}\nreceivers = [{}]\nseats = nan\n',
        'name = "x"\ndecision = ["' + "a" * 100_000 + '"]\n',
        'name = {}\ntitle = []\nsynthetic = "x"\n[[decision]]\n',
        "name = 0x" + "f" * 9000,
    ):
        (plans / "bad.toml").write_text(text, encoding="utf-8")
        outcome(check_county, county_copy)
        found = outcome(lambda: parse_plan(read_toml(plans / "bad.toml"), schools, 2024))
        assert found in {"defects", "toml_bad", "toml_beyond"}


PEAK = """
import resource, sys
from pathlib import Path
from layout_planner.contracts import load_dictionary
from layout_planner.io.checks.reading import read_table
from layout_planner.io.settings import Declared
tables = {spec.file: spec for spec in load_dictionary().inputs()}
for path in map(Path, sys.argv[1:]):
    problems = read_table(path, tables[path.name], Declared()).problems
    print(len(problems), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, flush=True)
"""
WORST = {
    "a line of 200 MB": ("births.csv", lambda: b"x" * 200_000_000),
    "a line of 90 MB": ("births.csv", lambda: b"x" * 90_000_000),
    "5 million blank lines inside": ("births.csv", lambda: TABLES["blank lines inside"]),
    "a million blank lines inside": (
        "births.csv",
        lambda: TABLES["blank lines inside"].replace(b"\n" * 4_000_000, b""),
    ),
    "a column of wrong cells": (
        "births.csv",
        lambda: (hostile_files.HEADER + "990001100,2004,,x,\n" * 150_000).encode(),
    ),
    "a layer of brackets": ("schools.geojson", lambda: b'{"a":' + b"[" * 55_000_000),
    "a number of 50 MB": ("schools.geojson", lambda: b'{"a":' + b"9" * 50_000_000 + b"}"),
    "a zip bomb": ("roads.gpkg", lambda: LAYERS["zip bomb"]),
    "dots": ("finance.toml", lambda: ("a." * 4000 + "a = 1\n").encode() * 600),
    "an outline of half a million points": ("townships.geojson", lambda: outline(500_000)),
}


def outline(points):
    ring = ",".join(f"[99.{i % 1000:03d},39.{i // 1000:04d}]" for i in range(points))
    return (
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"township_code":"990001100","name":"甲"},'
        f'"geometry":{{"type":"Polygon","coordinates":[[{ring},[99.000,39.0000]]]}}}}]}}'
    ).encode()


def test_the_worst_files_need_less_than_a_gigabyte(tmp_path):
    paths = []
    for name, (file, content) in WORST.items():
        (tmp_path / name).mkdir()
        paths.append(tmp_path / name / file)
        paths[-1].write_bytes(content())
    result = subprocess.run(
        [sys.executable, "-c", PEAK, *map(str, paths)],
        capture_output=True, text=True, encoding="utf-8", check=True, cwd=ROOT, timeout=120,
    )  # fmt: skip
    found = dict(zip(WORST, (line.split() for line in result.stdout.splitlines()), strict=True))
    assert all(int(problems) for problems, _ in found.values()), found
    assert max(int(peak) for _, peak in found.values()) < 1000, found
