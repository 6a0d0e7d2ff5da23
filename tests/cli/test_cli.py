"""The command line: Chinese by default, one sentence an error, exit codes, no traceback."""

import gettext
import importlib.util
import io
import os
import subprocess
import sys

import pytest

from layout_planner.cli.forecast_areas import parse_stages
from layout_planner.cli.language import LOCALE, set_language
from layout_planner.errors import UsageError
from tests.conftest import COUNTY, ROOT


def call(*words, cwd=None, **environ):
    env = {k: v for k, v in os.environ.items() if k not in {"LANGUAGE", "LAYOUT_PLANNER_LANG"}} | environ
    env |= {"PYTHONIOENCODING": "utf-8", "PYTHONWARNINGS": "error"}
    return subprocess.run(
        [sys.executable, "-m", "layout_planner", *map(str, words)],
        capture_output=True, text=True, encoding="utf-8", cwd=cwd, env=env, check=False,
    )  # fmt: skip


def test_help_is_chinese_and_english_on_request():
    assert "运行全部" in call("--help").stdout
    assert "Usage: layout-planner" in call("--lang", "en", "--help").stdout
    assert "Usage: layout-planner" in call("--help", LAYOUT_PLANNER_LANG="en").stdout


def test_help_imports_none_of_the_heavy_packages():
    code = (
        "import sys; sys.argv=['layout-planner','--help']\n"
        "from layout_planner.cli import entry\n"
        "try:\n entry()\nexcept SystemExit:\n pass\n"
        "print([m for m in ('numpy','pandas','matplotlib','geopandas','statsmodels') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True)
    assert found.stdout.strip().endswith("[]")


@pytest.mark.parametrize(
    ("words", "exit_code", "text"),
    [
        (["run", "no-such-county"], 2, "no-such-county：没有这个文件夹"),
        (["run", "--horizon", "99"], 2, "99 不在 1<=x<=30 之内"),
        (["runn"], 2, "没有命令 'runn'"),
        (["forecast", "--pupils", "p.csv"], 2, "缺少选项 --origin、--out"),
        (["--lang", "en", "run", "no-such-county"], 2, "no-such-county: no such folder"),
    ],
)
def test_an_error_is_one_sentence_with_its_exit_code(tmp_path, words, exit_code, text):
    result = call(*words, cwd=tmp_path)
    assert result.returncode == exit_code
    assert text in result.stderr
    assert "Traceback" not in result.stderr + result.stdout


def test_every_defect_of_a_county_has_a_line_and_nothing_is_written(county_copy, tmp_path):
    births = county_copy / "births.csv"
    births.write_text(births.read_text(encoding="utf-8").replace("2004,,60", "2004,,-60"), encoding="utf-8")
    result = call("run", county_copy, "--out", tmp_path / "out")
    assert result.returncode == 2
    assert "births.csv 第 2 行“出生人数 births”：实际为“-60”，应为不小于 0 的数；请更正。" in result.stderr
    assert not (tmp_path / "out").exists()


def test_check_tells_that_the_files_can_be_used(tmp_path):
    assert "测试县（模拟）：数据可用" in call("check", COUNTY, cwd=tmp_path).stdout


def test_stages_are_read_as_lowest_and_highest_grade():
    assert parse_stages("primary=0-6, junior=7-9") == {"primary": (0, 6), "junior": (7, 9)}
    assert parse_stages("k=-2-0") == {"k": (-2, 0)}
    with pytest.raises(UsageError, match="found 'primary'"):
        parse_stages("primary")


def test_the_compiled_words_belong_to_their_source():
    spec = importlib.util.spec_from_file_location("compile_messages", ROOT / "tools" / "compile_messages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    shipped = gettext.GNUTranslations(io.BytesIO((module.FOLDER / "messages.mo").read_bytes()))._catalog
    made = gettext.GNUTranslations(io.BytesIO(module.compiled()))._catalog
    assert {k: v for k, v in shipped.items() if k} == {k: v for k, v in made.items() if k}


def test_every_word_of_the_command_line_has_its_chinese():
    import ast

    translation = gettext.translation("messages", str(LOCALE), languages=["zh_CN"])
    missing = []
    for path in (ROOT / "layout_planner" / "cli").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_" and node.args:
                word = node.args[0].value
                if translation.gettext(word) == word:
                    missing.append(word)
    assert missing == []


def test_the_language_follows_the_option_then_the_variable():
    assert set_language(["x", "--lang=en"], {}) == "en"
    assert set_language(["x"], {"LAYOUT_PLANNER_LANG": "en"}) == "en"
    environ: dict[str, str] = {}
    assert set_language(["x", "run"], environ) == "zh"
    assert environ["LANGUAGE"] == "zh_CN"


def test_a_forecast_never_replaces_its_input_and_names_the_lowest_grade(tmp_path):
    (tmp_path / "p.csv").write_text("area,year,grade,pupils\nA,2020,1,10\nA,2021,1,9\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("area,year,births\nA,2014,10\n", encoding="utf-8")
    words = ["forecast", "--pupils", "p.csv", "--births", "b.csv", "--origin", "2021", "--horizon", "2", "--out"]
    assert "与输入文件 p.csv 相同" in call(*words, "p.csv", cwd=tmp_path).stderr
    assert "没有年级 0 的在校生，最低年级是 1" in call(*words, "f.csv", cwd=tmp_path).stderr


def test_a_demo_never_replaces_files_that_differ(county_copy):
    before = (county_copy / "births.csv").read_bytes()
    result = call("demo", county_copy, "--villages", "12", "--sites", "5", "--years", "6")
    assert result.returncode == 2
    assert "请另选一个空文件夹" in result.stderr
    assert (county_copy / "births.csv").read_bytes() == before


def test_check_reads_the_plans_and_the_settings_too(county_copy):
    (county_copy / "plans").mkdir()
    (county_copy / "plans" / "mine.toml").write_text(
        'name = "我的方案"\n[[decision]]\nschool_id = "1"\n', encoding="utf-8"
    )
    result = call("check", county_copy, cwd=county_copy.parent)
    assert result.returncode == 2
    assert "plans/mine.toml" in result.stdout
