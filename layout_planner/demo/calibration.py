"""Facts and assumptions behind a simulated county, cut to the size asked for."""

import math
import tomllib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from layout_planner.errors import UsageError

FIRST_GRADE: Final = -2  # 小班
LAST_GRADE: Final = 12  # 高三
FULL_VILLAGES: Final = 145
FULL_SITES: Final = 38
FULL_TOWNS: Final = 9
FULL_YEARS: Final = 16
LAST_YEAR: Final = 2040  # the simulated future ends here
BASIS: Final = "模拟数据：按甘肃省出生率与高台县2020年普查0–14岁人口校准"

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Town:
    """A town: facts, and what is assumed of it."""

    code: str
    name: str
    lon: float
    lat: float
    drift: float  # share of primary pupils who attend in the county town, base year
    leavers: float  # share of registered births who leave the county before school
    births: tuple[float, ...]  # expected births net of leavers, burn-in years first [children a year]
    villages: tuple[tuple[str, str], ...]  # code and name
    scale: float  # demand points taken over demand points the town has, at most 1


@dataclass(frozen=True)
class Calibration:
    """All that one simulated county is made from."""

    seed: int
    years: int  # school years of enrolment written
    base_year: int
    first_birth_year: int
    written_birth_year: int
    towns: tuple[Town, ...]
    sites: tuple[Mapping[str, Any], ...]  # compulsory schooling, one entry a site
    kindergartens: tuple[Mapping[str, Any], ...]
    uppers: tuple[Mapping[str, Any], ...]
    places: Mapping[str, Mapping[str, Any]]  # villages with a fixed place
    outline: tuple[tuple[float, float], ...]
    river: tuple[tuple[float, float], ...]

    @property
    def birth_years(self) -> Ints:
        """Years with expected births, burn-in included."""
        return np.arange(self.first_birth_year, self.first_birth_year + len(self.towns[0].births))


def stream(seed: int, *key: str | int) -> np.random.Generator:
    """Random numbers of one purpose: the same whatever else is drawn elsewhere."""
    words = [zlib.crc32(part.encode()) if isinstance(part, str) else part for part in key]
    return np.random.default_rng(np.random.SeedSequence([seed, *words]))


def share_out(total: int, weights: Sequence[float] | Floats) -> Ints:
    """Whole numbers that add up to `total`, in proportion to `weights` (largest remainder)."""
    exact = total * np.asarray(weights, dtype=float) / float(np.sum(weights))
    whole = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole


def load(seed: int, *, villages: int, sites: int | None, years: int, towns: int | None) -> Calibration:
    """Read the facts that ship with the package and cut or extend them to the size asked for.

    Parameters
    ----------
    seed
        Seed of every random stream. [-]
    villages
        Demand points; 145 is the county of the facts, more are invented. [villages]
    sites
        Sites of compulsory schooling; 38 is the county of the facts, fewer where the villages cannot bear them when
        None. [sites]
    years
        School years of enrolment up to the base year. [years]
    towns
        Towns; as many as the villages and sites can bear when None. [towns]

    Returns
    -------
    Calibration
        Facts of the county to simulate.

    Raises
    ------
    UsageError
        If the size asked for is out of range.
    """
    asked = FULL_SITES if sites is None else sites
    wanted = min(FULL_TOWNS, max(1, villages // 4), max(1, asked - 1)) if towns is None else towns
    _check_size(villages=villages, sites=asked, years=years, towns=wanted)
    facts = _read("facts.toml")
    schools = _read("schools.toml")
    chosen = facts["town"][:wanted]
    counts = _villages_per_town([len(t["villages"]) for t in chosen], villages)
    made = tuple(_town(entry, facts, int(n)) for entry, n in zip(chosen, counts, strict=True))
    names = {t.name for t in made}
    codes = {code for t in made for code, _ in t.villages}
    picked = _sites([s for s in schools["school"] if s["town"] in names and _placed(s, codes)], asked, made)
    if sites is not None and len(picked) < sites:
        raise UsageError("demo_size", option="sites", found=sites, low=2, high=len(picked))
    central = {s["town"] for s in picked if _is_central(s)}
    return Calibration(
        seed=seed,
        years=years,
        base_year=facts["county"]["base_year"],
        first_birth_year=facts["births"]["burn_in_first_year"],
        written_birth_year=facts["births"]["first_year"],
        towns=made,
        sites=tuple(picked),
        kindergartens=tuple(k for k in schools["kindergarten"] if k["town"] in central),
        uppers=tuple(schools["upper"]),
        places={p["village"]: p for p in schools["place"] if p["village"] in codes},
        outline=tuple((x, y) for x, y in facts["outline"]["points"]),
        river=tuple((x, y) for x, y in facts["river"]["points"]),
    )


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath(name).read_text(encoding="utf-8"))


def _check_size(*, villages: int, sites: int, years: int, towns: int) -> None:
    limits = {"villages": (1, 3000), "sites": (2, 600), "years": (1, 20), "towns": (1, FULL_TOWNS)}
    for option, found in {"villages": villages, "sites": sites, "years": years, "towns": towns}.items():
        low, high = limits[option]
        if not low <= found <= high:
            raise UsageError("demo_size", option=option, found=found, low=low, high=high)
    if villages < towns:
        raise UsageError("demo_size", option="villages", found=villages, low=towns, high=limits["villages"][1])


def _villages_per_town(available: list[int], wanted: int) -> Ints:
    counts = share_out(wanted, available)
    while (counts == 0).any():
        counts[int(np.argmax(counts))] -= 1
        counts[int(np.argmin(counts))] += 1
    return counts


def _town(entry: Mapping[str, Any], facts: Mapping[str, Any], villages: int) -> Town:
    known = [(entry["code"] + text[:3], text[4:]) for text in entry["villages"]]
    extra = [(f"{entry['code']}{300 + i}", f"模拟村{i + 1:03d}") for i in range(max(0, villages - len(known)))]
    births = facts["births"]
    first = entry["births"][0] / births["county"][0]
    burn_in = [total * first for total in births["burn_in"]]
    scale = min(1.0, villages / len(known))  # more villages are smaller ones
    return Town(
        code=entry["code"],
        name=entry["name"],
        lon=entry["lon"],
        lat=entry["lat"],
        drift=entry["drift"],
        leavers=entry["leavers"],
        births=tuple(scale * b for b in [*burn_in, *entry["births"]]),
        villages=tuple((known + extra)[:villages]),
        scale=scale,
    )


def _placed(site: Mapping[str, Any], codes: set[str]) -> bool:
    return not isinstance(site["at"], str) or site["at"] in codes


def _is_central(site: Mapping[str, Any]) -> bool:
    return site["kind"] in {"primary", "nine_year"} and "target" not in site and "keeps" not in site


def _sites(known: list[Mapping[str, Any]], wanted: int, towns: Sequence[Town]) -> list[Mapping[str, Any]]:
    """Take the first sites of the list; invent village schools when more are asked for than there are."""
    picked = list(known[:wanted])
    used = {s["at"] for s in known if isinstance(s["at"], str)}
    free = {t.name: [code for code, _ in t.villages if code not in used] for t in towns[1:]}
    rounds = math.ceil((wanted - len(picked)) / max(1, len(free)))
    for _ in range(rounds):
        for name, codes in free.items():
            if codes and len(picked) < wanted:
                at = codes.pop(len(codes) // 2)
                extra = {"town": name, "kind": "teaching_point", "grades": 4, "rooms": 4, "special": 1}
                picked.append(extra | {"keeps": 0.6, "size": 25, "at": at, "opened": 1965})
    return picked


def road_spec() -> dict[str, Any]:
    """Routes, links and speeds of the 示意 roads."""
    spec: dict[str, Any] = _read("facts.toml")["roads"]
    return spec


def census() -> tuple[int, int]:
    """Year of the last census and the residents it counted in the whole county. [people]"""
    return 2020, int(_read("facts.toml")["county"]["population_2020"])


def county_settings(cal: Calibration) -> dict[str, Any]:
    """Make the settings of ``county.toml``."""
    facts = _read("facts.toml")["county"]
    return {
        "schema": 1,
        "name": facts["name"],
        "code": facts["code"],
        "base_year": cal.base_year,
        "horizon": LAST_YEAR - cal.base_year,
        "coordinate_system": "cgcs2000",
        "projected_crs": 4542,
        "draws": 1000,
        "seed": cal.seed,
        "synthetic": True,
    }
