"""Language of help, messages and tables on the screen: Chinese unless ``--lang en`` or LAYOUT_PLANNER_LANG=en."""

from __future__ import annotations

import gettext
import itertools
import os
from collections.abc import MutableMapping, Sequence
from pathlib import Path

from layout_planner.errors import Lang

LOCALE = Path(__file__).parent / "locale"
VARIABLE = "LAYOUT_PLANNER_LANG"


def chosen() -> Lang:
    """Language that `set_language` chose."""
    return "en" if os.environ.get(VARIABLE) == "en" else "zh"


def set_language(argv: Sequence[str], environ: MutableMapping[str, str], *, encoding: str | None = None) -> Lang:
    """Choose the language before click is imported, since help texts are made then.

    Parameters
    ----------
    argv
        The command line; ``--lang en`` or ``--lang=en`` anywhere counts.
    environ
        Environment; ``LANGUAGE`` is set in it, since gettext and click read that.
    encoding
        Of the terminal: where it cannot show Chinese, nobody who chose no language is given question marks.

    Returns
    -------
    str
        ``zh`` or ``en``.
    """
    words = [*argv, ""]
    chosen = environ.get(VARIABLE) or ("zh" if _shows_chinese(encoding) else "en")
    for word, following in itertools.pairwise(words):
        if word == "--lang":
            chosen = following
        elif word.startswith("--lang="):
            chosen = word.removeprefix("--lang=")
    lang: Lang = "en" if chosen.lower().startswith("en") else "zh"
    environ["LANGUAGE"] = "en" if lang == "en" else "zh_CN"
    environ[VARIABLE] = lang
    gettext.bindtextdomain("messages", str(LOCALE))
    return lang


def _shows_chinese(encoding: str | None) -> bool:
    try:
        "中文".encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
