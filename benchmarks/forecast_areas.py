"""Accuracy and seconds of `layout-planner forecast` on any areas, beside last year's value and 3-year cohort survival.

Run: python benchmarks/forecast_areas.py PUPILS.csv BIRTHS.csv [AREAS.csv] ORIGIN [ORIGIN …]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

HORIZONS = (1, 3, 5)


def cube(pupils: pd.DataFrame) -> pd.DataFrame:
    """Pupils, rows area and year, columns grade; an area with pupils in a year has 0 in its other grades."""
    table = pupils.pivot_table(index=["area", "year"], columns="grade", values="pupils", aggfunc="sum", fill_value=0.0)
    return table.astype(float)


def survival(seen: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """3-year cohort survival, entrants at their 3-year mean; area × grade."""
    years = sorted(seen.index.get_level_values("year").unique())[-4:]
    last = [seen.xs(year, level="year") for year in years]
    areas = last[-1].index
    last = [frame.reindex(areas).fillna(0.0).to_numpy() for frame in last]
    up = sum(frame[:, 1:] for frame in last[1:])
    down = sum(frame[:, :-1] for frame in last[:-1])
    ratio = np.divide(up, down, out=np.ones_like(up), where=down > 0)
    now, entry = last[-1], sum(frame[:, 0] for frame in last[1:]) / 3
    for _ in range(horizon):
        now = np.concatenate([entry[:, None], now[:, :-1] * ratio], axis=1)
    return pd.DataFrame(now, index=areas, columns=seen.columns)


def main() -> None:
    """Print WAPE by lead for the three, and seconds of ours."""
    files = [Path(word) for word in sys.argv[1:] if not word.isdigit()]
    pupils = pd.read_csv(files[0], dtype={"area": str})
    table = cube(pupils)
    errors: dict[tuple[str, int], list[float]] = {}
    for origin in (int(word) for word in sys.argv[1:] if word.isdigit()):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "f.csv"
            words = ["forecast", "--pupils", files[0], "--births", files[1], "--origin", origin, "--horizon", 5]
            words += ["--areas", files[2]] if len(files) > 2 else []
            started = time.perf_counter()
            command = [sys.executable, "-m", "layout_planner", *map(str, words), "--out", str(out)]
            subprocess.run(command, check=True)
            seconds = time.perf_counter() - started
            ours = pd.read_csv(out, dtype={"area": str, "grade_or_stage": str})
        seen = table[table.index.get_level_values("year") <= origin]
        for horizon in HORIZONS:
            year = origin + horizon
            if year not in table.index.get_level_values("year"):
                continue
            actual, last = table.xs(year, level="year"), seen.xs(origin, level="year")
            both = actual.index.intersection(last.index)
            mine = ours[(ours["year"] == year) & ours["grade_or_stage"].str.fullmatch(r"-?\d+")]
            mine = mine.assign(grade=mine["grade_or_stage"].astype(int)).pivot_table(
                index="area", columns="grade", values="mean"
            )
            made = {"ours": mine, "last value": last, "cohort survival": survival(seen, horizon)}
            for name, frame in made.items():
                error = (frame.reindex(both)[actual.columns] - actual.loc[both]).abs().to_numpy()
                errors.setdefault((name, horizon), []).append(
                    100 * np.nansum(error) / actual.loc[both].to_numpy().sum()
                )
        print(f"origin {origin}: {seconds:.1f} s with start of the program")
    for name in ("ours", "cohort survival", "last value"):
        told = [f"h{h} {np.mean(errors[name, h]):.2f}" for h in HORIZONS if (name, h) in errors]
        print(f"{name:16s} WAPE of grades, %: {'  '.join(told)}")


if __name__ == "__main__":
    main()
