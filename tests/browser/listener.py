"""Somebody who listens, at a browser of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Page

from tests.listening_house import House
from tests.patience import until

_PATIENCE_MS = 90_000  # for what never comes; it is no measure of speed
_QUICKLY = "const Own = Audio; window.Audio = function (src) { const a = new Own(src); a.defaultPlaybackRate = a.playbackRate = 4; return a; };"


@dataclass(frozen=True)
class Listener:
    """Somebody at a browser of their own."""

    page: Page
    house: House

    @classmethod
    def comes(cls, browser: Browser, house: House, *, to: str = "/", **device: Any) -> "Listener":
        context = browser.new_context(base_url=house.url, **{"locale": "en-GB", **device})
        context.set_default_timeout(_PATIENCE_MS)
        page = context.new_page()
        page.add_init_script(_QUICKLY)
        page.goto(to)
        return cls(page, house)

    def joins(self, name: str) -> None:
        self.page.get_by_label("A name for you").fill(name)
        self.page.keyboard.press("Enter")
        self.page.locator(".take").first.wait_for()

    @property
    def order(self) -> list[str]:
        """Takes by their ids, from top to bottom."""
        return self.page.locator(".take").evaluate_all("all => all.map(one => one.dataset.take)")

    @property
    def count(self) -> str:
        return self.page.locator("#count").inner_text()

    def hears_all(self) -> None:
        self.page.locator(".take").first.wait_for()
        for number, key in enumerate("123", 1):
            self.page.keyboard.press(key)
            self.page.locator(".heard", has_text="✓").nth(number - 1).wait_for()
        self.page.keyboard.press("3")  # and stops it, where it still plays

    def letter(self, take: str) -> str:
        return self.page.locator(f"[data-take='{take}'] .letter").inner_text()

    def orders_by_keys(self, wanted: Sequence[str]) -> None:
        for place, take in enumerate(wanted):
            self.page.locator(f"[data-take='{take}']").focus()
            for _ in range(self.order.index(take) - place):
                self.page.keyboard.press("ArrowUp")
        assert self.order == list(wanted)

    def orders_by_mouse(self, wanted: Sequence[str]) -> None:
        for place, take in enumerate(wanted):
            if self.order[place] != take:
                self._drags(take, onto=self.order[place])
        assert self.order == list(wanted)

    def _drags(self, take: str, *, onto: str) -> None:
        grip = self.page.locator(f"[data-take='{take}'] .grip").bounding_box()
        target = self.page.locator(f"[data-take='{onto}'] .grip").bounding_box()
        assert grip
        assert target
        x, y = grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x, target["y"] + target["height"] / 2, steps=20)
        self.page.mouse.up()

    def goes_on(self, *, by_mouse: bool = False) -> None:
        before = self.count
        if by_mouse:
            self.page.get_by_role("button", name="Next").click()
        else:
            self.page.keyboard.press("Enter")
        until(lambda: self.page.locator("#ordering").is_hidden() or self.count != before, "the next triple comes")
