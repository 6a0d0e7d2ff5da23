"""Register of assets: land, buildings, equipment and aid projects of every site, and the entries of the books for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from layout_planner.demo.calibration import stream
from layout_planner.demo.records.buildings import canteen, dorm_gross
from layout_planner.demo.records.facts import BASIS, between, idle_since, interpolate, place_of, resource_facts

if TYPE_CHECKING:
    from layout_planner.demo.county import DemoCounty

LARGE_M2: Final = 2600  # a teaching building larger than this was built in two parts
AID_TITLING: Final = 2021  # from then on projects of the aid programmes were titled and handed over
OLD_YEAR, SAFE_YEAR = 1998, 2009  # buildings before and after the campaigns for safe schools
FUNDS: Final = (  # first year, and what schools were built with from then on
    (2013, ("中央薄弱学校改造资金", "县级财政")),
    (2009, ("校舍安全工程资金", "县级财政")),
    (2001, ("农村中小学危房改造资金", "县级财政")),
    (0, ("村集体自筹", "社会捐建（模拟）与村集体")),
)


def assets(county: DemoCounty) -> pd.DataFrame:
    """Make ``assets.csv``.

    Parameters
    ----------
    county
        A simulated county.

    Returns
    -------
    DataFrame
        Columns of the table; building areas of a school add up to its ``building_area_m2``; values in yuan and fen.
    """
    schools = county.schools.drop(columns="geometry", errors="ignore")
    place = place_of(county.world.schools)
    base = county.world.cal.base_year
    idle = idle_since(county.enrolment)
    rows: list[dict[str, Any]] = []
    for site, members in schools.groupby("site_id", sort=True):
        group = [
            {**school, "place": place[school["school_id"]], "idle": int(idle.get(school["school_id"], 0)), "base": base}
            for school in members.to_dict("records")
        ]
        rng = stream(county.world.cal.seed, "assets", str(site))
        land = _land(group, rng)
        rows.append(land)
        for school in group:
            rows += _buildings(school, rng, on_state_land=land["land_title"] == "state")
            rows.append(_equipment(school, rng))
        rows += _aid(group[0], rng)
    receivers = schools.set_index("school_id")["name"]
    table = _states(pd.DataFrame(rows), schools.set_index("school_id")["host_school_id"].map(receivers).to_dict(), base)
    return table.drop(columns=["idle", "place"]).assign(source="模拟资产台账", synthetic=True, basis=BASIS)


def fixed_assets(register: pd.DataFrame, year: int) -> pd.DataFrame:
    """Make the entries of the books for fixed assets: one for every asset, to the fen.

    Parameters
    ----------
    register
        Table of `assets`.
    year
        Year at the end of which the books are taken. [year]

    Returns
    -------
    DataFrame
        Rows of ``ledger.csv`` with ledger_item fixed_assets.
    """
    return pd.DataFrame({
        "entry_id": f"{year}-" + register["asset_id"],
        "year": year,
        "school_id": register["school_id"],
        "ledger_item": "fixed_assets",
        "yuan": register["book_value_yuan"],
        "asset_id": register["asset_id"],
        "source": "模拟固定资产账",
        "synthetic": True,
        "basis": f"模拟数据：{year} 年末账面值（原值），与 assets.csv 逐笔相同",
    })  # fmt: skip


def _row(school: dict[str, Any], mark: str, kind: str, name: str, **cells: Any) -> dict[str, Any]:
    return {
        "asset_id": f"{school['site_id']}-{school['school_id']}-{mark}", "site_id": school["site_id"],
        "school_id": school["school_id"], "asset_kind": kind, "name": name, "idle": school["idle"],
        "place": school["place"], "receiver": pd.NA, "doc_no": pd.NA, "use_now": pd.NA, "income_yuan": np.nan, **cells,
    }  # fmt: skip


def _land(group: list[dict[str, Any]], rng: np.random.Generator) -> dict[str, Any]:
    """One piece of land a site, under the first school on it."""
    facts, first = resource_facts(), group[0]
    place = first["place"]
    area = sum(s["sports_area_m2"] for s in group) * facts["building"]["land_per_sports"]
    area += sum(s["building_area_m2"] for s in group) * facts["building"]["land_per_building"][place]
    area = float(round(area, -1))
    title = _land_title(place, rng)
    cost = facts["asset"]["land_cost"].get(place, facts["asset"]["land_cost"]["central"])
    value = round(area * between(rng, cost), 2) if title == "state" else facts["asset"]["nominal_yuan"]
    return _row(
        first, "L1", "land", f"{first['name']}校园用地", area_m2=area, book_value_yuan=value, built_year=first["opened"],
        land_title=title, building_title=pd.NA, safety_grade=pd.NA,
        funding="划拨" if title == "state" else "村集体提供，学校长期使用，按名义金额入账",
    )  # fmt: skip


def _land_title(place: str, rng: np.random.Generator) -> str:
    words = ("state", "collective", "mixed", "unknown")
    weights = {
        "town": (0.95, 0.0, 0.05, 0.0), "central": (0.55, 0.2, 0.25, 0.0), "village": (0.05, 0.7, 0.15, 0.1),
        "point": (0.0, 0.85, 0.0, 0.15),
    }  # fmt: skip
    return str(rng.choice(words, p=weights[place]))


def building_parts(school: dict[str, Any]) -> list[tuple[str, float]]:
    """Divide the building area of a school into buildings: dormitory, canteen and teaching buildings.

    Parameters
    ----------
    school
        A row of the schools with the further columns.

    Returns
    -------
    list of tuple
        Name and area; the areas add up to ``building_area_m2``. [m2]
    """
    dorm, meals = dorm_gross(float(school["dorm_area_m2"])), canteen(school)
    rest = float(school["building_area_m2"]) - dorm - meals
    word = "园舍" if school["kind"] == "kindergarten" else "教学楼"
    if school["kind"] == "teaching_point":
        word = "教学平房"
    first = float(round(rest * 0.55)) if rest > LARGE_M2 else rest
    parts = [(f"{word}一" if rest > LARGE_M2 else word, first), (f"{word}二", rest - first)]
    parts += [("学生宿舍", float(dorm)), ("食堂", float(meals))]
    return [(name, area) for name, area in parts if area > 0]


def _buildings(school: dict[str, Any], rng: np.random.Generator, *, on_state_land: bool) -> list[dict[str, Any]]:
    facts = resource_facts()["asset"]
    rows = []
    for number, (word, area) in enumerate(building_parts(school), start=1):
        low, high = facts["built"]["empty" if school["idle"] else school["place"]]
        low = max(low, school["opened"])
        year = int(rng.integers(low, max(low, high) + 1))
        per_m2 = float(interpolate(facts["cost"], year)) * rng.uniform(0.85, 1.15)
        rows.append(_row(
            school, f"B{number}", "building", f"{school['name']}{word}", area_m2=area, built_year=year,
            book_value_yuan=round(area * per_m2, 2), safety_grade=_safety(year, bool(school["idle"]), rng),
            land_title=pd.NA, funding=_funds(school, year, rng),
            building_title=_building_title(school["place"], rng, on_state_land),
        ))  # fmt: skip
    return rows


def _safety(year: int, idle: bool, rng: np.random.Generator) -> str:
    """Nobody is taught in a building of grade D; an idle one may have become it."""
    words = ("A", "B", "C", "D", "unknown")
    if idle:
        weights = (0.0, 0.0, 0.5, 0.5, 0.0)
    elif year >= SAFE_YEAR:
        weights = (0.85, 0.15, 0.0, 0.0, 0.0)
    else:
        weights = (0.15, 0.75, 0.05, 0.0, 0.05) if year >= OLD_YEAR else (0.0, 0.7, 0.2, 0.0, 0.1)
    return str(rng.choice(words, p=weights))


def _building_title(place: str, rng: np.random.Generator, on_state_land: bool) -> str:
    """Registered only where the land is the state's: house and land are registered together."""
    words = ("held", "none", "disputed", "unknown")
    weights = {
        "town": (0.8, 0.2, 0.0, 0.0), "central": (0.45, 0.5, 0.0, 0.05), "village": (0.1, 0.75, 0.05, 0.1),
        "point": (0.0, 0.75, 0.1, 0.15),
    }  # fmt: skip
    title = str(rng.choice(words, p=weights[place]))
    return "none" if title == "held" and not on_state_land else title


def _funds(school: dict[str, Any], year: int, rng: np.random.Generator) -> str:
    if school["ownership"] == "private":
        return "举办者自筹"
    return str(rng.choice(next(words for first, words in FUNDS if year >= first)))


def _equipment(school: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    year = int(rng.integers(max(school["opened"], 2012), max(school["opened"], 2021) + 1))
    owner = "举办者自筹" if school["ownership"] == "private" else "县级财政、薄弱学校改造资金"
    return _row(
        school, "E1", "equipment", f"{school['name']}教学仪器设备", area_m2=np.nan, built_year=year,
        book_value_yuan=round(float(school["equipment_yuan"]), 2), safety_grade=pd.NA, land_title=pd.NA,
        building_title=pd.NA, funding=owner,
    )  # fmt: skip


def _aid(school: dict[str, Any], rng: np.random.Generator) -> list[dict[str, Any]]:
    """A project of the aid programmes at some sites, at every empty one."""
    facts = resource_facts()["asset"]
    year, name = int(rng.integers(2016, 2021)), str(rng.choice(facts["aid"]))
    value, drawn = round(between(rng, facts["aid_yuan"]), 2), rng.random()
    if not school["idle"] and (drawn >= facts["aid_chance"][school["place"]] or school["ownership"] == "private"):
        return []
    row = _row(
        school, "P1", "aid_project", f"{school['name']}{name}", area_m2=np.nan, built_year=year,
        book_value_yuan=value, safety_grade=pd.NA, land_title=pd.NA, building_title="none", funding="帮扶项目资金",
    )  # fmt: skip
    if rng.random() < facts["aid_titled"] and not school["idle"]:
        row |= {"building_title": "held", "receiver": school["name"], "income_yuan": 0.0}
        row |= {"doc_no": f"模拟文号〔{max(year + 1, AID_TITLING)}〕确权{int(rng.integers(1, 90)):02d}号"}
    return [row]


def _states(table: pd.DataFrame, hosts: dict[str, Any], base: int) -> pd.DataFrame:
    """In use, but for the empty schools: the one empty longest has come some way, the others have stopped."""
    idle = table["idle"] > 0
    table["asset_state"] = np.where(idle, "stopped", "in_use")
    table["idle_since"] = [f"{year}-09-01" if year else pd.NA for year in table["idle"]]
    table["use_now"] = np.where(~idle, "教学", np.where(table["asset_kind"] == "land", "校园空置", "空置"))
    oldest = table.loc[idle, "idle"].min() if idle.any() else 0
    first = table.loc[idle & (table["idle"] == oldest), "school_id"]
    if first.empty or oldest >= base:
        return table
    done = table["school_id"] == first.iloc[0]
    for kind, state in {"land": "titled", "building": "inventoried", "aid_project": "inventoried"}.items():
        table.loc[done & (table["asset_kind"] == kind), "asset_state"] = state
    moved = done & (table["asset_kind"] == "equipment")
    table.loc[moved, ["asset_state", "doc_no", "use_now"]] = [
        "transferred",
        f"模拟文号〔{base}〕国资07号",
        "调拨给中心学校教学使用",
    ]
    table.loc[moved, "receiver"] = hosts.get(first.iloc[0]) or "县教育局"
    table.loc[done & (table["asset_kind"] == "building"), "use_now"] = "村委会临时堆放农具"
    land = done & (table["asset_kind"] == "land")
    table.loc[land, ["land_title", "doc_no"]] = ["collective", f"模拟文号〔{base}〕确权03号"]
    table.loc[land, ["funding", "book_value_yuan"]] = [
        "村集体提供，学校长期使用，按名义金额入账",
        resource_facts()["asset"]["nominal_yuan"],
    ]
    return table
