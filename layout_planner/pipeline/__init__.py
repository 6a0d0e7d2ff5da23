"""Stages of one county, from the files to the report, with the ledger of children."""

from layout_planner.pipeline.compute import Computed, Forecasted, check_county, compute, compute_forecast
from layout_planner.pipeline.run import RunResult, run_county
from layout_planner.pipeline.setup import RunOptions

__all__ = [
    "Computed",
    "Forecasted",
    "RunOptions",
    "RunResult",
    "check_county",
    "compute",
    "compute_forecast",
    "run_county",
]
