"""Cited policy rules and sourced engineering assumptions, as data with a typed loader."""

from layout_planner.policy.catalogue import (
    FAMILIES,
    Catalogue,
    CountyValue,
    Rule,
    Source,
    Value,
    binding,
    load_catalogue,
    references,
    unit_label,
    unset,
)
from layout_planner.policy.parameters import Parameter, load_parameters, outside_range, parameter_values

__all__ = [
    "FAMILIES",
    "Catalogue",
    "CountyValue",
    "Parameter",
    "Rule",
    "Source",
    "Value",
    "binding",
    "load_catalogue",
    "load_parameters",
    "outside_range",
    "parameter_values",
    "references",
    "unit_label",
    "unset",
]
