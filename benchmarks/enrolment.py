"""Forecasts of any areas against what came, beside cached peers; seconds beside cohort survival and bare numpy.

Run: python benchmarks/enrolment.py BENCH [--origins 2013 … 2019] [--no-speed]

BENCH is a folder with `nd.csv`, `nd_births.csv`, `nd_births_area.csv` (pupils by area, year, grade; births; which births an
area takes) and `peers/NAME.nd.csv.gz` (forecasts of others, form of `layout-planner forecast`). Without the folder the
accuracy is skipped and said so; the speed is measured on simulated areas.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layout_planner.enrolment import AreasOptions, forecast_areas
from layout_planner.enrolment.scores import auc, bias, coverage, wape, wis

STAGES = {"primary": (0, 6), "junior": (7, 9), "senior": (10, 12)}
HORIZONS = (1, 3, 5, 10)
SIZES = {"all": (-1, np.inf), "0-30": (-1, 30), "31-100": (30, 100), "101-500": (100, 500), ">500": (500, np.inf)}
KEYS = ["origin", "year", "area", "stage"]
LOSS, SMALLEST = 0.2, 10  # an alarm: a stage with so many pupils loses so much
HISTORY = 5  # years before the origin in which an area must have been there, to be scored
BOUNDS = ["lo80", "hi80", "lo95", "hi95"]


def truth(pupils: pd.DataFrame, origins: list[int]) -> pd.DataFrame:
    """Stages of every area at every origin and lead: what came, what was last seen."""
    grades = {g: stage for stage, (low, high) in STAGES.items() for g in range(low, high + 1)}
    table = pupils[pupils["grade"].isin(grades)].assign(stage=pupils["grade"].map(grades))
    cube = table.pivot_table(index=["area", "stage"], columns="year", values="pupils", aggfunc="sum").fillna(0.0)
    there = table.pivot_table(index="area", columns="year", values="pupils", aggfunc="sum") > 0
    rows = []
    for origin in origins:
        lived = there[[y for y in range(origin - HISTORY, origin + 1) if y in there]].all(axis="columns")
        for lead in HORIZONS:
            if origin + lead not in cube:
                continue
            both = lived & there[origin + lead]
            recent = cube[[y for y in range(origin - 2, origin + 1) if y in cube]].max(axis="columns")
            use = recent.gt(0) & cube.index.get_level_values("area").isin(both[both].index)
            part = cube.loc[use, [origin + lead, origin]].set_axis(["actual", "last"], axis="columns").reset_index()
            rows.append(part.assign(origin=origin, year=origin + lead, lead=lead))
    return pd.concat(rows, ignore_index=True)


def ours(bench: Path, origins: list[int]) -> tuple[pd.DataFrame, list[float]]:
    """Forecasts of the product and seconds of each origin, in this process."""
    pupils = pd.read_csv(bench / "nd.csv", dtype={"area": str, "school": str})
    births = pd.read_csv(bench / "nd_births.csv", dtype={"area": str})
    areas = pd.read_csv(bench / "nd_births_area.csv", dtype=str)
    made, seconds = [], []
    for origin in origins:
        options = AreasOptions(origin=origin, horizon=10, entry_grade=0, birth_lag=6, stages=STAGES)
        started = time.perf_counter()
        made.append(forecast_areas(pupils, births, areas, options, np.random.default_rng(1)))
        seconds.append(time.perf_counter() - started)
    table = pd.concat(made, ignore_index=True).rename(columns={"grade_or_stage": "stage"})
    return table[table["stage"].isin(list(STAGES))], seconds


def peer(path: Path) -> pd.DataFrame:
    """Cached forecasts of another method."""
    table = pd.read_csv(path, dtype={"area": str, "grade_or_stage": str})
    return table.rename(columns={"grade_or_stage": "stage"})


def scores(cells: pd.DataFrame) -> dict[str, float]:
    """WAPE, bias, against last value, coverage, WIS [%] and warning AUC of some cells."""
    actual, mean, last = (cells[name].to_numpy(dtype=float) for name in ("actual", "mean", "last"))
    found = {"n": len(cells), "WAPE": wape(mean, actual), "bias": bias(mean, actual)}
    found["rWAPE"] = found["WAPE"] / wape(last, actual)
    if cells[BOUNDS].notna().all().all():
        low80, high80, low95, high95 = (cells[name].to_numpy(dtype=float) for name in BOUNDS)
        found["cov80"], found["cov95"] = coverage(low80, high80, actual), coverage(low95, high95, actual)
        found["WIS"] = wis(mean, {0.8: (low80, high80), 0.95: (low95, high95)}, actual)
        some = last >= SMALLEST
        limit = (1 - LOSS) * last
        side = np.where(limit < mean, mean - low80, high80 - mean)
        found["AUC"] = auc(((limit + 0.5 - mean) / np.maximum(side, 0.3))[some], (actual <= limit)[some])
    return found


def print_accuracy(bench: Path, origins: list[int]) -> None:
    """Table of all methods, and ours by size."""
    cells = truth(pd.read_csv(bench / "nd.csv", dtype={"area": str}), origins)
    mine, seconds = ours(bench, origins)
    methods = {p.name.split(".")[0]: peer(p) for p in sorted((bench / "peers").glob("*.nd.csv.gz"))}
    rows = []
    for name, table in {"layout_planner": mine, **methods}.items():
        both = cells.merge(table[[*KEYS, "mean", *BOUNDS]], on=KEYS, how="left")
        both["mean"] = both["mean"].fillna(both["last"])
        for lead, part in both.groupby("lead"):
            for size, (low, high) in SIZES.items():
                here = part[(part["last"] > low) & (part["last"] <= high)]
                rows.append({"method": name, "size": size, "lead": lead, **scores(here)})
    found = pd.DataFrame(rows)
    wide = found[found["size"] == "all"].pivot_table(
        index="method", columns="lead", values=["WAPE", "cov80", "WIS", "AUC"]
    )
    by = max(lead for measure, lead in wide.columns if measure == "WAPE" and lead <= 5)
    print(wide.sort_values(("WAPE", by)).round(3).to_string())
    print(found[found["method"] == "layout_planner"].drop(columns="method").round(3).to_string(index=False))
    print(f"seconds an origin: {min(seconds):.2f} to {max(seconds):.2f}")


def simulated(areas: int, years: int = 12, grades: int = 13) -> pd.DataFrame:
    """Areas of 2 to 60 pupils a grade with births, progression and moves of their own."""
    rng = np.random.default_rng(1)
    size = rng.lognormal(2.6, 0.8, areas)
    cohorts = rng.poisson(size[:, None] * np.exp(np.cumsum(rng.normal(0, 0.05, (areas, years + grades)), axis=1)))
    area, grade, year = np.meshgrid(np.arange(areas), np.arange(grades), np.arange(years), indexing="ij")
    pupils = rng.binomial(cohorts[area, year - grade + grades - 1], 0.97)
    columns = {"area": area, "grade": grade, "year": year + 2000, "pupils": pupils}
    return pd.DataFrame({name: values.ravel() for name, values in columns.items()}).astype({"area": str})


def floor(cells: int, draws: int) -> float:
    """Seconds to draw as many normals and uniforms as the forecast has cells, and to add them up, in blocks."""
    rng, started = np.random.default_rng(1), time.perf_counter()
    total, block = 0.0, 13_000
    for start in range(0, cells, block):
        rows = min(block, cells - start)
        drawn: NDArray[np.float32] = rng.standard_normal((rows, draws), dtype=np.float32)
        drawn += rng.random((rows, draws), dtype=np.float32)
        total += float(drawn.sum())
    return time.perf_counter() - started


def survival(pupils: pd.DataFrame, horizon: int) -> float:
    """Seconds of plain five-year cohort survival."""
    cube = pupils.pivot_table(index="area", columns=["grade", "year"], values="pupils", aggfunc="sum").to_numpy(float)
    cube = cube.reshape(len(cube), pupils["grade"].nunique(), -1)
    started = time.perf_counter()
    came, could = cube[:, 1:, -5:].sum(axis=2), cube[:, :-1, -6:-1].sum(axis=2)
    ratio, entry, now = came / np.maximum(could, 1), cube[:, :1, -5:].mean(axis=2), cube[:, :, -1]
    for _ in range(horizon):
        now = np.concatenate([entry, now[:, :-1] * ratio], axis=1)
    return time.perf_counter() - started


def print_speed(areas: int, horizon: int = 10, draws: int = 1000) -> None:
    """Seconds and peak memory of one forecast with calibration, beside the two floors in the same run."""
    pupils = simulated(areas)
    options = AreasOptions(
        origin=2011, horizon=horizon, entry_grade=0, birth_lag=6, stages=STAGES, draws=draws, calibrate=True
    )
    started = time.perf_counter()
    forecast_areas(pupils, None, None, options, np.random.default_rng(1))
    seconds = time.perf_counter() - started
    bare = floor(areas * 13 * horizon, draws)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{areas} areas × 13 grades × {horizon} years × {draws} draws: {seconds:.2f} s, peak {peak:.0f} MB; "
        f"bare drawing and adding {bare:.2f} s, ratio {seconds / bare:.1f}; cohort5 {survival(pupils, horizon):.4f} s"
    )


def main() -> None:
    """Accuracy where the folder is there, then speed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("bench", type=Path)
    parser.add_argument("--origins", type=int, nargs="+", default=list(range(2013, 2020)))
    parser.add_argument("--no-speed", action="store_true")
    given = parser.parse_args()
    if (given.bench / "nd.csv").is_file():
        print_accuracy(given.bench, given.origins)
    else:
        print(f"accuracy skipped: no nd.csv in {given.bench.name}")
    if not given.no_speed:
        for areas in (170, 2000):
            print_speed(areas)


if __name__ == "__main__":
    main()
