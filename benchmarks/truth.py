"""Forecasts of simulated counties beside their hidden futures: error, bias and what the bands hold, pooled over counties.

Run: python benchmarks/truth.py SEED [SEED …] [FIRST-LAST] [--villages 60] [--sites 38] [--full] [--years 16] [--horizon 15]
     [--draws 300] [--processes 2] [--leads 1,3,5,10,15] [--cells cells.csv]

Every seed is one county: made by the generator, its tables up to the base year forecast by the whole pipeline, the
answer set beside the truth that the pipeline never saw. Counties of 60 villages by default; ``--full`` takes all 145.
Levels: every school × grade, every school, every township, the whole county, each by stage. Bands are quantiles of the draws.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import xarray as xr

from layout_planner.demo import make_demo
from layout_planner.pipeline import RunOptions, compute_forecast
from layout_planner.terms import STAGE_OF_GRADE

BOUNDS = (0.025, 0.1, 0.9, 0.975)
LEVELS = ("grade", "school", "township", "county")
STAGES = ("pre", "primary", "junior", "senior")
BIRTHS = "births"


def one_county(
    seed: int, *, villages: int | None, sites: int | None, years: int, draws: int, horizon: int
) -> pd.DataFrame:
    """Cells of one county: seed, level, stage, lead, mean, bounds, what came and the last value. [pupils]."""
    started = time.process_time()
    with tempfile.TemporaryDirectory() as place:
        folder, truth = Path(place) / "county", Path(place) / "truth"
        make_demo(folder, seed=seed, villages=villages, sites=sites, years=years, truth=truth)
        done = compute_forecast(folder, RunOptions(draws=draws, horizon=horizon))
        came = pd.read_csv(truth / "enrolment.csv", dtype={"school_id": str})
        births = pd.read_csv(truth / "births.csv").groupby("year")["births"].sum()
    cells = [of_level(done.outlook.pupils, came, level, done.setup.base_year) for level in LEVELS]
    cells.append(of_births(done.outlook.births, births, done.setup.base_year))
    return pd.concat(cells, ignore_index=True).assign(seed=seed, seconds=time.process_time() - started)


def of_level(pupils: xr.DataArray, came: pd.DataFrame, level: str, base: int) -> pd.DataFrame:
    """Sums of draws by place, stage and year, beside what came; places with nobody before and after are left out."""
    school, grade = pupils["school_id"].values.astype(str), pupils["grade"].values
    town = pd.Series(pupils["township_of_school"].values.astype(str), index=school)
    town = town[~town.index.duplicated()]
    stage = np.array([str(STAGE_OF_GRADE[int(g)]) for g in grade])
    units = pd.DataFrame({"school_id": school, "grade": grade})
    came = came.assign(
        place=places_of(came, town, level),
        stage=[str(STAGE_OF_GRADE[g]) for g in came["grade"]],
    )
    actual = came.groupby(["place", "stage", "school_year"])["pupils"].sum()
    group, keys = pd.MultiIndex.from_arrays([places_of(units, town, level), stage]).factorize()
    member = np.eye(len(keys), dtype=np.float32)[:, group]
    places, stages = keys.get_level_values(0), keys.get_level_values(1)
    frames = []
    for lead in range(1, pupils.sizes["school_year"]):
        sums = member @ pupils.sel(school_year=base + lead).transpose("unit", "draw").values
        last = member @ pupils.sel(school_year=base).isel(draw=0).values
        index = pd.MultiIndex.from_arrays([places, stages, np.full(len(keys), base + lead)])
        frame = pd.DataFrame({"stage": stages, "place": places, "mean": sums.mean(axis=1, dtype=float), "last": last})
        frame[["lo95", "lo80", "hi80", "hi95"]] = np.quantile(sums, BOUNDS, axis=1).T
        frames.append(frame.assign(actual=actual.reindex(index).fillna(0.0).to_numpy(), lead=lead, level=level))
    cells = pd.concat(frames, ignore_index=True)
    return cells[(cells["last"] > 0) | (cells["actual"] > 0)]


def places_of(rows: pd.DataFrame, town: pd.Series, level: str) -> pd.Series:
    """Place of each row at a level: the school's grade, the school, its township, the county."""
    school = rows["school_id"]
    named = {"grade": school + ":" + rows["grade"].astype(str), "school": school, "township": school.map(town)}
    return named.get(level, pd.Series("county", index=rows.index))


def of_births(table: pd.DataFrame, came: pd.Series, base: int) -> pd.DataFrame:
    """Births of the county still to come beside those that came; only the 80 % band is in the table. [children]."""
    whole = table[(table["township_name"] == "全县") & (table["status"] == "forecast")]
    last = float(came[whole["year"].min() - 1])
    return pd.DataFrame({
        "stage": BIRTHS, "place": "county", "level": BIRTHS, "lead": whole["year"] - base, "mean": whole["births_mean"],
        "lo80": whole["births_p10"], "hi80": whole["births_p90"], "last": last,
        "actual": came.reindex(whole["year"]).to_numpy(),
    })  # fmt: skip


def scores(cells: pd.DataFrame) -> pd.Series:
    """WAPE, that of the last value, their ratio, bias, what the bands hold, half-width of the 80 % band. [%]."""
    actual = cells["actual"]
    total, error = actual.sum(), (cells["mean"] - actual).abs().sum()
    still = (cells["last"] - actual).abs().sum()
    held = {b: 100 * ((actual >= cells[f"lo{b}"]) & (actual <= cells[f"hi{b}"])).mean() for b in (80, 95)}
    known = cells["lo95"].notna().all() if "lo95" in cells else False
    return pd.Series({
        "cells": len(cells), "wape": 100 * error / total, "last": 100 * still / total, "ratio": error / still,
        "bias": 100 * (cells["mean"] - actual).sum() / total, "held_80": held[80],
        "held_95": held[95] if known else np.nan, "half_80": 50 * (cells["hi80"] - cells["lo80"]).sum() / total,
    })  # fmt: skip


def report(cells: pd.DataFrame, leads: list[int]) -> pd.DataFrame:
    """Scores by level, stage (and all stages of schooling together) and lead, with the spread over counties of held_80."""
    shown = cells[cells["lead"].isin(leads)]
    school = shown[shown["stage"].isin(STAGES[1:])].assign(stage="1-12")
    rows = []
    for key, part in pd.concat([shown, school]).groupby(["level", "stage", "lead"]):
        inside = (part["actual"] >= part["lo80"]) & (part["actual"] <= part["hi80"])
        by_county = 100 * inside.groupby(part["seed"]).mean()
        error = by_county.std() / np.sqrt(len(by_county)) if len(by_county) > 1 else np.nan
        rows.append({**dict(zip(("level", "stage", "lead"), key, strict=True)), **scores(part), "held_80_se": error})
    table = pd.DataFrame(rows)
    order = {name: i for i, name in enumerate((*LEVELS, BIRTHS, *STAGES, "1-12"))}
    return table.sort_values(["level", "stage", "lead"], key=lambda c: c if c.name == "lead" else c.map(order))


def seeds_of(words: list[str]) -> list[int]:
    """Seeds of words such as ``7`` and ``301-350``."""
    spans = [[int(part) for part in word.split("-")] for word in words]
    return [seed for span in spans for seed in range(span[0], span[-1] + 1)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", nargs="+")
    parser.add_argument("--villages", type=int, default=60)
    parser.add_argument("--sites", type=int, default=38)
    parser.add_argument("--full", action="store_true")
    for name, value in (("years", 16), ("horizon", 15), ("draws", 300), ("processes", 2)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--leads", default="1,3,5,10,15")
    parser.add_argument("--cells", type=Path)
    asked = parser.parse_args()
    size = {"villages": None, "sites": None} if asked.full else {"villages": asked.villages, "sites": asked.sites}
    work = partial(one_county, **size, years=asked.years, draws=asked.draws, horizon=asked.horizon)
    with ProcessPoolExecutor(asked.processes) as pool:
        cells = pd.concat(pool.map(work, seeds_of(asked.seeds)), ignore_index=True)
    if asked.cells:
        cells.to_csv(asked.cells, index=False)
    table = report(cells, [int(lead) for lead in asked.leads.split(",")])
    print(table.round({"ratio": 2}).round(1).to_string(index=False))
    print(f"{cells['seed'].nunique()} counties, {cells.groupby('seed')['seconds'].first().mean():.1f} CPU s each")


if __name__ == "__main__":
    main()
