"""Map of small schools and the schools that could take their pupils: what is blocked and why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import geopandas as gpd
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch

from layout_planner.figures import basemap, style
from layout_planner.figures.basemap import BaseMap
from layout_planner.figures.labels import Label, place
from layout_planner.figures.style import Note

_BLOCKED: Final = "blocked"
_DASHES: Final = (0, (4, 2.5))
_RECEIVER_PT: Final = 4.5
_SMALL_PT: Final = 6.0
_ALL: Final = " 全否"
_NUMBER_PT: Final = 8.2


def plot_candidates_map(
    pairs: gpd.GeoDataFrame,
    receivers: gpd.GeoDataFrame,
    base: BaseMap,
    *,
    ax: Axes | None = None,
    note: Note | None = None,
) -> Axes:
    """Map the options "small school → receiver": blocked ones red and dashed with their rules, the others blue.

    Parameters
    ----------
    pairs
        Rows of `candidates` that name a receiver (school_name, receiver_id, verdict, vetoes, pupils_now), with the
        point of the small school; `number` where the schools have one in the report, else they are counted here.
    receivers
        One row per receiver: school_id, school_name and a point.
    base
        Town cells and roads.
    ax
        Axes to draw on, legend inside; a sheet with legend and close-up when None.
    note
        Source, date, stamp and 审图号; None leaves them to the caller.

    Returns
    -------
    Axes
        The main map.
    """
    rows = base.check(pairs, "pairs")
    ends = base.check(receivers, "receivers").set_index("school_id").geometry
    lines = _lines(rows, ends)
    blocks = [("选项", _arrow_handles(lines)), ("学校", _school_handles())]
    if ax is not None:
        basemap.draw_base(ax, base)
        _draw(ax, lines)
        basemap.legend(ax, blocks, inside=True)
        return ax
    sheet = basemap.new_sheet(base, rows.drop_duplicates("school_name"))
    for one in sheet.maps:
        _draw(one, lines)
    top = basemap.legend(sheet.side, blocks)
    names = _names(lines)
    heading = "编号（同报告第六部分）" if "number" in rows else "编号"
    room = [(text, colour) for _, told, _, colour in names for text in told]
    listed = basemap.listing(sheet, heading, room, top) or basemap.listing(
        sheet, heading, [(told[0] + (_ALL if colour == style.RED else ""), colour) for _, told, _, colour in names], top
    )
    _label(sheet, base, lines, {spot: (number if listed else told[0], colour) for number, told, spot, colour in names})
    small, blocked = rows["school_name"].nunique(), int((lines["verdict"] == _BLOCKED).sum())
    total = f"n = {small} 所有学生的小规模学校、{len(lines)} 个并入选项，其中 {blocked} 个被否决"
    extra = "没有学生的空壳学校没有并入选项，不在图上。图上只列可能的选项，不是撤并建议；“保留”始终是选项之一。"
    basemap.finish_map(sheet, base, "小规模学校与可能的接收学校", note.with_n(total) if note else None, extra=extra)
    return sheet.main


def _lines(rows: gpd.GeoDataFrame, ends: gpd.GeoSeries) -> pd.DataFrame:
    target = ends.loc[rows["receiver_id"]]
    return pd.DataFrame(
        {
            "name": rows["school_name"].to_numpy(),
            "number": rows["number"].to_numpy() if "number" in rows else pd.factorize(rows["school_name"])[0] + 1,
            "verdict": rows["verdict"].to_numpy(),
            "vetoes": rows["vetoes"].fillna("").to_numpy(),
            "x": rows.geometry.x.to_numpy(),
            "y": rows.geometry.y.to_numpy(),
            "to_x": target.x.to_numpy(),
            "to_y": target.y.to_numpy(),
        }
    ).sort_values("verdict", ascending=False, kind="stable")


def _draw(ax: Axes, lines: pd.DataFrame) -> None:
    for line in lines.itertuples():
        blocked = line.verdict == _BLOCKED
        ax.add_patch(
            FancyArrowPatch(
                (line.x, line.y), (line.to_x, line.to_y), arrowstyle="-|>", mutation_scale=7, shrinkA=4, shrinkB=3,
                connectionstyle="arc3,rad=0.12", linestyle=_DASHES if blocked else "-",
                linewidth=0.9 if blocked else 1.5, color=style.RED if blocked else style.BLUE,
                alpha=0.75 if blocked else 1.0, zorder=4 if blocked else 4.5,
            )
        )  # fmt: skip
    ax.scatter(lines["to_x"], lines["to_y"], s=_RECEIVER_PT**2, marker="s", color=style.INK, zorder=5)
    ax.scatter(
        lines["x"],
        lines["y"],
        s=_SMALL_PT**2,
        marker="o",
        facecolor="white",
        edgecolor=style.INK,
        linewidth=1.2,
        zorder=6,
    )


def _arrow_handles(lines: pd.DataFrame) -> list[Line2D]:
    blocked = int((lines["verdict"] == _BLOCKED).sum())
    return [
        Line2D(
            [],
            [],
            color=style.RED,
            linestyle=_DASHES,
            linewidth=0.9,
            label=f"被否决：{blocked} 个",
        ),
        Line2D([], [], color=style.BLUE, linewidth=1.5, label=f"待论证：{len(lines) - blocked} 个"),
    ]


def _school_handles() -> list[Line2D]:
    return [
        Line2D(
            [], [], linestyle="none", marker="o", markersize=_SMALL_PT, markerfacecolor="white",
            markeredgecolor=style.INK, markeredgewidth=1.2, label="小规模学校",
        ),
        Line2D([], [], linestyle="none", marker="s", markersize=_RECEIVER_PT, color=style.INK, label="可能的接收学校"),
    ]  # fmt: skip


def rules_of(vetoes: pd.Series) -> str:
    """Rule ids of several `vetoes` cells, each once, in order."""
    ids = {rule for cell in vetoes for rule in re.split(r"[;；,，、\s]+", str(cell))}
    return " ".join(sorted(ids - {""}))


def _names(lines: pd.DataFrame) -> list[tuple[str, tuple[str, str], tuple[float, float], str]]:
    """Number, two lines of words, place and colour of every small school, by number."""
    found = []
    for (number, name, x, y), rows in lines.groupby(["number", "name", "x", "y"], sort=True):
        blocked = rows["verdict"] == _BLOCKED
        rules = rules_of(rows.loc[blocked, "vetoes"])
        all_of_them = bool(blocked.all())
        said = f"全部被否决 {rules}" if all_of_them else f"部分被否决 {rules}" if rules else "没有被否决"
        told = (f"{number} {name}", f"　{said}")
        found.append((str(number), told, (float(x), float(y)), style.RED if all_of_them else style.INK))
    return found


def _label(
    sheet: basemap.Sheet, base: BaseMap, lines: pd.DataFrame, names: Mapping[tuple[float, float], tuple[str, str]]
) -> None:
    """Write the number of each small school beside it; townships last, where room is left."""
    labels = [
        Label(text, x, y, _SMALL_PT / 2, size=_NUMBER_PT, bold=True, colour=colour, leader=True)
        for (x, y), (text, colour) in names.items()
    ]
    symbols = [(x, y, _RECEIVER_PT / 2) for x, y in zip(lines["to_x"], lines["to_y"], strict=True)]
    symbols += [(label.x, label.y, _SMALL_PT / 2) for label in labels]
    out = [label for label in labels if not sheet.in_window(label.x, label.y)]
    place(sheet.main, [*out, *basemap.town_labels(base)], symbols)
    if sheet.close_up is not None:
        place(sheet.close_up, [label for label in labels if sheet.in_window(label.x, label.y)], symbols)
