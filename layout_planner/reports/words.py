"""Numbers as a planner reads them: thousands separators, — for the unknown, whole minutes, words of direction."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any, Final

from layout_planner.figures.numbers import DASH, missing, percent, rounded, whole

__all__ = [
    "DASH", "chance", "change", "interval", "listed", "missing", "number", "percent", "rounded", "rule_ids", "signed",
    "tenth", "text", "total", "whole",
]  # fmt: skip

SHOWN_VILLAGES: Final = 5


def signed(value: Any) -> str:
    """Print a balance with its sign; a true minus."""
    if missing(value):
        return DASH
    number = rounded(value)
    return f"+{number:,}" if number > 0 else f"{number:,}".replace("-", "−")


def chance(value: Any) -> str:
    """Print a probability; the ends are never printed as certain when they are not."""
    if missing(value):
        return DASH
    share = float(value)
    if 0 < share < 0.01:
        return "不到 1%"
    if 0.99 < share < 1:
        return "超过 99%"
    return percent(share)


def tenth(value: Any) -> str:
    """Print a percentage with one decimal, half up; — when unknown."""
    return DASH if missing(value) else f"{rounded(10 * float(value)) / 10:.1f}"


def number(value: Any) -> str:
    """Print a value of any unit: whole numbers as counts, others with at most two decimals."""
    if missing(value):
        return DASH
    if isinstance(value, bool):
        return "是" if value else "否"
    try:
        real = float(value)
    except (TypeError, ValueError):
        return str(value)
    if not math.isfinite(real):
        return DASH
    if real == int(real):
        return f"{rounded(real):,}"
    shown = f"{real:,.2f}".rstrip("0")
    return f"{real:g}" if shown in {"0.", "-0."} else shown


def interval(low: Any, high: Any) -> str:
    """Print P10–P90 in brackets; nothing where there is no spread."""
    if missing(low) or missing(high) or whole(low) == whole(high):
        return ""
    return f"（{whole(low)}–{whole(high)}）"


def text(value: Any) -> str:
    """Print a text, — when empty."""
    return DASH if missing(value) else str(value)


def total(values: Iterable[Any]) -> str:
    """Add what was printed: the sum of the rounded values, so that a reader's own sum agrees."""
    known = [rounded(value) for value in values if not missing(value)]
    return f"{sum(known):,}" if known else DASH


def change(before: Any, after: Any, unit: str) -> str:
    """Say in words how a count moves: 减少、增加 or 持平."""
    step = rounded(after) - rounded(before)
    if step == 0:
        return "与前持平"
    return f"{'减少' if step < 0 else '增加'} {abs(step):,} {unit}"


def rule_ids(cell: Any) -> list[str]:
    """Split a cell of rule ids such as "T01、M19"."""
    return [] if missing(cell) else [part for part in re.split(r"[;；,，、\s]+", str(cell)) if part]


def listed(names: Iterable[Any], shown: int = SHOWN_VILLAGES) -> str:
    """Join names: the first few, then how many there are in all."""
    all_names = [str(name) for name in names if not missing(name)]
    if not all_names:
        return DASH
    head = "、".join(all_names[:shown])
    return head if len(all_names) <= shown else f"{head} 等 {len(all_names)} 个"
