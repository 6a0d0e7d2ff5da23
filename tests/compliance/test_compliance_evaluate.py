"""All rules at once: what is checked, what is 未评 and what is 未定."""

from datetime import date

import pandas as pd

from layout_planner import compliance
from layout_planner.compliance.findings import COLUMNS
from layout_planner.contracts.schemas import check_table
from layout_planner.policy import CountyValue, load_catalogue

DAY = date(2025, 9, 1)
CATALOGUE = load_catalogue()
TRIPS = pd.DataFrame(
    {
        "subject_type": ["pair", "pair"],
        "subject_id": ["a>b", "c>b"],
        "subject_name": ["甲→乙", "丙→乙"],
        "village_name": ["甲村", "丙村"],
        "grade_band": ["1-3", "1-3"],
        "children": [3, 2],
        "minutes": [40.0, 20.0],
    }
)


def test_every_rule_of_the_catalogue_has_a_row():
    found = compliance.evaluate_today({"trips": TRIPS}, CATALOGUE, DAY)
    assert set(found["rule_id"]) == {rule.id for rule in CATALOGUE}
    check_table("findings", found)


def test_a_rule_without_its_table_says_what_is_missing():
    found = compliance.evaluate_today({"trips": TRIPS}, CATALOGUE, DAY).set_index("rule_id")
    assert found.loc["M07", ["outcome", "missing"]].tolist() == [
        "not_evaluated",
        "需：听证与征求意见记录（opinions.csv）",
    ]
    assert found.loc["M03", ["outcome", "missing"]].tolist() == ["unset", "未定：M03（本县认定“生源极少”的人数）"]
    assert found.loc["M01", "missing"] == "定义或事实，不作核验"


def test_a_param_the_county_has_set_is_no_longer_unset():
    signed = CountyValue(10, "县政府常务会议纪要", "张三", date(2025, 3, 1))
    county = CATALOGUE.with_county_values({"M03": signed})
    found = compliance.evaluate_today({}, county, DAY).set_index("rule_id")
    assert found.loc["M03", "outcome"] == "not_evaluated"


def test_a_rule_not_yet_in_force_is_not_evaluated_and_does_not_stop_the_run():
    found = compliance.evaluate_today({"trips": TRIPS}, CATALOGUE, date(2010, 3, 1))
    row = found.set_index("rule_id").loc["T01"]
    assert row[["outcome", "missing", "school_year"]].tolist() == ["not_evaluated", "该日没有生效的数值", 2009]


def test_the_broken_blocking_rules_stand_with_their_pair():
    closings = TRIPS.assign(must_keep=[True, False], must_keep_reason=["偏远", ""], affected=[3, 2])
    tables = {"trips": TRIPS, "closings": closings}
    found = compliance.evaluate(tables, CATALOGUE, DAY)
    assert sorted(found.loc[found["outcome"] == "fail", "rule_id"]) == ["M19", "T01"]
    assert set(found.loc[found["outcome"] == "fail", "subject_id"]) == {"a>b"}


def test_findings_of_the_pairs_count_as_evaluated():
    closings = TRIPS.assign(must_keep=[True, False], must_keep_reason=["偏远", ""], affected=[3, 2])
    pairs = compliance.evaluate({"closings": closings}, CATALOGUE, DAY)
    found = compliance.evaluate_today({"trips": TRIPS}, CATALOGUE, DAY, further=pairs)
    assert found[found["rule_id"] == "M19"]["outcome"].tolist() == ["fail", "pass"]
    check_table("findings", found)


def test_no_table_gives_no_findings():
    found = compliance.evaluate({}, CATALOGUE, DAY)
    assert list(found.columns) == list(COLUMNS)


def test_empty_tables_are_listed_as_not_evaluated():
    found = compliance.evaluate_today({"trips": TRIPS.head(0)}, CATALOGUE, DAY)
    assert found.set_index("rule_id").loc["T01", "outcome"] == "not_evaluated"
