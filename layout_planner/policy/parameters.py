"""Engineering assumptions: ``parameters/*.toml``, each with a unit, a range and a source; a run may override them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from layout_planner.errors import PolicyError


@dataclass(frozen=True)
class Parameter:
    """One assumption that no policy fixes; printed in the report with its source and range."""

    name: str
    title: str
    unit: str
    value: float
    low: float
    high: float
    source: str
    mode: str = "ASSUMPTION"
    group: str = ""
    until_set: str = ""  # the PARAM rule whose number, once the county has set it, takes the place of this one

    def holds(self, value: float) -> bool:
        """Whether a value lies within the range that the source supports."""
        return self.low <= value <= self.high


def load_parameters() -> dict[str, Parameter]:
    """Read every assumption of ``parameters/*.toml``, in the order of files and lines.

    Returns
    -------
    dict
        Parameters by name.

    Raises
    ------
    PolicyError
        ``parameter_twice`` if a name stands in two files; ``parameter_bad`` if a block lacks a field.
    """
    found: dict[str, Parameter] = {}
    folder = resources.files(__package__).joinpath("parameters")
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if not entry.name.endswith(".toml"):
            continue
        for name, block in tomllib.loads(entry.read_text(encoding="utf-8")).items():
            if name in found:
                raise PolicyError("parameter_twice", name=name, file=entry.name)
            found[name] = _parameter_from(name, block, entry.name)
    return found


def parameter_values(parameters: Mapping[str, Parameter], overrides: Mapping[str, float]) -> dict[str, float]:
    """Return the numbers to compute with: the defaults, replaced by the county's own.

    Parameters
    ----------
    parameters
        Assumptions by name.
    overrides
        The county's numbers by name; one outside the range is taken, `outside_range` lists it. [as parameter]

    Returns
    -------
    dict
        Numbers by name. [as parameter]

    Raises
    ------
    PolicyError
        ``parameter_unknown`` if there is no assumption of that name; ``parameter_not_a_number``.
    """
    for name, value in overrides.items():
        if name not in parameters:
            raise PolicyError("parameter_unknown", name=name, allowed=sorted(parameters))
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            raise PolicyError("parameter_not_a_number", name=name, found=str(value))
    return {name: float(overrides.get(name, parameter.value)) for name, parameter in parameters.items()}


def outside_range(parameters: Mapping[str, Parameter], values: Mapping[str, float]) -> list[Parameter]:
    """List the assumptions whose number in use lies outside the range that their source supports."""
    return [parameters[name] for name, value in values.items() if not parameters[name].holds(value)]


def _parameter_from(name: str, block: Mapping[str, Any], file: str) -> Parameter:
    missing = [field for field in ("title", "unit", "value", "range", "source") if field not in block]
    if missing or len(block["range"]) != 2:
        raise PolicyError("parameter_bad", name=name, file=file, found=missing or ["range"])
    low, high = block["range"]
    return Parameter(
        name=name,
        title=block["title"],
        unit=block["unit"],
        value=float(block["value"]),
        low=float(low),
        high=float(high),
        source=block["source"],
        mode=block.get("mode", "ASSUMPTION"),
        group=file.removesuffix(".toml"),
        until_set=block.get("until_set", ""),
    )
