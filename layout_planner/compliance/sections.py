"""Sections and their sizes: what the checks of class size share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import pandas as pd

from layout_planner.compliance.findings import Finding, judge, listed, subjects
from layout_planner.terms import GRADE_LABELS_ZH

SECTIONS: Final = "分年级班级数"
_TINY = 1e-9  # a quotient this close to a whole number is that number


def class_sizes(sections: pd.DataFrame) -> pd.Series:
    """Return the largest section of each grade when its pupils are divided evenly.

    ``ceil(pupils / sections)``. Where a grade with pupils has no section of its own (复式班), the sections of its
    school and stage are taken together. NaN where sections are not known or the grade is empty.

    Parameters
    ----------
    sections
        Columns subject_type, subject_id, stage, grade, pupils, sections. [pupils], [sections]

    Returns
    -------
    Series
        By row of `sections`. [pupils/section]
    """
    keys = [sections[name] for name in ("subject_type", "subject_id", "stage")]
    together = (sections["sections"] == 0) & (sections["pupils"] > 0)
    mixed = together.groupby(keys).transform("any")
    pupils = sections["pupils"].astype(float)
    counted = sections["sections"].astype(float)
    pupils = pupils.where(~mixed, pupils.groupby(keys).transform("sum"))
    counted = counted.where(~mixed, counted.groupby(keys).transform(lambda s: s.sum(skipna=False)))
    size = np.ceil(pupils / counted.where(counted > 0) - _TINY)
    return size.where(sections["pupils"] > 0)


def every_section(sections: pd.DataFrame) -> pd.DataFrame:
    """Make one row a section, the pupils of a grade divided evenly over its sections.

    Of 91 pupils in two sections one has 46 and one 45. Grades that share a section (复式班) are taken together with
    the other grades of their school and stage, as in `class_sizes`.

    Parameters
    ----------
    sections
        Columns subject_type, subject_id, subject_name, stage, grade, pupils, sections; rows whose pupils or sections
        are not known, or that have none, give no section. [pupils], [sections]

    Returns
    -------
    DataFrame
        Columns subject_id, subject_name, stage, grade (the lowest of those that share), size. [pupils/section]
    """
    keys = ["subject_type", "subject_id", "stage"]
    together = (sections["sections"] == 0) & (sections["pupils"] > 0)
    mixed = together.groupby([sections[name] for name in keys]).transform("any")
    shared = (
        sections[mixed]
        .groupby(keys, as_index=False)
        .agg(
            subject_name=("subject_name", "first"),
            grade=("grade", "min"),
            pupils=("pupils", lambda s: s.sum(skipna=False)),
            sections=("sections", lambda s: s.sum(skipna=False)),
        )
    )
    rows = pd.concat([sections[~mixed], shared]) if len(shared) else sections[~mixed]
    rows = rows[(rows["pupils"] > 0) & (rows["sections"] > 0)]
    count = rows["sections"].astype(int)
    at = np.repeat(np.arange(len(rows)), count)
    place = np.concatenate([np.arange(n) for n in count]) if len(rows) else np.array([], dtype=int)
    pupils, number = rows["pupils"].to_numpy(dtype=float)[at], count.to_numpy()[at]
    size = np.floor(pupils / number) + (place < np.round(pupils % number))
    return rows.iloc[at][["subject_id", "subject_name", "stage", "grade"]].assign(size=size).reset_index(drop=True)


def unknown_sections(sections: pd.DataFrame) -> pd.DataFrame:
    """Rows whose pupils sit in sections that nobody counted, or whose pupils nobody counted."""
    return sections[~(sections["pupils"] == 0) & class_sizes(sections).isna()]


def by_school_and_stage(sections: pd.DataFrame) -> Iterable[pd.DataFrame]:
    """Go through schools and stages, the grades in order, each with its ``class_size`` and an empty ``mark``."""
    sized = sections.assign(class_size=class_sizes(sections), mark="")
    return (rows.sort_values("grade") for _, rows in subjects(sized, "stage"))


def size_finding(
    rows: pd.DataFrame, *, over: pd.Series, limit: float, stage: str, further: Sequence[str] = ()
) -> Finding:
    """Judge one school and stage; grades whose sections are not known are named as missing."""
    unknown = rows[~(rows["pupils"] == 0) & rows["class_size"].isna()]
    broken = rows[over]
    names = [
        f"{GRADE_LABELS_ZH[grade]} {size:.0f} 人/班{mark}"
        for grade, size, mark in zip(broken["grade"], broken["class_size"], broken["mark"], strict=True)
    ]
    subject, _ = next(iter(subjects(rows)))
    return Finding(
        subject,
        judge(broken=bool(names) or bool(further), unknown=len(unknown) > 0),
        observed=float(rows["class_size"].max()),
        limit=limit,
        affected=float(broken["pupils"].sum()),
        names=listed([*names, *further]),
        missing=f"需：{SECTIONS}（{listed(GRADE_LABELS_ZH[g] for g in unknown['grade'])}）" if len(unknown) else "",
        stage=stage,
    )
