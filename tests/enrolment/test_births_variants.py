"""Low, middle and high births: rates by hand, order, sums, and what they do to pupils."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_enrolment_county import BASE, SCHOOLS, births_table_of, enrolment_table, flows_table

from layout_planner.contracts import check_table
from layout_planner.enrolment import CountyOptions, cohort_of, forecast_county
from layout_planner.enrolment.births import project_births
from layout_planner.enrolment.births_trend import Trend
from layout_planner.enrolment.births_variants import (
    VARIANTS,
    Drivers,
    Pace,
    births_variants,
    births_variants_table,
    block_paces,
    forecast_variants_table,
    variant_factors,
)
from layout_planner.enrolment.cohorts import births_by_year, year_status


def waves() -> pd.DataFrame:
    """Births that fell, held and fell again, so that the slowest and the fastest block differ."""
    table = births_table_of()
    return table.assign(births=np.rint(table["births"] * (1 + 0.25 * np.sin(table["year"] * 0.7))))


DRIVERS = Drivers(block_years=3, recent_years=8)
TOWNSHIPS = pd.DataFrame({"township_code": sorted(waves()["township_code"].unique())})
NAMED = TOWNSHIPS.assign(name=[f"镇{i}" for i in range(len(TOWNSHIPS))])


@pytest.fixture(scope="module")
def forecast():
    options = CountyOptions(base_year=BASE, horizon=12, draws=60, drivers=DRIVERS)
    found = forecast_county(enrolment_table(), SCHOOLS, waves(), flows_table(), options, np.random.default_rng(3))
    return found[0]


def test_the_slowest_and_the_fastest_block_by_hand():
    births = pd.Series([100.0, 200.0, 200.0, 200.0, 150.0, 120.0, 100.0, 110.0], index=range(2017, 2025))
    low, high = block_paces(births, Drivers(block_years=3, recent_years=6))  # the rise of 2018 is too long ago
    assert (low.first, low.last, high.first, high.last) == (2020, 2023, 2018, 2021)
    assert low.rate == pytest.approx(np.log(100 / 200) / 3)
    assert high.rate == pytest.approx(np.log(150 / 200) / 3)


def test_a_county_may_add_what_it_knows_to_a_driver():
    births = pd.Series([100.0, 90.0, 90.0, 95.0], index=range(2021, 2025))
    plain, moved = (block_paces(births, Drivers(2, 8, low_shift=s, high_shift=-s)) for s in (0.0, -0.02))
    assert moved[0].rate - plain[0].rate == pytest.approx(-0.02)
    assert moved[1].rate - plain[1].rate == pytest.approx(0.02)


def test_a_record_shorter_than_the_block_is_taken_whole():
    low, high = block_paces(pd.Series([100.0, 90.0, 81.0], index=[2022, 2023, 2024]), Drivers(5, 15))
    assert low == high == Pace(pytest.approx(np.log(0.9)), 2022, 2024)


def test_the_factors_by_hand():
    one = np.ones(1)
    trend = Trend(one, one, 0.8 * one, one, np.array([[6.0, -0.04]]), np.zeros((1, 2, 2)), one, 10.0)
    factor = variant_factors(trend, (Pace(-0.09), Pace(0.01)), 2)
    np.testing.assert_allclose(np.log(factor), [[-0.05 * 0.8, -0.05 * 1.44], [0, 0], [0.05 * 0.8, 0.05 * 1.44]])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(5, 900), min_size=3, max_size=18), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_low_is_never_above_the_middle_nor_high_below_it_and_registered_years_stay(counts, towns, seed):
    yearly = pd.DataFrame([np.array(counts) * (i + 1.0) for i in range(towns)], columns=range(2025 - len(counts), 2025))
    yearly.index = pd.Index([f"t{i}" for i in range(towns)], name="township_code")
    drawn = project_births(yearly, last_year_needed=2034, draws=20, rng=np.random.default_rng(seed))
    low, middle, high = births_variants(drawn, DRIVERS).to_numpy()
    assert (low <= middle).all()
    assert (middle <= high).all()
    known = yearly.shape[1]
    np.testing.assert_array_equal(low[:, :known], yearly.to_numpy())
    np.testing.assert_array_equal(high[:, :known], yearly.to_numpy())
    np.testing.assert_allclose(middle, drawn.mean("draw", dtype=float))


def test_the_middle_variant_is_the_forecast_and_born_children_are_the_same_in_all(forecast):
    pupils, variants = forecast["pupils"].mean("draw", dtype=float), forecast["variant_pupils"]
    np.testing.assert_allclose(variants.sel(variant="middle"), pupils.transpose("unit", "school_year"))
    cohort = np.array(
        [[cohort_of(y, g) for y in pupils["school_year"].values.tolist()] for g in pupils["grade"].values.tolist()]
    )
    born = cohort + 1 <= int(forecast["births"].attrs["last_observed"])
    for name in ("low", "high"):
        np.testing.assert_array_equal(
            variants.sel(variant=name).to_numpy()[born], variants.sel(variant="middle").to_numpy()[born]
        )
    last = variants.isel(school_year=-1).sum("unit")
    assert last.sel(variant="low") < last.sel(variant="middle") < last.sel(variant="high")


def test_the_variants_move_the_mean_of_the_entrants_as_their_births_do(forecast):
    births, pupils = forecast["variant_births"].sum("township_code"), forecast["variant_pupils"]
    entry = pupils.isel(unit=np.flatnonzero(pupils["grade"].to_numpy() == 1)).sum("unit")
    year = int(entry["school_year"][-1])
    cohort = births.sel(year=year - 7) / 3 + births.sel(year=year - 6) * 2 / 3
    moved = entry.sel(school_year=year, variant="low") / entry.sel(school_year=year, variant="middle")
    known = cohort.sel(variant="low") / cohort.sel(variant="middle")
    assert float(np.log(moved) / np.log(known)) == pytest.approx(1.0, abs=0.3)  # the births weight


def test_the_tables_keep_their_contract_and_townships_add_up_to_the_county(forecast):
    births = births_variants_table(forecast["variant_births"], forecast["births"], waves(), NAMED)
    births = check_table("births_variants", births)
    pupils = forecast_variants_table(forecast["variant_pupils"], forecast["variant_births"], SCHOOLS, waves(), BASE)
    pupils = check_table("forecast_variants", pupils.assign(township_name="镇"))
    for table, keys, column in (
        (births, ["variant", "year"], "births_mean"),
        (pupils, ["variant", "school_year", "stage"], "pupils_mean"),
        (pupils, ["variant", "school_year", "stage"], "pupils_printed"),
    ):
        whole = table["township_code"] == "county"
        parts = table[~whole].groupby(keys)[column].sum()
        np.testing.assert_allclose(parts, table[whole].groupby(keys)[column].sum().reindex(parts.index))
    ahead = births[births["status"] == "forecast"]
    assert set(ahead["cohort"]) == {"unborn"}
    assert ahead["draws_below"].between(0, 1).all()
    assert births.loc[births["status"] == "observed", "draws_below"].isna().all()
    assert dict(zip(births["variant"], births["driver"], strict=True)) == VARIANTS


def test_the_order_of_the_variants_among_the_draws(forecast):
    births = births_variants_table(forecast["variant_births"], forecast["births"], waves(), NAMED)
    last = births[(births["township_code"] == "county") & (births["year"] == births["year"].max())]
    place = last.set_index("variant")["draws_below"]
    assert place["low"] < place["middle"] < place["high"]


def test_without_drivers_there_are_no_variants():
    options = CountyOptions(base_year=BASE, horizon=1, draws=5)
    assert dataclasses.replace(options, drivers=DRIVERS).drivers == DRIVERS
    found = forecast_county(enrolment_table(), SCHOOLS, waves(), flows_table(), options, np.random.default_rng(3))
    assert "variant_pupils" not in found[0]


@pytest.mark.parametrize(
    ("year", "month", "mark"), [(2024, 12, "born"), (2025, 6, "part"), (2026, 6, "unborn"), (2025, 12, "born")]
)
def test_a_calendar_year_is_born_as_far_as_its_months_are_registered(year, month, mark):
    assert year_status(year, 2025, month) == mark


def test_the_variants_rest_on_complete_years_only():
    yearly = births_by_year(waves())
    yearly.iloc[0, -1] = np.nan
    drawn = project_births(yearly, last_year_needed=2030, draws=10, rng=np.random.default_rng(1))
    variants = births_variants(drawn, DRIVERS)
    assert int(variants["last"].max()) <= int(yearly.columns[-2])
