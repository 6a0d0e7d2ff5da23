"""A plan on the toy county, worked out by hand, then properties."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.errors import DataError
from layout_planner.scenario import STATUS_QUO, Action, Decision, Plan, compare, evaluate
from layout_planner.scenario.assignment import homes
from layout_planner.scenario.effects import whole_children
from tests.scenario.toy import V1, V2, V3, YEARS, A, B, C, E, allocation, enrolment, forecast, schools, toy_baseline

BASELINE = toy_baseline()


def plan(*decisions, name="方案"):
    return Plan(name, name, tuple(Decision(*decision) for decision in decisions))


def by_year(evaluation):
    return evaluation.comparison.set_index("school_year")


def seated(evaluation, school, grade, year):
    pupils = evaluation.pupils.sel(school_year=year)
    here = (pupils["school_id"] == school) & (pupils["grade"] == grade)
    return pupils.isel(unit=np.flatnonzero(here.values)).sum("unit").values


def failed(evaluation):
    rows = evaluation.findings[evaluation.findings["outcome"] == "fail"]
    return {(row.rule_id, row.subject_id): row for row in rows.itertuples()}


def test_the_status_quo_by_hand():
    rows = by_year(evaluate(STATUS_QUO, BASELINE))
    first = rows.loc[2027]
    assert (first["feasible"], first["vetoes"], first["schools_open"], first["moved"]) == (True, "", 3, 0)
    # grades 1–3: 8 children 5 min, 4 children 10 min, 120 children 10 min, 165 children 12 min
    assert first["minutes_mean"] == pytest.approx((8 * 5 + 4 * 10 + 120 * 10 + 165 * 12) / 297)
    assert (first["minutes_p95"], first["minutes_max"], first["g13_over_limit"]) == (12, 12, 0)
    # C: 330 pupils on 270 seats in 2027; 247.5 and 330 in 2028
    assert (first["seats_short_p50"], first["p_short"]) == (60, 1)
    assert (rows.loc[2028, "seats_short_p50"], rows.loc[2028, "p_short"]) == (30, 0.5)


ROOMY = schools().assign(classrooms=[6, 6, 14, 2])  # 丙小学 with seats to spare


def test_a_receiver_without_seats_for_those_who_come_is_not_ready():
    after = evaluate(plan((A, 2028, Action.MERGE, (C,))), BASELINE)
    finding = failed(after)[("M12", f"{A}>{C}")]
    assert finding.names == "接收学校缺 21 个学位，没有扩建安排"  # all who move: 丙小学 was over its 270 seats before
    expanded = plan((C, 2028, Action.EXPAND, (), 90.0), (A, 2028, Action.MERGE, (C,)))
    assert ("M12", f"{A}>{C}") not in failed(evaluate(expanded, BASELINE))


def test_displaced_children_go_to_the_nearest_listed_receiver():
    after = evaluate(plan((A, 2028, Action.MERGE, (B, C))), toy_baseline(schools=ROOMY))
    assert seated(after, A, 1, 2027).tolist() == [4, 4]  # not yet
    assert seated(after, A, 1, 2028).tolist() == [0, 0]
    np.testing.assert_allclose(seated(after, B, 1, 2028), [30 + 2, 40 + 8 / 3])  # 近村: two thirds, 20 min
    np.testing.assert_allclose(seated(after, C, 1, 2028), [41.25 + 1, 55 + 4 / 3])  # 远村：28 min, not 42
    row = by_year(after).loc[2028]
    assert row["moved"] == pytest.approx((18 + 24) / 2)
    assert (row["schools_open"], row["minutes_max"]) == (2, 28)
    assert row["feasible"] and not failed(after)


def test_a_child_over_thirty_minutes_vetoes_the_plan_in_every_year():
    after = evaluate(plan((A, 2028, Action.MERGE, (B,))), BASELINE)
    assert after.comparison["vetoes"].tolist() == ["T01"] * len(YEARS)
    assert not after.comparison["feasible"].any()
    found = failed(after)["T01", f"{A}>{B}"]
    assert (found.observed, found.limit, found.names, found.school_year) == (42, 30, "远村", 2028)
    assert found.affected == 3  # 12 × 1/3 of grades 1–3, 3.5 on average, as whole children of a group of 10 or 11
    row = by_year(after).loc[2028]
    assert row["villages_over"] == "远村" and row["minutes_max"] == 42
    assert row["boarders_after"] == pytest.approx(3.5)  # 4–6 from 远村：42 min is over 40
    assert by_year(after).loc[2027, "g13_over_limit"] == 0


def test_a_full_receiver_vetoes_only_what_the_merger_causes():
    after = evaluate(plan((A, 2027, Action.MERGE, (C,))), BASELINE)
    found = failed(after)["M10", f"{A}>{C}"]
    assert (found.observed, found.limit) == (59, 56)


def test_a_school_that_must_stay_vetoes_its_closing_but_not_the_teaching_point():
    kept = toy_baseline(schools=ROOMY.assign(must_keep=[True, False, False, False]))
    closing = evaluate(plan((A, 2028, Action.MERGE, (B, C))), kept)
    assert ("M19", A) in failed(closing)
    point = evaluate(plan((A, 2028, Action.TEACHING_POINT, (B, C))), kept)
    assert not failed(point)


def test_a_teaching_point_keeps_the_young_and_sends_the_older():
    after = evaluate(plan((A, 2027, Action.TEACHING_POINT, (B, C))), BASELINE)
    assert seated(after, A, 3, 2027).tolist() == [4, 4]
    assert seated(after, A, 4, 2027).tolist() == [0, 0]
    assert set(after.assignment["grade"]) == {4, 5, 6}
    assert by_year(after).loc[2027, "minutes_max"] == 12


def test_children_move_on_when_their_receiver_closes_and_come_back_when_their_school_reopens():
    chain = plan((A, 2027, Action.MERGE, (B,)), (B, 2028, Action.MERGE, (C,)), (A, 2029, Action.REOPEN))
    after = evaluate(chain, BASELINE)
    assert seated(after, C, 1, 2028).tolist() == [74.25, 99]
    assert seated(after, A, 1, 2029).tolist() == [2, 4]
    assert seated(after, C, 1, 2029).tolist() == [47.5, 95]


def test_added_seats_count_from_their_year_and_rooms_built_too_late_are_a_veto():
    late = evaluate(plan((A, 2027, Action.MERGE, (C,)), (C, 2028, Action.EXPAND, (), 90.0)), BASELINE)
    assert ("M12", f"{A}>{C}") in failed(late)
    built = by_year(evaluate(plan((C, 2028, Action.EXPAND, (), 90.0)), BASELINE))
    assert built["p_short"].tolist() == [1, 0, 0]


def test_rooms_built_in_time_prevent_the_oversized_class():
    built = plan((C, 2027, Action.EXPAND, (), 270.0), (A, 2028, Action.MERGE, (C,)))
    assert not failed(evaluate(built, BASELINE))


def test_an_empty_school_can_be_mothballed_and_one_with_pupils_cannot():
    empty = evaluate(plan((E, 2027, Action.MOTHBALL)), BASELINE)
    assert empty.comparison["feasible"].all()
    with pytest.raises(DataError) as caught:
        evaluate(plan((A, 2027, Action.MOTHBALL)), BASELINE)
    assert caught.value.code == "plan_pupils_nowhere" and "24" in str(caught.value)


def test_identical_plans_give_identical_rows():
    decisions = ((A, 2028, Action.MERGE, (B,)),)
    one, two = (evaluate(plan(*decisions, name=name), BASELINE) for name in ("一", "二"))
    pd.testing.assert_frame_equal(one.comparison.drop(columns="plan"), two.comparison.drop(columns="plan"))


def test_an_infeasible_plan_never_stands_above_a_feasible_one():
    bad = evaluate(plan((A, 2028, Action.MERGE, (B,)), name="坏"), BASELINE)
    table = compare([bad, evaluate(STATUS_QUO, BASELINE)])
    assert table["plan"].tolist() == ["现状"] * 3 + ["坏"] * 3


def test_a_trip_that_was_over_the_limit_and_gets_shorter_is_not_held_against_the_merger():
    minutes = BASELINE.minutes.copy()
    for school, trip in ((A, 50.0), (C, 45.0)):
        minutes.loc[(minutes["village_code"] == V2) & (minutes["school_id"] == school), "minutes"] = trip
    after = evaluate(plan((A, 2028, Action.MERGE, (B,))), replace(BASELINE, minutes=minutes))
    assert not failed(after)
    assert by_year(after).loc[2028, "g13_over_limit"] > 0  # still shown


def test_homes_of_a_grade_without_allocation_come_from_the_other_bands():
    known = allocation()
    known = known[~((known["attends"] == A) & (known["grade_band"] == "4-6"))]
    rows = homes(toy_baseline(allocation=known[known["attends"] != C]))
    older = rows[(rows["school_id"] == A) & (rows["grade"] == 6)].set_index("village_code")["share"]
    assert older.to_dict() == {V1: pytest.approx(2 / 3), V2: pytest.approx(1 / 3)}
    assert set(rows.loc[rows["school_id"] == C, "village_code"]) == {V3}  # its own village


OPEN = (A, B, C)
DECISIONS = st.lists(
    st.tuples(
        st.sampled_from([(A, (B,)), (A, (C, B)), (B, (C,)), (C, (B,)), (B, (A, C))]),
        st.sampled_from(YEARS),
        st.sampled_from([Action.MERGE, Action.TEACHING_POINT]),
    ),
    max_size=2,
)


@settings(max_examples=25, deadline=None)
@given(decisions=DECISIONS, factors=st.lists(st.floats(0, 3), min_size=6, max_size=6))
def test_no_plan_loses_or_invents_a_pupil(decisions, factors):
    baseline = replace(BASELINE, pupils=forecast(np.array(factors).reshape(2, 3)))
    rows = [(school, year, action, receivers) for (school, receivers), year, action in decisions]
    closed = {row[0] for row in rows}
    if any(set(row[3]) & closed for row in rows) or len(closed) < len(rows):
        return
    after = evaluate(plan(*rows), baseline)
    before = baseline.pupils.groupby("grade").sum()
    np.testing.assert_allclose(
        after.pupils.groupby("grade").sum().transpose(*before.dims).values, before.values, rtol=1e-12, atol=1e-9
    )


@given(st.lists(st.floats(0, 50), min_size=1, max_size=12))
def test_whole_children_keep_the_rounded_sum_and_stay_within_one(expected):
    whole = whole_children(np.array(expected))
    assert whole.sum() == np.floor(np.sum(expected) + 0.5)
    assert (np.abs(whole - np.array(expected)) <= 1 + 1e-6).all()


def test_boarders_that_nobody_counted_never_pass_for_none():
    unknown = enrolment().assign(boarders=np.nan)
    after = evaluate(plan((A, 2028, Action.MERGE, (B,))), toy_baseline(enrolment=unknown))
    m09 = after.findings.query("rule_id == 'M09'").iloc[0]
    assert m09["outcome"] == "not_evaluated" and m09["missing"]


def test_a_grade_that_is_oversized_already_does_not_hide_another_that_becomes_so():
    rows = enrolment()
    rows.loc[(rows["school_id"] == C) & (rows["grade"] == 6), "pupils"] = 70.0
    many = toy_baseline(enrolment=rows, pupils=forecast(((1.0, 1.0, 1.0),), rows))
    found = failed(evaluate(plan((A, 2028, Action.MERGE, (C,))), many))
    assert found[("M10", f"{A}>{C}")].observed == 59  # grades 1–5: 55 + 4; grade 6 was at 70 before


def test_two_decisions_on_one_pair_are_two_findings():
    phased = plan((A, 2027, Action.TEACHING_POINT, (C,)), (A, 2029, Action.MERGE, (C,)))
    years = evaluate(phased, BASELINE).findings.query("rule_id == 'T01'")["school_year"]
    assert sorted(set(years)) == [2029]
    assert len(evaluate(phased, BASELINE).findings.query("rule_id == 'M12'")) == 2


def test_a_class_that_becomes_very_oversized_is_not_hidden_by_a_larger_one():
    rows = enrolment()
    for grade, size in ((1, 20.0), (2, 58.0), (3, 72.0), (4, 20.0), (5, 20.0), (6, 20.0)):
        rows.loc[(rows["school_id"] == C) & (rows["grade"] == grade), "pupils"] = size
    rows.loc[(rows["school_id"] == A) & (rows["grade"] == 2), "pupils"] = 12.0
    many = toy_baseline(enrolment=rows, pupils=forecast(((1.0, 1.0, 1.0),), rows))
    assert failed(evaluate(plan((A, 2028, Action.MERGE, (C,))), many))[("M10", f"{A}>{C}")].observed == 70


def test_a_bed_for_boys_is_none_for_a_girl():
    rows = enrolment().assign(boarders_m=0.0, boarders_f=0.0)
    rows.loc[rows["school_id"] == B, ["boarders", "boarders_f"]] = 2.0  # 12 girls, 10 beds for girls, 10 for boys
    after = evaluate(plan((A, 2028, Action.MERGE, (B,))), toy_baseline(enrolment=rows))
    assert ("M09", f"{A}>{B}") in failed(after)
    rows.loc[rows["school_id"] == B, ["boarders_m", "boarders_f"]] = 1.0
    assert ("M09", f"{A}>{B}") not in failed(
        evaluate(plan((A, 2028, Action.MERGE, (B,))), toy_baseline(enrolment=rows))
    )
