"""布局规划用图：规划文本里的全部图件，16 厘米宽、300 dpi 的 PNG 和 SVG；结果写到 out-analyses/layout_plan/。

改下面的参数，再运行：.venv/bin/python analyses/layout_plan.py
"""

from pathlib import Path

from layout_planner.cli.guard import run_script
from layout_planner.pipeline import RunOptions, compute
from layout_planner.pipeline.draw import draw_all

COUNTY = Path("data")  # 县数据文件夹
OUT = Path("out-analyses/layout_plan")  # 结果文件夹
DRAWS = 1000  # 抽样次数


def main() -> None:
    """Compute everything and draw the figures."""
    OUT.mkdir(parents=True, exist_ok=True)
    done = compute(COUNTY, RunOptions(draws=DRAWS))
    for drawn in draw_all(done.setup, done.drawing_tables(), OUT):
        print(f"{drawn.number} {drawn.title}:{drawn.stem}.png、.svg")
    print(f"结果：{OUT}")


if __name__ == "__main__":
    run_script(main)
