import csv
import importlib.util
from pathlib import Path

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.font_manager import findfont, fontManager

from layout_planner.figures import style

ROOT = Path(__file__).resolve().parents[2]
RARE = "塅嶅墈坝砦堡"  # characters of place names that GB 2312 lacks or seldom has
SIGNS = "①㎡−→≤≥×√●■▲△○◇★…，。：；（）、“”—│┼÷²"


def build_fonts():
    spec = importlib.util.spec_from_file_location("build_fonts", ROOT / "tools" / "build_fonts.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ink(letter: str) -> np.ndarray:
    with style.use_style():
        figure = style.new_figure(1.0, width_cm=1.0)
        figure.text(0.2, 0.2, letter, fontsize=14)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba()).copy()


def test_both_weights_hold_every_listed_character():
    listed = [chr(point) for point in build_fonts().read_list()]
    assert len(listed) > 9000
    assert style.missing_glyphs(listed) == set()


def test_rare_place_characters_and_signs_are_there():
    assert style.missing_glyphs([RARE, SIGNS]) == set()


def test_a_character_outside_the_fonts_is_named():
    assert style.missing_glyphs(["高台县\U0001f600"]) == {"\U0001f600"}


def test_every_name_of_the_demo_county_can_be_printed():
    names = []
    for file in (ROOT / "data" / "villages.csv", ROOT / "data" / "births.csv"):
        with file.open(encoding="utf-8-sig", newline="") as rows:
            names += [text for row in csv.DictReader(rows) for text in row.values() if text]
    for file in ("schools.geojson", "townships.geojson"):
        layer = gpd.read_file(ROOT / "data" / file)
        names += [str(text) for column in layer.columns.drop("geometry") for text in layer[column].dropna()]
    assert len(names) > 1000
    assert style.missing_glyphs(names) == set()


def test_two_characters_look_different_from_each_other_and_from_an_empty_box():
    school, stroke = ink("校"), ink("划")
    with pytest.warns(UserWarning, match="missing from font"):
        box = ink("\ue123")
    assert not np.array_equal(school, stroke)
    assert not np.array_equal(school, box)
    assert not np.array_equal(stroke, box)
    assert (school < 128).any()


def test_the_style_is_gone_after_its_context():
    before = mpl.rcParams["font.family"]
    with style.use_style():
        assert mpl.rcParams["font.family"][0] == style.FAMILY
        assert Path(findfont(style.FAMILY)).parent.name == "fonts"
        assert style.FAMILY in fontManager.get_font_names()
    assert mpl.rcParams["font.family"] == before


def test_font_files_are_small_and_carry_their_licence():
    for weight in style.WEIGHTS:
        assert style.font_path(weight).stat().st_size < 5_000_000
    assert "SIL OPEN FONT LICENSE" in style.font_path("Bold").with_name("OFL.txt").read_text(encoding="utf-8")


def test_the_character_list_survives_writing_and_reading(tmp_path):
    module = build_fonts()
    module.LIST = tmp_path / "list.txt"
    module.write_list({0x4E00, 0x4E01, 0x4E02, 0x8000, 0x20164})
    assert module.read_list(module.LIST) == [0x4E00, 0x4E01, 0x4E02, 0x8000, 0x20164]
