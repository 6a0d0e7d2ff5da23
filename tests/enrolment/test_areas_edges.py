"""Forecast of any areas at its edges: open, close, merge, change span, gaps, zeros, few years; what may not change a thing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layout_planner.enrolment.area_notices import area_notices
from layout_planner.enrolment.area_regimes import present_regimes, still_opening
from layout_planner.enrolment.area_tables import pupil_cube
from layout_planner.enrolment.areas import AreasOptions, forecast_areas
from layout_planner.errors import DataError, LayoutError, UsageError, sentence

ORIGIN, FIRST = 2016, 2008
STAGES = {"primary": (0, 6), "junior": (7, 9)}
VALUES = ["mean", "lo80", "hi80", "lo95", "hi95"]
calm = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def cohorts(areas=5, first=FIRST, last=ORIGIN, grades=range(10), size=None, seed=7) -> pd.DataFrame:
    """Pupils of areas 000, 001, …: cohorts move up, one in 200 leaves a year, entrants by chance."""
    rng = np.random.default_rng(seed)
    rows = []
    for area in range(areas):
        mean = 12 + 9 * area if size is None else size
        now = rng.poisson(mean, len(grades)).astype(float)
        for year in range(first, last + 1):
            rows += [(f"{area:03d}", year, grade, count) for grade, count in zip(grades, now, strict=True)]
            now = np.round(np.concatenate([[rng.poisson(mean)], now[:-1] * 0.995]))
    return pd.DataFrame(rows, columns=["area", "year", "grade", "pupils"])


def births(areas=5, first=2000, last=2016) -> pd.DataFrame:
    rows = [(f"{a:03d}", y, 12.0 + 9 * a + y % 4) for a in range(areas) for y in range(first, last + 1)]
    return pd.DataFrame(rows, columns=["area", "year", "births"])


def forecast(pupils, born=None, served_by=None, seed=1, **changes) -> pd.DataFrame:
    base = {"origin": ORIGIN, "horizon": 6, "entry_grade": 0, "birth_lag": 6, "stages": STAGES, "draws": 40}
    options = AreasOptions(**{**base, **changes})
    table = forecast_areas(pupils, born, served_by, options, np.random.default_rng(seed))
    believed(table, pupils, options)
    return table


def believed(table, pupils, options):
    """What every forecast has to keep: finite, no negatives, sums, nested bands, no explosion."""
    values = table[VALUES].to_numpy()
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    assert (np.diff(table[["lo95", "lo80", "mean", "hi80", "hi95"]].to_numpy(), axis=1) >= 0).all()
    wide = table.pivot_table(index=["year", "area"], columns="grade_or_stage", values="mean")
    seen = pupils[(pupils["year"] <= options.origin) & pupils["grade"].isin(options.grades)]
    largest = seen.groupby(["area", "year", "grade"])["pupils"].sum().groupby("area").max()
    for stage, (low, high) in options.stages.items():
        grades = wide[[str(g) for g in range(low, high + 1)]]
        np.testing.assert_allclose(grades.sum(axis=1), wide[stage], rtol=1e-4, atol=1e-3)
        ever = wide[stage].groupby("area").max() / (largest * (high - low + 1))
        assert (ever.dropna() <= 3).all()


def of(table, area, label, column="mean"):
    """One row of the table, the years ahead in order."""
    return table.query("area == @area and grade_or_stage == @label")[column].to_numpy()


def without(table, *, area=None, years=(), grades=()):
    """The table less an area's rows of some years and grades; none named = all."""
    gone = pd.Series(data=True, index=table.index)
    for column, chosen in {"year": years, "grade": grades}.items():
        gone &= table[column].isin(list(chosen)) if len(chosen) else True
    return table[~(gone & (table["area"] == area if area else True))]


# ---------------------------------------------------------------- open, close, merge, change grade span
@pytest.mark.parametrize("year", [2013, 2015, 2016])
@pytest.mark.parametrize("share", [14, 30, 60])
def test_a_merger_is_no_growth(year, share):
    table = pd.concat([cohorts(12, size=40), cohorts(1, size=share, seed=3).assign(area="x")])
    moved = table["area"].eq("x") & (table["year"] >= year)
    merged = (
        table.assign(area=table["area"].mask(moved, "000")).groupby(["area", "year", "grade"], as_index=False).sum()
    )
    now = merged.query("area == '000' and year == @ORIGIN")["pupils"].sum()
    found = forecast(merged, horizon=8)
    ahead = of(found, "000", "primary") + of(found, "000", "junior")
    np.testing.assert_allclose(ahead / now, 1, atol=0.15)
    assert found.attrs["left_out"] == ["x"]


def test_grades_that_closed_stay_at_zero_and_the_others_go_on():
    plain = cohorts()
    found = forecast(without(plain, area="001", years=[ORIGIN], grades=[7, 8, 9]))
    assert of(found, "001", "junior", "hi95").max() == 0
    assert of(found, "000", "junior").min() > 0
    np.testing.assert_allclose(of(found, "001", "primary"), of(forecast(plain), "001", "primary"), rtol=0.1)


def test_grades_that_opened_last_year_keep_the_pupils_that_are_there():
    table = without(cohorts(), area="001", years=range(FIRST, ORIGIN), grades=[7, 8, 9])
    plain, found = (of(forecast(t), "001", "junior") for t in (cohorts(), table))
    np.testing.assert_allclose(found, plain, rtol=0.2)


def test_a_school_that_opens_grade_by_grade_goes_on_to_the_end_of_its_stage():
    table = cohorts()
    opens = ORIGIN - 4
    late = table["area"].eq("004") & ((table["year"] < opens) | (table["year"] - opens < table["grade"]))
    found = forecast(table[~late])
    assert of(found, "004", "5")[0] > 20
    assert of(found, "004", "6")[0] == 0
    assert of(found, "004", "6")[1] > 20
    assert of(found, "004", "junior").max() == 0


def test_a_first_grade_that_closed_leaves_the_second_fed_from_elsewhere():
    found = forecast(without(cohorts(), area="002", years=[2014, 2015, 2016], grades=[0]))
    assert of(found, "002", "0", "hi95").max() == 0
    np.testing.assert_allclose(of(found, "002", "1"), 30, rtol=0.35)


def test_an_area_that_opened_last_year_has_a_wider_band_than_one_with_a_history():
    table = cohorts(12, size=40)
    new = forecast(without(table, area="003", years=range(FIRST, ORIGIN)), draws=400)
    old = forecast(table, draws=400)
    width = [(of(t, "003", "primary", "hi80") - of(t, "003", "primary", "lo80"))[-1] for t in (new, old)]
    assert width[0] > 1.15 * width[1]
    np.testing.assert_allclose(of(new, "003", "primary"), of(old, "003", "primary"), rtol=0.2)


def test_a_typing_error_of_ten_times_in_one_year_does_not_last():
    table = cohorts()
    wrong = table["area"].eq("002") & (table["year"] == 2014)
    found = forecast(table.assign(pupils=table["pupils"].mask(wrong, table["pupils"] * 10)))
    np.testing.assert_allclose(of(found, "002", "primary"), of(forecast(table), "002", "primary"), rtol=0.25)


def test_regimes_are_told_apart_by_hand():
    cube = np.full((4, 3, 5), 20.0)
    cube[0, 2, :3] = 0  # grade 2 opened in year 3
    cube[1, 2, 4] = 0  # grade 2 closed in year 4
    cube[2, :, 3:] = 60  # three areas became one in year 3
    cube[3, 1, 2] = 30  # one large grade is no merger
    found = present_regimes(cube)
    assert np.isnan(found.cube[0, 2, :3]).all() and np.isfinite(found.cube[0, :2]).all()
    assert np.isnan(found.cube[1, 2, :4]).all() and found.cube[1, 2, 4] == 0
    assert found.since.tolist() == [0, 0, 3, 0]
    assert np.isnan(found.cube[2, :, :3]).all()
    np.testing.assert_array_equal(found.cube[3], cube[3])
    assert found.closed.sum() == 1 and found.opened.sum() == 1
    np.testing.assert_array_equal(cube[2, 0], [20, 20, 20, 60, 60])  # the argument is not touched


def test_a_few_pupils_more_or_less_are_no_regime():
    cube = np.random.default_rng(1).poisson(1.2, (200, 9, 9)).astype(float)
    found = present_regimes(cube)
    assert (found.since > 0).mean() < 0.02
    assert found.closed.mean() < 0.01


def test_steps_still_to_be_opened_end_with_the_stage():
    cube = np.zeros((2, 5, 4))
    for year in range(4):
        cube[0, : year + 1, year] = 9  # grade by grade
    cube[1, :3] = 9  # three grades for ever
    assert still_opening(cube[:, :, :3], (3, 4)).tolist() == [[False, False, True, False], [False] * 4]
    assert not still_opening(cube[:, :, :1], (3, 4)).any()


# ---------------------------------------------------------------- few years, gaps, zeros, sizes, births
@pytest.mark.parametrize("first", [2016, 2015, 2014, 2013])
@pytest.mark.parametrize("areas", [1, 3])
def test_one_to_four_years_are_enough(first, areas):
    found = forecast(cohorts(areas, first=first), births(areas), horizon=15)
    now = cohorts(areas, first=first).query("year == @ORIGIN and grade <= 6").groupby("area")["pupils"].sum()
    np.testing.assert_allclose(of(found, "000", "primary"), now["000"], rtol=0.5)


@pytest.mark.parametrize("years", [[2012], [2015], [2014, 2015], [2009, 2011, 2013, 2015], range(2009, 2016)])
def test_years_without_figures_are_passed_over(years):
    whole, gaps = (of(forecast(t, births()), "003", "primary") for t in (cohorts(), without(cohorts(), years=years)))
    np.testing.assert_allclose(gaps, whole, rtol=0.25)
    one = of(forecast(without(cohorts(), area="003", years=[y for y in years if y != ORIGIN])), "003", "primary")
    np.testing.assert_allclose(one, whole, rtol=0.3)


@pytest.mark.parametrize("grade", [0, 5])
def test_one_grade_is_a_chain(grade):
    table = cohorts().query("grade == @grade")
    found = forecast(table, births(), entry_grade=grade, birth_lag=6 + grade, stages={"only": (grade, grade)})
    np.testing.assert_allclose(of(found, "004", "only"), 48, rtol=0.4)


@pytest.mark.parametrize(("entry", "lag", "top"), [(1, 7, 12), (-2, 4, 9), (0, 1, 9)])
def test_chains_begin_where_the_births_enter(entry, lag, top):
    table = cohorts(3, grades=range(entry, top + 1))
    stages = {"low": (entry, entry + 3), "high": (entry + 4, top)}
    found = forecast(table, births(3), entry_grade=entry, birth_lag=lag, stages=stages, horizon=25)
    assert set(found["grade_or_stage"]) == {*map(str, range(entry, top + 1)), "low", "high"}


@pytest.mark.parametrize("factor", [1 / 7, 1e6, 1e9])
def test_fractions_and_huge_numbers_are_taken_as_they_are(factor):
    table = cohorts(3)
    found = forecast(table.assign(pupils=table["pupils"] * factor), draws=10)
    assert 0.5 < found.query("grade_or_stage == 'primary'")["mean"].sum() / (
        factor * 6 * table.query("year == @ORIGIN and grade <= 6")["pupils"].sum()
    ) < 1.5  # fmt: skip


@pytest.mark.parametrize("size", [0.3, 1.5])
@pytest.mark.parametrize("draws", [1, 2, 40])
def test_places_of_a_few_pupils_keep_their_bands_in_order(size, draws):
    forecast(cohorts(8, size=size), births(8), draws=draws)


def test_thousandths_of_a_pupil_are_no_accident():
    forecast(cohorts(3).assign(pupils=lambda t: t["pupils"] / 1000))


@pytest.mark.parametrize("grade", [0, 3, 9])
def test_a_single_pupil_is_a_county(grade):
    forecast(pd.DataFrame({"area": ["007"], "year": [ORIGIN], "grade": [grade], "pupils": [1]}))


@pytest.mark.parametrize(
    "rows",
    [
        births(first=2012), births(first=2015), births(last=2003), births(last=2010), births(first=2016), births().iloc[:0],
        births().assign(births=0.0), births().assign(births=np.nan), births().query("area == '000'"),
        births().assign(births=lambda t: t["births"].where(t["year"] < 2011, 0)),
        births().assign(births=lambda t: t["births"].where(t["year"] < 2011)),
        births().assign(births=lambda t: t["births"].where(t["year"] < 2011, t["births"] * 30)),
    ],
)  # fmt: skip
def test_births_may_begin_late_end_early_or_be_nothing(rows):
    plain, found = (of(forecast(cohorts(), b, horizon=10), "003", "primary") for b in (None, rows))
    assert (found < 2.6 * plain).all()
    assert (found > 0.4 * plain).all()


def test_births_of_larger_areas_bend_the_areas_that_belong_to_them():
    low = births(2).assign(area=lambda t: t["area"].map({"000": "X", "001": "Y"}))
    low["births"] *= np.where((low["area"] == "X") & (low["year"] >= 2011), 0.4, 1.0)
    served_by = pd.DataFrame({"area": ["000", "001", "002"], "births_area": ["X", "Y", "nowhere"]})
    found, plain = forecast(cohorts(3), low, served_by), forecast(cohorts(3), None)
    ratio = [of(found, a, "0").sum() / of(plain, a, "0").sum() for a in ("000", "001", "002")]
    assert ratio[0] < 0.85 < min(ratio[1:])


# ---------------------------------------------------------------- what is refused, what is told
@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda t: t.assign(pupils=t["pupils"].mask(t.index == 3)), "rows 5 hold a count"),
        (lambda t: t.assign(pupils=t["pupils"].astype(object).mask(t.index == 3, "x")), "rows 5 hold a count"),
        (lambda t: t.assign(pupils=t["pupils"] * 1e300), "impossibly large"),
        (lambda t: t.assign(grade=t["grade"] + 0.5), "no whole number"),
        (lambda t: t.assign(year=t["year"].astype(float).mask(t.index == 3)), "rows 5 hold an empty area"),
        (lambda t: t.assign(area=t["area"].mask(t.index == 3)), "rows 5 hold an empty area"),
        (lambda t: t.assign(pupils=0), "nobody in grades 0–9 in 2016"),
        (lambda t: t[t["year"] < 2015], "holds 2008–2014; change"),
        (lambda t: t[~t["year"].isin([2010, 2016])], "holds 2008–2009, 2011–2015; change"),
        (lambda t: t.iloc[:0], "holds —; change"),
    ],
)
def test_pupils_that_cannot_be_used_are_refused_by_their_row(change, text):
    with pytest.raises(DataError, match=text):
        forecast(change(cohorts()))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda b: b.assign(births=-1), "rows 2, 3, 4, 5, 6"),
        (lambda b: b.assign(births=np.inf), "too large"),
        (lambda b: b.assign(births="many"), "no number"),
        (lambda b: b.drop(columns="year"), "column 'year' is missing"),
        (lambda b: pd.concat([b, b]), "more than one row"),
    ],
)
def test_births_that_cannot_be_used_are_refused_by_their_row(change, text):
    with pytest.raises(DataError, match=text):
        forecast(cohorts(), change(births()))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"horizon": 61}, "horizon is 61"),
        ({"draws": 0}, "draws is 0"),
        ({"birth_lag": 0}, "entry grade are 0"),
        ({"birth_lag": -1}, "entry grade are -1"),
        ({"stages": {}}, "no stage"),
        ({"stages": {"a": (0, 3000)}}, "spans 0–3000"),
        ({"stages": {"a": (-1, 3)}}, "spans -1–3"),
    ],
)
def test_options_beyond_their_range_are_refused(change, text):
    with pytest.raises(UsageError, match=text):
        forecast(cohorts(1), **change)


def told(pupils, born=None, served_by=None, **changes):
    base = {"origin": ORIGIN, "horizon": 6, "entry_grade": 0, "birth_lag": 6, "stages": STAGES}
    notices = area_notices(pupils, born, served_by, AreasOptions(**{**base, **changes}))
    return {code: sentence(code, fields, "en") for code, fields in notices}


def test_a_table_in_order_needs_no_remark():
    assert told(cohorts(), births()) == {}


def test_areas_without_a_forecast_are_named_with_the_reason():
    table = without(cohorts(), area="001", years=[2015, 2016])
    more = [("late", 2017, 1, 5), ("senior", 2016, 11, 5), ("empty", 2016, 1, 0)]
    found = told(pd.concat([table, pd.DataFrame(more, columns=table.columns)]), births())
    assert "areas 001: nobody in 2016, taken as closed" in found["area_left_closed"]
    assert "areas late: no pupils until after 2016" in found["area_left_later"]
    assert "areas senior: in 2016 all pupils are outside grades 0–9" in found["area_left_grades"]
    assert "areas empty: nobody in any year" in found["area_left_never"]
    assert "grades 11 are outside 0–9" in found["area_grades_unused"]


def test_what_was_read_in_a_special_way_is_told():
    table = without(without(cohorts(), area="001", years=[ORIGIN], grades=[7, 8, 9]), years=[2010])
    double = table["area"].eq("002") & (table["year"] >= 2014)
    found = told(table.assign(pupils=table["pupils"].mask(double, table["pupils"] * 2)), births(last=2012))
    assert "areas 001 (7–9): these grades have nobody in 2016" in found["area_grades_closed"]
    assert "areas 002 (2014): all grades rose or fell" in found["area_jumped"]
    assert "nobody anywhere in 2010" in found["area_years_missing"]
    assert "births end in 2012, 2015 could be used" in found["area_births_end"]


def test_births_that_are_not_there_are_told():
    zero = births().assign(births=lambda t: t["births"].mask((t["area"] == "003") & (t["year"] == 2012), 0.0))
    served_by = pd.DataFrame({"area": ["000"], "births_area": ["nowhere"]})
    assert list(told(cohorts())) == ["area_births_no_table"]
    assert list(told(cohorts(), births(first=2016))) == ["area_births_late"]
    assert "areas 003, 004: no births to go by" in told(cohorts(), births(3))["area_births_none"]
    assert "births hold no nowhere" in told(cohorts(), births(), served_by)["area_map_unknown"]
    assert "births of 0 in 003 2012" in told(cohorts(), zero)["area_births_zero"]


def test_few_years_empty_stages_and_openings_are_told():
    stages = {"primary": (0, 6), "junior": (7, 9), "senior": (10, 12)}
    found = told(cohorts(first=2014), births(), stages=stages)
    assert "only 3 years of pupils, fewer than 5" in found["area_few_years"]
    assert "stages senior have never had a pupil" in found["area_stages_empty"]
    table = cohorts()
    ladder = table["area"].eq("004") & ((table["year"] < 2013) | (table["year"] - 2013 < table["grade"]))
    assert "areas 004 (4–6): opening grade by grade" in told(table[~ladder], births())["area_opening"]


# ---------------------------------------------------------------- what may not change a thing
SMALL = {"horizon": 3, "draws": 20}


@given(seed=st.integers(0, 1000))
@settings(calm, max_examples=5)
def test_the_order_of_the_rows_and_a_further_column_change_nothing(seed):
    table = cohorts(4, seed=seed)
    mixed = table.sample(frac=1, random_state=seed).assign(kind="小学")
    mixed_births = births(4).sample(frac=1, random_state=seed).assign(name="x")
    first, second = forecast(table, births(4), **SMALL), forecast(mixed, mixed_births, **SMALL)
    pd.testing.assert_frame_equal(first, second)


@given(order=st.permutations(range(5)))
@settings(calm, max_examples=5)
def test_other_names_of_the_areas_permute_the_rows_alone(order):
    names = {f"{old:03d}": f"n{new}" for old, new in enumerate(order)}
    plain = forecast(cohorts(), births(), **SMALL)
    other = forecast(*(t.assign(area=t["area"].map(names)) for t in (cohorts(), births())), **SMALL)
    keys = ["year", "area", "grade_or_stage"]
    both = plain.assign(area=plain["area"].map(names)).merge(other, on=keys, suffixes=("", "_other"))
    assert len(both) == len(plain) == len(other)
    np.testing.assert_allclose(both["mean_other"], both["mean"], rtol=0.01, atol=0.01)
    if order == sorted(order):
        np.testing.assert_array_equal(both["hi95_other"], both["hi95"])


@given(factor=st.sampled_from([2, 3, 10]), seed=st.integers(0, 1000))
@settings(calm, max_examples=5)
def test_twice_the_pupils_are_about_twice_the_forecast(factor, seed):
    table = cohorts(4, size=40, seed=seed)
    means = [forecast(table.assign(pupils=table["pupils"] * f), births(4), **SMALL)["mean"].sum() for f in (1, factor)]
    assert means[1] / means[0] == pytest.approx(factor, rel=0.04)


@st.composite
def worlds(draw):
    """Areas with whatever can happen to a table."""
    lowest, span = draw(st.sampled_from([-2, 0, 1, 7])), draw(st.integers(0, 8))
    areas, years = draw(st.integers(1, 4)), draw(st.integers(1, 7))
    highest = min(lowest + span, 12)
    size = draw(st.sampled_from([0.4, 3, 30, 900]))
    table = cohorts(
        areas, first=ORIGIN - years + 1, grades=range(lowest, highest + 1), size=size, seed=draw(st.integers(0, 99))
    )
    for _ in range(draw(st.integers(0, 3))):
        area, year = f"{draw(st.integers(0, areas - 1)):03d}", draw(st.integers(ORIGIN - years + 1, ORIGIN))
        grade = draw(st.integers(lowest, highest))
        here = table["area"] == area
        drop = {
            "gap": here & (table["year"] == year),
            "gap of all": table["year"] == year,
            "closed": here & (table["year"] >= year),
            "opened": here & (table["year"] < year),
            "span falls": here & (table["year"] >= year) & (table["grade"] >= grade),
            "span rises": here & (table["year"] < year) & (table["grade"] >= grade),
        }
        name = draw(st.sampled_from([*drop, "jump"]))
        factor = draw(st.sampled_from([0.0, 0.2, 1.4, 20.0]))
        jumped = table.assign(pupils=table["pupils"].mask(here & (table["year"] >= year), table["pupils"] * factor))
        table = jumped if name == "jump" else table[~drop[name]]
    middle = draw(st.integers(lowest, highest))
    stages = {"low": (lowest, middle)} | ({"high": (middle + 1, highest)} if middle < highest else {})
    born = draw(st.sampled_from([None, births(areas), births(areas, first=2012), births(areas, last=2006)]))
    return table, born, {"entry_grade": lowest, "stages": stages, "birth_lag": draw(st.integers(1, 9))}


@given(world=worlds())
@settings(calm, max_examples=40)
def test_whatever_happened_to_a_table_there_is_a_forecast_to_believe_or_a_sentence(world):
    table, born, options = world
    try:
        forecast(table, born, horizon=12, draws=5, **options)
        told(table, born, **options)
    except LayoutError as error:
        assert error.code in {"pupils_none_at_origin", "pupils_grades"}


def test_years_long_ago_are_not_used():
    stray = pd.concat([cohorts(2), cohorts(2, first=1900, last=1900)])
    assert pupil_cube(stray, tuple(range(10)), ORIGIN).years == 60
