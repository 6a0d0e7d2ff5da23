"""The figures of a run: finished tables in, PNG and SVG files out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes

from layout_planner.enrolment import cohort_of, school_year_cohorts
from layout_planner.figures.backtest import plot_backtest
from layout_planner.figures.basemap import BaseMap, at_points
from layout_planner.figures.births import plot_births, plot_children_by_stage
from layout_planner.figures.candidates_map import plot_candidates_map
from layout_planner.figures.capacity_map import plot_capacity_map
from layout_planner.figures.minutes_map import plot_minutes_map
from layout_planner.figures.save import save_figure
from layout_planner.figures.style import Note, figure_of, use_style
from layout_planner.figures.use_by_school import plot_use_by_school
from layout_planner.pipeline.setup import Setup
from layout_planner.terms import COUNTY, LABELS_ZH, STAGE_GRADES, STAGE_OF_GRADE, GradeBand, Stage, joint_cohort

YEARS_AHEAD = (0, 3, 5, 10)
SOURCE = "县教育局、卫健局、统计局、交通运输局数据，本工具测算"
SOURCE_SYNTHETIC = "模拟数据，本工具测算"


@dataclass(frozen=True)
class Drawn:
    """A figure that was drawn: number and title as in the report, file stem, words for those who cannot see it."""

    number: str
    title: str
    stem: str
    alt: str


def draw_all(setup: Setup, tables: Mapping[str, pd.DataFrame], folder: Path) -> list[Drawn]:
    """Draw every figure of the main job.

    Parameters
    ----------
    setup
        The county, for points, cells and roads.
    tables
        Output tables by name.
    folder
        Where the files go; it exists.

    Returns
    -------
    list of Drawn
        In the order of the report.
    """
    done = []
    with use_style(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # told as a notice of data_quality
        for drawn, plot in _figures(setup, tables):
            save_figure(figure_of(plot()), folder / drawn.stem)
            done.append(drawn)
    return done


def _figures(setup: Setup, tables: Mapping[str, pd.DataFrame]) -> Iterator[tuple[Drawn, Callable[[], Axes]]]:
    note = note_of(setup)
    base = base_map(setup)
    yield (
        Drawn("图4-1", "小学分布与学位利用率", "fig_4-1_primary_use", "各小学位置、在校生规模和学位利用率的地图"),
        lambda: capacity_map(setup, tables, base, Stage.PRIMARY, note),
    )
    yield from _forecast_figures(tables, note)
    yield (
        Drawn("图4-2", "各校学位利用率：现状与预测", "fig_4-2_use", "各小学、初中学位利用率表：基准年及三、五、十年后"),
        lambda: use_figure(setup, tables, note),
    )
    yield (
        Drawn("图5-1", "一至三年级路途时间", "fig_5-1_minutes", "各村一至三年级儿童最不利情形下到最近学校时间的地图"),
        lambda: minutes_map(setup, tables, base, note),
    )
    if tables["candidates"]["receiver_id"].ne("").any():
        yield (
            Drawn(
                "图6-1", "小规模学校并入选项", "fig_6-1_candidates", "小规模学校到可能接收学校的箭头图，被否决的标规则"
            ),
            lambda: candidates_map(setup, tables, base, note),
        )


def _forecast_figures(tables: Mapping[str, pd.DataFrame], note: Note) -> Iterator[tuple[Drawn, Callable[[], Axes]]]:
    """Births, pupils, children, and the back-test where there is one."""
    yield (
        Drawn(
            "图3-1",
            "出生人口：登记与预测",
            "fig_3-1_births",
            "历年登记出生和预测出生，预测带 P10–P90 区间与高中低方案，未出生的年份着色",
        ),
        lambda: plot_births(
            county_births(tables["births_projected"]), county_births(tables["births_variants"]), note=note
        ),
    )
    yield (
        Drawn(
            "图3-2", "各学段在校生：实际与预测", "fig_3-2_pupils", "各学段在校生曲线，带 P10–P90 区间，未出生部分着色"
        ),
        lambda: plot_children_by_stage(county_stages(tables), note=note, title="各学段在校生：实际与预测")[0],
    )
    yield (
        Drawn(
            "图3-3",
            "各学段学龄儿童：登记与预测",
            "fig_3-3_children",
            "各学段学龄儿童（按出生登记地，含已外出的）曲线，未出生部分着色",
        ),
        lambda: plot_children_by_stage(
            county_stages(tables, "children"), note=note, title="各学段学龄儿童（按出生登记地，含已外出的）：登记与预测"
        )[0],
    )
    if len(tables["backtest"]):
        yield (
            Drawn(
                "图3-4",
                "回测：以往的预测与后来的实际",
                "fig_3-4_backtest",
                "左图为提前一至五年和十年的误差，与照上一年不变、年级升级比例法对照；右图为 80%、95% 区间实际涵盖的比例",
            ),
            lambda: plot_backtest(tables["backtest"], note=note)[0],
        )


def note_of(setup: Setup) -> Note:
    """Line under every figure: source, day of the statistics, simulated or not."""
    synthetic = setup.synthetic
    source = SOURCE_SYNTHETIC if synthetic else SOURCE
    return Note(source=source, data_date=f"{setup.base_year}年9月1日", synthetic=synthetic)


def base_map(setup: Setup) -> BaseMap:
    """Town cells and roads in the metric system of the county."""
    return BaseMap(setup.county.townships.to_crs(setup.county.crs), setup.roads)


def county_births(births: pd.DataFrame) -> pd.DataFrame:
    """Rows of the whole county."""
    return births[births["township_code"] == COUNTY]


def county_stages(tables: Mapping[str, pd.DataFrame], measure: str = "pupils") -> pd.DataFrame:
    """Stages of the whole county by year, as the fan chart wants them: history observed, then the forecast.

    Parameters
    ----------
    tables
        Output tables by name, and ``history``: pupils and children by stage before the base year.
    measure
        ``pupils`` or ``children``.

    Returns
    -------
    DataFrame
        stage, school_year, status, cohort, p10, p50, p90. [pupils] or [children]
    """
    rows = tables["forecast_stage"]
    rows = rows[rows["township_code"] == COUNTY]
    named = {f"{measure}_{key}": key for key in ("p10", "p50", "p90")}
    columns = ["stage", "school_year", "status", "cohort", *named.values()]
    ahead = rows.rename(columns=named)[columns]
    if "history" not in tables:
        return ahead
    past = tables["history"]
    return pd.concat([past.loc[past["measure"] == measure, columns], ahead], ignore_index=True)


def history_of(setup: Setup) -> pd.DataFrame:
    """Pupils and children by stage of the years before the base year; children where all their births are registered.

    Returns
    -------
    DataFrame
        measure (pupils, children), stage, school_year, status, cohort, p10, p50, p90. [pupils], [children]
    """
    enrolment = setup.county.enrolment
    past = enrolment[enrolment["school_year"] < setup.base_year]
    stages = [str(STAGE_OF_GRADE[g]) for g in past["grade"].astype(int)]
    total = past.assign(stage=stages).groupby(["stage", "school_year"], as_index=False)["pupils"].sum()
    total = total.rename(columns={"pupils": "p50"}).assign(measure="pupils")
    born = school_year_cohorts(setup.county.births).sum()
    rows = [
        (str(stage), year, sum(born[cohort_of(year, grade)] for grade in grades))
        for stage, grades in STAGE_GRADES.items()
        for year in sorted(set(past["school_year"]))
        if all(cohort_of(year, grade) in born.index for grade in grades)
    ]
    children = pd.DataFrame(rows, columns=["stage", "school_year", "p50"]).assign(measure="children")
    both = pd.concat([total, children], ignore_index=True)
    return both.assign(status="observed", cohort="born", p10=both["p50"], p90=both["p50"])


def capacity_map(
    setup: Setup, tables: Mapping[str, pd.DataFrame], base: BaseMap, stage: Stage, note: Note, *, title: str = ""
) -> Axes:
    """Map of one stage: use of the near-term seats in the base year."""
    rows = tables["seats"]
    rows = rows[(rows["stage"] == str(stage)) & (rows["term"] == "near")]
    points = at_points(rows, setup.schools, "school_id")
    return plot_capacity_map(points, base, note=note, title=title or "小学分布与学位利用率")


def minutes_map(setup: Setup, tables: Mapping[str, pd.DataFrame], base: BaseMap, note: Note) -> Axes:
    """Map of the minutes of grades 1–3 to the nearest school, worst case."""
    rows = tables["access"]
    rows = rows[rows["grade_band"] == str(GradeBand.G13)]
    points = at_points(rows.assign(children=rows["attending"]), setup.villages, "village_code")
    return plot_minutes_map(points, base, limit=setup.catalogue.rule("T01").on(setup.day), note=note)


def candidates_map(setup: Setup, tables: Mapping[str, pd.DataFrame], base: BaseMap, note: Note) -> Axes:
    """Map of the options to merge, with arrows."""
    rows = tables["candidates"]
    rows = rows.assign(number=pd.factorize(rows["school_id"])[0] + 1)  # as the schools of the report are numbered
    rows = rows[(rows["receiver_id"] != "") & (rows["option"] == "merge")]
    receivers = setup.schools.rename(columns={"name": "school_name"})
    receivers = receivers[receivers["school_id"].isin(rows["receiver_id"])]
    return plot_candidates_map(at_points(rows, setup.schools, "school_id"), receivers, base, note=note)


def use_figure(setup: Setup, tables: Mapping[str, pd.DataFrame], note: Note) -> Axes:
    """Table-figure of the use of seats by primary and junior school: base year, +3, +5, +10 (median of the forecast)."""
    last = setup.base_year + setup.horizon
    years = [year for year in (setup.base_year + ahead for ahead in YEARS_AHEAD) if year <= last]
    seats = tables["seats"]
    seats = seats[(seats["term"] == "near") & seats["stage"].isin([str(Stage.PRIMARY), str(Stage.JUNIOR)])]
    pupils = tables["forecast_school"].groupby(["school_id", "stage", "school_year"])["pupils_mean"].sum()
    rows = seats.assign(
        **{
            str(year): [
                pupils.get((school, stage, year), 0.0) / places if places > 0 else float("nan")
                for school, stage, places in zip(seats["school_id"], seats["stage"], seats["seats"], strict=True)
            ]
            for year in years
        }
    )
    twice = rows["school_name"].duplicated(keep=False)
    rows["school_name"] = rows["school_name"].where(
        ~twice, rows["school_name"] + "（" + rows["stage"].map(LABELS_ZH["stage"]) + "）"
    )
    named = rows.rename(columns={str(year): year for year in years})
    ordered = named.sort_values(["township_code", "stage", "school_name"])
    return plot_use_by_school(ordered, years=years, marks=_year_marks(tables["forecast_school"], years), note=note)


def _year_marks(schools: pd.DataFrame, years: list[int]) -> dict[int, str]:
    """Words under the years in which children of primary and junior schools are not all born."""
    rows = schools[schools["stage"].isin([str(Stage.PRIMARY), str(Stage.JUNIOR)])]
    marks = {year: joint_cohort(rows.loc[rows["school_year"] == year, "cohort"]) for year in years}
    return {year: LABELS_ZH["cohort"].get(mark, "") for year, mark in marks.items() if mark != "born"}
