"""`layout-planner forecast` on files of areas: as offices save them, as people mistype them, never a traceback."""

import os
import pathlib

import pandas as pd
import pytest

from layout_planner.cli.guard import guarded
from layout_planner.cli.main import main

ROWS = [(f"{a:03d}", y, g, 10 + 5 * a + (y + g) % 4) for a in (7, 8) for y in range(2012, 2017) for g in range(10)]
PUPILS = pd.DataFrame(ROWS, columns=["area", "year", "grade", "pupils"])
BIRTHS = pd.DataFrame(
    [(f"{a:03d}", y, 15) for a in (7, 8) for y in range(2004, 2017)], columns=["area", "year", "births"]
)


@pytest.fixture
def call(tmp_path, monkeypatch, capfd):
    """Run the command in a folder of its own: exit code, what it wrote on the error stream, the table."""
    monkeypatch.chdir(tmp_path)
    PUPILS.to_csv("p.csv", index=False)
    BIRTHS.to_csv("b.csv", index=False)

    def run(*words, pupils="p.csv", births="b.csv", out="f.csv", origin=2016, lang="zh"):
        monkeypatch.setenv("LAYOUT_PLANNER_LANG", lang)
        given = ["--pupils", pupils, "--out", out, "--origin", str(origin), *(["--births", births] if births else [])]
        rest = ["--horizon", "2", "--draws", "20", "--stages", "primary=0-6,junior=7-9"]
        code = guarded(main, ["forecast", *given, *rest, *words], lang)
        said = capfd.readouterr()
        assert "Traceback" not in said.err + said.out
        assert not pathlib.Path("layout-planner-error.txt").exists()
        return code, said.err, (pd.read_csv(out, dtype={"area": str}) if code == 0 else None)

    return run


def test_tables_in_order_are_forecast_without_a_remark(call):
    code, said, table = call()
    assert (code, said) == (0, "")
    assert list(table.columns) == ["origin", "year", "area", "grade_or_stage", "mean", "lo80", "hi80", "lo95", "hi95"]
    assert table["area"].unique().tolist() == ["007", "008"]
    assert len(table) == 2 * 2 * 12


def test_the_same_seed_writes_the_same_bytes(call, tmp_path):
    made = {}
    for name, seed in {"a.csv": "3", "b2.csv": "3", "c.csv": "4"}.items():
        assert call("--seed", seed, out=name)[0] == 0
        made[name] = (tmp_path / name).read_bytes()
    assert made["a.csv"] == made["b2.csv"] != made["c.csv"]


@pytest.mark.parametrize(
    ("change", "encoding"),
    [
        (lambda text: "\ufeff" + text, "utf-8"),
        (lambda text: text.replace("\n00", "\n甲00"), "gb18030"),
        (lambda text: text.replace(",", ";"), "utf-8"),
        (lambda text: text.replace(",", "\t"), "utf-16"),
        (lambda text: text.replace("\n", "\r\n") + "\r\n,,,\r\n", "utf-8"),
        (lambda text: text.replace("pupils", "pupils,school").replace("\n007,2012,0,10", "\n007,2012,0,10,x"), "utf-8"),
    ],
)
def test_a_file_as_offices_save_it_gives_the_same_table(call, tmp_path, change, encoding):
    text = (tmp_path / "p.csv").read_text(encoding="utf-8")
    (tmp_path / "other.csv").write_bytes(change(text).encode(encoding))
    _, _, plain = call(births=None)
    code, said, table = call(pupils="other.csv", births=None)
    assert code == 0, said
    pd.testing.assert_frame_equal(table.assign(area=table["area"].str.removeprefix("甲")), plain)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("007,2016,3,-4", "第 102 行“在校生 pupils”：实际为“-4”，应为不小于 0 的数"),
        ("007,2016,3,", "第 102 行“在校生 pupils”：空着"),
        ("007,2016,3,nan", "“在校生 pupils”"),
        ("007,2016,3,十二", "实际为“十二”"),
        ("007,2016,3,1e400", "“在校生 pupils”"),
        ("007,2016,13,4", "第 102 行“年级 grade”：实际为“13”，应为-2 到 12 的整数"),
        ("007,2016,一年级,4", "“年级 grade”"),
        ("007,16,3,4", "第 102 行“年份 year”：实际为“16”"),
        (",2016,3,4", "第 102 行“地区 area”：空着"),
        ("007,2016,3,4,5", "bad.csv 第 102 行（共 1 行如此）：单元格多于表头的 4 列"),
    ],
)
def test_a_wrong_cell_is_named_by_its_row_and_nothing_is_written(call, tmp_path, row, text):
    (tmp_path / "bad.csv").write_text((tmp_path / "p.csv").read_text(encoding="utf-8") + row + "\n", encoding="utf-8")
    code, said, _ = call(pupils="bad.csv")
    assert code == 2
    assert text in said
    assert not (tmp_path / "f.csv").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "表中没有数据行"),
        ("area,year,grade,pupils\n", "表中没有数据行"),
        ("area,year,pupils\n007,2016,3\n", "缺少列“年级 grade”"),
        ("area,year,grade,pupils\n007,2015,1,9\n", "没有年级 0 的在校生，最低年级是 1"),
        ("area,year,grade,pupils\n007,2015,0,9\n", "2016 年没有学生，该年应是有数据的最后一年；现有 2015 年"),
        ("area,year,grade,pupils\n007,2016,0,0\n", "2016 年没有 0–9 年级的学生"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(call, tmp_path, text, told):
    (tmp_path / "bad.csv").write_text(text, encoding="utf-8")
    code, said, _ = call(pupils="bad.csv")
    assert code == 2
    assert told in said


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        ({"out": "p.csv"}, 2, "与输入文件 p.csv 相同"),
        ({"out": "./new/../b.csv"}, 2, "与输入文件 b.csv 相同"),
        ({"out": "hard.csv"}, 2, "与输入文件 p.csv 相同"),
        ({"out": "link.csv"}, 2, "与输入文件 b.csv 相同"),
        ({"out": "folder"}, 3, "folder：无法写入（是文件夹，不是文件）"),
        ({"out": "p.csv/f.csv"}, 3, "f.csv：无法写入"),
        ({"pupils": "nowhere.csv"}, 2, "nowhere.csv：没有找到这个文件"),
        ({"pupils": "folder"}, 2, "folder：不是普通文件"),
    ],
)
def test_paths_that_cannot_be_used_are_one_sentence_and_the_input_stands(call, tmp_path, words, code, text):
    (tmp_path / "folder").mkdir()
    (tmp_path / "new").mkdir()
    os.link("p.csv", "hard.csv")
    pathlib.Path("link.csv").symlink_to("b.csv")
    before = [(tmp_path / name).read_bytes() for name in ("p.csv", "b.csv")]
    found, said, _ = call(**words)
    assert found == code
    assert text in said
    assert len(said.strip().splitlines()) == 1
    assert [(tmp_path / name).read_bytes() for name in ("p.csv", "b.csv")] == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the administrator may write everywhere")
def test_a_folder_that_may_not_be_written_is_one_sentence(call, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    assert call(out="closed/f.csv")[0] == 3


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--stages", "a=0-3,a=4-9"], "选项 --stages：实际为“a=4-9”"),
        (["--stages", "a=6-0"], "选项 --stages"),
        (["--stages", ""], "选项 --stages"),
        (["--stages", "a=-2-0"], "学段“a”的范围 -2–0 不对"),
        (["--stages", "a=0-3000"], "学段“a”的范围 0–3000 太长"),
        (["--entry-grade", "-2", "--stages", "k=-2-0"], "没有年级 -2 的在校生，最低年级是 0"),
        (["--birth-lag", "0"], "'--birth-lag'"),
        (["--draws", "1"], "'--draws'"),
        (["--horizon", "31"], "'--horizon'"),
    ],
)
def test_options_that_make_no_sense_are_refused(call, words, text):
    code, said, _ = call(*words)
    assert code == 2
    assert text in said


def test_births_may_be_absent_and_that_is_told(call):
    code, said, table = call(births=None)
    assert code == 0
    assert said.strip() == "没有出生数：入口年级按近年的水平预测，没有计入出生人数的变化；有数据请加 --births。"
    assert len(table)


def test_who_has_no_forecast_is_named_with_the_reason_in_both_languages(call, tmp_path):
    closed = PUPILS[~((PUPILS["area"] == "008") & (PUPILS["year"] == 2016))]
    closed.to_csv(tmp_path / "closed.csv", index=False)
    code, said, table = call(pupils="closed.csv")
    assert code == 0
    assert "地区 008：2016 年没有学生，视为已停办，没有预测" in said
    assert set(table["area"]) == {"007"}
    assert "areas 008: nobody in 2016, taken as closed, no forecast" in call(pupils="closed.csv", lang="en")[1]


def test_rows_that_stand_twice_are_added_and_told(call, tmp_path):
    pd.concat([PUPILS, PUPILS.head(3)]).to_csv(tmp_path / "twice.csv", index=False)
    _, said, _ = call(pupils="twice.csv")
    assert "twice.csv：有 3 行与前面的行除人数外完全相同（行号 102、103、104），人数已相加" in said
    schools = pd.concat([PUPILS.assign(school="x"), PUPILS.assign(school="y")])
    schools.to_csv(tmp_path / "schools.csv", index=False)
    assert call(pupils="schools.csv")[1] == ""
    pd.concat([BIRTHS, BIRTHS.head(1)]).to_csv(tmp_path / "births.csv", index=False)
    code, said, _ = call(births="births.csv")
    assert code == 2
    assert "“007 2004”与前面的行重复" in said


def test_births_of_larger_areas_are_taken_by_the_map(call, tmp_path):
    BIRTHS.assign(area="X").drop_duplicates(["area", "year"]).to_csv(tmp_path / "larger.csv", index=False)
    (tmp_path / "map.csv").write_text("area,births_area\n007,X\n008,Z\n", encoding="utf-8")
    code, said, _ = call("--areas", "map.csv", births="larger.csv")
    assert code == 0
    assert "地区对应表：出生表里没有 Z" in said
    assert "地区 008：没有可用的出生数" in said
    (tmp_path / "map.csv").write_text("area,births_area\n007,X\n007,Z\n", encoding="utf-8")
    assert call("--areas", "map.csv", births="larger.csv")[0] == 2
