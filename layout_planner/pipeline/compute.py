"""All stages of one county, from the folder to the tables: what `run` and the scripts in `analyses/` call."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import pandas as pd

from layout_planner.consolidation import small_school_options
from layout_planner.contracts import check_table
from layout_planner.enrolment.change import Change
from layout_planner.errors import DefectsError, Problem
from layout_planner.io.coordinates import coordinates_table
from layout_planner.io.text import read_toml
from layout_planner.pipeline.backtest import Backtest, backtest_of, earlier_flows
from layout_planner.pipeline.demand import Attendance, Travel, attendance_of, closures_of, travel_of
from layout_planner.pipeline.draw import history_of
from layout_planner.pipeline.facts import change_of
from layout_planner.pipeline.judging import findings_of
from layout_planner.pipeline.ledger import Ledger
from layout_planner.pipeline.outlook import Outlook, outlook_of
from layout_planner.pipeline.reach import Reach, reach_of
from layout_planner.pipeline.setup import RunOptions, Setup, quality_table, set_up
from layout_planner.pipeline.supply import Supply, base_rows, supply_of
from layout_planner.scenario import STATUS_QUO, Baseline, Evaluation, Plan, compare, evaluate, parse_plan

PLANS = "plans"
OnStage = Callable[[str, float], None]
T = TypeVar("T")


@dataclass(frozen=True)
class Forecasted:
    """Results up to the forecast."""

    setup: Setup
    ledger: Ledger
    travel: Travel
    attendance: Attendance
    outlook: Outlook
    backtest: Backtest
    change: Change
    closures: pd.DataFrame

    def tables(self) -> dict[str, pd.DataFrame]:
        """Output tables up to the forecast, each brought to its contract."""
        return _checked(
            {
                "data_quality": quality_table(self.setup),
                "coordinates": coordinates_table(self.setup.county.schools, self.setup.county.villages),
                "travel_minutes": self.travel.minutes,
                "access": self.attendance.access,
                "road_closures": self.closures,
                "allocation": self.attendance.allocation,
                "flows": self.attendance.flows,
                "flow_matrix": self.outlook.chain.flow_matrix,
                "leavers": self.outlook.chain.leavers,
                "event_effects": self.outlook.chain.event_effects,
                "births_projected": self.outlook.births,
                "births_variants": self.outlook.births_variants,
                "forecast_school": self.outlook.schools,
                "forecast_township": self.outlook.townships,
                "forecast_stage": self.outlook.stages,
                "forecast_village": self.outlook.villages,
                "forecast_parameters": self.outlook.estimated.parameters,
                "forecast_weights": self.outlook.estimated.weights,
                "forecast_change": self.change.rows,
                "forecast_causes": self.change.causes,
                "forecast_variants": self.outlook.variants,
                "backtest": self.backtest.scores,
                "forecast_check": self.backtest.check,
                "reconciliation": self.ledger.table(),
            }
        )


@dataclass(frozen=True)
class Computed:
    """Results of every stage."""

    forecasted: Forecasted
    supply: Supply
    reach: Reach
    findings: pd.DataFrame
    candidates: pd.DataFrame
    baseline: Baseline
    evaluations: tuple[Evaluation, ...]

    @property
    def setup(self) -> Setup:
        """The county as it was set up."""
        return self.forecasted.setup

    def tables(self) -> dict[str, pd.DataFrame]:
        """Every output table, each brought to its contract."""
        more = {
            "seats": self.supply.seats,
            "seat_balance": self.supply.balance,
            **self.reach.tables,
            "findings": self.findings,
            "candidates": self.candidates,
            "scenario_comparison": compare(list(self.evaluations)),
        }
        return {**self.forecasted.tables(), **_checked(more)}

    def drawing_tables(self) -> dict[str, pd.DataFrame]:
        """Return the output tables and the history of pupils, for the figures."""
        return {**self.tables(), "history": history_of(self.setup)}


@dataclass
class Clock:
    """Seconds of every stage, told to the caller as each one ends."""

    on_stage: OnStage
    seconds: dict[str, float]

    def measure(self, title: str, work: Callable[[], T]) -> T:
        """Do some work and record its seconds under a title."""
        started = time.perf_counter()
        result = work()
        self.seconds[title] = time.perf_counter() - started
        self.on_stage(title, self.seconds[title])
        return result


def _silent(_title: str, _seconds: float) -> None:
    """Take no notice of a stage."""


def compute_forecast(folder: Path, options: RunOptions | None = None, clock: Clock | None = None) -> Forecasted:
    """Read a county and compute travel, attendance and the forecast.

    Parameters
    ----------
    folder
        The county folder.
    options
        Horizon, draws and seed instead of those of county.toml; None takes all of them from there.
    clock
        Told the seconds of every stage.

    Returns
    -------
    Forecasted
        Results up to the forecast.

    Raises
    ------
    LayoutError
        Whatever the stages find wrong: defects of the files, rules not in force, children lost.
    """
    clock = clock or Clock(_silent, {})
    ledger = Ledger()
    setup = clock.measure("Reading and checking", lambda: set_up(folder, options or RunOptions()))
    travel = clock.measure("Travel minutes", lambda: travel_of(setup))
    attendance = clock.measure("Who attends where", lambda: attendance_of(setup, travel, ledger))
    closures = clock.measure("One road closed", lambda: closures_of(setup, travel, attendance, ledger))
    earlier = clock.measure("Flows of earlier years", lambda: earlier_flows(setup, travel))
    outlook = clock.measure("Forecast", lambda: outlook_of(setup, attendance, ledger, earlier))
    backtest = clock.measure("Backtest", lambda: backtest_of(setup, attendance.flows, earlier))
    change = change_of(setup, outlook.stages, outlook.estimated.parameters)
    return Forecasted(setup, ledger, travel, attendance, outlook, backtest, change, closures)


def compute(folder: Path, options: RunOptions | None = None, clock: Clock | None = None) -> Computed:
    """Compute every stage of a county.

    Parameters and errors as `compute_forecast`.

    Returns
    -------
    Computed
        Results of every stage.
    """
    clock = clock or Clock(_silent, {})
    done = compute_forecast(folder, options, clock)
    setup = done.setup
    supply = clock.measure("Seats", lambda: supply_of(setup, done.outlook.pupils))
    reach = clock.measure("Access", lambda: _reach_of(done, supply))
    baseline = baseline_of(done, supply)
    options, of_pairs = clock.measure("Options for small schools", lambda: small_school_options(baseline))
    plans = plans_of(setup)
    findings = clock.measure("Findings", lambda: findings_of(setup, done.attendance, further=of_pairs, plans=plans))
    evaluations = clock.measure("Plans", lambda: [evaluate(plan, _flows_of(plan, baseline, done)) for plan in plans])
    return Computed(done, supply, reach, findings, options, baseline, tuple(evaluations))


def baseline_of(done: Forecasted, supply: Supply) -> Baseline:
    """Put together what every option and plan is measured against."""
    setup = done.setup
    return Baseline(
        base_year=setup.base_year,
        day=setup.day,
        schools=pd.DataFrame(setup.schools.drop(columns="geometry")),
        villages=pd.DataFrame(setup.villages.drop(columns="geometry")),
        enrolment=base_rows(setup)[
            ["school_id", "grade", "pupils", "boarders", "boarders_m", "boarders_f", "sections"]
        ],
        allocation=done.attendance.allocation,
        minutes=done.travel.worst,
        seats=supply.seats,
        pupils=done.outlook.pupils,
        catalogue=setup.catalogue,
        parameters=setup.values,
        more=setup.county.more,
    )


def _reach_of(done: Forecasted, supply: Supply) -> Reach:
    """Measures of access, with their hand-overs in the ledger of the run."""
    return reach_of(done.setup, done.travel, done.attendance, supply.seats, done.ledger)


def _flows_of(plan: Plan, baseline: Baseline, done: Forecasted) -> Baseline:
    """Baseline with the flows that a plan counts on; the same where it changes none."""
    if not plan.flow_changes:
        return baseline
    return replace(baseline, pupils=done.outlook.chain.with_changes(plan.flow_changes, file=plan.file))


def plans_of(setup: Setup) -> list[Plan]:
    """现状 and every plan of the county folder, by file name.

    Raises
    ------
    DataError, DefectsError
        If a plan cannot be read or contradicts the register.
    """
    schools = pd.DataFrame(setup.schools.drop(columns="geometry"))
    last = setup.base_year + setup.horizon
    towns = set(setup.county.townships["township_code"].astype(str))
    plans = [STATUS_QUO]
    for file in sorted((setup.folder / PLANS).glob("*.toml")):
        name = f"{PLANS}/{file.name}"
        plan = parse_plan(read_toml(file), schools, setup.base_year, last_year=last, file=name, townships=towns)
        if plan.name in {other.name for other in plans}:
            raise DefectsError([Problem("error", "key_twice", name, column="name", found=plan.name)])
        plans.append(plan)
    return plans


def _checked(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    return {name: check_table(name, frame) for name, frame in tables.items()}
