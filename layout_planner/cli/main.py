"""Commands of ``layout-planner``; the heavy packages are imported only when a command runs."""

from __future__ import annotations

from gettext import gettext as _
from pathlib import Path
from typing import Any

import click

from layout_planner import __version__
from layout_planner.cli.rules import rules
from layout_planner.cli.trace import trace

_COUNTY = click.argument("county", type=click.Path(path_type=Path), default=Path("data"), required=False)
_OUT = click.option("--out", type=click.Path(path_type=Path), default=Path("out"), help=_("Folder of the results."))
_PREVIOUS = click.option(
    "--previous", type=click.Path(path_type=Path), help=_("Results of an earlier run: tell what moved since.")
)
_LANG = click.option("--lang", type=click.Choice(["zh", "en"]), expose_value=False, help=_("Language of messages."))


@click.group(help=_("From births to a school-layout plan that a county can defend."))
@click.version_option(__version__, prog_name="layout-planner")
@_LANG
def main() -> None:
    """Group of all commands."""


@main.command(help=_("Run everything: check, travel, attendance, forecast, seats, findings, options, figures, report."))
@_COUNTY
@_OUT
@click.option("--horizon", type=click.IntRange(1, 30), help=_("School years ahead (default: county.toml)."))
@click.option("--draws", type=click.IntRange(10, 100_000), help=_("Draws of the forecast (default: county.toml)."))
@click.option("--seed", type=click.IntRange(0), help=_("Seed of the draws (default: county.toml)."))
@_PREVIOUS
@click.option("--tables-only", is_flag=True, help=_("Leave out figures and report."))
@_LANG
def run(county: Path, out: Path, *, tables_only: bool, **given: Any) -> None:
    """Run the main job on a county folder."""
    from layout_planner.cli import show
    from layout_planner.pipeline import RunOptions, run_county

    options = RunOptions(**given, upto="tables" if tables_only else "report")
    with show.stages() as on_stage:
        result = run_county(county, out, options=options, on_stage=on_stage)
    show.summary(result)


@main.command(help=_("Check the files of a county: every defect with its row, column and what to do."))
@_COUNTY
@click.option("--out", type=click.Path(path_type=Path), default=Path("out-check"), help=_("Folder of the results."))
@click.option("--strict", is_flag=True, help=_("Exit with 1 if there are warnings."))
@_LANG
def check(county: Path, out: Path, *, strict: bool) -> None:
    """Read and check a county folder."""
    from layout_planner.cli import language, show
    from layout_planner.pipeline import check_county, write_check

    checked = check_county(county, language.chosen())
    show.problems(checked, language.chosen())
    show.findings_in(out, write_check(checked, out))
    click.get_current_context().exit(checked.exit_code(strict=strict))


@main.command(help=_("Forecast a county by school, grade and township; or any areas with --pupils and --births."))
@_COUNTY
@click.option("--pupils", type=click.Path(path_type=Path), help=_("Areas: table area, year, grade, pupils."))
@click.option("--births", type=click.Path(path_type=Path), help=_("Areas: table area, year, births."))
@click.option("--areas", "area_map", type=click.Path(path_type=Path), help=_("Areas: table area, births_area."))
@click.option("--origin", type=int, help=_("Areas: the last year whose data may be used."))
@click.option("--horizon", type=click.IntRange(1, 30), help=_("School years ahead (default: county.toml; areas: 10)."))
@click.option("--entry-grade", type=int, default=0, help=_("Areas: lowest grade (0)."))
@click.option("--birth-lag", type=click.IntRange(1, 20), default=6, help=_("Areas: years from birth to entry (6)."))
@click.option(
    "--stages",
    default="primary=0-6,junior=7-9,senior=10-12",
    help=_("Areas: stages primary, junior, senior, such as primary=1-6,junior=7-9."),
)
@click.option("--draws", type=click.IntRange(10, 100_000), help=_("Draws of the forecast (default: county.toml)."))
@click.option("--seed", type=click.IntRange(0), help=_("Seed of the draws (default: county.toml)."))
@_PREVIOUS
@click.option("--out", type=click.Path(path_type=Path), help=_("Folder of the results; with --pupils the file."))
@_LANG
def forecast(county: Path, pupils: Path | None, previous: Path | None, **given: Any) -> None:
    """Forecast a county, or areas from plain tables."""
    from layout_planner.cli import forecast_areas, show

    if pupils is not None:
        forecast_areas.run(pupils, given)
        return
    from layout_planner.pipeline import RunOptions, run_county

    asked = {name: given[name] for name in ("horizon", "draws", "seed")}
    options = RunOptions(**asked, upto="forecast", previous=previous)
    with show.stages() as on_stage:
        result = run_county(county, given["out"] or Path("out"), options=options, on_stage=on_stage)
    show.summary(result)


@main.command(help=_("Make a synthetic demo county."))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--seed", type=click.IntRange(0), default=620724, help=_("Seed of the simulation (620724)."))
@click.option("--villages", type=click.IntRange(1), help=_("Number of villages."))
@click.option("--sites", type=click.IntRange(1), help=_("Number of primary school sites."))
@click.option("--years", type=click.IntRange(3, 20), default=16, help=_("School years of enrolment (16)."))
@click.option("--overwrite", is_flag=True, help=_("Replace files that differ."))
@click.option("--truth", type=click.Path(path_type=Path), help=_("Also write the simulated truth to this folder."))
@_LANG
def demo(folder: Path, *, overwrite: bool, **given: Any) -> None:
    """Make a synthetic county."""
    from layout_planner.cli import show
    from layout_planner.demo import make_demo

    show.lines(make_demo(folder, overwrite=overwrite, **given))


main.add_command(trace)
main.add_command(rules)
