"""小规模学校逐校选项: vetoes first, then the effects on both sides, one table a school."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection
from itertools import pairwise
from typing import Final

import pandas as pd

from layout_planner.reports import words
from layout_planner.reports.counts import merges_of, modes_of
from layout_planner.reports.inputs import ReportInputs
from layout_planner.reports.model import Block, Bullets, Paragraph, Section, Table
from layout_planner.reports.sections.parts import NEAREST_NOTE, columns, homes_note, not_made
from layout_planner.terms import label

# a part "M08 未评（需：…（…）…）" of a reason, as the options write it
_OPEN: Final = re.compile(r"；?([A-Z][0-9]{2}) 未评（(?:[^（）]|（[^（）]*）)*）")
_SOURCE: Final = "tables/candidates.csv"
Cell = Callable[[pd.Series], str]


def _arrow(before: str, after: str) -> Cell:
    def cell(row: pd.Series) -> str:
        old, new = words.whole(row[before]), words.whole(row[after])
        return words.DASH if old == new == words.DASH else f"{old} → {new}"

    return cell


def _plain(column: str, how: Callable[[object], str]) -> Cell:
    return lambda row: how(row[column])


RECOVERS: Final = "至少有一年不少于今天的概率"
ROWS: Final[tuple[tuple[str, Cell | None], ...]] = (
    ("判定", lambda row: label("verdict", str(row["verdict"]))),
    ("否决的规则", _plain("vetoes", words.text)),
    ("被并学校一侧", None),
    ("需转学（人）", _plain("moved", words.whole)),
    ("一至三年级超限（就近口径，人）", _arrow("over_limit_before", "over_limit_after")),
    ("超限的村", _plain("villages_over", words.text)),
    ("平均路途（分钟）", _arrow("minutes_before", "minutes_after")),
    ("并后最长路途（分钟）", _plain("minutes_after_max", words.whole)),
    ("新增寄宿（人）", _plain("boarders_after", words.whole)),
    (RECOVERS, _plain("p_recovers", words.chance)),
    ("接收学校一侧", None),
    ("在校生（人）", _arrow("receiver_pupils_before", "receiver_pupils_after")),
    ("学位（个）", _plain("receiver_seats", words.whole)),
    ("并后利用率", _plain("receiver_use_after", words.percent)),
    ("最大班额（重新编班，人）", _arrow("class_size_before", "class_size_after")),
    ("床位余量（张）", _plain("beds_spare", words.signed)),
    ("始终容得下的概率", _plain("p_fits", words.chance)),
)


def options(inputs: ReportInputs) -> Section:
    """Build the section: an overview, then one table for every small school."""
    found = inputs.table("candidates")
    if found is None:
        return Section("options", "小规模学校逐校选项", (not_made("小规模学校的选项"),))
    blocks: list[Block] = [
        Paragraph(
            "下面逐校列出可能的选项。先看有没有被否决：路途超限、应当保留等规则只要违反一条，再好的其他指标也不能抵消。"
            "“一票否决”没有例外；“原则上否决”的例外须有具名书面理由。"
            "没有被否决的选项仍须论证、听证、公示、报批，本表不代替这些程序。"
        ),
        Paragraph(
            "接收学校都是能读完小学的在办学校：教学点没有高年级，并入教学点的学生一两年后还要再转一次学，因此不作接收学校，"
            "也不管理别的学校；已经是教学点的，不再列“改为教学点”。“并管理不并校址”先列登记的隶属中心校，没有登记的列最近的。"
            "“最大班额”前后两数都是把接收学校全校学生按近期班额、现有教室重新编班后小学各年级中最大的班，不是现有实际班额；"
            "人多了可能多编一个班，最大班额因此也会变小。"
        ),
        Bullets(tuple(overview(found, inputs.table("findings")))),
        _overview_table(found, inputs),
    ]
    parts = tuple(
        Section(f"school-{at}", words.text(rows["school_name"].iloc[0]), (_school_table(rows, inputs), _reasons(rows)))
        for at, (_, rows) in enumerate(found.groupby("school_id", sort=False))
    )
    return Section("options", "小规模学校逐校选项", tuple(blocks), parts)


def merges(found: pd.DataFrame) -> pd.DataFrame:
    """Keep the options that name a receiving school."""
    return found[found["option"] == "merge"]


def overview(found: pd.DataFrame, findings: pd.DataFrame | None) -> list[str]:
    """Say how many options are blocked and by what, and what is left to the schools all of whose mergers are."""
    counted = merges_of(found, findings)
    said = [f"小规模学校 {found['school_id'].nunique():,} 所，并入选项 {counted.options:,} 个，其中 {counted.told()}。"]
    pairs, modes = merges(found), modes_of(findings)
    blocked = pairs[pairs["verdict"] == "blocked"]
    counts = Counter(rule for cell in blocked["vetoes"] for rule in words.rule_ids(cell))
    kinds = {rule: f"（{label('rule_mode', modes[rule])}）" for rule in counts if rule in modes}
    if counts:
        said.append(
            "否决的原因（一个选项可被几条规则否决）："
            + "；".join(f"{rule}{kinds.get(rule, '')} {count:,} 个" for rule, count in counts.most_common())
            + "。"
        )
    unknown = Counter(rule for reason in pairs["reason"].map(words.text) for rule in _OPEN.findall(reason))
    if unknown:
        said.append(
            "并入选项中还没有评的否决规则："
            + "、".join(f"{rule} {count:,} 个" for rule, count in unknown.most_common())
            + "。未评不等于符合，决定之前须补齐；每个选项缺什么，见 candidates.csv 的“原因”。"
        )
    stuck = no_merger_told(found, shown=10)
    if stuck:
        said.append(f"有 {stuck}")
    empty = found[found["pupils_now"] == 0]["school_name"].unique()
    if len(empty):
        said.append(f"现有学生为 0 的空壳学校 {len(empty):,} 所：{words.listed(empty)}。")
    said.append("“保留”对每所学校都是选项之一，也往往是合适的答案。")
    return said


def no_merger_told(found: pd.DataFrame, shown: int = words.SHOWN_VILLAGES) -> str:
    """Say which schools have all their mergers blocked, and what is still open to them; shown 0 leaves out the names."""
    stuck = no_merger(found)
    if not stuck:
        return ""

    def named(names: Collection[str]) -> str:
        return f"：{words.listed(names, shown=shown)}" if shown else ""

    text = f"{len(stuck):,} 所学校的并入选项全部被否决{named(stuck.values())}"
    other = found[found["school_id"].isin(stuck) & (found["verdict"] == "undecided")]
    left = []
    for option in ("teaching_point", "manage"):
        ids = [one for one in stuck if one in set(other.loc[other["option"] == option, "school_id"])]
        if ids:
            names = "" if len(ids) == len(stuck) else named([stuck[one] for one in ids])
            left.append(f"{len(ids):,} 所可论证{label('option', option)}{names}")
    kept = [name for one, name in stuck.items() if one not in set(other["school_id"])]
    if kept and left:
        left.append(f"{len(kept):,} 所现阶段只能保留{named(kept)}")
    return f"{text}；其中 {'；'.join(left)}。" if left else f"{text}；现阶段只能保留。"


def no_merger(found: pd.DataFrame) -> dict[str, str]:
    """Id and name of the schools all of whose mergers are blocked, in the order of the table."""
    pairs = merges(found)
    every = pairs["verdict"].eq("blocked").groupby(pairs["school_id"]).all()
    ids = set(every.index[every])
    names = found.drop_duplicates("school_id")
    return {
        str(one): str(name) for one, name in zip(names["school_id"], names["school_name"], strict=True) if one in ids
    }


def _overview_table(found: pd.DataFrame, inputs: ReportInputs) -> Table:
    cells = []
    for _, rows in found.groupby("school_id", sort=False):
        pairs = merges(rows)
        free = pairs[pairs["verdict"] != "blocked"]
        said = f"待论证 {len(free)} 个" if len(free) else "全部被否决" if len(pairs) else "没有可并入的学校"
        vetoes = sorted({rule for cell in pairs["vetoes"] for rule in words.rule_ids(cell)})
        cells.append(
            (
                words.text(rows["school_name"].iloc[0]), words.whole(rows["pupils_now"].iloc[0]),
                words.whole(len(pairs)), said, "、".join(vetoes) or words.DASH, words.listed(free["receiver_name"]),
            )
        )  # fmt: skip
    heads = columns("学校", "现有学生（人）", "并入选项", "结果", "否决的规则", "未被否决的接收学校", numbers=[1, 2])
    note = NEAREST_NOTE + homes_note(inputs)
    return Table("小规模学校选项一览", heads, tuple(cells), row_heads=True, note=note, source=_SOURCE)


def _school_table(rows: pd.DataFrame, inputs: ReportInputs) -> Table:
    """One table a school: indicators down, options across; rows that say nothing for any option are left out."""
    shown = [row for _, row in rows[rows["option"] != "manage"].iterrows()]
    cells: list[tuple[str, ...]] = []
    for name, cell in ROWS:
        if cell is None:
            cells.append((name,))
            continue
        values = [cell(row) for row in shown]
        if any(value != words.DASH for value in values) or name == "否决的规则":
            cells.append((_within(inputs) + name if name == RECOVERS else name, *values))
    filled = [row for row, after in pairwise([*cells, ("",)]) if len(row) > 1 or len(after) > 1]
    pupils = words.whole(rows["pupils_now"].iloc[0])
    heads = columns("指标", *(_title(row) for row in shown), centre=range(1, 1 + len(shown)))
    title = f"{words.text(rows['school_name'].iloc[0])}：选项与影响（现有学生 {pupils} 人）"
    return Table(title, heads, tuple(filled), row_heads=True, note=_note(rows, inputs), source=_SOURCE)


def _within(inputs: ReportInputs) -> str:
    """Years that `p_recovers` looks ahead, as the assumption says."""
    found = inputs.parameters
    years = [] if found is None else list(found.loc[found["name"] == "recovery_years", "value"])
    return f"{words.number(years[0])} 年内" if years else "今后若干年内"


def _note(rows: pd.DataFrame, inputs: ReportInputs) -> str:
    if not (rows["pupils_now"] > 0).any():
        return ""
    managed = "“并管理不并校址”不转学，不改变路途，不列入本表。" if (rows["option"] == "manage").any() else ""
    homes = "和居住地估算" if homes_note(inputs) else ""
    return f"{managed}“就近口径”{homes}见本部分第一张表下的说明。"


def _reasons(rows: pd.DataFrame) -> Bullets:
    """Write the reasons of the options; options with the same reason share a line."""
    groups = rows.groupby(rows["reason"].map(words.text).map(_short), sort=False)
    heads = ["、".join(_title(row).replace("\n", " ") for _, row in group.iterrows()) for _, group in groups]
    return Bullets(tuple(str(reason) for reason, _ in groups), tuple(heads))


def _short(reason: str) -> str:
    """Put what is not evaluated at the end, by rule only."""
    unknown = _OPEN.findall(reason)
    return _OPEN.sub("", reason) + (f"；未评：{'、'.join(unknown)}" if unknown else "")


def _title(row: pd.Series) -> str:
    option = label("option", str(row["option"]))
    return option if words.missing(row["receiver_name"]) else f"{option}\n{row['receiver_name']}"
