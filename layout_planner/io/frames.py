"""Frames from checked rows, shared by every reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from layout_planner.contracts import Table
from layout_planner.errors import Problem

_DTYPES = {"int": "Int64", "float": "float64", "bool": "boolean"}


def missing_columns(spec: Table, header: Sequence[str], file: str) -> list[Problem]:
    """List required columns that a file does not have."""
    return [
        Problem("error", "column_missing", file, column=f"{c.zh} {c.name}", allowed=c.meaning)
        for c in spec.required
        if c.name not in header
    ]


def typed_columns(spec: Table, values: Mapping[str, list[Any]]) -> pd.DataFrame:
    """Make a frame of the checked cells of every column, with the dtypes of the dictionary."""
    frame = pd.DataFrame({column.name: pd.Series(values[column.name], dtype=object) for column in spec.columns})
    for column in spec.columns:
        if column.type in _DTYPES:
            frame[column.name] = frame[column.name].astype(_DTYPES[column.type])
        elif column.type == "list":
            frame[column.name] = [";".join(v) if isinstance(v, list) else v for v in frame[column.name]]
        if column.type == "int" and column in spec.required:
            frame[column.name] = frame[column.name].astype("int64")
    return frame


def duplicates(frame: pd.DataFrame, spec: Table, file: str) -> list[Problem]:
    """List rows whose key was seen before."""
    if not spec.key:
        return []
    twice = frame[frame.duplicated(list(spec.key), keep="first")]
    label = "、".join(spec.column(k).zh for k in spec.key)
    return [
        Problem("error", "key_twice", file, int(row["_row"]), label, " ".join(str(row[k]) for k in spec.key))
        for _, row in twice.iterrows()
    ]
