"""Use of seats by school, now and in later years: a table that is also a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from layout_planner.figures import style
from layout_planner.figures.capacity_map import USE_CLASSES, USE_LABELS
from layout_planner.figures.numbers import percent
from layout_planner.figures.style import Note

_ROW_CM: Final = 0.42
_DARK: Final = (0, 4)  # classes whose cells take white text; the others take dark text without a halo


def plot_use_by_school(
    use: pd.DataFrame,
    *,
    years: Sequence[int],
    marks: Mapping[int, str] | None = None,
    ax: Axes | None = None,
    note: Note | None = None,
    title: str = "各校学位利用率：现状与预测",
) -> Axes:
    """Draw use of seats by school (rows) and school year (columns); the number stands in each cell.

    Parameters
    ----------
    use
        One row per school, in the order to print: school_name, and one column per year in `years` with pupils ÷ seats;
        NaN where seats are 0 or unknown prints —. [-]
    years
        School years, the base year first.
    marks
        Words under a year that rests on children not yet born; None where nothing is told.
    ax
        Axes to draw on; a new figure when None.
    note
        Source, date and stamp; None leaves them to the caller.
    title
        Title of a new figure.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    own = ax is None
    rows, told = len(use), dict(marks or {})
    ax = style.chart_axes(height_cm=4.3 + _ROW_CM * rows, left_cm=4.2, head_cm=2.2)[0] if ax is None else ax
    for column, year in enumerate(years):
        for row, value in enumerate(use[year].to_numpy(float)):
            _cell(ax, row, column, float(value))
    ax.set(xlim=(0, len(years)), ylim=(rows, 0))
    ax.set_xticks(
        np.arange(len(years)) + 0.5, [f"{year}年\n{told[year]}" if told.get(year) else f"{year}年" for year in years]
    )
    ax.set_yticks(np.arange(rows) + 0.5, list(use["school_name"]), fontsize=6.8)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    if own:
        handles = [Patch(label=text, **_look(number)) for number, text in enumerate(USE_LABELS)]
        style.legend_line(style.figure_of(ax), handles, left_cm=0.2)
        extra = "在校生 ÷ 学位；预测年份用均值；斜线为超过学位；“—”表示没有学位数据或学位为 0。"
        style.finish(style.figure_of(ax), title, note.with_n(f"n = {rows} 所") if note else None, extra=extra)
    return ax


def _look(number: int) -> dict[str, Any]:
    over = number > USE_CLASSES.index(1.0)
    return {
        "facecolor": style.USE_COLOURS[number],
        "edgecolor": style.INK if over else "white",
        "hatch": "////" if over else None,
        "linewidth": 0.6,
    }


def _cell(ax: Axes, row: int, column: int, value: float) -> None:
    if np.isnan(value):
        ax.text(column + 0.5, row + 0.5, "—", ha="center", va="center", fontsize=6.8, color=style.MUTED)
        return
    number = int(np.searchsorted(USE_CLASSES, value, side="left"))
    ax.add_patch(Rectangle((column, row), 1, 1, **_look(number)))
    look = _look(number)
    colour = "white" if number in _DARK else style.INK
    plain = None if look["hatch"] is None else {"facecolor": look["facecolor"], "edgecolor": "none", "pad": 1.2}
    ax.text(
        column + 0.5, row + 0.5, percent(value), ha="center", va="center", fontsize=7.6, color=colour,
        fontweight="bold", bbox=plain,
    )  # fmt: skip
