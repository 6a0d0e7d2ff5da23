"""What a county's forecast was estimated to be: every parameter in one table, and how much each township's own data say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from layout_planner.enrolment.county_model import unit_index
from layout_planner.enrolment.county_width import OF_GRADE, STAGES
from layout_planner.enrolment.county_window import Window
from layout_planner.enrolment.noise import Noise
from layout_planner.enrolment.priors import Priors
from layout_planner.enrolment.progression import Progression
from layout_planner.enrolment.school_panel import SchoolPanel
from layout_planner.enrolment.units import UnitModel, mean_step
from layout_planner.terms import COUNTY, GRADE_LABELS_ZH, GRADES, Stage

Floats = NDArray[np.float64]
Row = tuple[str, str, float, float]

PERCENT: Final = 100.0
STRUCTURAL: Final = 0.5  # probability from which an effect is called structural
ENTRY_STAGES: Final = (Stage.PRE, Stage.PRIMARY)  # fed by births, in the order of the births weights
NOISE_CLASSES: Final = ("entry", "new stage", "kindergarten", "later")
MEANINGS: Final = {
    "births_weight": ("-", "新生人数随出生人数变动的程度：1 为同比例，0 为不随出生变动"),
    "progression": ("-", "全县升级率：升入该年级的人数与上一年可升入人数之比"),
    "township_effect": ("-", "本镇升级率与全县之比，已按人数向 1 靠拢；sd 为对数标准差"),
    "township_own_weight": ("-", "本镇自身历史在本镇系数中所占的份额，其余向全县靠拢"),
    "cell_effect": ("-", "本镇该年级另有的升级系数；0 表示已不开设"),
    "p_structural": ("-", "该年级属结构性（有学校到此年级为止，或在此年级收外校学生）的概率"),
    "noise_phi": ("pupils", "单个年级的偶然波动：方差中与人数成正比的部分"),
    "noise_psi": ("-", "单个年级的偶然波动：方差中与人数平方成正比的部分"),
    "signal_sd": ("-", "各镇升级率与全县之差（持续部分）的对数标准差"),
    "signal_memory": ("-", "各镇升级率与全县之差一年后留下的份额；1 表示一直保持"),
    "shock_sd": ("-", "一年之内全镇或全县共同波动的对数标准差；全镇的为不随人数变的部分"),
    "shock_phi": ("pupils", "一年之内全镇共同波动：方差中与全镇人数成反比的部分"),
    "shock_memory": ("-", "全县共同波动延续到下一年的份额"),
    "width": ("-", "乡镇区间宽度的校准系数：大于 1 表示按历史回测放宽"),
    "width_county": ("-", "全县区间宽度的校准系数：大于 1 表示按历史回测放宽"),
    "width_school": ("-", "学校区间宽度的校准系数：大于 1 表示按历史回测放宽"),
    "width_grade": ("-", "学校单个年级区间宽度的校准系数：大于 1 表示按历史回测放宽"),
    "noise_years": ("years", "估计偶然波动所用的年数；0 表示历史太短，用先验值并放宽"),
}  # fmt: skip
WEIGHT_COLUMNS: Final = (
    "township_code", "stage", "own_weight", "expected_pupils", "rate", "rate_county", "effect_kind", "effect_grades",
    "p_structural", "births_weight", "births_weight_sd", "entry_weight", "entry_expected", "noise",
)  # fmt: skip


@dataclass(frozen=True)
class Estimates:
    """What was estimated: one row a parameter, and one row a township and stage."""

    parameters: pd.DataFrame
    weights: pd.DataFrame


def estimates(
    model: UnitModel, fit: Progression, window: Window, panel: SchoolPanel, entrants: tuple[Floats, Floats]
) -> Estimates:
    """Tables of what a county forecast was estimated to be.

    Parameters
    ----------
    model
        Law of motion, units in the order of `unit_index`.
    fit
        Progression by township and step.
    window
        Noise and widths from inside the window.
    panel
        Pupils to the base year.
    entrants
        Answer of `entrants_weight`.

    Returns
    -------
    Estimates
        `parameters_table` and `weights_table`.
    """
    return Estimates(parameters_table(model, fit, window, panel), weights_table(model, fit, window, panel, entrants))


def parameters_table(model: UnitModel, fit: Progression, window: Window, panel: SchoolPanel) -> pd.DataFrame:
    """List what was estimated: births weights, progression, effects of townships and cells, noise, width of the bands.

    Returns
    -------
    DataFrame
        parameter, parameter_of (grade, township, stage or kind), estimate, estimate_sd (NaN where none), unit, meaning.
    """
    rows = [
        *_shared_rows(model, fit),
        *_township_rows(model, fit, panel),
        *_noise_rows(window),
    ]
    table = pd.DataFrame(rows, columns=["parameter", "parameter_of", "estimate", "estimate_sd"])
    told = table["parameter"].map(MEANINGS)
    return table.assign(unit=told.str[0], meaning=told.str[1])


def weights_table(
    model: UnitModel, fit: Progression, window: Window, panel: SchoolPanel, entrants: tuple[Floats, Floats]
) -> pd.DataFrame:
    """Say for every township and stage how much its own figures weigh, and what follows from them next year.

    ``own weight = 1 − (1 − w_A)·(1 − w_C)``, w_A = weight of the township's effect, ``w_C = E_C / (E_C + κ)``: the part of
    the township's own deviation from the county that the forecast keeps, in its area effect and in the effect of the grade
    (E_C and κ of the ordinary or the structural kind by its probability), averaged over the grades by the pupils who can go
    on. What births feed has a weight of its own, ``entry_weight``: see `entrants_weight`. Noise holds that of the cells and
    the shocks of townships and county.

    Parameters
    ----------
    model, fit, window, panel, entrants
        As in `estimates`.

    Returns
    -------
    DataFrame
        `WEIGHT_COLUMNS`; the township ``county`` holds the whole county, whose own weight is not defined. Rates, weight
        and noise in %. [%]

    References
    ----------
    .. [1] docs/models/enrolment.md, section 13
    """
    towns, stages, noise = len(panel.townships), len(STAGES), window.noise
    sums, could = _sums(model, noise, panel)
    rows = []
    for place in [*range(towns), towns]:
        for stage in range(stages):
            here = slice(None) if place == towns else slice(place, place + 1)
            added = {name: float(values[here, stage].sum()) for name, values in sums.items()}
            if added["pupils"] <= 0:
                continue
            whole = {name: float(values[:, stage].sum()) for name, values in sums.items()}
            own = _own(fit, could, place, stage) if place < towns else _of_county(fit, stage)
            rows.append({
                "township_code": panel.townships[place] if place < towns else COUNTY,
                "stage": str(STAGES[stage]),
                **own,
                "rate": _percent(added["came"], added["could"]),
                "rate_county": _percent(whole["came"], whole["could"]),
                **_births(model, STAGES[stage]),
                **_entry(entrants, place, STAGES[stage]),
                "noise": _percent(np.hypot(np.sqrt(added["variance"]), noise.county_sd * added["mean"]), added["mean"]),
            })  # fmt: skip
    return pd.DataFrame(rows, columns=list(WEIGHT_COLUMNS))


def _sums(model: UnitModel, noise: Noise, panel: SchoolPanel) -> tuple[dict[str, Floats], Floats]:
    """Sums of the first year by township and stage, (townships, stages), and who could go on, (townships, grades)."""
    towns, stages = len(panel.townships), len(STAGES)
    school, grade = unit_index(panel)
    town, mean = panel.town[school], mean_step(model, model.start, 1)
    moving = np.ones(len(mean), dtype=bool)
    moving[model.entry] = False
    could = np.where(moving, model.transfer @ model.start, 0.0)
    parts = {
        "pupils": mean + model.start,
        "mean": mean,
        "came": np.where(moving, mean, 0.0),
        "could": could,
        "variance": np.array(noise.phi)[model.noise] * mean + np.array(noise.psi)[model.noise] * mean**2,
    }
    sums: dict[str, Floats] = {}
    for name, values in parts.items():
        found = np.bincount(town * stages + OF_GRADE[grade], weights=values, minlength=towns * stages)
        sums[name] = found.reshape(towns, stages).astype(float)
    shocks = noise.area_spread(np.bincount(town, weights=model.start, minlength=towns).astype(float))
    sums["variance"] += (shocks[:, None] * sums["mean"]) ** 2
    by_grade = np.zeros((towns, len(GRADES)))
    np.add.at(by_grade, (town, grade), could)
    return sums, by_grade


def own_weights(fit: Progression, priors: Priors) -> Floats:
    """Part of a township's own deviation that the forecast keeps, shape (townships, steps). [-]"""
    area = fit.area_weight
    ordinary = fit.expected_cell / (fit.expected_cell + fit.ordinary_pseudo)
    structural = fit.expected_recent / (fit.expected_recent + priors.structural_pseudo)
    cell = fit.structural * structural + (1 - fit.structural) * ordinary
    kept: Floats = 1 - (1 - area[:, None]) * (1 - cell)
    return kept


def _own(fit: Progression, could: Floats, town: int, stage: int) -> dict[str, object]:
    """Weight, pupils behind it and kind of effect of one township and stage; steps into which nobody can go are left."""
    steps = np.flatnonzero((OF_GRADE[1:] == stage) & (could[town, 1:] > 0))
    if not len(steps):
        return _blank()
    odd = [int(j) for j in steps if fit.structural[town, j] > STRUCTURAL]
    weight = np.average(own_weights(fit, Priors())[town, steps], weights=could[town, steps + 1])
    return {
        "own_weight": PERCENT * float(weight),
        "expected_pupils": float(fit.expected_cell[town, steps].sum()),
        "effect_kind": "structural" if odd else "ordinary",
        "effect_grades": "、".join(GRADE_LABELS_ZH[GRADES[j + 1]] for j in odd),
        "p_structural": float(fit.structural[town, steps].max()),
    }


def _of_county(fit: Progression, stage: int) -> dict[str, object]:
    steps = np.flatnonzero(OF_GRADE[1:] == stage)
    return _blank() | {"expected_pupils": float(fit.expected_cell[:, steps].sum())}


def _blank() -> dict[str, object]:
    return {
        "own_weight": np.nan,
        "expected_pupils": 0.0,
        "effect_kind": "",
        "effect_grades": "",
        "p_structural": np.nan,
    }


def _births(model: UnitModel, stage: Stage) -> dict[str, float]:
    """Births weight of the stage that births feed; NaN in the others."""
    if stage not in ENTRY_STAGES:
        return {"births_weight": np.nan, "births_weight_sd": np.nan}
    weight = model.weights[ENTRY_STAGES.index(stage)]
    return {"births_weight": weight.mean, "births_weight_sd": weight.sd}


def _entry(entrants: tuple[Floats, Floats], place: int, stage: Stage) -> dict[str, float]:
    """Weight of the own entrants and what is behind it; no weight for the county, neither where births feed nothing."""
    if stage not in ENTRY_STAGES:
        return {"entry_weight": np.nan, "entry_expected": np.nan}
    weight, behind = (part[:, ENTRY_STAGES.index(stage)] for part in entrants)
    if place == len(weight):
        return {"entry_weight": np.nan, "entry_expected": float(behind.sum())}
    return {"entry_weight": PERCENT * float(weight[place]), "entry_expected": float(behind[place])}


def _percent(part: float, whole: float) -> float:
    return PERCENT * part / whole if whole > 0 else np.nan


def _shared_rows(model: UnitModel, fit: Progression) -> Iterator[Row]:
    for stage, weight in zip(ENTRY_STAGES, model.weights, strict=True):
        yield "births_weight", str(stage), weight.mean, weight.sd
    for step, name in enumerate(step_names()):
        yield "progression", name, float(fit.theta_now[step]), np.nan


def step_names() -> list[str]:
    """Names of the steps from one grade to the next: ``1→2``."""
    return [f"{lower}→{upper}" for lower, upper in pairwise(GRADES)]


def _township_rows(model: UnitModel, fit: Progression, panel: SchoolPanel) -> Iterator[Row]:
    yield "signal_sd", "township", float(fit.law.signal_sd), np.nan
    yield "signal_memory", "township", float(fit.law.memory), np.nan
    for i, township in enumerate(panel.townships):
        yield "township_effect", township, float(fit.area_now[i]), float(model.area_sd[i])
        yield "township_own_weight", township, float(fit.area_weight[i]), np.nan
    used = fit.expected_cell > 0
    for i, township in enumerate(panel.townships):
        for step, name in enumerate(step_names()):
            if used[i, step]:
                yield "cell_effect", f"{township} {name}", float(fit.cell[i, step]), np.nan
                yield "p_structural", f"{township} {name}", float(fit.structural[i, step]), np.nan


def _noise_rows(window: Window) -> Iterator[Row]:
    noise = window.noise
    for k, name in enumerate(NOISE_CLASSES):
        yield "noise_phi", name, float(noise.phi[k]), np.nan
        yield "noise_psi", name, float(noise.psi[k]), np.nan
    yield "shock_sd", "township", float(noise.area_sd), np.nan
    yield "shock_phi", "township", float(noise.area_phi), np.nan
    yield "shock_sd", COUNTY, float(noise.county_sd), np.nan
    yield "shock_memory", COUNTY, float(noise.memory), np.nan
    for parameter, by_stage in zip(("width_county", "width", "width_school", "width_grade"), window.width, strict=True):
        for name, widths in zip(STAGES, by_stage, strict=True):
            for year, width in enumerate(widths, start=1):
                yield parameter, f"{name} +{year}", float(width), np.nan
    yield "noise_years", COUNTY, float(noise.years), np.nan
