"""预测：分镇分学段在校生到 2040 年，带区间；结果写到 out-analyses/forecast/。

改下面的参数，再运行：.venv/bin/python analyses/forecast.py
"""

from pathlib import Path

from layout_planner import terms
from layout_planner.cli.guard import run_script
from layout_planner.figures.births import plot_births, plot_children_by_stage
from layout_planner.figures.save import save_figure
from layout_planner.figures.style import figure_of, use_style
from layout_planner.io.out import write_csv
from layout_planner.pipeline import RunOptions, compute_forecast
from layout_planner.pipeline.draw import county_births, county_stages, history_of, note_of

COUNTY = Path("data")  # 县数据文件夹
OUT = Path("out-analyses/forecast")  # 结果文件夹
HORIZON = 16  # 向后预测几个学年
DRAWS = 1000  # 抽样次数
SHOWN_YEARS = (2024, 2027, 2030, 2034, 2040)  # 打印哪些学年
TABLES = (
    "births_projected", "births_variants", "forecast_school", "forecast_township", "forecast_stage", "forecast_village",
    "forecast_variants",
)  # fmt: skip


def main() -> None:
    """Forecast, write the tables and two figures, print the county by stage."""
    OUT.mkdir(parents=True, exist_ok=True)
    done = compute_forecast(COUNTY, RunOptions(horizon=HORIZON, draws=DRAWS))
    tables = done.tables()
    for name in TABLES:
        write_csv(tables[name], OUT / f"{name}.csv")
    births, variants = county_births(tables["births_projected"]), county_births(tables["births_variants"])
    note = note_of(done.setup)
    with use_style():
        save_figure(figure_of(plot_births(births, variants, note=note)), OUT / "births")
        stages = county_stages({**tables, "history": history_of(done.setup)})
        save_figure(figure_of(plot_children_by_stage(stages, note=note)[0]), OUT / "stages")
    county = tables["forecast_stage"]
    county = county[(county["township_code"] == terms.COUNTY) & county["school_year"].isin(SHOWN_YEARS)]
    for row in county.itertuples():
        label = terms.label("stage", row.stage)
        band = f"P10–P90:{row.pupils_p10:,.0f}–{row.pupils_p90:,.0f}"
        print(
            f"{row.school_year} 学年 {label}在校生 {row.pupils_p50:,.0f} 人（{band}） {terms.label('cohort', row.cohort)}"
        )
    print(f"结果：{OUT}")


if __name__ == "__main__":
    run_script(main)
