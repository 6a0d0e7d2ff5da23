"""``layout-planner forecast --pupils … --births …``: any areas, from plain tables to one table of forecasts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from layout_planner.errors import UsageError

_USE = "--pupils P.csv --births B.csv --origin Y --horizon H --out F.csv"
_STAGE = re.compile(r"^\s*([a-z_]+)\s*=\s*(-?\d+)-(-?\d+)\s*$")
DEFAULT_DRAWS = 1000
DEFAULT_SEED = 1


def run(pupils: Path, given: Mapping[str, Any]) -> None:
    """Read the tables, forecast, write the file.

    Raises
    ------
    UsageError
        ``options_missing``, ``option_stages_bad``, ``out_is_input`` or ``entry_grade_absent``.
    """
    missing = [f"--{name}" for name in ("births", "origin", "horizon", "out") if given[name] is None]
    if missing:
        raise UsageError("options_missing", options=missing, use=_USE)
    stages = parse_stages(given["stages"])
    import numpy as np

    from layout_planner.enrolment import AreasOptions, forecast_areas
    from layout_planner.io.areas import read_area_tables
    from layout_planner.io.cells import replace_csv

    for path in (pupils, given["births"], given["area_map"]):
        if path is not None and path.resolve() == given["out"].resolve():
            raise UsageError("out_is_input", file=path.name)
    tables = read_area_tables(pupils, given["births"], given["area_map"])
    lowest = int(tables[0]["grade"].min())
    if given["entry_grade"] not in set(tables[0]["grade"]):
        raise UsageError("entry_grade_absent", file=pupils.name, found=given["entry_grade"], allowed=lowest)
    seed = DEFAULT_SEED if given["seed"] is None else given["seed"]
    options = AreasOptions(
        origin=given["origin"],
        horizon=given["horizon"],
        entry_grade=given["entry_grade"],
        birth_lag=given["birth_lag"],
        stages=stages,
        draws=given["draws"] or DEFAULT_DRAWS,
    )
    replace_csv(forecast_areas(*tables, options, np.random.default_rng(seed)), given["out"])


def parse_stages(text: str) -> dict[str, tuple[int, int]]:
    """Read ``primary=0-6,junior=7-9`` as name → (lowest, highest grade)."""
    stages: dict[str, tuple[int, int]] = {}
    for part in text.split(","):
        match = _STAGE.match(part)
        if match is None or int(match[2]) > int(match[3]):
            raise UsageError("option_stages_bad", found=part, allowed="primary=0-6,junior=7-9,senior=10-12")
        stages[match[1]] = (int(match[2]), int(match[3]))
    return stages
