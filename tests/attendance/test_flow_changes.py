"""Changes of the flows: a hand-worked county of two townships, children kept, order and size, errors by their text."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.attendance import children_from_pupils
from layout_planner.attendance.arrivals import Arrival, place_arrivals
from layout_planner.attendance.flow_change import FlowChange, parse_flow_changes
from layout_planner.attendance.flow_matrix import flow_matrix
from layout_planner.attendance.homes import attending_shares, unit_homes
from layout_planner.attendance.moves import change_flows
from layout_planner.errors import DataError, DefectsError
from layout_planner.terms import OUTSIDE

few = settings(max_examples=15)  # each one forecasts a small county
A, B = "620000001", "620000002"
YEARS = range(2024, 2029)
GRADES = range(1, 7)
VILLAGES = pd.DataFrame(
    {"village_code": ["a1", "a2", "b1"], "name": ["甲一", "甲二", "乙一"], "township_code": [A, A, B]}
)
SCHOOLS = pd.DataFrame({"school_id": ["SA", "SB", "SP"], "township_code": [A, B, B]})
# township A: 10 a grade at home, 6 in B (4 in SB, 2 in SP), 4 in no school of the county; township B: 20 at home
ALLOCATION = pd.DataFrame(
    [
        (village, school, band, 3.0 * children)
        for band in ("1-3", "4-6")
        for village, school, children in (
            ("a1", "SA", 7), ("a2", "SA", 3), ("a1", "SB", 4), ("a2", "SP", 2), ("a1", OUTSIDE, 4),
            ("b1", "SB", 8), ("b1", "SP", 12),
        )
    ],
    columns=["village_code", "attends", "grade_band", "children"],
)  # fmt: skip
SIZES = {"SA": 10.0, "SB": 12.0, "SP": 14.0}


def forecast(values=None, draws=3):
    units = [(school, grade) for school in SIZES for grade in GRADES]
    if values is None:
        values = np.array([SIZES[school] for school, _ in units])[None, :, None] * np.ones((draws, 1, len(YEARS)))
    return xr.DataArray(
        np.asarray(values, dtype=np.float32),
        dims=("draw", "unit", "school_year"),
        coords={
            "school_year": list(YEARS),
            "school_id": ("unit", [s for s, _ in units]),
            "grade": ("unit", [g for _, g in units]),
        },
    )


def setting(values=None):
    pupils = forecast(values)
    return pupils, children_from_pupils(pupils, ALLOCATION, VILLAGES), unit_homes(pupils, ALLOCATION, VILLAGES, SCHOOLS)


def of(pupils, school, grade, year):
    here = (pupils["school_id"].values == school) & (pupils["grade"].values == grade)
    return float(pupils.isel(unit=here).sel(school_year=year).mean())


def change(share=0.5, low=1, high=3, **more):
    return FlowChange(**{"from_year": 2025, "origin": A, "destination": B, "to": A} | more, grade_low=low, grade_high=high, share=share)  # fmt: skip  # noqa: E501


def by_cell(pupils, children):
    """Pupils + outside and children, by draw, grade and year."""
    seated = (
        pupils.transpose("draw", "unit", "school_year")
        .values.reshape(len(pupils), len(SIZES), len(GRADES), -1)
        .sum(axis=1)
    )
    order = ("draw", "grade", "school_year")
    away, home = (children[n].sum("township_code").transpose(*order).values for n in ("outside", "children"))
    return seated + away, home


def test_half_of_those_who_go_to_b_stay_in_a_grade_by_grade_as_their_cohort_moves_up():
    pupils, children, homes = setting()
    after, home = change_flows(pupils, children, homes, [change()])
    for year in YEARS:
        for grade in GRADES:
            moved = 3.0 if grade <= 3 and year >= 2025 + grade - 1 else 0.0  # half of A's 6 children in B
            assert of(after, "SA", grade, year) == pytest.approx(10 + moved)
            assert of(after, "SB", grade, year) == pytest.approx(12 - moved * 2 / 3)  # 4 of the 6 sit in SB
            assert of(after, "SP", grade, year) == pytest.approx(14 - moved / 3)
    xr.testing.assert_equal(home["children"], children["children"])
    xr.testing.assert_equal(home["outside"], children["outside"])


def test_all_grades_at_once_where_the_change_says_so():
    pupils, children, homes = setting()
    after, _ = change_flows(pupils, children, homes, [change(phase="all")])
    assert [of(after, "SA", grade, 2025) for grade in (1, 2, 3, 4)] == pytest.approx([13, 13, 13, 10])


def test_the_schools_of_a_place_receive_by_the_children_they_have_from_the_same_home():
    pupils, children, homes = setting()
    after, _ = change_flows(pupils, children, homes, [change(destination=A, to=B)])
    assert of(after, "SA", 1, 2025) == pytest.approx(5)
    assert of(after, "SB", 1, 2025) == pytest.approx(12 + 5 * 4 / 6)
    assert of(after, "SP", 1, 2025) == pytest.approx(14 + 5 * 2 / 6)


def test_children_leave_for_other_counties_and_come_back_from_there():
    pupils, children, homes = setting()
    left, home = change_flows(pupils, children, homes, [change(to=OUTSIDE)])
    assert of(left, "SB", 1, 2025) == pytest.approx(10)
    gone = (home["outside"] - children["outside"]).sel(township_code=A, grade=1).mean("draw").values
    assert gone.tolist() == pytest.approx([0, 3, 3, 3, 3])
    village = (home["outside_village_mean"] - children["outside_village_mean"]).sel(grade_band="1-3", school_year=2025)
    assert village.values.tolist() == pytest.approx([2, 1, 0, 0])  # a1 sits in SB, a2 in SP
    back, home = change_flows(pupils, children, homes, [change(destination=OUTSIDE)])
    assert of(back, "SA", 1, 2025) == pytest.approx(12)
    assert float(home["outside"].sel(township_code=A, grade=1, school_year=2025).mean()) == pytest.approx(2)


def test_without_a_change_the_forecast_is_the_very_same_object():
    pupils, children, homes = setting()
    after, home = change_flows(pupils, children, homes, [])
    assert after is pupils
    assert home is children


def test_the_matrix_by_hand():
    pupils, children, homes = setting()
    table = flow_matrix(pupils, children["outside"], homes, [change()], base_year=2024)
    cells = table[table["home_township_code"] == A].set_index(["destination_code", "grade", "school_year"])
    assert cells.loc[[(A, 1, 2024), (B, 1, 2024), (OUTSIDE, 1, 2024)], "children_mean"].tolist() == pytest.approx(
        [10, 6, 4]
    )
    assert cells.loc[[(A, 1, 2025), (B, 1, 2025), (OUTSIDE, 1, 2025)], "share"].tolist() == pytest.approx(
        [0.65, 0.15, 0.2]
    )
    assert cells.loc[[(A, 4, 2028), (B, 4, 2028)], "children_mean"].tolist() == pytest.approx([10, 6])


pupil_draws = st.integers(0, 10_000).map(
    lambda seed: (
        np.random.default_rng(seed).poisson(8, (3, 18, len(YEARS))).astype(float) + (np.arange(len(YEARS)) == 0)
    )
)
changes = st.builds(
    lambda share, low, span, year, ends, phase: FlowChange(year, A, ends[0], ends[1], low, min(low + span, 6), share, phase),
    st.floats(0.01, 0.33), st.integers(1, 6), st.integers(0, 5), st.integers(2025, 2028),
    st.sampled_from([(A, B), (B, A), (A, OUTSIDE), (OUTSIDE, B)]), st.sampled_from(["entrants", "all"]),
)  # fmt: skip


@few
@given(pupil_draws, st.lists(changes, min_size=1, max_size=3))
def test_no_change_loses_or_invents_a_child_in_any_grade_year_or_draw(values, made):
    pupils, children, homes = setting(values)
    after, home = change_flows(pupils, children, homes, made)
    given_, received = by_cell(after, home)
    np.testing.assert_allclose(given_, received, atol=1e-4)
    np.testing.assert_allclose(received, by_cell(pupils, children)[1], atol=1e-4)
    assert after.values.min() >= 0
    assert home["outside"].values.min() >= 0
    xr.testing.assert_equal(after.sel(school_year=2024), pupils.sel(school_year=2024))


@few
@given(pupil_draws, st.lists(changes, min_size=2, max_size=3))
def test_the_order_of_the_changes_moves_no_result(values, made):
    pupils, children, homes = setting(values)
    one, other = (change_flows(pupils, children, homes, order)[0] for order in (made, made[::-1]))
    np.testing.assert_allclose(one.values, other.values, atol=1e-4)


@few
@given(pupil_draws, changes, st.floats(1.0, 3.0))
def test_a_larger_share_never_leaves_more_where_they_came_from(values, made, more):
    pupils, children, homes = setting(values)
    larger = FlowChange(**{**vars(made), "share": made.share * more})
    one, other = (change_flows(pupils, children, homes, [c])[0] for c in (made, larger))
    town = np.array([A] * 6 + [B] * 12)
    if made.destination != OUTSIDE:
        at = town == made.destination
        assert (other.values[:, at] <= one.values[:, at] + 1e-4).all()
    if made.to != OUTSIDE:
        at = town == made.to
        assert (other.values[:, at] >= one.values[:, at] - 1e-4).all()


@few
@given(pupil_draws, st.lists(changes, max_size=3), st.floats(-60, 60))
def test_the_matrix_adds_up_to_the_pupils_and_the_children_with_changes_and_events(values, made, size):
    pupils, children, homes = setting(values)
    arrival = Arrival("E", A, None, {g: np.full((3, len(YEARS)), size / 6, dtype=np.float32) for g in GRADES})
    seated, home, added, _ = place_arrivals(pupils, children, homes, [arrival])
    table = flow_matrix(seated, home["outside"], homes, made, added=added, base_year=2024)
    after, home = change_flows(seated, home, homes, made, added=added)
    keys = ["school_year", "grade"]
    inside = table[table["destination_code"] != OUTSIDE].groupby(["destination_code", *keys])["children_mean"].sum()
    for town, schools in ((A, ["SA"]), (B, ["SB", "SP"])):
        mine = after.isel(unit=np.isin(after["school_id"].values, schools)).mean("draw").groupby("grade").sum("unit")
        told = mine.transpose("school_year", "grade").to_series()
        np.testing.assert_allclose(inside[town].reindex(told.index).fillna(0), told, atol=2e-4)
    lived = home["children"].mean("draw").sel(township_code=A).transpose("school_year", "grade").to_series()
    by_home = table[table["home_township_code"] == A].groupby(keys)["children_mean"].sum()
    np.testing.assert_allclose(by_home.reindex(lived.index).fillna(0), lived, atol=2e-4)
    np.testing.assert_allclose(table.groupby(["home_township_code", *keys])["share"].sum(), 1.0, atol=1e-5)


def parsed(**item):
    good = {"from_year": 2025, "origin": A, "destination": B, "to": A, "grade_low": 1, "grade_high": 6, "share": 0.3}
    made = {key: value for key, value in {**good, **item}.items() if value is not None}
    return parse_flow_changes([made], {A, B}, (2025, 2030), file="county.toml")


def test_a_change_is_read_as_it_is_written():
    assert parsed(reason="新建校车线路") == (FlowChange(2025, A, B, A, 1, 6, 0.3, "entrants", "新建校车线路"),)
    assert parse_flow_changes(None, {A}, (2025, 2030), file="x") == ()


@pytest.mark.parametrize(
    ("item", "code", "found"),
    [
        ({"origin": "620999999"}, "flow_change_place", "620999999"),
        ({"origin": OUTSIDE}, "flow_change_place", OUTSIDE),
        ({"to": "620999999"}, "flow_change_place", "620999999"),
        ({"to": B}, "flow_change_same", B),
        ({"share": 30}, "flow_change_share", "30"),
        ({"share": 0}, "flow_change_share", "0"),
        ({"share": True}, "flow_change_share", "True"),
        ({"from_year": 2024}, "flow_change_year", "2024"),
        ({"from_year": 2031}, "flow_change_year", "2031"),
        ({"grade_low": 5, "grade_high": 4}, "flow_change_grades", "5–4"),
        ({"grade_high": 13}, "flow_change_grades", "1–13"),
        ({"grade_low": 1.5}, "flow_change_grades", "1.5–6"),
        ({"phase": "later"}, "flow_change_phase", "later"),
        ({"share": None}, "flow_change_missing", "share"),
        ({"shares": 0.2}, "flow_change_key", "shares"),
    ],
)
def test_a_wrong_entry_is_told_with_what_was_found_and_what_is_allowed(item, code, found):
    with pytest.raises(DefectsError) as caught:
        parsed(**item)
    (problem,) = caught.value.problems
    assert (problem.code, problem.row, problem.file) == (code, 1, "county.toml")
    for lang in ("zh", "en"):
        assert found in problem.sentence(lang)
        assert problem.fix(lang)


def test_shares_of_one_flow_may_not_add_up_to_more_than_all_of_it():
    item = {"from_year": 2025, "origin": A, "destination": B, "to": A, "grade_low": 1, "grade_high": 6, "share": 0.6}
    apart = {**item, "to": OUTSIDE, "grade_low": 7, "grade_high": 9}
    assert len(parse_flow_changes([item, apart], {A, B}, (2025, 2030), file="x")) == 2
    with pytest.raises(DefectsError) as caught:
        parse_flow_changes([item, {**item, "to": OUTSIDE, "from_year": 2029}], {A, B}, (2025, 2030), file="x")
    assert [(p.code, p.row, p.found) for p in caught.value.problems] == [("flow_change_over", 2, "1.2")]


def test_something_else_than_tables_is_refused():
    with pytest.raises(DefectsError) as caught:
        parse_flow_changes({"from_year": 2025}, {A}, (2025, 2030), file="x")
    assert caught.value.problems[0].code == "flow_change_shape"


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (change(origin=B, destination=A, to=B), "flow_change_no_flow"),
        (change(origin=B, destination=OUTSIDE), "flow_change_no_flow"),
        (change(low=7, high=9), "flow_change_no_flow"),
        (change(destination=OUTSIDE, to="620000003"), "flow_change_no_school"),
    ],
)
def test_a_change_that_has_nobody_to_move_or_no_school_to_move_to_stops(made, code):
    pupils, children, homes = setting()
    with pytest.raises(DataError) as caught:
        change_flows(pupils, children, homes, [made])
    assert caught.value.code == code
    assert made.origin in str(caught.value) or made.to in str(caught.value)


def test_children_who_leave_a_grade_only_later_need_a_school_to_come_to_as_well():
    """Grade 1 of SB and SP is empty in the base year and filled a year later; SA has nobody in it then."""
    values = forecast().values.copy()
    values[:, [0, len(GRADES), 2 * len(GRADES)], 0] = 0
    pupils, children, homes = setting(values)
    with pytest.raises(DataError) as caught:
        change_flows(pupils, children, homes, [change()])
    assert caught.value.code == "flow_change_no_school"


def test_the_matrix_tells_vocational_schools_apart():
    pupils, children, _ = setting()
    schools = SCHOOLS.assign(kind=["primary", "primary", "vocational"])
    homes = unit_homes(pupils, ALLOCATION, VILLAGES, schools)
    table = flow_matrix(pupils, children["outside"], homes, [change(destination=A, to=B)], base_year=2024)
    cells = table[table["home_township_code"] == A].set_index(["destination_code", "track", "grade", "school_year"])
    rows = [(B, "general", 1), (B, "vocational", 1), (OUTSIDE, "none", 1)]
    assert [cells.loc[(*row, 2024), "children_mean"] for row in rows] == pytest.approx([4, 2, 4])
    assert [cells.loc[(*row, 2025), "children_mean"] for row in rows] == pytest.approx([4 + 10 / 3, 2 + 5 / 3, 4])


def test_who_has_a_place_is_counted_against_primary_school():
    more = pd.DataFrame([("b1", "SB", "k", 45.0), ("b1", OUTSIDE, "k", 15.0)], columns=ALLOCATION.columns)
    shares = attending_shares(pd.concat([ALLOCATION, more]))
    # primary school has 216 of 240 children (36 of 40 a grade); kindergarten 45 of 60
    assert shares[0] == pytest.approx(0.75 / 0.9)
    assert (shares[1], shares[6], shares[10]) == (1.0, 1.0, 1.0)
