"""What a school can hold: seats and what binds, sections by grade, the balance of seats and pupils."""

from layout_planner.capacity.balance import seat_balance
from layout_planner.capacity.limits import SeatLimits, seat_limits
from layout_planner.capacity.seats import diners_of, meal_places, school_seats, stages_of, unknown_components
from layout_planner.capacity.sections import form_sections, largest_section, sections_table

__all__ = [
    "SeatLimits",
    "diners_of",
    "form_sections",
    "largest_section",
    "meal_places",
    "school_seats",
    "seat_balance",
    "seat_limits",
    "sections_table",
    "stages_of",
    "unknown_components",
]
