"""The base year as the families of checks read it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from layout_planner.pipeline.demand import Attendance
from layout_planner.pipeline.setup import Setup
from layout_planner.pipeline.supply import base_rows
from layout_planner.terms import STAGE_GRADES, Stage


@dataclass(frozen=True)
class Today:
    """The base year of a county.

    Attributes
    ----------
    setup, attendance
        The county and who attends where.
    grades
        Table `base_rows` with the subject of a finding (the school) and ``complete``: False for a primary school
        without the top grade (非完全小学、教学点).
    """

    setup: Setup
    attendance: Attendance
    grades: pd.DataFrame

    @property
    def compulsory(self) -> pd.DataFrame:
        """Rows of `grades` that lie in primary and junior stage."""
        return self.grades[self.grades["stage"].isin([str(Stage.PRIMARY), str(Stage.JUNIOR)])]

    def table(self, name: str) -> pd.DataFrame | None:
        """Return an optional table of the county folder, None where the county has none."""
        return self.setup.county.more.get(name)


def today_of(setup: Setup, attendance: Attendance) -> Today:
    """Prepare the base year for the families."""
    rows = base_rows(setup)
    grades = rows.assign(subject_type="school", subject_id=rows["school_id"], subject_name=rows["school_name"])
    return Today(setup, attendance, grades.assign(complete=grades["school_id"].map(_complete(setup))))


def _complete(setup: Setup) -> pd.Series:
    top = STAGE_GRADES[Stage.PRIMARY][-1]
    schools = setup.schools.set_index("school_id")
    return ~((schools["grade_high"] < top) & (schools["grade_high"] >= 1))
