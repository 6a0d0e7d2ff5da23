"""The chain from birth to school in one county: leavers, flows with their changes, dated events, and the ledger of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr

from layout_planner.attendance.arrivals import Arrival, Placed, place_arrivals
from layout_planner.attendance.flow_change import FlowChange, parse_flow_changes, require_whole
from layout_planner.attendance.flow_matrix import flow_matrix, outside_total
from layout_planner.attendance.homes import UnitHomes, unit_homes
from layout_planner.attendance.moves import change_flows
from layout_planner.enrolment.births import cohort_draws
from layout_planner.enrolment.cohorts import cohort_of, cohort_status, last_registered
from layout_planner.enrolment.county_model import moves_shown
from layout_planner.enrolment.events import Event, event_children, parse_events
from layout_planner.enrolment.leavers import COLUMNS as LEAVER_COLUMNS
from layout_planner.enrolment.leavers import leavers, staying
from layout_planner.enrolment.past_events import moves_of
from layout_planner.enrolment.school_panel import school_panel
from layout_planner.pipeline.demand import Attendance
from layout_planner.pipeline.ledger import Ledger
from layout_planner.pipeline.setup import Setup
from layout_planner.terms import STAGE_GRADES, joint_cohort

COUNTY_FILE = "county.toml"
EVENT_STREAM, LEAVER_STREAM = 4, 5  # streams of randomness of their own: without events nothing else moves
MIDDLE = "middle"
EFFECT_COLUMNS = (
    "event_id", "event_kind", "township_code", "village_code", "first_school_year", "school_year", "stage", "status",
    "cohort", "event_children_mean", "event_children_p10", "event_children_p90", "event_pupils_mean",
    "event_outside_mean", "shown_share", "shown_sd",
)  # fmt: skip


@dataclass(frozen=True)
class Chain:
    """Pupils and children with events and changed flows, before and after the changes, and the tables."""

    forecast: xr.Dataset
    children: xr.Dataset
    before: tuple[xr.DataArray, xr.Dataset]
    homes: UnitHomes
    added: Mapping[str, np.ndarray]
    changes: tuple[FlowChange, ...]
    leavers: pd.DataFrame
    flow_matrix: pd.DataFrame
    event_effects: pd.DataFrame

    def with_changes(self, more: Sequence[FlowChange], *, file: str) -> xr.DataArray:
        """Pupils when a plan changes flows too: all changes are shares of the flows without any of them.

        Raises
        ------
        DataError, DefectsError
            ``flow_change_over``, ``flow_change_no_flow``, ``flow_change_no_school``.
        """
        if not more:
            return self.forecast["pupils"]
        changes = (*self.changes, *more)
        require_whole(changes, file=file)
        return change_flows(*self.before, self.homes, changes, added=self.added, file=file)[0]


def events_of(setup: Setup) -> tuple[Event, ...]:
    """Dated events of the county, past and to come; none where it has no table of them.

    Raises
    ------
    DataError
        ``event_range``.
    """
    table = setup.county.more.get("events")
    return () if table is None else tuple(parse_events(table))


def flow_changes_of(setup: Setup, raw: object, file: str) -> tuple[FlowChange, ...]:
    """Changes of flows of county.toml or of a plan, checked against the townships and the horizon.

    Raises
    ------
    DefectsError
        As `parse_flow_changes`.
    """
    towns = set(setup.county.townships["township_code"].astype(str))
    return parse_flow_changes(raw, towns, (setup.base_year + 1, setup.base_year + setup.horizon), file=file)


def chain_of(setup: Setup, attendance: Attendance, forecast: xr.Dataset, children: xr.Dataset, ledger: Ledger) -> Chain:
    """Place dated events, change the flows, tell leavers, and hand every child over in the ledger.

    Parameters
    ----------
    setup, attendance
        County, and who attends where in the base year.
    forecast
        ``pupils`` and ``births`` of `forecast_county`.
    children
        Answer of `children_from_pupils` for these pupils.
    ledger
        Takes the hand-overs.

    Returns
    -------
    Chain
        Without events to come and without changes the very same pupils and children.

    Raises
    ------
    DataError, DefectsError
        A change or an event that cannot be read or has nobody to move.
    LedgerError
        If a child is lost or invented.
    """
    pupils = forecast["pupils"]
    homes = unit_homes(pupils, attendance.allocation, setup.villages, setup.schools)
    changes = flow_changes_of(setup, setup.county.settings.flow_change, COUNTY_FILE)
    events = events_of(setup)
    arrivals = _arrivals(setup, events, pupils)
    seated, home, added, placed = place_arrivals(pupils, children, homes, arrivals)
    after, home_after = change_flows(seated, home, homes, changes, added=added)
    matrix = flow_matrix(seated, home["outside"], homes, changes, added=added, base_year=setup.base_year)
    _count(ledger, children, (seated, home), (after, home_after), placed, matrix)
    told = _leavers(setup, forecast, children)
    _count_leavers(told, ledger)
    return Chain(
        forecast=_with_pupils(forecast, after),
        children=home_after,
        before=(seated, home),
        homes=homes,
        added=added,
        changes=changes,
        leavers=_named(setup, told),
        flow_matrix=_marked(setup, matrix),
        event_effects=_with_shown(setup, attendance, events, _effects(setup, events, placed, pupils)),
    )


def _with_pupils(forecast: xr.Dataset, pupils: xr.DataArray) -> xr.Dataset:
    """Forecast with other pupils; what moved them moves the variants by as many, and the middle one to the mean."""
    if pupils is forecast["pupils"]:
        return forecast
    order = ("unit", "school_year")
    mean = pupils.mean("draw", dtype=np.float64).transpose(*order)
    moved = mean - forecast["pupils"].mean("draw", dtype=np.float64).transpose(*order)
    changed = forecast.assign(pupils=pupils)
    if "variant_pupils" not in forecast:
        return changed
    variants = forecast["variant_pupils"].transpose("variant", *order)
    others = np.maximum(variants.values + moved.values[None], 0.0)
    middle = (variants["variant"].values == MIDDLE)[:, None, None]
    return changed.assign(variant_pupils=variants.copy(data=np.where(middle, mean.values[None], others)))


def _arrivals(setup: Setup, events: Sequence[Event], pupils: xr.DataArray) -> list[Arrival]:
    """Children of the events after the base year's September; those before are in the base year already."""
    years = pupils["school_year"].values.tolist()
    streams = np.random.default_rng([setup.seed, EVENT_STREAM]).spawn(len(events))
    return [
        Arrival(e.event_id, e.township, e.village, event_children(e, years, pupils.sizes["draw"], rng))
        for e, rng in zip(events, streams, strict=True)
        if e.first_year > setup.base_year
    ]


def _leavers(setup: Setup, forecast: xr.Dataset, children: xr.Dataset) -> pd.DataFrame:
    """Table ``leavers`` of the cohorts as born here, without those whom events bring or take."""
    grades = set(children["grade"].values.tolist())
    if 1 not in grades:
        return pd.DataFrame(columns=list(LEAVER_COLUMNS))
    inside = children["children"] - children["outside"]
    top = inside.sel(grade=0) if 0 in grades else inside.sel(grade=1).isel(school_year=slice(0, 0))
    stays = staying(
        setup.county.births,
        setup.base_year,
        residents=setup.county.more.get("residents"),
        villages=pd.DataFrame(setup.villages.drop(columns="geometry")),
    )
    cohorts = cohort_draws(setup.county.births, forecast["births"])
    rng = np.random.default_rng([setup.seed, LEAVER_STREAM])
    return leavers(stays, cohorts, inside.sel(grade=1), top, setup.county.births, rng)


def _count(
    ledger: Ledger,
    children: xr.Dataset,
    with_events: tuple[xr.DataArray, xr.Dataset],
    with_changes: tuple[xr.DataArray, xr.Dataset],
    placed: Sequence[Placed],
    matrix: pd.DataFrame,
) -> None:
    """Hand over events, changes and the matrix; in every grade, year and draw Σ children = Σ pupils + Σ outside."""
    if placed:
        moved = sum(float((p.pupils + p.outside).mean(axis=0, dtype=float).sum()) for p in placed)
        gained, gross = _gained(children["children"], with_events[1]["children"])
        ledger.hand_over("事件迁入迁出儿童 → 各镇儿童（净增减，全部年份，抽样平均）", moved, gained, gross=gross)
    if with_changes[0] is not with_events[0]:
        before = _total(with_events[0]) + _total(with_events[1]["outside"])
        after = _total(with_changes[0]) + _total(with_changes[1]["outside"])
        ledger.hand_over("流向变化前 → 流向变化后（在校生 + 不在县内就读）", before, after)
    given, received = _worst_cell(*with_changes)
    ledger.hand_over("在校生 + 不在县内就读 → 各镇儿童（差别最大的一个年级、学年、抽样）", given, received)
    seats = _total(with_changes[0]) + _total(with_changes[1]["outside"])
    ledger.hand_over("在校生 + 不在县内就读 → 流向矩阵（全部年份）", seats, float(matrix["children_mean"].sum()))
    away = _total(with_changes[1]["outside"])
    ledger.hand_over("不在县内就读 → 流向矩阵去向县外（全部年份）", away, outside_total(matrix))


def _gained(before: xr.DataArray, after: xr.DataArray) -> tuple[float, float]:
    """Children that events add, and the size of the numbers that they change; both means of the draws. [children]."""
    old, new = before.values, after.transpose(*before.dims).values
    touched = old != new
    larger = np.maximum(old, new)[touched].sum(dtype=np.float64) / before.sizes["draw"]
    return _total(after) - _total(before), float(larger)


def _total(array: xr.DataArray) -> float:
    """Sum over everything of the mean of the draws."""
    return float(array.sum(dtype=np.float64)) / array.sizes["draw"]


def _worst_cell(pupils: xr.DataArray, children: xr.Dataset) -> tuple[float, float]:
    """Both sides of the grade, year and draw in which pupils and outside differ most from the children."""
    grades = children["grade"].values.tolist()
    values = pupils.transpose("draw", "unit", "school_year").values
    grade = pupils["grade"].values
    seated = np.stack([values[:, grade == g].sum(axis=1, dtype=np.float64) for g in grades], axis=1)
    order = ("draw", "grade", "school_year")
    home = children["children"].sum("township_code", dtype=np.float64).transpose(*order).values
    away = children["outside"].sum("township_code", dtype=np.float64).transpose(*order).values
    worst = np.unravel_index(int(np.abs(seated + away - home).argmax()), home.shape)
    return float((seated + away)[worst]), float(home[worst])


def _count_leavers(table: pd.DataFrame, ledger: Ledger) -> None:
    known = table.dropna(subset=["left_before_3_mean", "left_3_6_mean", "other_mean"])
    if known.empty:
        return
    parts = known[["left_before_3_mean", "left_3_6_mean", "grade_1_mean", "other_mean"]].sum().sum()
    ledger.hand_over(
        "入学队列的出生 → 3 岁前离开 + 3–6 岁离开 + 一年级 + 其他（全部学年）",
        float(known["births_mean"].sum()),
        float(parts),
    )


def _named(setup: Setup, table: pd.DataFrame) -> pd.DataFrame:
    names = setup.county.townships.set_index("township_code")["name"].to_dict()
    return table.assign(township_name=table["township_code"].map(names))


def _marked(setup: Setup, matrix: pd.DataFrame) -> pd.DataFrame:
    """Add the stage and whether the cohort is born."""
    year, month = last_registered(setup.county.births)
    pairs = zip(matrix["school_year"], matrix["grade"], strict=True)
    return matrix.assign(cohort=[cohort_status(cohort_of(int(y), int(g)), year, month) for y, g in pairs])


def _effects(setup: Setup, events: Sequence[Event], placed: Sequence[Placed], pupils: xr.DataArray) -> pd.DataFrame:
    """Table ``event_effects``: children by event, school year and stage; past events only in their first year."""
    years = pupils["school_year"].values.astype(int)
    through = last_registered(setup.county.births)
    rows: list[dict[str, object]] = []
    for event in events:
        told = {
            "event_id": event.event_id,
            "event_kind": event.kind,
            "township_code": event.township,
            "village_code": event.village or "",
            "first_school_year": event.first_year,
        }
        for stage, grades in STAGE_GRADES.items():
            if event.first_year <= setup.base_year:
                found = _past(event, grades)
            else:
                found = _ahead([p for p in placed if p.name == event.event_id and p.grade in grades], years)
            for row in found:
                cohorts = event.cohorts_in(grades, int(row["school_year"]))
                mark = joint_cohort(cohort_status(cohort, *through) for cohort in cohorts)
                rows.append({**told, **row, "stage": str(stage), "cohort": mark})
    return pd.DataFrame(rows, columns=list(EFFECT_COLUMNS))


def _with_shown(setup: Setup, attendance: Attendance, events: Sequence[Event], effects: pd.DataFrame) -> pd.DataFrame:
    """Add how much of a past event the schools show; NaN for those to come and those before the enrolment."""
    if effects.empty:
        return effects
    panel = school_panel(setup.county.enrolment, setup.schools, setup.base_year)
    panel = replace(panel, moves=moves_of(events, attendance.flows, panel))
    told = {(s.kind, s.year): s for s in moves_shown(panel, attendance.flows)} if panel.moves else {}
    found = [told.get((k, y)) for k, y in zip(effects["event_kind"], effects["first_school_year"], strict=True)]
    return effects.assign(
        shown_share=[np.nan if s is None else s.share for s in found],
        shown_sd=[np.nan if s is None else s.sd for s in found],
    )


def _past(event: Event, grades: Sequence[int]) -> list[dict[str, float | str]]:
    """Registered children of a past event in a stage in its first year; where they sat nobody recorded."""
    cohorts = event.cohorts_in(grades, event.first_year)
    if not cohorts:
        return []
    size = event.size * len(cohorts) / len(event.ages)
    return [{"school_year": event.first_year, "status": "observed", "event_children_mean": size}]


def _ahead(mine: Sequence[Placed], years: np.ndarray) -> list[dict[str, float | str]]:
    """One row a year in which the event has children in the stage."""
    if not mine:
        return []
    seated = np.stack([p.pupils for p in mine]).sum(axis=0, dtype=np.float64)
    away = np.stack([p.outside for p in mine]).sum(axis=0, dtype=np.float64)
    low, high = np.quantile(seated + away, (0.1, 0.9), axis=0)
    inside, outside = seated.mean(axis=0), away.mean(axis=0)
    return [
        {
            "school_year": int(year),
            "status": "forecast",
            "event_children_mean": inside[i] + outside[i],
            "event_children_p10": low[i],
            "event_children_p90": high[i],
            "event_pupils_mean": inside[i],
            "event_outside_mean": outside[i],
        }
        for i, year in enumerate(years)
        if (seated + away)[:, i].any()
    ]
