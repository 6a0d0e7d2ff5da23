"""Births and school-age children: what is known, what is projected, and what rests on children not yet born."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from layout_planner.figures import style
from layout_planner.figures.numbers import whole
from layout_planner.figures.style import Note
from layout_planner.terms import Stage, label

BAND_LABEL: Final = "P10–P90 区间"
MEDIAN_LABEL: Final = "预测中位数（P50）"
UNBORN_LABEL: Final = label("cohort", "unborn")
PART_LABEL: Final = label("cohort", "part")
BAND_SENTENCE: Final = "区间的意思：十次里约有八次落在其中。"
_BAND: Final[dict[str, Any]] = {"facecolor": style.ORANGE_LIGHT, "edgecolor": style.ORANGE, "linewidth": 0.4}
_ROW_CM: Final = 0.42  # height of a legend line
_LOOK: Final[dict[str, Any]] = {
    "textcoords": "offset points", "va": "bottom", "fontsize": 7, "path_effects": style.halo(),
}  # fmt: skip
_LINES: Final[dict[str, dict[str, Any]]] = {
    "low": {"color": style.INK, "linestyle": (0, (1.2, 1.4)), "linewidth": 1.5},
    "middle": {"color": style.ORANGE, "linestyle": "-", "linewidth": 1.9, "marker": "o", "markersize": 2.8},
    "high": {"color": style.INK, "linestyle": (0, (5.0, 2.0)), "linewidth": 1.3},
}


def _thousands(axis_value: float, _position: int) -> str:
    return whole(axis_value)


def _frame(ax: Axes, first: int, last: int, top: float) -> None:
    ax.set_xlim(first - 0.7, last + 0.7)
    ax.set_ylim(0, max(top, 1.0) * 1.12)
    ax.yaxis.set_major_formatter(FuncFormatter(_thousands))
    ax.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.xaxis.set_major_locator(MaxNLocator(9, integer=True))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    ax.grid(axis="y")
    ax.tick_params(length=2.5)


def plot_births(
    births: pd.DataFrame, variants: pd.DataFrame | None = None, *, ax: Axes | None = None, note: Note | None = None
) -> Axes:
    """Draw registered births, their projection with the P10–P90 band and the variants with their drivers （出生人口）.

    Parameters
    ----------
    births
        The rows of one area in `births_projected`: year, status, births_mean,
        births_p10, births_p50, births_p90; cohort where it is told. [children]
    variants
        The rows of the same area in `births_variants`: variant, driver, pace, pace_years, year, status, births_mean;
        None draws the median alone. [children]
    ax
        Axes to draw on; a new figure when None.
    note
        Source, date and stamp; None leaves them to the caller.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    own = ax is None
    told = [] if variants is None else _by_variant(variants)
    if ax is None:
        ax = style.chart_axes(height_cm=8.2 + _ROW_CM * len(told), head_cm=1.45 + _ROW_CM * len(told))[0]
    rows = births.sort_values("year")
    known, ahead = rows[rows["status"] == "observed"], rows[rows["status"] != "observed"]
    _frame(ax, int(rows["year"].min()), int(rows["year"].max()), float(rows[["births_mean", "births_p90"]].max().max()))
    ax.bar(known["year"], known["births_mean"], width=0.72, color=style.BLUE)
    if len(ahead):
        _shade_years(ax, ahead)
        ax.fill_between(ahead["year"], ahead["births_p10"], ahead["births_p90"], **_BAND)
        if not told:
            ax.plot(ahead["year"], ahead["births_p50"], color=style.ORANGE, marker="o", markersize=3)
        ax.text(
            0.99,
            0.97,
            "预测：这些孩子尚未出生",
            transform=ax.transAxes,
            ha="right",
            va="top",
            path_effects=style.halo(),
        )
        _mark_last(ax, known)
        _mark_end(ax, ahead) if not told else _variant_lines(ax, told)
    ax.set_ylabel("出生人数（人）")
    if own:
        _births_legend(ax, ahead, told)
        style.finish(style.figure_of(ax), "出生人口：登记与预测", note, extra=BAND_SENTENCE)
    return ax


def _births_legend(ax: Axes, ahead: pd.DataFrame, told: Sequence[pd.DataFrame]) -> None:
    """One line of signs, then one line a variant: its name, driver and size."""
    bars = Patch(color=style.BLUE, label="登记出生人数")
    middle, band, part, unborn = _handles()[1:]
    partly = "cohort" in ahead and (ahead["cohort"] == "part").any()
    signs = [bars, *([] if told else [middle]), band, *([part] if partly else []), unborn]
    figure = style.figure_of(ax)
    style.legend_line(figure, signs)
    if told:
        height = figure.get_figheight() / style.CM
        figure.legend(
            handles=[Line2D([], [], label=_driver_line(rows.iloc[-1]), **_LINES[_name(rows)]) for rows in told],
            loc="upper left", bbox_to_anchor=(1.0 / style.WIDTH_CM, 1 - 1.25 / height), ncols=1, handlelength=2.6,
            handletextpad=0.5, borderaxespad=0, borderpad=0, labelspacing=0.42,
        )  # fmt: skip


def _by_variant(variants: pd.DataFrame) -> list[pd.DataFrame]:
    """Rows of every variant, the high one first as it stands highest; registered years left out but for the last."""
    parts = []
    for name in reversed(list(_LINES)):
        rows = variants[variants["variant"] == name].sort_values("year")
        known = rows["status"] == "observed"
        if len(rows) and not known.all():
            parts.append(pd.concat([rows[known].tail(1), rows[~known]]))
    return parts


def _name(rows: pd.DataFrame) -> str:
    return str(rows["variant"].iloc[0])


def _driver_line(row: pd.Series) -> str:
    """Say what a variant is driven by and how fast births change at its start."""
    rate = "持平" if abs(row["pace"]) < 0.0005 else f"{row['pace']:+.1%}".replace("-", "−")
    seen = f"照 {row['pace_years']} 年的速度" if row["pace_years"] else "预测均值"
    named = f"{label('variant', row['variant'])}：{label('births_driver', row['driver'])}"
    return f"{named}（{seen}，起步每年 {rate}，逐年减弱）"


def _variant_lines(ax: Axes, told: Sequence[pd.DataFrame]) -> None:
    """Draw the variants and write where each of them ends, apart from one another."""
    first, last = ax.get_xlim()
    ax.set_xlim(first, last + 0.035 * (last - first))
    ends = [float(rows["births_mean"].iloc[-1]) for rows in told]
    places = _apart(ends, 0.05 * (ax.get_ylim()[1] - ax.get_ylim()[0]))
    for rows, end, place in zip(told, ends, places, strict=True):
        ax.plot(rows["year"], rows["births_mean"], **_LINES[_name(rows)])
        ax.annotate(
            f"{label('variant', _name(rows))[0]} {whole(end)}", (rows["year"].iloc[-1] + 0.3, place), va="center",
            ha="left", fontsize=7, path_effects=style.halo(), annotation_clip=False,
        )  # fmt: skip


def _apart(heights: Sequence[float], gap: float) -> list[float]:
    """Move labels, highest first, down until they are a gap apart."""
    placed: list[float] = []
    for height in heights:
        placed.append(min(height, placed[-1] - gap) if placed else height)
    return placed


def _shade_years(ax: Axes, ahead: pd.DataFrame) -> None:
    """Shade the years of the unborn; a year of which some months are registered has its own look."""
    part = ahead["cohort"].eq("part") if "cohort" in ahead else pd.Series(False, index=ahead.index)
    for cohort, years in (("part", ahead.loc[part, "year"]), ("unborn", ahead.loc[~part, "year"])):
        if len(years):
            end = 0.7 if years.max() == ahead["year"].max() else 0.5
            ax.axvspan(years.min() - 0.5, years.max() + end, **_shade(cohort))


def _shade(cohort: str) -> dict[str, Any]:
    """Look of the years that rest on children not yet born."""
    hatch = "////" if cohort == "unborn" else None
    return {"facecolor": style.UNBORN, "edgecolor": style.UNBORN_HATCH, "hatch": hatch, "linewidth": 0, "zorder": 0}


def _mark_last(ax: Axes, known: pd.DataFrame) -> None:
    """Write the last registered value above its bar."""
    if len(known):
        last = known.iloc[-1]
        text = f"{last['year']}年\n{whole(last['births_mean'])}"
        ax.annotate(text, (last["year"], last["births_mean"]), (0, 3), ha="center", **_LOOK)


def _mark_end(ax: Axes, ahead: pd.DataFrame) -> None:
    """Write the last projected value with its band."""
    end = ahead.iloc[-1]
    text = f"{whole(end['births_p50'])}\n（{whole(end['births_p10'])}–{whole(end['births_p90'])}）"
    ax.annotate(text, (end["year"], end["births_p90"]), (0, 3), ha="right", **_LOOK)


def plot_children_by_stage(
    stages: pd.DataFrame,
    *,
    axes: Sequence[Axes] | None = None,
    note: Note | None = None,
    title: str = "各学段学龄人口：实际与预测",
) -> list[Axes]:
    """Draw children or pupils of one area by stage with the P10–P90 band; years that rest on the unborn are shaded.

    Parameters
    ----------
    stages
        One row per stage and school year: stage, school_year, status, cohort, p10, p50, p90; observed rows carry
        the count in p50. [children]
    axes
        One Axes per stage in the table, in the order of the stages; a new figure when None.
    note
        Source, date and stamp; None leaves them to the caller.
    title
        Title of a new figure.

    Returns
    -------
    list
        The axes drawn on.
    """
    present = [stage for stage in Stage if (stages["stage"] == stage).any()]
    rows = -(-len(present) // 2)
    own = axes is None
    columns = min(2, len(present))
    axes = style.chart_axes(rows, columns, height_cm=3.6 + 4.6 * rows) if axes is None else axes
    for ax, stage in zip(axes, present, strict=False):
        _one_stage(ax, stages[stages["stage"] == stage].sort_values("school_year"), stage)
    for ax in axes[len(present) :]:
        ax.set_axis_off()
    if own:
        style.legend_line(style.figure_of(axes[0]), _handles())
        style.finish(style.figure_of(axes[0]), title, note, extra=BAND_SENTENCE)
    return list(axes)


def _handles() -> list[Line2D | Patch]:
    return [
        Line2D([], [], color=style.INK, marker="o", markersize=3.2, label="实际"),
        Line2D([], [], color=style.ORANGE, label=MEDIAN_LABEL),
        Patch(label=BAND_LABEL, **_BAND),
        Patch(label=PART_LABEL, **_shade("part")),
        Patch(label=UNBORN_LABEL, **_shade("unborn")),
    ]


def _one_stage(ax: Axes, rows: pd.DataFrame, stage: Stage) -> None:
    known, ahead = rows[rows["status"] == "observed"], rows[rows["status"] != "observed"]
    _frame(ax, int(rows["school_year"].min()), int(rows["school_year"].max()), float(rows[["p50", "p90"]].max().max()))
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    last_year = int(rows["school_year"].max())
    for cohort in ("part", "unborn"):
        years = ahead.loc[ahead["cohort"] == cohort, "school_year"]
        if len(years):
            ax.axvspan(years.min() - 0.5, years.max() + (0.7 if years.max() == last_year else 0.5), **_shade(cohort))
    if (ahead["cohort"] == "unborn").any():
        ax.text(
            0.98,
            0.97,
            UNBORN_LABEL,
            transform=ax.transAxes,
            ha="right",
            va="top",
            fontsize=7.5,
            path_effects=style.halo(),
        )
    joined = pd.concat([known.tail(1).assign(p10=known["p50"], p90=known["p50"]), ahead])
    ax.fill_between(joined["school_year"], joined["p10"], joined["p90"], **_BAND)
    ax.plot(joined["school_year"], joined["p50"], color=style.ORANGE)
    ax.plot(known["school_year"], known["p50"], color=style.INK, marker="o", markersize=2.6, linewidth=1.2)
    _mark_points(ax, known, ahead)
    ax.set_title(f"{label('stage', stage)}（人）", fontsize=8.5, pad=5)


def _mark_points(ax: Axes, known: pd.DataFrame, ahead: pd.DataFrame) -> None:
    """Write the last observed and the last projected value."""
    marks = [(known.tail(1), "p50", (5, 4), "left", "bottom"), (ahead.tail(1), "p10", (2, -4), "right", "top")]
    for row, column, offset, align, side in marks:
        for year, value, height in zip(row["school_year"], row["p50"], row[column], strict=True):
            ax.annotate(
                whole(value), (year, height), offset, textcoords="offset points", ha=align, va=side, fontsize=7,
                path_effects=style.halo(),
            )  # fmt: skip
