"""Resource rooms and idle assets, by hand."""

import pandas as pd
import pytest

from layout_planner.compliance import assets, special
from tests.compliance.case_tables import CATALOGUE, DAY, NAN, set_by_county, told

SCHOOL = {"subject_type": "school", "subject_id": "s1", "subject_name": "甲校"}


def one(**cells):
    return pd.DataFrame([{**SCHOOL, **cells}])


@pytest.mark.parametrize(
    ("pupils", "room", "shared", "outcome"),
    [
        (5, 0, 1, "fail"),
        (5, 60, 0, "pass"),
        (5, NAN, 1, "not_evaluated"),
        (4, 0, 1, "pass"),
        (4, 0, 0, "not_evaluated"),
        (4, NAN, NAN, "not_evaluated"),
    ],
)
def test_five_pupils_with_disabilities_need_a_room_and_fewer_share_one(pupils, room, shared, outcome):
    rows = one(pupils=pupils, room_m2=room, shared=shared)
    assert told(special.check_resource_room(rows, CATALOGUE.rule("S01"), DAY), "observed") == [[outcome, pupils]]


@pytest.mark.parametrize(
    ("room", "outcome", "affected"), [(60, "fail", 6.0), (0, "pass", 0.0), (NAN, "not_evaluated", 0.0)]
)
def test_a_school_with_a_resource_room_is_not_closed(room, outcome, affected):
    found = special.check_room_not_closed(one(room_m2=room, special_pupils=6), CATALOGUE.rule("S02"), DAY)
    assert told(found, "affected") == [[outcome, affected]]


def test_a_small_room_fails_and_the_floor_is_only_told():
    rows = pd.concat([one(room_m2=48, floor=1), one(room_m2=60, floor=2).assign(subject_id="s2")])
    found = special.check_room_area(rows, CATALOGUE.rule("S03"), DAY)
    assert told(found, "observed", "names") == [["fail", 48.0, ""], ["pass", 60.0, "设在 2 层（宜在底层）"]]


def test_a_county_of_two_hundred_thousand_is_bound_and_unknown():
    for people, outcome in ((125705, "pass"), (200000, "not_evaluated"), (NAN, "not_evaluated")):
        found = special.check_special_school(one(people=people, year=2020), CATALOGUE.rule("S04"), DAY)
        assert told(found) == [[outcome]]


def asset(**cells):
    usual = {
        "name": "教学楼", "asset_kind": "building", "asset_state": "stopped", "use_now": "空置", "receiver": None,
        "doc_no": None, "building_title": "none", "book_value_yuan": 90000.0, "income_yuan": NAN, "is_open": False,
        "recorded": True, "approved_on": pd.NaT, "approved_above": False, "plan_on": pd.NaT, "reopening": False,
    }  # fmt: skip
    return one(**{**usual, **cells}).assign(
        approved_on=pd.Timestamp(cells.get("approved_on", pd.NaT)), plan_on=pd.Timestamp(cells.get("plan_on", pd.NaT))
    )


APPROVED = {"asset_state": "reused", "approved_on": "2025-05-20"}


@pytest.mark.parametrize(
    ("cells", "outcome"),
    [
        ({}, "pass"),
        ({"use_now": "改办幼儿园", "asset_state": "reused"}, "pass"),
        ({"use_now": "村文化活动室"}, "pass"),
        ({"use_now": "堆放农具"}, "fail"),
        ({"use_now": None}, "not_evaluated"),
    ],
)
def test_idle_buildings_serve_education_and_the_public_first(cells, outcome):
    assert told(assets.check_education_first(asset(**cells), CATALOGUE.rule("L01"), DAY)) == [[outcome]]


@pytest.mark.parametrize(
    ("cells", "outcome"),
    [
        ({}, "pass"),
        ({**APPROVED, "plan_on": "2025-01-01"}, "pass"),
        ({**APPROVED, "plan_on": "2025-06-01"}, "fail"),
        (APPROVED, "fail"),
        ({"asset_state": "reused", "plan_on": "2025-01-01"}, "not_evaluated"),
        ({**APPROVED, "plan_on": "2025-01-01", "reopening": True}, "fail"),
        ({**APPROVED, "recorded": False}, "not_evaluated"),
        ({**APPROVED, "asset_kind": "equipment"}, "pass"),
    ],
)
def test_a_site_is_disposed_of_after_the_plan_and_not_when_it_reopens(cells, outcome):
    assert told(assets.check_plan_before_disposal(asset(**cells), CATALOGUE.rule("L02"), DAY)) == [[outcome]]


@pytest.mark.parametrize(
    ("cells", "outcome"),
    [
        ({}, "pass"),
        (APPROVED, "pass"),
        ({"asset_state": "transferred"}, "fail"),
        ({"asset_state": "transferred", "recorded": False}, "not_evaluated"),
        ({"asset_state": "inventoried", "use_now": "村委会堆放农具"}, "fail"),
        ({"use_now": None}, "not_evaluated"),
    ],
)
def test_nothing_is_handed_over_or_occupied_without_approval(cells, outcome):
    assert told(assets.check_disposal_approved(asset(**cells), CATALOGUE.rule("L03"), DAY)) == [[outcome]]


@pytest.mark.parametrize(
    ("cells", "outcome"),
    [
        ({}, "pass"),
        ({**APPROVED, "book_value_yuan": 500000.0}, "pass"),
        ({**APPROVED, "book_value_yuan": 500001.0}, "fail"),
        ({**APPROVED, "book_value_yuan": 500001.0, "approved_above": True}, "pass"),
        ({**APPROVED, "book_value_yuan": NAN}, "not_evaluated"),
    ],
)
def test_what_is_worth_more_than_the_countys_band_is_approved_above(cells, outcome):
    found = assets.check_value_band(asset(**cells), set_by_county("L05", 500000), DAY)
    assert told(found) == [[outcome]]


def test_assets_of_a_school_in_operation_are_outside_the_procedure():
    rows = asset(is_open=True, use_now="堆放农具", asset_state="transferred")
    for name, check in (("L01", assets.check_education_first), ("L03", assets.check_disposal_approved)):
        assert check(rows, CATALOGUE.rule(name), DAY).empty


def test_an_aid_project_needs_every_paper_and_says_which_is_missing():
    rule = CATALOGUE.rule("L07")
    papers = {"asset_state": "titled", "doc_no": "1", "receiver": "村委会", "use_now": "教学", "income_yuan": 0.0}
    assert told(assets.check_aid_projects(asset(asset_kind="aid_project", **papers), rule, DAY)) == [["pass"]]
    for name, word in (("receiver", "接收单位"), ("doc_no", "文号"), ("income_yuan", "收益")):
        found = assets.check_aid_projects(asset(asset_kind="aid_project", **{**papers, name: None}), rule, DAY)
        assert told(found) == [["not_evaluated"]] and word in found["missing"].iloc[0]
    disputed = asset(asset_kind="aid_project", **{**papers, "building_title": "disputed"})
    assert told(assets.check_aid_projects(disputed, rule, DAY), "names") == [["fail", "教学楼：权属有争议"]]
    assert assets.check_aid_projects(asset(), rule, DAY).empty
