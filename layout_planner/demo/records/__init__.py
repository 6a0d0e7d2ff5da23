"""Tables of a simulated county beyond the classic ones, made from the same children, schools and roads."""

from layout_planner.demo.records.children import true_residents, village_children
from layout_planner.demo.records.collect import all_records

__all__ = ["all_records", "true_residents", "village_children"]
