"""What a run starts from: the county as read, the rules on a day, the assumptions, the options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd

from layout_planner.contracts import load_dictionary
from layout_planner.enrolment.change import Earlier
from layout_planner.errors import Problem
from layout_planner.io.checks.registers import synthetic_rows
from layout_planner.io.checks.table import problems_table
from layout_planner.io.county import County, read_county
from layout_planner.io.previous import STAGES, read_previous
from layout_planner.policy import (
    Catalogue,
    Parameter,
    load_catalogue,
    load_parameters,
    parameter_values,
)
from layout_planner.policy.wording import values_text
from layout_planner.travel import Choice

NAMED = ("schools", "villages", "townships")

CHECKS = "checks"  # the file of assumptions that only the checks of plausibility read


@dataclass(frozen=True)
class RunOptions:
    """Options of a run; None takes the value of county.toml."""

    horizon: int | None = None
    draws: int | None = None
    seed: int | None = None
    upto: str = "report"
    previous: Path | None = None  # results of an earlier run, to be set beside


@dataclass(frozen=True)
class Setup:
    """A county ready to be computed: layers in metres, rules, assumptions."""

    county: County
    schools: gpd.GeoDataFrame
    villages: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame | None
    barriers: gpd.GeoDataFrame | None
    catalogue: Catalogue
    parameters: Mapping[str, Parameter]
    values: Mapping[str, float]
    day: date
    base_year: int
    horizon: int
    draws: int
    seed: int
    folder: Path
    synthetic: bool
    earlier: Earlier | None = None
    travel: Choice = field(default_factory=Choice)

    def numbers_of_rules(self, rule_ids: Iterable[str]) -> pd.DataFrame:
        """Rules in use with their numbers in words: rule_id, title, value, unit, cite."""
        rules = [self.catalogue.rule(rule_id) for rule_id in sorted(set(rule_ids))]
        rows = [(r.id, r.title, values_text(r), r.unit, r.cite) for r in rules]
        return pd.DataFrame(rows, columns=["rule_id", "title", "value", "unit", "cite"])

    def assumptions(self) -> pd.DataFrame:
        """Assumptions that move a result, with the number in use: name, title, value, unit, range, source.

        Those of the checks of plausibility move none; they stand in docs/parameters.md.

        Where the county has set the rule that takes the place of an assumption, its number and who signed it stand.
        """
        rows = []
        for name, p in self.parameters.items():
            if p.group == CHECKS:
                continue
            own = self.catalogue.rule(p.until_set).find(self.day) if p.until_set else None
            value, source = self.values[name], p.source
            if own is not None:
                value, source = own.value, f"本县已设定 {p.until_set}{own.marks}，不用原假设 {self.values[name]:g}"
            rows.append((name, p.title, value, p.unit, f"{p.low:g}–{p.high:g}", source))
        return pd.DataFrame(rows, columns=["name", "title", "value", "unit", "range", "source"])


def set_up(folder: Path, options: RunOptions) -> Setup:
    """Read a county folder and make it ready.

    Raises
    ------
    DataError, DefectsError, PolicyError, UsageError
        As `read_county`, `load_catalogue`, `parameter_values` and `read_previous` do.
    """
    county = read_county(folder)
    settings = county.settings
    parameters = load_parameters()
    synthetic = settings.synthetic or any(map(synthetic_rows, (county.schools, county.enrolment, county.births)))
    earlier = None
    if options.previous is not None:
        earlier = read_previous(options.previous, code=settings.code, base_year=settings.base_year, synthetic=synthetic)
    return Setup(
        county=county,
        schools=_ordered(county.schools, "school_id").to_crs(county.crs),
        villages=_ordered(county.villages, "village_code").to_crs(county.crs),
        roads=None if county.roads is None else _plain_lines(county.roads.to_crs(county.crs)),
        barriers=_placed(county, "barriers"),
        catalogue=load_catalogue().with_county_values(settings.own_values),
        parameters=parameters,
        values=parameter_values(parameters, settings.parameters),
        day=settings.rules_day,
        base_year=settings.base_year,
        horizon=options.horizon or settings.horizon,
        draws=options.draws or settings.draws,
        seed=settings.seed if options.seed is None else options.seed,
        folder=folder,
        synthetic=synthetic,
        earlier=earlier,
        travel=_choice_of(county),
    )


def _choice_of(county: County) -> Choice:
    """Modes, cases and bus stops of the county."""
    told = county.settings.travel
    return Choice(told.modes, told.also, told.cases, _placed(county, "bus_stops"))


def _placed(county: County, name: str) -> gpd.GeoDataFrame | None:
    """An optional layer in the county's own system; None where there is none."""
    table = county.more.get(name)
    return None if table is None or not len(table) else gpd.GeoDataFrame(table).to_crs(county.crs)


def quality_table(setup: Setup) -> pd.DataFrame:
    """Warnings and notices of the files as the table ``data_quality``."""
    county = setup.county
    tables = {"schools": county.schools, "villages": county.villages, "townships": county.townships}
    edited = setup.earlier is not None and setup.earlier.edited
    changed = [Problem("notice", "previous_edited", f"{STAGES}.csv")] if edited else []
    return problems_table([*county.problems, *changed, *glyph_problems(tables, county.settings.name)])


def glyph_problems(tables: Mapping[str, pd.DataFrame], county: str) -> list[Problem]:
    """Name the characters that no shipped font can draw, file by file; for tables that have names."""
    from layout_planner.figures.style import missing_glyphs

    spec = load_dictionary().tables
    files = {spec[name].file: table["name"] for name, table in tables.items() if name in NAMED}
    files["county.toml"] = [county]
    found = {file: "".join(sorted(missing_glyphs(names))) for file, names in files.items()}
    return [Problem("notice", "glyph_missing", file, found=letters) for file, letters in found.items() if letters]


def _ordered(layer: gpd.GeoDataFrame, key: str) -> gpd.GeoDataFrame:
    """Rows by code, so that the order of the file moves no number."""
    return layer.sort_values(key, ignore_index=True)


def _plain_lines(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Multi-part lines as one row a part, index 0 … n − 1."""
    return roads.explode(ignore_index=True)
