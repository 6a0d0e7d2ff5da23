"""Rules in words: the numbers, units and status of a rule as a planner reads them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from layout_planner.policy.catalogue import read_toml
from layout_planner.policy.rule import Rule, Value
from layout_planner.terms import label

SIGNS: Final = {"<=": "≤", ">=": "≥", "<": "<", ">": ">", "=": "", "": ""}
_STATUS: Final = {"V": "已核", "R": "待核", "R-": "待核,可信度低", "I": "推定"}


def value_text(value: Value, units: dict[str, str], parts: dict[str, str]) -> str:
    """Say one number: stage and part, sign, number, unit, first day and marks."""
    where = "".join([label("stage", value.stage) if value.stage else "", parts[value.part] if value.part else ""])
    unit = units[value.unit]
    days = " 起" if value.first else ""
    since = f"{value.first.isoformat()}{days}" if value.first else ""
    until = f"至 {value.last.isoformat()}" if value.last else ""
    notes = "".join([f"({since}{until})" if since or until else "", value.marks])
    return f"{where} {SIGNS[value.op]}{value.value:g}{' ' if unit and unit != '%' else ''}{unit}{notes}".strip()


def value_words(value: Value) -> str:
    """Say one number in Chinese, see `value_text`."""
    units, parts = _words()
    return value_text(value, dict(units), dict(parts))


@cache
def _words() -> tuple[Mapping[str, str], Mapping[str, str]]:
    return read_toml("units.toml"), read_toml("parts.toml")


def values_text(rule: Rule, between: str = ";") -> str:
    """Say every number of a rule in the order of the catalogue; 未定 for a PARAM that the county has not set."""
    if not rule.values:
        return "未定(本县自定)" if rule.mode == "PARAM" else "-"
    units, parts = read_toml("units.toml"), read_toml("parts.toml")
    return between.join(value_text(value, units, parts) for value in rule.values)


def status_text(rule: Rule) -> str:
    """Say how far a rule is verified, with the grade of the copy seen: 已核 B, 待核, 推定."""
    return f"{_STATUS[rule.status]} {rule.source.evidence}".strip()


def mode_text(rule: Rule) -> str:
    """Say what a breach of the rule means, and when."""
    return f"{label('rule_mode', rule.mode)} {rule.mode}" + (f"({rule.when})" if rule.when else "")
