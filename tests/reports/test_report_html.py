import base64
import io
import re
from html.parser import HTMLParser

import pytest
from fontTools.ttLib import TTFont

from layout_planner.reports import build_document, render_html
from layout_planner.reports.html import CSP, font_subset


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def html(inputs):
    return render_html(build_document(inputs))


@pytest.fixture(scope="module")
def page(html):
    reader = Reader()
    reader.feed(html)
    return reader


def test_a_script_in_a_name_is_text(html, page):
    assert "script" not in page.tags
    assert "<script" not in html.lower()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script>alert(1)</script>" in "".join(page.text)


def test_nothing_is_asked_of_a_network(html, page):
    assert "http://" not in html
    assert "https://" not in html
    assert "//" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", html)
    sources = [value for _, name, value in page.attributes if name in {"src", "href", "srcset", "action", "data"}]
    assert sources
    assert all(value.startswith(("data:", "#")) for value in sources)
    assert not {"script", "iframe", "object", "embed", "link", "form", "base"} & set(page.tags)
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]


def test_the_page_forbids_scripts_and_requests_itself(page):
    policies = [
        value for tag, name, value in page.attributes if tag == "meta" and name == "content" and "default-src" in value
    ]
    assert policies == [CSP]
    assert "script-src" not in CSP
    assert CSP.startswith("default-src 'none'")


def test_every_figure_has_a_text_for_those_who_cannot_see_it(page):
    alts = [value for tag, name, value in page.attributes if tag == "img" and name == "alt"]
    assert alts == ["小学分布地图", '"<script>alert(1)</script>']


def test_made_data_say_so_on_screen_and_on_every_printed_page(html, inputs):
    assert '<div class="banner" role="note"><strong>模拟数据</strong>' in html
    assert '@top-center { content: "模拟数据，不代表任何真实学校"' in html
    assert "（模拟数据）</title>" in html


def test_real_data_carry_no_mark(inputs):
    import dataclasses

    real = dataclasses.replace(inputs, synthetic=False, tables={}, figures=())
    assert "模拟数据" not in render_html(build_document(real))


def test_tables_repeat_their_heads_and_name_their_cells(html, page):
    assert "display: table-header-group" in html
    assert page.tags.count("table") == page.tags.count("thead") == page.tags.count("caption")
    assert [value for tag, name, value in page.attributes if tag == "th" and name == "scope"]


def test_the_font_inside_holds_every_printed_character(html, page):
    fonts = re.findall(r"data:font/woff;base64,([A-Za-z0-9+/=]+)", html)
    assert len(fonts) == 2
    printed = {letter for text in page.text for letter in text if not letter.isspace()}
    for packed in fonts:
        have = TTFont(io.BytesIO(base64.b64decode(packed))).getBestCmap()
        style_and_text = {letter for letter in printed if ord(letter) not in have}
        assert style_and_text == set()


def test_the_same_texts_give_the_same_font():
    assert font_subset("Regular", ["高台县"]) == font_subset("Regular", ["县高台"])


def test_the_file_is_small(html):
    assert len(html.encode("utf-8")) < 400_000
