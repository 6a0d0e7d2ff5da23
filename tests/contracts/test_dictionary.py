"""The dictionary of columns and what is made from it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.contracts import check_rows, check_table, load_dictionary, schema_of
from layout_planner.contracts.rows import clean
from layout_planner.errors import DataError

DICTIONARY = load_dictionary()


def test_every_column_is_used_by_a_table_and_says_what_it_means():
    used = {c.name for table in DICTIONARY.tables.values() for c in table.columns}
    assert used == set(DICTIONARY.columns)
    assert all(c.zh and c.en and c.meaning and c.unit for c in DICTIONARY.columns.values())


def test_every_input_column_names_the_office_that_has_it():
    technical = {"synthetic", "basis", "source", "grade_band"}
    required = {c.name for table in DICTIONARY.inputs() for c in table.columns} - technical
    assert [name for name in sorted(required) if not DICTIONARY.columns[name].source] == []


def test_every_output_table_makes_a_strict_schema():
    for table in DICTIONARY.outputs():
        assert list(schema_of(table.name).columns) == table.names


def test_a_word_in_a_column_of_numbers_does_not_hide_a_negative_number():
    rows = [
        {"school_id": "2199000001", "school_year": "2024", "grade": "1", "pupils": "十人"},
        {"school_id": "2199000001", "school_year": "2024", "grade": "2", "pupils": "-20"},
        {"school_id": "2199000001", "school_year": "2024", "grade": "３", "pupils": " 25人 "},
    ]
    good, problems = check_rows(DICTIONARY.tables["enrolment"], rows, file="enrolment.csv")
    assert [p.sentence() for p in problems] == [
        "enrolment.csv 第 2 行“在校生 pupils”：实际为“十人”，应为不小于 0 的数；请更正。",
        "enrolment.csv 第 3 行“在校生 pupils”：实际为“-20”，应为不小于 0 的数；请更正。",
    ]
    assert [(r["grade"], r["pupils"], r["_row"]) for r in good] == [(3, 25.0, 4)]


@given(st.floats(0, 1e6), st.sampled_from(["", "人", " 人"]), st.booleans())
def test_a_number_survives_units_and_full_width_digits(value, unit, wide):
    text = f"{value:.2f}{unit}"
    if wide:
        text = "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in text)
    row = {"school_id": "2199000001", "school_year": 2024, "grade": 1, "pupils": text}
    good, problems = check_rows(DICTIONARY.tables["enrolment"], [row], file="e.csv")
    assert problems == []
    assert good[0]["pupils"] == pytest.approx(float(f"{value:.2f}"))


@pytest.mark.parametrize("blank", ["", " ", "—", "/", "NaN", None, float("nan")])
def test_a_blank_is_missing_and_never_zero(blank):
    assert clean(blank) is None


def balance_row(**changes):
    row = {
        "hand_over": "a → b",
        "children_in": 10.0,
        "children_out": 10.0,
        "difference": 0.0,
    }
    return pd.DataFrame([row | changes])


def test_a_computed_table_is_brought_to_its_contract():
    frame = check_table("reconciliation", balance_row(children_in=10).assign(extra=1))
    assert list(frame.columns) == ["hand_over", "children_in", "children_out", "difference"]
    assert frame["children_in"].dtype == np.float64


@pytest.mark.parametrize(
    ("frame", "column"),
    [
        (balance_row().drop(columns="difference"), "difference"),
        (pd.concat([balance_row(), balance_row()]), "hand_over"),
        (balance_row(children_in="many"), "children_in"),
    ],
)
def test_a_computed_table_that_breaks_its_contract_stops(frame, column):
    with pytest.raises(DataError, match=r"Internal check failed: table reconciliation") as error:
        check_table("reconciliation", frame)
    assert column in str(error.value.fields["column"])
