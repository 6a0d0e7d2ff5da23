"""Which row is meant: a KEY of values in the order of the table's key, or of ``column=value`` pairs, in words or codes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from layout_planner.contracts.dictionary import Table
from layout_planner.errors import UsageError
from layout_planner.terms import COUNTY, GRADE_LABELS_ZH, LABELS_ZH
from layout_planner.tracing.store import Record, Store, canonical

SHOWN: Final = 20
_NAMES: Final = {  # column of a code: column of its name in the same table, input table and columns where it is looked up
    "school_id": ("school_name", "schools", "school_id"),
    "attends": ("", "schools", "school_id"),
    "receiver_id": ("receiver_name", "schools", "school_id"),
    "township_code": ("township_name", "townships", "township_code"),
    "home_township_code": ("", "townships", "township_code"),
    "village_code": ("village_name", "villages", "village_code"),
    "subject_id": ("subject_name", "", ""),
}


def table_of(store: Store, name: str) -> Table:
    """Return the contract of an output table, by name, by label, or by a part of either that no other table has.

    Raises
    ------
    UsageError
        ``trace_table_unknown`` (``_none`` where no name is near) with the tables there are; ``trace_table_absent`` if
        the run did not write it.
    """
    known = {spec.name: spec for spec in store.dictionary.outputs()}
    words = {word: spec for spec in known.values() for word in (spec.zh, spec.en, spec.name)}
    spec = words.get(name.removesuffix(".csv")) or _only(
        {words[word].name: words[word] for word in words if name in word}
    )
    if spec is None:
        near = {words[word].name: None for word in [*(w for w in words if name and name in w), *alike(name, words)]}
        told = [f"{short(known[table])} {table}" for table in near]
        every = "、".join(f"{short(spec)} {spec.name}" for spec in known.values())
        raise _unknown("trace_table", near=told, found=name, allowed=every)
    if not store.has(spec.name):
        if spec.file in store.troubles:
            raise store.troubles[spec.file]
        raise UsageError("trace_table_absent", table=spec.name, folder=str(store.out))
    return spec


def column_of(spec: Table, name: str) -> str:
    """Return the name of a column, given by name or by its Chinese or English label.

    Raises
    ------
    UsageError
        ``trace_column_unknown`` (``_none`` where no name is near) with the columns there are.
    """
    for column in spec.required:
        if name in {column.name, column.zh, column.en}:
            return column.name
    words = {word: column for column in spec.required for word in (column.name, column.zh)}
    near = list(dict.fromkeys(f"{words[word].zh} {words[word].name}" for word in alike(name, words)))
    raise _unknown("trace_column", near=near, table=spec.name, found=name, allowed=" ".join(spec.names))


def short(spec: Table) -> str:
    """Label of a table without what stands in brackets or behind a colon."""
    return re.split("[（：]", spec.zh)[0]


def _unknown(code: str, *, near: Sequence[str], **fields: str) -> UsageError:
    """Say that a name is not known, with the names that are near where there are any."""
    if near:
        return UsageError(f"{code}_unknown", nearest="、".join(near), **fields)
    return UsageError(f"{code}_none", **fields)


def _only(found: Mapping[str, Table]) -> Table | None:
    return next(iter(found.values())) if len(found) == 1 else None


def rows_of(store: Store, spec: Table, key: str) -> list[Record]:
    """Return the rows of a table that a KEY names; a partial key may name several.

    Parameters
    ----------
    store
        Output folder.
    spec
        The table.
    key
        Values in the order of the table's key, separated by commas, or ``column=value``, or ``#`` and the row of the
        file; a name or a label may stand for its code.

    Returns
    -------
    list of Record
        At least one row.

    Raises
    ------
    UsageError
        ``trace_key_long``, ``trace_column_unknown``, ``trace_key_unknown``, ``trace_row_unknown`` or
        ``trace_key_no_row``.
    """
    rows = store.rows(spec.name) or ()
    if key.startswith("#"):
        found = [record for record in rows if str(record.number) == key[1:].strip()]
        if not found:
            raise UsageError("trace_row_unknown", table=spec.name, found=key[1:], allowed=f"2–{len(rows) + 1}")
        return found
    wanted = _wanted(spec, key)
    found = list(rows)
    for column, value in wanted.items():
        accepted = _accepted(store, spec, column, value)
        mine = [record for record in found if record.get(column) in accepted]
        if not mine:
            _refuse(store, spec, (column, value), found, rows)
        found = mine
    return found


def _wanted(spec: Table, key: str) -> dict[str, str]:
    """Values by column."""
    wanted: dict[str, str] = {}
    parts = [part.strip() for part in key.split(",")] if key.strip() else []
    place = 0
    for part in parts:
        name, sign, value = part.partition("=")
        if sign and _is_column(spec, name.strip()):
            wanted[column_of(spec, name.strip())] = value.strip()
            continue
        if sign and ">" not in part and name.strip().isidentifier():
            column_of(spec, name.strip())
        if place >= len(spec.key):
            raise UsageError(
                "trace_key_long", table=spec.name, found=len(parts), allowed=",".join(spec.key) or "column=value"
            )
        wanted[spec.key[place]] = part
        place += 1
    return {column: value for column, value in wanted.items() if value != "" or "=" in key}


def _is_column(spec: Table, name: str) -> bool:
    return any(name in {column.name, column.zh, column.en} for column in spec.required)


def _accepted(store: Store, spec: Table, column: str, value: str) -> set[str]:
    """Codes that a value may stand for: itself, the code of a name, the value of a label."""
    contract = spec.column(column)
    accepted = {canonical(value, contract)}
    if contract.type.startswith("enum:"):
        labels = LABELS_ZH[contract.type.removeprefix("enum:")]
        accepted |= codes_named(value, labels)
    if column == "grade":
        accepted |= {str(grade) for grade, label in GRADE_LABELS_ZH.items() if label == value}
    if column in _NAMES:
        own, table, code = _NAMES[column]
        if own in spec.names:
            accepted |= {record.get(column) for record in store.rows(spec.name) or () if record.get(own) == value}
        if table:
            accepted |= {record.get(code) for record in store.rows(table) or () if record.get("name") == value}
        if value == LABELS_ZH["subject"]["county"] or value == "全县":
            accepted.add(COUNTY)
    return accepted


def codes_named(value: str, labels: Mapping[str, str]) -> set[str]:
    """Codes that a Chinese label stands for: the whole label, else the only label that begins so."""
    whole = {code for code, label in labels.items() if label == value}
    begun = {code for code, label in labels.items() if value and label.startswith(value)}
    return whole or (begun if len(begun) == 1 else set())


def example_of(spec: Table, rows: Sequence[Record]) -> dict[str, str]:
    """Order of the key and a key of the table, for a message."""
    names = spec.key or spec.names[:1]
    shown = ",".join(rows[0].get(name) for name in names) if spec.key and rows else f"{names[0]}=…"
    return {"order": ",".join(f"{spec.column(name).zh} {name}" for name in names), "example": shown}


def _refuse(store: Store, spec: Table, asked: tuple[str, str], found: Sequence[Record], rows: Sequence[Record]) -> None:
    column, value = asked
    everywhere = {record.get(column) for record in rows}
    if everywhere & _accepted(store, spec, column, value):
        here = sorted({record.get(column) for record in found})
        raise UsageError("trace_key_no_row", table=spec.name, column=column, found=value, allowed=_some(here),
                         **example_of(spec, rows))  # fmt: skip
    names = _NAMES.get(column, ("",))[0]
    words = everywhere | ({record.get(names) for record in rows} if names in spec.names else set())
    raise UsageError(
        "trace_key_unknown",
        table=spec.name,
        column=column,
        found=value,
        nearest=" ".join(alike(value, words)) or _some(sorted(everywhere)),
        **example_of(spec, rows),
    )


def _some(values: Sequence[str]) -> str:
    shown = " ".join(values[:SHOWN])
    return shown if len(values) <= SHOWN else f"{shown} … ({len(values)})"


def alike(word: str, words: Iterable[str]) -> list[str]:
    """Words most like the one given, best first; empty where none is near."""
    return difflib.get_close_matches(word, sorted(set(words) - {""}), n=5, cutoff=0.5)
