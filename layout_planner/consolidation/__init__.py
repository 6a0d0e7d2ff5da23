"""What could be done with every small school, vetoes before effects."""

from layout_planner.consolidation.candidates import Candidates, candidates
from layout_planner.consolidation.options import options_of, small_schools

__all__ = ["Candidates", "candidates", "options_of", "small_schools"]
