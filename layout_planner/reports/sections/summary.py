"""摘要: one page that says what the numbers say."""

from __future__ import annotations

import pandas as pd

from layout_planner.reports import words
from layout_planner.reports.counts import COMPULSORY, full_later, merges_of, reach_of, rules_told
from layout_planner.reports.inputs import ReportInputs
from layout_planner.reports.model import Block, Bullets, Card, Cards, Paragraph, Section
from layout_planner.reports.sections.accuracy import page_one
from layout_planner.reports.sections.options import no_merger, no_merger_told
from layout_planner.reports.sections.parts import county_rows, homes_note, young_minutes
from layout_planner.reports.sections.seats import later_told
from layout_planner.terms import Stage, label


def summary(inputs: ReportInputs) -> Section:
    """Build the one-page summary: cards, then sentences made from the tables."""
    cards = [
        card for card in (_primary(inputs), _small(inputs), _merges(inputs), _over(inputs), _short(inputs)) if card
    ]
    topics = {
        "学生": _forecast(inputs),
        "学位": _seats(inputs),
        "路途": _access(inputs),
        "小规模学校": _options(inputs),
        "规则": _rules(inputs),
    }
    told = {head: "".join(sentences) for head, sentences in topics.items() if sentences}
    blocks: list[Block] = [Cards(tuple(cards))] if cards else []
    blocks += [
        Bullets(tuple(told.values()), tuple(told)),
        Paragraph(
            "本报告给出依据和可能的选项，不替代论证、听证、公示和报批。应留必留、先建后撤、积极稳妥；"
            "拿不准时，保留往往是合适的答案。",
            "lead",
        ),
    ]
    return Section("summary", "摘要", tuple(blocks))


def _at(stages: pd.DataFrame, stage: Stage, year: int) -> pd.Series | None:
    rows = county_rows(stages)
    rows = rows[(rows["stage"] == stage) & (rows["school_year"] == year)]
    return rows.iloc[0] if len(rows) else None


def middle_year(inputs: ReportInputs) -> int:
    """Return the year the summary looks at: 2030 where it lies ahead within reach, else five years on."""
    five = inputs.base_year + 5
    decade = -(-five // 5) * 5
    return min(decade if decade - five <= 1 else five, inputs.last_year)


def _primary(inputs: ReportInputs) -> Card | None:
    stages = inputs.table("forecast_stage")
    if stages is None:
        return None
    year = middle_year(inputs)
    now, then = _at(stages, Stage.PRIMARY, inputs.base_year), _at(stages, Stage.PRIMARY, year)
    if now is None or then is None:
        return None
    hint = f"人，{inputs.base_year} → {year} 学年{words.interval(then['pupils_p10'], then['pupils_p90'])}"
    return Card("小学在校生", f"{words.whole(now['pupils_p50'])} → {words.whole(then['pupils_p50'])}", hint)


def _small(inputs: ReportInputs) -> Card | None:
    found = inputs.table("candidates")
    if found is None:
        return None
    empty = found.loc[found["pupils_now"] == 0, "school_id"].nunique()
    return Card("小规模学校", f"{found['school_id'].nunique():,} 所", f"其中空壳学校 {empty:,} 所")


def _merges(inputs: ReportInputs) -> Card | None:
    found = inputs.table("candidates")
    if found is None:
        return None
    counted = merges_of(found, inputs.table("findings"))
    kinds = "" if counted.strict is None else f"其中一票否决 {counted.strict:,} 个；"
    hint = f"{kinds}{len(no_merger(found)):,} 所学校的并入选项全部被否决"
    return Card("并入选项被否决", f"{counted.blocked:,} / {counted.options:,}", hint)


def _over(inputs: ReportInputs) -> Card | None:
    found = inputs.table("access")
    if found is None:
        return None
    reach = reach_of(found)
    hint = f"县内就读的一至三年级，最不利情形；另有 {reach.farther:,} 人限值内有学校，就读学校超时"
    return Card(f"{young_minutes(inputs).strip()}内没有学校", f"{reach.none:,} / {reach.children:,} 人", hint)


def _short(inputs: ReportInputs) -> Card | None:
    found = inputs.table("seats")
    if found is None:
        return None
    near = found[(found["term"] == "near") & found["stage"].isin(COMPULSORY)]
    full = near.loc[near["use"] > 1, "school_id"].nunique()
    schools, hint = inputs.table("forecast_school"), f"义务教育阶段 {near['school_id'].nunique():,} 所中"
    if schools is None:
        return Card("超过学位的学校", f"{full:,} 所", f"{hint}，基准年")
    later = full_later(found, schools, inputs.base_year)["school_id"].nunique()
    return Card("超过学位的学校", f"{full:,} → {later:,} 所", f"{hint}，基准年 → 今后任一学年（均值）")


def _forecast(inputs: ReportInputs) -> list[str]:
    stages = inputs.table("forecast_stage")
    if stages is None:
        return []
    said, year = [], middle_year(inputs)
    for stage in COMPULSORY:
        now, then = _at(stages, stage, inputs.base_year), _at(stages, stage, year)
        if now is None or then is None:
            continue
        how = words.change(now["pupils_p50"], then["pupils_p50"], "人")
        then_band = words.interval(then["pupils_p10"], then["pupils_p90"])
        said.append(
            f"{label('stage', stage)}在校生由 {inputs.base_year} 学年的 {words.whole(now['pupils_p50'])} 人变为 "
            f"{year} 学年的 {words.whole(then['pupils_p50'])} 人{then_band}，{how}。"
        )
        last = _at(stages, stage, inputs.last_year)
        if last is not None and inputs.last_year > year:
            mark = {"born": "", "part": "，其中一部分孩子尚未出生", "unborn": "，这些孩子都尚未出生"}[
                str(last["cohort"])
            ]
            band = words.interval(last["pupils_p10"], last["pupils_p90"])
            said[-1] += f"到 {inputs.last_year} 学年为 {words.whole(last['pupils_p50'])} 人{band}{mark}。"
    return [*said, "预测为中位数，括号内为 P10–P90。", page_one(inputs.table("backtest"))] if said else []


def _seats(inputs: ReportInputs) -> list[str]:
    found, said = inputs.table("seats"), []
    if found is not None:
        near = found[(found["term"] == "near") & found["stage"].isin(COMPULSORY) & (found["use"] > 1)]
        said.append(
            f"超过学位的学校：{words.listed(near['school_name'].drop_duplicates())}。"
            if len(near)
            else "基准年没有义务教育学校超过学位。"
        )
    balance = inputs.table("seat_balance")
    if balance is not None:
        rows = county_rows(balance)
        rows = rows[(rows["school_year"] == middle_year(inputs)) & rows["stage"].isin(COMPULSORY)]
        for _, row in rows.iterrows():
            kind = "富余" if row["balance_p50"] >= 0 else "缺口"
            said.append(
                f"{middle_year(inputs)} 学年全县{label('stage', str(row['stage']))}"
                f"学位 {words.whole(row['seats'])} 个，{kind} {words.whole(abs(row['balance_p50']))} 个。"
            )
    return [*said, *later_told(inputs)]


def _access(inputs: ReportInputs) -> list[str]:
    found = inputs.table("access")
    if found is None:
        return []
    reach, limit = reach_of(found), young_minutes(inputs)
    none = reach.villages[reach.villages["none"]].sort_values("over_limit", ascending=False, kind="stable")
    if not reach.over:
        return ["最不利情形下，在县内就读的小学一至三年级儿童没有路途超限的。"]
    said = [
        f"在县内就读的小学一至三年级儿童 {reach.children:,} 人，最不利情形下有 {reach.none:,} 人居住的村{limit}内没有学校："
        f"{words.listed(none['village_name'])}。"
        if reach.none
        else f"最不利情形下，在县内就读的小学一至三年级儿童{limit}内都有学校。"
    ]
    if reach.farther:
        said.append(f"另有 {reach.farther:,} 人就读学校超时：{limit.strip()}内有学校，但在更远的学校就读。")
    return [*said, "学生的居住地为估算，见第二部分。"] if homes_note(inputs) else said


def _options(inputs: ReportInputs) -> list[str]:
    found = inputs.table("candidates")
    if found is None:
        return []
    counted = merges_of(found, inputs.table("findings"))
    said = f"全县 {found['school_id'].nunique():,} 所，并入选项 {counted.options:,} 个，其中 {counted.told()}。"
    return [said, no_merger_told(found, shown=0)]


def _rules(inputs: ReportInputs) -> list[str]:
    found = inputs.table("findings")
    if found is None:
        return []
    return [f"{rules_told(found)}。未评、未定不能当作符合。"]
