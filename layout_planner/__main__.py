"""``python -m layout_planner`` is ``layout-planner``."""

from layout_planner.cli import entry

entry()
