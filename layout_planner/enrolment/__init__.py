"""Enrolment: births to school-year cohorts, pooled grade progression, entrants, noise, joint draws.

``forecast_areas`` works on any areas, ``forecast_county`` on the schools of a county. Both are the same model on
different units; its equations stand in ``docs/models/enrolment.md``.
"""

from layout_planner.enrolment.areas import AreasOptions, forecast_areas
from layout_planner.enrolment.backtest import Tables, backtest_county
from layout_planner.enrolment.births import births_table, project_births
from layout_planner.enrolment.cohorts import cohort_of, cohort_status, last_registered, school_year_cohorts
from layout_planner.enrolment.county import CountyOptions, forecast_county
from layout_planner.enrolment.summaries import largest_remainder, summarise_school, summarise_township_pupils

__all__ = [
    "AreasOptions",
    "CountyOptions",
    "Tables",
    "backtest_county",
    "births_table",
    "cohort_of",
    "cohort_status",
    "forecast_areas",
    "forecast_county",
    "largest_remainder",
    "last_registered",
    "project_births",
    "school_year_cohorts",
    "summarise_school",
    "summarise_township_pupils",
]
