"""Villages: shares with their own uncertainty, whole children that add up to the township in every draw."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from layout_planner.attendance.village_draws import shift, thin_villages, whole_children
from layout_planner.attendance.village_shares import SLOTS, band_shares, slot_of, village_shares
from layout_planner.terms import BAND_GRADES, BAND_OF_GRADE, GRADES

V1, V2, V3, V4 = "620724001001", "620724001002", "620724001003", "620724002001"
T1, T2 = "620724001", "620724002"
VILLAGES = pd.DataFrame({
    "village_code": [V1, V2, V3, V4],
    "township_code": [T1, T1, T1, T2],
    "weight": [2.0, 1.0, 1.0, 3.0],
})  # fmt: skip
BANDS = tuple(str(band) for band in BAND_GRADES)
NOBODY = pd.DataFrame({"village_code": [], "grade_band": [], "pupils": []})
AGES = {
    "children_0_2": [60, 20, 0, 9], "children_3_5": [40, 20, 20, 9],
    "children_6_11": [40, 40, 80, 18], "children_12_14": [10, 20, 50, 9],
}  # fmt: skip


def dataset(towns, years=6, draws=400, start=2024, seed=0):
    """Children of the towns, the same in every grade, with a little noise by draw after the base year."""
    rng = np.random.default_rng(seed)
    codes = [*towns, "outside"]
    size = np.array([*towns.values(), 2.0])
    shape = (draws, len(codes), len(GRADES), years)
    inside = np.broadcast_to(size[None, :, None, None], shape) * rng.uniform(0.9, 1.1, shape)
    inside[..., 0] = size[None, :, None]
    inside = inside * np.round(inside.sum(axis=1, keepdims=True)) / inside.sum(axis=1, keepdims=True)
    away = 0.1 * inside
    away[:, -1] = 0.0
    homes = [*VILLAGES["village_code"], "outside"]
    flat = np.zeros((draws, len(homes), len(BANDS), years))
    share = {T1: {0: 0.5, 1: 0.25, 2: 0.25}, T2: {3: 1.0}, "outside": {4: 1.0}}
    for k, code in enumerate(codes):
        for b, band in enumerate(BANDS):
            grades = [i for i, g in enumerate(GRADES) if str(BAND_OF_GRADE[g]) == band]
            for v, part in share[code].items():
                flat[:, v, b] = part * (inside + away)[:, k, grades].sum(axis=1)
    order = ("draw", "township_code", "grade", "school_year")
    village = ("draw", "village_code", "grade_band", "school_year")
    return xr.Dataset(
        {
            "children": (order, (inside + away).astype(np.float32)),
            "outside": (order, away.astype(np.float32)),
            "children_village": (village, flat.astype(np.float32)),
            "outside_village_mean": (village[1:], flat.mean(axis=0) * np.array([1, 1, 1, 1, 0])[:, None, None] / 11),
        },
        coords={
            "draw": np.arange(draws), "township_code": codes, "grade": list(GRADES), "village_code": homes,
            "grade_band": list(BANDS), "school_year": np.arange(start, start + years),
        },
    )  # fmt: skip


def by_band(made, town):
    names = {g: str(BAND_OF_GRADE[g]) for g in GRADES}
    rows = made["children"].sel(township_code=town)
    return (
        rows.groupby(xr.DataArray([names[g] for g in GRADES], dims="grade", name="grade_band"))
        .sum()
        .sel(grade_band=list(BANDS))
    )


def test_without_any_count_the_shares_are_the_weights():
    table = band_shares(VILLAGES, BANDS)
    assert table.loc[[V1, V2, V3], "k"].tolist() == pytest.approx([0.5, 0.25, 0.25])
    assert table.loc[V4].tolist() == pytest.approx([1.0] * len(BANDS))


def test_a_village_with_many_small_and_few_big_children_gets_them_so():
    shares = village_shares(VILLAGES.assign(**AGES))
    young, old = shares.mean(T1, SLOTS.index("0-2")), shares.mean(T1, SLOTS.index("7-9"))
    assert young[0] > 0.55 and old[0] < 0.35
    assert young[2] < 0.2 and old[2] > 0.4
    assert young.sum() == pytest.approx(1.0)
    few = village_shares(VILLAGES.assign(**{name: [n / 20 for n in counts] for name, counts in AGES.items()}))
    assert abs(few.mean(T1, 0)[0] - 0.5) < abs(young[0] - 0.5)  # fewer children counted: nearer to the weight


def test_the_posterior_by_hand():
    one = VILLAGES[:3].assign(children_0_2=[8, 4, 4], children_3_5=np.nan)
    shares = village_shares(one)
    alike = 1 / shares.spread**2  # counts as the weights say: no excess, only the prior is left
    assert shares.spread == pytest.approx(np.sqrt(20 * 0.2**2 / 23))
    np.testing.assert_allclose(shares.shape[:, 0], alike + np.array([8, 4, 4]))
    np.testing.assert_allclose(shares.rate[:, 0], alike + 16 * np.array([0.5, 0.25, 0.25]))
    np.testing.assert_allclose(
        shares.shape[:, 1], alike + np.array([8, 4, 4]) / 4
    )  # three years of age away: a quarter


def test_a_township_without_all_its_counts_has_none_and_seen_pupils_step_in_where_nobody_counted():
    holes = VILLAGES.assign(**AGES)
    holes["children_0_2"] = [60.0, np.nan, 0.0, 9.0]
    assert village_shares(holes).mean(T1, 0)[0] < village_shares(VILLAGES.assign(**AGES)).mean(T1, 0)[0]
    seen = pd.DataFrame({"village_code": [V1, V2, V3], "grade_band": "1-3", "pupils": [10, 10, 60]})
    assert village_shares(VILLAGES, seen).mean(T1, SLOTS.index("1-3"))[2] > 0.5


def test_draws_of_a_share_have_the_mean_and_the_spread_of_their_posterior():
    shares = village_shares(VILLAGES.assign(**AGES))
    drawn = shares.draw(T1, 1, 20_000, np.random.default_rng(1))
    np.testing.assert_allclose(drawn.sum(axis=1), 1.0)
    np.testing.assert_allclose(drawn.mean(axis=0), shares.mean(T1, 0), atol=0.01)
    later = shares.draw(T1, -12, 20_000, np.random.default_rng(1))
    assert (later.std(axis=0) > drawn.std(axis=0)).all()


@pytest.mark.parametrize(("age", "slot"), [(-9, "0-2"), (2, "0-2"), (3, "k"), (6, "1-3"), (11, "4-6"), (17, "10-12")])
def test_a_cohort_stands_in_the_slot_of_its_age(age, slot):
    assert SLOTS[slot_of(age)] == slot


def test_a_village_is_whole_children_and_adds_up_to_its_township_in_every_draw():
    children = dataset({T1: 20.0, T2: 3.3})
    made = thin_villages(children, children, village_shares(VILLAGES), NOBODY, np.random.default_rng(5))
    ahead = made.isel(school_year=slice(1, None))
    for town, homes in ((T1, [V1, V2, V3]), (T2, [V4]), ("outside", ["outside"])):
        villages = ahead["children_village"].sel(village_code=homes).sum("village_code")
        told = by_band(ahead, town).transpose(*villages.dims)
        np.testing.assert_array_equal(villages.values, told.values)
    assert (ahead["children_village"] == np.floor(ahead["children_village"])).all()
    assert (ahead["children_village"] >= 0).all()
    base = {"school_year": 0}
    for name in children:
        np.testing.assert_array_equal(made[name].isel(base), children[name].isel(base))


def test_the_pupils_and_those_outside_are_kept_in_every_draw():
    children = dataset({T1: 20.0, T2: 3.3})
    made = thin_villages(children, children, village_shares(VILLAGES), NOBODY, np.random.default_rng(5))
    for old, new in ((children, made),):
        inside = [(d["children"] - d["outside"]).sum("township_code").values for d in (old, new)]
        np.testing.assert_allclose(*inside, atol=1e-3)
        assert (abs(old["children"] - new["children"]) < 2).all()
    np.testing.assert_allclose(made["children"].mean("draw"), children["children"].mean("draw"), atol=0.15)
    for name, told in (("children", "children_village_mean"), ("outside", "outside_village_mean")):
        means = children[name].mean("draw", dtype=float).sum("grade")
        villages = made[told].sum("grade_band")
        for town, homes in ((T1, [V1, V2, V3]), (T2, [V4])):
            sums = villages.sel(village_code=homes).sum("village_code")
            np.testing.assert_allclose(sums, means.sel(township_code=town), rtol=1e-5)
    assert (made["outside_village_mean"] <= made["children_village_mean"] + 1e-6).all()


def test_a_cohort_is_the_same_children_from_year_to_year():
    children = dataset({T1: 30.0, T2: 3.3}, draws=200)
    flat = children.copy(deep=True)
    for name in ("children", "outside"):
        flat[name][..., 1:] = flat[name][..., :1].values
    made = thin_villages(flat, flat, village_shares(VILLAGES), NOBODY, np.random.default_rng(2))
    junior = made["children_village"].sel(grade_band="7-9", village_code=V1).values
    senior = made["children_village"].sel(grade_band="10-12", village_code=V1).values
    # three years later every junior pupil is a senior one; the base year's own are not drawn
    np.testing.assert_allclose(junior[:, 1], senior[:, 4], atol=3)
    assert np.corrcoef(junior[:, 1], senior[:, 4])[0, 1] > 0.8


def test_pupils_seen_where_they_live_stay_there():
    children = dataset({T1: 20.0, T2: 3.3})
    seen = pd.DataFrame({"village_code": [V1, V2, V3], "grade_band": "1-3", "pupils": [0, 0, 60]})
    args = children, children, village_shares(VILLAGES)
    made = thin_villages(*args, seen, np.random.default_rng(5))
    drawn = thin_villages(*args, NOBODY, np.random.default_rng(5))
    later = {"grade_band": "4-6", "school_year": 2027, "village_code": V3}
    assert made["children_village"].sel(later).mean() > 55
    assert made["children_village"].sel(later).std() < drawn["children_village"].sel(later).std()


def test_an_event_comes_to_its_own_village():
    children = dataset({T1: 20.0, T2: 3.3}, draws=100)
    after = children.copy(deep=True)
    place = {"township_code": T1, "grade": 2, "school_year": slice(2026, None)}
    after["children"].loc[place] += 12.0
    after["outside"] = children["outside"]
    after["children_village"].loc[{"village_code": V2, "grade_band": "1-3", "school_year": slice(2026, None)}] += 12.0
    shares = village_shares(VILLAGES)
    with_it = thin_villages(children, after, shares, NOBODY, np.random.default_rng(3))
    without = thin_villages(children, children, shares, NOBODY, np.random.default_rng(3))
    more = (with_it["children_village"] - without["children_village"]).mean("draw").sel(grade_band="1-3")
    assert more.sel(village_code=V2, school_year=2027) == pytest.approx(12, abs=0.5)
    assert abs(more.sel(village_code=V1, school_year=2027)) < 0.5
    assert (more.sel(school_year=2025) == 0).all()


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(0, 40))
def test_adding_and_taking_children_keeps_sums_and_never_goes_below_zero(seed, villages, size):
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(villages, 0.5), 8)
    counts = rng.multinomial(size, shares)
    change = rng.integers(-size, 30, 8)
    after = shift(counts, change, shares, rng)
    np.testing.assert_array_equal(after.sum(axis=1), counts.sum(axis=1) + change)
    assert (after >= 0).all()
    fewer = change <= 0
    assert (after[fewer] <= counts[fewer]).all()


@settings(max_examples=25)
@given(st.floats(0, 60), st.floats(0, 5), st.integers(0, 2**32 - 1))
def test_rounding_keeps_whole_sums_whatever_the_size(first, second, seed):
    children = dataset({T1: first, T2: second}, draws=20, years=3, seed=seed)
    start = np.random.default_rng(seed).random((20, len(GRADES) + 2))
    made = whole_children(children, start)
    for name in ("children", "outside"):
        assert (made[name][..., 1:] == np.floor(made[name][..., 1:])).all()
    inside = [(d["children"] - d["outside"]).sum("township_code").values for d in (children, made)]
    np.testing.assert_allclose(*inside, atol=1e-3)
