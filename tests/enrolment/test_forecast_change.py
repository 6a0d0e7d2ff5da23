"""What moved since an earlier forecast, by hand and by property."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.contracts import check_table, load_dictionary
from layout_planner.contracts.lineage import load_lineage
from layout_planner.enrolment.change import (
    CHANGE_COLUMNS,
    FORECAST_FILES,
    Earlier,
    Facts,
    Now,
    causes_of,
    change_since,
    outcomes_of,
    printed,
)

TOWN, COUNTY = "620724100", "county"
NONE = pd.DataFrame(columns=["parameter", "parameter_of", "estimate"])
NO_OUTCOMES = pd.DataFrame(columns=list(CHANGE_COLUMNS))
COUNTED = pd.DataFrame({"township_code": [TOWN], "stage": ["primary"], "school_year": [2023], "pupils": [104.0]})


def facts(base_year, *, seed=1, draws=100, inputs=None):
    options = {"horizon": 3, "draws": draws, "seed": seed}
    return Facts(
        base_year, options, {"layout-planner": "1"}, inputs or {"births.csv": "a" * 64, "teachers.csv": "b" * 64}
    )


def stages(base_year, means, half=10.0, code=TOWN):
    """One town's primary stage; the base year is observed."""
    years = range(base_year, base_year + len(means))
    wide = np.array([0.0] + [half] * (len(means) - 1))
    values = np.array(means, dtype=float)
    return pd.DataFrame({
        "township_code": code, "township_name": "甲镇", "stage": "primary", "school_year": years,
        "status": ["observed"] + ["forecast"] * (len(means) - 1), "cohort": "born",
        "pupils_mean": values, "pupils_p10": values - wide, "pupils_p90": values + wide,
    })  # fmt: skip


def earlier(table, base_year=2022, **more):
    return Earlier(table, NO_OUTCOMES, facts(base_year, **more), NONE)


def rows_of(before, now, base_year, counted=COUNTED, **more):
    return change_since(before, Now(now, NONE, facts(base_year, **more)), counted).rows.set_index(
        ["township_code", "school_year"]
    )


def test_a_year_later_by_hand():
    before = earlier(stages(2022, [120, 100, 95, 90]))
    rows = rows_of(before, stages(2023, [104, 95, 101.5]), 2023)
    assert rows["lead"].tolist() == [1, 2, 3]
    assert rows["change"].tolist() == [4.0, 0.0, 11.5]
    assert rows["move"].tolist() == ["inside", "same", "outside"]
    assert rows["in_previous_band"].tolist() == [True, True, False]
    assert np.isnan(rows["noise_se"].iloc[0])  # an outcome has no draws
    sd = 20 / 2.5631
    assert rows["noise_se"].iloc[2] == pytest.approx(np.sqrt(sd**2 / 100 * 2))


def test_a_difference_within_two_standard_errors_is_chance():
    before = earlier(stages(2022, [120, 100.0]))
    error = np.sqrt((20 / 2.5631) ** 2 / 100 * 2)
    for step, move in ((1.9 * error, "chance"), (2.1 * error, "inside"), (-1.9 * error, "chance"), (11.0, "outside")):
        assert rows_of(before, stages(2022, [120, 100 + step]), 2022, seed=2)["move"].tolist() == [move]


def test_a_narrowed_band_does_not_narrow_the_error_of_its_draws():
    widths = pd.DataFrame({"parameter": ["width"], "parameter_of": ["primary +1"], "estimate": [0.5]})
    before = replace(earlier(stages(2022, [120, 100.0])), parameters=widths)
    now = Now(stages(2022, [120, 100.0]), widths, facts(2022))
    rows = change_since(before, now, COUNTED).rows
    assert rows["noise_se"].tolist() == [pytest.approx(2 * np.sqrt((20 / 2.5631) ** 2 / 100 * 2))]


def test_years_counted_between_two_base_years_are_outcomes_of_the_town_and_the_county():
    both = pd.concat([stages(2022, [120, 100, 95, 90]), stages(2022, [120, 100, 95, 90], code=COUNTY)])
    rows = rows_of(earlier(both), stages(2024, [97, 90]), 2024)
    assert rows.loc[(TOWN, 2023), "now_mean"] == 104.0
    assert rows.loc[(COUNTY, 2023), ["now_mean", "status", "cohort"]].tolist() == [104.0, "observed", "born"]
    assert rows.loc[(TOWN, 2024), "status"] == "observed"
    assert len(outcomes_of(rows.reset_index())) == 2


def test_outcomes_that_the_earlier_run_had_on_record_are_kept():
    first = change_since(
        earlier(stages(2021, [1, 130, 120, 110]), 2021), Now(stages(2022, [128, 118]), NONE, facts(2022)), COUNTED
    )
    old = first.rows[first.rows["status"] == "observed"]
    before = Earlier(stages(2022, [128, 118, 110]), old, facts(2022), NONE)
    rows = rows_of(before, stages(2023, [115, 108]), 2023)
    assert rows.loc[TOWN, "status"].tolist() == ["observed", "observed", "forecast"]
    assert rows.loc[TOWN, "lead"].tolist() == [1, 1, 2]
    check_table("forecast_change", rows.reset_index())


def test_without_an_earlier_run_both_tables_are_empty_and_keep_their_contract():
    made = change_since(None, Now(stages(2022, [1, 2]), NONE, facts(2022)), COUNTED)
    assert len(check_table("forecast_change", made.rows)) == len(check_table("forecast_causes", made.causes)) == 0


def test_causes_are_what_the_records_differ_in():
    before = facts(2022, seed=1, inputs={"births.csv": "a" * 64, "teachers.csv": "b" * 64, "events.csv": "c" * 64})
    now = facts(2023, seed=2, inputs={"births.csv": "d" * 64, "teachers.csv": "e" * 64, "attendance.csv": "f" * 64})
    table = check_table("forecast_causes", causes_of(before, now)).set_index("changed_item")
    assert table["cause"].to_dict() == {
        "base_year": "base_year", "attendance.csv": "input", "births.csv": "input", "events.csv": "input",
        "teachers.csv": "input", "seed": "option",
    }  # fmt: skip
    assert table.loc["events.csv", ["before", "after"]].tolist() == ["c" * 12, ""]
    assert not table.loc["teachers.csv", "enters_forecast"]
    assert table.drop("teachers.csv")["enters_forecast"].all()
    assert causes_of(now, now).empty


def test_the_files_said_to_enter_the_forecast_are_those_of_its_lineage():
    found, todo = set(), ["forecast_stage"]
    lineage, tables = load_lineage(), load_dictionary().tables
    seen = set(todo)
    while todo:
        for source in lineage[todo.pop()].sources.values():
            if source.table in lineage and source.table not in seen:
                seen.add(source.table)
                todo.append(source.table)
            elif source.table in tables and tables[source.table].kind == "input":
                found.add(tables[source.table].file)
    assert found <= FORECAST_FILES
    assert FORECAST_FILES - found <= {"county.toml", "events.csv", "trips.csv", "townships.geojson", "roads.gpkg"}


@given(st.lists(st.floats(0, 1e5), min_size=2, max_size=8), st.floats(0.1, 50))
def test_the_same_forecast_moves_nothing_whatever_it_is(means, half):
    table = stages(2022, means, half).assign(pupils_p10=lambda t: t["pupils_p10"].clip(lower=0))
    numbers = ["pupils_mean", "pupils_p10", "pupils_p90"]
    written = table.assign(**{name: table[name].map(printed) for name in numbers})
    rows = change_since(earlier(written), Now(table, NONE, facts(2022)), COUNTED).rows
    assert (rows["change"] == 0).all()
    assert set(rows["move"]) <= {"same"}


@given(st.floats(1, 1e5), st.floats(0, 2e5), st.floats(0.1, 1e4))
def test_a_move_is_told_the_same_way_whatever_its_size(before, now, half):
    rows = rows_of(earlier(stages(2022, [1, before], half)), stages(2022, [1, now], half), 2022)
    row = rows.iloc[0]
    inside = row["previous_p10"] <= row["now_mean"] <= row["previous_p90"]
    assert row["in_previous_band"] == inside
    if row["move"] == "outside":
        assert not inside
        assert abs(row["change"]) > 2 * row["noise_se"]
    if row["move"] == "chance":
        assert 0 < abs(row["change"]) <= 2 * row["noise_se"]
