"""Ledger of procedure: the layout plan, closings, a reopening, reports and the assets of an empty school; opinions heard.

The cases are planted: one closing is complete and in order, one has its steps out of order, one has most parents against
it, one did not hear everybody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from layout_planner.demo.calibration import share_out, stream
from layout_planner.demo.records.facts import BASIS, idle_since
from layout_planner.demo.records.staff import ROLES, staff_plan

if TYPE_CHECKING:
    from layout_planner.demo.county import DemoCounty

BODY: Final = {
    ("county", "hearing"): "县教育局（听证组织单位）", ("county", "appraisal"): "县教育局组织的论证组",
    ("county", "risk"): "县委政法委、县教育局", ("county", "submit"): "县人民政府", ("county", "approve"): "县人民政府",
}  # fmt: skip
LEVEL_BODY: Final = {"county": "县教育局", "prefecture": "市人民政府", "province": "省人民政府"}
# step, level, first day and last day as (years after the base year, month, day)
Step = tuple[str, str, tuple[int, int, int], tuple[int, int, int] | None]
COMPLETE: Final[tuple[Step, ...]] = (
    ("draft", "county", (0, 10, 8), None),
    ("appraisal", "county", (0, 11, 12), None),
    ("opinion", "county", (0, 11, 20), (0, 12, 5)),
    ("hearing", "county", (0, 12, 12), None),
    ("notice", "county", (0, 12, 23), (1, 1, 24)),
    ("risk", "county", (1, 2, 11), None),
    ("submit", "county", (1, 2, 20), None),
    ("approve", "county", (1, 3, 6), None),
    ("approve", "prefecture", (1, 4, 10), None),
    ("approve", "province", (1, 5, 22), None),
    ("file", "province", (1, 6, 5), None),
    ("transition", "county", (1, 6, 6), (1, 8, 31)),
    ("done", "county", (1, 9, 1), None),
)
DISORDERED: Final[tuple[Step, ...]] = (
    ("draft", "county", (0, 11, 4), None),
    ("notice", "county", (0, 11, 18), (0, 12, 2)),
    ("opinion", "county", (0, 12, 9), None),
    ("submit", "county", (1, 1, 8), None),
    ("appraisal", "county", (1, 3, 12), None),
)
OPPOSED: Final[tuple[Step, ...]] = (
    ("draft", "county", (1, 3, 3), None),
    ("appraisal", "county", (1, 3, 26), None),
    ("opinion", "county", (1, 4, 8), (1, 4, 22)),
    ("hearing", "county", (1, 5, 13), None),
)
UNHEARD: Final[tuple[Step, ...]] = (
    ("draft", "county", (1, 3, 10), None),
    ("appraisal", "county", (1, 4, 2), None),
    ("opinion", "county", (1, 4, 15), (1, 4, 30)),
    ("hearing", "county", (1, 5, 20), None),
    ("notice", "county", (1, 5, 27), (1, 6, 27)),
    ("risk", "county", (1, 7, 4), None),
    ("submit", "county", (1, 7, 10), None),
    ("approve", "county", (1, 7, 29), None),
)
PLAN: Final[tuple[Step, ...]] = (
    ("draft", "county", (1, 3, 17), None),
    ("appraisal", "county", (1, 5, 8), None),
    ("opinion", "county", (1, 6, 3), (1, 7, 4)),
    ("notice", "county", (1, 9, 10), (1, 10, 11)),
)
REOPENING: Final[tuple[Step, ...]] = (
    ("draft", "county", (1, 9, 15), None),
    ("opinion", "county", (1, 10, 14), None),
    ("submit", "county", (1, 11, 5), None),
)
MOVED: Final[tuple[Step, ...]] = (
    ("draft", "county", (0, 3, 11), None),
    ("appraisal", "county", (0, 4, 9), None),
    ("submit", "county", (0, 4, 22), None),
    ("approve", "county", (0, 5, 20), None),
    ("done", "county", (0, 6, 28), None),
)
REPORT: Final[tuple[Step, ...]] = (
    ("draft", "county", (0, 11, 11), None),
    ("submit", "county", (0, 12, 10), None),
    ("file", "prefecture", (0, 12, 20), None),
)
ALL_PARTIES: Final = ("parents", "staff", "village", "township")
MEANS: Final = {
    "parents": "survey", "staff": "meeting", "village": "meeting", "township": "letter", "delegates": "hearing",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One case: what it is about, its steps, who was heard and what share of the parents was against."""

    case_id: str
    kind: str
    steps: tuple[Step, ...]
    school: str | None = None
    asked: int = 0  # households of parents
    staff: int = 5  # staff heard: of the school, or of the central school where nobody is left
    parties: tuple[str, ...] = ()
    against: float = 0.1


def cases(county: DemoCounty) -> tuple[Case, ...]:
    """Choose the schools of the planted cases; a county with few small schools has fewer cases.

    Parameters
    ----------
    county
        A simulated county.

    Returns
    -------
    tuple of Case
        The layout plan and two yearly reports always; closings as far as there are schools for them.
    """
    year = county.world.cal.base_year
    made = [
        Case(f"GH{year + 1}01", "layout_plan", PLAN, None, 600, parties=(*ALL_PARTIES, "delegates"), against=0.18),
        Case(f"JC{year - 1}01", "monitoring", tuple(_shift(step, -1) for step in REPORT)),
        Case(f"JC{year}01", "monitoring", REPORT),
    ]
    empty, small = _candidates(county)
    plan = staff_plan(county)
    posts = plan[plan["school_year"] == year].groupby("school_id")[list(ROLES)].sum().sum(axis=1)
    staff = {str(school): int(count) for school, count in posts.items()}
    if empty:
        made.append(Case(f"CB{year}01", "closing", COMPLETE, empty[0], 12, parties=(*ALL_PARTIES, "delegates")))
        made.append(Case(f"HF{year + 1}01", "reopening", REOPENING, empty[-1], 12, parties=("parents", "village")))
        made.append(Case(f"ZC{year}01", "asset", MOVED, empty[0]))
    planted = (
        (f"CB{year}02", DISORDERED, ALL_PARTIES, 0.25),
        (f"CB{year + 1}01", OPPOSED, (*ALL_PARTIES, "delegates"), 0.7),
        (f"CB{year + 1}02", UNHEARD, ("parents", "staff", "township", "delegates"), 0.25),
    )
    for (case_id, steps, parties, against), (school, asked) in zip(planted, small, strict=False):
        made.append(Case(case_id, "closing", steps, school, asked, staff[school], parties, against))
    return tuple(sorted(made, key=lambda case: case.case_id))


def _candidates(county: DemoCounty) -> tuple[list[str], list[tuple[str, int]]]:
    """Empty schools, the one empty longest first; small village schools that need not stay, the smallest first."""
    idle = idle_since(county.enrolment).sort_values(kind="stable")
    schools = county.world.schools
    local = schools[(schools["role"] == "local") & ~schools["must_keep"].astype(bool)]["school_id"]
    base = county.enrolment[county.enrolment["school_year"] == county.world.cal.base_year]
    pupils = base.groupby("school_id")["pupils"].sum().reindex(local).sort_values(kind="stable")
    small = pupils[pupils > 0]
    return [s for s in idle.index if s in set(local)], [(str(s), int(n)) for s, n in small.items()]


def _shift(step: Step, years: int) -> Step:
    name, level, (year, month, day), last = step
    return name, level, (year + years, month, day), None if last is None else (last[0] + years, *last[1:])


def _day(base: int, when: tuple[int, int, int] | None) -> str | None:
    return None if when is None else date(base + when[0], when[1], when[2]).isoformat()


def procedure(county: DemoCounty) -> pd.DataFrame:
    """Make ``procedure.csv``.

    Parameters
    ----------
    county
        A simulated county.

    Returns
    -------
    DataFrame
        Columns of the table; a file of the archive is stood for by a fixed text, whose SHA-256 is given.
    """
    base = county.world.cal.base_year
    rows = []
    for case in cases(county):
        for number, (step, level, first, last) in enumerate(case.steps, start=1):
            day = str(_day(base, first))
            rows.append({
                "case_id": case.case_id, "case_kind": case.kind, "step": step, "level": level, "date": day,
                "date_end": _day(base, last), "school_id": case.school,
                "body": BODY.get((level, step), LEVEL_BODY[level]),
                "doc_no": f"模拟文号〔{day[:4]}〕{case.case_id}-{number:02d}号",
                "file_sha256": file_hash(case.case_id, step, level),
            })  # fmt: skip
    table = pd.DataFrame(rows)
    return table.assign(source="模拟程序台账", synthetic=True, basis=BASIS)


def file_hash(case_id: str, *what: str) -> str:
    """SHA-256 of the fixed text that stands for a file of the archive."""
    return hashlib.sha256(" ".join(("模拟文件", case_id, *what)).encode("utf-8")).hexdigest()


def opinions(county: DemoCounty) -> pd.DataFrame:
    """Make ``opinions.csv``: who was asked in every case that has parties, and what they said.

    Parameters
    ----------
    county
        A simulated county.

    Returns
    -------
    DataFrame
        Columns of the table; asked = support + oppose + abstain. [people]
    """
    base = county.world.cal.base_year
    towns, seed = len(county.world.cal.towns), county.world.cal.seed
    rows = [
        _heard(case, party, base, stream(seed, "opinions", case.case_id, party), towns)
        for case in cases(county)
        for party in case.parties
    ]
    return pd.DataFrame(rows).assign(source="模拟征求意见与听证记录", synthetic=True, basis=BASIS)


def _heard(case: Case, party: str, base: int, rng: np.random.Generator, towns: int) -> dict[str, Any]:
    asked = {"parents": case.asked, "delegates": 15, "township": 3, "village": 7, "staff": case.staff}[party]
    if case.school is None and party != "delegates":
        asked *= towns  # everywhere in the county
    against = case.against if party in {"parents", "delegates"} else case.against / 2
    support, oppose, abstain = _votes(asked, against, float(rng.uniform(0.0, 0.12)))
    step = "hearing" if party == "delegates" and _has(case.steps, "hearing") else "opinion"
    first = next(step_ for step_ in case.steps if step_[0] == step)
    return {
        "case_id": case.case_id, "date": _day(base, first[3] or first[2]), "party": party, "means": MEANS[party],
        "asked": asked, "support": support, "oppose": oppose, "abstain": abstain,
        "doc_no": f"模拟记录〔{case.case_id}〕{party}", "file_sha256": file_hash(case.case_id, "opinion", party),
    }  # fmt: skip


def _votes(asked: int, against: float, silent: float) -> tuple[int, int, int]:
    parts = share_out(asked, [max(0.0, 1 - against - silent), against, silent])
    return int(parts[0]), int(parts[1]), int(parts[2])


def _has(steps: Sequence[Step], name: str) -> bool:
    return any(step[0] == name for step in steps)
