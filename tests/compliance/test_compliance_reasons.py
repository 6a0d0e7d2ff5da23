"""Every rule of size, staff, buildings, quality and preschool is checked or says why it cannot be."""

import pytest

from layout_planner.compliance.evaluate import CHECKS
from layout_planner.policy import load_catalogue

CATALOGUE = load_catalogue()
FAMILIES = ("size", "staff", "buildings", "quality", "preschool")
NOT_CHECKED = {  # rule: the words of its needs (or mode) that say why no table of a county folder decides it
    "B01": "设计建筑面积（数据里只有现有校舍）",
    "B06": "食堂面积（数据里只有餐位）",
    "B07": "办学标准原文",
    "B08": "本县口径",
    "C04": "设计班数（数据里只有现有班数",
    "C05": "设计班数（数据里只有现有班数",
    "C06": "设计班额（现有班额由 C01、C03、C12 核验）",
    "D02": "DATA",
    "P07": "收费标准与减免台账（数据里没有收费）",
    "P08": "procedure.csv 的布局专项规划不分学段",
}
RULES = [rule for family in FAMILIES for rule in CATALOGUE.family(family)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_is_checked_or_says_why_it_is_not(rule):
    assert (rule.id in CHECKS) != (rule.id in NOT_CHECKED)
    if rule.id in NOT_CHECKED:
        assert NOT_CHECKED[rule.id] in "；".join([rule.mode, *rule.needs])


def test_the_list_names_no_rule_twice_and_none_that_does_not_exist():
    assert set(NOT_CHECKED) <= {rule.id for rule in RULES}
    assert len(RULES) == 55


@pytest.mark.parametrize("rule_id", sorted({r.id for r in RULES} & set(CHECKS)))
def test_a_number_that_is_checked_says_how_it_binds(rule_id):
    rule = CATALOGUE.rule(rule_id)
    assert rule.op or all(value.op for value in rule.values)
