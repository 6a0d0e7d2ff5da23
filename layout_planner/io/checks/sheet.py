"""A table of text as offices save it: which line is the header, which rows are data, which are totals and notes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from layout_planner.contracts import Table, tidy
from layout_planner.errors import DataError, Problem
from layout_planner.io.text import decode, read_bytes, separator_of, split_cells, tidy_text

_EXCEL = {b"PK\x03\x04": ".xlsx", b"\xd0\xcf\x11\xe0": ".xls"}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_TOTAL = re.compile(r"^.{0,24}(合计|总计|小计|总和)[:：]?$|^(grand )?total:?$", re.IGNORECASE)
_NOTE = re.compile(r"^(注|备注|说明|填表|制表|审核|单位|来源|数据来源|※|\*|[①-⑳])")
_LOOK = 12  # lines at the top among which the header is looked for
_CJK = re.compile(r"[\u4e00-\u9fff]")
_SAMPLE = 40
_BLANKS = 100  # blank rows that are named one by one


@dataclass(frozen=True)
class Sheet:
    """Rows of data of one table, by column, with the number of each row in its file."""

    header: list[str]
    columns: dict[str, list[str | None]]
    rows: list[int]
    spoilt: frozenset[int]  # rows whose cells cannot be trusted to stand in their column
    totals: list[tuple[int, dict[str, str | None]]]  # rows of sums: row number and its cells
    problems: list[Problem] = field(default_factory=list)


def read_sheet(path: Path, spec: Table) -> Sheet:
    """Read a table of text.

    Raises
    ------
    DataError
        ``excel_in_place``, ``file_empty``, and as `read_bytes`, `decode` and `split_cells`.
    """
    data = _bytes_of(path)
    text, problems = _text_of(data, path.name)
    if separator_of(text) == ";":
        problems.append(Problem("notice", "separator_other", path.name))
    lines = split_cells(text, path.name)
    if not lines:
        raise DataError("file_empty", file=path.name)
    header, first, told = find_header(lines, spec, path.name)
    sheet = _body(lines, first, header, path.name)
    if not sheet.rows:
        raise DataError("file_empty", file=path.name)
    return Sheet(sheet.header, sheet.columns, sheet.rows, sheet.spoilt, sheet.totals, problems + told + sheet.problems)


def _bytes_of(path: Path) -> bytes:
    beside = [path.with_suffix(end) for end in (".xlsx", ".xls") if path.with_suffix(end).exists()]
    if not path.exists() and beside:
        raise DataError("excel_in_place", file=path.name, found=beside[0].name)
    data = read_bytes(path)
    for mark, end in _EXCEL.items():
        if data.startswith(mark):
            raise DataError("excel_in_place", file=path.name, found=end)
    return data


def _text_of(data: bytes, file: str) -> tuple[str, list[Problem]]:
    """Decode; a file that is not UTF-8 is told, and one of two encodings is read line by line."""
    if data.startswith(_UTF16):
        return decode(data, file), [Problem("notice", "encoding_other", file, found="UTF-16")]
    try:
        return tidy_text(data.decode("utf-8"), file), []
    except UnicodeDecodeError:
        pass
    lines = data.split(b"\n")
    kinds = [_kind(line) for line in lines]
    if "utf-8" not in kinds:
        return decode(data, file), [Problem("notice", "encoding_other", file, found="GB18030（GBK）")]
    row = kinds.index("gb18030") + 1 if kinds.index("utf-8") < kinds.index("gb18030") else kinds.index("utf-8") + 1
    text = "\n".join(
        line.decode("utf-8" if kind == "utf-8" else "gb18030", "replace")
        for line, kind in zip(lines, kinds, strict=True)
    )
    found = f"UTF-8 {kinds.count('utf-8')} 行，GB18030 {kinds.count('gb18030')} 行"
    return tidy_text(text, file), [Problem("error", "encoding_mixed", file, row, found=found)]


def _kind(line: bytes) -> str:
    """Tell the encoding of one line: ascii, utf-8 (with a Chinese character) or gb18030 (neither of them)."""
    if line.isascii():
        return "ascii"
    try:
        return "utf-8" if _CJK.search(line.decode("utf-8")) else "ascii"
    except UnicodeDecodeError:
        return "gb18030"


def find_header(lines: Sequence[Sequence[str]], spec: Table, file: str) -> tuple[list[str], int, list[Problem]]:
    """Find the header: the first line, a later one below a title, or two lines merged as Excel exports them.

    Parameters
    ----------
    lines
        Cells of the file, line by line.
    spec
        The table.
    file
        Name printed in the messages.

    Returns
    -------
    tuple
        Names of the columns, the index of the first line of data, and what there is to tell.
    """
    known, wanted = {c.name for c in spec.columns}, {c.name for c in spec.required}
    top = range(min(_LOOK, len(lines)))
    single = [_names(lines[at], spec) for at in top]
    double = [_merged(lines[at], lines[at + 1], spec) if at + 1 < len(lines) else [] for at in top]
    for at in top:
        of_two = wanted <= set(double[at]) and len(known & set(double[at])) > len(known & set(single[at]))
        if of_two and not known & set(_names(lines[at + 1], spec)) >= wanted:
            found = "，".join(cell for cell in (*lines[at], *lines[at + 1]) if cell.strip())[:_SAMPLE]
            told = [Problem("error", "header_merged", file, at + 1, "、".join(n for n in double[at] if n), found)]
            return double[at], at + 2, _title(lines, at, file) + told
        if wanted <= set(single[at]):
            labels = single[at] != [_plain(cell) for cell in lines[at]][: len(single[at])]
            told = [Problem("notice", "header_labels", file, at + 1)] if labels else []
            return single[at], at + 1, _title(lines, at, file) + told
    best = max(top, key=lambda at: len(known & set(single[at])))
    return single[best], best + 1, _title(lines, best, file)


def _title(lines: Sequence[Sequence[str]], header: int, file: str) -> list[Problem]:
    above = [cell.strip() for line in lines[:header] for cell in line if cell.strip()]
    if not above:
        return []
    return [Problem("warning", "title_above_header", file, 1, found=above[0][:_SAMPLE], allowed=str(header + 1))]


def _plain(cell: str) -> str:
    return str(tidy(cell) or "")


def _names(line: Sequence[str], spec: Table) -> list[str]:
    """Names of columns in a line; a Chinese label of the dictionary counts as the name it stands for."""
    labels = _labels(spec)
    names = [labels.get(_plain(cell), _plain(cell)) for cell in line]
    while names and not names[-1]:
        names.pop()
    return names


def _labels(spec: Table) -> dict[str, str]:
    labels = {_plain(column.zh): column.name for column in spec.columns}
    labels |= {_plain(f"{column.zh} {column.name}"): column.name for column in spec.columns}
    return labels | {column.name: column.name for column in spec.columns}


def _merged(upper: Sequence[str], lower: Sequence[str], spec: Table) -> list[str]:
    """Names from two lines: a cell merged across stands only in its first column, one merged down only above."""
    labels = _labels(spec)
    names, group = [], ""
    width = max(len(upper), len(lower))
    for above, below in zip([*upper, *[""] * width][:width], [*lower, *[""] * width][:width], strict=True):
        head, part = _plain(above), _plain(below)
        group = head or group
        choices = [part, f"{group}({part})", f"{group}{part}", f"{part}{group}"] if part else [head]
        names.append(next((labels[c] for c in choices if c in labels), part or head))
    while names and not names[-1]:
        names.pop()
    return names


def _body(lines: list[list[str]], first: int, header: list[str], file: str) -> Sheet:
    problems, width = _header_problems(header, file), len(header)
    rows, kept, spoilt, totals = [], [], set(), []
    texts = {cell for line in lines[first:] for cell in line}
    of_totals = {cell for cell in texts if not cell.isascii() or cell[:1].isalpha() if is_total(cell)}
    of_notes = {cell for cell in texts if _NOTE.match(cell.strip())} if len(set(header)) > 1 else set()
    blank = 0
    for number, line in enumerate(lines[first:], start=first + 1):
        if not line:
            blank += 1
            if blank <= _BLANKS:
                problems.append(Problem("notice", "row_blank", file, number))
        elif not of_totals.isdisjoint(line):
            totals.append((number, dict(zip(header, [*line, *[None] * width], strict=False))))
        elif not of_notes.isdisjoint(line) and len(only := [cell for cell in line if cell.strip()]) == 1:
            problems.append(Problem("notice", "row_note", file, number, found=only[0].strip()[:_SAMPLE]))
        elif header and line[0].strip() == header[0] and [cell.strip() for cell in line[:width]] == header:
            problems.append(Problem("warning", "header_again", file, number))
        else:
            if len(line) > width and (extra := sum(1 for cell in line[width:] if cell.strip())):
                problems.append(
                    Problem("error", "row_cells", file, number, found=str(width + extra), allowed=str(width))
                )
                spoilt.add(number)
            rows.append(number)
            kept.append(line)
    columns: dict[str, list[str | None]] = {}
    for place, name in enumerate(header):
        if name and name not in columns:
            columns[name] = [line[place] if place < len(line) else None for line in kept]
    return Sheet(list(columns), columns, rows, frozenset(spoilt), totals, problems)


@lru_cache(maxsize=4096)
def is_total(cell: str) -> bool:
    """Whether a cell names a row of sums: 合计、总计、小计, with a code or a name before it."""
    return _TOTAL.match("".join(cell.split())) is not None


def _header_problems(header: list[str], file: str) -> list[Problem]:
    twice = sorted({name for name in header if name and header.count(name) > 1})
    problems = [Problem("error", "column_twice", file, column=name) for name in twice]
    if unnamed := [place for place, name in enumerate(header, start=1) if not name]:
        problems.append(Problem("notice", "column_unnamed", file, column="、".join(map(str, unnamed))))
    return problems
