"""The summary of `check` on one A4 page: counts by round, every check with what it found, the first findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from layout_planner.contracts import load_dictionary
from layout_planner.figures.style import WEIGHTS
from layout_planner.reports import html
from layout_planner.terms import LABELS_ZH, label

SEVERITIES: Final = ("error", "warning", "notice")
SHOWN: Final = 8
_LONGEST: Final = 88  # characters of a finding, so that each takes two lines at most
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
class CheckPage:
    """What the page prints."""

    county: str
    code: str
    base_year: int | None
    synthetic: bool
    tables: Mapping[str, int]  # rows of the tables that could be read
    lines: Sequence[CheckLine]
    findings: Sequence[tuple[str, str, str]]  # severity, what was found, what to do; the worst first

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
    def shown(self) -> list[tuple[str, str, str]]:
        """The first findings: severity, its label, the sentence cut to two lines."""
        return [(s, label("severity", s), shortened(said, fix)) for s, said, fix in self.findings[:SHOWN]]

    @property
    def more(self) -> int:
        """Findings that are only in the table."""
        return max(0, len(self.findings) - SHOWN)


def shortened(said: str, fix: str) -> str:
    """Cut a sentence to two lines of the page: what was found before what to do."""
    end = f"；{fix}。" if fix else ""
    if len(said) + len(end) > _LONGEST:
        said = f"{said[: max(_LONGEST - len(end), _LONGEST // 2)]}…"
    return f"{said}{end}"[: _LONGEST + _LONGEST // 4]


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
    said += [word + text for _, word, text in page.shown] + [zh for zh, _ in page.counts]
    template = html.template_text("check.html")
    said += [template, _OTHERS, *LABELS_ZH["severity"].values()]
    fonts = "\n".join(html.font_face(weight, said) for weight in WEIGHTS)
    whole = html.environment().from_string(template)
    css = Markup(html.template_text("check.css"))  # noqa: S704 - our own file
    return whole.render(page=page, css=css, fonts=Markup(fonts), csp=html.CSP)  # noqa: S704 - our own fonts
