import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from layout_planner.attendance import estimate_allocation, seen_pupils, village_children
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


def attended(*rows, band="1-3"):
    return pd.DataFrame(
        [(HOMES[v], SCHOOLS[j], band, count) for v, j, count in rows],
        columns=["village_code", "school_id", "grade_band", "pupils"],
    )


def test_where_every_pupil_was_seen_they_stand_and_all_other_children_are_outside(assumptions):
    seen = attended((0, 0, 30.0), (1, 0, 4.0), (1, 1, 16.0))
    table = estimate_allocation(children(30.0, 27.0, 25.0), pupils(34.0, 16.0), minutes(TIMES), assumptions, seen)
    assert cells(table).to_dict() == pytest.approx(
        {
            (HOMES[0], SCHOOLS[0]): 30.0,
            (HOMES[1], SCHOOLS[0]): 4.0,
            (HOMES[1], SCHOOLS[1]): 16.0,
            (HOMES[1], "outside"): 7.0,
            (HOMES[2], "outside"): 25.0,  # nobody of the village was seen in a school of the county
        }
    )
    assert set(table.loc[table["attends"] != "outside", "status"]) == {"observed"}


def test_only_bands_of_which_every_school_is_seen_in_full_count_for_the_villages():
    both = pd.concat([attended((0, 0, 30.0), (1, 1, 20.0)), attended((0, 0, 12.0), (2, 0, 3.0), band="7-9")])
    sizes = pd.concat([pupils(30.0, 21.0), pupils(15.0, 0.0, band="7-9")])
    expected = pd.DataFrame(
        [(HOMES[0], "7-9", 12.0), (HOMES[2], "7-9", 3.0)], columns=["village_code", "grade_band", "pupils"]
    )
    pd.testing.assert_frame_equal(seen_pupils(both, sizes), expected)


def test_children_seen_in_school_stay_where_they_live_and_the_rest_follow_the_weights():
    cohort = pd.DataFrame(
        [("620724001", 1, 48.0), ("620724001", 8, 10.0), ("620724002", 2, 10.0)],
        columns=["township_code", "grade", "children"],
    )
    seen = pd.DataFrame(
        [(HOMES[0], "1-3", 4.0), (HOMES[1], "1-3", 36.0), (HOMES[2], "1-3", 12.0)],
        columns=["village_code", "grade_band", "pupils"],
    )
    found = village_children(cohort, VILLAGES, seen).set_index(["village_code", "grade_band"])["children"]
    assert found.to_dict() == pytest.approx(
        {
            (HOMES[0], "1-3"): 4.0 + 8.0 * 3 / 4,  # 8 of the 48 were not seen
            (HOMES[1], "1-3"): 36.0 + 8.0 / 4,
            (HOMES[2], "1-3"): 10.0,  # 12 seen, 10 born: the township keeps its children
            (HOMES[0], "7-9"): 7.5,
            (HOMES[1], "7-9"): 2.5,
            (HOMES[2], "7-9"): 0.0,
        }
    )


@settings(max_examples=60)
@given(
    seen=st.lists(st.integers(0, 60), min_size=3, max_size=3),
    born=st.lists(st.integers(0, 90), min_size=2, max_size=2),
)
def test_children_of_a_township_add_up_whatever_was_seen(seen, born):
    cohort = pd.DataFrame({"township_code": ["620724001", "620724002"], "grade": 2, "children": np.array(born, float)})
    table = pd.DataFrame({"village_code": HOMES, "grade_band": "1-3", "pupils": np.array(seen, float)})
    found = village_children(cohort, VILLAGES, table)
    towns = found.groupby(found["village_code"].map(VILLAGES.set_index("village_code")["township_code"]))["children"]
    assert towns.sum().tolist() == pytest.approx(born)
    assert (found["children"] >= 0).all()
    if seen[0] + seen[1] <= born[0]:
        assert (found["children"].to_numpy()[:2] >= np.array(seen[:2]) - 1e-9).all()


@settings(max_examples=60)
@given(
    flows=st.lists(st.integers(0, 40), min_size=6, max_size=6).filter(lambda f: sum(f) > 0),
    born=st.lists(st.integers(0, 90), min_size=2, max_size=2).filter(lambda b: sum(b) > 0),
)
def test_seen_pupils_are_placed_as_seen_wherever_enough_children_were_born(assumptions, flows, born):
    seen = attended(*[(i // 2, i % 2, float(n)) for i, n in enumerate(flows) if n])
    sizes = pupils(*(float(sum(flows[j::2])) for j in range(2)))
    cohort = pd.DataFrame({"township_code": ["620724001", "620724002"], "grade": 2, "children": np.array(born, float)})
    homes = village_children(cohort, VILLAGES, seen_pupils(seen, sizes))
    table = estimate_allocation(homes, sizes, minutes(TIMES), assumptions, seen)
    inside = table[table["attends"] != "outside"]
    assert inside["children"].sum() == pytest.approx(sum(flows))
    if sum(flows[:4]) <= born[0] and sum(flows[4:]) <= born[1]:
        placed = inside.set_index(["village_code", "attends"])["children"]
        assert placed.to_dict() == pytest.approx(seen.set_index(["village_code", "school_id"])["pupils"].to_dict())


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
