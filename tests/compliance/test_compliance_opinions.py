"""Who was heard and who was against, by hand and for any vote."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.compliance import opinions
from tests.compliance.case_tables import CATALOGUE, COMPLETE, DAY, NAN, ledger, told

M06, M07, M22 = (CATALOGUE.rule(name) for name in ("M06", "M07", "M22"))
HEARING = [*COMPLETE, ("hearing", "2025-01-02")]
DECIDED = [*COMPLETE, ("approve", "2025-03-06")]
WORSE = {"pass": 0, "not_evaluated": 1, "fail": 2}


def record(party="parents", means="survey", day="2024-11-25", *, asked=40, support=30, oppose=8, abstain=2):
    return ("C1", party, means, day, asked, support, oppose, abstain)


def hearings(*records, steps=COMPLETE, kind="closing"):
    names = ["case_id", "party", "means", "date", "asked", "support", "oppose", "abstain"]
    return opinions.hearings_of(ledger(steps, kind=kind), pd.DataFrame(records, columns=names))


def against(*records, steps=COMPLETE):
    return opinions.check_majority_against(hearings(*records, steps=steps), M07, DAY)


EVERYBODY = [record(party) for party in opinions.HEARD]


def test_all_four_parties_heard_pass_and_one_left_out_of_a_decided_case_fails():
    assert told(opinions.check_parties_heard(hearings(*EVERYBODY, steps=DECIDED), M06, DAY), "observed") == [
        ["pass", 1]
    ]
    three = [r for r in EVERYBODY if r[1] != "village"]
    found = opinions.check_parties_heard(hearings(*three, steps=DECIDED), M06, DAY)
    assert told(found, "observed", "affected", "names") == [["fail", 0.0, 9.0, "没有听取：村民自治组织"]]


def test_a_party_may_still_be_heard_before_the_decision_but_not_after_it():
    three = [r for r in EVERYBODY if r[1] != "village"]
    found = opinions.check_parties_heard(hearings(*three), M06, DAY)
    assert told(found, "missing") == [["not_evaluated", "待办：听取村民自治组织的意见"]]
    late = [*three, record("village", day="2025-03-07")]
    assert told(opinions.check_parties_heard(hearings(*late, steps=DECIDED), M06, DAY)) == [["fail"]]


def test_a_case_without_any_opinion_is_not_evaluated():
    assert told(opinions.check_parties_heard(hearings(), M06, DAY)) == [["not_evaluated"]]
    assert told(against(), "missing") == [["not_evaluated", "需：学生家长的意见记录（opinions.csv）"]]


def test_parents_are_heard_before_a_reopening_too():
    rows = hearings(record(), kind="reopening")
    assert told(opinions.check_parents_heard(rows, M22, DAY)) == [["pass"]]
    assert opinions.check_parties_heard(rows, M06, DAY).empty
    assert told(opinions.check_parents_heard(hearings(record("staff"), kind="reopening"), M22, DAY)) == [
        ["not_evaluated"]
    ]


def test_most_of_those_who_answered_against_fail_with_both_shares_told():
    found = against(record(asked=60, support=14, oppose=30, abstain=1))
    assert told(found, "observed", "limit", "affected") == [["fail", pytest.approx(100 * 30 / 45), 50.0, 9.0]]
    assert found["names"].iloc[0] == "学生家长（问卷）反对 30 人，占应答 66.7%，占应征求 50.0%"
    assert "(推定)" in found["cite"].iloc[0]


def test_exactly_half_is_no_majority():
    assert told(against(record(asked=40, support=20, oppose=20, abstain=0))) == [["pass"]]
    assert told(against(record(asked=40, support=19, oppose=21, abstain=0))) == [["fail"]]


@pytest.mark.parametrize(
    ("vote", "outcome"),
    [
        ({"support": 20, "oppose": 10, "abstain": 2}, "pass"),  # at worst 18 of 40
        ({"support": 12, "oppose": 10, "abstain": 2}, "not_evaluated"),  # at worst 26 of 40
        ({"support": 10, "oppose": 11, "abstain": 19}, "not_evaluated"),  # 11 of 21 who took sides
        ({"support": 0, "oppose": 0, "abstain": 0}, "not_evaluated"),
        ({"support": 3, "oppose": 0, "abstain": NAN}, "not_evaluated"),
        ({"asked": NAN, "support": 30, "oppose": 1}, "not_evaluated"),
    ],
)
def test_what_those_who_kept_silent_could_turn_is_not_evaluated(vote, outcome):
    assert told(against(record(**{"asked": 40, **vote}))) == [[outcome]]


def test_delegates_count_as_much_as_parents_and_a_hearing_without_them_is_unknown():
    fine = record()
    delegates = record("delegates", "hearing", asked=15, support=4, oppose=11, abstain=0)
    assert told(against(fine, delegates, steps=HEARING)) == [["fail"]]
    assert told(against(fine, steps=HEARING), "missing") == [
        ["not_evaluated", "需：听证会代表的意见记录（opinions.csv）"]
    ]
    assert told(against(fine)) == [["pass"]]


def test_village_committees_and_staff_do_not_veto():
    assert told(against(record(), record("village", oppose=40, support=0, abstain=0))) == [["pass"]]


def test_a_later_survey_counts_only_if_it_asked_as_many():
    opposed = record(oppose=30, support=8, day="2024-11-01")
    assert told(against(opposed, record(day="2025-01-01", asked=40))) == [["pass"]]
    few = record(day="2025-01-01", asked=5, support=5, oppose=0, abstain=0)
    assert told(against(opposed, few)) == [["fail"]]
    assert told(against(opposed, record(means="meeting", day="2025-01-01"))) == [["fail"]]


votes = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 10), st.integers(0, 30))


@settings(max_examples=30, deadline=None)
@given(votes)
def test_another_opposed_vote_never_brings_a_closing_nearer_to_passing(vote):
    support, oppose, abstain, silent = vote
    asked = support + oppose + abstain + silent
    now = against(record(asked=asked, support=support, oppose=oppose, abstain=abstain))["outcome"].iloc[0]
    from_silence = against(record(asked=asked + (silent == 0), support=support, oppose=oppose + 1, abstain=abstain))[
        "outcome"
    ].iloc[0]
    assert WORSE[from_silence] >= WORSE[now]
    if support:
        turned = against(record(asked=asked, support=support - 1, oppose=oppose + 1, abstain=abstain))
        assert WORSE[turned["outcome"].iloc[0]] >= WORSE[now]


@settings(max_examples=30, deadline=None)
@given(votes)
def test_a_pass_is_never_a_majority_however_the_silent_ones_think(vote):
    support, oppose, abstain, silent = vote
    asked = support + oppose + abstain + silent
    if against(record(asked=asked, support=support, oppose=oppose, abstain=abstain))["outcome"].iloc[0] == "pass":
        assert 2 * (oppose + silent) <= asked
        assert oppose <= support
