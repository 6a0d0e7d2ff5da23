"""Dated events: first school year, cohorts that move up, size with its range; past ones and how much the schools show."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from layout_planner.enrolment.county_entry import Homes
from layout_planner.enrolment.county_model import county_model, moves_shown
from layout_planner.enrolment.events import cohort_sizes, event_children, first_school_year, parse_events
from layout_planner.enrolment.past_events import Shown, moves_of, without_moves
from layout_planner.enrolment.priors import Priors
from layout_planner.enrolment.school_panel import school_panel
from layout_planner.errors import DataError

BASE = 2024


def event(**columns):
    row = {
        "event_id": "E1", "date": pd.Timestamp("2026-05-01"), "township_code": "620000001", "event_kind": "housing",
        "size": 30.0, "age_low": 5, "age_high": 7,
    }  # fmt: skip
    return parse_events(pd.DataFrame([row | columns]))[0]


@pytest.mark.parametrize(("day", "year"), [("2026-08-31", 2026), ("2026-09-01", 2026), ("2026-09-02", 2027)])
def test_children_are_first_counted_on_the_first_september_of_or_after_the_day(day, year):
    assert first_school_year(pd.Timestamp(day)) == year


def test_ten_children_of_each_age_move_up_with_their_cohort():
    table = event_children(event(), [2025, 2026, 2027, 2032], 2, np.random.default_rng(1))
    one = {grade: rows[0].tolist() for grade, rows in table.items()}
    # ages 5, 6, 7 on 1 September 2026: 大班, grades 1 and 2
    assert one == {0: [0, 10, 0, 0], 1: [0, 10, 10, 0], 2: [0, 10, 10, 0], 3: [0, 0, 10, 0],
                   6: [0, 0, 0, 10], 7: [0, 0, 0, 10], 8: [0, 0, 0, 10]}  # fmt: skip


def test_babies_come_to_kindergarten_later_and_the_eldest_are_past_school():
    table = event_children(event(age_low=0, age_high=0), [2026, 2029], 1, np.random.default_rng(1))
    assert {grade: rows[0].tolist() for grade, rows in table.items()} == {-2: [0, 30]}
    assert event_children(event(age_low=18, age_high=18), [2026], 1, np.random.default_rng(1)) == {}


def test_the_size_has_the_stated_tenths_and_never_changes_sign():
    made = event(size=-30.0, size_low=-70.0, size_high=-20.0, age_low=6, age_high=6)
    sizes = cohort_sizes(made, 40_000, np.random.default_rng(2))
    assert np.quantile(sizes, [0.1, 0.5, 0.9]) == pytest.approx([-70, -30, -20], abs=0.6)
    assert sizes.max() <= 0
    assert set(cohort_sizes(event(age_high=5), 5, np.random.default_rng(2)).tolist()) == {30.0}


@pytest.mark.parametrize("bounds", [{"size_low": 40.0, "size_high": 50.0}, {"size_low": 10.0}])
def test_a_size_outside_its_range_or_half_a_range_is_refused(bounds):
    with pytest.raises(DataError) as caught:
        event(**bounds)
    assert caught.value.code == "event_range"
    assert "E1" in str(caught.value)


def test_the_order_of_the_file_moves_nothing():
    rows = pd.DataFrame([vars_of(f"E{i}") for i in (3, 1, 2)])
    assert [e.event_id for e in parse_events(rows)] == ["E1", "E2", "E3"]


def vars_of(number):
    return {"event_id": number, "date": pd.Timestamp("2026-05-01"), "township_code": "1", "event_kind": "housing",
            "size": 1.0, "age_low": 6, "age_high": 6}  # fmt: skip


TOWNS = ("620000001", "620000002", "620000003")
SCHOOLS = pd.DataFrame(
    [(f"990000000{i}", f"小学{i}", 1, 6, town) for i, town in enumerate(TOWNS)],
    columns=["school_id", "name", "grade_low", "grade_high", "township_code"],
)
FLOWS = pd.DataFrame(
    [(town, f"990000000{i}", band, 100.0, 1.0) for i, town in enumerate(TOWNS) for band in ("1-3", "4-6")],
    columns=["home_township_code", "attends", "grade_band", "children", "share"],
)
ARRIVED = 2021


def enrolment(came: float):
    """40 pupils a grade, for ever; of 120 registered children of ages 6–11 a part comes to the first town in 2021."""
    rows = []
    for i in range(3):
        for year in range(2014, BASE + 1):
            for grade in range(1, 7):
                entered = year - grade + 1
                here = came * 20 if i == 0 and year >= ARRIVED and entered <= ARRIVED else 0.0
                rows.append((f"990000000{i}", year, grade, 40.0 + here))
    return pd.DataFrame(rows, columns=["school_id", "school_year", "grade", "pupils"])


def panel_of(came, *, told=True):
    panel = school_panel(enrolment(came), SCHOOLS, BASE)
    made = event(date=pd.Timestamp("2021-06-30"), size=120.0, age_low=6, age_high=11)
    return replace(panel, moves=moves_of([made], FLOWS, panel)) if told else panel


def test_the_registered_children_of_a_past_event_are_put_where_they_would_sit():
    (move,) = panel_of(1.0).moves
    assert (move.kind, move.year) == ("housing", ARRIVED)
    assert move.children[0, 3:9].tolist() == [20.0] * 6
    assert move.children.sum() == pytest.approx(120)


@pytest.mark.parametrize(("came", "low", "high"), [(1.0, 0.8, 1.0), (0.5, 0.35, 0.65), (0.0, 0.0, 0.2)])
def test_the_schools_show_as_much_of_an_event_as_came(came, low, high):
    ((share, sd),) = [(s.share, s.sd) for s in moves_shown(panel_of(came), FLOWS)]
    assert low <= share <= high
    assert 0 < sd < 0.5


def test_a_move_that_came_is_not_projected_as_a_trend():
    homes = Homes(FLOWS, TOWNS, np.full((3, 40, 1), 40.0), 2000)
    effect = {}
    for told in (False, True):
        model, _ = county_model(panel_of(1.0, told=told), homes, 3, Priors())
        effect[told] = float(model.rate[:, 1:6].mean())
    usual = float(county_model(panel_of(0.0, told=False), homes, 3, Priors())[0].rate[:, 1:6].mean())
    assert effect[False] > usual + 0.003
    assert abs(effect[True] - usual) < 0.5 * abs(effect[False] - usual)


def test_without_moves_what_came_is_the_same():
    came, could = np.full((3, 14, 10), 5.0), np.full((3, 14, 10), 5.0)
    after, told = without_moves(came, could, panel_of(1.0, told=False))
    np.testing.assert_array_equal(after, came)
    assert told == ()


def test_a_later_move_is_not_looked_at_from_an_earlier_year():
    panel = panel_of(1.0).until(2019)
    came = np.full((3, 14, 5), 5.0)
    after, told = without_moves(came, came, panel)
    np.testing.assert_array_equal(after, came)
    assert told == ()
    assert isinstance(moves_shown(panel_of(1.0), FLOWS)[0], Shown)
