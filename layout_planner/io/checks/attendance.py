"""Round 2: who attends where, zones and measured trips fit pupils, villages and schools."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from layout_planner.contracts import load_dictionary
from layout_planner.errors import Both, Problem
from layout_planner.io.checks.astray import aside, explained, known_of, strays, unknown, without
from layout_planner.io.checks.enrolment import gaps_of
from layout_planner.io.checks.model import SETTINGS, Check, Context, at_rows, named, truths, words
from layout_planner.io.checks.plausible_enrolment import odd_rows
from layout_planner.io.checks.registers import doubtful
from layout_planner.terms import BAND_OF_GRADE, STAGE_OF_GRADE, label

_EXACT = 0.5  # pupils; counts differ by at least one
_AGES = {"children_3_5": ("k",), "children_6_11": ("1-3", "4-6"), "children_12_14": ("7-9",)}
_ZONED = ("primary", "junior")  # stages that are assigned by zone


def band_pupils(ctx: Context) -> pd.DataFrame:
    """Pupils of the base year by school and grade band, columns school_id, grade_band, enrolled; whole bands only."""
    table = ctx.tables["enrolment"]
    now = table[(table["school_year"] == ctx.base_year) & ~table["school_id"].isin(_not_whole(ctx))]
    band = now["grade"].map({grade: str(band) for grade, band in BAND_OF_GRADE.items()})
    return (
        now.assign(grade_band=band).groupby(["school_id", "grade_band"], as_index=False)["pupils"].sum()
        .rename(columns={"pupils": "enrolled"})
    )  # fmt: skip


def _not_whole(ctx: Context) -> set[str]:
    """Schools of whose base year a row cannot be used, is not there or is out of all proportion."""
    refused = ctx.refused("enrolment")
    schools = set(refused.loc[refused["school_year"] == ctx.base_year, "school_id"])
    if ctx.has("schools", SETTINGS):
        schools |= {school for school, year in ctx.once("gaps", gaps_of) if year == ctx.base_year} | doubtful(ctx)
    table = ctx.tables["enrolment"]
    odd = table["_row"].isin(ctx.once("odd", odd_rows)) & (table["school_year"] == ctx.base_year)
    return schools | set(table.loc[odd, "school_id"])


def sums(ctx: Context) -> list[Problem]:
    """Attendance of a school and band adds up to its pupils of the base year."""
    told = ctx.tables["attendance"].groupby(["school_id", "grade_band"], as_index=False).agg(
        pupils=("pupils", "sum"), _row=("_row", "min")
    )  # fmt: skip
    both = told.merge(band_pupils(ctx), on=["school_id", "grade_band"], how="left").fillna({"enrolled": 0.0})
    judged = set(ctx.tables["schools"]["school_id"]) - _not_whole(ctx)
    judged -= known_of(aside(ctx, "attendance"), "school_id")
    both = both[both["school_id"].isin(judged)]
    lost = both["grade_band"].map(_lost(ctx)).fillna(0.0)
    short = both["enrolled"] - both["pupils"]
    rows = both[(short.abs() > _EXACT) & ~((short > 0) & (short <= lost + _EXACT))]
    names = named(ctx.tables["schools"])
    cells = zip(rows["school_id"], rows["grade_band"], rows["pupils"], strict=True)
    found = [Both(f"{names[c]} {label('grade_band', b)}：{n:g}", f"{names[c]} {b}: {n:g}") for c, b, n in cells]
    allowed = [f"{value:g}" for value in rows["enrolled"]]
    return at_rows("attendance_sum", ("attendance", "pupils"), rows, found, allowed=allowed, severity="warning")


def _lost(ctx: Context) -> dict[str, float]:
    """Pupils by band in rows of attendance whose school is not known: they are missing in the sums of some school."""
    rows = without(aside(ctx, "attendance"), "school_id")
    good = ctx.tables["attendance"]
    good = good[unknown(ctx, "attendance", "school_id", "schools")]
    lost = {str(band): 0.0 for band in BAND_OF_GRADE.values()}
    for band, pupils, bad in zip(rows["grade_band"], rows["pupils"], rows["_bad"], strict=True):
        for name in lost if "grade_band" in bad else [str(band)]:
            lost[name] += np.inf if "pupils" in bad else float(pupils)
    for band, pupils in zip(good["grade_band"], good["pupils"], strict=True):
        lost[str(band)] += float(pupils)
    return lost


def children(ctx: Context) -> list[Problem]:
    """No more pupils come from a village than children live there, but for those of another age."""
    villages, table = ctx.tables["villages"].set_index("village_code"), ctx.tables["attendance"]
    names = named(ctx.tables["villages"], "village_code")
    problems = []
    for column, bands in _AGES.items():
        there = villages[column].dropna()
        sent = (
            table[table["grade_band"].isin(bands)]
            .groupby("village_code")
            .agg(pupils=("pupils", "sum"), _row=("_row", "min"))
        )
        sent = sent.join(there.rename("children"), how="inner")
        slack = stats.poisson.isf(ctx.values["check_alpha"], ctx.values["check_other_age"] * sent["children"] + 1)
        rows = sent[sent["pupils"] > sent["children"] + slack]
        cells = zip(rows.index, rows["pupils"], strict=True)
        said = Both("、".join(label("grade_band", b) for b in bands), ", ".join(bands))
        found = [Both(f"{names[c]} {said}：{n:g}", f"{names[c]} {said.en}: {n:g}") for c, n in cells]
        zh = load_dictionary().columns[column].zh
        allowed = [Both(f"{zh} {value:g}", f"{column} {value:g}") for value in rows["children"]]
        problems += at_rows("attendance_exceeds_children", ("attendance", "pupils"), rows, found, allowed=allowed,
                            severity="warning")  # fmt: skip
    return problems


def zone_gaps(ctx: Context) -> list[Problem]:
    """Every village with children has a zone for every stage that is zoned."""
    zones, villages = ctx.tables["zones"], ctx.tables["villages"]
    lived_in = villages[villages["weight"] > 0]
    problems = []
    for stage in [s for s in _ZONED if s in set(zones["stage"])]:
        covered = set(zones.loc[zones["stage"] == stage, "village_code"]) | _aside_zones(ctx, stage)
        rows = lived_in[~lived_in["village_code"].isin(covered)]
        filled = explained(
            [(code, stage) for code in rows["village_code"]], strays(ctx, "zones", ("village_code", "stage"))
        )
        rows = rows[~rows["village_code"].isin({code for code, _ in filled})]
        found = [f"{name}（{code}）" for name, code in zip(rows["name"], rows["village_code"], strict=True)]
        problems += at_rows(
            "zone_gap",
            ("villages", "village_code"),
            rows,
            found,
            allowed=words("stage", [stage] * len(rows)),
            severity="warning",
        )
    return problems


def _aside_zones(ctx: Context, stage: str) -> set[str]:
    """Villages that a row which was put aside gives a zone of the stage."""
    rows = aside(ctx, "zones")
    return known_of(rows[(rows["stage"] == stage).to_numpy(dtype=bool)], "village_code")


def zone_overlaps(ctx: Context) -> list[Problem]:
    """A village has one school of a stage by zone; several (多校划片) are meant to be."""
    zones = ctx.tables["zones"]
    rows = zones[zones.duplicated(["village_code", "stage"], keep="first")]
    cells = zip(rows["village_code"], rows["stage"], rows["school_id"], strict=True)
    found = [Both(f"{v} {label('stage', s)}：{code}", f"{v} {s}: {code}") for v, s, code in cells]
    return at_rows("zone_overlap", ("zones", "school_id"), rows, found, severity="warning")


def stages_of(ctx: Context) -> set[tuple[str, str]]:
    """Schools with each stage that they offer."""
    return {
        (code, str(STAGE_OF_GRADE[grade]))
        for code, low, high in ctx.tables["schools"][["school_id", "grade_low", "grade_high"]].itertuples(index=False)
        for grade in range(int(low), int(high) + 1)
    }


def without_stage(ctx: Context, table: str) -> pd.DataFrame:
    """Rows of a table with school_id and stage whose school does not offer the stage."""
    rows, offered = ctx.tables[table], stages_of(ctx)
    known = set(ctx.tables["schools"]["school_id"]) - doubtful(ctx)
    cells = zip(rows["school_id"], rows["stage"], strict=True)
    return rows[truths(c in known and (c, s) not in offered for c, s in cells)]


def zone_stages(ctx: Context) -> list[Problem]:
    """The school of a zone offers the stage."""
    rows = without_stage(ctx, "zones")
    allowed = words("stage", rows["stage"])
    return at_rows("stage_not_offered", ("zones", "stage"), rows, rows["school_id"], allowed=allowed)


def bands(ctx: Context) -> list[Problem]:
    """A school offers a grade of the bands that tables tell of it."""
    spans = ctx.tables["schools"][["school_id", "grade_low", "grade_high"]].itertuples(index=False)
    offered = {
        (code, str(BAND_OF_GRADE[grade])) for code, low, high in spans for grade in range(int(low), int(high) + 1)
    }
    known = set(ctx.tables["schools"]["school_id"]) - doubtful(ctx)
    problems = []
    for name in ("attendance", "groups"):
        if name in ctx.tables:
            table = ctx.tables[name]
            cells = zip(table["school_id"], table["grade_band"], table["pupils"], strict=True)
            rows = table[truths(c in known and (c, b) not in offered and p > 0 for c, b, p in cells)]
            problems += at_rows(
                "band_not_offered", (name, "grade_band"), rows, rows["grade_band"], allowed=list(rows["school_id"])
            )
    return problems


def trip_pairs(ctx: Context) -> list[Problem]:
    """A measured pair is one that children use or are assigned to."""
    users = [name for name in ("attendance", "zones") if name in ctx.tables]
    pairs = {
        pair
        for name in users
        for pair in zip(ctx.tables[name]["village_code"], ctx.tables[name]["school_id"], strict=True)
    }
    if not pairs:
        return []
    trips = ctx.tables["trips"]
    astray = [key for name in users for key in strays(ctx, name, ("village_code", "school_id"))]
    astray += [
        (v, s) for n in users for v, s in zip(aside(ctx, n)["village_code"], aside(ctx, n)["school_id"], strict=True)
    ]
    excused = {v for v, _ in astray}, {s for _, s in astray}
    trips = trips[~trips["village_code"].isin(excused[0]) & ~trips["school_id"].isin(excused[1])]
    if ctx.has("keys:villages", "keys:schools"):
        trips = trips[trips["village_code"].isin(ctx.known("villages")) & trips["school_id"].isin(ctx.known("schools"))]
    rows = trips[truths(pair not in pairs for pair in zip(trips["village_code"], trips["school_id"], strict=True))]
    rows = rows.drop_duplicates(["village_code", "school_id"])
    found = [f"{v} → {s}" for v, s in zip(rows["village_code"], rows["school_id"], strict=True)]
    return at_rows("trip_unused", ("trips", "school_id"), rows, found, severity="notice")


CHECKS = (
    Check("attendance_sums", "cross", "warning", "就读对应与在校生一致（学校 × 年级段）", "Attendance adds up to the pupils",
          ("attendance", "enrolment", "schools", SETTINGS), sums, ("attendance_sum",)),
    Check("attendance_children", "cross", "warning", "各村就读人数不多于儿童数", "No more pupils than children of a village",
          ("attendance", "villages"), children, ("attendance_exceeds_children",)),
    Check("bands_offered", "cross", "error", "学校开设所报的年级段", "Schools offer the grade bands told of them",
          ("schools",), bands, ("band_not_offered",)),
    Check("zone_gaps", "cross", "warning", "学区划片没有空白", "Zones leave no village out",
          ("zones", "villages"), zone_gaps, ("zone_gap",)),
    Check("zone_overlaps", "cross", "warning", "学区划片没有重叠", "Zones do not overlap",
          ("zones",), zone_overlaps, ("zone_overlap",)),
    Check("zone_stages", "cross", "error", "划片学校开设该学段", "The school of a zone offers the stage",
          ("zones", "schools"), zone_stages, ("stage_not_offered",)),
    Check("trip_pairs", "cross", "notice", "实测路途的村校有人就读或划片", "Measured pairs are attended or zoned",
          ("trips",), trip_pairs, ("trip_unused",)),
)  # fmt: skip
