"""What every plan is measured against: the county as it is, and its pupils as they will be if nothing is decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import pandas as pd
import xarray as xr

from layout_planner.policy import Catalogue


@dataclass(frozen=True)
class Baseline:
    """Everything that `evaluate` needs, in named tables.

    Attributes
    ----------
    base_year
        Last observed school year. [year]
    day
        Day on which rules are read.
    schools, villages
        Tables of the county.
    enrolment
        Base year: school_id, grade, pupils, boarders, sections; where told boarders_m, boarders_f. Unknown is NaN.
        [pupils], [sections]
    allocation
        Table `allocation`: children by village, school attended and grade band. [children]
    minutes
        Worst case of every pair (the quicker mode in the slower case): village_code, school_id, grade_band, minutes,
        metres, mode, case, reason; minutes NaN where there is no route. [min]
    seats
        Table `seats`; rows of the term ``near`` are used. [seats]
    pupils
        Forecast without any decision: dimensions draw, unit, school_year; coordinates school_id and grade on unit.
        [pupils]
    catalogue
        The rules.
    parameters
        Engineering assumptions by name.
    more
        Further tables of the county that are there: procedure, opinions, trips, special_pupils.
    """

    base_year: int
    day: date
    schools: pd.DataFrame
    villages: pd.DataFrame
    enrolment: pd.DataFrame
    allocation: pd.DataFrame
    minutes: pd.DataFrame
    seats: pd.DataFrame
    pupils: xr.DataArray
    catalogue: Catalogue
    parameters: Mapping[str, float]
    more: Mapping[str, pd.DataFrame] = field(default_factory=dict)
