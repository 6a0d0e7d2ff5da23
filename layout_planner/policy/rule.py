"""One policy rule: what it says, its dated values, where it is written and how far that is verified."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from layout_planner.errors import PolicyError

BLOCKING: Final = frozenset({"BLOCK", "BLOCK*"})
RECALLED: Final = frozenset({"R", "R-"})
RECALLED_MARK: Final = "(待核)"
INFERRED_MARK: Final = "(推定)"
DAY_MARK: Final = "(日期待核)"
ARTICLE_MARK: Final = "(条号待核)"
UNKNOWN_ARTICLE: Final = "条号不详"
REFERENCE_MARK: Final = "(外地规定,只作参照)"


@dataclass(frozen=True)
class Source:
    """Where a rule is written.

    ``status`` is V (seen in a stored copy), R (recalled), R- (recalled, low confidence) or I (inferred); ``evidence``
    grades the copy: A official site, B press or reprint of the text, C paraphrase, D source code. A recalled article
    number has ``article_recalled``.
    """

    doc: str
    article: str
    quote: str
    status: str
    evidence: str
    article_recalled: bool = False

    @property
    def cite(self) -> str:
        """Document and article, with (待核) where they are recalled."""
        article = "" if self.article in {"-", ""} else self.article
        if self.article_recalled and self.status not in RECALLED and article != UNKNOWN_ARTICLE:
            article += ARTICLE_MARK
        return self.doc + (article if article.startswith(("（", "(")) else f" {article}").rstrip()


@dataclass(frozen=True)
class CountyValue:
    """A value that the county sets for a PARAM rule: by whom, when and why."""

    value: float
    reason: str
    signer: str
    day: date
    stage: str | None = None
    part: str | None = None


@dataclass(frozen=True)
class Value:
    """One number of a rule: the days on which it is in force, the stage and the part of the rule it belongs to."""

    value: float
    unit: str
    status: str
    evidence: str
    op: str = ""
    first: date | None = None
    last: date | None = None
    first_unknown: bool = False
    stage: str | None = None
    part: str | None = None
    county: CountyValue | None = None

    def in_force(self, day: date) -> bool:
        """Whether the value holds on a day; without a first day it always did."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    @property
    def marks(self) -> str:
        """What must be printed beside the number: (待核), (推定), (日期待核) or who in the county set it."""
        if self.county is not None:
            return f"(本县自定,{self.county.signer},{self.county.day.isoformat()})"
        mark = RECALLED_MARK if self.status in RECALLED else INFERRED_MARK if self.status == "I" else ""
        return mark + (DAY_MARK if self.first_unknown else "")


@dataclass(frozen=True)
class Rule:
    """One row of the policy catalogue.

    ``mode`` is BLOCK, BLOCK* (原则上: an override needs a reason and a signer), GATE (procedure evidence), WARN, SCORE,
    PARAM (the county must set it) or DATA (definition or fact). ``needs`` says what must be there to evaluate it.
    ``reference`` marks the text of another province or county: it is checked, but binds nobody here.
    """

    id: str
    family: str
    title: str
    unit: str
    mode: str
    source: Source
    checked_on: date
    scope: str = ""
    when: str = ""
    note: str = ""
    stages: tuple[str, ...] = ()
    grades: tuple[int, ...] = ()
    values: tuple[Value, ...] = ()
    uses: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    op: str = ""  # how a number binds where its line does not say so, and how the county's own numbers bind
    reference: bool = False

    @property
    def blocks(self) -> bool:
        """Whether a breach stops a plan (BLOCK or BLOCK*)."""
        return self.mode in BLOCKING

    @property
    def status(self) -> str:
        """V, R, R- or I of the rule as a whole."""
        return self.source.status

    @property
    def cite(self) -> str:
        """Document and article with the marks (待核), (推定), (日期待核), (外地规定,只作参照) of the rule as a whole."""
        status = self.source.status
        mark = RECALLED_MARK if status in RECALLED else INFERRED_MARK if status == "I" else ""
        dates = DAY_MARK if any(value.first_unknown for value in self.values) else ""
        return self.source.cite + mark + dates + self._apart

    def find(self, day: date, stage: str | None = None, part: str | None = None) -> Value | None:
        """Find the value in force on a day: the latest line of the stage and part; None where there is none."""
        lines = [v for v in self.values if v.part == part and v.stage in {stage, None} and v.in_force(day)]
        lines.sort(key=lambda v: (v.stage is not None, v.first or date.min))
        return lines[-1] if lines else None

    def value(self, day: date, stage: str | None = None, part: str | None = None) -> Value:
        """Return the value in force on a day.

        Parameters
        ----------
        day
            Day on which the rule is applied.
        stage
            Stage (pre, primary, junior, senior) for rules whose numbers differ by stage.
        part
            Name of a further number of the rule, such as ``very_oversized`` of C07.

        Returns
        -------
        Value
            The latest line in force.

        Raises
        ------
        PolicyError
            ``rule_unset`` if the rule has no number at all (a PARAM the county has not set); ``rule_not_in_force``
            if it has none for that day, stage and part.
        """
        found = self.find(day, stage, part)
        if found is not None:
            return found
        if not self.values:
            raise PolicyError("rule_unset", rule=self.id, title=self.title)
        held = [" ".join(filter(None, (v.stage, v.part, v.first.isoformat() if v.first else ""))) for v in self.values]
        wanted = " ".join(filter(None, (day.isoformat(), stage, part)))
        raise PolicyError("rule_not_in_force", rule=self.id, title=self.title, found=wanted, allowed=held)

    def on(self, day: date, stage: str | None = None, part: str | None = None) -> float:
        """Return the number in force on a day, see `value`. [unit of the rule]."""
        return self.value(day, stage, part).value

    def is_set(self, day: date, stage: str | None = None, part: str | None = None) -> bool:
        """Whether the rule has a number on that day."""
        return self.find(day, stage, part) is not None

    def cite_on(self, day: date, stage: str | None = None, part: str | None = None) -> str:
        """Citation with the marks of the one number in force on a day (its status may differ from the rule's)."""
        found = self.find(day, stage, part)
        return self.cite if found is None else self.source.cite + found.marks + self._apart

    @property
    def _apart(self) -> str:
        return REFERENCE_MARK if self.reference else ""

    def with_values(self, county: Iterable[CountyValue]) -> Rule:
        """Return the rule with the county's own numbers."""
        new = [
            Value(v.value, self.unit, "V", "", self.op, first=v.day, stage=v.stage, part=v.part, county=v)
            for v in county
        ]
        return replace(self, values=(*self.values, *new))


def rule_from(rule_id: str, block: Mapping[str, Any], family: str) -> Rule:
    """Make a rule from its block of TOML."""
    raw = block["source"]
    source = Source(
        doc=raw["doc"],
        article=raw["article"],
        quote=raw.get("quote", ""),
        status=raw["status"],
        evidence=raw.get("evidence", ""),
        article_recalled=raw.get("article_status", "V") in RECALLED,
    )
    return Rule(
        id=rule_id,
        family=family,
        title=block["title"],
        unit=block["unit"],
        mode=block["mode"],
        source=source,
        checked_on=block["checked_on"],
        scope=block.get("scope", ""),
        when=block.get("when", ""),
        note=block.get("note", ""),
        stages=tuple(block.get("stages", ())),
        grades=tuple(block.get("grades", ())),
        values=tuple(_value_from(line, block, source) for line in block.get("values", ())),
        uses=tuple(block.get("uses", ())),
        needs=tuple(block.get("needs", ())),
        op=block.get("op", ""),
        reference=bool(block.get("reference", False)),
    )


def _value_from(line: Mapping[str, Any], block: Mapping[str, Any], source: Source) -> Value:
    return Value(
        value=float(line["value"]),
        unit=line.get("unit", block["unit"]),
        status=line.get("status", source.status),
        evidence="" if line.get("status", source.status) in RECALLED else line.get("evidence", source.evidence),
        op=line.get("op", block.get("op", "")),
        first=line.get("from"),
        last=line.get("to"),
        first_unknown=bool(line.get("from_unknown", False)),
        stage=line.get("stage"),
        part=line.get("part"),
    )
