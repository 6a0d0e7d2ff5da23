"""A trace as JSON or CSV on the screen."""

from __future__ import annotations

import csv
import io
import json
import os

import click

from layout_planner.cli.language import VARIABLE
from layout_planner.tracing import Matches, Trace
from layout_planner.tracing.payload import CSV_COLUMNS, as_data, as_lines, matches_as_data


def show(found: Trace | Matches, form: str) -> None:
    """Print a trace, or the rows that a partial key names, as ``json`` or ``csv``."""
    if form == "json":
        data = matches_as_data(found) if isinstance(found, Matches) else as_data(found)
        click.echo(json.dumps(data, ensure_ascii=False, indent=1))
        return
    text = io.StringIO()
    if isinstance(found, Matches):
        rows = [{"row": record.number, **record.cells} for record in found.records]
        names = ["row", *found.spec.written]
    else:
        rows = list(as_lines(found, os.environ.get(VARIABLE, "zh")))
        names = list(CSV_COLUMNS)
    writer = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _safe(value) for name, value in row.items()} for row in rows)
    click.echo(text.getvalue(), nl=False)


def _safe(cell: object) -> object:
    """Keep a spreadsheet from running a cell."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
