"""All tables of ``records``: who makes them, and the order of their columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import pandas as pd

from layout_planner.contracts import load_dictionary
from layout_planner.demo.records.children import children_tables
from layout_planner.demo.records.resources import resource_tables

if TYPE_CHECKING:
    from layout_planner.demo.county import DemoCounty

Maker = Callable[["DemoCounty"], Mapping[str, pd.DataFrame]]
MAKERS: Final[tuple[Maker, ...]] = (children_tables, resource_tables)


def all_records(county: DemoCounty) -> dict[str, pd.DataFrame]:
    """Make every further table of a county with map layers.

    Parameters
    ----------
    county
        From `make_county`, before its `more` is filled.

    Returns
    -------
    dict
        Rows by table name, columns in the order of the dictionary; a table without rows is left out.
    """
    made: dict[str, pd.DataFrame] = {}
    for make in MAKERS:
        made.update({name: in_order(name, rows) for name, rows in make(county).items() if len(rows)})
    return made


def in_order(name: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Put the columns of a table into the order of the dictionary; a column that it does not know is an error."""
    known = [column.name for column in load_dictionary().tables[name].columns]
    if strange := [c for c in rows.columns if c not in known]:
        raise KeyError(f"{name}: {strange}")
    return rows[[c for c in known if c in rows.columns]].reset_index(drop=True)
