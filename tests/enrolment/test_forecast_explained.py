"""What a county forecast rests on: how much the own figures weigh, by hand and by property."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.contracts import check_table
from layout_planner.enrolment import explain
from tests.enrolment.test_enrolment_county import run


@pytest.fixture(scope="module")
def made():
    return run()[1]


def test_both_tables_keep_their_contract_and_every_parameter_has_a_meaning(made):
    check_table("forecast_parameters", made.parameters)
    check_table("forecast_weights", made.weights.assign(township_name="甲镇"))
    assert made.parameters["meaning"].notna().all()
    assert set(made.parameters["parameter"]) == set(explain.MEANINGS)


def test_the_county_stands_beside_its_townships_and_has_no_own_weight(made):
    weights = made.weights.set_index(["township_code", "stage"])
    whole = weights.loc["county"]
    assert whole["own_weight"].isna().all()
    assert (whole["rate"] == whole["rate_county"]).all()
    for stage, rows in made.weights[made.weights["township_code"] != "county"].groupby("stage"):
        assert rows["rate_county"].nunique() == 1
        assert rows["rate"].min() <= whole.loc[stage, "rate"] <= rows["rate"].max()
        assert rows["expected_pupils"].sum() == pytest.approx(whole.loc[stage, "expected_pupils"])


def test_only_stages_that_births_feed_have_a_births_weight(made):
    fed = made.weights["stage"].isin(["pre", "primary"])
    assert made.weights.loc[fed, "births_weight"].between(0, 1.2).all()
    assert made.weights.loc[~fed, "births_weight"].isna().all()


class Fit:
    """A fitted progression of one township and one step."""

    def __init__(self, area, cell, structural):
        self.area_weight = np.array([area / (area + 60.0)])
        self.expected_area = np.array([area])
        self.expected_cell = np.array([[cell]])
        self.structural = np.array([[structural]])
        self.ordinary_pseudo = 60.0


def test_own_weight_by_hand():
    priors = explain.Priors()
    # area 60/(60+60) = 0.5; ordinary cell 20/(20+60) = 0.25: 1 − 0.5·0.75
    assert explain.own_weights(Fit(60.0, 20.0, 0.0), priors)[0, 0] == pytest.approx(0.625)
    # structural cell 20/24
    assert explain.own_weights(Fit(60.0, 20.0, 1.0), priors)[0, 0] == pytest.approx(1 - 0.5 * (4 / 24))
    assert explain.own_weights(Fit(0.0, 0.0, 0.3), priors)[0, 0] == 0.0


@given(st.floats(0, 1e5), st.floats(0, 1e4), st.floats(0, 1), st.floats(1, 1e3))
def test_more_pupils_weigh_more_and_never_more_than_all(area, cell, structural, more):
    priors = explain.Priors()
    few, many = (explain.own_weights(Fit(area + x, cell + x, structural), priors)[0, 0] for x in (0.0, more))
    assert 0 <= few < many <= 1 or few == pytest.approx(many)
