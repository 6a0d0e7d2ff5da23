"""The balance of seats and pupils over draws."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from test_seats import LIMITS, pupils, register

from layout_planner.capacity import seat_balance, seats

TOWNSHIPS = pd.DataFrame({"township_code": ["620724101", "620724102"], "name": ["宣化镇", "南华镇"]})
SCHOOLS = pd.concat(
    [
        register(classrooms=2, special_rooms=0, teaching_area_m2=None, canteen_seats=None),
        register(school_id="9900000002", name="乙校", township_code="620724102", classrooms=1, special_rooms=0,
                 teaching_area_m2=None, canteen_seats=None, closed=2028),
    ],
    ignore_index=True,
)  # fmt: skip


def forecast(values):
    coords = {"school_id": ("unit", ["9900000001", "9900000001", "9900000002"]), "grade": ("unit", [1, 2, 1])}
    return xr.DataArray(values, dims=("draw", "unit", "school_year"), coords={**coords, "school_year": [2027, 2028]})


def balance(values):
    table = seat_balance(seats(SCHOOLS, pupils(), LIMITS), forecast(values), SCHOOLS, TOWNSHIPS)
    return table.set_index(["township_code", "stage", "school_year"])


def test_the_balance_of_three_draws_by_hand():
    draws = np.array([[[40, 40], [40, 40], [30, 0]], [[50, 50], [50, 50], [45, 0]], [[60, 10], [0, 10], [50, 0]]])
    table = balance(draws)
    first = table.loc[("620724101", "primary", 2027)]
    assert first[["seats", "pupils_p50", "balance_p50"]].tolist() == [90, 80, 10]
    assert first["p_short"] == pytest.approx(1 / 3)
    assert table.loc[("620724102", "primary", 2027), "p_short"] == pytest.approx(1 / 3)
    assert table.loc[("620724102", "primary", 2028), "seats"] == 0  # closed in 2028
    whole = table.loc[("county", "primary", 2027)]
    assert whole[["seats", "pupils_p50"]].tolist() == [135, 110]


@settings(max_examples=20, deadline=None)
@given(arrays(float, (5, 3, 2), elements=st.floats(0, 500)))
def test_the_townships_add_up_to_the_county_in_seats_and_quantiles_are_ordered(draws):
    table = balance(draws)
    towns = table.drop(index="county", level=0).groupby(["stage", "school_year"])["seats"].sum()
    np.testing.assert_allclose(towns.to_numpy(), table.loc["county", "seats"].to_numpy())
    assert (table["balance_p10"] <= table["balance_p50"] + 1e-9).all()
    assert (table["balance_p50"] <= table["balance_p90"] + 1e-9).all()
