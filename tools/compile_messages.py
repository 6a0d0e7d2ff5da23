"""Compile the Chinese words of the command line: locale/zh_CN/LC_MESSAGES/messages.po → messages.mo (needs babel).

Run it after a change of the .po file; a test checks that the .mo belongs to it.
"""

from __future__ import annotations

import io
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent.parent / "layout_planner" / "cli" / "locale" / "zh_CN" / "LC_MESSAGES"


def compiled() -> bytes:
    """Return the bytes of messages.mo."""
    with (FOLDER / "messages.po").open("rb") as file:
        catalog = read_po(file)
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


if __name__ == "__main__":
    (FOLDER / "messages.mo").write_bytes(compiled())
    print("messages.mo written")
