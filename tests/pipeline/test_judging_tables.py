"""The county folder as the checks read it: planted cases come out, and what the county does not tell never passes."""

from dataclasses import replace

import pandas as pd
import pytest

from layout_planner.compliance import evaluate_today
from layout_planner.contracts import check_table
from layout_planner.pipeline.demand import attendance_of, travel_of
from layout_planner.pipeline.judging import assets, demand, merging, special, travel, zones
from layout_planner.pipeline.judging.today import today_of
from layout_planner.pipeline.judging.zones import place_of
from layout_planner.pipeline.ledger import Ledger
from layout_planner.pipeline.setup import RunOptions, set_up
from tests.conftest import ROOT

MINE = tuple("MATLS")
FAMILIES = (merging, travel, zones, demand, special, assets)
TABLES = ("procedure", "opinions", "zones", "trips", "special_pupils", "residents", "indicators", "assets", "ledger")


@pytest.fixture(scope="module")
def demo():
    setup = set_up(ROOT / "data", RunOptions())
    attendance = attendance_of(setup, travel_of(setup), Ledger())
    return setup, attendance


def judged(demo, *without):
    setup, attendance = demo
    more = {name: table for name, table in setup.county.more.items() if name not in without}
    setup = replace(setup, county=replace(setup.county, more=more))
    today = today_of(setup, attendance)
    tables = {name: table for family in FAMILIES for name, table in family.tables_of(today).items()}
    found = evaluate_today(tables, setup.catalogue, setup.day)
    return check_table("findings", found[found["rule_id"].str.startswith(MINE)])


@pytest.fixture(scope="module")
def found(demo):
    return judged(demo)


def outcomes(found, rule_id):
    return found[found["rule_id"] == rule_id]["outcome"].value_counts().to_dict()


def passed(found):
    rows = found[found["outcome"] == "pass"]
    return set(zip(rows["rule_id"], rows["subject_id"], rows["stage"], rows["grade_band"], strict=True))


def test_the_planted_cases_of_procedure_come_out(found):
    assert outcomes(found, "M05")["fail"] == 1
    assert outcomes(found, "M06")["fail"] == 1
    assert outcomes(found, "M07")["fail"] == 1
    assert outcomes(found, "M05")["pass"] >= 1
    opposed = found[(found["rule_id"] == "M07") & (found["outcome"] == "fail")].iloc[0]
    assert opposed["observed"] > opposed["limit"] and opposed["affected"] > 0 and "占应答" in opposed["names"]


def test_zones_rooms_reports_and_idle_assets_are_decided(found):
    assert outcomes(found, "A05") == {"pass": 18, "not_evaluated": 1}
    assert outcomes(found, "A07") == {"pass": 1}
    assert outcomes(found, "S03")["fail"] == 1 and outcomes(found, "S04") == {"pass": 1}
    assert outcomes(found, "L03") == {"fail": 1, "pass": 1}
    assert set(outcomes(found, "T08")) <= {"pass", "fail"}


def test_rules_left_to_the_county_stay_unset(found):
    unset = set(found.loc[found["outcome"] == "unset", "rule_id"])
    assert unset == {"M03", "M04", "M15", "M18", "T05", "T06", "L05", "S05"}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_is_not_there_makes_nothing_pass(demo, found, name):
    assert passed(judged(demo, name)) <= passed(found)


def test_without_any_further_table_every_rule_still_has_a_row(demo, found):
    bare = judged(demo, *demo[0].county.more)
    assert set(bare["rule_id"]) == set(found["rule_id"])
    open_rules = {"M05", "M06", "M07", "M13", "M16", "A05", "A07", "T07", "T08", "S01", "L03"}
    assert set(bare.loc[bare["rule_id"].isin(open_rules), "outcome"]) == {"not_evaluated"}
    assert (bare.loc[bare["outcome"] == "not_evaluated", "missing"] != "").all()


def test_whatever_is_not_evaluated_says_what_is_missing(found):
    rows = found[found["outcome"].isin(["not_evaluated", "unset"])]
    assert rows[rows["missing"] == ""].empty
    assert found.loc[found["outcome"] == "pass", "missing"].eq("").all()


@pytest.mark.parametrize(
    ("township", "given", "place"),
    [
        ("620724100", "121", "county_town"),
        ("620724001", "111", "county_town"),
        ("620724105", "121", "other"),
        ("620724105", "220", "rural"),
        ("620724100", "220", "rural"),
        ("620724100", None, None),
    ],
)
def test_the_county_town_is_told_from_other_towns(township, given, place):
    assert place_of(pd.Series({"township_code": township, "urban_rural": given})) == place
