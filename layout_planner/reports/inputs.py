"""What a report is made from: finished tables, finished figures, and the record of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class FigureEntry:
    """One finished figure.

    Parameters
    ----------
    number
        Number as in the file name, such as "图2-2"; the report numbers its figures by section and place.
    title
        Caption without the number.
    svg
        SVG text.
    alt
        One or two sentences for a reader who cannot see it.
    note
        Small print below the caption.
    section
        Key of the section it stands in; when empty, the chapter of `number` decides.
    """

    number: str
    title: str
    svg: str
    alt: str
    note: str = ""
    section: str = ""


@dataclass(frozen=True)
class ReportInputs:
    """Everything that `build_document` reads.

    Parameters
    ----------
    county, code
        Name and code of the county.
    base_year
        School year of the data. [year]
    horizon
        School years ahead. [years]
    synthetic
        Whether any row is made data: then every page says 模拟数据.
    tables
        Output tables by name as in the dictionary of columns. A table that the run did not make is left out, and the
        report says so.
    figures
        Finished figures in their order.
    parameters
        Assumptions used: name, title, value, unit, range, source.
    rules
        Rules used: rule_id, title, value, unit, cite; None when not asked for.
    decisions
        Decisions of the plans, one a row: plan, plan_title, file, school_year, school_name, action, receivers, seats,
        reason. None when no plan was computed.
    residents
        Table `residents` of the county; None where it has none.
    run
        Record of the run: `seed`, `draws`, `versions`, `inputs` (file → SHA-256), `seconds` (stage → seconds).
    """

    county: str
    code: str
    base_year: int
    horizon: int
    synthetic: bool
    tables: Mapping[str, pd.DataFrame]
    figures: Sequence[FigureEntry] = ()
    parameters: pd.DataFrame | None = None
    rules: pd.DataFrame | None = None
    decisions: pd.DataFrame | None = None
    residents: pd.DataFrame | None = None
    run: Mapping[str, Any] = field(default_factory=dict)

    @property
    def last_year(self) -> int:
        """Last school year of the forecast."""
        return self.base_year + self.horizon

    def table(self, name: str) -> pd.DataFrame | None:
        """Return a table, or None when the run did not make it or it has no rows."""
        found = self.tables.get(name)
        return None if found is None or found.empty else found
