"""The main job on the demo county, once per test run: the planted cases come out, the numbers agree, nothing leaks."""

import json
import re
from html import unescape

import pandas as pd
import pytest

from layout_planner.contracts import load_dictionary
from layout_planner.figures.style import missing_glyphs
from layout_planner.pipeline import RunOptions, compute, run_county
from layout_planner.pipeline.run import REPORT
from tests.conftest import ROOT

DATA = ROOT / "data"
ADDRESS = re.compile(r"""(?:src|href)\s*=\s*["'](?!data:|#)|url\((?!data:)|https?://""")


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "out"
    run_county(DATA, folder, options=RunOptions(), on_stage=lambda _title, _seconds: None)
    return folder


@pytest.fixture(scope="module")
def tables(out):
    found = {}
    for table in load_dictionary().outputs():
        codes = {c.name: str for c in table.required if c.type == "code"}
        path = out / "tables" / f"{table.name}.csv"
        found[table.name] = pd.read_csv(path, dtype=codes, encoding="utf-8-sig", keep_default_na=True)
    return found


@pytest.fixture(scope="module")
def schools():
    features = json.loads((DATA / "schools.geojson").read_text(encoding="utf-8"))["features"]
    return pd.DataFrame([feature["properties"] for feature in features])


def test_three_or_more_small_schools_cannot_be_merged_within_thirty_minutes(tables):
    merges = tables["candidates"].query("option == 'merge'")
    blocked = merges["vetoes"].fillna("").str.contains("T01")
    assert (blocked.groupby(merges["school_id"]).all()).sum() >= 3


def test_a_school_that_must_stay_is_never_open_to_a_merger(tables, schools):
    kept = set(schools.loc[schools["must_keep"], "school_id"]) & set(tables["candidates"]["school_id"])
    assert kept
    merges = tables["candidates"].query("option == 'merge'")
    merges = merges[merges["school_id"].isin(kept)]
    assert (merges["verdict"] == "blocked").all()
    assert merges["vetoes"].str.contains("M19").all()


def test_both_empty_schools_are_found_stay_empty_and_have_nobody_to_move(tables, schools):
    options = tables["candidates"]
    empty = options[options["pupils_now"] == 0]
    assert sorted(empty["option"]) == ["keep", "keep"]
    ahead = tables["forecast_school"]
    assert ahead.loc[ahead["school_id"].isin(empty["school_id"]), "pupils_p90"].max() == 0


def test_every_small_school_can_be_kept_and_no_option_is_recommended(tables):
    options = tables["candidates"]
    assert (options.groupby("school_id")["option"].agg(lambda values: "keep" in set(values))).all()
    assert set(options["verdict"]) <= {"keep", "undecided", "blocked"}
    order = options["verdict"].map({"keep": 0, "undecided": 1, "blocked": 2})
    assert (order.groupby(options["school_id"]).diff().dropna() >= 0).all()


def test_a_veto_names_the_villages_and_counts_whole_children(tables):
    found = tables["findings"].query("rule_id == 'T01' and outcome == 'fail'")
    assert len(found) > 0
    assert found["names"].notna().all()
    assert (found["affected"] == found["affected"].round()).all()
    assert (found["affected"] >= 1).all()


def test_the_over_eager_plan_is_stopped_and_the_prudent_one_is_not(tables):
    verdict = tables["scenario_comparison"].groupby("plan")["feasible"].all().to_dict()
    assert verdict.pop("现状") is True
    assert sorted(verdict.values()) == [False, True]
    order = tables["scenario_comparison"].drop_duplicates("plan")["feasible"].tolist()
    assert order == sorted(order, reverse=True)


def test_children_and_pupils_agree_and_integers_add_up_from_school_to_county(tables):
    school, town, stage = (tables[f"forecast_{name}"] for name in ("school", "township", "stage"))
    keys = ["school_year", "grade"]
    pd.testing.assert_series_equal(
        school.groupby(keys)["pupils_printed"].sum(), town.groupby(keys)["pupils_printed"].sum()
    )
    county = stage.query("township_code == 'county'").set_index(["school_year", "stage"])["pupils_printed"]
    sums = town.groupby(["school_year", "stage"])["pupils_printed"].sum()
    pd.testing.assert_series_equal(county.sort_index(), sums, check_names=False)
    seated = town["pupils_mean"].sum() + town["outside_mean"].sum()
    assert seated == pytest.approx(town["children_mean"].sum(), rel=1e-4)
    assert tables["reconciliation"]["difference"].abs().max() < 0.5


def test_the_share_who_go_to_the_county_town_is_near_the_known_one(tables, schools):
    known = {
        "宣化镇": 25,
        "南华镇": 20,
        "巷道镇": 45,
        "合黎镇": 25,
        "骆驼城镇": 15,
        "新坝镇": 15,
        "黑泉镇": 15,
        "罗城镇": 12,
    }
    flows = tables["flows"]
    inside = flows[(flows["attends"] != "outside") & flows["grade_band"].isin(["1-3", "4-6"])]
    seat = schools.set_index("school_id")["township_code"]
    names = tables["forecast_township"].drop_duplicates("township_code").set_index("township_code")["township_name"]
    to_town = inside.assign(there=inside["attends"].map(seat) == "620724100")
    share = to_town.groupby("home_township_code").apply(
        lambda rows: 100 * rows.loc[rows["there"], "children"].sum() / rows["children"].sum(), include_groups=False
    )
    found = {names[code]: value for code, value in share.items() if names.get(code) in known}
    assert set(found) == set(known)
    assert max(abs(found[name] - known[name]) for name in known) < 10


def test_the_report_asks_for_nothing_says_simulated_and_has_every_glyph(out):
    html = (out / REPORT).read_text(encoding="utf-8")
    assert not ADDRESS.search(html)
    assert "<script" not in html
    assert "default-src 'none'" in unescape(html[:2000])
    assert html.count("模拟数据") >= 3
    assert missing_glyphs([re.sub(r"data:[^\"')]+", "", html)]) == set()


def test_every_name_in_the_data_can_be_printed(out):
    texts = [p.read_text(encoding="utf-8-sig") for p in (out / "tables").glob("*.csv")]
    texts += [p.read_text(encoding="utf-8") for p in DATA.iterdir() if p.suffix in {".csv", ".geojson", ".toml"}]
    assert missing_glyphs(texts) == set()


def test_every_rule_is_decided_or_says_what_is_missing(tables):
    findings = tables["findings"]
    assert findings["rule_id"].nunique() == 125
    decided = set(findings.loc[findings["outcome"].isin(["pass", "fail"]), "rule_id"])
    assert {"T01", "T02", "T03", "C01", "C03", "C07", "C10", "M09", "M10", "M12", "M19"} <= decided
    assert findings.loc[findings["outcome"].isin(["not_evaluated", "unset"]), "missing"].notna().all()


def test_unborn_children_are_marked_and_no_figure_of_a_real_school_is_invented(tables, schools):
    school = tables["forecast_school"]
    assert set(school["cohort"]) == {"born", "part", "unborn"}
    first = school.query("grade == 1 and cohort == 'unborn'")["school_year"].min()
    assert first == 2032  # grade 1 of September 2032 is born from September 2025
    assert schools["synthetic"].all()
    assert schools["school_id"].str.slice(2, 4).eq("99").all()
    assert schools["name"].str.contains("示例").all()


def test_the_scripts_for_planners_can_call_the_stages_one_by_one():
    done = compute(DATA, RunOptions(draws=20, horizon=6))
    assert set(done.forecasted.tables()) < set(done.tables())
