"""The ledger: equal sums pass, a lost child stops the run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.errors import LedgerError
from layout_planner.pipeline.ledger import Ledger


def test_a_hand_over_that_agrees_is_recorded():
    ledger = Ledger()
    ledger.hand_over("births → children", 582.0, 582.0 + 1e-9)
    assert ledger.table().to_dict("records") == [
        {"hand_over": "births → children", "children_in": 582.0, "children_out": 582.0 + 1e-9, "difference": 0.0}
    ]


def test_a_lost_child_stops_the_run_and_is_named():
    with pytest.raises(LedgerError, match=r"Children lost: births → children, in 582.000, out 581.000"):
        Ledger().hand_over("births → children", 582.0, 581.0, names="甲一村")


def test_a_sum_that_is_not_a_number_stops_the_run():
    with pytest.raises(LedgerError):
        Ledger().hand_over("a → b", float("nan"), 1.0)


@given(st.floats(1, 1e5), st.floats(0.01, 10))
def test_no_difference_above_rounding_passes(total, lost):
    with pytest.raises(LedgerError):
        Ledger().hand_over("a → b", total, total + max(lost, total * 1e-5))


def test_rounding_of_large_sums_that_cancel_passes_and_a_hundredth_of_a_child_does_not():
    Ledger().hand_over("events → townships", 0.0, 8.8e-4, gross=63_000)
    with pytest.raises(LedgerError):
        Ledger().hand_over("events → townships", 0.0, 0.01, gross=63_000)
    with pytest.raises(LedgerError):
        Ledger().hand_over("events → townships", -950.0, -949.99, gross=63_000)
