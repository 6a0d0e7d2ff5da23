"""The command line: parse arguments, show progress, print errors; the one place that turns an error into a sentence."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

STOPPED = 130


def entry() -> NoReturn:
    """Run ``layout-planner`` (console script)."""
    try:
        from layout_planner.cli.language import set_language

        lang = set_language(sys.argv, os.environ, encoding=getattr(sys.stderr, "encoding", None))
        from layout_planner.cli.guard import guarded
        from layout_planner.cli.main import main

        code = guarded(main, sys.argv[1:], lang)
    except KeyboardInterrupt:  # before or after the command itself
        code = STOPPED
    sys.exit(code)
