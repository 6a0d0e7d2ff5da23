"""Ledgers of procedure small enough to check by hand."""

from datetime import date

import pandas as pd

from layout_planner.compliance.cases import cases_of
from layout_planner.policy import CountyValue, load_catalogue

DAY = date(2025, 9, 1)
CATALOGUE = load_catalogue()
NAN = float("nan")
A = "9900000001"
COMPLETE = [
    ("draft", "2024-10-08"),
    ("appraisal", "2024-11-12"),
    ("opinion", "2024-11-20", "2024-12-05"),
    ("risk", "2024-12-20"),
    ("notice", "2025-01-06", "2025-02-04"),
    ("submit", "2025-02-20"),
]


def set_by_county(rule_id, value):
    signed = CountyValue(value, "县政府常务会议纪要", "张三", date(2025, 3, 1))
    return CATALOGUE.with_county_values({rule_id: signed}).rule(rule_id)


def ledger(*cases, kind="closing", school=A, **school_columns):
    """Rows of `cases_of`: every case a list of (step, date[, date_end[, level]])."""
    rows = []
    for number, steps in enumerate(cases, start=1):
        for step, first, *rest in steps:
            last = rest[0] if rest else None
            level = rest[1] if len(rest) > 1 else "county"
            rows.append((f"C{number}", kind, step, level, first, last, school))
    names = ["case_id", "case_kind", "step", "level", "date", "date_end", "school_id"]
    columns = {"pupils": 9.0, "must_keep": False, "must_keep_reason": "", "receiver_ready": NAN, **school_columns}
    schools = pd.DataFrame({"school_id": [A], "name": ["甲教学点"], **{name: [v] for name, v in columns.items()}})
    return cases_of(pd.DataFrame(rows, columns=names), schools)


def told(found, *columns):
    return found[["outcome", *columns]].values.tolist()
