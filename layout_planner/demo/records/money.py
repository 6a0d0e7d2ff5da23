"""Rates of the county and the ledger of what was spent, school by school."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from layout_planner.demo.calibration import share_out, stream
from layout_planner.demo.records.facts import COMPULSORY, between, resource_facts
from layout_planner.demo.records.staff import ROLES, staff_plan
from layout_planner.policy import Catalogue, load_catalogue

if TYPE_CHECKING:
    from layout_planner.demo.county import DemoCounty

STAGES: Final = ("pre", "primary", "junior", "senior")
YEARS_AHEAD: Final = 1  # rates are known for the year after the base year
PUPIL_YEAR: Final = "yuan/pupil/year"


def finance(county: DemoCounty) -> pd.DataFrame:
    """Make ``finance.toml``: the rates that the county adopted, year by year.

    Parameters
    ----------
    county
        A simulated county.

    Returns
    -------
    DataFrame
        item, stage, year, value, unit, source, synthetic, basis.

    References
    ----------
    Rules F02–F05 of the policy catalogue; the other rates are assumptions of ``resources.toml``.
    """
    facts = resource_facts()["money"]
    rules, last = load_catalogue(), county.world.cal.base_year + YEARS_AHEAD
    rows: list[dict[str, Any]] = []
    for index, year in enumerate(range(last - facts["ledger_years"], last + 1)):
        rate = {name: values[index] for name, values in facts["rate"].items()}
        day = date(year, 12, 31)
        ruled = [
            *(_row("public_funds", s, day, rules.rule("F04").on(day, s), PUPIL_YEAR, "F04") for s in COMPULSORY),
            *(_row("boarding_aid", s, day, _boarding_aid(rules, day), PUPIL_YEAR, "F02、F03") for s in COMPULSORY),
            *(_row("special_aid", s, day, rules.rule("F05").on(day, s), PUPIL_YEAR, "F05") for s in COMPULSORY),
        ]
        own = [
            *(_row("public_funds", s, day, rate[f"public_funds_{s}"], PUPIL_YEAR) for s in ("pre", "senior")),
            *(_row("heating", s, day, rate["heating"], PUPIL_YEAR) for s in STAGES),
            *(_row("pay_per_post", s, day, rate[f"pay_{s}"], "yuan/post/year") for s in STAGES),
            _row("private_subsidy", "pre", day, rate["private_subsidy"], PUPIL_YEAR),
            _row("pay_ratio", "pre", day, rate["pay_ratio"], "%"),
        ]
        rows += [*ruled, *own]
    return pd.DataFrame(rows).sort_values(["item", "stage", "year"], ignore_index=True)


def _boarding_aid(rules: Catalogue, day: date) -> float:
    """F03 from its day on, F02 before."""
    raised = rules.rule("F03")
    return raised.on(day) if raised.is_set(day) else rules.rule("F02").on(day)


def _row(item: str, stage: str, day: date, value: float, unit: str, rule: str = "") -> dict[str, Any]:
    basis = "模拟数据：县级标准为虚构" + (f"，数值取规则 {rule} 当年执行的定额" if rule else "")
    return {
        "item": item, "stage": stage, "year": day.year, "value": float(value), "unit": unit,
        "source": f"模拟文号〔{day.year}〕财教01号", "synthetic": True, "basis": basis,
    }  # fmt: skip


def funded_pupils(plan: pd.DataFrame) -> pd.Series[int]:
    """Count the pupils for whom a school is funded: a rural school of compulsory schooling below the line counts as the line.

    Parameters
    ----------
    plan
        Table of `staff_plan`.

    Returns
    -------
    Series
        Funded pupils, index of `plan`; a nine-year school shares them out over its stages. [pupils]

    References
    ----------
    Rule F01 of the policy catalogue.
    """
    funded = plan["pupils"].copy()
    rule = load_catalogue().rule("F01")
    rural = plan[plan["stage"].isin(COMPULSORY) & (plan["place"] != "town")]
    for (_, year), part in rural.groupby(["school_id", "school_year"]):
        line = int(rule.on(date(int(str(year)), 12, 31)))
        if 0 < part["pupils"].sum() < line:
            funded.loc[part.index] = share_out(line, part["pupils"].to_numpy())
    return funded


def spending(county: DemoCounty) -> pd.DataFrame:
    """Make the running costs of ``ledger.csv`` for the last years.

    Parameters
    ----------
    county
        A simulated county.

    Returns
    -------
    DataFrame
        entry_id, year, school_id, ledger_item, yuan, source, synthetic, basis; calendar years, pupils of September.
    """
    rates = finance(county).set_index(["item", "stage", "year"])["value"]
    plan = staff_plan(county)
    last = county.world.cal.base_year
    plan = plan[plan["school_year"] > last - resource_facts()["money"]["ledger_years"]]
    plan = plan.assign(funded=funded_pupils(plan), posts=plan[list(ROLES)].sum(axis=1))
    plan = _owned(plan, county.schools)
    parts = [
        _by_rate(plan, plan["funded"] * plan["public"], rates, "public_funds"),
        _by_rate(plan, plan["pupils"] * plan["subsidised"], rates, "private_subsidy", "public_funds"),
        _by_rate(plan, plan["posts"] * plan["public"], rates, "pay_per_post", "pay"),
        _by_rate(plan, plan["boarders"] * plan["stage"].isin(COMPULSORY), rates, "boarding_aid"),
        _by_rate(plan, plan["funded"] * plan["public"], rates, "heating"),
        _other(county, plan),
    ]
    rows = pd.concat(parts).groupby(["year", "school_id", "ledger_item"])["yuan"].sum().round(2).reset_index()
    rows = rows[rows["yuan"] > 0].reset_index(drop=True)
    entry = rows["year"].astype(str) + "-" + rows["school_id"] + "-" + rows["ledger_item"].map(CODE)
    return rows.assign(entry_id=entry, source="模拟决算", synthetic=True, basis=rows["ledger_item"].map(SAID))


CODE: Final = {
    "public_funds": "01", "pay": "02", "boarding_aid": "03", "heating": "04", "repairs": "05", "transport": "06",
    "fixed_assets": "09",
}  # fmt: skip
SAID: Final = {
    "public_funds": "模拟数据：核定人数×当年标准（finance.toml），人数取当年 9 月；普惠性民办园为补助",
    "pay": "模拟数据：教职工人数×当年人均人员经费（finance.toml）",
    "boarding_aid": "模拟数据：义务教育寄宿生×当年标准（finance.toml）",
    "heating": "模拟数据：核定人数×当年标准（finance.toml）",
    "repairs": "模拟数据：按校舍面积，个别年份有大修",
    "transport": "模拟数据：寄宿生周末接送",
}


def _owned(plan: pd.DataFrame, schools: pd.DataFrame) -> pd.DataFrame:
    table = schools.set_index("school_id")
    private = plan["school_id"].map(table["ownership"]) == "private"
    inclusive = plan["school_id"].map(table["inclusive"]).eq(True)
    return plan.assign(public=~private, subsidised=private & inclusive)


def _by_rate(
    plan: pd.DataFrame, count: pd.Series[Any], rates: pd.Series[Any], item: str, ledger_item: str = ""
) -> pd.DataFrame:
    """Count times the rate of the stage and year; no row where nobody is counted."""
    kept = plan[count > 0]
    keys = pd.MultiIndex.from_arrays([[item] * len(kept), kept["stage"], kept["school_year"]])
    return pd.DataFrame({
        "year": kept["school_year"].to_numpy(),
        "school_id": kept["school_id"].to_numpy(),
        "ledger_item": ledger_item or item,
        "yuan": count[count > 0].to_numpy(dtype=float) * rates.reindex(keys).to_numpy(),
    })  # fmt: skip


def _other(county: DemoCounty, plan: pd.DataFrame) -> pd.DataFrame:
    """Repairs by building area with a large one now and then, and the drive home of boarders at the weekend."""
    facts = resource_facts()["money"]["spend"]
    area = county.schools.set_index("school_id")["building_area_m2"]
    years = plan.groupby(["school_id", "school_year"])[["pupils", "boarders", "public"]].sum()
    compulsory = plan[plan["stage"].isin(COMPULSORY) & (plan["place"] != "town")]
    rural = compulsory.groupby(["school_id", "school_year"])["boarders"].sum()
    rows: list[tuple[int, str, str, float]] = []
    for (school, year), row in years.iterrows():
        rng = stream(county.world.cal.seed, "spend", str(school), int(year))
        per_m2 = between(rng, facts["repairs_per_m2"])
        large = between(rng, facts["big_repair_per_m2"]) if rng.random() < facts["big_repair_chance"] else 0.0
        ride = between(rng, facts["transport_per_boarder"]) * float(rural.get((school, year), 0))
        if row["pupils"] and row["public"]:
            rows += [(year, school, "repairs", (per_m2 + large) * area[school]), (year, school, "transport", ride)]
    table = pd.DataFrame(rows, columns=["year", "school_id", "ledger_item", "yuan"])
    return table.assign(yuan=np.round(table["yuan"].to_numpy(dtype=float), 2))
