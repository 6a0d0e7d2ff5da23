"""Round 2: the registers of schools, villages and townships agree with themselves and with each other; plans too."""

from __future__ import annotations

import numpy as np
import pandas as pd

from layout_planner.attendance.flow_change import CODES as FLOW_CODES
from layout_planner.errors import Both, DataError, DefectsError, Problem
from layout_planner.io.checks.astray import aside, known_of
from layout_planner.io.checks.model import SETTINGS, Check, Context, at_rows, file_of, named
from layout_planner.io.checks.whole import misplaced, not_whole
from layout_planner.io.text import read_toml
from layout_planner.scenario import parse_plan
from layout_planner.terms import STAGE_OF_GRADE, label

KIND_STAGES = {
    "kindergarten": {"pre"},
    "teaching_point": {"primary", "pre;primary"},
    "primary": {"primary", "pre;primary"},
    "junior": {"junior"},
    "nine_year": {"primary;junior", "pre;primary;junior"},
    "senior": {"senior", "junior;senior"},
    "vocational": {"senior"},
}
_EARTH_M = 6_371_000.0


def kinds(ctx: Context) -> list[Problem]:
    """Kind, stages and span of grades of a school say the same."""
    problems = []
    columns = ["school_id", "name", "kind", "stages", "grade_low", "grade_high", "_row"]
    for row in ctx.tables["schools"][columns].to_dict("records"):
        span = range(int(row["grade_low"]), int(row["grade_high"]) + 1)
        stages = dict.fromkeys(str(STAGE_OF_GRADE[g]) for g in span)
        told, by_grade = str(row["stages"]), ";".join(stages)
        if set(told.split(";")) != set(stages) or by_grade not in KIND_STAGES[row["kind"]]:
            low, high = row["grade_low"], row["grade_high"]
            stages_zh = "、".join(label("stage", s) for s in told.split(";"))
            found = Both(
                f"{label('kind', row['kind'])}，{stages_zh}，{low}–{high} 年级", f"{row['kind']}, {told}, {low}–{high}"
            )
            name = f"{row['name']}（{row['school_id']}）"
            file = file_of("schools")
            problems.append(
                Problem("error", "grades_and_kind", file, int(row["_row"]), name, found, _stages(list(stages)))
            )
    return problems


def _stages(names: list[str]) -> Both:
    return Both("、".join(label("stage", s) for s in names) or "—", ";".join(names) or "—")


def doubtful(ctx: Context) -> set[str]:
    """Schools whose kind, stages and grades do not agree: nothing can be held against these."""
    rows = {p.row for p in ctx.once("kinds", kinds)}
    schools = ctx.tables["schools"]
    return set(schools.loc[schools["_row"].isin(rows), "school_id"])


def opening_years(ctx: Context) -> list[Problem]:
    """A school opens before it closes."""
    schools = ctx.tables["schools"]
    rows = schools[(schools["opened"] >= schools["closed"]).fillna(False)]
    return at_rows("closed_before_opened", ("schools", "closed"), rows, rows["closed"], allowed=_text(rows["opened"]))


def sites(ctx: Context) -> list[Problem]:
    """Schools that share a site stand in one place and one township."""
    schools, limit = ctx.tables["schools"], ctx.values["check_same_site_m"]
    schools = schools[~schools["_row"].isin(misplaced(ctx, "schools"))]
    shared = schools[schools.duplicated("site_id", keep=False)]
    lon, lat, town = shared.geometry.x, shared.geometry.y, shared["township_code"]
    first = [values.groupby(shared["site_id"]).transform("first") for values in (lon, lat, town)]
    east, north = np.radians(lon - first[0]) * np.cos(np.radians(first[1])), np.radians(lat - first[1])
    bad = shared[(_EARTH_M * np.hypot(east, north) > limit) | (town != first[2])]
    cells = zip(bad["site_id"], bad["name"], strict=True)
    found = [Both(f"{site}：{name}", f"{site}: {name}") for site, name in cells]
    return at_rows("site_apart", ("schools", "site_id"), bad, found, allowed=f"{limit:g}", severity="warning")


def school_names(ctx: Context) -> list[Problem]:
    """A name stands for one school of a township."""
    schools = ctx.tables["schools"]
    rows = schools[schools.duplicated(["township_code", "name"], keep="first")]
    return at_rows("school_name_twice", ("schools", "name"), rows, rows["name"], severity="warning")


def village_weights(ctx: Context) -> list[Problem]:
    """Every township has a village with a weight above 0."""
    weights = ctx.tables["villages"].groupby("township_code")["weight"].agg(["sum", "size"])
    names = named(ctx.tables["townships"], "township_code")
    zero = weights[(weights["sum"] <= 0) & ~weights.index.isin(not_whole(ctx, weights.index))]
    return [
        Problem("error", "village_weights_zero", file_of("villages"), column=names.get(code, code), found=str(size))
        for code, size in zero["size"].items()
    ]


def townships_with_villages(ctx: Context) -> list[Problem]:
    """Every township has a village."""
    told = set(ctx.tables["villages"]["township_code"])
    rows = ctx.tables["townships"]
    rows = rows[~rows["township_code"].isin(told | not_whole(ctx, rows["township_code"]))]
    named_rows = [f"{name}（{code}）" for code, name in zip(rows["township_code"], rows["name"], strict=True)]
    return at_rows("township_empty", ("townships", "township_code"), rows, named_rows, severity="warning")


def plans(ctx: Context) -> list[Problem]:
    """Plans read, and their schools, receivers, years and grades fit the register."""
    if ctx.settings is None:
        return []
    schools = pd.DataFrame(ctx.tables["schools"].drop(columns=["geometry", "_row"]))
    last = ctx.settings.base_year + ctx.settings.horizon
    problems: list[Problem] = []
    seen: set[str] = set()
    refused = known_of(aside(ctx, "schools"), "school_id") | doubtful(ctx)
    towns = set(map(str, ctx.known("townships"))) if ctx.has("keys:townships") else ()
    for path in sorted((ctx.folder / "plans").glob("*.toml")):
        file = f"plans/{path.name}"
        try:
            plan = parse_plan(read_toml(path), schools, ctx.base_year, last_year=last, file=file, townships=towns)
        except DefectsError as error:
            problems += [p for p in error.problems if not any(code in f"{p.found} {p.column}" for code in refused)]
        except DataError as error:
            row, column = (str(error.fields.get(k, "")) for k in ("row", "column"))
            problems.append(Problem("error", error.code, file, int(row) if row.isdigit() else None, column))
        else:
            if plan.name in seen:
                problems.append(Problem("error", "plan_name_twice", file, None, "name", plan.name))
            seen.add(plan.name)
    return problems


def synthetic_rows(table: pd.DataFrame | None) -> int:
    """Count the rows of a table that are marked as simulated."""
    if table is None or "synthetic" not in table:
        return 0
    return int(table["synthetic"].fillna(False).astype(bool).sum())


def synthetic(ctx: Context) -> list[Problem]:
    """A county with simulated rows says so in its settings."""
    if ctx.settings is not None and ctx.settings.synthetic:
        return []
    counts = ((name, synthetic_rows(table)) for name, table in ctx.tables.items())
    return [Problem("warning", "rows_synthetic", file_of(n), found=str(count)) for n, count in counts if count]


def projection(ctx: Context) -> list[Problem]:
    """The projected system of the settings is the zone of the county."""
    if ctx.settings is None or not len(ctx.tables["villages"]):
        return []
    problem = ctx.settings.crs_problem(float(ctx.tables["villages"].geometry.x.mean()))
    return [] if problem is None else [problem]


def _text(values: pd.Series) -> list[str]:
    return [str(value) for value in values]


_PLAN_CODES = (
    "plan_name plan_shape plan_key plan_school plan_year plan_action plan_receiver plan_seats plan_reason plan_twice"
    " plan_is_open plan_is_closed plan_receiver_closed plan_circle plan_receiver_not_ready plan_grade plan_name_twice"
)

CHECKS = (
    Check("kinds", "cross", "error", "学校类别、学段与年级一致", "Kind, stages and grades of a school agree",
          ("schools",), lambda ctx: ctx.once("kinds", kinds), ("grades_and_kind",)),
    Check("opening_years", "cross", "error", "停办学年在开办学年之后", "Schools close after they open",
          ("schools",), opening_years, ("closed_before_opened",)),
    Check("sites", "cross", "warning", "同一校址的学校在同一处", "Schools of one site stand in one place",
          ("schools",), sites, ("site_apart",)),
    Check("school_names", "cross", "warning", "同一乡镇没有同名学校", "No two schools of a township have one name",
          ("schools",), school_names, ("school_name_twice",)),
    Check("village_weights", "cross", "error", "每个乡镇有权重大于 0 的村", "Townships have a village with a weight above 0",
          ("villages", "townships"), village_weights, ("village_weights_zero",)),
    Check("township_villages", "cross", "warning", "每个乡镇有村", "Townships have villages",
          ("villages", "townships"), townships_with_villages, ("township_empty",)),
    Check("plans", "cross", "error", "方案中的学校、接收学校、学年和年级对得上", "Plans fit the register of schools",
          ("schools", SETTINGS), plans, (*_PLAN_CODES.split(), *FLOW_CODES)),
    Check("synthetic", "cross", "warning", "模拟数据已写明", "Simulated rows are declared",
          (SETTINGS,), synthetic, ("rows_synthetic",)),
    Check("projection", "cross", "error", "投影坐标系是本县所在的带", "The projection is the zone of the county",
          (SETTINGS, "villages"), projection, ("crs_bad",)),
)  # fmt: skip
