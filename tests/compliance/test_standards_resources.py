"""Resources of schools: the coefficient of variation, through schools, teaching points, staff that count."""

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from layout_planner.standards import RESOURCES, fold, rounded, school_resources, staff_counts, stage_shares, weighted_cv
from layout_planner.terms import ENUMS

NAN = float("nan")
WEIGHTS = {"primary": 1.0, "junior": 1.1, "senior": 1.32}
SCHOOLS = st.lists(st.tuples(st.integers(1, 2000), st.integers(0, 9000)), min_size=1, max_size=12)


def cv(pairs):
    n, x = zip(*pairs, strict=True)
    return weighted_cv(pd.Series(x, dtype=float), pd.Series(n, dtype=float))


def test_the_coefficient_agrees_with_the_published_example():
    n, x = pd.Series([45, 37, 89, 76, 55.0]), pd.Series([279, 137, 935, 160, 402.0])
    mean = x.sum() / n.sum()
    assert n.sum() == 302
    assert round(mean, 4) == 6.3344
    assert round(weighted_cv(x, n) * mean, 4) == 3.2639
    assert round(weighted_cv(x, n), 4) == 0.5153


def test_the_coefficient_is_weighted_by_pupils():
    assert cv([(10, 10), (1000, 2000)]) != pytest.approx(pd.Series([1.0, 2.0]).std(ddof=0) / 1.5, abs=0.1)


@given(SCHOOLS, st.floats(0.01, 1000))
def test_the_coefficient_does_not_depend_on_the_unit(pairs, factor):
    assume(sum(x for _, x in pairs) > 0)
    assert cv([(n, x * factor) for n, x in pairs]) == pytest.approx(cv(pairs), abs=1e-9)


@given(SCHOOLS, st.integers(2, 5))
def test_merging_schools_that_are_equal_for_each_pupil_changes_nothing(pairs, parts):
    assume(sum(x for _, x in pairs) > 0)
    (n, x), rest = pairs[0], pairs[1:]
    split = [(n / parts, x / parts)] * parts + list(rest)
    assert cv(split) == pytest.approx(cv(pairs), abs=1e-9)


@given(SCHOOLS)
def test_schools_that_are_alike_do_not_differ(pairs):
    assert cv([(n, 3 * n) for n, _ in pairs]) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("pairs", [[(NAN, 3), (1, 2)], [(3, NAN), (1, 2)], [(0, 0)], [(5, 0), (7, 0)]])
def test_a_coefficient_of_what_is_not_known_is_not_known(pairs):
    assert cv(pairs) != cv(pairs)


def test_a_school_without_pupils_is_left_out():
    assert cv([(10, 20), (0, 500), (20, 10)]) == cv([(10, 20), (20, 10)])


def test_a_through_school_is_split_by_weighted_pupils():
    rows = pd.DataFrame(
        {"school_id": ["a", "a", "b"], "stage": ["primary", "junior", "junior"], "pupils": [110.0, 100.0, 7.0]}
    )
    assert stage_shares(rows, WEIGHTS).tolist() == pytest.approx([0.5, 0.5, 1.0])


def test_a_complete_secondary_is_split_one_to_one_point_two():
    rows = pd.DataFrame({"school_id": ["a", "a"], "stage": ["junior", "senior"], "pupils": [120.0, 100.0]})
    assert stage_shares(rows, WEIGHTS).tolist() == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize("other", [("pre", 30.0), ("junior", NAN)])
def test_a_share_that_cannot_be_known_is_not(other):
    rows = pd.DataFrame({"school_id": ["a", "a"], "stage": ["primary", other[0]], "pupils": [100.0, other[1]]})
    assert stage_shares(rows, WEIGHTS).isna().all()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(list(WEIGHTS)), st.integers(1, 900)), max_size=9))
def test_the_shares_of_a_school_add_up_to_the_school(rows):
    table = pd.DataFrame(rows, columns=["school_id", "stage", "pupils"]).drop_duplicates(["school_id", "stage"])
    shares = stage_shares(table, WEIGHTS)
    assert shares.groupby(table["school_id"]).sum().tolist() == pytest.approx([1.0] * table["school_id"].nunique())


def test_a_teaching_point_is_added_to_its_host_and_to_no_other_stage():
    rows = pd.DataFrame(
        {
            "school_id": ["p", "h", "h", "q"], "stage": ["primary", "primary", "junior", "primary"],
            "pupils": [5.0, 100.0, 50.0, 3.0], "area": [40.0, NAN, 300.0, 10.0],
        }
    )  # fmt: skip
    found = fold(rows, {"p": "h", "q": "x"}, ["pupils", "area"]).fillna(-1)
    assert found.values.tolist() == [
        ["h", "junior", 50.0, 300.0, 0],
        ["h", "primary", 105.0, -1.0, 1],  # an unknown part makes the sum unknown
        ["q", "primary", 3.0, 10.0, 0],  # its host teaches no primary
    ]


TEACHERS = pd.DataFrame(
    [
        ("a", "primary", "teacher", "chinese", "associate", False, 3),
        ("a", "primary", "teacher", "music", "below", True, 2),
        ("a", "junior", "teacher", "pe", "associate", True, 1),
        ("a", "junior", "teacher", "maths", "bachelor", None, 4),
        ("a", "junior", "other", "art", "master", True, 9),
    ],
    columns=["school_id", "stage", "role", "subject", "degree", "backbone", "posts"],
)


def test_teachers_count_by_degree_backbone_and_subject_and_other_staff_do_not():
    counts = staff_counts(TEACHERS, {"primary": 2, "junior": 3}).set_index("stage")
    assert counts.loc["primary", ["above_degree", "backbone", "arts"]].tolist() == [3, 2, 2]
    assert counts.loc["junior", ["above_degree", "backbone", "arts"]].tolist() == [4, 1, 1]


def test_the_levels_of_degree_are_those_of_the_dictionary_in_its_order():
    from layout_planner.standards import ARTS, DEGREES

    assert ENUMS["degree"] == DEGREES
    assert set(ARTS) <= set(ENUMS["subject_taught"])


def test_a_school_whose_staff_nobody_listed_has_unknown_teachers_and_known_buildings():
    schools = pd.DataFrame(
        {
            "school_id": ["a", "b", "p"], "kind": ["nine_year", "primary", "teaching_point"],
            "host_school_id": [None, None, None], "teaching_area_m2": [210.0, 90.0, 40.0],
        }
    )  # fmt: skip
    pupils = pd.DataFrame(
        {
            "school_id": ["a", "a", "b", "p"], "stage": ["primary", "junior", "primary", "primary"],
            "pupils": [110.0, 100.0, 20.0, 4.0],
        }
    )  # fmt: skip
    found = school_resources(schools, pupils, staff_counts(TEACHERS, {"primary": 2, "junior": 3}), weights=WEIGHTS)
    found = found.set_index(["school_id", "stage"])
    assert found["teaching_area_m2"].to_dict() == pytest.approx(
        {("a", "junior"): 105.0, ("a", "primary"): 105.0, ("b", "primary"): 90.0, ("p", "primary"): 40.0}
    )
    assert found["above_degree"].isna().tolist() == [False, False, True, True]
    assert found["sports_area_m2"].isna().all()
    assert found["unhosted"].tolist() == [False, False, False, True]
    assert set(RESOURCES) <= set(found.columns)


@pytest.mark.parametrize(("value", "expected"), [(4.195, 4.2), (4.1949, 4.19), (0.505, 0.51), (2.0, 2.0)])
def test_numbers_are_rounded_half_up_before_they_are_compared(value, expected):
    assert rounded(value, 2) == pytest.approx(expected)
