"""Children move through the simulated years and none is lost."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.demo import make_demo, make_tables, write_truth
from layout_planner.demo.births import MONTHLY_FROM, expected_births
from layout_planner.demo.calibration import load, share_out
from layout_planner.demo.counts import (
    _cap_beds,
    _fit_sections,
    count_enrolment,
    count_flows,
    count_transitions,
    progression,
)
from layout_planner.demo.paths import YEARS, make_habits
from layout_planner.demo.simulate import _threshold, school_year
from layout_planner.errors import UsageError

PACKAGE = Path(__file__).parents[2] / "layout_planner" / "demo"


@pytest.fixture(scope="module")
def county():
    return make_tables(7, villages=30, sites=12, years=8, future=True)


def test_the_simulation_knows_nothing_of_the_forecast():
    for module in PACKAGE.rglob("*.py"):
        names = [
            alias.name if isinstance(node, ast.Import) else node.module or ""
            for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for alias in node.names
        ]
        assert not [name for name in names if name.startswith("layout_planner.enrolment")]


def test_the_same_seed_makes_the_same_county_and_another_seed_another():
    one, same, other = (make_tables(seed, villages=12, sites=3, years=4) for seed in (5, 5, 6))
    pd.testing.assert_frame_equal(one.enrolment, same.enrolment)
    pd.testing.assert_frame_equal(one.schools, same.schools)
    assert not one.enrolment["pupils"].equals(other.enrolment["pupils"])


def test_going_on_into_the_future_leaves_the_past_as_it_was():
    short, long = (make_tables(5, villages=12, sites=3, years=4, future=ahead) for ahead in (False, True))
    pd.testing.assert_frame_equal(short.enrolment, long.enrolment)
    pd.testing.assert_frame_equal(short.births, long.births)


def test_births_to_come_grow_by_stretches_of_past_growth_and_differ_between_seeds():
    paths = []
    for seed in range(40):
        years, expected = expected_births(load(seed, villages=145, sites=38, years=16, towns=None))
        growth = np.diff(np.log(expected.sum(axis=0)))
        past = growth[: 2024 - years[0]]
        ahead = growth[len(past) :]
        assert np.abs(ahead[:, None] - past).min(axis=1).max() < 1e-9
        paths.append(ahead)
    assert np.std(paths) == pytest.approx(past.std(), rel=0.1)
    assert np.mean(paths) == pytest.approx(past.mean(), abs=0.01)
    assert np.std(np.sum(paths, axis=1)) > 2 * past.std()


def test_habits_go_on_as_they_were_neither_calmer_nor_faster_in_the_mean():
    county = load(1, villages=145, sites=38, years=16, towns=None)
    before, after = [], []
    for seed in range(60):
        fall = np.diff(make_habits(replace(county, seed=seed)).fall, axis=1, prepend=0.0)
        before.append(fall[:, (YEARS > 2009) & (YEARS <= 2024)])
        after.append(fall[:, YEARS > 2024])
    before, after = np.array(before), np.array(after)
    assert after.mean() == pytest.approx(before.mean(), rel=0.08)
    assert after[:, :, :3].std() == pytest.approx(before.std(), rel=0.25)  # further on the pace bends as well
    assert after.std() < 1.5 * before.std()
    assert (after >= 0).all()


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), villages=st.integers(8, 40), sites=st.integers(2, 8), years=st.integers(1, 6))
def test_every_county_holds_together(seed, villages, sites, years):
    made = make_tables(seed, villages=villages, sites=sites, years=years)
    table = made.enrolment
    assert (table[["pupils", "boarders_m", "boarders_f", "sections"]] >= 0).all(axis=None)
    assert (table["boarders_m"] + table["boarders_f"] <= table["pupils"]).all()
    assert ((table["sections"] > 0) == (table["pupils"] > 0)).all()
    assert len(made.villages) == villages
    assert made.schools["kind"].isin(["primary", "teaching_point", "junior", "nine_year"]).sum() == sites
    assert table["school_year"].nunique() == years
    beds = made.schools.set_index("school_id")[["dorm_beds_m", "dorm_beds_f"]]
    slept = table.groupby(["school_id", "school_year"])[["boarders_m", "boarders_f"]].sum().reset_index("school_year")
    assert (slept["boarders_m"] <= beds.loc[slept.index, "dorm_beds_m"]).all()
    assert (slept["boarders_f"] <= beds.loc[slept.index, "dorm_beds_f"]).all()


def test_registered_births_are_the_drawn_children_and_monthly_for_ten_years(county):
    births, children = county.births, county.world.children
    yearly = births.groupby("year")["births"].sum()
    drawn = pd.Series(children.year).value_counts()
    assert yearly.to_dict() == drawn.reindex(yearly.index).to_dict()
    assert births.loc[births["year"] < MONTHLY_FROM, "month"].isna().all()
    assert (births[births["year"] >= MONTHLY_FROM].groupby(["township_code", "year"])["month"].nunique() == 12).all()


def test_registered_births_less_the_leavers_are_the_expected_births():
    cal = load(3, villages=145, sites=38, years=16, towns=None)
    children = make_tables(3).world.children
    stayed = pd.Series(~children.leaver).groupby(children.year).sum()
    assert stayed[2012] == 1274  # the calibration of the county for 2012
    assert round(sum(t.births[2012 - cal.first_birth_year] for t in cal.towns)) == 1274


def test_a_child_born_in_august_starts_a_year_before_one_born_in_september(county):
    children = county.world.children
    waits = pd.DataFrame({"month": children.month, "gap": children.entry - children.year})
    on_time = waits.groupby("month")["gap"].min()
    assert on_time.loc[1:8].tolist() == [6] * 8
    assert on_time.loc[9:12].tolist() == [7] * 4
    assert (school_year(children, 3) == children.entry).all()


def test_pupils_of_the_next_grade_are_those_who_moved_up_and_those_who_came(county):
    world, lives, last = county.world, county.lives, county.world.cal.base_year
    moves = count_transitions(world, lives, first=last - 1, last=last - 1)
    code = county.schools.set_index("school_id")["township_code"]
    pupils = county.enrolment.assign(township=county.enrolment["school_id"].map(code))
    for grade in range(1, 12):
        now = pupils[(pupils["school_year"] == last - 1) & (pupils["grade"] == grade)]
        then = pupils[(pupils["school_year"] == last) & (pupils["grade"] == grade + 1)]
        part = moves[moves["grade"] == grade]
        here, there = part["from_township"] != "outside", part["to_township"] != "outside"
        assert part.loc[here, "children"].sum() == now["pupils"].sum()
        assert part.loc[there, "children"].sum() == then["pupils"].sum()
        arrived = part.loc[~here & there, "children"].sum()
        assert then["pupils"].sum() <= now["pupils"].sum() + arrived


def test_flows_hold_every_child_once(county):
    world, year = county.world, county.world.cal.base_year
    flows = count_flows(world, county.lives, first=year, last=year, by="home_township_code")
    in_age = sum(int((school_year(world.children, i) == year).sum()) for i in range(15))
    assert flows["children"].sum() == in_age
    seated = flows[flows["attends"] != "outside"].groupby("attends")["children"].sum()
    base = county.enrolment[county.enrolment["school_year"] == year].groupby("school_id")["pupils"].sum()
    assert seated.to_dict() == base[base > 0].to_dict()


def test_progression_ratio_is_the_next_grade_over_this_one():
    moves = pd.DataFrame(
        [(2020, 1, "A", "A", 8), (2020, 1, "A", "B", 2), (2020, 1, "B", "B", 5), (2020, 1, "outside", "B", 1)],
        columns=["school_year", "grade", "from_township", "to_township", "children"],
    )
    ratios = progression(moves).set_index("township_code")["ratio"]
    assert ratios.to_dict() == {"A": 0.8, "B": 1.6}


def test_small_schools_have_exactly_the_size_they_are_given():
    made = make_tables(620724)
    base = made.enrolment[made.enrolment["school_year"] == 2024].groupby("school_id")["pupils"].sum()
    given_size = made.world.schools[made.world.schools["target"] >= 0].set_index("school_id")["target"]
    assert base[given_size.index].to_dict() == given_size.to_dict()


def test_village_schools_shrink_while_the_county_town_does_not():
    made = make_tables(620724)
    role = made.world.schools.set_index("school_id")["role"]
    in_town = made.world.schools.set_index("school_id")["town"] == 0
    table = made.enrolment[made.enrolment["grade"].between(1, 6)]
    total = table.groupby([table["school_id"].map(role), "school_year"])["pupils"].sum()
    assert total["local", 2024] < total["local", 2018] < total["local", 2009]
    town = table[table["school_id"].map(in_town)].groupby("school_year")["pupils"].sum()
    assert town[2024] >= 0.98 * town[2018]


def test_most_sections_keep_to_the_class_size():
    table = make_tables(620724).enrolment
    recent = table[(table["school_year"] >= 2018) & (table["pupils"] > 0)]
    assert (recent["pupils"] / recent["sections"] > 55).mean() < 0.02


@given(total=st.integers(0, 500), weights=st.lists(st.floats(0.01, 100), min_size=1, max_size=12))
def test_sharing_out_keeps_the_total_and_stays_within_one_of_the_exact_share(total, weights):
    shared = share_out(total, weights)
    exact = total * np.array(weights) / sum(weights)
    assert shared.sum() == total
    assert (np.abs(shared - exact) < 1 + 1e-9).all()


@given(values=st.lists(st.integers(1, 10**9 - 1), min_size=1, max_size=40, unique=True), wanted=st.integers(0, 50))
def test_the_threshold_lets_exactly_the_wanted_number_through(values, wanted):
    values = np.array(values) / 10**9
    limit = _threshold(values, wanted)
    assert sum(v < limit for v in values) == min(wanted, len(values))


def test_sections_are_joined_until_the_rooms_suffice():
    assert _fit_sections(np.array([46, 50, 90]), np.array([45, 45, 45]), 6).tolist() == [2, 2, 2]
    assert _fit_sections(np.array([46, 50, 90]), np.array([45, 45, 45]), 5).tolist() == [1, 2, 2]
    assert _fit_sections(np.array([46, 50, 90]), np.array([45, 45, 45]), 1).tolist() == [1, 1, 1]


def test_more_boarders_than_beds_become_day_pupils():
    boarders = np.array([[[30, 10]], [[3, 4]]])
    _cap_beds(boarders, np.array([20, 20]))
    assert boarders.tolist() == [[[15, 5]], [[3, 4]]]


def test_a_county_of_many_villages_keeps_its_children_and_fits_its_buildings():
    made = make_tables(1, villages=400, sites=60)
    assert len(made.villages) == 400
    assert made.villages["village_code"].is_unique
    base = made.enrolment[made.enrolment["school_year"] == 2024]
    assert 6500 < base.loc[base["grade"].between(1, 6), "pupils"].sum() < 7900


def test_weights_of_a_town_add_up_to_one(county):
    assert county.villages.groupby("township_code")["weight"].sum().round(3).eq(1).all()


@pytest.mark.parametrize("villages", [1, 5, 12])
def test_without_a_number_of_sites_a_small_county_takes_as_many_as_its_villages_bear(villages):
    made = make_tables(5, villages=villages, years=2)
    sites = made.schools["kind"].isin(["primary", "teaching_point", "junior", "nine_year"]).sum()
    assert 2 <= sites < 38


@pytest.mark.parametrize(("option", "value"), [("villages", 0), ("sites", 1), ("years", 40), ("towns", 12)])
def test_a_size_out_of_range_says_what_is_allowed(option, value):
    with pytest.raises(UsageError) as caught:
        make_tables(1, **{option: value})
    assert caught.value.code == "demo_size"
    assert str(value) in str(caught.value)
    assert option in str(caught.value)


def test_more_sites_than_villages_can_hold_are_refused():
    with pytest.raises(UsageError) as caught:
        make_tables(1, villages=4, sites=30)
    assert "--sites is 30" in str(caught.value)


def test_truth_goes_to_the_last_year_and_agrees_with_the_tables(county, tmp_path):
    write_truth(county, tmp_path)
    enrolment = pd.read_csv(tmp_path / "enrolment.csv", dtype={"school_id": "str"})
    assert (enrolment["school_year"].min(), enrolment["school_year"].max()) == (2025, 2040)
    births = pd.read_csv(tmp_path / "births.csv", dtype={"township_code": "str"})
    assert births["year"].max() == 2040
    assert (births["leavers"] <= births["births"]).all()
    again = count_enrolment(county.world, county.lives, first=2025, last=2040)
    assert enrolment["pupils"].tolist() == again["pupils"].tolist()
    assert {p.name for p in tmp_path.iterdir()} >= {"progression.csv", "flows.csv", "attendance.csv", "habits.csv"}


def test_the_command_writes_a_folder_and_says_what_it_wrote(tmp_path):
    lines = make_demo(tmp_path / "new", seed=3, villages=12, sites=3, years=4, truth=tmp_path / "truth")
    assert (tmp_path / "new" / "roads.gpkg").exists()
    assert (tmp_path / "truth" / "births.csv").exists()
    assert any("enrolment.csv" in line for line in lines)
