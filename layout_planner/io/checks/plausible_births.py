"""Round 3: births as they can be."""

from __future__ import annotations

import numpy as np
import pandas as pd

from layout_planner.contracts import load_dictionary
from layout_planner.errors import Both, Problem
from layout_planner.io.checks.chance import astray, poisson_above
from layout_planner.io.checks.model import SETTINGS, Check, Context, at_rows, file_of, named, truths
from layout_planner.io.checks.plausible_months import months, odd_years
from layout_planner.io.checks.whole import not_whole

MONTHS = 12
ENTRY_LAG = (7, 6)  # grade 1 of September y: a third born in y − 7, two thirds in y − 6
SHARES = (1 / 3, 2 / 3)
AGES = {"children_0_2": (0, 2), "children_3_5": (3, 5)}


def future(ctx: Context) -> list[Problem]:
    """Nobody is registered as born after the year that follows the base year."""
    births, last = ctx.tables["births"], ctx.base_year + 1
    rows = births[births["year"] > last]
    return at_rows("births_future", ("births", "year"), rows, rows["year"], allowed=str(last))


def outliers(ctx: Context) -> list[Problem]:
    """A year's births lie near the line through the township's other years."""
    problems = []
    names = named(ctx.tables["townships"], "township_code")
    odd = odd_years(ctx)
    for code, rows in _yearly(ctx).groupby("township_code"):
        rows = rows[truths((code, year) not in odd for year in rows["year"])]
        off, expected = astray(rows["births"], rows["year"])
        for at in np.flatnonzero(np.abs(off) > ctx.values["check_sd"]):
            row = rows.iloc[at]
            found = Both(f"{row['year']:.0f}：{row['births']:g}", f"{row['year']:.0f}: {row['births']:g}")
            name = names.get(str(code), str(code))
            problems.append(_births("births_outlier", int(row["_row"]), name, found, f"{expected[at]:.0f}"))
    return problems


def entrants(ctx: Context) -> list[Problem]:
    """Grade 1 of the county holds a possible share of those born for it."""
    low, high = ctx.values["check_entrants_low"], ctx.values["check_entrants_high"]
    yearly = _yearly(ctx)
    towns = yearly.groupby("year")["births"].agg(["sum", "size"])
    odd = {year for _, year in odd_years(ctx)}
    born = towns.loc[(towns["size"] == yearly["township_code"].nunique()) & ~towns.index.isin(odd), "sum"]
    table = ctx.tables["enrolment"]
    refused = ctx.refused("enrolment")
    spoilt = set(refused.loc[refused["grade"] == 1, "school_year"])
    first = table[(table["grade"] == 1) & ~table["school_year"].isin(spoilt)].groupby("school_year")["pupils"].sum()
    lag = zip(ENTRY_LAG, SHARES, strict=True)
    due = sum(born.reindex(first.index - years).to_numpy() * share for years, share in lag)
    ratio = pd.Series(first.to_numpy() / np.where(due > 0, due, np.nan), index=first.index)
    return [
        Problem(
            "warning", "entrants_births", file_of("enrolment"), None, f"{year}", f"{value:.2f}", f"{low:g}–{high:g}"
        )
        for year, value in ratio[(ratio < low) | (ratio > high)].items()
    ]


def village_children(ctx: Context) -> list[Problem]:
    """Young children of a township's villages are those born there, but for who came and went."""
    low, high = ctx.values["check_entrants_low"], ctx.values["check_entrants_high"]
    villages = ctx.tables["villages"]
    yearly = _yearly(ctx)
    fine = truths(cell not in odd_years(ctx) for cell in zip(yearly["township_code"], yearly["year"], strict=True))
    born = yearly[fine].pivot_table(index="township_code", columns="year", values="births", aggfunc="sum")
    names = named(ctx.tables["townships"], "township_code")
    problems = []
    for column, (young, old) in AGES.items():
        there = villages.groupby("township_code")[column].sum(min_count=1).dropna()
        there = there[~there.index.isin(not_whole(ctx, there.index))]
        due = _born_for(born, ctx.base_year, young, old).reindex(there.index)
        many = poisson_above(there, due * high) < ctx.values["check_alpha"]
        few = poisson_above(due * low, there) < ctx.values["check_alpha"]
        for code in there.index[(many | few) & due.notna().to_numpy()]:
            zh = load_dictionary().columns[column].zh
            found, name = Both(f"{zh} {there[code]:g}", f"{column} {there[code]:g}"), names.get(code, code)
            problems.append(
                Problem("warning", "children_births", file_of("villages"), None, name, found, f"{due[code]:.0f}")
            )
    return problems


def _born_for(born: pd.DataFrame, base: int, young: int, old: int) -> pd.Series:
    """Births of the children aged young … old on 1 September of the base year; NaN where a year is missing."""
    years = range(base - old - 1, base - young + 1)
    table = born.reindex(columns=years)
    weights = np.array([SHARES[0], *[1.0] * (len(years) - 2), SHARES[1]])
    return pd.Series(table.to_numpy() @ weights, index=table.index)


def _yearly(ctx: Context) -> pd.DataFrame:
    """Births by township and whole year, with the first row of the file; the years to come are left out."""
    births, by = ctx.tables["births"], ["township_code", "year"]
    refused = pd.MultiIndex.from_frame(ctx.refused("births")[by])
    births = births[~pd.MultiIndex.from_frame(births[by]).isin(refused)]
    if ctx.settings is not None:
        births = births[births["year"] <= ctx.base_year + 1]
    table = births.groupby(["township_code", "year"], as_index=False).agg(
        births=("births", "sum"), months=("month", "count"), _row=("_row", "min")
    )
    return table[table["months"].isin([0, MONTHS])]


def _births(code: str, row: int, name: str, found: str, allowed: str) -> Problem:
    return Problem("warning", code, file_of("births"), row, name, found, allowed)


CHECKS = (
    Check("births_future", "plausible", "error", "没有登记将来的出生", "No births of the future",
          ("births", SETTINGS), future),
    Check("births_outlier", "plausible", "warning", "各镇出生数与自身走势相符", "Births follow the township's own line",
          ("births", "townships"), outliers),
    Check("births_month", "plausible", "warning", "各月出生数与本镇其他月、其他年相符", "Months fit the township's others",
          ("births",), lambda ctx: ctx.once("months", months)),
    Check("entrants_births", "plausible", "warning", "一年级新生与出生数之比可能", "Grade 1 against births is possible",
          ("births", "enrolment"), entrants),
    Check("children_births", "plausible", "warning", "各镇村里幼儿数与出生数相符", "Young children of villages fit births",
          ("births", "villages", "townships", SETTINGS), village_children),
)  # fmt: skip
