"""Put labels on a map so that they cover neither points nor one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from layout_planner.figures import style

_GAP: Final = 2.0  # points between symbol and label
_DIRECTIONS: Final = (
    (1, 0, "left", "center"),
    (-1, 0, "right", "center"),
    (0, 1, "center", "bottom"),
    (0, -1, "center", "top"),
    (0.8, 0.8, "left", "bottom"),
    (0.8, -0.8, "left", "top"),
    (-0.8, 0.8, "right", "bottom"),
    (-0.8, -0.8, "right", "top"),
)


@dataclass(frozen=True)
class Label:
    """A text beside a point; `free` labels belong to an area and may be moved farther."""

    text: str
    x: float
    y: float
    radius: float = 0.0  # of the symbol. [pt]
    size: float = 6.6
    bold: bool = False
    colour: str = style.INK
    free: bool = False
    leader: bool = False  # may stand off, joined to its point by a thin line


def place(ax: Axes, labels: Sequence[Label], symbols: Sequence[tuple[float, float, float]]) -> list[str]:
    """Place labels in order of importance; one that finds no room is left out.

    Parameters
    ----------
    ax
        Map with its final limits and position.
    labels
        Labels, the most important first.
    symbols
        x, y in data units and radius in points of every symbol drawn: labels keep off them.

    Returns
    -------
    list
        Texts that found no room.
    """
    figure = style.figure_of(ax)
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    ax.apply_aspect()
    scale = figure.dpi / 72
    frame = ax.get_window_extent(renderer)
    taken = [_box_of_symbol(ax, spot, scale) for spot in symbols]
    taken += [Bbox.from_bounds(frame.x0, frame.y0, 0.3 * frame.width, 0.085 * frame.height)]  # the scale bar
    left_out = []
    for label in labels:
        x, y = ax.transData.transform((label.x, label.y))
        if not frame.contains(x, y):
            continue
        found = _try(ax, label, renderer, taken, frame)
        if found is None:
            left_out.append(label.text)
        else:
            taken.append(found)
    return left_out


def _box_of_symbol(ax: Axes, spot: tuple[float, float, float], scale: float) -> Bbox:
    x, y = ax.transData.transform(spot[:2])
    half = spot[2] * scale * 0.85
    return Bbox.from_extents(x - half, y - half, x + half, y + half)


def _try(ax: Axes, label: Label, renderer: object, taken: Sequence[Bbox], frame: Bbox) -> Bbox | None:
    """Draw the label at the first free place; None where there is none."""
    reaches = (0.0, 8.0, 16.0, 26.0) if label.free else (label.radius + _GAP, label.radius + 8.0)
    if label.leader:
        reaches = (*reaches, *(label.radius + step for step in (16.0, 26.0, 38.0, 52.0)))
    for reach in reaches:
        for dx, dy, align, side in ((0, 0, "center", "center"),) if reach == 0 else _DIRECTIONS:
            text = _annotate(ax, label, (dx * reach, dy * reach), align, side)
            box = text.get_window_extent(renderer).padded(1.0)  # type: ignore[arg-type]
            inside = frame.contains(box.x0, box.y0) and frame.contains(box.x1, box.y1)
            if inside and not any(box.overlaps(other) for other in taken):
                return box
            text.remove()
    return None


def _annotate(ax: Axes, label: Label, offset: tuple[float, float], align: str, side: str) -> Annotation:
    far = label.leader and max(map(abs, offset)) > label.radius + 10
    line = {"arrowstyle": "-", "color": style.MUTED, "linewidth": 0.5, "shrinkA": 0, "shrinkB": label.radius}
    return ax.annotate(
        label.text, (label.x, label.y), offset, textcoords="offset points", ha=align, va=side, fontsize=label.size,
        fontweight="bold" if label.bold else "normal", color=label.colour, path_effects=style.halo(),
        arrowprops=line if far else None, zorder=8,
    )  # fmt: skip


def short_place(name: str) -> str:
    """Cut the name of a village or community to what fits on a map."""
    for tail in ("村民委员会", "居民委员会"):
        name = name.removesuffix(tail)
    return name
