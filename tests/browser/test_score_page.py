"""The page of a take's scores in a real browser: nothing is fetched, nothing sticks out, by day, by night, on a phone."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.test_picture import ALONE
from tests.unit.test_score_picture import portrait
from vocalverse.picture.web import web

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_WIDE, _PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "take.html"
    path.write_text(web(portrait(), ALONE), encoding="utf-8")
    return path


@pytest.fixture(params=[(_WIDE, "light"), (_WIDE, "dark"), (_PHONE, "light")], ids=["wide", "dark", "phone"])
def page(browser: "Browser", file: Path, request: pytest.FixtureRequest) -> "Iterator[Page]":
    viewport, scheme = request.param
    context = browser.new_context(viewport=viewport, color_scheme=scheme, offline=True)
    opened = context.new_page()
    asked: list[str] = []
    opened.on("request", lambda one: asked.append(one.url))
    opened.on("console", lambda message: asked.append(message.text))
    opened.goto(file.as_uri())
    yield opened
    assert asked == [file.as_uri()]
    context.close()


def test_it_fits_its_window_and_only_the_singing_scrolls(page: "Page") -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator(".ribbon svg").bounding_box()["width"] >= 58 * 16  # type: ignore[index]


def test_cards_lie_beside_or_below_one_another(page: "Page") -> None:
    boxes = [one.bounding_box() for one in page.locator("section").all()]
    assert len(boxes) == 5
    for at, one in enumerate(boxes):
        for other in boxes[at + 1 :]:
            assert one
            assert other
            apart = one["x"] + one["width"] <= other["x"] + 1 or other["x"] + other["width"] <= one["x"] + 1
            assert apart or one["y"] + one["height"] <= other["y"] + 1 or other["y"] + other["height"] <= one["y"] + 1


def test_every_word_can_be_read_on_its_ground(page: "Page") -> None:
    """At 4.5 to 1, as WCAG wants small text; words of the drawing at 3 to 1."""
    poor = page.evaluate(
        """() => {
          const light = colour => { const [r, g, b] = colour.match(/[\\d.]+/g).map(one => {
              const c = one / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
            return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
          const ratio = (one, other) => { const [a, b] = [light(one), light(other)].sort((x, y) => y - x);
            return (a + 0.05) / (b + 0.05); };
          const ground = getComputedStyle(document.body).backgroundColor;
          const texts = [...document.querySelectorAll('p, li, h1, h2, h2 span, summary')];
          const letters = [...document.querySelectorAll('.radar text')];
          return [...texts.filter(one => ratio(getComputedStyle(one).color, ground) < 4.5),
            ...letters.filter(one => ratio(getComputedStyle(one).fill, ground) < 3)].map(one => one.outerHTML);
        }"""
    )
    assert poor == []
