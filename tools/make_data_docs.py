"""Make docs/data.md (what the county folder and the outputs hold) from the dictionary of columns.

Run ``python tools/make_data_docs.py`` after a change of ``layout_planner/contracts/columns.toml``; a test compares.
"""

from __future__ import annotations

from pathlib import Path

from layout_planner.contracts import Column, Dictionary, Table, load_dictionary

PAGE = Path(__file__).parent.parent / "docs" / "data.md"
HEAD = """# 数据说明 Data

本页由 `tools/make_data_docs.py` 从 `layout_planner/contracts/columns.toml` 生成，请勿手改。
This page is made from the one dictionary of columns; do not edit it by hand.

## 县数据文件夹 The county folder

文本文件用 UTF-8(带不带 BOM 均可)、UTF-16 或 GB18030；代码一律按文字；空着表示不知道，不等于 0；不认识的列原样保留并提示。
设置写在 `county.toml`:

| 设置 | 含义 |
| --- | --- |
| `schema` | 格式版本，现为 1 |
| `name` `code` | 县名、6 位区划代码 |
| `base_year` `horizon` | 基准学年（最近一年实际数）、向后预测几个学年（1–30） |
| `coordinate_system` | 输入坐标的坐标系：`cgcs2000` `wgs84` `gcj02` `bd09` `projected`，\
或 CGCS2000 平面坐标的 EPSG 代码（见 docs/coordinates.md） |
| `[coordinates]` | 个别文件另属一个坐标系时：`"villages.csv" = "gcj02"`，一个文件一行 |
| `projected_crs` | 量算用的投影坐标系 EPSG 代码；空着按经度取 CGCS2000 3° 带 |
| `draws` `seed` | 随机抽样次数、种子：同数据同种子，结果逐字节相同 |
| `synthetic` | 是否模拟数据；是则每页注明 |
| `[parameters]` | 本县自己的工程参数，名称见 `layout_planner/policy/parameters/` |
| `[rules]` | 本县自定的 PARAM 规则：`ID = { value, reason, signer, date }`；分学段、分项的写成列表，\
每项另写 `stage`、`part`；见下 |
| `[goals]` | 本县以优质均衡为目标时：`quality_balance = { reason, signer, date }`，规则 C11 随之生效 |
| `[[flow_change]]` | 就读流向的变化（方案中也可以写）:`from_year` `origin` `destination` `to` `grade_low` `grade_high` `share`，\
可另写 `phase` `reason`；见下 |
| `[[overrides]]` | 对 BLOCK* 规则的书面例外:`rule` `subject` `reason` `signer` `date` |

本县自定的规则，各学段数值不同的写成列表：

```toml
[rules]
M03 = { value = 10, reason = "县政府常务会议纪要第 3 号", signer = "张三", date = 2025-03-01 }
T06 = [
  { stage = "小学", value = 2.5, reason = "县政府常务会议纪要第 3 号", signer = "张三", date = 2025-03-01 },
  { stage = "初中", value = 8, reason = "县政府常务会议纪要第 3 号", signer = "张三", date = 2025-03-01 },
]
```

- `date` 是数值开始生效的日期。规则按基准学年之后的 9 月 1 日核验（`base_year = 2024` 即 2025-09-01）；\
  `date` 晚于这一天的本次不起作用，`check` 给出警告，该规则印“未评”并写明何时起生效。
- `stage` 写 `学前` `小学` `初中` `高中`，或 `pre` `primary` `junior` `senior`；只能写这条规则所分的学段。列表里没有写到的学段未评。
- 同一学段、同一分项只能有一条；`reason`、`signer` 只写省略号、下划线或“待填”的不接受。

就读流向的变化，一项写一节；写在 `county.toml` 的用于预测，写在 `plans/*.toml` 的只用于那个方案：

```toml
[[flow_change]]
from_year = 2027            # 起始学年
origin = "620724103"        # 居住乡镇
destination = "620724100"   # 原来在哪个乡镇就读，"outside" 为县外
to = "620724103"            # 改到哪个乡镇就读，"outside" 为县外
grade_low = 1               # 年级范围，小班 −2 … 高三 12
grade_high = 6
share = 0.3                 # 原流向中改变去向的比例
phase = "entrants"          # entrants（不写即此）：从最低年级的新生起，逐年升上去；all：各年级同时
reason = "镇中心小学新校舍启用"
```

- 比例都按没有任何变化时的流向计算，各项的先后不影响结果；同一流向各项相加不超过 1。基准年的流向见输出表 `flow_matrix`。
- 今后的人口变动事件写在 `events.csv`，日期可以到预测的最后一年；人数没有把握的另写
  `size_low`、`size_high`（十分之一的可能更少、更多）。
"""


def page(dictionary: Dictionary) -> str:
    """Return the whole page."""
    inputs = "\n".join(_section(t) for t in dictionary.inputs())
    areas = "\n".join(_section(t) for t in dictionary.tables.values() if t.kind == "areas")
    outputs = "\n".join(_section(t) for t in dictionary.outputs())
    return (
        f"{HEAD}\n{inputs}\n## 任意地区 Any areas (`layout-planner forecast --pupils … --births …`)\n\n{areas}\n"
        f"## 输出表 Output tables (`out/tables/`)\n\nUTF-8 带 BOM，六位有效数字；末列 `synthetic` 标明是否模拟数据。\n\n{outputs}"
    )


def _section(table: Table) -> str:
    title = f"### {table.zh} {table.en} — `{table.file}`\n"
    notes = [f"主键 key: {' + '.join(f'`{k}`' for k in table.key)}"] if table.key else []
    if table.geometry:
        notes.append(f"图形 geometry: {table.geometry}")
    if table.may_be_absent:
        notes.append("可以没有 may be absent")
    rows = [_row(c, required=c in table.required, source=table.kind == "input") for c in table.columns]
    head = "| 列 | 中文 | 类型 | 单位 | 必填 | 含义 | 来源 |\n| --- | --- | --- | --- | --- | --- | --- |"
    if table.kind != "input":
        head = "| 列 | 中文 | 类型 | 单位 | 含义 |\n| --- | --- | --- | --- | --- |"
    return "\n".join([title, " · ".join(notes), "", head, *rows, ""])


def _row(column: Column, *, required: bool, source: bool) -> str:
    kind = " / ".join(column.labels) if column.labels else column.type
    cells = [f"`{column.name}`", column.zh, kind, column.unit]
    cells += ["是" if required else "", column.meaning, column.source] if source else [column.meaning]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    PAGE.write_text(page(load_dictionary()), encoding="utf-8", newline="\n")
    print(PAGE.name, "written")
