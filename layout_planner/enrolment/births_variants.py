"""Low, middle and high births, each by a driver that is sized from the registered years, and the pupils they lead to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from layout_planner.enrolment.births_trend import Trend, fit_trend
from layout_planner.enrolment.cohorts import cohort_of, cohort_status, last_registered, year_status
from layout_planner.enrolment.summaries import largest_remainder
from layout_planner.enrolment.units import UnitModel, mean_path
from layout_planner.terms import COUNTY, STAGE_OF_GRADE, joint_cohort

Floats = NDArray[np.float64]

VARIANTS: Final = {"low": "marriages", "middle": "trend", "high": "fertility"}  # variant → driver, as in `terms`


@dataclass(frozen=True)
class Drivers:
    """How the drivers of the variants are sized.

    Parameters
    ----------
    block_years
        Length of the block of years whose rate of change a driver takes. [years]
    recent_years
        Newest years in which the block is looked for. [years]
    low_shift, high_shift
        Added to the rate of the low and of the high variant: what a county knows of marriages or policy. [1/year]
    """

    block_years: int
    recent_years: int
    low_shift: float = 0.0
    high_shift: float = 0.0


@dataclass(frozen=True)
class Pace:
    """Yearly rate of change of county births that a driver starts from, and the years it was seen in.

    Parameters
    ----------
    rate
        Yearly change of log births. [1/year]
    first, last
        First and last year of the block; None where the rate is the trend's own. [year]
    """

    rate: float
    first: int | None = None
    last: int | None = None


def block_paces(county: pd.Series, drivers: Drivers) -> tuple[Pace, Pace]:
    """Find the slowest and the fastest rate of change that a block of recent years shows.

    ``rate = (log B[last] − log B[first]) / (last − first)``, over every block of `block_years` steps that lies in the
    last `recent_years` steps; with a shorter record over all of it.

    Parameters
    ----------
    county
        Births by year, index year, no gaps. [children]
    drivers
        Length of the block and of the record that is looked at.

    Returns
    -------
    tuple of Pace
        Lowest and highest.
    """
    years = county.index.to_numpy(dtype=int)
    log = np.log(np.maximum(county.to_numpy(dtype=float), 1.0))
    size = min(drivers.block_years, len(log) - 1)
    rates = (log[size:] - log[:-size]) / size
    start = max(len(rates) - max(drivers.recent_years - size + 1, 1), 0)
    low, high = (start + int(pick(rates[start:])) for pick in (np.argmin, np.argmax))
    worst, best = (Pace(float(rates[i]), int(years[i]), int(years[i + size])) for i in (low, high))
    return replace(worst, rate=worst.rate + drivers.low_shift), replace(best, rate=best.rate + drivers.high_shift)


def variant_factors(trend: Trend, paces: tuple[Pace, Pace], ahead: int) -> Floats:
    """Births of the variants against those of the trend, by year ahead.

    The variants follow the same damped trend from the same level, but set out with the rate of their driver:
    ``log f[h] = Σ_i w_i · (rate − b_i) · (φ_i + … + φ_i^h)`` over the posterior of the trend; never above 0 for the low
    variant nor below it for the high one.

    Returns
    -------
    array
        shape (3, ahead): low, middle (1), high. [-]
    """
    powers = trend.damping[:, None] ** np.arange(1, ahead + 1)
    travelled = np.cumsum(powers, axis=1)
    low, high = (trend.weight @ ((pace.rate - trend.state[:, 1])[:, None] * travelled) for pace in paces)
    factors: Floats = np.exp(np.stack([np.minimum(low, 0.0), np.zeros(ahead), np.maximum(high, 0.0)]))
    return factors


def births_variants(drawn: xr.DataArray, drivers: Drivers) -> xr.DataArray:
    """Mean births of every township by variant: registered years as they are, later ones times the county's factor.

    Parameters
    ----------
    drawn
        Answer of `project_births`. [children]
    drivers
        How the drivers are sized.

    Returns
    -------
    DataArray
        dims variant, township_code, year; coordinates driver, rate, first, last (0 = none) on variant. The middle one is
        the mean of the draws. [children]
    """
    last = int(drawn.attrs["last_observed"])
    middle = drawn.mean("draw", dtype=np.float64)
    county = middle.sum("township_code").sel(year=slice(None, last)).to_series()
    trend = fit_trend(county.to_numpy(dtype=float))
    paces = block_paces(county, drivers)
    ahead = drawn.sizes["year"] - len(county)
    factor = np.ones((len(VARIANTS), drawn.sizes["year"]))
    factor[:, len(county) :] = variant_factors(trend, paces, ahead)
    told = (paces[0], Pace(trend.means()["trend"]), paces[1])
    return xr.DataArray(
        factor[:, None, :] * middle.transpose("township_code", "year").to_numpy(),
        dims=("variant", "township_code", "year"),
        coords={
            "variant": list(VARIANTS),
            "township_code": drawn["township_code"].to_numpy(),
            "year": drawn["year"].to_numpy(),
            "driver": ("variant", list(VARIANTS.values())),
            "rate": ("variant", [pace.rate for pace in told]),
            "first": ("variant", [pace.first or 0 for pace in told]),
            "last": ("variant", [pace.last or 0 for pace in told]),
        },
        name="births",
        attrs=drawn.attrs,
    )


def beside_draws(drawn: xr.DataArray, variants: xr.DataArray) -> xr.DataArray:
    """Put the variants after the draws, so that one fit carries both through the cohorts. dims as `drawn`."""
    order = drawn.dims
    more = variants.drop_vars(["driver", "rate", "first", "last"]).rename(variant="draw")
    more = more.assign_coords(draw=np.arange(drawn.sizes["draw"], drawn.sizes["draw"] + len(VARIANTS)))
    both = xr.concat([drawn, more.transpose(*order).astype(drawn.dtype)], dim="draw")
    return both.assign_attrs(drawn.attrs)


def apart(model: UnitModel) -> tuple[UnitModel, list[UnitModel]]:
    """Take a law of motion that was fitted with `beside_draws` apart: that of the draws, one for each variant."""
    ratio, count = model.ratio, len(VARIANTS)
    if ratio.shape[2] <= count:  # no draws of births in it
        return model, [model] * count
    alone = [replace(model, ratio=ratio[:, :, i : i + 1]) for i in range(ratio.shape[2] - count, ratio.shape[2])]
    return replace(model, ratio=ratio[:, :, :-count]), alone


def variant_pupils(models: list[UnitModel], mean: Floats) -> Floats:
    """Mean pupils of every unit by variant: the forecast's own mean, moved as the other births move the mean path.

    ``pupils[v] = mean · path[v] / path[middle]`` unit by unit, so that the middle is the forecast itself, children already
    born are the same in every variant and every sum is the sum of its units.

    Parameters
    ----------
    models
        Laws of motion, in the order of `VARIANTS`.
    mean
        Mean of the draws, shape (units, years ahead). [pupils]

    Returns
    -------
    array
        shape (variants, units, years ahead). [pupils]
    """
    paths = [mean_path(model).T for model in models]
    middle = paths[list(VARIANTS).index("middle")]
    known = middle > 0
    return np.stack([mean * np.where(known, path / np.where(known, middle, 1.0), 1.0) for path in paths])


def births_variants_table(
    variants: xr.DataArray, drawn: xr.DataArray, registered: pd.DataFrame, townships: pd.DataFrame
) -> pd.DataFrame:
    """Table ``births_variants``: births of every township and of the county by variant and year.

    Parameters
    ----------
    variants
        Answer of `births_variants`. [children]
    drawn
        Answer of `project_births`. [children]
    registered
        Table ``births``: how far births are registered.
    townships
        Table ``townships``, for the names.

    Returns
    -------
    DataFrame
        Columns of ``births_variants``; `draws_below` is the share of the draws with fewer births, NaN in registered
        years. [children]
    """
    order = ("variant", "township_code", "year")
    whole = [values.sum("township_code").expand_dims(township_code=[COUNTY]) for values in (variants, drawn)]
    table = _long(xr.concat([variants, whole[0]], dim="township_code").transpose(*order), "births_mean")
    draws = xr.concat([drawn, whole[1]], dim="township_code").transpose("draw", *order[1:]).to_numpy()
    known = table["year"].to_numpy() <= int(drawn.attrs["last_observed"])
    values = table["births_mean"].to_numpy().reshape(len(VARIANTS), *draws.shape[1:])
    below = np.stack([(draws < value).mean(axis=0) + (draws == value).mean(axis=0) / 2 for value in values])
    names = townships.assign(township_code=townships["township_code"].astype(str)).set_index("township_code")["name"]
    through = last_registered(registered)
    table["township_name"] = table["township_code"].map({**names.to_dict(), COUNTY: "全县"})
    table["status"] = np.where(known, "observed", "forecast")
    table["cohort"] = [year_status(int(year), *through) for year in table["year"]]
    table["draws_below"] = np.where(known, np.nan, below.ravel())
    return table.merge(paces_of(variants), on="variant")


def paces_of(variants: xr.DataArray) -> pd.DataFrame:
    """Driver of every variant, its yearly rate of change as a share, and the years it was seen in (empty: none)."""
    first, last = (variants[name].to_numpy() for name in ("first", "last"))
    return pd.DataFrame(
        {
            "variant": variants["variant"].to_numpy(),
            "driver": variants["driver"].to_numpy(),
            "pace": np.expm1(variants["rate"].to_numpy()),
            "pace_years": [f"{a}–{b}" if a else "" for a, b in zip(first, last, strict=True)],
        }
    )


def forecast_variants_table(
    pupils: xr.DataArray, births: xr.DataArray, schools: pd.DataFrame, registered: pd.DataFrame, base_year: int
) -> pd.DataFrame:
    """Table ``forecast_variants``: mean pupils of every township and of the county by variant, stage and year.

    Parameters
    ----------
    pupils
        ``variant_pupils`` of `forecast_county`. [pupils]
    births
        Answer of `births_variants`, for the drivers.
    schools
        Table ``schools``, for the townships.
    registered
        Table ``births``: how far births are registered.
    base_year
        Last observed school year. [year]

    Returns
    -------
    DataFrame
        Columns of ``forecast_variants`` but for the name of the township; printed integers as in the other tables: by
        largest remainder over the schools of a year and grade. [pupils]
    """
    town = schools.astype({"school_id": str, "township_code": str}).set_index("school_id")["township_code"]
    table = _long(pupils.transpose("variant", "unit", "school_year"), "pupils_mean")
    unit = table.pop("unit").to_numpy()
    table["grade"] = pupils["grade"].to_numpy()[unit]
    table["township_code"] = town.reindex(pupils["school_id"].to_numpy().astype(str)).to_numpy()[unit]
    cells = table.groupby(["variant", "school_year", "grade"])["pupils_mean"]
    table["pupils_printed"] = cells.transform(lambda means: largest_remainder(means.to_numpy(dtype=float)))
    through = last_registered(registered)
    born = {
        (year, grade): cohort_status(cohort_of(year, grade), *through)
        for year in pupils["school_year"].to_numpy().tolist()
        for grade in sorted(set(table["grade"]))
    }
    table["cohort"] = [born[pair] for pair in zip(table["school_year"], table["grade"], strict=True)]
    table["stage"] = [str(STAGE_OF_GRADE[grade]) for grade in table["grade"]]
    keys = ["variant", "township_code", "school_year", "stage"]
    whole = pd.concat([table, table.assign(township_code=COUNTY)], ignore_index=True).groupby(keys, as_index=False)
    sums = whole[["pupils_mean", "pupils_printed"]].sum()
    marks = table.groupby(["school_year", "stage"])["cohort"].agg(joint_cohort).reset_index()
    status = np.where(sums["school_year"] <= base_year, "observed", "forecast")
    return sums.assign(status=status).merge(marks, on=["school_year", "stage"]).merge(paces_of(births), on="variant")


def _long(values: xr.DataArray, name: str) -> pd.DataFrame:
    """One row a cell, the last dimension running fastest."""
    index = pd.MultiIndex.from_product([values[d].to_numpy() for d in values.dims], names=[str(d) for d in values.dims])
    return pd.DataFrame({name: values.to_numpy().ravel().astype(float)}, index=index).reset_index()
