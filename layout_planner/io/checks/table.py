"""Findings of the checks as the table ``data_quality``."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from layout_planner.errors import Lang, Problem
from layout_planner.io.checks.registry import all_checks

NAMES = (
    "severity", "code", "file", "row", "column_name", "found", "allowed", "message", "fix", "check_round", "check_name",
)  # fmt: skip


def problems_table(problems: Iterable[Problem], lang: Lang = "zh") -> pd.DataFrame:
    """List problems as rows of ``data_quality``.

    Parameters
    ----------
    problems
        Problems, with the name of their check where a check of the registry found them.
    lang
        Language of `message` and `fix`.

    Returns
    -------
    DataFrame
        One row a problem, in their order; row 0 is a problem of a whole file.
    """
    rounds = {check.name: check.round for check in all_checks()}
    rows = [
        (
            p.severity, p.code, p.file, p.row or 0, *p.words(lang), p.sentence(lang),
            p.fix(lang), rounds.get(p.check, "file"), p.check or p.code,
        )
        for p in problems
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(NAMES)).astype({"row": "int64"})
