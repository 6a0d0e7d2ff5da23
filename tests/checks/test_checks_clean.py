"""No false alarm: clean counties have no error and no warning."""

import pytest

from layout_planner.demo import make_demo
from layout_planner.io.checks.run import inspect_county
from tests.conftest import COUNTY, ROOT


def loud(folder):
    return [p.sentence() for p in inspect_county(folder).problems if p.severity != "notice"]


@pytest.mark.parametrize("folder", [COUNTY, ROOT / "data"], ids=["the test county", "the demo county"])
def test_a_county_of_the_repository_is_clean(folder):
    assert loud(folder) == []


@pytest.mark.parametrize(("seed", "villages", "sites"), [(1, 12, 3), (2, 30, 8), (4, 40, 12), (5, 60, 15)])
def test_a_simulated_county_of_another_seed_and_size_is_clean(tmp_path, seed, villages, sites):
    make_demo(tmp_path / "d", seed=seed, villages=villages, sites=sites, years=16, overwrite=False, truth=None)
    assert [p.sentence() for p in inspect_county(tmp_path / "d").problems] == []


def test_the_county_with_every_table_is_clean_and_every_check_runs(county):
    inspection = inspect_county(county)
    assert [p.sentence() for p in inspection.problems if p.severity != "notice"] == []
    assert [r.check.name for r in inspection.results if not r.ran] == []
