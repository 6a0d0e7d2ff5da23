"""Groups to watch by school and grade band, and the pupils with special needs by code."""

from typing import Final

import numpy as np
import pandas as pd

from layout_planner.demo.calibration import BASIS, stream
from layout_planner.demo.records.attendance import BANDS
from layout_planner.demo.simulate import World
from layout_planner.terms import ENUMS

GROUPS: Final = ENUMS["group"]
NEEDS: Final = {  # share among pupils in ordinary schools, and among the others
    "vision": (0.11, 0.04), "hearing": (0.13, 0.06), "speech": (0.12, 0.02), "physical": (0.22, 0.20),
    "intellectual": (0.32, 0.36), "mental": (0.06, 0.12), "multiple": (0.04, 0.20),
}  # fmt: skip
BASIS_GROUPS: Final = BASIS.split("：")[0] + "：按模拟学生逐个抽定，固定随机流"


def groups(world: World, people: pd.DataFrame) -> pd.DataFrame:
    """Count the groups among the pupils of every school and grade band; a count of none is written as 0.

    Parameters
    ----------
    world
        The simulated county.
    people
        Table of `base_people`.

    Returns
    -------
    DataFrame
        Columns of ``groups.csv``; every school and band with pupils, every group. [pupils]
    """
    seated = people[people["enrolled"]]
    sums = seated.groupby(["school", "band"])[list(GROUPS)].sum().reset_index()
    long = sums.melt(["school", "band"], var_name="group", value_name="pupils")
    long["school_id"] = world.schools["school_id"].to_numpy()[long["school"]]
    long["rank"] = long["band"].map(BANDS.index)
    long["which"] = long["group"].map(GROUPS.index)
    long = long.sort_values(["school_id", "rank", "which"], ignore_index=True)
    return pd.DataFrame({
        "grade_band": long["band"],
        "group": long["group"],
        "pupils": long["pupils"].astype(int),
        "school_id": long["school_id"],
        "source": "模拟：民政局、残联、学籍系统比对",
    }).assign(synthetic=True, basis=BASIS_GROUPS)  # fmt: skip


def special_pupils(world: World, people: pd.DataFrame) -> pd.DataFrame:
    """List the pupils with special needs, by code only.

    Pupils of ordinary schools (inclusive) are those counted as disabled in `groups`; children of school age who are in
    no school of the county are visited at home or attend a special school elsewhere, and have no school_id.

    Parameters
    ----------
    world
        The simulated county.
    people
        Table of `base_people`.

    Returns
    -------
    DataFrame
        Columns of ``special_pupils.csv``, ordered by a code that tells nothing.
    """
    who = people[people["setting"] != ""].reset_index(drop=True)
    rng = stream(world.cal.seed, "special pupils")
    code = 1 + rng.permutation(len(who))
    apart = (who["setting"] != "inclusive").to_numpy(dtype=int)
    ends = np.cumsum(np.array(list(NEEDS.values())), axis=0)
    ends = ends / ends[-1]
    need = (rng.random(len(who))[None, :] >= ends[:, apart]).sum(axis=0)
    schools = np.append(world.schools["school_id"].to_numpy(dtype=object), pd.NA)
    table = pd.DataFrame({
        "pupil_code": [f"T{number:04d}" for number in code],
        "village_code": world.villages["village_code"].to_numpy()[who["village"]],
        "grade": who["grade"],
        "need": np.array(list(NEEDS), dtype=object)[np.minimum(need, len(NEEDS) - 1)],
        "setting": who["setting"],
        "school_id": schools[who["school"]],
        "source": "模拟：残疾儿童少年入学台账",
    }).assign(synthetic=True, basis=BASIS_GROUPS)  # fmt: skip
    return table.sort_values("pupil_code", ignore_index=True)
