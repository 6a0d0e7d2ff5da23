"""One run of the three-school county with a plan and an unknown column, for every test of the room."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from layout_planner.pipeline import RunOptions, run_county
from tests.conftest import COUNTY

PLAN = """name = "并点"
title = "并点"
[[decision]]
school_id = "2199000002"
year = 2026
action = "merge"
receivers = ["2199000001"]
reason = "测试"
"""
EVENTS = """event_id,date,township_code,event_kind,size,age_low,age_high
E1,2025-06-30,990001101,housing,12,6,11
E2,2021-06-30,990001100,relocation,-12,6,11
"""


@dataclass(frozen=True)
class Made:
    """A county folder and the results made from it."""

    county: Path
    out: Path

    def copy(self, to: Path) -> Made:
        """Copy both, for a test that breaks something."""
        shutil.copytree(self.county, to / "county")
        shutil.copytree(self.out, to / "out")
        return Made(to / "county", to / "out")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Tables of a run."""
    folder = tmp_path_factory.mktemp("traced")
    county, out = folder / "county", folder / "out"
    shutil.copytree(COUNTY, county)
    (county / "plans").mkdir()
    (county / "plans" / "one.toml").write_text(PLAN, encoding="utf-8")
    (county / "events.csv").write_text(EVENTS, encoding="utf-8")
    births = county / "births.csv"
    lines = births.read_text(encoding="utf-8").splitlines()
    births.write_text("\n".join([lines[0] + ",remark", *(f"{line},x" for line in lines[1:])]) + "\n", encoding="utf-8")
    earlier = RunOptions(draws=12, horizon=6, upto="forecast")
    run_county(county, folder / "before", options=earlier, on_stage=lambda _title, _seconds: None)
    options = RunOptions(draws=20, horizon=6, upto="tables", previous=folder / "before")
    run_county(county, out, options=options, on_stage=lambda _title, _seconds: None)
    return Made(county, out)
