"""Plans are checked against the register and against themselves, all defects at once."""

import json
import tomllib
from pathlib import Path

import pandas as pd
import pytest

from layout_planner.errors import DefectsError
from layout_planner.scenario import STATUS_QUO, Action, decisions_table, parse_plan
from tests.scenario.toy import BASE_YEAR, A, B, C, E, schools


def decision(**changes):
    return {"school_id": A, "year": 2027, "action": "merge", "receivers": [B], "reason": "理由", **changes}


def parse(*decisions, register=None, name="方案一"):
    register = schools() if register is None else register
    return parse_plan({"name": name, "title": "标题", "decision": list(decisions)}, register, BASE_YEAR)


def codes(*decisions, **options):
    with pytest.raises(DefectsError) as caught:
        parse(*decisions, **options)
    for problem in caught.value.problems:
        assert problem.sentence("zh") and problem.sentence("en")
    return [(problem.row, problem.code) for problem in caught.value.problems]


def test_a_good_plan_is_sorted_by_year():
    plan = parse(decision(year=2029), decision(school_id=E, year=2028, action="mothball", receivers=[]))
    assert [d.year for d in plan.decisions] == [2028, 2029]
    assert plan.decisions[1].action is Action.MERGE and plan.decisions[1].receivers == (B,)


def test_the_status_quo_decides_nothing_and_its_name_is_taken():
    assert (STATUS_QUO.name, STATUS_QUO.decisions) == ("现状", ())
    assert codes(name="现状") == [(None, "plan_name")]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"school_id": "9900000099"}, "plan_school"),
        ({"year": BASE_YEAR}, "plan_year"),
        ({"year": "2027"}, "plan_year"),
        ({"action": "close"}, "plan_action"),
        ({"receivers": ["9900000099"]}, "plan_receiver"),
        ({"receivers": [A]}, "plan_receiver"),
        ({"receivers": []}, "plan_receiver"),
        ({"seats": 45}, "plan_seats"),
        ({"action": "expand", "receivers": []}, "plan_seats"),
        ({"reason": " "}, "plan_reason"),
        ({"receivers": [E]}, "plan_grade"),
        ({"action": "reopen", "receivers": []}, "plan_is_open"),
    ],
)
def test_one_defect_has_one_code(changes, code):
    assert codes(decision(**changes)) == [(1, code)]


def test_decisions_have_to_be_tables():
    with pytest.raises(DefectsError) as caught:
        parse_plan({"name": "方案一", "decision": "merge"}, schools(), BASE_YEAR)
    assert [problem.code for problem in caught.value.problems] == ["plan_shape"]
    assert "[[decision]]" in caught.value.problems[0].sentence()


def test_all_defects_are_collected():
    found = codes(decision(school_id="9900000099", year=2000, reason=""), decision(receivers=[E]))
    assert found == [(1, "plan_school"), (1, "plan_year"), (1, "plan_reason"), (2, "plan_grade")]


def test_a_school_cannot_be_merged_into_one_that_closes():
    both = [decision(), decision(school_id=B, receivers=[C])]
    assert codes(*both) == [(1, "plan_receiver_closed")]
    later = [decision(year=2028), decision(school_id=B, receivers=[C])]
    assert codes(*later) == [(1, "plan_receiver_closed")]


def test_a_circle_of_mergers_is_named():
    assert codes(decision(), decision(school_id=B, year=2028, receivers=[A])) == [(2, "plan_circle")]


def test_a_chain_of_mergers_is_allowed():
    assert len(parse(decision(), decision(school_id=B, year=2028, receivers=[C])).decisions) == 2


def test_a_school_closes_once_and_may_reopen():
    assert codes(decision(), decision(year=2028)) == [(2, "plan_is_closed")]
    assert codes(decision(), decision()) == [(2, "plan_twice")]
    again = parse(decision(), decision(year=2028, action="reopen", receivers=[]), decision(year=2029))
    assert len(again.decisions) == 3


def test_a_receiver_has_to_be_built_first():
    register = schools()
    register.loc[register["school_id"] == B, "ready_year"] = 2029
    assert codes(decision(), register=register) == [(1, "plan_receiver_not_ready")]
    assert parse(decision(year=2029), register=register).decisions
    assert parse(decision(action="manage"), register=register).decisions  # nobody moves


def test_a_receiver_that_became_a_teaching_point_takes_no_older_pupils():
    point = decision(school_id=B, action="teaching_point", receivers=[C])
    assert codes(point, decision(year=2028)) == [(2, "plan_grade")]
    assert parse(point, decision(year=2028, receivers=[B, C])).decisions


def test_the_register_says_which_schools_are_open():
    register = schools().assign(closed=[None, 2026, None, None], opened=[None, None, 2028, None])
    assert codes(decision(), register=register) == [(1, "plan_receiver_closed")]
    assert codes(decision(receivers=[C]), register=register) == [(1, "plan_receiver_closed")]


def test_the_plans_of_the_demo_county_are_valid_and_say_that_they_are_synthetic():
    data = Path(__file__).parents[2] / "data"
    features = json.loads((data / "schools.geojson").read_text(encoding="utf-8"))["features"]
    register = pd.DataFrame([feature["properties"] for feature in features])
    base_year = tomllib.loads((data / "county.toml").read_text(encoding="utf-8"))["base_year"]
    files = sorted((data / "plans").glob("*.toml"))
    assert len(files) >= 2
    for file in files:
        plan = parse_plan(tomllib.loads(file.read_text(encoding="utf-8")), register, base_year)
        assert plan.synthetic and "模拟" in plan.title and plan.decisions
        assert all(decision.reason.startswith("模拟") for decision in plan.decisions)


def test_a_decision_after_the_forecast_is_refused_since_nobody_could_check_it():
    raw = {"name": "方案", "decision": [decision(year=2031)]}
    assert parse_plan(raw, schools(), BASE_YEAR, last_year=2031).decisions[0].year == 2031
    with pytest.raises(DefectsError) as caught:
        parse_plan(raw, schools(), BASE_YEAR, last_year=2030, file="plans/mine.toml")
    assert caught.value.problems[0].sentence().startswith("plans/mine.toml 第 1 个决定")


@pytest.mark.parametrize("seats", [True, float("inf"), 1e9])
def test_seats_that_no_building_has_are_refused(seats):
    assert (1, "plan_seats") in codes(decision(action="expand", receivers=[], seats=seats))


def test_a_school_without_lower_grades_cannot_become_a_teaching_point():
    older = schools().assign(grade_low=[4, 1, 1, 1])
    assert (1, "plan_action") in codes(decision(action="teaching_point"), register=older)


def test_a_teaching_point_cannot_become_one():
    point = schools().assign(kind=["teaching_point", "primary", "primary", "teaching_point"], grade_high=[4, 6, 6, 3])
    assert (1, "plan_action") in codes(decision(action="teaching_point"), register=point)


def test_decisions_are_listed_with_names_in_the_order_of_the_years():
    raw = {
        "name": "方案一",
        "title": "题",
        "decision": [decision(year=2029, receivers=[C]), decision(school_id=B, receivers=[C])],
    }
    made = parse_plan(raw, schools(), BASE_YEAR)
    table = decisions_table([STATUS_QUO, made], schools())
    assert table[["plan", "file", "school_name", "action", "receivers"]].to_numpy().tolist() == [
        ["方案一", "plans/方案一.toml", "乙中心小学", "merge", "丙小学"],
        ["方案一", "plans/方案一.toml", "甲小学", "merge", "丙小学"],
    ]
    assert table["school_year"].is_monotonic_increasing
