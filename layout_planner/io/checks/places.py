"""Rounds 1 to 3 of coordinates: told while reading (`io.coordinates`), then where the places lie (`coordinate_checks`)."""

from __future__ import annotations

import pandas as pd

from layout_planner.errors import Problem
from layout_planner.io import coordinate_checks as found_by
from layout_planner.io.checks.astray import aside
from layout_planner.io.checks.model import SETTINGS, Check, Context, file_of

ANYWHERE = 105.0  # the middle of China: distances of a few metres are the same in every zone [degree]
POINTS = ("schools", "villages")


def _crs(ctx: Context) -> int:
    west, _, east, _ = ctx.tables["townships"].total_bounds
    longitude = float(west + east) / 2
    if ctx.settings is None:
        raise ValueError("checks of places need the settings")
    return ctx.settings.metric_crs(longitude)


def _limits(ctx: Context) -> found_by.PlaceLimits:
    names = ("check_far_km", "check_twin_m", "check_off_township_km", "check_deviations")
    return found_by.PlaceLimits(*(ctx.values[name] for name in names))


def outside(ctx: Context) -> list[Problem]:
    """Schools and villages lie in the county; of a county without one of its townships nobody can tell."""
    if len(aside(ctx, "townships")):
        return []
    crs, townships = _crs(ctx), ctx.tables["townships"]
    return [
        problem
        for name in POINTS
        if ctx.has(name)
        for problem in found_by.outside_problems(
            ctx.tables[name], townships, file_of(name), crs=crs, limits=_limits(ctx)
        )
    ]


def twins(ctx: Context) -> list[Problem]:
    """Two places do not stand at one point, unless they are schools of one site."""
    crs, limits, there = _crs(ctx), _limits(ctx), [n for n in POINTS if ctx.has(n)]
    return [p for n in there for p in found_by.twin_problems(ctx.tables[n], file_of(n), crs=crs, limits=limits)]


def off_township(ctx: Context) -> list[Problem]:
    """Villages lie in or near their own township; those outside the county are told already."""
    far = {p.row for p in outside(ctx) if p.file == file_of("villages")}
    villages = ctx.tables["villages"]
    near = villages[~villages["_row"].isin(far)]
    return found_by.township_problems(near, ctx.tables["townships"], crs=_crs(ctx), limits=_limits(ctx))


def shifted(ctx: Context) -> list[Problem]:
    """Points and roads are of one system of coordinates."""
    if ctx.settings is None:
        return []
    crs, roads = _crs(ctx), ctx.tables["roads"]
    there = [n for n in POINTS if ctx.has(n)]
    found = [found_by.shift_problem(ctx.tables[n], roads, file_of(n), crs=crs) for n in there]
    if there and not any(found):
        declared = str(ctx.settings.declared.system_of(file_of("roads")))
        places = pd.concat([ctx.tables[n][["geometry"]] for n in there])
        found = [found_by.road_shift_problem(places, roads, file_of("roads"), declared=declared, crs=crs)]
    return [problem for problem in found if problem is not None]


CHECKS = (
    Check("coordinates_there", "file", "error", "每个点都有坐标", "Every place has coordinates",
          codes=("coordinates_missing",)),
    Check("coordinates_order", "file", "error", "经度在前、纬度在后", "Longitude comes before latitude",
          codes=("coordinates_swapped", "layer_swapped")),
    Check("coordinates_unit", "file", "error", "度和米没有混淆，带号明确", "Degrees and metres are not mixed up, zones are known",
          codes=("coordinates_projected", "coordinates_degrees", "coordinates_zone", "layer_projected", "layer_degrees")),
    Check("layer_system", "file", "error", "图层的坐标系能转换", "The system of a layer can be converted",
          codes=("crs_unusable", "crs_datum_rough")),
    Check("inside_county", "cross", "error", "学校和村在县界之内", "Schools and villages lie in the county",
          ("townships", SETTINGS), outside, ("point_near_outside", "point_far_outside")),
    Check("one_place_each", "cross", "error", "没有两处填同一坐标", "No two places at one point",
          ("townships", SETTINGS), twins, ("points_identical", "points_twin")),
    Check("village_in_township", "plausible", "warning", "村在本乡镇界内或附近", "Villages lie in or near their township",
          ("villages", "townships", SETTINGS), off_township, ("village_off_township",)),
    Check("coordinates_shifted", "plausible", "warning", "点位没有整体偏移", "Points are not shifted as a whole",
          ("townships", "roads", SETTINGS), shifted),
)  # fmt: skip
