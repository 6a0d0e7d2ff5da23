"""Forecast of any areas: the form of the tables, no look ahead, seeds, sums, edges."""

import numpy as np
import pandas as pd
import pytest

from layout_planner.enrolment.area_tables import births_of_areas, cohorts_known, pupil_cube
from layout_planner.enrolment.areas import AreasOptions, forecast_areas
from layout_planner.errors import DataError, UsageError

STAGES = {"primary": (0, 6), "junior": (7, 9)}
ORIGIN = 2016


def pupils_table(areas: int = 5, first: int = 2008, last: int = 2020) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    rows = []
    for area in range(areas):
        size = 8 + 9 * area
        for year in range(first, last + 1):
            for grade in range(10):
                rows.append((f"a{area}", f"s{grade % 2}", year, grade, rng.poisson(size * 0.98 ** (year - first))))
    return pd.DataFrame(rows, columns=["area", "school", "year", "grade", "pupils"])


def births_rows(areas: int = 5) -> pd.DataFrame:
    years = range(2000, 2021)
    rows = [(f"a{a}", y, 10.0 + 10 * a + (y % 3)) for a in range(areas) for y in years]
    return pd.DataFrame(rows, columns=["area", "year", "births"])


def options(**changes) -> AreasOptions:
    base = {"origin": ORIGIN, "horizon": 4, "entry_grade": 0, "birth_lag": 6, "stages": STAGES, "draws": 60}
    return AreasOptions(**{**base, **changes})


def run(pupils=None, births=None, seed: int = 1, **changes) -> pd.DataFrame:
    table = pupils_table() if pupils is None else pupils
    return forecast_areas(table, births, None, options(**changes), np.random.default_rng(seed))


def test_there_is_a_row_for_every_area_year_grade_and_stage():
    found = run(births=births_rows())
    assert list(found.columns) == ["origin", "year", "area", "grade_or_stage", "mean", "lo80", "hi80", "lo95", "hi95"]
    assert len(found) == 5 * 4 * (10 + 2)
    assert set(found["grade_or_stage"]) == {*map(str, range(10)), "primary", "junior"}
    assert set(found["year"]) == {2017, 2018, 2019, 2020}
    assert not found.isna().any().any()


def test_means_of_grades_add_up_to_stages_and_bounds_enclose_them():
    found = run(births=births_rows()).pivot_table(index=["year", "area"], columns="grade_or_stage", values="mean")
    np.testing.assert_allclose(found[[str(g) for g in range(7)]].sum(axis=1), found["primary"], rtol=1e-5)
    table = run()
    assert ((table["lo95"] <= table["lo80"]) & (table["hi80"] <= table["hi95"])).all()
    assert ((table["lo80"] <= table["mean"]) & (table["mean"] <= table["hi80"])).all()
    assert (table[["mean", "lo80", "lo95"]] >= 0).all().all()


def test_nothing_after_the_origin_is_used():
    pupils, births = pupils_table(), births_rows()
    later = pupils["year"] > ORIGIN
    scrambled = pupils.assign(pupils=np.where(later, 999, pupils["pupils"]))
    late_births = births.assign(births=np.where(births["year"] > ORIGIN - 1, 999.0, births["births"]))
    pd.testing.assert_frame_equal(run(pupils, births), run(scrambled, late_births))
    pd.testing.assert_frame_equal(run(pupils, births), run(pupils[~later], births))
    whole = births.groupby("year", as_index=False)["births"].sum().assign(area="all")
    with_total = pd.concat([births[births["area"] != "a1"], whole])
    late_total = with_total.assign(births=np.where(with_total["year"] > ORIGIN - 1, 999.0, with_total["births"]))
    pd.testing.assert_frame_equal(run(pupils, with_total), run(pupils, late_total))


def test_the_same_seed_is_the_same_table_and_another_seed_is_not():
    pd.testing.assert_frame_equal(run(seed=3), run(seed=3))
    assert not run(seed=3)["mean"].equals(run(seed=4)["mean"])


def test_more_columns_are_summed_over():
    table = pupils_table()
    half = table["pupils"] // 2
    halves = pd.concat([table.assign(pupils=half), table.assign(pupils=table["pupils"] - half)])
    pd.testing.assert_frame_equal(run(table), run(halves))


def test_a_grade_without_rows_in_a_year_with_pupils_is_zero_and_a_year_without_any_is_unknown():
    table = pupils_table(2)
    table = table[~((table["area"] == "a1") & (table["year"] == 2010))]
    table = table[~((table["area"] == "a0") & (table["year"] == 2011) & (table["grade"] == 4))]
    data = pupil_cube(table, tuple(range(10)), ORIGIN)
    assert data.cube[0, 4, 3] == 0
    assert np.isnan(data.cube[1, :, 2]).all()
    assert np.isfinite(data.cube[0]).all()


def test_an_area_with_nobody_at_the_origin_is_left_out_by_name():
    table = pupils_table()
    table = table[~((table["area"] == "a2") & (table["year"] >= ORIGIN))]
    found = run(table)
    assert found.attrs["left_out"] == ["a2"]
    assert "a2" not in set(found["area"])


@pytest.mark.parametrize("first", [2016, 2015, 2014])
def test_one_area_with_one_to_three_years_still_gets_a_forecast(first):
    found = run(pupils_table(1, first=first))
    assert np.isfinite(found["mean"]).all()
    assert (found["mean"] > 0).all()


def test_births_come_from_the_map_else_the_area_else_the_total_else_nothing():
    births = pd.DataFrame(
        [("c1", 2000, 5.0), ("a1", 2000, 7.0), ("all", 2000, 12.0)], columns=["area", "year", "births"]
    )
    mapped = pd.DataFrame({"area": ["a0"], "births_area": ["c1"]})
    found = births_of_areas(births, mapped, ("a0", "a1", "a2"))
    assert found[2000].tolist() == [5.0, 7.0, 12.0]
    without = births_of_areas(births[births["area"] != "all"], mapped, ("a0", "a2"))
    assert np.isnan(without.loc["a2", 2000])
    assert births_of_areas(None, None, ("a0",)) is None


def test_later_cohorts_are_the_mean_of_the_last_three_known():
    births = births_of_areas(births_rows(1), None, ("a0",))
    found = cohorts_known(births, 1, range(2014, 2024), 6, ORIGIN)[0]
    assert found[0] == 10.0 + 2008 % 3
    last_three = np.mean([10.0 + y % 3 for y in (2013, 2014, 2015)])
    assert found[-1] == pytest.approx(last_three)
    assert found[-2] == pytest.approx(last_three)
    assert found[-3] == 10.0 + 2015 % 3


def test_falling_births_lower_the_entrants():
    births = births_rows()
    falling = births.assign(births=births["births"] * np.where(births["year"] >= 2012, 0.4, 1.0))
    base, low = (run(births=b).query("grade_or_stage == '0' and year >= 2018")["mean"].sum() for b in (births, falling))
    assert low < 0.8 * base


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        (lambda t: t.drop(columns="grade"), "pupils_column", "column 'grade' is missing"),
        (lambda t: t.assign(pupils=-1), "pupils_bad", "rows 2, 3, 4, 5, 6"),
        (lambda t: t[t["year"] < ORIGIN], "pupils_none_at_origin", "nobody in 2016"),
        (lambda t: t[(t["grade"] > 20) | (t["year"] < ORIGIN) | (t["area"] == "x")], "pupils_none_at_origin", "2016"),
        (lambda t: t.assign(grade=15), "pupils_grades", "nobody in grades 0–9"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(change, code, text):
    with pytest.raises(DataError, match=text) as caught:
        run(change(pupils_table()))
    assert caught.value.code == code


def test_options_that_make_no_sense_are_refused():
    with pytest.raises(UsageError, match="horizon is 0"):
        options(horizon=0)
    with pytest.raises(UsageError, match="stage 'primary' spans 1–6"):
        options(entry_grade=2, stages={"primary": (1, 6)})
    twice = pd.concat([births_rows(), births_rows()])
    with pytest.raises(DataError, match="a0 2000"):
        run(births=twice)
