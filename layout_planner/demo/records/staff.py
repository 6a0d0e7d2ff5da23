"""Staff of every school: how many there must be by stage and role, then one by one with age, degree and subject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from layout_planner.demo.calibration import share_out, stream
from layout_planner.demo.records.facts import BASIS, place_of, resource_facts, stage_counts

if TYPE_CHECKING:
    from layout_planner.demo.county import DemoCounty

ROLES: Final = ("teacher", "carer", "boarding", "other")
KEYS: Final = ["school_id", "stage", "role", "subject", "age_band", "degree", "backbone", "certified"]
EASY_AGES: Final = (2, 6)  # bands from which backbone teachers come: 30 to 54
OLD, MIDDLE = 6, 3  # bands from which a teacher is old, or of middle age


def staff_plan(county: DemoCounty) -> pd.DataFrame:
    """Work out the posts of every school by year, stage and role, from its pupils, sections and boarders.

    Parameters
    ----------
    county
        A simulated county.

    Returns
    -------
    DataFrame
        school_id, school_year, stage, place, kind, pupils, sections, boarders, teacher, carer, boarding, other. [staff]
    """
    schools = county.world.schools
    rows = stage_counts(county.enrolment)
    rows["place"] = rows["school_id"].map(place_of(schools))
    rows["kind"] = rows["school_id"].map(schools.set_index("school_id")["kind"])
    posts = pd.DataFrame([_posts(row) for row in rows.to_dict("records")], index=rows.index, columns=list(ROLES))
    return rows.join(posts)


def _posts(row: dict[str, Any]) -> dict[str, int]:
    facts = resource_facts()["staff"]
    part, place, sections = facts["part"], row["place"], int(row["sections"])
    if not row["pupils"]:
        return dict.fromkeys(ROLES, 0)
    if row["stage"] == "pre":
        return {
            "teacher": part["teachers_per_section"] * sections,
            "carer": max(1, round(part["carers_per_section"][place] * sections)),
            "boarding": 0,
            "other": max(1, round(part["other_per_section"][place] * sections)),
        }
    size = facts["size"][f"{row['stage']}_{place}"]
    total = max(size["least"], round(row["pupils"] / size["per_staff"] + sections * size["per_section"]))
    need = round(row["boarders"] / part["boarders_per_boarding_post"])
    boarding = max(part["boarding_least"], need) if row["boarders"] else 0
    other = round(total * part["other_share"][place])
    return {"teacher": max(sections, total - boarding - other), "carer": 0, "boarding": boarding, "other": other}


def teachers(county: DemoCounty) -> pd.DataFrame:
    """Make ``teachers.csv``: staff of the base year, counted by everything that describes them.

    Parameters
    ----------
    county
        A simulated county.

    Returns
    -------
    DataFrame
        Columns of the table; posts add up to the posts of `staff_plan`. [staff]
    """
    plan = staff_plan(county)
    now = plan[plan["school_year"] == county.world.cal.base_year]
    people = [
        _people(row, role, stream(county.world.cal.seed, "staff", row["school_id"], row["stage"], role))
        for row in now.to_dict("records")
        for role in ROLES
        if row[role]
    ]
    every = pd.concat(people, ignore_index=True)
    counted = every.groupby(KEYS).size().rename("posts").reset_index()
    source = f"模拟教职工名册（{county.world.cal.base_year} 年 9 月）"
    return counted.assign(source=source, synthetic=True, basis=BASIS)


def _people(row: dict[str, Any], role: str, rng: np.random.Generator) -> pd.DataFrame:
    n, facts = row[role], resource_facts()["staff"]
    teacher = role == "teacher"
    group = f"{row['stage']}_{row['place']}"
    age = np.sort(rng.choice(len(facts["bands"]), n, p=np.array(facts["age"][group if teacher else role])))
    subject = _subjects(row, n, rng) if teacher else ["none"] * n
    fit = (age >= EASY_AGES[0]) & (age <= EASY_AGES[1])
    certified = facts["certified"].get(group, facts["certified"].get(row["stage"], 1.0))
    return pd.DataFrame({
        "school_id": row["school_id"],
        "stage": row["stage"],
        "role": role,
        "subject": subject,
        "age_band": np.array(facts["bands"])[age],
        "degree": _degrees(row, role, age, rng),
        "backbone": teacher & fit & (rng.random(n) < facts["backbone"].get(group, 0.0)),
        "certified": teacher & (rng.random(n) < certified),
    })  # fmt: skip


def _subjects(row: dict[str, Any], n: int, rng: np.random.Generator) -> list[str]:
    """Share the teachers out over the subjects; the youngest take the first of the list, with some disorder."""
    facts = resource_facts()["staff"]["subject"]
    name = "vocational" if row["kind"] == "vocational" else f"{row['stage']}_{row['place']}"
    shares = facts[name] if name in facts else facts[row["stage"]]
    counts = share_out(n, list(shares.values()))
    listed = [subject for subject, count in zip(shares, counts, strict=True) for _ in range(int(count))]
    order = np.argsort(np.arange(n) + rng.normal(0, n / 4, n), kind="stable")
    return [listed[i] for i in order]


def _degrees(row: dict[str, Any], role: str, age: np.ndarray[Any, Any], rng: np.random.Generator) -> list[str]:
    facts = resource_facts()["staff"]["degree"]
    name = "support" if role != "teacher" else f"{row['stage']}_{row['place']}"
    weights = facts[name] if name in facts else facts[row["stage"]]
    words = ("below", "associate", "bachelor", "master")
    return [str(rng.choice(words, p=weights[int(a >= MIDDLE) + int(a >= OLD)])) for a in age]
