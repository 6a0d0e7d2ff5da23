"""Cited policy rules and sourced engineering assumptions, as data with a typed loader."""

from layout_planner.policy.catalogue import Catalogue, CountyValue, Rule, Source, Value, load_catalogue
from layout_planner.policy.parameters import Parameter, load_parameters, outside_range, parameter_values

__all__ = [
    "Catalogue",
    "CountyValue",
    "Parameter",
    "Rule",
    "Source",
    "Value",
    "load_catalogue",
    "load_parameters",
    "outside_range",
    "parameter_values",
]
