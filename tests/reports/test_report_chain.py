"""The parts of the report on leavers, flows and events: numbers, directions, and what is said where nothing is known."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from layout_planner.contracts import check_table
from layout_planner.reports import ReportInputs, build_document, render_html
from layout_planner.reports.model import Paragraph, Table
from layout_planner.reports.sections.events import SHOWN, events
from layout_planner.reports.sections.flows import flows, place_of
from layout_planner.reports.sections.leavers import leavers
from layout_planner.terms import OUTSIDE, in_county_seat

SEAT, WEST, EAST = "620724100", "620724101", "620724102"
NAMES = {SEAT: "城关镇", WEST: "甲镇", EAST: "乙镇"}


def leaver_rows(rows, reason="", basis="residents.csv"):
    """Rows township, year, cohort, births, left before 3, left 3–6, grade 1; bands and the rest follow."""
    made = []
    for code, year, cohort, births, before, between, grade_1 in rows:
        living = births - before - between
        means = {
            "births": births, "left_before_3": before, "left_3_6": between, "living_at_6": living,
            "kindergarten": np.nan, "no_kindergarten": np.nan, "grade_1": grade_1, "other": living - grade_1,
            "not_entered": births - grade_1,
        }  # fmt: skip
        spread = {f"{name}_{level}": value for name, value in means.items() for level in ("mean", "p10", "p90")}
        marks = {"township_code": code, "township_name": NAMES[code], "school_year": year, "cohort": cohort}
        made.append({**marks, **spread, "stayed_3": 0.9, "stayed_6": 0.8, "basis": basis, "reason": reason})
    return check_table("leavers", pd.DataFrame(made))


def flow_rows(rows):
    """Rows home, destination, grade, year, cohort, children."""
    names = ["home_township_code", "destination_code", "grade", "school_year", "cohort", "children_mean"]
    table = pd.DataFrame(rows, columns=names)
    status = np.where(table["school_year"] <= 2024, "estimated", "forecast")
    return check_table("flow_matrix", table.assign(track="general", status=status, share=0.5))


def event_rows(rows):
    """Rows id, township, first year, year, stage, status, children, outside, share shown."""
    names = ["event_id", "township_code", "first_school_year", "school_year", "stage", "status",
             "event_children_mean", "event_outside_mean", "shown_share"]  # fmt: skip
    table = pd.DataFrame(rows, columns=names)
    sizes = table["event_children_mean"]
    return check_table(
        "event_effects",
        table.assign(
            event_kind="housing", village_code="", cohort="born", event_children_p10=sizes, event_children_p90=sizes,
            event_pupils_mean=sizes - table["event_outside_mean"], shown_sd=0.1,
        ),
    )  # fmt: skip


@pytest.fixture
def made():
    tables = {
        "leavers": leaver_rows(
            [
                (WEST, 2024, "born", 90.0, 9.0, 9.0, 70.0),
                (WEST, 2025, "born", 100.0, 20.0, 4.6, 70.0),
                (WEST, 2026, "born", 100.0, 20.0, 5.0, 72.0),
                (SEAT, 2027, "part", 900.0, 200.0, 50.0, 720.0),
                (EAST, 2025, "born", 50.0, 2.0, -4.0, 45.0),
                (EAST, 2026, "born", 50.0, 3.0, -6.0, 46.0),
            ]
        ),
        "flow_matrix": flow_rows(
            [
                (SEAT, SEAT, 1, 2024, "born", 300.0),
                (WEST, WEST, 1, 2024, "born", 60.0),
                (WEST, SEAT, 7, 2024, "born", 30.0),
                (WEST, OUTSIDE, 7, 2024, "born", 10.0),
                (EAST, EAST, 1, 2024, "born", 70.0),
                (EAST, SEAT, 1, 2024, "born", 10.0),
                (EAST, WEST, 7, 2024, "born", 20.0),
                (OUTSIDE, SEAT, 1, 2024, "born", 5.0),
                (WEST, WEST, 1, 2034, "part", 30.0),
                (WEST, SEAT, 7, 2034, "born", 30.0),
                (WEST, SEAT, 10, 2024, "born", 8.0),
            ]
        ),
        "event_effects": event_rows(
            [
                ("E1", WEST, 2020, 2020, "pre", "observed", 16.75, np.nan, 0.4),
                ("E1", WEST, 2020, 2020, "primary", "observed", 33.5, np.nan, 0.4),
                ("E2", EAST, 2020, 2020, "primary", "observed", -12.0, np.nan, 0.4),
                ("E3", SEAT, 2026, 2026, "primary", "forecast", 40.0, 4.0, np.nan),
                ("E3", SEAT, 2026, 2034, "junior", "forecast", 30.0, 3.0, np.nan),
                ("E4", EAST, 2026, 2026, "junior", "forecast", -15.0, -1.0, np.nan),
            ]
        ),
    }
    return ReportInputs("测试县", "620724", 2024, 10, synthetic=True, tables=tables)


def said(part):
    return "".join(block.text for block in part.blocks if isinstance(block, Paragraph))


def tables_of(part):
    return [block for block in part.blocks if isinstance(block, Table)]


def without(inputs, name):
    return dataclasses.replace(inputs, tables={key: table for key, table in inputs.tables.items() if key != name})


def emptied(inputs, name):
    return dataclasses.replace(inputs, tables={**inputs.tables, name: inputs.tables[name].iloc[:0]})


def test_leavers_before_three_and_from_three_to_six_are_told_apart_and_add_up(made):
    part = leavers(made)
    assert said(part) == (
        "2025–2026 学年入学的孩子都已出生：登记出生 300 人，推算 3 岁前离开 45 人（15%），3–6 岁来去相当，"
        "6 岁时在本地 255 人；进入县内学校一年级的 233 人（占登记出生的 78%）。3 岁前离开比例最高的是甲镇（20%）。"
    )
    (table,) = tables_of(part)
    assert table.rows == (
        ("甲镇", "200", "40", "20%", "10", "5%", "150", "142"),
        ("乙镇", "100", "5", "5%", "−10", "−10%", "105", "91"),
    )
    assert table.total == ("合计", "300", "45", "15%", "0", "0%", "255", "233")


@pytest.mark.parametrize(
    ("between", "words"), [(12.0, "3–6 岁离开 12 人（12%）"), (-12.0, "3–6 岁来的多于走的，净增 12 人（12%）")]
)
def test_the_direction_between_three_and_six_follows_the_sign(made, between, words):
    table = leaver_rows([(WEST, 2025, "born", 100.0, 5.0, between, 80.0)])
    assert words in said(leavers(dataclasses.replace(made, tables={"leavers": table})))


def test_leavers_that_cannot_be_told_apart_say_why_and_print_no_zero(made):
    table = leaver_rows([(WEST, 2025, "born", 100.0, np.nan, np.nan, 80.0)], reason="没有常住儿童的年龄", basis="none")
    part = leavers(dataclasses.replace(made, tables={"leavers": table}))
    assert "3 岁前和 3–6 岁离开的分不开，原因见表注" in said(part)
    (shown,) = tables_of(part)
    assert shown.rows == (("甲镇", "100", "—", "—", "—", "—", "—", "80"),)
    assert shown.total == ("合计", "100", "—", "—", "—", "—", "—", "80")
    assert "没有常住儿童的年龄" in shown.note


def test_one_township_that_is_not_known_leaves_the_total_open_and_is_counted(made):
    table = leaver_rows([(WEST, 2025, "born", 100.0, np.nan, np.nan, 80.0), (EAST, 2025, "born", 50.0, 5.0, 5.0, 40.0)])
    part = leavers(dataclasses.replace(made, tables={"leavers": table}))
    assert "有数据的 1 个乡镇中，推算 3 岁前离开 5 人（10%），3–6 岁离开 5 人（10%）" in said(part)
    assert tables_of(part)[0].total[2] == "—"


def test_a_place_is_own_county_town_other_township_or_outside():
    pairs = [(WEST, WEST), (SEAT, SEAT), (WEST, SEAT), (WEST, EAST), (SEAT, OUTSIDE), (OUTSIDE, WEST)]
    assert [place_of(*pair) for pair in pairs] == ["own", "own", "seat", "other", "away", "other"]
    assert [in_county_seat(code) for code in (SEAT, "620724001", WEST, "620724200", OUTSIDE)] == [
        True, True, False, False, False,
    ]  # fmt: skip


def test_flows_name_the_county_town_the_outside_and_the_largest_stream(made):
    part = flows(made)
    text = said(part)
    assert (
        "200 人：在本镇就读 130 人（65%），到县城（城关镇）就读 40 人（20%），到其他乡镇就读 20 人（10%），"
        "不在县内学校就读 10 人（5%）。到县城最多的是甲镇：30 人，占该镇孩子的 30%。" in text
    )
    assert text.endswith("到 2034 学年（部分出生），到县城就读的减少 10 人，为 30 人，比例由 20% 升到 50%。")
    towns, stages = tables_of(part)
    assert towns.rows == (
        ("城关镇", "300", "300", "0", "0", "0", "—"),
        ("甲镇", "100", "60", "30", "0", "10", "30%"),
        ("乙镇", "100", "70", "10", "20", "0", "10%"),
        ("县外", "5", "0", "5", "0", "0", "—"),
    )
    assert towns.total == ("合计", "505", "430", "45", "20", "10", "20%")
    assert [row for row in stages.rows if row[1].startswith("2034")] == [
        ("小学", "2034 学年（部分出生）", "30", "100%", "0%", "0%", "0%"),
        ("初中", "2034 学年", "30", "0%", "100%", "0%", "0%"),
    ]


def test_events_say_size_sign_and_year_and_whether_the_forecast_counts_them(made):
    part = events(made)
    text = said(part)
    assert text.startswith(
        "基准年 9 月以前的事件 2 件，首个学年带来在园、在校年龄的孩子 50 人（1 件），带走在园、在校年龄的孩子 12 人（1 件）；"
        "这些孩子已在基准年的在校生之内，预测不再另加。各校人数中看得出的份额：2020 学年新建小区 40%（±10%）。"
    )
    assert (
        "基准年以后的事件 2 件，首个学年带来在园、在校年龄的孩子 40 人（1 件），带走在园、在校年龄的孩子 15 人（1 件）"
        in text
    )
    assert text.endswith("到 2034 学年，在园、在校的净增加 30 人，其中县内学校增加 27 人。")
    listed, ahead = tables_of(part)
    assert [row[4:] for row in listed.rows] == [
        ("+50", "学前 +17，小学 +33", "已在在校生内"),
        ("−12", "小学 −12", "已在在校生内"),
        ("+40", "小学 +40", "计入预测"),
        ("−15", "初中 −15", "计入预测"),
    ]
    assert ahead.rows[0] == ("2026 学年", "+40", "−15", "+3")


def test_many_events_are_cut_to_the_largest_and_the_rest_is_counted(made):
    rows = [(f"E{at:02d}", WEST, 2020, 2020, "primary", "observed", float(at + 1), np.nan, 0.4) for at in range(25)]
    (table,) = tables_of(events(dataclasses.replace(made, tables={"event_effects": event_rows(rows)})))
    assert len(table.rows) == SHOWN
    assert table.rows[0][0] == "E05"
    assert "其余 5 件见文件" in table.note


@pytest.mark.parametrize(
    ("build", "name", "line"),
    [
        (leavers, "leavers", "没有已经出生、等待入学的队列"),
        (flows, "flow_matrix", "没有在校生，也就没有就读流向。"),
        (events, "event_effects", "没有填报涉及在园、在校年龄孩子的事件（events.csv），预测不因事件增减。"),
    ],
)
def test_an_empty_table_is_one_clear_line_and_a_missing_one_another(made, build, name, line):
    (empty,), (missing,) = build(emptied(made, name)).blocks, build(without(made, name)).blocks
    assert empty.text.startswith(line)
    assert missing.text.startswith("本次运行没有产生")


def test_the_parts_stand_in_the_forecast_with_numbers_and_the_page_renders(inputs, made):
    document = build_document(dataclasses.replace(inputs, tables={**inputs.tables, **made.tables}))
    forecast = next(section for section in document.sections if section.key == "forecast")
    assert [part.key for part in forecast.parts][:3] == ["leavers", "flow_matrix", "events"]
    page = render_html(document)
    assert "（2）就读流向" in page
    assert "模拟数据" in page
