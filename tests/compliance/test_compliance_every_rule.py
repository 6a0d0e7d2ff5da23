"""No rule is forgotten: each has a check, is a definition, or says why nobody can tell."""

import importlib.util

import pytest

from layout_planner.compliance import evaluate_today
from layout_planner.compliance.evaluate import CHECKS
from layout_planner.policy import load_catalogue
from tests.compliance.case_tables import COMPLETE, DAY, ledger
from tests.conftest import ROOT

CATALOGUE = load_catalogue()
FAMILIES = ("merging", "demand", "travel", "assets", "special")
WITHOUT_TABLE = {
    "T10",
    "T12",
    "S05",
}  # the county folder has no table of buses, of how each village is served, of visits


def tool():
    spec = importlib.util.spec_from_file_location("make_compliance_docs", ROOT / "tools" / "make_compliance_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("family", FAMILIES)
def test_every_rule_is_checked_or_has_a_reason(family):
    for rule in CATALOGUE.family(family):
        if rule.id not in CHECKS:
            assert rule.mode == "DATA" or rule.id in WITHOUT_TABLE, rule.id
            assert rule.mode == "DATA" or any("没有这张表" in need for need in rule.needs), rule.id


@pytest.mark.parametrize("family", FAMILIES)
def test_every_rule_that_is_no_definition_says_what_it_needs(family):
    assert [rule.id for rule in CATALOGUE.family(family) if rule.mode != "DATA" and not rule.needs] == []


def test_definitions_have_no_check():
    assert [name for name in CHECKS if CATALOGUE.rule(name).mode == "DATA"] == []


def test_the_page_on_compliance_is_made_from_the_checks():
    module = tool()
    assert module.PAGE.read_text(encoding="utf-8") == module.page(CATALOGUE)


def test_every_table_of_the_checks_has_its_files_in_the_page():
    mine = {name: entry.table for name, entry in CHECKS.items() if CATALOGUE.rule(name).family in FAMILIES}
    assert {table for table in mine.values() if table not in tool().FILES} == set()


def test_a_ledger_of_procedure_decides_its_rules_and_the_rest_stay_open():
    found = evaluate_today({"procedure": ledger(COMPLETE)}, CATALOGUE, DAY)
    outcomes = dict(zip(found["rule_id"], found["outcome"], strict=True))
    assert outcomes["M05"] == "pass" and outcomes["A07"] == "fail"
    assert {outcomes[name] for name in ("M03", "M04", "M15", "M18")} == {"unset"}
    assert {outcomes[name] for name in ("M07", "M13", "M16", "M17", "T11")} == {"not_evaluated"}
    assert set(outcomes) == {rule.id for rule in CATALOGUE}
