"""Text that may be shown: no control, direction or invisible characters, and not too long."""

from __future__ import annotations

import contextlib
import re
from typing import Final

MAX_SHOWN: Final = 500  # characters of one value in a message
# line breaks, terminal codes, characters that XML forbids, halves of a surrogate pair: they become a space
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")
# soft hyphens, zero-width characters, marks that turn the direction of writing: they go
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e007f]+"
)


def clean_text(text: str) -> str:
    """Return a text on one line without characters that nobody sees.

    Parameters
    ----------
    text
        A cell, a name, a message.

    Returns
    -------
    str
        Control characters as one space, invisible characters and marks of direction left out.
    """
    if text.isprintable():
        return text
    with contextlib.suppress(UnicodeError):  # a path that Python took byte by byte, for the locale knows no Chinese
        text = text.encode("utf-8", "surrogateescape").decode("utf-8")
    return _INVISIBLE.sub("", _CONTROL.sub(" ", text))


def shown(value: object) -> str:
    """Return any value as a short text for a message; one that cannot be written out is described.

    Parameters
    ----------
    value
        What was found in a file.

    Returns
    -------
    str
        At most `MAX_SHOWN` characters.
    """
    try:
        text = str(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, a list within lists without end
        text = f"<{type(value).__name__}>"
    text = clean_text(text[: 4 * MAX_SHOWN])
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
