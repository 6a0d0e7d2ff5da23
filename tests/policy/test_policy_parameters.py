"""Engineering assumptions: sourced, within their range, overridden by name."""

import pytest

from layout_planner.errors import PolicyError
from layout_planner.policy import Parameter, load_parameters, outside_range, parameter_values
from layout_planner.policy.catalogue import read_toml

PARAMETERS = load_parameters()
HAND = {"speed": Parameter("speed", "步行速度", "km/h", 4.0, 3.0, 5.0, "工程假设")}


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_an_assumption_has_a_title_a_source_a_unit_and_lies_in_its_range(name):
    parameter = PARAMETERS[name]
    assert parameter.title
    assert parameter.source
    assert parameter.unit in read_toml("units.toml")
    assert parameter.mode == "ASSUMPTION"
    assert parameter.low <= parameter.value <= parameter.high


def test_an_override_replaces_the_default():
    assert parameter_values(HAND, {}) == {"speed": 4.0}
    assert parameter_values(HAND, {"speed": 3.5}) == {"speed": 3.5}


def test_an_override_outside_the_range_is_taken_and_listed():
    values = parameter_values(HAND, {"speed": 9})
    assert values == {"speed": 9.0}
    assert [parameter.name for parameter in outside_range(HAND, values)] == ["speed"]
    assert outside_range(HAND, {"speed": 3.0}) == []


@pytest.mark.parametrize(
    ("overrides", "code"),
    [
        ({"sped": 4}, "parameter_unknown"),
        ({"speed": "fast"}, "parameter_not_a_number"),
        ({"speed": float("nan")}, "parameter_not_a_number"),
        ({"speed": True}, "parameter_not_a_number"),
    ],
)
def test_an_override_must_name_an_assumption_and_be_a_number(overrides, code):
    with pytest.raises(PolicyError) as caught:
        parameter_values(HAND, overrides)
    assert caught.value.code == code
