import dataclasses
import re

import pandas as pd
import pytest

from layout_planner.figures.style import missing_glyphs
from layout_planner.reports import build_document
from layout_planner.reports.model import Bullets, Figure, Section, Table
from layout_planner.reports.sections import SECTIONS
from layout_planner.reports.sections.options import _short
from layout_planner.reports.sections.rules import rules

FORBIDDEN = ("关闭", "取消", "裁撤率", "撤并任务")


@pytest.fixture(scope="module")
def document(inputs):
    return build_document(inputs)


def every_section(sections):
    for section in sections:
        yield section
        yield from every_section(section.parts)


def every_table(document):
    return [
        block for section in every_section(document.sections) for block in section.blocks if isinstance(block, Table)
    ]


def section_of(document, key) -> Section:
    return next(section for section in document.sections if section.key == key)


def said(document, key) -> str:
    parts = [text for section in every_section([section_of(document, key)]) for block in section.blocks
             for text in (block.items if isinstance(block, Bullets) else [getattr(block, "text", "")])]  # fmt: skip
    return "".join(parts)


def numbers(cells):
    return [int(cell.replace(",", "").replace("−", "-")) for cell in cells]


def test_sections_stand_in_their_order(document):
    assert [section.key for section in document.sections] == [key for key, _ in SECTIONS]
    assert [section.number for section in document.sections] == list("一二三四五六七八九十")


def test_every_printed_total_is_the_sum_of_the_printed_numbers(document):
    checked = 0
    for table in every_table(document):
        for at, cell in enumerate(table.total or ()):
            body = [row[at] for row in table.rows]
            sums_up = table.columns[at].align == "number" and "最长" not in table.columns[at].title
            if at and sums_up and re.fullmatch(r"[\d,]+", cell):
                assert sum(numbers(body)) == numbers([cell])[0], table.title
                checked += 1
    assert checked >= 20


def test_every_row_has_a_cell_for_every_column(document):
    for table in every_table(document):
        for row in (*table.rows, *([table.total] if table.total else [])):
            assert len(row) in (1, len(table.columns)), table.title


def test_tables_are_numbered_by_chapter_without_a_gap(document):
    for chapter, section in enumerate(document.sections, 1):
        found = [block.number for one in every_section([section]) for block in one.blocks if isinstance(block, Table)]
        assert found == [f"表{chapter}-{place}" for place in range(1, len(found) + 1)]


def test_children_of_townships_are_rounded_to_the_county_sum(document):
    table = next(table for table in every_table(document) if table.title.startswith("分镇小学学龄儿童"))
    assert [row[1] for row in table.rows] == ["401", "201"]  # 400.4 + 201.3 = 601.7 → 602
    assert table.total[1] == "602"


def test_summary_says_from_what_to_what_with_the_interval(document):
    text = said(document, "summary")
    assert "小学在校生由 2024 学年的 601 人变为 2030 学年的 541 人（487–595），减少 60 人。" in text
    assert "2 个被否决" in text


def test_years_that_rest_on_the_unborn_are_marked(document):
    table = next(table for table in every_table(document) if table.title.startswith("全县在校生"))
    cells = {row[0]: row[1] for row in table.rows}
    assert cells["2024 学年"] == "601\n实际"
    assert cells["2030 学年"] == "541\n（487–595）"
    assert cells["2032 学年"].endswith("部分出生")
    assert cells["2034 学年"].endswith("未出生")


def test_no_percentage_is_printed_for_a_school_without_seats(document):
    table = next(table for table in every_table(document) if table.title == "各校学位与利用率：小学")
    rows = {row[0]: row[3] for row in table.rows}
    assert rows == {"示例小学01": "104%", "示例教学点01": "34%", "示例教学点02": "—"}


def test_children_without_a_school_in_reach_are_told_from_those_who_go_farther(document):
    text = said(document, "access")
    assert "11 人居住的村 30 分钟内没有学校，在 2 个村（社区）" in text
    assert "另有 2 人就读学校超时：30 分钟内有学校" in text


def test_vetoes_stand_before_effects_and_both_sides_are_shown(document):
    part = section_of(document, "options").parts[0]
    table = next(block for block in part.blocks if isinstance(block, Table))
    heads = [row[0] for row in table.rows]
    assert heads[:3] == ["判定", "否决的规则", "被并学校一侧"]
    assert "接收学校一侧" in heads
    cells = {row[0]: row[1:] for row in table.rows}
    assert cells["否决的规则"] == ("—", "M19、T01")
    assert cells["一至三年级超限（就近口径，人）"] == ("2 → 2", "2 → 6")
    assert cells["始终容得下的概率"] == ("—", "不到 1%")
    assert cells["床位余量（张）"] == ("—", "−2")


def test_other_options_are_named_where_every_merge_is_blocked(document):
    text = said(document, "options")
    assert "有 2 所学校的并入选项全部被否决：" in text
    assert "；其中 1 所可论证改为教学点（一至三年级）：示例小学04；1 所可论证并管理不并校址：示例小学04；" in text
    assert "1 所现阶段只能保留：<script>alert(1)</script>。" in text


def test_unset_and_unevaluated_rules_say_what_is_missing(document):
    titles = {table.title: table for table in every_table(document)}
    assert titles["未定：等待本县设定参数的规则"].rows[0] == ("路途、寄宿、交通",)
    assert titles["未定：等待本县设定参数的规则"].rows[1][2] == "未定：T05"
    assert [row[0] for row in titles["未评：缺少数据的规则"].rows] == ["教师编制", "D01 生师比"]
    assert "(待核)" in titles["未评：缺少数据的规则"].rows[1][3]
    vetoes = titles["不符合的结果：否决与程序规则（逐处）"]
    assert [row[2] for row in vetoes.rows[1:]] == ["<script>alert(1)</script>"]


def test_families_of_rules_are_counted_and_the_counts_add_up(document):
    table = next(table for table in every_table(document) if table.title == "各类规则的核验情况")
    assert table.rows == (
        ("路途、寄宿、交通", "1", "1", "1", "0", "1", "0"),
        ("教师编制", "0", "0", "0", "1", "0", "0"),
    )
    assert table.total == ("合计", "1", "1", "1", "1", "1", "0")


def test_a_softer_rule_is_one_row_with_the_places_farthest_from_it(inputs):
    found = inputs.tables["findings"]
    usual = found[(found["rule_id"] == "T01") & (found["outcome"] == "pass")].iloc[0]
    change = {"rule_id": "C01", "rule_title": "班额（近期）", "rule_mode": "WARN", "outcome": "fail", "limit": 45.0}
    sizes = [(46.0, 46.0), (60.0, 60.0), (50.0, 100.0), (47.0, 47.0)]
    rows = [
        {**usual, **change, "subject_name": f"校{at}", "observed": size, "affected": pupils, "unit": "pupils/section"}
        for at, (size, pupils) in enumerate(sizes)
    ]
    changed = dataclasses.replace(inputs, tables={**inputs.tables, "findings": pd.concat([found, pd.DataFrame(rows)])})
    table = next(
        block for block in rules(changed).blocks if isinstance(block, Table) and block.title.endswith("（逐条）")
    )
    assert table.rows[0] == ("班额、规模、学位",)
    assert table.rows[1][2:4] == ("4 / 4", "253")
    assert table.rows[1][4] == "校1 60 / 45 人/班；校2 50 / 45 人/班；校3 47 / 45 人/班"


def test_figures_stand_in_their_section_numbered_by_place_and_others_in_the_appendix(document):
    homes = {
        block.number: section.key
        for section in document.sections
        for block in section.blocks
        if isinstance(block, Figure)
    }
    assert homes == {"图4-1": "seats", "图10-1": "appendix"}


def test_words_that_planners_must_not_use_are_absent(document):
    text = "\n".join(document.texts())
    assert not [word for word in FORBIDDEN if word in text]


def test_every_character_can_be_printed(document):
    assert missing_glyphs(document.texts()) == set()


def test_a_run_cut_off_early_still_makes_a_report(inputs):
    document = build_document(dataclasses.replace(inputs, tables={}, figures=(), parameters=None, run={}))
    assert "本次运行没有产生" in said(document, "options")
    assert len(document.sections) == len(SECTIONS)


def test_plans_are_compared_with_children_before_averages(document):
    table = next(table for table in every_table(document) if table.title == "方案比选")
    assert [row[:3] for row in table.rows] == [("现状", "2025", "可行"), ("方案一", "2025", "不可行\nT01")]
    assert table.rows[1][7] == "15 / 27 / —"


@pytest.mark.parametrize("name", ["forecast_stage", "seats", "seat_balance", "access", "findings", "candidates"])
def test_any_one_table_may_be_absent(inputs, name):
    tables = {key: table for key, table in inputs.tables.items() if key != name}
    assert build_document(dataclasses.replace(inputs, tables=tables)).sections


def test_what_an_option_lacks_is_told_by_rule_in_the_report():
    reason = (
        "M09 床位不足（一票否决）；M08 未评（需：安全认定（trips.csv 的 safe），1 条没有认定：甲村）；M16 未评（待办）"
    )
    assert _short(reason) == "M09 床位不足（一票否决）；未评：M08、M16"
    assert _short("保留办学；不涉及转学") == "保留办学；不涉及转学"
