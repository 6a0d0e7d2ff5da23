"""规则核验: what does not comply, what does, and what could not be judged and why."""

from __future__ import annotations

from typing import Final

import pandas as pd

from layout_planner.policy.catalogue import unit_label
from layout_planner.reports import words
from layout_planner.reports.counts import is_definition, options_told, present, rules_told
from layout_planner.reports.inputs import ReportInputs
from layout_planner.reports.model import Block, Paragraph, Section, Table
from layout_planner.reports.sections.parts import columns, not_made
from layout_planner.terms import label

_SHOWN: Final = 80


def rules(inputs: ReportInputs) -> Section:
    """Build the section from the table of findings."""
    found = inputs.table("findings")
    if found is None:
        return Section("rules", "规则核验", (not_made("规则核验"),))
    definitions = int(is_definition(found).sum())
    said = "；".join(part for part in (rules_told(found), options_told(found)) if part)
    cited = f"另有 {definitions:,} 条是定义或事实，只供引用，不作核验。" if definitions else ""
    blocks: list[Block] = [
        Paragraph(
            f"{said}。一条规则在多所学校、多个乡镇核验，每处一个结果。{cited}“未评”是缺数据，“未定”是本县尚未设定参数，"
            "二者都不等于符合。依据后注“(待核)”的条文凭记忆录入，引用前须核对原文。"
        ),
        Paragraph(
            "“一票否决”没有例外；“原则上否决”的例外须有具名书面理由。选项的核验结果见“小规模学校逐校选项”，下表只列现状。"
        ),
    ]
    found = present(found)
    failed = found[found["outcome"] == "fail"]
    blocks.append(_failed(failed) if len(failed) else Paragraph("没有“不符合”的结果。"))
    passed = found[found["outcome"] == "pass"]
    if len(passed):
        blocks.append(_passed(passed))
    for name, title in (("unset", "未定：等待本县设定参数的规则"), ("not_evaluated", "未评：缺少数据的规则")):
        rows = found[found["outcome"] == name]
        if len(rows):
            blocks.append(_open(rows, title))
    return Section("rules", "规则核验", tuple(blocks))


def _failed(rows: pd.DataFrame) -> Table:
    order = rows.assign(hard=~rows["rule_mode"].str.startswith("BLOCK")).sort_values(["hard", "rule_id"], kind="stable")
    cells = tuple(
        (
            f"{row['rule_id']} {row['rule_title']}", label("rule_mode", str(row["rule_mode"])),
            words.text(row["subject_name"]), _against(row), words.whole(row["affected"]),
            words.text(row["names"]), words.text(row["cite"]),
        )
        for _, row in order.head(_SHOWN).iterrows()
    )  # fmt: skip
    heads = columns("规则", "性质", "对象", "实际 / 限值", "涉及（人）", "涉及地点", "依据", numbers=[4], centre=[1])
    note = f"只列前 {_SHOWN} 条，全部见 findings.csv。" if len(rows) > _SHOWN else ""
    return Table("不符合的结果", heads, cells, note=note)


def _against(row: pd.Series) -> str:
    unit = "" if words.missing(row["unit"]) or row["unit"] == "-" else f" {unit_label(str(row['unit']))}"
    return f"{words.number(row['observed'])} / {words.number(row['limit'])}{unit}"


def _passed(rows: pd.DataFrame) -> Table:
    cells = tuple(
        (
            f"{rule} {title}",
            words.whole(len(group)),
            words.listed(group["subject_name"].drop_duplicates()),
            words.text(group["cite"].iloc[0]),
        )
        for (rule, title), group in rows.groupby(["rule_id", "rule_title"], sort=True)
    )
    return Table("符合的结果", columns("规则", "处数", "对象", "依据", numbers=[1]), cells)


def _open(rows: pd.DataFrame, title: str) -> Table:
    cells = tuple(
        (
            f"{rule} {name}",
            label("rule_mode", str(group["rule_mode"].iloc[0])),
            words.listed(group["missing"].drop_duplicates(), shown=3),
            words.text(group["cite"].iloc[0]),
        )
        for (rule, name), group in rows.groupby(["rule_id", "rule_title"], sort=True)
    )
    return Table(title, columns("规则", "性质", "缺什么", "依据", centre=[1]), cells)
