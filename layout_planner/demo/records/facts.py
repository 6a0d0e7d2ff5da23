"""What the records of staff, money, buildings and assets are made from, and how a school is classed for them."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any, Final

import numpy as np
import pandas as pd

from layout_planner.demo.calibration import Floats
from layout_planner.terms import STAGE_OF_GRADE

BASIS: Final = "模拟数据：由本模拟县的在校生、班级与校舍推出，全部虚构"
COMPULSORY: Final = ("primary", "junior")


@cache
def resource_facts() -> dict[str, Any]:
    """Read ``resources.toml``."""
    return tomllib.loads(resources.files(__package__).joinpath("resources.toml").read_text(encoding="utf-8"))


def place_of(schools: pd.DataFrame) -> pd.Series[str]:
    """Class every school of the simulation: county town, town school, village primary or teaching point.

    Parameters
    ----------
    schools
        Schools of the simulated world.

    Returns
    -------
    Series
        town, central, village or point, index school_id.
    """
    local = (schools["role"] == "local").to_numpy()
    point = (schools["kind"] == "teaching_point").to_numpy()
    town = (schools["town"] == 0).to_numpy()
    words = np.select([town & ~local, point, local], ["town", "point", "village"], "central")
    return pd.Series(words, index=schools["school_id"].to_numpy(), name="place")


def stage_counts(enrolment: pd.DataFrame) -> pd.DataFrame:
    """Count pupils, sections and boarders by school, school year and stage.

    Parameters
    ----------
    enrolment
        Table ``enrolment``.

    Returns
    -------
    DataFrame
        school_id, school_year, stage, pupils, sections, boarders; one row where the school offers the stage.
    """
    rows = enrolment.assign(
        stage=enrolment["grade"].map({grade: str(stage) for grade, stage in STAGE_OF_GRADE.items()}),
        boarders=enrolment["boarders_m"] + enrolment["boarders_f"],
    )
    keys = ["school_id", "school_year", "stage"]
    return rows.groupby(keys)[["pupils", "sections", "boarders"]].sum().reset_index()


def idle_since(enrolment: pd.DataFrame) -> pd.Series[int]:
    """Find schools without a pupil in the last year, and the first school year in which they had none.

    Parameters
    ----------
    enrolment
        Table ``enrolment``.

    Returns
    -------
    Series
        School year by school_id, only for the empty ones. [year]
    """
    pupils = enrolment.pivot_table("pupils", "school_id", "school_year", aggfunc="sum", fill_value=0)
    empty = pupils[pupils.iloc[:, -1] == 0]
    used = empty.gt(0).to_numpy()
    years = empty.columns.to_numpy(dtype=np.int64)
    last = np.where(used, years, years[0] - 1).max(axis=1) if len(empty) else np.array([], dtype=np.int64)
    return pd.Series(last + 1, index=empty.index.astype(str), name="idle_year")


def between(rng: np.random.Generator, bounds: list[float]) -> float:
    """Draw evenly between two bounds."""
    return float(rng.uniform(bounds[0], bounds[1]))


def interpolate(points: list[list[float]], at: Floats | float) -> Floats:
    """Straight line between points ``[x, y]``."""
    x, y = np.array(points).T
    return np.asarray(np.interp(at, x, y))
