"""Save a figure as PNG (300 dpi) and SVG with bytes that depend on its content alone."""

from __future__ import annotations

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from layout_planner.figures.style import use_style

DPI = 300
_SVG_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))


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
        figure.savefig(png, dpi=DPI, metadata={"Software": None})
        FigureCanvasSVG(figure)
        figure.savefig(svg, metadata=_SVG_METADATA)
    figure.clear()
    return [png, svg]
