"""A listening session as operators make one, and listeners who come to it with a browser."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import soundfile
from playwright.sync_api import Browser, Page
from sqlalchemy import text

from tests.patience import until
from tests.ports import free_port
from tests.voices import song
from vocalverse.store.connect import owner_engine

RATE_HZ = 44_100
_QUICKLY = "const Own = Audio; window.Audio = function (src) { const a = new Own(src); a.defaultPlaybackRate = a.playbackRate = 4; return a; };"


@dataclass(frozen=True)
class House:
    """A session named june, of clips whose names tell how good they are."""

    folder: Path
    owner_url: str
    ingest_url: str
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "vocalverse", "htpr", *map(str, arguments)]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)

    def said(self, *arguments: object) -> Any:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def rows(self, statement: str) -> list[dict[str, Any]]:
        engine = owner_engine(self.owner_url)
        with engine.connect() as connection:
            found = [dict(row) for row in connection.execute(text(statement)).mappings()]
        engine.dispose()
        return found

    def worth(self) -> Callable[[str], float]:
        """Of a take, by the id that listeners see: what the judge thinks of it, and nothing if it was spoiled."""
        rows = self.rows("SELECT id, score, spoiled FROM htpr_takes")
        known = {str(row["id"]): -1.0 if row["spoiled"] else row["score"] for row in rows}
        return known.__getitem__

    @contextmanager
    def open(self) -> Iterator[None]:
        command = [sys.executable, "-m", "vocalverse", "htpr", "serve", "june", "--port", str(self.port)]
        log = self.folder / "serve.log"
        with log.open("wb") as said:
            process = subprocess.Popen(command, env=self._environment, stdout=said, stderr=said)
        try:
            until(self._answers, f"the page is there, see {log}")
            yield
        finally:
            process.terminate()
            assert process.wait(timeout=30) == 0, log.read_text()
        assert "Traceback" not in log.read_text()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/api/session").status_code == 200
        except httpx.TransportError:
            return False

    @property
    def _environment(self) -> dict[str, str]:
        named = {"DATABASE_URL": self.owner_url, "INGEST_DATABASE_URL": self.ingest_url, "DATA": str(self.folder)}
        return {**os.environ, **{f"VOCALVERSE_{name}": value for name, value in named.items()}}


def furnished(folder: Path, database: Any, *, takes: int = 9, seconds: float = 2.0) -> House:
    """Clips, and what a judge said of them."""
    lines = []
    for at in range(takes):
        sound = song(seconds, seed=at) * 10 ** (-at / 20)  # the later the fainter
        soundfile.write(folder / f"take{at}.wav", sound.astype(np.float32), RATE_HZ)
        clip = {"id": f"clip{at}", "audio": f"take{at}.wav", "singer": f"s{at}", "song": "one", "licence": "CC0-1.0"}
        lines.append(json.dumps(clip))
    (folder / "takes.jsonl").write_text("\n".join(lines))
    (folder / "said.csv").write_text("id,breath\n" + "".join(f"clip{at},{1 + at / 3}\n" for at in range(takes)))
    return House(folder, database.owner, database.ingest, free_port())


def made(house: House, *more: object, triples: int = 3, attention: int = 1) -> Any:
    files = ("--data", house.folder / "takes.jsonl", "--predictions", house.folder / "said.csv")
    plan = ("--triples", triples, "--attention", attention, "--at", house.url)
    return house.said("create", "june", *files, "--dimension", "breath", *plan, *more)


@dataclass(frozen=True)
class Listener:
    """Somebody at a browser of their own."""

    page: Page
    house: House

    @classmethod
    def comes(cls, browser: Browser, house: House, *, to: str = "/", **device: Any) -> "Listener":
        context = browser.new_context(base_url=house.url, **{"locale": "en-GB", **device})
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
