"""Seconds and peak memory of the main job on the demo county, beside merely reading its files.

Run: python benchmarks/main_job.py [COUNTY]
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

READ = """
import sys, pathlib, pandas as pd, geopandas as gpd
for p in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    if p.suffix == ".csv": pd.read_csv(p)
    if p.suffix in {".geojson", ".gpkg"}: gpd.read_file(p)
"""


def measured(command: list[str]) -> float:
    """Seconds of a process."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    """Print the figures."""
    county = sys.argv[1] if len(sys.argv) > 1 else "data"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        reading = min(measured([sys.executable, "-c", READ, county]) for _ in range(3))
        runs = [measured([sys.executable, "-m", "layout_planner", "run", county, "--out", str(out)]) for _ in range(3)]
        manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"run: {min(runs):.1f} s (of {[round(r, 1) for r in runs]}), {min(runs) / reading:.1f} x reading the files")
    print(f"peak memory: {peak:.0f} MB")
    for stage, seconds in manifest["seconds"].items():
        print(f"  {stage:30s}{seconds:7.2f} s")


if __name__ == "__main__":
    main()
