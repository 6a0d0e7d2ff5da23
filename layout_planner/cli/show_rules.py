"""The catalogue of rules on the screen."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from gettext import gettext as _
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from layout_planner.cli.language import VARIABLE
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


def one(rule: Rule, day: date, *, has_county: bool, verbose: bool = False) -> None:
    """Print everything about one rule; `verbose`: the function that checks it too, for those who maintain the program."""
    console = Console(highlight=False)
    console.print(Text(f"{rule.id} ", style="bold").append(rule.title, style="bold"))
    table = Table(box=None, padding=(0, 1), show_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    facts = _facts(rule, day, has_county=has_county)
    for title, words in [*facts, *([(_("For maintainers"), _check(rule))] if verbose else [])]:
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
        (_("Force"), _in_force(rule, day, held=bool(held))),
        (_("Document"), source.doc),
        (_("Article"), source.article + (" (条号待核)" if source.article_recalled else "")),
        (_("Quote"), f"“{source.quote}”" if source.quote else "–"),
        (_("Cited as"), rule.cite),
        (_("Status"), evidence_words(rule)),
        (_("Read on"), rule.checked_on.isoformat()),
    ]
    facts += [(_("Set by the county"), _county(rule, day, has_county=has_county))] if rule.mode == "PARAM" else []
    if seen := seen_elsewhere(rule.id):
        facts.append((_("Seen elsewhere"), "\n".join(seen) + "\n" + _("(for people only: no program reads it)")))
    if rule.uses:
        facts.append((_("Uses"), "、".join(rule.uses)))
    facts.append((_("Needs"), "\n".join(rule.needs) or "–"))
    if rule.note:
        facts.append((_("Note"), rule.note))
    facts.append((_("Judged"), _judged(rule)))
    return facts


def evidence_words(rule: Rule) -> str:
    """Say in words how far a rule is verified and what was read: 已核（B：报刊或全文转载）."""
    grades = {
        "A": _("A: on an official site"),
        "B": _("B: in the press or a full reprint"),
        "C": _("C: quoted by others"),
        "D": _("D: in source code"),
    }
    words = {
        "V": _("verified: a stored copy was read"),
        "R": _("recalled, no copy seen: printed with (待核)"),
        "R-": _("recalled with low confidence, no copy seen: printed with (待核)"),
        "I": _("inferred from what is verified"),
    }[rule.status]
    grade = grades.get(rule.source.evidence)
    return f"{words}; {grade}" if grade and not _chinese() else f"{words}；{grade}" if grade else words


def _chinese() -> bool:
    return os.environ.get(VARIABLE, "zh") != "en"


def _in_force(rule: Rule, day: date, *, held: bool) -> str:
    """Say whether a rule has a number on the day; one without any number holds as its text says."""
    if rule.mode == "PARAM" and not rule.values:
        return _("not set")
    words = _("In force on {day}.") if held or not rule.values else _("No value in force on {day}.")
    return words.format(day=day.isoformat())


def _county(rule: Rule, day: date, *, has_county: bool) -> str:
    own = [value.county for value in rule.values if value.county is not None]
    if own:
        words = _("{value:g}, since {day}, signed {signer}: {reason}")
        return "\n".join(
            words.format(value=v.value, day=v.day.isoformat(), signer=v.signer, reason=v.reason) for v in own
        )
    if not has_county:
        return _("not told: name the county folder with --county")
    words = _("not set: what needs it stays 未定; set it in county.toml under [rules], for example").format(id=rule.id)
    return f"{words}\n{example(rule, day)}"


def example(rule: Rule, day: date) -> str:
    """Lines of county.toml that would set a rule from a day on, a list where it has several stages."""
    rest = f'value = …, reason = "…", signer = "…", date = {day.isoformat()}'
    if len(rule.stages) < 2:
        return f"{rule.id} = {{ {rest} }}"
    lines = [f'  {{ stage = "{label("stage", stage)}", {rest} }},' for stage in rule.stages]
    return "\n".join([f"{rule.id} = [", *lines, "]"])


def _judged(rule: Rule) -> str:
    """Say whether the program judges a rule."""
    from layout_planner.compliance.evaluate import CHECKS

    if rule.id in CHECKS or any(rule.id in entry.uses.values() for entry in CHECKS.values()):
        return _("by every run, table findings (rows: trace findings {id})").format(id=rule.id)
    return _("definition or fact, nothing to check") if rule.mode == "DATA" else _("no check in this version: 未评")


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
    return "\n".join(words) or "–"
