"""The tables that the checks read, one module a family, and the findings of the base year."""

from layout_planner.pipeline.judging.findings import findings_of

__all__ = ["findings_of"]
