"""Figures that the county has only one of: residents, retention, satisfaction, rotation of teachers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from layout_planner.demo.calibration import FULL_TOWNS, FULL_VILLAGES, census, stream
from layout_planner.demo.records.facts import BASIS

if TYPE_CHECKING:
    from layout_planner.demo.county import DemoCounty

SHARES: Final = {  # middle of the first year and gain a year, in %
    "retention_junior": (97.1, 0.4),
    "disabled_enrolment": (95.6, 0.5),
    "migrant_in_public": (94.0, 0.6),
    "satisfaction": (86.5, 0.9),
    "satisfaction_pre": (87.5, 0.8),
    "rotation": (8.2, 1.3),
    "rotation_backbone": (16.5, 2.4),
    "senior_quota": (50.0, 2.5),
}
YEARS: Final = 3
CENSUS: Final = "高台县第七次全国人口普查公报（2021-07-14）"


def indicators(county: DemoCounty) -> pd.DataFrame:
    """Make ``indicators.csv``.

    Parameters
    ----------
    county
        A simulated county.

    Returns
    -------
    DataFrame
        indicator, year, value, unit, source, synthetic, basis; residents are those of the census of 2020.
    """
    cal = county.world.cal
    rng = stream(cal.seed, "indicators")
    rows: list[dict[str, Any]] = [_residents(county)]
    for name, (start, gain) in SHARES.items():
        for year in range(cal.base_year - YEARS + 1, cal.base_year + 1):
            value = start + gain * (year - cal.base_year + YEARS - 1) + rng.uniform(-0.3, 0.3)
            rows.append(_row(name, year, round(min(value, 99.9), 1), "%", "模拟统计", BASIS))
    return pd.DataFrame(rows)


def _residents(county: DemoCounty) -> dict[str, Any]:
    year, people = census()
    towns, villages = len(county.world.cal.towns), len(county.villages)
    if towns == FULL_TOWNS and villages >= FULL_VILLAGES:
        said = "本行数值为真实的普查合计，不是模拟；因所在文件为模拟县数据，仍标模拟"
        return _row("resident_population", year, float(people), "people", CENSUS, said)
    scaled = float(round(people * villages / FULL_VILLAGES))
    return _row("resident_population", year, scaled, "people", CENSUS, "模拟数据：普查合计按取用的村数缩小")


def _row(name: str, year: int, value: float, unit: str, source: str, basis: str) -> dict[str, Any]:
    return {
        "indicator": name, "year": year, "value": value, "unit": unit, "source": source, "synthetic": True,
        "basis": basis,
    }  # fmt: skip
