"""The county's own assumptions: signs and whole years as the range of each says."""

import pytest

from layout_planner.io.checks.own_values import absurd, sane_range
from layout_planner.policy import load_parameters

KNOWN = load_parameters()


@pytest.mark.parametrize(
    ("name", "value", "refused"),
    [
        ("births_low_shift", -0.03, False),
        ("births_high_shift", -0.05, False),
        ("births_low_shift", -0.6, True),
        ("births_low_shift", 0.6, True),
        ("walk_speed_1_3", -3.6, True),
        ("walk_speed_1_3", 36.0, False),
        ("walk_speed_1_3", 43.0, True),
    ],
)
def test_a_value_may_lie_ten_times_beyond_its_range_and_has_a_sign_that_the_range_has(name, value, refused):
    assert absurd(KNOWN[name], value) is refused


def test_every_range_lies_inside_what_may_be_meant():
    for parameter in KNOWN.values():
        low, high = sane_range(parameter)
        assert low <= parameter.low <= parameter.high <= high
