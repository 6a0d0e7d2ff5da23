"""The counts that are told in more than one place: each is made here once, so that report and screen agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from layout_planner.enrolment.summaries import largest_remainder
from layout_planner.policy import references
from layout_planner.reports import words
from layout_planner.terms import COUNTY, OUTSIDE, GradeBand, Stage
from layout_planner.travel import cases

YOUNG = str(GradeBand.G13)
COMPULSORY = (Stage.PRIMARY, Stage.JUNIOR)
STRICT = "BLOCK"
_NONE_NEAR = frozenset({cases.NO_SCHOOL, cases.TOO_FAR})


@dataclass(frozen=True)
class Reach:
    """Children of grades 1–3 who attend in the county, by village, in whole numbers that keep its sums, worst case.

    Children who attend elsewhere have no trip here and stand in none of these numbers.

    Parameters
    ----------
    villages
        Rows of `access` with `none`: True where the village has no school within the limit. [children], [min]
    children
        All who attend in the county. [children]
    over
        Those whose trip to the school they attend is over the limit or has no route. [children]
    none
        Those of `over` whose village has no school within the limit. [children]
    """

    villages: pd.DataFrame
    children: int
    over: int
    none: int

    @property
    def farther(self) -> int:
        """Children over the limit who have a school within it and attend one farther away. [children]"""
        return self.over - self.none


def reach_of(access: pd.DataFrame) -> Reach:
    """Count the children of grades 1–3 over the limit, and those without a school within it."""
    young = _whole_children(access[access["grade_band"] == YOUNG])
    young = young.assign(none=young["reason"].map(no_school_near).astype(bool) & (young["over_limit"] > 0))
    over, none = young["over_limit"], young.loc[young["none"], "over_limit"]
    return Reach(young, *(int(part.sum()) for part in (young["attending"], over, none)))


def no_school_near(reason: object) -> bool:
    """Whether a village has no school within the limit."""
    return not _NONE_NEAR.isdisjoint(str(reason).split(";"))


def _whole_children(young: pd.DataFrame) -> pd.DataFrame:
    """Bring the villages to whole children that keep the county's sums, those over the limit first."""
    known = young["attending"].notna() & young["over_limit"].notna()
    rows = young[known]
    children, far = rows["attending"].to_numpy(float), rows["over_limit"].to_numpy(float)
    over = largest_remainder(far)
    rest = largest_remainder(np.clip(children - far, 0, None), max(words.rounded(children.sum()) - int(over.sum()), 0))
    printed = young.astype({"attending": float, "over_limit": float})
    printed.loc[known, "over_limit"] = over.astype(float)
    printed.loc[known, "attending"] = (over + rest).astype(float)
    return printed


@dataclass(frozen=True)
class Merges:
    """Options to merge: all, those blocked, and of these the ones with a veto without exception (一票否决).

    `strict` is None where the findings are not there to tell.
    """

    options: int
    blocked: int
    strict: int | None

    def told(self) -> str:
        """Say how many are blocked, and by what kind of rule."""
        if self.strict is None or not self.blocked:
            return f"{self.blocked:,} 个被否决"
        weaker = self.blocked - self.strict
        return f"{self.blocked:,} 个被否决（一票否决 {self.strict:,} 个，只触及原则上否决 {weaker:,} 个）"


def merges_of(candidates: pd.DataFrame, findings: pd.DataFrame | None) -> Merges:
    """Count the options to merge by verdict and by the kind of the rules that block them."""
    pairs = candidates[candidates["option"] == "merge"]
    blocked = pairs[pairs["verdict"] == "blocked"]
    modes = modes_of(findings)
    strict = [any(modes.get(rule) == STRICT for rule in words.rule_ids(cell)) for cell in blocked["vetoes"]]
    return Merges(len(pairs), len(blocked), sum(strict) if modes else None)


def modes_of(findings: pd.DataFrame | None) -> dict[str, str]:
    """Kind of every rule (BLOCK, BLOCK*, …) by its id."""
    if findings is None:
        return {}
    rows = findings.drop_duplicates("rule_id")
    return dict(zip(rows["rule_id"].astype(str), rows["rule_mode"].astype(str), strict=True))


def is_definition(findings: pd.DataFrame) -> pd.Series:
    """Mark the rules that are definitions or facts: they are cited and never checked."""
    return findings["missing"].astype(str).str.startswith("定义或事实")


def present(findings: pd.DataFrame) -> pd.DataFrame:
    """Keep the findings of the present state: no options, no definitions."""
    return findings[(findings["subject_type"] != "pair") & ~is_definition(findings)]


def compared(findings: pd.DataFrame) -> pd.Series:
    """Mark the results of rules that are the text of another province or county: compared with, binding nobody here."""
    return findings["rule_id"].isin(references()) & findings["outcome"].isin(["pass", "fail"])


def references_told(findings: pd.DataFrame) -> str:
    """Say how many places were compared with the rules of other places; empty when none was."""
    rows = present(findings)
    rows = rows[compared(rows)]
    if rows.empty:
        return ""
    below = int((rows["outcome"] == "fail").sum())
    return f"外地规定只作参照 {len(rows):,} 处（涉及 {rows['rule_id'].nunique():,} 条规则），其中达不到 {below:,} 处，不计入不符合"


def rules_told(findings: pd.DataFrame) -> str:
    """Say what was checked of the present state: places with a result, places compared only, rules without a result."""
    rows = present(findings)
    apart = references_told(findings)
    rows = rows[~compared(rows)]
    by_outcome = {str(name): group for name, group in rows.groupby("outcome")}

    def places(name: str) -> str:
        group = by_outcome.get(name, rows.iloc[:0])
        return f"{len(group):,} 处（涉及 {group['rule_id'].nunique():,} 条规则）"

    def rules(name: str) -> str:
        return f"{by_outcome.get(name, rows.iloc[:0])['rule_id'].nunique():,} 条规则"

    return (
        f"现状不符合 {places('fail')}，符合 {places('pass')}；{apart + '；' if apart else ''}"
        f"因缺数据未评 {rules('not_evaluated')}，因本县未设参数未定 {rules('unset')}"
    )


def options_told(findings: pd.DataFrame) -> str:
    """Say what was checked of the options; empty when none was."""
    pairs = findings[findings["subject_type"] == "pair"]
    if pairs.empty:
        return ""
    failed = int((pairs["outcome"] == "fail").sum())
    return f"选项（被并学校→接收学校）另有核验结果 {len(pairs):,} 个，其中不符合 {failed:,} 个，不计入现状"


def estimated_share(allocation: pd.DataFrame | None) -> float:
    """Share of the county's pupils whose home is estimated; NaN where it is not known. [-]"""
    if allocation is None:
        return float("nan")
    inside = allocation[(allocation["village_code"] != OUTSIDE) & (allocation["attends"] != OUTSIDE)]
    total = float(inside["children"].sum())
    guessed = float(inside.loc[inside["status"] == "estimated", "children"].sum())
    return guessed / total if total > 0 else float("nan")


def most_likely_short(balance: pd.DataFrame, base_year: int) -> pd.Series | None:
    """Township, compulsory stage and later year whose seats are the likeliest to fall short; None if there is none."""
    rows = balance[balance["stage"].isin(COMPULSORY) & (balance["school_year"] > base_year)]
    rows = rows[(rows["township_code"] != COUNTY) & rows["p_short"].notna()]
    return rows.loc[rows["p_short"].idxmax()] if len(rows) else None


def full_later(seats: pd.DataFrame, schools: pd.DataFrame, base_year: int) -> pd.DataFrame:
    """Compulsory schools whose expected pupils exceed their near-term seats in some later year, in their fullest year.

    Parameters
    ----------
    seats
        Table `seats`.
    schools
        Table `forecast_school`.
    base_year
        School year of the data. [year]

    Returns
    -------
    DataFrame
        school_id, school_name, stage, school_year, pupils (mean), seats; the fullest first. [pupils], [seats]
    """
    near = seats[(seats["term"] == "near") & seats["stage"].isin(COMPULSORY) & (seats["seats"] > 0)]
    later = schools[schools["school_year"] > base_year]
    keys = ["school_id", "stage", "school_year"]
    sums = later.groupby(keys, as_index=False)["pupils_mean"].sum().rename(columns={"pupils_mean": "pupils"})
    rows = near[["school_id", "school_name", "stage", "seats"]].merge(sums, on=["school_id", "stage"])
    rows = rows[rows["pupils"].map(words.rounded) > rows["seats"].map(words.rounded)]
    rows = rows.assign(use=rows["pupils"] / rows["seats"]).sort_values("use", ascending=False, kind="stable")
    return rows.drop_duplicates(["school_id", "stage"])[
        ["school_id", "school_name", "stage", "school_year", "pupils", "seats"]
    ]
