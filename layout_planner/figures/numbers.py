"""The one rounding of everything that is printed: half up, thousands separators, whole percentages, — for unknown."""

from __future__ import annotations

import math
from typing import Any, Final

DASH: Final = "—"


def missing(value: Any) -> bool:
    """Whether a cell is empty or not a number."""
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value)) or str(value) == "nan"


def rounded(value: Any) -> int:
    """Round half up, as planners do by hand."""
    number = float(value)
    return math.floor(abs(number) + 0.5) * (-1 if number < 0 else 1)


def whole(value: Any) -> str:
    """Print a count: thousands separator, no decimals, — when unknown."""
    return DASH if missing(value) else f"{rounded(value):,}"


def percent(value: Any) -> str:
    """Print a share as a whole percentage; — when unknown (0 seats have no use)."""
    return DASH if missing(value) or math.isinf(float(value)) else f"{rounded(100 * float(value))}%"
