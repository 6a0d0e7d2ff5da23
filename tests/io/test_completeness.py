"""Nothing is silently missing: grades, schools, townships, months; and nothing is silently larger."""

import json

import pytest

from layout_planner.contracts import check_rows, load_dictionary
from layout_planner.errors import DataError, DefectsError
from layout_planner.io.county import read_county
from layout_planner.io.text import read_records


def change(path, *pairs):
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def schools(county_copy, index, **fields):
    path = county_copy / "schools.geojson"
    data = json.loads(path.read_text(encoding="utf-8"))
    data["features"][index]["properties"].update(fields)
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")


def drop_lines(path, *starts):
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith(starts)]
    assert len(kept) < len(lines)
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")


def defects(county_copy):
    with pytest.raises(DefectsError) as error:
        read_county(county_copy)
    return {p.code: p.sentence() for p in error.value.problems if p.severity == "error"}


def test_a_missing_grade_of_the_base_year_is_named_and_never_taken_as_nobody(county_copy):
    drop_lines(county_copy / "enrolment.csv", "2199000001,2024,2,")
    assert defects(county_copy) == {
        "grade_missing": "enrolment.csv：甲镇示例小学（2199000001） 基准年缺年级 2（应有 1–6）；没有学生请填 0，不要缺行。"
    }


def test_a_school_without_a_row_in_the_base_year_is_named(county_copy):
    drop_lines(county_copy / "enrolment.csv", "2199000002,2024,")
    assert "乙镇示例教学点（2199000002）" in defects(county_copy)["school_missing"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"closed": 2020}, "school_not_open"),
        ({"opened": 2027}, "school_not_open"),
        ({"closed": 2026}, "closing_is_a_plan"),
        ({"kind": "junior"}, "grades_and_kind"),
        ({"stages": "小学"}, "grades_and_kind"),
    ],
)
def test_a_register_that_contradicts_itself_or_the_pupils_is_refused(county_copy, fields, code):
    schools(county_copy, 0, **fields)
    assert code in defects(county_copy)


def test_a_township_without_births_is_refused(county_copy):
    drop_lines(county_copy / "births.csv", "990001101,")
    assert defects(county_copy) == {
        "births_township_missing": "births.csv：乙镇（990001101） 缺少 全部 年的出生登记；各镇从 2009 年起每年都要有。"
    }


def test_a_township_whose_births_end_earlier_is_refused(county_copy):
    drop_lines(county_copy / "births.csv", "990001101,2024,", "990001101,2023,")
    assert "缺少 2023、2024 年" in defects(county_copy)["births_township_missing"]


def test_a_year_with_some_of_its_months_is_refused_and_the_last_year_may_end_early(county_copy):
    path = county_copy / "births.csv"
    rest = ",模拟,true,手工"
    months = [f"990001100,2020,{month},4{rest}" for month in range(1, 12)]
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("990001100,2020,")]
    path.write_text("\n".join([*lines, *months]) + "\n", encoding="utf-8")
    assert "甲镇（990001100） 2020 年只有部分月份" in defects(county_copy)["births_month_missing"]
    path.write_text("\n".join([*lines, *months, f"990001100,2020,12,4{rest}"]) + "\n", encoding="utf-8")
    assert len(read_county(county_copy).births) > 0


def test_a_projection_of_another_region_is_refused(county_copy):
    change(county_copy / "county.toml", ("projected_crs = 4542", "projected_crs = 3857"))
    assert "如 4542" in defects(county_copy)["crs_bad"]


@pytest.mark.parametrize("line", ["parameters = { boarding_minutes = -5 }", "parameters = { boarding_minutes = inf }"])
def test_a_parameter_below_zero_or_without_end_is_refused(county_copy, line):
    with (county_copy / "county.toml").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    assert "setting_bad" in defects(county_copy)


def test_simulated_rows_are_told_even_if_the_settings_forget_it(county_copy):
    change(county_copy / "county.toml", ("synthetic = true", "synthetic = false"))
    codes = [p.code for p in read_county(county_copy).problems]
    assert set(codes) == {"rows_synthetic"}


@pytest.mark.parametrize(
    ("cell", "good"), [("44①", None), ("12²", None), ("1,2", None), ("1,234", 1234.0), ("４４", 44.0)]
)
def test_a_footnote_never_makes_a_number_larger(cell, good):
    row = {"school_id": "2199000001", "school_year": 2024, "grade": 1, "pupils": cell}
    rows, problems = check_rows(load_dictionary().tables["enrolment"], [row], file="e.csv")
    assert [r["pupils"] for r in rows] == ([] if good is None else [good])
    assert len(problems) == (good is None)


def test_a_row_with_too_many_cells_and_a_column_named_twice_are_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n1,2,3\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"row 3 \(1 such rows\): more cells than the 2 columns"):
        read_records(path)
    path.write_text("a,a\n1,2\n", encoding="utf-8")
    with pytest.raises(DataError, match="'a' stands there twice"):
        read_records(path)
    path.write_text("a,b,,\n1,2,,\n", encoding="utf-8")
    assert read_records(path)[1] == [{"a": "1", "b": "2"}]


def test_a_workbook_with_the_name_of_a_table_is_told(tmp_path):
    path = tmp_path / "births.csv"
    path.write_bytes(b"PK\x03\x04rest")
    with pytest.raises(DataError) as error:
        read_records(path)
    assert error.value.fields["found"] == "Excel 工作簿"


def test_swapped_longitude_and_latitude_are_told(county_copy):
    change(county_copy / "villages.csv", ("99.60348,39.3964", "39.3964,99.60348"))
    assert "先后颠倒了，应为先经度后纬度" in defects(county_copy)["coordinates_swapped"]


def test_defects_of_a_whole_file_are_told_in_a_county_too(county_copy):
    path = county_copy / "enrolment.csv"
    path.write_text(path.read_text(encoding="utf-8").rstrip() + ",a,b,c\n", encoding="utf-8")
    assert "有 12 个单元格，多于表头的 9 列" in defects(county_copy)["row_cells"]
    text = path.read_text(encoding="utf-8").replace(",a,b,c", "").replace("sections,synthetic", "sections,sections", 1)
    path.write_text(text, encoding="utf-8")
    assert "列名“sections”出现两次" in defects(county_copy)["column_twice"]


def test_the_last_year_has_the_same_months_everywhere(county_copy):
    path = county_copy / "births.csv"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if ",2024," not in line]
    rest = ",模拟,true,手工"
    eight = [f"{town},2024,{month},2{rest}" for town in ("990001100", "990001101") for month in range(1, 9)]
    path.write_text("\n".join([*lines, *eight]) + "\n", encoding="utf-8")
    assert len(read_county(county_copy).births) == len(lines) - 1 + 16
    path.write_text("\n".join([*lines, *eight[:-3]]) + "\n", encoding="utf-8")
    assert "乙镇（990001101） 2024 年只有部分月份" in defects(county_copy)["births_month_missing"]


def test_a_missing_earlier_row_is_a_warning_and_a_missing_late_year_an_error(county_copy):
    drop_lines(county_copy / "enrolment.csv", "2199000001,2020,2,")
    assert [p.code for p in read_county(county_copy).problems] == ["rows_missing_before"]
    drop_lines(county_copy / "enrolment.csv", *(f"{s},2023," for s in ("2199000001", "2199000002", "3199000003")))
    assert "缺 2023" in defects(county_copy)["years_too_few"]


def test_births_that_end_before_the_base_year_are_told(county_copy):
    drop_lines(county_copy / "births.csv", "990001100,2024,", "990001101,2024,")
    assert [(p.severity, p.code) for p in read_county(county_copy).problems] == [("warning", "births_end_early")]
