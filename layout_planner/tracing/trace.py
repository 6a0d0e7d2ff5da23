"""Put a trace together: the row, its formulas done again, the chain down to the input, rules, assumptions, seed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from layout_planner.contracts.dictionary import Column, Table
from layout_planner.contracts.lineage import Origin, load_lineage
from layout_planner.errors import LayoutError
from layout_planner.policy import Parameter, Rule, Value
from layout_planner.tracing.chain import Link, is_input, links_of, origins_of, walk
from layout_planner.tracing.ground import (
    Ground,
    ground_of,
    lines_in_force,
    parameters_behind,
    rules_behind,
    stage_of,
)
from layout_planner.tracing.keys import column_of, rows_of, table_of
from layout_planner.tracing.redo import Redone
from layout_planner.tracing.redo_more import REDO
from layout_planner.tracing.store import FileState, Record, Store

DEPTH: Final = 4  # tables from the figure down
SETTINGS: Final = "county.toml"


@dataclass(frozen=True)
class Cell:
    """One figure of the row: as printed, how it arises, and the formula done again where that is possible."""

    column: Column
    printed: str
    origin: Origin
    function: str
    redone: Redone | None = None

    @property
    def agrees(self) -> bool | None:
        """Whether the formula gives the printed value; None where it cannot be done again."""
        return None if self.redone is None else self.redone.agrees(self.printed)


@dataclass(frozen=True)
class InputRows:
    """Rows of one file of the county folder that a figure stands on; `direct` are the links of the figure itself."""

    file: str
    table: Table | None
    state: FileState
    records: tuple[Record, ...]
    direct: tuple[Link, ...]
    columns: tuple[str, ...]
    whole: bool


@dataclass(frozen=True)
class RuleInForce:
    """A rule with its numbers on the day of the run, and the tables in which it enters."""

    rule: Rule
    lines: tuple[Value, ...]
    tables: tuple[str, ...]


@dataclass(frozen=True)
class Assumed:
    """An assumption with the number in use, and the tables in which it enters."""

    parameter: Parameter
    value: float
    tables: tuple[str, ...]


@dataclass(frozen=True)
class Trace:
    """Everything behind a row, or behind one figure of it."""

    spec: Table
    record: Record
    asked: tuple[str, ...]
    cells: tuple[Cell, ...]
    links: tuple[Link, ...]
    inputs: tuple[InputRows, ...]
    rules: tuple[RuleInForce, ...]
    assumptions: tuple[Assumed, ...]
    ground: Ground
    edited: bool
    troubles: tuple[LayoutError, ...]

    @property
    def models(self) -> list[str]:
        """Pages that describe the models behind the figures asked for; empty where all are plain arithmetic."""
        asked = [cell for cell in self.cells if cell.column.name in self.asked]
        return list(dict.fromkeys(cell.origin.model for cell in asked if cell.origin.model))

    @property
    def decisive(self) -> frozenset[tuple[str, int]]:
        """File and number of the rows that decide a figure asked for: the maximum, the binding part."""
        asked = [cell.redone for cell in self.cells if cell.column.name in self.asked and cell.redone is not None]
        return frozenset((record.file, record.number) for redone in asked for record in redone.rows)

    @property
    def county_missing(self) -> bool:
        """Whether the county folder given is not that of the run: no file of a county is there."""
        return not self.ground.store.county_there

    @property
    def changed(self) -> list[FileState]:
        """Input files that are no longer those of the run."""
        states = [self.ground.store.state_of(SETTINGS), *(item.state for item in self.inputs)]
        return [state for state in dict.fromkeys(states) if state.state != "same"]


@dataclass(frozen=True)
class Matches:
    """Rows that a partial key names."""

    spec: Table
    records: tuple[Record, ...]


def trace(county: Path, out: Path, table: str, key: str, column: str | None = None) -> Trace | Matches:
    """Show what a figure of an output table stands on.

    Parameters
    ----------
    county
        The county folder that the run was made from.
    out
        Output folder of the run.
    table
        Output table, by name or label.
    key
        See `layout_planner.tracing.keys.rows_of`.
    column
        One column only; None for the whole row.

    Returns
    -------
    Trace or Matches
        The trace of one row; the rows, where the key names several.

    Raises
    ------
    UsageError
        If there is no such run, table, column or row: each with what is allowed and what is near.
    """
    store = Store(out, county)
    _ = store.manifest
    spec = table_of(store, table)
    asked = (column_of(spec, column),) if column else tuple(spec.names)
    records = rows_of(store, spec, key)
    if len(records) > 1:
        return Matches(spec, tuple(records))
    return trace_row(ground_of(store), spec, records[0], asked)


def trace_row(ground: Ground, spec: Table, record: Record, asked: Sequence[str]) -> Trace:
    """Trace some columns of one row."""
    store = ground.store
    links = links_of(store, [record], asked, ground.catalogue, DEPTH)
    origins = [(origin, [record]) for origin in origins_of(spec.name, asked)]
    for link in walk(links):
        if link.table in load_lineage() and link.records:
            origins += [(origin, list(link.records)) for origin in origins_of(link.table, link.columns)]
    inputs = tuple(_inputs(links, store))
    edited = [spec.name, *(link.table for link in walk(links) if not is_input(link, store))]
    return Trace(
        spec=spec,
        record=record,
        asked=tuple(asked),
        cells=tuple(_cell(ground, spec, record, column) for column in spec.required),
        links=links,
        inputs=inputs,
        rules=tuple(_rules(origins, ground)),
        assumptions=tuple(_assumptions(origins, ground)),
        ground=ground,
        edited=any(store.edited(name) for name in dict.fromkeys(edited)),
        troubles=tuple(error for error in [*store.troubles.values(), ground.trouble] if error is not None),
    )


def _cell(ground: Ground, spec: Table, record: Record, column: Column) -> Cell:
    origin = load_lineage()[spec.name].origin(column.name)
    redone = _again(origin, record, column.name, ground) if origin.recompute else None
    return Cell(column, record.get(column.name), origin, function_of(origin, record), redone)


def _again(origin: Origin, record: Record, column: str, ground: Ground) -> Redone | None:
    """Do a formula again; None where the rows as they are now do not allow it (files may have changed, or be elsewhere)."""
    if not ground.store.county_there:
        return None
    try:
        return REDO[origin.recompute](record, column, ground)
    except (ValueError, KeyError, IndexError, ArithmeticError, LayoutError):
        return None


def function_of(origin: Origin, record: Record) -> str:
    """Path of the function that computes a figure; for a finding the check of its rule."""
    if origin.function != "@check":
        return origin.function
    from layout_planner.compliance.evaluate import CHECKS

    entry = CHECKS.get(record.get("rule_id"))
    if entry is None:
        return "layout_planner.compliance.findings:not_evaluated"
    check = getattr(entry.check, "func", entry.check)
    return f"{check.__module__}:{check.__name__}"


def _inputs(links: Sequence[Link], store: Store) -> Iterable[InputRows]:
    """Rows by file, those of several links together; a file without rows of text is named as a whole."""
    files: dict[str, tuple[str, dict[int, Record], dict[str, None]]] = {}
    for link in walk(links):
        if not is_input(link, store):
            continue
        spec = store.spec(link.table)
        if not link.records and not link.absent and spec is not None:
            continue
        for record in link.records:
            _, rows, columns = files.setdefault(record.file, (link.table, {}, {}))
            rows.setdefault(record.number, record)
            columns.update(dict.fromkeys(link.columns))
        if link.absent and spec is not None and (store.county / spec.file).exists():
            files.setdefault(spec.file, (link.table, {}, dict.fromkeys(link.columns)))
    for file, (table, rows, columns) in files.items():
        records = tuple(rows[number] for number in sorted(rows))
        near = [link for link in links if is_input(link, store) and link.records]
        direct = tuple(
            replace(link, records=mine) for link in near if (mine := tuple(r for r in link.records if r.file == file))
        )
        whole = not records or len(records) == len(store.rows(table) or ())
        yield InputRows(file, store.spec(table), store.state_of(file), records, direct, tuple(columns), whole)


def _rules(origins: Sequence[tuple[Origin, list[Record]]], ground: Ground) -> Iterable[RuleInForce]:
    found: dict[str, tuple[Rule, dict[str, None], dict[str, None]]] = {}
    for origin, records in origins:
        if not origin.rules:
            continue
        for record in records:
            for rule in rules_behind(origin, record, ground):
                _, stages, tables = found.setdefault(rule.id, (rule, {}, {}))
                stages[stage_of(record)] = None
                tables[record.table] = None
    for rule, stages, tables in found.values():
        yield RuleInForce(rule, tuple(lines_in_force(rule, stages, ground.day)), tuple(tables))


def _assumptions(origins: Sequence[tuple[Origin, list[Record]]], ground: Ground) -> Iterable[Assumed]:
    found: dict[str, dict[str, None]] = {}
    for origin, records in origins:
        if not origin.parameters:
            continue
        for record in records:
            for name in parameters_behind(origin, record, ground):
                found.setdefault(name, {})[record.table] = None
    for name, tables in found.items():
        yield Assumed(ground.parameters[name], ground.values[name], tuple(tables))
