"""Tables of the family preschool (学前教育普及普惠)."""

from __future__ import annotations

import math

import pandas as pd

from layout_planner.compliance import figure, latest
from layout_planner.compliance.findings import listed
from layout_planner.pipeline.judging.schools import by_stage, with_columns
from layout_planner.pipeline.judging.today import Today
from layout_planner.terms import Stage


def tables_of(today: Today) -> dict[str, pd.DataFrame]:
    """Kindergartens with their children, places and staff; none where the county's folder has no kindergarten."""
    rows = by_stage(today)
    rows = rows[(rows["stage"] == Stage.PRE) & ~(rows["pupils"] == 0)]
    if rows.empty:
        return {}
    here = with_columns(today, rows, "township_code", "ownership", "inclusive", "central")
    tables = {
        "kindergartens": here,
        "kindergarten_centres": _centres(today, here),
        "kindergarten_quality": _quality(today),
    }
    if (resident := _resident(today)) is not None:
        tables["preschool_children"] = pd.DataFrame(
            {"pupils": [float(here["pupils"].sum(skipna=False))], "resident": [resident]}
        )
    if (money := _money(today, here)) is not None:
        tables["kindergarten_money"] = money
    return tables


def _resident(today: Today) -> float | None:
    """Children of kindergarten age who live in the county; NaN where a township or an age is not there. [children]."""
    residents = today.table("residents")
    if residents is None:
        return None
    ages = today.setup.catalogue.rule("A03")
    low, high = (int(ages.on(today.setup.day, str(Stage.PRE), part)) for part in ("low", "high"))
    rows = residents[(residents["year"] == today.setup.base_year) & residents["age"].between(low, high)]
    wanted = len(today.setup.county.townships) * (high - low + 1)
    return float(rows["resident"].sum(skipna=False)) if len(rows) == wanted else math.nan


def _centres(today: Today, here: pd.DataFrame) -> pd.DataFrame:
    """Public central kindergartens of every township, and the names of those of which it is not known."""
    towns = today.setup.county.townships
    public = (here["ownership"] == "public").astype("boolean").mask(here["ownership"].isna(), pd.NA)
    sure = public & here["central"].astype("boolean")
    codes = here["township_code"]
    counts, doubts = sure.fillna(value=False).astype(int).groupby(codes).sum(), here[sure.isna()]
    names = {code: listed(rows["subject_name"]) for code, rows in doubts.groupby("township_code")}
    return pd.DataFrame(
        {
            "subject_type": "township",
            "subject_id": towns["township_code"],
            "subject_name": towns["name"],
            "centres": towns["township_code"].map(counts).fillna(0).astype(float),
            "doubt": [names.get(code, "") for code in towns["township_code"]],
            "children": towns["township_code"].map(here.groupby("township_code")["pupils"].sum()).fillna(0.0),
        }
    )


def _quality(today: Today) -> pd.DataFrame:
    """Sections of kindergartens beside the county's teachers, those with a certificate, and satisfaction."""
    sections = today.grades[today.grades["stage"] == Stage.PRE]
    teachers, certified, satisfaction = math.nan, math.nan, math.nan
    if (staff := today.table("teachers")) is not None:
        rows = staff[(staff["stage"] == Stage.PRE) & (staff["role"] == "teacher")]
        there = set(sections.loc[~(sections["pupils"] == 0), "school_id"])
        if there <= set(staff.loc[staff["stage"] == Stage.PRE, "school_id"]):
            teachers = float(rows["posts"].sum())
            held = rows["certified"] if "certified" in rows else pd.Series(pd.NA, index=rows.index)
            known = held.astype("boolean")
            certified = math.nan if known.isna().any() else float(rows.loc[known.astype(bool), "posts"].sum())
    if (indicators := today.table("indicators")) is not None:
        satisfaction = figure(latest(indicators, today.setup.base_year), "satisfaction_pre")
    return sections.assign(teachers=teachers, certified=certified, satisfaction=satisfaction)


def _money(today: Today, here: pd.DataFrame) -> pd.DataFrame | None:
    """The latest rates for kindergartens; a rate without a stage holds for all."""
    finance = today.table("finance")
    if finance is None:
        return None
    rows = finance[finance["year"] <= today.setup.base_year + 1].sort_values("year", kind="stable")
    stages = rows["stage"] if "stage" in rows else pd.Series(None, index=rows.index, dtype="str")
    rows = rows[stages.isna() | (stages == Stage.PRE)].drop_duplicates("item", keep="last")
    private = (here["ownership"] != "public") & ~(here["inclusive"].astype("boolean").eq(other=False)).fillna(
        value=False
    )
    return rows.assign(private=bool(private.any()))
