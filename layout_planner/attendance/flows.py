"""Flows from home to school, and the children of villages and townships regained from pupils through them.

A school's forecast has one source, the pupils; children at home are found by sending the pupils of every school back
along the flows of the base year. So Σ children = Σ pupils + Σ outside in every grade, year and draw.
"""

from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from layout_planner.errors import DataError
from layout_planner.terms import BAND_GRADES, BAND_OF_GRADE, OUTSIDE, GradeBand

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
FLOW_COLUMNS: Final = ("home_township_code", "attends", "grade_band", "children", "share")


def flows(allocation: pd.DataFrame, villages: pd.DataFrame) -> pd.DataFrame:
    """Add the allocation up by home township (table `flows`).

    Parameters
    ----------
    allocation
        Table `allocation`.
    villages
        ``village_code, township_code``.

    Returns
    -------
    DataFrame
        Children by home township, place attended and grade band, and their share of the home's children; the home
        `outside` has the pupils who come from other counties. Σ children = Σ allocation.

    Raises
    ------
    DataError
        If the allocation names a village that `villages` has not.
    """
    home = allocation["village_code"].map(_township_of(allocation, villages))
    table = allocation.assign(home_township_code=home, _band=_rank(allocation["grade_band"]))
    keys = ["home_township_code", "attends", "_band", "grade_band"]
    total = table.groupby(keys, as_index=False)["children"].sum()
    whole = total.groupby(["home_township_code", "grade_band"])["children"].transform("sum")
    total["share"] = total["children"] / whole
    return total.sort_values(["home_township_code", "_band", "attends"], ignore_index=True)[list(FLOW_COLUMNS)]


def children_from_pupils(pupils: xr.DataArray, allocation: pd.DataFrame, villages: pd.DataFrame) -> xr.Dataset:
    """Regain the children at home from the pupils in school, through the flows of the base year.

    ``children[v, g] = Σ_j pupils[j, g] * share[j, v] * (1 + outside odds of v)``: `share` is the part of a school's
    band that comes from home v, the odds are children outside per child in a county school, both of the base year.

    Parameters
    ----------
    pupils
        Dimensions ``draw, unit, school_year``; coordinates ``school_id`` and ``grade`` on ``unit``. [pupils]
    allocation
        Table `allocation` of the base year.
    villages
        ``village_code, township_code``.

    Returns
    -------
    Dataset
        ``children`` and ``outside`` (draw, township_code, grade, school_year), ``children_village`` (draw,
        village_code, grade_band, school_year), float32, and ``outside_village_mean`` (village_code, grade_band,
        school_year). The township and the village `outside` hold the pupils whose home is outside the county.
        In every grade, year and draw Σ children = Σ pupils + Σ outside. [children]

    Notes
    -----
    A school without base-year children in a band uses the shares of its nearest band, else those of the whole county.
    A home whose children all attend outside follows the pupils of its township, else of the county.

    Raises
    ------
    DataError
        If pupils are missing or the allocation names a village that `villages` has not.
    """
    values = pupils.transpose("draw", "school_year", "unit").values.astype(np.float32, copy=False)
    if (gone := np.isnan(values).any(axis=(0, 1))).any():
        raise DataError("pupils_missing", found=set(pupils["school_id"].values[gone].tolist()))
    township = _township_of(allocation, villages)
    homes = [*villages["village_code"], OUTSIDE]
    towns = [*sorted(set(villages["township_code"])), OUTSIDE]
    member = (township.reindex(homes).to_numpy()[:, None] == np.array(towns, dtype=object)[None, :]).astype(float)
    schools = sorted(set(pupils["school_id"].values.tolist()))
    shares = _shares(allocation, schools, homes)
    base = {band: (shares[band], shares[band] @ _odds(allocation, band, homes, member)) for band in shares}
    arrays = _by_township(values, pupils, base, schools, member) | _by_village(values, pupils, base, schools)
    return _dataset(arrays, pupils, homes, towns)


def _township_of(allocation: pd.DataFrame, villages: pd.DataFrame) -> pd.Series:
    """Township of every village code, with `outside` for itself."""
    codes = villages.set_index("village_code")["township_code"].astype(object)
    codes.loc[OUTSIDE] = OUTSIDE
    if len(strange := set(allocation["village_code"]) - set(codes.index)):
        raise DataError("allocation_unknown_village", found=strange)
    return codes


def _rank(bands: pd.Series) -> pd.Series:
    return bands.map({str(band): i for i, band in enumerate(GradeBand)})


def _matrix(allocation: pd.DataFrame, band: str, homes: list[str]) -> pd.DataFrame:
    """Children of one band by home (rows, all of them) and place attended (columns)."""
    part = allocation[allocation["grade_band"] == band]
    wide = part.pivot_table(index="village_code", columns="attends", values="children", aggfunc="sum")
    return wide.reindex(homes).fillna(0.0)


def _shares(allocation: pd.DataFrame, schools: list[str], homes: list[str]) -> dict[str, Floats]:
    """Share of every school's pupils by home, shape (schools, homes), rows adding up to 1, for each band."""
    own, county = {}, {}
    for band in (str(b) for b in GradeBand):
        inside = _matrix(allocation, band, homes).drop(columns=OUTSIDE, errors="ignore")
        own[band] = inside.reindex(columns=schools, fill_value=0.0).to_numpy(dtype=float).T
        county[band] = inside.to_numpy(dtype=float).sum(axis=1)
    everyone = sum(county.values())
    bands = list(own)
    shares = {}
    for i, band in enumerate(bands):
        nearest = sorted(bands, key=lambda other, i=i: abs(bands.index(other) - i))  # type: ignore[misc]
        rows = own[band].copy()
        for other in nearest[1:]:
            empty = rows.sum(axis=1) <= 0
            rows[empty] = own[other][empty]
        pool = county[band] if county[band].sum() > 0 else everyone
        rows[rows.sum(axis=1) <= 0] = pool if np.sum(pool) > 0 else 1.0
        shares[band] = rows / rows.sum(axis=1, keepdims=True)
    return shares


def _odds(allocation: pd.DataFrame, band: str, homes: list[str], member: Floats) -> Floats:
    """Children outside per child in a county school: from home (row) to home (column)."""
    table = _matrix(allocation, band, homes)
    outside = table[OUTSIDE].to_numpy(dtype=float) if OUTSIDE in table else np.zeros(len(homes))
    inside = table.drop(columns=OUTSIDE, errors="ignore").sum(axis=1).to_numpy(dtype=float, copy=True)
    inside[-1] = 0.0  # pupils from other counties say nothing about the county's own children
    odds = np.diag(np.divide(outside, inside, out=np.zeros_like(outside), where=inside > 0))
    same_town = member @ member.T
    for home in np.flatnonzero((outside > 0) & (inside <= 0)):
        followed = inside * same_town[home]
        followed = followed if followed.sum() > 0 else inside
        if followed.sum() > 0:
            odds[followed > 0, home] += outside[home] / followed.sum()
    return np.asarray(odds)


def _by_township(
    values: Singles, pupils: xr.DataArray, base: dict[str, tuple[Floats, Floats]], schools: list[str], member: Floats
) -> dict[str, Any]:
    """Children and outside by draw, township, grade and year."""
    grades = sorted(set(pupils["grade"].values.tolist()))
    draws, years, _ = values.shape
    shape = (draws, member.shape[1], len(grades), years)
    children, outside = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)
    for k, grade in enumerate(grades):
        units, rows = _units(pupils, (grade,), schools)
        share, away = (matrix[rows] @ member for matrix in base[str(BAND_OF_GRADE[grade])])
        heads = values[:, :, units].reshape(draws * years, -1)
        inside = (heads @ share.astype(np.float32)).reshape(draws, years, -1).transpose(0, 2, 1)
        beyond = (heads @ away.astype(np.float32)).reshape(draws, years, -1).transpose(0, 2, 1)
        children[:, :, k], outside[:, :, k] = inside + beyond, beyond
    dims = ("draw", "township_code", "grade", "school_year")
    return {"children": (dims, children), "outside": (dims, outside), "grade": grades}


def _by_village(
    values: Singles, pupils: xr.DataArray, base: dict[str, tuple[Floats, Floats]], schools: list[str]
) -> dict[str, Any]:
    """Children by draw, village, band and year, and the mean of those outside."""
    present = set(pupils["grade"].values.tolist())
    bands = [band for band, grades in BAND_GRADES.items() if present & set(grades)]
    draws, years, _ = values.shape
    homes = next(iter(base.values()))[0].shape[1]
    children = np.empty((draws, homes, len(bands), years), dtype=np.float32)
    outside = np.empty((homes, len(bands), years))
    for k, band in enumerate(bands):
        units, rows = _units(pupils, BAND_GRADES[band], schools)
        share, away = (matrix[rows] for matrix in base[str(band)])
        heads = values[:, :, units]
        weights = (share + away).astype(np.float32)
        children[:, :, k] = (heads.reshape(draws * years, -1) @ weights).reshape(draws, years, homes).transpose(0, 2, 1)
        outside[:, k] = (heads.mean(axis=0, dtype=np.float64) @ away).T
    dims = ("village_code", "grade_band", "school_year")
    return {
        "children_village": (("draw", *dims), children),
        "outside_village_mean": (dims, outside),
        "grade_band": [str(band) for band in bands],
    }


def _units(pupils: xr.DataArray, grades: tuple[int, ...], schools: list[str]) -> tuple[Any, Any]:
    """Positions of the units of some grades, and the row of each unit's school."""
    units = np.flatnonzero(np.isin(pupils["grade"].values, grades))
    return units, np.searchsorted(schools, pupils["school_id"].values[units].astype(str))


def _dataset(arrays: dict[str, Any], pupils: xr.DataArray, homes: list[str], towns: list[str]) -> xr.Dataset:
    variables = ("children", "outside", "children_village", "outside_village_mean")
    coordinates = {
        "township_code": towns,
        "village_code": homes,
        "grade": arrays["grade"],
        "grade_band": arrays["grade_band"],
        "school_year": pupils["school_year"].values,
    }
    if "draw" in pupils.coords:
        coordinates["draw"] = pupils["draw"].values
    return xr.Dataset({name: arrays[name] for name in variables}, coords=coordinates)
