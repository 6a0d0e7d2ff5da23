"""Make docs/checks.md (every check of `layout-planner check`, with what it tells and what to do) from the registry.

Run ``python tools/make_check_docs.py`` after a change of ``layout_planner/io/checks`` or of its sentences; a test compares.
"""

from __future__ import annotations

import re
from pathlib import Path

from layout_planner.contracts import load_dictionary
from layout_planner.errors import catalogue
from layout_planner.io.checks.model import KEYS, SETTINGS, Check
from layout_planner.io.checks.registry import all_checks
from layout_planner.policy import load_parameters
from layout_planner.terms import LABELS_ZH, label

PAGE = Path(__file__).parent.parent / "docs" / "checks.md"
HEAD = """# 数据核对 Checks

本页由 `tools/make_check_docs.py` 从 `layout_planner/io/checks/` 生成，请勿手改。
This page is made from the registry of checks; do not edit it by hand.

`layout-planner check 县文件夹 [--out out-check] [--strict] [--lang en]` 依次做三轮核对，共 {count} 项。
一处有错不影响别处，也只说一次：坏行之外的行照样参加后面的核对，由坏行引起的缺漏和差额不再另报；某张表读不出来，只停用到它的各项（印“—”）。

- **错误 error**:`run` 不会运行；退出码 2。
- **警告 warning**:可以运行，请核实；加 `--strict` 时退出码 1。
- **提示 notice**:供参考；退出码 0。
- 结果：屏幕上按级别列出，同一列同样的问题合为一行（每级先列 20 行）；`tables/data_quality.csv` \
列出全部（轮次、级别、文件、行、列、实际、应为、处理办法）;
  `check.html` 是可打印的一页摘要。
- 合理性核对没有写死的界限：要么是“偶然出现的概率低于 `check_alpha`”，要么是“偏离自身走势 `check_sd` 个标准差”，
  要么是下面列出的工程假设；都可在 `county.toml` 的 `[parameters]` 改。
- 表中花括号是每处不同的内容：{{found}} 实际，{{allowed}} 应为，{{row}} 行，{{column}} 列。

Three rounds, {count} checks. A defect hides no other: the good rows of a table go on to the later rounds, and a table that
cannot be read disables only the checks that need it.
"""
METHOD = """
## 合理性核对的方法 Methods of round 3

- **计数的起落**:人数在平方根变换 2√(x + 3/8) 后，起落约为 1 个标准差，与大小无关（Anscombe 1948）。
- **自身走势**（出生数）:用最近六个其他年份的稳健直线（Theil–Sen）;离散程度取残差绝对中位差 × 1.4826，且不小于计数的随机波动。
- **升级**:本校本年级往年升级比例的中位数 × 上一年级人数；离散程度取本校与全县同年级的较大者，且不小于两个计数之差的波动。
- **照抄**:两个独立的同均值计数相等的概率为 e^(−2m)·I₀(2m)；相同的格数用 Chernoff 上界。
- **各月出生数**:与同年其他月份和前后两年按县里的月份分布比较，负二项分布的精确概率；同年其他月份单独也须不支持。
- **以 0 结尾的数、男女**:二项分布，Chernoff 上界或精确概率。

| 参数 | 含义 | 取值 | 范围 | 来源 |
| --- | --- | --- | --- | --- |"""
TABLE = """| 核对项 | 核对什么 | 最高级别 | 需要的表 | 会说什么 → 怎样处理 |
| --- | --- | --- | --- | --- |"""


def page(checks: tuple[Check, ...]) -> str:
    """Return the whole page."""
    parts = [HEAD.format(count=len(checks))]
    for name, zh in LABELS_ZH["check_round"].items():
        mine = [check for check in checks if check.round == name]
        parts += [f"## {zh} Round: {name}（{len(mine)} 项）\n", TABLE, *map(_row, mine), ""]
    used = [p for p in load_parameters().values() if p.name.startswith("check_")]
    rows = [f"| `{p.name}` | {p.title} | {p.value:g} | {p.low:g}–{p.high:g} | {p.source} |" for p in used]
    return "\n".join([*parts, METHOD.strip("\n"), *rows, ""])


def _row(check: Check) -> str:
    files = {name: table.file for name, table in load_dictionary().tables.items()} | {SETTINGS: "county.toml"}
    needs = "、".join(files[name.removeprefix(KEYS)] for name in check.needs) or "—"
    tells = "<br>".join(_told(code) for code in check.tells)
    cells = [f"`{check.name}`", f"{check.zh}<br>{check.en}", label("severity", check.severity), needs, tells]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _told(code: str) -> str:
    entry = catalogue()[code]
    said = (
        re.sub(r"^\{file\}\s?(第 \{row\} (行|个要素))?(起)?", "", entry["zh"]).removeprefix("“{column}”").lstrip("：:")
    )
    return f"{said} → {entry['fix_zh']}" if "fix_zh" in entry else said


if __name__ == "__main__":
    PAGE.write_text(page(all_checks()), encoding="utf-8", newline="\n")
    print(PAGE.name, "written")
