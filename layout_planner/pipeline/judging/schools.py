"""Schools of the base year beside their pupils, sections, boarders and staff: what several families read."""

from __future__ import annotations

from typing import Final

import pandas as pd

from layout_planner.pipeline.judging.today import Today
from layout_planner.terms import COUNTY, Stage

COMPULSORY: Final = (str(Stage.PRIMARY), str(Stage.JUNIOR))
VOCATIONAL: Final = "vocational"
TEACHING_POINT: Final = "teaching_point"
_ROLES: Final = {"teachers": "teacher", "carers": "carer", "boarding_staff": "boarding"}
_SUMS: Final = ("pupils", "sections", "boarders")


def register(today: Today, *columns: str) -> pd.DataFrame:
    """Return the register by school_id with some columns; those the county does not keep are empty."""
    schools = pd.DataFrame(today.setup.schools.drop(columns="geometry")).set_index("school_id")
    return schools.reindex(columns=list(dict.fromkeys(["name", "kind", "township_code", *columns])))


def by_stage(today: Today) -> pd.DataFrame:
    """One row a school and stage with pupils, sections and boarders; a sum with an unknown part is unknown."""
    groups = today.grades.groupby(["subject_type", "subject_id", "subject_name", "stage"], as_index=False, sort=True)
    rows = groups[list(_SUMS)].agg(lambda part: part.sum(skipna=False))
    schools = register(today)
    return rows.assign(
        school_id=rows["subject_id"],
        kind=rows["subject_id"].map(schools["kind"]),
        teaching_point=rows["subject_id"].map(schools["kind"]) == TEACHING_POINT,
    )


def by_school(today: Today, stages: tuple[str, ...]) -> pd.DataFrame:
    """One row a school over some of its stages."""
    rows = by_stage(today)
    groups = rows[rows["stage"].isin(stages)].groupby(["subject_type", "subject_id", "subject_name"], as_index=False)
    return groups[list(_SUMS)].agg(lambda part: part.sum(skipna=False))


def with_columns(today: Today, rows: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Add columns of the register to rows of schools; numbers that are not known are NaN."""
    known = register(today, *columns)
    return rows.assign(**{name: rows["subject_id"].map(_plain(known[name])) for name in columns})


def _plain(column: pd.Series) -> pd.Series:
    numbers = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    return column.astype(float) if numbers else column


def staffing(today: Today) -> pd.DataFrame | None:
    """Return `by_stage` with staff by role, and rows of the whole county; None where the county lists no staff.

    A school and stage without a row in teachers.csv has unknown staff; one with rows has 0 of a role not listed.
    Vocational schools are left out: the ratios are those of general schools.
    """
    listed = today.table("teachers")
    if listed is None:
        return None
    posts = listed.assign(posts=listed["posts"].astype(float))
    keys = ["school_id", "stage"]
    counts = posts.groupby(keys, as_index=False)["posts"].sum().rename(columns={"posts": "staff"})
    for name, role in _ROLES.items():
        part = posts[posts["role"] == role].groupby(keys)["posts"].sum().rename(name)
        counts = counts.join(part, on=keys).fillna({name: 0.0})
    rows = by_stage(today)
    rows = rows[rows["kind"] != VOCATIONAL].merge(counts.astype({"stage": "str"}), on=keys, how="left")
    rows = rows[~(rows["pupils"] == 0)]
    sums = rows.groupby("stage", as_index=False)[[*_SUMS, "staff", *_ROLES]].agg(lambda part: part.sum(skipna=False))
    county = sums.assign(subject_type=COUNTY, subject_id=COUNTY, subject_name="全县", teaching_point=False)
    return pd.concat([rows, county], ignore_index=True)
