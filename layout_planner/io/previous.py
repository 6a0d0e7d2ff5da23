"""Read the results of an earlier run, to set a new forecast beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from layout_planner.contracts import load_dictionary
from layout_planner.enrolment.change import CHANGE_COLUMNS, PARAMETER_COLUMNS, Earlier, Facts
from layout_planner.errors import DataError, UsageError
from layout_planner.io.swap import digest, manifest_in
from layout_planner.io.text import read_records

SCHEMA: Final = 1
STAGES: Final = "forecast_stage"
CHANGES: Final = "forecast_change"
PARAMETERS: Final = "forecast_parameters"
OPTIONS: Final = ("horizon", "draws", "seed")
_STAGE_COLUMNS: Final = ("township_code", "stage", "school_year", "status", "pupils_mean", "pupils_p10", "pupils_p90")


def read_previous(folder: Path, *, code: str, base_year: int, synthetic: bool) -> Earlier:
    """Read the forecast of an earlier run of the same county.

    Parameters
    ----------
    folder
        Output folder of that run.
    code, base_year, synthetic
        County code, base year, and whether the data are simulated, of the run to be made.

    Returns
    -------
    Earlier
        Its forecast by stage, its own outcomes, and the record of how it was made.

    Raises
    ------
    UsageError
        ``previous_not_a_result``, ``previous_schema``, ``previous_other_county``, ``previous_synthetic``,
        ``previous_newer``, ``previous_broken``: each says what was found and what is allowed.
    """
    manifest = manifest_in(folder)
    if manifest is None:
        raise UsageError("previous_not_a_result", folder=str(folder))
    if manifest.get("schema") != SCHEMA:
        raise UsageError("previous_schema", folder=str(folder), found=manifest.get("schema"), allowed=SCHEMA)
    if str(manifest.get("code")) != code:
        found = f"{manifest.get('county', '')}（{manifest.get('code')}）"
        raise UsageError("previous_other_county", folder=str(folder), found=found, allowed=code)
    if bool(manifest.get("synthetic")) != synthetic:
        raise UsageError("previous_synthetic", folder=str(folder))
    facts = _facts(manifest, folder)
    if facts.base_year > base_year:
        raise UsageError("previous_newer", folder=str(folder), found=facts.base_year, allowed=base_year)
    path = folder / "tables" / f"{STAGES}.csv"
    if not path.is_file():
        raise UsageError("previous_not_a_result", folder=str(folder))
    stages, found = _table(path, STAGES, _STAGE_COLUMNS), digest(path)
    outcomes = _optional(folder, manifest, CHANGES, CHANGE_COLUMNS)
    outcomes = outcomes[outcomes["status"] == "observed"].reset_index(drop=True)
    parameters = _optional(folder, manifest, PARAMETERS, PARAMETER_COLUMNS)
    recorded = _nested(manifest, "files", f"tables/{STAGES}.csv").get("sha256", found)
    return Earlier(stages, outcomes, facts, parameters, digest=found, edited=recorded != found)


def _facts(manifest: Mapping[str, Any], folder: Path) -> Facts:
    options = _nested(manifest, "options")
    try:
        year = int(manifest["base_year"])
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError("previous_broken", file=str(folder / "manifest.json"), column="base_year") from error
    versions = {name: str(v) for name, v in _nested(manifest, "versions").items() if name != "python"}
    inputs = {name: str(v) for name, v in _nested(manifest, "inputs").items()}
    return Facts(year, {name: options[name] for name in OPTIONS if name in options}, versions, inputs)


def _nested(found: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """Section of a manifest; empty where there is none."""
    for name in names:
        inner = found.get(name)
        if not isinstance(inner, Mapping):
            return {}
        found = inner
    return found


def _optional(folder: Path, manifest: Mapping[str, Any], name: str, columns: Sequence[str]) -> pd.DataFrame:
    """Read a table that an older result may not have, or have without a row."""
    path = folder / "tables" / f"{name}.csv"
    if _nested(manifest, "rows").get(name) and path.is_file():
        return _table(path, name, columns)
    return pd.DataFrame(columns=[*columns])


def _table(path: Path, name: str, needed: Sequence[str]) -> pd.DataFrame:
    """Read an output table with the types of its contract."""
    try:
        header, records = read_records(path)
    except DataError as error:
        raise UsageError("previous_broken", file=str(path), column="-") from error
    if gone := [column for column in needed if column not in header]:
        raise UsageError("previous_broken", file=str(path), column="、".join(gone))
    frame = pd.DataFrame(records, columns=header)[[*needed]]
    kinds = {column.name: column.type for column in load_dictionary().tables[name].columns}
    for column in needed:
        try:
            frame[column] = _typed(frame[column], kinds[column])
        except (TypeError, ValueError) as error:
            raise UsageError("previous_broken", file=str(path), column=column) from error
    return frame


def _typed(values: pd.Series, kind: str) -> pd.Series:
    if kind == "int":
        return pd.to_numeric(values).astype("int64")
    if kind == "float":
        return pd.to_numeric(values).astype("float64")
    if kind == "bool":
        return values.astype(str).str.lower().map({"true": True, "false": False}).astype(bool)
    return values.fillna("").astype(str)
