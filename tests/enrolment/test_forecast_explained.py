"""What a county forecast rests on: how much the own figures weigh, by hand and by property."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.contracts import check_table
from layout_planner.enrolment import explain
from layout_planner.enrolment.county_entry import Homes, _evidence, _own_share, entrants_weight
from layout_planner.enrolment.county_model import county_model
from layout_planner.enrolment.county_width import PLACES, STAGES
from layout_planner.enrolment.county_window import Window
from layout_planner.enrolment.noise import Noise
from layout_planner.enrolment.priors import Priors
from layout_planner.enrolment.school_panel import school_panel
from tests.enrolment.test_enrolment_county import run


@pytest.fixture(scope="module")
def made():
    return run()[1]


def test_both_tables_keep_their_contract_and_every_parameter_has_a_meaning(made):
    check_table("forecast_parameters", made.parameters)
    check_table("forecast_weights", made.weights.assign(township_name="甲镇"))
    assert made.parameters["meaning"].notna().all()
    assert set(made.parameters["parameter"]) == set(explain.MEANINGS)


def test_the_page_of_the_model_names_every_parameter():
    page = (Path(__file__).parents[2] / "docs" / "models" / "enrolment.md").read_text(encoding="utf-8")
    assert [name for name in explain.MEANINGS if f"`{name}`" not in page] == []


def test_the_county_stands_beside_its_townships_and_has_no_own_weight(made):
    weights = made.weights.set_index(["township_code", "stage"])
    whole = weights.loc["county"]
    assert whole["own_weight"].isna().all()
    assert (whole["rate"] == whole["rate_county"]).all()
    for stage, rows in made.weights[made.weights["township_code"] != "county"].groupby("stage"):
        assert (rows["rate_county"] == rows["rate_county"].iloc[0]).all()
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
        self.expected_cell = np.array([[cell]])
        self.expected_recent = np.array([[cell / 2]])
        self.structural = np.array([[structural]])
        self.ordinary_pseudo = 60.0


def test_own_weight_by_hand():
    priors = explain.Priors()
    # area 60/(60+60) = 0.5; ordinary cell 20/(20+60) = 0.25: 1 − 0.5·0.75
    assert explain.own_weights(Fit(60.0, 20.0, 0.0), priors)[0, 0] == pytest.approx(0.625)
    # structural cell, which forgets faster: 10/14
    assert explain.own_weights(Fit(60.0, 20.0, 1.0), priors)[0, 0] == pytest.approx(1 - 0.5 * (4 / 14))
    assert explain.own_weights(Fit(0.0, 0.0, 0.3), priors)[0, 0] == 0.0


@given(st.floats(0, 1e5), st.floats(0, 1e4), st.floats(0, 1), st.floats(1, 1e3))
def test_more_pupils_weigh_more_and_never_more_than_all(area, cell, structural, more):
    priors = explain.Priors()
    few, many = (explain.own_weights(Fit(area + x, cell + x, structural), priors)[0, 0] for x in (0.0, more))
    assert 0 <= few < many <= 1 or few == pytest.approx(many)


YEARS = range(2016, 2021)


def two_schools(came, born):
    """Two townships with a primary school each, to which every child of the township comes."""
    ids, towns = ["9900000001", "9900000002"], ["620000001", "620000002"]
    register = pd.DataFrame(
        {
            "school_id": ids, "name": ids, "grade_low": 1, "grade_high": 6, "township_code": towns,
            "host_school_id": None, "closed": None,
        }
    )  # fmt: skip
    pupils = [(s, y, g, float(n)) for s, n in zip(ids, came, strict=True) for y in YEARS for g in range(1, 7)]
    enrolment = pd.DataFrame(pupils, columns=["school_id", "school_year", "grade", "pupils"])
    flows = pd.DataFrame(
        {"home_township_code": towns, "attends": ids, "grade_band": "1-3", "children": 1.0, "share": 1.0}
    )
    cohorts = np.repeat(np.array(born, dtype=float)[:, None], 20, axis=1)[:, :, None]
    return school_panel(enrolment, register, YEARS[-1]), Homes(flows, tuple(towns), cohorts, 2005)


def test_noise_by_hand_where_only_the_townships_have_shocks():
    panel, homes = two_schools((80.0, 20.0), (80.0, 20.0))
    model, fit = county_model(panel, homes, 1, Priors())
    noise = Noise((0.0,) * 4, (0.0,) * 4, area_sd=0.02, county_sd=0.0, memory=0.7, years=4, cells=9, area_phi=0.3)
    window = Window(noise, np.ones((len(PLACES), len(STAGES), 1)))
    table = explain.weights_table(model, fit, window, panel, entrants_weight(panel, homes, Priors()))
    found = table[table["stage"] == "primary"].set_index("township_code")["noise"]
    sd = np.sqrt(0.02**2 + 0.3 / np.array([480.0, 120.0]))  # six grades of 80 and of 20 pupils
    np.testing.assert_allclose(found[list(panel.townships)], 100 * sd)
    assert found["county"] == pytest.approx(100 * np.hypot(*(sd * [480, 120])) / 600, rel=0.01)


def test_weight_of_the_own_entrants_by_hand():
    weight, behind = entrants_weight(*two_schools((80.0, 20.0), (80.0, 20.0)), Priors())
    # all who are born come: R = (100 + 20)/(100 + 20) = 1; Σ 0.8^age over five years = 3.3616
    expected = 3.3616 * np.array([80.0, 20.0])
    np.testing.assert_allclose(behind[:, 1], expected)
    kept = 1 - (60 / (expected + 60)) * (20 / (expected + 20))
    np.testing.assert_allclose(weight[:, 1], kept)
    np.testing.assert_allclose(weight[:, 1], [0.9873, 0.8919], atol=2e-4)
    assert np.isnan(weight[:, 0]).all()  # no kindergarten: nobody enters one


@given(st.lists(st.floats(2, 500), min_size=2, max_size=2), st.lists(st.floats(2, 500), min_size=2, max_size=2))
def test_the_weight_is_the_part_of_the_own_deviation_that_a_school_keeps(came, born):
    panel, homes = two_schools(came, born)
    weight, _ = entrants_weight(panel, homes, Priors())
    entrants, births = (np.repeat(np.array(x, dtype=float)[:, None], len(YEARS), axis=1) for x in (came, born))
    shared = (sum(came) + 20) / (sum(born) + 20)
    seen, behind, *_ = _evidence(panel, entrants, births * shared, Priors())
    own = _own_share(panel, entrants, births * shared, Priors())
    np.testing.assert_allclose(own - 1, weight[:, 1] * (seen / behind - 1), rtol=1e-6, atol=1e-9)


def test_a_school_without_births_of_its_homes_goes_by_its_own_entrants():
    panel, homes = two_schools((80.0, 20.0), (80.0, np.nan))
    weight, behind = entrants_weight(panel, homes, Priors())
    assert weight[1, 1] == 1.0
    assert behind[1, 1] == 0.0


def test_only_stages_that_births_feed_weigh_their_entrants_and_the_county_adds_them_up(made):
    weights = made.weights
    fed, whole = weights["stage"].isin(["pre", "primary"]), weights["township_code"] == "county"
    assert weights.loc[fed & ~whole, "entry_weight"].between(0, 100, inclusive="right").all()
    assert weights.loc[~fed | whole, "entry_weight"].isna().all()
    for _, rows in weights[fed].groupby("stage"):
        assert rows.loc[rows["township_code"] != "county", "entry_expected"].sum() == pytest.approx(
            float(rows.loc[rows["township_code"] == "county", "entry_expected"].iloc[0])
        )
