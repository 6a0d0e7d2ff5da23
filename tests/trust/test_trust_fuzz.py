"""Random bytes, and good files with bytes changed, into every reader: only errors with a sentence come out."""

import io
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layout_planner.contracts import load_dictionary
from layout_planner.errors import LayoutError, sentence
from layout_planner.io.areas import read_area_tables
from layout_planner.io.checks.reading import read_table
from layout_planner.io.layers import read_layer
from layout_planner.io.settings import Declared, read_settings
from layout_planner.io.text import read_records, read_toml
from layout_planner.scenario import parse_plan
from tests.conftest import COUNTY

SCHOOLS = read_layer(COUNTY / "schools.geojson").drop(columns="geometry")
PLAN = b"""name = "x"
title = "y"
[[decision]]
school_id = "2199000002"
year = 2026
action = "merge"
receivers = ["2199000001"]
reason = "z"
"""
AREAS = b"area,year,grade,pupils\nA,2020,1,10\nA,2021,1,9\n"
TOKENS = [b",", b'"', b"\n", b"0", b"-", b"1e999", b"NaN", b"9" * 400, b"null", b"[", b"]", b"{", b"}", b"=", b"'", b"\r",
          b"\\ud800", "\u202e\u200b".encode(), "村".encode(), b"_row", b"<script>", b"\t", b"true", b"x" * 3000, b"\\u0000",
          "甲".encode("gb18030"), b"\xef\xbb\xbf", b"\xff", b"\0"]  # fmt: skip
CHANGES = st.lists(
    st.tuples(st.integers(0, 999_999), st.integers(0, 12), st.sampled_from(TOKENS)), min_size=1, max_size=3
)
calm = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def changed(good, changes, *, binary):
    """Bytes of a good file, some of them replaced; in a binary file the others stay in their place."""
    data = bytearray(good)
    for place, length, token in changes:
        at = place * len(data) // 1_000_000
        data[at : at + (len(token) if binary else length)] = token
    return bytes(data)


@cache
def shapefile():
    """Suffix → bytes of the roads as a Shapefile."""
    with tempfile.TemporaryDirectory() as folder:
        read_layer(COUNTY / "roads.gpkg")[["road_class", "geometry"]].to_file(f"{folder}/a.shp", engine="pyogrio")
        return {path.suffix: path.read_bytes() for path in Path(folder).iterdir()}


def changed_file(name, changes):
    good = READERS[name][0]
    if name != "roads.shp.zip":
        return changed(good if isinstance(good, bytes) else good.read_bytes(), changes, binary=name.endswith("gpkg"))
    buffer = io.BytesIO()
    spoilt = sorted(shapefile())[changes[0][0] % len(shapefile())]
    with zipfile.ZipFile(buffer, "w") as archive:
        for suffix, data in shapefile().items():
            archive.writestr(f"a{suffix}", changed(data, changes, binary=True) if suffix == spoilt else data)
    return buffer.getvalue()


def survives(read):
    try:
        read()
    except LayoutError as error:
        for lang in ("zh", "en"):
            assert sentence(error.code, error.fields, lang).isprintable()
            assert all(p.sentence(lang).isprintable() for p in getattr(error, "problems", ()))


def table_of(name):
    spec = load_dictionary().tables[name]
    return lambda path: [p.sentence() for p in read_table(path, spec, Declared()).problems]


READERS = {
    "births.csv": (COUNTY / "births.csv", table_of("births")),
    "enrolment.csv": (COUNTY / "enrolment.csv", table_of("enrolment")),
    "villages.csv": (COUNTY / "villages.csv", table_of("villages")),
    "schools.geojson": (COUNTY / "schools.geojson", table_of("schools")),
    "townships.geojson": (COUNTY / "townships.geojson", table_of("townships")),
    "roads.gpkg": (COUNTY / "roads.gpkg", table_of("roads")),
    "roads.shp.zip": (b"", read_layer),
    "records.csv": (COUNTY / "births.csv", read_records),
    "county.toml": (COUNTY / "county.toml", lambda path: read_settings(path.parent)),
    "plan.toml": (PLAN, lambda path: parse_plan(read_toml(path), SCHOOLS, 2024)),
    "areas.csv": (AREAS, lambda path: read_area_tables(path, path, path)),
    "finance.toml": (b'[[finance]]\nyear = 2024\nitem = "public_funds"\namount_yuan = 1e6\n', table_of("finance")),
}


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
@calm
def test_a_good_file_with_bytes_changed_is_read_or_refused_in_a_sentence(tmp_path, name, data):
    (tmp_path / name).write_bytes(changed_file(name, data.draw(CHANGES)))
    survives(lambda: READERS[name][1](tmp_path / name))


@pytest.mark.parametrize("name", READERS)
@given(data=st.binary(max_size=300))
@settings(calm, max_examples=15)
def test_random_bytes_are_refused_in_a_sentence(tmp_path, name, data):
    for start in (b"", b"PK\x03\x04", b"SQLite format 3\0", b"{"):
        (tmp_path / name).write_bytes(start + data)
        survives(lambda: READERS[name][1](tmp_path / name))
