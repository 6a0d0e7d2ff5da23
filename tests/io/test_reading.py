"""Reading a county folder: encodings, all defects at once, nothing lost."""

import json

import pytest

from layout_planner.errors import DataError, DefectsError
from layout_planner.io.county import read_county
from layout_planner.io.settings import read_settings
from layout_planner.io.text import decode
from tests.conftest import COUNTY


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def sentences(folder):
    with pytest.raises(DefectsError) as error:
        read_county(folder)
    return [p.sentence() for p in error.value.problems if p.severity == "error"]


def test_the_small_county_is_read_without_a_problem():
    county = read_county(COUNTY)
    assert (len(county.schools), len(county.villages), county.problems) == (3, 12, ())
    assert county.crs == 4542
    assert county.enrolment["pupils"].sum() > 0
    assert set(county.hashes) == {p.name for p in COUNTY.iterdir()}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_the_encodings_of_offices_are_read_alike(encoding):
    assert decode("新坝镇一年级塅".encode(encoding), "a.csv") == "新坝镇一年级塅"


def test_a_file_in_gb18030_gives_the_same_county(county_copy):
    path = county_copy / "villages.csv"
    path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))
    assert read_county(county_copy).villages["name"].tolist() == read_county(COUNTY).villages["name"].tolist()


def test_bytes_that_are_no_text_are_refused_in_one_line():
    with pytest.raises(DataError) as error:
        decode(b"\xff\xff\x00\x81", "births.csv")
    assert error.value.code == "file_unreadable"


def test_all_defects_of_all_files_come_at_once(county_copy):
    edit(county_copy / "enrolment.csv", "2199000001,2015,1,", "2199000001,2015,1,-")
    edit(county_copy / "births.csv", "990001100,2004,,60", "990001100,2004,,六十")
    edit(county_copy / "villages.csv", "990001100201", "9900011002")
    lines = sentences(county_copy)
    assert len(lines) == 3
    assert any(line.startswith("births.csv 第 2 行“出生人数 births”：实际为“六十”") for line in lines)
    assert any("villages.csv 第 2 行“村（社区）代码 village_code”" in line for line in lines)


def test_a_missing_column_and_a_missing_file_are_named(county_copy):
    edit(county_copy / "births.csv", "township_code,year,month,births", "township_code,year,month,babies")
    (county_copy / "townships.geojson").unlink()
    lines = sentences(county_copy)
    assert any(line.startswith("births.csv：缺少列“出生人数 births”") for line in lines)
    assert any(line.startswith("townships.geojson：没有找到这个文件") for line in lines)


def test_an_unknown_column_is_kept_and_named_in_a_notice(county_copy):
    path = county_copy / "births.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([lines[0] + ",备注", *(f"{line},x" for line in lines[1:])]), encoding="utf-8")
    county = read_county(county_copy)
    assert [(p.severity, p.code, p.column) for p in county.problems] == [("notice", "column_unknown", "备注")]
    assert set(county.births["备注"]) == {"x"}


@pytest.mark.parametrize(
    ("file", "old", "new", "code"),
    [
        ("enrolment.csv", "2199000002,2024,1,", "2199000002,2024,5,", "grade_outside_span"),
        ("enrolment.csv", "3199000003,2024,9,", "3199000009,2024,9,", "reference_unknown"),
        ("enrolment.csv", "3199000003,2024,9,", "3199000003,2024,8,", "key_twice"),
        ("villages.csv", "99.60348,39.3964", "109.60348,39.3964", "point_far_outside"),
        ("villages.csv", "990001100202,甲二村,990001100", "990001100202,甲二村,990001109", "reference_unknown"),
    ],
)
def test_defects_between_files_are_found(county_copy, file, old, new, code):
    edit(county_copy / file, old, new)
    with pytest.raises(DefectsError) as error:
        read_county(county_copy)
    assert code in {p.code for p in error.value.problems}


def test_more_boarders_than_pupils_is_an_error(county_copy):
    path = county_copy / "enrolment.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    cells = lines[-1].split(",")
    cells[4] = "500"
    path.write_text("\n".join([*lines[:-1], ",".join(cells)]), encoding="utf-8")
    assert any("多于在校生" in line for line in sentences(county_copy))


def test_a_base_year_without_rows_is_named(county_copy):
    edit(county_copy / "county.toml", "base_year = 2024", "base_year = 2026")
    assert any("缺少 2026 学年" in line for line in sentences(county_copy))


def test_a_school_without_a_point_is_named(county_copy):
    path = county_copy / "schools.geojson"
    data = json.loads(path.read_text(encoding="utf-8"))
    data["features"][1]["geometry"] = None
    path.write_text(json.dumps(data), encoding="utf-8")
    assert any(line.startswith("schools.geojson 第 2 个要素") for line in sentences(county_copy))


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("horizon = 6", "horizen = 6", "horizen"),
        ("horizon = 6", "horizon = 99", "horizon"),
        ('coordinate_system = "cgcs2000"', 'coordinate_system = "xian80"', "coordinate_system"),
        ("seed = 7", 'seed = "seven"', "seed"),
    ],
)
def test_a_wrong_setting_is_named_with_its_key(county_copy, old, new, key):
    edit(county_copy / "county.toml", old, new)
    with pytest.raises(DefectsError) as error:
        read_settings(county_copy)
    assert any(p.column == key and p.sentence() for p in error.value.problems)


def test_a_broken_toml_says_where(county_copy):
    edit(county_copy / "county.toml", "seed = 7", "seed 7")
    with pytest.raises(DataError, match="line 10, character 6"):
        read_settings(county_copy)


def test_a_toml_saved_with_a_byte_order_mark_is_read(county_copy):
    path = county_copy / "county.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_settings(county_copy).code == "990001"


@pytest.mark.parametrize(("longitude", "epsg"), [(99.6, 4542), (100.4, 4542), (102.1, 4543), (98.9, 4542)])
def test_the_zone_follows_the_longitude(longitude, epsg):
    settings = read_settings(COUNTY).model_copy(update={"projected_crs": None})
    assert settings.metric_crs(longitude) == epsg
