"""Build the one document model of a run from its finished tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from layout_planner.reports.inputs import FigureEntry, ReportInputs
from layout_planner.reports.model import Block, Document, Figure, Section, Table
from layout_planner.reports.sections import SECTIONS

CHINESE_DIGITS: Final = "一二三四五六七八九十"
APPENDIX: Final = "appendix"
CHAPTERS: Final = {"3": "forecast", "4": "seats", "5": "access", "6": "options"}
SOURCES: Final = {"rules": "tables/findings.csv"}  # of the tables of a section that do not name their own
HOMES: Final = {"图2-2": "seats", "图4-4": "access"}  # figures whose number is not that of their section
PARTS: Final = {"图3-4": "accuracy"}  # figures that stand in a part of their section


def build_document(inputs: ReportInputs) -> Document:
    """Put the report together: sections in their order, figures where they belong, both numbered by section and place.

    Parameters
    ----------
    inputs
        Finished tables, figures and the record of the run; nothing is computed but sums of what is printed.

    Returns
    -------
    Document
        Plain texts and printed cells: writers only lay out.
    """
    keys = [key for key, _ in SECTIONS]
    sections = []
    for at, (key, build) in enumerate(SECTIONS):
        here = [entry for entry in inputs.figures if _home(entry, keys) == key]
        section = build(inputs)
        figures = [(_part_of(entry, section), entry) for entry in here]
        figures.sort(key=lambda pair: pair[0] != "")  # those of the parts come after those of the section
        section = replace(_with_figures(section, figures, at + 1), number=CHINESE_DIGITS[at])
        sections.append(_numbered(section, at + 1, [0], SOURCES.get(key, "")))
    return Document(
        title="义务教育学校布局分析报告",
        county=inputs.county,
        subtitle=f"基准年 {inputs.base_year} 学年，预测至 {inputs.last_year} 学年",
        synthetic=inputs.synthetic,
        meta=_meta(inputs),
        sections=tuple(sections),
    )


def _meta(inputs: ReportInputs) -> tuple[tuple[str, str], ...]:
    rows = [
        ("县（区）", f"{inputs.county}（{inputs.code}）"),
        ("统计时点", f"{inputs.base_year} 年 9 月 1 日（学年初）"),
        ("预测期", f"{inputs.base_year}–{inputs.last_year} 学年"),
    ]
    if inputs.synthetic:
        rows.append(("数据性质", "模拟数据，不代表任何真实学校"))
    return tuple(rows)


def _home(entry: FigureEntry, keys: list[str]) -> str:
    if entry.section in keys:
        return entry.section
    return HOMES.get(entry.number) or CHAPTERS.get(entry.number.removeprefix("图")[:1], APPENDIX)


def _figure(entry: FigureEntry, number: str) -> Figure:
    return Figure(number, entry.title, entry.svg, entry.alt, entry.note)


def _part_of(entry: FigureEntry, section: Section) -> str:
    """Key of the part that a figure stands in; empty for the section itself."""
    key = PARTS.get(entry.number, "")
    return key if key in {part.key for part in section.parts} else ""


def _with_figures(section: Section, figures: Sequence[tuple[str, FigureEntry]], chapter: int) -> Section:
    """Figures, numbered by chapter and place, stand after the opening text of the section or of their part."""
    made = [(key, _figure(entry, f"图{chapter}-{place}")) for place, (key, entry) in enumerate(figures, 1)]
    parts = tuple(
        replace(part, blocks=_opened(part, [figure for key, figure in made if key == part.key]))
        for part in section.parts
    )
    return replace(section, blocks=_opened(section, [figure for key, figure in made if not key]), parts=parts)


def _opened(section: Section, figures: Sequence[Figure]) -> tuple[Block, ...]:
    """Blocks with the figures before the first table."""
    first = next((at for at, block in enumerate(section.blocks) if isinstance(block, Table)), len(section.blocks))
    return (*section.blocks[:first], *figures, *section.blocks[first:])


def _numbered(section: Section, chapter: int, counter: list[int], source: str) -> Section:
    """Give numbers by chapter and place, and the source, to the tables of a section and of its parts."""
    blocks: list[Block] = []
    for block in section.blocks:
        if isinstance(block, Table):
            counter[0] += 1
            blocks.append(replace(block, number=f"表{chapter}-{counter[0]}", source=block.source or source))
        else:
            blocks.append(block)
    parts = tuple(_numbered(part, chapter, counter, source) for part in section.parts)
    return replace(section, blocks=tuple(blocks), parts=parts)
