"""Turn every error into a sentence and an exit code: 0 done, 2 input or usage, 3 the machine, 130 stopped."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import click

from layout_planner.cli import STOPPED
from layout_planner.errors import DefectsError, Lang, LayoutError, sentence
from layout_planner.errors.machine import why

CRASH_LOG = Path("layout-planner-error.txt")
MOST_LINES = 500  # lines of defects printed; the command `check` writes all of them to a table


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
    steady_streams()
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # remarks of the packages to programmers; the tests turn them into errors
    try:
        result = command.main(args=list(argv), prog_name="layout-planner", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _say(sentence("stopped", {}, lang))
        return STOPPED
    except LayoutError as error:
        for line in _lines(error, lang):
            _say(line)
        return error.exit_code
    except (BrokenPipeError, SystemExit):  # `| head` has read enough: click leaves by itself then
        return _silent()
    except OSError as error:
        _say(sentence("machine", {"found": why(error), "file": _file_of(error)}, lang))
        return 3
    except MemoryError:
        _say(sentence("memory_short", {}, lang))
        return 3
    except Exception as error:
        if os.environ.get("LAYOUT_PLANNER_DEBUG"):
            raise
        _say(sentence("internal", {"found": type(error).__name__, "kept": _crash_log()}, lang))
        return 3
    return result if isinstance(result, int) else 0


def steady_streams() -> None:
    """Let a terminal that cannot show a character print a question mark instead of stopping the run."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def run_script(main: Callable[[], None]) -> NoReturn:
    """Run a script of ``analyses/`` and leave with its exit code: a sentence an error, in Chinese, never a traceback."""
    sys.exit(guarded(click.command()(main), sys.argv[1:], "zh"))


def _silent() -> int:
    """Nobody reads any more: keep Python from complaining at its end."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return STOPPED


def _file_of(error: OSError) -> str:
    name = error.filename
    return Path(os.fsdecode(name)).name if isinstance(name, str | bytes) else "layout-planner"


def _crash_log() -> str:
    """Write what happened for the maintainer, here or else in the folder for temporary files."""
    for folder in (Path(), Path(tempfile.gettempdir())):
        with contextlib.suppress(OSError):
            path = folder / CRASH_LOG
            path.write_text(traceback.format_exc(), encoding="utf-8", errors="replace")
            return str(path)
    return "—"


def _lines(error: LayoutError, lang: Lang) -> list[str]:
    lines = [sentence(error.code, error.fields, lang)]
    if isinstance(error, DefectsError):
        wrong = [p for p in error.problems if p.severity == "error"]
        from layout_planner.io.checks.groups import grouped

        groups = grouped(wrong)
        lines += [f"  {group.sentence(lang)}" for group in groups[:MOST_LINES]]
        if more := sum(group.count for group in groups[MOST_LINES:]):
            lines.append("  " + sentence("lines_more", {"count": more}, lang))
    return lines


def _say(line: str) -> None:
    with contextlib.suppress(OSError):  # nobody listens, or the disk that takes the messages is full
        click.echo(line, err=True)
