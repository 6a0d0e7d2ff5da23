"""The catalogue of rules on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from gettext import gettext as _
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from layout_planner.errors import DataError, UsageError
from layout_planner.policy import (
    FAMILIES,
    Catalogue,
    Rule,
    load_catalogue,
    unit_label,
    unset,
)
from layout_planner.policy.remarks import seen_elsewhere
from layout_planner.policy.wording import mode_text, status_text, value_words, values_text
from layout_planner.terms import GRADE_LABELS_ZH, LABELS_ZH, label


def catalogue_of(county: Path | None) -> tuple[Catalogue, date]:
    """Return the rules, with the county's own values where a folder is given, and the day they are read on.

    Raises
    ------
    DataError, DefectsError, PolicyError
        If county.toml is missing or wrong, or sets a value for a rule that is not the county's to set.
    """
    from datetime import datetime

    if county is None:
        return load_catalogue(), datetime.now().astimezone().date()
    if not county.is_dir():
        raise DataError("folder_missing", folder=county.name or str(county))
    from layout_planner.io.settings import read_settings

    settings = read_settings(county)
    return load_catalogue().with_county_values(settings.own_values), settings.rules_day


def rule_named(catalogue: Catalogue, rule_id: str) -> Rule:
    """Return a rule by its id, in capitals or not.

    Raises
    ------
    UsageError
        ``rules_id_unknown`` with the ids that are near.
    """
    wanted = rule_id.strip().upper()
    if wanted not in catalogue.rules:
        from difflib import get_close_matches

        near = get_close_matches(wanted, sorted(catalogue.rules), n=5, cutoff=0.4)
        same = [rule for rule in sorted(catalogue.rules) if rule[:1] == wanted[:1]]
        raise UsageError("rules_id_unknown", found=rule_id, nearest=" ".join(near or same) or "–")
    return catalogue.rules[wanted]


def chosen(catalogue: Catalogue, family: str | None, mode: str | None, *, unset: bool) -> list[Rule]:
    """Return the rules of a family, a mode, or those still to be set.

    Raises
    ------
    UsageError
        ``rules_choice_unknown`` with what is allowed.
    """
    found = list(catalogue if not unset else _unset(catalogue))
    if family is not None:
        letters = {rule.id[0]: rule.family for rule in catalogue} | {title: name for name, title in FAMILIES.items()}
        name = letters.get(family, letters.get(family.upper(), family))
        if name not in FAMILIES:
            raise UsageError("rules_choice_unknown", option="--family", found=family, allowed=" ".join(FAMILIES))
        found = [rule for rule in found if rule.family == name]
    if mode is not None:
        modes = LABELS_ZH["rule_mode"]
        name = {words: code for code, words in modes.items()}.get(mode, mode.upper())
        if name not in modes:
            raise UsageError("rules_choice_unknown", option="--mode", found=mode, allowed=" ".join(modes))
        found = [rule for rule in found if rule.mode == name]
    return found


def _unset(catalogue: Catalogue) -> tuple[Rule, ...]:
    return unset(catalogue)


def listed(rules: Sequence[Rule], day: date) -> None:
    """Print rules family by family: id, title, value in force, mode, citation, status."""
    console = Console(highlight=False)
    for family, title in FAMILIES.items():
        here = [rule for rule in rules if rule.family == family]
        if not here:
            continue
        console.print()
        console.rule(f"{title} {family} {here[0].id}–{here[-1].id}", align="left", style="dim")
        table = Table(box=None, padding=(0, 1), show_edge=False, header_style="dim")
        table.add_column(_("ID"), style="bold", no_wrap=True)
        table.add_column(_("Rule"), ratio=4, overflow="fold")
        table.add_column(_("Value"), ratio=4, overflow="fold", style="cyan")
        table.add_column(_("Mode"), min_width=8, max_width=12, overflow="fold")
        table.add_column(_("Status"), min_width=6, max_width=8, overflow="fold")
        for rule in here:
            mode = f"{label('rule_mode', rule.mode)} {rule.mode}"
            table.add_row(rule.id, Text(rule.title), Text(values_text(rule, "；")), Text(mode), Text(status_text(rule)))
        console.print(table)
    counts = {status: sum(rule.status == status for rule in rules) for status in ("V", "R", "R-", "I")}
    words = _("{count} rules on {day}: {v} verified, {r} recalled, {low} recalled with low confidence, {i} inferred.")
    told = words.format(
        count=len(rules), day=day.isoformat(), v=counts["V"], r=counts["R"], low=counts["R-"], i=counts["I"]
    )
    console.print()
    console.print(told, style="bold")


def one(rule: Rule, day: date, *, has_county: bool) -> None:
    """Print everything about one rule."""
    console = Console(highlight=False)
    console.print(Text(f"{rule.id} ", style="bold").append(rule.title, style="bold"))
    table = Table(box=None, padding=(0, 1), show_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for title, words in _facts(rule, day, has_county=has_county):
        table.add_row(title, Text(words))
    console.print(table)


def _facts(rule: Rule, day: date, *, has_county: bool) -> list[tuple[str, str]]:
    source = rule.source
    facts = [
        (_("Family"), f"{FAMILIES[rule.family]} {rule.family}"),
        (_("Mode"), mode_text(rule)),
        (_("Unit"), unit_label(rule.unit) or "–"),
        (_("Scope"), rule.scope or "–"),
        (_("Stages"), "、".join(label("stage", stage) for stage in rule.stages) or _("all")),
    ]
    if rule.grades:
        facts.append((_("Grades"), "、".join(GRADE_LABELS_ZH[grade] for grade in rule.grades)))
    facts += [(_("Values"), "\n".join(map(value_words, rule.values)) or values_text(rule))]
    held = [value for value in rule.values if value.in_force(day)]
    facts += [
        (
            _("On {day}").format(day=day.isoformat()),
            _in_force(rule, held=bool(held)),
        ),
        (_("Document"), source.doc),
        (_("Article"), source.article + (" (条号待核)" if source.article_recalled else "")),
        (_("Quote"), f"“{source.quote}”" if source.quote else "–"),
        (_("Cited as"), rule.cite),
        (_("Status"), status_text(rule)),
        (_("Read on"), rule.checked_on.isoformat()),
    ]
    facts += [(_("Set by the county"), _county(rule, has_county=has_county))] if rule.mode == "PARAM" else []
    if seen := seen_elsewhere(rule.id):
        facts.append((_("Seen elsewhere"), "\n".join(seen) + "\n" + _("(for people only: no program reads it)")))
    if rule.uses:
        facts.append((_("Uses"), "、".join(rule.uses)))
    facts.append((_("Needs"), "\n".join(rule.needs) or "–"))
    if rule.note:
        facts.append((_("Note"), rule.note))
    facts.append((_("Checked by"), _check(rule)))
    return facts


def _in_force(rule: Rule, *, held: bool) -> str:
    """Say whether a rule has a number on the day; one without any number holds as its text says."""
    if rule.mode == "PARAM" and not rule.values:
        return _("not set")
    return _("in force") if held or not rule.values else _("no value in force")


def _county(rule: Rule, *, has_county: bool) -> str:
    own = [value.county for value in rule.values if value.county is not None]
    if own:
        words = _("{value:g}, since {day}, signed {signer}: {reason}")
        return "\n".join(
            words.format(value=v.value, day=v.day.isoformat(), signer=v.signer, reason=v.reason) for v in own
        )
    if not has_county:
        return _("not told: name the county folder with --county")
    return _("not set: what needs it stays 未定; set it in county.toml under [rules.{id}]").format(id=rule.id)


def _check(rule: Rule) -> str:
    """Say which function checks a rule, on which table; or why none does."""
    from layout_planner.compliance.evaluate import CHECKS

    entry = CHECKS.get(rule.id)
    users = sorted(other for other, entry in CHECKS.items() if rule.id in entry.uses.values())
    words = []
    if entry is not None:
        check = getattr(entry.check, "func", entry.check)
        words.append(
            _("{path} on table {table}").format(path=f"{check.__module__}:{check.__name__}", table=entry.table)
        )
    if users:
        words.append(_("used by the check of {rules}").format(rules="、".join(users)))
    if not words:
        words.append(
            _("definition or fact, nothing to check") if rule.mode == "DATA" else _("no check in this version: 未评")
        )
    return "\n".join(words)
