from xml.etree import ElementTree

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import FancyArrowPatch
from matplotlib.text import Text

from layout_planner.errors import DataError, sentence
from layout_planner.figures import style
from layout_planner.figures.basemap import BaseMap, at_points
from layout_planner.figures.births import plot_births, plot_children_by_stage
from layout_planner.figures.candidates_map import plot_candidates_map, rules_of
from layout_planner.figures.capacity_map import plot_capacity_map
from layout_planner.figures.labels import Label, place, short_place
from layout_planner.figures.minutes_map import plot_minutes_map
from layout_planner.figures.save import save_figure
from layout_planner.figures.use_by_school import plot_use_by_school


def texts(ax) -> str:
    return "\n".join(text.get_text() for text in style.figure_of(ax).findobj(Text))


def candidate_pairs(schools):
    rows = pd.DataFrame(
        {
            "school_id": ["9900000002", "9900000002", "9900000005"],
            "school_name": ["示例小学03", "示例小学03", "示例小学04"],
            "receiver_id": ["9900000000", "9900000001", "9900000001"],
            "verdict": ["blocked", "blocked", "undecided"],
            "vetoes": ["T01", "T01、M19", ""],
            "pupils_now": [60.0, 60.0, 40.0],
        }
    )
    return at_points(rows, schools, "school_id")


def test_births_say_that_projected_children_are_unborn(births, note):
    with style.use_style():
        ax = plot_births(births, note=note)
    shown = texts(ax)
    assert "未出生" in shown
    assert "P10–P90" in shown
    assert "模拟数据" in shown
    assert "820\n" in shown or "2024年\n820" in shown
    assert len(ax.patches) >= 10  # a bar for every registered year


def test_births_of_a_county_without_forecast_have_no_unborn_part(births, note):
    with style.use_style():
        ax = plot_births(births[births["status"] == "observed"], note=note)
    assert "这些孩子尚未出生" not in texts(ax)


def test_one_panel_for_each_stage_of_the_table(stages, note):
    with style.use_style():
        axes = plot_children_by_stage(stages, note=note)
    assert [ax.get_title(loc="left") for ax in axes[:3]] == ["学前（人）", "小学（人）", "初中（人）"]
    assert not axes[3].axison
    assert all(ax.get_ylim()[0] == 0 for ax in axes[:3])


def test_given_axes_are_used_and_no_title_is_written(births):
    with style.use_style():
        given_axes = style.chart_axes()[0]
        assert plot_births(births, ax=given_axes) is given_axes
    assert "出生人口" not in texts(given_axes)


def test_capacity_map_counts_schools_by_class_in_its_legend(schools, base, note):
    with style.use_style():
        ax = plot_capacity_map(schools, base, note=note)
    shown = texts(ax)
    for said in ("50%–80%：1 所", "100%–120%：1 所", "120% 以上：1 所", "（空壳学校）：1 所", "学位不详（—）：1 所"):
        assert said in shown
    assert "n = 6 所，在校生 1,632 人，学位 1,890 个" in shown
    assert "审图号" in shown
    assert "示意边界" in shown
    assert "公里" in shown
    assert "北" in shown


def test_real_data_carry_no_stamp(schools, base):
    with style.use_style():
        ax = plot_capacity_map(schools, base, note=style.Note("县教育局", "2024年9月1日", synthetic=False))
    assert "模拟数据" not in texts(ax)


def test_minutes_map_tells_no_route_from_far(villages, base, note):
    with style.use_style():
        ax = plot_minutes_map(villages, base, limit=30, note=note)
    shown = texts(ax)
    assert "0–10 分钟：1 村" in shown
    assert "20–30 分钟：1 村" in shown  # exactly at the limit is within it
    assert "超过 30 分钟：1 村" in shown
    assert "无路可达：1 村" in shown
    assert "戊村" in shown


def test_candidates_map_draws_an_arrow_for_every_pair_and_names_the_rules(schools, base, note):
    with style.use_style():
        ax = plot_candidates_map(candidate_pairs(schools), schools, base, note=note)
    arrows = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    assert len(arrows) == 3
    assert sum(arrow.get_linestyle() != "-" and arrow.get_linestyle() != "solid" for arrow in arrows) == 2
    shown = texts(ax)
    assert "全部被否决 M19 T01" in shown
    assert "被否决：2 个" in shown
    assert "待论证：1 个" in shown


def test_use_by_school_prints_a_dash_where_there_are_no_seats(note):
    use = pd.DataFrame({"school_name": ["甲校", "乙校"], 2024: [1.25, float("nan")], 2029: [0.6, float("nan")]})
    with style.use_style():
        ax = plot_use_by_school(use, years=[2024, 2029], note=note)
    shown = texts(ax)
    assert "125%" in shown
    assert shown.count("—") >= 2
    assert "nan" not in shown


def test_files_are_the_same_bytes_and_have_no_missing_glyph(schools, base, note, tmp_path):
    files = []
    for name in ("one", "two"):
        with style.use_style():
            ax = plot_capacity_map(schools, base, note=note)
        files.append(save_figure(style.figure_of(ax), tmp_path / name))
    for first, second in zip(*files, strict=True):
        assert first.read_bytes() == second.read_bytes()
    png, svg = files[0]
    assert png.read_bytes()[16:20] == (1889).to_bytes(4)  # 16 cm at 300 dpi
    text = svg.read_text(encoding="utf-8")
    assert "<text" not in text
    assert "stroke-linejoin: round" in text
    assert len(list(ElementTree.fromstring(text).iter())) > 100


def test_a_map_in_degrees_is_refused(base):
    with pytest.raises(DataError) as error:
        BaseMap(base.townships.to_crs(4490))
    assert error.value.code == "map_needs_metres"
    assert "EPSG:4542" in sentence(error.value.code, error.value.fields, "zh")


def test_points_of_another_crs_are_refused(schools, base):
    with pytest.raises(DataError) as error:
        base.check(schools.to_crs(4543), "schools")
    assert error.value.code == "map_crs_differs"


def test_a_school_without_a_point_is_named(schools):
    with pytest.raises(DataError) as error:
        at_points(pd.DataFrame({"school_id": ["9999999999"]}), schools, "school_id")
    assert error.value.fields["ids"] == ["9999999999"]


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=1, max_size=12))
def test_placed_labels_never_overlap(spots):
    with style.use_style():
        ax = style.chart_axes()[0]
        ax.set(xlim=(0, 100), ylim=(0, 100))
        place(ax, [Label(f"村{n}", x, y, 3.0) for n, (x, y) in enumerate(spots)], [(x, y, 3.0) for x, y in spots])
        renderer = FigureCanvasAgg(style.figure_of(ax)).get_renderer()
        boxes = [text.get_window_extent(renderer) for text in ax.texts]
    assert not any(a.overlaps(b) for at, a in enumerate(boxes) for b in boxes[:at])


def test_names_of_villages_are_cut_and_rules_listed_once():
    assert short_place("河西村村民委员会") == "河西村"
    assert short_place("人民东路居民委员会") == "人民东路"
    assert rules_of(pd.Series(["T01、M19", "T01", ""])) == "M19 T01"


def test_an_empty_layer_of_roads_is_no_road(base, schools, note):
    bare = BaseMap(base.townships, None)
    with style.use_style():
        ax = plot_capacity_map(schools, bare, note=note)
    assert "国省道" not in texts(ax)
    assert isinstance(schools, gpd.GeoDataFrame)
