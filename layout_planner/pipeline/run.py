"""The main job: compute a county, write tables, figures, report and manifest, swap the output folder."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from gettext import gettext as _
from pathlib import Path
from typing import Any

import pandas as pd

from layout_planner.io.out import OutFolder, open_out
from layout_planner.pipeline.compute import Clock, OnStage, compute, compute_forecast
from layout_planner.pipeline.draw import Drawn, draw_all
from layout_planner.pipeline.facts import previous_facts, run_facts
from layout_planner.pipeline.headlines import headlines_of
from layout_planner.pipeline.setup import RunOptions, Setup
from layout_planner.reports import FigureEntry, ReportInputs, build_document, render_html
from layout_planner.scenario import Plan, decisions_table

REPORT = "report.html"
FIGURES = "figures"


@dataclass(frozen=True)
class RunResult:
    """What a run tells its caller: where the results are and the first numbers."""

    out: Path
    synthetic: bool
    headlines: Sequence[tuple[str, str]]
    mine: Sequence[str]  # files of the planner in ``out``: edited ones under ``edited/``, added ones in their place


def run_county(folder: Path, out: Path, *, options: RunOptions, on_stage: OnStage) -> RunResult:
    """Run the main job on a county folder.

    Parameters
    ----------
    folder
        The county folder.
    out
        Output folder; replaced only when everything is written.
    options
        Horizon, draws, seed, the last stage (``forecast``, ``tables`` or ``report``), and results of an earlier run.
    on_stage
        Told title and seconds of every stage.

    Returns
    -------
    RunResult
        Folder, headlines, the planner's own files that were kept.

    Raises
    ------
    LayoutError
        If the input, the rules, the ledger or the machine stop the run; ``out`` is then as it was.
    """
    clock = Clock(lambda title, seconds: on_stage(_(title), seconds), {})
    with open_out(out) as target:
        setup, tables = _fill(target, folder, options, clock)
        mine = target.finish(manifest_of(setup, tables, options, clock.seconds))
    return RunResult(out, setup.synthetic, headlines_of(setup, tables), mine)


def _fill(
    target: OutFolder, folder: Path, options: RunOptions, clock: Clock
) -> tuple[Setup, Mapping[str, pd.DataFrame]]:
    """Compute a county and write its tables, figures and report to the new folder."""
    if options.upto == "forecast":
        done = compute_forecast(folder, options, clock)
        _write_tables(target, done.tables(), synthetic=done.setup.synthetic)
        return done.setup, done.tables()
    computed = compute(folder, options, clock)
    setup, tables = computed.setup, computed.tables()
    _write_tables(target, tables, synthetic=setup.synthetic)
    if options.upto == "report":
        drawn = clock.measure("Figures", lambda: _draw(setup, computed.drawing_tables(), target))
        plans = [evaluation.plan for evaluation in computed.evaluations]
        clock.measure("Report", lambda: _report(setup, tables, drawn, plans, target))
    return setup, tables


def _write_tables(target: OutFolder, tables: Mapping[str, pd.DataFrame], *, synthetic: bool) -> None:
    for name, frame in tables.items():
        target.write_table(name, frame, synthetic=synthetic)


def _draw(setup: Setup, tables: Mapping[str, pd.DataFrame], target: OutFolder) -> list[Drawn]:
    folder = target.new / FIGURES
    folder.mkdir()
    return draw_all(setup, tables, folder)


def _report(
    setup: Setup, tables: Mapping[str, pd.DataFrame], drawn: Sequence[Drawn], plans: Sequence[Plan], target: OutFolder
) -> None:
    settings = setup.county.settings
    figures = [
        FigureEntry(
            number=d.number,
            title=d.title,
            svg=(target.new / FIGURES / f"{d.stem}.svg").read_text(encoding="utf-8"),
            alt=d.alt,
            note="",
        )
        for d in drawn
    ]
    inputs = ReportInputs(
        county=settings.name,
        code=settings.code,
        base_year=setup.base_year,
        horizon=setup.horizon,
        synthetic=setup.synthetic,
        tables=tables,
        figures=figures,
        parameters=setup.assumptions(),
        rules=setup.numbers_of_rules(
            tables["findings"]["rule_id"][tables["findings"]["outcome"].isin(["pass", "fail"])]
        ),
        decisions=decisions_table(plans, setup.schools),
        residents=setup.county.more.get("residents"),
        run=run_facts(setup),
    )
    target.write_text(REPORT, render_html(build_document(inputs)))


def manifest_of(
    setup: Setup, tables: Mapping[str, pd.DataFrame], options: RunOptions, seconds: Mapping[str, float]
) -> dict[str, Any]:
    """Everything that is needed to tell how the results came about."""
    settings = setup.county.settings
    facts = run_facts(setup)
    return {
        "schema": 1,
        "county": settings.name,
        "code": settings.code,
        "synthetic": setup.synthetic,
        "base_year": setup.base_year,
        "options": {"horizon": setup.horizon, "draws": setup.draws, "seed": setup.seed, "upto": options.upto},
        "inputs": facts["inputs"],
        "previous": previous_facts(setup),
        "versions": {**facts["versions"], "python": platform.python_version()},
        "seconds": {title: round(value, 2) for title, value in seconds.items()},
        "rows": {name: len(frame) for name, frame in tables.items()},
    }
