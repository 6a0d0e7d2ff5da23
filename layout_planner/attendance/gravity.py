"""Who attends where in the base year: gravity or observed attendance, balanced to children and pupils.

A doubly constrained gravity model:

``children[v, j] = a[v] * b[j] * (exp(-decay * minutes[v, j]) * exp(own_township if same township) + far_floor)``

The factors a and b make the rows add up to the children of the villages and the columns to the pupils of the schools,
so a school's size is its attraction. The township counts because schools enrol by area; the floor stands for the
families who board or move to the school. What does not fit inside the county stands in the column `outside` (children)
or the row `outside` (pupils).

References
----------
.. [1] A. G. Wilson, "A family of spatial interaction models, and associated developments", Environ. Plan. A 3(1), 1971,
   doi:10.1068/a030001
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layout_planner.attendance.balance import balance
from layout_planner.errors import DataError
from layout_planner.terms import OUTSIDE, GradeBand

Floats = NDArray[np.float64]
COLUMNS: Final = ("village_code", "attends", "grade_band", "children", "status", "source")
GRAVITY: Final = "gravity"
NO_ROUTE: Final = "gravity;no_route"
OBSERVED: Final = "attendance.csv"
BALANCE: Final = "balance"
_WHOLE: Final = 1e-9  # share of a school's pupils or a village's children by which observed ones may differ, rounding
_SMALL: Final = 1e-9  # a difference of totals below this is rounding, not children


@dataclass(frozen=True)
class _Band:
    """One grade band ready to be balanced: margins with one total, seeds, and where each seed comes from."""

    band: str
    villages: list[str]
    schools: list[str]
    rows: Floats
    columns: Floats
    seed: Floats
    source: NDArray[np.object_]


def estimate_allocation(
    children: pd.DataFrame,
    pupils: pd.DataFrame,
    minutes: pd.DataFrame,
    parameters: Mapping[str, float],
    observed: pd.DataFrame | None = None,
    *,
    towns: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Estimate where the children of every village go to school, band by band.

    Parameters
    ----------
    children
        ``village_code, grade_band, children`` of the base year. [children]
    pupils
        ``school_id, grade_band, pupils`` of the base year. [pupils]
    minutes
        ``village_code, school_id, grade_band, minutes`` by the best mode; NaN or no row: no route. [min]
    parameters
        ``decay_<band>`` [1/min], ``own_township`` [-], ``far_floor`` [-], ``smallest_flow`` [children] and
        ``no_route_seed`` [-].
    observed
        ``village_code, school_id, grade_band, pupils`` where known (`attendance.csv`): the seed instead of gravity for
        the bands it names. [pupils]
    towns
        Township of every village and school code; without it the township plays no part.

    Returns
    -------
    DataFrame
        Table `allocation`. Rows add up to `children` and columns to `pupils`; the difference of the totals attends
        `outside` (seeded as an equal share of every village) or lives there. A pair without a route is used only where
        the two sides cannot be balanced otherwise, and says so in `source`.

    Raises
    ------
    DataError
        If a value is missing or a band cannot be balanced.
    """
    _require(children, pupils)
    bands = set(children["grade_band"].astype(str)) | set(pupils["grade_band"].astype(str))
    parts = []
    for band in (str(b) for b in GradeBand if str(b) in bands):
        tables = tuple(_of_band(table, band) for table in (children, pupils, minutes))
        made = _prepare(band, tables, parameters, towns or {})
        if made is None:
            continue
        if observed is not None and len(seen := _of_band(observed, band)):
            made = _with_observed(made, seen, parameters)
        parts.append(_long(made, _solve(made, parameters)))
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(parts, ignore_index=True)


def decay(band: str, parameters: Mapping[str, float]) -> float:
    """Gravity decay of a grade band. [1/min]."""
    return parameters["decay_" + band.replace("-", "_")]


def _same_town(homes: pd.Index, schools: pd.Index, towns: Mapping[str, str]) -> Floats:
    """1 where the village and the school are known to be in one township."""
    home = homes.map(lambda code: towns.get(code, "")).to_numpy(dtype=object)
    school = schools.map(lambda code: towns.get(code, "")).to_numpy(dtype=object)
    return np.asarray((home[:, None] == school[None, :]) & (home[:, None] != ""), dtype=float)


def _require(children: pd.DataFrame, pupils: pd.DataFrame) -> None:
    if (gone := ~(children["children"] >= 0)).any():
        raise DataError("children_missing", found=set(children.loc[gone, "village_code"]))
    if (gone := ~(pupils["pupils"] >= 0)).any():
        raise DataError("pupils_missing", found=set(pupils.loc[gone, "school_id"]))


def _of_band(table: pd.DataFrame, band: str) -> pd.DataFrame:
    return table[table["grade_band"].astype(str) == band]


def _prepare(
    band: str, tables: tuple[pd.DataFrame, ...], parameters: Mapping[str, float], towns: Mapping[str, str]
) -> _Band | None:
    """Margins and gravity seeds of one band; None if there is nobody."""
    children, pupils, minutes = tables
    homes = children.groupby("village_code")["children"].sum()
    sizes = pupils.groupby("school_id")["pupils"].sum()
    homes, sizes = homes[homes > 0], sizes[sizes > 0]
    if homes.empty and sizes.empty:
        return None
    wide = minutes.pivot_table(index="village_code", columns="school_id", values="minutes", aggfunc="min")
    trip = wide.reindex(index=homes.index, columns=sizes.index).to_numpy(dtype=float)
    size = sizes.to_numpy(dtype=float)
    own = _same_town(homes.index, sizes.index, towns)
    pull = np.exp(parameters["own_township"] * own - decay(band, parameters) * trip) + parameters["far_floor"]
    seed = np.nan_to_num(pull) * size[None, :]  # no minutes, no pull
    source = np.full(seed.shape, GRAVITY, dtype=object)
    seed, source = _give_everyone_a_way(seed, source, size, parameters)
    seed = np.divide(seed, seed.sum(axis=1, keepdims=True), out=seed, where=seed.sum(axis=1, keepdims=True) > 0)
    made = _Band(band, list(homes.index), list(sizes.index), homes.to_numpy(dtype=float), size, seed, source)
    return _with_outside(made)


def _give_everyone_a_way(
    seed: Floats, source: Any, size: Floats, parameters: Mapping[str, float]
) -> tuple[Floats, Any]:
    """Give a tiny seed to the villages and schools that have no route at all."""
    tiny = parameters["no_route_seed"] * size[None, :]
    stuck = (seed.sum(axis=1, keepdims=True) <= 0) | (seed.sum(axis=0, keepdims=True) <= 0)
    return np.where(stuck, tiny, seed), np.where(stuck, NO_ROUTE, source)


def _with_outside(made: _Band) -> _Band:
    """Add the column (children) or the row (pupils) `outside` that makes the totals equal.

    The column is seeded so that before balancing the share of every village is the same.
    """
    children, pupils = made.rows.sum(), made.columns.sum()
    surplus = children - pupils
    if abs(surplus) <= _SMALL * max(children, pupils):
        return replace(made, rows=made.rows * (pupils / children))
    if surplus > 0:
        share = surplus / children
        inside = made.seed.sum(axis=1)
        odds = share / (1.0 - share) if share < 1.0 else 1.0
        column = np.where(inside > 0, inside * odds, 1.0)
        return replace(
            made,
            schools=[*made.schools, OUTSIDE],
            columns=np.append(made.columns, surplus),
            seed=np.column_stack([made.seed, column]),
            source=np.column_stack([made.source, np.full(len(column), BALANCE, dtype=object)]),
        )
    row = made.columns / pupils
    return replace(
        made,
        villages=[*made.villages, OUTSIDE],
        rows=np.append(made.rows, -surplus),
        seed=np.vstack([made.seed, row]),
        source=np.vstack([made.source, np.full(len(row), BALANCE, dtype=object)]),
    )


def _with_observed(made: _Band, seen: pd.DataFrame, parameters: Mapping[str, float]) -> _Band:
    """Observed pupils as seed; a village or a school that was not observed keeps its gravity seed.

    Where every pupil of every school was observed, the observed pupils stand and the other children are outside.
    """
    wide = seen.pivot_table(index="village_code", columns="school_id", values="pupils", aggfunc="sum")
    known = wide.reindex(index=made.villages, columns=made.schools).fillna(0.0).to_numpy(dtype=float)
    rows_seen = np.isin(made.villages, wide.index[wide.sum(axis=1) > 0])
    columns_seen = np.isin(made.schools, wide.columns[wide.sum(axis=0) > 0])
    both = rows_seen[:, None] & columns_seen[None, :]
    # gravity cells in the units of the observed ones: each row is worth its margin
    scale = made.rows / np.maximum(made.seed.sum(axis=1), np.finfo(float).tiny)
    estimated = made.seed * scale[:, None]
    if OUTSIDE in made.schools:  # children who were not seen in any school of the county
        unseen = np.maximum(made.rows - known.sum(axis=1), 0.0) + parameters["no_route_seed"] * made.rows
        estimated[:, -1] = np.where(rows_seen, unseen, estimated[:, -1])
    seed = np.where(both, known, estimated)
    source = np.where(both, OBSERVED, made.source)
    if OUTSIDE in made.schools:
        rest = made.rows - known.sum(axis=1)
        short = np.abs(known.sum(axis=0) - made.columns)[:-1] > _WHOLE * made.columns[:-1]
        if not short.any() and (rest >= -_WHOLE * made.rows).all():
            seed = np.column_stack([known[:, :-1], np.maximum(rest, 0.0)])
    return replace(made, seed=seed, source=source)


def _solve(made: _Band, parameters: Mapping[str, float]) -> tuple[Floats, Any]:
    """Balance; if the zeros do not allow it, open them with a tiny seed; then drop the crumbs and balance again."""
    source = made.source
    cells = balance(made.seed, made.rows, made.columns)
    if cells is None:
        highest = made.seed.max(axis=1, keepdims=True)
        spread = (made.columns / made.columns.sum())[None, :]
        opened = np.where(made.seed > 0, made.seed, parameters["no_route_seed"] * highest * spread)
        source = np.where(made.seed > 0, source, np.where(source == OBSERVED, GRAVITY, NO_ROUTE))
        cells = balance(opened, made.rows, made.columns)
    if cells is None:
        raise DataError(
            "attendance_not_balanced",
            band=made.band,
            children=round(float(made.rows.sum()), 1),
            pupils=round(float(made.columns.sum()), 1),
        )
    crumbs = cells < parameters["smallest_flow"]
    tidy = balance(np.where(crumbs, 0.0, cells), made.rows, made.columns)
    return (cells, source) if tidy is None else (tidy, source)


def _long(made: _Band, solved: tuple[Floats, Any]) -> pd.DataFrame:
    """Rows of table `allocation`, without the empty cells."""
    cells, source = solved
    village, school = np.nonzero(cells > 0)
    origin = source[village, school].astype(object)
    return pd.DataFrame(
        {
            "village_code": np.array(made.villages, dtype=object)[village],
            "attends": np.array(made.schools, dtype=object)[school],
            "grade_band": made.band,
            "children": cells[village, school],
            "status": np.where(origin == OBSERVED, "observed", "estimated"),
            "source": origin,
        }
    )[list(COLUMNS)].astype(dict.fromkeys(("village_code", "attends", "grade_band", "status", "source"), "str"))
