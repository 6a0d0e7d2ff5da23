"""The list of all checks, in the order in which they run and are printed."""

from __future__ import annotations

from layout_planner.io.checks import (
    attendance,
    dates,
    enrolment,
    file_round,
    own_values,
    people,
    places,
    plausible_births,
    plausible_enrolment,
    plausible_schools,
    references,
    registers,
    resources,
)
from layout_planner.io.checks.model import Check

_FAMILIES = (
    file_round,
    own_values,
    places,
    references,
    registers,
    enrolment,
    attendance,
    people,
    resources,
    dates,
    plausible_births,
    plausible_enrolment,
    plausible_schools,
)


def all_checks() -> tuple[Check, ...]:
    """Every check, family by family."""
    return tuple(check for family in _FAMILIES for check in family.CHECKS)
