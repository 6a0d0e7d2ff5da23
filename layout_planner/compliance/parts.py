"""Rules with several numbers in one finding: each is measured, the worst one stands in front, all are named."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from layout_planner.compliance.findings import NOT_EVALUATED, PASS, Finding, Subject, judge
from layout_planner.policy import Rule, Value
from layout_planner.policy.wording import SIGNS
from layout_planner.terms import COUNTY

_HOLDS: Final = {">=": operator.ge, "<=": operator.le}
_DIGITS: Final = 9  # beyond these a quotient differs from its limit by arithmetic only
WHOLE_COUNTY: Final = Subject(COUNTY, COUNTY, "全县")  # `evaluate_today` prints the county's own name


@dataclass(frozen=True)
class Measure:
    """One number of a rule beside what was observed; NaN where it is not known, and then `needs` says why."""

    label: str
    observed: float
    limit: float
    op: str
    unit: str
    needs: str = ""
    cite: str = ""

    @property
    def unknown(self) -> bool:
        """Whether the number is not known."""
        return math.isnan(self.observed)

    @property
    def broken(self) -> bool:
        """Whether the number is known and on the wrong side of the limit."""
        return not self.unknown and not _HOLDS[self.op](round(self.observed, _DIGITS), self.limit)

    @property
    def text(self) -> str:
        """Say the number beside its limit; the label says what it is measured in, unless in per cent."""
        unit = "%" if self.unit == "%" else ""
        return f"{self.label} {shown(self.observed)}{unit}（{SIGNS[self.op]}{shown(self.limit)}{unit}）"


def shown(value: float) -> str:
    """Print a number with at most two decimals, 不详 where it is not known."""
    if math.isinf(value):
        return "无穷大（分母为 0）"
    return "不详" if math.isnan(value) else f"{value:.2f}".rstrip("0").rstrip(".")


def measured(rule: Rule, value: Value, observed: float, *, label: str, needs: str = "") -> Measure:
    """Set an observed number beside a number of a rule.

    Parameters
    ----------
    rule, value
        The rule and the number in force.
    observed
        What was found; NaN where it is not known. [unit of the number]
    label
        Its name in the finding.
    needs
        What is missing where it is not known; otherwise what the rule says.

    Returns
    -------
    Measure
        Both numbers with the sign and the unit of the rule.
    """
    wanted = needs or "；".join(rule.needs)
    return Measure(label, observed, value.value, value.op, value.unit, wanted, rule.source.cite + value.marks)


def finding_of(
    subject: Subject, measures: Sequence[Measure], *, affected: float = math.nan, stage: str = "", names: str = ""
) -> Finding:
    """Judge a subject by all its measures.

    Parameters
    ----------
    subject
        What the finding is about.
    measures
        Numbers of the rule, at least one.
    affected
        Children concerned if a number is broken; NaN where nobody can say. [children]
    stage
        Stage of the finding.
    names
        Further words.

    Returns
    -------
    Finding
        It fails if a known number is broken, is not evaluated if one is unknown, and passes otherwise. In front stands
        the first broken number, else the first unknown, else the first; names list all that are known where there are several.
    """
    broken, unknown = [m for m in measures if m.broken], [m for m in measures if m.unknown]
    first = [*broken, *unknown, *measures][0]
    told = [m.text for m in measures if not m.unknown] if len(measures) > 1 or math.isinf(first.observed) else []
    words = [*told, *([names] if names else [])]
    missing = "、".join(dict.fromkeys(m.needs for m in unknown))
    return Finding(
        subject,
        judge(broken=bool(broken), unknown=bool(unknown)),
        observed=float("nan") if math.isinf(first.observed) else first.observed,
        limit=first.limit,
        affected=affected if broken else 0.0,
        names="；".join(words),
        missing=f"需：{missing}" if missing else "",
        stage=stage,
        cite=first.cite,
        unit=first.unit,
    )


def nothing_here(words: str, *, stage: str = "") -> Finding:
    """Say that the county has nothing that a rule is about: it is kept, because there is nothing to break it."""
    return Finding(WHOLE_COUNTY, PASS, affected=0.0, names=words, stage=stage)


def not_known(subject: Subject, needs: str, *, stage: str = "", names: str = "") -> Finding:
    """Say that a subject cannot be judged, and what is missing."""
    return Finding(subject, NOT_EVALUATED, missing=f"需：{needs}", stage=stage, names=names)


def together(findings: Sequence[Finding]) -> list[Finding]:
    """Say once for the county what no subject can be judged for, where all lack the same."""
    lacking = {(found.outcome, found.missing) for found in findings}
    stages = {found.stage for found in findings}
    if len(findings) < 2 or len(lacking) > 1 or findings[0].outcome != NOT_EVALUATED:
        return list(findings)
    stage = stages.pop() if len(stages) == 1 else ""
    return [Finding(WHOLE_COUNTY, NOT_EVALUATED, missing=findings[0].missing, stage=stage)]


def per(amount: float, of: float) -> float:
    """Divide; NaN where there is nothing to divide by or a number is not known."""
    return amount / of if of > 0 else float("nan")


def percent(amount: float, of: float) -> float:
    """Divide and say it in per cent; NaN where there is nothing to divide by or a number is not known. [%]."""
    return per(100 * amount, of)
