"""From birth to grade 1: shares by hand, sums, and what is said where the data cannot tell."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from layout_planner.enrolment.leavers import BY_AGE, BY_BAND, NOTHING, PSEUDO, leavers, staying

A, B = "620000001", "620000002"
BASE = 2024
DRAWS = 4000


def births(years=range(2008, 2025)):
    rows = [(town, year, None, size) for town, size in ((A, 90.0), (B, 30.0)) for year in years]
    return pd.DataFrame(rows, columns=["township_code", "year", "month", "births"])


def residents(three=0.9, six=0.8):
    rows = [
        (town, BASE, age, size * (three if age <= 4 else six))
        for town, size in ((A, 90.0), (B, 30.0))
        for age in range(18)
    ]
    return pd.DataFrame(rows, columns=["township_code", "year", "age", "resident"])


def villages(**bands):
    return pd.DataFrame([{"village_code": c, "township_code": c, **{b: x * n for b, x in bands.items()}}
                         for c, n in ((A, 90.0), (B, 30.0))])  # fmt: skip


def table(stays, entered=70.0, top=72.0, first=BASE + 1):
    years = list(range(first, first + 3))
    cohorts = xr.DataArray(
        np.broadcast_to(np.array([90.0, 30.0])[:, None, None], (2, 20, DRAWS)),
        dims=("township_code", "cohort", "draw"),
        coords={"township_code": [A, B], "cohort": list(range(2010, 2030))},
    )

    def children(size, start):
        values = np.broadcast_to(np.array([size, size / 3])[None, :, None], (DRAWS, 2, 4))
        names = {"township_code": [A, B], "school_year": list(range(start, start + 4))}
        return xr.DataArray(values, dims=("draw", "township_code", "school_year"), coords=names)

    grade_one = children(entered, first).sel(school_year=years)
    return leavers(stays, cohorts, grade_one, children(top, BASE), births(), np.random.default_rng(3))


def test_shares_by_single_years_of_age_are_residents_against_the_births_of_their_cohorts():
    stays = staying(births(), BASE, residents=residents())
    assert stays.basis == BY_AGE
    np.testing.assert_allclose(stays.share, [[0.9, 0.9], [0.8, 0.8]])  # both as the county: nothing to draw them to
    np.testing.assert_allclose(stays.births, [[270, 90], [270, 90]])


def test_a_township_is_drawn_to_the_county_by_sixty_births():
    rows = residents()
    rows.loc[(rows["township_code"] == B) & rows["age"].between(2, 4), "resident"] = 15.0
    whole = (3 * 81 + 45) / 360
    stays = staying(births(), BASE, residents=rows)
    assert stays.share[0][1] == pytest.approx((45 + PSEUDO * whole) / (90 + PSEUDO))


def test_bands_of_villages_are_joined_by_a_straight_line_of_the_log():
    stays = staying(
        births(), BASE, villages=villages(children_0_2=3 * 0.95, children_3_5=3 * 0.9, children_6_11=6 * 0.8)
    )
    assert stays.basis == BY_BAND
    np.testing.assert_allclose(stays.share[0], np.sqrt(0.95 * 0.9))
    np.testing.assert_allclose(stays.share[1], 0.9 ** (2 / 3) * 0.8 ** (1 / 3))


def test_leavers_and_those_who_enter_add_up_to_the_births():
    made = table(staying(births(), BASE, residents=residents()))
    row = made[(made["township_code"] == A) & (made["school_year"] == 2025)].iloc[0]
    assert row["left_before_3_mean"] == pytest.approx(9, abs=0.3)
    assert row["left_3_6_mean"] == pytest.approx(9, abs=0.5)
    assert row["no_kindergarten_mean"] == pytest.approx(0, abs=0.5)
    assert row["not_entered_mean"] == pytest.approx(20)
    np.testing.assert_allclose(
        made["births_mean"], made[["left_before_3_mean", "left_3_6_mean", "living_at_6_mean"]].sum(axis=1)
    )
    np.testing.assert_allclose(made["living_at_6_mean"], made["grade_1_mean"] + made["other_mean"])
    np.testing.assert_allclose(made["living_at_6_mean"], made["kindergarten_mean"] + made["no_kindergarten_mean"])
    assert (made["reason"] == "").all()
    for part in ("left_before_3", "left_3_6", "living_at_6", "other"):
        assert (made[f"{part}_p10"] < made[f"{part}_mean"]).all()
        assert (made[f"{part}_mean"] < made[f"{part}_p90"]).all()


def test_more_residents_at_three_means_fewer_who_left_before():
    few, many = (table(staying(births(), BASE, residents=residents(three=x))) for x in (0.85, 0.95))
    assert (many["left_before_3_mean"] < few["left_before_3_mean"]).all()


def test_without_ages_the_two_are_nan_with_a_reason_and_the_sum_still_stands():
    made = table(staying(births(), BASE))
    assert (made["basis"] == NOTHING).all()
    assert (
        made[["left_before_3_mean", "left_3_6_mean", "living_at_6_mean", "no_kindergarten_mean"]].isna().all(axis=None)
    )
    assert made["reason"].str.contains("分不开").all()
    np.testing.assert_allclose(made["not_entered_mean"], made["births_mean"] - made["grade_1_mean"])


def test_without_children_of_school_age_only_those_before_three_are_told():
    made = table(staying(births(), BASE, villages=villages(children_0_2=3 * 0.95, children_3_5=3 * 0.9)))
    assert made["left_before_3_mean"].notna().all()
    assert made["left_3_6_mean"].isna().all()
    assert made["reason"].str.contains("6 岁").all()


def test_births_too_young_for_the_ages_leave_them_unknown():
    stays = staying(births(range(2019, 2025)), BASE, residents=residents())
    assert np.isfinite(stays.share[0]).all()
    assert np.isnan(stays.share[1]).all()
