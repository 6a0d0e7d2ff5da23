"""A trace as plain data, for JSON and CSV."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from layout_planner.policy import unit_label
from layout_planner.policy.wording import mode_text, status_text, value_words
from layout_planner.tracing.chain import Link
from layout_planner.tracing.trace import Assumed, Cell, InputRows, Matches, RuleInForce, Trace

CSV_COLUMNS: Final = ("part", "level", "table", "file", "sha256", "state", "row", "column", "value", "unit", "note")


def as_data(trace: Trace) -> dict[str, Any]:
    """Return everything of a trace as plain data.

    Parameters
    ----------
    trace
        The trace.

    Returns
    -------
    dict
        table, row, run, columns, chain, inputs, rules, assumptions; every row behind a figure is there.
    """
    manifest, store = trace.ground.store.manifest, trace.ground.store
    options = manifest.get("options", {})
    return {
        "table": trace.spec.name,
        "title": {"zh": trace.spec.zh, "en": trace.spec.en},
        "file": trace.record.file,
        "row": trace.record.number,
        "key": {name: trace.record.get(name) for name in trace.spec.key},
        "asked": list(trace.asked),
        "run": {
            "county": manifest.get("county", ""),
            "synthetic": bool(manifest.get("synthetic", False)),
            "base_year": store.base_year,
            "rules_on": trace.ground.day.isoformat(),
            "seed": options.get("seed"),
            "draws": options.get("draws"),
            "versions": manifest.get("versions", {}),
        },
        "agrees_with_run": not trace.changed and not trace.edited,
        "changed": [{"file": state.file, "state": state.state} for state in trace.changed],
        "table_edited": trace.edited,
        "columns": [_cell(cell, asked=cell.column.name in trace.asked) for cell in trace.cells],
        "chain": [_link(link) for link in trace.links],
        "inputs": [_input(item) for item in trace.inputs],
        "rules": [_rule(item) for item in trace.rules],
        "assumptions": [_assumption(item) for item in trace.assumptions],
    }


def matches_as_data(found: Matches) -> dict[str, Any]:
    """Rows that a partial key names."""
    rows = [{"row": record.number, **record.cells} for record in found.records]
    return {"table": found.spec.name, "key": list(found.spec.key), "count": len(rows), "rows": rows}


def as_lines(trace: Trace, lang: str) -> Iterator[dict[str, Any]]:
    """Return a trace as one long table, see `CSV_COLUMNS`."""
    own = {"table": trace.spec.name, "file": trace.record.file, "row": trace.record.number}
    for cell in trace.cells:
        note = cell.origin.zh if lang == "zh" else cell.origin.en
        redone = f"{_tick(cell)} {cell.redone.text} = {_plain(cell.redone.value)}" if cell.redone else ""
        line = {"part": "figure", "level": 0, **own, "column": cell.column.name, "value": cell.printed}
        yield {**line, "unit": cell.column.unit, "note": " | ".join(filter(None, (note, redone, cell.function)))}
    for level, link in _levels(trace.links, 1):
        spec = trace.ground.store.spec(link.table)
        kind = "chain" if spec is not None and spec.kind == "output" else "input"
        for record in link.records:
            state = trace.ground.store.state_of(record.file) if kind == "input" else None
            place = {
                "part": kind,
                "level": level,
                "table": record.table,
                "file": record.file,
                "sha256": state.recorded if state else "",
                "state": state.state if state else "",
                "row": record.number,
                "note": link.source.zh if lang == "zh" else link.source.en,
            }
            for column in link.columns or tuple(record.cells):
                unit = next((c.unit for c in spec.columns if c.name == column), "") if spec is not None else ""
                yield {**place, "column": column, "value": record.get(column), "unit": unit}
    for item in trace.rules:
        words = "；".join(value_words(line) for line in item.lines)
        yield {"part": "rule", "column": item.rule.id, "value": words, "note": f"{item.rule.title} | {item.rule.cite}"}
    for assumed in trace.assumptions:
        p = assumed.parameter
        note = f"{p.title} | {p.low:g}–{p.high:g} | {p.source}"
        yield {"part": "assumption", "column": p.name, "value": f"{assumed.value:g}", "unit": p.unit, "note": note}


def _levels(links: Sequence[Link], level: int) -> Iterator[tuple[int, Link]]:
    for link in links:
        yield level, link
        yield from _levels(link.below, level + 1)


def _tick(cell: Cell) -> str:
    return "✓" if cell.agrees else "✗"


def _plain(value: float | str) -> str | float | None:
    return value if isinstance(value, str) else None if math.isnan(value) else float(f"{value:.9g}")


def _cell(cell: Cell, *, asked: bool) -> dict[str, Any]:
    column = cell.column
    return {
        "name": column.name,
        "zh": column.zh,
        "en": column.en,
        "meaning": column.meaning,
        "unit": column.unit,
        "value": cell.printed,
        "asked": asked,
        "formula": {"zh": cell.origin.zh, "en": cell.origin.en},
        "function": cell.function,
        "model": cell.origin.model,
        "drawn": cell.origin.drawn,
        "recomputed": None
        if cell.redone is None
        else {
            "formula": cell.redone.text,
            "value": _plain(cell.redone.value),
            "agrees": cell.agrees,
            "decided_by": [{"file": record.file, "row": record.number} for record in cell.redone.rows],
        },
    }


def _link(link: Link) -> dict[str, Any]:
    return {
        "table": link.table,
        "meaning": {"zh": link.source.zh, "en": link.source.en},
        "columns": list(link.columns),
        "rows": _rows(link.records),
        "absent": link.absent,
        "followed_in_part": link.cut,
        "below": [_link(item) for item in link.below],
    }


def _rows(records: Iterable[Any]) -> list[dict[str, Any]]:
    return [{"file": record.file, "row": record.number, "cells": dict(record.cells)} for record in records]


def _input(item: InputRows) -> dict[str, Any]:
    return {
        "file": item.file,
        "table": item.table.name if item.table else "plans",
        "sha256": item.state.recorded,
        "sha256_now": item.state.now,
        "state": item.state.state,
        "whole_file": item.whole,
        "columns": list(item.columns),
        "rows": [record.number for record in item.records],
        "direct": [
            {"meaning": {"zh": link.source.zh, "en": link.source.en}, "rows": _rows(link.records)}
            for link in item.direct
        ],
    }


def _rule(item: RuleInForce) -> dict[str, Any]:
    rule = item.rule
    return {
        "id": rule.id,
        "title": rule.title,
        "mode": mode_text(rule),
        "status": status_text(rule),
        "cite": rule.cite,
        "in_force": [
            {"value": v.value, "unit": unit_label(v.unit), "stage": v.stage, "part": v.part, "words": value_words(v)}
            for v in item.lines
        ],
        "tables": list(item.tables),
    }


def _assumption(item: Assumed) -> dict[str, Any]:
    p = item.parameter
    return {
        "name": p.name,
        "title": p.title,
        "value": item.value,
        "unit": p.unit,
        "range": [p.low, p.high],
        "source": p.source,
        "tables": list(item.tables),
    }
