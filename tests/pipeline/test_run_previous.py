"""A run set beside an earlier one: the same inputs move nothing, and the same command gives the same bytes."""

import pandas as pd
import pytest

from layout_planner.pipeline import RunOptions, run_county
from tests.conftest import COUNTY


def forecast(out, folder=COUNTY, **options):
    options = RunOptions(draws=15, horizon=4, upto="forecast", **options)
    run_county(folder, out, options=options, on_stage=lambda _title, _seconds: None)
    return out


def read(out, name):
    return pd.read_csv(out / "tables" / f"{name}.csv", encoding="utf-8-sig", keep_default_na=False)


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    return forecast(tmp_path_factory.mktemp("first") / "out")


def test_without_an_earlier_run_the_tables_are_empty(first):
    assert read(first, "forecast_change").empty
    assert read(first, "forecast_causes").empty


def test_the_same_inputs_move_nothing_and_differ_in_nothing(first, tmp_path):
    again = forecast(tmp_path / "out", previous=first)
    rows = read(again, "forecast_change")
    assert len(rows) == 5 * 4  # 甲 and the county two stages, 乙 one; four years
    assert (rows["change"] == 0).all()
    assert set(rows["move"]) == {"same"}
    assert read(again, "forecast_causes").empty


def test_the_same_command_gives_the_same_bytes_whatever_stands_in_the_folder(first, tmp_path):
    one, two = (forecast(tmp_path / name, seed=3, previous=first) for name in ("one", "two"))
    forecast(one, seed=3, previous=first)
    for table in sorted((one / "tables").iterdir()):
        assert table.read_bytes() == (two / "tables" / table.name).read_bytes(), table.name
    assert read(one, "forecast_causes")[["cause", "changed_item"]].values.tolist() == [["option", "seed"]]


def test_results_may_be_compared_with_those_they_replace(tmp_path):
    out = forecast(tmp_path / "out")
    forecast(out, seed=3, previous=out)
    assert len(read(out, "forecast_change")) == 20
    assert read(out, "forecast_causes")["changed_item"].tolist() == ["seed"]


def test_a_year_later_the_outcome_stands_beside_the_forecast(county_copy, tmp_path):
    settings = county_copy / "county.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("base_year = 2024", "base_year = 2023"))
    last = forecast(tmp_path / "last", county_copy)
    rows = read(forecast(tmp_path / "now", previous=last), "forecast_change")
    seen = rows[rows["status"] == "observed"].set_index(["township_code", "stage"])
    counted = pd.read_csv(COUNTY / "enrolment.csv")
    counted = counted[(counted["school_year"] == 2024) & counted["grade"].between(1, 6)]["pupils"].sum()
    assert (seen["school_year"] == 2024).all()
    assert seen.loc[("county", "primary"), "now_mean"] == counted
    assert seen.loc[("county", "primary"), "lead"] == 1
    causes = read(tmp_path / "now", "forecast_causes")
    assert causes["changed_item"].tolist() == ["base_year", "county.toml"]
