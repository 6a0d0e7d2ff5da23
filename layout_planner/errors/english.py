"""English for the few words that the dictionary of columns puts into a message: what a value may be, which column."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Self

_KINDS: Final = {"整数": "a whole number", "数": "a number", "文字": "text", "true 或 false": "true or false"}
_FORMS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]] = (
    (re.compile(r"^不小于 (\S+) 的(整数|数)"), lambda m: f"{_KINDS[m[2]]} of {m[1]} or more"),
    (re.compile(r"^(\S+) 到 (\S+) 的(整数|数)"), lambda m: f"{_KINDS[m[3]]} from {m[1]} to {m[2]}"),
    (
        re.compile(r"^(.+) 等 (\d+) 个词之一（见 (\S+)）"),
        lambda m: f"one of {m[2]} words such as {_words(m[1])} (see {m[3]})",
    ),
    (re.compile(r"^(.+) 之一"), lambda m: f"one of {_words(m[1])}"),
    (re.compile(r"^([\w-]+)（[^）]*[^\x00-\x7f][^）]*）$"), lambda m: m[1]),
    (re.compile(r"^(\d+) 位数字$"), lambda m: f"{m[1]} digits"),
    (re.compile(r"^(\d+) 位十六进制数（0–9、a–f）$"), lambda m: f"{m[1]} hexadecimal digits (0-9, a-f)"),
    (re.compile(r"^(\d+) 到 (\d+) 位字母、数字或短横线$"), lambda m: f"{m[1]} to {m[2]} letters, digits or hyphens"),
    (re.compile(r"^符合 (\S+) 的代码"), lambda m: f"a code like {m[1]}"),
    (re.compile(r"^日期 如 (\S+)"), lambda m: f"a date such as {m[1]}"),
    (re.compile(r"^(true 或 false|整数|数|文字)"), lambda m: _KINDS[m[1]]),
)
_TAILS: Final = (
    (re.compile(r"，且不超过 (\d+)"), r", at most \1"),
    (re.compile(r"，不超过 (\d+) 个字符"), r", at most \1 characters"),
    (re.compile(r"（是否与[经纬]度颠倒？）"), " (longitude and latitude swapped?)"),
)
_GLOSS: Final = re.compile(r"（[^）]*）")
_LABELLED: Final = re.compile(r"^[^\x00-\x7f].* ([a-z][a-z0-9_]*)$")


class Both(str):
    """Words that a message has in Chinese, with the same in English."""

    en: str

    def __new__(cls, zh: str, en: str) -> Self:
        """Keep both."""
        both = super().__new__(cls, zh)
        both.en = en
        return both


def _words(listed: str) -> str:
    """Words of an enum without their Chinese labels."""
    return ", ".join(_GLOSS.sub("", listed).split("、"))


def english(text: str) -> str:
    """Put into English what a column allows; any other text stays as it is."""
    if isinstance(text, Both):
        return text.en
    for form, words in _FORMS:
        if match := form.match(text):
            said = words(match) + text[match.end() :]
            for tail, rest in _TAILS:
                said = tail.sub(rest, said)
            return said
    return text


def column_name(label: str) -> str:
    """Name of a column without its Chinese label: ``在校生 pupils`` → ``pupils``; a name of a place stays."""
    if isinstance(label, Both):
        return label.en
    parts = label.split("、")
    if all(_LABELLED.match(part) for part in parts):
        return ", ".join(part.rsplit(" ", 1)[1] for part in parts)
    return label
