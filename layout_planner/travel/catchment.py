"""Seats that a child can reach (E2SFCA, Luo & Qi 2009): every seat is shared by the children around it."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from layout_planner.terms import OUTSIDE, STAGE_OF_BAND, GradeBand, Stage
from layout_planner.travel.cases import NO_SCHOOL
from layout_planner.travel.network import Floats
from layout_planner.travel.table import SCREENING

COLUMNS: Final = (
    "village_code", "village_name", "township_code", "stage", "attending", "schools_reached", "seats_per_child",
    "seats_reached", "reason",
)  # fmt: skip
SEATS_UNKNOWN: Final = "seats_unknown"
_STAGES: Final = tuple(str(stage) for stage in Stage)
_STAGE: Final = {str(band): str(STAGE_OF_BAND[band]) for band in GradeBand}
_PLACE: Final = ["village_code", "stage"]


def zone_weights(minutes: Floats, parameters: Mapping[str, float]) -> Floats:
    """Weigh trips by the zone they end in; 0 beyond the last zone and where there is no route.

    Parameters
    ----------
    minutes
        Trips, any shape. [min]
    parameters
        ``catchment_zone_1`` … ``_3``, upper ends of the zones [min]; ``catchment_weight_1`` … ``_3``. [-]

    Returns
    -------
    ndarray
        Weights, same shape. [-]
    """
    ends = np.array([parameters[f"catchment_zone_{n}"] for n in (1, 2, 3)])
    weights = np.array([*(parameters[f"catchment_weight_{n}"] for n in (1, 2, 3)), 0.0])
    far = np.where(np.isnan(minutes), np.inf, minutes)
    return np.asarray(weights[np.searchsorted(ends, far, side="left")])


def seat_access(
    worst: pd.DataFrame,
    allocation: pd.DataFrame,
    seats: pd.DataFrame,
    villages: pd.DataFrame,
    parameters: Mapping[str, float],
) -> pd.DataFrame:
    """Seats per child within reach of every village and stage.

    Step 1, every school: ``R_j = seats_j ÷ Σ_i w(t_ij) children_i``. Step 2, every village: ``A_i = Σ_j w(t_ij) R_j``.
    Where every school has a child within reach, Σ children · A = Σ seats.

    Parameters
    ----------
    worst
        Result of `worst_case`, schools in use; of the bands of a stage the slower trip counts. [min]
    allocation
        Table `allocation`. Demand are the children of a village in county schools; pupils from outside the county take
        their seats first.
    seats
        ``school_id``, ``stage``, ``seats`` of one term; a school without a known number cannot be shared out.
    villages
        ``village_code``, ``name``, ``township_code``.
    parameters
        As `zone_weights`.

    Returns
    -------
    DataFrame
        Table `seat_access`. `seats_per_child` is NaN where the village has no child or a reached school has no known
        seats, 0 where no school is in reach; `seats_reached` is ``attending × seats_per_child``. [seats]

    References
    ----------
    .. [1] W. Luo, Y. Qi, "An enhanced two-step floating catchment area (E2SFCA) method for measuring spatial
       accessibility to primary care physicians", Health & Place 15(4), 2009, doi:10.1016/j.healthplace.2009.06.002
    """
    trips = worst.assign(stage=worst["grade_band"].map(_STAGE))
    # without minutes in one band the pair is out of reach in all: the slower trip counts
    trips["minutes"] = trips["minutes"].fillna(np.inf)
    trips = trips.groupby([*_PLACE, "school_id"], as_index=False)["minutes"].max()
    trips["w"] = zone_weights(trips["minutes"].to_numpy(dtype=float), parameters)
    homes, free = _demand(allocation, villages, trips), _free_seats(allocation, seats)
    trips = trips.merge(homes[[*_PLACE, "attending"]], on=_PLACE, how="inner")
    trips = trips[trips["w"] > 0].join(free, on=["school_id", "stage"])
    around = (trips["w"] * trips["attending"]).groupby([trips["school_id"], trips["stage"]]).transform("sum")
    trips["part"] = trips["w"] * trips["seats"] / around.where(around > 0)
    sums = trips.groupby(_PLACE).agg(schools_reached=("school_id", "size"), known=("seats", "count"), a=("part", "sum"))
    rows = homes.join(sums, on=_PLACE)
    rows["schools_reached"] = rows["schools_reached"].fillna(0).astype("int64")
    blank = rows["known"].fillna(0) < rows["schools_reached"]
    rows["seats_per_child"] = rows["a"].fillna(0.0).where((rows["attending"] > 0) & ~blank)
    rows["seats_reached"] = rows["seats_per_child"] * rows["attending"]
    screened = bool((worst["reason"] == SCREENING).any())
    rows["reason"] = [
        ";".join([SCREENING] * screened + [NO_SCHOOL] * (n == 0) + [SEATS_UNKNOWN] * bool(b))
        for n, b in zip(rows["schools_reached"], blank, strict=True)
    ]
    return rows[list(COLUMNS)]


def _demand(allocation: pd.DataFrame, villages: pd.DataFrame, trips: pd.DataFrame) -> pd.DataFrame:
    """Every village and stage with a school or a child, in order, and its children in county schools."""
    rows = allocation.assign(stage=allocation["grade_band"].map(_STAGE))
    homes = rows[(rows["village_code"] != OUTSIDE) & (rows["attends"] != OUTSIDE)]
    total = homes.groupby(_PLACE)["children"].sum().rename("attending")
    keys = pd.concat([trips[_PLACE], homes[_PLACE]]).drop_duplicates()
    names = villages[["village_code", "name", "township_code"]].rename(columns={"name": "village_name"})
    made = keys.merge(names, on="village_code", how="inner").join(total, on=_PLACE).fillna({"attending": 0.0})
    made["_stage"] = made["stage"].map(_STAGES.index)
    return made.sort_values(["village_code", "_stage"], ignore_index=True).drop(columns="_stage")


def _free_seats(allocation: pd.DataFrame, seats: pd.DataFrame) -> pd.Series:
    """Seats of every school and stage that pupils from outside the county leave."""
    rows = allocation[allocation["village_code"] == OUTSIDE]
    rows = rows.assign(school_id=rows["attends"], stage=rows["grade_band"].map(_STAGE))
    taken = rows.groupby(["school_id", "stage"])["children"].sum()
    have = seats.set_index(["school_id", "stage"])["seats"].astype(float)
    return (have - taken.reindex(have.index).fillna(0.0)).clip(lower=0.0).rename("seats")
