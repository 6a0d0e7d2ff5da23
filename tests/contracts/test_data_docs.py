"""docs/data.md is what the dictionary of columns makes."""

import importlib.util

from layout_planner.contracts import load_dictionary
from tests.conftest import ROOT


def test_the_page_about_data_is_made_from_the_dictionary():
    spec = importlib.util.spec_from_file_location("make_data_docs", ROOT / "tools" / "make_data_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(load_dictionary())
