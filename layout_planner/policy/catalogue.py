"""The catalogue of policy rules: ``rules/*.toml``, one file a family, read on demand."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from layout_planner.errors import PolicyError
from layout_planner.policy.rule import BLOCKING, CountyValue, Rule, Source, Value, rule_from
from layout_planner.terms import Stage, label

__all__ = [
    "FAMILIES",
    "HARD",
    "Catalogue",
    "CountyValue",
    "Rule",
    "Source",
    "Value",
    "binding",
    "load_catalogue",
    "references",
    "unit_label",
    "unset",
]

FAMILIES: Final[dict[str, str]] = {
    "merging": "撤并",
    "travel": "路途、寄宿、交通",
    "size": "班额、规模、学位",
    "staff": "教师编制",
    "buildings": "校舍、用地、食宿",
    "quality": "义务教育优质均衡",
    "preschool": "学前教育普及普惠",
    "funding": "经费",
    "demand": "学龄、预测、监测",
    "special": "特殊教育、学区与集团",
    "assets": "闲置校舍",
}
HARD: Final = BLOCKING | {"GATE"}


@dataclass(frozen=True)
class Catalogue:
    """All rules, by id; iteration runs in the order of ids."""

    rules: Mapping[str, Rule]

    def rule(self, rule_id: str) -> Rule:
        """Return a rule.

        Raises
        ------
        PolicyError
            ``rule_unknown`` if there is none of that id.
        """
        if rule_id not in self.rules:
            raise PolicyError("rule_unknown", rule=rule_id, allowed=sorted(self.rules))
        return self.rules[rule_id]

    def __iter__(self) -> Iterator[Rule]:
        return (self.rules[rule_id] for rule_id in sorted(self.rules))

    def __len__(self) -> int:
        return len(self.rules)

    def family(self, name: str) -> tuple[Rule, ...]:
        """Return the rules of a family (a file of ``rules/``), in the order of ids."""
        return tuple(rule for rule in self if rule.family == name)

    def with_county_values(self, county_rules: Mapping[str, CountyValue | Sequence[CountyValue]]) -> Catalogue:
        """Return the catalogue with the numbers that the county sets for PARAM rules.

        Parameters
        ----------
        county_rules
            By rule id, one value or several (by stage or part), each with reason, signer and day.

        Returns
        -------
        Catalogue
            A new catalogue; the county's numbers hold from the day they were signed.

        Raises
        ------
        PolicyError
            ``rule_unknown``; ``county_value_not_param`` if the rule is not left to the county;
            ``county_value_unsigned`` without a reason or a signer; ``county_value_twice`` with two numbers for the same
            stage and part; ``county_value_stage`` and ``county_value_part`` for one that the rule does not know.
        """
        merged = dict(self.rules)
        for rule_id, given in county_rules.items():
            rule = self.rule(rule_id)
            if rule.mode != "PARAM":
                raise PolicyError("county_value_not_param", rule=rule_id, title=rule.title, found=rule.mode)
            values = (given,) if isinstance(given, CountyValue) else tuple(given)
            _check_values(rule, values)
            merged[rule_id] = rule.with_values(values)
        return Catalogue(MappingProxyType(merged))


def _check_values(rule: Rule, values: Sequence[CountyValue]) -> None:
    """Refuse numbers of the county that nobody signed, that contradict each other or that the rule cannot use."""
    if any(not value.reason.strip() or not value.signer.strip() for value in values):
        raise PolicyError("county_value_unsigned", rule=rule.id, title=rule.title)
    parts = read_toml("parts.toml")
    known = rule.stages or tuple(Stage)
    seen: set[tuple[str | None, str | None]] = set()
    for value in values:
        if value.stage is not None and value.stage not in known:
            allowed = [f"{label('stage', stage)} {stage}" for stage in known]
            raise PolicyError("county_value_stage", rule=rule.id, title=rule.title, found=value.stage, allowed=allowed)
        if value.part is not None and value.part not in parts:
            raise PolicyError("county_value_part", rule=rule.id, title=rule.title, found=value.part)
        if (value.stage, value.part) in seen:
            words = [label("stage", value.stage) if value.stage else "全部学段", parts.get(value.part or "", "")]
            raise PolicyError("county_value_twice", rule=rule.id, title=rule.title, found="".join(words))
        seen.add((value.stage, value.part))


def load_catalogue() -> Catalogue:
    """Read every rule of ``rules/*.toml``.

    Returns
    -------
    Catalogue
        Rules by id.

    Raises
    ------
    PolicyError
        ``rule_twice`` if an id stands in two files.
    """
    rules: dict[str, Rule] = {}
    for family in FAMILIES:
        for rule_id, block in read_toml(f"rules/{family}.toml").items():
            if rule_id in rules:
                raise PolicyError("rule_twice", rule=rule_id, file=f"{family}.toml")
            rules[rule_id] = rule_from(rule_id, block, family)
    return Catalogue(MappingProxyType(rules))


def binding(catalogue: Catalogue, day: date, stage: str | None = None) -> tuple[Rule, ...]:
    """List the rules that bind on a day: BLOCK, BLOCK* and GATE; a soft rule (WARN, SCORE) binds nobody.

    Parameters
    ----------
    catalogue
        The rules.
    day
        Day on which a decision is taken.
    stage
        Stage (pre, primary, junior, senior); None for any.

    Returns
    -------
    tuple of Rule
        In the order of ids. A rule without numbers always binds; one with numbers where one of the stage is in force.
        The text of another province or county binds nobody.
    """
    hard = (rule for rule in catalogue if rule.mode in HARD and not rule.reference)
    return tuple(rule for rule in hard if _in_force(rule, day, stage))


@cache
def references() -> frozenset[str]:
    """Ids of the rules that are the text of another province or county: checked, counted apart, binding nobody."""
    return frozenset(rule.id for rule in load_catalogue() if rule.reference)


def unset(catalogue: Catalogue, day: date | None = None) -> tuple[Rule, ...]:
    """List the PARAM rules without a number of the county (on a day, if one is given): what needs them stays 未定.

    Parameters
    ----------
    catalogue
        The rules, with the county's values where it has set them.
    day
        Day on which the county's number has to hold; None for any day.

    Returns
    -------
    tuple of Rule
        In the order of ids.
    """
    lines = {rule.id: [v for v in rule.values if day is None or v.in_force(day)] for rule in catalogue}
    return tuple(rule for rule in catalogue if rule.mode == "PARAM" and not lines[rule.id])


def _in_force(rule: Rule, day: date, stage: str | None) -> bool:
    if stage is not None and rule.stages and stage not in rule.stages:
        return False
    lines = [v for v in rule.values if stage is None or v.stage in {stage, None}]
    return not rule.values or any(value.in_force(day) for value in lines)


def unit_label(unit: str) -> str:
    """Chinese name of a unit of rules or parameters; the unit itself where there is none."""
    return str(read_toml("units.toml").get(unit, unit))


def read_toml(path: str) -> dict[str, Any]:
    """Read a TOML file of this package."""
    return tomllib.loads(resources.files(__package__).joinpath(path).read_text(encoding="utf-8"))
