"""What a command shows on the screen: stages with honest seconds, findings in short, problems."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from gettext import gettext as _
from typing import TYPE_CHECKING

from rich.console import Console

from layout_planner import terms
from layout_planner.errors.printable import clean_text

if TYPE_CHECKING:
    import pandas as pd

    from layout_planner.pipeline import RunResult

MANY = 5  # names of a line


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


def problems(name: str, quality: pd.DataFrame) -> None:
    """Print the warnings and notices of a county that can be used."""
    console = Console(highlight=False)
    for severity, message in zip(quality["severity"], quality["message"], strict=True):
        _plain(console, f"[{terms.label('severity', severity)}] {message}")
    text = _("{name}: files can be used; {count} warnings and notices.")
    _plain(console, text.format(name=name, count=len(quality)))


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
