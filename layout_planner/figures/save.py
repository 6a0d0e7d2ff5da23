"""Save a figure as PNG (300 dpi) and SVG with bytes that depend on its content alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.text import Text

from layout_planner.figures.style import HALO_PT, use_style

DPI: Final = 300
_SVG_METADATA: Final = dict.fromkeys(("Date", "Creator", "Format", "Type"))
_HALO: Final = "halo-"
_SCALE: Final = re.compile(r"scale\(([0-9.]+)")
_LONG: Final = re.compile(r"(-?\d+\.\d\d)\d+")


def save_figure(figure: Figure, stem: Path) -> list[Path]:
    """Write ``stem.png`` and ``stem.svg`` and empty the figure.

    Parameters
    ----------
    figure
        Finished figure; its size in inches is kept (16 cm wide in our style).
    stem
        Path without extension; its folder exists.

    Returns
    -------
    list
        The two files.
    """
    png, svg = stem.with_name(f"{stem.name}.png"), stem.with_name(f"{stem.name}.svg")
    with use_style():
        FigureCanvasAgg(figure)
        figure.savefig(png, dpi=DPI, metadata={"Software": None}, pil_kwargs={"compress_level": 3})
        _mark_halos(figure)
        FigureCanvasSVG(figure)
        figure.savefig(svg, metadata=_SVG_METADATA)
    lines = svg.read_text(encoding="utf-8").splitlines()
    svg.write_text("\n".join(_draw_halos(_shorten(lines))) + "\n", encoding="utf-8", newline="\n")
    figure.clear()
    return [png, svg]


def _mark_halos(figure: Figure) -> None:
    """Take the halo effect off every text and leave a mark: in SVG the effect would copy each outline twice."""
    haloed = (text for text in figure.findobj(Text) if text.get_path_effects())
    for number, text in enumerate(haloed):
        text.set_path_effects([])
        text.set_gid(f"{_HALO}{number}")


def _shorten(lines: Iterable[str]) -> Iterator[str]:
    """Cut path coordinates to a hundredth of a point."""
    for line in lines:
        yield line if "scale(" in line else _LONG.sub(r"\1", line)


def _draw_halos(lines: Iterable[str]) -> Iterator[str]:
    """Draw the glyphs of marked texts twice: white with a thick line, then as they are."""
    depth, inside, scale = 0, -1, 1.0
    glyphs: list[str] = []
    for line in lines:
        if inside >= 0 and "<use " in line:
            glyphs.append(line)
            continue
        if glyphs:
            yield f'<g style="fill: #fff; stroke: #fff; stroke-width: {HALO_PT / scale:.2f}; stroke-linejoin: round">'
            yield from glyphs
            yield "</g>"
            yield from glyphs
            glyphs = []
        if line.lstrip().startswith("<g") and not line.rstrip().endswith("/>"):
            depth += 1
            if f'<g id="{_HALO}' in line:
                inside = depth
            if found := _SCALE.search(line):
                scale = float(found[1])
        elif "</g>" in line:
            inside = -1 if depth == inside else inside
            depth -= 1
        yield line
