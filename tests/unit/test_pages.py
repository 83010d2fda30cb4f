"""Reports in one file, and the plots in them."""

import math
import re
import xml.etree.ElementTree as ET

import pytest

from vocalverse import pages, plots

NAUGHTY = '<script>alert("x")</script> & co'


def test_words_of_others_are_never_markup() -> None:
    table = pages.table([{"name": NAUGHTY, "n": 1}], ["name", "n"])
    said = pages.page(NAUGHTY, pages.heading(NAUGHTY), pages.paragraph(NAUGHTY), table)
    assert "<script" not in said
    assert said.count("&lt;script&gt;") == 5
    assert "<script" not in plots.bars([plots.Bar(NAUGHTY, 1.0)], plots.Axes(NAUGHTY))


def test_a_page_asks_nothing_of_anybody_else() -> None:
    said = pages.page("Report", pages.figure(plots.histogram([1.0, 2.0], plots.Axes("x", "y")), "caption"))
    assert re.findall(r"(?<!-)(?:src|href|url|import)\W", said) == []
    assert "default-src 'none'" in said


def test_a_table_sets_columns_of_numbers_to_the_right_and_shows_what_is_missing() -> None:
    said = pages.table([{"who": "a", "n": 1.23456}, {"who": "b", "n": None}], ["who", "n"])
    assert '<th class="number">n</th>' in said
    assert '<td class="number">1.235</td>' in said
    assert '<td class="number">–</td>' in said
    assert "<td>a</td>" in said


@pytest.mark.parametrize(
    "drawing",
    [
        plots.lines([plots.Line("a", [0, 1, 2], [3, math.nan, 4]), plots.Line("b", [0], [1])], plots.Axes("x", "y")),
        plots.scatter([1.0, 2.0, math.inf], [2.0, 1.0, 0.0], plots.Axes("x", "y")),
        plots.bars([plots.Bar("a", 1.0, 0.5, 1.5), plots.Bar("b", math.nan), plots.Bar("c", -2.0)], plots.Axes("x")),
        plots.histogram([1.0] * 5, plots.Axes("x")),
        plots.histogram([1e17] * 2, plots.Axes("x")),
        plots.lines([], plots.Axes()),
        plots.scatter([math.nan], [1.0], plots.Axes()),
        plots.bars([], plots.Axes()),
        plots.histogram([], plots.Axes()),
    ],
)
def test_every_plot_is_svg_that_stays_in_its_picture(drawing: str) -> None:
    svg = ET.fromstring(drawing)
    _, _, width, height = map(float, svg.attrib["viewBox"].split())
    assert "nan" not in drawing
    assert "inf" not in drawing
    for part in svg.iter():
        for name, most in (("x", width), ("x1", width), ("x2", width), ("y", height), ("y1", height), ("y2", height)):
            assert 0 <= float(part.get(name, "0")) <= most


def test_a_line_is_broken_where_nothing_is_known() -> None:
    drawing = plots.lines([plots.Line("a", [0, 1, 2, 3, 4], [1, 2, math.nan, 3, 4])], plots.Axes())
    assert re.findall(r'd="([^"]*)"', drawing)[0].count("M") == 2


def test_a_dot_on_the_line_of_equals_says_the_same_on_both_axes() -> None:
    drawing = plots.scatter([2.0, 4.0], [2.0, 3.0], plots.Axes())
    dots = [tuple(map(float, dot)) for dot in re.findall(r"M([\d.]+) ([\d.]+)h0", drawing)]
    ends = re.search(r'x1="([\d.]+)" y1="([\d.]+)" x2="([\d.]+)" y2="([\d.]+)"[^>]*dasharray', drawing)
    assert ends
    x1, y1, x2, y2 = map(float, ends.groups())
    above = [(y1 + (y2 - y1) * (x - x1) / (x2 - x1)) - y for x, y in dots]  # of the line, in the picture
    assert above[0] == pytest.approx(0, abs=0.2)
    assert above[1] < -10  # told lower than it is


def test_bars_are_as_long_as_their_values_and_a_histogram_counts_each_once() -> None:
    lengths = re.findall(r'width="([\d.]+)"', plots.bars([plots.Bar("a", 1.0), plots.Bar("b", 2.0)], plots.Axes()))
    bars = [float(length) for length in lengths if float(length) > 1]
    assert bars[1] == pytest.approx(2 * bars[0], rel=0.01)
    columns = re.findall(r'<rect[^>]*height="([\d.]+)"', plots.histogram([1, 1, 2, 3, 3, 3], plots.Axes(), bins=3))
    heights = [float(height) for height in columns]
    assert [height / heights[1] for height in heights] == pytest.approx([2, 1, 3], rel=0.01)
