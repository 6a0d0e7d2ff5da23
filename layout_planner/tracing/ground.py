"""What a trace stands on beside the rows: rules on the day of the run, assumptions, seed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from layout_planner.contracts.lineage import Origin
from layout_planner.errors import LayoutError
from layout_planner.io.settings import read_settings
from layout_planner.policy import (
    Catalogue,
    Parameter,
    Rule,
    Value,
    load_catalogue,
    load_parameters,
    parameter_values,
)
from layout_planner.terms import BAND_OF_GRADE, STAGE_GRADES, Stage
from layout_planner.tracing.questions import answer
from layout_planner.tracing.store import Record, Store

FIRST_SCHOOL_DAY: Final = (9, 1)
_DEGREES: Final = "cgcs2000"
_BAND: Final = re.compile(r"\{band\}")


@dataclass(frozen=True)
class Ground:
    """Rules and assumptions of a run, and where its rows are."""

    store: Store
    catalogue: Catalogue
    parameters: Mapping[str, Parameter]
    values: Mapping[str, float]
    day: date
    trouble: LayoutError | None = None
    plane: int | None = None  # EPSG code of the map plane, where places are given as CGCS2000 degrees


def ground_of(store: Store) -> Ground:
    """Read rules and assumptions as the run did: with the county's own values; without them if county.toml is broken."""
    catalogue, parameters = load_catalogue(), load_parameters()
    day = date(store.base_year + 1, *FIRST_SCHOOL_DAY)
    values = {name: parameter.value for name, parameter in parameters.items()}
    try:
        settings = read_settings(store.county)
        catalogue = catalogue.with_county_values(settings.own_values)
        values = parameter_values(parameters, settings.parameters)
    except LayoutError as error:
        return Ground(store, catalogue, parameters, values, day, error)
    degrees = settings.coordinate_system == _DEGREES and not settings.coordinates
    return Ground(store, catalogue, parameters, values, day, plane=settings.projected_crs if degrees else None)


def rules_behind(origin: Origin, row: Record, ground: Ground) -> list[Rule]:
    """Rules that a figure of a row rests on."""
    ids: dict[str, None] = {}
    for token in origin.rules:
        ids.update(dict.fromkeys(_rule_ids(token, row, ground)))
    return [ground.catalogue.rules[rule_id] for rule_id in ids if rule_id in ground.catalogue.rules]


def parameters_behind(origin: Origin, row: Record, ground: Ground) -> list[str]:
    """Names of the assumptions that a figure of a row rests on."""
    band = row.get("grade_band").replace("-", "_")
    names = [_BAND.sub(band, token) for token in origin.parameters]
    mode, case = row.get("mode"), row.get("case")
    screened = row.get("engine") == "screening"
    if row.table == "travel_minutes":
        names = [name for name in names if _of_trip(name, mode, case, screened=screened)]
        names = [] if row.get("engine") == "measured" else names
    return [name for name in names if name in ground.parameters]


def lines_in_force(rule: Rule, stages: Iterable[str], day: date) -> list[Value]:
    """Numbers of a rule on a day: the latest of every part, of these stages and those for all (every one without any)."""
    wanted = {stage for stage in stages if stage}
    keys = dict.fromkeys((value.stage, value.part) for value in rule.values)
    if wanted & {stage for stage, _ in keys}:
        keys = {key: None for key in keys if key[0] in wanted or key[0] is None}
    found = [rule.find(day, stage, part) for stage, part in keys]
    return [value for value in dict.fromkeys(found) if value is not None]


def stage_of(row: Record) -> str:
    """Stage of a row, from its own column, its grade band or its grade."""
    if row.get("stage"):
        return row.get("stage")
    bands = {str(band): stage for stage, grades in STAGE_GRADES.items() for band in {BAND_OF_GRADE[g] for g in grades}}
    return str(bands.get(row.get("grade_band"), ""))


def _rule_ids(name: str, row: Record, ground: Ground) -> tuple[str, ...]:
    if name == "@rule":
        rule = ground.catalogue.rules.get(row.get("rule_id"))
        return () if rule is None else (rule.id, *rule.uses)
    if name == "@trip_rule":
        rule = ground.catalogue.rules["T01"]
        grades = {str(BAND_OF_GRADE[grade]) for grade in rule.grades}
        return ("T01",) if row.get("grade_band") in grades else ()
    if name == "@pair_rules":
        findings = ground.store.find("findings", {"subject_id": answer("@pair_subjects", row, ground.store)})
        return tuple(sorted({finding.get("rule_id") for finding in findings}))
    if name == "@vetoes":
        return tuple(part for part in row.get("vetoes").split("、") if part)
    if name == "@seat_rules":
        return _seat_rules(row)
    return (name,)


def _seat_rules(row: Record) -> tuple[str, ...]:
    stage = row.get("stage")
    if stage == Stage.PRE:
        return ("C14",)
    if stage == Stage.SENIOR:
        return ("C12",)
    size = "C01" if row.get("term") == "near" else "C02"
    return (size, "C03") if stage == Stage.PRIMARY else (size,)


def _of_trip(name: str, mode: str, case: str, *, screened: bool) -> bool:
    """Whether an assumption enters a trip of that mode and case."""
    if name.startswith("screening"):
        return screened and (mode == "escort" or name.endswith("detour"))
    if "winter" in name and case != "winter":
        return False
    if name.startswith(("walk_speed", "winter_walk")):
        return mode == "walk" or not screened
    if name.endswith("_fixed_min"):
        return name == f"{mode}_fixed_min" or (mode == "boarding" and name == "escort_fixed_min")
    if name.startswith(("speed_cap_", "bus_", "boarding_")):
        return name.removeprefix("speed_cap_").split("_")[0] == mode
    if name.startswith(("speed_", "winter_factor")):
        return mode != "walk" and (not screened or name == "winter_factor_township")
    return True
