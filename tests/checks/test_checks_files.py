"""Round one: tables as offices save them; each accident has its line, and the rows around it are still read."""

import csv
import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layout_planner.contracts import check_cells, check_rows, load_dictionary
from layout_planner.io.checks.excel import accident
from layout_planner.io.checks.reading import read_table
from layout_planner.io.checks.registry import all_checks
from layout_planner.io.checks.run import inspect_county
from layout_planner.io.county import read_county
from layout_planner.io.settings import Declared

TABLES = load_dictionary().tables
HEAD = "school_id,school_year,grade,pupils,boarders_m,boarders_f,sections"
ROWS = ["2199000001,2024,1,30,0,0,1", "2199000001,2024,2,20,0,0,1", "2199000001,2024,3,10,0,0,1"]


def read(tmp_path, text, table="enrolment", encoding="utf-8"):
    path = tmp_path / TABLES[table].file
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return read_table(path, TABLES[table], Declared())


def sheet(*lines):
    return "\n".join(lines) + "\n"


def told(found):
    return [(p.severity, p.code, p.row) for p in found.problems]


CASES = [
    ("a title above the header", sheet("某县在校生统计表", "", HEAD, *ROWS), [("warning", "title_above_header", 1)], 3),
    ("a merged header", sheet("学校标识码,学年,年级,在校生,寄宿生,,班级数", ",,,,男,女,", *ROWS),
     [("error", "header_merged", 1)], 3),
    ("chinese labels", sheet("学校标识码,学年,年级,在校生", "2199000001,2024,1,30"), [("notice", "header_labels", 1)], 1),
    ("the header again", sheet(HEAD, *ROWS[:2], HEAD, ROWS[2]), [("warning", "header_again", 4)], 3),
    ("a blank line", sheet(HEAD, ROWS[0], ",,,,,,", *ROWS[1:]), [("notice", "row_blank", 3)], 3),
    ("a note below", sheet(HEAD, *ROWS, "注：含教学点,,,,,,"), [("notice", "row_note", 5)], 3),
    ("semicolons", sheet(*(line.replace(",", ";") for line in (HEAD, *ROWS))), [("notice", "separator_other", None)], 3),
    ("tabs", sheet(*(line.replace(",", "\t") for line in (HEAD, *ROWS))), [], 3),
    ("units", sheet(HEAD, *(row.replace(",0,0,", "人,0,0,") for row in ROWS)), [("notice", "unit_in_cell", 2)], 3),
    ("a subtotal in the column of codes", sheet(HEAD, *ROWS, "2199000001小计,,,60,0,0,3"), [("notice", "row_total", 5)], 3),
    ("a subtotal of the last rows", sheet(HEAD, *ROWS, "小计,,,30,0,0,2"), [("notice", "row_total", 5)], 3),
    ("a wrong subtotal", sheet(HEAD, ROWS[0], "小计,,,30,0,0,1", *ROWS[1:], "小计,,,31,0,0,2"),
     [("notice", "row_total", 3), ("notice", "row_total", 6), ("error", "subtotal_differs", 6)], 3),
    ("a right total", sheet(HEAD, *ROWS, "合计,,,60,0,0,3"), [("notice", "row_total", 5)], 3),
    (
        "a wrong total", sheet(HEAD, *ROWS, "合 计,,,61,0,0,3"),
        [("notice", "row_total", 5), ("error", "total_differs", 5)], 3,
    ),
    (
        "subtotals and a total", sheet(HEAD, *ROWS[:2], "小计,,,50,0,0,2", ROWS[2], "小计：,,,10,0,0,1", "总计,,,60,0,0,3"),
        [("notice", "row_total", 4), ("notice", "row_total", 6), ("notice", "row_total", 7)], 3,
    ),
    ("too many cells", sheet(HEAD, ROWS[0] + ",9,9", *ROWS[1:]), [("error", "row_cells", 2)], 2),
    ("a column twice", sheet(HEAD + ",pupils", *ROWS), [("error", "column_twice", None)], 3),
    ("a column without a name", sheet(HEAD.replace("boarders_m", ""), *ROWS), [("notice", "column_unnamed", None)], 3),
    ("an unknown column", sheet(HEAD + ",备注", *ROWS), [("notice", "column_unknown", None)], 3),
    ("a missing column", sheet(HEAD.replace("pupils", "babies"), *ROWS),
     [("error", "column_missing", None), ("notice", "column_unknown", None)], None),
    ("no rows", sheet(HEAD), [("error", "file_empty", None)], None),
    ("a code as a number", sheet(HEAD, "2.199E+09,2024,1,30,0,0,1", *ROWS[1:]), [("error", "code_as_number", 2)], 2),
    ("a code with a decimal", sheet(HEAD, "2199000001.0,2024,1,30,0,0,1", *ROWS[1:]), [("error", "code_as_number", 2)], 2),
    ("a code that lost digits", sheet(HEAD, "199000001,2024,1,30,0,0,1", *ROWS[1:]), [("error", "code_digits", 2)], 2),
    ("a code with a space inside", sheet(HEAD, "21990 00001,2024,1,30,0,0,1", *ROWS[1:]), [("error", "code_spaces", 2)], 2),
    ("a code with spaces around", sheet(HEAD, " 2199000001 ,2024,1,30,0,0,1", *ROWS[1:]), [], 3),
    ("a key twice", sheet(HEAD, *ROWS, ROWS[1]), [("error", "key_twice", 5)], 3),
    ("an empty cell", sheet(HEAD, "2199000001,2024,1,,0,0,1", *ROWS[1:]), [("error", "value_missing", 2)], 2),
    ("a negative count", sheet(HEAD, "2199000001,2024,1,-3,0,0,1", *ROWS[1:]), [("error", "value_bad", 2)], 2),
    ("two wrong cells", sheet(HEAD, "2199000001,二〇二四,1,-3,0,0,1", *ROWS[1:]), [("error", "value_bad", 2)] * 2, 2),
    ("a workbook", b"PK\x03\x04rest", [("error", "excel_in_place", None)], None),
    ("an old workbook", b"\xd0\xcf\x11\xe0rest", [("error", "excel_in_place", None)], None),
    ("bytes that are no text", b"\xff\x81\x00\xff", [("error", "file_unreadable", None)], None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected", "rows"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_an_accident_has_its_line_and_the_other_rows_are_read(tmp_path, text, expected, rows):
    found = read(tmp_path, text)
    assert told(found) == expected
    assert (None if found.frame is None else len(found.frame)) == rows
    assert all(p.sentence(lang) for p in found.problems for lang in ("zh", "en"))


def test_a_total_never_counts_as_pupils(tmp_path):
    found = read(tmp_path, sheet(HEAD, *ROWS, "合计,,,60,0,0,3"))
    assert found.frame["pupils"].sum() == 60
    (total,) = [p for p in read(tmp_path, sheet(HEAD, *ROWS, "合计,,,61,0,0,3")).problems if p.code == "total_differs"]
    assert (total.found, total.allowed, total.column) == ("61", "60", "在校生 pupils")


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("utf-8", []), ("utf-8-sig", []), ("utf-16", ["encoding_other"]), ("gb18030", ["encoding_other"])],
)
def test_the_encodings_of_offices_are_read_alike_and_told(tmp_path, encoding, expected):
    text = sheet(HEAD + ",basis", *(f"{row},城关镇统计" for row in ROWS))
    found = read(tmp_path, text, encoding=encoding)
    assert [p.code for p in found.problems] == expected
    assert found.frame["basis"].tolist() == ["城关镇统计"] * 3


def test_a_mix_of_encodings_is_told_in_one_line_with_its_first_row(tmp_path):
    lines = [HEAD + ",basis", f"{ROWS[0]},城关镇", f"{ROWS[1]},巷道镇", f"{ROWS[2]},县城"]
    data = b"\n".join(line.encode("gb18030" if i == 2 else "utf-8") for i, line in enumerate(lines))
    found = read(tmp_path, data)
    assert told(found) == [("error", "encoding_mixed", 3)]
    assert found.frame["basis"].tolist() == ["城关镇", "巷道镇", "县城"]


def test_garbled_characters_in_a_name_are_told(tmp_path):
    found = read(tmp_path, sheet(HEAD + ",basis", f"{ROWS[0]},锟斤拷锟斤拷", *ROWS[1:]))
    assert told(found) == [("warning", "text_garbled", 2)]


def test_a_workbook_beside_the_missing_table_is_told(county):
    (county / "zones.csv").rename(county / "zones.xlsx")
    (county / "births.csv").unlink()
    codes = {(p.code, p.file) for p in inspect_county(county).problems}
    assert {("excel_in_place", "zones.csv"), ("file_missing", "births.csv")} <= codes


def test_a_plan_that_does_not_fit_is_among_the_findings(county):
    (county / "plans").mkdir()
    text = 'name = "一"\n[[decision]]\nschool_id = "2199000002"\nyear = 2026\naction = "merge"\nreason = "试"\nreceivers = ["1"]\n'
    (county / "plans" / "one.toml").write_text(text, encoding="utf-8")
    (problem,) = [p for p in inspect_county(county).problems if p.severity == "error"]
    assert (problem.check, problem.code, problem.file) == ("plans", "plan_receiver", "plans/one.toml")


CELLS = st.one_of(
    st.text(max_size=12),
    st.integers(-5, 3000).map(str),
    st.sampled_from(["", "—", "12人", "1,234", "６", "nan", "true"]),
)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), min_size=1, max_size=6))
def test_checking_by_columns_refuses_the_same_cells_as_checking_by_rows(rows):
    spec = TABLES["enrolment"]
    names = ("school_id", "school_year", "pupils", "boarders_m")
    records = [dict(zip(names, row, strict=True), grade="1") for row in rows]
    _, problems = check_rows(spec, records, file="f")
    by_rows = {(p.row - 2, p.column.split()[-1]) for p in problems}
    by_columns = {
        (place, name)
        for name in names
        for place, _ in check_cells(
            spec.column(name), [r[name] for r in records], required=spec.column(name) in spec.required
        )[1]
    }
    assert by_columns == by_rows


@given(st.lists(st.integers(0, 900), min_size=2, max_size=12), st.integers(-3, 3))
def test_a_total_is_told_exactly_when_it_is_wrong(tmp_path_factory, pupils, off):
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["school_id", "school_year", "grade", "pupils"])
    writer.writerows([f"2199{n:06d}", 2024, 1, p] for n, p in enumerate(pupils))
    writer.writerow(["合计", "", "", sum(pupils) + off])
    found = read(tmp_path_factory.mktemp("t"), buffer.getvalue())
    assert ("total_differs" in {p.code for p in found.problems}) == (off != 0)
    assert found.frame["pupils"].sum() == sum(pupils)


def test_names_are_unique_and_every_sentence_says_what_to_do():
    from layout_planner.errors import catalogue

    checks = all_checks()
    assert len({check.name for check in checks}) == len(checks) >= 45
    assert {check.round for check in checks} == {"file", "cross", "plausible"}
    codes = {code for check in checks for code in check.tells}
    split = {code for code in codes if "fix_zh" in catalogue()[code]}
    assert {code for code in codes - split if not code.startswith("plan_")} == set()


def test_a_wrong_subtotal_is_set_beside_the_rows_since_the_last_one(tmp_path):
    found = read(tmp_path, sheet(HEAD, ROWS[0], "小计,,,30,0,0,1", *ROWS[1:], "小计,,,31,0,0,2"))
    (problem,) = [p for p in found.problems if p.severity == "error"]
    assert "小计为 31，明细之和为 30（第 4–5 行之和）" in problem.said()
    assert "the subtotal is 31, its rows add up to 30 (the sum of rows 4–5)" in problem.said("en")


def test_a_unit_is_told_once_a_column_and_a_text_keeps_its_last_word(tmp_path):
    found = read(tmp_path, sheet(HEAD + ",basis", *(row.replace(",0,0,", "人,0,0,") + ",补报 3 人" for row in ROWS)))
    assert [(p.found, p.allowed) for p in found.problems if p.code == "unit_in_cell"] == [("30人", "3")]
    assert found.frame["pupils"].tolist() == [30.0, 20.0, 10.0]
    assert found.frame["basis"].tolist() == ["补报 3 人"] * 3


DAYS = [
    "2024-11-12",
    "2024/11/12",
    "2024.11.12",
    "2024年11月12日",
    "20241112",
    "2024-11-12 00:00:00",
    "２０２４／１１／１２",
]


@pytest.mark.parametrize("text", DAYS)
def test_a_day_is_read_as_offices_write_it(text):
    values, bad = check_cells(TABLES["procedure"].column("date"), [text], required=True)
    assert (values, bad) == ([date(2024, 11, 12)], [])


@pytest.mark.parametrize(
    "text", ["2024-13-01", "2024-02-30", "86400", "1024-11-12", "24/11/12", "2024-11", "11-12-2024"]
)
def test_what_is_no_day_is_refused(text):
    assert check_cells(TABLES["procedure"].column("date"), [text], required=True)[1]


@pytest.mark.parametrize(
    ("column", "text", "expected"),
    [
        ("grade_band", "1月3日", ("excel_date", "1-3（小学一至三年级）")),
        ("grade_band", "2024-01-03", ("excel_date", "1-3（小学一至三年级）")),
        ("grade_band", "3-Jan", ("excel_date", "1-3（小学一至三年级）")),
        ("grade_band", "Apr-06", ("excel_date", "4-6（小学四至六年级）")),
        ("grade_band", "45577", ("excel_date", "10-12（高中）")),
        ("grade_band", "1月5日", ("", "")),
        ("date", "45608", ("excel_serial", "2024-11-12")),
        ("school_id", "2.199E+09", ("code_as_number", "")),
    ],
)
def test_what_excel_made_of_a_cell_is_named(column, text, expected):
    assert accident(load_dictionary().columns[column], text) == expected


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)), st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d"]))
def test_every_day_is_read_back_from_every_way_of_writing_it(day, way):
    assert check_cells(TABLES["procedure"].column("date"), [day.strftime(way)], required=True) == ([day], [])


def test_an_optional_table_with_its_header_only_is_told_and_taken_as_absent(county_copy):
    (county_copy / "events.csv").write_text(
        "event_id,date,township_code,event_kind,size,age_low,age_high\n", encoding="utf-8"
    )
    inspection = inspect_county(county_copy)
    assert [(p.severity, p.code, p.file) for p in inspection.problems] == [("warning", "table_empty", "events.csv")]
    assert "events" not in inspection.tables
    assert "events" not in read_county(county_copy).more


def test_a_needed_table_with_its_header_only_is_an_error(county_copy):
    (county_copy / "births.csv").write_text("township_code,year,births\n", encoding="utf-8")
    found = [p for p in inspect_county(county_copy).problems if p.file == "births.csv"]
    assert [(p.severity, p.code) for p in found] == [("error", "file_empty")]
