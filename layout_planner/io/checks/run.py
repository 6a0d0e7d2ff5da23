"""Run every check on a county folder: what can be read is checked, whatever is wrong elsewhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from layout_planner.contracts import load_dictionary
from layout_planner.errors import DataError, DefectsError, Problem
from layout_planner.io.checks.model import ROUNDS, Check, Context, Result
from layout_planner.io.checks.reading import read_table
from layout_planner.io.checks.registers import synthetic_rows
from layout_planner.io.checks.registry import all_checks
from layout_planner.io.road_layer import road_file
from layout_planner.io.settings import FILE as SETTINGS_FILE
from layout_planner.io.settings import CountySettings, Declared, read_settings
from layout_planner.policy import load_parameters

OTHER = Check("other", "file", "error", "其他", "Anything else")


@dataclass(frozen=True)
class Inspection:
    """A county folder as inspected: what could be read, and what every check found."""

    settings: CountySettings | None
    tables: Mapping[str, Any]
    results: tuple[Result, ...]

    @property
    def synthetic(self) -> bool:
        """Whether the county or any of its rows is simulated."""
        told = self.settings is not None and self.settings.synthetic
        return told or any(synthetic_rows(table) for table in self.tables.values())

    @property
    def problems(self) -> list[Problem]:
        """All problems, round by round."""
        return [problem for result in self.results for problem in result.problems]


def inspect_county(folder: Path) -> Inspection:
    """Read a county folder and run every check that its tables allow.

    Parameters
    ----------
    folder
        The county folder.

    Returns
    -------
    Inspection
        Settings and tables as far as they could be read, and one result a check.

    Raises
    ------
    DataError, MachineError
        As `context_of`.
    """
    context = context_of(folder)
    return Inspection(context.settings, context.tables, run_checks(context, all_checks()))


def context_of(folder: Path) -> Context:
    """Read a county folder as far as it can be read.

    Raises
    ------
    DataError
        ``folder_missing``.
    MachineError
        If the machine refuses to read a file.
    """
    if not folder.is_dir():
        raise DataError("folder_missing", folder=folder.name or str(folder))
    settings, told = _settings(folder)
    tables: dict[str, Any] = {}
    keys, aside = {}, {}
    for spec in load_dictionary().inputs():
        path = folder / spec.file
        if spec.name == "roads":
            found, twice = road_file(folder)
            path, told = found or path, told + twice
        if spec.may_be_absent and not os.path.lexists(path) and not _as_workbook(path):
            continue
        read = read_table(path, spec, Declared() if settings is None else settings.declared)
        told += read.problems
        if read.keys is not None:
            keys[spec.name] = read.keys
        if read.frame is not None:
            tables[spec.name] = read.frame
        if read.refused is not None:
            aside[spec.name] = read.refused
    return Context(folder, settings, tables, keys, assumptions(settings), tuple(told), aside)


def run_checks(context: Context, checks: tuple[Check, ...]) -> tuple[Result, ...]:
    """Run the checks round by round; one whose tables are missing is told apart from one that found nothing."""
    results = [_run(check, context) for r in ROUNDS for check in checks if check.round == r]
    known = {code for check in checks for code in check.tells}
    rest = tuple(replace(p, check=OTHER.name) for p in context.told if p.code not in known)
    return (*results, *([Result(OTHER, rest)] if rest else []))


def _run(check: Check, context: Context) -> Result:
    missing = tuple(name for name in check.needs if not context.has(name))
    if check.function is None:
        problems = [p for p in context.told if p.code in check.tells]
    elif missing:
        return Result(check, (), missing)
    else:
        problems = list(check.function(context))
    return Result(check, tuple(replace(p, check=check.name) for p in problems))


def assumptions(settings: CountySettings | None) -> dict[str, float]:
    """Assumptions to check with: the defaults and the county's own numbers."""
    own = {} if settings is None else settings.parameters
    return {name: float(own.get(name, parameter.value)) for name, parameter in load_parameters().items()}


def _settings(folder: Path) -> tuple[CountySettings | None, list[Problem]]:
    try:
        return read_settings(folder), []
    except DefectsError as error:
        return None, list(error.problems)
    except DataError as error:
        column, row = (str(error.fields[k]) if k in error.fields else "" for k in ("column", "row"))
        number = int(row) if row.isdigit() else None
        return None, [Problem("error", error.code, str(error.fields.get("file", SETTINGS_FILE)), number, column)]


def _as_workbook(path: Path) -> bool:
    return any(path.with_suffix(end).exists() for end in (".xlsx", ".xls"))
