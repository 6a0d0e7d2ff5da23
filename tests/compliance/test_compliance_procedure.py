"""Steps of procedure by hand: order, gaps, what is still to come."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.compliance import filing, layout_plan, procedure
from layout_planner.compliance.cases import cases_of, latest_case
from layout_planner.errors import PolicyError
from tests.compliance.case_tables import CATALOGUE, COMPLETE, DAY, NAN, A, ledger, set_by_county, told

M05, M16 = CATALOGUE.rule("M05"), CATALOGUE.rule("M16")


def test_four_steps_in_order_pass_and_carry_the_name_of_the_school():
    found = procedure.check_closing_steps(ledger(COMPLETE), M05, DAY)
    assert told(found, "subject_type", "subject_id", "subject_name", "observed", "limit", "affected", "unit") == [
        ["pass", "case", "C1", "撤并方案·甲教学点", 4.0, 4.0, 0.0, "step"]
    ]
    assert "(条号待核)" in found["cite"].iloc[0] and "(日期待核)" in found["cite"].iloc[0]


def test_a_notice_before_the_appraisal_fails_and_counts_the_pupils():
    swapped = [("draft", "2024-11-04"), ("notice", "2024-11-18", "2024-12-02"), ("submit", "2025-01-08"),
               ("appraisal", "2025-03-12")]  # fmt: skip
    found = procedure.check_closing_steps(ledger(swapped), M05, DAY)
    assert told(found, "names", "affected") == [["fail", "公示（2024-11-18）早于论证（2025-03-12），次序不对", 9.0]]


def test_submission_during_the_public_notice_fails():
    early = [*COMPLETE[:4], ("notice", "2025-01-06", "2025-03-04"), ("submit", "2025-02-20")]
    assert told(procedure.check_closing_steps(ledger(early), M05, DAY), "names") == [
        ["fail", "报批（2025-02-20）早于公示（2025-03-04），次序不对"]
    ]


def test_a_case_on_its_way_is_not_evaluated_and_says_what_is_to_be_done():
    found = procedure.check_closing_steps(ledger(COMPLETE[:2]), M05, DAY)
    assert told(found, "observed", "missing") == [["not_evaluated", 2.0, "待办：公示、报批"]]


@pytest.mark.parametrize("later", [("approve", "2025-03-01"), ("done", "2025-09-01")])
def test_a_decided_case_without_a_step_fails(later):
    without = [step for step in COMPLETE if step[0] != "notice"]
    found = procedure.check_closing_steps(ledger([*without, later]), M05, DAY)
    assert told(found, "names") == [["fail", "缺公示"]]


def test_a_step_without_a_date_never_passes():
    undated = [*COMPLETE[:5], ("submit", None)]
    assert told(procedure.check_closing_steps(ledger(undated), M05, DAY)) == [["not_evaluated"]]


def test_each_case_is_judged_by_itself_and_other_kinds_are_left_alone():
    rows = pd.concat([ledger(COMPLETE, COMPLETE[:1]), ledger(COMPLETE, kind="reopening")], ignore_index=True)
    assert procedure.check_closing_steps(rows, M05, DAY)["outcome"].tolist() == ["pass", "not_evaluated"]


@settings(max_examples=30, deadline=None)
@given(dropped=st.sets(st.sampled_from(range(len(COMPLETE)))))
def test_leaving_out_a_step_never_makes_a_case_pass(dropped):
    kept = [step for number, step in enumerate(COMPLETE) if number not in dropped]
    missing = {COMPLETE[number][0] for number in dropped} & set(procedure.CLOSING_STEPS)
    if kept:
        outcome = procedure.check_closing_steps(ledger(kept), M05, DAY)["outcome"].iloc[0]
        assert (outcome == "pass") == (not missing)


def test_four_principles_with_evidence_pass():
    found = procedure.check_principles(ledger(COMPLETE, receiver_ready=1.0), CATALOGUE.rule("M02"), DAY)
    assert told(found, "observed", "limit", "unit") == [["pass", 4.0, 4.0, "principle"]]


@pytest.mark.parametrize(
    ("school", "steps", "outcome", "words"),
    [
        ({"must_keep": True, "receiver_ready": 1.0}, COMPLETE, "fail", "应留必留"),
        ({"receiver_ready": 0.0}, COMPLETE, "fail", "先建后撤"),
        ({"receiver_ready": 1.0}, [*COMPLETE[:1], ("done", "2025-08-01")], "fail", "科学评估"),
        ({"receiver_ready": 1.0}, COMPLETE[:2], "not_evaluated", "积极稳妥"),
        ({"receiver_ready": NAN}, COMPLETE, "not_evaluated", "先建后撤"),
        ({"receiver_ready": 1.0, "must_keep": None}, COMPLETE, "not_evaluated", "应留必留"),
    ],
)
def test_a_principle_against_the_file_fails_and_an_unknown_one_never_passes(school, steps, outcome, words):
    row = procedure.check_principles(ledger(steps, **school), CATALOGUE.rule("M02"), DAY).iloc[0]
    assert row["outcome"] == outcome
    assert words in (row["names"] if outcome == "fail" else row["missing"])


def test_more_pupils_than_the_county_calls_very_few_fail():
    assert told(procedure.check_few_pupils(ledger(COMPLETE), set_by_county("M03", 8), DAY), "observed", "affected") == [
        ["fail", 9.0, 9.0]
    ]
    assert told(procedure.check_few_pupils(ledger(COMPLETE), set_by_county("M03", 9), DAY)) == [["pass"]]
    unknown = ledger(COMPLETE, pupils=NAN)
    assert told(procedure.check_few_pupils(unknown, set_by_county("M03", 9), DAY)) == [["not_evaluated"]]


def test_a_number_that_the_county_has_not_set_stops_the_check():
    with pytest.raises(PolicyError) as caught:
        procedure.check_few_pupils(ledger(COMPLETE), CATALOGUE.rule("M03"), DAY)
    assert caught.value.code == "rule_unset"


@pytest.mark.parametrize(
    ("step", "months", "outcome"),
    [
        (("transition", "2025-03-01", "2025-08-31"), 6.0, "pass"),
        (("transition", "2025-03-02", "2025-08-31"), 5.0, "fail"),
        (("transition", "2025-03-01"), NAN, "not_evaluated"),
        (("risk", "2025-03-01"), NAN, "not_evaluated"),
        (("done", "2025-09-01"), NAN, "fail"),
    ],
)
def test_transition_is_counted_in_whole_months(step, months, outcome):
    found = procedure.check_transition(ledger([*COMPLETE, step]), set_by_county("M04", 6), DAY)
    assert found["outcome"].tolist() == [outcome]
    assert found["observed"].iloc[0] == months or (months != months and found["observed"].isna().all())


def test_thirty_days_of_notice_count_the_first_and_the_last_day():
    for days, outcome in ((30, "pass"), (31, "fail")):
        found = procedure.check_notice_days(ledger(COMPLETE), set_by_county("M18", days), DAY)
        assert told(found, "observed") == [[outcome, 30.0]]
    no_end = [*COMPLETE[:4], ("notice", "2025-01-06")]
    found = procedure.check_notice_days(ledger(no_end), set_by_county("M18", 30), DAY)
    assert told(found, "missing") == [["not_evaluated", "需：公示的截止日期"]]


def test_levels_of_approval_are_counted_once_each():
    steps = [*COMPLETE, ("approve", "2025-03-06"), ("approve", "2025-04-10", None, "prefecture")]
    rule = set_by_county("M15", 3)
    assert told(procedure.check_approval_levels(ledger(steps), rule, DAY), "observed") == [["not_evaluated", 2.0]]
    ended = [*steps, ("done", "2025-09-01")]
    assert told(procedure.check_approval_levels(ledger(ended), rule, DAY), "names") == [["fail", "县、市州"]]


def closings(closes_on, filed_on, *, carried_out=False, recorded=True):
    row = {"subject_type": "pair", "subject_id": "a>b", "subject_name": "甲→乙", "affected": 9.0}
    days = {"closes_on": pd.Timestamp(closes_on), "filed_on": pd.Timestamp(filed_on)}
    return pd.DataFrame([{**row, **days, "carried_out": carried_out, "recorded": recorded}])


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        (closings("2026-09-01", "2026-05-01"), "pass"),
        (closings("2026-09-01", "2026-10-01"), "fail"),
        (closings("2026-09-01", None), "not_evaluated"),
        (closings("2024-09-01", None, carried_out=True), "fail"),
        (closings("2024-09-01", None, carried_out=True, recorded=False), "not_evaluated"),
        (closings(None, "2026-05-01"), "pass"),
    ],
)
def test_no_closing_before_the_plan_is_filed(row, outcome):
    found = filing.check_plan_filed_first(row, M16, DAY)
    assert told(found) == [[outcome]]
    assert "(待核)" in found["cite"].iloc[0]


def test_the_filing_that_counts_is_the_last_one_before_the_closing():
    plans = ledger(
        [("file", "2013-06-01", None, "province")],
        [("file", "2025-10-01", None, "province"), ("file", "2025-01-01", None, "prefecture")],
        kind="layout_plan",
        school=None,
    )
    assert filing.filing_before(plans, pd.Timestamp("2025-09-01")) == pd.Timestamp("2013-06-01")
    assert filing.filing_before(plans, pd.Timestamp("2026-09-01")) == pd.Timestamp("2025-10-01")
    assert filing.filing_before(plans, pd.Timestamp("2010-09-01")) == pd.Timestamp("2013-06-01")
    assert pd.isna(filing.filing_before(plans.iloc[:0], pd.Timestamp("2026-09-01")))


def test_a_reopening_needs_draft_submission_and_approval():
    rule = CATALOGUE.rule("M17")
    begun = [("draft", "2025-09-15"), ("opinion", "2025-10-14")]
    found = procedure.check_reopening_steps(ledger(begun, kind="reopening"), rule, DAY)
    assert told(found, "missing") == [["not_evaluated", "待办：报批、批准"]]
    complete = [*begun, ("submit", "2025-11-01"), ("approve", "2025-12-01")]
    assert told(procedure.check_reopening_steps(ledger(complete, kind="reopening"), rule, DAY)) == [["pass"]]


PLAN = [
    ("draft", "2025-03-17"),
    ("opinion", "2025-06-03", "2025-07-04"),
    ("submit", "2025-08-01"),
    ("approve", "2025-09-10", None, "prefecture"),
    ("file", "2025-11-01", None, "province"),
]


def plan(*steps):
    return ledger(list(steps), kind="layout_plan", school=None)


def test_the_layout_plan_is_drafted_opened_to_comment_and_filed():
    rule = CATALOGUE.rule("M13")
    assert told(layout_plan.check_plan_on_file(plan(*PLAN), rule, DAY), "observed") == [["pass", 3.0]]
    unfiled = layout_plan.check_plan_on_file(plan(*PLAN[:4]), rule, DAY)
    assert told(unfiled, "missing") == [["not_evaluated", "待办：报省备案"]]
    silent = layout_plan.check_plan_on_file(plan(PLAN[0], PLAN[4]), rule, DAY)
    assert told(silent, "names") == [["fail", "缺公开征求意见"]]


def test_gansu_asks_for_three_levels_in_their_order():
    rule = CATALOGUE.rule("M14")
    assert told(layout_plan.check_plan_levels(plan(*PLAN), rule, DAY), "observed", "unit") == [["pass", 3.0, "level"]]
    jumped = layout_plan.check_plan_levels(plan(*PLAN[:3], PLAN[4]), rule, DAY)
    assert told(jumped, "names") == [["fail", "缺市州政府批准"]]
    late = [*PLAN[:3], ("approve", "2025-12-01", None, "prefecture"), PLAN[4]]
    assert layout_plan.check_plan_levels(plan(*late), rule, DAY)["outcome"].tolist() == ["fail"]


def test_a_ledger_without_a_layout_plan_is_not_evaluated():
    found = layout_plan.check_plan_on_file(ledger(COMPLETE), CATALOGUE.rule("M13"), DAY)
    assert told(found, "subject_id") == [["not_evaluated", "county"]]


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        ([("draft", "2024-11-11"), ("submit", "2024-12-10")], "pass"),
        ([("draft", "2024-11-11")], "not_evaluated"),
        ([("draft", "2023-11-11"), ("submit", "2023-12-10")], "fail"),
        ([("submit", "2025-09-01")], "fail"),
        ([("submit", None)], "not_evaluated"),
    ],
)
def test_the_monitoring_report_is_due_once_a_school_year(steps, outcome):
    found = layout_plan.check_monitoring_report(ledger(steps, kind="monitoring"), CATALOGUE.rule("A07"), DAY)
    assert told(found) == [[outcome]]


def test_the_tasks_of_the_county_never_pass_since_most_have_no_table():
    rows = pd.concat([plan(*PLAN), ledger([("submit", "2024-12-10")], kind="monitoring")], ignore_index=True)
    rule = CATALOGUE.rule("A12")
    found = layout_plan.check_tasks_of_the_county(rows, rule, DAY)
    assert told(found, "observed", "limit") == [["not_evaluated", 2.0, 8.0]]
    assert "资源中心" in found["missing"].iloc[0]
    without = layout_plan.check_tasks_of_the_county(ledger(COMPLETE), rule, DAY)
    assert told(without, "names") == [["fail", "台账中没有：监测和报告、新一轮布局规划"]]


def test_the_case_begun_last_counts_for_a_school():
    rows = ledger([("draft", "2020-01-01"), ("done", "2026-01-01")], [("draft", "2024-01-01")])
    assert latest_case(rows, A)["subject_id"].tolist() == ["C2"]
    assert latest_case(rows, "9900000002").empty


def test_dates_may_be_dates_texts_or_missing():
    rows = ledger([("draft", date(2024, 1, 1)), ("appraisal", "2024-02-01"), ("notice", NAN)])
    assert rows["date"].isna().tolist() == [False, False, True]


def test_a_ledger_without_schools_still_has_its_cases():
    rows = pd.DataFrame(
        {"case_id": ["X1"], "case_kind": "closing", "step": "draft", "level": "county", "date": "2025-01-01"}
    )
    steps = cases_of(rows, pd.DataFrame({"school_id": [A], "name": ["甲教学点"], "pupils": [9.0]}))
    found = procedure.check_closing_steps(steps, M05, DAY)
    assert told(found, "subject_name") == [["not_evaluated", "撤并方案·X1"]]
