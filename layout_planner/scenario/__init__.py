"""A plan and what it does: decisions by year → who attends where, seats, minutes, findings."""

from layout_planner.scenario.baseline import Baseline
from layout_planner.scenario.evaluate import Evaluation, compare, evaluate
from layout_planner.scenario.plan import STATUS_QUO, Plan, decisions_table, parse_plan
from layout_planner.scenario.timeline import ACTIONS_ZH, Action, Decision

__all__ = [
    "ACTIONS_ZH",
    "STATUS_QUO",
    "Action",
    "Baseline",
    "Decision",
    "Evaluation",
    "Plan",
    "compare",
    "decisions_table",
    "evaluate",
    "parse_plan",
]
