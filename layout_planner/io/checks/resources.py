"""Rounds 2 and 3: staff, assets and their ledger, procedure and opinions."""

from __future__ import annotations

import pandas as pd

from layout_planner.errors import Both, Problem
from layout_planner.io.checks.astray import aside, known_of, unknown, without
from layout_planner.io.checks.attendance import without_stage
from layout_planner.io.checks.dates import future_rows
from layout_planner.io.checks.model import Check, Context, at_rows, truths, words

_HALF_FEN = 0.005  # yuan
_IDLE = ("stopped", "inventoried", "titled", "proposed", "approved", "transferred", "reused")
DAYS_A_YEAR = 365.25
_VIEWS = Both("赞成、反对、弃权", "support + oppose + abstain")


def staff_stages(ctx: Context) -> list[Problem]:
    """Staff stand at a stage that their school offers."""
    rows = without_stage(ctx, "teachers").drop_duplicates(["school_id", "stage"])
    allowed = words("stage", rows["stage"])
    return at_rows("stage_not_offered", ("teachers", "stage"), rows, rows["school_id"], allowed=allowed)


def books(ctx: Context) -> list[Problem]:
    """The book value of every asset is its entry of the ledger, to the fen."""
    assets, ledger = ctx.tables["assets"], ctx.tables["ledger"]
    entries = ledger[(ledger["ledger_item"] == "fixed_assets") & ledger["asset_id"].notna()]
    if not len(entries):
        return []
    last = entries[entries["year"] == entries.groupby("asset_id")["year"].transform("max")]
    told = last.groupby("asset_id")["yuan"].sum()
    refused = aside(ctx, "ledger")
    valued = assets[assets["book_value_yuan"].notna() & ~assets["asset_id"].isin(known_of(refused, "asset_id"))]
    entry = valued["asset_id"].map(told)
    rows = valued[(valued["book_value_yuan"] - entry).abs() > _HALF_FEN]
    found = [f"{value:.2f}" for value in rows["book_value_yuan"]]
    problems = at_rows("asset_differs", ("assets", "book_value_yuan"), rows, found,
                       allowed=[f"{v:.2f}" for v in entry[rows.index]], severity="warning")  # fmt: skip
    strange = entries[unknown(ctx, "ledger", "asset_id", "assets")[ledger.index.get_indexer(entries.index)]]
    strange = strange.drop_duplicates("asset_id")
    lost = set(strange["yuan"].round(2)) | {float(v) for v in without(refused, "asset_id")["yuan"] if v is not None}
    bare = valued[entry.isna() & (valued["book_value_yuan"] > 0) & ~valued["book_value_yuan"].round(2).isin(lost)]
    problems += at_rows("asset_not_booked", ("assets", "asset_id"), bare, bare["asset_id"], severity="warning")
    return problems + at_rows("asset_unknown", ("ledger", "asset_id"), strange, strange["asset_id"], severity="warning")


def states(ctx: Context) -> list[Problem]:
    """An asset that is out of use has the day since when; one in use has none."""
    table = ctx.tables["assets"]
    idle = table["asset_state"].isin(_IDLE)
    bare = table[idle & table["idle_since"].isna()]
    used = table[(table["asset_state"] == "in_use") & table["idle_since"].notna()]
    states_of = words("asset_state", bare["asset_state"])
    return at_rows("asset_without_date", ("assets", "idle_since"), bare, states_of, severity="warning") + at_rows(
        "asset_in_use_idle", ("assets", "idle_since"), used, _text(used["idle_since"]), severity="warning"
    )


def asset_sites(ctx: Context) -> list[Problem]:
    """An asset stands on the site of its school."""
    sites = ctx.tables["schools"].set_index("school_id")["site_id"]
    table = ctx.tables["assets"]
    site = table["school_id"].map(sites)
    rows = table[site.notna() & (site != table["site_id"])]
    return at_rows(
        "asset_site", ("assets", "site_id"), rows, rows["site_id"], allowed=list(site[rows.index]), severity="warning"
    )


def day_order(ctx: Context) -> list[Problem]:
    """A step ends on or after the day it begins."""
    table = ctx.tables["procedure"]
    both = table[table["date_end"].notna() & ~table["_row"].isin(future_rows(ctx, "procedure"))]
    rows = both[truths(end < start for start, end in zip(both["date"], both["date_end"], strict=True))]
    return at_rows(
        "dates_turned", ("procedure", "date_end"), rows, _text(rows["date_end"]), allowed=_text(rows["date"])
    )


def far_steps(ctx: Context) -> list[Problem]:
    """The steps of a case lie within a few years; whether they are in order is judged by the rules of procedure."""
    table = ctx.tables["procedure"]
    table = table[~table["_row"].isin(future_rows(ctx, "procedure"))]
    days = pd.to_datetime(table["date"])
    years = (days - days.groupby(table["case_id"]).transform("median")).dt.days.abs() / DAYS_A_YEAR
    rows = table[(years > ctx.values["check_case_years"]).to_numpy(dtype=bool)]
    limit = f"{ctx.values['check_case_years']:g}"
    return at_rows("step_far", ("procedure", "date"), rows, _text(rows["date"]), allowed=limit, severity="warning")


def opinion_sums(ctx: Context) -> list[Problem]:
    """No more opinions than people asked."""
    table = ctx.tables["opinions"]
    said = table["support"] + table["oppose"] + table["abstain"].fillna(0)
    rows = table[(said > table["asked"]).to_numpy(dtype=bool)]
    return at_rows("opinions_exceed_asked", ("opinions", _VIEWS), rows, _text(said[rows.index]),
                   allowed=_text(rows["asked"]))  # fmt: skip


def _text(values: pd.Series) -> list[str]:
    return [str(value) for value in values]


CHECKS = (
    Check("staff_stages", "cross", "error", "教职工所在学段学校开设", "Staff stand at a stage their school offers",
          ("teachers", "schools"), staff_stages, ("stage_not_offered",)),
    Check("asset_books", "cross", "warning", "资产登记与账目一致到分", "Assets equal the ledger to the fen",
          ("assets", "ledger"), books, ("asset_differs", "asset_not_booked", "asset_unknown")),
    Check("asset_states", "cross", "warning", "闲置资产写明起始日期", "Idle assets have their day",
          ("assets",), states, ("asset_without_date", "asset_in_use_idle")),
    Check("asset_sites", "cross", "warning", "资产在本校校址上", "Assets stand on the site of their school",
          ("assets", "schools"), asset_sites, ("asset_site",)),
    Check("procedure_dates", "cross", "error", "截止日期不早于起始日期", "Steps end after they begin",
          ("procedure",), day_order, ("dates_turned",)),
    Check("procedure_years", "plausible", "warning", "一个事项的各步骤相隔不太远", "Steps of a case lie within a few years",
          ("procedure",), far_steps, ("step_far",)),
    Check("opinion_sums", "cross", "error", "表态人数不多于应征求人数", "No more opinions than people asked",
          ("opinions",), opinion_sums, ("opinions_exceed_asked",)),
)  # fmt: skip
