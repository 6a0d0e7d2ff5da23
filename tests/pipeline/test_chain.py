"""The chain in a whole run of the three-school county: changes of flows, events, plans, and the ledger of them."""

import pandas as pd
import pytest

from layout_planner.errors import DataError, DefectsError
from layout_planner.pipeline import RunOptions
from layout_planner.pipeline.compute import compute, compute_forecast

A, B = "990001100", "990001101"
HOME_TO_POINT = f"""
[[flow_change]]
from_year = 2026
origin = "{B}"
destination = "{A}"
to = "{B}"
grade_low = 1
grade_high = 3
share = 0.5
reason = "测试"
"""
EVENTS = """event_id,date,township_code,event_kind,size,age_low,age_high,size_low,size_high
E1,2025-06-30,990001101,housing,60,6,11,40,80
E2,2021-06-30,990001100,relocation,-12,6,11,,
"""
OPTIONS = RunOptions(draws=40)


def with_settings(folder, text):
    file = folder / "county.toml"
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")
    return folder


def primary(done, town, year):
    table = done.tables()["forecast_township"]
    rows = (table["township_code"] == town) & (table["school_year"] == year) & table["grade"].between(1, 3)
    return table.loc[rows, "pupils_mean"].sum()


@pytest.fixture(scope="module")
def plain():
    from tests.conftest import COUNTY

    return compute_forecast(COUNTY, OPTIONS)


def test_a_change_of_flows_moves_pupils_of_both_schools_and_no_child_at_home(plain, county_copy):
    done = compute_forecast(with_settings(county_copy, HOME_TO_POINT), OPTIONS)
    for year, moves in ((2025, False), (2026, True), (2028, True)):
        gained = primary(done, B, year) - primary(plain, B, year)
        assert bool(gained > 0.5) is moves
        assert primary(plain, A, year) - primary(done, A, year) == pytest.approx(gained, abs=1e-3)
    before, after = (d.tables()["forecast_township"] for d in (plain, done))
    pd.testing.assert_series_equal(before["children_mean"], after["children_mean"])
    first, third = (primary(done, B, y) - primary(plain, B, y) for y in (2026, 2028))
    assert third > first  # the cohorts carry it into grades 2 and 3
    titles = done.ledger.table()
    assert titles["hand_over"].str.contains("流向变化前").any()
    assert titles["difference"].abs().max() < 0.01


def test_the_flow_matrix_holds_the_children_and_the_pupils_of_every_grade_and_year(plain):
    tables = plain.tables()
    matrix, town = tables["flow_matrix"], tables["forecast_township"]
    keys = ["school_year", "grade"]
    inside = matrix[matrix["destination_code"] != "outside"].groupby(keys)["children_mean"].sum()
    away = matrix[matrix["destination_code"] == "outside"].groupby(keys)["children_mean"].sum()
    sums = town.groupby(keys)[["pupils_mean", "outside_mean", "children_mean"]].sum()
    pd.testing.assert_series_equal(inside, sums["pupils_mean"], check_names=False, atol=1e-3)
    pd.testing.assert_series_equal(inside.add(away, fill_value=0), sums["children_mean"], check_names=False, atol=1e-3)
    assert (matrix["cohort"] == "born").all()  # grade 1 of 2030 was born in 2023/24


def test_an_event_to_come_adds_its_children_and_one_of_the_past_is_only_told(plain, county_copy):
    (county_copy / "events.csv").write_text(EVENTS, encoding="utf-8")
    done = compute_forecast(county_copy, OPTIONS)
    effects = done.tables()["event_effects"]
    ahead = effects[effects["event_id"] == "E1"].set_index(["school_year", "stage"])
    assert ahead.loc[(2025, "primary"), "event_children_mean"] == pytest.approx(60, abs=6)
    assert (
        ahead.loc[(2025, "primary"), "event_children_p10"]
        < 50
        < 70
        < ahead.loc[(2025, "primary"), "event_children_p90"]
    )
    assert ahead.loc[(2026, "junior"), "event_children_mean"] == pytest.approx(10, abs=1)
    assert ahead["shown_share"].isna().all()
    past = effects[effects["event_id"] == "E2"]
    assert past[["school_year", "stage", "status"]].to_numpy().tolist() == [[2021, "primary", "observed"]]
    assert past["event_children_mean"].tolist() == [-12]
    assert past["shown_share"].between(0, 1).all()
    home = ["school_year", "township_code"]
    children = [d.tables()["forecast_township"].groupby(home)["children_mean"].sum() for d in (plain, done)]
    gained = (children[1] - children[0]).loc[2025]
    assert gained[B] == pytest.approx(60, abs=8)


def test_leavers_without_counts_by_age_say_why_they_cannot_be_told_apart(plain):
    table = plain.tables()["leavers"]
    assert table[["left_before_3_mean", "left_3_6_mean"]].isna().all(axis=None)
    assert table["reason"].str.len().min() > 5
    assert table["not_entered_mean"].notna().all()


def test_a_change_in_a_plan_moves_the_pupils_of_that_plan_only(county_copy):
    plans = county_copy / "plans"
    plans.mkdir()
    (plans / "bus.toml").write_text('name = "回流"\n' + HOME_TO_POINT, encoding="utf-8")
    done = compute(county_copy, OPTIONS)
    stay, plan = (e.pupils for e in done.evaluations)
    here = plan["school_id"].values == "2199000002"
    gained = plan.isel(unit=here).sum("unit").mean("draw") - stay.isel(unit=here).sum("unit").mean("draw")
    assert gained.sel(school_year=2025).item() == pytest.approx(0)
    assert gained.sel(school_year=2028).item() > 1
    total = plan.sum("unit") - stay.sum("unit")
    assert abs(total).max().item() < 1e-3


def test_the_file_and_the_number_of_a_wrong_change_are_told(county_copy):
    with pytest.raises(DefectsError) as caught:
        compute_forecast(with_settings(county_copy, HOME_TO_POINT.replace("2026", "2044")), OPTIONS)
    (problem,) = [p for p in caught.value.problems if p.severity == "error"]
    assert problem.sentence("zh") == (
        "county.toml 第 1 个 flow_change：from_year 为“2044”，应为 2025 到 2030 的学年；改学年，或在 county.toml 加长 horizon。"
    )


def test_a_change_without_anybody_to_move_stops_the_run(county_copy):
    text = HOME_TO_POINT
    for old, new in (("1\n", "10\n"), ("3\n", "12\n"), (f'destination = "{A}"', 'destination = "outside"')):
        text = text.replace(old, new)
    with pytest.raises(DataError) as caught:
        compute_forecast(with_settings(county_copy, text), OPTIONS)
    assert caught.value.code == "flow_change_no_flow"
