# ruff: noqa: E501 - rows of small tables, one a line

import pandas as pd
import pytest

from layout_planner.contracts import check_table
from layout_planner.reports import FigureEntry, ReportInputs
from layout_planner.terms import OUTSIDE

COUNTY, WEST, EAST = "county", "620724100", "620724101"
NAMES = {COUNTY: "全县", WEST: "城关镇", EAST: "石塅镇"}
BIG, SMALL, EMPTY, OTHER = "9900000001", "9900000002", "9900000003", "9900000004"
SCHOOL_NAMES = {BIG: "示例小学01", SMALL: "示例教学点01", EMPTY: "示例教学点02", OTHER: "示例小学04"}
HOSTILE = "<script>alert(1)</script>"


def stage_rows():
    rows = []
    for code, level in ((WEST, 400), (EAST, 201), (COUNTY, 601)):
        for stage in ("primary", "junior"):
            for year in range(2024, 2035):
                value = level - 10 * (year - 2024)
                known = year == 2024
                cohort = "born" if year < 2031 else "part" if year < 2034 else "unborn"
                band = [float(value)] * 3 if known else [value * 0.9, float(value), value * 1.1]
                rows.append(
                    [
                        code,
                        NAMES[code],
                        year,
                        stage,
                        "observed" if known else "forecast",
                        cohort,
                        value + (0.3 if code == EAST else 0.4),
                        *band,
                        20.0,
                        float(value),
                        *band,
                        value,
                    ]
                )
    return pd.DataFrame(
        rows,
        columns=[
            "township_code", "township_name", "school_year", "stage", "status", "cohort", "children_mean", "children_p10",
            "children_p50", "children_p90", "outside_mean", "pupils_mean", "pupils_p10", "pupils_p50", "pupils_p90",
            "pupils_printed",
        ],
    )  # fmt: skip


def births():
    rows = []
    for year in range(2014, 2035):
        known, value = year <= 2024, 100.0 - (year - 2014)
        band = [value] * 3 if known else [value * 0.8, value, value * 1.2]
        mark = ["observed", "born"] if known else ["forecast", "unborn"]
        rows.append([COUNTY, "全县", year, *mark, value, *band])
    names = [
        "township_code",
        "township_name",
        "year",
        "status",
        "cohort",
        "births_mean",
        "births_p10",
        "births_p50",
        "births_p90",
    ]
    return pd.DataFrame(rows, columns=names)


def seats():
    rows = [
        [BIG, SCHOOL_NAMES[BIG], WEST, "primary", "near", 540.4, "rooms", "area", 540.4, 600.0, None, None, 560.0, 560 / 540.4],
        [SMALL, SCHOOL_NAMES[SMALL], EAST, "primary", "near", 120.4, "rooms", "none", 120.4, None, None, None, 41.0, 41 / 120.4],
        [EMPTY, SCHOOL_NAMES[EMPTY], EAST, "primary", "near", 0.0, "none", "none", 0.0, None, None, None, 0.0, None],
    ]  # fmt: skip
    names = [
        "school_id", "school_name", "township_code", "stage", "term", "seats", "binding", "next_binding", "seats_rooms",
        "seats_area", "seats_beds", "seats_meals", "pupils_now", "use",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def seat_balance():
    rows = []
    for code in (WEST, EAST, COUNTY):
        for year in range(2024, 2035):
            rows.append(
                [
                    code,
                    NAMES[code],
                    "primary",
                    year,
                    "born" if year <= 2026 else "part",
                    500.0,
                    510.0 - (year - 2024),
                    -40.0,
                    -10.0,
                    20.0,
                    0.7 if (code, year) == (EAST, 2027) else 0.4,
                ]
            )
    names = [
        "township_code", "township_name", "stage", "school_year", "cohort", "seats", "pupils_p50", "balance_p10", "balance_p50",
        "balance_p90", "p_short",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def access():
    rows = [
        ["620724100001", "甲村", WEST, "1-3", 30.4, 28.4, BIG, 5.0, 6.0, 9.0, "walk", "winter", 0.0, ""],
        ["620724101201", "大嶅村", EAST, "1-3", 8.3, 7.3, SMALL, 41.0, 41.0, 55.0, "escort", "winter", 6.3, "no_school_in_limit"],
        ["620724101202", HOSTILE, EAST, "1-3", 4.4, 4.4, SMALL, None, None, None, "", "", 4.4, "no_route;no_school_in_reach"],
        ["620724101203", "丁村", EAST, "1-3", 20.9, 18.9, BIG, 12.0, 25.0, 38.0, "escort", "winter", 2.3, "nearer_school_in_limit"],
    ]  # fmt: skip
    names = [
        "village_code", "village_name", "township_code", "grade_band", "children", "attending", "nearest_school_id", "minutes_nearest",
        "minutes_attended", "minutes_worst", "mode", "case", "over_limit", "reason",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def findings():
    rows = [
        ["T01", "小学低年级单程路途时间", "BLOCK*", "fail", "school", SMALL, HOSTILE, "", "1-3", 2024, 41.0, 30.0, "min", 6.0, "大嶅村", "国办发〔2018〕27号（四）", ""],
        ["T01", "小学低年级单程路途时间", "BLOCK*", "pass", "school", BIG, "示例小学01", "", "1-3", 2024, 9.0, 30.0, "min", 0.0, "", "国办发〔2018〕27号（四）", ""],
        ["T01", "小学低年级单程路途时间", "BLOCK*", "fail", "pair", f"{SMALL}>{BIG}", "一对", "", "1-3", 2025, 50.0, 30.0, "min", 6.0, "大嶅村", "国办发〔2018〕27号（四）", ""],
        ["T05", "四年级以上路途", "PARAM", "unset", "county", COUNTY, "全县", "", "", 2024, None, None, "min", None, "", "本县自定", "未定：T05"],
        ["M19", "应保留的教学点", "BLOCK*", "fail", "pair", f"{SMALL}>{BIG}", "一对", "", "", 2025, None, None, "", 6.0, "山区", "国办发〔2018〕27号", ""],
        ["M09", "住宿和就餐条件", "BLOCK", "fail", "pair", f"{OTHER}>{BIG}", "一对", "", "", 2025, None, None, "", 3.0, "床位缺 3", "国办发〔2018〕27号", ""],
        ["D01", "生师比", "SCORE", "not_evaluated", "county", COUNTY, "全县", "", "", 2024, None, None, "", None, "", "中央编办发〔2014〕72号(待核)", "需：教师表（teachers.csv）"],
        ["A02", "入学年龄截止日", "DATA", "not_evaluated", "county", COUNTY, "全县", "", "", 2024, None, None, "", None, "", "省办法", "定义或事实，不作核验"],
    ]  # fmt: skip
    names = [
        "rule_id", "rule_title", "rule_mode", "outcome", "subject_type", "subject_id", "subject_name", "stage", "grade_band",
        "school_year", "observed", "limit", "unit", "affected", "names", "cite", "missing",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def candidates():
    def row(school, option, receiver, verdict, vetoes, now, reason):
        merge = option in {"merge", "teaching_point"}
        effect = [
            now,
            2.0,
            6.0,
            "大嶅村",
            20.0,
            50.0,
            61.0,
            "winter",
            540.0,
            560.0,
            601.0,
            601 / 540,
            44.0,
            47.0,
            3.0,
            -2.0,
            0.005,
            0.3,
        ]
        none = [
            0.0,
            2.0,
            2.0,
            "",
            20.0,
            20.0,
            41.0,
            "winter",
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            0.3,
        ]
        name = SCHOOL_NAMES.get(receiver, "")
        return [school, HOSTILE if school == SMALL else SCHOOL_NAMES[school], option, receiver, name, verdict, vetoes, now] + (
            effect if merge else none
        ) + [reason]  # fmt: skip

    rows = [
        row(SMALL, "keep", "", "keep", "", 41.0, "保留办学"),
        row(SMALL, "merge", BIG, "blocked", "M19、T01", 41.0, "T01 路途超限：大嶅村"),
        row(EMPTY, "keep", "", "keep", "", 0.0, "已无学生"),
        row(OTHER, "keep", "", "keep", "", 60.0, "保留办学"),
        row(OTHER, "merge", BIG, "blocked", "M09、T01", 60.0, "床位缺 3"),
        row(OTHER, "teaching_point", BIG, "undecided", "", 60.0, "须经论证"),
        row(OTHER, "manage", BIG, "undecided", "", 60.0, "学生不转学"),
    ]
    names = [
        "school_id", "school_name", "option", "receiver_id", "receiver_name", "verdict", "vetoes", "pupils_now", "moved",
        "over_limit_before", "over_limit_after", "villages_over", "minutes_before", "minutes_after", "minutes_after_max",
        "case", "receiver_seats", "receiver_pupils_before", "receiver_pupils_after", "receiver_use_after",
        "class_size_before", "class_size_after", "boarders_after", "beds_spare", "p_fits", "p_recovers", "reason",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def allocation():
    rows = [
        ["620724100001", BIG, "1-3", 30.0, "estimated", "gravity"],
        ["620724101201", SMALL, "1-3", 10.0, "observed", "attendance"],
        ["620724101201", OUTSIDE, "1-3", 60.0, "estimated", "gravity"],
    ]
    return pd.DataFrame(rows, columns=["village_code", "attends", "grade_band", "children", "status", "source"])


def forecast_school():
    rows = [
        [BIG, "示例小学01", WEST, 2024, "primary", 1, "observed", "born", 560.0, 560.0, 560.0, 560.0, 560],
        [SMALL, HOSTILE, EAST, 2024, "primary", 1, "observed", "born", 41.0, 41.0, 41.0, 41.0, 41],
    ]
    for year, pupils in ((2026, 560.5), (2029, 571.0), (2034, 500.0)):
        rows.append(
            [
                BIG,
                "示例小学01",
                WEST,
                year,
                "primary",
                1,
                "forecast",
                "born",
                pupils,
                pupils,
                pupils,
                pupils,
                round(pupils),
            ]
        )
    names = [
        "school_id", "school_name", "township_code", "school_year", "stage", "grade", "status", "cohort", "pupils_mean",
        "pupils_p10", "pupils_p50", "pupils_p90", "pupils_printed",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


@pytest.fixture(scope="session")
def tables():
    quality = pd.DataFrame(
        [
            [
                "warning",
                "value_odd",
                "births.csv",
                12,
                "births",
                "-3",
                "≥ 0",
                f"births.csv 第 12 行：{HOSTILE}",
                "",
                "file",
                "values",
            ]
        ],
        columns=[
            "severity",
            "code",
            "file",
            "row",
            "column_name",
            "found",
            "allowed",
            "message",
            "fix",
            "check_round",
            "check_name",
        ],
    )
    names = [
        "plan", "school_year", "cohort", "feasible", "vetoes", "schools_open", "moved", "g13_over_limit", "villages_over",
        "minutes_mean", "minutes_p95", "minutes_max", "boarders_after", "seats_short_p50", "seats_short_p90", "p_short",
    ]  # fmt: skip
    plans = pd.DataFrame(
        [
            ["现状", 2025, "born", True, "", 36, 0.0, 11.0, "大嶅村", 14.6, 27.2, 70.3, 0.0, 0.0, 54.0, 0.3],
            [
                "方案一",
                2025,
                "born",
                False,
                "T01",
                34,
                60.0,
                20.0,
                "大嶅村、丁村",
                15.4,
                27.2,
                None,
                3.0,
                0.0,
                60.0,
                0.999,
            ],
        ],
        columns=names,
    )
    ledger = pd.DataFrame(
        [["登记出生 → 各村儿童", 601.0, 601.0, 0.0]], columns=["hand_over", "children_in", "children_out", "difference"]
    )
    made = {
        "forecast_stage": stage_rows(), "births_projected": births(), "seats": seats(), "seat_balance": seat_balance(),
        "access": access(), "findings": findings(), "candidates": candidates(), "forecast_school": forecast_school(),
        "allocation": allocation(), "data_quality": quality, "reconciliation": ledger, "scenario_comparison": plans,
    }  # fmt: skip
    return {name: check_table(name, frame) for name, frame in made.items()}


@pytest.fixture(scope="session")
def inputs(tables):
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2"><title>https://example.org</title></svg>'
    return ReportInputs(
        county="示例县",
        code="990000",
        base_year=2024,
        horizon=10,
        synthetic=True,
        tables=tables,
        figures=[
            FigureEntry("图2-2", "小学分布", svg, "小学分布地图"),
            FigureEntry("图9-9", "其他", svg, f'"{HOSTILE}', section="没有这一部分"),
        ],
        parameters=pd.DataFrame(
            [
                ["walk", "步行速度", 3.6, "km/h", (3.0, 4.2), "工程假设"],
                ["recovery_years", "生源恢复年数", 10, "年", (5, 15), "工程假设"],
            ],
            columns=["name", "title", "value", "unit", "range", "source"],
        ),
        rules=pd.DataFrame(
            [
                ["C01", "班额（近期）", "小学 ≤45 人/班(2008-12-01 起)(日期待核)", "人/班", "建标109-2008(日期待核)"],
                ["T01", "路途", "≤30 分钟(2018-04-25 起)", "分钟", "国办发〔2018〕27号(待核)"],
            ],
            columns=["rule_id", "title", "value", "unit", "cite"],
        ),
        decisions=pd.DataFrame(
            [
                [
                    "方案一",
                    "应留尽留",
                    "plans/一.toml",
                    2025,
                    "示例小学04",
                    "merge",
                    "示例小学01、示例小学02",
                    0.0,
                    "余位够",
                ],
                ["方案一", "应留尽留", "plans/一.toml", 2026, "示例小学01", "expand", "", 90.0, "接收学校扩建"],
                ["方案二", "另一案", "plans/二.toml", 2025, "示例教学点02", "mothball", "", 0.0, "已无学生"],
            ],
            columns=[
                "plan",
                "plan_title",
                "file",
                "school_year",
                "school_name",
                "action",
                "receivers",
                "seats",
                "reason",
            ],
        ),
        residents=pd.DataFrame(
            [
                [town, year, age, 30.0 + age, 28.0, None if age == 12 else 27.0]
                for town in (WEST, EAST)
                for year in (2023, 2024)
                for age in range(16)
            ],
            columns=["township_code", "year", "age", "registered", "resident", "enrolled"],
        ),
        run={
            "seed": 1,
            "draws": 100,
            "versions": {"numpy": "2.4"},
            "inputs": {"births.csv": "ab" * 32},
            "seconds": {"预测": 1.25},
        },
    )
