"""Map of schools: pupils against seats (学位利用率)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import geopandas as gpd
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from layout_planner.figures import basemap, style
from layout_planner.figures.basemap import BaseMap
from layout_planner.figures.labels import Label, place
from layout_planner.figures.numbers import rounded
from layout_planner.figures.style import Note

USE_CLASSES: Final = (0.5, 0.8, 1.0, 1.2)  # upper ends of the classes but the last. [-]
USE_LABELS: Final = ("不到 50%", "50%–80%", "80%–100%", "100%–120%", "120% 以上")
_AREA_MIN, _AREA_MAX = 16.0, 230.0  # symbol area. [pt²]
_EMPTY_AREA: Final = 34.0  # of the symbol of an empty school. [pt²]
_LABELLED: Final = 3  # of the largest schools


def plot_capacity_map(
    schools: gpd.GeoDataFrame,
    base: BaseMap,
    *,
    ax: Axes | None = None,
    note: Note | None = None,
    title: str = "学校现状分布与学位利用率",
) -> Axes:
    """Map schools by use of seats (colour and shape) and by pupils (size).

    Parameters
    ----------
    schools
        One row per school, of one stage: school_name, pupils_now, seats, use and a point in the CRS of `base`.
        [pupils, seats, -]
    base
        Town cells and roads.
    ax
        Axes to draw on, legend inside; a sheet with legend and close-up when None.
    note
        Source, date, stamp and 审图号; None leaves them to the caller.
    title
        Title of a new sheet.

    Returns
    -------
    Axes
        The main map.
    """
    points = base.check(schools, "schools").sort_values("pupils_now", ascending=False, na_position="last")
    top = max(float(points["pupils_now"].max()), 1.0)
    blocks = [("在校生 ÷ 学位（方形为超过学位）", _class_handles(points)), ("在校生（人）", _size_handles(top))]
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
    pupils, places = (sum(map(rounded, points[column].dropna())) for column in ("pupils_now", "seats"))
    total = f"n = {len(points)} 所，在校生 {pupils:,} 人，学位 {places:,} 个"
    basemap.finish_map(sheet, base, title, note.with_n(total) if note else None)
    return sheet.main


def _area(pupils: float, top: float) -> float:
    return _AREA_MIN + (_AREA_MAX - _AREA_MIN) * float(pupils) / top


def _class(use: float) -> int:
    return int(np.searchsorted(USE_CLASSES, use, side="left"))


def _kind(pupils: float, seats: float, use: float) -> str:
    """Kind of symbol: empty, unknown, or the class of use as a digit."""
    if pupils == 0:
        return "empty"
    if not seats > 0 or np.isnan(use):
        return "unknown"
    return str(_class(use))


def _symbol(kind: str) -> dict[str, object]:
    """Look of a symbol; shape repeats what colour says."""
    if kind == "empty":
        return {"marker": "X", "facecolor": "white", "edgecolor": style.INK, "linewidth": 0.9}
    if kind == "unknown":
        return {"marker": "D", "facecolor": "white", "edgecolor": style.MUTED, "linewidth": 0.9}
    number = int(kind)
    over = USE_CLASSES.index(1.0) < number
    return {
        "marker": "s" if over else "o",
        "facecolor": style.USE_COLOURS[number],
        "edgecolor": style.INK,
        "linewidth": 1.3 if over else 0.6,
    }


def _kinds(points: gpd.GeoDataFrame) -> list[str]:
    rows = zip(points["pupils_now"], points["seats"], points["use"], strict=True)
    return [_kind(pupils, seats, use) for pupils, seats, use in rows]


def _draw(ax: Axes, points: gpd.GeoDataFrame, top: float) -> None:
    kinds = _kinds(points)
    for x, y, pupils, kind in zip(
        points.geometry.x, points.geometry.y, points["pupils_now"].fillna(0), kinds, strict=True
    ):
        size = _EMPTY_AREA if kind == "empty" else _area(pupils, top)
        ax.scatter([x], [y], s=size, zorder=5, **_symbol(kind))  # type: ignore[arg-type]


def _handle(kind: str, text: str, size: float = 6.5) -> Line2D:
    look = _symbol(kind)
    return Line2D(
        [], [], linestyle="none", marker=str(look["marker"]), markersize=size, markerfacecolor=str(look["facecolor"]),
        markeredgecolor=str(look["edgecolor"]), markeredgewidth=float(str(look["linewidth"])), label=text,
    )  # fmt: skip


def _class_handles(points: gpd.GeoDataFrame) -> list[Line2D]:
    kinds = _kinds(points)
    handles = [_handle(str(number), f"{text}：{kinds.count(str(number))} 所") for number, text in enumerate(USE_LABELS)]
    for kind, text in (("empty", "无学生（空壳学校）"), ("unknown", "学位不详（—）")):
        if kind in kinds:
            handles.append(_handle(kind, f"{text}：{kinds.count(kind)} 所"))
    return handles


def _size_handles(top: float) -> list[Line2D]:
    steps = [factor * 10**power for power in range(1, 5) for factor in (1, 2, 5)]
    largest = max([step for step in steps if step <= top], default=1)
    shown = sorted({max(largest // 20, 1), max(largest // 4, 1), largest})
    return [
        Line2D(
            [], [], linestyle="none", marker="o", markersize=_area(step, top) ** 0.5, markerfacecolor="none",
            markeredgecolor=style.MUTED, label=f"{step:,}",
        )
        for step in shown
    ]  # fmt: skip


def _label(sheet: basemap.Sheet, base: BaseMap, points: gpd.GeoDataFrame, top: float) -> None:
    """Name townships, then schools over their seats, empty ones and the largest; all schools of the close-up."""
    kinds = _kinds(points)
    areas = [_area(pupils, top) if pupils > 0 else _EMPTY_AREA for pupils in points["pupils_now"].fillna(0)]
    radii = [area**0.5 / 2 for area in areas]
    symbols = list(zip(points.geometry.x, points.geometry.y, radii, strict=True))
    names = [
        Label(str(name), x, y, radius, leader=True)
        for name, (x, y, radius) in zip(points["school_name"], symbols, strict=True)
    ]
    wanted = [
        name
        for at, (name, kind) in enumerate(zip(names, kinds, strict=True))
        if kind in {"empty", "3", "4"} or at < _LABELLED
    ]
    place(
        sheet.main,
        basemap.town_labels(base) + [name for name in wanted if not sheet.in_window(name.x, name.y)],
        symbols,
    )
    if sheet.close_up is not None:
        place(sheet.close_up, [replace(name, size=6.0) for name in names if sheet.in_window(name.x, name.y)], symbols)
