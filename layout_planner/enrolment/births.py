"""Births still to come: the county by a damped trend in state-space form, townships by pooled shares, with draws."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from layout_planner.enrolment.births_shares import draw_shares, fit_shares
from layout_planner.enrolment.births_trend import draw_trend, fit_trend
from layout_planner.enrolment.cohorts import AUTUMN_SHARE, births_by_year, cohort_parts, last_registered, year_status
from layout_planner.errors import DataError

Floats = NDArray[np.float64]

MIN_YEARS: Final = 3  # complete years needed to project at all
QUANTILES: Final = (0.1, 0.5, 0.9)


def project_births(
    yearly: pd.DataFrame, *, last_year_needed: int, draws: int, rng: np.random.Generator
) -> xr.DataArray:
    """Births by township and year: registered where known, drawn where not.

    County: ``log B[t+1] = l + φ·b + ε``, ``l ← l + φ·b + α·ε``, ``b ← φ·b + β·ε``. Township: multinomial with shares
    whose logarithms wander and have slopes that fade, shrunk to none as far as the townships together say.

    Parameters
    ----------
    yearly
        Answer of `births_by_year`: index township_code, columns year; NaN = not registered. [children]
    last_year_needed
        Last year of the answer. [year]
    draws
        Number of draws. [-]
    rng
        Source of randomness.

    Returns
    -------
    DataArray
        dims draw, township_code, year; observed years are equal in all draws. [children]

    Raises
    ------
    DataError
        ``births_too_few`` with fewer than three complete years.

    References
    ----------
    .. [1] docs/models/enrolment.md, section 2; the trend in `births_trend`, the shares in `births_shares`
    """
    complete = _complete_years(yearly)
    first, last = int(complete.columns[0]), int(complete.columns[-1])
    trend = fit_trend(complete.sum().to_numpy(dtype=float))
    ahead = max(last_year_needed - last, 0)
    county = np.exp(draw_trend(trend, ahead, draws, rng))
    shares = draw_shares(fit_shares(complete.to_numpy(dtype=float)), ahead, draws, rng)
    future = rng.multinomial(np.rint(county).astype(np.int64), shares.transpose(0, 2, 1)).transpose(0, 2, 1)
    known = np.broadcast_to(complete.to_numpy(dtype=float), (draws, *complete.shape))
    return xr.DataArray(
        np.concatenate([known, future], axis=2).astype(np.float32),
        dims=("draw", "township_code", "year"),
        coords={
            "draw": np.arange(draws),
            "township_code": complete.index.to_numpy(dtype=object).astype(str),
            "year": np.arange(first, last + ahead + 1),
        },
        name="births",
        attrs={"last_observed": last, "units": "children", **{f"trend_{k}": v for k, v in trend.means().items()}},
    ).sel(year=slice(None, max(last_year_needed, last)))


def births_table(
    births: xr.DataArray,
    registered: pd.DataFrame,
    townships: pd.DataFrame,
    *,
    through: tuple[int, int] | None = None,
) -> pd.DataFrame:
    """Table ``births_projected``: one row a township and year.

    Parameters
    ----------
    births
        Answer of `project_births`. [children]
    registered
        Table ``births``: a year registered in full is observed.
    townships
        Table ``townships``, for the names.
    through
        Last registered year and month; default: that of `registered`.

    Returns
    -------
    DataFrame
        Columns of ``births_projected``; status observed or forecast; cohort born, part (some months are registered) or
        unborn. [children]
    """
    values = births.to_numpy()
    mean, quantiles = values.mean(axis=0, dtype=float), np.quantile(values, QUANTILES, axis=0)
    codes, years = births["township_code"].to_numpy(), births["year"].to_numpy()
    index = pd.MultiIndex.from_product([codes, years], names=["township_code", "year"])
    table = pd.DataFrame({"births_mean": mean.ravel()}, index=index)
    for column, layer in zip(("births_p10", "births_p50", "births_p90"), quantiles, strict=True):
        table[column] = layer.ravel()
    table = table.reset_index()
    names = townships.assign(township_code=townships["township_code"].astype(str)).set_index("township_code")["name"]
    table.insert(1, "township_name", table["township_code"].map(names))
    known = births_by_year(registered).reindex(index=codes, columns=years).notna().to_numpy()
    known = known & (years <= births.attrs["last_observed"])
    table.insert(3, "status", np.where(known.ravel(), "observed", "forecast"))
    end = last_registered(registered) if through is None else through
    table.insert(4, "cohort", [year_status(int(year), *end) for year in table["year"]])
    return table


def cohort_draws(births: pd.DataFrame, drawn: xr.DataArray) -> xr.DataArray:
    """Births by school-year cohort in every draw: registered months as they are, the rest from the drawn years.

    Parameters
    ----------
    births
        Registered births. [children]
    drawn
        Answer of `project_births`. [children]

    Returns
    -------
    DataArray
        dims township_code, cohort, draw; NaN where neither part is known. [children]
    """
    codes = drawn["township_code"].to_numpy()
    years = drawn["year"].to_numpy()
    first = int(min(births["year"].min() - 1, years[0] - 1))
    cohorts = np.arange(first, years[-1])
    values = drawn.transpose("township_code", "year", "draw")
    total = np.zeros((len(codes), len(cohorts), drawn.sizes["draw"]))
    shares = (AUTUMN_SHARE, 1 - AUTUMN_SHARE)
    for part, share, shift in zip(cohort_parts(births), shares, (0, 1), strict=True):
        known = part.reindex(index=codes, columns=cohorts).to_numpy(dtype=float)[:, :, None]
        guess = share * values.reindex(year=cohorts + shift).to_numpy()
        total += np.where(np.isnan(known), guess, known)
    coords = {"township_code": codes, "cohort": cohorts, "draw": drawn["draw"].to_numpy()}
    return xr.DataArray(total, dims=("township_code", "cohort", "draw"), coords=coords, name="cohort_births")


def enough_years(yearly: pd.DataFrame) -> bool:
    """Whether `project_births` has the complete years it needs."""
    full = yearly.sort_index(axis="columns").notna().all().to_numpy()
    end = len(full) - int(np.argmax(full[::-1]))
    return bool(full.any()) and bool(full[max(end - MIN_YEARS, 0) : end].all()) and end >= MIN_YEARS


def _complete_years(yearly: pd.DataFrame) -> pd.DataFrame:
    """Last unbroken run of years with every township's births."""
    table = yearly.sort_index(axis="columns").sort_index()
    full = table.notna().all().to_numpy()
    if not full.any():
        raise DataError("births_too_few", found=0, allowed=MIN_YEARS)
    end = int(np.flatnonzero(full)[-1])
    gaps = np.flatnonzero(~full[:end])
    run = table.iloc[:, (int(gaps[-1]) + 1 if len(gaps) else 0) : end + 1]
    if run.shape[1] < MIN_YEARS:
        raise DataError("births_too_few", found=run.shape[1], allowed=MIN_YEARS)
    return run
