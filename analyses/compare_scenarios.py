"""方案比选：现状与 data/plans/ 中的方案，同一套抽样、同一把尺子；结果写到 out-analyses/compare_scenarios/。

改下面的参数，再运行：.venv/bin/python analyses/compare_scenarios.py
"""

from pathlib import Path

from layout_planner.cli.guard import run_script
from layout_planner.io.out import write_csv
from layout_planner.pipeline import RunOptions, compute
from layout_planner.scenario import compare

COUNTY = Path("data")  # 县数据文件夹，方案在其中的 plans/
OUT = Path("out-analyses/compare_scenarios")  # 结果文件夹
DRAWS = 400  # 抽样次数
SHOWN_YEARS = (2026, 2030, 2035)  # 打印哪些学年


def main() -> None:
    """Evaluate every plan, write the comparison and its findings, print both."""
    OUT.mkdir(parents=True, exist_ok=True)
    done = compute(COUNTY, RunOptions(draws=DRAWS))
    table = compare(list(done.evaluations))
    write_csv(table, OUT / "scenario_comparison.csv")
    for evaluation in done.evaluations:
        write_csv(evaluation.findings, OUT / f"findings_{evaluation.plan.name}.csv")
    for row in table[table["school_year"].isin(SHOWN_YEARS)].itertuples():
        verdict = "可行" if row.feasible else f"一票否决（{row.vetoes}）"
        print(
            f"{row.plan} {row.school_year} 学年：{verdict}；在办 {row.schools_open} 所；转学 {row.moved:,.0f} 人；"
            f"一至三年级超时 {row.g13_over_limit:,.0f} 人；平均 {row.minutes_mean:.0f}、最长 {row.minutes_max:.0f} 分钟；"
            f"学位缺口 P50 {row.seats_short_p50:,.0f} 个"
        )
    print(f"结果：{OUT}")


if __name__ == "__main__":
    run_script(main)
