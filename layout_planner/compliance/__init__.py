"""Checks: a table, a rule and a day in; findings out. No check needs a plan."""

from layout_planner.compliance.county_figures import figure, latest
from layout_planner.compliance.evaluate import CheckTables, evaluate, evaluate_today
from layout_planner.compliance.findings import concat_findings, findings_frame, not_evaluated
from layout_planner.compliance.merging import (
    check_build_before_close,
    check_merge_crowding,
    check_must_keep,
    check_receiver_places,
    check_safe_routes,
)
from layout_planner.compliance.size import (
    check_class_size,
    check_incomplete_primary,
    check_oversized_class,
    check_school_size,
    class_sizes,
    school_sizes,
)
from layout_planner.compliance.travel import check_older_boarders, check_young_boarders, check_young_pupils_trip

__all__ = [
    "CheckTables",
    "check_build_before_close",
    "check_class_size",
    "check_incomplete_primary",
    "check_merge_crowding",
    "check_must_keep",
    "check_older_boarders",
    "check_oversized_class",
    "check_receiver_places",
    "check_safe_routes",
    "check_school_size",
    "check_young_boarders",
    "check_young_pupils_trip",
    "class_sizes",
    "concat_findings",
    "evaluate",
    "evaluate_today",
    "figure",
    "findings_frame",
    "latest",
    "not_evaluated",
    "school_sizes",
]
