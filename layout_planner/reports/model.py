"""The document model: what a report says, before any writer lays it out. Texts are plain, never markup."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

Align = Literal["text", "number", "centre"]
Kind = Literal["lead", "body", "note", "warning"]
SOURCE: Final = "数据："


@dataclass(frozen=True)
class Paragraph:
    """One paragraph; a note is small print, a warning is framed."""

    text: str
    kind: Kind = "body"


@dataclass(frozen=True)
class Bullets:
    """A list of short sentences, each perhaps after a bold word that says what it is about."""

    items: tuple[str, ...]
    heads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Card:
    """One indicator: name, value, and what to know about it."""

    title: str
    value: str
    hint: str = ""


@dataclass(frozen=True)
class Cards:
    """Indicators side by side."""

    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Column:
    """Heading of a column with its unit, and how its cells are aligned."""

    title: str
    align: Align = "text"


_SHORT: Final = 22  # rows
_CELL: Final = 60  # letters of a cell: longer ones take many lines


def _longest(row: tuple[str, ...]) -> int:
    return max(map(len, row), default=0)


@dataclass(frozen=True)
class Table:
    """A table of printed cells; a row of one cell is a heading across; `number` is set when the document is made."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...] | None = None
    note: str = ""
    row_heads: bool = False  # the first column names the row
    number: str = ""
    source: str = ""  # files that hold its numbers: "tables/seats.csv"

    @property
    def is_short(self) -> bool:
        """Whether it fits on a page, so that a printer should not cut it in two."""
        return len(self.rows) <= _SHORT and max(map(_longest, self.rows), default=0) <= _CELL


@dataclass(frozen=True)
class Figure:
    """A finished figure as SVG text, with a text for those who cannot see it."""

    number: str
    title: str
    svg: str
    alt: str
    note: str = ""


Block = Paragraph | Bullets | Cards | Table | Figure


@dataclass(frozen=True)
class Section:
    """A chapter with its blocks and its own sub-chapters."""

    key: str
    title: str
    blocks: tuple[Block, ...]
    parts: tuple[Section, ...] = field(default=())
    number: str = ""


@dataclass(frozen=True)
class Document:
    """A whole report."""

    title: str
    county: str
    subtitle: str
    synthetic: bool
    meta: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]

    def texts(self) -> list[str]:
        """List every printed text: to subset a font and to look for missing glyphs."""
        found = [self.title, self.county, self.subtitle, *(text for pair in self.meta for text in pair)]
        for section in self.sections:
            found += _section_texts(section)
        return found


def _section_texts(section: Section) -> list[str]:
    found = [section.number, section.title]
    for block in section.blocks:
        found += _block_texts(block)
    for part in section.parts:
        found += _section_texts(part)
    return found


def _block_texts(block: Block) -> list[str]:
    match block:
        case Paragraph(text=text):
            return [text]
        case Bullets():
            return [*block.items, *block.heads]
        case Cards(cards=cards):
            return [text for card in cards for text in (card.title, card.value, card.hint)]
        case Table():
            cells = [cell for row in (*block.rows, block.total or ()) for cell in row]
            said = [block.number, block.title, block.note, block.source and f"{SOURCE}{block.source}"]
            return [*said, *(column.title for column in block.columns), *cells]
        case Figure():
            return [block.number, block.title, block.note, block.alt]
