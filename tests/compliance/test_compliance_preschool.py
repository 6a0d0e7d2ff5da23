"""Kindergartens of the county."""

from datetime import date

import pandas as pd
import pytest

from layout_planner.compliance import preschool
from layout_planner.policy import load_catalogue

DAY = date(2025, 9, 1)
CATALOGUE = load_catalogue()
P01, P02, P03, P04, P05, P06 = (CATALOGUE.rule(f"P0{n}") for n in range(1, 7))
NAN = float("nan")


def short(found, *columns):
    return found[["subject_id", "outcome", *columns]].values.tolist()


@pytest.mark.parametrize(
    ("pupils", "resident", "expected"),
    [
        (850, 1000, ["pass", 85.0, 0.0]),
        (849, 1000, ["fail", 84.9, 1.0]),
        (1100, 1000, ["pass", pytest.approx(110.0), 0.0]),
        (849, NAN, ["not_evaluated", pytest.approx(NAN, nan_ok=True), 0.0]),
    ],
)
def test_the_gross_rate_is_children_in_kindergartens_for_a_hundred_who_live_here(pupils, resident, expected):
    table = pd.DataFrame({"pupils": [pupils], "resident": [resident]})
    found = preschool.check_gross_enrolment(table, P01, DAY)
    assert found[["outcome", "observed", "affected"]].values.tolist() == [expected]


def kindergartens(*rows):
    table = pd.DataFrame(rows, columns=["pupils", "ownership", "inclusive"])
    return table.assign(subject_name=[f"园{at}" for at in range(len(table))])


@pytest.mark.parametrize(
    ("rows", "inclusive", "public"),
    [
        ([(50, "public", None), (30, "private", True), (20, "private", False)], "pass", "pass"),
        ([(49, "public", False), (30, "private", True), (21, "private", False)], "fail", "fail"),
        ([(60, "public", None), (40, "private", None)], "not_evaluated", "pass"),
        ([(90, "public", None), (10, "private", None)], "pass", "pass"),  # enough whatever the tenth is
        ([(10, "public", None), (10, "private", None), (80, "private", False)], "fail", "fail"),
        ([(45, "public", None), (10, None, True), (45, "private", True)], "pass", "not_evaluated"),
    ],
)
def test_children_in_public_and_in_inclusive_kindergartens(rows, inclusive, public):
    table = kindergartens(*rows)
    assert preschool.check_inclusive_share(table, P02, DAY)["outcome"].tolist() == [inclusive]
    assert preschool.check_public_share(table, P03, DAY)["outcome"].tolist() == [public]


def quality(sections=(1, 1), **change):
    known = {"teachers": 4.0, "certified": 4.0, "satisfaction": 85.0, **change}
    rows = pd.DataFrame({"grade": [-2, 0], "pupils": [25.0, 35.0], "sections": sections})
    return rows.assign(subject_type="school", subject_id="s", subject_name="园", stage="pre", **known)


@pytest.mark.parametrize(
    ("table", "outcome"),
    [
        (quality(), "pass"),
        (quality(teachers=3.0, certified=3.0), "fail"),  # 20 children for each
        (quality(certified=3.0), "fail"),
        (quality(satisfaction=84.0), "fail"),
        (quality(satisfaction=NAN), "not_evaluated"),
        (quality(teachers=NAN, certified=NAN), "not_evaluated"),
        (quality(sections=(1, NAN)), "not_evaluated"),
        (quality().assign(pupils=[26.0, 35.0]), "fail"),  # one of two sections is too large
    ],
)
def test_quality_of_kindergartens(table, outcome):
    found = preschool.check_kindergarten_quality(table, P04, DAY, sizes=CATALOGUE.rule("C14"))
    assert found["outcome"].tolist() == [outcome]


def test_a_share_of_85_per_cent_of_the_sections_is_enough():
    rows = pd.DataFrame({"grade": -2, "pupils": [25.0] * 17 + [26.0] * 3, "sections": 1})
    ids = [f"s{at:02d}" for at in range(20)]
    table = rows.assign(subject_type="school", subject_id=ids, subject_name=ids, stage="pre")
    table = table.assign(teachers=99.0, certified=99.0, satisfaction=90.0)
    found = preschool.check_kindergarten_quality(table, P04, DAY, sizes=CATALOGUE.rule("C14"))
    assert found["outcome"].tolist() == ["pass"]
    assert found["observed"].tolist() == [85.0]


MONEY = {"public_funds": (500, "元/生·年"), "private_subsidy": (500, "元/生·年"), "pay_ratio": (75, "%")}


@pytest.mark.parametrize(
    ("change", "private", "outcome"),
    [
        ({}, True, "pass"),
        ({"pay_ratio": (0.75, "share")}, True, "pass"),
        ({"public_funds": (499, "元")}, True, "fail"),
        ({"private_subsidy": None}, True, "not_evaluated"),
        ({"private_subsidy": None}, False, "pass"),  # nobody to pay it to
    ],
)
def test_money_of_kindergartens(change, private, outcome):
    rows = [(item, *pair) for item, pair in {**MONEY, **change}.items() if pair]
    table = pd.DataFrame(rows, columns=["item", "value", "unit"]).assign(private=private)
    assert preschool.check_kindergarten_money(table, P05, DAY)["outcome"].tolist() == [outcome]


def test_every_township_has_a_public_central_kindergarten():
    table = pd.DataFrame(
        {
            "subject_type": "township", "subject_id": ["a", "b", "c"], "subject_name": ["甲镇", "乙镇", "丙镇"],
            "centres": [1.0, 0.0, 0.0], "doubt": ["", "", "园1"], "children": [40.0, 30.0, 20.0],
        }
    )  # fmt: skip
    assert short(preschool.check_central_kindergarten(table, P06, DAY), "affected", "missing") == [
        ["a", "pass", 0.0, ""],
        ["b", "fail", 30.0, ""],
        ["c", "not_evaluated", 0.0, "需：举办者、是否中心园（园1）"],
    ]
