"""No policy number stands in the code, and no model reads what somebody merely saw."""

import ast
import re

import pytest

from layout_planner.policy import load_catalogue
from tests.conftest import ROOT

PACKAGE = ROOT / "layout_planner"
SMALL = 12  # whole numbers up to this one count grades, months and places everywhere; comparisons with them are below
ORDINARY = {24.0, 60.0, 1000.0}  # hours, minutes, metres in a kilometre
ROOMS = (
    "compliance",
    "capacity",
    "consolidation",
    "scenario",
    "travel",
    "attendance",
    "policy",
    "resources",
    "pipeline",
)
FILES = [path for room in ROOMS for path in sorted((PACKAGE / room).rglob("*.py"))]
JUDGES = ("compliance", "capacity", "consolidation", "scenario", "pipeline", "resources")
JUDGING = [path for room in JUDGES for path in sorted((PACKAGE / room).rglob("*.py"))]
QUANTILES = {0.5, 0.9}  # of draws; E09 and E03 have the same figures
MEANINGS = {  # module → numbers that are no policy there: quantiles of draws, half a child, the middle of a line, rounds
    "attendance/balance.py": {5000.0},
    "attendance/tables.py": QUANTILES,
    "attendance/village_draws.py": {40.0},  # halvings of a factor
    "attendance/village_shares.py": {20.0},  # villages that a prior is worth
    "capacity/balance.py": QUANTILES,
    "pipeline/chain.py": QUANTILES,
    "pipeline/outlook.py": QUANTILES,
    "scenario/indicators.py": QUANTILES,
    "scenario/plan.py": {100.0},  # years ahead that no plan reaches
    "travel/cases.py": {0.5},
    "travel/measures.py": {0.5},  # the median; half a child
    "travel/lines.py": {0.5},  # the middle of a line
}


def policy_numbers():
    """Numbers of the catalogue that nobody would write for another reason: large ones, and those with decimals."""
    values = {value.value for rule in load_catalogue() for value in rule.values}
    return {value for value in values if (value > SMALL or not value.is_integer()) and value not in ORDINARY}


def name_of(path):
    return path.relative_to(PACKAGE).as_posix()


def is_number(node):
    return isinstance(node, ast.Constant) and type(node.value) in {int, float}


def percents(tree):
    """Constants 100 that make a percentage: a factor or a divisor, never compared."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
            yield from (id(side) for side in (node.left, node.right) if is_number(side) and side.value == 100)


def found_in(text, numbers, allowed=frozenset()):
    """Every literal that is one of the numbers, wherever it stands: compared, passed, returned, listed, multiplied."""
    tree = ast.parse(text)
    skipped = set(percents(tree))
    lines = {
        f"{node.lineno}: {node.value}"
        for node in ast.walk(tree)
        if is_number(node) and id(node) not in skipped and float(node.value) in numbers - allowed
    }
    return sorted(lines)


def compared_in(text):
    """Literals other than 0 and 1 that something is compared with; the length of a list may be."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            counts = any(isinstance(s, ast.Call) and getattr(s.func, "id", "") == "len" for s in sides)
            numbers = [n for side in sides for n in ast.walk(side) if is_number(n) and n.value not in {0, 1}]
            found += [] if counts else [f"{n.lineno}: {n.value}" for n in numbers]
        elif isinstance(node, ast.MatchValue) and is_number(node.value):
            found.append(f"{node.value.lineno}: {node.value.value}")
    return found


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_policy_number_stands_in_a_module(path):
    allowed = MEANINGS.get(name_of(path), set())
    assert found_in(path.read_text(encoding="utf-8"), policy_numbers(), allowed) == []


@pytest.mark.parametrize("path", JUDGING, ids=name_of)
def test_nothing_is_compared_with_a_literal_where_plans_and_schools_are_judged(path):
    assert compared_in(path.read_text(encoding="utf-8")) == []


def test_an_exception_is_needed_where_it_is_made():
    for name, numbers in MEANINGS.items():
        text = (PACKAGE / name).read_text(encoding="utf-8")
        assert len(found_in(text, numbers)) >= 1, name


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
        "seats = rooms * 45",
        "need = area / 4.5",
        "def f(): return 13.5",
        "SIZES = [('primary', 45), ('junior', 50)]",
        "limit = 45 if primary else 50",
        "rows = check(table, 56)",
        "rows = table.query('size', limit=66)",
        "cv = spread > 0.45",
        "f'{x:.2f}' if y > 8.17 else ''",
        "limits = dict(primary=45)",
        "match size:\n  case 45: pass",
    ],
)
def test_the_search_finds_a_planted_number(line):
    assert found_in(line, policy_numbers())


@pytest.mark.parametrize(
    "line", ["x = y * 60.0", "first = grade == 7", "share = 100 * part / whole", "a = table.iloc[:3]"]
)
def test_the_search_leaves_ordinary_numbers_alone(line):
    assert not found_in(line, policy_numbers())


@pytest.mark.parametrize("line", ["if sections > 4: pass", "far = km <= 2", "ok = seats >= 7", "4.2 <= x", "x == -3"])
def test_a_small_number_that_judges_is_found(line):
    assert compared_in(line)


@pytest.mark.parametrize("line", ["if x > 0: pass", "y = share <= 1", "if len(rows) < 2: pass", "a = month >= FIRST"])
def test_signs_wholes_and_lengths_may_be_compared_with(line):
    assert not compared_in(line)


def test_no_program_reads_what_somebody_saw():
    pattern = re.compile(r"""["']seen["']|\.seen\b""")
    programs = [*PACKAGE.rglob("*.py"), *(ROOT / "tools").glob("*.py"), *(ROOT / "analyses").glob("*.py")]
    readers = [p.relative_to(ROOT).as_posix() for p in programs if pattern.search(p.read_text(encoding="utf-8"))]
    kept = [name for name in readers if not name.startswith("layout_planner/demo/")]
    assert kept == ["layout_planner/policy/remarks.py"]  # words for the screen, see the next test


def test_only_the_screen_prints_what_somebody_saw():
    programs = [*PACKAGE.rglob("*.py"), *(ROOT / "tools").glob("*.py"), *(ROOT / "analyses").glob("*.py")]
    users = [p.relative_to(ROOT).as_posix() for p in programs if "policy.remarks" in p.read_text(encoding="utf-8")]
    assert users == ["layout_planner/cli/show_rules.py"]


def test_importing_the_catalogue_reads_no_file():
    for name in ("catalogue.py", "rule.py", "parameters.py", "wording.py", "remarks.py"):
        tree = ast.parse((PACKAGE / "policy" / name).read_text(encoding="utf-8"))
        calls = [ast.unparse(n) for top in tree.body if not isinstance(top, ast.FunctionDef | ast.ClassDef) for n in ast.walk(top) if isinstance(n, ast.Call)]  # fmt: skip  # noqa: E501
        assert [c for c in calls if not c.startswith(("frozenset", "dataclass"))] == []
