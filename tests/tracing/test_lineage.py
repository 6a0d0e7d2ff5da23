"""The lineage as data: no column is left out, and every name in it exists."""

from __future__ import annotations

import importlib

import pytest

from layout_planner.compliance.evaluate import CHECKS
from layout_planner.contracts import load_dictionary
from layout_planner.contracts.lineage import load_lineage
from layout_planner.policy import load_catalogue, load_parameters
from layout_planner.terms import GradeBand
from layout_planner.tracing.questions import CONDITIONS, QUESTIONS, YES_OR_NO
from layout_planner.tracing.redo_more import REDO
from layout_planner.tracing.store import PLANS
from tests.conftest import ROOT

DICTIONARY, LINEAGE = load_dictionary(), load_lineage()
OUTPUTS = {table.name: table for table in DICTIONARY.outputs()}
ORIGINS = [(name, origin) for name, lineage in LINEAGE.items() for origin in lineage.origins]
SOURCES = [(name, source) for name, lineage in LINEAGE.items() for source in lineage.sources.values()]
RULE_QUESTIONS = {"@rule", "@trip_rule", "@seat_rules", "@pair_rules", "@vetoes"}
SPECIAL = {"@file", "@needed", PLANS}
IDS = {
    "ids": lambda value: (
        value if isinstance(value, str) else getattr(value, "name", "-".join(getattr(value, "names", ()))[:40])
    )
}


@pytest.mark.parametrize("table", sorted(OUTPUTS))
def test_every_column_of_every_output_table_has_a_lineage(table):
    told = [column for origin in LINEAGE[table].origins for column in origin.names]
    assert sorted(told) == sorted(OUTPUTS[table].names)


def test_no_lineage_speaks_of_a_table_that_is_not_written():
    assert set(LINEAGE) == set(OUTPUTS)


@pytest.mark.parametrize(("table", "origin"), ORIGINS, **IDS)
def test_functions_rules_parameters_and_pages_exist(table, origin):
    if origin.function != "@check":
        module, _, function = origin.function.partition(":")
        assert callable(getattr(importlib.import_module(module), function))
    assert {rule for rule in origin.rules if rule not in RULE_QUESTIONS} <= set(load_catalogue().rules)
    bands = [str(band).replace("-", "_") for band in GradeBand]
    names = {name.replace("{band}", band) for name in origin.parameters for band in bands}
    assert names <= set(load_parameters())
    assert not origin.recompute or origin.recompute in REDO
    assert not origin.model or (ROOT / origin.model.split(" ")[0]).is_file()
    assert origin.zh
    assert origin.en
    assert origin.sources or origin.rules


@pytest.mark.parametrize(("table", "source"), SOURCES, **IDS)
def test_sources_name_columns_and_questions_that_exist(table, source):
    above = {column.name for column in OUTPUTS[table].columns}
    if source.table not in SPECIAL:
        spec = DICTIONARY.tables[source.table]
        here = {column.name for column in spec.columns} | ({"lon", "lat"} if spec.geometry == "Point" else set())
        assert set(source.columns) | set(source.match) <= here
        assert not source.first or source.first in here
    assert set(source.when) <= above
    for wanted in source.match.values():
        assert wanted[0] == "=" or wanted in QUESTIONS or wanted in above
    assert not source.asks or source.asks in YES_OR_NO
    assert not source.where or source.where in CONDITIONS
    assert source.zh
    assert source.en


def test_every_source_is_used_and_every_recomputation_and_question_is_needed():
    for name, lineage in LINEAGE.items():
        assert set(lineage.sources) == {source for origin in lineage.origins for source in origin.sources}, name
    assert {origin.recompute for _, origin in ORIGINS} - {""} == set(REDO)
    asked = {wanted for _, source in SOURCES for wanted in [*source.match.values(), source.asks]}
    assert asked >= set(QUESTIONS) | set(YES_OR_NO)


def test_a_finding_of_a_school_shows_rows_whatever_check_made_it():
    served = {table for source in LINEAGE["findings"].sources.values() for table in source.checks}
    assert served <= {entry.table for entry in CHECKS.values()}
    assert any(source.otherwise for source in LINEAGE["findings"].sources.values())
