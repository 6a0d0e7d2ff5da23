"""Round 3: buildings, staff, boarders and trips as they can be."""

from __future__ import annotations

import numpy as np
import pandas as pd

from layout_planner.errors import Both, Problem
from layout_planner.io.checks.astray import aside, known_of, unknown, without
from layout_planner.io.checks.enrolment import gaps_of
from layout_planner.io.checks.model import SETTINGS, Check, Context, at_rows
from layout_planner.io.checks.plausible_enrolment import odd_rows
from layout_planner.io.checks.registers import doubtful
from layout_planner.io.checks.whole import misplaced, not_whole

_YOUNG = (1, 3)  # grades in which children do not board
_METRES_PER_MINUTE = 1000 / 60  # of one km/h
_EARTH_M = 6_371_000.0
_WHOLE, _NEAR = 1.0, 0.01
_BOARDERS = Both("寄宿生（男、女）", "boarders_m, boarders_f")


def _now(ctx: Context) -> pd.DataFrame:
    """Schools with their pupils of the base year; schools without a row are left out."""
    table = ctx.tables["enrolment"]
    refused = ctx.refused("enrolment")
    spoilt = set(refused.loc[refused["school_year"] == ctx.base_year, "school_id"]) | doubtful(ctx)
    spoilt |= {school for school, year in ctx.once("gaps", gaps_of) if year == ctx.base_year}
    odd = table["_row"].isin(odd_rows(ctx)) & (table["school_year"] == ctx.base_year)
    spoilt |= set(table.loc[odd, "school_id"])
    now = table[(table["school_year"] == ctx.base_year) & ~table["school_id"].isin(spoilt)]
    now = now.groupby("school_id")["pupils"].sum()
    schools = pd.DataFrame(ctx.tables["schools"].drop(columns="geometry"))
    return schools.merge(now.rename("pupils_now"), left_on="school_id", right_index=True)


def _of_school(rows: pd.DataFrame, column: str) -> list[Both]:
    cells = zip(rows["name"], rows[column], strict=True)
    return [Both(f"{name}：{value:g}", f"{name}: {value:g}") for name, value in cells]


def rooms(ctx: Context) -> list[Problem]:
    """A school has a classroom, and not too few for its pupils."""
    limit, now = ctx.values["check_class_size"], _now(ctx)
    rows = now[now["pupils_now"] > limit * now["classrooms"]]
    found = _of_school(rows, "classrooms")
    return at_rows("rooms_impossible", ("schools", "classrooms"), rows, found,
                   allowed=[f"{p:g}" for p in rows["pupils_now"]], severity="warning")  # fmt: skip


def area(ctx: Context) -> list[Problem]:
    """Teaching area is possible for the pupils and for the rooms."""
    now, low, high = _now(ctx), ctx.values["check_area_low"], ctx.values["check_room_area"]
    now = now[now["teaching_area_m2"].notna()]
    few = (now["teaching_area_m2"] < low * now["pupils_now"]).to_numpy()
    many = (now["teaching_area_m2"] > high * now["classrooms"].clip(lower=1)).to_numpy()
    rows = now[few | many]
    found = _of_school(rows, "teaching_area_m2")
    limits = zip(rows["pupils_now"] * low, rows["classrooms"].clip(lower=1) * high, strict=True)
    return at_rows("area_impossible", ("schools", "teaching_area_m2"), rows, found,
                   allowed=[f"{a:.0f}–{b:.0f}" for a, b in limits], severity="warning")  # fmt: skip


def staffing(ctx: Context) -> list[Problem]:
    """A school with pupils has teachers, and neither too few nor more than pupils and rooms could employ."""
    staff = ctx.tables["teachers"]
    posts = staff[staff["role"] == "teacher"].groupby("school_id")["posts"].sum()
    now = _now(ctx).assign(posts=lambda t: t["school_id"].map(posts).fillna(0.0).astype(float))
    limit = ctx.values["check_pupils_per_teacher"]
    few = now["pupils_now"] > limit * now["posts"]
    few &= ~now["school_id"].isin(known_of(aside(ctx, "teachers"), "school_id"))
    lost = len(without(aside(ctx, "teachers"), "school_id")) + int(
        unknown(ctx, "teachers", "school_id", "schools").sum()
    )
    few &= few.sum() > lost
    many = now["posts"] > np.maximum(now["pupils_now"], 2 * now["classrooms"] + 1)
    rows = now[few | many]
    found = _of_school(rows, "posts")
    return at_rows("staff_impossible", ("schools", "school_id"), rows, found,
                   allowed=[f"{p:g}" for p in rows["pupils_now"]], severity="warning")  # fmt: skip


def young_boarders(ctx: Context) -> list[Problem]:
    """Children of grades 1–3 do not board as a rule."""
    table = ctx.tables["enrolment"]
    boarders = table["boarders_m"].fillna(0) + table["boarders_f"].fillna(0)
    rows = table[table["grade"].between(*_YOUNG) & (boarders > 0).to_numpy(dtype=bool)]
    return at_rows("boarders_young", ("enrolment", _BOARDERS), rows, [str(n) for n in boarders[rows.index]],
                   severity="warning")  # fmt: skip


def boarder_sexes(ctx: Context) -> list[Problem]:
    """Boarders of a large school are boys and girls."""
    table = ctx.tables["enrolment"]
    sums = table.groupby(["school_id", "school_year"]).agg(
        m=("boarders_m", "sum"), f=("boarders_f", "sum"), _row=("_row", "min")
    )
    least, both = sums[["m", "f"]].min(axis=1), sums["m"] + sums["f"]
    chance = np.exp2(1.0 - both.to_numpy(dtype=float))
    rows = sums[(least == 0).to_numpy() & (both > 0).to_numpy() & (chance < ctx.values["check_alpha"])]
    found = [f"{m}/{f}" for m, f in zip(rows["m"], rows["f"], strict=True)]
    return at_rows(
        "boarders_one_sex",
        ("enrolment", _BOARDERS),
        rows,
        found,
        severity="warning",
    )


def speeds(ctx: Context) -> list[Problem]:
    """A trip is neither faster than a motorway allows nor slower than a crawl."""
    trips = ctx.tables["trips"]
    for name, key in (("villages", "village_code"), ("schools", "school_id")):
        places = ctx.tables[name]
        trips = trips[~trips[key].isin(places.loc[places["_row"].isin(misplaced(ctx, name)), key])]
    metres = trips["metres"].to_numpy(dtype=float)
    straight = _straight(ctx, trips)
    with np.errstate(divide="ignore", invalid="ignore"):
        fast = np.fmax(metres, straight) / trips["minutes"].to_numpy(dtype=float) / _METRES_PER_MINUTE
        slow = metres / trips["minutes"].to_numpy(dtype=float) / _METRES_PER_MINUTE
    low, high = ctx.values["check_slowest"], ctx.values["check_fastest"]
    problems = []
    for speed, bad in ((fast, fast > high), (slow, slow < low)):
        rows = trips[bad]
        found = [f"{v:.3g} km/h" for v in speed[bad]]
        problems += at_rows("trip_speed", ("trips", "minutes"), rows, found, allowed=f"{low:g}–{high:g} km/h",
                            severity="warning")  # fmt: skip
    return problems


def _straight(ctx: Context, trips: pd.DataFrame) -> np.ndarray:
    """Metres as the crow flies; NaN where a place is unknown."""
    ends = []
    for name, key in (("villages", "village_code"), ("schools", "school_id")):
        points = ctx.tables[name].set_index(key).geometry
        ends.append([trips[key].map(values) for values in (points.x, points.y)])
    (x, y), (to_x, to_y) = ends
    east = np.radians(to_x - x) * np.cos(np.radians(y))
    return np.asarray(_EARTH_M * np.hypot(east, np.radians(to_y - y)), dtype=float)


def weights(ctx: Context) -> list[Problem]:
    """Where weights of most townships add up to 1, they do in all."""
    villages = ctx.tables["villages"]
    sums = villages.groupby("township_code").agg(weight=("weight", "sum"), _row=("_row", "min"))
    off = (sums["weight"] - _WHOLE).abs() > _NEAR
    if 2 * off.sum() >= len(sums):
        return []
    rows = sums[off & ~sums.index.isin(not_whole(ctx, sums.index))]
    found = [Both(f"{code}：{value:.4g}", f"{code}: {value:.4g}") for code, value in rows["weight"].items()]
    return at_rows("weights_sum", ("villages", "weight"), rows, found, allowed="1", severity="warning")


CHECKS = (
    Check("rooms_impossible", "plausible", "warning", "教室间数与学生数可能", "Classrooms for the pupils are possible",
          ("schools", "enrolment", SETTINGS), rooms),
    Check("area_impossible", "plausible", "warning", "教学及辅助用房面积可能", "Teaching area is possible",
          ("schools", "enrolment", SETTINGS), area),
    Check("staff_impossible", "plausible", "warning", "教师数与学生数可能", "Teachers for the pupils are possible",
          ("schools", "enrolment", "teachers", SETTINGS), staffing),
    Check("boarders_young", "plausible", "warning", "一至三年级没有寄宿生", "No boarders in grades 1–3",
          ("enrolment",), young_boarders),
    Check("boarders_one_sex", "plausible", "warning", "寄宿生有男有女", "Boarders are boys and girls",
          ("enrolment",), boarder_sexes),
    Check("trip_speed", "plausible", "warning", "实测路途的速度可能", "Speeds of measured trips are possible",
          ("trips", "villages", "schools"), speeds),
    Check("weights_sum", "plausible", "warning", "各镇村权重之和口径一致", "Weights of villages add up alike",
          ("villages",), weights),
)  # fmt: skip
