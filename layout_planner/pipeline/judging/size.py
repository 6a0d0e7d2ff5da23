"""Tables of the family size (班额、规模、学位)."""

from __future__ import annotations

import pandas as pd

from layout_planner.compliance import school_sizes
from layout_planner.pipeline.judging.today import Today


def tables_of(today: Today) -> dict[str, pd.DataFrame]:
    """Sections of the compulsory stages and sizes of the schools."""
    return {"sections": today.compulsory, "school_sizes": school_sizes(today.compulsory)}
