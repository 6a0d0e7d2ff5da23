"""Tables of the family demand (学龄、预测、监测)."""

from __future__ import annotations

import pandas as pd

from layout_planner.pipeline.judging.today import Today


def tables_of(today: Today) -> dict[str, pd.DataFrame]:
    """Nothing yet."""
    del today
    return {}
