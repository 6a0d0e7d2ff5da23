"""The back-test in the report: what is said of error and bands, and page 1 where the forecast loses."""

import dataclasses
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from layout_planner.contracts import check_table
from layout_planner.figures import style
from layout_planner.figures.backtest import plot_backtest
from layout_planner.figures.save import save_figure
from layout_planner.reports import FigureEntry, build_document, render_html, words
from layout_planner.reports.model import Bullets, Figure, Paragraph, Table
from layout_planner.reports.sections.accuracy import accuracy, page_one, worse_told

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2"><title>t</title></svg>'
LEADS = (1, 2, 3, 4, 5, 10)


def backtest(**worse: float) -> pd.DataFrame:
    """Rows of every level, stage and lead; `worse` maps level_stage_lead to the error of the forecast."""
    rows = []
    for level in ("township", "school"):
        for stage, size in (("primary", "all"), ("senior", "all"), ("all", "0-30"), ("all", "501+"), ("all", "all")):
            for at, lead in enumerate(LEADS):
                error = worse.get(f"{level}_{stage if size == 'all' else size}_{lead}", 1.25 + at)
                cells = 1 if stage == "senior" and lead == 10 else 100
                scores = (9 - at, cells, error, 4.0 + at, 3.0 + at, -0.04, 83.0, 96.0, 0.9, 2, 1.5, 2.0, 3, 0.875)
                rows.append((level, stage, size, lead, *scores))
    names = ["subject_type", "stage", "size_class", "lead", "origins", "cells", "wape", "wape_last", "wape_survival",
             "bias", "covered_80", "covered_95", "wis", "small_cells", "small_error", "small_error_last", "losses",
             "auc"]  # fmt: skip
    return check_table("backtest", pd.DataFrame(rows, columns=names))


def check() -> pd.DataFrame:
    rows = [
        ("county", "county", "全县", "primary", 2024, 620.0, 605.2, 590.0, 605.0, 621.0, 601.0, True),
        ("township", "620724100", "城关镇", "primary", 2024, 410.0, 402.0, 390.0, 402.0, 414.0, 401.0, True),
        ("township", "620724101", "石塅镇", "primary", 2024, 210.0, 203.0, 201.0, 203.0, 205.0, 200.0, False),
        ("school", "9900000001", "示例小学01", "primary", 2024, 410.0, 402.0, 390.0, 402.0, 414.0, 401.0, True),
    ]
    names = ["subject_type", "subject_id", "subject_name", "stage", "school_year", "pupils_before", "pupils_mean",
             "pupils_p10", "pupils_p50", "pupils_p90", "pupils_came", "inside"]  # fmt: skip
    return check_table("forecast_check", pd.DataFrame(rows, columns=names))


def with_tables(inputs, table, **more):
    figures = [
        *inputs.figures,
        FigureEntry("图3-4", "回测", SVG, "回测图"),
        FigureEntry("图3-1", "出生", SVG, "出生图"),
    ]
    tables = {**inputs.tables, "backtest": table, "forecast_check": check(), **more}
    return dataclasses.replace(inputs, tables=tables, figures=figures)


def part_of(inputs):
    forecast = next(section for section in build_document(inputs).sections if section.key == "forecast")
    return next(part for part in forecast.parts if part.key == "accuracy")


def test_where_the_forecast_loses_is_named_by_level_stage_or_size_and_lead():
    table = backtest(**{"township_senior_4": 7.6, "township_senior_5": 8.9, "school_0-30_3": 99.0})
    assert worse_told(table) == "分乡镇看，高中提前 4、5 年；分学校看，30 人及以下提前 3 年"


def test_page_one_says_it_in_one_sentence_and_only_then(inputs):
    def students(table):
        summary = build_document(with_tables(inputs, table)).sections[0]
        told = next(block for block in summary.blocks if isinstance(block, Bullets))
        return told.items[told.heads.index("学生")]

    loses = students(backtest(township_senior_5=8.9))
    assert loses.endswith(
        "回测中误差大于“照上一年不变”的有：分乡镇看，高中提前 5 年；这些预测要与上一年的人数对照着用，见第三部分。"
    )
    assert "回测" not in students(backtest())
    assert page_one(None) == ""


def test_one_comparison_alone_and_a_tie_are_no_loss():
    assert worse_told(backtest(township_senior_10=50.0)) == ""
    assert worse_told(backtest(township_primary_1=4.0)) == ""


def test_the_part_tells_errors_bands_warning_and_the_few_origins(inputs):
    part = part_of(with_tables(inputs, backtest()))
    text = "".join(block.text for block in part.blocks if isinstance(block, Paragraph))
    assert "以 9 个以往学年为起点" in text
    assert "提前 1、3、5、10 年（提前 10 年只有 4 个起点）的误差为 1.3%、3.3%、5.3%、6.3%" in text
    assert "照上一年不变为 4.0%、6.0%、8.0%、9.0%" in text
    assert "80% 区间实际涵盖 83.0%" in text
    assert "预警：提前 2 年，减少两成以上的 3 处" in text
    assert "88%" in text
    assert "各学段、各规模的误差都不大于“照上一年不变”。也都不大于年级升级比例法。" in text


def test_a_loss_to_cohort_survival_is_told_in_the_part_though_not_on_page_one(inputs):
    table = backtest(township_primary_1=3.5)
    part = part_of(with_tables(inputs, table))
    text = "".join(block.text for block in part.blocks if isinstance(block, Paragraph))
    assert "误差大于年级升级比例法的：分乡镇看，小学提前 1 年。" in text
    assert page_one(table) == ""


def test_the_figure_of_the_back_test_stands_in_its_part_and_numbers_go_on(inputs):
    document = build_document(with_tables(inputs, backtest()))
    forecast = next(section for section in document.sections if section.key == "forecast")
    own = [block.title for block in forecast.blocks if isinstance(block, Figure)]
    part = next(part for part in forecast.parts if part.key == "accuracy")
    figures = [block for block in part.blocks if isinstance(block, Figure)]
    assert own == ["出生"]
    assert [(figure.number, figure.title) for figure in figures] == [("图3-2", "回测")]
    first = next(at for at, block in enumerate(part.blocks) if isinstance(block, Table))
    assert isinstance(part.blocks[first - 1], Figure)


def test_tables_mark_a_loss_and_count_who_was_inside_last_year(inputs):
    part = part_of(with_tables(inputs, backtest(township_senior_5=8.9)))
    tables = [block for block in part.blocks if isinstance(block, Table)]
    groups = next(table for table in tables if "分规模" in table.title)
    marked = [(row[0], cell) for row in groups.rows for cell in row if "▲" in cell]
    assert marked == [("高中", "▲8.9 / 8.0\n（100）")]
    whole = next(table for table in tables if "全部" in table.title)
    assert {row[6] for row in whole.rows} == {"0.0"}
    last = next(table for table in tables if table.title.startswith("去年的预测"))
    assert last.rows == (("小学", "620", "605（590–621）", "601", "1 / 2", "1 / 1"),)


def test_a_run_without_a_back_test_has_no_such_part(inputs):
    assert accuracy(inputs) is None
    assert accuracy(with_tables(inputs, backtest().iloc[:0])) is None


def test_the_page_renders_with_the_part(inputs):
    page = render_html(build_document(with_tables(inputs, backtest())))
    assert "）回测：以往的预测有多准" in page


def test_percentages_are_rounded_half_up():
    assert [words.tenth(value) for value in (1.25, 0.04, 12.0, np.nan)] == ["1.3", "0.0", "12.0", "—"]


@pytest.mark.parametrize(("longest", "joined"), [(10, [5, 1]), (3, [3])])
def test_the_figure_joins_no_leads_that_do_not_follow_and_draws_without_schools(longest, joined, tmp_path):
    table = backtest()
    table = table[(table["lead"] <= longest) & ((table["subject_type"] == "township") | (longest == 10))]
    with style.use_style():
        axes = plot_backtest(table, note=style.Note("县教育局", "2024年9月1日", synthetic=True))
        runs = [len(line.get_xdata()) for line in axes[0].lines]
        save_figure(style.figure_of(axes[0]), tmp_path / "f")
    assert runs == joined * 3
    ElementTree.fromstring((tmp_path / "f.svg").read_text(encoding="utf-8"))
