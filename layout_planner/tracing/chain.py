"""The chain of rows that a figure stands on: from a row of an output table down to the rows of the input files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from layout_planner.contracts.lineage import Origin, Source, load_lineage
from layout_planner.policy import Catalogue
from layout_planner.terms import COUNTY
from layout_planner.tracing.questions import agrees, answer, further
from layout_planner.tracing.store import PLANS, Record, Store

MOST_ROWS: Final = 400  # rows of one table that are followed further down; more are counted, not followed
_FILE: Final = re.compile(r"[a-z_]+\.(?:csv|toml|geojson|gpkg)")
_SUBJECT_COLUMNS: Final = {
    "school": "school_id",
    "township": "township_code",
    "village": "village_code",
    "case": "case_id",
}


@dataclass(frozen=True)
class Link:
    """Rows of one table that the rows above stand on."""

    source: Source
    table: str
    columns: tuple[str, ...]
    records: tuple[Record, ...]
    absent: bool
    below: tuple[Link, ...] = ()
    seen: bool = False

    @property
    def cut(self) -> bool:
        """Whether only the first `MOST_ROWS` rows were followed further down."""
        return len(self.records) > MOST_ROWS and bool(self.below)


def links_of(
    store: Store, rows: Sequence[Record], columns: Iterable[str], catalogue: Catalogue, depth: int
) -> tuple[Link, ...]:
    """Follow some columns of rows of one output table down to the input.

    Parameters
    ----------
    store
        Output and county folder.
    rows
        Rows of one table.
    columns
        Columns to follow.
    catalogue
        Rules, for the checks behind findings.
    depth
        Tables to go down; input tables end a chain before.

    Returns
    -------
    tuple of Link
        One link a source, in the order of ``lineage.toml``.
    """
    return _below(store, list(rows), frozenset(columns), catalogue, depth, frozenset())


def origins_of(table: str, columns: Iterable[str]) -> list[Origin]:
    """Return how some columns of a table arise, each once, in the order of ``lineage.toml``."""
    wanted = set(columns)
    return [origin for origin in load_lineage()[table].origins if wanted & set(origin.names)]


def check_table_of(row: Record) -> str:
    """Name of the table that the check behind a finding reads; empty where no check decides the rule."""
    from layout_planner.compliance.evaluate import CHECKS

    entry = CHECKS.get(row.get("rule_id"))
    return "" if entry is None else entry.table


def applies(source: Source, row: Record, store: Store, sources: Mapping[str, Source]) -> bool:
    """Whether a source is one of a traced row."""
    if any(row.get(column) not in values for column, values in source.when.items()):
        return False
    if source.asks and not agrees(source.asks, row, store):
        return False
    if source.checks:
        return check_table_of(row) in source.checks
    if source.otherwise:
        read = check_table_of(row)
        return not any(read in other.checks and applies(other, row, store, sources) for other in sources.values())
    return True


def rows_behind(source: Source, row: Record, store: Store) -> list[Record]:
    """Rows of a source that belong to one traced row."""
    if source.table == "@file":
        return _named_row(row, store)
    match: dict[str, frozenset[str]] = {}
    for column, wanted in source.match.items():
        if wanted.startswith("@"):
            match[column] = answer(wanted, row, store)
        else:
            match[column] = frozenset({wanted[1:] if wanted.startswith("=") else row.get(wanted)})
    found = store.find(source.table, match)
    if source.where:
        holds = further(source.where, row, store)
        found = [record for record in found if holds(record)]
    return found


def _below(
    store: Store, rows: list[Record], columns: frozenset[str], catalogue: Catalogue, depth: int, above: frozenset[str]
) -> tuple[Link, ...]:
    if depth <= 0 or not rows:
        return ()
    table = rows[0].table
    lineage = load_lineage()[table]
    names = dict.fromkeys(name for origin in origins_of(table, columns) for name in origin.sources)
    links: list[Link] = []
    for name in names:
        source = lineage.sources[name]
        mine = [row for row in rows[:MOST_ROWS] if applies(source, row, store, lineage.sources)]
        if not mine:
            continue
        if source.table in above or (above and source.table == table):  # flows beside flows: told at the top alone
            continue
        if source.table == "@needed":
            links += [link for row in mine for link in needed(source, row, store, catalogue)]
            continue
        links.append(_link(store, source, mine, catalogue, (depth, above | {table})))
    return tuple(_merged(links))


def _merged(links: Iterable[Link]) -> list[Link]:
    """Say of the same rows once what they are for."""
    found: dict[tuple[str, tuple[tuple[str, int], ...]], Link] = {}
    for link in links:
        key = (link.table, tuple((record.file, record.number) for record in link.records))
        twin = found.get(key)
        if twin is None or not link.records:
            found[key if link.records else (f"{link.table} {link.source.name}", ())] = link
            continue
        source = replace(
            twin.source, zh=f"{twin.source.zh}；{link.source.zh}", en=f"{twin.source.en}; {link.source.en}"
        )
        columns = tuple(dict.fromkeys([*twin.columns, *link.columns]))
        found[key] = replace(twin, source=source, columns=columns, below=twin.below or link.below)
    return list(found.values())


def _link(
    store: Store, source: Source, mine: list[Record], catalogue: Catalogue, place: tuple[int, frozenset[str]]
) -> Link:
    depth, above = place
    found: dict[tuple[str, int], Record] = {}
    for row in mine:
        for record in rows_behind(source, row, store):
            found.setdefault((record.file, record.number), record)
    records = tuple(sorted(found.values(), key=lambda record: (record.file, record.number)))
    table = records[0].table if source.table == "@file" and records else source.table
    spec = store.spec(table)
    absent = not records and table in store.dictionary.tables and not store.has(table)
    again = table in above
    below: tuple[Link, ...] = ()
    if spec is not None and spec.kind == "output" and not again:
        below = _below(store, list(records), frozenset(source.columns), catalogue, depth - 1, above)
    return Link(source, table, source.columns, records, absent, below, seen=again)


def needed(source: Source, row: Record, store: Store, catalogue: Catalogue) -> list[Link]:
    """Files that the rule of a finding names as needed, with the rows of its subject where they can be told."""
    rule = catalogue.rules.get(row.get("rule_id"))
    if rule is None:
        return []
    tables = {spec.file: spec for spec in store.dictionary.inputs()}
    subject = _SUBJECT_COLUMNS.get(row.get("subject_type"), "")
    links = []
    for file in dict.fromkeys(name for text in rule.needs for name in _FILE.findall(text)):
        spec = tables.get(file)
        if spec is None:
            continue
        names = {column.name for column in spec.columns}
        match = {subject: frozenset({row.get("subject_id")})} if subject in names else {}
        if not match and row.get("subject_type") != COUNTY:
            continue
        if "school_year" in names:
            match["school_year"] = frozenset({str(store.base_year)})
        records = tuple(store.find(spec.name, match))
        columns = tuple(c.name for c in spec.required if c.name not in spec.key)
        links.append(Link(source, spec.name, columns, records, absent=not store.has(spec.name)))
    return links


def _named_row(row: Record, store: Store) -> list[Record]:
    """Return the input row that a notice names by file and row."""
    tables = {spec.file: spec.name for spec in store.dictionary.inputs()}
    table = tables.get(row.get("file"))
    if table is None:
        return []
    number = row.number_of("row")
    return [record for record in store.rows(table) or () if record.number == number]


def walk(links: Iterable[Link]) -> Iterable[Link]:
    """Go through every link of a chain, the upper ones first."""
    for link in links:
        yield link
        yield from walk(link.below)


def is_input(link: Link, store: Store) -> bool:
    """Whether a link ends at a file of the county folder."""
    spec = store.spec(link.table)
    return link.table == PLANS or (spec is not None and spec.kind == "input")
