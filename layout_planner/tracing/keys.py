"""Which row is meant: a KEY of values in the order of the table's key, or of ``column=value`` pairs, in words or codes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
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
    """Return the contract of an output table.

    Raises
    ------
    UsageError
        ``trace_table_unknown`` with the tables there are; ``trace_table_absent`` if the run did not write it.
    """
    known = {spec.name: spec for spec in store.dictionary.outputs()}
    by_label = {spec.zh: spec for spec in known.values()}
    spec = known.get(name.removesuffix(".csv")) or by_label.get(name)
    if spec is None:
        raise UsageError(
            "trace_table_unknown", found=name, nearest=nearest(name, known), allowed=" ".join(sorted(known))
        )
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
        ``trace_column_unknown`` with the columns there are.
    """
    for column in spec.required:
        if name in {column.name, column.zh, column.en}:
            return column.name
    names = spec.names
    raise UsageError(
        "trace_column_unknown", table=spec.name, found=name, nearest=nearest(name, names), allowed=" ".join(names)
    )


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
        accepted |= {code for code, label in labels.items() if label == value}
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


def _refuse(store: Store, spec: Table, asked: tuple[str, str], found: Sequence[Record], rows: Sequence[Record]) -> None:
    column, value = asked
    everywhere = {record.get(column) for record in rows}
    if everywhere & _accepted(store, spec, column, value):
        here = sorted({record.get(column) for record in found})
        raise UsageError("trace_key_no_row", table=spec.name, column=column, found=value, allowed=_some(here))
    names = _NAMES.get(column, ("",))[0]
    words = everywhere | ({record.get(names) for record in rows} if names in spec.names else set())
    raise UsageError(
        "trace_key_unknown",
        table=spec.name,
        column=column,
        found=value,
        nearest=nearest(value, words) or _some(sorted(everywhere)),
    )


def _some(values: Sequence[str]) -> str:
    shown = " ".join(values[:SHOWN])
    return shown if len(values) <= SHOWN else f"{shown} … ({len(values)})"


def nearest(word: str, words: Iterable[str]) -> str:
    """Words most like the one given, best first; empty where none is near."""
    return " ".join(difflib.get_close_matches(word, sorted(set(words) - {""}), n=5, cutoff=0.5))
