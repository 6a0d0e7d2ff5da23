"""No policy number stands in the code, and no program reads what somebody merely saw."""

import ast
import re

import pytest

from layout_planner.policy import load_catalogue
from tests.conftest import ROOT

PACKAGE = ROOT / "layout_planner"
SMALL = 12  # numbers up to this one count grades, months and places everywhere
ORDINARY = {24.0, 60.0, 90.0, 95.0, 1000.0, 5000.0}  # hours, minutes, percentiles, metres in a kilometre, rounds
ROOMS = ("compliance", "capacity", "consolidation", "scenario", "travel", "attendance", "policy", "resources")
FILES = [path for room in ROOMS for path in sorted((PACKAGE / room).rglob("*.py"))]


def policy_numbers():
    values = {value.value for rule in load_catalogue() for value in rule.values}
    return {value for value in values if value > SMALL and value not in ORDINARY}


def suspects(tree):
    """Numbers that are compared with, used as a default, named at module or class level, or clipped to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            yield from [node.left, *node.comparators]
        elif isinstance(node, ast.arguments):
            yield from [default for default in [*node.defaults, *node.kw_defaults] if default is not None]
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            yield node.value
            if isinstance(node.value, ast.Dict):
                yield from node.value.values
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in {"clip", "min", "max", "minimum", "maximum", "where", "le", "lt", "ge", "gt", "get"}:
                yield from [*node.args, *(keyword.value for keyword in node.keywords)]


def found_in(text, numbers):
    lines = [
        f"{node.lineno}: {node.value}"
        for node in suspects(ast.parse(text))
        if isinstance(node, ast.Constant) and type(node.value) in {int, float} and float(node.value) in numbers
    ]
    return sorted(set(lines))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_policy_number_stands_in_a_module(path):
    assert found_in(path.read_text(encoding="utf-8"), policy_numbers()) == []


@pytest.mark.parametrize(
    "line",
    [
        "over = minutes > 30",
        "LIMIT = 45",
        "def f(limit: float = 50): ...",
        "def f(*, limit=56): ...",
        "if size >= 66: pass",
        "small = pupils < 100",
        "x = table.clip(upper=2000)",
        "y = np.minimum(x, 2500)",
        "SIZES = {'primary': 40, 'junior': 35}",
        "z = limits.get(stage, 25)",
    ],
)
def test_the_search_finds_a_planted_number(line):
    assert found_in(line, policy_numbers())


@pytest.mark.parametrize("line", ["np.percentile(x, [10, 50, 90])", "x = y * 60.0", "first = grade == 7", "a = 0.5"])
def test_the_search_leaves_ordinary_numbers_alone(line):
    assert not found_in(line, policy_numbers())


def test_no_program_reads_what_somebody_saw():
    pattern = re.compile(r"""["']seen["']|\.seen\b""")
    programs = [*PACKAGE.rglob("*.py"), *(ROOT / "tools").glob("*.py"), *(ROOT / "analyses").glob("*.py")]
    readers = [p.relative_to(ROOT).as_posix() for p in programs if pattern.search(p.read_text(encoding="utf-8"))]
    assert [name for name in readers if not name.startswith("layout_planner/demo/")] == []


def test_importing_the_catalogue_reads_no_file():
    for name in ("catalogue.py", "rule.py", "parameters.py", "wording.py"):
        tree = ast.parse((PACKAGE / "policy" / name).read_text(encoding="utf-8"))
        calls = [ast.unparse(n) for top in tree.body if not isinstance(top, ast.FunctionDef | ast.ClassDef) for n in ast.walk(top) if isinstance(n, ast.Call)]  # fmt: skip  # noqa: E501
        assert [c for c in calls if not c.startswith(("frozenset", "dataclass"))] == []
