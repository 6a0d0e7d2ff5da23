"""What a school can hold: seats and what binds, sections by grade, the balance of seats and pupils."""

from layout_planner.capacity.balance import seat_balance
from layout_planner.capacity.limits import SeatLimits, seat_limits
from layout_planner.capacity.sections import form_sections, largest_section
from layout_planner.capacity.supply import diners_of, meal_places, seats, stages_of

__all__ = [
    "SeatLimits",
    "diners_of",
    "form_sections",
    "largest_section",
    "meal_places",
    "seat_balance",
    "seat_limits",
    "seats",
    "stages_of",
]
