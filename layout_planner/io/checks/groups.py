"""Findings that say the same of many rows, as one line: the first in full, how many there are, in which rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

from layout_planner.contracts import load_dictionary
from layout_planner.errors import Lang, Problem, Severity, sentence
from layout_planner.io.checks.model import heading

SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "notice")
_ROWS = 5  # rows that a line names


@dataclass(frozen=True)
class Group:
    """Findings of one check and sentence in one column of one file."""

    first: Problem
    count: int
    rows: tuple[int, ...]  # the first of them

    def said(self, lang: Lang = "zh") -> str:
        """Return the line without its last part, what to do."""
        said = self.first.said(lang)
        if self.count == 1:
            return said
        comma, dots = ("、", "…") if lang == "zh" else (", ", ", …")
        rows = comma.join(map(str, self.rows)) + (dots if self.count > len(self.rows) else "")
        code = "same_rows" if self.rows else "same_places"
        same = sentence(code, {"count": f"{self.count:,}", "rows": rows}, lang)
        return f"{said}；{same}" if lang == "zh" else f"{said}; {same}"

    def sentence(self, lang: Lang = "zh") -> str:
        """Return the line that a planner reads."""
        said, fix = self.said(lang), self.first.fix(lang)
        if not fix:
            return said
        return f"{said}；{fix}。" if lang == "zh" else f"{said}; {fix}."


def grouped(problems: Iterable[Problem]) -> list[Group]:
    """Put findings together that say the same of many rows.

    Parameters
    ----------
    problems
        Findings of any check.

    Returns
    -------
    list of Group
        By severity, then by the number of findings, the most first, then in their order.
    """
    together: dict[tuple[str, ...], list[Problem]] = {}
    for p in problems:
        column = p.column if p.column in _headings() else ""
        together.setdefault((p.severity, p.check, p.code, p.file, column or ""), []).append(p)
    groups = [
        Group(same[0], len(same), tuple(p.row for p in same[:_ROWS] if p.row is not None)) for same in together.values()
    ]
    return sorted(groups, key=lambda g: (SEVERITIES.index(g.first.severity), -g.count))


@cache
def _headings() -> frozenset[str]:
    return frozenset(map(heading, load_dictionary().columns))
