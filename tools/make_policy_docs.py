"""Make docs/policy.md (every rule with value, unit, mode, source, status) and docs/parameters.md (every assumption).

Run ``python tools/make_policy_docs.py`` after a change of ``layout_planner/policy/**/*.toml``; a test compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from layout_planner.policy import Catalogue, Parameter, Rule, load_catalogue, load_parameters
from layout_planner.policy.catalogue import FAMILIES, unit_label
from layout_planner.policy.wording import mode_text, status_text, values_text

PAGE = Path(__file__).parent.parent / "docs" / "policy.md"
HEAD = """# 政策规则库 Policy rules

本页由 `tools/make_policy_docs.py` 从 `layout_planner/policy/rules/*.toml` 生成，请勿手改。
This page is made from the rule files; do not edit it by hand.

共 {count} 条（毛入园率、普惠覆盖率、公办占比 P01–P03 分列）：{modes}。

- **性质**:一票否决 BLOCK，方案不得通过，不可例外；原则上否决 BLOCK\\*,例外须写明理由、签字人和日期；程序 GATE，须有材料在案;
  提醒 WARN；评价 SCORE；本县自定 PARAM，国家没有数字，设定之前一律印“未定”；定义 DATA，定义或事实。
- **状态**:已核 = 在存档副本中看到（A 官方网站，B 报刊或全文转载，C 转述，D 源代码）；待核 = 凭记忆，印“(待核)”;
  推定 = 由已核内容推出。生效首日不确知的印“(日期待核)”，条号不确知的印“(条号待核)”。本页不能代替文件原件。
- **改数字**:新文件在 `values` 里加一行（`from` 为生效首日），不改旧行;`seen` 只供人看，程序不读。
- **外地规定**:文本出自外省、外县的（`reference = true`）印“(外地规定,只作参照)”，照样比较，但不计入“不符合”，对本县没有约束。
- **本县自定**:在 `county.toml` 的 `[rules.编号]` 写 `value`、`reason`、`signer`、`date`；\
`date` 是开始生效的日期；分学段、分项的写成列表，每项另写 `stage` 或 `part`（例见 docs/data.md）。\
以优质均衡为目标的，在 `[goals]` 写 `quality_balance`（`reason`、`signer`、`date`）。
"""
PARAMETERS_PAGE = PAGE.with_name("parameters.md")
PARAMETERS_HEAD = """# 工程假设 Assumptions

本页由 `tools/make_policy_docs.py` 从 `layout_planner/policy/parameters/*.toml` 生成，请勿手改。
This page is made from the parameter files; do not edit it by hand.

这些数不是政策规定。本县有实测值时，在 `county.toml` 的 `[parameters]` 写 `名称 = 数值`；超出来源支持范围的照用，并在
`data_quality.csv` 里提示。每份报告都列出所用的全部取值。

| 名称 | 含义 | 取值 | 范围 | 单位 | 来源 |
| --- | --- | --- | --- | --- | --- |"""
TABLE = """| 编号 | 规则 | 数值 | 单位 | 性质 | 依据 | 状态 | 评价所需 |
| --- | --- | --- | --- | --- | --- | --- | --- |"""


def page(catalogue: Catalogue) -> str:
    """Return the whole page."""
    counts: dict[str, int] = {}
    for rule in catalogue:
        counts[rule.mode] = counts.get(rule.mode, 0) + 1
    modes = "、".join(f"{_plain(mode)} {counts[mode]}" for mode in sorted(counts, key=lambda m: -counts[m]))
    sections = [_section(title, catalogue.family(name)) for name, title in FAMILIES.items()]
    return "\n".join([HEAD.format(count=len(catalogue), modes=modes), *sections])


def parameters_page(parameters: Mapping[str, Parameter]) -> str:
    """Return the whole page of assumptions."""
    rows = [
        f"| `{p.name}` | {_plain(p.title)} | {p.value:g} | {p.low:g}–{p.high:g} | {unit_label(p.unit) or '-'} | "
        f"{_plain(p.source)} |"
        for p in parameters.values()
    ]
    return "\n".join([PARAMETERS_HEAD, *rows, ""])


def _section(title: str, rules: tuple[Rule, ...]) -> str:
    first, last = rules[0].id, rules[-1].id
    return "\n".join([f"## {title} {first}–{last}\n", TABLE, *map(_row, rules), ""])


def _row(rule: Rule) -> str:
    title = rule.title + (f"<br>{rule.note}" if rule.note else "")
    quote = f"<br>“{rule.source.quote}”" if rule.source.quote else ""
    needs = "<br>".join(rule.needs) or "-"
    unit = unit_label(rule.unit) or "-"
    values, mode = values_text(rule, "<br>"), mode_text(rule)
    cells = [rule.id, title, values, unit, mode, rule.cite + quote, status_text(rule), needs]
    return "| " + " | ".join(_plain(cell) for cell in cells) + " |"


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*")


if __name__ == "__main__":
    PAGE.write_text(page(load_catalogue()), encoding="utf-8", newline="\n")
    PARAMETERS_PAGE.write_text(parameters_page(load_parameters()), encoding="utf-8", newline="\n")
    print(PAGE.name, PARAMETERS_PAGE.name, "written")
