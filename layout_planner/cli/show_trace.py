"""A trace on the screen: the row, the formulas, the chain, the input rows, rules and assumptions."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterable, Sequence
from gettext import gettext as _
from typing import Final

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from layout_planner.cli.language import VARIABLE
from layout_planner.contracts.dictionary import Column
from layout_planner.contracts.dictionary import Table as Spec
from layout_planner.errors import sentence
from layout_planner.policy import unit_label
from layout_planner.policy.wording import mode_text, status_text, value_words
from layout_planner.terms import GRADE_LABELS_ZH, LABELS_ZH
from layout_planner.tracing import Matches, Trace
from layout_planner.tracing.chain import MOST_ROWS, Link
from layout_planner.tracing.store import Record
from layout_planner.tracing.trace import Assumed, Cell, InputRows, RuleInForce

_ROWS: Final = 8  # input rows printed for one purpose
_OTHERS: Final = 8  # columns of an input row where none is named
_SAMPLE: Final = 3  # rows of an output table printed in the chain
_RANGES: Final = 8
_LONG: Final = 24  # characters of a text that stand in the table of the row
_KEYS: Final = 20  # rows listed for a partial key
_UNITS_ZH: Final = {
    "seats": "个",
    "rooms": "间",
    "beds": "张",
    "sections": "班",
    "schools": "所",
    "degree": "度",
    "as rule": "同规则",
}


def trace(found: Trace) -> None:
    """Print a trace."""
    console = Console(highlight=False)
    console.print(_headline(found))
    for line in _warnings(found):
        console.print(line, style="bold red")
    _section(console, _("The row as printed"), [_row(found)])
    _section(console, _("How it is computed"), _formulas(found))
    _section(console, _("Rows it stands on"), [_chain(found)] if found.links else [Text(_("none"))])
    _section(console, _("Input files and rows"), [_input(item, found.decisive) for item in found.inputs])
    if found.rules:
        _section(console, _("Rules in force on {day}").format(day=found.ground.day.isoformat()), [_rules(found.rules)])
    if found.assumptions:
        _section(console, _("Assumptions"), [_assumptions(found, found.assumptions)])


def matches(found: Matches) -> None:
    """Print the rows that a partial key names."""
    console = Console(highlight=False)
    count = len(found.records)
    console.print(_("{table}: {count} rows fit; name one of them:").format(table=_titled(found.spec), count=count))
    for record in found.records[:_KEYS]:
        key = ",".join(record.get(name) for name in found.spec.key) or f"#{record.number}"
        names = [record.get(name) for name in ("school_name", "township_name", "village_name", "subject_name")]
        console.print(f"  {key}  {' '.join(filter(None, names))}", markup=False, soft_wrap=True)
    if count > _KEYS:
        console.print("  …")


def _chinese() -> bool:
    return os.environ.get(VARIABLE, "zh") != "en"


def _titled(spec: Spec) -> str:
    return f"{spec.zh if _chinese() else spec.en} {spec.name}"


def _named(column: Column) -> str:
    return f"{column.zh if _chinese() else column.en} {column.name}"


def _unit(unit: str) -> str:
    if unit == "-" or not _chinese():
        return "" if unit == "-" else unit
    return _UNITS_ZH.get(unit) or unit_label(unit)


def _worded(column: Column | None, value: str) -> str:
    """Cell with the label of an enum or a grade behind it; a dash where it is empty."""
    if value == "":
        return "–"
    if column is None or not _chinese():
        return value
    words = GRADE_LABELS_ZH.get(int(value)) if column.name == "grade" and value.lstrip("-").isdigit() else None
    if column.type.startswith("enum:"):
        words = LABELS_ZH[column.type.removeprefix("enum:")].get(value)
    return f"{value}（{words}）" if words and words != value else value


def _headline(found: Trace) -> Text:
    manifest = found.ground.store.manifest
    options = manifest.get("options", {})
    text = Text(_titled(found.spec), style="bold")
    place = _("  row {row} of {file}").format(row=found.record.number, file=found.record.file)
    text.append(place, style="not bold")
    if manifest.get("synthetic"):
        text.append("  " + _("SIMULATED DATA"), style="bold yellow")
    run = _("Run: {county}, base year {year}, seed {seed}, {draws} draws, layout-planner {version}").format(
        county=manifest.get("county", ""),
        year=found.ground.store.base_year,
        seed=options.get("seed"),
        draws=options.get("draws"),
        version=manifest.get("versions", {}).get("layout-planner", ""),
    )
    text.append("\n" + run, style="not bold dim")
    return text


def _warnings(found: Trace) -> Iterable[str]:
    words = {
        "changed": _("{file} has changed since the run: figures and file no longer agree; run again."),
        "missing": _("{file} is no longer in the county folder: its rows cannot be shown."),
        "new": _("{file} was not there when the run was made: figures and file do not agree; run again."),
    }
    if found.county_missing:
        folder = found.ground.store.county
        yield _(
            "{folder}: none of the run's input files is here; name the county folder of the run with --county."
        ).format(folder=folder)
    for state in () if found.county_missing else found.changed:
        yield words[state.state].format(file=state.file)
    if found.edited:
        yield _("A table of the results was edited after the run: figures and manifest no longer agree.")
    for error in () if found.county_missing else found.troubles:
        yield sentence(error.code, error.fields, "zh" if _chinese() else "en")
    if any(cell.agrees is False and cell.column.name in found.asked for cell in found.cells):
        yield _("✗: the formula does not give the printed value from the rows as they are now.")


def _row(found: Trace) -> Group:
    """Print the cells below each other; long texts follow the table in full."""
    table = Table(box=None, padding=(0, 1), show_edge=False)
    for title, style in ((_("Column"), ""), (_("Value"), "bold"), (_("Unit"), ""), (_("Done again"), "")):
        table.add_column(title, style=style, overflow="fold")
    long: list[Text] = []
    for cell in found.cells:
        asked = cell.column.name in found.asked and len(found.asked) == 1
        name = Text(("▶ " if asked else "") + _named(cell.column), style="bold" if asked else "")
        unit = found.record.get("unit") if cell.column.unit == "as rule" else cell.column.unit
        words = _worded(cell.column, cell.printed)
        if len(words) > _LONG:
            long.append(Text(f" {_named(cell.column)}：", style="").append(words, style="bold"))
            words = f"{words[:_LONG]}…"
        table.add_row(name, Text(words), _unit(unit or "-"), _again(cell))
    return Group(table, *long)


def _again(cell: Cell) -> Text:
    """Formula done again, with a tick; a word where the value comes from random draws."""
    if cell.redone is None:
        return Text(_("by the model") if cell.origin.drawn else "", style="dim")
    if cell.printed == "" and cell.agrees:
        return Text("✓", style="green")
    value = cell.redone.value
    result = value if isinstance(value, str) else f"{value:.6g}"
    shown = cell.redone.text if cell.redone.text == result else f"{cell.redone.text} = {result}"
    return Text(f"{'✓' if cell.agrees else '✗'} {shown}", style="green" if cell.agrees else "bold red")


def _formulas(found: Trace) -> Iterable[Group]:
    done: dict[int, tuple[Cell, list[str]]] = {}
    for cell in found.cells:
        if cell.column.name in found.asked:
            done.setdefault(id(cell.origin), (cell, []))[1].append(_named(cell.column))
    for cell, names in done.values():
        lines = [Text("、".join(names), style="bold")]
        lines.append(Text(cell.origin.zh if _chinese() else cell.origin.en))
        if len(names) == 1:
            lines.append(Text(_("Meaning: {words}").format(words=cell.column.meaning), style="dim"))
        if cell.origin.model and cell.redone is None:
            drawn = _(
                "Drawn by the model ({page}); not done again here, the same input, seed and version give the same."
            )
            exact = _("Follows from the rows without any draw (method: {page}); not done again here.")
            words = drawn if cell.origin.drawn else exact
            lines.append(Text(words.format(page=cell.origin.model), style="dim"))
        lines.append(Text(_("Function: {path}").format(path=cell.function), style="dim"))
        yield Group(*lines)


def _chain(found: Trace) -> Tree:
    tree = Tree(_titled(found.spec))
    for link in found.links:
        _branch(tree, link, found, top=True)
    return tree


def _branch(tree: Tree, link: Link, found: Trace, *, top: bool) -> None:
    store = found.ground.store
    spec = store.spec(link.table)
    words = link.source.zh if _chinese() else link.source.en
    title = _titled(spec) if spec is not None else link.table
    count = _("{count} rows").format(count=len(link.records))
    if not link.records:
        whole = spec is not None and spec.geometry == "LineString"
        count = _("not in this folder") if link.absent and not whole else _("whole file") if whole else _("no row")
        if not top and not whole:
            return
    label = Text(title, style="bold" if top else "")
    label.append(f"  {count}", style="cyan")
    label.append(f"  {words}", style="not bold")
    if link.cut:
        label.append("  " + _("(the first {count} followed)").format(count=MOST_ROWS), style="dim")
    branch = tree.add(label)
    if top and spec is not None and spec.kind == "output":
        for record in _foremost(link, _SAMPLE, found.decisive):
            decides = (record.file, record.number) in found.decisive
            brief = _brief(record, spec, link.columns)
            branch.add(Text(f"▶ {brief}" if decides else brief, style="bold" if decides else "dim"))
        if len(link.records) > _SAMPLE:
            branch.add(Text("…", style="dim"))
    for below in link.below:
        _branch(branch, below, found, top=False)


def _foremost(link: Link, count: int, decisive: Collection[tuple[str, int]]) -> Sequence[Record]:
    """Rows to show of many: those that decide, then those with the largest values of the column that matters."""
    first = [record for record in link.records if (record.file, record.number) in decisive]
    rest = [record for record in link.records if (record.file, record.number) not in decisive]
    if column := link.source.first:
        known = [record for record in rest if not math.isnan(record.number_of(column))]
        unknown = [record for record in rest if math.isnan(record.number_of(column))]
        rest = unknown + sorted(known, key=lambda record: -record.number_of(column))
    return (first + rest)[:count]


def _brief(record: Record, spec: Spec, columns: Sequence[str]) -> str:
    key = " ".join(record.get(name) for name in spec.key)
    cells = "，".join(f"{name} {record.get(name) or '–'}" for name in columns if name not in spec.key)
    return _("row {row}: {key}").format(row=record.number, key=key) + (f" | {cells}" if cells else "")


def _input(item: InputRows, decisive: Collection[tuple[str, int]]) -> Group:
    state = {
        "same": Text("✓ " + _("as in the run"), style="green"),
        "changed": Text("✗ " + _("changed since the run"), style="bold red"),
        "missing": Text("✗ " + _("missing"), style="bold red"),
        "new": Text("✗ " + _("not in the run"), style="bold red"),
    }[item.state.state]
    title = Text(item.file, style="bold")
    if item.table is not None:
        title.append(f"  {item.table.zh if _chinese() else item.table.en}", style="not bold")
    title.append("  ").append_text(state)
    lines: list[Text | Table | Padding] = [title]
    lines.append(Text(f"  SHA-256 {item.state.recorded or item.state.now}", style="dim"))
    if item.records:
        every = _(" (every row)") if item.whole else ""
        words = _("  rows {rows}, {count} in all{every}").format(
            rows=ranges([record.number for record in item.records]), count=len(item.records), every=every
        )
        lines.append(Text(words))
    else:
        lines.append(Text(_("  the whole file, rows are not listed")))
    for link in item.direct:
        lines.append(Text("  · " + (link.source.zh if _chinese() else link.source.en)))
        lines.append(Padding(_rows(link, item.table, decisive), (0, 0, 0, 2)))
    return Group(*lines)


def _rows(link: Link, spec: Spec | None, decisive: Collection[tuple[str, int]]) -> Table:
    """Input rows that the figure itself stands on: row number, key, the columns that enter."""
    keys = spec.key if spec is not None else ()
    own = [name for name in link.records[0].cells if name not in {*keys, "basis", "synthetic"}][:_OTHERS]
    held = {name for record in link.records for name in [*keys, *(link.columns or own)] if record.get(name)}
    names = [name for name in dict.fromkeys([*keys, *(link.columns or own)]) if name in held]
    known = {column.name: column for column in spec.columns} if spec is not None else {}
    table = Table(box=None, padding=(0, 1), show_edge=False, header_style="dim")
    table.add_column(_("row"), justify="right", style="cyan")
    for name in names:
        column = known.get(name)
        table.add_column((column.zh if _chinese() else column.en) if column else name, overflow="fold")
    for record in _foremost(link, _ROWS, decisive):
        mark = "▶ " if (record.file, record.number) in decisive else ""
        table.add_row(f"{mark}{record.number}", *(Text(_worded(known.get(name), record.get(name))) for name in names))
    if len(link.records) > _ROWS:
        more = _("{count} more: --format csv").format(count=len(link.records) - _ROWS)
        table.add_row("…", Text(more, style="dim"))
    return table


def ranges(numbers: Sequence[int]) -> str:
    """Say which rows: 2–13、45, shortened after eight runs."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    shown = [str(a) if a == b else f"{a}–{b}" for a, b in runs[:_RANGES]]
    return ("、" if _chinese() else ", ").join(shown) + (" …" if len(runs) > _RANGES else "")


def _rules(rules: Sequence[RuleInForce]) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for item in rules:
        rule = item.rule
        words = Text(rule.title).append(
            "  " + ("；".join(value_words(v) for v in item.lines) or "–"), style="bold cyan"
        )
        marks = "".join(dict.fromkeys(value.marks for value in item.lines))
        where = rule.source.cite + marks if item.lines else rule.cite
        words.append(f"\n{mode_text(rule)} · {status_text(rule)} · {where}", style="dim")
        grid.add_row(rule.id, words)
    return grid


def _assumptions(found: Trace, assumed: Sequence[Assumed]) -> Table:
    """Assumptions of the figure itself in full; those that enter further down with the table they enter by."""
    grid = Table.grid(padding=(0, 2))
    for column in ("bold", "dim", "bold cyan", "", "dim"):
        grid.add_column(style=column, overflow="fold")
    near = [item for item in assumed if found.spec.name in item.tables]
    far = [item for item in assumed if found.spec.name not in item.tables]
    for item in [*near, *far]:
        p = item.parameter
        reach = _("range {low:g}–{high:g}").format(low=p.low, high=p.high)
        where = p.source if item in near else _("through {tables}").format(tables="、".join(item.tables))
        grid.add_row(p.title, p.name, f"{item.value:g} {_unit(p.unit)}", reach, where)
    return grid


def _section(console: Console, title: str, parts: Iterable[object]) -> None:
    console.print()
    console.rule(title, align="left", style="dim")
    for part in parts:
        console.print(part)
