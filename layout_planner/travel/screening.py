"""Minutes without roads: straight line × detour, for screening only.

Measured on real roads, a straight line × factor calls 37–44 % of the pairs within 30 minutes on foot that are not. So
every row says `screening`, as `engine` and as `reason`, and no rule on trip minutes may be passed on it.
"""

from collections.abc import Mapping
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from layout_planner.travel.network import require_metres
from layout_planner.travel.table import SCREENING, Trips, trips_table

ENGINE: Final = SCREENING


def screening_minutes(
    villages: gpd.GeoDataFrame, schools: gpd.GeoDataFrame, parameters: Mapping[str, float], cutoff_minutes: float
) -> pd.DataFrame:
    """Estimate minutes from straight lines where there is no road layer.

    Parameters
    ----------
    villages
        ``village_code`` and a point, projected in metres.
    schools
        ``school_id``, ``grade_low``, ``grade_high`` and a point in the same system.
    parameters
        ``screening_detour`` [-], ``screening_speed`` [km/h], ``winter_factor_township`` [-] and the walking speeds.
    cutoff_minutes
        Longest trip that gets minutes. [min]

    Returns
    -------
    DataFrame
        Table `travel_minutes` with engine `screening`; closed roads are not known, so nobody is without a route.

    Raises
    ------
    DataError
        If a layer is not in metres.
    """
    require_metres(villages, "villages")
    require_metres(schools, "schools")
    straight = shapely.distance(schools.geometry.to_numpy()[:, None], villages.geometry.to_numpy()[None, :])
    metres = parameters["screening_detour"] * straight
    none, every = np.zeros_like(metres), np.ones(metres.shape, dtype=bool)
    per_metre = 60.0 / (1000.0 * parameters["screening_speed"])
    slower = {"normal": 1.0, "winter": parameters["winter_factor_township"]}
    trips = {
        (mode, case): Trips(
            road_min=metres if mode == "walk" else metres * per_metre / slower[case],
            road_m=metres,
            access_m=none,
            off=~every,
            linked=every,
        )
        for mode in ("walk", "escort")
        for case in ("normal", "winter")
    }
    table = trips_table(trips, (schools, villages), parameters, cutoff_minutes, engine=ENGINE)
    return table.assign(reason=table["reason"].where(table["reason"] != "", SCREENING))
