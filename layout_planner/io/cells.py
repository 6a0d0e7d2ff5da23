"""Cells as they are written: a text that looks like a formula stays a text in every program that opens it."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from layout_planner.errors import MachineError
from layout_planner.errors.machine import why
from layout_planner.errors.printable import clean_text
from layout_planner.io.lock import lock

if TYPE_CHECKING:
    import pandas as pd

# ASCII and the full-width signs, which Chinese spreadsheets take for the same
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def plain_cell(cell: object) -> object:
    """Return a cell as every writer puts it down: text on one line, never the start of a formula.

    Parameters
    ----------
    cell
        Any value; only text is changed.

    Returns
    -------
    object
        Text without control and invisible characters, with ``'`` before a sign that would start a formula; a text that
        is a plain number, and everything else, as it was.
    """
    if not isinstance(cell, str):
        return cell
    text = clean_text(cell)
    if text.lstrip().startswith(FORMULA_STARTS) and not _NUMBER.fullmatch(text.strip()):
        return f"'{text.lstrip()}"
    return text


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table for a spreadsheet: UTF-8 with BOM, six significant digits, no cell that runs as a formula."""
    safe = frame.rename(columns=plain_cell)
    for place in range(safe.shape[1]):
        column = safe.iloc[:, place]
        if column.dtype.kind in "OSU" or str(column.dtype) in {"str", "string"}:
            safe.isetitem(place, column.map(plain_cell, na_action="ignore"))
    safe.to_csv(path, index=False, encoding="utf-8-sig", float_format="%.6g", lineterminator="\n")


def replace_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a table so that the file is the last one or the new one, never half.

    Raises
    ------
    MachineError
        ``out_unwritable``, or ``out_busy`` if another run is writing the same file.
    """
    target = Path(os.path.realpath(path))
    part = target.with_name(f".{target.name}.part")  # a part left by a killed run is written over
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        held = lock(target)
    except OSError as error:
        raise MachineError("out_unwritable", folder=path.name, found=why(error)) from error
    try:
        write_csv(frame, part)
        with part.open("r+b") as handle:
            os.fsync(handle.fileno())
        part.replace(target)
    except OSError as error:
        raise MachineError("out_unwritable", folder=path.name, found=why(error)) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
        held.release()
