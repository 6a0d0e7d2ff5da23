"""A trace on a finished run: the rows are the right ones, the formulas give what is printed, changes are told."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import defaultdict
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.contracts.lineage import load_lineage
from layout_planner.enrolment import cohort_of
from layout_planner.enrolment.summaries import largest_remainder as rounded
from layout_planner.errors import LayoutError, UsageError, sentence
from layout_planner.io.settings import read_settings
from layout_planner.tracing import Matches, questions, trace
from layout_planner.tracing.chain import walk
from layout_planner.tracing.ground import ground_of
from layout_planner.tracing.keys import codes_named, rows_of, table_of
from layout_planner.tracing.payload import as_data, as_lines
from layout_planner.tracing.redo import Redone, largest_remainder
from layout_planner.tracing.store import Record, Store
from layout_planner.tracing.trace import Trace, _cell, trace_row

SCHOOL = "2199000001"


@pytest.fixture(scope="module")
def ground(made):
    return ground_of(Store(made.out, made.county))


def cells_of(ground, table):
    spec = ground.store.spec(table)
    for record in ground.store.rows(table) or ():
        yield from trace_cells(ground, spec, record)


def trace_cells(ground, spec, record):
    return [(record, _cell(ground, spec, record, column)) for column in spec.required]


def lines_of(path):
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))


@pytest.mark.parametrize("table", sorted(load_lineage()))
def test_the_first_and_the_last_row_of_every_table_can_be_traced(made, ground, table):
    rows = ground.store.rows(table)
    assert rows is not None
    for record in {rows[0].number: rows[0], rows[-1].number: rows[-1]}.values() if rows else ():
        found = trace(made.county, made.out, table, f"#{record.number}")
        assert isinstance(found, Trace)
        assert found.record.cells == record.cells
        assert found.changed == []
        assert not found.edited
        assert found.troubles == ()
        assert all(cell.agrees is not False for cell in found.cells)


def test_every_table_of_the_run_has_rows_to_trace(ground):
    empty = {table for table in load_lineage() if not ground.store.rows(table)}
    assert empty == {"road_closures"}  # made only where a county chooses the case


@pytest.mark.parametrize("table", sorted(load_lineage()))
def test_every_formula_that_can_be_done_again_gives_the_printed_value(ground, table):
    wrong = [(r.number, c.column.name, c.printed, c.redone) for r, c in cells_of(ground, table) if c.agrees is False]
    assert wrong == []


def test_every_recomputation_is_done_somewhere_and_would_notice_another_value(ground):
    done = defaultdict(int)
    for table in load_lineage():
        for _, cell in cells_of(ground, table):
            if cell.agrees and cell.printed != "":
                done[cell.origin.recompute] += 1
                if isinstance(cell.redone.value, str):
                    assert not cell.redone.agrees(f"{cell.printed}x")
                else:
                    assert not cell.redone.agrees(f"{float(cell.printed) * 1.01 + 1:.6g}")
                assert not cell.redone.agrees("") or cell.redone.value != cell.redone.value
    unused = {origin.recompute for lineage in load_lineage().values() for origin in lineage.origins} - set(done) - {""}
    assert unused <= {"seats_beds", "seats_meals", "coordinates"}, "no row of the small county has it"


@pytest.mark.parametrize(
    ("table", "key", "file"),
    [
        ("seats", f"{SCHOOL},primary,near", "enrolment.csv"),
        ("births_projected", "990001100,2020", "births.csv"),
        ("forecast_school", f"{SCHOOL},2024,3", "enrolment.csv"),
        ("forecast_school", f"{SCHOOL},2026,1", "births.csv"),
        ("allocation", "#2", "villages.csv"),
    ],
)
def test_row_numbers_are_those_of_the_file(made, table, key, file):
    found = trace(made.county, made.out, table, key)
    lines = lines_of(made.county / file)
    rows = next(item for item in found.inputs if item.file == file)
    assert rows.records
    for record in rows.records:
        line = dict(zip(lines[0], lines[record.number - 1], strict=True))
        assert {name: line[name] for name in line if line[name]} == {n: v for n, v in record.cells.items() if v}


def test_the_inputs_of_a_forecast_are_the_cohorts_births_the_flows_and_the_history(made, ground):
    found = trace(made.county, made.out, "forecast_school", f"{SCHOOL},2027,1", "pupils_p50")
    links = {link.table: link for link in found.links}
    cohort = cohort_of(2027, 1)
    years = {record.get("year") for link in found.links if link.table == "births" for record in link.records}
    years |= {r.get("year") for link in found.links if link.table == "births_projected" for r in link.records}
    assert years == {str(cohort), str(cohort + 1)}
    assert {record.get("attends") for record in links["flows"].records} == {SCHOOL}
    towns = {r.get("township_code") for r in ground.store.find("schools", {"school_id": frozenset({SCHOOL})})}
    schools = {r.get("school_id") for r in ground.store.find("schools", {"township_code": frozenset(towns)})}
    assert {SCHOOL} <= {record.get("school_id") for record in links["enrolment"].records} <= schools
    assert {record.get("grade") for record in links["enrolment"].records} <= {"0", "1"}
    assert max(int(record.get("school_year")) for record in links["enrolment"].records) == 2024
    assert found.models == ["docs/models/enrolment.md §3–§7"]
    assert next(cell for cell in found.cells if cell.column.name == "pupils_p50").redone is None


def test_a_cohort_that_is_at_school_already_is_followed_from_its_grade_of_the_base_year(made):
    found = trace(made.county, made.out, "forecast_school", f"{SCHOOL},2026,4", "pupils_p50")
    now = next(link for link in found.links if link.source.name == "now")
    assert [(r.get("school_id"), r.get("school_year"), r.get("grade")) for r in now.records] == [(SCHOOL, "2024", "2")]
    assert "births" not in {link.table for link in found.links}


def test_a_sum_goes_down_from_the_county_to_the_pupils_that_were_counted(made):
    found = trace(made.county, made.out, "forecast_stage", "county,2024,primary", "pupils_printed")
    tables = [link.table for link in walk(found.links)]
    assert tables.index("forecast_township") < tables.index("forecast_school") < tables.index("enrolment")
    cell = next(c for c in found.cells if c.column.name == "pupils_printed")
    lines = lines_of(made.county / "enrolment.csv")
    rows = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    counted = sum(float(r["pupils"]) for r in rows if r["school_year"] == "2024" and 1 <= int(r["grade"]) <= 6)
    assert cell.redone.value == counted == float(cell.printed)


def test_a_column_alone_leads_only_to_what_it_stands_on(made):
    seats = trace(made.county, made.out, "seats", f"{SCHOOL},primary,near", "pupils_now")
    assert [item.file for item in seats.inputs] == ["enrolment.csv"]
    assert seats.rules == ()


def test_rules_and_assumptions_are_those_of_the_row(made):
    rooms = trace(made.county, made.out, "seats", f"{SCHOOL},primary,long", "seats_rooms")
    assert [item.rule.id for item in rooms.rules] == ["C02", "C03"]
    assert [value.value for value in rooms.rules[0].lines] == [40.0]
    store = Store(made.out, made.county)
    match = {"grade_band": frozenset({"1-3"}), "mode": frozenset({"walk"}), "case": frozenset({"winter"})}
    rows = store.find("travel_minutes", match)
    found = trace(made.county, made.out, "travel_minutes", f"#{rows[0].number}", "minutes")
    assert [item.parameter.name for item in found.assumptions] == ["walk_speed_1_3", "winter_walk_factor"]


def test_a_finding_names_its_rule_its_check_and_the_rows_of_its_subject(made):
    found = trace(made.county, made.out, "findings", f"C01,school,{SCHOOL}")
    assert next(c for c in found.cells if c.column.name == "observed").function.endswith("size:check_class_size")
    assert [item.rule.id for item in found.rules] == ["C01"]
    rows = next(item for item in found.inputs if item.file == "enrolment.csv").records
    assert {(r.get("school_id"), r.get("school_year")) for r in rows} == {(SCHOOL, "2024")}


def test_every_finding_that_was_decided_stands_on_rows_of_the_input(ground):
    spec = ground.store.spec("findings")
    decided = [r for r in ground.store.rows("findings") if r.get("outcome") in {"pass", "fail"}]
    bare = [
        r.get("rule_id") for r in decided if not any(i.records for i in trace_row(ground, spec, r, ["observed"]).inputs)
    ]
    assert decided
    assert bare == []


def test_a_planted_change_is_shown_in_its_row_and_the_figures_no_longer_agree(made, tmp_path):
    changed = made.copy(tmp_path)
    path = changed.county / "enrolment.csv"
    before = trace(changed.county, changed.out, "seats", f"{SCHOOL},primary,near", "pupils_now")
    row = before.links[0].records[0].number
    lines = path.read_text(encoding="utf-8").split("\n")
    cells = lines[row - 1].split(",")
    cells[3] = "777"
    lines[row - 1] = ",".join(cells)
    path.write_text("\n".join(lines), encoding="utf-8")
    after = trace(changed.county, changed.out, "seats", f"{SCHOOL},primary,near", "pupils_now")
    assert [state.state for state in after.changed] == ["changed"]
    assert {r.number: r.get("pupils") for r in after.links[0].records}[row] == "777"
    cell = next(c for c in after.cells if c.column.name == "pupils_now")
    assert (cell.agrees, next(c for c in before.cells if c.column.name == "pupils_now").agrees) == (False, True)


def test_a_missing_file_a_broken_file_and_an_edited_table_are_told_and_the_rest_is_shown(made, tmp_path):
    changed = made.copy(tmp_path)
    (changed.county / "births.csv").unlink()
    (changed.county / "schools.geojson").write_text("{", encoding="utf-8")
    table = changed.out / "tables" / "seats.csv"
    table.write_bytes(table.read_bytes().replace(b"True", b"False", 1))
    births = trace(changed.county, changed.out, "births_projected", "990001100,2020")
    assert "missing" in {state.state for state in births.changed} or births.links[-1].absent
    seats = trace(changed.county, changed.out, "seats", f"{SCHOOL},primary,near")
    assert seats.edited
    assert [error.code for error in seats.troubles] == ["file_unreadable"]
    assert "enrolment.csv" in {item.file for item in seats.inputs}


def test_values_the_county_set_and_assumptions_it_changed_are_in_force(made, tmp_path):
    changed = made.copy(tmp_path)
    path = changed.county / "county.toml"
    text = path.read_text(encoding="utf-8")
    text += '\n[parameters]\nwalk_speed_1_3 = 3.1\n[rules.M03]\nvalue = 9\nreason = "理由"\nsigner = "张三"\ndate = 2024-01-01\n'
    path.write_text(text, encoding="utf-8")
    ground = ground_of(Store(changed.out, changed.county))
    assert ground.values["walk_speed_1_3"] == 3.1
    assert ground.catalogue.rule("M03").on(ground.day) == 9


KEYS = [
    (f"{SCHOOL},primary,near", 1),
    (f"{SCHOOL},小学,近期", 1),
    (f"school_id={SCHOOL},term=near,stage=primary", 1),
    (f"{SCHOOL},primary", 2),
    ("term=long", 3),
]


@pytest.mark.parametrize(("key", "least"), KEYS)
def test_a_key_may_be_codes_labels_pairs_or_a_part(ground, key, least):
    rows = rows_of(ground.store, ground.store.spec("seats"), key)
    assert len(rows) == least if least < 3 else len(rows) >= least


def test_a_name_stands_for_its_code_and_a_partial_key_lists_rows(made, ground):
    name = ground.store.find("schools", {"school_id": frozenset({SCHOOL})})[0].get("name")
    found = trace(made.county, made.out, "forecast_school", f"{name},2026,三年级")
    assert found.record.get("school_id") == SCHOOL
    several = trace(made.county, made.out, "forecast_school", name)
    assert isinstance(several, Matches)
    assert len(several.records) > 1


@pytest.mark.parametrize(("name", "table"), [("学位供给", "seats"), ("余缺", "seat_balance"), ("核验", "findings")])
def test_a_table_may_be_named_by_its_chinese_label_or_a_part_that_no_other_has(ground, name, table):
    assert table_of(ground.store, name).name == table


def test_an_enum_may_be_given_by_the_only_label_that_begins_so():
    labels = {"merge": "并入", "manage": "并管理", "teaching_point": "改为教学点（一至三年级）", "keep": "保留"}
    assert codes_named("改为教学点", labels) == {"teaching_point"}
    assert codes_named("并", labels) == set()
    assert codes_named("并入", labels | {"other": "并入外县"}) == {"merge"}
    assert codes_named("", labels) == set()


@pytest.mark.parametrize(
    ("table", "key", "column", "code", "words"),
    [
        ("seet", "x", None, "trace_table_unknown", "seats"),
        ("学位", "x", None, "trace_table_unknown", "学位余缺 seat_balance"),
        ("幼儿园", "x", None, "trace_table_none", "学位供给 seats"),
        ("seats", f"{SCHOOL},primary,near", "zzz", "trace_column_none", "seats_rooms"),
        ("seats", f"primary,{SCHOOL},near", None, "trace_key_unknown", "school_id,学段 stage,"),
        ("seats", f"primary,{SCHOOL},near", None, "trace_key_unknown", f"{SCHOOL},primary,near"),
        ("seats", f"{SCHOOL},primary,near", "seat", "trace_column_unknown", "seats"),
        ("seats", "2199000009,primary,near", None, "trace_key_unknown", "2199000001"),
        ("seats", f"{SCHOOL},junior,near", None, "trace_key_no_row", "primary"),
        ("seats", f"{SCHOOL},primary,near,x", None, "trace_key_long", "school_id,stage,term"),
        ("seats", "#99999", None, "trace_row_unknown", "2–"),
        ("seats", "skool=1", None, "trace_column_unknown", "school_id"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is_near_or_allowed(made, table, key, column, code, words):
    with pytest.raises(UsageError) as caught:
        trace(made.county, made.out, table, key, column)
    assert caught.value.code == code
    for lang in ("zh", "en"):
        line = sentence(code, caught.value.fields, lang)
        assert words in line
        assert "\n" not in line
        assert "：；" not in line, "a list without anything in it"


def test_a_result_whose_swap_was_cut_in_two_is_put_right(made, tmp_path):
    cut = made.copy(tmp_path / "cut")
    cut.out.rename(cut.out.with_name(f"{cut.out.name}.new"))
    assert trace(cut.county, cut.out, "seats", f"{SCHOOL},primary,near")
    assert cut.out.is_dir()


def test_a_folder_without_a_run_and_a_table_that_was_not_written_are_told(made, tmp_path):
    with pytest.raises(UsageError) as caught:
        trace(made.county, tmp_path, "seats", "x")
    assert caught.value.code == "trace_no_run"
    part = made.copy(tmp_path / "part")
    (part.out / "tables" / "seats.csv").unlink()
    with pytest.raises(UsageError) as caught:
        trace(part.county, part.out, "seats", "x")
    assert caught.value.code == "trace_table_absent"


@given(key=st.text(max_size=30), table=st.sampled_from(["seats", "findings", "reconciliation", "data_quality"]))
def test_any_key_gives_rows_or_one_sentence(ground, key, table):
    try:
        assert rows_of(ground.store, ground.store.spec(table), key)
    except LayoutError as error:
        assert sentence(error.code, error.fields, "zh")


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=12))
def test_largest_remainder_keeps_the_sum_as_the_forecast_does(values):
    goal = math.floor(math.fsum(values) + 0.5)
    mine = largest_remainder(values, goal)
    theirs = rounded(np.asarray(values), goal)
    assert max(abs(int(a) - b) for a, b in zip(theirs, mine, strict=True)) <= 1


@given(year=st.integers(2000, 2040), grade=st.integers(-2, 12))
def test_a_cohort_is_the_cohort_of_the_forecast(year, grade):
    assert questions.cohort_of(year, grade) == cohort_of(year, grade)


def test_the_day_of_the_rules_is_that_of_a_run(ground):
    assert ground.day == read_settings(ground.store.county).rules_day == date(2025, 9, 1)


def test_a_monthly_row_belongs_to_one_cohort_and_a_yearly_row_to_two():
    holds = questions._in_cohorts([2020])
    rows = [("2020", ""), ("2021", ""), ("2020", "8"), ("2020", "9"), ("2021", "8"), ("2021", "9"), ("2022", "")]
    cells = [Record("births", "births.csv", 2, {"year": y, "month": m}) for y, m in rows]
    assert [holds(cell) for cell in cells] == [True, True, False, True, True, False, False]


def test_a_printed_number_agrees_to_six_digits_and_no_further():
    assert Redone("", 123456.4).agrees("123456")
    assert not Redone("", 1234.0).agrees("1235")
    assert Redone("", float("nan")).agrees("")
    assert not Redone("", float("nan")).agrees("0")


def test_a_trace_of_one_row_reads_no_more_than_json_can_hold(made):
    found = trace(made.county, made.out, "findings", f"C01,school,{SCHOOL}")
    data = json.loads(json.dumps(as_data(found), ensure_ascii=False))
    assert data["columns"][0]["name"] == "rule_id"
    assert data["inputs"][0]["sha256"] == data["inputs"][0]["sha256_now"]
    assert {line["part"] for line in as_lines(found, "zh")} >= {"figure", "input", "rule"}


def test_tracing_a_row_directly_is_the_same_as_by_its_key(made, ground):
    record = ground.store.rows("seats")[0]
    spec = ground.store.spec("seats")
    direct = trace_row(ground, spec, record, spec.names)
    keyed = trace(made.county, made.out, "seats", ",".join(record.get(name) for name in spec.key))
    assert [(i.file, [r.number for r in i.records]) for i in direct.inputs] == [
        (i.file, [r.number for r in i.records]) for i in keyed.inputs
    ]
