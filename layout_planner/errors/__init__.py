"""Errors with a code and fields; the sentence comes from one zh/en catalogue.

A model raises ``DataError("bad_ratio", grades=[3])``; ``sentence(error, lang="zh")`` makes the line that a planner
reads: where · what was found · what is allowed · what to do. The catalogue is ``catalogue.toml`` and the files of
``catalogue.d/``. An entry holds ``zh`` and ``en``; a defect of the input has what to do apart, under ``fix_zh`` and
``fix_en``, since the table of findings shows it in a column of its own.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from layout_planner.errors.english import Both, column_name, english
from layout_planner.errors.printable import shown

__all__ = [
    "Both", "DataError", "DefectsError", "Lang", "LayoutError", "LedgerError", "MachineError", "PolicyError", "Problem",
    "Severity", "UsageError", "catalogue", "fix", "sentence",
]  # fmt: skip

Lang = Literal["zh", "en"]
Severity = Literal["error", "warning", "notice"]
_CLOSE = re.compile("应为(?=[0-9A-Za-z])")  # a Chinese character and a number stand apart
_SHOWN = 5  # names printed before "and n more"


class LayoutError(Exception):
    """Something that a planner has to be told: a code, its fields and the exit code of the command."""

    exit_code = 2

    def __init__(self, code: str, **fields: object) -> None:
        super().__init__(code, fields)
        self.code = code
        self.fields = fields

    def __str__(self) -> str:
        return sentence(self.code, self.fields, "en")


class DataError(LayoutError):
    """Input that cannot be used (exit 2)."""


class UsageError(LayoutError):
    """A command or an option that makes no sense (exit 2)."""


class PolicyError(LayoutError):
    """A rule or an assumption that is missing or not in force (exit 2)."""


class LedgerError(LayoutError):
    """Children lost or invented between two tables (exit 2)."""


class MachineError(LayoutError):
    """The machine: disk, permission, locked file, missing extra (exit 3)."""

    exit_code = 3


@dataclass(frozen=True)
class Problem:
    """One defect of an input file: where, what was found, what is allowed."""

    severity: Severity
    code: str
    file: str
    row: int | None = None
    column: str | None = None
    found: str | None = None
    allowed: str | None = None
    check: str = ""  # name of the check that found it

    def sentence(self, lang: Lang = "zh") -> str:
        """Return the line that a planner reads."""
        return sentence(self.code, self._fields(lang), lang)

    def said(self, lang: Lang = "zh") -> str:
        """Return the line without its last part, what to do."""
        return _filled(catalogue()[self.code][lang], self._fields(lang), lang)

    def fix(self, lang: Lang = "zh") -> str:
        """Return what to do about it; empty where the sentence does not say it apart."""
        return fix(self.code, self._fields(lang), lang)

    def words(self, lang: Lang = "zh") -> tuple[str, str, str]:
        """Return column, what was found and what is allowed in a language; what stands in the file stays as it is."""
        column, found, allowed = self.column or "", self.found or "", self.allowed or ""
        if lang == "zh":
            return str(column), str(found), str(allowed)
        return column_name(column), found.en if isinstance(found, Both) else found, english(allowed)

    def _fields(self, lang: Lang) -> dict[str, object]:
        column, found, allowed = self.words(lang)
        row = "" if self.row is None else self.row
        return {"file": self.file, "row": row, "column": column, "found": found, "allowed": allowed}


class DefectsError(DataError):
    """All defects of the input files, collected before stopping."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        errors = [p for p in self.problems if p.severity == "error"]
        super().__init__("defects", count=len(errors), files=sorted({p.file for p in errors}))


def sentence(code: str, fields: Mapping[str, object], lang: Lang = "zh") -> str:
    """Make the sentence of a code in a language; lists are cut after five names, with the count.

    Parameters
    ----------
    code
        Key of the catalogue.
    fields
        Values for the braces of the sentence.
    lang
        ``zh`` or ``en``.

    Returns
    -------
    str
        One line.

    Raises
    ------
    KeyError
        If the catalogue has no such code: a defect of the program, found by the tests.
    """
    said = _filled(catalogue()[code][lang], fields, lang)
    to_do = fix(code, fields, lang)
    if not to_do:
        return said
    return f"{said}；{to_do}。" if lang == "zh" else f"{said}; {to_do}."


def fix(code: str, fields: Mapping[str, object], lang: Lang = "zh") -> str:
    """Return what to do, the last part of the sentence of a code; empty if the entry does not have it apart."""
    return _filled(catalogue()[code].get(f"fix_{lang}", ""), fields, lang)


def _filled(template: str, fields: Mapping[str, object], lang: Lang) -> str:
    said = template.format_map({key: _printed(value, lang) for key, value in fields.items()})
    return _CLOSE.sub("应为 ", said) if lang == "zh" else said


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """Read the sentences of every code, zh and en."""
    folder = resources.files(__name__)
    texts = [folder.joinpath("catalogue.toml").read_text(encoding="utf-8")]
    for entry in sorted(folder.joinpath("catalogue.d").iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".toml"):
            texts.append(entry.read_text(encoding="utf-8"))
    merged: dict[str, Mapping[str, str]] = {}
    for text in texts:
        for code, sentences in tomllib.loads(text).items():
            if code in merged:
                raise ValueError(f"two sentences for the code {code!r}")
            merged[code] = sentences
    return merged


def _printed(value: object, lang: Lang) -> str:
    if isinstance(value, Mapping):  # the same words in both languages
        value = value[lang]
    if isinstance(value, list | tuple | set | frozenset):
        items = [shown(item) for item in (sorted(value, key=str) if isinstance(value, set | frozenset) else value)]
        first = "、".join(items[:_SHOWN]) if lang == "zh" else ", ".join(items[:_SHOWN])
        if len(items) > _SHOWN:
            first += f" 等 {len(items)} 个" if lang == "zh" else f" and {len(items) - _SHOWN} more"
        return first
    return shown(value)
