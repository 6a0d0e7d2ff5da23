"""数据与口径: what the numbers rest on."""

from __future__ import annotations

from typing import Final

import pandas as pd

from layout_planner.enrolment import cohort_of
from layout_planner.reports import words
from layout_planner.reports.inputs import ReportInputs
from layout_planner.reports.model import Block, Bullets, Paragraph, Section, Table
from layout_planner.reports.sections.parts import columns, county_rows, homes_note
from layout_planner.terms import STAGE_GRADES, label

_SHOWN: Final = 40
_KEPT: Final = ("registered", "resident", "enrolled")
_ORDER: Final = {"error": 0, "warning": 1, "notice": 2}


def data(inputs: ReportInputs) -> Section:
    """Build the section: sources, day, numbers of cases, defects found, ledger of children."""
    lead = Bullets(
        (
            f"统计时点：{inputs.base_year} 年 9 月 1 日（学年初）。“{inputs.base_year} 学年”指 "
            f"{inputs.base_year} 年 9 月至 {inputs.base_year + 1} 年 8 月。",
            "两种人数不可混用：学龄儿童按出生登记的村、镇统计，含已外出的；在校生按学校所在的镇统计。出生是儿童，学籍是在校生。",
            "学位是各项能力（教室、用房面积、床位、餐位）折算后的最小值；学位利用率 = 在校生 ÷ 学位。",
            "“—”表示不知道或不适用，不是 0。",
            "数字一律四舍五入取整，合计等于所列各数之和。",
            "注明“中位数”的是各次抽样的中位数，不能相加；注明“均值”的可以相加。二者不是同一个数，略有出入。",
            *([homes_note(inputs)] if homes_note(inputs) else []),
            *_counts(inputs),
        )
    )
    blocks: list[Block] = [lead]
    if inputs.synthetic:
        blocks.insert(
            0,
            Paragraph(
                "本报告所用学校、位置、人数均为模拟数据，只有区划名称与代码为真实；任何数字都不能当作真实学校的情况引用。",
                "warning",
            ),
        )
    blocks += _populations(inputs)
    blocks += _quality(inputs.table("data_quality"))
    blocks += _ledger(inputs.table("reconciliation"))
    return Section("data", "数据与口径", tuple(blocks))


def _populations(inputs: ReportInputs) -> list[Block]:
    """Set the counts of children of the base year beside each other, where the county keeps `residents`."""
    found, stages = inputs.residents, inputs.table("forecast_stage")
    found = None if found is None else found[found["year"] == inputs.base_year]
    if found is None or found.empty or stages is None:
        return []
    now = county_rows(stages)
    born = now[now["school_year"] == inputs.base_year].set_index("stage")["children_mean"]
    found = found.reindex(columns=["age", *_KEPT])
    cells = []
    for stage, grades in STAGE_GRADES.items():
        ages = [inputs.base_year - cohort_of(inputs.base_year, grade) - 1 for grade in grades]
        rows = found[found["age"].isin(ages)]
        if len(rows) and stage in born.index:
            sums = [rows[column].sum(skipna=False) for column in _KEPT]
            name = f"{label('stage', stage)}（{ages[0]}–{ages[-1]} 周岁）"
            cells.append((name, words.whole(born[stage]), *map(words.whole, sums)))
    heads = columns(
        "学段（9 月 1 日周岁）", "按出生登记地", "户籍", "常住", "县内学籍（按常住）", numbers=range(1, 2 + len(_KEPT))
    )
    note = (
        "按出生登记地的是登记在本县的学年出生队列，含已外出、已迁出的；户籍减去人在外的、加上户籍不在人在的，是常住；"
        "常住儿童在县内学校有学籍的，是县内学籍。预测与学位以学籍（在校生）为准，外出的按历年来校比例扣除。"
    )
    title = f"{inputs.base_year} 学年儿童的几个口径（全县，人）"
    source = "residents.csv（县数据文件夹）、tables/forecast_stage.csv"
    return [Table(title, heads, tuple(cells), note=note, row_heads=True, source=source)]


def _counts(inputs: ReportInputs) -> list[str]:
    found = []
    access, seats, forecast = (inputs.table(name) for name in ("access", "seats", "forecast_school"))
    if access is not None:
        found.append(
            f"村（社区）{access['village_code'].nunique():,} 个，乡镇 {access['township_code'].nunique():,} 个。"
        )
    if seats is not None:
        found.append(f"有学位核算的学校 {seats['school_id'].nunique():,} 所。")
    if forecast is not None:
        base = forecast[forecast["school_year"] == inputs.base_year]
        if len(base):
            found.append(
                f"基准年在校生 {words.total(base['pupils_printed'])} 人，{base['school_id'].nunique():,} 所学校。"
            )
    return found


def _quality(found: pd.DataFrame | None) -> list[Block]:
    if found is None:
        return [Paragraph("数据质量检查没有发现问题。")]
    rows = found.assign(order=found["severity"].map(_ORDER)).sort_values("order", kind="stable")
    counts = rows["severity"].value_counts()
    said = "、".join(f"{label('severity', name)} {counts[name]:,} 处" for name in _ORDER if name in counts)
    cells = tuple(
        (
            label("severity", row["severity"]), words.text(row["file"]), words.whole(row["row"]),
            words.text(row["column_name"]),
            words.text(row["message"]),
        )
        for _, row in rows.head(_SHOWN).iterrows()
    )  # fmt: skip
    note = f"只列前 {_SHOWN} 处，全部见 data_quality.csv。" if len(rows) > _SHOWN else ""
    heads = columns("级别", "文件", "行", "列", "说明", numbers=[2], centre=[0])
    return [
        Paragraph(f"数据质量检查：{said}。"),
        Table("数据质量问题", heads, cells, note=note, source="tables/data_quality.csv"),
    ]


def _ledger(found: pd.DataFrame | None) -> list[Block]:
    if found is None:
        return []
    cells = tuple(
        (
            words.text(row["hand_over"]),
            words.whole(row["children_in"]),
            words.whole(row["children_out"]),
            _gap(row["difference"]),
        )
        for _, row in found.iterrows()
    )
    heads = columns("交接", "交出（人）", "接收（人）", "差（人）", numbers=[1, 2, 3])
    lead = Paragraph("儿童账：每一步交接时，交出与接收的儿童合计必须相等，一个孩子也不能多、不能少。")
    note = (
        "各次抽样相加时的差小于千万分之一，来自数值精度，不是人数出入。" if found["difference"].abs().max() > 0 else ""
    )
    return [lead, Table("儿童账核对", heads, cells, note=note, source="tables/reconciliation.csv")]


def _gap(value: float) -> str:
    """Print a difference: small ones with decimals, so that they are not hidden."""
    return words.DASH if words.missing(value) else "0" if value == 0 else f"{value:.2g}".replace("-", "−")
