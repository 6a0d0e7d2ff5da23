"""``layout-planner trace TABLE KEY``: what a figure of an output table stands on."""

from __future__ import annotations

from gettext import gettext as _
from pathlib import Path

import click

_FORMATS = ("text", "json", "csv")


@click.command(
    help=_(
        "Show where a figure of an output table comes from: formula, rows, files, rules, assumptions. KEY holds the values "
        "of the table's key in order, or column=value, with commas: trace seats 2199000012,primary,near."
    )
)
@click.argument("table")
@click.argument("key", default="")
@click.option("--column", help=_("One column only (default: the whole row)."))
@click.option("--out", type=click.Path(path_type=Path), default=Path("out"), help=_("Folder of the results."))
@click.option("--county", type=click.Path(path_type=Path), default=Path("data"), help=_("County folder of the run."))
@click.option("--format", "form", type=click.Choice(_FORMATS), default="text", help=_("text, json or csv (text)."))
@click.option("--lang", type=click.Choice(["zh", "en"]), expose_value=False, help=_("Language of messages."))
def trace(table: str, key: str, column: str | None, *, out: Path, county: Path, form: str) -> None:
    """Trace a row, or one figure of it."""
    from layout_planner.cli import show_trace, show_trace_data
    from layout_planner.tracing import Matches
    from layout_planner.tracing import trace as trace_figure

    found = trace_figure(county, out, table, key, column)
    if form != "text":
        show_trace_data.show(found, form)
    elif isinstance(found, Matches):
        show_trace.matches(found)
    else:
        show_trace.trace(found)
