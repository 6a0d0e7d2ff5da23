"""Laws that hold for every table."""

from dataclasses import replace
from datetime import date

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from layout_planner import compliance
from layout_planner.compliance.places import shortages
from layout_planner.policy import load_catalogue

DAY = date(2025, 9, 1)
CATALOGUE = load_catalogue()
T01, C01, C07 = (CATALOGUE.rule(rule_id) for rule_id in ("T01", "C01", "C07"))
NAMES = st.sampled_from(["甲村", "乙村", "丙村"])
MINUTES = st.one_of(st.floats(0, 120), st.just(float("nan")))
TRIP = st.tuples(st.sampled_from(["a>b", "c>d"]), NAMES, st.sampled_from(["1-3", "4-6"]), st.integers(0, 9), MINUTES)
SECTION = st.tuples(st.sampled_from(["primary", "junior"]), st.integers(1, 9), st.integers(0, 300), st.integers(0, 6))


def trips_from(rows):
    table = pd.DataFrame(rows, columns=["subject_id", "village_name", "grade_band", "children", "minutes"])
    return table.assign(subject_type="pair", subject_name=table["subject_id"])


def sections_from(rows):
    table = pd.DataFrame(rows, columns=["stage", "grade", "pupils", "sections"])
    return table.assign(subject_type="school", subject_id="s", subject_name="甲", complete=True)


def with_limit(rule, value):
    return replace(rule, values=tuple(replace(line, value=value) for line in rule.values))


@given(st.lists(TRIP, min_size=1, max_size=8), st.floats(0, 60), st.floats(0, 60))
def test_a_higher_limit_never_adds_children_over_it(rows, one, other):
    low, high = sorted((one, other))
    table = trips_from(rows)
    strict = compliance.check_young_pupils_trip(table, with_limit(T01, low), DAY)
    loose = compliance.check_young_pupils_trip(table, with_limit(T01, high), DAY)
    assert (loose["affected"] <= strict["affected"]).all()
    assert not ((loose["outcome"] == "fail") & (strict["outcome"] == "pass")).any()


@given(st.lists(TRIP, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows, random):
    shuffled = random.sample(rows, len(rows))
    assert_frame_equal(
        compliance.check_young_pupils_trip(trips_from(rows), T01, DAY),
        compliance.check_young_pupils_trip(trips_from(shuffled), T01, DAY),
    )


@given(st.lists(TRIP, min_size=1, max_size=8))
def test_children_without_a_route_are_always_over(rows):
    table = trips_from(rows).assign(minutes=float("nan"))
    found = compliance.check_young_pupils_trip(table, T01, DAY)
    young = table.loc[table["grade_band"] == "1-3"].groupby("subject_id")["children"].sum()
    expected = young.reindex(found["subject_id"]).fillna(0)
    assert found["affected"].tolist() == expected.tolist()
    assert (found["outcome"] == "fail").tolist() == (expected > 0).tolist()


@given(st.lists(SECTION, min_size=1, max_size=8))
def test_every_class_over_56_is_over_the_class_size_too(rows):
    table = sections_from(rows)
    large = compliance.check_oversized_class(table, C07, DAY).set_index("stage")
    near = compliance.check_class_size(table, C01, DAY).set_index("stage").loc[large.index]
    assert (near["outcome"] == "fail")[large["outcome"] == "fail"].all()
    assert (large["affected"] <= near["affected"]).all()


@given(st.integers(1, 500), st.integers(1, 9))
def test_the_largest_section_holds_at_least_the_mean_and_less_than_one_more(pupils, sections):
    size = compliance.class_sizes(sections_from([("primary", 1, pupils, sections)])).iloc[0]
    assert pupils / sections <= size < pupils / sections + 1


@given(st.lists(st.tuples(st.just("床位"), st.integers(0, 99), st.integers(0, 99)), max_size=4))
def test_a_shortage_is_the_sum_of_what_is_missing(needs):
    assert shortages(needs).total == sum(max(wanted - there, 0) for _, wanted, there in needs)
