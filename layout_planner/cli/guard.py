"""Turn every error into a sentence and an exit code: 0 done, 2 input or usage, 3 the machine, 130 stopped."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import click

from layout_planner.errors import DefectsError, Lang, LayoutError, sentence

CRASH_LOG = Path("layout-planner-error.txt")
_STOPPED = 130


def guarded(command: click.Command, argv: Sequence[str], lang: Lang) -> int:
    """Run a command; print one line an error, never a traceback.

    Parameters
    ----------
    command
        The click command.
    argv
        Arguments without the program's name.
    lang
        Language of the sentences.

    Returns
    -------
    int
        Exit code.
    """
    try:
        result = command.main(args=list(argv), prog_name="layout-planner", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _say(sentence("stopped", {}, lang))
        return _STOPPED
    except LayoutError as error:
        for line in _lines(error, lang):
            _say(line)
        return error.exit_code
    except OSError as error:
        fields = {"found": error.strerror or str(error), "file": Path(error.filename or "").name}
        _say(sentence("machine", fields, lang))
        return 3
    except Exception as error:
        if os.environ.get("LAYOUT_PLANNER_DEBUG"):
            raise
        with contextlib.suppress(OSError):
            CRASH_LOG.write_text(traceback.format_exc(), encoding="utf-8")
        _say(sentence("internal", {"found": type(error).__name__, "kept": CRASH_LOG.name}, lang))
        return 3
    return result if isinstance(result, int) else 0


def run_script(main: Callable[[], None]) -> NoReturn:
    """Run a script of ``analyses/`` and leave with its exit code: a sentence an error, in Chinese, never a traceback."""
    sys.exit(guarded(click.command()(main), sys.argv[1:], "zh"))


def _lines(error: LayoutError, lang: Lang) -> list[str]:
    lines = [sentence(error.code, error.fields, lang)]
    if isinstance(error, DefectsError):
        lines += [f"  {p.sentence(lang)}" for p in error.problems if p.severity == "error"]
    return lines


def _say(line: str) -> None:
    try:
        click.echo(line, err=True)
    except UnicodeEncodeError:
        encoding = sys.stderr.encoding or "ascii"
        click.echo(line.encode(encoding, "replace").decode(encoding), err=True)
