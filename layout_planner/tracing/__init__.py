"""Where a figure comes from: from a row of an output table down to the rows of the county folder."""

from layout_planner.tracing.trace import Matches, Trace, trace, trace_row

__all__ = ["Matches", "Trace", "trace", "trace_row"]
