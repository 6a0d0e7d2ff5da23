"""What could be done with every small school, vetoes before effects."""

from layout_planner.consolidation.candidates import small_school_options
from layout_planner.consolidation.options import options_of, small_schools

__all__ = ["options_of", "small_school_options", "small_schools"]
