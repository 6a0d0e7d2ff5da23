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

_USE = "--pupils P.csv [--births B.csv] --origin Y [--horizon H] --out F.csv"
_STAGE = re.compile(r"^\s*([a-z_]+)\s*=\s*(-?\d{1,4})-(-?\d{1,4})\s*$")
DEFAULT_DRAWS = 1000
DEFAULT_SEED = 1
DEFAULT_HORIZON = 10  # years
LAG_OF_GRADE_0 = 6  # years from the calendar year of birth to an autumn in grade 0; one more for every grade above
LATER_STAGES = {"primary": (1, 6), "junior": (7, 9), "senior": (10, 12)}  # where the chain begins above grade 0


def run(pupils: Path, given: Mapping[str, Any]) -> None:
    """Read the tables, forecast, write the file, tell what was left out.

    Raises
    ------
    UsageError
        ``options_missing``, ``option_stages_bad``, ``option_stages_overlap``, ``areas_not_county``, ``out_is_input`` or
        ``entry_grade_absent``, and those of the options.
    """
    _refuse_county()
    named = {key: _absolute(given[key]) for key in ("births", "area_map", "out")}
    pupils, given = pupils.absolute(), {**given, **named}
    missing = [f"--{name}" for name in ("origin", "out") if given[name] is None]
    if missing:
        raise UsageError("options_missing", options=missing, use=_USE)
    stages = parse_stages(given["stages"])
    import numpy as np

    from layout_planner.enrolment import forecast_areas
    from layout_planner.io.areas import read_area_tables
    from layout_planner.io.cells import replace_csv

    for path in (pupils, given["births"], given["area_map"]):
        if path is not None and _same(path, given["out"]):
            raise UsageError("out_is_input", file=path.name)
    tables = read_area_tables(pupils, given["births"], given["area_map"])
    grades = set(tables.pupils["grade"].astype(int))
    if given["entry_grade"] not in grades:
        lag = max(min(grades) + LAG_OF_GRADE_0, 1)
        raise UsageError(
            "entry_grade_absent", file=pupils.name, found=given["entry_grade"], allowed=min(grades), lag=lag
        )
    if not _given("stages"):
        stages = default_stages(stages, given["entry_grade"], max(grades))
    options = _options(given, stages)
    seed = DEFAULT_SEED if given["seed"] is None else given["seed"]
    frames = tables.pupils, tables.births, tables.area_map
    table = forecast_areas(*frames, options, np.random.default_rng(seed))
    replace_csv(table, given["out"])
    _tell(tables, options, pupils.name)
    years = f"{options.origin + 1}–{options.origin + options.horizon}"
    done = {"rows": len(table), "years": years, "file": str(given["out"])}
    click.echo(sentence("areas_written", done, language.chosen()))


def _options(given: Mapping[str, Any], stages: Mapping[str, tuple[int, int]]) -> AreasOptions:
    from layout_planner.enrolment import AreasOptions

    return AreasOptions(
        origin=given["origin"],
        horizon=given["horizon"] or DEFAULT_HORIZON,
        entry_grade=given["entry_grade"],
        birth_lag=given["birth_lag"],
        stages=stages,
        draws=given["draws"] or DEFAULT_DRAWS,
    )


def default_stages(usual: dict[str, tuple[int, int]], entry_grade: int, highest: int) -> dict[str, tuple[int, int]]:
    """Stages of a command that names none: the usual ones, or those of a chain that begins above grade 0.

    Parameters
    ----------
    usual
        Stages from grade 0 on.
    entry_grade
        Grade that births enter.
    highest
        Highest grade of the table.

    Returns
    -------
    dict
        Name → (lowest, highest grade); above grade 0 limited to grades that the table holds.
    """
    if entry_grade <= 0:
        return usual
    limited = {name: (max(low, entry_grade), min(high, highest)) for name, (low, high) in LATER_STAGES.items()}
    return {name: (low, high) for name, (low, high) in limited.items() if low <= high}


def _given(name: str) -> bool:
    """Whether an option or argument stands on the command line."""
    source = click.get_current_context().get_parameter_source(name)
    return source not in {None, click.core.ParameterSource.DEFAULT, click.core.ParameterSource.DEFAULT_MAP}


def _refuse_county() -> None:
    """Words of the county's forecast have no meaning beside ``--pupils``."""
    values = click.get_current_context().params
    found = [str(values["county"])] if _given("county") else []
    found += ["--previous"] if _given("previous") else []
    if found:
        raise UsageError("areas_not_county", found=found)


def parse_stages(text: str) -> dict[str, tuple[int, int]]:
    """Read ``primary=0-6,junior=7-9`` as name → (lowest, highest grade)."""
    stages: dict[str, tuple[int, int]] = {}
    for part in text.split(","):
        match = _STAGE.match(part)
        if match is None or int(match[2]) > int(match[3]) or match[1] in stages:
            raise UsageError("option_stages_bad", found=part, allowed="primary=0-6,junior=7-9,senior=10-12")
        low, high = int(match[2]), int(match[3])
        for name, (lowest, highest) in stages.items():
            if low <= highest and lowest <= high:
                raise UsageError("option_stages_overlap", found=[name, match[1]])
        stages[match[1]] = (low, high)
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
