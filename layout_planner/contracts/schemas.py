"""Schemas of the output tables (pandera), made from the dictionary of columns: strict, unique keys, ranges."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from layout_planner.contracts.dictionary import Column, load_dictionary
from layout_planner.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_DTYPES = {"code": "str", "text": "str", "int": "int64", "float": "float64", "bool": "bool"}


@cache
def schema_of(table: str) -> Any:
    """Make the pandera schema of an output table.

    Parameters
    ----------
    table
        Name of the table in ``columns.toml``.

    Returns
    -------
    pandera.pandas.DataFrameSchema
        Strict (no other columns, this order), key unique, numbers within their range; a text, a decimal number
        and a code may be missing, a whole number and a truth value may not.
    """
    import pandera.pandas as pa

    spec = load_dictionary().tables[table]
    return pa.DataFrameSchema(
        {column.name: _column(column, is_key=column.name in spec.key) for column in spec.required},
        strict=True,
        ordered=True,
        unique=list(spec.key) or None,
        name=table,
    )


def _column(column: Column, *, is_key: bool) -> Any:
    import pandera.pandas as pa

    checks = []
    if column.min is not None:
        checks.append(pa.Check.ge(column.min))
    if column.max is not None:
        checks.append(pa.Check.le(column.max))
    if column.labels is not None:
        allowed = [*column.labels, ""] if not is_key else [*column.labels, "all", ""]
        checks.append(pa.Check.isin(allowed))
    dtype = _DTYPES.get(column.type, "str")
    return pa.Column(dtype, checks=checks, nullable=dtype in {"str", "float64"} and not is_key)


def check_table(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Bring a computed table to its contract: columns and order, dtypes, ranges, unique key.

    Parameters
    ----------
    table
        Name of the table in ``columns.toml``.
    frame
        Computed rows.

    Returns
    -------
    DataFrame
        The same rows with the dtypes of the contract.

    Raises
    ------
    DataError
        ``table_broken`` with the column and the first values that break the contract.
    """
    import pandera.errors

    spec = load_dictionary().tables[table]
    if missing := [c for c in spec.names if c not in frame.columns]:
        raise DataError("table_broken", table=table, column=missing, found="缺列")
    typed = frame[spec.names].reset_index(drop=True)
    try:
        for column in spec.required:
            typed[column.name] = _cast(typed[column.name], column)
        return schema_of(table).validate(typed, lazy=True)
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases
        raise DataError(
            "table_broken",
            table=table,
            column=sorted(set(cases["column"].dropna().astype(str))),
            found=sorted(set(cases["failure_case"].astype(str)))[:6],
        ) from error
    except (TypeError, ValueError) as error:
        raise DataError("table_broken", table=table, column=column.name, found=str(error)[:120]) from error


def _cast(values: pd.Series, column: Column) -> pd.Series:
    if column.type == "bool":
        return values.astype(bool)
    if column.type in {"int", "float"}:
        return values.astype(_DTYPES[column.type])
    text = values.astype("str")
    return text.where(values.notna(), "")
