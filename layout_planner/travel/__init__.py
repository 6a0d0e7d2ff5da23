"""Travel: minutes from the door to the gate on the road network, by mode and case."""

from layout_planner.travel.cases import access, normal_case, worst_case
from layout_planner.travel.measured import with_measured
from layout_planner.travel.minutes import travel_minutes
from layout_planner.travel.modes import Choice
from layout_planner.travel.network import Joined, Network, build_network, join_points
from layout_planner.travel.screening import screening_minutes

__all__ = [
    "Choice",
    "Joined",
    "Network",
    "access",
    "build_network",
    "join_points",
    "normal_case",
    "screening_minutes",
    "travel_minutes",
    "with_measured",
    "worst_case",
]
