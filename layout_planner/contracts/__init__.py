"""The one dictionary of columns, and the row models and table schemas made from it."""

from layout_planner.contracts.dictionary import Column, Dictionary, Table, load_dictionary
from layout_planner.contracts.rows import cell_problem, check_cells, check_rows, clean, has_unit, row_model, tidy
from layout_planner.contracts.schemas import check_table, schema_of

__all__ = [
    "Column",
    "Dictionary",
    "Table",
    "cell_problem",
    "check_cells",
    "check_rows",
    "check_table",
    "clean",
    "has_unit",
    "load_dictionary",
    "row_model",
    "schema_of",
    "tidy",
]
