"""Options, class sizes, staff and zones on a small simulated county: done again from the rows, the deciding row in front."""

from __future__ import annotations

import math

import pytest

from layout_planner.contracts.lineage import load_lineage
from layout_planner.demo import make_demo
from layout_planner.pipeline import RunOptions, run_county
from layout_planner.tracing import trace
from layout_planner.tracing.ground import ground_of
from layout_planner.tracing.redo_options import groups_of
from layout_planner.tracing.store import Store
from layout_planner.tracing.trace import _cell
from tests.tracing.conftest import Made

TABLES = ["candidates", "findings", "scenario_comparison"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("decides")
    make_demo(folder / "county", seed=5, villages=20, years=3)
    options = RunOptions(draws=10, horizon=3, upto="tables")
    run_county(folder / "county", folder / "out", options=options, on_stage=lambda _title, _seconds: None)
    return Made(folder / "county", folder / "out")


@pytest.fixture(scope="module")
def ground(demo):
    return ground_of(Store(demo.out, demo.county))


def cells_of(ground, table):
    spec = ground.store.spec(table)
    return [(r, _cell(ground, spec, r, column)) for r in ground.store.rows(table) for column in spec.required]


@pytest.mark.parametrize("table", TABLES)
def test_what_can_be_done_again_gives_the_printed_value(ground, table):
    wrong = [(r.number, c.column.name, c.printed, c.redone) for r, c in cells_of(ground, table) if c.agrees is False]
    assert wrong == []


def test_every_effect_of_a_merger_on_trips_room_and_beds_is_done_again(ground):
    names = {
        "moved", "over_limit_before", "over_limit_after", "villages_over", "minutes_before", "minutes_after",
        "minutes_after_max", "case", "receiver_seats", "receiver_pupils_after", "class_size_before",
        "class_size_after", "boarders_after", "beds_spare",
    }  # fmt: skip
    done = {c.column.name for r, c in cells_of(ground, "candidates") if r.get("option") == "merge" and c.agrees}
    assert names <= done


@pytest.mark.parametrize("rule", ["C01", "C03", "C07", "D01", "T07"])
def test_findings_on_class_size_staff_and_zones_are_done_again(ground, rule):
    cells = [c for r, c in cells_of(ground, "findings") if r.get("rule_id") == rule and c.column.name == "observed"]
    decided = [c for c in cells if c.printed != ""]
    assert decided
    assert all(c.agrees for c in decided)


def test_only_figures_that_rest_on_draws_are_said_to_be_drawn():
    drawn = {column for origin in load_lineage()["candidates"].origins if origin.drawn for column in origin.names}
    assert drawn == {"p_fits", "p_recovers"}
    exact = {n for table in ("travel_minutes", "access", "allocation") for o in load_lineage()[table].origins
             if o.drawn for n in o.names}  # fmt: skip
    assert exact == set()


def test_the_longest_trip_of_an_option_is_among_the_rows_and_decides(demo, ground):
    rows = [r for r in ground.store.rows("candidates") if r.get("option") == "merge" and r.get("minutes_after_max")]
    assert len(rows) > 10
    for row in rows[::8]:
        found = trace(demo.county, demo.out, "candidates", f"#{row.number}", "minutes_after_max")
        trips = next(link for link in found.links if link.table == "travel_minutes")
        shown = [r for r in trips.records if (r.file, r.number) in found.decisive]
        longest = max(groups_of(row, ground), key=lambda group: group.after if group.after < math.inf else -1)
        if longest.band == "1-3" and not shown:
            continue  # counted at another school, by choice
        assert [r.number_of("minutes") for r in shown] == [row.number_of("minutes_after_max")] * len(shown)
        assert shown


def test_whole_children_by_village_add_up_to_the_pupils_who_move(ground):
    for row in ground.store.rows("candidates"):
        if row.get("option") == "merge":
            assert sum(group.children for group in groups_of(row, ground)) == row.number_of("pupils_now")


def test_another_trip_in_the_table_is_noticed(demo, tmp_path):
    changed = demo.copy(tmp_path)
    ground = ground_of(Store(changed.out, changed.county))
    row = next(r for r in ground.store.rows("candidates") if r.get("option") == "merge" and r.get("minutes_after_max"))
    found = trace(changed.county, changed.out, "candidates", f"#{row.number}", "minutes_after_max")
    trip = next(r for link in found.links for r in link.records if (r.file, r.number) in found.decisive)
    path = changed.out / "tables" / "travel_minutes.csv"
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    lines[trip.number - 1] = lines[trip.number - 1].replace(trip.get("minutes"), "999")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    again = trace(changed.county, changed.out, "candidates", f"#{row.number}", "minutes_after_max")
    cell = next(c for c in again.cells if c.column.name == "minutes_after_max")
    assert cell.agrees is False
    assert again.edited


def test_without_the_county_folder_nothing_is_done_again_and_the_folder_is_asked_for(demo, tmp_path):
    found = trace(tmp_path, demo.out, "seats", "#2")
    assert found.county_missing
    assert all(cell.redone is None for cell in found.cells)
