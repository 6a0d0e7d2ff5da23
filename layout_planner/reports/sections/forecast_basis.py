"""What the forecast of each township rests on, and what moved since an earlier forecast."""

from __future__ import annotations

from typing import Final

import pandas as pd

from layout_planner.enrolment.change import outcomes_of
from layout_planner.reports import words
from layout_planner.reports.inputs import ReportInputs
from layout_planner.reports.model import Block, Bullets, Paragraph, Section, Table
from layout_planner.reports.sections.parts import born_mark, columns, county_rows, plan_years, township_rows
from layout_planner.terms import Stage, label

_ORDER: Final = {str(stage): at for at, stage in enumerate(Stage)}
_NEARLY: Final = 99  # own weight from which the rest is not told [%]
_NAMED: Final = 6  # places named that fell outside the band
_CHANGE: Final = "tables/forecast_change.csv"


def basis(inputs: ReportInputs) -> Section | None:
    """Build the part that says how much each township's own figures weigh; None where nothing was estimated."""
    found = inputs.table("forecast_weights")
    if found is None:
        return None
    lead = Paragraph(
        "下面逐镇说明预测从哪里来。升级率是预测第一年升入该学段各年级的人数与上一年可升入人数之比，不含由出生推算的新生，"
        "大于 100% 表示有学生转入；“本镇历史占”是本镇升级率与全县之差按本镇自身历史保留的部分，其余向全县靠拢，人数越少靠拢越多；"
        "“新生本镇历史占”同理，是新生占出生的比例与全县之差保留的部分；"
        "波动是一年之内在校生的标准差，与趋势无关。结构性指有学校到某年级为止，或在某年级收外校学生。"
    )
    towns = township_rows(found)
    names = towns.drop_duplicates("township_code")["township_name"].astype(str)
    said = tuple(
        "；".join(_sentence(row, first=not at) for at, (_, row) in enumerate(rows.iterrows())) + "。"
        for _, rows in towns.groupby("township_code", sort=False)
    )
    whole = "；".join(_county_sentence(row) for _, row in county_rows(found).iterrows())
    blocks: list[Block] = [lead, Bullets(said, tuple(names)), Paragraph(f"全县：{whole}。"), _source()]
    return Section("basis", "各镇预测的依据", tuple(blocks))


def _source() -> Paragraph:
    return Paragraph(
        "数据：tables/forecast_weights.csv；全部估计值见 tables/forecast_parameters.csv，公式见模型说明。", "note"
    )


def _sentence(row: pd.Series, *, first: bool) -> str:
    """One stage of a township in words; that the rest follows the county is said once."""
    stage = label("stage", str(row["stage"]))
    parts = []
    if not words.missing(row["rate"]):
        parts.append(f"{stage}升级率 {words.tenth(row['rate'])}%（全县 {words.tenth(row['rate_county'])}%）")
    if not words.missing(row["own_weight"]):
        rest = "，其余向全县靠拢" if first and row["own_weight"] < _NEARLY else ""
        parts.append(f"本镇历史占 {_weight(row['own_weight'])}{rest}")
    if not words.missing(row["entry_weight"]):
        parts.append(f"新生本镇历史占 {_weight(row['entry_weight'])}")
    if row["effect_kind"] == "structural":
        parts.append(f"{row['effect_grades']}属结构性（概率 {words.chance(row['p_structural'])}）")
    if not words.missing(row["noise"]):
        parts.append(f"波动 ±{words.tenth(row['noise'])}%")
    said = "，".join(part for part in parts if part)
    return said if said.startswith(stage) else f"{stage}{said}"


def _county_sentence(row: pd.Series) -> str:
    stage = label("stage", str(row["stage"]))
    said = f"{stage}升级率 {words.tenth(row['rate'])}%" if not words.missing(row["rate"]) else stage
    if not words.missing(row["births_weight"]):
        said += f"，出生每多 1%，新生多 {row['births_weight']:.2f}%（±{row['births_weight_sd']:.2f}）"
    return f"{said}，波动 ±{words.tenth(row['noise'])}%"


def _weight(value: float) -> str:
    """Print a weight; the end is never printed as certain."""
    return f"{_NEARLY}% 以上" if value > _NEARLY else f"{value:.0f}%"


def change(inputs: ReportInputs) -> Section:
    """Build the part that says what moved since the earlier forecast, and what became of it."""
    found = inputs.table("forecast_change")
    title = "与上次预测比较"
    if found is None:
        said = (
            "本次没有指定上次的结果，不作比较；运行时加 --previous 和上次的结果文件夹，就会列出变动、原因和应验情况。"
        )
        return Section("change", title, (Paragraph(said, "note"),))
    ahead, seen = found[found["status"] != "observed"], found[found["status"] == "observed"]
    blocks: list[Block] = [Paragraph(_apart(inputs))] if inputs.table("forecast_check") is not None else []
    blocks += [Paragraph(_moved(ahead)), Paragraph(_causes(inputs.table("forecast_causes")))]
    if len(seen):
        blocks += [Paragraph(_outcome(seen)), _outcome_table(county_rows(seen))]
    if len(ahead):
        blocks.append(_change_table(county_rows(ahead), plan_years(inputs)))
    return Section("change", title, tuple(blocks))


def _apart(inputs: ReportInputs) -> str:
    """Tell this comparison from that of the back-test with last year's bands."""
    year = inputs.base_year
    return (
        f"回测一节的“去年的预测”是用 {year - 1} 学年的数据按现在的方法重做预测，看 {year} 学年的实际人数是否落在区间内，"
        "检验的是方法；这里是把上次运行当时给出的数字与本次的并列，说明哪些变了、为什么变。"
    )


def _moved(ahead: pd.DataFrame) -> str:
    """Count what moved, of the county and of the townships."""
    if ahead.empty:
        return "上次预测的学年都已有实际人数。"
    told = []
    for name, rows in (("全县", county_rows(ahead)), ("各镇", township_rows(ahead))):
        kinds = rows["move"].value_counts()
        still, inside, outside = (
            int(sum(kinds.get(kind, 0) for kind in group)) for group in (("same", "chance"), ("inside",), ("outside",))
        )
        told.append(
            f"{name} {len(rows):,} 个数（学段×学年）中，{still:,} 个未变（含抽样误差之内的），"
            f"{inside:,} 个有变动但在上次区间内，{outside:,} 个超出上次区间"
        )
    return "；".join(told) + "。"


def _causes(causes: pd.DataFrame | None) -> str:
    """Say what differs between the two runs."""
    if causes is None:
        return "两次运行的输入文件、选项和软件版本完全相同。"
    entering = causes[causes["enters_forecast"].astype(bool)]
    told = [
        f"{label('change_cause', str(cause))}：" + "、".join(_difference(row) for _, row in rows.iterrows())
        for cause, rows in entering.groupby("cause", sort=False)
    ]
    said = "两次运行的不同——" + "；".join(told) + "。" if told else "两次运行中进入在校生预测的内容没有不同。"
    others = len(causes) - len(entering)
    return said + (f"另有 {others:,} 个文件有变动，不影响在校生预测。" if others else "")


def _difference(row: pd.Series) -> str:
    before, after = str(row["before"]), str(row["after"])
    if row["cause"] == "input":
        state = "新增" if not before else "不再有" if not after else "已更新"
        return f"{row['changed_item']} {state}"
    if row["cause"] == "base_year":
        return f"{before} → {after}"
    return f"{row['changed_item']} {before or words.DASH} → {after or words.DASH}"


def _outcome(seen: pd.DataFrame) -> str:
    """Say how many outcomes fell inside the earlier bands."""
    towns = outcomes_of(seen)
    years = "、".join(str(year) for year in sorted(seen["school_year"].unique()))
    if towns.empty:
        return f"以往预测的应验：{years} 学年已有实际人数。"
    inside = int(towns["in_previous_band"].astype(bool).sum())
    missed = towns[~towns["in_previous_band"].astype(bool)]
    names = words.listed(
        [
            f"{row['township_name']}{label('stage', str(row['stage']))}（{row['school_year']}）"
            for _, row in missed.iterrows()
        ],
        shown=_NAMED,
    )
    said = (
        f"以往预测的应验（{years} 学年）：{len(towns):,} 个乡镇学段中，{inside:,} 个（{words.percent(inside / len(towns))}）"
        "的实际人数落在当时的 P10–P90 区间内，应接近 80%"
    )
    return said + (f"；区间之外的是 {names}。" if len(missed) else "。")


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows by year, then from kindergarten to senior school."""
    return rows.assign(_place=rows["stage"].map(_ORDER)).sort_values(["school_year", "_place"])


def _outcome_table(county: pd.DataFrame) -> Table:
    cells = tuple(
        (
            f"{row['school_year']} 学年", label("stage", str(row["stage"])), f"{row['lead']} 年",
            words.whole(row["previous_mean"]) + words.interval(row["previous_p10"], row["previous_p90"]),
            words.whole(row["now_mean"]), words.signed(row["change"]), "是" if row["in_previous_band"] else "否",
        )
        for _, row in _in_order(county).iterrows()
    )  # fmt: skip
    heads = columns(
        "学年", "学段", "提前", "当时的预测（人）", "实际（人）", "差", "在区间内", numbers=[3, 4, 5], centre=[1, 2, 6]
    )
    return Table("以往预测与实际（全县）", heads, cells, row_heads=True, source=_CHANGE)


def _change_table(county: pd.DataFrame, years: list[int]) -> Table:
    shown = _in_order(county[county["school_year"].isin(years)])
    cells = tuple(
        (
            f"{row['school_year']} 学年{born_mark(row['cohort'])}", label("stage", str(row["stage"])),
            words.whole(row["previous_mean"]) + words.interval(row["previous_p10"], row["previous_p90"]),
            words.whole(row["now_mean"]), words.signed(row["change"]), label("move", str(row["move"])),
        )
        for _, row in shown.iterrows()
    )  # fmt: skip
    heads = columns(
        "学年", "学段", "上次预测（人）", "本次预测（人）", "变动", "性质", numbers=[2, 3, 4], centre=[1, 5]
    )
    note = "预测均值；括号内为上次的 P10–P90。差别不超过两倍抽样误差的视同未变。"
    return Table("本次与上次预测（全县在校生）", heads, cells, row_heads=True, note=note, source=_CHANGE)
