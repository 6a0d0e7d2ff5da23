"""Simulated counties: children are born, leave or stay, go to school and drift to the county town.

No formula is shared with the forecast, so the truth of a simulated county tests it honestly.
"""

from layout_planner.demo.county import DemoCounty, make_county, make_tables
from layout_planner.demo.shape import shape
from layout_planner.demo.write import make_demo, write_county, write_truth

__all__ = ["DemoCounty", "make_county", "make_demo", "make_tables", "shape", "write_county", "write_truth"]
