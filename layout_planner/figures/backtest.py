"""How good earlier forecasts were: error beside two plain methods, and what the bands held, by years ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd
from matplotlib.axes import Axes

from layout_planner.figures import style
from layout_planner.figures.style import Note

ALL: Final = "all"
ERRORS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "wape_last": ("照上一年不变", {"color": style.MUTED, "linestyle": (0, (5, 2)), "marker": "s", "mfc": "white"}),
    "wape_survival": ("年级升级比例法", {"color": style.BLUE, "linestyle": (0, (1, 1.5)), "marker": "^"}),
    "wape": ("本预测", {"color": style.ORANGE, "linestyle": "-", "marker": "o", "linewidth": 2.0}),
}
BANDS: Final[dict[str, tuple[float, dict[str, Any]]]] = {
    "covered_95": (95.0, {"color": style.BLUE, "marker": "D"}),
    "covered_80": (80.0, {"color": style.ORANGE, "marker": "o"}),
}
GAP: Final = 0.7  # further apart are leads that do not follow one another, and no line joins them
EXTRA: Final = (
    "误差为绝对误差之和占实际人数之和的百分比，越小越好；落入的比例越接近虚线越好。横轴：提前年数，其下为预测起点的个数。\n"
    "提前 4 年起的学前、提前 7 年起的小学，预测时有孩子尚未出生。"
)


def plot_backtest(table: pd.DataFrame, *, axes: Sequence[Axes] | None = None, note: Note | None = None) -> list[Axes]:
    """Draw the error by years ahead beside two plain methods, and what the bands held （回测）.

    Parameters
    ----------
    table
        Table ``backtest``; all stages and sizes together are drawn: the error by township, the bands by township and
        by school. [%]
    axes, note
        Two Axes and the line under the figure, as in `plot_children_by_stage`.

    Returns
    -------
    list
        Error, then coverage.
    """
    own = axes is None
    axes = _axes() if axes is None else axes
    whole = table[(table["stage"] == ALL) & (table["size_class"] == ALL)].sort_values("lead")
    towns, schools = (whole[whole["subject_type"] == level] for level in ("township", "school"))
    place = _places(towns["lead"])
    _errors(axes[0], towns, place)
    _coverage(axes[1], towns, schools, place)
    for ax in axes:
        ticks = [f"{lead} 年\n{origins} 个" for lead, origins in zip(towns["lead"], towns["origins"], strict=True)]
        ax.set_xticks(list(place.values()), ticks)
        ax.set_xlim(-0.35, max(place.values(), default=0) + 0.4)
        ax.grid(axis="y")
        ax.tick_params(length=2.5)
    if own:
        style.finish(style.figure_of(axes[0]), "回测：以往的预测与后来的实际", note, extra=EXTRA)
    return list(axes)


def _axes() -> list[Axes]:
    """Two axes with room for two lines under the ticks and for the marks of the nominal levels at the right."""
    height = 9.4
    figure = style.new_figure(height)
    grid = figure.add_gridspec(
        1, 2, left=1.3 / style.WIDTH_CM, right=1 - 1.25 / style.WIDTH_CM, bottom=2.45 / height, top=1 - 1.55 / height,
        wspace=0.2,
    )  # fmt: skip
    return [figure.add_subplot(grid[0, place]) for place in range(2)]


def _places(leads: pd.Series) -> dict[int, float]:
    """Place of every lead on the axis, in its order."""
    place: dict[int, float] = {}
    for lead in (int(x) for x in leads):
        last = max(place, default=None)
        place[lead] = 0.0 if last is None else place[last] + 1 + (GAP if lead > last + 1 else 0)
    return place


def _line(ax: Axes, rows: pd.DataFrame, column: str, place: Mapping[int, float], **look: Any) -> None:
    """Draw one measure; leads that do not follow one another are not joined."""
    name = look.pop("label")
    for run, part in rows.groupby((rows["lead"].diff() > 1).cumsum()):
        at = [place[int(lead)] for lead in part["lead"]]
        ax.plot(at, part[column], markersize=4.2, label=name if run == 0 else "_", **look)


def _errors(ax: Axes, rows: pd.DataFrame, place: Mapping[int, float]) -> None:
    for column, (name, look) in ERRORS.items():
        _line(ax, rows, column, place, label=name, **look)
    for lead, value in zip(rows["lead"], rows["wape"], strict=True):
        ax.annotate(
            f"{value:.1f}", (place[int(lead)], value), (0, -5), textcoords="offset points", ha="center", va="top",
            fontsize=7, path_effects=style.halo(),
        )  # fmt: skip
    top = float(rows[list(ERRORS)].max().max()) if len(rows) else 1.0
    ax.set_ylim(-0.09 * top, 1.1 * top)
    ax.legend(loc="upper left", borderaxespad=0.2)
    ax.set_title("误差（%，分乡镇、分学段）", fontsize=8.5, pad=5)


def _coverage(ax: Axes, towns: pd.DataFrame, schools: pd.DataFrame, place: Mapping[int, float]) -> None:
    for column, (level, look) in BANDS.items():
        ax.axhline(level, linestyle=(0, (4, 3)), linewidth=0.9, color=look["color"], zorder=1)
        ax.annotate(
            f"应为 {level:.0f}", (1.0, level), (2, 0), xycoords=ax.get_yaxis_transform(), textcoords="offset points",
            ha="left", va="center", fontsize=6.8, color=look["color"],
        )  # fmt: skip
        name = f"{level:.0f}% 区间"
        _line(ax, towns, column, place, label=f"{name}，乡镇", **look)
        hollow = {**look, "mfc": "white", "linestyle": (0, (1, 1.5)), "linewidth": 1.1}
        _line(ax, schools, column, place, label=f"{name}，学校", **hollow)
    held = float(pd.concat([towns, schools])[list(BANDS)].min().min()) if len(towns) else 70.0
    ax.set_ylim(min(held, 72.0) - 18, 103)
    ax.legend(loc="lower left", ncols=2, borderaxespad=0.2, columnspacing=1.2)
    ax.set_title("实际落入区间的比例（%）", fontsize=8.5, pad=5)
