"""Tables of the family assets (闲置校舍)."""

from __future__ import annotations

import pandas as pd

from layout_planner.compliance.cases import cases_of
from layout_planner.pipeline.judging.today import Today

OPTIONAL = ["use_now", "receiver", "doc_no", "building_title", "book_value_yuan", "income_yuan"]


def tables_of(today: Today) -> dict[str, pd.DataFrame]:
    """Every asset with its school, whether the school has pupils, and what the ledger of procedure says about both."""
    register = today.table("assets")
    if register is None:
        return {}
    schools = today.setup.schools.set_index("school_id")
    rows = register.reindex(columns=[*dict.fromkeys([*register.columns, *OPTIONAL])])
    pupils = today.grades.groupby("school_id")["pupils"].sum()
    table = rows.assign(
        subject_type="school",
        subject_id=rows["school_id"],
        subject_name=rows["school_id"].map(schools["name"]).fillna(rows["school_id"]),
        is_open=rows["school_id"].map(pupils).fillna(0.0) > 0,
    )
    return {"assets": _with_cases(table, today)}


def _with_cases(table: pd.DataFrame, today: Today) -> pd.DataFrame:
    """Add the days of approval of disposal and of the layout plan, and whether a reopening is on record."""
    procedure = today.table("procedure")
    schools = table["school_id"]
    if procedure is None:
        nothing = {"recorded": False, "approved_on": pd.NaT, "plan_on": pd.NaT}
        return table.assign(**nothing, approved_above=False, reopening=False)
    steps = cases_of(procedure, pd.DataFrame(today.setup.schools[["school_id", "name"]]))
    approved = steps[(steps["case_kind"] == "asset") & (steps["step"] == "approve")]
    above = set(approved.loc[approved["level"] != "county", "school_id"])
    plan = steps[(steps["case_kind"] == "layout_plan") & steps["step"].isin(["approve", "file"])]["date"].min()
    return table.assign(
        recorded=True,
        approved_on=pd.to_datetime(schools.map(approved.groupby("school_id")["date"].min().to_dict())),
        approved_above=schools.isin(above),
        plan_on=pd.Timestamp(plan),
        reopening=schools.isin(set(steps.loc[steps["case_kind"] == "reopening", "school_id"].dropna())),
    )
