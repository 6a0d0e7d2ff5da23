"""What a check is, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layout_planner.contracts import load_dictionary
from layout_planner.errors import Both, Problem, Severity
from layout_planner.io.settings import CountySettings
from layout_planner.terms import label as label_zh

Round = Literal["file", "cross", "plausible"]
ROUNDS: tuple[Round, ...] = ("file", "cross", "plausible")
SETTINGS = "settings"
KEYS = "keys:"
T = TypeVar("T")


@dataclass(frozen=True)
class Context:
    """The county folder as far as it could be read: what every check is given."""

    folder: Path
    settings: CountySettings | None
    tables: Mapping[str, Any]  # good rows, one a key; the number of the row in its file under ``_row``
    keys: Mapping[str, pd.DataFrame]  # keys of all rows with a good key, the other cells of the row good or bad
    values: Mapping[str, float]  # engineering assumptions
    told: tuple[Problem, ...]  # defects met while reading
    aside: Mapping[str, pd.DataFrame] = field(
        default_factory=dict
    )  # rows that are no good rows, as `TableRead.refused`
    _kept: dict[str, Any] = field(init=False, repr=False, compare=False, default_factory=dict)

    def once(self, name: str, make: Callable[[Context], T]) -> T:
        """Return what several checks need, made only once."""
        if name not in self._kept:
            self._kept[name] = make(self)
        return cast(T, self._kept[name])

    def known(self, table: str) -> frozenset[Any]:
        """Codes of a table, those of rows with a defect elsewhere too."""
        keys = self.keys[table]
        return frozenset(keys[next(c for c in keys.columns if c != "_row")])

    def refused(self, table: str) -> pd.DataFrame:
        """Keys of the rows that are no good rows: what stands in the others cannot be held against their sums."""
        keys = self.keys[table]
        return keys[~keys["_row"].isin(self.tables[table]["_row"])]

    def has(self, *names: str) -> bool:
        """Whether all of these could be read: tables, the settings, or the keys of a table (``keys:schools``)."""
        return all(
            self.settings is not None
            if name == SETTINGS
            else name.removeprefix(KEYS) in self.keys
            if name.startswith(KEYS)
            else name in self.tables
            for name in names
        )

    @property
    def base_year(self) -> int:
        """Base year of the county; only for checks that need the settings."""
        if self.settings is None:
            raise ValueError("a check that needs the settings has to say so")
        return self.settings.base_year


@dataclass(frozen=True)
class Check:
    """One named check.

    Without a function its codes are told while the files are read. `needs` names the tables, and "settings",
    without which it cannot run; `severity` is the highest that it tells.
    """

    name: str
    round: Round
    severity: Severity
    zh: str
    en: str
    needs: tuple[str, ...] = ()
    function: Callable[[Context], Sequence[Problem]] | None = None
    codes: tuple[str, ...] = ()

    @property
    def tells(self) -> tuple[str, ...]:
        """Codes of the sentences that it may tell."""
        return self.codes or (self.name,)


@dataclass(frozen=True)
class Result:
    """What became of a check: its problems, or the tables that it missed."""

    check: Check
    problems: tuple[Problem, ...]
    missing: tuple[str, ...] = ()

    @property
    def ran(self) -> bool:
        """Whether it could run."""
        return not self.missing


def heading(column: str) -> str:
    """Chinese and English name of a column, as the messages print it."""
    known = load_dictionary().columns.get(column)
    return column if known is None else f"{known.zh} {column}"


def file_of(table: str) -> str:
    """File of an input table."""
    return load_dictionary().tables[table].file


def at_rows(
    code: str,
    place: tuple[str, str],
    rows: pd.DataFrame,
    found: Sequence[object],
    *,
    allowed: Sequence[object] | str = "",
    severity: Severity = "error",
) -> list[Problem]:
    """Make one problem a row of a table.

    Parameters
    ----------
    code
        Code of the sentence.
    place
        Input table; and column of the dictionary, or words.
    rows
        The rows with the defect, with ``_row``.
    found
        What stands there, one a row.
    allowed
        What may stand there, one a row or one for all.
    severity
        How bad it is.

    Returns
    -------
    list of Problem
        In the order of the rows.
    """
    file, label = file_of(place[0]), heading(place[1])
    may = [allowed] * len(rows) if isinstance(allowed, str) else allowed
    cells = zip(rows["_row"], found, may, strict=True)
    return [Problem(severity, code, file, int(row), label, said(x), said(y)) for row, x, y in cells]


def said(value: object) -> str:
    """Print a value in a message: whole numbers without a point, others with six digits at most."""
    if isinstance(value, Both):
        return value
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def word(enum: str, value: object) -> Both:
    """Value of an enum in a message: its label in Chinese, itself in English."""
    return Both(label_zh(enum, str(value)), str(value))


def words(enum: str, values: Iterable[object]) -> list[Both]:
    """Values of an enum, as `word`."""
    return [word(enum, value) for value in values]


def truths(values: Iterable[bool]) -> NDArray[np.bool_]:
    """Mask from a loop over rows; an empty list of truths would pick columns instead."""
    return np.array(list(values), dtype=bool)


def named(schools: pd.DataFrame, key: str = "school_id") -> dict[str, str]:
    """Name and code of every school (or place), by code."""
    return {code: f"{name}（{code}）" for code, name in zip(schools[key], schools["name"], strict=True)}
