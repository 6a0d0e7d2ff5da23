"""Seconds and memory of `layout-planner check` with 200,000 rows of enrolment, beside plain pandas and pandera.

The peer reads the same enrolment.csv, validates it with a pandera schema (types, ranges, unique key) and joins it to
the register of schools (unknown codes, grades outside the span): seven of the checks. Both run in processes of their own.

Run: python benchmarks/check.py [ROWS]
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

DATA = Path(__file__).parent.parent / "data"
PEER = """
import sys
import geopandas as gpd
import pandas as pd
import pandera.pandas as pa

folder = sys.argv[1]
schools = pd.DataFrame(gpd.read_file(f"{folder}/schools.geojson").drop(columns="geometry"))
table = pd.read_csv(f"{folder}/enrolment.csv", dtype={"school_id": str})
schema = pa.DataFrameSchema({
    "school_id": pa.Column(str, pa.Check.str_matches("^[0-9]{10}$")),
    "school_year": pa.Column(int, pa.Check.in_range(1980, 2100)),
    "grade": pa.Column(int, pa.Check.in_range(-2, 12)),
    "pupils": pa.Column(float, pa.Check.ge(0), coerce=True),
    "boarders_m": pa.Column(int, pa.Check.ge(0)), "boarders_f": pa.Column(int, pa.Check.ge(0)),
    "sections": pa.Column(int, pa.Check.ge(0)),
}, unique=["school_id", "school_year", "grade"])
schema.validate(table, lazy=True)
both = table.merge(schools[["school_id", "grade_low", "grade_high"]], on="school_id", how="left")
assert both["grade_low"].notna().all()
assert ((both["grade"] >= both["grade_low"]) & (both["grade"] <= both["grade_high"]) | (both["pupils"] == 0)).all()
"""


def grow(folder: Path, rows: int) -> int:
    """Write the demo county with its schools repeated under further codes until enrolment has so many rows."""
    for path in DATA.iterdir():
        if path.is_file() and path.name in {
            "county.toml",
            "villages.csv",
            "townships.geojson",
            "births.csv",
            "roads.gpkg",
        }:
            (folder / path.name).write_bytes(path.read_bytes())
    schools = gpd.read_file(DATA / "schools.geojson")
    table = pd.read_csv(DATA / "enrolment.csv", dtype={"school_id": str})
    rng = np.random.default_rng(1)
    parts, registers = [table], [schools]
    for copy in range(1, -(-rows // len(table))):
        code = {old: f"{old[:4]}{copy:03d}{old[-3:]}" for old in schools["school_id"]}
        noisy = table.assign(school_id=table["school_id"].map(code), pupils=rng.poisson(table["pupils"]))
        noisy[["boarders_m", "boarders_f"]] = 0
        noisy["sections"] = np.minimum(noisy["sections"], noisy["pupils"])
        parts.append(noisy)
        more = schools.assign(school_id=schools["school_id"].map(code), site_id=schools["site_id"] + f"-{copy}")
        moved = more.translate(0.0004 * (copy % 8), 0.0004 * (copy // 8))
        registers.append(more.assign(host_school_id=None, name=more["name"] + f"{copy}").set_geometry(moved))
    whole = pd.concat(parts)
    whole.to_csv(folder / "enrolment.csv", index=False, encoding="utf-8")
    gpd.GeoDataFrame(pd.concat(registers), crs=schools.crs).to_file(folder / "schools.geojson", driver="GeoJSON")
    return len(whole)


def seconds(command: list[str]) -> tuple[float, float]:
    """Seconds of one processor that a command takes, and the largest memory of any child so far [MB]."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["taskset", "-c", "0", *command], check=False, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, after.ru_maxrss / 1024


def main() -> None:
    """Print seconds, memory and the ratio."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "county"
        folder.mkdir()
        count = grow(folder, rows)
        peer, peer_mb = seconds([sys.executable, "-c", PEER, str(folder)])
        ours, ours_mb = seconds([sys.executable, "-m", "layout_planner", "check", str(folder), "--out", f"{name}/out"])
        found = pd.read_csv(Path(name) / "out" / "tables" / "data_quality.csv")
    print(f"{count:,} rows of enrolment, seconds of one processor")
    print(f"  pandas + pandera, 7 checks   {peer:6.1f} s  {peer_mb:6.0f} MB")
    print(f"  layout-planner check         {ours:6.1f} s  {ours_mb:6.0f} MB  ({len(found):,} findings)")
    print(f"  ratio of seconds             {ours / peer:6.2f}")


if __name__ == "__main__":
    main()
