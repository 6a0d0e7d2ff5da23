"""What a run was made from, and what moved since the earlier run it is set beside."""

from __future__ import annotations

from importlib import metadata
from typing import Any, Final

import pandas as pd

from layout_planner import __version__
from layout_planner.enrolment.change import Change, Facts, Now, change_since
from layout_planner.pipeline.setup import Setup
from layout_planner.terms import STAGE_OF_GRADE

PACKAGES: Final = (
    "numpy", "pandas", "xarray", "scipy", "statsmodels", "geopandas", "shapely", "pyogrio", "matplotlib",
)  # fmt: skip


def run_facts(setup: Setup) -> dict[str, Any]:
    """Seed, draws, versions and hashes of the inputs: the same for the same run, so that results can be compared."""
    return {
        "seed": setup.seed,
        "draws": setup.draws,
        "versions": {"layout-planner": __version__, **{name: metadata.version(name) for name in PACKAGES}},
        "inputs": dict(setup.county.hashes),
    }


def previous_facts(setup: Setup) -> dict[str, Any] | None:
    """Record of the earlier run that this one is set beside; None without one."""
    if setup.earlier is None:
        return None
    facts = setup.earlier.facts
    return {
        "base_year": facts.base_year,
        "options": dict(facts.options),
        "inputs": dict(facts.inputs),
        "forecast_stage": setup.earlier.digest,
    }


def change_of(setup: Setup, stages: pd.DataFrame, parameters: pd.DataFrame) -> Change:
    """Set the forecast by stage beside the earlier run; empty tables without one.

    Parameters
    ----------
    setup
        The county, with the earlier run where one was named.
    stages, parameters
        Tables ``forecast_stage`` and ``forecast_parameters``. [pupils]
    """
    facts = run_facts(setup)
    options = {"horizon": setup.horizon, "draws": setup.draws, "seed": setup.seed}
    now = Now(stages, parameters, Facts(setup.base_year, options, facts["versions"], facts["inputs"]))
    return change_since(setup.earlier, now, _counted(setup))


def _counted(setup: Setup) -> pd.DataFrame:
    """Pupils counted by township of the school, stage and year: township_code, stage, school_year, pupils. [pupils]"""
    rows = setup.county.enrolment
    towns = setup.schools.set_index("school_id")["township_code"].astype(str)
    placed = rows.assign(
        township_code=rows["school_id"].map(towns), stage=[str(STAGE_OF_GRADE[g]) for g in rows["grade"].astype(int)]
    )
    return placed.groupby(["township_code", "stage", "school_year"], as_index=False)["pupils"].sum()
