"""The three-school county with every further table, small enough to be worked out by hand."""

import shutil

import pytest

from tests.conftest import COUNTY

BASE = 2024
SCHOOLS = {"a": "2199000001", "b": "2199000002", "c": "3199000003"}
VILLAGES = [f"990001100{n}" for n in (201, 202, 203, 204)]


def further_tables():
    """Texts of the tables that the small county does not have, consistent with it."""
    a, b, c = SCHOOLS.values()
    v = VILLAGES[0]
    return {
        "zones.csv": "village_code,stage,school_id\n",  # filled below: one row a village
        "trips.csv": f"village_code,school_id,mode,case,minutes,metres\n{v},{a},walk,normal,20,1200\n",
        "events.csv": "event_id,date,township_code,event_kind,size,age_low,age_high\n"
        "E1,2022-06-30,990001100,housing,12,0,14\n",
        "groups.csv": f"school_id,grade_band,group,pupils\n{a},1-3,left_behind,9\n{b},1-3,left_behind,2\n",
        "special_pupils.csv": f"pupil_code,village_code,grade,need,setting,school_id\n"
        f"T001,{v},2,hearing,inclusive,{a}\nT002,{v},8,vision,inclusive,{c}\nT003,{v},5,multiple,home_visit,\n",
        "teachers.csv": "school_id,stage,role,subject,age_band,degree,backbone,posts\n"
        f"{a},primary,teacher,chinese,30-34,bachelor,false,20\n{b},primary,teacher,general,50-54,associate,false,4\n"
        f"{c},junior,teacher,maths,40-44,bachelor,true,18\n",
        "assets.csv": "asset_id,site_id,school_id,asset_kind,name,asset_state,book_value_yuan,idle_since\n"
        f"Z1,S1,{a},building,教学楼,in_use,1200000.55,\nZ2,S2,{b},building,旧楼,stopped,80000,2023-09-01\n",
        "ledger.csv": "entry_id,year,school_id,ledger_item,yuan,asset_id\n"
        f"L1,2024,{a},fixed_assets,1200000.55,Z1\nL2,2024,{b},fixed_assets,80000,Z2\nL3,2024,{a},heating,9000,\n",
        "procedure.csv": "case_id,case_kind,step,level,date,date_end\nC1,closing,draft,county,2024-10-08,\n"
        "C1,closing,opinion,county,2024-11-20,2024-12-05\nC1,closing,hearing,county,2024-12-12,\n",
        "opinions.csv": "case_id,party,means,date,asked,support,oppose,abstain\n"
        "C1,parents,survey,2024-11-30,40,20,10,5\n",
        "residents.csv": "township_code,year,age,registered,away,incoming,resident,enrolled,enrolled_outside,"
        "not_enrolled,explanation\n990001100,2024,6,40,8,4,36,30,4,2,\n990001100,2024,7,41,8,4,30,30,0,0,差 7 人 李示例\n",
        "attendance.csv": "",
    }


@pytest.fixture
def county(tmp_path):
    """A copy of the small county, with every table, that a test may break."""
    return write_county(tmp_path / "county")


def write_county(folder):
    shutil.copytree(COUNTY, folder)
    villages = [line.split(",") for line in (folder / "villages.csv").read_text(encoding="utf-8").splitlines()[1:]]
    pupils = {}
    for line in (folder / "enrolment.csv").read_text(encoding="utf-8").splitlines()[1:]:
        school, year, grade, number = line.split(",")[:4]
        if int(year) == BASE:
            band = "1-3" if int(grade) <= 3 else "4-6" if int(grade) <= 6 else "7-9"
            pupils[school, band] = pupils.get((school, band), 0) + int(number)
    rows = [f"{villages[0][0]},{school},{band},{number}" for (school, band), number in pupils.items()]
    texts = further_tables()
    texts["attendance.csv"] = "\n".join(["village_code,school_id,grade_band,pupils", *rows, ""])
    zones = [f"{v[0]},primary,{SCHOOLS['a']}" for v in villages] + [f"{v[0]},junior,{SCHOOLS['c']}" for v in villages]
    texts["zones.csv"] += "\n".join([*zones, ""])
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder
