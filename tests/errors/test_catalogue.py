"""Every code has its sentence, in both languages."""

import ast
import string

import pytest

from layout_planner.errors import Problem, catalogue, sentence
from tests.conftest import ROOT

ERRORS = {"LayoutError", "DataError", "UsageError", "PolicyError", "MachineError", "LedgerError"}


def fields_of(template: str) -> set[str]:
    return {name.split("[")[0] for _, name, _, _ in string.Formatter().parse(template) if name}


def raised_codes() -> dict[str, set[str]]:
    """Code → keyword fields, for every error raised with a literal code."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "layout_planner").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    names = {k.arg for k in node.keywords if k.arg}
                    names |= {"*"} if any(k.arg is None for k in node.keywords) else set()
                    found.setdefault(first.value, names)
    return found


def test_every_sentence_is_there_in_both_languages():
    for code, sentences in catalogue().items():
        assert set(sentences) in ({"zh", "en"}, {"zh", "en", "fix_zh", "fix_en"}), code
        zh, en = (sentences[lang] + sentences.get(f"fix_{lang}", "") for lang in ("zh", "en"))
        assert fields_of(en) <= fields_of(zh), code
        assert "\n" not in zh + en, code


def test_every_code_that_is_raised_has_a_sentence_with_fields_that_are_given():
    for code, names in raised_codes().items():
        assert code in catalogue(), code
        if "*" not in names:
            assert fields_of(catalogue()[code]["zh"]) <= names, code


def test_a_long_list_is_cut_after_five_names_with_the_count():
    found = sentence("column_unknown", {"file": "a.csv", "column": [f"c{i}" for i in range(8)]}, "en")
    assert "c0, c1, c2, c3, c4 and 3 more" in found


def test_a_problem_says_where_what_is_allowed_and_what_to_do():
    problem = Problem("error", "value_bad", "births.csv", 7, "出生人数", "-3", "不小于 0 的数")
    assert problem.sentence() == "births.csv 第 7 行“出生人数”：实际为“-3”，应为不小于 0 的数；请更正。"


def test_an_unknown_code_is_a_defect_of_the_program():
    with pytest.raises(KeyError):
        sentence("no_such_code", {})


@pytest.mark.parametrize(
    ("column", "cell", "text"),
    [
        ("pupils", "-3", "f.csv row 2 'pupils': found '-3', allowed a number of 0 or more; correct it."),
        ("grade", "14", "f.csv row 2 'grade': found '14', allowed a whole number from -2 to 12; correct it."),
        ("lat", "x", "f.csv row 2 'lat': found 'x', allowed a number from 3 to 54 (longitude and latitude swapped?); correct it."),
        ("safe", "x", "f.csv row 2 'safe': found 'x', allowed true or false; correct it."),
        ("stage", "x", "f.csv row 2 'stage': found 'x', allowed one of pre, primary, junior, senior; correct it."),
        ("date", "x", "f.csv row 2 'date': found 'x', allowed a date such as 2026-09-01; correct it."),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_told_in_english_without_a_chinese_word(column, cell, text):
    from layout_planner.contracts import cell_problem, load_dictionary

    assert cell_problem(load_dictionary().columns[column], cell, "f.csv", 2, "").sentence("en") == text
