"""The summary of `check` on one A4 page: counts by round, the findings, every check with what it found."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from layout_planner.contracts import load_dictionary
from layout_planner.figures.style import WEIGHTS
from layout_planner.reports import html
from layout_planner.terms import LABELS_ZH, label

SEVERITIES: Final = ("error", "warning", "notice")
_LINE: Final = 112  # places of a line of findings; a Chinese character takes two
_MOST_LINES: Final = 3  # lines of one finding
_ROOM: Final = 15.0  # lines of findings beside the list of all checks
_ROOM_ALONE: Final = 48.0  # lines of findings where only the checks that found something are listed
_RULE: Final = 0.35  # the rule under a finding, in lines
_CHECK: Final = 0.8  # a line of the list of checks, in lines of findings
_NOTES: Final = 3.0  # lines that the notes about what is not shown take
_SHORT: Final = 24  # checks of a round, up to which it has a column of its own
_ENDS: Final = re.compile(r"[，、；：。（ ]")
_MAIN: Final = ("schools", "villages", "townships", "enrolment", "births")
_OTHERS: Final = "…"


@dataclass(frozen=True)
class CheckLine:
    """One check: its round, what it looks for, whether it could run, how many findings by severity."""

    round: str
    title: str
    ran: bool
    found: Mapping[str, int]

    @property
    def mark(self) -> str:
        """✓ without a finding, — if it could not run, else the number of findings."""
        total = sum(self.found.values())
        return "—" if not self.ran else str(total) if total else "✓"

    @property
    def worst(self) -> str:
        """The highest severity that it found; ``none`` if nothing, ``off`` if it could not run."""
        if not self.ran:
            return "off"
        return next((s for s in SEVERITIES if self.found[s]), "none")


@dataclass(frozen=True)
class Finding:
    """One line of the page: what was found, in how many places, what to do."""

    severity: str
    said: str
    fix: str
    count: int

    @property
    def text(self) -> str:
        """What the line says, of `_MOST_LINES` lines at most."""
        end = f"；{self.fix}。" if self.fix else ""
        return shortened(self.said, _MOST_LINES * _LINE - _places(end)) + end

    @property
    def height(self) -> float:
        """Lines that it takes on the page, with its rule."""
        return -(-_places(self.text) // _LINE) + _RULE


@dataclass(frozen=True)
class CheckPage:
    """What the page prints."""

    county: str
    code: str
    base_year: int | None
    synthetic: bool
    tables: Mapping[str, int]  # rows of the tables that could be read
    lines: Sequence[CheckLine]
    findings: Sequence[Finding]  # the worst first

    @property
    def rounds(self) -> list[tuple[str, list[CheckLine]]]:
        """Checks by round."""
        return [(zh, [x for x in self.lines if x.round == key]) for key, zh in LABELS_ZH["check_round"].items()]

    @property
    def counts(self) -> list[tuple[str, list[int]]]:
        """Findings by round and severity, and their sum."""
        rows = [(zh, [sum(x.found[s] for x in lines) for s in SEVERITIES]) for zh, lines in self.rounds]
        return [*rows, ("合计", [sum(row[1][i] for row in rows) for i in range(len(SEVERITIES))])]

    @property
    def verdict(self) -> tuple[str, str]:
        """How the files stand, in a word and a sentence."""
        errors, warnings, _ = self.counts[-1][1]
        if errors:
            return "error", f"有 {errors:,} 处错误，须改正后才能运行"
        if warnings:
            return "warning", f"可以运行；有 {warnings:,} 处警告，请逐条核实"
        return "none", "可以运行；没有错误和警告"

    @property
    def size(self) -> str:
        """Rows of the main tables, in words."""
        names = load_dictionary().tables
        said = [f"{names[n].zh} {self.tables[n]:,}" if n in self.tables else f"{names[n].zh} 未读到" for n in _MAIN]
        return f"读到的行数：{'、'.join(said)}，另有 {len(set(self.tables) - set(_MAIN))} 张表"

    @property
    def crowded(self) -> bool:
        """Whether the findings need the room of the checks that found nothing."""
        return sum(f.height for f in self.findings) > _ROOM

    @property
    def listed(self) -> list[tuple[str, list[CheckLine], int]]:
        """Checks by round as the page lists them, all or only those with something to tell; and how many there are."""
        crowded = self.crowded
        return [
            (zh, [x for x in lines if not crowded or x.worst not in {"none", "off"}], len(lines))
            for zh, lines in self.rounds
        ]

    @property
    def quiet(self) -> tuple[int, int]:
        """How many checks found nothing, and how many could not run."""
        worst = [x.worst for x in self.lines]
        return worst.count("none"), worst.count("off")

    @property
    def shown(self) -> list[tuple[str, str, str]]:
        """The findings that the page has room for: severity, its label, the sentence."""
        room = _ROOM - _NOTES if self.crowded else _ROOM
        if self.short:
            room = _ROOM_ALONE - _CHECK * max(len(lines) for _, lines, _ in self.listed)
        kept = []
        for finding in self.findings:
            room -= finding.height
            if room < 0:
                break
            kept.append((finding.severity, label("severity", finding.severity), finding.text))
        return kept

    @property
    def short(self) -> bool:
        """Whether every round has a column of its own: where a few checks are listed."""
        return self.crowded and max(len(lines) for _, lines, _ in self.listed) <= _SHORT

    @property
    def more(self) -> int:
        """Findings that are only in the table."""
        return sum(f.count for f in self.findings[len(self.shown) :])


def _places(text: str) -> int:
    """Width of a text, a Chinese character two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WFA" else 1 for letter in text)


def shortened(said: str, places: int) -> str:
    """Cut a sentence behind a mark of punctuation or a blank, never within a number or a name.

    Parameters
    ----------
    said
        The sentence.
    places
        The width that it may have; a Chinese character takes two.

    Returns
    -------
    str
        The sentence, or its beginning with … behind it.
    """
    if _places(said) <= places:
        return said
    ends = [m.start() for m in _ENDS.finditer(said) if _places(said[: m.start()]) < places - 1]
    return f"{said[: ends[-1]] if ends else ''}…"


def render_check(page: CheckPage) -> str:
    """Make the HTML text of the page: one whole file, escaped, without script or request.

    Parameters
    ----------
    page
        What it prints.

    Returns
    -------
    str
        HTML, printable on one A4 page.
    """
    said = [page.county, page.code, page.size, page.verdict[1], *(x.title + x.mark for x in page.lines)]
    said += [str(page.quiet), *(f"{zh}" for zh, _, _ in page.listed)]
    said += [word + text for _, word, text in page.shown] + [zh for zh, _ in page.counts]
    template = html.template_text("check.html")
    said += [template, _OTHERS, *LABELS_ZH["severity"].values()]
    fonts = "\n".join(html.font_face(weight, said) for weight in WEIGHTS)
    whole = html.environment().from_string(template)
    css = Markup(html.template_text("check.css"))  # noqa: S704 - our own file
    return whole.render(page=page, css=css, fonts=Markup(fonts), csp=html.CSP)  # noqa: S704 - our own fonts
