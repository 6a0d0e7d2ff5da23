"""Reports: one document model built from finished tables, and the writers that lay it out."""

from layout_planner.reports.content import build_document
from layout_planner.reports.html import render_html
from layout_planner.reports.inputs import FigureEntry, ReportInputs
from layout_planner.reports.model import Document

__all__ = ["Document", "FigureEntry", "ReportInputs", "build_document", "render_html"]
