"""Events to come in a whole run: those that cancel, those that take away on balance, those that take everyone."""

import pytest

from layout_planner.pipeline import RunOptions
from layout_planner.pipeline.compute import compute_forecast

HEAD = "event_id,date,township_code,event_kind,size,age_low,age_high"
A, B = "990001100", "990001101"
ROWS = {
    "cancelling": (f"X1,2026-06-30,{A},relocation,-7,0,14", f"X2,2026-06-30,{B},relocation,7,0,14"),
    "leaving": (f"X1,2026-06-30,{A},relocation,-13,6,11",),
    "emptying": (f"X1,2026-06-30,{A},relocation,-5000,0,14",),
}


@pytest.mark.parametrize("case", list(ROWS))
def test_events_to_come_are_booked_whatever_their_balance(county_copy, case):
    (county_copy / "events.csv").write_text("\n".join([HEAD, *ROWS[case], ""]), encoding="utf-8")
    tables = compute_forecast(county_copy, RunOptions(draws=40)).tables()
    ledger = tables["reconciliation"]
    events = ledger[ledger["hand_over"].str.contains("事件")]
    assert len(events) == 1 and abs(events["difference"].item()) < 0.01
    balance = events["children_in"].item()
    assert balance == pytest.approx(0, abs=0.01) if case == "cancelling" else balance < -10
    assert (tables["forecast_township"]["children_mean"] >= 0).all()
