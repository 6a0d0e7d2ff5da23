"""Idle school buildings and aid projects: rules L01, L02, L03, L05 and L07."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final

import pandas as pd

from layout_planner.compliance.findings import Entry, Finding, Subject, findings_frame, judge, listed, subjects
from layout_planner.policy import Rule
from layout_planner.terms import label

DISPOSED: Final = ("approved", "transferred", "reused")  # states that only an approved disposal can lead to
TITLED: Final = ("titled", "proposed", *DISPOSED, "restored")
SITE: Final = ("land", "building")  # what a school needs to be reopened
_EMPTY: Final = ("空置", "闲置", "停用", "封存", "未使用")
_EDUCATION: Final = ("园", "学校", "小学", "中学", "教学", "教育", "学前", "图书", "研学", "实践基地", "资源中心")
_PUBLIC: Final = ("公益", "文化", "卫生", "养老", "体育", "幸福院", "便民")


def check_education_first(assets: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """L01: idle school buildings serve pre-school and other education first (国办发〔2018〕27号（六）).

    Parameters
    ----------
    assets
        One row an asset: subject_type, subject_id, subject_name (its school), is_open, name, asset_kind, asset_state,
        use_now, receiver. Assets of a school in operation are left out (rule L04).
    rule
        L01.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a school without pupils: observed is the number of assets in use for something else than education
        and public welfare, names these uses; assets whose use is not written down are not evaluated.

    Raises
    ------
    PolicyError
        Never for want of a number: the rule has none.
    """
    findings = []
    for subject, rows in _idle(assets):
        uses = [(str(row["name"]), _text(row, "use_now"), _text(row, "receiver")) for row in rows.to_dict("records")]
        other = [f"{name}：{use}" for name, use, by in uses if _in_use(use) and not _serves(use + by)]
        unsaid = [name for name, use, _ in uses if not use]
        findings.append(_finding(subject, other, unsaid, "现用途（assets.use_now）"))
    return findings_frame(rule, findings, day)


def check_plan_before_disposal(assets: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """L02: the education plan comes before a disposal, and a site that may be reopened is kept.

    Parameters
    ----------
    assets
        As `check_education_first`, with recorded (the county keeps a ledger of procedure), approved_on, plan_on
        (approval or filing of the layout plan; NaT: none) and reopening (a case of reopening is on record).
    rule
        L02.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a school without pupils: observed is the number of pieces of land and buildings disposed of before a
        plan or in spite of a reopening. A site not disposed of passes.

    Raises
    ------
    PolicyError
        Never for want of a number: the rule has none.
    """
    findings = []
    for subject, rows in _idle(assets):
        gone = rows[rows["asset_kind"].isin(SITE) & rows["asset_state"].isin(DISPOSED)]
        early = gone[gone["recorded"].astype(bool) & ~(gone["plan_on"] <= gone["approved_on"])]
        undated = early[early["approved_on"].isna() & early["plan_on"].notna()]
        early = early.drop(undated.index)
        wanted = gone[gone["reopening"].astype(bool)]
        broken = [f"{name}：处置先于布局规划" for name in early["name"]]
        broken += [f"{name}：恢复办学在办而已处置" for name in wanted["name"]]
        unknown = [*gone.loc[~gone["recorded"].astype(bool), "name"], *undated["name"]]
        findings.append(_finding(subject, broken, unknown, "布局规划与处置审批的日期（procedure.csv）"))
    return findings_frame(rule, findings, day)


def check_disposal_approved(assets: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """L03: nothing is sold, handed over or occupied without the county's approval.

    Parameters
    ----------
    assets
        As `check_plan_before_disposal`.
    rule
        L03.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a school without pupils: observed is the number of assets disposed of, or in somebody's use, without
        an approval on record.

    Raises
    ------
    PolicyError
        Never for want of a number: the rule has none.
    """
    findings = []
    for subject, rows in _idle(assets):
        broken: list[str] = []
        unknown: list[str] = []
        for row in rows.to_dict("records"):
            name, state, use = str(row["name"]), str(row["asset_state"]), _text(row, "use_now")
            if state in DISPOSED and pd.isna(row["approved_on"]):
                told = f"{name}：{label('asset_state', state)}，没有批准记录"
                (broken if row["recorded"] else unknown).append(told)
            elif state not in {*DISPOSED, "in_use", "restored"} and _in_use(use):
                broken.append(f"{name}：{label('asset_state', state)}，未经批准用于{use}")
            elif not use:
                unknown.append(name)
        findings.append(_finding(subject, broken, unknown, "批准记录（procedure.csv）或现用途（assets.use_now）"))
    return findings_frame(rule, findings, day)


def check_value_band(assets: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """L05: what is worth more than the county may dispose of is approved above the county.

    Parameters
    ----------
    assets
        As `check_plan_before_disposal`, with book_value_yuan and approved_above (an approval of the prefecture or the
        province is on record). [yuan]
    rule
        L05, set by the county: largest value that it may dispose of itself. [yuan]
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a school without pupils: observed is the largest value disposed of (0 where nothing was). [yuan]

    Raises
    ------
    PolicyError
        If the county's number is not in force on `day`.
    """
    limit = rule.on(day)
    findings = []
    for subject, rows in _idle(assets):
        gone = rows[rows["asset_state"].isin(DISPOSED)]
        value = gone["book_value_yuan"].astype(float)
        over = gone[(value > limit) & ~gone["approved_above"].astype(bool)]
        above, unvalued = over[over["recorded"].astype(bool)], gone[value.isna()]
        unknown = [*over.loc[~over["recorded"].astype(bool), "name"], *unvalued["name"]]
        findings.append(
            Finding(
                subject,
                judge(broken=len(above) > 0, unknown=bool(unknown)),
                observed=float(value.max()) if len(gone) else 0.0,
                limit=limit,
                names=listed(above["name"].astype("str")),
                missing=f"需：账面价值或上级批准记录（{listed(unknown)}）" if unknown else "",
            )
        )
    return findings_frame(rule, findings, day)


def check_aid_projects(assets: pd.DataFrame, rule: Rule, day: date) -> pd.DataFrame:
    """L07: assets of aid projects have owner, date, receiver, use and income on record (高教发〔2025〕20号 第 5 条).

    Parameters
    ----------
    assets
        One row an asset of any school: subject_type, subject_id, subject_name, name, asset_kind, asset_state,
        building_title, receiver, use_now, doc_no, income_yuan.
    rule
        L07.
    day
        Day on which the rule is applied.

    Returns
    -------
    DataFrame
        One finding a school with aid projects: observed is the number of projects without complete papers; a disputed
        title fails, papers not on record are not evaluated and named.

    Raises
    ------
    PolicyError
        Never for want of a number: the rule has none.
    """
    findings = []
    for subject, rows in subjects(assets[assets["asset_kind"] == "aid_project"]):
        broken, lacking, incomplete = [], [], 0
        for row in rows.to_dict("records"):
            absent = list(_absent(row))
            incomplete += bool(absent)
            lacking += absent
            if _text(row, "building_title") == "disputed":
                broken.append(f"{row['name']}：权属有争议")
        findings.append(
            Finding(
                subject,
                judge(broken=bool(broken), unknown=bool(lacking)),
                observed=float(incomplete),
                limit=0.0,
                names=listed(broken),
                missing="需：" + "、".join(dict.fromkeys(lacking)) if lacking else "",
                unit="asset",
            )
        )
    return findings_frame(rule, findings, day)


def _absent(row: Mapping[Any, Any]) -> Iterator[str]:
    if row["asset_state"] not in TITLED and _text(row, "building_title") not in {"held", "disputed"}:
        yield "权属（asset_state、building_title）"
    for column, word in {"doc_no": "文号与日期", "receiver": "接收单位", "use_now": "用途"}.items():
        if not _text(row, column):
            yield f"{word}（{column}）"
    if pd.isna(row.get("income_yuan")):
        yield "收益（income_yuan）"


def _idle(assets: pd.DataFrame) -> Iterator[tuple[Subject, pd.DataFrame]]:
    """Assets of schools without pupils, school by school: a school in operation is outside this procedure (L04)."""
    return subjects(assets[~assets["is_open"].astype(bool)])


def _finding(subject: Subject, broken: Iterable[str], unknown: Iterable[str], needed: str) -> Finding:
    wrong, open_names = list(broken), list(unknown)
    return Finding(
        subject,
        judge(broken=bool(wrong), unknown=bool(open_names)),
        observed=float(len(wrong)),
        limit=0.0,
        names=listed(wrong),
        missing=f"需：{needed}（{listed(open_names)}）" if open_names else "",
        unit="asset",
    )


def _text(row: Mapping[Any, Any], column: str) -> str:
    value = row.get(column)
    return "" if value is None or pd.isna(value) else str(value).strip()


def _in_use(use: str) -> bool:
    return bool(use) and not any(word in use for word in _EMPTY)


def _serves(use: str) -> bool:
    return any(word in use for word in (*_EDUCATION, *_PUBLIC))


CHECKS: Final[Mapping[str, Entry]] = {
    "L01": Entry("assets", check_education_first),
    "L02": Entry("assets", check_plan_before_disposal),
    "L03": Entry("assets", check_disposal_approved),
    "L05": Entry("assets", check_value_band),
    "L07": Entry("assets", check_aid_projects),
}
