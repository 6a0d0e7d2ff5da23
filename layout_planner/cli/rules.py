"""``layout-planner rules [ID]``: the catalogue of policy rules, or everything about one of them."""

from __future__ import annotations

from gettext import gettext as _
from pathlib import Path

import click


@click.command(
    help=_("Print the catalogue of policy rules with value, source and status; with ID everything about one.")
)
@click.argument("rule_id", metavar="ID", default="")
@click.option("--family", help=_("One family only: merging, travel, size, staff … or its letter."))
@click.option("--mode", help=_("One mode only: BLOCK, BLOCK*, GATE, WARN, SCORE, PARAM, DATA."))
@click.option("--unset", is_flag=True, help=_("Only what the county has yet to set (PARAM without a value)."))
@click.option("--county", type=click.Path(path_type=Path), help=_("County folder: its own values are shown."))
@click.option("--verbose", is_flag=True, help=_("Also the function that checks the rule."))
@click.option("--lang", type=click.Choice(["zh", "en"]), expose_value=False, help=_("Language of messages."))
def rules(
    rule_id: str, *, family: str | None, mode: str | None, unset: bool, county: Path | None, verbose: bool
) -> None:
    """Print rules."""
    from layout_planner.cli import show_rules

    catalogue, day = show_rules.catalogue_of(county)
    if rule_id:
        show_rules.one(show_rules.rule_named(catalogue, rule_id), day, has_county=county is not None, verbose=verbose)
    else:
        show_rules.listed(show_rules.chosen(catalogue, family, mode, unset=unset), day)
