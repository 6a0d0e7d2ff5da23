"""Tables of the family assets (闲置校舍)."""

from __future__ import annotations

import pandas as pd

from layout_planner.pipeline.judging.today import Today


def tables_of(today: Today) -> dict[str, pd.DataFrame]:
    """Nothing yet."""
    del today
    return {}
