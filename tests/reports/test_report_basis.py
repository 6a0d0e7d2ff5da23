"""The parts of the report that explain a forecast and set it beside the last one."""

import dataclasses

import pandas as pd
import pytest

from layout_planner.contracts import check_table
from layout_planner.reports import ReportInputs
from layout_planner.reports.model import Bullets, Paragraph, Table
from layout_planner.reports.sections.forecast_basis import basis, change

TOWN, COUNTY = "620724100", "county"


def weights():
    names = [
        "township_code",
        "township_name",
        "stage",
        "own_weight",
        "expected_pupils",
        "rate",
        "rate_county",
        "effect_kind",
    ]
    names += ["effect_grades", "p_structural", "births_weight", "births_weight_sd"]
    names += ["entry_weight", "entry_expected", "noise"]
    rows = [
        [TOWN, "甲镇", "primary", 82.4, 300.0, 97.84, 98.3, "structural", "五年级", 0.93, 0.98, 0.11, 63.6, 70.0, 3.21],
        [TOWN, "甲镇", "junior", 99.4, 300.0, 100.0, 99.9, "ordinary", "", 0.01, None, None, None, None, 4.0],
        [COUNTY, "全县", "primary", None, 900.0, 98.3, 98.3, "", "", None, 0.98, 0.11, None, 200.0, 1.04],
    ]
    return check_table("forecast_weights", pd.DataFrame(rows, columns=names))


def moves():
    names = ["township_code", "township_name", "stage", "school_year", "status", "cohort", "lead", "previous_mean"]
    names += ["previous_p10", "previous_p90", "now_mean", "change", "noise_se", "in_previous_band", "move"]
    rows = [
        [TOWN, "甲镇", "primary", 2024, "observed", "born", 1, 100.0, 90.0, 110.0, 120.0, 20.0, None, False, "outside"],
        [TOWN, "甲镇", "junior", 2024, "observed", "born", 1, 50.0, 45.0, 55.0, 52.0, 2.0, None, True, "inside"],
        [COUNTY, "全县", "primary", 2024, "observed", "born", 1, 900.0, 880.0, 920.0, 905.0, 5.0, None, True, "inside"],
        [TOWN, "甲镇", "primary", 2025, "forecast", "born", 2, 95.0, 80.0, 105.0, 110.0, 15.0, 1.0, False, "outside"],
        [COUNTY, "全县", "primary", 2025, "forecast", "part", 2, 880.0, 850.0, 910.0, 881.0, 1.0, 1.0, True, "chance"],
    ]
    return check_table("forecast_change", pd.DataFrame(rows, columns=names))


def causes():
    rows = [
        ["base_year", "base_year", "2023", "2024", True],
        ["input", "births.csv", "a", "b", True],
        ["input", "events.csv", "", "b", True],
        ["input", "teachers.csv", "a", "b", False],
        ["option", "seed", "1", "2", True],
    ]
    names = ["cause", "changed_item", "before", "after", "enters_forecast"]
    return check_table("forecast_causes", pd.DataFrame(rows, columns=names))


@pytest.fixture
def made():
    tables = {"forecast_weights": weights(), "forecast_change": moves(), "forecast_causes": causes()}
    return ReportInputs("测试县", "620724", 2024, 10, synthetic=True, tables=tables)


def test_a_township_reads_as_a_sentence(made):
    bullets = next(block for block in basis(made).blocks if isinstance(block, Bullets))
    assert bullets.heads == ("甲镇",)
    assert bullets.items == (
        "小学升级率 97.8%（全县 98.3%），本镇历史占 82%，其余向全县靠拢，新生本镇历史占 64%，"
        "五年级属结构性（概率 93%），波动 ±3.2%；"
        "初中升级率 100.0%（全县 99.9%），本镇历史占 99% 以上，波动 ±4.0%。",
    )
    said = [block.text for block in basis(made).blocks if isinstance(block, Paragraph)]
    assert "全县：小学升级率 98.3%，出生每多 1%，新生多 0.98%（±0.11），波动 ±1.0%。" in said


def test_what_moved_why_and_what_came_true_are_told_with_their_counts(made):
    part = change(made)
    said = "".join(block.text for block in part.blocks if isinstance(block, Paragraph))
    assert "全县 1 个数（学段×学年）中，1 个未变" in said
    assert (
        "各镇 1 个数（学段×学年）中，0 个未变（含抽样误差之内的），0 个有变动但在上次区间内，1 个超出上次区间" in said
    )
    assert "基准年：2023 → 2024；输入文件：births.csv 已更新、events.csv 新增；运行选项：seed 1 → 2。" in said
    assert "另有 1 个文件有变动，不影响在校生预测" in said
    assert "2 个乡镇学段中，1 个（50%）" in said
    assert "区间之外的是 甲镇小学（2024）" in said
    tables = [block for block in part.blocks if isinstance(block, Table)]
    assert tables[0].rows == (("2024 学年", "小学", "1 年", "900（880–920）", "905", "+5", "是"),)
    assert tables[1].rows == (("2025 学年\n部分出生", "小学", "880（850–910）", "881", "+1", "未变（抽样误差之内）"),)


def test_the_check_of_last_year_and_the_change_are_told_apart_only_where_both_stand(made):
    names = ["subject_type", "subject_id", "subject_name", "stage", "school_year", "pupils_before", "pupils_mean",
             "pupils_p10", "pupils_p50", "pupils_p90", "pupils_came", "inside"]  # fmt: skip
    row = ["county", "county", "全县", "primary", 2024, 910.0, 900.0, 880.0, 900.0, 920.0, 905.0, True]
    check = check_table("forecast_check", pd.DataFrame([row], columns=names))
    both = dataclasses.replace(made, tables={**made.tables, "forecast_check": check})
    apart = change(both).blocks[0].text
    assert apart.startswith("回测一节的“去年的预测”是用 2023 学年的数据按现在的方法重做预测，看 2024 学年的实际人数")
    assert "这里是把上次运行当时给出的数字与本次的并列，说明哪些变了、为什么变。" in apart
    assert "去年的预测" not in change(made).blocks[0].text
    assert "去年的预测" not in change(dataclasses.replace(both, tables={"forecast_check": check})).blocks[0].text


def test_without_an_earlier_run_the_report_says_how_to_compare(made):
    part = change(dataclasses.replace(made, tables={}))
    assert [block.kind for block in part.blocks] == ["note"]
    assert "--previous" in part.blocks[0].text
    assert basis(dataclasses.replace(made, tables={})) is None


def test_a_run_that_differs_in_nothing_is_told_so(made):
    tables = {**made.tables, "forecast_causes": causes().iloc[:0]}
    said = "".join(b.text for b in change(dataclasses.replace(made, tables=tables)).blocks if isinstance(b, Paragraph))
    assert "完全相同" in said
