"""Rows that are not where they should be: what follows from them elsewhere is not told again.

A row with a defect of its own (a wrong code, a year to come, a key twice) leaves a gap where it belongs: a grade without
a row, a village without a zone, a sum that is too small. The defect is told on its row; the gap is not.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence
from difflib import SequenceMatcher

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layout_planner.contracts import load_dictionary
from layout_planner.io.checks.model import Context

HOLDERS = {"township_code": "townships", "village_code": "villages", "school_id": "schools"}
_ALIKE = 0.75  # share of the characters that two codes have in common, of which one is the other with a slip
_SCIENTIFIC = re.compile(r"^(\d)\.?(\d*)[eE]\+?\d+$")
Key = tuple[Hashable, ...]


def aside(ctx: Context, table: str) -> pd.DataFrame:
    """Rows of a table that are no good rows; a frame without rows if there are none."""
    if table in ctx.aside:
        return ctx.aside[table]
    names = [column.name for column in load_dictionary().tables[table].columns]
    return pd.DataFrame({name: pd.Series(dtype=object) for name in [*names, "_row", "_bad", "_raw"]})


def known_of(rows: pd.DataFrame, column: str) -> set[str]:
    """Values of a column in rows that were put aside, where they could be read."""
    return {str(value) for value in rows[column] if isinstance(value, str)} if len(rows) else set()


def without(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Of rows that were put aside, those in which a column could not be read."""
    return rows[[column in bad for bad in rows["_bad"]]] if len(rows) else rows


def resembles(raw: str, code: str) -> bool:
    """Whether a code that was refused, or that stands twice, may be this code with a slip."""
    if match := _SCIENTIFIC.match(raw.strip()):
        digits = f"{match[1]}{match[2]}".rstrip("0")
        return code.startswith(digits[:-1] or digits)
    plain = raw.strip().removesuffix(".0")
    return SequenceMatcher(None, plain, code, autojunk=False).ratio() >= _ALIKE


def unknown(ctx: Context, table: str, column: str, holder: str) -> NDArray[np.bool_]:
    """Mask of the rows whose code the holder does not have, not even in a row of its own with a slip in the code."""
    mask: NDArray[np.bool_] = ctx.once(f"unknown {table} {column}", lambda c: _unknown(c, table, column, holder))
    return mask


def _unknown(ctx: Context, table: str, column: str, holder: str) -> NDArray[np.bool_]:
    codes = ctx.tables[table][column]
    if holder not in ctx.keys or not len(codes):
        return np.zeros(len(codes), dtype=bool)
    mask = (codes.notna() & ~codes.isin(ctx.known(holder))).to_numpy(dtype=bool)
    slips = set(_slips(ctx, holder))
    if not slips or not mask.any():
        return np.asarray(mask)
    excused = {code for code in set(codes[mask]) if any(resembles(raw, code) for raw in slips)}
    return np.asarray(mask & ~codes.isin(excused).to_numpy(dtype=bool))


def _slips(ctx: Context, holder: str) -> Iterable[str]:
    """Codes of the holder as written where they were refused or stand twice."""
    key = load_dictionary().tables[holder].key[0]
    rows = aside(ctx, holder)
    good = set(ctx.tables[holder][key]) if holder in ctx.tables else set()
    for raw, value, bad in zip(rows["_raw"], rows[key], rows["_bad"], strict=True):
        if key in bad or value in good:
            yield str(raw)


def strays(ctx: Context, table: str, key: Sequence[str], *, more: Collection[int] = ()) -> list[Key]:
    """Keys of the rows that are not where they should be; None in place of a cell that could not be read.

    Parameters
    ----------
    ctx
        The county.
    table, key
        Input table and columns.
    more
        Numbers of further rows that another check tells.

    Returns
    -------
    list of tuple
        Of rows whose key is wrong or stands twice, that name a code nobody has, and of `more`.
    """
    spec, rows, good = load_dictionary().tables[table], aside(ctx, table), ctx.tables[table]
    names = list(spec.key)
    there = {tuple(map(plain, cells)) for cells in good[names].astype(object).to_numpy()} if len(rows) else set()
    wrong = [
        bool(bad.intersection(names)) or tuple(map(plain, cells)) in there
        for bad, cells in zip(rows["_bad"], rows[names].to_numpy().tolist(), strict=True)
    ]
    mask = good["_row"].isin(more).to_numpy()
    for column, holder in HOLDERS.items():
        if column in good and holder != table:
            mask = mask | unknown(ctx, table, column, holder)
    found = [
        tuple(None if name in bad else plain(value) for name, value in zip(key, cells, strict=True))
        for bad, cells in zip(rows["_bad"][wrong], rows.loc[wrong, list(key)].to_numpy().tolist(), strict=True)
    ]
    return found + [tuple(map(plain, cells)) for cells in good.loc[mask, list(key)].astype(object).to_numpy().tolist()]


def plain(value: object) -> Hashable:
    """Cell of a key, as it is compared: whole numbers as int, an empty cell as 0."""
    if value is None or value is pd.NA or value != value:
        return 0
    return int(value) if isinstance(value, int | float | np.integer) else str(value)


def explained(gaps: Iterable[Key], astray: Iterable[Key]) -> set[Key]:
    """Which gaps a row that is not where it should be would fill, were one cell of its key another.

    Parameters
    ----------
    gaps
        Keys that no row has.
    astray
        Keys of rows that are not where they should be.

    Returns
    -------
    set of tuple
        One gap a row at most: of several the one whose cell is most like that of the row.
    """
    by_rest: dict[tuple[int, Key], list[Key]] = defaultdict(list)
    for gap in gaps:
        for omit in range(len(gap)):
            by_rest[omit, gap[:omit] + gap[omit + 1 :]].append(gap)
    filled: set[Key] = set()
    for key in astray:
        choices = [
            (_likeness(key[omit], gap[omit]), gap)
            for omit in range(len(key))
            for gap in by_rest.get((omit, key[:omit] + key[omit + 1 :]), ())
            if gap not in filled
        ]
        if choices:
            filled.add(max(choices, key=lambda choice: choice[0])[1])
    return filled


def _likeness(found: Hashable, gap: Hashable) -> float:
    return 0.0 if found is None else SequenceMatcher(None, str(found), str(gap), autojunk=False).ratio()
