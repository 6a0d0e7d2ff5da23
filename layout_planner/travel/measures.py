"""What the minutes mean for children: who is over the limit, how far the farthest go, and whose only school is which.

Everything here is told of the worst case, of day children of the county's villages in county schools. Boarders,
children who attend elsewhere and pupils who come from outside are counted beside them, so that every sum closes.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from layout_planner.errors import DataError
from layout_planner.terms import COUNTY, OUTSIDE, GradeBand
from layout_planner.travel.cases import HOME, NOT_COMPUTED, PAIR, TOO_FAR, UNSET
from layout_planner.travel.network import Floats
from layout_planner.travel.table import SCREENING

SUMMARY_COLUMNS: Final = (
    "subject_type", "subject_id", "subject_name", "grade_band", "children", "daily_children", "boarding_children",
    "elsewhere_children", "limit", "over_limit", "villages_over", "trip_p50", "trip_p95", "trip_max", "unrouted_children",
    "farther_children", "farther_mean", "farther_max", "reason",
)  # fmt: skip
CHOICE_COLUMNS: Final = (
    "village_code", "village_name", "township_code", "grade_band", "attending", "limit", "schools_in_limit",
    "sole_school_id", "sole_school_name", "reason",
)  # fmt: skip
_SUMS: Final = ["children", "daily_children", "boarding_children", "elsewhere_children"]
_BANDS: Final = tuple(str(band) for band in GradeBand)
_SAME: Final = 1e-9  # minutes by which two trips must differ to be different
_ONE_CHILD: Final = 0.5  # a village is named from half a child on: less is a crumb of an estimate


def weighted_quantile(values: Floats, weights: Floats, share: float) -> float:
    """Return the smallest value that at least a share of the weight does not exceed.

    It is the inverse of the weighted distribution, so the answer is always one of the values: a trip that somebody
    makes, never one between two.

    Parameters
    ----------
    values, weights
        Numbers and their weights, shape (n,). A value that is NaN is larger than any number: nobody without a route is
        left out. Weights that are not positive count nothing.
    share
        Between 0 and 1. [-]

    Returns
    -------
    float
        NaN where nothing has weight, or where the share falls on a value that is NaN.
    """
    use = weights > 0
    if not use.any():
        return float("nan")
    far = np.where(np.isnan(values[use]), np.inf, values[use])
    found = float(np.quantile(far, share, weights=weights[use], method="inverted_cdf"))
    return found if np.isfinite(found) else float("nan")


def daily_trips(
    worst: pd.DataFrame,
    allocation: pd.DataFrame,
    villages: pd.DataFrame,
    limits: Mapping[str, float | None],
    *,
    boarding: pd.Series | None = None,
) -> pd.DataFrame:
    """List who goes where in the base year, with minutes, limit and the nearest school.

    Parameters
    ----------
    worst
        Result of `worst_case`, schools in use.
    allocation
        Table `allocation`.
    villages
        ``village_code``, ``name``, ``township_code``.
    limits
        Longest trip of each grade band, None where the county has not set one. [min]
    boarding
        Share of boarders by (school_id, grade_band); nobody boards if absent. [-]

    Returns
    -------
    DataFrame
        A row for every row of the allocation with children: ``village_code, village_name, township_code, school_id,
        grade_band, children, daily_children, boarding_children, elsewhere_children, minutes, reason, limit,
        minutes_nearest``. Home or school may be ``outside``: then all its children are `elsewhere_children` and make
        no trip here. Σ children = Σ allocation.

    Raises
    ------
    DataError
        If the allocation names a village that `villages` has not.
    """
    rows = allocation[allocation["children"] > 0][["village_code", "attends", "grade_band", "children"]]
    strange = ~rows["village_code"].isin([*villages["village_code"], OUTSIDE])
    if strange.any():
        raise DataError("access_unknown_village", found=set(rows.loc[strange, "village_code"]))
    names = villages[["village_code", "name", "township_code"]].rename(columns={"name": "village_name"})
    rows = rows.rename(columns={"attends": "school_id"}).merge(names, on="village_code", how="left")
    rows = rows.merge(worst[[*PAIR, "minutes", "reason"]], on=PAIR, how="left")
    near = worst.groupby(HOME, as_index=False)["minutes"].min().rename(columns={"minutes": "minutes_nearest"})
    rows = rows.merge(near, on=HOME, how="left")
    away = (rows["village_code"] == OUTSIDE) | (rows["school_id"] == OUTSIDE)
    share = np.zeros(len(rows))
    if boarding is not None:
        share = boarding.reindex(pd.MultiIndex.from_frame(rows[["school_id", "grade_band"]])).fillna(0.0).to_numpy()
    inside = rows["children"].where(~away, 0.0)
    rows["reason"] = rows["reason"].fillna(NOT_COMPUTED).where(~away, "").astype("str")
    limit = rows["grade_band"].map(_known(limits)).astype(float)
    return rows.assign(
        limit=limit,
        boarding_children=inside * share,
        daily_children=inside * (1.0 - share),
        elsewhere_children=rows["children"].where(away, 0.0),
    )


def access_summary(trips: pd.DataFrame, townships: pd.DataFrame, schools: pd.DataFrame) -> pd.DataFrame:
    """Count the children over the limit by grade band, for the county, every township of homes and every school.

    Parameters
    ----------
    trips
        Result of `daily_trips`.
    townships, schools
        ``township_code``, ``name``; ``school_id``, ``name``.

    Returns
    -------
    DataFrame
        Table `access_summary`. Children of county and township are those who live there, of a school those who attend
        it; ``children = daily_children + boarding_children + elsewhere_children`` in every row. `over_limit` counts day
        children over the limit or without minutes, `unrouted_children` the latter, `reason` says why. `trip_p50` and
        `trip_p95` are quantiles of the minutes weighted by day children (`weighted_quantile`), `trip_max` is the longest
        trip of at least half a child.
        `farther_children` have a school within the limit nearer than the one they attend, `farther_mean` and
        `farther_max` say by how many minutes. Where no limit is set, what needs it is NaN.
    """
    homes = trips[trips["village_code"] != OUTSIDE]
    parts = [
        _groups(homes.assign(subject_id=COUNTY), COUNTY, {COUNTY: "全县"}),
        _groups(homes.assign(subject_id=homes["township_code"]), "township", _names(townships, "township_code")),
        _groups(
            trips[trips["school_id"] != OUTSIDE].assign(subject_id=trips["school_id"]),
            "school",
            _names(schools, "school_id"),
        ),
    ]
    table = pd.concat(parts, ignore_index=True)
    return table[list(SUMMARY_COLUMNS)]


def school_choice(
    worst: pd.DataFrame,
    trips: pd.DataFrame,
    villages: pd.DataFrame,
    limits: Mapping[str, float | None],
    schools: pd.DataFrame,
) -> pd.DataFrame:
    """Count the schools within the limit of every village and band, and name the only one.

    Parameters
    ----------
    worst
        Result of `worst_case`, schools in use.
    trips
        Result of `daily_trips`.
    villages, schools
        ``village_code``, ``name``, ``township_code``; ``school_id``, ``name``.
    limits
        Longest trip of each grade band, None where none is set. [min]

    Returns
    -------
    DataFrame
        Table `school_choice`. `attending` are children of the village in county schools, boarders included, wherever
        they attend; `schools_in_limit` is NaN where no limit is set. Σ attending = Σ children in county schools.
    """
    inside = trips[(trips["village_code"] != OUTSIDE) & (trips["school_id"] != OUTSIDE)]
    rows = pd.concat([worst[HOME], inside[HOME]]).drop_duplicates()
    rows = rows.join(inside.groupby(HOME)["children"].sum().rename("attending"), on=HOME)
    names = villages[["village_code", "name", "township_code"]].rename(columns={"name": "village_name"})
    rows = rows.merge(names, on="village_code", how="inner").fillna({"attending": 0.0})
    rows["limit"] = rows["grade_band"].map(_known(limits)).astype(float)
    near = _within(worst, limits).groupby(HOME)["school_id"].agg(["size", "first"])
    rows = rows.join(near, on=HOME)
    known = rows["limit"].notna()
    count = rows["size"].fillna(0.0).where(known)
    sole = rows["first"].where(count == 1, "").fillna("").astype("str")
    screened = bool((worst["reason"] == SCREENING).any())
    rows = rows.assign(
        schools_in_limit=count,
        sole_school_id=sole,
        sole_school_name=sole.map(_names(schools, "school_id")).fillna("").astype("str"),
        reason=[_why(n, screened=screened) for n in count],
    )
    return _ordered(rows, "village_code")[list(CHOICE_COLUMNS)]


def _known(limits: Mapping[str, float | None]) -> dict[str, float]:
    return {str(band): float(value) for band, value in limits.items() if value is not None}


def _within(worst: pd.DataFrame, limits: Mapping[str, float | None]) -> pd.DataFrame:
    """Pairs within the limit of their band."""
    return worst[worst["minutes"] <= worst["grade_band"].map(_known(limits)).astype(float)]


def _why(count: float, *, screened: bool) -> str:
    words = [SCREENING] if screened else []
    if np.isnan(count):
        words.append(UNSET)
    elif count == 0:
        words.append(TOO_FAR)
    return ";".join(words)


def _names(table: pd.DataFrame, key: str) -> dict[str, str]:
    return dict(zip(table[key].astype(str), table["name"].astype(str), strict=True))


def _ordered(rows: pd.DataFrame, key: str) -> pd.DataFrame:
    rows = rows.assign(_band=rows["grade_band"].map(_BANDS.index))
    return rows.sort_values([key, "_band"], kind="stable", ignore_index=True).drop(columns="_band")


def _groups(rows: pd.DataFrame, kind: str, names: Mapping[str, str]) -> pd.DataFrame:
    """Measures of every subject and band."""
    made: list[dict[str, Any]] = []
    for (subject, band), part in rows.groupby(["subject_id", "grade_band"], sort=False):
        told = {"subject_type": kind, "subject_id": subject, "subject_name": names.get(str(subject), str(subject))}
        made.append({**told, "grade_band": band, **_measures(part)})
    return _ordered(pd.DataFrame(made, columns=list(SUMMARY_COLUMNS)), "subject_id")


def _measures(part: pd.DataFrame) -> dict[str, Any]:
    day = part["daily_children"].to_numpy(dtype=float)
    minutes, nearest, limit = (part[c].to_numpy(dtype=float) for c in ("minutes", "minutes_nearest", "limit"))
    known = not np.isnan(limit).any()
    over = np.where(minutes <= limit, 0.0, day)
    farther = np.where((nearest <= limit) & ~(minutes <= nearest + _SAME), day, 0.0)
    more = minutes - nearest
    told = farther * ~np.isnan(more)
    reached = more[(told > 0)]
    sums = {name: float(part[name].sum()) for name in _SUMS}
    return {
        **sums,
        "limit": limit[0] if known else np.nan,
        "over_limit": float(over.sum()) if known else np.nan,
        "villages_over": _villages(part, over) if known else "",
        "trip_p50": weighted_quantile(minutes, day, 0.5),
        "trip_p95": weighted_quantile(minutes, day, 0.95),
        "trip_max": _longest(minutes, day),
        "unrouted_children": float(day[np.isnan(minutes)].sum()),
        "farther_children": float(farther.sum()) if known else np.nan,
        "farther_mean": float((reached * told[told > 0]).sum() / told.sum()) if told.sum() > 0 else np.nan,
        "farther_max": _longest(more, told),
        "reason": _reasons(part, day, known=known),
    }


def _longest(minutes: Floats, children: Floats) -> float:
    """Longest trip that at least half a child makes; smaller parts count where there is nothing else."""
    here = (children > 0) & ~np.isnan(minutes)
    if not here.any():
        return float("nan")
    enough = here & (children >= min(_ONE_CHILD, children[here].max()))
    return float(minutes[enough].max())


def _villages(part: pd.DataFrame, over: Floats) -> str:
    """Names of the villages with children over the limit, those with most first."""
    sums = pd.Series(over, index=part.index).groupby([part["village_code"], part["village_name"]]).sum()
    sums = sums[sums >= _ONE_CHILD].sort_values(ascending=False, kind="stable")
    return "、".join(str(name) for name in sums.index.get_level_values(1))


def _reasons(part: pd.DataFrame, day: Floats, *, known: bool) -> str:
    """Reasons of the day children without minutes, a screening, a limit that is not set."""
    lost = part.loc[(day > 0) & part["minutes"].isna().to_numpy(), "reason"]
    words = sorted(set(lost) - {"", SCREENING})
    if (part["reason"] == SCREENING).any():
        words.append(SCREENING)
    return ";".join(words if known else [*words, UNSET])
