"""Attendance: where the children of every village go to school, and back from pupils to children."""

from layout_planner.attendance.children import seen_pupils, village_children
from layout_planner.attendance.flows import children_from_pupils, flows
from layout_planner.attendance.gravity import estimate_allocation
from layout_planner.attendance.tables import forecast_village, township_children
from layout_planner.attendance.village_draws import thin_villages
from layout_planner.attendance.village_shares import village_shares

__all__ = [
    "children_from_pupils",
    "estimate_allocation",
    "flows",
    "forecast_village",
    "seen_pupils",
    "thin_villages",
    "township_children",
    "village_children",
    "village_shares",
]
