"""A closing is vetoed by a majority against it, an unsafe way, an unfiled plan or a resource room; what is unknown never
passes.
"""

from dataclasses import replace

import pandas as pd
import pytest

from layout_planner.consolidation import small_school_options
from layout_planner.scenario import evaluate, parse_plan
from layout_planner.scenario.closing import certified, routes_of
from tests.scenario.toy import V1, V2, V3, A, B, C, schools, toy_baseline

BASELINE = toy_baseline()
STEPS = pd.DataFrame(
    [
        ("X1", "closing", "draft", "county", "2026-03-01", A),
        ("P1", "layout_plan", "file", "province", "2026-06-01", None),
    ],
    columns=["case_id", "case_kind", "step", "level", "date", "school_id"],
)


def opinions(*, support, oppose):
    row = ("X1", "parents", "survey", "2026-04-01", support + oppose, support, oppose, 0)
    names = ["case_id", "party", "means", "date", "asked", "support", "oppose", "abstain"]
    return pd.DataFrame([row], columns=names)


def trips(**safe):
    villages = {"near": V1, "far": V2}
    rows = [(villages[name], C, "escort", "normal", 20.0, mark) for name, mark in safe.items()]
    return pd.DataFrame(rows, columns=["village_code", "school_id", "mode", "case", "minutes", "safe"])


def with_tables(**more):
    return replace(BASELINE, more={"procedure": STEPS, **more})


def outcomes(baseline, subject=f"{A}>{C}"):
    _, findings = small_school_options(baseline)
    rows = findings[findings["subject_id"] == subject]
    return dict(zip(rows["rule_id"], rows["outcome"], strict=True))


def option(baseline, kind="merge", receiver=C):
    table, _ = small_school_options(baseline)
    return table[(table["school_id"] == A) & (table["option"] == kind) & (table["receiver_id"] == receiver)].iloc[0]


def test_without_any_table_the_rules_of_closing_are_not_evaluated():
    found = outcomes(BASELINE)
    assert {found[name] for name in ("M07", "M08", "M16", "S02")} == {"not_evaluated"}


def test_a_majority_against_blocks_every_merger_of_the_school_and_no_teaching_point():
    baseline = with_tables(opinions=opinions(support=3, oppose=9))
    for receiver in (B, C):
        row = option(baseline, receiver=receiver)
        assert row["verdict"] == "blocked" and "M07" in row["vetoes"]
    assert "反对 9 人" in option(baseline)["reason"]
    assert "M07" not in option(baseline, "teaching_point")["vetoes"]


def test_a_majority_in_favour_passes():
    assert outcomes(with_tables(opinions=opinions(support=9, oppose=3)))["M07"] == "pass"


def test_the_plan_filed_before_the_closing_lets_it_pass_and_one_filed_later_blocks_it():
    assert outcomes(with_tables())["M16"] == "pass"
    later = STEPS.assign(date=["2026-03-01", "2027-10-01"])
    assert outcomes(replace(BASELINE, more={"procedure": later}))["M16"] == "fail"


def test_one_unsafe_way_blocks_and_an_uncertified_one_stays_open():
    safe = outcomes(with_tables(trips=trips(near=True, far=True)))
    open_way = outcomes(with_tables(trips=trips(near=True, far=None)))
    unsafe = outcomes(with_tables(trips=trips(near=True, far=False)))
    assert (safe["M08"], open_way["M08"], unsafe["M08"]) == ("pass", "not_evaluated", "fail")
    row = option(with_tables(trips=trips(near=True, far=False)))
    assert "M08" in row["vetoes"] and "远村" in row["reason"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("walk", True), ("bus", None)], 1.0),
        ([("walk", True), ("bus", False)], 0.0),
        ([("walk", True), ("walk", None)], None),
        ([("walk", None)], None),
    ],
)
def test_a_way_is_certified_by_one_mode_in_all_cases_and_none_against(rows, expected):
    cases = ["normal", "winter"]
    table = pd.DataFrame([(V1, C, mode, cases[n], safe) for n, (mode, safe) in enumerate(rows)],
                         columns=["village_code", "school_id", "mode", "case", "safe"])  # fmt: skip
    value = certified(table).loc[(V1, C)]
    assert value == expected if expected is not None else value != value


def test_children_of_unknown_homes_have_a_way_nobody_can_certify():
    moves = pd.DataFrame(
        {"subject_id": f"{A}>{C}", "school_id": A, "receiver_id": C, "village_code": [V3, ""], "children": [3.0, 2.0]}
    )
    rows = routes_of(moves, BASELINE)
    assert rows["village_name"].tolist() == ["住址不详", "镇上"]
    assert rows["safe"].isna().all() and rows["children"].sum() == 5


def test_a_school_with_a_resource_room_is_not_merged_and_the_pupils_are_counted():
    register = schools().assign(resource_room_m2=[62.0, 0.0, 0.0, 0.0])
    pupils = pd.DataFrame(
        {"school_id": [A, A, B, A], "grade": [2, 3, 4, 5], "setting": ["inclusive"] * 3 + ["home_visit"]}
    )
    baseline = replace(toy_baseline(schools=register), more={"special_pupils": pupils})
    _, findings = small_school_options(baseline)
    row = findings[(findings["rule_id"] == "S02") & (findings["subject_id"] == f"{A}>{C}")].iloc[0]
    assert (row["outcome"], row["observed"], row["affected"]) == ("fail", 1, 2)
    assert "S02" in option(baseline)["vetoes"]
    assert outcomes(replace(toy_baseline(schools=schools().assign(resource_room_m2=0.0))))["S02"] == "pass"


def plan_of(action, baseline):
    decision = {"school_id": A, "year": 2027, "action": action, "receivers": [C], "reason": "测试"}
    return parse_plan({"name": "试", "decision": [decision]}, baseline.schools, baseline.base_year)


def test_a_plan_that_closes_a_school_against_its_parents_is_infeasible():
    baseline = with_tables(opinions=opinions(support=3, oppose=9), trips=trips(near=True, far=False))
    result = evaluate(plan_of("merge", baseline), baseline)
    vetoes = set(result.comparison["vetoes"].iloc[0].split("、"))
    assert {"M07", "M08"} <= vetoes
    assert not result.comparison["feasible"].any()
    row = result.findings[result.findings["rule_id"] == "M07"].iloc[0]
    assert (row["subject_type"], row["subject_id"], row["school_year"]) == ("school", A, 2027)
    point = evaluate(plan_of("teaching_point", baseline), baseline)
    assert "M07" not in point.comparison["vetoes"].iloc[0]


def test_a_school_with_a_resource_room_makes_the_plan_infeasible():
    baseline = toy_baseline(schools=schools().assign(resource_room_m2=[62.0, 0.0, 0.0, 0.0]))
    assert "S02" in evaluate(plan_of("merge", baseline), baseline).comparison["vetoes"].iloc[0]
