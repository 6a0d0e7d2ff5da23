"""规则核验: what does not comply, family by family, how much does, and what could not be judged and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import pandas as pd

from layout_planner.policy import FAMILIES, load_catalogue
from layout_planner.policy.catalogue import unit_label
from layout_planner.reports import words
from layout_planner.reports.counts import compared, is_definition, options_told, present, rules_told
from layout_planner.reports.inputs import ReportInputs
from layout_planner.reports.model import Block, Paragraph, Section, Table
from layout_planner.reports.sections.parts import columns, not_made
from layout_planner.terms import COUNTY, label

_SHOWN: Final = 80
_WORST: Final = 3  # places named for a rule that many do not keep
_HARD: Final = ("BLOCK", "BLOCK*", "GATE")
_Row = tuple[str, ...]


def rules(inputs: ReportInputs) -> Section:
    """Build the section from the table of findings."""
    found = inputs.table("findings")
    if found is None:
        return Section("rules", "规则核验", (not_made("规则核验"),))
    blocks: list[Block] = [*_opening(found)]
    found = present(found)
    families = {rule.id: rule.family for rule in load_catalogue()}
    stages = found.duplicated(["rule_id", "subject_id"], keep=False)
    found = found.assign(family=[families.get(str(rule), "") for rule in found["rule_id"]], stages=stages)
    blocks.append(_overview(found))
    apart = compared(found)
    failed = found[(found["outcome"] == "fail") & ~apart]
    hard = failed["rule_mode"].isin(_HARD)
    if failed.empty:
        blocks.append(Paragraph("没有“不符合”的结果。"))
    if hard.any():
        blocks.append(_places(failed[hard]))
    if len(failed) > hard.sum():
        blocks.append(_by_rule(found, failed[~hard], "不符合的结果：提醒、评价与本县自定规则（逐条）"))
    if (below := apart & (found["outcome"] == "fail")).any():
        blocks.append(_by_rule(found, found[below], "只作参照的外地规定：达不到的（逐条，不计入不符合）"))
    for name, title in (("unset", "未定：等待本县设定参数的规则"), ("not_evaluated", "未评：缺少数据的规则")):
        rows = found[found["outcome"] == name]
        if len(rows):
            blocks.append(_open(rows, title))
    return Section("rules", "规则核验", tuple(blocks))


def _opening(found: pd.DataFrame) -> tuple[Paragraph, Paragraph]:
    definitions = int(is_definition(found).sum())
    said = "；".join(part for part in (rules_told(found), options_told(found)) if part)
    cited = f"另有 {definitions:,} 条是定义或事实，只供引用，不作核验。" if definitions else ""
    return (
        Paragraph(
            f"{said}。一条规则在多所学校、多个乡镇核验，每处一个结果。{cited}“未评”是缺数据，“未定”是本县尚未设定参数，"
            "二者都不等于符合。依据后注“(待核)”的条文凭记忆录入，引用前须核对原文。"
        ),
        Paragraph(
            "“一票否决”没有例外；“原则上否决”的例外须有具名书面理由。选项的核验结果见“小规模学校逐校选项”，下表只列现状；"
            "下面只列不符合的和未能核验的，逐处结果见 findings.csv。"
        ),
    )


def _families(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Families of rules in the order of the catalogue, by title, with their rows in the order of rule ids."""
    ordered = rows.sort_values("rule_id", kind="stable")
    for name, title in {**FAMILIES, "": "其他"}.items():
        part = ordered[ordered["family"] == name]
        if len(part):
            yield title, part


def _grouped(rows: pd.DataFrame, cells: Callable[[pd.DataFrame], list[_Row]]) -> tuple[_Row, ...]:
    """Cells of every family below a heading across."""
    return tuple(row for title, part in _families(rows) for row in [(title,), *cells(part)])


def _overview(found: pd.DataFrame) -> Table:
    def row(title: str, part: pd.DataFrame) -> _Row:
        apart = compared(part)
        places = part.loc[~apart, "outcome"].value_counts()
        judged = part.loc[part["outcome"].isin(["pass", "fail"]) & ~apart, "rule_id"].nunique()
        open_rules = [part.loc[part["outcome"] == name, "rule_id"].nunique() for name in ("not_evaluated", "unset")]
        counts = [judged, places.get("fail", 0), places.get("pass", 0), *open_rules, int(apart.sum())]
        return (title, *(words.whole(count) for count in counts))

    heads = columns(
        "类别",
        "已核规则（条）",
        "不符合（处）",
        "符合（处）",
        "未评（条）",
        "未定（条）",
        "参照（处）",
        numbers=[1, 2, 3, 4, 5, 6],
    )
    cells = tuple(row(title, part) for title, part in _families(found))
    note = "一条规则可以有的处已核、有的处未评，条数因此不相加。“参照”是与外地规定相比的处数，对本县没有约束，不计入前面各列。"
    return Table("各类规则的核验情况", heads, cells, total=row("合计", found), note=note, row_heads=True)


def _places(rows: pd.DataFrame) -> Table:
    """Every place where a rule that stops a plan, or a step of procedure, is not kept."""

    def cells(part: pd.DataFrame) -> list[_Row]:
        return [
            (
                _rule(row["rule_id"], row["rule_title"]), label("rule_mode", str(row["rule_mode"])),
                words.text(row["subject_name"]), _against(row), words.text(row["names"]),
                words.whole(row["affected"]), words.text(row["cite"]),
            )
            for _, row in part.iterrows()
        ]  # fmt: skip

    order = [row for _, part in _families(rows) for row in part.index]
    heads = columns("规则", "性质", "对象", "实际 / 限值", "何处、何故", "涉及（人）", "依据", numbers=[5], centre=[1])
    note = f"只列前 {_SHOWN} 处，全部见 findings.csv。" if len(rows) > _SHOWN else ""
    shown = _grouped(rows.loc[order[:_SHOWN]], cells)
    return Table("不符合的结果：否决与程序规则（逐处）", heads, shown, note=note)


def _by_rule(found: pd.DataFrame, failed: pd.DataFrame, title: str) -> Table:
    """One row a rule of the softer kinds: how many places do not keep it, and those that are the farthest from it."""
    judged = found[found["outcome"].isin(["pass", "fail"])].groupby("rule_id").size()

    def cells(part: pd.DataFrame) -> list[_Row]:
        return [
            (
                _rule(rule, title), label("rule_mode", str(rows["rule_mode"].iloc[0])),
                f"{len(rows):,} / {judged[rule]:,}", _children(rows), _farthest(rows), words.text(rows["cite"].iloc[0]),
            )
            for (rule, title), rows in part.groupby(["rule_id", "rule_title"], sort=True)
        ]  # fmt: skip

    heads = columns(
        "规则",
        "性质",
        "不符合 / 已核（处）",
        "涉及（人）",
        "差距最大的（实际 / 限值）",
        "依据",
        numbers=[2, 3],
        centre=[1],
    )
    note = f"差距最大的至多列 {_WORST} 处；同一学生可涉及几条规则，人数不能跨规则相加。"
    return Table(title, heads, _grouped(failed, cells), note=note)


def _rule(rule_id: object, title: object) -> str:
    return f"{rule_id} {title}"


def _children(rows: pd.DataFrame) -> str:
    """Children concerned; the row of the whole county repeats those of its places and is left out beside them."""
    places = rows[rows["subject_type"] != COUNTY]
    counts = (places if len(places) else rows)["affected"]
    return words.total(counts) if counts.notna().all() else words.DASH


def _farthest(rows: pd.DataFrame) -> str:
    limit = rows["limit"].abs().where(rows["limit"] != 0, 1.0)
    gap = ((rows["observed"] - rows["limit"]).abs() / limit).fillna(float("inf"))
    order = rows.loc[gap.sort_values(ascending=False, kind="stable").index].head(_WORST)
    return "；".join(_place(row) for _, row in order.iterrows())


def _place(row: pd.Series) -> str:
    """Name a place with its numbers: its stage where it has several, and for the county what the finding says."""
    stage = f"（{label('stage', str(row['stage']))}）" if row["stages"] and not words.missing(row["stage"]) else ""
    told = "" if row["subject_type"] != COUNTY or words.missing(row["names"]) else f"（{row['names']}）"
    return f"{row['subject_name']}{stage} {_against(row)}{told}"


def _against(row: pd.Series) -> str:
    if words.missing(row["observed"]) and words.missing(row["limit"]):
        return "无数值"
    unit = "" if words.missing(row["unit"]) or row["unit"] == "-" else f" {unit_label(str(row['unit']))}"
    limit = (
        "" if words.missing(row["limit"]) and not words.missing(row["observed"]) else f" / {words.number(row['limit'])}"
    )
    return f"{words.number(row['observed'])}{limit}{unit}"


def _open(rows: pd.DataFrame, title: str) -> Table:
    def cells(part: pd.DataFrame) -> list[_Row]:
        return [
            (
                _rule(rule, name), label("rule_mode", str(group["rule_mode"].iloc[0])),
                words.listed(group["missing"].drop_duplicates(), shown=3), words.text(group["cite"].iloc[0]),
            )
            for (rule, name), group in part.groupby(["rule_id", "rule_title"], sort=True)
        ]  # fmt: skip

    return Table(title, columns("规则", "性质", "缺什么", "依据", centre=[1]), _grouped(rows, cells))
