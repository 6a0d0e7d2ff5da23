"""A county of three schools and an empty one, small enough to work out by hand."""

from datetime import date

import numpy as np
import pandas as pd
import xarray as xr

from layout_planner.capacity import seat_limits, seats
from layout_planner.policy import load_catalogue, load_parameters, parameter_values
from layout_planner.scenario import Baseline

A, B, C, E = (f"990000000{n}" for n in range(1, 5))
V1, V2, V3 = (f"62072410100{n}" for n in range(1, 4))
BASE_YEAR = 2026
YEARS = (2027, 2028, 2029)
BANDS = ("1-3", "4-6")
MINUTES = {  # village: minutes to A, B, C, E
    V1: (5.0, 20.0, 25.0, 40.0),
    V2: (10.0, 42.0, 28.0, np.nan),
    V3: (50.0, 10.0, 12.0, 5.0),
}


def schools():
    common = {"kind": "primary", "grade_low": 1, "grade_high": 6, "township_code": "620724101", "special_rooms": 0}
    building = {"dorm_beds_m": 10, "dorm_beds_f": 10, "canteen_seats": 300, "canteen_sittings": 2}
    rows = [
        {"school_id": A, "name": "甲小学", "classrooms": 6, "village_code": V1},
        {"school_id": B, "name": "乙中心小学", "classrooms": 6, "village_code": V3, **building},
        {"school_id": C, "name": "丙小学", "classrooms": 6, "village_code": V3, **building},
        {"school_id": E, "name": "丁教学点", "classrooms": 2, "village_code": V3, "kind": "teaching_point",
         "grade_high": 3},
    ]  # fmt: skip
    frame = pd.DataFrame([{**common, **row} for row in rows])
    return frame.assign(must_keep=[False, False, False, False], must_keep_reason="", ready_year=np.nan)


def enrolment():
    sizes = {A: 4.0, B: 40.0, C: 55.0}
    rows = [(school, grade, size, 0.0, 1.0) for school, size in sizes.items() for grade in range(1, 7)]
    return pd.DataFrame(rows, columns=["school_id", "grade", "pupils", "boarders", "sections"])


def allocation():
    homes = [(V1, A, 8.0), (V2, A, 4.0), (V3, B, 120.0), (V3, C, 165.0)]
    rows = [(village, school, band, children, "observed", "") for village, school, children in homes for band in BANDS]
    return pd.DataFrame(rows, columns=["village_code", "attends", "grade_band", "children", "status", "source"])


def minutes():
    rows = [
        (village, school, band, value, 1000.0, "escort", "winter", "" if value == value else "no_route")
        for village, values in MINUTES.items()
        for school, value in zip((A, B, C, E), values, strict=True)
        for band in BANDS
    ]
    names = ["village_code", "school_id", "grade_band", "minutes", "metres", "mode", "case", "reason"]
    return pd.DataFrame(rows, columns=names)


def forecast(factors=((1.0, 0.75, 0.5), (1.0, 1.0, 1.0)), rows=None):
    """Two draws: one in which every grade shrinks, one in which nothing changes."""
    rows = enrolment() if rows is None else rows
    values = np.array(factors)[:, None, :] * rows["pupils"].to_numpy()[None, :, None]
    coords = {
        "school_year": list(YEARS),
        "school_id": ("unit", rows["school_id"].to_numpy(dtype=object)),
        "grade": ("unit", rows["grade"].to_numpy()),
    }
    return xr.DataArray(values, dims=("draw", "unit", "school_year"), coords=coords)


def toy_baseline(**changes):
    day, catalogue = date(2026, 9, 1), load_catalogue()
    parameters = parameter_values(load_parameters(), {})
    register = changes.get("schools", schools())
    now = (
        enrolment()
        .assign(stage="primary")
        .groupby(["school_id", "stage"], as_index=False)[["pupils", "boarders"]]
        .sum()
    )
    fields = {
        "base_year": BASE_YEAR,
        "day": day,
        "schools": register,
        "villages": pd.DataFrame({"village_code": [V1, V2, V3], "name": ["近村", "远村", "镇上"]}),
        "enrolment": enrolment(),
        "allocation": allocation(),
        "minutes": minutes(),
        "seats": seats(register, now, seat_limits(catalogue, day, parameters)),
        "pupils": forecast(),
        "catalogue": catalogue,
        "parameters": parameters,
    }
    return Baseline(**{**fields, **changes})
