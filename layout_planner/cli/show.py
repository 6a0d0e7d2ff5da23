"""What a command shows on the screen: stages with honest seconds, findings in short, problems."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from gettext import gettext as _
from typing import TYPE_CHECKING

from rich.console import Console

from layout_planner.errors.printable import clean_text

if TYPE_CHECKING:
    from pathlib import Path

    from layout_planner.errors import Lang
    from layout_planner.pipeline import Checked, RunResult

MANY = 5  # names of a line
SHOWN = 20  # lines of a severity on the screen; all findings are in the file


@contextmanager
def stages() -> Iterator[Callable[[str, float], None]]:
    """Print each stage with its seconds when it ends, and the total at the end."""
    console = Console(highlight=False)
    started = time.perf_counter()

    def on_stage(title: str, seconds: float) -> None:
        console.print(f"  {_pad(title, 28)}{seconds:7.1f} " + _("s"))

    yield on_stage
    console.print(f"  {_pad(_('Total'), 28)}{time.perf_counter() - started:7.1f} " + _("s"))


def summary(result: RunResult) -> None:
    """Print where the results are and the few numbers that a planner wants first."""
    console = Console(highlight=False)
    if result.synthetic:
        console.print(_("SIMULATED DATA: not the figures of any real school."), style="bold yellow")
    for title, value in result.headlines:
        _plain(console, f"  {_pad(title, 16)}{value}")
    edited = [name for name in result.mine if name.startswith("edited/")]
    for name in edited:
        _plain(console, _("Edited since the last run, kept: {file}").format(file=f"{result.out.name}/{name}"))
    if added := [name for name in result.mine if name not in edited]:
        text = _("Your own files, carried over: {files} ({count})")
        _plain(console, text.format(files=", ".join(added[:MANY]), count=len(added)))
    _plain(console, _("Results: {folder}").format(folder=result.out), style="bold")


def problems(checked: Checked, lang: Lang) -> None:
    """Print the findings by severity with their count, one line for all that say the same, and whether files can be used."""
    console = Console(highlight=False)
    if checked.inspection.synthetic:
        console.print(_("SIMULATED DATA: not the figures of any real school."), style="bold yellow")
    titles = {"error": _("Errors"), "warning": _("Warnings"), "notice": _("Notices")}
    for severity, title in titles.items():
        groups = [group for group in checked.groups if group.first.severity == severity]
        if groups:
            _plain(console, f"{title} {checked.count(severity)}", style="bold")
        for group in groups[:SHOWN]:
            _plain(console, f"  {group.sentence(lang)}")
        if more := sum(group.count for group in groups[SHOWN:]):
            _plain(console, "  " + _("{count} more in the file").format(count=more))
    errors = checked.count("error")
    usable = _("{name}: files can be used; {count} warnings and notices.")
    refused = _("{name}: {count} errors have to be mended before a run.")
    text = refused if errors else usable
    _plain(console, text.format(name=checked.name, count=errors or len(checked.quality)))


def findings_in(out: Path, mine: Iterable[str]) -> None:
    """Print where the findings are, and which of the planner's files were carried over."""
    console = Console(highlight=False)
    for name in mine:
        _plain(console, _("Edited since the last run, kept: {file}").format(file=f"{out.name}/{name}"))
    _plain(
        console, _("Results: {folder}").format(folder=f"{out}/check.html  {out}/tables/data_quality.csv"), style="bold"
    )


def lines(texts: Iterable[str]) -> None:
    """Print lines."""
    console = Console(highlight=False)
    for text in texts:
        _plain(console, text)


def _plain(console: Console, text: str, style: str | None = None) -> None:
    """Print a text as it is: a name in brackets is no style, ``:name:`` no picture."""
    console.print(clean_text(text), style=style, markup=False, emoji=False, soft_wrap=True)


def _pad(text: str, width: int) -> str:
    """Pad a text to a width on the screen, where a Chinese character takes two places."""
    from rich.cells import cell_len

    return text + " " * max(1, width - cell_len(text))
