"""Closed lists of words with their Chinese and English labels (the enums of every table).

A column whose type is ``enum:NAME`` in ``contracts/columns.toml`` takes its values from ``ENUMS[NAME]``.
"""

from collections.abc import Iterable
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
SEAT_TOWN: Final = "100"  # last digits of the town of the county government, by the rules of numbering townships
STREETS: Final = "0"  # townships whose last three digits begin so are street offices
SIZE_CLASSES: Final = ("0-30", "31-100", "101-500", "501+")  # pupils of a township's stage

LABELS_ZH: Final[dict[str, dict[str, str]]] = {
    "stage": {"pre": "学前", "primary": "小学", "junior": "初中", "senior": "高中"},
    "grade_band": {"k": "学前", "1-3": "小学一至三年级", "4-6": "小学四至六年级", "7-9": "初中", "10-12": "高中"},
    "size_class": dict(zip(SIZE_CLASSES, ("30 人及以下", "31–100 人", "101–500 人", "500 人以上"), strict=True)),
    "kind": {
        "kindergarten": "幼儿园",
        "teaching_point": "教学点",
        "primary": "小学",
        "junior": "初中",
        "nine_year": "九年一贯制学校",
        "senior": "普通高中",
        "vocational": "中等职业学校",
    },
    "road_class": {
        "expressway": "高速公路",
        "trunk": "国省道",
        "county": "县道",
        "township": "乡道",
        "village": "村道",
        "track": "便道",
        "path": "步道",
        "ferry": "渡口",
    },
    "barrier_kind": {"expressway": "高速公路", "river": "河流", "canal": "渠道", "railway": "铁路"},
    "value_status": {"observed": "实际", "forecast": "预测", "estimated": "估算"},
    "move": {
        "same": "未变",
        "chance": "未变（抽样误差之内）",
        "inside": "变动，在上次区间内",
        "outside": "变动，超出上次区间",
    },
    "change_cause": {"base_year": "基准年", "input": "输入文件", "option": "运行选项", "version": "软件版本"},
    "effect_kind": {"ordinary": "常规", "structural": "结构性"},
    "cohort": {"born": "已出生", "part": "部分出生", "unborn": "未出生"},
    "variant": {"low": "低方案", "middle": "中方案", "high": "高方案"},
    "births_driver": {
        "marriages": "育龄妇女和结婚人数继续减少",
        "trend": "近年走势延续、逐年减弱",
        "fertility": "生育水平企稳或回升",
    },
    "term": {"near": "近期", "long": "远期"},
    "seat_component": {"rooms": "教室", "area": "用房面积", "beds": "床位", "meals": "餐位", "none": "无"},
    "travel_mode": {
        "walk": "步行",
        "escort": "家长接送（机动车）",
        "bus": "校车或公交",
        "ebike": "电动自行车接送",
        "motorbike": "摩托车接送",
        "car": "私家车",
        "boarding": "寄宿生每周往返（机动车）",
    },
    "travel_case": {"normal": "平时", "winter": "冬季", "closed_road": "一处道路中断"},
    "closure_kind": {"bridge": "桥梁或隧道", "trunk": "国省道路段", "other": "其他路段"},
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
        "case": "程序事项",
    },
    "verdict": {"blocked": "否决", "undecided": "待论证", "keep": "保留"},
    "option": {
        "keep": "保留",
        "merge": "并入",
        "teaching_point": "改为教学点（一至三年级）",
        "manage": "并管理不并校址",
    },
    "severity": {"error": "错误", "warning": "警告", "notice": "提示"},
    "check_round": {"file": "逐表核对", "cross": "表间核对", "plausible": "合理性核对"},
    "crs_source": {
        "cgcs2000": "CGCS2000 经纬度",
        "wgs84": "WGS 84 经纬度",
        "gcj02": "GCJ-02（高德、腾讯）",
        "bd09": "BD-09（百度）",
        "projected": "CGCS2000 3° 带平面坐标（米）",
    },
    "ownership": {"public": "公办", "private": "民办"},
    "track": {"general": "普通学校（幼儿园）", "vocational": "中等职业学校", "none": "不在县内就读"},
    "event_kind": {"housing": "新建小区", "relocation": "易地搬迁", "returnees": "返乡", "closure": "停办或关停"},
    "group": {"left_behind": "留守儿童", "low_income": "低保家庭", "disabled": "残疾学生", "migrant": "随迁子女"},
    "need": {
        "vision": "视力",
        "hearing": "听力",
        "speech": "言语",
        "physical": "肢体",
        "intellectual": "智力",
        "mental": "精神",
        "multiple": "多重",
    },
    "setting": {"inclusive": "随班就读", "special_school": "特殊教育学校", "home_visit": "送教上门"},
    "staff_role": {"teacher": "专任教师", "carer": "保育员", "boarding": "生活教师、宿管员", "other": "其他教职工"},
    "subject_taught": {
        "preschool": "学前",
        "general": "全科或包班",
        "chinese": "语文",
        "maths": "数学",
        "english": "英语",
        "morality": "道德与法治",
        "science": "科学",
        "physics": "物理",
        "chemistry": "化学",
        "biology": "生物",
        "history": "历史",
        "geography": "地理",
        "it": "信息科技",
        "pe": "体育与健康",
        "music": "音乐",
        "art": "美术",
        "labour": "劳动与综合实践",
        "special": "特殊教育",
        "vocational": "中职专业课",
        "none": "不任课",
    },
    "age_band": {
        "-24": "24 岁及以下",
        "25-29": "25–29 岁",
        "30-34": "30–34 岁",
        "35-39": "35–39 岁",
        "40-44": "40–44 岁",
        "45-49": "45–49 岁",
        "50-54": "50–54 岁",
        "55-59": "55–59 岁",
        "60-": "60 岁及以上",
    },
    "degree": {"below": "高中阶段及以下", "associate": "专科", "bachelor": "本科", "master": "研究生"},
    "asset_kind": {"land": "土地", "building": "校舍", "equipment": "设备", "aid_project": "帮扶项目资产"},
    "land_title": {"state": "国有", "collective": "集体", "mixed": "国有与集体并存", "unknown": "未查清"},
    "building_title": {"held": "已登记", "none": "未登记", "disputed": "有争议", "unknown": "未查清"},
    "safety_grade": {"A": "A 级", "B": "B 级", "C": "C 级", "D": "D 级（危房）", "unknown": "未鉴定"},
    "asset_state": {
        "in_use": "在用",
        "stopped": "停办",
        "inventoried": "已清查",
        "titled": "已确权",
        "proposed": "已拟处置方案",
        "approved": "已审批",
        "transferred": "已移交",
        "reused": "再利用",
        "restored": "恢复办学",
    },
    "ledger_item": {
        "public_funds": "公用经费",
        "pay": "人员经费",
        "boarding_aid": "寄宿生补助",
        "heating": "取暖",
        "repairs": "维修",
        "transport": "交通",
        "fixed_assets": "固定资产",
    },
    "finance_item": {
        "public_funds": "生均公用经费",
        "boarding_aid": "寄宿生公用经费补助",
        "special_aid": "特教与随班就读生均公用经费",
        "heating": "生均取暖费",
        "pay_per_post": "每名教职工年人员经费",
        "private_subsidy": "普惠性民办园生均补助",
        "pay_ratio": "非在编与在编教师工资之比",
    },
    "case_kind": {
        "layout_plan": "布局专项规划",
        "closing": "撤并方案",
        "reopening": "恢复办学",
        "monitoring": "学龄人口监测报告",
        "asset": "闲置资产处置",
    },
    "step": {
        "draft": "方案制定",
        "appraisal": "论证",
        "opinion": "征求意见",
        "hearing": "听证",
        "notice": "公示",
        "risk": "社会稳定风险评估",
        "submit": "报批",
        "approve": "批准",
        "file": "备案",
        "transition": "过渡期",
        "done": "完成",
    },
    "level": {"county": "县", "prefecture": "市州", "province": "省"},
    "party": {
        "parents": "学生家长",
        "staff": "教职工",
        "village": "村民自治组织",
        "township": "乡镇政府",
        "delegates": "听证会代表",
    },
    "means": {"hearing": "听证会", "survey": "问卷", "meeting": "座谈会", "letter": "书面意见"},
    "indicator": {
        "resident_population": "常住人口",
        "retention_junior": "初中巩固率",
        "disabled_enrolment": "残疾儿童入学率",
        "migrant_in_public": "随迁子女在公办学校就读比例",
        "satisfaction": "义务教育满意度",
        "satisfaction_pre": "学前教育满意度",
        "rotation": "符合条件教师交流轮岗比例",
        "rotation_backbone": "交流教师中骨干教师比例",
        "senior_quota": "优质高中招生名额分配到初中的比例",
    },
}
ENUMS: Final[dict[str, tuple[str, ...]]] = {name: tuple(labels) for name, labels in LABELS_ZH.items()}
GRADE_LABELS_ZH: Final[dict[int, str]] = {
    -2: "小班", -1: "中班", 0: "大班", 1: "一年级", 2: "二年级", 3: "三年级", 4: "四年级", 5: "五年级", 6: "六年级",
    7: "初一", 8: "初二", 9: "初三", 10: "高一", 11: "高二", 12: "高三",
}  # fmt: skip


def joint_cohort(kinds: Iterable[str]) -> str:
    """Mark of several cohorts together: born if all are, unborn if all are, "" where nothing is told, else part."""
    found = set(kinds)
    return found.pop() if len(found) == 1 else "part" if found else ""


def in_county_seat(township: str) -> bool:
    """Whether a township is the county town (县城) or one of its street offices, by the last digits of its code."""
    last = township[-3:]
    return last.isdigit() and (last == SEAT_TOWN or last.startswith(STREETS))


def label(enum: str, value: str) -> str:
    """Chinese label of a value of an enum; the value itself where there is none."""
    return LABELS_ZH[enum].get(value, value)
