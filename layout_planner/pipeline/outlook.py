"""The forecast of one county and its tables: by school, township, stage, village; pupils and children together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr

from layout_planner.attendance import children_from_pupils, township_children
from layout_planner.enrolment import (
    CountyOptions,
    births_table,
    cohort_of,
    cohort_status,
    forecast_county,
    last_registered,
    summarise_school,
    summarise_township_pupils,
)
from layout_planner.enrolment.births_variants import Drivers, births_variants_table, forecast_variants_table
from layout_planner.enrolment.cohorts import births_by_year
from layout_planner.enrolment.explain import Estimates
from layout_planner.pipeline.chain import Chain, chain_of, events_of
from layout_planner.pipeline.demand import Attendance
from layout_planner.pipeline.ledger import Ledger
from layout_planner.pipeline.marks import marks_of
from layout_planner.pipeline.setup import Setup
from layout_planner.pipeline.villages import village_table, whole_villages
from layout_planner.terms import BAND_GRADES, COUNTY, OUTSIDE, STAGE_GRADES, STAGE_OF_GRADE, joint_cohort

QUANTILES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}


@dataclass(frozen=True)
class Outlook:
    """Draws of pupils and children, what was estimated, and the tables of the forecast."""

    pupils: xr.DataArray
    children: xr.Dataset
    estimated: Estimates
    births: pd.DataFrame
    schools: pd.DataFrame
    townships: pd.DataFrame
    stages: pd.DataFrame
    villages: pd.DataFrame
    births_variants: pd.DataFrame
    variants: pd.DataFrame
    chain: Chain


def outlook_of(
    setup: Setup, attendance: Attendance, ledger: Ledger, earlier: Mapping[int, pd.DataFrame] | None = None
) -> Outlook:
    """Forecast every school and grade with draws, and carry the pupils back to where the children live.

    Flows of earlier years, where given, are those that forecasts from these years are judged by.

    Raises
    ------
    LedgerError
        If the children of the homes and the pupils of the schools do not add up, in total or in any draw.
    """
    county = setup.county
    options, rng = _options(setup, earlier or {}), np.random.default_rng(setup.seed)
    forecast, estimated = forecast_county(
        county.enrolment, setup.schools, county.births, attendance.flows, options, rng
    )
    pupils = forecast["pupils"]
    _count_base(setup, pupils, ledger)
    children = children_from_pupils(pupils, attendance.allocation, setup.villages)
    _count_children(pupils, children, ledger)
    chain = chain_of(setup, attendance, forecast, children, ledger)
    forecast, pupils = chain.forecast, chain.forecast["pupils"]
    children = whole_villages(setup, attendance, children, chain.children, ledger)
    by_school = summarise_school(pupils, setup.schools, county.births, base_year=setup.base_year)
    by_town = _townships(setup, pupils, children)
    by_stage = _stages(setup, pupils, children, by_town)
    _count_printed(by_school, by_town, by_stage, ledger)
    variants = _variants(setup, forecast)
    _count_variants(by_stage, variants, ledger)
    return Outlook(
        pupils=pupils,
        children=children,
        estimated=_named(setup, estimated),
        births=_births(forecast["births"], county.births, county.townships),
        schools=by_school,
        townships=by_town,
        stages=by_stage,
        villages=_band_marks(setup, village_table(setup, children)),
        births_variants=births_variants_table(
            forecast["variant_births"], forecast["births"], county.births, county.townships
        ),
        variants=variants,
        chain=chain,
    )


def _options(setup: Setup, earlier: Mapping[int, pd.DataFrame]) -> CountyOptions:
    return CountyOptions(
        base_year=setup.base_year,
        horizon=setup.horizon,
        draws=setup.draws,
        drivers=_drivers(setup),
        events=events_of(setup),
        earlier_flows=earlier,
    )


def _named(setup: Setup, estimated: Estimates) -> Estimates:
    """Add the names of the townships."""
    names = setup.county.townships.set_index("township_code")["name"].to_dict() | {COUNTY: "全县"}
    return replace(
        estimated, weights=estimated.weights.assign(township_name=estimated.weights["township_code"].map(names))
    )


def _births(births: xr.DataArray, registered: pd.DataFrame, townships: pd.DataFrame) -> pd.DataFrame:
    """Table ``births_projected``: the townships, and the whole county as sums of the same draws."""
    total = births.sum("township_code").expand_dims(township_code=[COUNTY]).transpose(*births.dims)
    known = births_by_year(registered).sum(skipna=False).dropna().rename("births").rename_axis("year").reset_index()
    whole = pd.DataFrame({"township_code": [COUNTY], "name": ["全县"]})
    county = births_table(
        total.assign_attrs(births.attrs),
        known.assign(township_code=COUNTY, month=float("nan")),
        whole,
        through=last_registered(registered),
    )
    return pd.concat([births_table(births, registered, townships), county], ignore_index=True)


def _drivers(setup: Setup) -> Drivers:
    values = setup.values
    return Drivers(
        block_years=round(values["births_block_years"]),
        recent_years=round(values["births_recent_years"]),
        low_shift=values["births_low_shift"],
        high_shift=values["births_high_shift"],
    )


def _variants(setup: Setup, forecast: xr.Dataset) -> pd.DataFrame:
    """Table ``forecast_variants``, with the names of the townships."""
    pupils, births = forecast["variant_pupils"], forecast["variant_births"]
    table = forecast_variants_table(pupils, births, setup.schools, setup.county.births, setup.base_year)
    names = setup.county.townships.set_index("township_code")["name"].to_dict()
    return table.assign(township_name=table["township_code"].map({**names, COUNTY: "全县"}))


def _band_marks(setup: Setup, villages: pd.DataFrame) -> pd.DataFrame:
    """Add whether the children of a grade band are born."""
    bands = {str(band): grades for band, grades in BAND_GRADES.items()}
    marks = marks_of(setup.county.births, villages["school_year"], bands, "grade_band")
    return villages.merge(marks, on=["grade_band", "school_year"], how="left")


def _count_variants(stages: pd.DataFrame, variants: pd.DataFrame, ledger: Ledger) -> None:
    """Compare all years: the middle variant with the forecast, and the townships of the variants with the county."""
    whole = variants["township_code"] == COUNTY
    middle = variants.loc[whole & (variants["variant"] == "middle"), "pupils_printed"].sum()
    given = stages.loc[stages["township_code"] == COUNTY, "pupils_printed"].sum()
    ledger.hand_over("全县分学段取整数 → 中方案取整数（全部年份）", float(given), float(middle))
    parts, total = (variants.loc[rows, "pupils_mean"].sum() for rows in (~whole, whole))
    ledger.hand_over("高中低方案预测：各镇 → 全县（全部年份）", float(parts), float(total))


def _count_base(setup: Setup, pupils: xr.DataArray, ledger: Ledger) -> None:
    enrolment = setup.county.enrolment
    base = float(enrolment.loc[enrolment["school_year"] == setup.base_year, "pupils"].sum())
    drawn = float(pupils.sel(school_year=setup.base_year).mean("draw", dtype=np.float64).sum())
    ledger.hand_over("在校生 → 预测起点（基准年）", base, drawn)


def _count_children(pupils: xr.DataArray, children: xr.Dataset, ledger: Ledger) -> None:
    """Compare sums over all years: the mean of the draws, and the draw in which they differ most."""
    seated = pupils.sum(("unit", "school_year"), dtype=np.float64).values
    places = ("township_code", "grade", "school_year")
    away = children["outside"].sum(places, dtype=np.float64).values
    home = children["children"].sum(places, dtype=np.float64).values
    village = children["children_village"].sum(("village_code", "grade_band", "school_year"), dtype=np.float64).values
    ledger.hand_over("预测在校生 + 不在县内就读 → 各镇儿童（全部年份，抽样平均）", (seated + away).mean(), home.mean())
    ledger.hand_over("各镇儿童 → 各村儿童（全部年份，抽样平均）", home.mean(), village.mean())
    worst = int(np.abs(seated + away - home).argmax())
    ledger.hand_over(
        "预测在校生 + 不在县内就读 → 各镇儿童（全部年份，差别最大的一次抽样）",
        float((seated + away)[worst]),
        float(home[worst]),
    )


def _count_printed(schools: pd.DataFrame, towns: pd.DataFrame, stages: pd.DataFrame, ledger: Ledger) -> None:
    given = float(schools["pupils_printed"].sum())
    towns_only = towns[towns["township_code"] != COUNTY]
    ledger.hand_over("分校取整数 → 分镇取整数", given, float(towns_only["pupils_printed"].sum()))
    whole = stages.loc[stages["township_code"] == COUNTY, "pupils_printed"]
    ledger.hand_over("分镇取整数 → 全县分学段取整数", given, float(whole.sum()))


def _townships(setup: Setup, pupils: xr.DataArray, children: xr.Dataset) -> pd.DataFrame:
    """Table ``forecast_township``: children by home, pupils by town of the school; a row for every town and grade."""
    seated = summarise_township_pupils(pupils, setup.schools, setup.county.births, base_year=setup.base_year)
    keys = ["township_code", "school_year", "grade"]
    table = township_children(children).merge(seated[[*keys, *_pupil_columns(seated)]], on=keys, how="outer")
    filled = [c for c in table.columns if c.endswith(("_mean", "_p10", "_p50", "_p90", "_printed"))]
    table[filled] = table[filled].fillna(0.0)
    table["pupils_printed"] = table["pupils_printed"].astype("int64")
    return _labelled(setup, table)


def _pupil_columns(table: pd.DataFrame) -> list[str]:
    return [c for c in table.columns if c.startswith("pupils_")]


def _labelled(setup: Setup, table: pd.DataFrame) -> pd.DataFrame:
    """Add names, stage, status and whether the cohort is born."""
    names = setup.county.townships.set_index("township_code")["name"].to_dict()
    names |= {OUTSIDE: "县外", COUNTY: "全县"}
    last_year, last_month = last_registered(setup.county.births)
    return table.assign(
        township_name=table["township_code"].map(names),
        stage=[str(STAGE_OF_GRADE[g]) for g in table["grade"]],
        status=np.where(table["school_year"] <= setup.base_year, "observed", "forecast"),
        cohort=[
            cohort_status(cohort_of(int(y), int(g)), last_year, last_month)
            for y, g in zip(table["school_year"], table["grade"], strict=True)
        ],
    ).sort_values(["township_code", "school_year", "grade"], ignore_index=True)


def _stages(setup: Setup, pupils: xr.DataArray, children: xr.Dataset, towns: pd.DataFrame) -> pd.DataFrame:
    """Table ``forecast_stage``: quantiles of sums over the grades of a stage, taken draw by draw."""
    codes = [*setup.county.townships["township_code"], OUTSIDE]
    town_of = setup.schools.set_index("school_id")["township_code"]
    unit_town = town_of.reindex(pupils["school_id"].values.astype(str)).to_numpy()
    unit_grade = pupils["grade"].values
    parts = []
    for stage, grades in STAGE_GRADES.items():
        here = [g for g in grades if g in set(unit_grade.tolist())]
        if not here:
            continue
        home = children["children"].sel(grade=here).sum("grade").transpose("draw", "township_code", "school_year")
        away = children["outside"].sel(grade=here).sum("grade").mean("draw")
        for code in [*codes, COUNTY]:
            chosen = np.isin(unit_grade, here) & ((unit_town == code) | (code == COUNTY))
            seated = pupils.isel(unit=chosen).sum("unit").transpose("draw", "school_year").values
            place = children["township_code"].values if code == COUNTY else [code]
            known = np.isin(place, children["township_code"].values)
            lived = home.sel(township_code=np.asarray(place)[known]).sum("township_code").values
            gone = away.sel(township_code=np.asarray(place)[known]).sum("township_code").values
            frame = pd.DataFrame({"school_year": pupils["school_year"].values})
            frame = frame.assign(township_code=code, stage=str(stage), outside_mean=gone)
            parts.append(frame.assign(**_spread("children", lived), **_spread("pupils", seated)))
    table = pd.concat(parts, ignore_index=True)
    printed = towns.groupby(["township_code", "school_year", "stage"])["pupils_printed"].sum()
    total = printed.groupby(["school_year", "stage"]).sum()
    keys: list[tuple[Hashable, ...]] = list(zip(table["school_year"], table["stage"], strict=True))
    table["pupils_printed"] = [
        int(total[key]) if code == COUNTY else int(printed.get((code, *key), 0))
        for code, key in zip(table["township_code"], keys, strict=True)
    ]
    table = table[(table["township_code"] != OUTSIDE) | (table["children_mean"] > 0)]
    marks = _stage_marks(towns)
    named = towns.drop_duplicates("township_code").set_index("township_code")["township_name"].to_dict()
    return table.merge(marks, on=["school_year", "stage"]).assign(
        township_name=table["township_code"].map({**named, COUNTY: "全县"}).to_numpy()
    )


def _spread(name: str, draws: np.ndarray) -> dict[str, np.ndarray]:
    """Mean and quantiles over the first dimension."""
    low_to_high = np.quantile(draws, list(QUANTILES.values()), axis=0)
    columns = {f"{name}_{key}": values.astype(float) for key, values in zip(QUANTILES, low_to_high, strict=True)}
    return {f"{name}_mean": draws.mean(axis=0, dtype=np.float64), **columns}


def _stage_marks(towns: pd.DataFrame) -> pd.DataFrame:
    """Status and cohort of a stage in a year: unborn if all its grades are, born if all are, part otherwise."""
    groups = towns.groupby(["school_year", "stage"])
    return groups.agg(status=("status", "first"), cohort=("cohort", joint_cohort)).reset_index()
