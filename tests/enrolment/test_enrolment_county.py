"""Forecast of a county's schools: where pupils go, sums, seeds, no look ahead, born and unborn."""

import numpy as np
import pandas as pd
import pytest

from layout_planner.enrolment.backtest import Tables, backtest_county
from layout_planner.enrolment.births import cohort_draws, project_births
from layout_planner.enrolment.cohorts import births_by_year
from layout_planner.enrolment.county import CountyOptions, forecast_county
from layout_planner.enrolment.county_model import STEPS, base_shares, transfer_matrix, transfer_seeds, unit_index
from layout_planner.enrolment.school_panel import alive, entry_units, offered, school_panel
from layout_planner.enrolment.summaries import summarise_school, summarise_township_pupils
from layout_planner.errors import DataError, UsageError

BASE = 2020
YEARS = range(2012, BASE + 1)
SCHOOLS = pd.DataFrame(
    [
        ("9900000001", "镇一小学", 1, 6, "620000001", None, None),
        ("9900000002", "教学点", 1, 3, "620000001", "9900000001", None),
        ("9900000003", "镇二九年", 1, 9, "620000002", None, None),
        ("9900000004", "县一中", 7, 12, "620000001", None, None),
        ("9900000005", "幼儿园", -2, 0, "620000001", None, None),
        ("9900000006", "停办小学", 1, 6, "620000002", None, 2017),
        ("9900000007", "村大班", 0, 0, "620000002", None, None),
    ],
    columns=["school_id", "name", "grade_low", "grade_high", "township_code", "host_school_id", "closed"],
)
SIZE = {"9900000001": 24, "9900000002": 6, "9900000003": 12, "9900000004": 36, "9900000005": 30, "9900000006": 4}


def enrolment_table(last: int = BASE) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    rows = []
    for school in SCHOOLS.itertuples():
        for year in range(YEARS.start, last + 1):
            if year >= (school.closed if school.closed == school.closed and school.closed else 9999):
                continue
            for grade in range(school.grade_low, school.grade_high + 1):
                size = SIZE.get(school.school_id, 5) + (6 if school.school_id == "9900000001" and grade > 3 else 0)
                rows.append((school.school_id, year, grade, float(rng.poisson(size))))
    return pd.DataFrame(rows, columns=["school_id", "school_year", "grade", "pupils"])


def births_table_of() -> pd.DataFrame:
    towns = (("620000001", 40.0), ("620000002", 20.0))
    rows = [(code, year, None, n - (year - 2000) * 0.5) for code, n in towns for year in range(2004, 2021)]
    return pd.DataFrame(rows, columns=["township_code", "year", "month", "births"])


def flows_table() -> pd.DataFrame:
    one, two = "620000001", "620000002"
    rows = [
        (one, "9900000001", "1-3", 70, 0.7), (one, "9900000002", "1-3", 20, 0.2), (one, "outside", "1-3", 10, 0.1),
        (two, "9900000003", "1-3", 40, 1.0), (one, "9900000001", "4-6", 90, 1.0), (two, "9900000003", "4-6", 40, 1.0),
        (one, "9900000004", "7-9", 90, 1.0), (two, "9900000003", "7-9", 30, 0.75), (two, "9900000004", "7-9", 10, 0.25),
        (one, "9900000004", "10-12", 90, 1.0), (two, "9900000004", "10-12", 30, 1.0),
        (one, "9900000005", "k", 80, 1.0), (two, "9900000007", "k", 10, 0.5), (two, "9900000005", "k", 10, 0.5),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["home_township_code", "attends", "grade_band", "children", "share"])


def run(enrolment=None, seed: int = 1, horizon: int = 8, draws: int = 40):
    table = enrolment_table() if enrolment is None else enrolment
    options = CountyOptions(BASE, horizon, draws)
    return forecast_county(table, SCHOOLS, births_table_of(), flows_table(), options, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def forecast():
    return run()


def of(dataset, school: str, grade: int):
    pupils = dataset["pupils"]
    here = (pupils["school_id"].to_numpy() == school) & (pupils["grade"].to_numpy() == grade)
    return pupils.to_numpy()[:, here, :][:, 0]


def test_the_base_year_is_what_was_observed_in_every_draw(forecast):
    dataset, _ = forecast
    table = enrolment_table().query("school_year == @BASE").set_index(["school_id", "grade"])["pupils"]
    base = dataset["pupils"].sel(school_year=BASE)
    keys = zip(base["school_id"].to_numpy(), base["grade"].to_numpy(), strict=True)
    expected = np.array([table.get(key, 0.0) for key in keys])
    np.testing.assert_array_equal(base.to_numpy(), np.broadcast_to(expected, base.shape))
    assert expected.sum() == table.sum()


def test_draws_are_float32_whole_and_never_negative(forecast):
    pupils = forecast[0]["pupils"]
    assert pupils.dims == ("draw", "unit", "school_year")
    assert pupils.dtype == np.float32
    values = pupils.to_numpy()
    assert (values >= 0).all()
    assert (values == np.floor(values)).all()


def test_a_closed_school_stays_empty(forecast):
    for grade in range(1, 7):
        assert (of(forecast[0], "9900000006", grade) == 0).all()


def test_a_school_with_nobody_in_the_base_year_stays_empty_in_every_draw():
    table = enrolment_table()
    empty = (table["school_id"] == "9900000002") & (table["school_year"] == BASE)
    dataset, _ = run(table.assign(pupils=np.where(empty, 0.0, table["pupils"])))
    for grade in range(1, 4):
        assert (of(dataset, "9900000002", grade) == 0).all()
    assert of(dataset, "9900000001", 1)[:, 1:].min() > 0


def test_the_top_grade_of_a_teaching_point_goes_to_its_host():
    panel = school_panel(enrolment_table(), SCHOOLS, BASE)
    offers = offered(panel)
    seeds = transfer_seeds(panel, flows_table())
    shares = base_shares(panel, offers, entry_units(offers), seeds, 5)  # grade 3 → 4
    assert shares[1, 0] > 0.9
    np.testing.assert_allclose(shares[0], np.eye(len(SCHOOLS))[0])
    np.testing.assert_allclose(shares[:4].sum(axis=1)[:3], 1.0)


def test_no_source_sends_more_than_all_its_pupils():
    panel = school_panel(enrolment_table(), SCHOOLS, BASE)
    offers = offered(panel)
    seeds = transfer_seeds(panel, flows_table())
    shares = {s: base_shares(panel, offers, entry_units(offers), seeds, s) for s in STEPS}
    matrix = transfer_matrix(panel, shares)
    sent = np.asarray(matrix.sum(axis=0)).ravel()
    school, grade = unit_index(panel)
    assert (sent <= 1 + 1e-9).all()
    inner = ((grade >= 3) & (grade < 8)) & alive(panel)[school]  # grades 1 to 5
    np.testing.assert_allclose(sent[inner], 1.0)


def test_births_feed_grade_one_and_a_lone_top_class_of_kindergarten():
    panel = school_panel(enrolment_table(), SCHOOLS, BASE)
    enters = entry_units(offered(panel))
    assert enters[6].tolist() == [False, False, True, *[False] * 12]
    assert enters[4].tolist() == [True, *[False] * 14]
    assert enters[3].sum() == 0
    assert enters[:3, 3].all()


def test_nothing_after_the_base_year_is_used(forecast):
    later = enrolment_table(BASE + 3)
    scrambled = later.assign(pupils=np.where(later["school_year"] > BASE, 777.0, later["pupils"]))
    keep = enrolment_table()
    scrambled = pd.concat([keep, scrambled[scrambled["school_year"] > BASE]])
    dataset, estimated = run(scrambled)
    np.testing.assert_array_equal(dataset["pupils"].to_numpy(), forecast[0]["pupils"].to_numpy())
    pd.testing.assert_frame_equal(estimated.parameters, forecast[1].parameters)


def test_the_same_seed_is_identical_and_another_differs(forecast):
    again, other = run()[0], run(seed=2)[0]
    assert again.identical(forecast[0])
    assert not other["pupils"].equals(forecast[0]["pupils"])


def test_what_was_estimated_is_reported(forecast):
    estimated = forecast[1].parameters.set_index(["parameter", "parameter_of"])["estimate"]
    assert 0 <= estimated["births_weight", "primary"] <= 1.2
    assert 0.8 < estimated["progression", "2→3"] < 1.2
    assert 0 < estimated["township_own_weight", "620000002"] < 1


def test_cohorts_join_registered_and_drawn_births():
    births = births_table_of()
    drawn = project_births(births_by_year(births), last_year_needed=2024, draws=6, rng=np.random.default_rng(1))
    cohorts = cohort_draws(births, drawn)
    known = cohorts.sel(cohort=2019, township_code="620000001").to_numpy()
    np.testing.assert_allclose(known, (40 - 19 * 0.5) / 3 + (40 - 20 * 0.5) * 2 / 3)
    half = cohorts.sel(cohort=2020, township_code="620000001").to_numpy()
    later = drawn.sel(year=2021, township_code="620000001").to_numpy()
    np.testing.assert_allclose(half, 30.0 / 3 + later * 2 / 3, rtol=1e-6)


def test_the_school_table_marks_born_and_unborn_and_adds_up(forecast):
    pupils, births = forecast[0]["pupils"], births_table_of()
    schools = summarise_school(pupils, SCHOOLS, births, base_year=BASE)
    towns = summarise_township_pupils(pupils, SCHOOLS, births, base_year=BASE)
    ones = schools[schools["grade"] == 1].groupby("school_year")["cohort"].first()
    assert ones.loc[[2026, 2027, 2028]].tolist() == ["born", "part", "unborn"]
    assert set(schools.loc[schools["school_year"] == BASE, "status"]) == {"observed"}
    key = ["school_year", "grade"]
    by_school, by_town = (t.groupby(key)["pupils_printed"].sum() for t in (schools, towns))
    pd.testing.assert_series_equal(by_school, by_town)
    mean = schools.groupby(key)["pupils_mean"].sum()
    assert (np.abs(by_school - mean) <= 0.5 + 1e-6).all()
    np.testing.assert_allclose(towns.groupby(key)["pupils_mean"].sum(), mean)
    assert (schools["pupils_p10"] <= schools["pupils_p50"]).all()


def test_a_year_without_a_report_is_unknown_and_after_closing_nobody_is_there():
    table = enrolment_table()
    table = table[~((table["school_id"] == "9900000001") & (table["school_year"] == 2015))]
    panel = school_panel(table, SCHOOLS, BASE)
    assert np.isnan(panel.cube[0, :, 3]).all()
    assert (panel.cube[5, :, -3:] == 0).all()
    dataset, _ = run(table)
    assert np.isfinite(dataset["pupils"].to_numpy()).all()


def test_the_back_test_has_every_stage_and_lead_and_uses_nothing_later():
    tables = Tables(enrolment_table(), SCHOOLS, births_table_of(), flows_table())
    found = backtest_county(tables, CountyOptions(BASE, 1, draws=40), np.random.default_rng(1))
    pooled = found[(found["subject_type"] == "township") & (found["size_class"] == "all")]
    whole = pooled[pooled["stage"] == "all"].set_index("lead")
    assert whole["origins"].tolist() == [4, 3, 2, 1]
    assert set(found["stage"]) == {"all", "junior", "pre", "primary", "senior"}
    assert found["covered_80"].between(0, 100).all()
    early = backtest_county(tables, CountyOptions(BASE - 3, 1, draws=40), np.random.default_rng(1))
    assert set(early["origins"]) == {1}


def test_refusals_name_the_year_and_the_horizon():
    with pytest.raises(DataError, match="nobody in 2020"):
        run(enrolment_table().query("school_year < @BASE"))
    with pytest.raises(UsageError, match="horizon is 0"):
        CountyOptions(BASE, 0)
