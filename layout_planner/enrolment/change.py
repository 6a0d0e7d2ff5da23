"""What moved since an earlier forecast: number by number, told apart from chance, and what may have moved it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import pandas as pd

from layout_planner.terms import COUNTY

KEY: Final = ["township_code", "stage", "school_year"]
BAND_SD: Final = 2.5631  # width of P10–P90 of a normal distribution, in standard deviations
NOISE_LIMIT: Final = 2.0  # standard errors below which a difference of two runs is chance
DIGITS: Final = 6  # significant digits of a table that was written
FORECAST_FILES: Final = frozenset({
    "county.toml", "schools.geojson", "births.csv", "enrolment.csv", "villages.csv", "townships.geojson",
    "attendance.csv", "roads.gpkg", "trips.csv", "bus_stops.csv", "events.csv",
})  # fmt: skip
CHANGE_COLUMNS: Final = (
    "township_code", "township_name", "stage", "school_year", "status", "cohort", "lead", "previous_mean", "previous_p10",
    "previous_p90", "now_mean", "change", "noise_se", "in_previous_band", "move",
)  # fmt: skip
CAUSE_COLUMNS: Final = ("cause", "changed_item", "before", "after", "enters_forecast")
PARAMETER_COLUMNS: Final = ("parameter", "parameter_of", "estimate")
WIDTHS: Final = {
    True: "width_county",
    False: "width",
}  # factor on the draws' distance from their mean: county, township
_SHOWN: Final = 12  # letters of a hash


@dataclass(frozen=True)
class Facts:
    """What a run was made from: base year, options, versions of the packages, SHA-256 of the input files."""

    base_year: int
    options: Mapping[str, object]
    versions: Mapping[str, str]
    inputs: Mapping[str, str]

    @property
    def draws(self) -> float:
        """Number of draws, NaN where the record has none. [-]"""
        found = self.options.get("draws")
        return float(found) if isinstance(found, int | float) and found > 0 else float("nan")


@dataclass(frozen=True)
class Earlier:
    """Results of an earlier run.

    Parameters
    ----------
    stages
        Table ``forecast_stage`` as written. [pupils]
    outcomes
        Rows of its own table ``forecast_change`` that hold outcomes; empty where it has none.
    facts
        What it was made from.
    parameters
        Table ``forecast_parameters`` (parameter, parameter_of, estimate); empty where it has none.
    digest
        SHA-256 of its ``forecast_stage.csv``.
    edited
        Whether that file is no longer the one the run wrote.
    """

    stages: pd.DataFrame
    outcomes: pd.DataFrame
    facts: Facts
    parameters: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(PARAMETER_COLUMNS)))
    digest: str = ""
    edited: bool = False


@dataclass(frozen=True)
class Change:
    """What moved (table ``forecast_change``) and what may have moved it (table ``forecast_causes``)."""

    rows: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(CHANGE_COLUMNS)))
    causes: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(CAUSE_COLUMNS)))


@dataclass(frozen=True)
class Now:
    """Results of this run: tables ``forecast_stage`` and ``forecast_parameters``, and what it was made from."""

    stages: pd.DataFrame
    parameters: pd.DataFrame
    facts: Facts


def change_since(earlier: Earlier | None, now: Now, counted: pd.DataFrame) -> Change:
    """Compare a forecast with an earlier one of the same county.

    Parameters
    ----------
    earlier
        The earlier run; None gives empty tables.
    now
        This run. [pupils]
    counted
        Pupils counted: township_code, stage, school_year, pupils. Years after the base year of the earlier run and
        before that of this one are taken from here; others are not used. [pupils]

    Returns
    -------
    Change
        Rows for every place, stage and year that the earlier run forecast and this one has, and the outcomes that the
        earlier run itself had on record; causes that the records of both runs can tell.

    References
    ----------
    .. [1] docs/models/enrolment.md, section 14
    """
    if earlier is None:
        return Change()
    years = earlier.facts.base_year, now.facts.base_year
    rows = compare_stages(earlier, replace(now, stages=_with_counted(now.stages, counted, *years)))
    kept = earlier.outcomes[earlier.outcomes["school_year"] <= earlier.facts.base_year]
    if len(kept):
        rows = pd.concat([kept[list(CHANGE_COLUMNS)], rows], ignore_index=True)
    rows = rows.sort_values(KEY, ignore_index=True).astype({"in_previous_band": bool, "lead": "int64"})
    return Change(rows, causes_of(earlier.facts, now.facts))


def compare_stages(earlier: Earlier, now: Now) -> pd.DataFrame:
    """Set two forecasts side by side, place by place, stage by stage, year by year.

    A difference of two forecasts is chance while it stays within `NOISE_LIMIT` standard errors,
    ``se² = sd_before² / draws_before + sd_now² / draws_now`` with ``sd = (P90 − P10) / (2.5631·f)``: the factor f of the
    calibration moves the draws about their mean, which keeps the error of the draws as they were. An outcome has none.

    Parameters
    ----------
    earlier
        The earlier run.
    now
        This run; rows of its stages may also be counts. [pupils]

    Returns
    -------
    DataFrame
        `CHANGE_COLUMNS`; numbers as they are printed, so that the same inputs give 0. Places that have no pupils of a
        stage in either forecast have no row. [pupils]
    """
    before = earlier.stages[earlier.stages["school_year"] > earlier.facts.base_year]
    before = before[[*KEY, "pupils_mean", "pupils_p10", "pupils_p90"]]
    before = before.set_axis([*KEY, "previous_mean", "previous_p10", "previous_p90"], axis="columns")
    both = now.stages.merge(before, on=KEY, how="inner", validate="one_to_one")
    both = both[
        (both["previous_p90"] > 0) | (both["pupils_p90"] > 0)
    ]  # a stage without a school in neither run says nothing
    value = both["pupils_mean"].map(printed)
    drawn = both["status"] != "observed"
    spread = (both["pupils_p90"] - both["pupils_p10"]) / BAND_SD / _widths(now.parameters, both, now.facts)
    width = (both["previous_p90"] - both["previous_p10"]) / BAND_SD / _widths(earlier.parameters, both, earlier.facts)
    error = np.sqrt(width**2 / earlier.facts.draws + spread**2 / now.facts.draws).where(drawn)
    change = (value - both["previous_mean"]).map(printed)
    inside = (value >= both["previous_p10"]) & (value <= both["previous_p90"])
    chance = drawn & (change.abs() <= NOISE_LIMIT * error)
    move = np.select([change == 0, chance, inside], ["same", "chance", "inside"], "outside")
    return both.assign(
        lead=both["school_year"] - earlier.facts.base_year,
        now_mean=value,
        change=change,
        noise_se=error,
        in_previous_band=inside,
        move=move,
    )[list(CHANGE_COLUMNS)]


def causes_of(before: Facts, now: Facts) -> pd.DataFrame:
    """List what differs between the records of two runs: base year, input files, options, versions.

    Returns
    -------
    DataFrame
        cause, changed_item, before, after, enters_forecast (whether the forecast of pupils reads it). A file that one
        run had and the other had not is a change from or to nothing.
    """
    rows = [
        *_differing("base_year", {"base_year": before.base_year}, {"base_year": now.base_year}),
        *_differing("input", _short(before.inputs), _short(now.inputs)),
        *_differing("option", before.options, now.options),
        *_differing("version", before.versions, now.versions),
    ]
    table = pd.DataFrame(rows, columns=["cause", "changed_item", "before", "after"])
    enters = [cause != "input" or item in FORECAST_FILES for cause, item, *_ in rows]
    return table.assign(enters_forecast=np.array(enters, dtype=bool))


def outcomes_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Outcomes among the rows of a change, by township: what earlier forecasts said about years since counted.

    The whole county is left out: it is the sum of the townships, not a case of its own.
    """
    return rows[(rows["status"] == "observed") & (rows["township_code"] != COUNTY)]


def printed(value: float) -> float:
    """Round to the digits of a written table."""
    return float(f"{value:.{DIGITS}g}")


def _widths(parameters: pd.DataFrame, rows: pd.DataFrame, facts: Facts) -> pd.Series:
    """Factor of the calibration on each row's draws; 1 where the run has none on record. [-]"""
    known = parameters.set_index(["parameter", "parameter_of"])["estimate"].to_dict()
    ahead = rows["school_year"] - facts.base_year
    found = [
        known.get((WIDTHS[town == COUNTY], f"{stage} +{lead}"), 1.0)
        for town, stage, lead in zip(rows["township_code"], rows["stage"], ahead, strict=True)
    ]
    return pd.Series(found, index=rows.index, dtype=float)


def _with_counted(stages: pd.DataFrame, counted: pd.DataFrame, before: int, base_year: int) -> pd.DataFrame:
    """Rows of this run, and years counted since the earlier one that lie before its base year, with the county's sum."""
    now = stages[[*KEY, "township_name", "status", "cohort", "pupils_mean", "pupils_p10", "pupils_p90"]]
    between = counted[(counted["school_year"] > before) & (counted["school_year"] < base_year)]
    if between.empty:
        return now
    whole = between.groupby(["stage", "school_year"], as_index=False)["pupils"].sum().assign(township_code=COUNTY)
    names = now.drop_duplicates("township_code").set_index("township_code")["township_name"]
    past = pd.concat([between, whole], ignore_index=True)
    past = past.assign(
        township_name=past["township_code"].map(names),
        status="observed",
        cohort="born",
        **{column: past["pupils"].astype(float) for column in ("pupils_mean", "pupils_p10", "pupils_p90")},
    )
    return pd.concat([past[now.columns], now], ignore_index=True)


def _differing(cause: str, before: Mapping[str, object], now: Mapping[str, object]) -> Iterator[tuple[str, ...]]:
    for name in sorted({*before, *now}):
        was, stands = (str(run.get(name, "")) for run in (before, now))
        if was != stands:
            yield cause, name, was, stands


def _short(hashes: Mapping[str, str]) -> dict[str, object]:
    return {name: str(digest)[:_SHOWN] for name, digest in hashes.items()}
