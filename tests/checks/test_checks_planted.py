"""Twelve defects of a year's files: each is found with file, row, column, severity and what to do; none hides another."""

import json

import pytest

from layout_planner.io.checks.run import inspect_county


def lines_of(path):
    return path.read_text(encoding="utf-8").splitlines()


def write(path, lines, encoding="utf-8"):
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))


def change(path, start, place, value):
    """Put a value into a cell of the row that begins so; return the row number of the file."""
    lines = lines_of(path)
    at = next(i for i, line in enumerate(lines) if line.startswith(start))
    cells = lines[at].split(",")
    cells[place] = value
    lines[at] = ",".join(cells)
    write(path, lines)
    return at + 1


def duplicate_code(county):
    path = county / "schools.geojson"
    data = json.loads(path.read_text(encoding="utf-8"))
    twin = json.loads(json.dumps(data["features"][0]))
    twin["properties"]["name"] = "又一所小学"
    data["features"].append(twin)
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    return "key_twice", "schools.geojson", 4, "school_id", "error", "请删去或合并"


def negative_count(county):
    row = change(county / "enrolment.csv", "2199000001,2016,1,", 3, "-54")
    return "value_bad", "enrolment.csv", row, "pupils", "error", "请更正"


def grade_outside_span(county):
    row = change(county / "enrolment.csv", "2199000002,2017,3,", 2, "5")
    return "grade_outside_span", "enrolment.csv", row, "grade", "error", "请核对年级或学校登记"


def gbk_file(county):
    path = county / "villages.csv"
    write(path, lines_of(path), "gb18030")
    return "encoding_other", "villages.csv", None, None, "notice", "建议另存为 UTF-8"


def merged_header(county):
    path = county / "groups.csv"
    write(path, ["school_id,grade_band,统计,", ",,group,pupils", *lines_of(path)[1:]])
    return "header_merged", "groups.csv", 1, "pupils", "error", "把表头写成一行"


def total_differs(county):
    path = county / "opinions.csv"
    write(path, [*lines_of(path), "合计,,,,41,20,10,5"])
    return "total_differs", "opinions.csv", 3, "asked", "error", "请核对是漏了明细还是合计有误"


def unknown_village(county):
    row = change(county / "trips.csv", "990001100201,", 0, "990001100999")
    return "reference_unknown", "trips.csv", row, "village_code", "error", "请核对代码"


def missing_coordinates(county):
    path = county / "villages.csv"
    change(path, "990001100202,", 3, "")
    row = change(path, "990001100202,", 4, "")
    return "coordinates_missing", "villages.csv", row, "lon", "error", "请填 lon、lat"


def swapped_coordinates(county):
    path = county / "villages.csv"
    lon, lat = next(line for line in lines_of(path) if line.startswith("990001100203,")).split(",")[3:5]
    change(path, "990001100203,", 3, lat)
    row = change(path, "990001100203,", 4, lon)
    return "coordinates_swapped", "villages.csv", row, None, "error", "请对调"


def point_outside(county):
    row = change(county / "villages.csv", "990001100204,", 3, "103.5")
    return "point_far_outside", "villages.csv", row, "甲四村", "error", "请核对坐标"


def future_birth(county):
    path = county / "births.csv"
    write(path, [*lines_of(path), "990001100,2031,,40,手工,true,手工"])
    return "births_future", "births.csv", len(lines_of(path)), "year", "error", "请核对年份"


def child_in_two_schools(county):
    path = county / "special_pupils.csv"
    write(path, [*lines_of(path), "T001,990001100201,2,hearing,inclusive,2199000002"])
    return "child_in_two_schools", "special_pupils.csv", 5, "pupil_code", "error", "请核实后删去多余的一行"


PLANTS = [
    duplicate_code, negative_count, grade_outside_span, merged_header, total_differs, unknown_village,
    missing_coordinates, swapped_coordinates, point_outside, future_birth, child_in_two_schools, gbk_file,
]  # fmt: skip


def found(problems, expected):
    code, file, row, column, severity, fix = expected
    return [
        p
        for p in problems
        if (p.code, p.file, p.row, p.severity) == (code, file, row, severity)
        and (column is None or column in (p.column or ""))
        and fix in p.fix("zh")
    ]


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_defect_is_found_with_its_place_and_what_to_do(county, plant):
    expected = plant(county)
    problems = found(inspect_county(county).problems, expected)
    assert len(problems) == 1
    assert problems[0].check
    assert problems[0].fix("en")
    assert problems[0].fix("en") in problems[0].sentence("en")
    assert problems[0].sentence("zh").endswith(f"{problems[0].fix('zh')}。")


def test_all_twelve_together_are_all_found(county):
    expected = [plant(county) for plant in PLANTS]
    problems = inspect_county(county).problems
    assert [e for e in expected if len(found(problems, e)) != 1] == []


def test_a_defect_of_one_file_does_not_silence_the_checks_of_others(county):
    (county / "county.toml").write_text("schema = 1\nname = ", encoding="utf-8")
    change(county / "enrolment.csv", "2199000002,2017,3,", 2, "5")
    (county / "births.csv").write_text("township_code,year\n1,2\n", encoding="utf-8")
    codes = {p.code for p in inspect_county(county).problems}
    assert {"toml_bad", "column_missing", "grade_outside_span"} <= codes


def test_a_bad_row_keeps_its_code_known_to_the_other_tables(county):
    path = county / "schools.geojson"
    data = json.loads(path.read_text(encoding="utf-8"))
    data["features"][0]["properties"]["classrooms"] = -9
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    codes = [p.code for p in inspect_county(county).problems if p.severity == "error"]
    assert codes == ["value_bad"]
