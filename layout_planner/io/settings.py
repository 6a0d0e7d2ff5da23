"""``county.toml``: name, base year, horizon, coordinate system, draws, seed, the county's own values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from layout_planner.contracts.dictionary import pattern_zh
from layout_planner.contracts.rows import MAX_NAME
from layout_planner.errors import DefectsError, Problem
from layout_planner.errors.printable import shown
from layout_planner.io.text import read_toml
from layout_planner.policy import CountyValue
from layout_planner.terms import Stage, label

FILE = "county.toml"
_CENTRAL_MERIDIAN_75E = 4534  # CGCS2000 / 3-degree Gauss-Kruger CM 75E; the next zones follow one by one
_ZONE_25 = 4513  # the same zones with the zone number before the easting
_GRIDS = range(4491, 4555)  # EPSG codes of the CGCS2000 Gauss–Krüger zones, 6° and 3°, with and without zone number
_SYSTEMS = ("cgcs2000", "wgs84", "gcj02", "bd09", "projected")
_OFFSET = ("gcj02", "bd09")
_ROADS = ("roads.gpkg", "roads.geojson", "roads.zip", "roads.shp", "roads.osm.pbf")  # one of them is the road layer
_PLACED = ("schools.geojson", "villages.csv", "townships.geojson", *_ROADS, "barriers.gpkg")  # files with coordinates
_WORDS = {
    "literal_error": "{expected} 之一",
    "missing": "必填",
    "extra_forbidden": "没有这个设置，请核对拼写",
    "int_type": "整数",
    "int_parsing": "整数",
    "float_type": "数",
    "bool_type": "true 或 false",
    "string_type": "带引号的文字",
    "greater_than_equal": "不小于 {ge}",
    "less_than_equal": "不大于 {le}",
    "string_pattern_mismatch": "{pattern}",
    "model_type": "一个小节，含 value、reason、signer、date",
    "model_attributes_type": "一个小节，含 value、reason、signer、date",
    "string_too_short": "不能空着",
    "string_too_long": "不超过 {max_length} 个字",
    "finite_number": "有限的数",
    "greater_than": "大于 {gt}",
    "float_parsing": "数",
    "bool_parsing": "true 或 false",
    "date_type": "日期 如 2026-09-01",
    "tuple_type": "[[overrides]] 小节",
    "date_from_datetime_parsing": "日期 如 2026-09-01",
    "dict_type": "一个小节",
    "travel_modes": "含 walk（步行）：每个年级都能步行",
    "travel_cases": "含 normal（平时）：家长按平时的路途择校",
    "placeholder": "实际内容，不能是样例里的省略号或“待填”",
}
_STAGES = {label("stage", stage): str(stage) for stage in Stage}
_FILLER = re.compile(r"[\W_xX×]+|待填写?|待定|待补|请填写?|todo|tbd", re.IGNORECASE)
_FIRST_SCHOOL_DAY = (9, 1)


def _said(text: str) -> str:
    """Refuse what only holds the place of a text."""
    if text.strip() and not _FILLER.sub("", text):
        raise PydanticCustomError("placeholder", "a placeholder")
    return text


def _stage_code(given: object) -> object:
    """Code of a stage given by its Chinese name."""
    return _STAGES.get(given.strip(), given) if isinstance(given, str) else given


def _known_stage(stage: str) -> str:
    if stage in _STAGES.values():
        return stage
    expected = "、".join(f"{name} {code}" for name, code in _STAGES.items())
    raise PydanticCustomError("literal_error", "a stage", {"expected": expected})


Said = Annotated[str, Field(min_length=1), AfterValidator(_said)]


class Signed(BaseModel):
    """A value or a decision that a named person answers for; it holds from its date on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Said
    signer: Said
    date: date


class CountyRule(Signed):
    """The county's own value of a PARAM rule (本县自定), for one stage or part of the rule where it has several."""

    value: float = Field(ge=0, allow_inf_nan=False)
    stage: Annotated[str, BeforeValidator(_stage_code), AfterValidator(_known_stage)] | None = None
    part: str | None = None


class Goals(BaseModel):
    """Goals that the county has declared, and that bind further rules."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quality_balance: Signed | None = None


class TravelChoice(BaseModel):
    """Ways to school that exist today, ways to show beside them, and the cases of which the worst decides."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    modes: tuple[Literal["walk", "escort", "bus", "ebike", "motorbike", "car"], ...] = ("walk", "escort")
    also: tuple[Literal["escort", "bus", "ebike", "motorbike", "car", "boarding"], ...] = ()
    cases: tuple[Literal["normal", "winter", "closed_road"], ...] = ("normal", "winter")

    @field_validator("modes")
    @classmethod
    def _everybody_walks(cls, modes: tuple[str, ...]) -> tuple[str, ...]:
        """Every grade can walk; other modes may leave a grade without any."""
        if "walk" not in modes:
            raise PydanticCustomError("travel_modes", "walk is missing")
        return modes

    @field_validator("cases")
    @classmethod
    def _ordinary_weather(cls, cases: tuple[str, ...]) -> tuple[str, ...]:
        """Families choose a school by ordinary weather."""
        if "normal" not in cases:
            raise PydanticCustomError("travel_cases", "normal is missing")
        return cases


def _as_list(given: object) -> object:
    return given if isinstance(given, list | tuple) else [given]


class Override(Signed):
    """A BLOCK* rule set aside for one subject; printed in every export."""

    rule: str
    subject: str


def _known_system(value: str | int) -> str | int:
    if value in _SYSTEMS or (isinstance(value, int) and value in _GRIDS):
        return value
    expected = f"{'、'.join(_SYSTEMS)}（或 CGCS2000 平面坐标的 EPSG 代码 {_GRIDS[0]}–{_GRIDS[-1]}）"
    raise PydanticCustomError("literal_error", "a coordinate system", {"expected": expected})


def _placed_file(name: str) -> str:
    if name in _PLACED:
        return name
    raise PydanticCustomError("literal_error", "a file with coordinates", {"expected": "、".join(_PLACED)})


System = Annotated[str | int, AfterValidator(_known_system)]
PlacedFile = Annotated[str, AfterValidator(_placed_file)]


@dataclass(frozen=True)
class Declared:
    """What coordinates are declared as in ``county.toml``."""

    county: str | int = "cgcs2000"
    files: Mapping[str, str | int] = field(default_factory=dict)
    projected_crs: int | None = None

    def system_of(self, file: str) -> str | int:
        """Return what the coordinates of a file are declared as: by the file itself, else by the county."""
        return self.files.get(file, self.county)

    def offset_of_file(self, file: str) -> str | None:
        """Return ``gcj02`` or ``bd09`` where the file itself is declared so; None otherwise."""
        told = self.files.get(file)
        return str(told) if told in _OFFSET else None


class CountySettings(BaseModel):
    """Settings of one county."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_version: Literal[1] = Field(alias="schema")
    name: str = Field(min_length=1, max_length=MAX_NAME)
    code: str = Field(pattern="^[0-9]{6}$")
    base_year: int = Field(ge=1990, le=2100)
    horizon: int = Field(ge=1, le=30)
    coordinate_system: System
    coordinates: Mapping[PlacedFile, System] = Field(default_factory=dict)
    projected_crs: int | None = None
    draws: int = Field(ge=10, le=100_000)
    seed: int = Field(ge=0)
    synthetic: bool = False
    parameters: Mapping[str, Annotated[float, Field(allow_inf_nan=False)]] = Field(default_factory=dict)
    rules: Mapping[str, Annotated[tuple[CountyRule, ...], BeforeValidator(_as_list)]] = Field(default_factory=dict)
    goals: Goals = Field(default_factory=Goals)
    travel: TravelChoice = Field(default_factory=TravelChoice)
    overrides: tuple[Override, ...] = ()
    flow_change: Any = None  # checked with the townships and the horizon (`attendance.flow_change`)

    @property
    def own_values(self) -> dict[str, tuple[CountyValue, ...]]:
        """The county's own numbers of PARAM rules, by rule id."""
        return {
            name: tuple(CountyValue(r.value, r.reason, r.signer, r.date, r.stage, r.part) for r in given)
            for name, given in self.rules.items()
        }

    @property
    def rules_day(self) -> date:
        """Day on which the rules are read: the first day of school on which a decision of today can take effect."""
        return date(self.base_year + 1, *_FIRST_SCHOOL_DAY)

    @property
    def declared(self) -> Declared:
        """What the coordinates of the county's files are declared as."""
        return Declared(self.coordinate_system, self.coordinates, self.projected_crs)

    def metric_crs(self, longitude: float) -> int:
        """EPSG code of the projected system: the county's own, or the CGCS2000 3° zone of a longitude [degree]."""
        if self.projected_crs is not None:
            return self.projected_crs
        return _CENTRAL_MERIDIAN_75E + round(longitude / 3) - 25

    def crs_problem(self, longitude: float) -> Problem | None:
        """Say so if the county's own projected system is not the CGCS2000 3° zone of a longitude or the next one."""
        zone = round(longitude / 3) - 25
        fitting = {base + zone + step for base in (_CENTRAL_MERIDIAN_75E, _ZONE_25) for step in (-1, 0, 1)}
        if self.projected_crs is None or self.projected_crs in fitting:
            return None
        allowed = str(_CENTRAL_MERIDIAN_75E + zone)
        return Problem("error", "crs_bad", FILE, found=str(self.projected_crs), allowed=allowed)


def read_settings(folder: Path) -> CountySettings:
    """Read and check ``county.toml``.

    Raises
    ------
    DefectsError
        All wrong settings at once, each with its key, what was found and what is allowed.
    """
    raw = read_toml(folder / FILE)
    try:
        return CountySettings.model_validate(raw)
    except ValidationError as error:
        raise DefectsError(_problem(item) for item in error.errors()) from error


def _problem(item: Any) -> Problem:
    word = _WORDS.get(item["type"], item["msg"])
    told = {"expected": "", **item.get("ctx", {})}
    allowed = word.format_map(told | ({"pattern": pattern_zh(told["pattern"])} if "pattern" in told else {})).replace(
        " or ", " 或 "
    )
    found = "空" if item["type"] == "missing" else shown(item["input"])[:60]
    key = ".".join(str(part) for part in item["loc"])
    return Problem("error", "setting_bad", FILE, None, key, found, allowed)
