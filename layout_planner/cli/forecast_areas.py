"""``layout-planner forecast --pupils … --births …``: any areas, from plain tables to one table of forecasts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from layout_planner.cli import language
from layout_planner.errors import UsageError, sentence

if TYPE_CHECKING:
    from layout_planner.enrolment import AreasOptions
    from layout_planner.io.areas import AreaTables

_USE = "--pupils P.csv [--births B.csv] --origin Y --horizon H --out F.csv"
_STAGE = re.compile(r"^\s*([a-z_]+)\s*=\s*(-?\d{1,4})-(-?\d{1,4})\s*$")
DEFAULT_DRAWS = 1000
DEFAULT_SEED = 1


def run(pupils: Path, given: Mapping[str, Any]) -> None:
    """Read the tables, forecast, write the file, tell what was left out.

    Raises
    ------
    UsageError
        ``options_missing``, ``option_stages_bad``, ``out_is_input`` or ``entry_grade_absent``, and those of the options.
    """
    named = {key: _absolute(given[key]) for key in ("births", "area_map", "out")}
    pupils, given = pupils.absolute(), {**given, **named}
    missing = [f"--{name}" for name in ("origin", "horizon", "out") if given[name] is None]
    if missing:
        raise UsageError("options_missing", options=missing, use=_USE)
    stages = parse_stages(given["stages"])
    import numpy as np

    from layout_planner.enrolment import AreasOptions, forecast_areas
    from layout_planner.io.areas import read_area_tables
    from layout_planner.io.cells import replace_csv

    options = AreasOptions(
        origin=given["origin"],
        horizon=given["horizon"],
        entry_grade=given["entry_grade"],
        birth_lag=given["birth_lag"],
        stages=stages,
        draws=given["draws"] or DEFAULT_DRAWS,
    )
    for path in (pupils, given["births"], given["area_map"]):
        if path is not None and _same(path, given["out"]):
            raise UsageError("out_is_input", file=path.name)
    tables = read_area_tables(pupils, given["births"], given["area_map"])
    lowest = int(tables.pupils["grade"].min())
    if given["entry_grade"] not in set(tables.pupils["grade"]):
        raise UsageError("entry_grade_absent", file=pupils.name, found=given["entry_grade"], allowed=lowest)
    seed = DEFAULT_SEED if given["seed"] is None else given["seed"]
    frames = tables.pupils, tables.births, tables.area_map
    replace_csv(forecast_areas(*frames, options, np.random.default_rng(seed)), given["out"])
    _tell(tables, options, pupils.name)


def parse_stages(text: str) -> dict[str, tuple[int, int]]:
    """Read ``primary=0-6,junior=7-9`` as name → (lowest, highest grade)."""
    stages: dict[str, tuple[int, int]] = {}
    for part in text.split(","):
        match = _STAGE.match(part)
        if match is None or int(match[2]) > int(match[3]) or match[1] in stages:
            raise UsageError("option_stages_bad", found=part, allowed="primary=0-6,junior=7-9,senior=10-12")
        stages[match[1]] = (int(match[2]), int(match[3]))
    return stages


def _absolute(path: Path | None) -> Path | None:
    """The path from the root: ``.`` has no name to print, its folder has."""
    return None if path is None else path.absolute()


def _same(path: Path, out: Path) -> bool:
    """Whether two paths are one file, by whatever name."""
    try:
        return path.resolve() == out.resolve() or path.samefile(out)
    except (OSError, RuntimeError):  # not there yet, or a circle of links that the reader will name
        return False


def _tell(tables: AreaTables, options: AreasOptions, file: str) -> None:
    """Print on the error stream who has no forecast and why, and what else the planner should know."""
    from layout_planner.enrolment.area_notices import area_notices

    notices = area_notices(tables.pupils, tables.births, tables.area_map, options)
    if tables.twice:
        notices.append(("area_rows_twice", {"file": file, "count": len(tables.twice), "rows": list(tables.twice)}))
    for code, fields in notices:
        click.echo(sentence(code, fields, language.chosen()), err=True)
