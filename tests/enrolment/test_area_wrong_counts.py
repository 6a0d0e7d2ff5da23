"""One wrong count in one place: every other place keeps its forecast, and a count that stands alone says nothing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from layout_planner.enrolment.areas import AreasOptions, forecast_areas
from layout_planner.enrolment.grade_kinds import jumps_and_breaks, slips, stray
from layout_planner.enrolment.noise import Residuals, county_shock

SIZES = {"east": 300, "west": 120, "south": 40, "north": 12}
OPTIONS = AreasOptions(origin=2024, horizon=10, stages={"primary": (1, 6), "junior": (7, 9)}, draws=100)


def places() -> pd.DataFrame:
    rng, rows = np.random.default_rng(3), []
    for area, size in SIZES.items():
        cohorts = rng.poisson(size, 40)
        rows += [
            (area, year, grade, int(rng.binomial(cohorts[year - grade - 2000], 0.985)))
            for year in range(2014, 2025)
            for grade in range(1, 10)
        ]
    return pd.DataFrame(rows, columns=["area", "year", "grade", "pupils"])


def forecast(table: pd.DataFrame) -> pd.Series:
    found = forecast_areas(table, None, None, OPTIONS, np.random.default_rng(1))
    return found.set_index(["area", "grade_or_stage", "year"])["mean"]


@pytest.fixture(scope="module")
def clean() -> pd.Series:
    return forecast(places())


@pytest.mark.parametrize(
    ("area", "year", "grade", "factor"),
    [
        ("west", 2023, 4, 10),
        ("west", 2024, 4, 10),
        ("west", 2020, 4, 10),
        ("east", 2024, 4, 0.1),
        ("east", 2015, 6, 1e6),
    ],
)
def test_a_wrong_count_moves_no_other_place(clean, area, year, grade, factor):
    table = places()
    at = (table["area"] == area) & (table["year"] == year) & (table["grade"] == grade)
    table.loc[at, "pupils"] = np.rint(table.loc[at, "pupils"] * factor)
    found = forecast(table)
    for other in set(SIZES) - {area, "north"}:
        stages = found[other][["primary", "junior"]] / clean[other][["primary", "junior"]]
        assert stages.between(0.94, 1.06).all()
    if year < 2023:  # and its own place neither, once the cohorts around it say so
        assert (found[area]["primary"] / clean[area]["primary"]).between(0.94, 1.06).all()


def test_up_and_down_again_once_is_a_slip_and_what_stays_up_or_down_is_none():
    pupils = np.full((4, 4, 6), 100.0)
    pupils[0, 1, 3] = 1000  # a slip
    pupils[1, 1, 3] = 10  # a slip downwards
    pupils[2, 2, 3:] = 1000  # a grade that took in pupils for good
    pupils[3, 3, 3:] = 0  # a grade that ended
    found = slips(pupils[:, 1:, 1:], pupils[:, :-1, :-1])
    assert set(map(tuple, np.argwhere(found))) == {(0, 0, 2), (0, 1, 3), (1, 0, 2), (1, 1, 3)}


def test_a_jump_that_a_cell_shows_once_is_stray_and_one_that_comes_back_is_not():
    came, could = np.full((2, 1, 5), 100.0), np.full((2, 1, 5), 100.0)
    came[0, 0, 4] = came[1, 0, 3] = came[1, 0, 4] = 900.0
    np.testing.assert_array_equal(stray(came, could)[:, 0, 4], [True, False])


@given(arrays(float, (3, 4, 5), elements=st.floats(0, 12)), arrays(float, (3, 4, 5), elements=st.floats(0, 12)))
def test_small_cells_never_jump(came, could):
    assert not np.logical_or(*jumps_and_breaks(came, could)).any()


def test_one_wrong_count_is_no_shock_of_the_county():
    mean = np.full(200, 100.0)
    error = np.random.default_rng(2).normal(0, 7, 200)
    wrong = error.copy()
    wrong[0] = 9000.0
    calm, torn = ([Residuals(mean, e, np.full(200, 3), np.arange(200)) for _ in range(6)] for e in (error, wrong))
    assert county_shock(torn, 0.01) == pytest.approx(county_shock(calm, 0.01), abs=0.003)
