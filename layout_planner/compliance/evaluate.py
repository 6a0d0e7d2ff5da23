"""Every check that the tables at hand allow, and a row 未评 or 未定 for every other rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

import pandas as pd

from layout_planner.compliance.findings import Check, concat_findings, not_evaluated
from layout_planner.compliance.merging import (
    check_build_before_close,
    check_merge_crowding,
    check_must_keep,
    check_receiver_places,
)
from layout_planner.compliance.size import (
    check_class_size,
    check_incomplete_primary,
    check_oversized_class,
    check_school_size,
)
from layout_planner.compliance.travel import check_older_boarders, check_young_boarders, check_young_pupils_trip
from layout_planner.errors import PolicyError
from layout_planner.policy import Catalogue, Rule

_CHECKS: Final[Mapping[str, tuple[str, Check]]] = {
    "T01": ("trips", check_young_pupils_trip),
    "T02": ("boarders", check_young_boarders),
    "T03": ("boarding", check_older_boarders),
    "C01": ("sections", check_class_size),
    "C03": ("sections", check_incomplete_primary),
    "C07": ("sections", check_oversized_class),
    "C10": ("school_sizes", check_school_size),
    "M09": ("receivers", check_receiver_places),
    "M12": ("readiness", check_build_before_close),
    "M19": ("closings", check_must_keep),
}


@dataclass(frozen=True)
class CheckTables:
    """The tables that the checks read; None where there is none. Each check says which columns it wants.

    Attributes
    ----------
    trips, boarders, boarding
        T01, T02, T03.
    sections, school_sizes
        C01, C03, C07; C10.
    receivers, crowding, readiness, closings
        M09, M10, M12, M19: one row for every pair A→B or every closing of a plan.
    """

    trips: pd.DataFrame | None = None
    boarders: pd.DataFrame | None = None
    boarding: pd.DataFrame | None = None
    sections: pd.DataFrame | None = None
    school_sizes: pd.DataFrame | None = None
    receivers: pd.DataFrame | None = None
    crowding: pd.DataFrame | None = None
    readiness: pd.DataFrame | None = None
    closings: pd.DataFrame | None = None


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
    return concat_findings([found, not_evaluated(catalogue, set(found["rule_id"]), day, county_name)])


def _runnable(tables: CheckTables, catalogue: Catalogue) -> Iterator[tuple[Rule, pd.DataFrame, Check]]:
    crowding = partial(check_merge_crowding, oversized=catalogue.rule("C07"), ceiling=catalogue.rule("C10"))
    checks: dict[str, tuple[str, Check]] = {**_CHECKS, "M10": ("crowding", crowding)}
    for rule_id in sorted(checks):
        name, check = checks[rule_id]
        table = getattr(tables, name)
        if table is not None:
            yield catalogue.rule(rule_id), table, check


def _applied(check: Check, table: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame | None:
    try:
        return check(table, rule, day)
    except PolicyError as error:
        if error.code != "rule_not_in_force":
            raise
        return None
