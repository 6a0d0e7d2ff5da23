"""Round 1: the county's own assumptions, rules and exceptions in county.toml; roads."""

from __future__ import annotations

import os

from layout_planner.attendance.flow_change import CODES, parse_flow_changes
from layout_planner.errors import DefectsError, PolicyError, Problem, sentence
from layout_planner.io.checks.model import SETTINGS, Check, Context, file_of
from layout_planner.io.settings import FILE
from layout_planner.policy import Parameter, load_catalogue, load_parameters

ABSURD = 10  # an assumption ten times beyond the range of its source is a slip of the pen


def assumptions(ctx: Context) -> list[Problem]:
    """The county's own assumptions exist and lie near the range that their source supports."""
    known = load_parameters()
    problems = []
    for name, value in ({} if ctx.settings is None else ctx.settings.parameters).items():
        if name not in known:
            allowed = "docs/parameters.md 中的名称"
            problems.append(Problem("error", "setting_bad", FILE, None, f"parameters.{name}", name, allowed))
        elif absurd(known[name], value):
            low, high = sane_range(known[name])
            allowed = f"{low:g} 到 {high:g} 之间（来源支持 {known[name].low:g}–{known[name].high:g}）"
            problems.append(Problem("error", "setting_bad", FILE, None, f"parameters.{name}", f"{value:g}", allowed))
        elif known[name].unit == "year" and value != round(value):
            allowed = f"{known[name].low:g}–{known[name].high:g} 之间的整数"
            problems.append(Problem("error", "setting_bad", FILE, None, f"parameters.{name}", f"{value:g}", allowed))
        elif not known[name].holds(value):
            p = known[name]
            found, allowed = f"{value:g} {p.unit}", f"{p.low:g}–{p.high:g} {p.unit}"
            problems.append(Problem("warning", "assumption_outside", FILE, None, name, found, allowed))
    return problems


def absurd(parameter: Parameter, value: float) -> bool:
    """Whether a value is ten times beyond the range of its source, or has a sign that the range has not."""
    low, high = sane_range(parameter)
    return not low <= value <= high


def sane_range(parameter: Parameter) -> tuple[float, float]:
    """Values that may be meant: a tenth of the lowest to ten times the highest; below 0 ten times the lowest."""
    low = parameter.low * ABSURD if parameter.low < 0 else parameter.low / ABSURD
    return low, parameter.high * ABSURD


def own_rules(ctx: Context) -> list[Problem]:
    """The county sets only rules that are left to it, each signed."""
    catalogue = load_catalogue()
    problems = []
    for name, values in ({} if ctx.settings is None else ctx.settings.own_values).items():
        try:
            catalogue.with_county_values({name: values})
        except PolicyError as error:
            found = sentence(error.code, error.fields, "zh").rstrip("。")
            problems.append(Problem("error", "rule_refused", FILE, None, f"rules.{name}", found))
    return problems


def own_rules_later(ctx: Context) -> list[Problem]:
    """A number that the county signed after the day on which the rules are read does not hold yet."""
    if ctx.settings is None:
        return []
    day = ctx.settings.rules_day
    return [
        Problem("warning", "rule_later", FILE, None, f"rules.{name}", value.day.isoformat(), day.isoformat())
        for name, values in ctx.settings.own_values.items()
        for value in values
        if value.day > day
    ]


def overrides(ctx: Context) -> list[Problem]:
    """Written exceptions are read and told; this version does not apply them."""
    told = () if ctx.settings is None else ctx.settings.overrides
    return [Problem("warning", "override_not_applied", FILE, None, o.rule, o.subject) for o in told]


def flow_changes(ctx: Context) -> list[Problem]:
    """A change of the flows names townships of the county, a year of the forecast, grades and a share."""
    if ctx.settings is None:
        return []
    first = ctx.settings.base_year + 1
    try:
        parse_flow_changes(
            ctx.settings.flow_change,
            set(map(str, ctx.known("townships"))),
            (first, ctx.settings.base_year + ctx.settings.horizon),
            file=FILE,
        )
    except DefectsError as error:
        return list(error.problems)
    return []


def roads(ctx: Context) -> list[Problem]:
    """Without roads, minutes are only screened."""
    path = ctx.folder / file_of("roads")
    return [] if os.path.lexists(path) else [Problem("warning", "roads_absent", path.name)]


CHECKS = (
    Check("assumptions", "file", "error", "本县的工程假设名称对、取值合理", "The county's assumptions exist and are sane",
          (SETTINGS,), assumptions, ("setting_bad", "assumption_outside")),
    Check("own_rules", "file", "error", "本县自定的规则由本县设定并签字", "The county's own rules are its to set, and signed",
          (SETTINGS,), own_rules, ("rule_refused",)),
    Check("own_rules_later", "file", "warning", "本县自定的规则在核验日已生效", "The county's own rules hold by the day of reading",
          (SETTINGS,), own_rules_later, ("rule_later",)),
    Check("overrides", "file", "warning", "没有待采用的书面例外", "No written exception waits",
          (SETTINGS,), overrides, ("override_not_applied",)),
    Check("flow_changes", "file", "error", "county.toml 的流向变化写对了", "Changes of flows in county.toml are right",
          (SETTINGS, "keys:townships"), flow_changes, CODES),
    Check("roads_there", "file", "warning", "有道路数据", "Roads are there", (), roads, ("roads_absent",)),
)  # fmt: skip
