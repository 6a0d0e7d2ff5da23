"""Closed lists of words with their Chinese and English labels (the enums of every table).

A column whose type is ``enum:NAME`` in ``contracts/columns.toml`` takes its values from ``ENUMS[NAME]``.
"""

from enum import StrEnum
from typing import Final


class Stage(StrEnum):
    """学段."""

    PRE = "pre"
    PRIMARY = "primary"
    JUNIOR = "junior"
    SENIOR = "senior"


class GradeBand(StrEnum):
    """年级段: the unit of attendance and of travel limits."""

    K = "k"
    G13 = "1-3"
    G46 = "4-6"
    G79 = "7-9"
    G1012 = "10-12"


STAGE_GRADES: Final[dict[Stage, tuple[int, ...]]] = {
    Stage.PRE: (-2, -1, 0),
    Stage.PRIMARY: (1, 2, 3, 4, 5, 6),
    Stage.JUNIOR: (7, 8, 9),
    Stage.SENIOR: (10, 11, 12),
}
BAND_GRADES: Final[dict[GradeBand, tuple[int, ...]]] = {
    GradeBand.K: (-2, -1, 0),
    GradeBand.G13: (1, 2, 3),
    GradeBand.G46: (4, 5, 6),
    GradeBand.G79: (7, 8, 9),
    GradeBand.G1012: (10, 11, 12),
}
GRADES: Final[tuple[int, ...]] = tuple(g for grades in STAGE_GRADES.values() for g in grades)
STAGE_OF_GRADE: Final[dict[int, Stage]] = {g: s for s, grades in STAGE_GRADES.items() for g in grades}
BAND_OF_GRADE: Final[dict[int, GradeBand]] = {g: b for b, grades in BAND_GRADES.items() for g in grades}
STAGE_OF_BAND: Final[dict[GradeBand, Stage]] = {b: STAGE_OF_GRADE[grades[0]] for b, grades in BAND_GRADES.items()}
OUTSIDE: Final = "outside"  # the code of "not in a school of this county" in flows and allocation
COUNTY: Final = "county"  # the code of the whole county where a table has a row for it

LABELS_ZH: Final[dict[str, dict[str, str]]] = {
    "stage": {"pre": "学前", "primary": "小学", "junior": "初中", "senior": "高中"},
    "grade_band": {"k": "学前", "1-3": "小学一至三年级", "4-6": "小学四至六年级", "7-9": "初中", "10-12": "高中"},
    "kind": {
        "kindergarten": "幼儿园",
        "teaching_point": "教学点",
        "primary": "小学",
        "junior": "初中",
        "nine_year": "九年一贯制学校",
        "senior": "普通高中",
        "vocational": "中等职业学校",
    },
    "road_class": {"trunk": "国省道", "county": "县道", "township": "乡道", "village": "村道", "track": "便道"},
    "value_status": {"observed": "实际", "forecast": "预测", "estimated": "估算"},
    "cohort": {"born": "已出生", "part": "部分出生", "unborn": "未出生"},
    "term": {"near": "近期", "long": "远期"},
    "seat_component": {"rooms": "教室", "area": "用房面积", "beds": "床位", "meals": "餐位", "none": "无"},
    "travel_mode": {"walk": "步行", "escort": "家长接送（机动车）"},
    "travel_case": {"normal": "平时", "winter": "冬季"},
    "rule_mode": {
        "BLOCK": "一票否决",
        "BLOCK*": "原则上否决",
        "GATE": "程序",
        "WARN": "提醒",
        "SCORE": "评价",
        "PARAM": "本县自定",
        "DATA": "定义",
    },
    "outcome": {"pass": "符合", "fail": "不符合", "not_evaluated": "未评", "unset": "未定"},
    "subject": {
        "county": "县",
        "township": "乡镇",
        "village": "村（社区）",
        "school": "学校",
        "pair": "被并学校>接收学校",
    },
    "verdict": {"blocked": "否决", "undecided": "待论证", "keep": "保留"},
    "option": {
        "keep": "保留",
        "merge": "并入",
        "teaching_point": "改为教学点（一至三年级）",
        "manage": "并管理不并校址",
    },
    "severity": {"error": "错误", "warning": "警告", "notice": "提示"},
}
ENUMS: Final[dict[str, tuple[str, ...]]] = {name: tuple(labels) for name, labels in LABELS_ZH.items()}
GRADE_LABELS_ZH: Final[dict[int, str]] = {
    -2: "小班", -1: "中班", 0: "大班", 1: "一年级", 2: "二年级", 3: "三年级", 4: "四年级", 5: "五年级", 6: "六年级",
    7: "初一", 8: "初二", 9: "初三", 10: "高一", 11: "高二", 12: "高三",
}  # fmt: skip


def label(enum: str, value: str) -> str:
    """Chinese label of a value of an enum; the value itself where there is none."""
    return LABELS_ZH[enum].get(value, value)
