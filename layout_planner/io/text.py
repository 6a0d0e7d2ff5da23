"""Text files as offices save them: UTF-8 with or without BOM, UTF-16, GB18030."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import tomllib
from pathlib import Path
from typing import Any

from layout_planner.errors import DataError, MachineError

_TOML_PLACE = re.compile(r"line (\d+), column (\d+)")
_ZIP = b"PK\x03\x04"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def read_bytes(path: Path) -> bytes:
    """Read a file; a missing or locked one becomes a coded error."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DataError("file_missing", file=path.name) from error
    except OSError as error:
        raise MachineError("file_unreadable", file=path.name, found=str(error), allowed="可读取的文件") from error


def decode(data: bytes, file: str) -> str:
    """Decode by the ladder UTF-16 with a mark, UTF-8 with or without BOM, GB18030.

    Raises
    ------
    DataError
        ``file_unreadable`` when none of them fits.
    """
    if data.startswith(_ZIP):
        raise DataError("file_unreadable", file=file, found="Excel 工作簿", allowed="CSV 文本（在 Excel 中另存为 CSV）")
    ladder = ("utf-16",) if data.startswith(_UTF16_MARKS) else ("utf-8-sig", "gb18030")
    for encoding in ladder:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DataError("file_unreadable", file=file, found="无法识别的编码", allowed="UTF-8、UTF-16 或 GB18030 文本")


def read_records(path: Path) -> tuple[list[str], list[dict[str, str | None]]]:
    """Read a table of text: the header and one dictionary a row; blank lines keep their place as empty rows.

    Raises
    ------
    DataError
        ``file_missing``, ``file_unreadable``, ``column_twice``, ``row_too_long``, or ``file_empty`` when there is no
        row below the header.
    """
    text = decode(read_bytes(path), path.name)
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    lines = list(reader)
    if not lines:
        raise DataError("file_empty", file=path.name)
    header = [name.strip() for name in lines[0]]
    while header and not header[-1]:
        header.pop()
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise DataError("column_twice", file=path.name, column="、".join(twice))
    long = [n for n, line in enumerate(lines, start=1) if any(cell.strip() for cell in line[len(header) :])]
    if long:
        raise DataError("row_too_long", file=path.name, row=long[0], found=len(long), allowed=len(header))
    rows = [dict(zip(header, [*line, *[None] * len(header)], strict=False)) for line in lines[1:]]
    while rows and not any(rows[-1].values()):
        rows.pop()
    if not rows:
        raise DataError("file_empty", file=path.name)
    return header, rows


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file, with or without BOM.

    Raises
    ------
    DataError
        ``file_missing``, ``file_unreadable`` or ``toml_bad`` with the place of the mistake.
    """
    try:
        return tomllib.loads(decode(read_bytes(path), path.name))
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        row, column = (place[1], place[2]) if place else ("?", "?")
        raise DataError("toml_bad", file=path.name, row=row, column=column) from error


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
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(read_bytes(path)).hexdigest()
