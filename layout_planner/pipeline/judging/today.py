"""The base year as the families of checks read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from layout_planner.pipeline.demand import Attendance
from layout_planner.pipeline.setup import Setup
from layout_planner.pipeline.supply import base_rows
from layout_planner.scenario import Plan
from layout_planner.terms import OUTSIDE, STAGE_GRADES, Stage


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
    plans
        The county's plans.
    """

    setup: Setup
    attendance: Attendance
    grades: pd.DataFrame
    plans: tuple[Plan, ...] = ()

    @property
    def compulsory(self) -> pd.DataFrame:
        """Rows of `grades` that lie in primary and junior stage."""
        return self.grades[self.grades["stage"].isin([str(Stage.PRIMARY), str(Stage.JUNIOR)])]

    def table(self, name: str) -> pd.DataFrame | None:
        """Return an optional table of the county folder, None where the county has none."""
        return self.setup.county.more.get(name)

    @property
    def last_pupils(self) -> pd.Series:
        """Pupils of every school in the last school year that it has rows for. [pupils]"""
        sums = self.setup.county.enrolment.groupby(["school_id", "school_year"])["pupils"].sum().reset_index()
        return sums.sort_values("school_year").groupby("school_id")["pupils"].last().astype(float)

    @property
    def township_of(self) -> dict[str, str]:
        """Township of every village."""
        villages = self.setup.villages
        return dict(zip(villages["village_code"].astype(str), villages["township_code"].astype(str), strict=True))

    def children_at_home(self, *bands: str) -> pd.Series:
        """Children of some grade bands in the county's schools, by home village; expected. [children]"""
        homes = self.attendance.allocation
        inside = homes[(homes["attends"] != OUTSIDE) & (homes["village_code"] != OUTSIDE)]
        return inside[inside["grade_band"].isin(bands)].groupby("village_code")["children"].sum()

    def latest_indicator(self, name: str) -> tuple[int, float] | None:
        """Year and value of a figure of the county, the last one up to the year after the base year."""
        table = self.table("indicators")
        if table is None:
            return None
        rows = table[(table["indicator"] == name) & (table["year"] <= self.setup.base_year + 1)]
        rows = rows[rows["value"].notna()].sort_values("year")
        return (int(rows["year"].iloc[-1]), float(rows["value"].iloc[-1])) if len(rows) else None


def today_of(setup: Setup, attendance: Attendance, plans: Sequence[Plan] = ()) -> Today:
    """Prepare the base year for the families."""
    rows = base_rows(setup)
    grades = rows.assign(subject_type="school", subject_id=rows["school_id"], subject_name=rows["school_name"])
    return Today(setup, attendance, grades.assign(complete=grades["school_id"].map(_complete(setup))), tuple(plans))


def _complete(setup: Setup) -> pd.Series:
    top = STAGE_GRADES[Stage.PRIMARY][-1]
    schools = setup.schools.set_index("school_id")
    return ~((schools["grade_high"] < top) & (schools["grade_high"] >= 1))
