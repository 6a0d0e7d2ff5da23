"""Cases of the ledger of procedure: their steps, the order of the steps, and which case of a school counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import pandas as pd

from layout_planner.compliance.findings import Subject
from layout_planner.terms import LABELS_ZH

CASE: Final = "case"
ENDING: Final = ("approve", "done")  # a case with one of these steps has been decided
NAMED: Final = LABELS_ZH["step"]
_KINDS: Final = LABELS_ZH["case_kind"]


@dataclass(frozen=True)
class Walk:
    """How far a case has come along the steps that a rule asks for.

    Attributes
    ----------
    there
        Steps on record, in the order of the rule.
    wrong
        What is out of order or was left out although a later step is on record.
    waiting
        Steps that are still to come, in words.
    """

    there: tuple[str, ...]
    wrong: tuple[str, ...]
    waiting: tuple[str, ...]


def cases_of(procedure: pd.DataFrame, schools: pd.DataFrame) -> pd.DataFrame:
    """Give every row of the ledger of procedure the subject that its findings stand under: the case.

    Parameters
    ----------
    procedure
        Table `procedure`: case_id, case_kind, step, level, date, where told school_id, date_end.
    schools
        One row a school: school_id, name; further columns are joined to the rows of its cases.

    Returns
    -------
    DataFrame
        Columns of both tables, subject_type, subject_id, subject_name; dates as timestamps, NaT where unknown; ``end``
        is the last day of the step. [date]
    """
    rows = procedure.reindex(columns=[*dict.fromkeys([*procedure.columns, "school_id", "date_end"])])
    register = schools.rename(columns={"name": "school_name"})
    rows = rows.assign(school_id=rows["school_id"].astype("str")).merge(register, on="school_id", how="left")
    kinds = rows["case_kind"].astype("str").map(_KINDS).fillna("")
    first, end = (pd.to_datetime(rows[name], errors="coerce") for name in ("date", "date_end"))
    return rows.assign(
        subject_type=CASE,
        subject_id=rows["case_id"].astype("str"),
        subject_name=kinds + "·" + rows["school_name"].astype("str").fillna(rows["case_id"].astype("str")),
        date=first,
        date_end=end,
        end=end.fillna(first),
    )


def cases(rows: pd.DataFrame, *kinds: str) -> Iterator[tuple[Subject, pd.DataFrame]]:
    """Go through the cases of some kinds, in the order of their numbers."""
    for case_id, steps in rows[rows["case_kind"].isin(kinds)].groupby("subject_id", sort=True):
        first = steps.iloc[0]
        yield Subject(str(first["subject_type"]), str(case_id), str(first["subject_name"])), steps


def has(steps: pd.DataFrame, *names: str) -> bool:
    """Whether one of some steps is on record."""
    return bool(steps["step"].isin(names).any())


def first_day(steps: pd.DataFrame, *names: str) -> pd.Timestamp:
    """First day of some steps; NaT where none is on record or dated."""
    return pd.Timestamp(steps.loc[steps["step"].isin(names), "date"].min())


def parts_of(steps: pd.DataFrame, names: Iterable[str]) -> dict[str, pd.DataFrame]:
    """Rows of each of some steps, by the Chinese name of the step."""
    return {NAMED[name]: steps[steps["step"] == name] for name in names}


def walk(parts: Mapping[str, pd.DataFrame], then: Mapping[str, pd.DataFrame] | None = None) -> Walk:
    """Follow a case along the steps that a rule asks for, in their order.

    A step out of its order, and one left out before a later one, is wrong; a step that no later one follows is still
    to come. A step at several levels begins with the first and has ended, for the next one, with the first that ends.

    Parameters
    ----------
    parts
        Rows (date, end) of the wanted steps, in their order; empty where a step is not on record.
    then
        Steps that may be left out, but must not come before the wanted ones.

    Returns
    -------
    Walk
        Steps there, wrong and to come.
    """
    later_parts = then or {}
    there = {word: rows for word, rows in {**parts, **later_parts}.items() if len(rows)}
    wrong: list[str] = []
    for (earlier, before), (later, rows) in pairwise(there.items()):
        ended, begun = before["end"].min(), rows["date"].min()
        if begun < ended:
            wrong.append(f"{later}（{begun.date()}）早于{earlier}（{ended.date()}），次序不对")
    order = list(parts)
    last = max((order.index(word) for word in there if word in parts), default=-1)
    decided = any(word in there for word in later_parts)
    missing = [word for word in parts if word not in there]
    skipped = [word for word in missing if decided or order.index(word) < last]
    undated = [f"{word}的日期" for word, rows in there.items() if pd.isna(rows["date"].min())]
    waiting = [word for word in missing if word not in skipped]
    wrong += [f"缺{word}" for word in skipped]
    return Walk(tuple(word for word in parts if word in there), tuple(wrong), (*waiting, *undated))


def latest_case(rows: pd.DataFrame, school_id: str, kind: str = "closing") -> pd.DataFrame:
    """Return the steps of the case of a school that was begun last; no rows where it has none."""
    mine = rows[(rows["school_id"] == school_id) & (rows["case_kind"] == kind)]
    if mine.empty:
        return mine
    begun = mine.groupby("subject_id", as_index=False)["date"].min()
    last = begun.sort_values(["date", "subject_id"], na_position="first")["subject_id"].iloc[-1]
    return mine[mine["subject_id"] == last]


def waiting_text(waiting: Sequence[str]) -> str:
    """Say what has still to be done."""
    return "待办：" + "、".join(waiting) if waiting else ""
