"""One defect is told once: what follows from a row that is refused, or that is told already, is not told again."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from layout_planner.io.checks.astray import explained, resembles
from layout_planner.io.checks.groups import grouped
from layout_planner.io.checks.plausible_months import months
from layout_planner.io.checks.run import context_of, inspect_county
from tests.checks.test_checks_planted import change, lines_of, write


def loud(county):
    return [(p.severity, p.code, p.file, p.row) for p in inspect_county(county).problems if p.severity != "notice"]


def swap(county):
    lon, lat = next(line for line in lines_of(county / "villages.csv") if line.startswith("990001100203,")).split(",")[
        3:5
    ]
    change(county / "villages.csv", "990001100203,", 3, lat)
    return "coordinates_swapped", change(county / "villages.csv", "990001100203,", 4, lon)


def cell(file, start, place, value):
    return lambda county: change(county / file, start, place, value)


def register(**cells):
    def plant(county):
        path = county / "schools.geojson"
        data = json.loads(path.read_text(encoding="utf-8"))
        data["features"][0]["properties"] |= cells
        path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        return 1

    return plant


ATTENDED = "990001100201,2199000001,1-3"
PLANTS = {
    "a village with a wrong township": ("reference_unknown", cell("villages.csv", "990001100203,", 2, "990001199")),
    "a village whose township lost a digit": ("code_digits", cell("villages.csv", "990001100203,", 2, "99000110")),
    "a village code that lost a digit": ("code_digits", cell("villages.csv", "990001100201,", 0, "99000110020")),
    "a village code as a number": ("code_as_number", cell("villages.csv", "990001100201,", 0, "9.90001E+11")),
    "a zone whose school lost a digit": ("code_digits", cell("zones.csv", "990001100202,junior", 2, "319900000")),
    "a zone of a village that nobody has": ("reference_unknown", cell("zones.csv", "990001100202,junior", 0, "990001100902")),
    "pupils of a school that nobody has": ("reference_unknown", cell("enrolment.csv", "2199000001,2024,2,", 0, "2199000071")),
    "pupils of a school code that lost a digit": ("code_digits", cell("enrolment.csv", "2199000001,2024,2,", 0, "219900000")),
    "pupils of a grade twice": ("key_twice", cell("enrolment.csv", "2199000001,2024,2,", 2, "1")),
    "pupils of a grade outside the school": ("grade_outside_span", cell("enrolment.csv", "2199000001,2024,2,", 2, "9")),
    "pupils of a year to come": ("date_future", cell("enrolment.csv", "2199000001,2024,2,", 1, "2042")),
    "pupils that are no number": ("value_bad", cell("enrolment.csv", "2199000001,2024,2,", 3, "很多")),
    "births of a township that nobody has": ("reference_unknown", cell("births.csv", "990001100,2020,", 0, "990001190")),
    "births of a year to come": ("births_future", cell("births.csv", "990001100,2020,", 1, "2042")),
    "a school of the wrong kind": ("grades_and_kind", register(kind="junior")),
    "a school with a wrong number": ("value_bad", register(classrooms=-4)),
    "a step of a year to come": ("date_future", cell("procedure.csv", "C1,closing,opinion", 4, "2042-11-20")),
    "an entry of another asset": ("asset_unknown", cell("ledger.csv", "L2,", 5, "Z9")),
    "attendance of a school that nobody has": ("reference_unknown", cell("attendance.csv", ATTENDED, 1, "2199000071")),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTS)
def test_a_defect_is_told_once_on_its_row(county, name):
    code, plant = PLANTS[name]
    row = plant(county)
    assert [(c, r) for _, c, _, r in loud(county)] == [(code, row)]


def test_a_swapped_pair_says_nothing_of_the_weights_of_its_neighbours(county):
    code, row = swap(county)
    assert [(c, r) for _, c, _, r in loud(county)] == [(code, row)]


def test_two_gaps_and_one_stray_leave_one_gap():
    gaps = [("A1", 2024, 2), ("B2", 2024, 2), ("A1", 2023, 4)]
    assert explained(gaps, [("B1", 2024, 2)]) == {("B2", 2024, 2)} or explained(gaps, [("B1", 2024, 2)]) == {
        ("A1", 2024, 2)
    }
    assert explained(gaps, [(None, 2024, 2), ("A1", None, 4)]) == {gaps[0], gaps[2]}
    assert explained(gaps, [("C", 2020, 2)]) == set()


@pytest.mark.parametrize(
    ("raw", "code", "alike"),
    [
        ("62072410001", "620724100010", True),
        ("6.20724E+11", "620724100010", True),
        ("6.20724E+11", "620825100010", False),
        ("990001100202", "620724100010", False),
    ],
)
def test_a_code_with_a_slip_is_known_again(raw, code, alike):
    assert resembles(raw, code) == alike


SIZES = (30.0, 9.0, 2.5)  # births a month of a town and two villages


def monthly_births(ctx, rng):
    rows = [
        (
            f"99000110{town}",
            year,
            month,
            float(rng.poisson(size * (1 + 0.15 * np.sin(month)) * 0.97 ** (year - 2015))),
        )
        for town, size in enumerate(SIZES)
        for year in range(2015, 2025)
        for month in range(1, 13)
    ]
    frame = pd.DataFrame(rows, columns=["township_code", "year", "month", "births"]).astype({"month": "Int64"})
    return replace(ctx, tables={**ctx.tables, "births": frame.assign(_row=range(2, len(frame) + 2))})


@pytest.mark.parametrize("first", [0, 10])
def test_births_by_month_give_no_false_alarm_in_twenty_counties(county, first):
    ctx = context_of(county)
    for seed in range(first, first + 10):
        assert months(monthly_births(ctx, np.random.default_rng(seed))) == [], seed


def test_a_digit_too_many_in_a_month_is_found_where_the_others_exclude_it(county):
    ctx = context_of(county)
    missed = {}
    for seed in range(4):
        rng = np.random.default_rng(seed)
        good = monthly_births(ctx, rng)
        frame = good.tables["births"]
        usual = frame["township_code"].map({f"99000110{town}": size for town, size in enumerate(SIZES)})
        impossible = 10 * frame["births"] >= 4 * usual + 8
        for at in rng.choice(frame.index[impossible], 20, replace=False):
            bad = frame.assign(births=frame["births"].where(frame.index != at, frame["births"] * 10))
            found = months(replace(good, tables={**good.tables, "births": bad}))
            if [p.row for p in found] != [frame.loc[at, "_row"]]:
                missed[seed, at] = frame.loc[at, "births"]
            else:
                assert "多打或少打了一位" in found[0].fix() and "累计数" in found[0].fix()
    assert missed == {}


@pytest.mark.parametrize("low", [0.0, 3.0])
def test_a_digit_too_few_in_a_month_is_found(county, low):
    good = monthly_births(context_of(county), np.random.default_rng(3))
    frame = good.tables["births"]
    bad = frame.assign(births=frame["births"].where(frame.index != 50, low))
    assert [p.row for p in months(replace(good, tables={**good.tables, "births": bad}))] == [52]


def test_the_same_defect_of_many_rows_is_one_line_with_the_first_rows(county):
    path = county / "attendance.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",1-3,", ",1月3日,"), encoding="utf-8")
    problems = [p for p in inspect_county(county).problems if p.severity == "error"]
    assert len(problems) == 2
    (line,) = grouped(problems)
    assert line.sentence() == (
        "attendance.csv 第 2 行“年级段 grade_band”：“1月3日”是被 Excel 改成的日期，应为 1-3（小学一至三年级）；"
        "同类共 2 处，在第 2、4 行；请在 Excel 中先把该列设为文本，再重新填写。"
    )
    assert line.sentence("en") == (
        "attendance.csv row 2 'grade_band': '1月3日' is a date that Excel made, allowed 1-3; 2 of this kind, in rows 2, 4; "
        "format the column as text in Excel and enter it again."
    )


def test_a_wrong_word_is_told_with_its_chinese_label(county):
    write(county / "zones.csv", [line.replace("junior", "初级中学") for line in lines_of(county / "zones.csv")])
    (line,) = grouped(p for p in inspect_county(county).problems if p.severity == "error")
    assert "应为 pre（学前）、primary（小学）、junior（初中）、senior（高中） 之一" in line.said()
    assert "allowed one of pre, primary, junior, senior" in line.said("en")
