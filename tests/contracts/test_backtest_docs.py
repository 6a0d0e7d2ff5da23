"""The back-test in the page of the model is written by a tool between two marks."""

import importlib.util

import pandas as pd

from tests.conftest import ROOT


def load():
    spec = importlib.util.spec_from_file_location("make_backtest_docs", ROOT / "tools" / "make_backtest_docs.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


def test_leads_origins_and_losses_are_printed_as_the_table_has_them():
    rows = [
        (level, stage, size, lead, 12 - lead, 9, error, 5.0, 6.0, -0.44, 81.4, 95.0, 1.25, auc)
        for level in ("township", "school")
        for stage, size in (("all", "all"), ("senior", "all"), ("all", "0-30"))
        for lead, error, auc in (
            (1, 1.0, float("nan")),
            (3, 5.5 if (level, stage) == ("school", "senior") else 2.0, 0.9),
        )
    ]
    names = ["subject_type", "stage", "size_class", "lead", "origins", "cells", "wape", "wape_last", "wape_survival", "bias",
             "covered_80", "covered_95", "wis", "auc"]  # fmt: skip
    text = load().section(pd.DataFrame(rows, columns=names)).splitlines()
    assert text[0] == "Demo county (enrolment 2009–2024), 1 / 3 years ahead (11 / 9 origins):"
    assert text[3].count("---|") == text[2].count("|") - 1
    row = "9 / 9 | 1.0 / 2.0 | 5.0 / 5.0 | 6.0 / 6.0 | −0.4 / −0.4 | 81 / 81 | 95 / 95 | 1.2 / 1.2 | – / .90"
    assert text[4] == f"| townships | {row} |"
    assert text[-1] == "Larger error than the last value, years ahead: schools, senior: 3."


def test_the_page_has_both_marks_in_their_order():
    tool = load()
    page = tool.PAGE.read_text(encoding="utf-8")
    assert page.count(tool.BEGIN) == page.count(tool.END) == 1
    assert page.index(tool.BEGIN) < page.index("Larger error than the last value") < page.index(tool.END)
