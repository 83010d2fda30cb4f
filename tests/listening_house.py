"""A listening session as operators make one."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import soundfile
from sqlalchemy import text

from tests.patience import until
from tests.ports import free_port
from tests.voices import song
from vocalverse.store.connect import owner_engine

RATE_HZ = 44_100


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

    def answers(self, *listeners: str) -> list[dict[str, Any]]:
        """Of these, in the order in which they were given."""
        return self.rows(
            "SELECT l.name, a.* FROM htpr_answers a JOIN htpr_listeners l ON l.id = a.listener_id"
            f" WHERE l.name = ANY(ARRAY{list(listeners)}) ORDER BY a.answered_at"
        )

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
