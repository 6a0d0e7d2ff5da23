"""Map of villages: minutes of the youngest pupils to school, worst case."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import geopandas as gpd
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from layout_planner.figures import basemap, style
from layout_planner.figures.basemap import BaseMap
from layout_planner.figures.labels import Label, place, short_place
from layout_planner.figures.numbers import whole
from layout_planner.figures.style import Note

_MARKERS: Final = ("o", "o", "o", "s")
_LABELLED: Final = 25


def plot_minutes_map(
    villages: gpd.GeoDataFrame,
    base: BaseMap,
    *,
    limit: float,
    column: str = "minutes_nearest",
    ax: Axes | None = None,
    note: Note | None = None,
) -> Axes:
    """Map villages by minutes to school in the worst case; size shows children.

    Parameters
    ----------
    villages
        Rows of `access` of one grade band with a point in the CRS of `base`: village_name, children, `column`.
        [children, min]
    base
        Town cells and roads.
    limit
        Limit of the rule, the upper end of the third class; the two classes below are thirds of it. [min]
    column
        `minutes_nearest`, `minutes_attended` or `minutes_worst`.
    ax
        Axes to draw on, legend inside; a sheet with legend and close-up when None.
    note
        Source, date, stamp and 审图号; None leaves them to the caller.

    Returns
    -------
    Axes
        The main map.
    """
    points = base.check(villages, "villages").assign(level=_levels(villages[column].to_numpy(float), limit))
    points = points.sort_values(["level", "children"], ascending=[True, False])
    top = max(float(points["children"].max()), 1.0)
    blocks = [("最不利情形下单程时间", _handles(points, limit)), ("儿童（人）", _size_handles(top))]
    if ax is not None:
        basemap.draw_base(ax, base)
        _draw(ax, points, top)
        basemap.legend(ax, blocks, inside=True)
        return ax
    sheet = basemap.new_sheet(base, points)
    for one in sheet.maps:
        _draw(one, points, top)
    basemap.legend(sheet.side, blocks)
    _label(sheet, base, points, top)
    total = f"n = {len(points)} 个村（社区），在县内就读的儿童 {whole(points['children'].sum())} 人"
    basemap.finish_map(sheet, base, _TITLES[column], note.with_n(total) if note else None)
    return sheet.main


_TITLES: Final = {
    "minutes_nearest": "小学一至三年级儿童到最近学校的时间",
    "minutes_attended": "小学一至三年级儿童到就读学校的平均时间",
    "minutes_worst": "小学一至三年级儿童到就读学校的最长时间",
}


def _levels(minutes: np.ndarray, limit: float) -> np.ndarray:
    """Class 0–3 by thirds of the limit; 4 where there is no route."""
    level = np.searchsorted((limit / 3, 2 * limit / 3, limit), minutes, side="left")
    return np.where(np.isnan(minutes), 4, level)


def _area(children: float, top: float) -> float:
    return 9.0 + 75.0 * float(children) / top


def _draw(ax: Axes, points: gpd.GeoDataFrame, top: float) -> None:
    for level, rows in points.groupby("level"):
        sizes = [_area(children, top) for children in rows["children"].fillna(0)]
        if level == len(_MARKERS):
            ax.scatter(rows.geometry.x, rows.geometry.y, s=30, marker="x", color=style.INK, linewidth=1.4, zorder=5.5)
        else:
            ax.scatter(
                rows.geometry.x, rows.geometry.y, s=sizes, marker=_MARKERS[level],
                facecolor=style.MINUTE_COLOURS[level], edgecolor=style.INK, linewidth=0.5, zorder=5 + level / 10,
            )  # fmt: skip


def _handles(points: gpd.GeoDataFrame, limit: float) -> list[Line2D]:
    ends = [0.0, limit / 3, 2 * limit / 3, limit]
    texts = [f"{low:g}–{high:g} 分钟" for low, high in pairwise(ends)] + [f"超过 {limit:g} 分钟"]
    counts = points["level"].value_counts()
    handles = [
        Line2D(
            [], [], linestyle="none", marker=_MARKERS[level], markersize=6, markeredgecolor=style.INK,
            markerfacecolor=style.MINUTE_COLOURS[level], markeredgewidth=0.5,
            label=f"{text}：{counts.get(level, 0)} 村",
        )
        for level, text in enumerate(texts)
    ]  # fmt: skip
    if lost := counts.get(len(texts), 0):
        look: dict[str, Any] = {"linestyle": "none", "marker": "x", "markersize": 5.5, "color": style.INK}
        look["markeredgewidth"] = 1.4
        handles.append(Line2D([], [], label=f"无路可达：{lost} 村", **look))
    return handles


def _size_handles(top: float) -> list[Line2D]:
    shown = sorted({max(round(top / 10), 1), max(round(top / 2), 1), max(round(top), 1)})
    return [
        Line2D(
            [], [], linestyle="none", marker="o", markersize=_area(step, top) ** 0.5, markerfacecolor="none",
            markeredgecolor=style.MUTED, label=f"{step:,}",
        )
        for step in shown
    ]  # fmt: skip


def _label(sheet: basemap.Sheet, base: BaseMap, points: gpd.GeoDataFrame, top: float) -> None:
    """Name townships and the villages over the limit, the most children first."""
    radii = [_area(children, top) ** 0.5 / 2 for children in points["children"].fillna(0)]
    symbols = list(zip(points.geometry.x, points.geometry.y, radii, strict=True))
    far = points[(points["level"] >= len(_MARKERS) - 1) & (points["children"] > 0)].nlargest(_LABELLED, "children")
    names = [
        Label(short_place(str(name)), x, y, _area(children, top) ** 0.5 / 2, size=6.0)
        for name, x, y, children in zip(
            far["village_name"], far.geometry.x, far.geometry.y, far["children"], strict=True
        )
    ]
    place(
        sheet.main, basemap.town_labels(base) + [name for name in names if not sheet.in_window(name.x, name.y)], symbols
    )
    if sheet.close_up is not None:
        place(sheet.close_up, [name for name in names if sheet.in_window(name.x, name.y)], symbols)
