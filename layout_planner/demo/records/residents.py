"""Three counts of children (户籍, 常住, 学籍) by township and age, and the differences put into the file."""

from typing import Final

import numpy as np
import pandas as pd

from layout_planner.demo.calibration import Ints, stream
from layout_planner.demo.records.attendance import BASIS_COUNTED
from layout_planner.demo.records.people import OLDEST
from layout_planner.demo.simulate import World

COUNTS: Final = ("registered", "away", "incoming", "resident", "enrolled", "enrolled_outside", "not_enrolled")
BASIS_DIFFERENCES: Final = BASIS_COUNTED + "，个别单元格有意放入差额"
# column that is off, lowest and highest age, share of the residents (sign: too many or too few), what the office wrote
PLANTED: Final = (
    ("registered", 0, 0, -0.09, "出生后尚未落户 {n} 人，办理中。县公安局户政大队 李示例 2024-10-12"),
    ("enrolled", 6, 7, 0.07, "跨镇转学手续未办结，{n} 人在两校重复计学籍，已列清单核减。县教育局学籍管理室 王示例 2024-10-18"),
    ("incoming", 7, 9, -0.08, "新迁入户 {n} 名儿童已入住、尚未登记。县公安局户政大队 赵示例 2024-10-15"),
    ("away", 11, 13, 0.07, "{n} 人已随家返乡，外出登记未注销。镇人民政府 周示例 2024-10-20"),
    ("enrolled_outside", 15, 16, -0.08, "{n} 人在市外就读，学籍回执未到。县教育局学籍管理室 王示例 2024-10-18"),
)  # fmt: skip


def residents(world: World, people: pd.DataFrame, registered: Ints) -> pd.DataFrame:
    """Count the children of the base year; no difference is left.

    Parameters
    ----------
    world
        The simulated county.
    people
        Table of `base_people`.
    registered
        Town of the register of every row of `people`.

    Returns
    -------
    DataFrame
        Columns of ``residents.csv``: registered − away + incoming = resident = enrolled + enrolled_outside +
        not_enrolled in every row. Children aged 0–2 are not enrolled. [children]
    """
    towns = len(world.cal.towns)
    age, home, alive, here, seated, outside = (
        people[c].to_numpy() for c in ("age", "town", "alive", "resident", "enrolled", "outside")
    )

    def count(who: np.ndarray, town: np.ndarray) -> Ints:
        kept = who & (age <= OLDEST) & (town >= 0)
        flat = np.bincount(town[kept] * (OLDEST + 1) + age[kept], minlength=towns * (OLDEST + 1))
        return flat.astype(np.int64)

    at_home = here & (registered == home)
    columns = (
        count(alive, registered), count(alive & ~at_home, registered), count(here & ~at_home, home), count(here, home),
        count(here & seated, home), count(here & outside, home), count(here & ~seated & ~outside, home),
    )  # fmt: skip
    codes = [t.code for t in world.cal.towns]
    keys = pd.DataFrame({
        "township_code": np.repeat(codes, OLDEST + 1),
        "year": world.cal.base_year,
        "age": np.tile(np.arange(OLDEST + 1), towns),
    })  # fmt: skip
    return keys.assign(**dict(zip(COUNTS, columns, strict=True)), synthetic=True, basis=BASIS_COUNTED)


def with_differences(world: World, true: pd.DataFrame) -> pd.DataFrame:
    """Put in the planted differences, each with the explanation an office has signed.

    Parameters
    ----------
    world
        The simulated county.
    true
        Table of `residents`.

    Returns
    -------
    DataFrame
        The same rows with column `explanation`; at most one difference a township. [children]
    """
    rng = stream(world.cal.seed, "differences")
    table = true.assign(explanation=pd.Series(pd.NA, index=true.index, dtype="object"), basis=BASIS_DIFFERENCES)
    used: set[str] = set()
    for column, low, high, share, words in PLANTED:
        rows = table.index[table["age"].between(low, high) & ~table["township_code"].isin(used)]
        if len(rows) == 0:
            break
        most = table.loc[rows, column].idxmax()
        row = most if share < 0 else int(rng.choice(rows))
        size = max(2, round(abs(share) * table.loc[row, "resident"]))
        off = size if share > 0 else -min(size, int(table.loc[row, column]))
        if off:
            table.loc[row, column] += off
            table.loc[row, "explanation"] = words.format(n=abs(off))
            used.add(str(table.loc[row, "township_code"]))
    return table
