"""The four scripts of a planner run from the folder of the project and write what they say."""

import importlib.util

import pytest

from tests.conftest import COUNTY, ROOT

FILES = {
    "forecast": {"forecast_school.csv", "births.png", "stages.svg"},
    "capacity_maps": {"seats.csv", "seat_balance.csv", "primary_2024.png", "primary_2027.png"},
    "compare_scenarios": {"scenario_comparison.csv", "findings_现状.csv"},
    "layout_plan": {"fig_3-1_births.png", "fig_5-1_minutes.svg"},
}
SMALLER = {"HORIZON": 5, "DRAWS": 30, "STAGES": None, "YEARS_AHEAD": (0, 3), "SHOWN_YEARS": (2024, 2027)}


def script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "analyses" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_script_runs_on_a_county_and_writes_its_files(name, tmp_path, capsys, monkeypatch):
    module = script(name)
    for parameter, value in SMALLER.items():
        if hasattr(module, parameter) and value is not None:
            monkeypatch.setattr(module, parameter, value)
    monkeypatch.setattr(module, "COUNTY", COUNTY)
    monkeypatch.setattr(module, "OUT", tmp_path / name)
    module.main()
    assert FILES[name] <= {p.name for p in (tmp_path / name).iterdir()}
    assert f"结果：{tmp_path / name}" in capsys.readouterr().out


def test_every_script_of_the_folder_is_tried():
    assert {p.stem for p in (ROOT / "analyses").glob("*.py")} == set(FILES)
