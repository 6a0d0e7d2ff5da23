"""The worst case of every pair, and what it means for the children of every village (table `access`)."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from layout_planner.errors import DataError
from layout_planner.terms import ENUMS, OUTSIDE, GradeBand
from layout_planner.travel.table import NO_ROUTE, OFF_NETWORK, SCREENING

PAIR: Final = ["village_code", "school_id", "grade_band"]
HOME: Final = ["village_code", "grade_band"]
WORST_COLUMNS: Final = (*PAIR, "minutes", "mode", "case", "metres", "reason")
ACCESS_COLUMNS: Final = (
    "village_code", "village_name", "township_code", "grade_band", "children", "attending", "nearest_school_id",
    "minutes_nearest", "minutes_attended", "minutes_worst", "mode", "case", "over_limit", "reason",
)  # fmt: skip
NO_SCHOOL: Final = "no_school_in_reach"
TOO_FAR: Final = "no_school_in_limit"  # the nearest school is over the limit
NEARER: Final = "nearer_school_in_limit"  # some go farther than the limit although a nearer school is not
UNSET: Final = "limit_unset"
NOT_COMPUTED: Final = "pair_not_computed"
ONE_CHILD: Final = 0.5  # children that round to one; smaller parts of an estimate are no trip that somebody makes
_UNREACHED: Final = (NO_ROUTE, OFF_NETWORK, NOT_COMPUTED)
_BANDS: Final = tuple(str(band) for band in GradeBand)


def worst_case(travel_minutes: pd.DataFrame) -> pd.DataFrame:
    """Take the best counted mode within each case, then the worst case, of every village, school and grade band.

    Parameters
    ----------
    travel_minutes
        Table `travel_minutes`.

    Returns
    -------
    DataFrame
        ``village_code, school_id, grade_band, minutes, mode, case, metres, reason``, one row a pair; NaN (no route,
        or beyond the cutoff) is worse than any number.
    """
    return _one_row_a_pair(_counted(travel_minutes))


def normal_case(travel_minutes: pd.DataFrame) -> pd.DataFrame:
    """Take the best counted mode in normal weather: the minutes that families choose a school by.

    Parameters
    ----------
    travel_minutes
        Table `travel_minutes`.

    Returns
    -------
    DataFrame
        Columns of `worst_case`.
    """
    counted = _counted(travel_minutes)
    return _one_row_a_pair(counted[counted["case"] == "normal"])


def access(
    worst: pd.DataFrame,
    allocation: pd.DataFrame,
    villages: pd.DataFrame,
    limits: Mapping[str, float | None],
    *,
    boarding: pd.Series | None = None,
) -> pd.DataFrame:
    """Nearest and attended schools of every village in the worst case, and the children over the limit.

    Parameters
    ----------
    worst
        Result of `worst_case`. Its cutoff must not be below the limits.
    allocation
        Table `allocation`; pupils whose home is outside the county have no row in the result.
    villages
        ``village_code``, ``name``, ``township_code``.
    limits
        Longest trip of each grade band, None where the county has not set one. [min]
    boarding
        Share of boarders by (school_id, grade_band), who make no daily trip; nobody boards if absent. [-]

    Returns
    -------
    DataFrame
        Table `access`, a row for every village and grade band with a school or a child. `mode` and `case` belong to
        the nearest school. `children` are all of the home, `attending` those in county schools. `over_limit` counts
        day children in county schools over the limit or without a route; it is NaN where no limit is set and all have
        a route. `minutes_worst` looks at schools with at least half a child. `reason` holds codes joined by ``;``.
        Σ children = Σ allocation of the county's homes.

    Raises
    ------
    DataError
        If the allocation names a village that `villages` has not.
    """
    homes = allocation[allocation["village_code"] != OUTSIDE]
    if (strange := ~homes["village_code"].isin(villages["village_code"])).any():
        raise DataError("access_unknown_village", found=set(homes.loc[strange, "village_code"]))
    trips = _attended(worst, homes, boarding)
    rows = _homes(worst, homes, villages)
    rows = rows.merge(_nearest(worst), on=HOME, how="left").merge(_means(trips), on=HOME, how="left")
    limit = rows["grade_band"].map({str(band): value for band, value in limits.items()}).astype(float)
    over = _over(trips, limits)
    rows = rows.merge(over, on=HOME, how="left")
    stranded = rows["stranded"].fillna(0.0)
    known = limit.notna()
    rows["over_limit"] = np.where(known, rows["over"].fillna(0.0), np.where(stranded > 0, stranded, np.nan))
    rows["reason"] = _why(rows, limit, screened=(worst["reason"] == SCREENING).any())
    rows[["nearest_school_id", "mode", "case"]] = rows[["nearest_school_id", "mode", "case"]].fillna("")
    return rows[list(ACCESS_COLUMNS)]


def _counted(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the modes and cases that count; all of a table that does not say."""
    return table[table["counts"].astype(bool)] if "counts" in table.columns else table


def _one_row_a_pair(table: pd.DataFrame) -> pd.DataFrame:
    """Best mode within a case, worst case within a pair; without minutes the mode that reaches farthest speaks."""
    work = table.assign(
        _far=table["minutes"].fillna(np.inf),
        _mode=-table["mode"].map(ENUMS["travel_mode"].index),
        _case=table["case"].map(ENUMS["travel_case"].index),
        _band=table["grade_band"].map(_BANDS.index),
    )
    best = work.sort_values(["_far", "_mode"], kind="stable").drop_duplicates([*PAIR, "case"])
    worst = best.sort_values(["_far", "_case"], ascending=[False, True], kind="stable").drop_duplicates(PAIR)
    return worst.sort_values(["village_code", "school_id", "_band"], ignore_index=True)[list(WORST_COLUMNS)]


def _attended(worst: pd.DataFrame, homes: pd.DataFrame, boarding: pd.Series | None) -> pd.DataFrame:
    """Daily trips of the children: village, band, day children, minutes, reason."""
    inside = homes.loc[(homes["attends"] != OUTSIDE) & (homes["children"] > 0), ["attends", *HOME, "children"]]
    trips = inside.rename(columns={"attends": "school_id"}).merge(worst, on=PAIR, how="left")
    trips["reason"] = trips["reason"].fillna(NOT_COMPUTED)
    if boarding is not None:
        keys = pd.MultiIndex.from_frame(trips[["school_id", "grade_band"]])
        trips["children"] *= 1.0 - boarding.reindex(keys).fillna(0.0).to_numpy()
    return trips


def _homes(worst: pd.DataFrame, homes: pd.DataFrame, villages: pd.DataFrame) -> pd.DataFrame:
    """Every village × band with a school or a child, in order: names, all its children, those in county schools."""
    keys = pd.concat([worst[HOME], homes[HOME]]).drop_duplicates()
    names = villages[["village_code", "name", "township_code"]].rename(columns={"name": "village_name"})
    rows = keys.merge(names, on="village_code", how="inner")
    total = homes.groupby(HOME)["children"].sum()
    inside = homes[homes["attends"] != OUTSIDE].groupby(HOME)["children"].sum().rename("attending")
    rows = rows.join(total, on=HOME).join(inside, on=HOME).fillna({"children": 0.0, "attending": 0.0})
    rows["_band"] = rows["grade_band"].map(_BANDS.index)
    return rows.sort_values(["village_code", "_band"], ignore_index=True)


def _nearest(worst: pd.DataFrame) -> pd.DataFrame:
    """Nearest school of each village and band that has one in reach."""
    reached = worst[worst["minutes"].notna()].sort_values(["minutes", "school_id"], kind="stable")
    near = reached.drop_duplicates(HOME)[[*HOME, "school_id", "minutes", "mode", "case"]]
    return near.rename(columns={"school_id": "nearest_school_id", "minutes": "minutes_nearest"})


def _means(trips: pd.DataFrame) -> pd.DataFrame:
    """Mean and longest minutes of the children who have a route, and the reasons of those who have none."""
    day = trips[trips["children"] > 0]
    routed = day[day["minutes"].notna()]
    present = routed[routed["children"] >= np.minimum(ONE_CHILD, routed.groupby(HOME)["children"].transform("max"))]
    weighted = present.assign(product=present["minutes"] * present["children"]).groupby(HOME)
    sums = weighted[["product", "children"]].sum()
    mean = (sums["product"] / sums["children"]).rename("minutes_attended")
    longest = present.groupby(HOME)["minutes"].max().rename("minutes_worst")
    lost = day[day["minutes"].isna()].groupby(HOME)["reason"].agg(lambda words: ";".join(sorted(set(words))))
    return pd.concat([mean, longest, lost.rename("lost")], axis=1).reset_index()


def _over(trips: pd.DataFrame, limits: Mapping[str, float | None]) -> pd.DataFrame:
    """Day children over the limit (NaN minutes are over) and day children without any route."""
    limit = trips["grade_band"].map({str(band): value for band, value in limits.items()}).astype(float)
    over = trips["children"].where(~(trips["minutes"] <= limit), 0.0)
    stranded = trips["children"].where(trips["minutes"].isna() & trips["reason"].isin(_UNREACHED), 0.0)
    return trips.assign(over=over, stranded=stranded).groupby(HOME, as_index=False)[["over", "stranded"]].sum()


def _why(rows: pd.DataFrame, limit: pd.Series, *, screened: bool) -> pd.Series:
    """Reasons of a row: no route, minutes by screening, no school in reach or limit, farther by choice, no limit."""
    nearest = rows["minutes_nearest"]
    farther = (rows["over_limit"] > 0) & (nearest <= limit)
    reason = rows["lost"].fillna("") + (";" + SCREENING if screened else "")
    for holds, word in (
        (nearest.isna(), NO_SCHOOL),
        (nearest > limit, TOO_FAR),
        (farther, NEARER),
        (limit.isna(), UNSET),
    ):
        reason = reason + np.where(holds, ";" + word, "")
    return reason.str.strip(";").astype("str")
