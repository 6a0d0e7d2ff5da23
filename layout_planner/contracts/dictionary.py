"""Read ``columns.toml``: every table and column of the toolkit, with type, unit, meaning and source office."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from layout_planner.terms import ENUMS, LABELS_ZH

TYPES = ("code", "text", "int", "float", "bool", "date", "list")
_DIGITS = re.compile(r"\[0-9\]\{(\d+)\}")
_PATTERNS_ZH = {
    "[A-Za-z0-9-]{3,40}": "3 到 40 位字母、数字或短横线",
    "[0-9a-f]{64}": "64 位十六进制数（0–9、a–f）",
}
_LISTED = 10  # words of an enum that a message lists in full
_FEW = 3
MARK = "synthetic"  # last column of every output file
_WORDS_ZH = {"int": "整数", "float": "数", "bool": "true 或 false", "date": "日期 如 2026-09-01"}


@dataclass(frozen=True)
class Column:
    """One column: the same name, type, unit and meaning in every table that has it."""

    name: str
    type: str
    unit: str
    zh: str
    en: str
    meaning: str
    source: str = ""
    min: float | None = None
    max: float | None = None
    pattern: str | None = None
    hint: str = ""

    @property
    def labels(self) -> tuple[str, ...] | None:
        """Allowed values of an enum column; None for the others."""
        return ENUMS[self.type.removeprefix("enum:")] if self.type.startswith("enum:") else None

    @property
    def is_number(self) -> bool:
        """True for whole and decimal numbers."""
        return self.type in {"int", "float"}

    def labelled(self, word: str) -> str:
        """Word of an enum column with its Chinese label: ``opinion（征求意见）``."""
        return f"{word}（{LABELS_ZH[self.type.removeprefix('enum:')][word]}）"

    def word_of(self, label: str) -> str | None:
        """Word of an enum column that has this Chinese label; None if none has."""
        labels = LABELS_ZH[self.type.removeprefix("enum:")] if self.labels is not None else {}
        return next((word for word, zh in labels.items() if zh == label), None)

    def allowed_zh(self) -> str:
        """Say in Chinese what a value may be, with a hint at the usual mistake."""
        return self._allowed() + (f"（{self.hint}）" if self.hint else "")

    def _allowed(self) -> str:
        if self.labels is not None:
            told = [self.labelled(word) for word in self.labels]
            if len(told) <= _LISTED:
                return "、".join(told) + " 之一"
            return f"{'、'.join(told[:_FEW])} 等 {len(told)} 个词之一（见 docs/data.md）"
        if self.pattern is not None:
            return pattern_zh(self.pattern)
        words = _WORDS_ZH.get(self.type, "文字")
        if self.min is not None and self.max is not None:
            return f"{self.min:g} 到 {self.max:g} 的{words}"
        if self.min is not None:
            return f"不小于 {self.min:g} 的{words}"
        return words


def pattern_zh(pattern: str) -> str:
    """Say in Chinese what a code looks like: ``[0-9]{10}`` is 10 位数字."""
    plain = pattern.removeprefix("^").removesuffix("$")
    if digits := _DIGITS.fullmatch(plain):
        return f"{digits[1]} 位数字"
    return _PATTERNS_ZH.get(plain, f"符合 {plain} 的代码")


@dataclass(frozen=True)
class Table:
    """One table: its file, its unique key and its columns in order."""

    name: str
    kind: Literal["input", "output", "areas"]
    file: str
    key: tuple[str, ...]
    zh: str
    en: str
    required: tuple[Column, ...]
    optional: tuple[Column, ...] = ()
    geometry: str | None = None
    may_be_absent: bool = False

    @property
    def columns(self) -> tuple[Column, ...]:
        """Required columns, then the optional ones."""
        return self.required + self.optional

    @property
    def names(self) -> list[str]:
        """Names of the required columns, in order."""
        return [column.name for column in self.required]

    @property
    def written(self) -> list[str]:
        """Names of the columns in the file: an output file says in every row whether it rests on simulated data."""
        return [*self.names, MARK] if self.kind == "output" else self.names

    def column(self, name: str) -> Column:
        """Return a column by name; KeyError if the table has none of that name."""
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True)
class Dictionary:
    """Every column and every table."""

    columns: Mapping[str, Column]
    tables: Mapping[str, Table]

    def inputs(self) -> list[Table]:
        """Tables that a planner fills in."""
        return [table for table in self.tables.values() if table.kind == "input"]

    def outputs(self) -> list[Table]:
        """Tables that a run writes."""
        return [table for table in self.tables.values() if table.kind == "output"]


@cache
def load_dictionary() -> Dictionary:
    """Read the dictionary of columns that is shipped with the package.

    Returns
    -------
    Dictionary
        Columns and tables by name.

    Raises
    ------
    ValueError
        If the file contradicts itself: an unknown type or enum, a table with a column that is not defined,
        a key that is not one of the table's columns, or a number without a unit.
    """
    text = resources.files("layout_planner.contracts").joinpath("columns.toml").read_text(encoding="utf-8")
    raw = tomllib.loads(text)
    columns = {name: Column(name=name, **fields) for name, fields in raw["column"].items()}
    for column in columns.values():
        known = column.type in TYPES or column.type.removeprefix("enum:") in ENUMS
        if not known or (column.is_number and not column.unit):
            raise ValueError(f"columns.toml: column {column.name!r} has type {column.type!r}, unit {column.unit!r}")
    return Dictionary(columns, {name: _table(name, fields, columns) for name, fields in raw["table"].items()})


def _table(name: str, fields: Mapping[str, Any], columns: Mapping[str, Column]) -> Table:
    names = [*fields["required"], *fields.get("optional", [])]
    unknown = [c for c in names if c not in columns] + [c for c in fields["key"] if c not in names]
    if unknown or len(set(names)) != len(names):
        raise ValueError(f"columns.toml: table {name!r} names columns that are not defined, or one twice: {unknown}")
    return Table(
        name=name,
        kind=fields["kind"],
        file=fields["file"],
        key=tuple(fields["key"]),
        zh=fields["zh"],
        en=fields["en"],
        required=tuple(columns[c] for c in fields["required"]),
        optional=tuple(columns[c] for c in fields.get("optional", [])),
        geometry=fields.get("geometry"),
        may_be_absent=fields.get("may_be_absent", False),
    )
