"""What the tests of trust share: is a folder whole, and a run that is quick enough to be killed many times."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# runs without end into one folder, with small files: nearly all of its time is writing and swapping
WRITER = """
import sys
from pathlib import Path
from layout_planner.io.out import open_out
n = int(sys.argv[2])
while True:
    n += 1
    with open_out(Path(sys.argv[1])) as folder:
        for name in ("tables/a.csv", "tables/b.csv", "figures/f.svg", "report.html"):
            folder.write_text(name, f"{n} " * 2000)
        folder.finish({"run": n})
    print(n, flush=True)
"""


def state_of(out: Path) -> str:
    """``absent``, ``whole`` or what is wrong with an output folder."""
    if not out.exists():
        return "absent"
    if not (out / "manifest.json").exists():
        return "no manifest"
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    for name, entry in manifest["files"].items():
        data = (out / name).read_bytes()
        if len(data) != entry["bytes"] or hashlib.sha256(data).hexdigest() != entry["sha256"]:
            return f"{name} differs"
    extra = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    extra -= {*manifest["files"], *manifest["kept"], "manifest.json"}
    return f"{extra} not in the manifest" if extra else "whole"


def call(*words, cwd=None, **environ):
    """Run the program as a planner does; output as bytes."""
    env = {k: v for k, v in os.environ.items() if k not in {"LANGUAGE", "LAYOUT_PLANNER_LANG", "LC_ALL", "LANG"}}
    command = [sys.executable, "-m", "layout_planner", *map(str, words)]
    return subprocess.run(command, capture_output=True, cwd=cwd, env=env | environ, check=False, timeout=120)


def run_once(target, text, *, extra=None):
    """One small run into a folder, in this process."""
    from layout_planner.io.out import open_out

    with open_out(target) as folder:
        folder.write_text("report.html", text)
        folder.write_text("tables/flows.csv", f"a\n{text}\n")
        for name, content in (extra or {}).items():
            folder.write_text(name, content)
        return folder.finish({"run": text})
