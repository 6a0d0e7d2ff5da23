"""One style for every figure: font, sizes, colours that hold in grey and for colour-blind readers, note line.

Nothing happens at import: ``with use_style():`` registers the shipped fonts and sets matplotlib's parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.ft2font import FT2Font
from matplotlib.patheffects import Normal, withStroke

FAMILY: Final = "LayoutPlan Sans SC"
_LINE: Final = 124  # half-width letters that fit in the note line
WEIGHTS: Final = ("Regular", "Bold")
HALO_PT: Final = 2.0  # width of the white line about a label. [pt]
CM: Final = 1 / 2.54  # inches
WIDTH_CM: Final = 16.0
INK: Final = "#1f2933"
MUTED: Final = "#5b6672"
RULE_LINE: Final = "#c9d0d6"
GROUND: Final = "#f6f6f3"
BLUE: Final = "#1f5f99"
BLUE_LIGHT: Final = "#9dc3e3"
ORANGE: Final = "#c2570c"
ORANGE_LIGHT: Final = "#f6c78f"
RED: Final = "#b3261e"
UNBORN: Final = "#efe6d8"
UNBORN_HATCH: Final = "#c3b291"
USE_COLOURS: Final = ("#1f5f99", "#7db1d8", "#d8e8f3", "#f8c78c", "#c9590a")  # use of seats, diverging about 100 %
MINUTE_COLOURS: Final = ("#fdf0d5", "#f5bd74", "#dc7a1c", "#7a2d04")  # light to dark: near to far
ROAD_STYLE: Final[dict[str, tuple[str, float]]] = {
    "expressway": ("#7a6f5f", 1.9),
    "trunk": ("#8d8273", 1.5),
    "county": ("#a39a8c", 1.0),
    "township": ("#b9b2a6", 0.7),
    "village": ("#ccc6bc", 0.45),
    "track": ("#ccc6bc", 0.35),
    "path": ("#d8d3ca", 0.3),
    "ferry": ("#7db1d8", 0.7),
}
RC: Final[Any] = {
    "font.family": [FAMILY, "DejaVu Sans"],
    "font.size": 8.0,
    "axes.titlesize": 9.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.0,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "hatch.linewidth": 0.5,
    "grid.color": RULE_LINE,
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.6,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.dpi": 100.0,
    "savefig.dpi": 300.0,
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "layout-planner",
}


@dataclass(frozen=True)
class Note:
    """What stands under every figure: where the data come from, of which day, real or made."""

    source: str
    data_date: str
    synthetic: bool
    n: str = ""
    approval: str = ""  # 审图号, when a map has one

    def with_n(self, n: str) -> Note:
        """Return the same note with the number of cases."""
        return Note(self.source, self.data_date, self.synthetic, n, self.approval)


def font_path(weight: str) -> Path:
    """Path of a shipped font file."""
    return Path(str(resources.files("layout_planner.figures") / "fonts" / f"LayoutPlanSansSC-{weight}.ttf"))


@cache
def register_fonts() -> None:
    """Make the shipped fonts known to matplotlib (once)."""
    for weight in WEIGHTS:
        fontManager.addfont(font_path(weight))


@contextmanager
def use_style() -> Iterator[None]:
    """Draw and save inside this context: shipped fonts, our sizes and colours."""
    register_fonts()
    with mpl.rc_context(RC):
        yield


@cache
def _faces() -> tuple[FT2Font, ...]:
    return tuple(FT2Font(str(font_path(weight))) for weight in WEIGHTS)


def missing_glyphs(texts: Iterable[str]) -> set[str]:
    """Characters that one of the shipped fonts lacks and that would print as an empty box.

    Parameters
    ----------
    texts
        Names and sentences that will be printed.

    Returns
    -------
    set
        The lacking characters; spaces and line ends are never counted.
    """
    letters = {letter for text in texts for letter in text if not letter.isspace()}
    return {letter for letter in letters if any(face.get_char_index(ord(letter)) == 0 for face in _faces())}


def halo() -> list[Any]:
    """White halo that keeps a label readable on a map."""
    return [withStroke(linewidth=HALO_PT, foreground="white"), Normal()]


def new_figure(height_cm: float, *, width_cm: float = WIDTH_CM) -> Figure:
    """Make an empty figure of printing size, outside pyplot's list of figures."""
    return Figure(figsize=(width_cm * CM, height_cm * CM))


def figure_of(ax: Axes) -> Figure:
    """Return the top figure of an axes."""
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    return figure


def chart_axes(
    rows: int = 1, columns: int = 1, *, height_cm: float = 8.0, left_cm: float = 1.5, head_cm: float = 1.45
) -> list[Axes]:
    """Axes of a new chart: title, stamp and one legend line above, note line below."""
    figure = new_figure(height_cm)
    grid = figure.add_gridspec(
        rows, columns, left=left_cm / WIDTH_CM, right=1 - 0.45 / WIDTH_CM, bottom=1.55 / height_cm,
        top=1 - (head_cm + (0.0 if rows == columns == 1 else 0.6)) / height_cm, hspace=0.36, wspace=0.2,
    )  # fmt: skip
    return [figure.add_subplot(grid[row, column]) for row in range(rows) for column in range(columns)]


def legend_line(figure: Figure, handles: Sequence[Artist], *, left_cm: float = 1.0) -> None:
    """One line of legend under the title."""
    height = figure.get_figheight() / CM
    figure.legend(
        handles=list(handles), loc="upper left", bbox_to_anchor=(left_cm / WIDTH_CM, 1 - 0.78 / height),
        ncols=len(handles), columnspacing=1.3, handletextpad=0.5, borderaxespad=0, borderpad=0,
    )  # fmt: skip


def note_text(note: Note) -> str:
    """Write the note line as one text."""
    parts = [f"数据来源：{note.source}", f"数据时点：{note.data_date}"]
    if note.n:
        parts.append(note.n)
    if note.synthetic:
        parts.append("模拟数据，不代表任何真实学校")
    return fill(parts, _LINE)


def _width(text: str) -> int:
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)


def fill(parts: Sequence[str], width: int) -> str:
    """Join parts by a bar into lines of at most `width` half-width letters; a part is never broken."""
    lines: list[str] = []
    for part in parts:
        joined = f"{lines[-1]} ｜ {part}" if lines else part
        if lines and _width(joined) <= width:
            lines[-1] = joined
        else:
            lines.append(part)
    return "\n".join(lines)


def finish(figure: Figure, title: str, note: Note | None, *, extra: str = "") -> None:
    """Write title, note line and, for made data, the 模拟数据 stamp on a figure.

    Parameters
    ----------
    figure
        Figure whose axes are drawn.
    title
        Title at the top left.
    note
        Source, date and number of cases; None leaves the note line out.
    extra
        A sentence put before the note line.
    """
    height = figure.get_figheight() / CM
    figure.text(0.012, 1 - 0.22 / height, title, ha="left", va="top", fontsize=10.5, fontweight="bold")
    if note is None:
        return
    text = "\n".join(part for part in (extra, note_text(note)) if part)
    figure.text(0.012, 0.18 / height, text, ha="left", va="bottom", fontsize=6.8, color=MUTED, linespacing=1.35)
    if note.synthetic:
        figure.text(
            0.988, 1 - 0.2 / height, "模拟数据", ha="right", va="top", fontsize=8.5, fontweight="bold", color=RED,
            bbox={"boxstyle": "square,pad=0.25", "edgecolor": RED, "facecolor": "white", "linewidth": 0.9},
        )  # fmt: skip
