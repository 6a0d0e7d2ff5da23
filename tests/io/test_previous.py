"""An earlier run that cannot be compared with is refused in one line that says what to do."""

import json
import shutil

import pytest

from layout_planner.errors import UsageError
from layout_planner.io.previous import read_previous
from layout_planner.pipeline import RunOptions, run_county
from tests.conftest import COUNTY

HERE = {"code": "990001", "base_year": 2024, "synthetic": True}


def forecast(out, **options):
    options = RunOptions(draws=15, horizon=3, upto="forecast", **options)
    run_county(COUNTY, out, options=options, on_stage=lambda _title, _seconds: None)
    return out


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return forecast(tmp_path_factory.mktemp("earlier") / "out")


@pytest.fixture
def copy(result, tmp_path):
    return shutil.copytree(result, tmp_path / "old")


def test_a_result_is_read_with_how_it_was_made(result):
    found = read_previous(result, **HERE)
    assert found.facts.base_year == 2024
    assert found.facts.options == {"horizon": 3, "draws": 15, "seed": 7}
    assert set(found.facts.inputs) == {p.name for p in COUNTY.iterdir() if p.is_file()}
    assert set(found.stages["township_code"]) == {"990001100", "990001101", "county"}
    assert len(found.parameters) > 10
    assert not found.edited
    assert found.outcomes.empty


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        ({"code": "620724"}, "previous_other_county", ["990001", "620724"]),
        ({"synthetic": False}, "previous_synthetic", ["simulated"]),
        ({"base_year": 2020}, "previous_newer", ["2024", "2020"]),
    ],
)
def test_a_result_of_another_kind_is_refused(result, asked, code, words):
    with pytest.raises(UsageError) as error:
        read_previous(result, **(HERE | asked))
    assert error.value.code == code
    assert "\n" not in str(error.value)
    assert all(word in str(error.value) for word in words)


def test_a_folder_that_is_no_result_an_unknown_schema_and_a_broken_table_are_refused(copy, tmp_path):
    with pytest.raises(UsageError, match="not a folder of results"):
        read_previous(tmp_path, **HERE)
    stages = copy / "tables" / "forecast_stage.csv"
    text = stages.read_text(encoding="utf-8-sig")
    stages.write_text(text.replace("pupils_p90", "p90", 1), encoding="utf-8-sig")
    with pytest.raises(UsageError, match="pupils_p90"):
        read_previous(copy, **HERE)
    stages.write_text(text.replace(",2025,", ",next,", 1), encoding="utf-8-sig")
    with pytest.raises(UsageError, match="school_year"):
        read_previous(copy, **HERE)
    stages.unlink()
    with pytest.raises(UsageError, match="forecast_stage"):
        read_previous(copy, **HERE)
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    (copy / "manifest.json").write_text(json.dumps(manifest | {"schema": 9}), encoding="utf-8")
    with pytest.raises(UsageError, match="9"):
        read_previous(copy, **HERE)


def test_a_table_that_was_edited_is_used_and_told(copy, tmp_path):
    stages = copy / "tables" / "forecast_stage.csv"
    stages.write_bytes(stages.read_bytes() + b"\n")
    assert read_previous(copy, **HERE).edited
    out = forecast(tmp_path / "new", previous=copy)
    assert "previous_edited" in (out / "tables" / "data_quality.csv").read_text(encoding="utf-8-sig")
