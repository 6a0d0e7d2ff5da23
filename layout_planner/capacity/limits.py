"""The numbers of the rules that seats are counted with, taken from the catalogue once and passed to the models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from layout_planner.policy import Catalogue
from layout_planner.terms import STAGE_GRADES, STAGE_OF_GRADE, Stage

_CLASS_SIZE: Final = {  # rule of each stage by term; senior schools have one size for both
    "near": {Stage.PRIMARY: "C01", Stage.JUNIOR: "C01", Stage.SENIOR: "C12"},
    "long": {Stage.PRIMARY: "C02", Stage.JUNIOR: "C02", Stage.SENIOR: "C12"},
}
_KINDERGARTEN_PARTS: Final = dict(zip(STAGE_GRADES[Stage.PRE], ("small", "middle", "big"), strict=True))


@dataclass(frozen=True)
class SeatLimits:
    """Class sizes, areas and shares in force on one day.

    Attributes
    ----------
    class_size
        Pupils in a section by stage: the near term (近期) and the long term (远期). [pupils]
    kindergarten_size
        Children in a kindergarten section by grade (小班，中班，大班). [children]
    incomplete_sections, incomplete_size
        An incomplete primary school (非完全小学) holds this many sections of this size. [sections], [pupils]
    area_per_pupil
        Teaching area for one pupil by stage; a stage without a standard is absent. [m2/pupil]
    noon_diners
        Share of day pupils who need a meal at school. [-]
    """

    class_size: Mapping[str, Mapping[Stage, float]]
    kindergarten_size: Mapping[int, float]
    incomplete_sections: float
    incomplete_size: float
    area_per_pupil: Mapping[Stage, float] = field(default_factory=dict)
    noon_diners: float = 0.0

    def section_size(self, term: str, grade: int) -> float:
        """Return the class size of a grade in a term; NaN where no rule gives one. [pupils]."""
        if grade in STAGE_GRADES[Stage.PRE]:
            return self.kindergarten_size.get(grade, float("nan"))
        return self.class_size[term].get(STAGE_OF_GRADE[grade], float("nan"))

    def grade_size(self, term: str, grade: int, grade_high: int) -> float:
        """Return the class size of a grade; C03 where the school's highest grade makes it incomplete. [pupils]."""
        primary = STAGE_GRADES[Stage.PRIMARY]
        if grade in primary and grade_high < primary[-1]:
            return self.incomplete_size
        return self.section_size(term, grade)


def seat_limits(catalogue: Catalogue, day: date, parameters: Mapping[str, float]) -> SeatLimits:
    """Read the numbers that seats are counted with: C01–C03, C12, C14, E04 and the share of noon diners.

    Parameters
    ----------
    catalogue
        The rules.
    day
        Day on which they are read.
    parameters
        Assumptions; ``noon_diners`` is used. [-]

    Returns
    -------
    SeatLimits
        Numbers in force on that day.

    Raises
    ------
    PolicyError
        If a rule has no value in force.
    """
    sizes = {
        term: {stage: catalogue.rule(rule).on(day, stage) for stage, rule in rules.items()}
        for term, rules in _CLASS_SIZE.items()
    }
    kindergarten, incomplete, area = catalogue.rule("C14"), catalogue.rule("C03"), catalogue.rule("E04")
    return SeatLimits(
        class_size=sizes,
        kindergarten_size={g: kindergarten.on(day, Stage.PRE, part) for g, part in _KINDERGARTEN_PARTS.items()},
        incomplete_sections=incomplete.on(day, Stage.PRIMARY, "sections"),
        incomplete_size=incomplete.on(day, Stage.PRIMARY),
        area_per_pupil={stage: area.on(day, stage) for stage in (Stage.PRIMARY, Stage.JUNIOR)},
        noon_diners=parameters["noon_diners"],
    )
