"""Options for every small school: vetoes first, then the effects on both sides. Nothing is ever recommended here."""

from __future__ import annotations

import pandas as pd

from layout_planner.capacity import SeatLimits, seat_limits
from layout_planner.compliance import concat_findings
from layout_planner.consolidation.effects import probabilities, receiver_effects, trip_effects
from layout_planner.consolidation.options import moves_of, options_of, small_schools
from layout_planner.consolidation.words import reasons
from layout_planner.contracts import check_table, load_dictionary
from layout_planner.scenario.baseline import Baseline
from layout_planner.scenario.effects import named, whole_moves
from layout_planner.scenario.findings import check_closed, check_moves, vetoes_of
from layout_planner.terms import ENUMS

_ORDER = {verdict: place for place, verdict in enumerate(("keep", "undecided", "blocked"))}


def small_school_options(baseline: Baseline) -> tuple[pd.DataFrame, pd.DataFrame]:
    """List for every small school what could be done with it, and what each option would do to whom.

    Options: keep; merge into each of the nearest complete schools that teach all its grades; for a primary school, a
    teaching point for grades 1–3, grades 4–6 moving to the nearest complete school; one management with the sites kept
    (并管理不并校址), by the registered host school or else the nearest complete one. Pairs are checked for
    the first September after the base year with today's pupils: T01, M08, M09, M10, M12 and, for mergers, M07, M16, M19 and
    S02. A failed
    BLOCK or BLOCK* rule makes an option ``blocked``; every other one stays ``undecided`` (待论证), since no national
    number says when a school should close. An empty school has the option keep alone: its building is a question of
    assets.

    Parameters
    ----------
    baseline
        The county as it is and its forecast; assumption ``candidate_receivers`` says how many receivers are compared.

    Returns
    -------
    tuple
        Table `candidates`: by school, then keep before undecided before blocked, then minutes; and table `findings`
        with subject_type ``pair``, subject_id ``A>B`` (``A>B:4-6`` for a teaching point).
    """
    limits = seat_limits(baseline.catalogue, baseline.day, baseline.parameters)
    small = small_schools(baseline)
    if small.empty:
        nothing = pd.DataFrame(columns=load_dictionary().tables["candidates"].names)
        return check_table("candidates", nothing), concat_findings([])
    options = options_of(baseline, small)
    moves = moves_of(baseline, options)
    whole = whole_moves(moves)
    tally = tally_of(options[options["moves"]], moves, baseline)
    findings = _check(options, tally, whole, baseline, limits)
    table = options.merge(small, on="school_id")
    table = table.join(trip_effects(table, whole, baseline))
    table = table.join(receiver_effects(table, tally, whole, baseline, limits))
    table = table.join(probabilities(table, baseline))
    table = _judge(table, findings)
    table = table.assign(reason=reasons(table, findings))
    order = table.assign(place=table["verdict"].map(_ORDER), kind=table["option"].map(ENUMS["option"].index))
    order = order.sort_values(["school_id", "place", "minutes_after", "kind", "receiver_id"], na_position="last")
    return check_table("candidates", order), check_table("findings", findings)


def tally_of(options: pd.DataFrame, moves: pd.DataFrame, baseline: Baseline) -> pd.DataFrame:
    """Count the receiver's pupils of the base year by grade, before and after the pupils of an option have come.

    Returns
    -------
    DataFrame
        Columns subject_id, receiver_id, grade, before, after. [pupils]
    """
    here = baseline.enrolment.rename(columns={"school_id": "receiver_id", "pupils": "before"})
    here = here[["receiver_id", "grade", "before"]]
    coming = (
        moves[moves["subject_id"].isin(options["subject_id"])]
        .groupby(["subject_id", "receiver_id", "grade"], as_index=False)["children"]
        .sum()
    )
    rows = options[["subject_id", "receiver_id"]].merge(here, on="receiver_id")
    rows = rows.merge(coming, on=["subject_id", "receiver_id", "grade"], how="outer").fillna({"before": 0.0})
    return rows.assign(after=rows["before"] + rows["children"].fillna(0.0)).drop(columns="children")


def _check(
    options: pd.DataFrame, tally: pd.DataFrame, whole: pd.DataFrame, baseline: Baseline, limits: SeatLimits
) -> pd.DataFrame:
    """Check every option that moves pupils; mergers against the rules of closings too."""
    year = baseline.base_year + 1
    moving = options[options["moves"]].assign(school_year=year)
    if moving.empty:
        return concat_findings([])
    ready = baseline.schools.set_index("school_id").reindex(columns=["ready_year"])["ready_year"].astype(float)
    pairs = moving[["subject_id", "school_id", "receiver_id", "school_year"]].reset_index(drop=True)
    pairs = pairs.assign(needed_capacity_ready_year=pairs["receiver_id"].map(ready), seats_added=0.0)
    ours = whole[whole["subject_id"].isin(moving["subject_id"])]
    children = ours.groupby("subject_id")["children"].sum().rename("affected")
    closing = named(moving[moving["option"] == "merge"], baseline).join(children, on="subject_id")
    closing = closing.fillna({"affected": 0.0}).reset_index(drop=True)
    kept = [check_closed(closing, baseline)] if len(closing) else []
    return concat_findings([check_moves(pairs, ours, tally, baseline, limits), *kept])


def _judge(table: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """Verdict: keep stays, a failed BLOCK or BLOCK* rule blocks, the rest has to be argued."""
    groups = dict(list(findings.groupby("subject_id")))
    vetoes = [vetoes_of(groups[subject]) if subject in groups else [] for subject in table["subject_id"]]
    verdicts = [
        "keep" if option == "keep" else "blocked" if veto else "undecided"
        for option, veto in zip(table["option"], vetoes, strict=True)
    ]
    return table.assign(vetoes=["、".join(veto) for veto in vetoes], verdict=verdicts)
