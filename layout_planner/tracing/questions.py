"""Answers to the questions of ``lineage.toml``: which codes, years and grades of another table belong to a traced row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from layout_planner.terms import (
    BAND_GRADES,
    BAND_OF_GRADE,
    COUNTY,
    OUTSIDE,
    STAGE_GRADES,
    STAGE_OF_GRADE,
    GradeBand,
    Stage,
)
from layout_planner.tracing.store import Record, Store, to_number

Answer = frozenset[str]
AUTUMN: Final = 9  # first month of a cohort
_LAG: Final = 6  # cohort = school year − grade − 6
_FIRST_YEAR: Final = 1980


def answer(question: str, row: Record, store: Store) -> Answer:
    """Answer a question about a traced row; an empty answer means that nothing fits."""
    return frozenset(QUESTIONS[question](row, store))


def agrees(question: str, row: Record, store: Store) -> bool:
    """Answer a question with yes or no."""
    return YES_OR_NO[question](row, store)


def further(where: str, row: Record, store: Store) -> Callable[[Record], bool]:
    """Return the further condition that a row of the source must meet."""
    return CONDITIONS[where](row, store)


def cohort_of(school_year: int, grade: int) -> int:
    """Cohort that sits in a grade: born 1 September of that year to 31 August of the next."""
    return school_year - grade - _LAG


def codes_of(table: str, column: str, store: Store, **match: Iterable[str]) -> Answer:
    """Values of a column of the rows that match."""
    wanted = {name: frozenset(values) for name, values in match.items()}
    return frozenset(record.get(column) for record in store.find(table, wanted)) - {""}


def whole(text: str) -> int:
    """Read a whole number; 0 for anything else (a file may have changed since the run)."""
    value = to_number(text)
    return int(value) if value.is_integer() else 0


def _year(row: Record) -> int:
    return whole(row.get("school_year"))


def _grade(row: Record) -> int:
    return whole(row.get("grade"))


def _all_towns(_row: Record, store: Store) -> Answer:
    return codes_of("townships", "township_code", store)


def _towns(row: Record, store: Store) -> Answer:
    return _all_towns(row, store) if row.get("township_code") == COUNTY else frozenset({row.get("township_code")})


def _towns_and_outside(row: Record, store: Store) -> Answer:
    towns = _towns(row, store)
    return towns | {OUTSIDE} if row.get("township_code") == COUNTY else towns


def _schools_of_towns(row: Record, store: Store) -> Answer:
    return codes_of("schools", "school_id", store, township_code=_towns(row, store))


def _grades_of_stage(row: Record, _store: Store) -> Iterable[str]:
    return map(str, STAGE_GRADES[Stage(row.get("stage"))])


def _grades_of_stage_or_all(row: Record, store: Store) -> Iterable[str]:
    if row.get("stage") in set(Stage):
        return _grades_of_stage(row, store)
    return (str(grade) for grades in STAGE_GRADES.values() for grade in grades)


def _estimates_of_stage(row: Record, store: Store) -> Iterable[str]:
    """Whose estimates a township's stage rests on: its own, its steps', the county's, and those of every stage."""
    towns, grades = _towns(row, store), sorted(STAGE_GRADES[Stage(row.get("stage"))])
    steps = [f"{grade - 1}→{grade}" for grade in grades]
    yield from towns
    yield from steps
    yield from (f"{town} {step}" for town in sorted(towns) for step in steps)
    yield from (row.get("stage"), COUNTY, "township", "entry", "new stage", "kindergarten", "later")


def _estimates_of_grade(row: Record, _store: Store) -> Iterable[str]:
    """Whose estimates the step into a grade rests on: the county's step, the township's, and its effect."""
    town, step = row.get("township_code"), f"{_grade(row) - 1}→{_grade(row)}"
    return town, step, f"{town} {step}"


def _schools_of_estimate(row: Record, store: Store) -> Answer:
    """Schools of the township that an estimate belongs to; all of them where it is the county's."""
    town = row.get("parameter_of").split(" ")[0]
    own = codes_of("schools", "school_id", store, township_code={town})
    return own or codes_of("schools", "school_id", store)


def _schools_of_subject(row: Record, store: Store) -> Answer:
    """Schools of a subject: itself, those of a township, all of the county."""
    subject = frozenset({row.get("subject_id")})
    if row.get("subject_type") == "township":
        return codes_of("schools", "school_id", store, township_code=subject)
    return codes_of("schools", "school_id", store) if row.get("subject_type") == COUNTY else subject


def _grades_of_band(row: Record, _store: Store) -> Iterable[str]:
    return map(str, BAND_GRADES[GradeBand(row.get("grade_band"))])


def _band(row: Record, _store: Store) -> Answer:
    return frozenset({str(BAND_OF_GRADE[_grade(row)])})


def _kindergarten_low(row: Record, store: Store) -> int:
    """Lowest kindergarten grade of the school, into which births come."""
    return max(_lowest(row, store), min(STAGE_GRADES[Stage.PRE]))


def _lowest(row: Record, store: Store) -> int:
    """Lowest grade of the school of a row; 0 where the register does not tell."""
    schools = store.find("schools", {"school_id": frozenset({row.get("school_id")})})
    return min((whole(school.get("grade_low")) for school in schools), default=0)


def _now(row: Record, store: Store) -> int:
    """Grade in which the children of a row were in the base year."""
    return _grade(row) - (_year(row) - store.base_year)


def _enters(row: Record, store: Store) -> bool:
    """Whether the children of the row enter kindergarten or grade 1 after the base year: then births feed them."""
    now = _now(row, store)
    return now < 1 if _grade(row) >= 1 else now < _kindergarten_low(row, store)


def _in_school(row: Record, store: Store) -> bool:
    """Whether the children of the row were at the school itself in the base year."""
    return not _enters(row, store) and _now(row, store) >= _lowest(row, store)


def _fed(row: Record, store: Store) -> bool:
    """Whether the children of the row were at a school of a lower stage in the base year."""
    return not _enters(row, store) and _now(row, store) < _lowest(row, store)


def _entry_band(row: Record, _store: Store) -> Answer:
    return frozenset({str(GradeBand.G13 if _grade(row) >= 1 else GradeBand.K)})


def _homes(row: Record, store: Store) -> Answer:
    """Townships that send children to the school in the band in which they enter."""
    entry = _entry_band(row, store)
    homes = codes_of("flows", "home_township_code", store, attends={row.get("school_id")}, grade_band=entry)
    return homes - {OUTSIDE}


def _cohort_years(row: Record, _store: Store) -> Iterable[str]:
    cohort = cohort_of(_year(row), _grade(row))
    return (str(cohort), str(cohort + 1))


def _band_cohorts(row: Record, store: Store) -> frozenset[int]:
    return frozenset(cohort_of(store.base_year, grade) for grade in BAND_GRADES[GradeBand(row.get("grade_band"))])


def _base_cohorts(store: Store) -> frozenset[int]:
    grades = codes_of("enrolment", "grade", store)
    return frozenset(cohort_of(store.base_year, whole(grade)) for grade in grades)


def _years_of(cohorts: Iterable[int]) -> Iterable[str]:
    return {str(year) for cohort in cohorts for year in (cohort, cohort + 1)}


def _history(_row: Record, store: Store) -> Iterable[str]:
    return map(str, range(_FIRST_YEAR, store.base_year + 1))


def _schools_of_town(row: Record, store: Store) -> Answer:
    return codes_of("schools", "school_id", store, township_code={row.get("township_code")})


def _schools_of_home(row: Record, store: Store) -> Answer:
    band = _band(row, store)
    return codes_of("flows", "attends", store, home_township_code={row.get("township_code")}, grade_band=band) - {
        OUTSIDE
    }


def _schools_of_origin(row: Record, store: Store) -> Answer:
    """Schools that children of a home township attend in the band of the row."""
    home, band = {row.get("home_township_code")}, _band(row, store)
    return codes_of("flows", "attends", store, home_township_code=home, grade_band=band) - {OUTSIDE}


def _stage(row: Record, _store: Store) -> Answer:
    return frozenset({str(STAGE_OF_GRADE[_grade(row)])})


def _entry_cohort_years(row: Record, _store: Store) -> Iterable[str]:
    cohort = cohort_of(_year(row), 1)
    return (str(cohort), str(cohort + 1))


def _year_before(row: Record, _store: Store) -> Answer:
    return frozenset({str(_year(row) - 1)})


def _schools_of_village(row: Record, store: Store) -> Answer:
    match = {"village_code": {row.get("village_code")}, "grade_band": {row.get("grade_band")}}
    return codes_of("allocation", "attends", store, **match) - {OUTSIDE}


def _schools_reached(row: Record, store: Store) -> Answer:
    match = {"village_code": {row.get("village_code")}, "grade_band": {row.get("grade_band")}}
    return codes_of("travel_minutes", "school_id", store, **match)


def _villages_of_home(row: Record, store: Store) -> Answer:
    home = row.get("home_township_code")
    return (
        frozenset({OUTSIDE}) if home == OUTSIDE else codes_of("villages", "village_code", store, township_code={home})
    )


def _villages_of_subject(row: Record, store: Store) -> Answer:
    return codes_of("villages", "village_code", store, township_code={row.get("subject_id")})


def _home_town(row: Record, store: Store) -> Answer:
    return codes_of("villages", "township_code", store, village_code={row.get("village_code")})


def _pair(row: Record) -> list[str]:
    """Both schools of ``A>B``, ``A>B:4-6``, ``A=B``."""
    subject = row.get("subject_id").partition(":")[0]
    return subject.replace("=", ">").split(">")


def _giver(row: Record, _store: Store) -> Answer:
    return frozenset(_pair(row)[:1])


def _taker(row: Record, _store: Store) -> Answer:
    return frozenset(_pair(row)[-1:])


def _pair_schools(row: Record, _store: Store) -> Answer:
    return frozenset(_pair(row))


def _villages_of_giver(row: Record, store: Store) -> Answer:
    return codes_of("allocation", "village_code", store, attends=_giver(row, store))


def _older_bands(_row: Record, _store: Store) -> Iterable[str]:
    return (str(GradeBand.G46), str(GradeBand.G79))


def _schools_of_case(row: Record, store: Store) -> Answer:
    return codes_of("procedure", "school_id", store, case_id={row.get("subject_id")})


def _cases_of_giver(row: Record, store: Store) -> Answer:
    return codes_of("procedure", "case_id", store, school_id=_giver(row, store))


def _villages_of_school(row: Record, store: Store) -> Answer:
    return codes_of("allocation", "village_code", store, attends={row.get("school_id")})


def _villages_of_zone(row: Record, store: Store) -> Answer:
    match = {"school_id": {row.get("subject_id")}, "stage": {row.get("stage")}}
    return codes_of("zones", "village_code", store, **match)


def _both_schools(row: Record, _store: Store) -> Answer:
    return frozenset({row.get("school_id"), row.get("receiver_id")} - {""})


def _pair_subjects(row: Record, _store: Store) -> Iterable[str]:
    if row.get("option") not in {"merge", "teaching_point"}:
        return ()
    mark = ":4-6" if row.get("option") == "teaching_point" else ""
    return (f"{row.get('school_id')}>{row.get('receiver_id')}{mark}",)


def _in_cohorts(cohorts: Iterable[int]) -> Callable[[Record], bool]:
    """Births of cohorts: September to December of the year and January to August of the next; yearly rows of both."""
    wanted = set(cohorts)

    def holds(record: Record) -> bool:
        year, month = whole(record.get("year")), record.get("month")
        if not month:
            return bool({year, year - 1} & wanted)
        return (year if whole(month) >= AUTUMN else year - 1) in wanted

    return holds


QUESTIONS: Final[Mapping[str, Callable[[Record, Store], Iterable[str]]]] = {
    "@entry_cohort_years": _entry_cohort_years,
    "@schools_of_origin": _schools_of_origin,
    "@stage": _stage,
    "@year_before": _year_before,
    "@all_towns": _all_towns,
    "@band": _band,
    "@band_cohort_years": lambda row, store: _years_of(_band_cohorts(row, store)),
    "@band_years": lambda row, _store: _years_of(
        cohort_of(_year(row), grade) for grade in BAND_GRADES[GradeBand(row.get("grade_band"))]
    ),
    "@base_cohort_years": lambda _row, store: _years_of(_base_cohorts(store)),
    "@base_year": lambda _row, store: (str(store.base_year),),
    "@both_schools": _both_schools,
    "@cohort_years": _cohort_years,
    "@cases_of_giver": _cases_of_giver,
    "@compulsory": lambda _row, _store: (str(Stage.PRIMARY), str(Stage.JUNIOR)),
    "@entry_band": _entry_band,
    "@estimates_of_grade": _estimates_of_grade,
    "@estimates_of_stage": _estimates_of_stage,
    "@giver": _giver,
    "@grade_now": lambda row, store: (str(_now(row, store)),),
    "@grade_step": lambda row, _store: (str(_grade(row) - 1), row.get("grade")),
    "@grades_of_band": _grades_of_band,
    "@grades_of_stage": _grades_of_stage,
    "@grades_of_stage_or_all": _grades_of_stage_or_all,
    "@history": _history,
    "@home_town": _home_town,
    "@homes": _homes,
    "@older_bands": _older_bands,
    "@pair_schools": _pair_schools,
    "@pair_subjects": _pair_subjects,
    "@schools_of_case": _schools_of_case,
    "@schools_of_estimate": _schools_of_estimate,
    "@schools_of_home": _schools_of_home,
    "@schools_of_subject": _schools_of_subject,
    "@schools_of_town": _schools_of_town,
    "@schools_of_towns": _schools_of_towns,
    "@schools_of_village": _schools_of_village,
    "@schools_reached": _schools_reached,
    "@taker": _taker,
    "@towns": _towns,
    "@towns_and_outside": _towns_and_outside,
    "@villages_of_giver": _villages_of_giver,
    "@villages_of_home": _villages_of_home,
    "@villages_of_school": _villages_of_school,
    "@villages_of_subject": _villages_of_subject,
    "@villages_of_zone": _villages_of_zone,
}
YES_OR_NO: Final[Mapping[str, Callable[[Record, Store], bool]]] = {
    "@enters": _enters,
    "@fed": _fed,
    "@in_school": _in_school,
    "@of_forecast": lambda row, _store: "预测" in row.get("hand_over") or "取整数" in row.get("hand_over"),
}
CONDITIONS: Final[Mapping[str, Callable[[Record, Store], Callable[[Record], bool]]]] = {
    "cohort_months": lambda row, _store: _in_cohorts([cohort_of(_year(row), _grade(row))]),
    "band_cohort_months": lambda row, store: _in_cohorts(_band_cohorts(row, store)),
}
