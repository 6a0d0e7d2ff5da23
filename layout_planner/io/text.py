"""Text files as offices save them: UTF-8 with or without BOM, UTF-16, GB18030."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import os
import re
import stat
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any, Final

from layout_planner.errors import DataError, MachineError
from layout_planner.errors.machine import why
from layout_planner.errors.printable import clean_text

MAX_BYTES: Final = 100_000_000  # of a text file: a county's largest table has 20 MB
MAX_ROWS: Final = 1_048_576  # lines of a table, blank ones too: what a spreadsheet can hold
MAX_COLUMNS: Final = 1000
MAX_CELLS: Final = 12_000_000
MAX_CELL: Final = 131_072  # characters of one cell
MAX_TOML_BYTES: Final = 5_000_000
MAX_DEPTH: Final = 20  # sections within sections
MAX_DOTS: Final = 20_000_000  # of the squares of the dots of each line: a.b.c… costs the parser so much memory
MAX_INTEGER: Final = 2**63  # beyond it no table can hold the number
_TOML_PLACE = re.compile(r"line (\d+), column (\d+)")
_ZIP = b"PK\x03\x04"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_SHORT: Final = 24  # characters of a cell that other rows are likely to hold too
_TABLE = "CSV 文本"


def read_bytes(path: Path, *, limit: int = MAX_BYTES) -> bytes:
    """Read a file; one that is missing, locked, too large or no file at all becomes a coded error.

    Parameters
    ----------
    path
        The file.
    limit
        The largest size that is read. [byte]

    Raises
    ------
    DataError
        ``file_missing``, ``file_not_regular`` for a folder, a pipe, a device or a circle of links, ``file_too_large``.
    MachineError
        ``file_denied`` if the system does not let us read it.
    """
    try:
        with open_regular(path) as handle:
            if os.fstat(handle.fileno()).st_size <= limit:
                data = handle.read(limit + 1)
                if len(data) <= limit:
                    return data
            found = max(os.fstat(handle.fileno()).st_size, limit + 1)
    except OSError as error:
        raise MachineError("file_denied", file=path.name, found=why(error)) from error
    raise DataError("file_too_large", file=path.name, found=f"{found / 1e6:.0f}", allowed=f"{limit / 1e6:.0f}")


def open_regular(path: Path) -> io.BufferedReader:
    """Open a file for reading; never waits for a pipe, never reads a device.

    Raises
    ------
    DataError
        ``file_missing`` or ``file_not_regular``.
    OSError
        If the system does not let us read it.
    """
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            kind = "文件夹" if stat.S_ISDIR(state.st_mode) else "管道或设备"
            raise DataError("file_not_regular", file=path.name, found=kind)
        return path.open("rb")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataError("file_missing", file=path.name) from error
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise DataError("file_not_regular", file=path.name, found="绕成圈的符号链接") from error


def decode(data: bytes, file: str) -> str:
    """Decode by the ladder UTF-16 with a mark, UTF-8 with or without BOM, GB18030.

    Raises
    ------
    DataError
        ``file_unreadable`` when none of them fits, or when there are NUL characters in it.
    """
    if data.startswith(_ZIP):
        raise DataError("file_unreadable", file=file, found="Excel 工作簿", allowed="CSV 文本（在 Excel 中另存为 CSV）")
    ladder = ("utf-16",) if data.startswith(_UTF16_MARKS) else ("utf-8", "gb18030")
    for encoding in ladder:
        try:
            return tidy_text(data.decode(encoding), file)
        except UnicodeDecodeError:
            continue
    raise DataError("file_unreadable", file=file, found="无法识别的编码", allowed="UTF-8、UTF-16 或 GB18030 文本")


def tidy_text(text: str, file: str) -> str:
    """Take the marks of byte order off a text, however many there are, and refuse one with NUL characters.

    Raises
    ------
    DataError
        ``file_unreadable``.
    """
    if "\0" in text:
        found = "空字符（NUL）：不是文本，或是没有标记的 UTF-16"
        raise DataError("file_unreadable", file=file, found=found, allowed="UTF-8 或 GB18030 文本")
    return text.lstrip("\ufeff")


def split_cells(text: str, file: str) -> list[list[str]]:
    """Split a text into lines of cells, at commas, tabs or semicolons; blank lines at the end are left off.

    Parameters
    ----------
    text
        The whole file, line ends of any kind.
    file
        Name printed in the messages.

    Returns
    -------
    list of list of str
        One list a line, blank lines as they stand; the first is the header.

    Raises
    ------
    DataError
        ``file_unreadable`` for a cell without end; ``table_too_wide``, ``table_too_long``,
        ``table_too_large``.
    """
    reader = csv.reader(io.StringIO(tidy_text(text, file), newline=""), delimiter=separator_of(text))
    lines: list[list[str]] = []
    seen: dict[str, str] = {}  # one copy of a short text that stands in many rows
    blank, cells = 0, 0
    try:
        for line in reader:
            if not any(line) or not any(map(str.strip, line)):
                blank += 1
                continue
            cells += len(line)
            _check_size(file, row=len(lines) + blank + 1, columns=len(line), cells=cells)
            lines += [[] for _ in range(blank)]
            blank = 0
            lines.append([seen.setdefault(cell, cell) if len(cell) <= _SHORT else cell for cell in line])
    except csv.Error as error:
        found = f"第 {reader.line_num} 行有超过 {MAX_CELL} 个字符的单元格（可能缺一个引号）"
        raise DataError("file_unreadable", file=file, found=found, allowed=_TABLE) from error
    return lines


def separator_of(text: str) -> str:
    """Tell what separates the cells: a tab, a comma or a semicolon, by the first line that has one of them."""
    for line in text[:MAX_CELL].splitlines():
        if "\t" in line:
            return "\t"
        if "," in line or ";" in line:
            return ";" if line.count(";") > line.count(",") else ","
    return ","


def _check_size(file: str, *, row: int, columns: int, cells: int) -> None:
    if columns > MAX_COLUMNS:
        raise DataError("table_too_wide", file=file, row=row, found=columns, allowed=MAX_COLUMNS)
    if row > MAX_ROWS:
        raise DataError("table_too_long", file=file, allowed=MAX_ROWS)
    if cells > MAX_CELLS:
        raise DataError("table_too_large", file=file, row=row, allowed=MAX_CELLS)


def read_records(path: Path) -> tuple[list[str], list[dict[str, str | None]]]:
    """Read a table of text: the header and one dictionary a row; blank lines keep their place as empty rows.

    Raises
    ------
    DataError
        As `read_bytes`, `decode` and `split_cells`; ``column_twice``, ``row_too_long``, or ``file_empty`` when there is
        no row below the header.
    """
    lines = split_cells(decode(read_bytes(path), path.name), path.name)
    if not lines:
        raise DataError("file_empty", file=path.name)
    header = [name.strip() for name in lines[0]]
    while header and not header[-1]:
        header.pop()
    if twice := sorted(name for name, count in Counter(header).items() if count > 1):
        raise DataError("column_twice", file=path.name, column="、".join(twice))
    width = len(header)
    long = [n for n, line in enumerate(lines, start=1) if len(line) > width and any(map(str.strip, line[width:]))]
    if long:
        raise DataError("row_too_long", file=path.name, row=long[0], found=len(long), allowed=width)
    empty: dict[str, str | None] = dict.fromkeys(header)
    padding = [None] * width
    rows = [dict(zip(header, [*line, *padding], strict=False)) if line else empty for line in lines[1:]]
    if not rows:
        raise DataError("file_empty", file=path.name)
    return header, rows


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file, with or without BOM; its texts on one line and without characters that nobody sees.

    Raises
    ------
    DataError
        As `read_bytes` and `decode`; ``toml_bad`` with the place of the mistake, ``toml_beyond`` for sections within
        sections without end and numbers that no table can hold.
    """
    text = decode(read_bytes(path, limit=MAX_TOML_BYTES), path.name)
    if sum(line.count(".") ** 2 for line in text.split("\n")) > MAX_DOTS:
        raise DataError("toml_beyond", file=path.name, found="层层嵌套的内容", allowed=MAX_DEPTH)
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        row, column = (place[1], place[2]) if place else ("?", "?")
        raise DataError("toml_bad", file=path.name, row=row, column=column) from error
    except RecursionError as error:
        raise DataError("toml_beyond", file=path.name, found="层层嵌套的内容", allowed=MAX_DEPTH) from error
    except ValueError as error:  # an integer of thousands of digits, a date that no calendar has
        raise DataError("toml_beyond", file=path.name, found="无法表示的数或日期", allowed=MAX_DEPTH) from error
    _check_values(found, path.name)
    return {key: _cleaned(value) for key, value in found.items()}


def _check_values(found: dict[str, Any], file: str) -> None:
    """Walk through a TOML document, without recursion."""
    level: list[Any] = [found]
    for _ in range(MAX_DEPTH):
        inner: list[Any] = []
        for item in level:
            inner += item.values() if isinstance(item, dict) else item
        if any(isinstance(value, int) and abs(value) >= MAX_INTEGER for value in inner):
            raise DataError("toml_beyond", file=file, found="过大的整数", allowed=MAX_DEPTH)
        level = [value for value in inner if isinstance(value, dict | list)]
        if not level:
            return
    raise DataError("toml_beyond", file=file, found="层层嵌套的内容", allowed=MAX_DEPTH)


def _cleaned(value: Any) -> Any:
    """Take characters that nobody sees out of every text; the depth is known to be small."""
    if isinstance(value, str):
        return clean_text(value).strip()
    if isinstance(value, dict):
        return {key: _cleaned(item) for key, item in value.items()}
    return [_cleaned(item) for item in value] if isinstance(value, list) else value


def read_list(path: Path, name: str) -> tuple[list[str], list[dict[str, Any]]]:
    """Read a table kept as a TOML list of sections ``[[name]]``: every key found, and one dictionary a section.

    Raises
    ------
    DataError
        As `read_toml`; ``file_empty`` without a section of that name.
    """
    sections = read_toml(path).get(name)
    records = [item for item in sections if isinstance(item, dict)] if isinstance(sections, list) else []
    if not records:
        raise DataError("file_empty", file=path.name)
    return list(dict.fromkeys(key for record in records for key in record)), records


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal, read in pieces.

    Raises
    ------
    DataError, MachineError
        As `read_bytes`, whatever its size.
    """
    try:
        with open_regular(path) as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise MachineError("file_denied", file=path.name, found=why(error)) from error
