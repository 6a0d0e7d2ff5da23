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
from layout_planner.reports.sections.rules import rules

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
    assert reach.children == 59  # in county schools; 64 live in the villages
    assert cards(document)["30 分钟内没有学校"].value == "11 / 59 人"
    for key in ("summary", "access"):
        assert "11 人居住的村 30 分钟内没有学校" in told(document, key)
        assert re.search("在县内就读的小学一至三年级儿童(共)? 59 人", told(document, key))
    assert screen_reach(inputs.tables["access"]).startswith("在县内就读的 59 人中，11 人居住的村限值内没有学校")
    towns, villages = table(document, "分镇一至三年级上学路途"), table(document, "有就读超时儿童")
    heads = [column.title.replace("\n", "") for column in towns.columns]
    total = dict(zip(heads, towns.total, strict=True))
    assert (total["县内就读儿童（人）"], total["限值内没有学校（人）"], total["就读学校超时（人）"]) == (
        "59",
        "11",
        "13",
    )
    assert "不在县内就读的不计" in towns.note
    rows = {row[0]: row[1:3] for row in villages.rows}
    assert (rows["大嶅村"], rows["丁村"]) == (("7", "6"), ("19", "2"))


@given(st.lists(st.tuples(st.floats(0, 300), st.floats(0, 1), st.booleans()), min_size=1, max_size=12))
def test_whole_children_keep_the_sums_of_the_county(rows):
    access = pd.DataFrame(
        [[children, children * part, "no_school_in_limit" if none else ""] for children, part, none in rows],
        columns=["attending", "over_limit", "reason"],
    ).assign(grade_band=counts.YOUNG)
    reach = counts.reach_of(access)
    assert reach.over == words.rounded(access["over_limit"].sum())
    assert reach.children == max(words.rounded(access["attending"].sum()), reach.over)
    assert reach.none + reach.farther == reach.over
    assert (reach.villages["over_limit"] <= reach.villages["attending"]).all()


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


def test_results_of_rules_of_other_places_stand_apart_from_what_is_not_kept(inputs):
    row = inputs.tables["findings"].iloc[0]
    more = pd.DataFrame(
        [
            {**row, "rule_id": rule_id, "rule_mode": "SCORE", "outcome": out}
            for rule_id, out in (("T07", "fail"), ("T08", "pass"))
        ]
    )
    findings = pd.concat([inputs.tables["findings"], more], ignore_index=True)
    told = counts.rules_told(findings)
    assert "现状不符合 1 处（涉及 1 条规则），符合 1 处（涉及 1 条规则）；" in told
    assert "外地规定只作参照 2 处（涉及 2 条规则），其中达不到 1 处，不计入不符合；" in told
    section = rules(dataclasses.replace(inputs, tables={**inputs.tables, "findings": findings}))
    tables = {block.title: block for block in section.blocks if isinstance(block, Table)}
    apart = tables["只作参照的外地规定：达不到的（逐条，不计入不符合）"]
    assert any("T07" in row[0] for row in apart.rows) and not any("T08" in row[0] for row in apart.rows)
    assert tables["各类规则的核验情况"].total[-1] == "2"


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
    heads = [column.title.replace("\n", "") for column in table(document, "方案比选").columns]
    assert "一至三年级超限（就近口径，人）" in heads
    assert "就近口径" in table(document, "方案比选").note
    heads = [column.title for column in table(document, "有就读超时儿童").columns]
    assert "就读学校\n超时（人）" in heads


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
    assert "均值" in table(document, "出生人口").columns[2].title


@pytest.mark.parametrize("value", [0.5, 2.5, 3468.5, 10792.5, np.float64(0.025)])
def test_figures_and_report_round_the_same_way(value):
    assert numbers.whole(value) == words.whole(value)
    assert numbers.percent(value) == words.percent(value)
    assert words.rounded(2.5) == 3


def test_one_word_for_years_that_are_partly_born(document):
    assert f"“{PART_LABEL}”" in told(document, "forecast")


def test_chinese_text_has_full_width_punctuation(document):
    texts = [text.replace(MARK, "").replace("(日期待核)", "") for text in document.texts()]
    assert not [text for text in texts if HALF.search(text)]


def test_every_table_says_which_file_holds_its_numbers(document):
    found = [block for block in walk(document.sections) if isinstance(block, Table)]
    assert [block.title for block in found if not block.source] == []
    assert table(document, "方案比选").source == "tables/scenario_comparison.csv"
    assert {block.source for block in found if "不符合" in block.title} == {"tables/findings.csv"}


def test_the_decisions_of_every_plan_are_told_before_the_plans_are_compared(document):
    first, second = table(document, "方案“方案一”的决定：应留尽留"), table(document, "方案“方案二”的决定：另一案")
    assert first.rows == (
        ("示例小学04", "2025", "并入", "示例小学01、示例小学02", "余位够"),
        ("示例小学01", "2026", "扩建", "增加 90 个学位", "接收学校扩建"),
    )
    assert second.rows[0][2:4] == ("封存校舍", "—")
    order = [block.title for block in walk(document.sections) if isinstance(block, Table)]
    assert order.index(first.title) < order.index(second.title) < order.index("方案比选")


def test_a_chance_by_township_is_told_from_a_chance_by_school(document, inputs):
    assert "逐校判断" not in told(document, "seats")  # the plans were not computed for 2027
    plans = inputs.tables["scenario_comparison"].assign(school_year=2027)
    both = build_document(dataclasses.replace(inputs, tables={**inputs.tables, "scenario_comparison": plans}))
    for key in ("summary", "seats"):
        assert "2027 学年不足概率 70%" in told(both, key)
        assert "逐校判断、任何一校一学段不足都算的，同一学年的概率是 30%" in told(both, key)
    assert "高于第四部分按全镇合计的概率" in table(both, "方案比选").note


def test_unchecked_days_are_said_once_above_the_numbers_of_the_rules(document):
    numbers = table(document, "采用的政策数值")
    assert [row[0] for row in numbers.rows] == ["C01 班额（近期）＊", "T01 路途"]
    assert not any("(日期待核)" in cell for row in numbers.rows for cell in row)
    assert numbers.rows[1][3] == "国办发〔2018〕27号(待核)"
    assert "的 1 条（共 2 条），施行日期尚未核对" in told(document, "method")


def test_counts_of_children_stand_beside_each_other_where_the_county_keeps_them(document, inputs):
    counted = table(document, "2024 学年儿童的几个口径")
    # two townships, ages 6 to 11 of 2024: register 2 × (6 × 30 + 51), residents 2 × 6 × 28, enrolled 2 × 6 × 27
    assert counted.rows[0] == ("小学（6–11 周岁）", "601", "462", "336", "324")
    assert counted.rows[1][-1] == "—"  # one age of the junior stage was not counted
    assert "含已外出" in counted.note
    assert not any("按居住地" in text for text in document.texts())
    without = build_document(dataclasses.replace(inputs, residents=None))
    assert not any("几个口径（全县" in text for text in without.texts())
    other = build_document(dataclasses.replace(inputs, residents=inputs.residents.assign(year=2020)))
    assert not any("几个口径（全县" in text for text in other.texts())


def test_a_printer_cuts_only_tables_that_are_too_long_for_a_page():
    def made(rows, cell="一"):
        return Table("题", (), tuple((cell,) for _ in range(rows)))

    assert made(20).is_short and not made(40).is_short and not made(5, "很长" * 60).is_short
