"""Round 2: a code that a table names exists in the table that holds it."""

from __future__ import annotations

from collections.abc import Callable

from layout_planner.contracts import load_dictionary
from layout_planner.errors import Problem
from layout_planner.io.checks.astray import HOLDERS, aside, known_of, unknown
from layout_planner.io.checks.model import Check, Context, at_rows, file_of


def _unknown(column: str) -> Callable[[Context], list[Problem]]:
    """Make the check of one kind of code in every table that names it."""
    holder = HOLDERS[column]

    def check(ctx: Context) -> list[Problem]:
        problems: list[Problem] = []
        for spec in load_dictionary().inputs():
            names = {c.name for c in spec.columns}
            if spec.name == holder or spec.name not in ctx.tables or column not in names:
                continue
            table = ctx.tables[spec.name]
            rows = table[unknown(ctx, spec.name, column, holder)]
            problems += at_rows("reference_unknown", (spec.name, column), rows, rows[column], allowed=file_of(holder))
        return problems

    return check


def hosts(ctx: Context) -> list[Problem]:
    """A host school is another school of the register and not itself a teaching point."""
    schools = ctx.tables["schools"]
    rows = schools[schools["host_school_id"].notna()]
    nobody = schools[unknown(ctx, "schools", "host_school_id", "schools")]
    found = at_rows("reference_unknown", ("schools", "host_school_id"), nobody, nobody["host_school_id"],
                    allowed=file_of("schools"))  # fmt: skip
    points = set(schools.loc[schools["kind"] == "teaching_point", "school_id"])
    wrong = rows[(rows["host_school_id"] == rows["school_id"]) | rows["host_school_id"].isin(points)]
    return found + at_rows("host_is_point", ("schools", "host_school_id"), wrong, wrong["host_school_id"])


def cases(ctx: Context) -> list[Problem]:
    """Opinions belong to a case of the ledger of procedure."""
    rows = ctx.tables["opinions"]
    known = set(ctx.tables["procedure"]["case_id"]) | known_of(aside(ctx, "procedure"), "case_id")
    rows = rows[~rows["case_id"].isin(known)]
    return at_rows("case_unknown", ("opinions", "case_id"), rows, rows["case_id"], severity="warning")


CHECKS = (
    Check("township_known", "cross", "error", "各表的乡镇代码都在乡镇图层中", "Township codes of every table exist",
          ("keys:townships",), _unknown("township_code"), ("reference_unknown",)),
    Check("village_known", "cross", "error", "各表的村代码都在村表中", "Village codes of every table exist",
          ("keys:villages",), _unknown("village_code"), ("reference_unknown",)),
    Check("school_known", "cross", "error", "各表的学校标识码都在学校登记中", "School codes of every table exist",
          ("keys:schools",), _unknown("school_id"), ("reference_unknown",)),
    Check("host_school", "cross", "error", "隶属中心校存在，且不是教学点", "Host schools exist and are no teaching points",
          ("schools",), hosts, ("reference_unknown", "host_is_point")),
    Check("case_known", "cross", "warning", "意见所属事项在程序台账中", "Opinions belong to a case of the ledger",
          ("opinions", "procedure"), cases, ("case_unknown",)),
)  # fmt: skip
