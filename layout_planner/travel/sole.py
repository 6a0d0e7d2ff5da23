"""Schools that are the only one within the limit, and the chain: who becomes the only one if a school closes."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from layout_planner.terms import GradeBand
from layout_planner.travel.cases import HOME

SOLE_COLUMNS: Final = (
    "school_id", "school_name", "township_code", "grade_band", "limit", "sole_villages", "sole_count", "children",
    "next_if_closed", "next_count", "next_children",
)  # fmt: skip
CHAIN_COLUMNS: Final = (
    "school_id", "school_name", "grade_band", "next_school_id", "next_school_name", "next_villages", "next_count",
    "children",
)  # fmt: skip
NONE: Final = "none"  # the next school of children who would have none within the limit
_NONE_ZH: Final = "限值内无学校"
_BANDS: Final = tuple(str(band) for band in GradeBand)
_TWO: Final = 2


def sole_schools(worst: pd.DataFrame, choice: pd.DataFrame, schools: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Say for which villages a school is the only one within the limit, and what its closing would leave.

    A closing of school A touches two kinds of villages: those with A alone within the limit would have no school, those
    with A and one other school B would have B alone.

    Parameters
    ----------
    worst
        Result of `worst_case`, schools in use.
    choice
        Table `school_choice`; it holds the limits.
    schools
        ``school_id``, ``name``, ``township_code``.

    Returns
    -------
    sole : DataFrame
        Table `sole_schools`: a row for every school and band with a limit that has a pupil within reach of it or not;
        `children` live where it is the only one, and would have none if it closed; `next_children` would be left with
        one school, `next_if_closed` names these schools. [children]
    chain : DataFrame
        Table `sole_chain`: the same by next school; ``none`` where there is no other within the limit.
        Σ children of the rows ``none`` = Σ children of `sole`.
    """
    limits = choice[choice["limit"].notna()].drop_duplicates("grade_band").set_index("grade_band")["limit"]
    near = worst[worst["minutes"] <= worst["grade_band"].map(limits).astype(float)]
    near = near.merge(choice[[*HOME, "village_name", "attending", "schools_in_limit"]], on=HOME, how="inner")
    chain = _chain(near, schools)
    rows = worst.loc[worst["grade_band"].isin(limits.index), ["school_id", "grade_band"]].drop_duplicates()
    towns = dict(zip(schools["school_id"], schools["township_code"], strict=True))
    parts = dict(list(chain.groupby(["school_id", "grade_band"])))
    told = [
        {
            "school_id": school,
            "school_name": _names(schools).get(school, school),
            "township_code": towns[school],
            "grade_band": band,
            "limit": float(limits[band]),
            **_told(parts.get((school, band), chain.iloc[:0])),
        }
        for school, band in rows.itertuples(index=False)
    ]
    return _ordered(pd.DataFrame(told, columns=list(SOLE_COLUMNS)), ["school_id"]), chain


def _names(schools: pd.DataFrame) -> Mapping[str, str]:
    return dict(zip(schools["school_id"].astype(str), schools["name"].astype(str), strict=True))


def _chain(near: pd.DataFrame, schools: pd.DataFrame) -> pd.DataFrame:
    """Rows of the chain: villages with one school in the limit, and both directions of villages with two."""
    alone = near[near["schools_in_limit"] == 1].assign(next_school_id=NONE)
    two = near[near["schools_in_limit"] == _TWO]
    pairs = two.merge(two[[*HOME, "school_id"]].rename(columns={"school_id": "next_school_id"}), on=HOME)
    pairs = pairs[pairs["school_id"] != pairs["next_school_id"]]
    both = pd.concat([alone, pairs], ignore_index=True)
    names = {**_names(schools), NONE: _NONE_ZH}
    made: list[dict[str, Any]] = []
    for (school, band, following), part in both.groupby(["school_id", "grade_band", "next_school_id"]):
        ranked = part.sort_values("attending", ascending=False, kind="stable")
        made.append(
            {
                "school_id": school,
                "school_name": names.get(school, school),
                "grade_band": band,
                "next_school_id": following,
                "next_school_name": names.get(following, following),
                "next_villages": "、".join(ranked["village_name"].astype(str)),
                "next_count": len(part),
                "children": float(part["attending"].sum()),
            }
        )
    return _ordered(pd.DataFrame(made, columns=list(CHAIN_COLUMNS)), ["school_id", "next_school_id"])


def _told(part: pd.DataFrame) -> dict[str, Any]:
    """What the chain says of one school and band."""
    alone, following = part[part["next_school_id"] == NONE], part[part["next_school_id"] != NONE]
    ranked = following.sort_values("children", ascending=False, kind="stable")
    return {
        "sole_villages": "".join(alone["next_villages"]),
        "sole_count": int(alone["next_count"].sum()),
        "children": float(alone["children"].sum()),
        "next_if_closed": "、".join(ranked["next_school_name"].astype(str)),
        "next_count": int(following["next_count"].sum()),
        "next_children": float(following["children"].sum()),
    }


def _ordered(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    rows = rows.assign(_band=rows["grade_band"].map(_BANDS.index).astype(float))
    order = [keys[0], "_band", *keys[1:]]
    return rows.sort_values(order, kind="stable", ignore_index=True).drop(columns="_band")
