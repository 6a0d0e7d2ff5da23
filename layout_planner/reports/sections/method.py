"""方法与参数 and 附: how the numbers are made, and the record of the run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from layout_planner.policy.catalogue import unit_label
from layout_planner.policy.rule import DAY_MARK
from layout_planner.reports import words
from layout_planner.reports.inputs import ReportInputs
from layout_planner.reports.model import Block, Bullets, Paragraph, Section, Table
from layout_planner.reports.sections.parts import columns

_FIRST_DAY = re.compile(r"\((\d{4}-\d{2}-\d{2} 起)\)")
_MANIFEST = "manifest.json"
_SIGN = "＊"  # behind a rule whose first day in force is unchecked
_STEPS = (
    "学年队列：某年 9 月的一年级新生，是七年前 9 月 1 日至六年前 8 月 31 日出生的孩子；"
    "只有年度出生数时按三分之一、三分之二折算。",
    "今后的出生：全县按带阻尼的趋势外推，各镇份额相互借力；每一次抽样都是一条可能的路径。",
    "升级：按年级升级比例逐级推算，小学校、小乡镇的比例向全县靠拢，避免被一两个孩子左右。",
    "相加一致：只在最低一级抽样，校、镇、县逐级相加；表中整数按最大余数法取整。",
    "谁在哪里上学：有村校对应数据时按实际，否则按路途时间估算，并使村合计等于儿童、校合计等于在校生。",
    "学位：教室、用房面积、床位、餐位各算一个数，取最小者，并注明是哪一项。",
    "路途：沿道路网计算步行与接送的时间，分平时与冬季，取最不利者；无路可达的儿童单独列出原因。",
    "先否决，后比较：违反否决规则的选项不因其他指标好而通过。",
)


def method(inputs: ReportInputs) -> Section:
    """Build the section: the steps in words, then every assumption with source and range."""
    blocks: list[Block] = [Bullets(_STEPS)]
    found = inputs.parameters
    if found is not None and len(found):
        cells = tuple(
            (
                words.text(row["title"]), words.number(row["value"]), unit_label(words.text(row["unit"])),
                _range(row["range"]), words.text(row["source"]),
            )
            for _, row in found.iterrows()
        )  # fmt: skip
        blocks.append(Paragraph("下列是工程假设，不是政策标准；可在县数据文件夹中改为本县数值，改后须写明理由。"))
        heads = columns("参数", "取值", "单位", "合理范围", "来源", numbers=[1], centre=[2, 3])
        source = "county.toml 的 [parameters]；没有写的用随附的假设"
        blocks.append(Table("参数与假设", heads, cells, source=source))
    if inputs.rules is not None and len(inputs.rules):
        blocks += _values(inputs.rules)
    return Section("method", "方法与参数", tuple(blocks))


def _values(rules: pd.DataFrame) -> list[Block]:
    """Numbers of the rules; that a first day is unchecked is said once above, and marked by a sign in the table."""
    cells, marked = [], 0
    for _, row in rules.iterrows():
        texts = [
            _FIRST_DAY.sub("（\\1）", words.number(row["value"])).replace(";", "；\n"),
            unit_label(words.text(row["unit"])),
            words.text(row["cite"]),
        ]
        sign = _SIGN if any(DAY_MARK in text for text in texts) else ""
        marked += bool(sign)
        cells.append((f"{row['rule_id']} {row['title']}{sign}", *(text.replace(DAY_MARK, "") for text in texts)))
    heads = columns("规则", "数值", "单位", "依据", centre=[2])
    table = Table("采用的政策数值", heads, tuple(cells), source="随附的规则目录，见 layout-planner rules")
    said = "下表是本次运行用到的政策数值。“(待核)”表示凭记忆录入、尚未核对原文。"
    if marked:
        said += (
            f"规则名后有“{_SIGN}”的 {marked:,} 条（共 {len(cells):,} 条），施行日期尚未核对，引用前须核对；"
            f"这些条文在逐处的核验结果和 findings.csv 中注“{DAY_MARK}”。"
        )
    return [Paragraph(said), table]


def _range(value: Any) -> str:
    if isinstance(value, (list, tuple)) and len(value) == 2:
        return f"{words.number(value[0])}–{words.number(value[1])}"
    return words.text(value)


def appendix(inputs: ReportInputs) -> Section:
    """Build the record of the run: seed, versions, inputs and seconds."""
    run = inputs.run
    rows = [("随机种子", words.text(run.get("seed"))), ("抽样次数", words.whole(run.get("draws")))]
    rows += [(f"版本：{name}", str(version)) for name, version in _pairs(run.get("versions"))]
    blocks: list[Block] = [
        Paragraph("同样的输入、种子与软件版本，得到逐字节相同的表；任何数字都能追溯到一行输入、一个公式和一条依据。"),
        Table("运行记录", columns("项目", "值"), tuple(rows), row_heads=True, source=_MANIFEST),
    ]
    if hashes := _pairs(run.get("inputs")):
        cells = tuple((name, str(digest)) for name, digest in hashes)
        blocks.append(Table("输入文件", columns("文件", "SHA-256"), cells, row_heads=True, source=_MANIFEST))
    if seconds := _pairs(run.get("seconds")):
        cells = tuple((name, f"{float(value):.1f}") for name, value in seconds)
        blocks.append(Table("各步用时", columns("步骤", "秒", numbers=[1]), cells, row_heads=True, source=_MANIFEST))
    return Section("appendix", "附：运行记录", tuple(blocks))


def _pairs(found: Mapping[str, Any] | None) -> list[tuple[str, Any]]:
    return [] if not found else [(str(key), value) for key, value in found.items()]
