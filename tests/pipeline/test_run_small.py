"""The main job on the three-school county: whole, repeatable, safe against kills and bad input."""

import json
import shutil
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from layout_planner.contracts import check_table, load_dictionary
from layout_planner.errors import DefectsError
from layout_planner.pipeline import RunOptions, run_county
from layout_planner.pipeline.compute import compute
from tests.conftest import COUNTY

TABLES = [t.name for t in load_dictionary().outputs()]


def run(folder, out, **options):
    return run_county(folder, out, options=RunOptions(**options), on_stage=lambda _title, _seconds: None)


def read(out, name):
    codes = {c.name: str for c in load_dictionary().tables[name].required if c.type == "code"}
    return pd.read_csv(out / "tables" / f"{name}.csv", dtype=codes, encoding="utf-8-sig")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    out = tmp_path_factory.mktemp("small") / "out"
    run(COUNTY, out)
    return out


def test_a_run_writes_every_table_of_the_contract_the_figures_the_report_and_the_manifest(small):
    assert sorted(p.stem for p in (small / "tables").iterdir()) == sorted(TABLES)
    for name in TABLES:
        assert list(read(small, name).columns) == load_dictionary().tables[name].written
    figures = {p.name for p in (small / "figures").iterdir()}
    assert {f"{stem}.{kind}" for stem in {n.split(".")[0] for n in figures} for kind in ("png", "svg")} == figures
    manifest = json.loads((small / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["synthetic"] is True
    assert set(manifest["rows"]) == set(TABLES)
    assert set(manifest["inputs"]) == {p.name for p in COUNTY.iterdir() if p.is_file()}
    assert set(manifest["documents"]) == {"report.html", *(f"tables/{name}.csv" for name in TABLES)}
    assert all(read(small, name)["synthetic"].all() for name in TABLES)


def test_children_and_pupils_agree_in_every_printed_table(small):
    school, stage = read(small, "forecast_school"), read(small, "forecast_stage")
    town = read(small, "forecast_township")
    keys = ["school_year", "grade"]
    by_school, by_town = (t.groupby(keys)["pupils_printed"].sum() for t in (school, town))
    pd.testing.assert_series_equal(by_school, by_town)
    county = stage[stage["township_code"] == "county"].groupby("school_year")["pupils_printed"].sum()
    pd.testing.assert_series_equal(county, school.groupby("school_year")["pupils_printed"].sum())
    together = town["children_mean"].sum() - town["outside_mean"].sum()
    assert together == pytest.approx(town["pupils_mean"].sum(), rel=1e-4)
    village = read(small, "forecast_village")
    assert village["children_mean"].sum() == pytest.approx(town["children_mean"].sum(), rel=1e-4)


def test_the_base_year_of_the_forecast_is_what_was_counted(small):
    counted = pd.read_csv(COUNTY / "enrolment.csv", dtype={"school_id": str})
    counted = counted[counted["school_year"] == 2024].set_index(["school_id", "grade"])["pupils"]
    told = read(small, "forecast_school").query("school_year == 2024").set_index(["school_id", "grade"])
    assert told["pupils_printed"].to_dict() == counted.to_dict()


def test_every_rule_of_the_catalogue_has_a_row_with_its_outcome_or_what_is_missing(small):
    findings = read(small, "findings")
    assert findings["rule_id"].nunique() > 120
    open_rows = findings[findings["outcome"].isin(["not_evaluated", "unset"])]
    assert open_rows["missing"].notna().all()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(small, tmp_path):
    run(COUNTY, tmp_path / "again")
    run(COUNTY, tmp_path / "other", seed=8, upto="forecast")
    files = [p.relative_to(small) for p in small.rglob("*") if p.is_file() and p.name != "manifest.json"]
    assert [str(f) for f in files if (small / f).read_bytes() != (tmp_path / "again" / f).read_bytes()] == []
    name = "tables/forecast_school.csv"
    assert (small / name).read_bytes() != (tmp_path / "other" / name).read_bytes()


def test_a_run_killed_half_way_leaves_the_last_good_result(small, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(small, out)
    before = {p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file()}
    command = [sys.executable, "-m", "layout_planner", "run", str(COUNTY), "--out", str(out), "--seed", "8"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    half = tmp_path / "out.new" / "tables" / "travel_minutes.csv"
    while not half.exists() and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    process.wait()
    assert half.exists(), "the run was over before it could be killed"
    assert {p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file()} == before
    run(COUNTY, out, upto="forecast")
    assert not (tmp_path / "out.new").exists()


def test_a_broken_copy_stops_with_all_its_defects_and_leaves_the_last_result(small, county_copy, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(small, out)
    enrolment = county_copy / "enrolment.csv"
    enrolment.write_text(enrolment.read_text(encoding="utf-8").replace("2024,9,", "2024,99,"), encoding="utf-8")
    (county_copy / "births.csv").write_text("township_code,year\n990001100,2004\n", encoding="utf-8")
    with pytest.raises(DefectsError) as error:
        run(county_copy, out)
    assert {p.file for p in error.value.problems} == {"enrolment.csv", "births.csv"}
    assert (out / "manifest.json").read_bytes() == (small / "manifest.json").read_bytes()


def test_a_plan_in_the_county_folder_is_evaluated_beside_the_status_quo(county_copy):
    plans = county_copy / "plans"
    plans.mkdir()
    text = 'name = "并点"\ntitle = "并点"\n[[decision]]\nschool_id = "2199000002"\nyear = 2026\naction = "merge"\n'
    (plans / "one.toml").write_text(text + 'receivers = ["2199000001"]\nreason = "测试"\n', encoding="utf-8")
    table = compute(county_copy).tables()["scenario_comparison"]
    assert table["plan"].unique().tolist() == ["现状", "并点"]
    merged = table[table["plan"] == "并点"]
    assert not merged["feasible"].any()
    assert "T01" in merged["vetoes"].iloc[0]


def test_tables_alone_are_those_of_the_whole_run(small, tmp_path):
    run(COUNTY, tmp_path / "out", upto="tables")
    assert not (tmp_path / "out" / "report.html").exists()
    for name in TABLES:
        path = f"tables/{name}.csv"
        assert (tmp_path / "out" / path).read_bytes() == (small / path).read_bytes()


def test_a_forecast_alone_stops_after_the_forecast(tmp_path):
    run(COUNTY, tmp_path / "out", upto="forecast")
    assert (tmp_path / "out" / "tables" / "forecast_school.csv").exists()
    assert not (tmp_path / "out" / "tables" / "seats.csv").exists()


def test_every_table_of_the_small_county_keeps_its_contract():
    for name, frame in compute(COUNTY).tables().items():
        pd.testing.assert_frame_equal(frame, check_table(name, frame))


def test_without_roads_everything_is_screened_and_no_trip_passes(county_copy):
    (county_copy / "roads.gpkg").unlink()
    tables = compute(county_copy).tables()
    assert set(tables["travel_minutes"]["engine"]) == {"screening"}
    t01 = tables["findings"].query("rule_id == 'T01'")
    assert len(t01) > 0
    assert "pass" not in set(t01["outcome"])
    assert "roads_absent" in set(tables["data_quality"]["code"])


def test_a_character_without_a_glyph_is_a_notice_and_stops_nothing(county_copy, tmp_path):
    villages = county_copy / "villages.csv"
    villages.write_text(villages.read_text(encoding="utf-8").replace("甲一村", "甲𠮷村😀"), encoding="utf-8")
    run(county_copy, tmp_path / "out", draws=20)
    notices = read(tmp_path / "out", "data_quality").query("code == 'glyph_missing'")
    assert notices["found"].tolist() == ["😀𠮷"] or notices["found"].tolist() == ["𠮷😀"]
