"""Kill a run at random moments, over and over, and count in what state the results are found.

Run: python benchmarks/kill.py [KILLS OF SMALL RUNS] [KILLS OF WHOLE RUNS] [COUNTY]

A small run writes four small files without end, so that most kills fall into writing and swapping; a whole run is
``layout-planner run COUNTY --tables-only``. After every kill the folder is looked at as it is, then as the next command
leaves it. Exit code 1 if a result was ever broken or lost.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "trust"))

from trust_tools import WRITER, state_of  # noqa: E402

from layout_planner.io.swap import repair  # noqa: E402


def run_of(out: Path) -> object:
    """What the manifest says about its run."""
    return json.loads((out / "manifest.json").read_text(encoding="utf-8")).get("run", 0)


def look(out: Path, tally: Counter[str], *, kind: str) -> None:
    """Count the state as found and the state after the repair that every command begins with."""
    found = state_of(out)
    moment = "writing" if (out.with_name("out.new")).exists() else "between runs"
    if found == "absent":
        moment = "between the two renames"
    tally[f"{kind}: killed {moment}"] += 1
    repair(out)
    tally[f"{kind}: result afterwards {state_of(out)}"] += 1


def kill_small_runs(out: Path, times: int, rng: random.Random, tally: Counter[str]) -> None:
    """Kill the writer of small files."""
    last = 0
    for _ in range(times):
        command = [sys.executable, "-c", WRITER, str(out), str(last)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(rng.uniform(0.0, 0.1))
        process.kill()
        process.communicate()
        look(out, tally, kind="small run")
        number = int(str(run_of(out)))
        tally["small run: result older than one before"] += number < last
        last = number


def kill_whole_runs(out: Path, times: int, county: str, rng: random.Random, tally: Counter[str]) -> None:
    """Kill the main job; the first run is let through and timed."""
    command = [sys.executable, "-m", "layout_planner", "run", county, "--tables-only", "--out", str(out)]
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    whole = time.perf_counter() - started
    for number in range(times):
        edit = out / "tables" / "flows.csv"
        edit.write_text(f"edited {number}\n", encoding="utf-8")
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
        time.sleep(rng.uniform(0.3, 1.05) * whole)
        process.kill()
        process.wait()
        found = {p.read_text(encoding="utf-8", errors="replace") for p in out.rglob("*.csv")} if out.exists() else set()
        tally["whole run: the planner's edit lost"] += f"edited {number}\n" not in found and out.exists()
        if out.exists() and edit.read_text(encoding="utf-8") == f"edited {number}\n":
            tally["whole run: killed before the swap, last result with the edit stands"] += 1
        else:
            look(out, tally, kind="whole run")
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    tally[f"whole run: last of all {state_of(out)}"] += 1
    kept = {p.read_text(encoding="utf-8") for p in (out / "edited").iterdir()}
    tally["whole run: edits found at the end"] += len(kept)
    left = {p.name for p in out.parent.iterdir()} - {"out", "out.previous"}
    tally["left beside the results after the last run"] += len(left)


def main() -> int:
    """Print the tally."""
    small, whole, county = (*sys.argv[1:], *("200", "10", "tests/county")[len(sys.argv) - 1 :])
    rng, tally = random.Random(1), Counter[str]()
    folder = Path(tempfile.mkdtemp())
    try:
        kill_small_runs(folder / "small" / "out", int(small), rng, tally)
        kill_whole_runs(folder / "whole" / "out", int(whole), county, rng, tally)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for words, count in sorted(tally.items()):
        print(f"{count:6d}  {words}")
    bad = [w for w, n in tally.items() if n and ("lost" in w or "older" in w or "differs" in w or "no manifest" in w)]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
