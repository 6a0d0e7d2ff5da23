"""Forecast of any areas: what a table lacks inside its series and what looks mistyped is told by its place."""

import numpy as np
import pandas as pd
import pytest

from layout_planner.enrolment.area_notices import area_notices
from layout_planner.enrolment.areas import AreasOptions
from layout_planner.errors import sentence

OPTIONS = AreasOptions(origin=2016, entry_grade=0, birth_lag=6, stages={"primary": (0, 6), "junior": (7, 9)})
ROWS = [(a, y, g, 40 + (y + g) % 4) for a in ("001", "002") for y in range(2010, 2017) for g in range(10)]
PUPILS = pd.DataFrame(ROWS, columns=["area", "year", "grade", "pupils"])
BIRTHS = pd.DataFrame(
    [(a, y, 40.0 + y % 3) for a in ("001", "002") for y in range(2000, 2016)], columns=["area", "year", "births"]
)


def told(pupils=PUPILS, born=BIRTHS, served_by=None, lang="en"):
    return {code: sentence(code, fields, lang) for code, fields in area_notices(pupils, born, served_by, OPTIONS)}


def cell(area, year, grade=None):
    here = (PUPILS["area"] == area) & (PUPILS["year"] == year)
    return here if grade is None else here & (PUPILS["grade"] == grade)


def test_a_table_in_order_has_no_gap_and_no_slip():
    assert told() == {}


def test_births_of_unknown_areas_are_told_and_so_is_what_they_are_taken_for():
    total = BIRTHS[BIRTHS["area"] == "001"].assign(area="县")
    assert "no rows of areas 001, 002" in told(born=total)["area_births_total"]
    assert "一律按“县”的出生变化预测" in told(born=total, lang="zh")["area_births_total"]
    strange = BIRTHS.assign(area="x" + BIRTHS["area"])
    assert "areas x001, x002 belong to no area" in told(born=strange)["area_births_unused"]
    assert "areas 001, 002" in told(born=strange)["area_births_none"]


def test_areas_that_take_the_total_beside_areas_with_births_of_their_own_are_named():
    some = pd.concat([BIRTHS[BIRTHS["area"] == "001"], BIRTHS[BIRTHS["area"] == "001"].assign(area="all", births=90.0)])
    pupils = pd.concat([PUPILS, PUPILS[PUPILS["area"] == "001"].assign(area="003")])
    third = pd.concat([some, BIRTHS[BIRTHS["area"] == "002"]])
    assert "no rows of areas 003" in told(pupils, third)["area_births_total"]


def test_a_year_missing_inside_the_series_of_one_area_is_named():
    assert list(told(PUPILS[~cell("001", 2013)])) == ["area_years_gap"]
    assert "001 2013" in told(PUPILS[~cell("001", 2013)])["area_years_gap"]


def test_a_row_missing_inside_is_named_with_area_year_and_grade():
    found = told(PUPILS[~cell("001", 2013, 4)])
    assert "001 2013 4" in found["area_rows_gap"]
    assert "read as 0" in found["area_rows_gap"]


@pytest.mark.parametrize("grade", [0, 4, 9])
def test_a_row_missing_in_the_last_year_is_told_to_be_read_as_0(grade):
    found = told(PUPILS[~cell("001", 2016, grade)], lang="zh")["area_rows_gap_origin"]
    assert f"001 2016 {grade}" in found
    assert "缺的行按 0 人计算" in found


def test_a_stage_that_closed_and_a_row_of_0_are_no_missing_rows():
    closed = PUPILS[~((PUPILS["year"] == 2016) & (PUPILS["area"] == "001") & (PUPILS["grade"] >= 7))]
    assert "area_rows_gap_origin" not in told(closed)
    zero = PUPILS.assign(pupils=PUPILS["pupils"].mask(cell("001", 2016, 9), 0))
    assert "area_rows_gap_origin" not in told(zero)


@pytest.mark.parametrize("factor", [10, 0.1])
@pytest.mark.parametrize(("year", "grade"), [(2010, 0), (2013, 4), (2016, 9), (2016, 5)])
def test_a_digit_too_many_or_too_few_is_named_with_its_value(factor, year, grade):
    value = 40 * factor
    found = told(PUPILS.assign(pupils=PUPILS["pupils"].astype(float).mask(cell("001", year, grade), value)))
    assert f"001 {year} {grade}: {value:g};" in found["area_cell_slip"]


def test_a_merger_and_small_grades_are_no_slip_of_the_keyboard():
    whole = PUPILS["pupils"].mask((PUPILS["area"] == "001") & (PUPILS["year"] >= 2014), PUPILS["pupils"] * 8)
    assert "area_cell_slip" not in told(PUPILS.assign(pupils=whole))
    rng = np.random.default_rng(1)
    assert "area_cell_slip" not in told(PUPILS.assign(pupils=rng.poisson(3, len(PUPILS))))


@pytest.mark.parametrize(("year", "births"), [(2000, 400), (2008, 4), (2015, 410)])
def test_births_with_a_digit_too_many_or_too_few_are_named(year, births):
    here = (BIRTHS["area"] == "002") & (BIRTHS["year"] == year)
    found = told(born=BIRTHS.assign(births=BIRTHS["births"].mask(here, births)))
    assert f"002 {year}: {births};" in found["area_births_slip"]
