"""Which townships and places a row with a defect of its own belongs to: their sums and distances are not judged."""

from __future__ import annotations

from collections.abc import Iterable

from layout_planner.errors import Problem
from layout_planner.io.checks import places
from layout_planner.io.checks.astray import aside, unknown
from layout_planner.io.checks.model import Context, file_of

_PREFIX = 9  # digits of a village's code that are the code of its township


def misplaced(ctx: Context, table: str) -> set[int]:
    """Numbers of the rows of places that lie outside the county; none where this cannot be told."""
    return {p.row for p in ctx.once("outside", _outside) if p.file == file_of(table) and p.row is not None}


def _outside(ctx: Context) -> list[Problem]:
    return places.outside(ctx) if ctx.has("townships", "settings") else []


def _far(ctx: Context) -> list[Problem]:
    return places.off_township(ctx) if ctx.has("villages", "townships", "settings") else []


def not_whole(ctx: Context, townships: Iterable[str]) -> set[str]:
    """Townships, of those named, that may lack or have too many villages, since a row of a village is wrong.

    A row that was refused or names a township that nobody has belongs to the township whose code its own begins with; a
    village far outside its township may belong to another; if neither code can be read, to any.
    """
    named = set(townships)
    villages, rows = ctx.tables["villages"], aside(ctx, "villages")
    far = {p.row for p in ctx.once("off township", _far)}
    wrong = villages["_row"].isin(far).to_numpy() | unknown(ctx, "villages", "township_code", "townships")
    told = zip(rows["township_code"], rows["village_code"], strict=True)
    moved = zip(villages.loc[wrong, "township_code"], villages.loc[wrong, "village_code"], strict=True)
    touched: set[str] = set()
    for township, village in [*told, *moved]:
        codes = named & {str(township), str(village)[:_PREFIX]}
        touched |= codes or named
    return touched
