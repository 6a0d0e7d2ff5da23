"""The forecast of a small simulated county beside its hidden future: no bias of born cohorts, honest bands."""

from types import SimpleNamespace

import pandas as pd
import pytest

from layout_planner.demo import make_demo
from layout_planner.pipeline import RunOptions, compute_forecast
from layout_planner.terms import COUNTY, STAGE_OF_GRADE

BORN = range(1, 7)  # years ahead in which every pupil of grade 1 and above is born and registered


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    folder, truth = tmp_path_factory.mktemp("county"), tmp_path_factory.mktemp("truth")
    make_demo(folder, seed=11, villages=60, sites=38, truth=truth)
    done = compute_forecast(folder, RunOptions(draws=300, horizon=10))
    register = done.setup.schools.set_index("school_id")["township_code"]
    came = pd.read_csv(truth / "enrolment.csv", dtype={"school_id": str})
    came = came.assign(
        township_code=came["school_id"].map(register), stage=[str(STAGE_OF_GRADE[g]) for g in came["grade"]]
    )
    births = pd.read_csv(truth / "births.csv").groupby("year")["births"].sum()
    return SimpleNamespace(done=done, came=came, births=births, base=done.setup.base_year)


def beside(county, whole: bool) -> pd.DataFrame:
    """Township (or county) × stage × year: what was forecast and what came."""
    table = county.done.outlook.stages
    table = table[(table["township_code"] == COUNTY) == whole]
    came = county.came.assign(township_code=COUNTY) if whole else county.came
    keys = ["township_code", "stage", "school_year"]
    sums = came.groupby(keys, as_index=False)["pupils"].sum()
    both = table.merge(sums, on=keys)
    return both[both["pupils_mean"] > 0].assign(lead=both["school_year"] - county.base)


@pytest.mark.parametrize(("stage", "limit"), [("primary", 0.04), ("junior", 0.04), ("senior", 0.08)])
def test_the_county_forecast_of_born_children_is_not_biased(county, stage, limit):
    whole = beside(county, whole=True)
    rows = whole[(whole["stage"] == stage) & whole["lead"].isin(BORN)]
    error = rows["pupils_mean"] / rows["pupils"] - 1
    assert len(rows) == len(BORN)
    assert error.abs().max() < limit


def test_the_forecast_of_the_towns_beats_the_last_value_at_every_lead(county):
    table = county.done.outlook.stages
    now = table[table["school_year"] == county.base].set_index(["township_code", "stage"])["pupils_mean"]
    cells = beside(county, whole=False)
    cells = cells.assign(last=now.reindex(pd.MultiIndex.from_frame(cells[["township_code", "stage"]])).to_numpy())
    for lead in (1, 2, 3, 5, 10):
        here = cells[cells["lead"] == lead]
        error, still = ((here[name] - here["pupils"]).abs().sum() for name in ("pupils_mean", "last"))
        assert error < 0.7 * still


def test_the_bands_of_the_towns_hold_most_of_what_came_and_are_not_endless(county):
    cells = beside(county, whole=False)
    inside = (cells["pupils"] >= cells["pupils_p10"]) & (cells["pupils"] <= cells["pupils_p90"])
    born = cells["lead"].isin(BORN)
    assert inside[born].mean() > 0.7
    school = born & (cells["stage"] != "pre")
    half = (cells["pupils_p90"] - cells["pupils_p10"]) / 2
    assert half[school].sum() / cells.loc[school, "pupils_mean"].sum() < 0.10


def test_births_to_come_fall_in_the_band_and_the_band_goes_on_below_the_last_year(county):
    table = county.done.outlook.births
    whole = table[(table["township_code"] == COUNTY) & (table["status"] == "forecast")].set_index("year")
    came = county.births.reindex(whole.index)
    inside = (came >= whole["births_p10"]) & (came <= whole["births_p90"])
    assert inside.mean() > 0.6
    assert abs((whole["births_mean"] / came - 1).iloc[:3].mean()) < 0.12


def test_the_bands_are_neither_empty_nor_endless_at_any_level(county):
    """Two-sided: over all leads of school age P10-P90 holds more than half and not all of the townships' stages."""
    cells = beside(county, whole=False)
    cells = cells[(cells["stage"] != "pre") & cells["lead"].between(1, 10)]
    inside = (cells["pupils"] >= cells["pupils_p10"]) & (cells["pupils"] <= cells["pupils_p90"])
    assert 0.6 < inside.mean() < 0.97
    whole = beside(county, whole=True)
    whole = whole[(whole["stage"] == "primary") & whole["lead"].isin(BORN)]
    half = (whole["pupils_p90"] - whole["pupils_p10"]) / 2 / whole["pupils_mean"]
    assert half.between(0.002, 0.08).all()


def test_schools_have_wider_bands_than_their_townships_and_these_than_the_county(county):
    pupils = county.done.outlook.pupils.sel(school_year=county.base + 3)
    primary = pupils.isel(unit=(pupils["grade"] >= 1).values & (pupils["grade"] <= 6).values)
    spread = []
    for key in ("school_id", "township_of_school", None):
        sums = primary.groupby(key).sum() if key else primary.sum("unit")
        spread.append(float(sums.std("draw").sum() / sums.mean("draw").sum()))
    assert spread[0] > spread[1] > spread[2] > 0
