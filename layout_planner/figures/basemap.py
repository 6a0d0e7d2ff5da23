"""What lies under every map: town cells, roads, scale bar, north arrow, side column with legend and a close-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Polygon, Rectangle
from matplotlib.path import Path

from layout_planner.errors import DataError
from layout_planner.figures import style
from layout_planner.figures.labels import Label
from layout_planner.figures.style import Note
from layout_planner.terms import label

KM: Final = 1000.0  # metres
_SIDE_CM: Final = 4.25  # width of the column with legend and close-up
_HEAD_CM: Final = 0.9  # title
_FOOT_CM: Final = 1.9  # roads and note lines
_LINE_PT: Final = 8.8  # height of a line in the side column
_CROWD: Final = 5  # points that make a close-up worth while
_CLOSE_UPS: Final = (0.06, 0.1, 0.14)  # sides of a close-up as a share of the map's width, the smallest that is crowded
BOUNDARY_NOTE: Final = "示意边界，不作划界依据"


@dataclass(frozen=True)
class BaseMap:
    """Town cells and roads of a county in one projected CRS, in metres.

    Parameters
    ----------
    townships
        Polygons: township_code, name.
    roads
        Lines: road_class; None where there are none.
    """

    townships: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame | None = None

    def __post_init__(self) -> None:
        for name, layer in (("townships", self.townships), ("roads", self.roads)):
            if layer is not None and (layer.crs is None or not layer.crs.is_projected):
                raise DataError("map_needs_metres", layer=name, found=str(layer.crs))

    def check(self, points: gpd.GeoDataFrame, name: str) -> gpd.GeoDataFrame:
        """Return the points if they share the CRS of the base map."""
        if points.crs != self.townships.crs:
            raise DataError("map_crs_differs", layer=name, found=str(points.crs), allowed=str(self.townships.crs))
        return points


def at_points(table: pd.DataFrame, points: gpd.GeoDataFrame, key: str) -> gpd.GeoDataFrame:
    """Join a finished table with the points of its schools or villages.

    Parameters
    ----------
    table
        One or more rows per code.
    points
        Layer with the same key column.
    key
        `school_id` or `village_code`.

    Returns
    -------
    GeoDataFrame
        The rows of `table` with their point, in the CRS of `points`.

    Raises
    ------
    DataError
        If a code has no point.
    """
    spots = points.set_index(key).geometry
    if len(lost := pd.Index(table[key].unique()).difference(spots.index)):
        raise DataError("map_point_missing", ids=list(lost))
    return gpd.GeoDataFrame(table, geometry=spots.loc[table[key]].to_numpy(), crs=points.crs)


@dataclass(frozen=True)
class Sheet:
    """A map sheet: the map, the side column, and perhaps a close-up of the densest place."""

    figure: Figure
    main: Axes
    side: Axes
    close_up: Axes | None
    window: tuple[float, float, float, float] | None  # x0, y0, x1, y1 of the close-up. [m]

    @property
    def maps(self) -> list[Axes]:
        """Both maps, the large one first."""
        return [self.main] + ([] if self.close_up is None else [self.close_up])

    def in_window(self, x: float, y: float) -> bool:
        """Whether a point lies in the close-up."""
        if self.window is None:
            return False
        x0, y0, x1, y1 = self.window
        return x0 <= x <= x1 and y0 <= y <= y1


def new_sheet(base: BaseMap, points: gpd.GeoDataFrame) -> Sheet:
    """Lay out a map sheet 16 cm wide whose height follows the shape of the county.

    Parameters
    ----------
    base
        Town cells and roads.
    points
        The points that will be drawn; where they crowd, a close-up is added.

    Returns
    -------
    Sheet
        Axes with the base map drawn.
    """
    x0, y0, x1, y1 = base.townships.total_bounds
    pad = 0.02 * max(x1 - x0, y1 - y0)
    map_cm = style.WIDTH_CM - _SIDE_CM - 0.4
    map_height = min(max(map_cm * (y1 - y0 + 2 * pad) / (x1 - x0 + 2 * pad), 9.5), 17.0)
    height = map_height + _HEAD_CM + _FOOT_CM
    figure = style.new_figure(height)
    side_left = (0.3 + map_cm) / style.WIDTH_CM
    main = figure.add_axes((0.2 / style.WIDTH_CM, _FOOT_CM / height, map_cm / style.WIDTH_CM, map_height / height))
    metres_per_cm = max((x1 - x0 + 2 * pad) / map_cm, (y1 - y0 + 2 * pad) / map_height)
    for middle, size, setter in (((x0 + x1) / 2, map_cm, main.set_xlim), ((y0 + y1) / 2, map_height, main.set_ylim)):
        setter(middle - size * metres_per_cm / 2, middle + size * metres_per_cm / 2)
    side_width = (_SIDE_CM - 0.1) / style.WIDTH_CM
    side = figure.add_axes((side_left, _FOOT_CM / height, side_width, map_height / height))
    side.set_axis_off()
    window = _crowded_window(base, points)
    close_up = None
    if window is not None:
        close_up = figure.add_axes((side_left, (_FOOT_CM + 0.05) / height, side_width, (_SIDE_CM - 0.1) / height))
        close_up.set(xlim=window[::2], ylim=window[1::2])
        _frame_window(main, close_up, window)
    sheet = Sheet(figure, main, side, close_up, window)
    for ax in sheet.maps:
        draw_base(ax, base)
    scale_bar(main)
    north_arrow(main)
    return sheet


def draw_base(ax: Axes, base: BaseMap) -> None:
    """Draw town cells and roads by class."""
    ax.set_aspect("equal", adjustable="box")
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)
    for geometry in base.townships.geometry:
        for polygon in getattr(geometry, "geoms", [geometry]):
            ax.add_patch(
                PathPatch(_polygon_path(polygon), facecolor=style.GROUND, edgecolor="#a7b0b8", linewidth=0.6, zorder=1)
            )
    if base.roads is not None:
        _draw_roads(ax, base.roads)


def _draw_roads(ax: Axes, roads: gpd.GeoDataFrame) -> None:
    for name, (colour, width) in reversed(style.ROAD_STYLE.items()):
        rows = roads[roads["road_class"] == name].geometry
        lines = [np.asarray(line.coords)[:, :2] for shape in rows for line in getattr(shape, "geoms", [shape])]
        if lines:
            dashes = "--" if name == "track" else "-"
            ax.add_collection(
                LineCollection(lines, colors=colour, linewidths=width, linestyles=dashes, zorder=2), autolim=False
            )


def _polygon_path(polygon: Any) -> Path:
    rings = [np.asarray(ring.coords)[:, :2] for ring in (polygon.exterior, *polygon.interiors)]
    return Path.make_compound_path(*(Path(ring, closed=True) for ring in rings))


def road_handles(base: BaseMap) -> list[Line2D]:
    """List the legend entries of the road classes that are drawn."""
    if base.roads is None:
        return []
    return [
        Line2D(
            [],
            [],
            color=colour,
            linewidth=width,
            linestyle="--" if name == "track" else "-",
            label=label("road_class", name),
        )
        for name, (colour, width) in style.ROAD_STYLE.items()
        if (base.roads["road_class"] == name).any()
    ]


def _crowded_window(base: BaseMap, points: gpd.GeoDataFrame) -> tuple[float, float, float, float] | None:
    """Square about the point with most neighbours; None where points do not crowd."""
    spots = points[~points.geometry.is_empty].geometry
    if len(spots) < _CROWD:
        return None
    x0, _, x1, _ = base.townships.total_bounds
    xy = np.column_stack([spots.x, spots.y])
    apart = np.abs(xy[:, None, :] - xy[None, :, :]).max(axis=2)
    for share in _CLOSE_UPS:
        half = share * (x1 - x0) / 2
        near = apart <= 0.85 * half
        best = int(near.sum(axis=1).argmax())
        if near[best].sum() >= _CROWD:
            low, high = xy[near[best]].min(axis=0), xy[near[best]].max(axis=0)
            x, y = (low + high) / 2
            return x - half, y - half, x + half, y + half
    return None


def _frame_window(main: Axes, close_up: Axes, window: tuple[float, float, float, float]) -> None:
    x0, y0, x1, y1 = window
    main.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor=style.INK, linewidth=0.8, zorder=6))
    close_up.set_title("方框内放大", fontsize=7.5, pad=3)


def finish_close_up(sheet: Sheet) -> None:
    """Draw the frame and the scale bar of the close-up."""
    if sheet.close_up is None:
        return
    for spine in sheet.close_up.spines.values():
        spine.set(visible=True, color=style.INK, linewidth=0.8)
    scale_bar(sheet.close_up)


def scale_bar(ax: Axes) -> None:
    """Draw a scale bar of a round length [km] at the lower left."""
    x0, x1 = ax.get_xlim()
    y0, y1 = ax.get_ylim()
    room = (x1 - x0) / KM / 4
    steps = [factor * 10.0**power for power in range(-1, 3) for factor in (1, 2, 5)]
    length = max([step for step in steps if step <= room], default=steps[0])
    left, bottom = x0 + 0.03 * (x1 - x0), y0 + 0.03 * (y1 - y0)
    thick = 0.008 * (y1 - y0)
    for part, colour in ((0, style.INK), (1, "white")):
        ax.add_patch(
            Rectangle(
                (left + part * length * KM / 2, bottom), length * KM / 2, thick, facecolor=colour, edgecolor=style.INK,
                linewidth=0.6, zorder=9,
            )
        )  # fmt: skip
    for share, text in ((0.0, "0"), (1.0, f"{length:g} 公里")):
        ax.text(
            left + share * length * KM, bottom + 1.6 * thick, text, ha="center" if share else "left", va="bottom",
            fontsize=6.8, path_effects=style.halo(), zorder=9,
        )  # fmt: skip


def north_arrow(ax: Axes) -> None:
    """Draw a north arrow at the upper right."""
    points = [(0.955, 0.985), (0.975, 0.925), (0.955, 0.94), (0.935, 0.925)]
    ax.add_patch(
        Polygon(points, closed=True, transform=ax.transAxes, facecolor=style.INK, edgecolor=style.INK, zorder=9)
    )
    ax.text(0.955, 0.92, "北", transform=ax.transAxes, ha="center", va="top", fontsize=7.5, zorder=9)


def watermark(ax: Axes, note: Note | None) -> None:
    """Write the mark 模拟数据 faintly across the map when the data are made."""
    if note is not None and note.synthetic:
        ax.text(
            0.5, 0.5, "模拟数据", transform=ax.transAxes, rotation=28, ha="center", va="center", fontsize=40,
            fontweight="bold", color="#8a8f94", alpha=0.13, zorder=1.5,
        )  # fmt: skip


def legend(side: Axes, blocks: Sequence[tuple[str, Sequence[Artist]]], *, inside: bool = False) -> float:
    """Write a legend with a bold heading for each block, one below the other; empty blocks are left out.

    Returns
    -------
    float
        Upper end of the room that is left in the side column, as a share of its height. [-]
    """
    if inside:
        entries = [handle for _, handles in blocks for handle in handles]
        side.legend(handles=entries, loc="best", fontsize=7.0, frameon=True, labelspacing=0.5)
        return 1.0
    figure = style.figure_of(side)
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    top = 1.0
    for heading, handles in blocks:
        if not handles:
            continue
        sizes = [handle.get_markersize() for handle in handles if isinstance(handle, Line2D)]
        box = Legend(
            side, list(handles), [str(handle.get_label()) for handle in handles], loc="upper left",
            bbox_to_anchor=(0.0, top), title=heading, alignment="left", borderaxespad=0, borderpad=0,
            labelspacing=max(0.45, (max(sizes, default=0.0) - 7.2) / 8.0), handletextpad=0.6, fontsize=7.2,
            title_fontproperties={"weight": "bold", "size": 7.6},
        )  # fmt: skip
        side.add_artist(box)
        top -= box.get_window_extent(renderer).height / side.get_window_extent(renderer).height + 0.03
    return top


def listing(sheet: Sheet, heading: str, lines: Sequence[tuple[str, str]], top: float) -> bool:
    """Write lines of text with their colours below the legend; nothing where the room is too small for them.

    Parameters
    ----------
    sheet
        Map sheet with its legend.
    heading
        Bold words above.
    lines
        Text and colour.
    top
        What `legend` has left. [-]

    Returns
    -------
    bool
        Whether they were written.
    """
    points = sheet.side.get_position().height * sheet.figure.get_figheight() * 72
    low = _SIDE_CM / 2.54 * 72 + 12 if sheet.close_up is not None else 0.0
    if not lines or top * points - low < (len(lines) + 1) * _LINE_PT:
        return False
    for at, (text, colour) in enumerate([(heading, style.INK), *lines]):
        sheet.side.text(
            0.0, top - at * _LINE_PT / points, text, transform=sheet.side.transAxes, ha="left", va="top",
            fontsize=7.6 if at == 0 else 6.8, fontweight="normal" if at else "bold", color=colour,
        )  # fmt: skip
    return True


def town_labels(base: BaseMap) -> list[Label]:
    """Label the townships at a point inside their cell."""
    spots = base.townships.geometry.representative_point()
    return [
        Label(str(name), spot.x, spot.y, size=8.0, bold=True, colour="#3b4650", free=True)
        for name, spot in zip(base.townships["name"], spots, strict=True)
    ]


def finish_map(sheet: Sheet, base: BaseMap, title: str, note: Note | None, *, extra: str = "") -> None:
    """Write title, notes, the words 示意边界 and the field for 审图号 on a map sheet."""
    watermark(sheet.main, note)
    finish_close_up(sheet)
    if roads := road_handles(base):
        height = sheet.figure.get_figheight() / style.CM
        sheet.figure.legend(
            handles=roads, loc="upper left", bbox_to_anchor=(0.012, (_FOOT_CM - 0.08) / height), ncols=len(roads),
            fontsize=7.0, borderaxespad=0, borderpad=0, columnspacing=1.4, handletextpad=0.5,
        )  # fmt: skip
    approval = note.approval if note is not None and note.approval else "____________"
    line = f"{BOUNDARY_NOTE}　审图号：{approval}　坐标系：CGCS2000"
    style.finish(sheet.figure, title, note, extra="\n".join(part for part in (extra, line) if part))
