"""Attendance: where the children of every village go to school, and back from pupils to children."""

from layout_planner.attendance.children import seen_pupils, village_children
from layout_planner.attendance.flows import children_from_pupils, flows
from layout_planner.attendance.gravity import estimate_allocation
from layout_planner.attendance.tables import forecast_village, township_children

__all__ = [
    "children_from_pupils",
    "estimate_allocation",
    "flows",
    "forecast_village",
    "seen_pupils",
    "township_children",
    "village_children",
]
