"""What moving pupils from A to B does on both sides: trips, beds and meals, class and school size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from layout_planner.capacity import SeatLimits, diners_of, form_sections, largest_section, meal_places
from layout_planner.enrolment import largest_remainder
from layout_planner.scenario.baseline import Baseline
from layout_planner.terms import BAND_GRADES, BAND_OF_GRADE, STAGE_OF_GRADE, GradeBand
from layout_planner.travel.table import SCREENING

COMPULSORY = tuple(g for band in (GradeBand.G13, GradeBand.G46, GradeBand.G79) for g in BAND_GRADES[band])
OLDER = tuple(g for band in (GradeBand.G46, GradeBand.G79, GradeBand.G1012) for g in BAND_GRADES[band])
PAIR = "pair"
_SIZES = (
    "class_size_before", "class_size_after", "largest_before", "largest_after", "size_before", "size_after",
    "through_school",
)  # fmt: skip


def pair_id(school_id: str, receiver_id: str) -> str:
    """Return the code of a pair: ``A>B``."""
    return f"{school_id}>{receiver_id}"


def whole_children(expected: np.ndarray) -> np.ndarray:
    """Round the expected children of one group to whole ones that keep the sum (largest remainder). [children]."""
    return np.asarray(largest_remainder(expected).astype(float))


def whole_moves(moves: pd.DataFrame) -> pd.DataFrame:
    """Bring moves to whole children by village and grade band, and drop the villages that send nobody.

    The sum of a subject and band is kept (`whole_children`).

    Parameters
    ----------
    moves
        Columns subject_id, school_id, receiver_id, village_code, grade_band, children (expected), minutes_before,
        minutes_after. [children], [min]

    Returns
    -------
    DataFrame
        The same columns, one row a subject, band and village; children are whole. [children]
    """
    keys = ["subject_id", "school_id", "receiver_id", "grade_band", "village_code"]
    values = {"children": "sum", "minutes_before": "first", "minutes_after": "first"}
    grouped = moves.groupby(keys, as_index=False, sort=True, dropna=False).agg(values)
    groups = grouped.groupby(["subject_id", "grade_band"], sort=False)["children"]
    grouped["children"] = groups.transform(lambda group: whole_children(group.to_numpy(dtype=float)))
    return grouped[grouped["children"] > 0].reset_index(drop=True)


def trips_of(moves: pd.DataFrame, baseline: Baseline) -> pd.DataFrame:
    """List the trips of grades 1–3 to the receiver as rule T01 wants them.

    Children whose home is not known are left out, and so are those whose trip was over the limit before and does not
    become longer: the move is not the cause.

    Parameters
    ----------
    moves
        Whole moves.
    baseline
        Names of schools and villages; rule T01.

    Returns
    -------
    DataFrame
        Columns subject_type, subject_id, subject_name, village_name, grade_band, children, minutes, screening.
        [children], [min]
    """
    limit = baseline.catalogue.rule("T01").on(baseline.day)
    young = moves[(moves["village_code"] != "") & (moves["grade_band"] == GradeBand.G13)]
    no_cause = ~(young["minutes_before"] <= limit) & (young["minutes_after"] <= young["minutes_before"])
    known = young[~no_cause]
    villages = baseline.villages.set_index("village_code")["name"]
    columns = ["subject_type", "subject_id", "subject_name", "village_name", "grade_band", "children", "minutes"]
    rows = named(known, baseline).assign(
        village_name=known["village_code"].map(villages).fillna(known["village_code"]),
        minutes=known["minutes_after"],
        screening=bool(baseline.minutes["reason"].str.contains(SCREENING, regex=False).any()),
    )
    return rows[[*columns, "screening"]]


def named(rows: pd.DataFrame, baseline: Baseline) -> pd.DataFrame:
    """Add subject_type and subject_name of the pair to rows with school_id and receiver_id."""
    names = baseline.schools.set_index("school_id")["name"]
    text = rows["school_id"].map(names).astype("str") + "→" + rows["receiver_id"].map(names).astype("str")
    return rows.assign(subject_type=PAIR, subject_name=text)


def boarding_of(
    pairs: pd.DataFrame, moves: pd.DataFrame, tally: pd.DataFrame, baseline: Baseline, limits: SeatLimits
) -> pd.DataFrame:
    """Beds and meals that each receiver needs once the pupils have come (rule M09).

    Boarders to come are the moved school's own and the day pupils of grade 4 and above whose trip becomes longer than
    the boarding assumption or loses its route; younger ones are never planned as boarders (T02).

    Parameters
    ----------
    pairs
        Columns subject_id, school_id, receiver_id.
    moves
        Whole moves of these pairs.
    tally
        Columns subject_id, grade, before, after: the receiver's pupils. [pupils]
    baseline, limits
        Boarders, beds, meals; share of day pupils who eat at school.

    Returns
    -------
    DataFrame
        Columns of `pairs`, subject_type, subject_name, boarders_before, boarders_added, boarders_after, beds,
        diners_after, meal_places. [pupils], [beds], [meals]
    """
    schools = baseline.schools.set_index("school_id")
    columns = ["dorm_beds_m", "dorm_beds_f", "canteen_seats", "canteen_sittings"]
    building = schools.reindex(columns=columns).reindex(pairs["receiver_id"]).reset_index(drop=True).astype(float)
    boarders = baseline.enrolment.groupby("school_id")["boarders"].agg(_all_known)
    here = boarders.reindex(pairs["receiver_id"]).to_numpy(dtype=float)
    coming = _boarders_moved(pairs, moves, baseline)
    needed = boarders_needed(moves, baseline).reindex(pairs["subject_id"]).fillna(0.0).to_numpy()
    total = tally.groupby("subject_id")["after"].sum().reindex(pairs["subject_id"]).to_numpy(dtype=float)
    after = here + coming + needed
    diners = diners_of(pd.Series(total), pd.Series(after), limits).to_numpy()
    rows = named(pairs.reset_index(drop=True), baseline)
    return rows.assign(
        boarders_before=here,
        boarders_added=needed,
        boarders_after=after,
        beds=_beds(pairs["receiver_id"], building, here, baseline),
        diners_after=diners,
        meal_places=meal_places(building),
    )


def _beds(receivers: pd.Series, building: pd.DataFrame, here: np.ndarray, baseline: Baseline) -> np.ndarray:
    """Beds of a school as its boarders can use them: a boys' bed is none for a girl. [beds]

    Those who come are of unknown sex and may take any free bed; where boys or girls are short of beds already, the
    beds are fewer than the boarders.
    """
    total = np.asarray((building["dorm_beds_m"] + building["dorm_beds_f"]).to_numpy(dtype=float))
    if not {"boarders_m", "boarders_f"} <= set(baseline.enrolment.columns):
        return total
    sexes = baseline.enrolment.groupby("school_id")[["boarders_m", "boarders_f"]].agg(_all_known).reindex(receivers)
    short = np.zeros(len(total))
    for sex in ("m", "f"):
        free = building[f"dorm_beds_{sex}"].to_numpy(dtype=float) - sexes[f"boarders_{sex}"].to_numpy(dtype=float)
        short += np.clip(-free, 0.0, None)
    return np.asarray(np.where(short > 0, here - short, total))


def boarders_needed(moves: pd.DataFrame, baseline: Baseline) -> pd.Series:
    """Count by subject the moved pupils of grade 4 and above whose trip becomes too long to come daily. [pupils]."""
    older = {str(BAND_OF_GRADE[grade]) for grade in OLDER}
    far = newly_too_far(moves["minutes_before"].to_numpy(), moves["minutes_after"].to_numpy(), baseline)
    mine = moves[far & moves["grade_band"].isin(older) & (moves["village_code"] != "")]
    return mine.groupby("subject_id")["children"].sum()


def newly_too_far(before: np.ndarray, after: np.ndarray, baseline: Baseline) -> np.ndarray:
    """Mark trips within the boarding assumption before and beyond it, or without a route, after."""
    limit = boarding_limit(baseline)
    return np.asarray((before <= limit) & ~(after <= limit))


def boarding_limit(baseline: Baseline) -> float:
    """Return the trip of grade 4 and above that makes a pupil board: the county's T05, else the assumption. [min]."""
    rule = baseline.catalogue.rule("T05")
    if rule.is_set(baseline.day):
        return float(rule.on(baseline.day))
    return baseline.parameters["boarding_minutes"]


def _boarders_moved(pairs: pd.DataFrame, moves: pd.DataFrame, baseline: Baseline) -> np.ndarray:
    """Today's boarders of the moved school, in the share of its pupils of the band who go to this receiver."""
    now = baseline.enrolment.assign(grade_band=baseline.enrolment["grade"].map(BAND_OF_GRADE).astype(str))
    bands = now.groupby(["school_id", "grade_band"], as_index=False)[["pupils", "boarders"]].agg(_all_known)
    bands["rate"] = (bands["boarders"] / bands["pupils"]).where(bands["pupils"] > 0, 0.0)
    moved = moves.groupby(["subject_id", "school_id", "grade_band"], as_index=False)["children"].sum()
    moved = moved.merge(bands[["school_id", "grade_band", "rate"]], on=["school_id", "grade_band"], how="left")
    unseen = ~moved.set_index(["school_id", "grade_band"]).index.isin(
        bands.set_index(["school_id", "grade_band"]).index
    )
    rate = moved["rate"].where(~unseen, 0.0)  # a band that nobody was in has no boarders; an uncounted one is unknown
    coming = (moved["children"] * rate).groupby(moved["subject_id"]).agg(_all_known)
    return np.asarray(coming.reindex(pairs["subject_id"]).fillna(0.0).to_numpy(dtype=float))


def _all_known(values: pd.Series) -> float:
    """Sum that is unknown where one part is unknown."""
    return float(values.sum(skipna=False))


def sizes_of(pairs: pd.DataFrame, tally: pd.DataFrame, baseline: Baseline, limits: SeatLimits) -> pd.DataFrame:
    """Class and school size of each receiver before and after (rule M10), stage by stage.

    Sections are formed anew with the near-term class size within the receiver's rooms, on both sides, so a large
    class counts only where no room is left for another section.

    Parameters
    ----------
    pairs
        Columns subject_id, school_id, receiver_id, seats_added (by the plan so far). [seats]
    tally
        Columns subject_id, grade, before, after: the receiver's pupils. [pupils]
    baseline, limits
        Rooms and class sizes.

    Returns
    -------
    DataFrame
        Columns of `pairs`, subject_type, subject_name, stage, class_size_before, class_size_after, largest_before,
        largest_after, size_before, size_after (grades 1–9), through_school; one row a pair and stage that receives pupils. [pupils]

        class_size_before and class_size_after are those of one grade: the one that the move takes over a limit, else
        the one with the largest section afterwards; rule M10 reads them. largest_before and largest_after are the
        largest section of any grade of the stage, before and after. [pupils]
    """
    schools = {str(row["school_id"]): row for row in pd.DataFrame(baseline.schools).to_dict("records")}
    rule = baseline.catalogue.rule("C07")
    large = [rule.on(baseline.day, part=part) for part in ("oversized", "very_oversized")]
    groups = dict(list(tally.sort_values("grade").groupby("subject_id")))
    found = []
    for pair in named(pairs, baseline).to_dict("records"):
        rows = groups.get(pair["subject_id"])
        if rows is not None:
            school = schools[pair["receiver_id"]]
            sizes = _sizes(rows, rooms_of(school, pair["seats_added"], limits), school, limits, large)
            found += [{**pair, **size} for size in sizes]
    return pd.DataFrame(found, columns=[*named(pairs, baseline).columns, "stage", *_SIZES])


def rooms_of(school: Mapping[Any, Any], seats_added: float, limits: SeatLimits) -> float:
    """Rooms for sections: those of the register without special rooms, and those that the added seats need. [rooms]."""
    special = school.get("special_rooms")
    rooms = float(school["classrooms"]) - (0.0 if special is None or pd.isna(special) else float(special))
    stage = STAGE_OF_GRADE[max(int(school["grade_low"]), COMPULSORY[0])]
    return rooms + (seats_added / limits.class_size["near"][stage] if seats_added else 0.0)


def _worst_grade(sizes: np.ndarray, grades: np.ndarray, large: list[float]) -> int:
    """Grade that the move takes over the highest limit; else the grade with the largest section after it.

    A grade that was over a limit before must not hide another that comes over it. Unknown sizes come first.
    """
    before, after = sizes[0, grades], np.nan_to_num(sizes[1, grades], nan=np.inf)
    caused = np.max([np.where((after >= limit) & ~(before >= limit), limit, 0.0) for limit in large], axis=0)
    return int(grades[np.lexsort((after, caused))[-1]])


def _sizes(
    rows: pd.DataFrame, rooms: float, school: Mapping[Any, Any], limits: SeatLimits, large: list[float]
) -> list[dict[str, object]]:
    grades, high = rows["grade"].to_numpy(dtype=int), int(school["grade_high"])
    size = np.array([limits.grade_size("near", int(grade), high) for grade in grades])
    compulsory = np.isin(grades, COMPULSORY)
    before, after = (rows[name].to_numpy(dtype=float) for name in ("before", "after"))
    sections_before, sections_after = (form_sections(pupils, size, rooms) for pupils in (before, after))
    stages = np.array([str(STAGE_OF_GRADE[int(grade)]) for grade in grades])
    sizes = np.array(
        [
            [largest_section(pupils[[i]], sections[[i]]) for i in range(len(grades))]
            for pupils, sections in ((before, sections_before), (after, sections_after))
        ]
    )
    out: list[dict[str, object]] = []
    for stage in dict.fromkeys(stages[after > before]):
        here = np.flatnonzero(stages == stage)
        worst = _worst_grade(sizes, here, large)
        out.append(
            {
                "stage": stage,
                "class_size_before": float(sizes[0, worst]),
                "class_size_after": float(sizes[1, worst]),
                "largest_before": float(sizes[0, here].max()),
                "largest_after": float(sizes[1, here].max()),
                "size_before": float(before[compulsory].sum()),
                "size_after": float(after[compulsory].sum()),
                "through_school": school["kind"] == "nine_year",
            }
        )
    return out
