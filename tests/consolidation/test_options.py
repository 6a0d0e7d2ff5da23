"""Options of small schools: vetoes first, effects on both sides, nothing recommended."""

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.capacity import seat_limits, seats
from layout_planner.consolidation import small_school_options, small_schools
from layout_planner.contracts import check_table
from layout_planner.terms import ENUMS
from tests.scenario.toy import V2, A, B, C, E, enrolment, forecast, schools, toy_baseline

BASELINE = toy_baseline()
TABLE, FINDINGS = small_school_options(BASELINE)


def option(table, kind, receiver=None):
    rows = table[(table["school_id"] == A) & (table["option"] == kind)]
    return (rows if receiver is None else rows[rows["receiver_id"] == receiver]).iloc[0]


def with_rooms(school, rooms):
    register = schools()
    register.loc[register["school_id"] == school, "classrooms"] = rooms
    now = (
        enrolment()
        .assign(stage="primary")
        .groupby(["school_id", "stage"], as_index=False)[["pupils", "boarders"]]
        .sum()
    )
    limits = seat_limits(BASELINE.catalogue, BASELINE.day, BASELINE.parameters)
    return toy_baseline(schools=register, seats=seats(register, now, limits))


def test_small_schools_are_those_below_the_definition_and_the_empty_ones():
    assert small_schools(BASELINE)["school_id"].tolist() == [A, E]
    closed = schools().assign(closed=[None, None, None, 2020])
    assert small_schools(toy_baseline(schools=closed))["school_id"].tolist() == [A]


def test_the_merger_over_thirty_minutes_is_blocked_with_the_village_named():
    row = option(TABLE, "merge", B)
    assert (row["verdict"], row["vetoes"], row["villages_over"]) == ("blocked", "T01", "远村")
    assert (row["moved"], row["over_limit_before"], row["over_limit_after"]) == (24, 0, 4)
    assert row["minutes_before"] == pytest.approx((16 * 5 + 8 * 10) / 24)
    assert row["minutes_after"] == pytest.approx((16 * 20 + 8 * 42) / 24)
    assert (row["minutes_after_max"], row["case"]) == (42, "winter")
    assert row["boarders_after"] == 4 and row["beds_spare"] == 20
    assert "远村" in row["reason"] and "T01" in row["reason"]


def test_both_sides_are_shown():
    row = option(TABLE, "merge", B)
    assert row[["receiver_seats", "receiver_pupils_before", "receiver_pupils_after"]].tolist() == [270, 240, 264]
    assert row["receiver_use_after"] == pytest.approx(264 / 270)
    assert (row["class_size_before"], row["class_size_after"]) == (40, 44)
    assert (row["p_fits"], row["p_recovers"]) == (1, 1)


def test_a_merger_that_makes_an_oversized_class_is_blocked_until_there_is_a_room():
    assert option(TABLE, "merge", C)["vetoes"] == "M10、M12"  # 330 pupils on 270 seats before anybody comes
    roomy, _ = small_school_options(with_rooms(C, 14))
    row = option(roomy, "merge", C)
    assert (row["verdict"], row["vetoes"]) == ("undecided", "")
    assert "论证" in row["reason"]


def test_p_recovers_counts_the_draws_that_come_back_to_today():
    fewer = toy_baseline(pupils=forecast(((0.9, 0.9, 1.0), (0.9, 0.8, 0.7))))
    assert option(small_school_options(fewer)[0], "keep")["p_recovers"] == 0.5


def test_keeping_and_one_management_move_nobody_and_are_never_blocked():
    for kind, verdict in (("keep", "keep"), ("manage", "undecided")):
        row = option(TABLE, kind)
        assert (row["verdict"], row["moved"], row["vetoes"]) == (verdict, 0, "")
        assert row["minutes_after"] == row["minutes_before"]


def test_a_teaching_point_moves_grades_four_to_six_only():
    row = option(TABLE, "teaching_point")
    assert (row["moved"], row["receiver_id"]) == (12, C)
    assert (row["over_limit_before"], row["over_limit_after"]) == (0, 0)
    assert f"{A}>{C}:4-6" in set(FINDINGS["subject_id"])


def test_the_class_before_is_one_number_for_one_receiver_and_is_its_largest_class():
    rows = enrolment()
    rows.loc[(rows["school_id"] == C) & (rows["grade"] == 1), "pupils"] = 20.0
    rows.loc[(rows["school_id"] == C) & (rows["grade"] == 6), "pupils"] = 24.0
    rows.loc[(rows["school_id"] == C) & rows["grade"].isin([2, 3, 4, 5]), "pupils"] = 38.0
    rows.loc[(rows["school_id"] == A) & (rows["grade"] == 6), "pupils"] = 21.0
    table, _ = small_school_options(toy_baseline(enrolment=rows, pupils=forecast(rows=rows)))
    found = {kind: option(table, kind, C) for kind in ("merge", "teaching_point")}
    # grade 6 is the largest afterwards (24 + 21 = 45); before, grades 2 to 5 were (38), not grade 6 (24)
    assert {kind: row["class_size_before"] for kind, row in found.items()} == {"merge": 38, "teaching_point": 38}
    assert {kind: row["class_size_after"] for kind, row in found.items()} == {"merge": 45, "teaching_point": 45}


def with_a_point(**of_e):
    """The toy with pupils in its teaching point E, grades 1–4, and no road to any other school than A or E."""
    register = schools().assign(**{name: [None, None, None, value] for name, value in of_e.items()})
    register.loc[register["school_id"] == E, "grade_high"] = 4
    four = pd.DataFrame([(E, grade, 3.0, 0.0, 1.0) for grade in range(1, 5)], columns=enrolment().columns)
    rows = pd.concat([enrolment(), four], ignore_index=True)
    return toy_baseline(schools=register, enrolment=rows, pupils=forecast(rows=rows))


def test_a_teaching_point_is_not_offered_to_become_one():
    table, _ = small_school_options(with_a_point())
    assert "teaching_point" not in set(table.loc[table["school_id"] == E, "option"])
    assert "teaching_point" in set(table.loc[table["school_id"] == A, "option"])


def test_nobody_is_sent_to_or_managed_by_a_teaching_point():
    register = schools()
    register.loc[register["school_id"] == A, ["kind", "grade_high"]] = ["teaching_point", 4]
    rows = enrolment()
    rows = pd.concat([rows[(rows["school_id"] != A) | (rows["grade"] <= 4)], with_a_point().enrolment.tail(4)])
    rows = rows.reset_index(drop=True)
    register.loc[register["school_id"] == E, "grade_high"] = 4
    table, _ = small_school_options(toy_baseline(schools=register, enrolment=rows, pupils=forecast(rows=rows)))
    assert set(table["school_id"]) == {A, E}
    assert set(table.loc[table["receiver_id"] != "", "receiver_id"]) == {B, C}  # A and E teach the same four grades


@pytest.mark.parametrize(
    ("host", "manager", "word"),
    [(C, C, "登记的隶属中心校"), (A, A, "登记的隶属中心校"), (None, B, "最近的"), (E, B, "最近的")],
)
def test_the_registered_host_manages_before_the_nearest_school(host, manager, word):
    table, _ = small_school_options(with_a_point(host_school_id=host))
    row = table[(table["school_id"] == E) & (table["option"] == "manage")].iloc[0]
    assert row["receiver_id"] == manager and word in row["reason"]


def test_a_closed_host_or_a_host_that_is_a_teaching_point_manages_nobody():
    base = with_a_point(host_school_id=C)
    closed = base.schools.assign(closed=[None, None, 2020, None])
    table, _ = small_school_options(replace(base, schools=closed))
    assert table.loc[(table["school_id"] == E) & (table["option"] == "manage"), "receiver_id"].tolist() == [B]
    point = base.schools.assign(host_school_id=[E, None, None, None])
    table, _ = small_school_options(replace(base, schools=point))
    assert table.loc[(table["school_id"] == A) & (table["option"] == "manage"), "receiver_id"].tolist() == [C]


def test_a_school_that_must_stay_is_blocked_by_its_own_rule():
    kept = toy_baseline(schools=schools().assign(must_keep=[True, False, False, False], must_keep_reason="山区"))
    table, _ = small_school_options(kept)
    assert all("M19" in row for row in table.loc[table["option"] == "merge", "vetoes"])
    assert "山区" in option(table, "merge", B)["reason"]
    assert "M19" not in option(table, "teaching_point")["vetoes"]


def test_an_empty_school_has_one_option_and_a_note_on_its_building():
    rows = TABLE[TABLE["school_id"] == E]
    assert rows["option"].tolist() == ["keep"]
    assert "资产" in rows["reason"].iloc[0] and rows["p_recovers"].isna().all()


def test_nothing_is_recommended_and_blocked_options_come_last():
    assert set(TABLE["verdict"]) <= set(ENUMS["verdict"])
    places = TABLE["verdict"].map({"keep": 0, "undecided": 1, "blocked": 2})
    assert places.groupby(TABLE["school_id"]).apply(lambda group: group.is_monotonic_increasing).all()


def test_the_tables_keep_their_contract():
    pd.testing.assert_frame_equal(check_table("candidates", TABLE), TABLE)
    pd.testing.assert_frame_equal(check_table("findings", FINDINGS), FINDINGS)
    assert set(FINDINGS["subject_type"]) == {"pair"}


def test_the_number_of_receivers_is_an_assumption():
    one = replace(BASELINE, parameters={**BASELINE.parameters, "candidate_receivers": 1.0})
    table, _ = small_school_options(one)
    assert table.loc[table["option"] == "merge", "receiver_id"].tolist() == [C]


def test_a_county_without_small_schools_has_no_rows():
    table, findings = small_school_options(toy_baseline(schools=schools().assign(kind="nine_year")))
    assert table.empty and findings.empty
    assert list(table.columns) == list(TABLE.columns)


@settings(max_examples=6, deadline=None)
@given(longer=st.floats(0, 60))
def test_a_longer_road_never_unblocks_a_merger(longer):
    minutes = BASELINE.minutes.copy()
    road = (minutes["village_code"] == V2) & (minutes["school_id"] != A)
    minutes.loc[road, "minutes"] += longer
    table, _ = small_school_options(replace(BASELINE, minutes=minutes))
    blocked = set(TABLE.loc[TABLE["verdict"] == "blocked", "receiver_id"])
    merged = table[table["option"] == "merge"]
    assert blocked <= set(merged.loc[merged["verdict"] == "blocked", "receiver_id"])


def test_small_schools_without_any_other_school_can_only_be_kept():
    alone = schools().assign(closed=[None, 2020, 2020, None])
    table, findings = small_school_options(toy_baseline(schools=alone))
    assert table["option"].tolist() == ["keep", "keep"]
    assert "没有其他学校" in table["reason"].iloc[0] and findings.empty
