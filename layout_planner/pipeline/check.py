"""``check``: what the files of a county hold against themselves, as a table, a page and the lines of the screen."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from layout_planner import __version__
from layout_planner.contracts import check_table
from layout_planner.errors import DataError, Lang, Problem
from layout_planner.io.checks.file_round import GLYPHS
from layout_planner.io.checks.groups import SEVERITIES, Group, grouped
from layout_planner.io.checks.model import Result
from layout_planner.io.checks.run import Inspection, inspect_county
from layout_planner.io.checks.table import problems_table
from layout_planner.io.county import hashes_of
from layout_planner.io.out import open_out
from layout_planner.pipeline.setup import glyph_problems
from layout_planner.reports.check_page import CheckLine, CheckPage, Finding, render_check

PAGE = "check.html"


@dataclass(frozen=True)
class Checked:
    """A county folder as checked: name, every check with what it found, and the findings as a table."""

    name: str
    folder: Path
    inspection: Inspection
    results: tuple[Result, ...]
    quality: pd.DataFrame

    @property
    def groups(self) -> list[Group]:
        """Findings as lines: those that say the same of many rows together, the worst and most first."""
        return grouped(p for r in self.results for p in r.problems)

    def count(self, severity: str) -> int:
        """Number of findings of a severity."""
        return int((self.quality["severity"] == severity).sum())

    def exit_code(self, *, strict: bool) -> int:
        """2 with errors, 1 with warnings if these are asked for, else 0."""
        if self.count("error"):
            return 2
        return 1 if strict and self.count("warning") else 0


def check_county(folder: Path, lang: Lang = "zh") -> Checked:
    """Run every check on a county folder; nothing that is wrong in it raises.

    Parameters
    ----------
    folder
        The county folder.
    lang
        Language of the messages.

    Returns
    -------
    Checked
        Findings ordered by severity, then round.

    Raises
    ------
    DataError
        ``folder_missing``.
    MachineError
        If the machine refuses to read a file.
    """
    inspection = inspect_county(folder)
    settings = inspection.settings
    name = folder.resolve().name if settings is None else settings.name
    glyphs = tuple(replace(p, check=GLYPHS) for p in glyph_problems(inspection.tables, name))
    results = tuple(replace(r, problems=glyphs) if r.check.name == GLYPHS else r for r in inspection.results)
    problems = sorted((p for r in results for p in r.problems), key=_severity)
    quality = check_table("data_quality", problems_table(problems, lang))
    return Checked(name, folder, inspection, results, quality)


def write_check(checked: Checked, out: Path) -> list[str]:
    """Write the findings as ``tables/data_quality.csv`` and the page ``check.html``, by the safe swap.

    Returns
    -------
    list of str
        Files of the planner that were carried over.

    Raises
    ------
    UsageError, MachineError
        As `open_out` and `OutFolder.finish`.
    """
    synthetic = checked.inspection.synthetic
    with open_out(out) as target:
        target.write_table("data_quality", checked.quality, synthetic=synthetic)
        target.write_text(PAGE, render_check(page_of(checked)))
        return target.finish(_manifest(checked, synthetic=synthetic))


def page_of(checked: Checked) -> CheckPage:
    """Put the summary page together; it is Chinese whatever the language of the messages."""
    settings = checked.inspection.settings
    return CheckPage(
        county=checked.name,
        code="" if settings is None else settings.code,
        base_year=None if settings is None else settings.base_year,
        synthetic=checked.inspection.synthetic,
        tables={name: len(table) for name, table in checked.inspection.tables.items()},
        lines=tuple(
            CheckLine(
                r.check.round, r.check.zh, r.ran, {s: sum(p.severity == s for p in r.problems) for s in SEVERITIES}
            )
            for r in checked.results
        ),
        findings=tuple(Finding(g.first.severity, g.said(), g.first.fix(), g.count) for g in checked.groups),
    )


def _manifest(checked: Checked, *, synthetic: bool) -> Mapping[str, Any]:
    settings = checked.inspection.settings
    try:
        hashes = hashes_of(checked.folder)
    except DataError:  # a folder where a file should stand: it is among the findings
        hashes = {}
    return {
        "schema": 1,
        "county": checked.name,
        "code": "" if settings is None else settings.code,
        "synthetic": synthetic,
        "options": {"upto": "check"},
        "inputs": hashes,
        "versions": {"layout-planner": __version__, "python": platform.python_version()},
        "checks": {r.check.name: len(r.problems) if r.ran else None for r in checked.results},
        "rows": {"data_quality": len(checked.quality)},
    }


def _severity(problem: Problem) -> int:
    return SEVERITIES.index(problem.severity)
