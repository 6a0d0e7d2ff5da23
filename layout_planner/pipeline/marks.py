"""Which school years rest on children who are born: one mark a year for a stage, a grade band or all grades together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from layout_planner.enrolment import cohort_of, cohort_status, last_registered
from layout_planner.terms import joint_cohort


def marks_of(
    births: pd.DataFrame, years: Iterable[int], groups: Mapping[str, Iterable[int]], name: str
) -> pd.DataFrame:
    """Mark every school year of every group of grades.

    Parameters
    ----------
    births
        Table ``births``: how far births are registered. [children]
    years
        School years.
    groups
        Grades of each group, by its name.
    name
        Column of the names.

    Returns
    -------
    DataFrame
        name, school_year, cohort: ``born`` if all its grades are, ``unborn`` if none is, else ``part``.

    Raises
    ------
    DataError
        ``births_column``, ``births_twice``.
    """
    through = last_registered(births)
    rows = [
        (group, year, joint_cohort(cohort_status(cohort_of(year, grade), *through) for grade in grades))
        for group, grades in ((key, tuple(found)) for key, found in groups.items())
        for year in sorted({int(year) for year in years})
    ]
    return pd.DataFrame(rows, columns=[name, "school_year", "cohort"])
