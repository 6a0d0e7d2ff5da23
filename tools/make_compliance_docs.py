"""Make the table of docs/models/compliance.md: what every rule is decided from, and what leaves it open.

Run ``python tools/make_compliance_docs.py`` after a change of a check or of ``needs``; a test compares. The text above
the mark is written by hand.
"""

from __future__ import annotations

from pathlib import Path

from layout_planner.compliance.evaluate import CHECKS
from layout_planner.policy import Catalogue, Rule, load_catalogue
from layout_planner.policy.catalogue import FAMILIES

PAGE = Path(__file__).parent.parent / "docs" / "models" / "compliance.md"
MARK = "<!-- from here on made by tools/make_compliance_docs.py -->\n"
HEAD = "| rule | mode | decided from | how | not evaluated without |\n|---|---|---|---|---|"
PAIRS = "options and plans"
FILES = {
    "arts_rooms": "schools, enrolment",
    "assets": "assets, procedure, schools",
    "boarders": "enrolment",
    "boarding": "enrolment, schools",
    "closings": f"procedure, schools; {PAIRS}",
    "closures": "schools, enrolment",
    "crowding": PAIRS,
    "dormitories": "schools, enrolment",
    "far_villages": "travel minutes, trips",
    "figures": "indicators",
    "funds": "ledger, enrolment",
    "hearings": f"opinions, procedure; {PAIRS}",
    "inclusive": "special_pupils, schools",
    "junior_schools": "schools, enrolment",
    "kindergarten_areas": "schools, enrolment",
    "kindergarten_centres": "schools",
    "kindergarten_money": "finance, ledger",
    "kindergarten_quality": "schools, teachers, indicators",
    "kindergarten_ways": "schools, villages",
    "kindergartens": "schools, enrolment",
    "necessary": "schools, procedure",
    "older_trips": "travel minutes, attendance",
    "population": "indicators",
    "preschool_children": "residents, enrolment",
    "procedure": "procedure, schools, plans",
    "projects": "schools, enrolment",
    "readiness": PAIRS,
    "receivers": PAIRS,
    "residents": "residents",
    "resource_rooms": "schools",
    "resources": "schools, teachers, enrolment",
    "room_closings": f"schools, procedure; {PAIRS}",
    "routes": f"trips; {PAIRS}",
    "school_areas": "schools, assets, enrolment",
    "school_sizes": "enrolment",
    "sections": "enrolment",
    "sections_pre": "enrolment",
    "sections_senior": "enrolment",
    "service": "indicators, schools",
    "staffing": "teachers, enrolment",
    "staffing_pre": "teachers, enrolment",
    "suspensions": f"procedure, schools; {PAIRS}",
    "trips": f"travel minutes; {PAIRS}",
    "zone_trips": "zones, villages, schools",
    "zones_of_villages": "zones, schools",
    "zoning": "zones, schools",
}


def table(catalogue: Catalogue) -> str:
    """Return the part of the page that is made: one table a family of rules."""
    parts = [
        f"## {title}\n\n{HEAD}\n" + "\n".join(map(_row, catalogue.family(name))) for name, title in FAMILIES.items()
    ]
    return "\n" + "\n\n".join(parts) + "\n"


def page(catalogue: Catalogue) -> str:
    """Return the whole page: the text as it stands, the table made anew."""
    return PAGE.read_text(encoding="utf-8").split(MARK, maxsplit=1)[0] + MARK + table(catalogue)


def _row(rule: Rule) -> str:
    needs = "；".join(rule.needs) or "–"
    mode = rule.mode.replace("*", "\\*")
    entry = CHECKS.get(rule.id)
    if entry is None:
        how = "a definition or fact, nothing to check" if rule.mode == "DATA" else "no table of the county can tell"
        return f"| {rule.id} {rule.title} | {mode} | – | {how} | {needs} |"
    first = " ".join(str(entry.check.__doc__).split("\n\n", maxsplit=1)[0].split())
    said = first.split(": ", maxsplit=1)[-1]
    unset = "the county's own number; " if rule.mode == "PARAM" and not rule.values else ""
    return f"| {rule.id} {rule.title} | {mode} | {FILES.get(entry.table, entry.table)} | {said} | {unset}{needs} |"


if __name__ == "__main__":
    PAGE.write_text(page(load_catalogue()), encoding="utf-8")
    print("compliance.md written")
