"""The back-test: nothing after an origin is used, references by hand, one row for every stage, size and lead."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.contracts import check_table
from layout_planner.enrolment.areas import AreasOptions, forecast_areas
from layout_planner.enrolment.backtest import Tables, backtest_cells, backtest_origins
from layout_planner.enrolment.backtest_tables import backtest_table, check_of_last_year
from layout_planner.enrolment.county import CountyOptions, forecast_county
from layout_planner.enrolment.school_panel import school_panel
from layout_planner.enrolment.survival import cohort_survival
from tests.enrolment.test_enrolment_county import (
    BASE,
    SCHOOLS,
    births_table_of,
    enrolment_table,
    flows_table,
)

FORECAST = ["origin", "subject_type", "subject_id", "stage", "lead", "mean", "p50", "lo80", "hi80", "lo95", "hi95",
            "p_loss", "last", "survival"]  # fmt: skip
ORIGIN = 2018


def enrolment_with_a_silence() -> pd.DataFrame:
    """One school that is silent from 2017 on: only later years say whether it was gone."""
    table = enrolment_table()
    return table[~((table["school_id"] == "9900000002") & table["school_year"].between(2017, BASE))]


def scrambled(table: pd.DataFrame, year: str, value: str, after: int, seed: int) -> pd.DataFrame:
    """Noise in place of everything after a year."""
    later = table[year] > after
    noise = np.random.default_rng(seed).integers(0, 90, len(table))
    return table.assign(**{value: np.where(later, noise, table[value]).astype(float)})


def with_the_silence_broken(table: pd.DataFrame, after: int) -> pd.DataFrame:
    """The silent school reports again after the origin."""
    rows = [("9900000002", year, grade, 33.0) for year in range(after + 1, BASE + 1) for grade in (1, 2, 3)]
    return pd.concat([table, pd.DataFrame(rows, columns=table.columns)], ignore_index=True)


def cells_of(enrolment: pd.DataFrame, births: pd.DataFrame, seed: int = 3) -> pd.DataFrame:
    tables = Tables(enrolment, SCHOOLS, births, flows_table())
    return backtest_cells(tables, CountyOptions(BASE, 1), np.random.default_rng(seed))


@pytest.fixture(scope="module")
def cells():
    return cells_of(enrolment_with_a_silence(), births_table_of())


def test_noise_after_an_origin_leaves_its_forecast_identical_to_the_last_digit(cells):
    pupils = scrambled(enrolment_with_a_silence(), "school_year", "pupils", ORIGIN, 1)
    births = scrambled(births_table_of(), "year", "births", ORIGIN, 2)
    noisy = cells_of(with_the_silence_broken(pupils, ORIGIN), births)
    keep = [frame[frame["origin"] <= ORIGIN][FORECAST] for frame in (cells, noisy)]
    assert set(keep[0]["origin"]) == {2016, 2017, 2018}
    pd.testing.assert_frame_equal(*(frame.reset_index(drop=True) for frame in keep), check_exact=True)
    later = [frame.loc[frame["origin"] > ORIGIN, "mean"].sum() for frame in (cells, noisy)]
    assert later[0] != later[1]


def test_noise_after_an_earlier_base_year_leaves_the_county_forecast_identical():
    options = CountyOptions(ORIGIN, 6, draws=60, births_to=ORIGIN)

    def forecast(enrolment, births):
        return forecast_county(enrolment, SCHOOLS, births, flows_table(), options, np.random.default_rng(4))[0]

    plain = forecast(enrolment_with_a_silence(), births_table_of())
    pupils = scrambled(enrolment_with_a_silence(), "school_year", "pupils", ORIGIN, 5)
    noisy = forecast(with_the_silence_broken(pupils, ORIGIN), scrambled(births_table_of(), "year", "births", ORIGIN, 6))
    np.testing.assert_array_equal(noisy["pupils"].to_numpy(), plain["pupils"].to_numpy())
    np.testing.assert_array_equal(noisy["births"].to_numpy(), plain["births"].to_numpy())


def test_noise_after_the_origin_leaves_the_forecast_of_any_areas_identical():
    rng = np.random.default_rng(7)
    rows = [(a, y, g, float(rng.poisson(20))) for a in "abcdef" for y in range(2008, 2021) for g in range(1, 10)]
    pupils = pd.DataFrame(rows, columns=["area", "year", "grade", "pupils"])
    rows = [(a, y, float(rng.poisson(22))) for a in "abcdef" for y in range(1998, 2021)]
    births = pd.DataFrame(rows, columns=["area", "year", "births"])
    options = AreasOptions(2014, 6, draws=80, stages={"primary": (1, 6), "junior": (7, 9)})
    plain = forecast_areas(pupils, births, None, options, np.random.default_rng(8))
    noisy = forecast_areas(
        scrambled(pupils, "year", "pupils", 2014, 9),
        scrambled(births, "year", "births", 2013, 10),
        None,
        options,
        np.random.default_rng(8),
    )
    pd.testing.assert_frame_equal(noisy, plain, check_exact=True)


def test_a_silence_that_only_later_years_explain_is_unknown_at_the_origin():
    panel = school_panel(enrolment_with_a_silence(), SCHOOLS, BASE)
    gone, then = panel.cube[1, :, -4:], panel.until(2018).cube[1, :, -2:]
    assert (gone == 0).all()
    assert np.isnan(then).all()
    direct = school_panel(enrolment_with_a_silence(), SCHOOLS, 2018)
    np.testing.assert_array_equal(panel.until(2018).cube, direct.cube)


def test_every_origin_has_four_years_before_it_and_every_lead_its_outcome(cells):
    assert list(backtest_origins(enrolment_table(), BASE)) == list(range(2014, BASE))
    assert sorted(cells["origin"].unique()) == [2016, 2017, 2018, 2019]
    assert (cells["origin"] + cells["lead"]).max() == BASE
    assert (cells["lo95"] <= cells["lo80"]).all()
    assert (cells["lo80"] <= cells["p50"]).all()
    assert (cells["p50"] <= cells["hi80"]).all()
    assert (cells["hi80"] <= cells["hi95"]).all()
    assert cells["p_loss"].between(0, 1).all()


def test_outcomes_and_last_values_are_the_enrolment_table(cells):
    table = enrolment_with_a_silence().merge(SCHOOLS[["school_id", "township_code"]], on="school_id")
    primary = table[(table["township_code"] == "620000002") & table["grade"].between(1, 6)]
    sums = primary.groupby("school_year")["pupils"].sum()
    rows = cells[(cells["subject_id"] == "620000002") & (cells["stage"] == "primary")].set_index(["origin", "lead"])
    assert rows.loc[(2017, 2), "actual"] == sums[2019]
    assert rows.loc[(2018, 1), "last"] == sums[2018]
    county = cells[cells["subject_type"] == "county"].groupby(["origin", "lead", "stage"])["last"].sum()
    towns = cells[cells["subject_type"] == "township"].groupby(["origin", "lead", "stage"])["last"].sum()
    pd.testing.assert_series_equal(county, towns)


def test_table_counts_and_pools_and_keeps_its_contract(cells):
    table = check_table("backtest", backtest_table(cells))
    assert set(table["subject_type"]) == {"township", "school"}
    towns = table[table["subject_type"] == "township"]
    sizes = towns[(towns["stage"] == "all") & (towns["size_class"] != "all")].groupby("lead")["cells"].sum()
    whole = towns[(towns["stage"] == "all") & (towns["size_class"] == "all")].set_index("lead")
    assert whole["cells"].tolist() == sizes.tolist()
    assert whole["origins"].tolist() == [4, 3, 2, 1]
    one = cells[(cells["subject_type"] == "township") & (cells["lead"] == 1) & cells["actual"].notna()]
    error = 100 * (one["mean"] - one["actual"]).abs().sum() / one["actual"].sum()
    assert whole.loc[1, "wape"] == pytest.approx(error)
    small = one[one["last"] < 20]
    assert whole.loc[1, "small_error"] == pytest.approx((small["mean"] - small["actual"]).abs().mean())


def hand_cells() -> pd.DataFrame:
    rows = [  # subject, last, actual, p_loss
        ("a", 40.0, 30.0, 0.9), ("b", 40.0, 41.0, 0.1), ("c", 10.0, 8.0, 0.4), ("d", 9.0, 1.0, 0.0), ("e", 12.0, 12.0, 0.6),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["subject_id", "last", "actual", "p_loss"])
    frame = frame.assign(origin=2015, subject_type="township", stage="primary", lead=1, survival=frame["last"] + 1)
    return frame.assign(mean=frame["last"], p50=frame["last"], lo80=5.0, hi80=35.0, lo95=0.0, hi95=41.0)


def test_scores_of_a_table_by_hand():
    table = backtest_table(hand_cells()).set_index(["stage", "size_class"])
    row = table.loc[("all", "all")]
    assert row["cells"] == 5
    assert row["wape"] == row["wape_last"] == pytest.approx(100 * (10 + 1 + 2 + 8 + 0) / 92)
    assert row["wape_survival"] == pytest.approx(100 * (11 + 0 + 3 + 9 + 1) / 92)
    assert row["covered_80"] == 60
    assert row["covered_95"] == 100
    assert row["small_cells"] == 3
    assert row["small_error"] == pytest.approx(10 / 3)
    assert row["losses"] == 2  # a and c; d has fewer than ten pupils
    assert row["auc"] == pytest.approx(3 / 4)  # against b and e: a, a, c before b, not c before e
    assert np.isnan(table.loc[("all", "31-100"), "small_error"])


def test_a_school_that_opened_later_is_not_held_against_the_forecast_and_a_township_is():
    new = hand_cells().head(1).assign(last=0.0, mean=0.0, p50=0.0)
    both = pd.concat([hand_cells().assign(subject_type="school"), new.assign(subject_type="school"), new])
    table = backtest_table(both)
    cells = table[(table["stage"] == "all") & (table["size_class"] == "all")].set_index("subject_type")["cells"]
    assert cells.to_dict() == {"township": 1, "school": 5}


def test_a_short_history_gives_empty_tables_that_keep_their_contract():
    short = enrolment_table().query("school_year > @BASE - 4")
    cells = cells_of(short, births_table_of())
    assert cells.empty
    assert check_table("backtest", backtest_table(cells)).empty
    check = check_of_last_year(cells, BASE).assign(subject_name="")
    assert check_table("forecast_check", check).empty


def test_last_years_forecast_stands_beside_what_came(cells):
    check = check_of_last_year(cells, BASE)
    county = check[check["subject_type"] == "county"].set_index("stage")
    table = enrolment_with_a_silence()
    for stage, grades in (("primary", range(1, 7)), ("junior", range(7, 10))):
        rows = table[table["grade"].isin(grades)].groupby("school_year")["pupils"].sum()
        assert county.loc[stage, "pupils_came"] == rows[BASE]
        assert county.loc[stage, "pupils_p10"] <= county.loc[stage, "pupils_p90"]
    held = (check["pupils_came"] >= check["pupils_p10"]) & (check["pupils_came"] <= check["pupils_p90"])
    assert check["inside"].tolist() == held.tolist()


def test_plain_cohort_survival_by_hand():
    pupils = np.array([[[20.0, 20, 10, 10], [10, 10, 10, 5], [0, 8, 9, 10]]])
    path = cohort_survival(pupils, 2)
    # entrants (20 + 10 + 10) / 3; 25 of 50 came to the second grade, 27 of 30 to the third
    np.testing.assert_allclose(path[0, 0], [40 / 3, 10 * 0.5, 5 * 0.9])
    np.testing.assert_allclose(path[1, 0], [40 / 3, 40 / 3 * 0.5, 5 * 0.9])


def test_a_grade_that_nobody_could_come_to_keeps_its_mean_and_unknown_years_are_left_out():
    pupils = np.array([[[0.0, 0, 0, 0], [6, 9, np.nan, 12]]])
    np.testing.assert_allclose(cohort_survival(pupils, 3)[:, 0], [[0, 10.5]] * 3)
    held = np.array([[[8.0, 8, np.nan, 8], [4, 4, 4, np.nan]]])
    np.testing.assert_allclose(cohort_survival(held, 1)[0, 0], [8, 4])


@given(st.integers(1, 8), st.floats(1, 500), st.floats(0.5, 1.5))
def test_a_county_that_grows_by_steady_ratios_is_forecast_exactly_in_the_grades_above_the_entrants(
    horizon, size, ratio
):
    pupils = np.broadcast_to(size * ratio ** np.arange(4)[None, :, None], (1, 4, 5))
    np.testing.assert_allclose(cohort_survival(pupils, horizon), np.broadcast_to(pupils[..., 0], (horizon, 1, 4)))
