"""Read ``lineage.toml``: for every column of every output table the formula, the rows it stands on, rules, assumptions."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Source:
    """Rows of one table that a figure stands on.

    ``match`` maps a column of that table to a column of the traced row, to a constant (``=near``) or to a question
    (``@base_year``, answered by `layout_planner.tracing`). ``where`` names a further condition. ``when`` restricts the
    source to traced rows with these values, ``asks`` to those for which a question says yes; the largest values of the
    column ``first`` are shown first. ``checks`` restricts to findings of
    checks that read one of these tables; ``otherwise`` serves findings that no ``checks`` source serves.
    """

    name: str
    table: str
    zh: str
    en: str
    columns: tuple[str, ...] = ()
    match: Mapping[str, str] = field(default_factory=dict)
    where: str = ""
    when: Mapping[str, Sequence[str]] = field(default_factory=dict)
    asks: str = ""
    first: str = ""
    checks: tuple[str, ...] = ()
    otherwise: bool = False


@dataclass(frozen=True)
class Origin:
    """How some columns of a table arise: formula in words, function, sources, rules, assumptions, recomputation.

    ``model`` is the page that describes the model; ``drawn`` says that the figures rest on its random draws.
    """

    names: tuple[str, ...]
    zh: str
    en: str
    function: str
    sources: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    recompute: str = ""
    model: str = ""
    drawn: bool = False


@dataclass(frozen=True)
class Lineage:
    """Where the figures of one output table come from."""

    table: str
    sources: Mapping[str, Source]
    origins: tuple[Origin, ...]

    def origin(self, column: str) -> Origin:
        """Return how a column arises; KeyError if nothing is said about it."""
        for origin in self.origins:
            if column in origin.names:
                return origin
        raise KeyError(column)


@cache
def load_lineage() -> Mapping[str, Lineage]:
    """Read the lineage of every output table.

    Returns
    -------
    dict
        Lineage by name of the table.

    Raises
    ------
    ValueError
        If the file contradicts itself: a column twice, or a source that is not described.
    """
    text = resources.files("layout_planner.contracts").joinpath("lineage.toml").read_text(encoding="utf-8")
    return {name: _lineage(name, block) for name, block in tomllib.loads(text).items()}


def _lineage(name: str, block: Mapping[str, Any]) -> Lineage:
    sources = {key: _source(key, raw) for key, raw in block.get("source", {}).items()}
    origins = tuple(_origin(raw) for raw in block["columns"])
    named = [column for origin in origins for column in origin.names]
    unknown = {source for origin in origins for source in origin.sources} - set(sources)
    if unknown or len(named) != len(set(named)):
        raise ValueError(f"lineage.toml: table {name!r} names a column twice, or sources not described: {unknown}")
    return Lineage(name, sources, origins)


def _source(name: str, raw: Mapping[str, Any]) -> Source:
    when = {
        column: (value,) if isinstance(value, str) else tuple(value) for column, value in raw.get("when", {}).items()
    }
    return Source(
        name=name,
        table=raw["table"],
        zh=raw["zh"],
        en=raw["en"],
        columns=tuple(raw.get("columns", ())),
        match=dict(raw.get("match", {})),
        where=raw.get("where", ""),
        when=when,
        asks=raw.get("asks", ""),
        first=raw.get("first", ""),
        checks=tuple(raw.get("checks", ())),
        otherwise=bool(raw.get("otherwise", False)),
    )


def _origin(raw: Mapping[str, Any]) -> Origin:
    return Origin(
        names=tuple(raw["names"]),
        zh=raw["zh"],
        en=raw["en"],
        function=raw["function"],
        sources=tuple(raw.get("from", ())),
        rules=tuple(raw.get("rules", ())),
        parameters=tuple(raw.get("parameters", ())),
        recompute=raw.get("recompute", ""),
        model=raw.get("model", ""),
        drawn=bool(raw.get("drawn", False)),
    )
