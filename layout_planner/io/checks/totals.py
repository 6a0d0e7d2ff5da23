"""Rows of sums (合计、小计、总计) in a table: they are no data, and are compared with the rows that they sum up."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from layout_planner.contracts import Table, clean
from layout_planner.errors import Both, Problem
from layout_planner.io.checks.sheet import Sheet, is_total
from layout_planner.io.datum import Floats

_NOT_SUMS = {"-", "year", "month", "degree", "year of age", "as row", "min", "m", "km/h", "as rule"}
_PART = "小计"
_CODE = re.compile(r"^\d{6,}")
_CENT = 2  # decimals to which sums have to agree


def totals_problems(sheet: Sheet, spec: Table, file: str) -> list[Problem]:
    """Compare rows of sums with the rows above them; they are no data.

    A 合计 or 总计 is right if it is the sum of all rows above or of those since the last sum; a 小计 also if it is the
    sum of the last rows above it. One that is wrong is set beside the rows that it most likely stands for: those of the
    code written before 小计, else those since the last sum (小计), else all rows (合计、总计).
    """
    if not sheet.totals:
        return []
    rows = np.array(sheet.rows)
    columns = {c.name: c for c in spec.columns if c.is_number and c.unit not in _NOT_SUMS and c.name in sheet.columns}
    numbers = {name: np.array([_number(cell) or 0.0 for cell in sheet.columns[name]]) for name in columns}
    problems: list[Problem] = []
    since = 0
    for number, cells in sheet.totals:
        problems.append(Problem("notice", "row_total", file, number))
        told = {name: value for name in columns if (value := _number(cells.get(name))) is not None}
        block = (rows < number) & (rows > since)
        title = next((cell for cell in cells.values() if cell and is_total(cell)), "")
        part = _PART in title
        if not (part and _last_rows(told, numbers, block)):
            own = _of_code(sheet, title, block) if part else rows < number
            for name, value in told.items():
                sums = [round(float(numbers[name][mask].sum()), _CENT) for mask in (own, rows < number, block)]
                if value not in sums:
                    label, said = f"{columns[name].zh} {name}", f"{sums[0]:.12g}"
                    code, allowed = ("subtotal_differs", _where(rows[own], said)) if part else ("total_differs", said)
                    problems.append(Problem("error", code, file, number, label, f"{value:g}", allowed))
        since = number
    return problems


def _where(rows: NDArray[np.int64], said: str) -> str:
    if not len(rows):
        return said
    span = f"{rows.min()}–{rows.max()}"
    return Both(f"{said}（第 {span} 行之和）", f"{said} (the sum of rows {span})")


def _of_code(sheet: Sheet, title: str, block: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows of a block that have the code which is written before 小计; the whole block where none has."""
    code = _CODE.match("".join(title.split()))
    for cells in sheet.columns.values() if code else ():
        same: NDArray[np.bool_] = block & np.array([cell == code[0] if code else False for cell in cells], dtype=bool)
        if same.any():
            return same
    return block


def _last_rows(told: Mapping[str, float], numbers: Mapping[str, Floats], block: NDArray[np.bool_]) -> bool:
    """Whether all sums of a row are those of the same last rows of a block."""
    fits = np.ones(int(block.sum()), dtype=bool)
    for name, value in told.items():
        fits &= np.round(np.cumsum(numbers[name][block][::-1]), _CENT) == value
    return bool(fits.any()) if told else True


def _number(cell: object) -> float | None:
    text = clean(cell)
    try:
        return None if text is None else float(str(text).replace(",", ""))
    except ValueError:
        return None
