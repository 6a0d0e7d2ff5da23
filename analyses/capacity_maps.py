"""学位图：各学段学位利用率的地图，基准年、+3、+5、+10 年用同一套分级；结果写到 out-analyses/capacity_maps/。

改下面的参数，再运行：.venv/bin/python analyses/capacity_maps.py
"""

from pathlib import Path

from layout_planner import terms
from layout_planner.cli.guard import run_script
from layout_planner.figures.basemap import at_points
from layout_planner.figures.capacity_map import plot_capacity_map
from layout_planner.figures.save import save_figure
from layout_planner.figures.style import figure_of, use_style
from layout_planner.io.out import write_csv
from layout_planner.pipeline import RunOptions, compute_forecast
from layout_planner.pipeline.draw import base_map, note_of
from layout_planner.pipeline.supply import supply_of, use_in_year

COUNTY = Path("data")  # 县数据文件夹
OUT = Path("out-analyses/capacity_maps")  # 结果文件夹
STAGES = (terms.Stage.PRIMARY, terms.Stage.JUNIOR)  # 画哪些学段
YEARS_AHEAD = (0, 3, 5, 10)  # 基准年之后几年
DRAWS = 400  # 抽样次数


def main() -> None:
    """Count the seats, draw a map for every stage and year, write the table."""
    OUT.mkdir(parents=True, exist_ok=True)
    done = compute_forecast(COUNTY, RunOptions(horizon=max(max(YEARS_AHEAD), 1), draws=DRAWS))
    setup = done.setup
    supply = supply_of(setup, done.outlook.pupils)
    write_csv(supply.seats, OUT / "seats.csv")
    write_csv(supply.balance, OUT / "seat_balance.csv")
    base, note = base_map(setup), note_of(setup)
    with use_style():
        for stage in STAGES:
            for ahead in YEARS_AHEAD:
                year = setup.base_year + ahead
                rows = use_in_year(supply.seats, done.outlook.pupils, stage, year)
                title = f"{year} 学年{terms.label('stage', stage)}学位利用率" + ("(预测中位数)" if ahead else "")
                points = at_points(rows, setup.schools, "school_id")
                axes = plot_capacity_map(points, base, note=note, title=title)
                save_figure(figure_of(axes), OUT / f"{stage}_{year}")
                used, seats = rows["pupils_now"].sum(), rows["seats"].sum()
                print(f"{title}：在校生 {used:,.0f} 人，学位 {seats:,.0f} 个")
    print(f"结果：{OUT}")


if __name__ == "__main__":
    run_script(main)
