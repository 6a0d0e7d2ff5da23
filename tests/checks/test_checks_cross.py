"""Rounds two and three: every check finds what it is for, and only in the row that is wrong."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from layout_planner.contracts import load_dictionary
from layout_planner.io.checks.registry import all_checks
from layout_planner.io.checks.run import context_of, run_checks
from layout_planner.io.settings import CountyRule, Override

CHECKS = {check.name: check for check in all_checks()}
A, B, C = "2199000001", "2199000002", "3199000003"


@pytest.fixture(scope="module")
def clean(tmp_path_factory, request):
    from tests.checks.conftest import write_county

    return context_of(write_county(tmp_path_factory.mktemp("checks") / "county"))


def with_cells(ctx, table, rows, **cells):
    """Context with cells of a table changed; `rows` picks the rows."""
    frame = ctx.tables[table].copy()
    at = frame.index[rows(frame)]
    assert len(at)
    for column, value in cells.items():
        if value is None or isinstance(value, str | date):
            frame[column] = frame[column].astype(object)
        frame.loc[at, column] = value
    return replace(ctx, tables={**ctx.tables, table: frame})


def with_row(ctx, table, **cells):
    """Context with one more row: the last one with other cells."""
    frame = ctx.tables[table]
    last = frame.iloc[[-1]].assign(_row=int(frame["_row"].max()) + 1, **cells)
    return replace(ctx, tables={**ctx.tables, table: pd.concat([frame, last], ignore_index=True)})


def without(ctx, table, rows):
    frame = ctx.tables[table]
    return replace(ctx, tables={**ctx.tables, table: frame[~rows(frame)].reset_index(drop=True)})


def keys_without(ctx, table, rows):
    frame = ctx.keys[table]
    return replace(ctx, keys={**ctx.keys, table: frame[~rows(frame)]})


def settings(ctx, **fields):
    return replace(ctx, settings=ctx.settings.model_copy(update=fields))


def first(frame):
    return frame.index == frame.index[0]


def cell(school, year, grade):
    return lambda t: (t["school_id"] == school) & (t["school_year"] == year) & (t["grade"] == grade)


def schools(code):
    return lambda t: t["school_id"] == code


def month_heap(ctx):
    frame = ctx.tables["births"]
    months = pd.concat(
        [frame.iloc[[0]].assign(month=m, year=2019, births=30.0 if m == 1 else 0.0) for m in range(1, 13)]
    )
    return replace(ctx, tables={**ctx.tables, "births": months})


def monthly(ctx):
    births = ctx.keys["births"]
    return replace(
        ctx, keys={**ctx.keys, "births": births.assign(month=births["month"].mask(births["year"] == 2019, 3))}
    )


def copied(ctx):
    frame = ctx.tables["enrolment"].copy()
    for grade in range(1, 7):
        old = frame.loc[cell(A, 2022, grade)(frame), "pupils"].iloc[0]
        frame.loc[cell(A, 2023, grade)(frame), "pupils"] = old
    return replace(ctx, tables={**ctx.tables, "enrolment": frame})


def twins(ctx):
    frame = ctx.tables["enrolment"]
    return replace(ctx, tables={**ctx.tables, "enrolment": pd.concat([frame, frame[frame["school_id"] == A].assign(school_id="2199000009")])})  # fmt: skip  # noqa: E501


def in_tens(ctx):
    frame = ctx.tables["enrolment"]
    return replace(ctx, tables={**ctx.tables, "enrolment": frame.assign(pupils=(frame["pupils"] / 10).round() * 10)})


def old_children(ctx):
    births = ctx.tables["births"]
    young = with_cells(ctx, "villages", lambda t: t["weight"] > 0, children_0_2=400.0)
    assert births["births"].max() < 400
    return young


def one_sex(ctx):
    year = lambda t: (t["school_id"] == A) & (t["school_year"] == 2023)  # noqa: E731
    return with_cells(ctx, "enrolment", year, boarders_m=8, boarders_f=0)


def three_townships(ctx):
    """Two townships whose weights add up to 1, and one that is not told in full."""
    frame = ctx.tables["villages"].copy()
    third = np.arange(len(frame)) % 3
    frame["township_code"] = [f"99000110{n}" for n in third]
    frame["weight"] = np.where(third == 2, 0.1, 1.0 / np.bincount(third)[third])
    keys = {name: table for name, table in ctx.keys.items() if name != "townships"}
    tables = {name: table for name, table in ctx.tables.items() if name != "townships"}
    return replace(ctx, tables={**tables, "villages": frame}, keys=keys)


def moved(ctx, table, rows, lon=0.0, lat=0.0):
    frame = ctx.tables[table].copy()
    at = rows(frame)
    frame.loc[at, "geometry"] = frame.loc[at].geometry.translate(lon, lat)
    return replace(ctx, tables={**ctx.tables, table: frame})


def same_point(ctx):
    frame = ctx.tables["schools"].copy()
    frame.loc[1, "geometry"] = frame.geometry[0]
    return replace(ctx, tables={**ctx.tables, "schools": frame})


FILLED = [
    "schools",
    "births",
    "enrolment",
    "villages",
    "townships",
    "attendance",
    "zones",
    "trips",
    "events",
    "groups",
    "special_pupils",
    "teachers",
    "ledger",
    "assets",
    "procedure",
    "opinions",
    "residents",
]
SIGNED = {"reason": "试", "signer": "李示例", "date": date(2024, 1, 1)}

# check → (code, what breaks it)
CASES = {
    "assumptions": ("setting_bad", lambda c: settings(c, parameters={"walk_sped": 4.0})),
    "own_rules": ("rule_refused", lambda c: settings(c, rules={"T01": (CountyRule(value=40, **SIGNED),)})),
    "own_rules_later": (
        "rule_later",
        lambda c: settings(c, rules={"T05": (CountyRule(value=40, **{**SIGNED, "date": date(2025, 9, 2)}),)}),
    ),
    "overrides": (
        "override_not_applied",
        lambda c: settings(c, overrides=(Override(rule="T01", subject=A, **SIGNED),)),
    ),
    "flow_changes": ("flow_change_missing", lambda c: settings(c, flow_change=[{"origin": "990001101"}])),
    "roads_there": ("roads_absent", lambda c: replace(c, folder=c.folder / "nowhere")),
    "inside_county": ("point_far_outside", lambda c: moved(c, "villages", first, lon=5.0)),
    "one_place_each": ("points_identical", same_point),
    "village_in_township": ("village_off_township", lambda c: moved(c, "villages", first, lon=0.14)),
    "township_known": ("reference_unknown", lambda c: with_cells(c, "events", first, township_code="990001999")),
    "village_known": ("reference_unknown", lambda c: with_cells(c, "trips", first, village_code="990001100999")),
    "school_known": ("reference_unknown", lambda c: with_cells(c, "teachers", first, school_id="2199000099")),
    "host_school": ("host_is_point", lambda c: with_cells(c, "schools", first, host_school_id=B)),
    "case_known": ("case_unknown", lambda c: with_cells(c, "opinions", first, case_id="C9")),
    "kinds": ("grades_and_kind", lambda c: with_cells(c, "schools", schools(A), kind="junior")),
    "opening_years": ("closed_before_opened", lambda c: with_cells(c, "schools", first, opened=2010, closed=2009)),
    "sites": ("site_apart", lambda c: with_cells(c, "schools", schools(B), site_id="S1")),
    "school_names": ("school_name_twice", lambda c: with_cells(c, "schools", schools(C), name="甲镇示例小学")),
    "village_weights": (
        "village_weights_zero",
        lambda c: with_cells(c, "villages", lambda t: t["township_code"] == "990001101", weight=0.0),
    ),
    "township_villages": (
        "township_empty",
        lambda c: without(c, "villages", lambda t: (t["township_code"] == "990001101").to_numpy()),
    ),
    "synthetic": ("rows_synthetic", lambda c: settings(c, synthetic=False)),
    "projection": ("crs_bad", lambda c: settings(c, projected_crs=3857)),
    "grade_span": ("grade_outside_span", lambda c: with_cells(c, "enrolment", cell(B, 2020, 2), grade=7)),
    "boarders": ("boarders_exceed_pupils", lambda c: with_cells(c, "enrolment", cell(C, 2020, 7), boarders_m=500)),
    "sections": ("sections_exceed_pupils", lambda c: with_cells(c, "enrolment", cell(B, 2020, 2), sections=30)),
    "whole_numbers": ("count_broken", lambda c: with_cells(c, "enrolment", cell(B, 2020, 2), pupils=10.5)),
    "base_year": ("grade_missing", lambda c: keys_without(c, "enrolment", cell(A, 2024, 3))),
    "open_years": ("school_not_open", lambda c: with_cells(c, "schools", schools(A), closed=2023)),
    "earlier_years": ("rows_missing_before", lambda c: keys_without(c, "enrolment", cell(A, 2020, 3))),
    "births_years": ("births_township_missing", lambda c: keys_without(c, "births", lambda t: t["year"] == 2015)),
    "births_months": ("births_month_missing", monthly),
    "births_forms": ("births_both_forms", lambda c: with_row(c, "births", month=2)),
    "attendance_sums": ("attendance_sum", lambda c: with_cells(c, "attendance", first, pupils=1.0)),
    "attendance_children": (
        "attendance_exceeds_children",
        lambda c: with_cells(c, "villages", first, children_6_11=60.0),
    ),
    "bands_offered": ("band_not_offered", lambda c: with_cells(c, "groups", first, grade_band="7-9")),
    "zone_gaps": ("zone_gap", lambda c: without(c, "zones", first)),
    "zone_overlaps": ("zone_overlap", lambda c: with_row(c, "zones", school_id=A)),
    "zone_stages": ("stage_not_offered", lambda c: with_cells(c, "zones", first, stage="senior")),
    "trip_pairs": ("trip_unused", lambda c: with_cells(c, "trips", first, village_code="990001100204", school_id=B)),
    "group_sums": ("group_exceeds_pupils", lambda c: with_cells(c, "groups", first, pupils=900.0)),
    "group_places": ("group_nowhere", lambda c: with_cells(c, "groups", first, school_id=None)),
    "special_pupils": ("special_without_school", lambda c: with_cells(c, "special_pupils", first, school_id=None)),
    "event_ages": ("ages_turned", lambda c: with_cells(c, "events", first, age_low=17)),
    "three_counts": ("residents_residence", lambda c: with_cells(c, "residents", first, away=20.0)),
    "staff_stages": ("stage_not_offered", lambda c: with_cells(c, "teachers", first, stage="senior")),
    "asset_books": ("asset_differs", lambda c: with_cells(c, "assets", first, book_value_yuan=1_200_000.56)),
    "asset_states": ("asset_without_date", lambda c: with_cells(c, "assets", first, asset_state="transferred")),
    "asset_sites": ("asset_site", lambda c: with_cells(c, "assets", first, site_id="S3")),
    "procedure_dates": (
        "dates_turned",
        lambda c: with_cells(c, "procedure", lambda t: t["step"] == "opinion", date_end=date(2024, 1, 1)),
    ),
    "procedure_years": (
        "step_far",
        lambda c: with_cells(c, "procedure", lambda t: t["step"] == "opinion", date=date(2012, 1, 1)),
    ),
    "opinion_sums": ("opinions_exceed_asked", lambda c: with_cells(c, "opinions", first, support=39)),
    "date_future": ("date_future", lambda c: with_cells(c, "events", first, date=date(2042, 11, 12))),
    "births_future": ("births_future", lambda c: with_cells(c, "births", lambda t: t["year"] == 2024, year=2027)),
    "births_outlier": ("births_outlier", lambda c: with_cells(c, "births", lambda t: t["births"] == 47, births=470.0)),
    "births_month": ("births_month", month_heap),
    "entrants_births": (
        "entrants_births",
        lambda c: with_cells(c, "enrolment", lambda t: t["grade"] == 1, pupils=400.0),
    ),
    "children_births": ("children_births", old_children),
    "magnitude": ("magnitude", lambda c: with_cells(c, "enrolment", cell(A, 2020, 3), pupils=540.0)),
    "grade_hole": ("grade_hole", lambda c: with_cells(c, "enrolment", cell(A, 2020, 3), pupils=0.0)),
    "progression_jump": ("progression_jump", lambda c: with_cells(c, "enrolment", cell(A, 2023, 3), pupils=160.0)),
    "year_copied": ("year_copied", copied),
    "schools_copied": ("schools_copied", twins),
    "counts_rounded": ("counts_rounded", in_tens),
    "class_size_impossible": (
        "class_size_impossible",
        lambda c: with_cells(c, "enrolment", cell(A, 2020, 3), sections=1, pupils=140.0),
    ),
    "rooms_impossible": ("rooms_impossible", lambda c: with_cells(c, "schools", schools(A), classrooms=0)),
    "area_impossible": ("area_impossible", lambda c: with_cells(c, "schools", schools(A), teaching_area_m2=16.0)),
    "staff_impossible": ("staff_impossible", lambda c: with_cells(c, "teachers", schools(A), posts=1)),
    "boarders_young": ("boarders_young", lambda c: with_cells(c, "enrolment", cell(A, 2020, 3), boarders_m=2)),
    "boarders_one_sex": ("boarders_one_sex", one_sex),
    "trip_speed": ("trip_speed", lambda c: with_cells(c, "trips", first, minutes=0.2)),
    "weights_sum": ("weights_sum", three_townships),
}
# told while reading, or too large for the small county; tested in test_checks_files and test_coordinate_checks
ELSEWHERE = {"plans", "coordinates_shifted"}


def told(ctx, name):
    (result,) = run_checks(replace(ctx, told=()), (CHECKS[name],))
    assert result.ran
    return result.problems


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_check_finds_what_it_is_for_and_nothing_in_the_clean_county(clean, name):
    code, breaks = CASES[name]
    assert [p.code for p in told(clean, name) if p.severity != "notice"] == []
    problems = told(breaks(clean), name)
    assert code in {p.code for p in problems}
    for problem in problems:
        assert problem.check == name
        assert problem.code in CHECKS[name].tells
        assert problem.file
        assert all(problem.sentence(lang) and problem.fix(lang) for lang in ("zh", "en"))


def test_every_check_with_a_function_is_tested():
    functions = {check.name for check in all_checks() if check.function is not None}
    assert functions - set(CASES) - ELSEWHERE == set()


def test_a_check_whose_table_is_missing_is_told_apart_from_one_that_found_nothing(clean):
    less = replace(clean, tables={n: t for n, t in clean.tables.items() if n != "zones"})
    (result,) = run_checks(less, (CHECKS["zone_gaps"],))
    assert (result.ran, result.missing, result.problems) == (False, ("zones",), ())


def test_the_row_that_is_wrong_is_named(clean):
    rows = clean.tables["enrolment"]
    row = int(rows.loc[cell(A, 2020, 3)(rows), "_row"].iloc[0])
    problems = told(with_cells(clean, "enrolment", cell(A, 2020, 3), pupils=540.0), "magnitude")
    assert [(p.row, p.found) for p in problems] == [(row, "540")]


@pytest.mark.parametrize("off", [0.01, -0.01, 5000.0])
def test_assets_differ_from_one_fen_on(clean, off):
    value = 1_200_000.55
    assert told(with_cells(clean, "assets", first, book_value_yuan=value + off), "asset_books")
    assert not told(with_cells(clean, "assets", first, book_value_yuan=value + off / 1e6), "asset_books")


def test_a_difference_of_the_three_counts_is_told_until_it_is_explained(clean):
    explained = clean.tables["residents"]["explanation"].notna()
    assert explained.any()
    assert not told(clean, "three_counts")
    bare = with_cells(clean, "residents", lambda t: explained, explanation=None)
    assert {p.code for p in told(bare, "three_counts")} == {"residents_residence"}


@pytest.mark.parametrize("table", sorted(load_dictionary().tables[t].name for t in FILLED))
def test_a_table_without_a_good_row_breaks_no_check(clean, table):
    frame = clean.tables[table].iloc[:0]
    for keys in (clean.keys[table], clean.keys[table].iloc[:0]):
        bare = replace(clean, tables={**clean.tables, table: frame}, keys={**clean.keys, table: keys}, told=())
        results = run_checks(bare, tuple(CHECKS.values()))
        assert all(p.sentence() for r in results for p in r.problems)
