"""From birth to grade 1: who leaves before age 3, who between 3 and 6, who enters kindergarten and school.

Births are counted where they are registered, residents where they live, pupils through the flows. Ages are on 1
September; a child aged a in September y is of cohort ``y − a − 1``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from layout_planner.enrolment.cohorts import cohort_of, cohort_status, last_registered, school_year_cohorts

Floats = NDArray[np.float64]

AT_THREE: Final = (2, 3, 4)  # ages whose mean is the share of births that still live here at 3
AT_SIX: Final = (5, 6, 7)
BANDS: Final = {"children_0_2": (0, 1, 2), "children_3_5": (3, 4, 5), "children_6_11": (6, 7, 8, 9, 10, 11)}
PSEUDO: Final = 60.0  # births that pull a township's share to the county's, as the share of births that comes to school
MOVING: Final = 0.05  # least variance of staying per child: where nearly all stay, some come and others go [-]
BY_AGE: Final = "residents.csv"
BY_BAND: Final = "villages.csv"
NOTHING: Final = "none"
REASONS: Final = {
    BY_AGE: "",
    BY_BAND: "没有逐岁常住人数，由 0–2、3–5、6–11 岁三段按每岁等比变化推得",
    NOTHING: "没有常住儿童的年龄，3 岁前与 3–6 岁离开的分不开，只能给出合计",
}
NO_TOP_CLASS: Final = "前一学年大班儿童的家庭所在地没有推算（基准年以前，或没有幼儿园在园数），入园的空着"
_LEVELS: Final = {"p10": 0.1, "p90": 0.9}
_PARTS: Final = (
    "births", "left_before_3", "left_3_6", "living_at_6", "kindergarten", "no_kindergarten", "grade_1", "other",
    "not_entered",
)  # fmt: skip
COLUMNS: Final = (
    "township_code", "school_year", "cohort",
    *(f"{part}_{what}" for part in _PARTS for what in ("mean", "p10", "p90")),
    "stayed_3", "stayed_6", "basis", "reason",
)  # fmt: skip


@dataclass(frozen=True)
class Staying:
    """Share of a cohort's births that live here at 3 and at 6, by township, with the births behind it. NaN = unknown.

    All arrays have the shape (2, townships): at 3, at 6. [-], [children]
    """

    codes: tuple[str, ...]
    share: Floats
    births: Floats
    basis: str


def staying(
    births: pd.DataFrame, base_year: int, *, residents: pd.DataFrame | None = None, villages: pd.DataFrame | None = None
) -> Staying:
    """Estimate the share of births that live here at 3 and at 6 from the county's own counts of children by age.

    By single years of age (``residents``): ``S3 = Σ residents aged 2–4 / Σ births of their cohorts``, S6 with ages 5–7.
    By bands (``villages``): r02, r35 and r611 are residents over births, at 1½, 4½ and 9 years on average; between
    these the log of the share is a straight line: ``S3 = √(r02·r35)``, ``S6 = r35^⅔ · r611^⅓``. A township's share is
    drawn to the county's: ``(L + 60·S)/(B + 60)``. The shares also hold children who came: above 1 more came than left.

    Parameters
    ----------
    births
        Table ``births``. [children]
    base_year
        Newest year of residents that is used; the bands of villages are counted in it. [year]
    residents
        ``township_code, year, age, resident``; the newest year to the base year. [children]
    villages
        ``township_code`` and the bands ``children_0_2``, ``children_3_5``, ``children_6_11``. [children]

    Returns
    -------
    Staying
        NaN where neither table tells enough.
    """
    cohorts = school_year_cohorts(births)
    codes = tuple(str(code) for code in cohorts.index)
    if residents is not None and (residents["year"] <= base_year).any():
        rows = residents[residents["year"] <= base_year]
        year = int(rows["year"].max())
        rows = rows[rows["year"] == year].astype({"township_code": str})
        wide = rows.pivot_table(index="township_code", columns="age", values="resident", aggfunc="sum", dropna=False)
        counted = [_against(wide.reindex(index=codes), cohorts, year, ages) for ages in (AT_THREE, AT_SIX)]
        if np.isfinite(counted).any():
            pairs = [_pooled(living, born) for living, born in counted]
            return Staying(codes, np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs]), BY_AGE)
    known = [] if villages is None else [band for band in BANDS if band in villages and villages[band].notna().all()]
    if villages is not None and {"children_0_2", "children_3_5"} <= {*known}:
        sums = villages.astype({"township_code": str}).groupby("township_code")[known].sum().reindex(index=codes)
        rate = {band: _pooled(*_against_band(sums[band], cohorts, base_year, BANDS[band])) for band in known}
        young, middle = rate["children_0_2"], rate["children_3_5"]
        older = rate.get("children_6_11", (np.full(len(codes), np.nan),) * 2)
        share = np.array([np.sqrt(young[0] * middle[0]), middle[0] ** (2 / 3) * older[0] ** (1 / 3)])
        return Staying(codes, share, np.array([young[1], middle[1]]), BY_BAND)
    nothing = np.full((2, len(codes)), np.nan)
    return Staying(codes, nothing, nothing, NOTHING)


def leavers(
    stays: Staying,
    cohorts: xr.DataArray,
    grade_one: xr.DataArray,
    top_class: xr.DataArray,
    births: pd.DataFrame,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Table ``leavers``: a cohort from its births to grade 1, by home township and school year of grade 1.

    ``births = left_before_3 + left_3_6 + living_at_6``; ``living_at_6 = kindergarten + no_kindergarten = grade_1 +
    other``; ``not_entered = births − grade_1``. The shares that stay hold for the cohorts to come as well.

    Parameters
    ----------
    stays
        Answer of `staying`.
    cohorts
        Births: township_code, cohort, draw. [children]
    grade_one, top_class
        Children of the township in grade 1 and in 大班 of the county's schools: draw, township_code, school_year; of 大班
        the year before is looked up. [children]
    births
        Table ``births``: decides which cohorts are born.
    rng
        Source of randomness of who leaves.

    Returns
    -------
    DataFrame
        Columns of ``leavers``; NaN with a reason where the data cannot tell. [children]
    """
    year_of, month_of = last_registered(births)
    parts = []
    for year in grade_one["school_year"].values.tolist():
        cohort = cohort_of(int(year), 1)
        known = set(cohorts["cohort"].values.tolist())
        if cohort not in known:
            continue
        born = cohorts.sel(cohort=cohort).reindex(township_code=list(stays.codes)).transpose("township_code", "draw")
        draws = grade_one.sizes["draw"]
        columns = _columns(stays, np.asarray(born.values, dtype=float), _of(grade_one, stays, year), rng)
        columns |= _kindergarten(columns["living_at_6"], _of(top_class, stays, year - 1), draws)
        marks = {"school_year": int(year), "cohort": cohort_status(cohort, year_of, month_of)}
        parts.append(pd.DataFrame({"township_code": stays.codes, **marks, **_summary(columns)}))
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    table = pd.concat(parts, ignore_index=True)
    at = {code: i for i, code in enumerate(stays.codes)}
    rows = table["township_code"].map(at).to_numpy()
    told = table.assign(stayed_3=stays.share[0][rows], stayed_6=stays.share[1][rows], basis=stays.basis)
    unseen = table["kindergarten_mean"].isna()
    told["reason"] = [
        "；".join(filter(None, (_reason(stays, i), NO_TOP_CLASS if blank else "")))
        for i, blank in zip(rows, unseen, strict=True)
    ]
    return told.sort_values(["township_code", "school_year"], ignore_index=True)[list(COLUMNS)]


def _against(wide: pd.DataFrame, cohorts: pd.DataFrame, year: int, ages: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Residents of some ages and the births of their cohorts by township; NaN unless all are known."""
    columns = [year - age - 1 for age in ages]
    living = wide.reindex(columns=list(ages)).sum(axis=1, skipna=False)
    born = cohorts.reindex(columns=columns).sum(axis=1, skipna=False)
    return living.to_numpy(dtype=float), born.to_numpy(dtype=float)


def _against_band(living: pd.Series, cohorts: pd.DataFrame, year: int, ages: tuple[int, ...]) -> tuple[Floats, Floats]:
    born = cohorts.reindex(columns=[year - age - 1 for age in ages]).sum(axis=1, skipna=False)
    return living.to_numpy(dtype=float), born.to_numpy(dtype=float)


def _pooled(living: Floats, born: Floats) -> tuple[Floats, Floats]:
    """Share of each township drawn to that of all, and the births behind it."""
    known = np.isfinite(living) & np.isfinite(born)
    total = born[known].sum()
    whole = living[known].sum() / total if total > 0 else np.nan
    return np.where(known, (living + PSEUDO * whole) / (born + PSEUDO), np.nan), np.where(known, born, np.nan)


def _columns(stays: Staying, born: Floats, entered: Floats, rng: np.random.Generator) -> dict[str, Floats]:
    """Births and what becomes of them by draw, shape (townships, draws)."""
    share = [_drawn(stays.share[i], stays.births[i], born, rng) for i in (0, 1)]
    at_three, at_six = born * share[0], born * share[1]
    return {
        "births": born,
        "left_before_3": born - at_three,
        "left_3_6": at_three - at_six,
        "living_at_6": at_six,
        "grade_1": entered,
        "other": at_six - entered,
        "not_entered": born - entered,
    }


def _drawn(share: Floats, behind: Floats, born: Floats, rng: np.random.Generator) -> Floats:
    """Share that stays of one cohort in every draw: not known exactly, and each child decides. (townships, draws)."""
    variance = np.maximum(share * (1 - share), MOVING)[:, None]
    sd = np.sqrt(variance * (1 / (behind[:, None] + PSEUDO) + 1 / np.maximum(born, 1.0)))
    return np.maximum(share[:, None] + sd * rng.standard_normal(born.shape), 0.0)


def _kindergarten(living: Floats, attended: Floats | None, draws: int) -> dict[str, Floats]:
    there = np.full((len(living), draws), np.nan) if attended is None else attended
    return {"kindergarten": there, "no_kindergarten": living - there}


def _of(children: xr.DataArray, stays: Staying, year: int) -> Floats:
    """Children of the townships in a school year, NaN where not told. (townships, draws)."""
    if year not in children["school_year"].values:
        return np.full((len(stays.codes), children.sizes["draw"]), np.nan)
    here = children.sel(school_year=year).reindex(township_code=list(stays.codes))
    return np.asarray(here.transpose("township_code", "draw").values, dtype=float)


def _summary(columns: dict[str, Floats]) -> dict[str, Floats]:
    table = {}
    for part in _PARTS:
        values = columns[part]
        table[f"{part}_mean"] = values.mean(axis=1)
        for name, level in _LEVELS.items():
            table[f"{part}_{name}"] = np.quantile(values, level, axis=1)
    return table


def _reason(stays: Staying, row: int) -> str:
    missing = [name for name, share in zip(("3", "6"), stays.share[:, row], strict=True) if not np.isfinite(share)]
    if stays.basis == NOTHING or not missing:
        return REASONS[stays.basis]
    return f"{'、'.join(missing)} 岁前后的常住人数或对应的登记出生不全，{'、'.join(missing)} 岁前离开的无法推得"
