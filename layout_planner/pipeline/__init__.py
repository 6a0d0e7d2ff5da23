"""Stages of one county, from the files to the report, with the ledger of children."""

from layout_planner.pipeline.check import Checked, check_county, write_check
from layout_planner.pipeline.compute import Computed, Forecasted, compute, compute_forecast
from layout_planner.pipeline.run import RunResult, run_county
from layout_planner.pipeline.setup import RunOptions

__all__ = [
    "Checked",
    "Computed",
    "Forecasted",
    "RunOptions",
    "RunResult",
    "check_county",
    "compute",
    "compute_forecast",
    "run_county",
    "write_check",
]
