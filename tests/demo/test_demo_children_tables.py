"""The tables of children agree with the simulation to the child: attendance, zones, trips, events, groups, residents."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.attendance import flows
from layout_planner.contracts import check_rows, load_dictionary
from layout_planner.demo import make_county, make_tables, write_county, write_truth
from layout_planner.demo.counts import count_flows
from layout_planner.demo.records import true_residents
from layout_planner.io.text import read_records
from layout_planner.policy import load_parameters, parameter_values
from layout_planner.terms import BAND_OF_GRADE
from layout_planner.travel import build_network, travel_minutes

NAMES = ("zones", "attendance", "trips", "events", "groups", "special_pupils", "residents")
BANDS = {grade: str(band) for grade, band in BAND_OF_GRADE.items()}
PAIR = ["school_id", "grade_band"]


@pytest.fixture(scope="module")
def county():
    return make_county(620724)


@pytest.fixture(scope="module")
def small():
    return make_county(11, villages=12, sites=3)


def base_pupils(county, keys):
    rows = county.enrolment[county.enrolment["school_year"] == county.world.cal.base_year]
    rows = rows.assign(grade_band=rows["grade"].map(BANDS))
    return rows.groupby(keys)["pupils"].sum().loc[lambda pupils: pupils > 0]


def holds_together(county):
    """Everything that must be true of the tables of any simulated county."""
    more, villages = county.more, county.villages
    pupils = base_pupils(county, PAIR)
    attendance = more["attendance"]
    assert attendance.groupby(PAIR)["pupils"].sum().to_dict() == pupils.to_dict()
    assert (attendance["pupils"] > 0).all()
    groups = more["groups"].pivot_table(index=PAIR, columns="group", values="pupils")
    assert groups.index.tolist() == pupils.index.tolist()
    assert groups.le(pupils, axis=0).all(axis=None)
    assert (groups["migrant"] + groups["left_behind"] <= pupils).all()
    home = attendance["village_code"].map(villages.set_index("village_code")["township_code"])
    gate = attendance["school_id"].map(county.schools.set_index("school_id")["township_code"])
    strangers = attendance[home != gate].groupby(PAIR)["pupils"].sum().reindex(pupils.index, fill_value=0)
    assert (groups["migrant"] <= strangers).all()
    special_fits(county, groups)
    zones_cover(county)
    residents_agree(county)


def special_fits(county, groups):
    table = county.more.get("special_pupils")
    if table is None:
        return
    inside = table[table["setting"] == "inclusive"]
    assert table.loc[table["setting"] != "inclusive", "school_id"].isna().all()
    assert table["pupil_code"].is_unique
    seated = inside.groupby(["school_id", "grade"]).size()
    taught = base_pupils(county, ["school_id", "grade"])
    assert (seated <= taught.reindex(seated.index)).all()  # missing where nobody sits: not true
    counted = inside.assign(grade_band=inside["grade"].map(BANDS)).groupby(PAIR).size()
    assert counted.to_dict() == groups["disabled"].loc[lambda n: n > 0].to_dict()
    lives_there = county.more["attendance"].set_index(["village_code", "school_id"]).index
    assert pd.MultiIndex.from_frame(inside[["village_code", "school_id"]]).isin(lives_there).all()


def zones_cover(county):
    zones = county.more["zones"]
    span = county.schools.set_index("school_id")[["grade_low", "grade_high"]]
    wanted = {"primary": (1, 6), "junior": (7, 9)}
    for stage, rows in zones.groupby("stage"):
        assert rows["village_code"].tolist() == county.villages["village_code"].tolist()
        assert (span.loc[rows["school_id"], "grade_low"] <= wanted[stage][0]).all()
        assert (span.loc[rows["school_id"], "grade_high"] >= wanted[stage][1]).all()
    assert set(zones["stage"]) == set(wanted)


def residents_agree(county):
    table = county.more["residents"].set_index(["township_code", "age"])
    true = true_residents(county.world, county.lives).set_index(["township_code", "age"])
    counts = ["registered", "away", "incoming", "resident", "enrolled", "enrolled_outside", "not_enrolled"]
    assert (true["registered"] - true["away"] + true["incoming"] == true["resident"]).all()
    assert (true[counts[4:]].sum(axis=1) == true["resident"]).all()
    assert (true[counts] >= 0).all(axis=None)
    assert (table[counts] >= 0).all(axis=None)
    off = (table[counts] != true[counts]).any(axis=1)
    assert (off == table["explanation"].notna()).all()
    assert (table["resident"] == true["resident"]).all()  # villages.csv counts the same children
    for column, (low, high) in {"children_3_5": (3, 5), "children_6_11": (6, 11), "children_12_14": (12, 14)}.items():
        by_town = county.villages.groupby("township_code")[column].sum()
        of_age = true["resident"].loc[true.index.get_level_values("age").isin(range(low, high + 1))]
        assert of_age.groupby("township_code").sum().to_dict() == by_town.to_dict()


def test_the_tables_of_the_full_county_agree_to_the_child(county):
    holds_together(county)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000), villages=st.integers(6, 50), sites=st.integers(2, 12))
def test_the_tables_agree_for_every_seed_and_size(seed, villages, sites):
    holds_together(make_county(seed, villages=villages, sites=min(sites, 3 * villages), years=3))


def test_a_county_of_many_villages_has_every_table():
    made = make_county(1, villages=400, sites=60, years=2)
    assert set(NAMES) <= set(made.more)
    holds_together(made)


def test_the_pupils_of_the_residents_are_those_of_the_schools_but_for_the_oldest(county):
    true = true_residents(county.world, county.lives)
    pupils = base_pupils(county, "grade")
    older = int(pupils.sum() - true["enrolled"].sum())
    assert 0 < older < 0.03 * pupils[12]  # who entered a year late is 18 in the last grade
    assert true.loc[true["age"] < 3, "enrolled"].sum() == 0


def test_attendance_is_the_true_flow_of_the_simulation(county):
    year = county.world.cal.base_year
    true = count_flows(county.world, county.lives, first=year, last=year, by="village_code")
    true = true[true["attends"] != "outside"].set_index(["village_code", "attends", "grade_band"])["children"]
    written = county.more["attendance"].set_index(["village_code", "school_id", "grade_band"])["pupils"]
    assert written.to_dict() == true.to_dict()


def test_the_share_of_a_town_that_attends_in_the_county_town_is_the_calibrated_one(county):
    rows = county.more["attendance"].query("grade_band in ['1-3', '4-6']")
    table = rows.rename(columns={"school_id": "attends", "pupils": "children"})
    by_town = flows(table, county.villages)
    town = county.schools.set_index("school_id")["township_code"]
    in_town = by_town[by_town["attends"].map(town) == "620724100"].groupby("home_township_code")["children"].sum()
    share = in_town / by_town.groupby("home_township_code")["children"].sum()
    assert share["620724103"] == pytest.approx(0.45, abs=0.005)  # 巷道
    assert share["620724108"] == pytest.approx(0.12, abs=0.005)  # 罗城


def test_planted_differences_are_few_large_and_signed(county):
    table = county.more["residents"]
    planted = table[table["explanation"].notna()]
    assert 3 <= len(planted) <= 5
    register = planted["registered"] - planted["away"] + planted["incoming"] - planted["resident"]
    school = planted["enrolled"] + planted["enrolled_outside"] + planted["not_enrolled"] - planted["resident"]
    assert ((register != 0) | (school != 0)).all()
    assert ((register.abs() + school.abs()) >= 0.05 * planted["resident"]).all()
    assert planted["explanation"].str.contains("县公安局|县教育局|镇人民政府").all()
    assert planted["township_code"].is_unique


def test_events_have_both_signs_and_every_mover_leaves_where_it_came_from(county):
    events = county.more["events"]
    assert set(events["event_kind"]) == {"housing", "relocation", "returnees"}
    moved = events[events["event_kind"] != "returnees"].groupby("event_kind")["size"]
    assert (moved.max() > 0).all()
    assert moved.sum()["relocation"] == 0
    assert moved.sum()["housing"] == 0
    assert (events.loc[events["event_kind"] == "returnees", "size"] > 0).all()
    came = true_residents(county.world, county.lives).groupby("township_code")["incoming"].sum()
    arrived = events[(events["size"] > 0) & (events["event_kind"] != "returnees")]
    assert (arrived["size"].to_numpy() <= came[arrived["township_code"]].to_numpy()).all()


def test_trips_are_those_of_the_road_engine_within_the_noise_of_a_watch(county):
    plane, assumptions = 4542, parameter_values(load_parameters(), {})
    villages = gpd.GeoDataFrame(
        county.villages, geometry=gpd.points_from_xy(county.villages["lon"], county.villages["lat"]), crs=4490
    ).to_crs(plane)
    network = build_network(county.roads.to_crs(plane), assumptions)
    table = travel_minutes(network, villages, county.schools.to_crs(plane), assumptions, 240.0)
    keys = ["village_code", "school_id", "mode", "case"]
    pace = table[(table["grade_band"] == "1-3") | ((table["mode"] == "escort") & (table["grade_band"] == "7-9"))]
    both = (
        county.more["trips"]
        .merge(pace[[*keys, "minutes"]], on=keys, suffixes=("", "_engine"))
        .dropna(subset="minutes_engine")
    )
    assert len(both) > 80
    assert ((both["minutes"] - both["minutes_engine"]).abs() <= 0.13 * both["minutes_engine"] + 1.5).all()
    assert abs((both["minutes"] / both["minutes_engine"]).median() - 1) < 0.03


def test_trips_are_sixty_to_a_hundred_pairs_of_every_mode_and_case_with_an_unsafe_route(county):
    trips = county.more["trips"]
    pairs = trips[["village_code", "school_id"]].drop_duplicates()
    assert 60 <= len(pairs) <= 100
    assert set(trips["mode"]) == {"walk", "escort", "bus"}
    assert (trips.groupby(["village_code", "school_id", "mode"])["case"].nunique() == 2).all()
    used = pd.concat([county.more[name][["village_code", "school_id"]] for name in ("attendance", "zones")])
    assert pairs.apply(tuple, axis=1).isin(set(used.itertuples(index=False, name=None))).all()
    safe = trips["safe"]
    assert safe.isna().any()
    assert safe.eq(True).any()
    assert trips.loc[safe.eq(False).fillna(False), "school_id"].nunique() >= 1
    assert trips["provider"].str.len().gt(0).all()


@pytest.mark.parametrize("name", NAMES)
def test_every_row_keeps_to_the_dictionary_and_says_it_is_simulated(small, tmp_path, name):
    write_county(small, tmp_path)
    spec = load_dictionary().tables[name]
    header, records = read_records(tmp_path / spec.file)
    assert header == [c.name for c in spec.columns if c.name in header]
    good, bad = check_rows(spec, records, file=spec.file, first_row=2)
    assert bad == []
    assert len(good) == len(small.more[name])
    assert not small.more[name].duplicated([k for k in spec.key if k in header]).any()
    assert small.more[name]["synthetic"].all()
    assert small.more[name]["basis"].str.contains("模拟").all()


def test_the_future_does_not_change_what_is_written(small):
    ahead = make_county(11, villages=12, sites=3, future=True)
    for name in NAMES:
        pd.testing.assert_frame_equal(ahead.more[name], small.more[name])
    pd.testing.assert_frame_equal(ahead.villages, small.villages)


def test_village_children_are_counted_without_map_layers_too():
    made = make_tables(3, villages=20, sites=4, years=2)
    assert made.more == {}
    assert (made.villages["children_6_11"] > 0).all()


def test_the_truth_has_the_three_counts_without_the_planted_differences(county, tmp_path):
    ahead = make_county(620724, future=True)
    write_truth(ahead, tmp_path)
    true = pd.read_csv(tmp_path / "residents.csv", dtype={"township_code": "str"})
    assert "explanation" not in true
    assert (true["registered"] - true["away"] + true["incoming"] == true["resident"]).all()
    written = county.more["residents"]
    apart = (written["registered"] != true["registered"]) | (written["enrolled"] != true["enrolled"])
    assert 1 <= apart.sum() <= 5
    flows_by_year = pd.read_csv(tmp_path / "flows.csv", dtype="str")
    assert set(flows_by_year["school_year"].astype(int)) == set(range(2009, 2041))
    assert np.isin([2009, 2039], pd.read_csv(tmp_path / "progression.csv")["school_year"]).all()


def test_no_code_of_a_pupil_tells_where_it_lives(county):
    table = county.more["special_pupils"]
    assert table["pupil_code"].str.fullmatch(r"T[0-9]{4}").all()
    order = table["village_code"].rank(method="dense").reset_index(drop=True)
    assert abs(order.corr(pd.Series(range(len(order)), dtype=float), method="spearman")) < 0.3
    assert {"inclusive", "home_visit", "special_school"} == set(table["setting"])


def test_the_committed_readme_prints_the_rows_of_every_table_and_the_measured_pairs(county):
    text = (Path(__file__).parents[2] / "data" / "README.md").read_text(encoding="utf-8")
    for name in NAMES:
        assert f"| `{load_dictionary().tables[name].file}` | {len(county.more[name])} |" in text
    assert f"{len(county.more['trips'][['village_code', 'school_id']].drop_duplicates())} 对村校" in text
    assert f"共 {county.more['residents']['explanation'].notna().sum()} 处" in text
