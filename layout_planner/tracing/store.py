"""Rows of the output folder and of the county folder, read when asked for, with their row numbers as a spreadsheet shows them."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from layout_planner.contracts.dictionary import Column, Dictionary, Table, load_dictionary
from layout_planner.errors import DataError, LayoutError, MachineError, UsageError
from layout_planner.io.lock import lock
from layout_planner.io.swap import repair
from layout_planner.io.text import decode, read_bytes, read_list, read_records, read_toml, sha256

MANIFEST = "manifest.json"
PLANS = "plans"
_FORMULA = ("'=", "'+", "'-", "'@", "'\t", "'\r")


@dataclass(frozen=True)
class Record:
    """One row of a table: where it stands and what its cells say."""

    table: str
    file: str
    number: int
    cells: Mapping[str, str]

    def get(self, column: str) -> str:
        """Text of a cell; empty where there is none."""
        return self.cells.get(column, "")

    def number_of(self, column: str) -> float:
        """Cell as a number; NaN where it is empty or no number."""
        return to_number(self.get(column))


@dataclass(frozen=True)
class FileState:
    """An input file beside the manifest: ``same``, ``changed``, ``missing`` or ``new`` (the run did not know it)."""

    file: str
    recorded: str
    now: str

    @property
    def state(self) -> str:
        """Compare the two hashes."""
        if not self.recorded:
            return "new"
        return "missing" if not self.now else "same" if self.now == self.recorded else "changed"


def _mend(out: Path) -> None:
    """Put a result right whose swap was cut in two, unless a run is at it or the place cannot be written."""
    if os.path.lexists(out) or not out.parent.is_dir():
        return
    with contextlib.suppress(MachineError, OSError):
        held = lock(out)
        try:
            repair(out)
        finally:
            held.release()


@dataclass
class Store:
    """What a trace reads: ``out/`` and the county folder."""

    out: Path
    county: Path
    dictionary: Dictionary = field(default_factory=load_dictionary)
    troubles: dict[str, LayoutError] = field(default_factory=dict)
    _tables: dict[str, list[Record] | None] = field(default_factory=dict)
    _indexes: dict[tuple[str, tuple[str, ...]], dict[tuple[str, ...], list[Record]]] = field(default_factory=dict)
    _states: dict[str, FileState] = field(default_factory=dict)

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """``manifest.json`` of the run.

        Raises
        ------
        UsageError
            ``trace_no_run`` if the folder holds no finished run.
        """
        _mend(self.out)
        path = self.out / MANIFEST
        if not path.is_file():
            raise UsageError("trace_no_run", folder=str(self.out))
        try:
            found: Any = json.loads(decode(read_bytes(path), path.name))
        except ValueError as error:
            raise DataError("file_unreadable", file=path.name, found="无法解析的内容", allowed="JSON") from error
        parts = ("inputs", "documents", "options", "versions")
        whole = isinstance(found, dict) and isinstance(found.get("base_year"), int)
        if not whole or any(not isinstance(found.get(part, {}), dict) for part in parts):
            raise UsageError("trace_no_run", folder=str(self.out))
        return dict(found)

    @property
    def base_year(self) -> int:
        """Base year of the run."""
        return int(self.manifest["base_year"])

    @cached_property
    def county_there(self) -> bool:
        """Whether the county folder holds any file of a county."""
        return any((self.county / spec.file).is_file() for spec in self.dictionary.inputs())

    def has(self, table: str) -> bool:
        """Whether an output table stands in the folder, or an input table in the county folder."""
        return self.rows(table) is not None

    def rows(self, table: str) -> Sequence[Record] | None:
        """Rows of a table; None where its file is absent, unreadable or has no rows of text (roads)."""
        if table not in self._tables:
            self._tables[table] = self._read(table)
        return self._tables[table]

    def find(self, table: str, match: Mapping[str, frozenset[str]]) -> list[Record]:
        """Rows of a table whose columns have one of the given values, in the order of the file."""
        rows = self.rows(table) or ()
        columns = tuple(sorted(match))
        if not columns:
            return list(rows)
        index = self._index(table, columns)
        count = 1
        for column in columns:
            count *= len(match[column])
        if count <= len(index):
            from itertools import product

            keys = product(*(match[column] for column in columns))
            found = [record for key in keys for record in index.get(key, ())]
        else:
            found = [
                record
                for key, records in index.items()
                if all(value in match[column] for value, column in zip(key, columns, strict=True))
                for record in records
            ]
        return sorted(found, key=lambda record: (record.file, record.number))

    def state_of(self, file: str) -> FileState:
        """Compare an input file with the manifest."""
        if file not in self._states:
            path = self.county / file
            try:
                now = sha256(path) if path.is_file() else ""
            except LayoutError:
                now = ""
            self._states[file] = FileState(file, str(self.manifest.get("inputs", {}).get(file, "")), now)
        return self._states[file]

    def edited(self, table: str) -> bool:
        """Whether an output table was changed after the run wrote it."""
        name = f"tables/{table}.csv"
        recorded = self.manifest.get("documents", {}).get(name)
        path = self.out / name
        return recorded is not None and path.is_file() and sha256(path) != recorded

    def spec(self, table: str) -> Table | None:
        """Contract of a table; None for the plans."""
        return self.dictionary.tables.get(table)

    def _read(self, table: str) -> list[Record] | None:
        if table == PLANS:
            return self._plans()
        spec = self.dictionary.tables[table]
        try:
            if spec.kind == "output":
                path = self.out / "tables" / spec.file
                return _csv_rows(path, spec) if path.is_file() else None
            return _input_rows(self.county / spec.file, spec)
        except LayoutError as error:
            self.troubles[spec.file] = error
            return None

    def _plans(self) -> list[Record]:
        """Decisions of every plan: the number is the section's place in its file."""
        found: list[Record] = []
        for path in sorted((self.county / PLANS).glob("*.toml")):
            file = f"{PLANS}/{path.name}"
            try:
                raw = read_toml(path)
            except LayoutError as error:
                self.troubles[file] = error
                continue
            for number, decision in enumerate(raw.get("decision", ()), start=1):
                if isinstance(decision, dict):
                    cells = {key: _text(value) for key, value in decision.items()}
                    found.append(Record(PLANS, file, number, {"plan": str(raw.get("name", "")), **cells}))
        return found

    def _index(self, table: str, columns: tuple[str, ...]) -> dict[tuple[str, ...], list[Record]]:
        key = (table, columns)
        if key not in self._indexes:
            index: dict[tuple[str, ...], list[Record]] = {}
            for record in self.rows(table) or ():
                index.setdefault(tuple(record.get(column) for column in columns), []).append(record)
            self._indexes[key] = index
        return self._indexes[key]


def to_number(text: str) -> float:
    """Read a number; NaN for anything else."""
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return float("nan")


def canonical(text: str | None, column: Column | None = None) -> str:
    """Bring a cell to the form in which cells are compared: trimmed, a whole number without a decimal point."""
    plain = (text or "").strip()
    if plain.startswith(_FORMULA):
        plain = plain[1:]
    if column is None or column.type != "int":
        return plain
    value = to_number(plain)
    return str(int(value)) if value.is_integer() else plain


def _csv_rows(path: Path, spec: Table) -> list[Record]:
    lines = csv.reader(io.StringIO(decode(read_bytes(path), path.name), newline=""))
    header = next(lines, [])
    columns = {column.name: column for column in spec.columns}
    numbers = [(place, name) for place, name in enumerate(header) if name in columns and columns[name].is_number]
    rows = []
    for number, line in enumerate(lines, start=2):
        cells = dict(zip(header, line, strict=False))
        for place, name in numbers:
            if place < len(line) and line[place].endswith(".0"):
                cells[name] = canonical(line[place], columns[name])
        rows.append(Record(spec.name, f"tables/{spec.file}", number, cells))
    return _without_apostrophes(rows)


def _without_apostrophes(rows: list[Record]) -> list[Record]:
    """Undo the apostrophe that keeps a spreadsheet from running a cell."""
    return [
        record
        if not any(cell.startswith(_FORMULA) for cell in record.cells.values())
        else Record(record.table, record.file, record.number, {k: canonical(v) for k, v in record.cells.items()})
        for record in rows
    ]


def _input_rows(path: Path, spec: Table) -> list[Record] | None:
    if not path.is_file():
        return None
    columns = {column.name: column for column in spec.columns}
    if path.suffix in {".geojson", ".json"}:
        records, first = _features(path), 1
    elif path.suffix == ".toml":
        records, first = [{k: _text(v) for k, v in row.items()} for row in read_list(path, spec.name)[1]], 1
    elif spec.geometry is not None:
        return None
    else:
        records, first = [{k: v or "" for k, v in row.items()} for row in read_records(path)[1]], 2
    return [
        Record(spec.name, path.name, number, {k: canonical(v, columns.get(k)) for k, v in cells.items()})
        for number, cells in enumerate(records, start=first)
    ]


def _features(path: Path) -> list[dict[str, str]]:
    """Properties of the features of a GeoJSON, with lon and lat of a point."""
    try:
        raw = json.loads(decode(read_bytes(path), path.name))
        features = [item for item in raw["features"] if isinstance(item, dict)]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError("file_unreadable", file=path.name, found="无法解析的内容", allowed="GeoJSON") from error
    rows = []
    for feature in features:
        cells = {str(key): _text(value) for key, value in (feature.get("properties") or {}).items()}
        shape = feature.get("geometry") or {}
        place = shape.get("coordinates") if shape.get("type") == "Point" else None
        if isinstance(place, list) and len(place) >= 2:
            cells |= {"lon": _text(place[0]), "lat": _text(place[1])}
        rows.append(cells)
    return rows


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)
