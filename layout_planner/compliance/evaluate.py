"""Every check that the tables at hand allow, and a row 未评 or 未定 for every other rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from typing import Final

import pandas as pd

from layout_planner.compliance import (
    assets,
    buildings,
    demand,
    filing,
    layout_plan,
    merging,
    network,
    opinions,
    preschool,
    procedure,
    quality,
    size,
    special,
    staff,
    travel,
    zones,
)
from layout_planner.compliance.findings import (
    NOT_EVALUATED,
    Check,
    Entry,
    Finding,
    Subject,
    concat_findings,
    findings_frame,
    not_evaluated,
)
from layout_planner.errors import PolicyError
from layout_planner.policy import Catalogue, Rule
from layout_planner.terms import COUNTY, label

CheckTables = Mapping[
    str, pd.DataFrame
]  # the tables that the checks read, by name; each check says which columns it wants
FAMILIES: Final = (
    *(merging, procedure, filing, opinions, layout_plan, network),
    *(demand, travel, zones, special, assets),
    *(size, staff, buildings, quality, preschool),
)
CHECKS: Final[Mapping[str, Entry]] = {rule_id: entry for family in FAMILIES for rule_id, entry in family.CHECKS.items()}


def evaluate(tables: CheckTables, catalogue: Catalogue, day: date) -> pd.DataFrame:
    """Run every check whose table is there (for today, for every pair A→B, or for a plan).

    Parameters
    ----------
    tables
        What the checks read.
    catalogue
        The rules.
    day
        Day on which the rules are applied.

    Returns
    -------
    DataFrame
        Table ``findings``, in the order of rule ids; a rule not in force on `day` gives no row.
    """
    return concat_findings(
        [
            found
            for rule, table, check in _runnable(tables, catalogue)
            if (found := _applied(check, table, rule, day)) is not None
        ]
    )


def evaluate_today(
    tables: CheckTables,
    catalogue: Catalogue,
    day: date,
    county_name: str = "全县",
    *,
    further: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Run every check whose table is there and list every other rule as 未评 or 未定.

    Parameters
    ----------
    tables
        What the checks read.
    catalogue
        The rules.
    day
        Day on which the rules are applied.
    county_name
        Printed name of the county.
    further
        Findings made elsewhere, such as those of the pairs A→B; their rules count as evaluated.

    Returns
    -------
    DataFrame
        Table ``findings``: every rule of the catalogue has one row at least.
    """
    found = concat_findings([evaluate(tables, catalogue, day), *([] if further is None else [further])])
    found["subject_name"] = found["subject_name"].mask(found["subject_id"] == COUNTY, county_name)
    return concat_findings([found, not_evaluated(catalogue, set(found["rule_id"]), day, county_name)])


def _runnable(tables: CheckTables, catalogue: Catalogue) -> Iterator[tuple[Rule, pd.DataFrame, Check]]:
    for rule_id in sorted(CHECKS):
        entry = CHECKS[rule_id]
        table = tables.get(entry.table)
        rule = catalogue.rule(rule_id)
        unset = rule.mode == "PARAM" and not rule.values
        if table is not None and not unset:
            with_rules = {name: catalogue.rule(other) for name, other in entry.uses.items()}
            yield rule, table, partial(entry.check, **with_rules)


def _applied(check: Check, table: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame | None:
    """Findings of a rule; None where it has no number in force. A stage that it has no number for is not evaluated."""
    try:
        return check(table, rule, day)
    except PolicyError as error:
        if error.code != "rule_not_in_force":
            raise
    stages = sorted(set(table["stage"].dropna().astype("str")) & set(rule.stages)) if "stage" in table else []
    without = [stage for stage in stages if not rule.is_set(day, stage)]
    if rule.mode != "PARAM" or not without or len(without) == len(stages):
        return None
    rest = table[~table["stage"].isin(without)]
    county = Subject(COUNTY, COUNTY, "全县")
    told = [
        Finding(county, NOT_EVALUATED, missing=f"需：本县{label('stage', stage)}的数值", stage=stage)
        for stage in without
    ]
    return concat_findings([check(rest, rule, day), findings_frame(rule, told, day)])
