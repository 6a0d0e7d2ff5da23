"""Trips that somebody timed or looked up: they take the place of the engine, pair by pair."""

from typing import Final

import numpy as np
import pandas as pd

from layout_planner.terms import BAND_GRADES, ENUMS, GradeBand
from layout_planner.travel.modes import Choice, serves
from layout_planner.travel.table import COLUMNS, PARTS

ENGINE: Final = "measured"
_WAY: Final = ["village_code", "school_id", "mode", "case"]
_KEY: Final = ["village_code", "school_id", "grade_band", "mode", "case"]
_UNNAMED: Final = "trips.csv"


def with_measured(
    table: pd.DataFrame, trips: pd.DataFrame | None, schools: pd.DataFrame, choice: Choice
) -> pd.DataFrame:
    """Put measured minutes in the place of computed ones, pair by pair, mode by mode and case by case.

    What was measured holds for every grade band of the school that the mode serves. Pairs nobody measured, and rows
    without minutes, stay as the engine has them. A mode that was measured but does not count today (a bus, say) is
    shown and not counted.

    Parameters
    ----------
    table
        Table `travel_minutes` of an engine.
    trips
        Table `trips`; None where the county has none.
    schools
        ``school_id``, ``grade_low``, ``grade_high``: the bands of a school that the table does not have yet.
    choice
        Modes and cases that count.

    Returns
    -------
    DataFrame
        Table `travel_minutes`; measured rows have engine ``measured``, the provider as source, no parts and no reason.
    """
    if trips is None or not trips["minutes"].notna().any():
        return table
    rows = _rows(trips[trips["minutes"].notna()], table, schools, choice)
    if rows.empty:
        return table
    stays = ~pd.MultiIndex.from_frame(table[_KEY]).isin(pd.MultiIndex.from_frame(rows[_KEY]))
    return _ordered(pd.concat([table[stays], rows], ignore_index=True))


def _rows(trips: pd.DataFrame, table: pd.DataFrame, schools: pd.DataFrame, choice: Choice) -> pd.DataFrame:
    """Rows of `travel_minutes` from measured trips, one a grade band; villages and schools the table does not know fall out."""
    known = trips[trips["village_code"].isin(set(table["village_code"]))]
    pairs = known[[*_WAY, "minutes", *(c for c in ("metres", "provider") if c in known.columns)]]
    rows = pairs.merge(_bands(schools), on="school_id")
    able = [serves(mode, band) for mode, band in zip(rows["mode"], rows["grade_band"], strict=True)]
    rows = rows[np.asarray(able, dtype=bool)]
    provider = rows["provider"] if "provider" in rows.columns else pd.Series("", index=rows.index)
    given = rows["metres"].astype(float) if "metres" in rows.columns else np.nan
    return rows.assign(
        minutes=rows["minutes"].astype(float),
        metres=given,
        **dict.fromkeys(PARTS, np.nan),
        counts=rows["mode"].isin(choice.modes) & rows["case"].isin(choice.cases),
        engine=ENGINE,
        source=provider.fillna("").replace("", _UNNAMED).astype("str"),
        reason="",
    )[list(COLUMNS)]


def _bands(schools: pd.DataFrame) -> pd.DataFrame:
    low, high = schools["grade_low"].to_numpy(dtype=float), schools["grade_high"].to_numpy(dtype=float)
    parts = [
        pd.DataFrame({"school_id": schools["school_id"].to_numpy()[(low <= max(g)) & (high >= min(g))]}).assign(
            grade_band=str(band)
        )
        for band, g in BAND_GRADES.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Village, school, band, mode, case: codes as the table has them, the rest as the enumerations have them."""
    ranks = {
        "grade_band": [str(band) for band in GradeBand],
        "mode": ENUMS["travel_mode"],
        "case": ENUMS["travel_case"],
    }
    places = {
        name: {code: i for i, code in enumerate(pd.unique(table[name]))} for name in ("village_code", "school_id")
    }
    places |= {name: {code: i for i, code in enumerate(codes)} for name, codes in ranks.items()}
    order = pd.DataFrame({name: table[name].map(places[name]) for name in _KEY}, index=table.index)
    found = table.loc[order.sort_values(_KEY).index].reset_index(drop=True)
    return found.astype(dict.fromkeys((*_KEY, "engine", "source", "reason"), "str") | {"counts": bool})
