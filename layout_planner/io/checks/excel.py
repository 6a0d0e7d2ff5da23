"""What a spreadsheet makes of a cell: codes as numbers, bands and days as dates or serial numbers."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final

from layout_planner.contracts import Column

_AS_NUMBER: Final = re.compile(r"^\d+(\.\d+)?[eE]\+?\d+$|^\d+\.0+$")
_INSIDE: Final = re.compile(r"\S\s+\S")
_BAND: Final = re.compile(r"^\d{1,2}-\d{1,2}$")
_DAY: Final = re.compile(
    r"^(?:(?:19|20)\d\d\s*[-/.年])?\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T]0?0:00(?::00)?)?$"
)
_ENGLISH: Final = re.compile(r"^(?:(\d{1,2})-([a-z]{3})|([a-z]{3})-(\d{1,2}))(?:-\d{2,4})?$", re.IGNORECASE)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SERIAL: Final = re.compile(r"^\d{5}(\.0+)?$")
_EPOCH: Final = date(1899, 12, 30)  # day 0 of a spreadsheet


def accident(column: Column, text: str) -> tuple[str, str]:
    """Name the accident that a refused cell has had in a spreadsheet.

    Parameters
    ----------
    column
        The column.
    text
        The cell.

    Returns
    -------
    tuple of str
        Code of the sentence and what was meant; empty texts where it is no such accident (the second also where what
        was meant cannot be told).
    """
    if column.labels is not None and any(map(_BAND.match, column.labels)):
        band = _band(column, text)
        return ("excel_date", column.labelled(band)) if band else ("", "")
    if column.type == "date" and _SERIAL.match(text):
        return "excel_serial", _day(text).isoformat()
    if column.type != "code" or column.pattern is None:
        return "", ""
    if _AS_NUMBER.match(text):
        return "code_as_number", ""
    if _INSIDE.search(text):
        return "code_spaces", ""
    return ("code_digits", "") if text.isdigit() and column.pattern.startswith("[0-9]") else ("", "")


def _band(column: Column, text: str) -> str | None:
    """Word of the column that became this date: 1月3日, 2024-01-03, 3-Jan or 45294 for ``1-3``."""
    pair: tuple[int, int] | None = None
    if match := _DAY.match(text):
        pair = int(match[1]), int(match[2])
    elif (match := _ENGLISH.match(text)) and (name := (match[2] or match[3]).lower()) in _MONTHS:
        pair = _MONTHS.index(name) + 1, int(match[1] or match[4])
    elif _SERIAL.match(text):
        pair = _day(text).month, _day(text).day
    return None if pair is None else next((w for w in column.labels or () if w == f"{pair[0]}-{pair[1]}"), None)


def _day(serial: str) -> date:
    return _EPOCH + timedelta(days=int(float(serial)))
