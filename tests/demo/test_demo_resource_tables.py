"""Staff, money, assets and procedure of a simulated county agree with its pupils, sections, beds and buildings."""

import hashlib
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from layout_planner.contracts import check_rows, load_dictionary
from layout_planner.demo import make_tables
from layout_planner.demo.records.facts import idle_since, place_of
from layout_planner.demo.records.resources import resource_tables
from layout_planner.demo.records.staff import staff_plan
from layout_planner.policy import load_catalogue
from layout_planner.terms import ENUMS, STAGE_OF_GRADE
from tests.conftest import ROOT

NAMES = ("teachers", "finance", "ledger", "assets", "procedure", "opinions", "indicators")
STATES = ("stopped", "inventoried", "titled", "proposed", "approved", "transferred", "reused", "restored")


@pytest.fixture(scope="module")
def county():
    return make_tables(620724)


@pytest.fixture(scope="module")
def tables(county):
    return resource_tables(county)


@pytest.fixture(scope="module")
def base(county):
    rows = county.enrolment[county.enrolment["school_year"] == 2024]
    return rows.assign(
        stage=rows["grade"].map({g: str(s) for g, s in STAGE_OF_GRADE.items()}),
        boarders=rows["boarders_m"] + rows["boarders_f"],
        place=rows["school_id"].map(place_of(county.world.schools)),
    )


def with_place(tables, county):
    return tables["teachers"].assign(place=lambda t: t["school_id"].map(place_of(county.world.schools)))


# ---------------------------------------------------------------- staff


def test_staff_is_counted_school_by_school_as_planned(county, tables):
    plan = staff_plan(county)
    plan = plan[plan["school_year"] == 2024].melt(
        ["school_id", "stage"], ["teacher", "carer", "boarding", "other"], var_name="role", value_name="posts"
    )
    keys = ["school_id", "stage", "role"]
    planned = plan[plan["posts"] > 0].groupby(keys)["posts"].sum()
    pd.testing.assert_series_equal(tables["teachers"].groupby(keys)["posts"].sum(), planned)
    assert (tables["teachers"]["posts"] >= 1).all()


def test_county_totals_lie_near_the_ratios_of_the_rule(tables, base):
    rule = load_catalogue().rule("D01")
    staff = tables["teachers"].groupby("stage")["posts"].sum()
    ratio = base.groupby("stage")["pupils"].sum() / staff
    for stage in ("primary", "junior", "senior"):
        assert ratio[stage] == pytest.approx(rule.on(date(2024, 9, 1), stage), rel=0.1)


def test_small_schools_have_staff_over_the_ratio_and_no_teacher_of_music_or_art(county, tables, base):
    staff = with_place(tables, county)
    rural = staff[staff["place"].isin(["village", "point"])]
    pupils = base.groupby("school_id")["pupils"].sum()
    ratio = pupils[rural["school_id"].unique()] / rural.groupby("school_id")["posts"].sum()
    assert ratio.max() < load_catalogue().rule("D01").on(date(2024, 9, 1), "primary")
    assert not rural["subject"].isin(["music", "art", "it", "science"]).any()
    points = staff[staff["place"] == "point"]
    assert set(points["subject"]) == {"general"}


def test_a_teaching_point_with_three_pupils_in_two_sections_has_two_teachers(tables, base):
    here = base[base["school_id"] == "2199000008"]
    assert (here["pupils"].sum(), here["sections"].sum()) == (3, 2)
    assert tables["teachers"].loc[tables["teachers"]["school_id"] == "2199000008", "posts"].sum() == 2


def test_teachers_are_older_the_smaller_the_school(county, tables):
    staff = with_place(tables, county)
    primary = staff[(staff["stage"] == "primary") & (staff["role"] == "teacher")]
    old = primary[primary["age_band"].isin(["50-54", "55-59"])].groupby("place")["posts"].sum()
    share = old / primary.groupby("place")["posts"].sum()
    assert share["point"] > 0.5
    assert share["point"] > share["village"] > share["central"] > share["town"]


def test_every_kindergarten_section_has_two_teachers_and_mostly_a_carer(tables, base):
    staff = tables["teachers"][tables["teachers"]["stage"] == "pre"].groupby("role")["posts"].sum()
    sections = base.loc[base["stage"] == "pre", "sections"].sum()
    assert staff["teacher"] == 2 * sections
    assert 0.8 * sections < staff["carer"] <= sections


def test_boarding_staff_are_where_boarders_sleep(tables, base):
    slept = base.groupby(["school_id", "stage"])["boarders"].sum()
    posts = tables["teachers"].query("role == 'boarding'").groupby(["school_id", "stage"])["posts"].sum()
    assert set(posts.index) == set(slept[slept > 0].index)
    assert (slept[posts.index] / posts).max() < 75


# ---------------------------------------------------------------- money


def test_rates_follow_the_dated_quotas_of_the_catalogue(tables):
    rates = tables["finance"].set_index(["item", "stage", "year"])["value"]
    assert rates["public_funds", "primary"].loc[2020:2025].tolist() == [650, 650, 650, 720, 720, 720]
    assert rates["public_funds", "junior"].loc[2020:2025].tolist() == [850, 850, 850, 940, 940, 940]
    assert rates["boarding_aid", "junior"].loc[2020:2025].tolist() == [200, 200, 200, 300, 300, 300]
    assert rates["special_aid", "primary"].loc[2024:2025].tolist() == [6000, 7000]
    assert set(tables["finance"]["item"]) == set(ENUMS["finance_item"])


def test_public_funds_are_pupils_times_the_rate_and_a_small_rural_school_counts_as_the_line(county, tables):
    line = load_catalogue().rule("F01").on(date(2024, 12, 31))
    rates = tables["finance"].set_index(["item", "stage", "year"])["value"]
    owner = county.schools.set_index("school_id")["ownership"]
    place = place_of(county.world.schools)
    paid = tables["ledger"].query("ledger_item == 'public_funds'").set_index(["school_id", "year"])["yuan"]
    rows = county.enrolment[county.enrolment["school_year"] >= 2020]
    rows = rows.assign(stage=rows["grade"].map({g: str(s) for g, s in STAGE_OF_GRADE.items()}))
    seen = 0
    for (school, year), part in rows.groupby(["school_id", "school_year"]):
        by_stage = part.groupby("stage")["pupils"].sum()
        total = by_stage.sum()
        if owner[school] == "private" or total == 0:
            continue
        small = place[school] != "town" and not by_stage.index.isin(["pre", "senior"]).any() and total < line
        times = line / total if small else 1
        owed = sum(n * times * rates["public_funds", stage, year] for stage, n in by_stage.items())
        assert paid[school, year] == pytest.approx(owed, abs=0.005)
        seen += 1
    private = {s for s in owner.index if owner[s] == "private"}
    assert seen == len(paid[[s not in private for s in paid.index.get_level_values(0)]])
    assert paid["2199000010", 2024] == 72_000  # 17 pupils, paid for 100 at 720 yuan


def test_pay_is_posts_times_the_pay_of_a_post(county, tables):
    rates = tables["finance"].query("item == 'pay_per_post' and year == 2024").set_index("stage")["value"]
    owner = tables["teachers"]["school_id"].map(county.schools.set_index("school_id")["ownership"])
    staff = tables["teachers"][owner == "public"]
    owed = (staff["posts"] * staff["stage"].map(rates)).groupby(staff["school_id"]).sum()
    paid = tables["ledger"].query("ledger_item == 'pay' and year == 2024").set_index("school_id")["yuan"]
    pd.testing.assert_series_equal(paid.sort_index(), owed, check_names=False)


def test_boarding_aid_is_boarders_of_compulsory_schooling_times_the_rate(tables, base):
    rates = tables["finance"].query("item == 'boarding_aid' and year == 2024").set_index("stage")["value"]
    boarders = base[base["stage"].isin(rates.index)]
    owed = (boarders["boarders"] * boarders["stage"].map(rates)).groupby(boarders["school_id"]).sum()
    paid = tables["ledger"].query("ledger_item == 'boarding_aid' and year == 2024").set_index("school_id")["yuan"]
    pd.testing.assert_series_equal(paid.sort_index(), owed[owed > 0], check_names=False)


def test_a_private_kindergarten_is_paid_the_subsidy_only_if_it_is_inclusive(county, tables, base):
    private = county.schools[county.schools["ownership"] == "private"].set_index("school_id")["inclusive"]
    paid = tables["ledger"][tables["ledger"]["ledger_item"] != "fixed_assets"].query("year == 2024")
    paid = paid[paid["school_id"].isin(private.index)]
    assert sorted(private) == [False, True]
    assert set(paid["school_id"]) == {private.index[private.eq(True)][0]}
    assert set(paid["ledger_item"]) == {"public_funds"}
    pupils = base.loc[base["school_id"] == paid["school_id"].iloc[0], "pupils"].sum()
    assert paid["yuan"].tolist() == [600.0 * pupils]


def test_an_empty_school_costs_nothing_to_run(county, tables):
    empty = idle_since(county.enrolment)
    assert empty.to_dict() == {"2199000015": 2023, "2199000016": 2021}
    running = tables["ledger"][tables["ledger"]["ledger_item"] != "fixed_assets"]
    last = running[running["school_id"].isin(empty.index)].groupby("school_id")["year"].max()
    assert last.to_dict() == {"2199000015": 2022, "2199000016": 2020}


# ---------------------------------------------------------------- buildings and assets


def test_the_ledger_holds_every_asset_once_and_to_the_fen(tables):
    books = tables["ledger"].query("ledger_item == 'fixed_assets'").set_index("asset_id")["yuan"]
    register = tables["assets"].set_index("asset_id")["book_value_yuan"]
    pd.testing.assert_series_equal(books.sort_index(), register.sort_index(), check_names=False, check_exact=True)
    assert (register * 100).round(6).mod(1).eq(0).all()
    assert (register >= 1).all()


def test_buildings_add_up_to_the_building_area_of_the_school(county, tables):
    built = tables["assets"].query("asset_kind == 'building'").groupby("school_id")["area_m2"].sum()
    area = county.schools.set_index("school_id")["building_area_m2"]
    pd.testing.assert_series_equal(built, area.sort_index(), check_names=False)
    assert (area > county.schools.set_index("school_id")["teaching_area_m2"]).all()


def test_every_site_has_land_larger_than_its_grounds(county, tables):
    land = tables["assets"].query("asset_kind == 'land'").set_index("site_id")["area_m2"]
    sites = county.schools.groupby("site_id")["sports_area_m2"].sum()
    assert sorted(land.index) == sorted(sites.index)
    assert (land[sites.index] > sites).all()


def test_a_building_is_registered_only_on_land_of_the_state(tables):
    land = tables["assets"].query("asset_kind == 'land'").set_index("site_id")["land_title"]
    held = tables["assets"].query("asset_kind == 'building' and building_title == 'held'")
    assert len(held) > 20
    assert set(held["site_id"].map(land)) == {"state"}


def test_only_what_is_idle_has_left_the_state_in_use(tables, county):
    register = tables["assets"]
    idle = register["school_id"].isin(idle_since(county.enrolment).index)
    assert (register.loc[~idle, "asset_state"] == "in_use").all()
    assert register.loc[idle, "asset_state"].isin(STATES).all()
    assert (register["idle_since"].notna() == idle).all()
    assert set(register.loc[idle, "asset_kind"]) == {"land", "building", "equipment", "aid_project"}
    assert not register.loc[~idle, "safety_grade"].eq("D").any()


def test_moved_equipment_names_receiver_and_decision_and_the_decision_is_in_the_ledger(tables):
    moved = tables["assets"].query("asset_state == 'transferred'")
    assert len(moved) == 1
    assert moved["receiver"].iloc[0] == "骆驼城镇示例九年制学校01"
    case = tables["procedure"].query("case_kind == 'asset'")
    assert set(case["school_id"]) == set(moved["school_id"])
    approved = case.loc[case["step"] == "approve", "date"].iloc[0]
    assert approved > moved["idle_since"].iloc[0]


def test_the_planted_shortcomings_of_buildings_are_there_and_no_others(county, base):
    schools = county.schools.set_index("school_id")
    boarders = base.groupby("school_id")["boarders"].sum()
    rule = load_catalogue().rule("B04").on(date(2024, 9, 1))
    per_boarder = schools["dorm_area_m2"] / boarders.where(boarders > 0)
    assert (per_boarder < rule).sum() == 1
    room = schools["resource_room_m2"]
    assert room[(room > 0) & (room < load_catalogue().rule("S03").on(date(2024, 9, 1)))].tolist() == [48.0]
    large = schools[schools["kind"].isin(["primary", "junior", "nine_year"])].join(
        base.groupby("school_id")["sections"].sum()
    )
    none = large[(large["sections"] >= 12) & (large["music_rooms"] == 0) & (large["art_rooms"] == 0)]
    assert len(none) == 1
    rooms = schools[["music_rooms", "art_rooms"]].fillna(0).sum(axis=1) + (room > 0)
    assert (rooms <= schools["special_rooms"]).all()
    assert schools.loc[schools["inclusive"].eq(False), "ownership"].tolist() == ["private"]


def test_every_town_has_one_public_central_kindergarten(county):
    gardens = county.schools[county.schools["kind"].eq("kindergarten") & county.schools["central"].astype(bool)]
    assert gardens["township_code"].value_counts().tolist() == [1] * 9
    assert (gardens["ownership"] == "public").all()


# ---------------------------------------------------------------- procedure


def closings(tables):
    rows = tables["procedure"].query("case_kind == 'closing'")
    return dict(list(rows.groupby("case_id")))


def test_the_complete_case_has_every_step_in_order_and_every_party(county, tables):
    steps = closings(tables)["CB202401"]
    wanted = ["draft", "appraisal", "opinion", "hearing", "notice", "risk", "submit", "approve", "file", "transition", "done"]  # fmt: skip  # noqa: E501
    assert list(dict.fromkeys(steps["step"])) == wanted
    ends = steps["date_end"].fillna(steps["date"])
    assert steps["date"].is_monotonic_increasing
    assert (ends.to_numpy()[:-1] <= steps["date"].to_numpy()[1:]).all()
    assert steps.loc[steps["step"] == "approve", "level"].tolist() == ["county", "prefecture", "province"]
    assert set(steps["school_id"]) <= set(idle_since(county.enrolment).index)
    heard = tables["opinions"].query("case_id == 'CB202401'")
    assert set(heard["party"]) == {"parents", "staff", "village", "township", "delegates"}
    assert (2 * heard["oppose"] < heard["asked"]).all()


def test_one_case_each_is_out_of_order_opposed_and_without_a_party(tables):
    first = tables["procedure"].groupby(["case_id", "step"])["date"].min()
    assert first["CB202402", "notice"] < first["CB202402", "appraisal"]
    assert first["CB202502", "draft"] < first["CB202502", "appraisal"] < first["CB202502", "notice"]
    votes = tables["opinions"].assign(share=lambda t: t["oppose"] / t["asked"])
    parents = votes[votes["party"] == "parents"].set_index("case_id")["share"]
    assert parents[parents > 0.5].index.tolist() == ["CB202501"]
    heard = tables["opinions"].groupby("case_id")["party"].agg(set)
    missing = {c for c, parties in heard.items() if c.startswith("CB") and not {"parents", "staff", "village", "township"} <= parties}  # fmt: skip  # noqa: E501
    assert missing == {"CB202502"}


def test_the_layout_plan_is_under_way_and_last_years_report_is_filed(tables):
    steps = tables["procedure"].groupby("case_kind")["step"].agg(set)
    assert steps["layout_plan"] == {"draft", "appraisal", "opinion", "notice"}
    report = tables["procedure"].query("case_id == 'JC202401'")
    assert report["step"].tolist() == ["draft", "submit", "file"]


def test_dates_lie_before_2026_and_documents_cannot_be_taken_for_real_ones(tables):
    both = pd.concat([tables["procedure"], tables["opinions"]])
    assert both["date"].max() < "2026"
    assert tables["procedure"]["date_end"].dropna().max() < "2026"
    assert both["doc_no"].str.startswith("模拟").all()
    row = tables["procedure"].iloc[0]
    text = f"模拟文件 {row['case_id']} {row['step']} {row['level']}"
    assert row["file_sha256"] == hashlib.sha256(text.encode()).hexdigest()


def test_residents_are_those_of_the_census(tables):
    row = tables["indicators"].query("indicator == 'resident_population'").iloc[0]
    assert (row["year"], row["value"], bool(row["synthetic"])) == (2020, 125705, True)
    assert "普查" in row["source"]
    assert "真实" in row["basis"]
    assert set(tables["indicators"]["indicator"]) == set(ENUMS["indicator"])  # fmt: skip


def test_the_readme_of_the_data_counts_the_rows_as_they_are(tables):
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    for name in NAMES:
        assert f"| `{load_dictionary().tables[name].file}` | {len(tables[name])} |" in text
    assert f"共 {tables['teachers']['posts'].sum():,} 人" in text


# ---------------------------------------------------------------- every size


def test_staff_who_teach_no_subject_are_read_as_such_and_not_as_a_blank():
    spec = load_dictionary().tables["teachers"]
    row = {"school_id": "2199000001", "stage": "pre", "role": "carer", "subject": "none", "age_band": "30-34", "degree": "below", "backbone": "false", "posts": "2"}  # fmt: skip  # noqa: E501
    good, bad = check_rows(spec, [row, row | {"subject": "-"}], file="teachers.csv")
    assert [r["subject"] for r in good] == ["none"]
    assert [(p.code, p.row) for p in bad] == [("value_missing", 3)]


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), villages=st.integers(9, 60), sites=st.integers(2, 9), years=st.integers(1, 7))
@example(seed=1, villages=1, sites=2, years=1)
@example(seed=2, villages=400, sites=60, years=5)
def test_every_county_keeps_its_accounts(seed, villages, sites, years):
    county = make_tables(seed, villages=villages, sites=sites, years=years)
    made = resource_tables(county)
    assert set(made) == set(NAMES)
    for name, rows in made.items():
        spec = load_dictionary().tables[name]
        records = rows.astype(object).where(rows.notna(), None).to_dict("records")
        assert check_rows(spec, records, file=spec.file)[1] == []
        assert not rows.duplicated(list(spec.key)).any()
        assert rows["synthetic"].all()
        assert rows["basis"].str.contains("模拟").all()
    books = made["ledger"].query("ledger_item == 'fixed_assets'")
    assert books["yuan"].sum() == pytest.approx(made["assets"]["book_value_yuan"].sum(), abs=0.004)
    assert set(made["assets"]["site_id"]) == set(county.schools["site_id"])
    plan = staff_plan(county)
    assert (plan.loc[plan["pupils"] > 0, "teacher"] >= plan.loc[plan["pupils"] > 0, "sections"]).all()
    votes = made["opinions"][["support", "oppose", "abstain"]].sum(axis=1)
    np.testing.assert_array_equal(votes, made["opinions"]["asked"])
    register = set(county.schools["school_id"])
    assert all(set(rows["school_id"].dropna()) <= register for rows in made.values() if "school_id" in rows)


def test_the_same_seed_makes_the_same_tables():
    one, same, other = (resource_tables(make_tables(seed, villages=12, sites=3, years=4)) for seed in (5, 5, 6))
    for name in NAMES:
        pd.testing.assert_frame_equal(one[name], same[name])
    assert not one["assets"]["book_value_yuan"].equals(other["assets"]["book_value_yuan"])
