"""Counts that are told in several places: one definition, one number, one rounding."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.figures import numbers
from layout_planner.figures.births import PART_LABEL
from layout_planner.pipeline.headlines import options as screen_options
from layout_planner.pipeline.headlines import over_limit as screen_reach
from layout_planner.reports import build_document, counts, words
from layout_planner.reports.model import Bullets, Card, Cards, Table

CHINESE = "\u3400-\u9fff"
HALF = re.compile(rf"[{CHINESE}][,:;()?!]|[,:;()?!][{CHINESE}]")
MARK = "(待核)"


@pytest.fixture(scope="module")
def document(inputs):
    return build_document(inputs)


def walk(sections):
    for section in sections:
        yield from section.blocks
        yield from walk(section.parts)


def told(document, key) -> str:
    section = next(one for one in document.sections if one.key == key)
    return "".join(text for block in section.blocks for text in
                   (block.items if isinstance(block, Bullets) else [getattr(block, "text", "")]))  # fmt: skip


def cards(document) -> dict[str, Card]:
    return {card.title: card for block in walk(document.sections) if isinstance(block, Cards) for card in block.cards}


def table(document, start) -> Table:
    return next(
        block for block in walk(document.sections) if isinstance(block, Table) and block.title.startswith(start)
    )


def test_children_without_a_school_are_one_number_in_card_summary_section_and_screen(document, inputs):
    reach = counts.reach_of(inputs.tables["access"])
    assert (reach.none, reach.farther, reach.over) == (11, 2, 13)
    assert cards(document)["30 分钟内没有学校"].value == "11 人"
    assert "11 人居住的村 30 分钟内没有学校" in told(document, "summary")
    assert "11 人居住的村 30 分钟内没有学校" in told(document, "access")
    assert screen_reach(inputs.tables["access"]).startswith("11 名儿童限值内没有学校")
    heads = [column.title for column in table(document, "分镇一至三年级上学路途").columns]
    total = dict(zip(heads, table(document, "分镇一至三年级上学路途").total, strict=True))
    assert (total["限值内没有学校（人）"], total["就读学校超时（人）"]) == ("11", "13")


@given(st.lists(st.tuples(st.floats(0, 300), st.floats(0, 1), st.booleans()), min_size=1, max_size=12))
def test_whole_children_keep_the_sums_of_the_county(rows):
    access = pd.DataFrame(
        [[children, children * part, "no_school_in_limit" if none else ""] for children, part, none in rows],
        columns=["children", "over_limit", "reason"],
    ).assign(grade_band=counts.YOUNG)
    reach = counts.reach_of(access)
    assert reach.over == words.rounded(access["over_limit"].sum())
    assert reach.children == max(words.rounded(access["children"].sum()), reach.over)
    assert reach.none + reach.farther == reach.over
    assert (reach.villages["over_limit"] <= reach.villages["children"]).all()


def test_vetoes_without_exception_are_told_from_those_in_principle(document, inputs):
    merges = counts.merges_of(inputs.tables["candidates"], inputs.tables["findings"])
    assert (merges.options, merges.blocked, merges.strict) == (2, 2, 1)
    sentence = "2 个被否决（一票否决 1 个，只触及原则上否决 1 个）"
    assert sentence in told(document, "summary")
    assert sentence in told(document, "options")
    assert sentence in dict(screen_options(inputs.tables["candidates"], inputs.tables["findings"]))["并入选项"]
    assert "T01（原则上否决） 2 个" in told(document, "options")
    assert "M09（一票否决） 1 个" in told(document, "options")
    assert "例外须有具名书面理由" in told(document, "options")


def test_without_findings_no_kind_of_veto_is_claimed(inputs):
    merges = counts.merges_of(inputs.tables["candidates"], None)
    assert merges.told() == "2 个被否决"


def test_rules_are_counted_in_the_same_words_in_summary_and_section(document, inputs):
    sentence = (
        "现状不符合 1 处（涉及 1 条规则），符合 1 处（涉及 1 条规则）；"
        "因缺数据未评 1 条规则，因本县未设参数未定 1 条规则"
    )
    more = "选项（被并学校→接收学校）另有核验结果 3 个，其中不符合 3 个，不计入现状"
    findings = inputs.tables["findings"]
    assert f"{counts.rules_told(findings)}；{counts.options_told(findings)}" == f"{sentence}；{more}"
    assert sentence in told(document, "summary")
    assert f"{sentence}；{more}" in told(document, "rules")
    assert "另有 1 条是定义或事实" in told(document, "rules")


def test_the_likeliest_shortage_ahead_is_named_with_its_chance(document):
    for key in ("summary", "seats"):
        assert "预测期内学位最可能不足的是石塅镇小学，2027 学年不足概率 70%" in told(document, key)


def test_schools_full_in_later_years_are_named_in_their_fullest_year(document, inputs):
    full = counts.full_later(inputs.tables["seats"], inputs.tables["forecast_school"], 2024)
    assert full[["school_name", "school_year"]].to_numpy().tolist() == [["示例小学01", 2029]]
    sentence = "今后会超过学位的义务教育学校 1 所：示例小学01（小学，2029 学年 571 人，学位 540 个）"
    assert sentence in told(document, "summary")
    assert cards(document)["超过学位的学校"].value == "1 → 1 所"


def test_a_county_without_risk_says_so(inputs):
    balance = inputs.tables["seat_balance"].assign(p_short=0.0)
    calm = build_document(dataclasses.replace(inputs, tables={**inputs.tables, "seat_balance": balance}))
    assert "各学年的不足概率都不到 1%" in told(calm, "summary")


def test_estimated_homes_are_said_under_the_tables_and_among_the_definitions(document, inputs):
    assert counts.estimated_share(inputs.tables["allocation"]) == 0.75
    for text in (told(document, "data"), table(document, "分镇一至三年级上学路途").note,
                 table(document, "有就读超时儿童").note, table(document, "小规模学校选项一览").note,
                 table(document, "方案比选").note):  # fmt: skip
        assert "有 75% 的学生的居住地按引力模型估算" in text
    assert "学生的居住地为估算" in told(document, "summary")


def test_homes_that_are_all_recorded_need_no_word(inputs):
    known = inputs.tables["allocation"].assign(status="observed")
    text = "".join(build_document(dataclasses.replace(inputs, tables={**inputs.tables, "allocation": known})).texts())
    assert "引力模型估算" not in text


def test_a_county_without_attendance_says_which_file_is_not_there(inputs):
    guessed = inputs.tables["allocation"].assign(status="estimated")
    made = build_document(dataclasses.replace(inputs, tables={**inputs.tables, "allocation": guessed}))
    assert "本县没有村校就读对应表（attendance.csv）" in told(made, "data")


def test_trips_of_plans_and_options_are_told_from_trips_to_the_school_attended(document):
    heads = [column.title for column in table(document, "方案比选").columns]
    assert "一至三年级超限（就近口径，人）" in heads
    assert "就近口径" in table(document, "方案比选").note
    heads = [column.title for column in table(document, "有就读超时儿童").columns]
    assert "就读学校超时（人）" in heads


def test_a_feasible_plan_is_no_word_on_the_present_state(document):
    assert "现状已有的问题见第五部分" in table(document, "方案比选").note


def test_the_chance_of_recovery_says_within_how_many_years(document, inputs):
    name = "10 年内至少有一年不少于今天的概率"
    assert name in [row[0] for row in table(document, "<script>").rows]
    bare = build_document(dataclasses.replace(inputs, parameters=None))
    assert "今后若干年内至少有一年不少于今天的概率" in [row[0] for row in table(bare, "<script>").rows]


def test_medians_and_means_are_named_in_the_titles(document):
    assert "中位数" in table(document, "全县在校生").title
    assert "预测均值" in table(document, "分镇小学学龄儿童").title
    assert "预测均值" in table(document, "分镇小学在校生").title
    assert "中位数" in table(document, "出生人口").columns[2].title


@pytest.mark.parametrize("value", [0.5, 2.5, 3468.5, 10792.5, np.float64(0.025)])
def test_figures_and_report_round_the_same_way(value):
    assert numbers.whole(value) == words.whole(value)
    assert numbers.percent(value) == words.percent(value)
    assert words.rounded(2.5) == 3


def test_one_word_for_years_that_are_partly_born(document):
    assert f"“{PART_LABEL}”" in told(document, "forecast")


def test_chinese_text_has_full_width_punctuation(document):
    texts = [text.replace(MARK, "") for text in document.texts()]
    assert not [text for text in texts if HALF.search(text)]
