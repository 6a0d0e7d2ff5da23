"""Text files as offices save them: UTF-8 with or without BOM, UTF-16, GB18030."""

from __future__ import annotations

import csv
import hashlib
import io
import tomllib
from pathlib import Path
from typing import Any

from layout_planner.errors import DataError, MachineError

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
        ``file_missing``, ``file_unreadable``, or ``file_empty`` when there is no row below the header.
    """
    text = decode(read_bytes(path), path.name)
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    lines = list(reader)
    if not lines:
        raise DataError("file_empty", file=path.name)
    header = [name.strip() for name in lines[0]]
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
        raise DataError("toml_bad", file=path.name, found=str(error)) from error


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(read_bytes(path)).hexdigest()
