"""Tables of the family size (班额、规模、学位)."""

from __future__ import annotations

from typing import Final

import pandas as pd

from layout_planner.compliance import school_sizes
from layout_planner.pipeline.judging.today import Today
from layout_planner.terms import Stage

_VOCATIONAL: Final = "vocational"


def tables_of(today: Today) -> dict[str, pd.DataFrame]:
    """Sections of the compulsory stages, of kindergartens and of general senior schools; sizes of the schools."""
    kinds = today.grades["school_id"].map(today.setup.schools.set_index("school_id")["kind"])
    senior = (today.grades["stage"] == Stage.SENIOR) & (kinds != _VOCATIONAL)
    return {
        "sections": today.compulsory,
        "sections_goal": today.compulsory.assign(goal=today.setup.county.settings.goals.quality_balance is not None),
        "sections_pre": today.grades[today.grades["stage"] == Stage.PRE],
        "sections_senior": today.grades[senior],
        "school_sizes": school_sizes(today.compulsory),
    }
