"""What a closing has to pass besides its effects: must it stay, who is against it, is the plan filed, is a room lost."""

from __future__ import annotations

import numpy as np
import pandas as pd

from layout_planner.compliance import check_must_keep, concat_findings
from layout_planner.compliance.cases import cases_of, latest_case
from layout_planner.compliance.filing import check_plan_filed_first, filing_before
from layout_planner.compliance.findings import first_day_of
from layout_planner.compliance.opinions import check_majority_against, hearings_of
from layout_planner.compliance.special import check_room_not_closed
from layout_planner.scenario.baseline import Baseline
from layout_planner.scenario.effects import COMPULSORY, named

SUBJECT = ["subject_type", "subject_id", "subject_name"]
_REGISTER = ["must_keep", "must_keep_reason", "resource_room_m2"]


def check_closings(closing: pd.DataFrame, baseline: Baseline) -> pd.DataFrame:
    """Check schools that would be closed against the rules M07, M16, M19 and S02.

    Parameters
    ----------
    closing
        Columns subject_type, subject_id, subject_name, school_id, school_year, affected. [pupils]
    baseline
        Register, and of the county's further tables procedure, opinions and special_pupils; what is not there leaves
        its rule not evaluated.

    Returns
    -------
    DataFrame
        Table `findings`. For M07 the case of the school that was begun last counts.
    """
    rules, day = baseline.catalogue, baseline.day
    register = baseline.schools.set_index("school_id").reindex(columns=_REGISTER)
    rows = closing.join(register, on="school_id")
    rooms = rows.assign(
        room_m2=rows["resource_room_m2"].astype(float), special_pupils=_special_pupils(rows["school_id"], baseline)
    )
    steps = steps_of(baseline)
    found = [
        check_must_keep(rows, rules.rule("M19"), day),
        check_majority_against(_hearings(closing, steps, baseline), rules.rule("M07"), day),
        check_plan_filed_first(_filings(closing, steps), rules.rule("M16"), day),
        check_room_not_closed(rooms, rules.rule("S02"), day),
    ]
    return concat_findings(found)


def steps_of(baseline: Baseline) -> pd.DataFrame | None:
    """Rows of the ledger of procedure under their cases; None where the county keeps none."""
    procedure = baseline.more.get("procedure")
    if procedure is None:
        return None
    pupils = baseline.enrolment.groupby("school_id")["pupils"].sum()
    schools = baseline.schools[["school_id", "name"]]
    return cases_of(procedure, schools.assign(pupils=schools["school_id"].map(pupils).astype(float)))


def _hearings(closing: pd.DataFrame, steps: pd.DataFrame | None, baseline: Baseline) -> pd.DataFrame:
    """Opinions of the last closing case of every school, under the subject of the closing."""
    opinions = baseline.more.get("opinions")
    parts = []
    for row in closing.to_dict("records"):
        subject = {name: row[name] for name in SUBJECT}
        case = None if steps is None or opinions is None else latest_case(steps, str(row["school_id"]))
        if case is None or case.empty or opinions is None:
            nothing = {"case_kind": "closing", "pupils": row["affected"], "held": False, "party": None, "means": None}
            parts.append(pd.DataFrame([{**subject, **nothing, "date": pd.NaT}]))
        else:
            parts.append(hearings_of(case, opinions).assign(**subject, pupils=row["affected"]))
    columns = ["asked", "support", "oppose", "abstain"]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(**{name: table.get(name, pd.Series(np.nan, index=table.index)) for name in columns})


def _filings(closing: pd.DataFrame, steps: pd.DataFrame | None) -> pd.DataFrame:
    closes = [pd.Timestamp(first_day_of(int(year))) for year in closing["school_year"]]
    filed = [pd.NaT if steps is None else filing_before(steps, day) for day in closes]
    return closing.assign(closes_on=closes, filed_on=filed, carried_out=False, recorded=steps is not None)


def _special_pupils(schools: pd.Series, baseline: Baseline) -> pd.Series:
    """Pupils of grades 1–9 with disabilities in the mainstream classes of a school; NaN where the county has not told."""
    table = baseline.more.get("special_pupils")
    if table is None or "school_id" not in table:
        return pd.Series(np.nan, index=schools.index)
    mine = (table["setting"] == "inclusive") & table["grade"].astype(int).isin(COMPULSORY)
    counts = table[mine].groupby("school_id").size()
    return schools.map(counts).fillna(0).astype(float)


def routes_of(moves: pd.DataFrame, baseline: Baseline) -> pd.DataFrame:
    """List the way of every village whose children move to the receiver, and whether it is certified as safe (M08).

    A village is certified where all records of one mode, in every case, say safe and none of any mode says unsafe. One
    record of an unsafe way makes the way unsafe.

    Parameters
    ----------
    moves
        Whole moves: subject_id, school_id, receiver_id, village_code, children. [children]
    baseline
        Names of villages; of the county's further tables trips.

    Returns
    -------
    DataFrame
        Columns subject_type, subject_id, subject_name, village_name, children, safe (1, 0, NaN: nobody has certified
        it). Children whose home is not known have a way nobody can certify. [children]
    """
    keys = ["subject_id", "school_id", "receiver_id", "village_code"]
    rows = moves.groupby(keys, as_index=False)["children"].sum()
    names = baseline.villages.set_index("village_code")["name"]
    pairs = pd.MultiIndex.from_frame(rows[["village_code", "receiver_id"]])
    named_rows = named(rows, baseline)
    return named_rows.assign(
        village_name=rows["village_code"].map(names).fillna(rows["village_code"].replace("", "住址不详")),
        safe=certified(baseline.more.get("trips")).reindex(pairs).to_numpy(dtype=float),
    )


def certified(trips: pd.DataFrame | None) -> pd.Series:
    """Whether the way from a village to a school is certified as safe (1, 0), by village_code and school_id."""
    if trips is None or "safe" not in trips:
        index = pd.MultiIndex.from_arrays([[], []], names=["village_code", "school_id"])
        return pd.Series([], index=index, dtype=float)
    keys = ["village_code", "school_id"]
    marks = trips["safe"].map({True: 1.0, False: 0.0}).astype(float)
    rows = trips[[*keys, "mode"]].assign(mark=marks, known=marks.notna())
    modes = rows.groupby([*keys, "mode"]).agg(lowest=("mark", "min"), all_known=("known", "all")).reset_index()
    modes["safe"] = ((modes["lowest"] == 1) & modes["all_known"]).map({True: 1.0, False: np.nan})
    ways = modes.groupby(keys).agg(lowest=("lowest", "min"), safe=("safe", "max"))
    return ways["safe"].mask(ways["lowest"] == 0, 0.0)
