import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.attendance import children_from_pupils, flows, forecast_village, township_children
from layout_planner.contracts.schemas import check_table
from layout_planner.errors import DataError

V1, V2, V3 = "620724001001", "620724001002", "620724002001"
A, B = "9900000001", "9900000002"
VILLAGES = pd.DataFrame(
    {
        "village_code": [V1, V2, V3],
        "name": ["一村", "二村", "三村"],
        "township_code": ["620724001", "620724001", "620724002"],
    }
)


def allocated(*rows):
    table = pd.DataFrame(list(rows), columns=["village_code", "attends", "grade_band", "children"])
    return table.assign(status="estimated", source="gravity")


BASE = allocated(
    (V1, A, "1-3", 30.0),
    (V1, "outside", "1-3", 6.0),
    (V2, A, "1-3", 10.0),
    (V2, B, "1-3", 10.0),
    (V3, B, "1-3", 25.0),
    (V3, "outside", "1-3", 5.0),
    ("outside", B, "1-3", 5.0),
)


def pupils(values, units, years=(2024, 2025)):
    return xr.DataArray(
        np.asarray(values, dtype=np.float32),
        dims=("draw", "unit", "school_year"),
        coords={
            "school_id": ("unit", [u[0] for u in units]),
            "grade": ("unit", [u[1] for u in units]),
            "school_year": list(years),
        },
    )


def test_flows_by_hand():
    table = check_table("flows", flows(BASE, VILLAGES))
    expected = pd.DataFrame(
        [
            ("620724001", A, "1-3", 40.0, 40 / 56),
            ("620724001", B, "1-3", 10.0, 10 / 56),
            ("620724001", "outside", "1-3", 6.0, 6 / 56),
            ("620724002", B, "1-3", 25.0, 25 / 30),
            ("620724002", "outside", "1-3", 5.0, 5 / 30),
            ("outside", B, "1-3", 5.0, 1.0),
        ],
        columns=["home_township_code", "attends", "grade_band", "children", "share"],
    )
    pd.testing.assert_frame_equal(table, expected)


def test_children_at_home_are_regained_by_hand():
    # base-year pupils are 40 in A and 40 in B; in 2025 A has 20 and B 44
    made = children_from_pupils(pupils([[[40, 20], [40, 44]]], [(A, 2), (B, 2)]), BASE, VILLAGES)
    at_home = made["children_village"].sel(grade_band="1-3").isel(draw=0).to_pandas()
    assert at_home.loc[[V1, V2, V3, "outside"], 2024].round(4).tolist() == [36.0, 20.0, 30.0, 5.0]
    assert at_home.loc[[V1, V2, V3, "outside"], 2025].round(4).tolist() == [18.0, 16.0, 33.0, 5.5]
    towns = made["children"].sel(grade=2).isel(draw=0).to_pandas()
    assert towns[2025].round(4).to_dict() == {"620724001": 34.0, "620724002": 33.0, "outside": 5.5}
    away = made["outside"].sel(grade=2).isel(draw=0).to_pandas()
    assert away[2025].round(4).to_dict() == {"620724001": 3.0, "620724002": 5.5, "outside": 0.0}
    assert made["outside_village_mean"].sel(village_code=V3, school_year=2025).item() == pytest.approx(5.5)


def test_a_home_whose_children_all_attend_outside_follows_its_township():
    base = allocated((V1, A, "1-3", 40.0), (V2, "outside", "1-3", 8.0), (V3, "outside", "1-3", 4.0))
    made = children_from_pupils(pupils([[[40, 10]]], [(A, 1)]), base, VILLAGES)
    at_home = made["children_village"].isel(draw=0, grade_band=0).to_pandas()
    assert at_home[2025].round(4).to_dict() == {V1: 10.0, V2: 2.0, V3: 1.0, "outside": 0.0}


def test_a_school_that_opens_a_band_later_uses_the_homes_of_its_nearest_band():
    base = allocated((V1, A, "1-3", 40.0), (V3, B, "4-6", 9.0))
    made = children_from_pupils(pupils([[[0, 12]]], [(B, 2)]), base, VILLAGES)
    assert made["children"].sel(township_code="620724002", school_year=2025).sum().item() == 12.0
    new = children_from_pupils(pupils([[[0, 12]]], [("9900000009", 2)]), base, VILLAGES)
    assert new["children"].sel(township_code="620724001", school_year=2025).sum().item() == 12.0


def test_missing_pupils_and_unknown_villages_stop_the_run():
    with pytest.raises(DataError, match=A):
        children_from_pupils(pupils([[[1, np.nan]]], [(A, 1)]), BASE, VILLAGES)
    with pytest.raises(DataError, match=V3):
        flows(BASE, VILLAGES[:2])


def test_forecast_tables_have_the_columns_of_the_contract_and_quantiles_over_draws():
    draws = np.arange(11.0)[:, None, None] * np.array([[[0.0, 4.0]]])
    made = children_from_pupils(pupils(draws, [(A, 1)]), BASE, VILLAGES)
    table = check_table(
        "forecast_village", forecast_village(made, VILLAGES, base_year=2024).assign(cohort="born", children_printed=0)
    )
    row = table[(table["village_code"] == V1) & (table["school_year"] == 2025)].iloc[0]
    assert row["status"] == "forecast" and row["village_name"] == "一村"
    share = 0.75 * 1.2
    got = row[["children_mean", "children_p10", "children_p50", "children_p90", "outside_mean"]].tolist()
    np.testing.assert_allclose(got, [20 * share, 4 * share, 20 * share, 36 * share, 20 * 0.75 * 0.2], rtol=1e-6)
    assert (table.loc[table["school_year"] == 2024, "status"] == "estimated").all()
    assert set(table["village_code"]) == {V1, V2, V3}
    towns = township_children(made)
    year = towns[towns["school_year"] == 2025]
    assert year["children_mean"].sum() - year["outside_mean"].sum() == pytest.approx(20.0)
    assert set(year["township_code"]) == {"620724001", "620724002", "outside"}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_children_equal_pupils_plus_outside_in_every_grade_year_and_draw(seed):
    rng = np.random.default_rng(seed)
    homes = [V1, V2, V3, "outside"]
    rows = [
        (v, s, band, rng.gamma(0.5, 40))
        for band in ("1-3", "4-6")
        for v in homes
        for s in (A, B, "outside")
        if rng.random() < 0.6 and not v == s == "outside"
    ]
    units = [(s, g) for s in (A, B) for g in range(1, 7)]
    heads = pupils(rng.gamma(1.0, 30, (3, len(units), 2)), units)
    base = allocated(*rows)
    made = children_from_pupils(heads, base, VILLAGES)
    seated = heads.groupby("grade").sum("unit").transpose("draw", "grade", "school_year")
    at_home = made["children"].sum("township_code")
    np.testing.assert_allclose(at_home, seated.values + made["outside"].sum("township_code").values, rtol=1e-5)
    np.testing.assert_allclose(
        made["children_village"].sum(("village_code", "grade_band")),
        made["children"].sum(("township_code", "grade")),
        rtol=1e-5,
        atol=1e-3,
    )
    assert (made["outside"].sel(township_code="outside") == 0).all()
