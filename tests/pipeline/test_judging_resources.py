"""From the files of a county to the tables of the families size, staff, buildings, quality and preschool."""

import json
from types import SimpleNamespace

import pandas as pd
import pytest

from layout_planner.compliance import evaluate
from layout_planner.pipeline.judging import buildings, preschool, quality, size, staff
from layout_planner.pipeline.judging.today import today_of
from layout_planner.pipeline.setup import RunOptions, set_up

FAMILIES = (size, staff, buildings, quality, preschool)
PRIMARY, POINT, JUNIOR = "2199000001", "2199000002", "3199000003"
KINDERGARTEN = "1199000004"
NOBODY = pd.DataFrame(columns=["village_code", "attends", "grade_band", "children"])


def change_schools(folder, **by_school):
    path = folder / "schools.geojson"
    layer = json.loads(path.read_text(encoding="utf-8"))
    for feature in layer["features"]:
        feature["properties"].update(by_school.get(f"s{feature['properties']['school_id']}", {}))
    if f"s{KINDERGARTEN}" in by_school:
        first = layer["features"][0]
        new = {**dict.fromkeys(first["properties"]), **by_school[f"s{KINDERGARTEN}"]}
        layer["features"].append({**first, "properties": new})
    path.write_text(json.dumps(layer, ensure_ascii=False), encoding="utf-8")


def write(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")


def found_in(folder):
    setup = set_up(folder, RunOptions())
    today = today_of(setup, SimpleNamespace(allocation=NOBODY))
    tables = {name: table for family in FAMILIES for name, table in family.tables_of(today).items()}
    found = evaluate(tables, setup.catalogue, setup.day)
    return tables, found.set_index(["rule_id", "subject_id", "stage"]).sort_index()


def test_a_county_without_the_further_tables_is_judged_by_what_it_has(county_copy):
    tables, found = found_in(county_copy)
    rules = set(found.index.get_level_values(0))
    assert "staffing" not in tables
    assert "kindergartens" not in tables
    assert {"C01", "C02", "C08", "C09", "C11", "E04", "B09"} <= rules
    assert not rules & {"D01", "D04", "P01", "P06", "C13", "C16", "D03", "B02"}
    assert found.loc[("E01", "county", ""), "outcome"] == "not_evaluated"
    assert set(found["outcome"]) <= {"pass", "fail", "not_evaluated"}


def test_a_teaching_point_stands_inside_its_host(county_copy):
    _, found = found_in(county_copy)
    rows = found.loc["E04"]
    assert (POINT, "primary") not in rows.index
    host = rows.loc[(PRIMARY, "primary")]
    assert host["names"] == "含教学点 1 个"
    assert host["observed"] == pytest.approx((1600 + 240) / (308 + 23), abs=0.005)


STAFF = """school_id,stage,role,subject,age_band,degree,backbone,certified,posts
2199000001,primary,teacher,chinese,30-34,associate,false,true,14
2199000001,primary,teacher,music,30-34,below,true,true,3
2199000002,primary,teacher,general,55-59,below,false,true,2
1199000004,pre,teacher,preschool,30-34,associate,false,true,2
1199000004,pre,teacher,preschool,30-34,associate,false,false,1
1199000004,pre,carer,preschool,30-34,below,false,,1
"""


def with_kindergarten(folder):
    change_schools(
        folder,
        **{
            f"s{KINDERGARTEN}": {
                "school_id": KINDERGARTEN, "site_id": "S1", "name": "甲镇示例幼儿园", "kind": "kindergarten",
                "stages": "pre", "grade_low": -2, "grade_high": 0, "township_code": "990001100", "classrooms": 2,
                "village_code": "990001100203", "ownership": "public", "central": True, "opened": 2010,
                "outdoor_area_m2": 100, "activity_area_m2": 400, "building_area_m2": 500,
            }
        },
    )  # fmt: skip
    path = folder / "enrolment.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    years = sorted({line.split(",")[1] for line in lines[1:]})
    new = pd.DataFrame(
        [
            {"school_id": KINDERGARTEN, "school_year": year, "grade": grade, "pupils": 15, "sections": 1,
             "boarders_m": 0, "boarders_f": 0}
            for year in years for grade in (-2, -1, 0)
        ]
    )  # fmt: skip
    names = lines[0].split(",")
    text = new.reindex(columns=names).to_csv(index=False, header=False)
    path.write_text("\n".join(lines) + "\n" + text, encoding="utf-8")


def test_staff_of_a_school_that_is_not_listed_are_not_known_and_a_role_not_listed_is_none(county_copy):
    with_kindergarten(county_copy)
    write(county_copy, "teachers.csv", STAFF)
    tables, found = found_in(county_copy)
    table = tables["staffing"].set_index(["subject_id", "stage"])
    assert table.loc[(PRIMARY, "primary"), ["staff", "teachers", "carers"]].tolist() == [17, 17, 0]
    assert table.loc[(JUNIOR, "junior"), ["staff", "teachers"]].isna().all()
    assert found.loc[("D01", PRIMARY, "primary"), "observed"] == pytest.approx(308 / 17)
    assert found.loc[("D01", JUNIOR, "junior"), "outcome"] == "not_evaluated"
    assert found.loc[("D01", "county", "primary"), "observed"] == pytest.approx(331 / 19)
    assert found.loc[("E01", PRIMARY, "primary"), "observed"] == pytest.approx(100 * 14 / 331, abs=0.005)
    assert found.loc[("E03", PRIMARY, "primary"), "outcome"] == "pass"  # 3 for 331 pupils
    assert found.loc[("E01", JUNIOR, "junior"), "outcome"] == "not_evaluated"


def test_kindergartens_are_judged_once_the_county_has_one(county_copy):
    with_kindergarten(county_copy)
    write(county_copy, "teachers.csv", STAFF)
    rows = "\n".join(
        f"{town},2024,{age},20,0,0,20" for town in ("990001100", "990001101") for age in (3, 4, 5)
    )  # the towns of the county: a town or an age that is missing makes the rate unknown
    write(county_copy, "residents.csv", f"township_code,year,age,registered,away,incoming,resident\n{rows}\n")
    _, found = found_in(county_copy)
    assert found.loc[("C14", KINDERGARTEN, "pre"), "outcome"] == "pass"
    assert found.loc[("D04", KINDERGARTEN, "pre"), "outcome"] == "fail"  # 45 children, four staff, three sections
    assert found.loc[("B10", "county", "pre"), "outcome"] == "fail"
    assert found.loc[("P01", "county", "pre"), ["observed", "outcome"]].tolist() == [37.5, "fail"]
    assert found.loc[("P03", "county", "pre"), "observed"] == 100.0
    assert found.loc[("P06", "990001100", "pre"), "outcome"] == "pass"
    assert found.loc[("P06", "990001101", "pre"), "outcome"] == "fail"
    assert found.loc[("D05", "county", "pre"), "outcome"] == "pass"


def test_a_missing_age_of_the_residents_leaves_the_rate_open(county_copy):
    with_kindergarten(county_copy)
    write(
        county_copy,
        "residents.csv",
        "township_code,year,age,registered,away,incoming,resident\n990001100,2024,3,20,0,0,20\n",
    )
    _, found = found_in(county_copy)
    assert found.loc[("P01", "county", "pre"), "outcome"] == "not_evaluated"


def test_new_rooms_while_pupils_fall_are_left_to_the_county(county_copy):
    change_schools(county_copy, **{f"s{JUNIOR}": {"ready_year": 2026}})
    _, found = found_in(county_copy)
    row = found.loc[("B09", JUNIOR, "")]
    assert row["outcome"] in {"pass", "not_evaluated"}
    assert row["names"].startswith("2026 学年可用；")


def test_attendance_outside_the_area_is_counted(county_copy):
    write(
        county_copy,
        "attendance.csv",
        f"village_code,school_id,grade_band,pupils\n990001100203,{PRIMARY},1-3,1\n990001100203,{POINT},1-3,9\n",
    )
    write(county_copy, "zones.csv", f"village_code,stage,school_id\n990001100203,primary,{POINT}\n")
    tables, found = found_in(county_copy)
    zoning = tables["zoning"].set_index("stage")
    assert zoning.loc["primary", ["share", "outside"]].tolist() == [90.0, 1.0]
    assert found.loc[("E12", "county", "primary"), "outcome"] == "fail"
    assert found.loc[("E12", "county", "junior"), "outcome"] == "not_evaluated"


def test_a_pupil_of_a_teaching_point_is_in_the_area_of_its_host(county_copy):
    write(
        county_copy,
        "attendance.csv",
        f"village_code,school_id,grade_band,pupils\n990001100203,{PRIMARY},1-3,9\n990001100203,{POINT},1-3,1\n",
    )
    write(county_copy, "zones.csv", f"village_code,stage,school_id\n990001100203,primary,{PRIMARY}\n")
    _, found = found_in(county_copy)
    assert found.loc[("E12", "county", "primary"), ["outcome", "observed"]].tolist() == ["pass", 100.0]
