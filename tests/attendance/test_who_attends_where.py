import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from layout_planner.attendance import estimate_allocation, village_children
from layout_planner.attendance.balance import balance
from layout_planner.contracts.schemas import check_table
from layout_planner.errors import DataError

HOMES = ["620724001001", "620724001002", "620724002001"]
SCHOOLS = ["9900000001", "9900000002"]
VILLAGES = pd.DataFrame(
    {
        "village_code": HOMES,
        "township_code": ["620724001", "620724001", "620724002"],
        "weight": [3.0, 1.0, 2.0],
    }
)


def children(*counts, band="1-3"):
    return pd.DataFrame({"village_code": HOMES, "grade_band": band, "children": counts})


def pupils(*counts, band="1-3"):
    return pd.DataFrame({"school_id": SCHOOLS, "grade_band": band, "pupils": counts})


def minutes(rows, band="1-3"):
    return pd.DataFrame(
        [(v, s, band, m) for v, row in zip(HOMES, rows, strict=True) for s, m in zip(SCHOOLS, row, strict=True)],
        columns=["village_code", "school_id", "grade_band", "minutes"],
    )


def cells(allocation):
    return allocation.set_index(["village_code", "attends"])["children"]


TIMES = [[5.0, 20.0], [12.0, 12.0], [25.0, 6.0]]


def test_children_of_a_township_are_spread_by_weight():
    cohort = pd.DataFrame(
        [("620724001", 1, 40.0), ("620724001", 3, 8.0), ("620724001", 0, 4.0), ("620724002", 2, 10.0)],
        columns=["township_code", "grade", "children"],
    )
    expected = pd.DataFrame(
        [
            (HOMES[0], "k", 3.0),
            (HOMES[0], "1-3", 36.0),
            (HOMES[1], "k", 1.0),
            (HOMES[1], "1-3", 12.0),
            (HOMES[2], "k", 0.0),
            (HOMES[2], "1-3", 10.0),
        ],
        columns=["village_code", "grade_band", "children"],
    )
    pd.testing.assert_frame_equal(village_children(cohort, VILLAGES), expected)


@pytest.mark.parametrize(
    ("cohort", "villages", "message"),
    [
        ([("620724001", 1, np.nan)], VILLAGES, "empty is not 0"),
        ([("620724009", 1, 5.0)], VILLAGES, "620724009 have children but no village"),
        ([("620724001", 1, 5.0)], VILLAGES.assign(weight=[np.nan, 1.0, 1.0]), "620724001001 have no weight"),
        ([("620724002", 1, 5.0)], VILLAGES.assign(weight=[1.0, 1.0, 0.0]), "620724002 have children but no village"),
    ],
)
def test_children_that_cannot_be_spread_stop_the_run_with_names(cohort, villages, message):
    table = pd.DataFrame(cohort, columns=["township_code", "grade", "children"])
    with pytest.raises(DataError, match=message):
        village_children(table, villages)


def test_balancing_reproduces_a_table_worked_by_hand():
    # [[1, 1], [1, 3]] to rows 10, 10 and columns 10, 10: the odds ratio 3 stays, so a² = 3 (10 − a)²
    a = 10 * np.sqrt(3) / (1 + np.sqrt(3))
    made = balance(np.array([[1.0, 1.0], [1.0, 3.0]]), np.array([10.0, 10.0]), np.array([10.0, 10.0]))
    np.testing.assert_allclose(made, [[a, 10 - a], [10 - a, a]], rtol=1e-7)
    assert balance(np.eye(2), np.array([1.0, 2.0]), np.array([2.0, 1.0])) is None


def test_gravity_keeps_both_sides_and_the_odds_of_its_decay(assumptions):
    exact = assumptions | {"smallest_flow": 0.0, "far_floor": 0.0}
    got = cells(estimate_allocation(children(30.0, 20.0, 25.0), pupils(40.0, 35.0), minutes(TIMES), exact))
    np.testing.assert_allclose(got.groupby(level=0).sum(), [30.0, 20.0, 25.0], atol=1e-6)
    np.testing.assert_allclose(got.groupby(level=1).sum(), [40.0, 35.0], atol=1e-6)
    odds = (got[HOMES[0], SCHOOLS[0]] * got[HOMES[2], SCHOOLS[1]]) / (
        got[HOMES[0], SCHOOLS[1]] * got[HOMES[2], SCHOOLS[0]]
    )
    assert odds == pytest.approx(np.exp(assumptions["decay_1_3"] * (20 + 25 - 5 - 6)))


def test_schools_of_the_own_township_are_preferred_at_equal_minutes(assumptions):
    even = minutes([[30.0, 30.0]] * 3)
    heads, seats = children(20.0, 20.0, 40.0), pupils(40.0, 40.0)
    towns = {HOMES[0]: "t1", HOMES[1]: "t1", HOMES[2]: "t2", SCHOOLS[0]: "t1", SCHOOLS[1]: "t2"}
    blind = cells(estimate_allocation(heads, seats, even, assumptions))
    local = cells(estimate_allocation(heads, seats, even, assumptions, towns=towns))
    assert blind[HOMES[2], SCHOOLS[1]] == pytest.approx(20.0)
    assert local[HOMES[2], SCHOOLS[1]] > 25.0
    everywhere = assumptions | {"far_floor": 10.0}  # far more than any pull of minutes or township
    even_more = cells(estimate_allocation(heads, seats, even, everywhere, towns=towns))
    assert even_more[HOMES[2], SCHOOLS[1]] == pytest.approx(20.0, abs=0.5)


def test_children_without_a_place_attend_outside_in_equal_shares_where_nothing_tells_them_apart(assumptions):
    even = minutes([[10.0, 10.0]] * 3)
    got = cells(estimate_allocation(children(30.0, 20.0, 50.0), pupils(60.0, 20.0), even, assumptions))
    np.testing.assert_allclose(got.xs("outside", level=1), [6.0, 4.0, 10.0], atol=1e-6)


def test_pupils_without_a_home_in_the_county_come_from_outside(assumptions):
    table = estimate_allocation(children(30.0, 20.0, 25.0), pupils(60.0, 40.0), minutes(TIMES), assumptions)
    got = cells(table)
    assert got.xs("outside", level=0).sum() == pytest.approx(25.0)
    np.testing.assert_allclose(got.groupby(level=1).sum(), [60.0, 40.0], atol=1e-6)
    assert "outside" not in got.index.get_level_values(1)


def test_a_village_without_a_route_still_attends_and_says_so(assumptions):
    times = minutes([[5.0, 20.0], [12.0, 12.0], [np.nan, np.nan]])
    table = estimate_allocation(children(30.0, 20.0, 10.0), pupils(30.0, 20.0), times, assumptions)
    island = table[table["village_code"] == HOMES[2]]
    assert island["children"].sum() == pytest.approx(10.0)
    inside = island[island["attends"] != "outside"]
    assert set(inside["source"]) == {"gravity;no_route"}
    assert inside["children"].sum() > 5  # most of them do not vanish to other counties


def test_a_route_is_opened_only_where_the_two_sides_cannot_be_balanced(assumptions):
    # school 1 has 50 pupils, but its only village with a route has 30 children
    times = minutes([[5.0, np.nan], [np.nan, 8.0], [np.nan, 6.0]])
    table = estimate_allocation(children(30.0, 40.0, 30.0), pupils(50.0, 50.0), times, assumptions)
    got = cells(table)
    np.testing.assert_allclose(got.groupby(level=1).sum(), [50.0, 50.0], atol=1e-6)
    opened = table[table["source"] == "gravity;no_route"]
    assert opened["children"].sum() == pytest.approx(20.0)
    assert set(opened["attends"]) == {SCHOOLS[0]}


def test_observed_attendance_is_the_seed_and_is_balanced_too(assumptions):
    seen = pd.DataFrame(
        {
            "village_code": [HOMES[0], HOMES[0], HOMES[1], HOMES[2]],
            "school_id": [SCHOOLS[0], SCHOOLS[1], SCHOOLS[0], SCHOOLS[1]],
            "grade_band": "1-3",
            "pupils": [20.0, 10.0, 20.0, 25.0],
        }
    )
    table = estimate_allocation(children(30.0, 20.0, 25.0), pupils(40.0, 35.0), minutes(TIMES), assumptions, seen)
    assert cells(table).round(6).to_dict() == {
        (HOMES[0], SCHOOLS[0]): 20.0,
        (HOMES[0], SCHOOLS[1]): 10.0,
        (HOMES[1], SCHOOLS[0]): 20.0,
        (HOMES[2], SCHOOLS[1]): 25.0,
    }
    assert set(table["status"]) == {"observed"}
    more = estimate_allocation(children(33.0, 22.0, 27.5), pupils(40.0, 35.0), minutes(TIMES), assumptions, seen)
    np.testing.assert_allclose(cells(more).xs("outside", level=1), [3.0, 2.0, 2.5], rtol=1e-3)
    part = estimate_allocation(children(30.0, 20.0, 25.0), pupils(40.0, 35.0), minutes(TIMES), assumptions, seen[:2])
    assert part.groupby("village_code")["status"].first().to_dict() == {
        HOMES[0]: "observed",
        HOMES[1]: "estimated",
        HOMES[2]: "estimated",
    }


def test_a_band_without_children_or_pupils_has_no_rows_and_one_without_pupils_is_all_outside(assumptions):
    heads = pd.concat([children(5.0, 5.0, 5.0), children(0.0, 0.0, 0.0, band="7-9")])
    table = estimate_allocation(heads, pupils(0.0, 0.0, band="7-9"), minutes(TIMES), assumptions)
    assert table["grade_band"].unique().tolist() == ["1-3"]
    assert table["attends"].unique().tolist() == ["outside"]
    assert table["children"].sum() == 15.0


def test_missing_pupils_are_not_zero(assumptions):
    with pytest.raises(DataError, match="9900000002"):
        estimate_allocation(children(1.0, 1.0, 1.0), pupils(3.0, np.nan), minutes(TIMES), assumptions)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_both_margins_are_reproduced_whatever_the_county(assumptions, seed):
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 9), rng.integers(1, 6)
    codes = [f"6207240{i:05d}" for i in range(n)]
    ids = [f"990000{j:04d}" for j in range(m)]
    band = rng.choice(["k", "1-3", "4-6", "7-9", "10-12"])
    home = pd.DataFrame({"village_code": codes, "grade_band": band, "children": rng.gamma(0.5, 60, n)})
    size = pd.DataFrame({"school_id": ids, "grade_band": band, "pupils": rng.gamma(0.5, 60, m).round()})
    times = rng.uniform(0, 90, (n, m))
    times[rng.random((n, m)) < 0.3] = np.nan
    pairs = pd.DataFrame(
        {
            "village_code": np.repeat(codes, m),
            "school_id": np.tile(ids, n),
            "grade_band": band,
            "minutes": times.reshape(-1),
        }
    )
    assume(home["children"].sum() > 0.1)
    table = check_table("allocation", estimate_allocation(home, size, pairs, assumptions))
    inside = table[table["village_code"] != "outside"].groupby("village_code")["children"].sum()
    np.testing.assert_allclose(inside.reindex(codes).fillna(0.0), home["children"], atol=1e-6)
    seats = table[table["attends"] != "outside"].groupby("attends")["children"].sum()
    np.testing.assert_allclose(seats.reindex(ids).fillna(0.0), size["pupils"], atol=1e-6)
