"""Whatever part of the optional tables a county keeps, its base year and its small schools are judged: unknown is 未评."""

import json
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layout_planner.consolidation import small_school_options
from layout_planner.contracts import check_table, load_dictionary
from layout_planner.demo import make_county, write_county
from layout_planner.pipeline import RunOptions
from layout_planner.pipeline.compute import baseline_of, compute, compute_forecast
from layout_planner.pipeline.judging import findings_of
from layout_planner.pipeline.supply import supply_of

EMPTY = {"int": "Int64", "bool": "boolean", "float": "float64"}
TABLES = load_dictionary().tables
TYPES = {column.name: column.type for table in TABLES.values() for column in table.columns}
OPTIONAL = sorted(
    table.name
    for table in load_dictionary().inputs()
    if table.may_be_absent and table.name not in {"roads", "attendance"}
)
ONE_KIND = [
    ("procedure", "case_kind", "layout_plan"),
    ("procedure", "case_kind", "closing"),
    ("procedure", "step", "draft"),
    ("procedure", "step", "done"),
    ("opinions", "party", "parents"),
    ("opinions", "means", "hearing"),
    ("teachers", "role", "teacher"),
    ("teachers", "stage", "junior"),
    ("assets", "asset_kind", "land"),
    ("assets", "asset_state", "in_use"),
    ("residents", "age", 6),
    ("trips", "mode", "bus"),
    ("special_pupils", "setting", "home_visit"),
    ("zones", "stage", "junior"),
    ("ledger", "ledger_item", "public_funds"),
    ("groups", "group", "left_behind"),
]


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A county with every optional table, computed up to the forecast."""
    folder = tmp_path_factory.mktemp("county")
    write_county(make_county(5, villages=12, sites=3), folder)
    forecasted = compute_forecast(folder, RunOptions(horizon=2, draws=10))
    return forecasted, supply_of(forecasted.setup, forecasted.outlook.pupils)


def judged(done, more=None, **fields):
    """Findings and options with other optional tables or other columns of the register."""
    forecasted, supply = done
    setup = forecasted.setup
    county = replace(setup.county, **({} if more is None else {"more": more}))
    setup = replace(setup, county=county, **fields)
    options, pairs = small_school_options(baseline_of(replace(forecasted, setup=setup), supply))
    check_table("candidates", options)
    found = check_table("findings", findings_of(setup, forecasted.attendance, further=pairs))
    assert set(found["rule_id"]) == set(setup.catalogue.rules)
    unknown = found[found["outcome"] == "not_evaluated"]
    assert unknown["missing"].str.len().gt(0).all()
    return found


def tables_of(done):
    return dict(done[0].setup.county.more)


def emptied(table, column):
    """Every cell of a column unknown, as the reader of the folder gives it."""
    cells = pd.Series([None] * len(table), index=table.index, dtype=EMPTY.get(TYPES[column], "object"))
    return table.assign(**{column: cells})


def test_the_county_of_these_tests_has_every_optional_table(done):
    assert set(OPTIONAL) - {"events", "barriers", "bus_stops"} <= set(tables_of(done))


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_table_without_a_row(done, name):
    more = tables_of(done)
    judged(done, {**more, name: more[name].iloc[:0]} if name in more else more)


def test_no_optional_table_at_all_and_one_row_of_each(done):
    judged(done, {})
    judged(done, {name: table.iloc[:1] for name, table in tables_of(done).items()})


@pytest.mark.parametrize(("name", "column", "value"), ONE_KIND)
def test_a_table_with_the_rows_of_one_kind_only(done, name, column, value):
    more = tables_of(done)
    mine = more[name][column].astype("str") == str(value)
    judged(done, {**more, name: more[name][mine].reset_index(drop=True)})


@pytest.mark.parametrize("column", ["school_id", "village_code", "township_code"])
def test_tables_that_tell_of_one_place_only(done, column):
    more = {
        name: table[table[column] == table[column].dropna().iloc[0]].reset_index(drop=True)
        for name, table in tables_of(done).items()
        if column in table and table[column].notna().any()
    }
    judged(done, {**tables_of(done), **more})


def test_optional_columns_without_a_single_value(done):
    more = {}
    for name, table in tables_of(done).items():
        for column in TABLES[name].optional:
            table = emptied(table, column.name) if column.name in table else table
        more[name] = table
    found = judged(done, more)
    passed = set(found.loc[found["outcome"] == "pass", "rule_id"])
    assert not passed & {"M08", "L01", "S05", "A01"}  # the columns safe, use_now, visits, not_enrolled


def test_a_register_of_schools_with_every_optional_column_empty(done):
    schools = done[0].setup.schools
    for column in TABLES["schools"].optional:
        schools = emptied(schools, column.name) if column.name in schools else schools
    judged(done, schools=schools)


@st.composite
def sparse(draw, whole):
    """Some tables left out, some cut to a few rows, some with an optional column empty."""
    more = {}
    for name, table in whole.items():
        how = draw(st.sampled_from(["whole", "absent", "rows", "kind", "column"]))
        kinds = [c for c in table.columns if 0 < table[c].nunique() <= 12]
        gaps = [c.name for c in TABLES[name].optional if c.name in table]
        if how == "rows":
            more[name] = table.iloc[draw(st.lists(st.integers(0, len(table) - 1), max_size=3, unique=True))]
        elif how == "kind" and kinds:
            column = draw(st.sampled_from(kinds))
            value = draw(st.sampled_from(sorted(table[column].dropna().unique().tolist(), key=str)))
            more[name] = table[table[column] == value]
        elif how == "column" and gaps:
            more[name] = emptied(table, draw(st.sampled_from(gaps)))
        elif how != "absent":
            more[name] = table
    return {name: table.reset_index(drop=True) for name, table in more.items()}


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_parts_of_the_optional_tables_together(done, data):
    judged(done, data.draw(sparse(tables_of(done))))


def test_a_ledger_of_procedure_with_the_layout_plan_alone_runs_from_the_folder(county_copy):
    rows = "case_id,case_kind,step,level,date\nGH1,layout_plan,approve,county,2024-05-01\n"
    (county_copy / "procedure.csv").write_text(rows, encoding="utf-8")
    register = json.loads((county_copy / "schools.geojson").read_text(encoding="utf-8"))
    school = register["features"][0]["properties"]
    assets = f"{','.join(c.name for c in TABLES['assets'].required)}\n"
    told = {"asset_id": "A1", "name": "旧平房", "asset_kind": "building", "asset_state": "inventoried", "area_m2": "90"}
    told |= {name: school[name] for name in ("school_id", "site_id")}
    assets += ",".join(told[c.name] for c in TABLES["assets"].required) + "\n"
    (county_copy / "assets.csv").write_text(assets, encoding="utf-8")
    found = compute(county_copy, RunOptions(horizon=2, draws=10)).findings
    assert set(found["rule_id"]) >= {"L01", "M05"}
