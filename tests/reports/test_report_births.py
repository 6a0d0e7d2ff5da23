"""What the report says of births to come: drivers by name and size, three variants, what is unborn."""

import dataclasses

import pandas as pd
import pytest

from layout_planner.contracts import check_table
from layout_planner.reports.model import Paragraph, Table
from layout_planner.reports.sections.births import births_blocks
from layout_planner.reports.sections.forecast import forecast
from layout_planner.reports.sections.seats import seats

DRIVERS = {
    "low": ("marriages", -0.088, "2017–2022", 0.9),
    "middle": ("trend", -0.04, "", 1.0),
    "high": ("fertility", 0.006, "2010–2015", 1.1),
}


def variants() -> pd.DataFrame:
    rows = [
        ["county", "全县", name, driver, pace, years, year, "observed" if year <= 2024 else "forecast",
         "born" if year <= 2024 else "part" if year == 2025 else "unborn",
         90.0 * (1 if year <= 2024 else factor), None if year <= 2024 else factor - 0.6]
        for name, (driver, pace, years, factor) in DRIVERS.items() for year in range(2014, 2035)
    ]  # fmt: skip
    names = [
        "township_code", "township_name", "variant", "driver", "pace", "pace_years", "year", "status", "cohort",
        "births_mean", "draws_below",
    ]  # fmt: skip
    return check_table("births_variants", pd.DataFrame(rows, columns=names))


def pupils() -> pd.DataFrame:
    rows = [
        ["county", "全县", name, driver, pace, years, year, stage, "observed" if year == 2024 else "forecast",
         mark := "born" if year < (2031 if stage == "primary" else 2040) else "part",
         600.0 * (factor if mark == "part" else 1), round(600 * (factor if mark == "part" else 1))]
        for name, (driver, pace, years, factor) in DRIVERS.items() for year in range(2024, 2035)
        for stage in ("primary", "junior")
    ]  # fmt: skip
    names = [
        "township_code", "township_name", "variant", "driver", "pace", "pace_years", "school_year", "stage", "status",
        "cohort", "pupils_mean", "pupils_printed",
    ]  # fmt: skip
    return check_table("forecast_variants", pd.DataFrame(rows, columns=names))


@pytest.fixture(scope="module")
def blocks(inputs):
    more = {"births_variants": variants(), "forecast_variants": pupils()}
    return births_blocks(dataclasses.replace(inputs, tables={**inputs.tables, **more}))


def test_each_driver_is_named_with_its_size_and_the_years_it_was_seen_in(blocks):
    said = next(block.text for block in blocks if isinstance(block, Paragraph))
    assert "低方案为育龄妇女和结婚人数继续减少（照 2017–2022 年的年均变化，起步每年 −8.8%" in said
    assert "高方案为生育水平企稳或回升（照 2010–2015 年的年均变化，起步每年 +0.6%" in said
    assert "2034 年约 30% 的抽样低于它" in said


def test_births_stand_in_three_variants_and_say_what_is_unborn(blocks):
    table = next(block for block in blocks if isinstance(block, Table))
    assert [column.title for column in table.columns[2:5]] == [
        "低方案（均值，人）",
        "中方案（均值，人）",
        "高方案（均值，人）",
    ]
    last = table.rows[-1]
    assert last[0] == "2034 年"
    assert last[1] == "预测\n未出生"
    assert last[2:5] == ("81", "90", "99")
    assert next(row for row in table.rows if row[0] == "2024 年")[2:5] == ("—", "90", "—")


def test_pupils_of_the_variants_are_printed_only_where_they_can_differ(blocks):
    table = [block for block in blocks if isinstance(block, Table)][1]
    assert [row[0] for row in table.rows] == ["2032 学年", "2034 学年"]
    assert table.rows[-1][1:] == ("540 / 600 / 660\n部分出生", "600")


def test_a_run_without_variants_still_prints_births(inputs):
    (table,) = births_blocks(inputs)
    assert len(table.columns) == 4


def test_the_tables_by_township_and_of_seats_mark_the_years_of_the_unborn(inputs):
    made = [block for block in forecast(inputs).blocks if isinstance(block, Table)]
    town = next(one for one in made if "分镇小学在校生" in one.title)
    assert [one.title for one in town.columns if "2032" in one.title] == ["2032\n部分出生"]
    assert [one.title for one in town.columns if "2026" in one.title] == ["2026"]
    balance = next(one for one in seats(inputs).blocks if isinstance(one, Table) and "余缺" in one.title)
    assert balance.rows[0][-1].endswith("部分出生")
