import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.reports import words

NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "printed"), [(1234.5, "1,235"), (0, "0"), (-2.5, "-3"), (NAN, "—"), (None, "—"), ("", "—"), (0.49, "0")]
)
def test_counts_have_separators_and_the_unknown_is_a_dash(value, printed):
    assert words.whole(value) == printed


@pytest.mark.parametrize(("value", "printed"), [(0.915, "92%"), (NAN, "—"), (float("inf"), "—"), (0.0, "0%")])
def test_shares_are_whole_percentages(value, printed):
    assert words.percent(value) == printed


@pytest.mark.parametrize(
    ("value", "printed"), [(0.0, "0%"), (0.004, "不到 1%"), (0.5, "50%"), (0.996, "超过 99%"), (1.0, "100%")]
)
def test_a_chance_is_never_printed_as_certain_when_it_is_not(value, printed):
    assert words.chance(value) == printed


@pytest.mark.parametrize(
    ("value", "printed"),
    [(30.0, "30"), (0.25, "0.25"), (1e-6, "1e-06"), (1234.567, "1,234.57"), (True, "是"), ("中", "中")],
)
def test_values_of_any_unit(value, printed):
    assert words.number(value) == printed


def test_direction_in_words():
    assert words.change(7252, 5175, "人") == "减少 2,077 人"
    assert words.change(10, 12.4, "人") == "增加 2 人"
    assert words.change(10, 10.2, "人") == "与前持平"


def test_balances_carry_a_true_sign():
    assert [words.signed(value) for value in (5.2, -5.2, 0, NAN)] == ["+5", "−5", "0", "—"]


def test_an_interval_without_spread_is_not_printed():
    assert words.interval(3.1, 3.4) == ""
    assert words.interval(3, NAN) == ""
    assert words.interval(1000, 2000) == "（1,000–2,000）"


def test_long_lists_end_with_the_count():
    assert words.listed(["甲", "乙", "丙"], 2) == "甲、乙 等 3 个"
    assert words.listed([]) == "—"
    assert words.rule_ids("T01、M19; M12") == ["T01", "M19", "M12"]


@given(st.lists(st.one_of(st.floats(0, 1e6), st.just(math.nan)), max_size=20))
def test_a_total_is_the_sum_of_what_was_printed(values):
    printed = [int(words.whole(value).replace(",", "")) for value in values if not math.isnan(value)]
    assert words.total(values) == (f"{sum(printed):,}" if printed else "—")
