"""Rebuild the two shipped fonts: a subset of Noto Sans SC Regular and Bold under our own family name.

The source is the npm package ``@expo-google-fonts/noto-sans-sc`` 0.4.3 (static TrueType files, OFL-1.1)::

    npm pack @expo-google-fonts/noto-sans-sc@0.4.3 && tar xzf expo-google-fonts-noto-sans-sc-0.4.3.tgz
    python tools/build_fonts.py package

The characters stand in ``tools/font_characters.txt``: GB 2312, the 8,105 characters of the Table of General Standard
Chinese Characters (通用规范汉字表, 2013), Latin, and the signs that our figures and reports print. That list is made
once from Python's GB 2312 codec and the field kTGH of Unihan (Debian package ``unicode-data``)::

    python tools/build_fonts.py package --characters-from Unihan_OtherMappings.txt

The same source and the same fontTools give the same bytes: the time stamps in the font are fixed.
"""

from __future__ import annotations

import argparse
import hashlib
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.ttLib import TTFont

HERE = Path(__file__).resolve().parent
LIST = HERE / "font_characters.txt"
FONTS = HERE.parent / "layout_planner" / "figures" / "fonts"
FAMILY = "LayoutPlan Sans SC"
WEIGHTS = {"Regular": "400Regular/NotoSansSC_400Regular.ttf", "Bold": "700Bold/NotoSansSC_700Bold.ttf"}
EPOCH = 3_786_912_000  # 2024-01-01T00:00:00Z in seconds since 1904, the clock of the head table
STANDARD_SIZE = 8105  # characters in 通用规范汉字表
SIGNS = (
    "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳㎡㎞㎏−–—―…‰°′″→←↑↓↔⇒≤≥≠≈×÷±√∑∞∩∪∈"
    "●○◎◆◇■□▲△▼▽★☆◐◑✓·•※§¶〔〕【】《》〈〉「」『』〖〗、。・〇〃々￥"
)
BLOCKS = (
    (0x0020, 0x007E),  # ASCII
    (0x00A0, 0x00FF),  # Latin-1
    (0x0391, 0x03C9),  # Greek
    (0x2010, 0x2026),  # dashes, quotation marks, ellipsis
    (0x2160, 0x217B),  # Roman numerals
    (0x2460, 0x249B),  # circled and bracketed numbers
    (0x2500, 0x257F),  # box drawing
    (0x2581, 0x258F),  # bars
    (0x3000, 0x3017),  # CJK punctuation
    (0x3220, 0x3229),  # ㈠…㈩
    (0xFF01, 0xFF5E),  # full-width forms
)
PINYIN = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜüêńňǹḿ"


def gb2312() -> set[int]:
    """Every character that Python's GB 2312 codec can decode."""
    found: set[int] = set()
    for lead in range(0xA1, 0xF8):
        for trail in range(0xA1, 0xFF):
            text = bytes((lead, trail)).decode("gb2312", errors="ignore")
            found.update(map(ord, text))
    return found


def standard_characters(unihan: Path) -> set[int]:
    """The 8,105 characters of 通用规范汉字表 from the field kTGH of Unihan."""
    rows = (line.split("\t") for line in unihan.read_text(encoding="utf-8").splitlines() if line.startswith("U+"))
    found = {int(row[0][2:], 16) for row in rows if row[1] == "kTGH"}
    if len(found) != STANDARD_SIZE:
        raise SystemExit(f"{unihan}: {len(found)} characters with kTGH, {STANDARD_SIZE} expected")
    return found


def wanted(unihan: Path, source: Path) -> set[int]:
    """All code points of the list: every standard Chinese character, and of the signs those that the source has."""
    blocks = {point for first, last in BLOCKS for point in range(first, last + 1)}
    printable = {point for point in blocks if unicodedata.category(chr(point)) not in {"Cn", "Cc"}}
    have = set(TTFont(source).getBestCmap())
    standard = standard_characters(unihan)
    if lost := standard - have:
        raise SystemExit(f"{source}: {len(lost)} standard characters are not in the font")
    return (gb2312() | standard | printable | set(map(ord, SIGNS + PINYIN))) & have


def ranges(points: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Runs of neighbouring code points."""
    ordered = sorted(points)
    first = last = ordered[0]
    for point in ordered[1:]:
        if point != last + 1:
            yield first, last
            first = point
        last = point
    yield first, last


def write_list(points: set[int]) -> None:
    """Write the list as hexadecimal runs, twelve a line."""
    words = [f"{a:04X}" if a == b else f"{a:04X}-{b:04X}" for a, b in ranges(points)]
    lines = [" ".join(words[at : at + 12]) for at in range(0, len(words), 12)]
    head = [
        f"# {len(points)} code points of the shipped fonts: GB 2312, 通用规范汉字表 (2013, 8,105 characters),",
        "# Latin and the signs that figures and reports print.",
        "# Made by tools/build_fonts.py --characters-from; hexadecimal, A-B is a run.",
    ]
    LIST.write_text("\n".join(head + lines) + "\n", encoding="utf-8", newline="\n")


def read_list(path: Path = LIST) -> list[int]:
    """Code points of the list, sorted."""
    points: list[int] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            for word in line.split():
                first, _, last = word.partition("-")
                points.extend(range(int(first, 16), int(last or first, 16) + 1))
    return points


def rename(font: Any, weight: str) -> None:
    """Give the font our family name; keep copyright and licence."""
    table = font["name"]
    keep = {0, 5, 13, 14}
    table.names = [record for record in table.names if record.nameID in keep and record.platformID == 3]
    postscript = f"{FAMILY.replace(' ', '')}-{weight}"
    texts = {1: FAMILY, 2: weight, 3: f"layout-planner;{postscript}", 4: f"{FAMILY} {weight}", 6: postscript}
    for number, text in texts.items():
        table.setName(text, number, 3, 1, 0x409)


def build(source: Path, weight: str, points: list[int]) -> Path:
    """Subset one weight and write it."""
    options = subset.Options()
    options.hinting = False
    options.layout_features = ["kern"]
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.notdef_outline = True
    options.glyph_names = False
    options.drop_tables += ["vhea", "vmtx", "VORG", "DSIG", "STAT", "BASE", "meta", "gasp"]
    font = TTFont(source, recalcTimestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=points)
    cutter.subset(font)
    rename(font, weight)
    font["head"].created = font["head"].modified = EPOCH
    target = FONTS / f"LayoutPlanSansSC-{weight}.ttf"
    font.save(target, reorderTables=True)
    return target


def main() -> None:
    """Parse the command line, make the list if asked, build both weights and the licence text."""
    parser = argparse.ArgumentParser(description="Rebuild the shipped fonts from Noto Sans SC.")
    parser.add_argument("package", type=Path, help="unpacked npm package @expo-google-fonts/noto-sans-sc 0.4.3")
    parser.add_argument("--characters-from", type=Path, default=None, help="Unihan_OtherMappings.txt: renew the list")
    options = parser.parse_args()
    if options.characters_from is not None:
        write_list(wanted(options.characters_from, options.package / WEIGHTS["Regular"]))
    points = read_list()
    FONTS.mkdir(parents=True, exist_ok=True)
    licence = (options.package / "LICENSE_FONT").read_text(encoding="utf-8")
    (FONTS / "OFL.txt").write_text(licence, encoding="utf-8", newline="\n")
    for weight, name in WEIGHTS.items():
        target = build(options.package / name, weight, points)
        have = TTFont(target).getBestCmap()
        absent = [point for point in points if point not in have]
        digest = hashlib.sha256(target.read_bytes()).hexdigest()
        print(f"{target.name}: {target.stat().st_size:,} bytes, {len(have):,} characters, sha256 {digest}")
        print(f"  not in the source: {' '.join(f'{point:04X}' for point in absent) or 'none'}")


if __name__ == "__main__":
    main()
