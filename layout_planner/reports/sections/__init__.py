"""The sections of the report, each one function from the inputs to a `Section`."""

from collections.abc import Callable
from typing import Final

from layout_planner.reports.inputs import ReportInputs
from layout_planner.reports.model import Section
from layout_planner.reports.sections.access import access
from layout_planner.reports.sections.compare import compare
from layout_planner.reports.sections.data import data
from layout_planner.reports.sections.forecast import forecast
from layout_planner.reports.sections.method import appendix, method
from layout_planner.reports.sections.options import options
from layout_planner.reports.sections.rules import rules
from layout_planner.reports.sections.seats import seats
from layout_planner.reports.sections.summary import summary

SECTIONS: Final[tuple[tuple[str, Callable[[ReportInputs], Section]], ...]] = (
    ("summary", summary),
    ("data", data),
    ("forecast", forecast),
    ("seats", seats),
    ("access", access),
    ("options", options),
    ("compare", compare),
    ("rules", rules),
    ("method", method),
    ("appendix", appendix),
)
