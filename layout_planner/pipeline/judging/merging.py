"""Tables of the family merging (撤并) and of the duties in the ledger of procedure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from layout_planner.compliance.cases import cases, cases_of, first_day, has
from layout_planner.compliance.filing import filing_before
from layout_planner.compliance.findings import first_day_of
from layout_planner.compliance.opinions import hearings_of
from layout_planner.pipeline.judging.today import Today
from layout_planner.scenario import Plan
from layout_planner.scenario.effects import COMPULSORY
from layout_planner.terms import GradeBand, Stage

YEARS_BACK = 5  # school years of closings that are told
SMALL_KINDS = ("primary", "teaching_point", "kindergarten")


def tables_of(today: Today) -> dict[str, pd.DataFrame]:
    """Cases and opinions where the county keeps them; schools to be kept, juniors by township, closings by year."""
    found = {
        "necessary": _necessary(today),
        "junior_schools": _junior_schools(today),
        "closures": _closures(today),
    }
    steps, opinions, ledger = steps_of(today), today.table("opinions"), today.table("ledger")
    if steps is not None:
        found |= {"procedure": steps, "suspensions": _suspensions(steps), "closings": _closings(steps)}
    if steps is not None and opinions is not None:
        found["hearings"] = hearings_of(steps, opinions)
    if ledger is not None:
        found["funds"] = _funds(today, ledger)
    return found


def steps_of(today: Today) -> pd.DataFrame | None:
    """Rows of the ledger of procedure with what is known of their school; None where the county keeps none."""
    procedure = today.table("procedure")
    if procedure is None:
        return None
    schools = today.setup.schools.reindex(columns=["school_id", "name", "closed", "must_keep", "must_keep_reason"])
    ready = _receivers_ready(today.plans, today.setup.schools)
    schools = schools.assign(pupils=schools["school_id"].map(today.last_pupils)).assign(
        receiver_ready=schools["school_id"].map(ready).astype(float)
    )
    return cases_of(procedure, pd.DataFrame(schools))


def _receivers_ready(plans: Sequence[Plan], schools: pd.DataFrame) -> dict[str, float]:
    """For every school that a plan closes: whether what its receivers need is ready by then, in every plan (1, 0)."""
    years = schools.set_index("school_id").reindex(columns=["ready_year"])["ready_year"].astype(float)
    found: dict[str, float] = {}
    for plan in plans:
        for decision in plan.decisions:
            if decision.closes and decision.receivers:
                ready = not any(years[receiver] > decision.year for receiver in decision.receivers)
                found[decision.school_id] = min(found.get(decision.school_id, 1.0), float(ready))
    return found


def _suspensions(steps: pd.DataFrame) -> pd.DataFrame:
    """When every closing case is carried out, and the filing of the layout plan before it."""
    rows = []
    for subject, own in cases(steps, "closing"):
        closed = own["closed"].iloc[0]
        done = first_day(own, "done")
        if pd.isna(done) and not pd.isna(closed):
            done = pd.Timestamp(first_day_of(int(closed)))
        rows.append(
            {
                "subject_type": subject.subject_type,
                "subject_id": subject.subject_id,
                "subject_name": subject.subject_name,
                "closes_on": done,
                "filed_on": filing_before(steps, done),
                "carried_out": has(own, "done") or not pd.isna(closed),
                "recorded": True,
                "affected": own["pupils"].iloc[0],
            }
        )
    names = [
        "subject_type",
        "subject_id",
        "subject_name",
        "closes_on",
        "filed_on",
        "carried_out",
        "recorded",
        "affected",
    ]
    return pd.DataFrame(rows, columns=names)


def _closings(steps: pd.DataFrame) -> pd.DataFrame:
    """One row a closing case: whether its school must stay."""
    own = steps[(steps["case_kind"] == "closing") & steps["school_name"].notna()]
    return own.drop_duplicates("subject_id").assign(affected=lambda rows: rows["pupils"])


def _necessary(today: Today) -> pd.DataFrame:
    schools, procedure = today.setup.schools, today.table("procedure")
    rows = schools[schools["kind"].isin(SMALL_KINDS)].reindex(
        columns=["school_id", "name", "kind", "closed", "must_keep"]
    )
    closing = pd.Series(float("nan"), index=rows.index)
    if procedure is not None and "school_id" in procedure:
        begun = procedure.loc[procedure["case_kind"] == "closing", "school_id"]
        closing = rows["school_id"].isin(set(begun.dropna())).astype(float)
    return pd.DataFrame(
        {
            "subject_type": "school",
            "subject_id": rows["school_id"],
            "subject_name": rows["name"],
            "kindergarten": rows["kind"] == "kindergarten",
            "pupils": rows["school_id"].map(today.last_pupils).astype(float),
            "must_keep": rows["must_keep"],
            "is_open": ~(rows["closed"].astype(float) <= today.setup.base_year),
            "closing_case": closing,
        }
    )


def _junior_schools(today: Today) -> pd.DataFrame:
    """Junior schools with pupils, and the pupils of grades 7–9 who live there, by township."""
    towns = today.setup.county.townships
    taught = today.grades[(today.grades["stage"] == str(Stage.JUNIOR)) & (today.grades["pupils"] > 0)]
    home = today.setup.schools.set_index("school_id")["township_code"]
    counts = pd.Series(taught["school_id"].unique()).map(home).value_counts()
    children = today.children_at_home(str(GradeBand.G79))
    by_town = children.groupby(children.index.map(today.township_of)).sum()
    return pd.DataFrame(
        {
            "subject_type": "township",
            "subject_id": towns["township_code"],
            "subject_name": towns["name"],
            "junior_schools": towns["township_code"].map(counts).fillna(0).astype(float),
            "children": np.round(towns["township_code"].map(by_town).fillna(0.0).astype(float)),
        }
    )


def _closures(today: Today) -> pd.DataFrame:
    """Schools of the compulsory stages that closed or lost their last pupil in each of the last years, and the stock."""
    enrolment = today.setup.county.enrolment
    pupils = enrolment[enrolment["grade"].astype(int).isin(COMPULSORY)]
    pupils = pupils.pivot_table(
        index="school_year", columns="school_id", values="pupils", aggfunc="sum", fill_value=0.0
    )
    wanted = today.setup.schools["stages"].astype("str").str.contains(f"{Stage.PRIMARY}|{Stage.JUNIOR}")
    schools = today.setup.schools[wanted].set_index("school_id")
    schools = schools.reindex(columns=["opened", "closed"]).astype(float)
    rows = []
    for year in range(today.setup.base_year - YEARS_BACK + 1, today.setup.base_year + 1):
        before = ~(schools["opened"] > year - 1) & ~(schools["closed"] <= year - 1)
        emptied = float("nan")
        if {year - 1, year} <= set(pupils.index):
            lost = (pupils.loc[year - 1] > 0) & (pupils.loc[year] == 0)
            emptied = float(lost.reindex(schools.index[~(schools["closed"] <= year)], fill_value=False).sum())
        rows.append((year, float((schools["closed"] == year).sum()), emptied, float(before.sum())))
    return pd.DataFrame(rows, columns=["school_year", "closings", "emptied", "schools_open"])


def _funds(today: Today, ledger: pd.DataFrame) -> pd.DataFrame:
    """Public funds of every primary school and teaching point by year, beside the pupils of the school year before."""
    schools = today.setup.schools
    small = schools[schools["kind"].isin(SMALL_KINDS[:2])].set_index("school_id")["name"]
    rows = ledger[(ledger["ledger_item"] == "public_funds") & ledger["school_id"].isin(small.index)]
    sums = rows.groupby(["school_id", "year"], as_index=False)["yuan"].sum()
    enrolment = today.setup.county.enrolment
    pupils = enrolment.groupby(["school_id", "school_year"])["pupils"].sum()
    keys = pd.MultiIndex.from_arrays([sums["school_id"], sums["year"].astype(int) - 1])
    return sums.assign(
        subject_type="school",
        subject_id=sums["school_id"],
        subject_name=sums["school_id"].map(small),
        pupils=pupils.reindex(keys).to_numpy(dtype=float),
    )
