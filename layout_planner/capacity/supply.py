"""Seats (学位) of a school: the smallest of what its rooms, area, beds and meals can hold, every component named."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from layout_planner.capacity.limits import SeatLimits
from layout_planner.contracts import check_table
from layout_planner.terms import ENUMS, STAGE_GRADES, STAGE_OF_GRADE, Stage

COMPONENTS: Final = ("rooms", "area", "beds", "meals")
_COLUMNS: Final = [
    "school_id", "township_code", "grade_low", "grade_high", "classrooms", "special_rooms", "teaching_area_m2",
    "dorm_beds_m", "dorm_beds_f", "canteen_seats", "canteen_sittings",
]  # fmt: skip


def seats(schools: pd.DataFrame, pupils_now: pd.DataFrame, limits: SeatLimits) -> pd.DataFrame:
    """Count the seats of every school and stage, near and long term: ``min`` of the named components.

    ``rooms = (classrooms − special rooms) × class size``; nothing is taken out where the number of special rooms is
    unknown. A school with several stages shares its rooms, area, beds and meals among them in proportion to today's
    pupils (to the number of grades when it has none); a stage's part of the rooms need not be whole. A primary school
    without the top grade (非完全小学，教学点) holds the few small sections of C03, whatever its rooms.
    ``area = teaching area ÷ E04``; ``beds = pupils × beds ÷ boarders`` and ``meals = pupils × places ÷ diners``, at
    today's shares of boarders and diners. A component that is unknown or does not apply is NaN and does not bind.

    Parameters
    ----------
    schools
        Table `schools`. Rooms are those of the school itself, so schools on one site never count a room twice.
    pupils_now
        Columns school_id, stage, pupils, boarders in the base year; a school without a row has no pupils. [pupils]
    limits
        Class sizes and areas in force.

    Returns
    -------
    DataFrame
        Table `seats`; `use` is NaN where there are no seats. [seats]

    References
    ----------
    .. [1] 建标109-2008 第八条 (C01–C04), GB 50099-2011 3.0.1 (C03, C06), 幼儿园工作规程 第十一条 (C14),
       教督〔2017〕6号 (E04)
    """
    rows = _stage_rows(schools, pupils_now)
    parts = [rows.assign(term=term).join(_components(rows, limits, term)) for term in ENUMS["term"]]
    counted = pd.concat(parts, ignore_index=True)
    counted = counted.join(_smallest(counted[[f"seats_{name}" for name in COMPONENTS]]))
    return check_table(
        "seats", counted.assign(use=counted["pupils_now"] / counted["seats"].where(counted["seats"] > 0))
    )


def stages_of(grade_low: int, grade_high: int) -> list[Stage]:
    """Return the stages that a school with these grades offers, lowest first."""
    return list(dict.fromkeys(STAGE_OF_GRADE[grade] for grade in range(grade_low, grade_high + 1)))


def _stage_rows(schools: pd.DataFrame, pupils_now: pd.DataFrame) -> pd.DataFrame:
    """Make one row a school and stage, with today's pupils and the stage's part of the building."""
    columns = ["special_rooms", "teaching_area_m2", "dorm_beds_m", "dorm_beds_f", "canteen_seats", "canteen_sittings"]
    known = pd.DataFrame(schools).reindex(
        columns=["school_id", "township_code", "grade_low", "grade_high", "classrooms", *columns]
    )
    known = known.assign(school_name=schools["name"], stage=_stage_lists(schools)).explode("stage", ignore_index=True)
    rows = known.merge(pupils_now, on=["school_id", "stage"], how="left").rename(columns={"pupils": "pupils_now"})
    silent = rows["pupils_now"].isna()
    rows["pupils_now"] = rows["pupils_now"].astype(float).fillna(0.0)
    rows["boarders"] = rows["boarders"].astype(float).mask(silent, 0.0)  # nobody there boards; uncounted is unknown
    rows["grades"] = [len(_grades_in(row.stage, row.grade_low, row.grade_high)) for row in rows.itertuples()]
    groups = rows.groupby("school_id")
    whole = groups[["pupils_now", "grades"]].transform("sum")
    whole["boarders"] = groups["boarders"].transform(lambda part: part.sum(skipna=False))
    by_grades = rows["grades"] / whole["grades"]
    rows["part"] = (rows["pupils_now"] / whole["pupils_now"].where(whole["pupils_now"] > 0)).fillna(by_grades)
    rows["school_pupils"], rows["school_boarders"] = whole["pupils_now"], whole["boarders"]
    return rows


def _components(rows: pd.DataFrame, limits: SeatLimits, term: str) -> pd.DataFrame:
    standard = rows["stage"].map(limits.area_per_pupil).astype(float)
    components = pd.DataFrame(
        {
            "seats_rooms": _by_rooms(rows, limits, term),
            "seats_area": rows["teaching_area_m2"].astype(float) * rows["part"] / standard,
            "seats_beds": _by_beds(rows),
            "seats_meals": _by_meals(rows, limits),
        }
    )
    return np.floor(components.astype(float) + 1e-9)  # a part of a seat is no seat


def _stage_lists(schools: pd.DataFrame) -> list[list[Stage]]:
    return [
        stages_of(int(low), int(high)) for low, high in zip(schools["grade_low"], schools["grade_high"], strict=True)
    ]


def _grades_in(stage: Stage, low: int, high: int) -> list[int]:
    return [grade for grade in STAGE_GRADES[stage] if low <= grade <= high]


def _by_rooms(rows: pd.DataFrame, limits: SeatLimits, term: str) -> pd.Series:
    rooms = (rows["classrooms"] - rows["special_rooms"].fillna(0)).clip(lower=0) * rows["part"]
    sizes = [
        np.mean([limits.section_size(term, grade) for grade in _grades_in(row.stage, row.grade_low, row.grade_high)])
        for row in rows.itertuples()
    ]
    full = rooms * pd.Series(sizes, index=rows.index, dtype=float)
    incomplete = (rows["stage"] == Stage.PRIMARY) & (rows["grade_high"] < STAGE_GRADES[Stage.PRIMARY][-1])
    return full.where(~incomplete, rooms.clip(upper=limits.incomplete_sections) * limits.incomplete_size)


def _by_beds(rows: pd.DataFrame) -> pd.Series:
    beds = rows["dorm_beds_m"].astype(float) + rows["dorm_beds_f"].astype(float)
    boarders = rows["school_boarders"].where(rows["boarders"] > 0)
    return rows["pupils_now"] * beds / boarders


def _by_meals(rows: pd.DataFrame, limits: SeatLimits) -> pd.Series:
    places = meal_places(rows)
    diners = diners_of(rows["school_pupils"], rows["school_boarders"], limits)
    return rows["pupils_now"] * places / diners.where((diners > 0) & (rows["pupils_now"] > 0))


def meal_places(schools: pd.DataFrame) -> pd.Series:
    """Meals that a canteen serves at noon: seats × sittings; one sitting where the number is unknown. [meals]."""
    return schools["canteen_seats"].astype(float) * schools["canteen_sittings"].astype(float).fillna(1.0)


def diners_of(pupils: pd.Series, boarders: pd.Series, limits: SeatLimits) -> pd.Series:
    """Pupils who need a meal at school: every boarder and a share of the day pupils. [pupils]."""
    return boarders + limits.noon_diners * (pupils - boarders).clip(lower=0)


def _smallest(components: pd.DataFrame) -> pd.DataFrame:
    """Name the smallest and the second smallest component; `none` where there is none."""
    filled = components.to_numpy(dtype=float, na_value=np.inf)
    order = np.argsort(filled, axis=1, kind="stable")
    ranked = np.take_along_axis(filled, order, axis=1)
    names = np.where(np.isfinite(ranked), np.array(COMPONENTS)[order], "none")
    smallest = np.where(np.isfinite(ranked[:, 0]), ranked[:, 0], np.nan)
    return pd.DataFrame(
        {"seats": smallest, "binding": names[:, 0], "next_binding": names[:, 1]}, index=components.index
    )
