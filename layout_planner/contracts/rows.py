"""Row models of the input tables (pydantic), made from the dictionary of columns.

Every cell is checked by itself, so a word in a column of numbers cannot hide a −20 further down.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, create_model

from layout_planner.contracts.dictionary import Column, Table, load_dictionary
from layout_planner.errors import Problem
from layout_planner.errors.printable import clean_text, shown

MAX_NUMBER = 10**12  # no count, sum of yuan or area of a county is larger: a slip of the pen
MAX_NAME, MAX_TEXT = 100, 2000  # characters of a name, of any other text
_TOO_LARGE = {"less_than_equal", "int_parsing_size", "finite_number"}
_BLANK = {"", "-", "—", "——", "/", "nan", "none", "null", "<na>"}
_TRUE = {"true", "1", "是", "yes", "y"}
_FALSE = {"false", "0", "否", "no", "n"}
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_THOUSANDS = re.compile(r"^-?\d{1,3}(,\d{3})+(\.\d+)?$")
_DATE = re.compile(
    r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T]0?0:00(?::00(?:\.0+)?)?)?$|^(\d{4})(\d{2})(\d{2})$"
)
_FIRST_YEAR = 1900  # of a date that can be meant
_UNIT_TAIL = re.compile(r"(?<=\d)\s*(人|名|间|个|张|所|座|米|平方米|m2|㎡|元|年|岁|班|km/h)$")


def clean(value: object) -> object:
    """Tidy one cell of a number as `tidy` does, and take a trailing unit off it.

    A footnote mark (①, ²) is left where it is, so that it makes a number wrong instead of larger.
    """
    text = tidy(value)
    return _UNIT_TAIL.sub("", text) if isinstance(text, str) else text


def has_unit(cell: str) -> bool:
    """Whether a cell of a number carries a unit (8人) that `clean` takes off."""
    return not cell.isdecimal() and _UNIT_TAIL.search(cell.translate(_HALF_WIDTH).strip()) is not None


def tidy(value: object) -> object:
    """Tidy one cell: full-width to half-width, spaces off, blanks and dashes to None.

    Characters that nobody sees (line breaks, zero-width, direction marks) go too, as `clean_text` says.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if not isinstance(value, str):
        return value
    text = clean_text(value.translate(_HALF_WIDTH)).strip()
    return None if text.lower() in _BLANK else text


def _cleaner(column: Column) -> Callable[[object], object]:
    """Return how the cells of a column are tidied; a word for blank that its enum knows (``none``: 不任课) stays a word."""
    words = _BLANK & set(column.labels or ())
    plain = clean if column.is_number else tidy

    def with_words(value: object) -> object:
        word = value.strip().lower() if isinstance(value, str) else ""
        return word if word in words else plain(value)

    return with_words if words else plain


def _to_bool(value: object) -> object:
    if isinstance(value, str):
        if value.lower() in _TRUE:
            return True
        if value.lower() in _FALSE:
            return False
    return value


def _to_date(value: object) -> object:
    """Read a day as offices write it: 2024-11-12, 2024/11/12, 2024.11.12, 2024年11月12日, 20241112."""
    if isinstance(value, datetime) and value.time() == time():
        return value.date()
    match = _DATE.match(value) if isinstance(value, str) else None
    if match is None:
        return value
    year, month, day = (int(part) for part in match.groups() if part is not None)
    try:
        return date(year, month, day) if year >= _FIRST_YEAR else value
    except ValueError:
        return value


def _to_number(value: object) -> object:
    return value.replace(",", "") if isinstance(value, str) and _THOUSANDS.match(value) else value


def _to_text(value: object) -> object:
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else value


def _to_list(value: object) -> object:
    return [part.strip() for part in re.split(r"[;,、;]", value) if part.strip()] if isinstance(value, str) else value


def _annotation(column: Column) -> Any:
    low, high = -MAX_NUMBER if column.min is None else column.min, MAX_NUMBER if column.max is None else column.max
    bounds = Field(ge=low, le=high)
    if column.type == "int":
        return Annotated[int, BeforeValidator(_to_number), bounds]
    if column.type == "float":
        return Annotated[float, BeforeValidator(_to_number), bounds, Field(allow_inf_nan=False)]
    if column.type == "bool":
        return Annotated[bool, BeforeValidator(_to_bool)]
    if column.type == "date":
        return Annotated[date, BeforeValidator(_to_date), Field(strict=True)]
    if column.type == "list":
        return Annotated[list[str], BeforeValidator(_to_list)]
    if column.labels is not None:
        return Literal[column.labels]
    pattern = f"^(?:{column.pattern})$" if column.pattern else None
    return Annotated[str, BeforeValidator(_to_text), Field(pattern=pattern, max_length=_longest(column))]


def _longest(column: Column) -> int:
    return MAX_NAME if column.name == "name" else MAX_TEXT


@cache
def row_model(table: str) -> type[BaseModel]:
    """Make the pydantic model of one row of an input table.

    Parameters
    ----------
    table
        Name of the table in ``columns.toml``.

    Returns
    -------
    type[BaseModel]
        Model with one field a column; required columns may not be empty, optional ones may.
    """
    spec = load_dictionary().tables[table]
    fields: dict[str, Any] = {
        c.name: (Annotated[_annotation(c), BeforeValidator(_cleaner(c))], ...) for c in spec.required
    }
    for c in spec.optional:
        fields[c.name] = (Annotated[_annotation(c) | None, BeforeValidator(_cleaner(c))], None)
    return create_model(f"{table.title()}Row", __config__=ConfigDict(extra="ignore", frozen=True), **fields)


def check_rows(
    spec: Table, records: Sequence[Mapping[str, object]], *, file: str, first_row: int = 2
) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Check every row of an input table and collect all defects.

    Parameters
    ----------
    spec
        The table.
    records
        Raw rows, column name → cell.
    file
        Name printed in the messages.
    first_row
        Number of the first data row (2 in a table with a header line).

    Returns
    -------
    tuple
        The good rows with typed values, each with its number under ``_row``, and the problems of the bad ones.
    """
    model = row_model(spec.name)
    good: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for number, record in enumerate(records, start=first_row):
        try:
            good.append({**model.model_validate(record).model_dump(), "_row": number})
        except ValidationError as error:
            bad = {str(item["loc"][0]): item["type"] for item in error.errors(include_url=False, include_context=False)}
            problems += [
                cell_problem(spec.column(name), record.get(name), file, number, kind) for name, kind in bad.items()
            ]
    return good, problems


def check_cells(column: Column, cells: Sequence[object], *, required: bool) -> tuple[list[Any], list[tuple[int, str]]]:
    """Check the cells of one column, each different value once, as `check_rows` checks them row by row.

    Parameters
    ----------
    column
        The column.
    cells
        Raw cells.
    required
        Whether a cell may not be empty.

    Returns
    -------
    tuple
        Typed values, None for a cell that is wrong; and place (from 0) and kind of error of every wrong cell.
    """
    adapter = _adapter(column, required)
    seen: dict[object, tuple[Any, str]] = {}
    values: list[Any] = []
    bad: list[tuple[int, str]] = []
    for place, cell in enumerate(cells):
        key = cell if type(cell) is str else (type(cell), str(cell))
        if key not in seen:
            try:
                seen[key] = (adapter.validate_python(cell), "")
            except ValidationError as error:
                seen[key] = (None, str(error.errors(include_url=False, include_context=False)[-1]["type"]))
        value, kind = seen[key]
        values.append(value)
        if kind:
            bad.append((place, kind))
    return values, bad


@cache
def _adapter(column: Column, required: bool) -> TypeAdapter[Any]:
    kind = _annotation(column) if required else _annotation(column) | None
    cell: Any = Annotated[kind, BeforeValidator(_cleaner(column))]
    return TypeAdapter(cell)


def cell_problem(column: Column, value: object, file: str, row: int, kind: str) -> Problem:
    """Say what is wrong with a cell that was refused: empty, or not what the column allows."""
    text = tidy(value)
    empty = text is None
    meant = column.word_of(text) if isinstance(text, str) else None
    allowed = column.allowed_zh() if meant is None else column.labelled(meant)
    if kind == "string_too_long":
        allowed += f"，不超过 {_longest(column)} 个字符"
    elif kind in _TOO_LARGE and column.max is None and not empty:
        allowed += f"，且不超过 {MAX_NUMBER}"
    return Problem(
        severity="error",
        code="value_missing" if empty else "value_bad",
        file=file,
        row=row,
        column=f"{column.zh} {column.name}",
        found=None if empty else shown(value)[:60],
        allowed=allowed,
    )
